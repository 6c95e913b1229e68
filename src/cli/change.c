/* SPDX-License-Identifier: Apache-2.0 */
/* change - an environment's versions: what was changed, when, by whom, and back again. */
#include <stdio.h>

#include "cli/describe.h"
#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

static const struct column columns[] = {
    {"VERSION", "version", COLUMN_TEXT}, {"AT", "at", COLUMN_INSTANT},
    {"BY", "actor", COLUMN_TEXT},        {"ACTION", "action", COLUMN_TEXT},
    {"SUBJECT", "subject", COLUMN_TEXT},
};

static struct str below(struct session *session, const char *rest)
{
    return arena_format(&session->arena, "%.*s%s", STR_ARG(session->environment.path), rest);
}

/* ---- list ---------------------------------------------------------------------------------------
 */

static bool touches(const struct json *version, struct str key)
{
    const struct json *touched = json_find(version, STR("touched"));
    for (uint32_t i = 0; touched != NULL && i < touched->count; i++) {
        const struct json *its_key = json_find(&touched->elements[i], STR("key"));
        if (its_key != NULL && its_key->type == JSON_STRING && str_equal(its_key->string, key))
            return true;
    }
    return false;
}

static bool is_wanted(const struct invocation *invocation, const struct json *version)
{
    struct str flag = invocation_text(invocation, "flag"), by = invocation_text(invocation, "by");
    const struct json *actor = json_find(version, STR("actor"));
    if (!str_is_absent(flag) && !touches(version, flag))
        return false;
    return str_is_absent(by) ||
           (actor != NULL && actor->type == JSON_STRING && str_contains(actor->string, by));
}

/* Newest first, page after page, until there are as many as wanted. */
static int list(struct session *session, const struct invocation *invocation)
{
    uint64_t wanted = 20;
    struct str limit = invocation_text(invocation, "limit");
    if (!str_is_absent(limit) && (!str_parse_u64(limit, &wanted) || wanted == 0 || wanted > 100000))
        return session_fail(session, CLI_USAGE, STR("--limit is a number from 1 to 100000"), NULL);
    struct json *found = ARENA_NEW_ARRAY(&session->arena, struct json, wanted);
    struct str first = address_with(&session->arena, below(session, "/versions"), "limit",
                                    wanted > 200 ? STR("1000") : STR("200"));
    struct str page = first;
    size_t count = 0;
    while (count < wanted) {
        struct answer answer = session_get(session, page);
        if (answer.kind != ANSWER_OK)
            return session_refuse(session, &answer);
        const struct json *items = json_find(&answer.json, STR("items"));
        for (uint32_t i = 0; items != NULL && i < items->count && count < wanted; i++) {
            if (is_wanted(invocation, &items->elements[i]))
                found[count++] = items->elements[i];
        }
        if (str_is_empty(answer.next))
            break;
        page = address_with(&session->arena, first, "cursor", answer.next);
    }
    output_list(session, columns, COUNT_OF(columns), found, count);
    return CLI_OK;
}

/* ---- show, diff ---------------------------------------------------------------------------------
 */

static int show(struct session *session, const struct invocation *invocation)
{
    struct str path = address_path(&session->arena, below(session, "/versions/{}").data, 1,
                                   invocation_argument(invocation, 0));
    struct answer answer = session_get(session, path);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    if (session->format != OUTPUT_TABLE) {
        output_json(&answer.json);
        return CLI_OK;
    }
    output_item(session, columns, COUNT_OF(columns), &answer.json);
    const struct json *changes = json_find(&answer.json, STR("changes"));
    output_raw(STR("\n"));
    if (changes != NULL && changes->type == JSON_ARRAY)
        describe_changes(session, changes);
    return CLI_OK;
}

static struct str side(struct session *session, struct str version)
{
    unsigned long long number = session->environment.number;
    if (str_is_absent(version))
        return arena_format(&session->arena, "%llu", number);
    return arena_format(&session->arena, "%llu@%.*s", number, STR_ARG(version));
}

static int diff(struct session *session, const struct invocation *invocation)
{
    struct str path = address_with(&session->arena, STR("/admin/v1/compare"), "from",
                                   side(session, invocation_argument(invocation, 0)));
    path = address_with(&session->arena, path, "to",
                        side(session, invocation_argument(invocation, 1)));
    struct answer answer = session_get(session, path);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    const struct json *changes = json_find(&answer.json, STR("changes"));
    if (session->format != OUTPUT_TABLE)
        output_json(&answer.json);
    else if (changes != NULL)
        describe_changes(session, changes);
    return changes != NULL && changes->count > 0 ? CLI_CHANGES : CLI_OK;
}

/* ---- restore ------------------------------------------------------------------------------------
 */

static int restore(struct session *session, const struct invocation *invocation)
{
    uint64_t version = 0;
    if (!str_parse_u64(invocation_argument(invocation, 0), &version))
        return session_fail(session, CLI_USAGE, STR("VERSION is a number"),
                            "`guidon change list` shows them");
    struct body body;
    body_begin(&body);
    json_member_u64(&body.writer, STR("version"), version);
    const struct edit edit = {.method = "POST",
                              .path = below(session, "/restore"),
                              .body = body_end(&body, &session->arena),
                              .environment = &session->environment,
                              .sentence = arena_format(&session->arena,
                                                       "put back everything as of version %llu",
                                                       (unsigned long long)version)};
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, &edit, &answer, &is_done);
    if (status == CLI_OK && is_done) {
        resource_show_report(session, &answer.json);
        resource_say_version(session, &answer.json);
    }
    return status;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option list_options[] = {
    {"limit", '\0', "N", "at most so many [20]", COMPLETES_NOTHING, false},
    {"flag", '\0', "KEY", "only those that touched it", COMPLETES_FLAGS, false},
    {"by", '\0', "TEXT", "only those of people whose address has it", COMPLETES_NOTHING, false}};
static const struct command_option edits[] = {RESOURCE_EDIT_OPTIONS};

static const char *const list_examples[] = {"change list", "change list --flag dark-mode --limit 5",
                                            NULL};
static const char *const show_examples[] = {"change show 42", NULL};
static const char *const diff_examples[] = {"change diff 41", "change diff 41 43", NULL};
static const char *const restore_examples[] = {"change restore 41 --dry-run", NULL};

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show versions, newest first",
     .examples = list_examples,
     .options = list_options,
     .option_count = COUNT_OF(list_options),
     .needs = NEEDS_ENVIRONMENT,
     .run = list},
    {.verb = "show",
     .arguments = "VERSION",
     .summary = "show what a version changed",
     .examples = show_examples,
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = show},
    {.verb = "diff",
     .arguments = "V [V]",
     .summary = "show what changed from one to another, or now",
     .examples = diff_examples,
     .argument_min = 1,
     .argument_max = 2,
     .needs = NEEDS_ENVIRONMENT,
     .run = diff},
    {.verb = "restore",
     .arguments = "VERSION",
     .summary = "make the whole environment again what it was",
     .examples = restore_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = restore},
};

const struct command_group group_change = {
    .noun = "change",
    .topic = "Understand",
    .summary = "Changes: every version of an environment, and the way back.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
