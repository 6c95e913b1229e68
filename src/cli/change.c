/* SPDX-License-Identifier: Apache-2.0 */
/* change - an environment's versions: what was changed, when, by whom, and back again. */
#include <stdio.h>

#include "base/clock.h"
#include "base/instant.h"
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

static bool is_before(const struct json *version, int64_t since_ms)
{
    const struct json *at = json_find(version, STR("at"));
    int64_t at_ms = 0;
    return at != NULL && at->type == JSON_STRING && instant_parse(at->string, &at_ms) &&
           at_ms < since_ms;
}

static bool is_wanted(const struct invocation *invocation, const struct json *version,
                      int64_t since_ms)
{
    struct str flag = invocation_text(invocation, "flag"), by = invocation_text(invocation, "by");
    const struct json *actor = json_find(version, STR("actor"));
    if (!str_is_absent(flag) && !touches(version, flag))
        return false;
    if (is_before(version, since_ms))
        return false;
    return str_is_absent(by) ||
           (actor != NULL && actor->type == JSON_STRING && str_contains(actor->string, by));
}

/* 2026-01-31T12:00:00Z, or 90m, 24h, 7d before now. */
static bool read_since(struct str text, int64_t *since_ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    uint64_t count = 0;
    for (size_t i = 0; text.size > 1 && i < COUNT_OF(units); i++) {
        if (text.data[text.size - 1] == units[i].letter &&
            str_parse_u64(str_slice(text, 0, text.size - 1), &count) && count < 100000) {
            *since_ms = clock_wall_ms(clock_system()) - (int64_t)count * units[i].ms;
            return true;
        }
    }
    return instant_parse(text, since_ms) && instant_is_calendar_date(text);
}

/* Newest first, page after page, until there are as many as wanted. */
static int list(struct session *session, const struct invocation *invocation)
{
    uint64_t wanted = 20;
    struct str limit = invocation_text(invocation, "limit");
    if (!str_is_absent(limit) && (!str_parse_u64(limit, &wanted) || wanted == 0 || wanted > 100000))
        return session_fail(session, EXIT_USAGE, STR("--limit is a number from 1 to 100000"), NULL);
    int64_t since_ms = INT64_MIN;
    struct str since = invocation_text(invocation, "since");
    if (!str_is_absent(since) && !read_since(since, &since_ms))
        return session_fail(session, EXIT_USAGE,
                            STR("--since is an instant, or how long ago: 90m, 24h, 7d"), NULL);
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
            if (is_wanted(invocation, &items->elements[i], since_ms))
                found[count++] = items->elements[i];
        }
        bool is_past = items == NULL || items->count == 0 ||
                       is_before(&items->elements[items->count - 1], since_ms);
        if (is_past || str_is_empty(answer.next))
            break;
        page = address_with(&session->arena, first, "cursor", answer.next);
    }
    output_list(session, columns, COUNT_OF(columns), found, count);
    return EXIT_OK;
}

/* ---- show, diff ---------------------------------------------------------------------------------
 */

/* ---- in words -----------------------------------------------------------------------------------
 */

enum { ASKED_MAX = 20 }; /* objects whose documents are fetched for better words */

static struct str text_of(const struct json *json, const char *name)
{
    const struct json *member = json_find(json, str_of(name));
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static const struct json *document_at(struct session *session, const struct json *change,
                                      struct str version, struct answer *answer)
{
    bool is_flag = str_equal(text_of(change, "kind"), STR("flag"));
    struct str path =
        address_path(&session->arena, below(session, is_flag ? "/flags/{}" : "/segments/{}").data,
                     1, text_of(change, "key"));
    *answer = session_get(session, address_with(&session->arena, path, "at", version));
    return answer->kind == ANSWER_OK ? json_find(&answer->json, STR("document")) : NULL;
}

/* The same change told from both documents; as it is, when they are not to be had. */
static struct json told_in_full(struct session *session, const struct json *change,
                                struct str older, struct str newer)
{
    struct str kind = text_of(change, "kind");
    bool has_documents = str_equal(text_of(change, "op"), STR("update")) &&
                         (str_equal(kind, STR("flag")) || str_equal(kind, STR("segment")));
    if (!has_documents)
        return *change;
    struct answer before, after;
    const struct json *from = document_at(session, change, older, &before);
    const struct json *to = from == NULL ? NULL : document_at(session, change, newer, &after);
    if (to == NULL)
        return *change;
    struct json told = describe_compare(session, kind, text_of(change, "key"), from, to, false);
    return told.count == 1 ? told.elements[0] : *change;
}

/* older, newer: as ?at= takes them; newer absent: now. */
static void describe(struct session *session, const struct json *changes, struct str older,
                     struct str newer)
{
    struct json told = *changes;
    told.elements = ARENA_NEW_ARRAY(&session->arena, struct json, changes->count + 1);
    for (uint32_t i = 0; i < changes->count; i++)
        told.elements[i] = changes->count > ASKED_MAX
                               ? changes->elements[i]
                               : told_in_full(session, &changes->elements[i], older, newer);
    describe_changes(session, &told);
}

static int show(struct session *session, const struct invocation *invocation)
{
    struct str path = address_path(&session->arena, below(session, "/versions/{}").data, 1,
                                   invocation_argument(invocation, 0));
    struct answer answer = session_get(session, path);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    if (session->format != OUTPUT_TABLE) {
        output_json(&answer.json);
        return EXIT_OK;
    }
    output_item(session, columns, COUNT_OF(columns), &answer.json);
    const struct json *changes = json_find(&answer.json, STR("changes"));
    output_raw(STR("\n"));
    uint64_t version = 0;
    bool has_before = str_parse_u64(invocation_argument(invocation, 0), &version) && version > 0;
    if (changes != NULL && changes->type == JSON_ARRAY && has_before)
        describe(session, changes,
                 arena_format(&session->arena, "%llu", (unsigned long long)version - 1),
                 invocation_argument(invocation, 0));
    return EXIT_OK;
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
    else if (changes != NULL && changes->type == JSON_ARRAY)
        describe(session, changes, invocation_argument(invocation, 0),
                 invocation_argument(invocation, 1));
    return changes != NULL && changes->count > 0 ? EXIT_CHANGES : EXIT_OK;
}

/* ---- restore ------------------------------------------------------------------------------------
 */

static int send_back(struct session *session, const struct invocation *invocation,
                     const struct edit *edit)
{
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, edit, &answer, &is_done);
    if (status == EXIT_OK && is_done) {
        resource_show_report(session, &answer.json);
        resource_say_version(session, &answer.json);
    }
    return status;
}

static int restore(struct session *session, const struct invocation *invocation)
{
    uint64_t version = 0;
    if (!str_parse_u64(invocation_argument(invocation, 0), &version))
        return session_fail(session, EXIT_USAGE, STR("VERSION is a number"),
                            "`guidon change list` shows them");
    struct body body;
    body_begin(&body);
    json_member_u64(&body.writer, STR("version"), version);
    const struct edit edit = {
        .method = "POST",
        .path = resource_acknowledged(session, invocation, below(session, "/restore")),
        .body = body_end(&body, &session->arena),
        .environment = &session->environment,
        .sentence = arena_format(&session->arena, "put back everything as of version %llu",
                                 (unsigned long long)version)};
    return send_back(session, invocation, &edit);
}

static int roll_back(struct session *session, const struct invocation *invocation)
{
    struct str steps = invocation_text(invocation, "steps");
    uint64_t count = 1;
    if (!str_is_absent(steps) && (!str_parse_u64(steps, &count) || count < 1 || count > 8))
        return session_fail(session, EXIT_USAGE, STR("--steps is a number from 1 to 8"),
                            "older versions: guidon change restore VERSION");
    const struct edit edit = {
        .method = "POST",
        .path = address_with(&session->arena, below(session, "/rollback"), "steps", steps),
        .environment = &session->environment,
        .sentence = count == 1 ? STR("undo the newest version")
                               : arena_format(&session->arena, "undo the newest %llu versions",
                                              (unsigned long long)count)};
    return send_back(session, invocation, &edit);
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option list_options[] = {
    {"limit", '\0', "N", "at most so many [20]", COMPLETES_NOTHING, false},
    {"flag", '\0', "KEY", "only those that touched it", COMPLETES_FLAGS, false},
    {"since", '\0', "INSTANT|7d", "only those from then on", COMPLETES_NOTHING, false},
    {"by", '\0', "TEXT", "only those of people whose address has it", COMPLETES_NOTHING, false}};
static const struct command_option edits[] = {RESOURCE_GROWTH_OPTION, RESOURCE_EDIT_OPTIONS};
static const struct command_option rollback_options[] = {
    {"steps", '\0', "N", "how many versions to go back, up to 8 [1]", COMPLETES_NOTHING, false},
    RESOURCE_EDIT_OPTIONS};

static const char *const list_examples[] = {"change list", "change list --flag dark-mode --limit 5",
                                            "change list --since 24h --by ann", NULL};
static const char *const show_examples[] = {"change show 42", NULL};
static const char *const diff_examples[] = {"change diff 41", "change diff 41 43", NULL};
static const char *const rollback_examples[] = {"change rollback", "change rollback --steps 3",
                                                NULL};
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
     .arguments = "VERSION [VERSION]",
     .summary = "show what changed from one to another, or now",
     .examples = diff_examples,
     .argument_min = 1,
     .argument_max = 2,
     .needs = NEEDS_ENVIRONMENT,
     .run = diff},
    {.verb = "rollback",
     .arguments = "",
     .summary = "undo the newest version of the environment, as a new one",
     .examples = rollback_examples,
     .options = rollback_options,
     .option_count = COUNT_OF(rollback_options),
     .needs = NEEDS_ENVIRONMENT,
     .run = roll_back},
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
