/* SPDX-License-Identifier: Apache-2.0 */
/* move - definitions on their way between environments: promote, diff. */
#include <string.h>

#include "cli/describe.h"
#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

/* NAME, APP/NAME or a number, maybe with @VERSION or @INSTANT behind it: as the API takes it. */
static int find_side(struct session *session, struct str word, struct str *side,
                     struct session_environment *environment)
{
    size_t at = str_find_byte(word, '@', 0);
    int status = session_find_environment(session, str_slice(word, 0, at), environment);
    if (status == EXIT_OK)
        *side = arena_format(&session->arena, "%llu%.*s", (unsigned long long)environment->number,
                             STR_ARG(str_slice(word, at, word.size)));
    return status;
}

/* ---- diff ---------------------------------------------------------------------------------------
 */

static int diff(struct session *session, const struct invocation *invocation)
{
    struct session_environment environment;
    struct str from, to;
    int status = find_side(session, invocation_argument(invocation, 0), &from, &environment);
    if (status == EXIT_OK)
        status = find_side(session, invocation_argument(invocation, 1), &to, &environment);
    if (status != EXIT_OK)
        return status;
    struct str path = address_with(&session->arena, STR("/admin/v1/compare"), "from", from);
    struct answer answer = session_get(session, address_with(&session->arena, path, "to", to));
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    const struct json *changes = json_find(&answer.json, STR("changes"));
    if (session->format != OUTPUT_TABLE)
        output_json(&answer.json);
    else if (changes != NULL)
        describe_changes(session, changes);
    return changes != NULL && changes->count > 0 ? EXIT_CHANGES : EXIT_OK;
}

/* ---- promote ------------------------------------------------------------------------------------
 */

static void append_keys(struct body *body, const struct invocation *invocation, const char *option,
                        const char *member, bool takes_arguments)
{
    json_key(&body->writer, str_of(member));
    json_array_begin(&body->writer);
    for (size_t i = 0; takes_arguments && i < invocation->argument_count; i++)
        json_string(&body->writer, invocation->arguments[i]);
    struct str key = invocation_nth(invocation, option, 0);
    for (size_t i = 0; !str_is_absent(key); key = invocation_nth(invocation, option, ++i))
        json_string(&body->writer, key);
    json_array_end(&body->writer);
}

/* Every key of a list of the source, as of the moment that is meant. */
static int append_all(struct session *session, struct body *body,
                      const struct session_environment *source, struct str at, const char *list)
{
    struct json *items = NULL;
    size_t count = 0;
    struct str path = arena_format(&session->arena, "%.*s/%s", STR_ARG(source->path), list);
    struct answer answer =
        session_list(session, address_with(&session->arena, path, "at", at), &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    json_key(&body->writer, str_of(list));
    json_array_begin(&body->writer);
    for (size_t i = 0; i < count; i++) {
        const struct json *key = output_find(&items[i], "document.key");
        if (key != NULL && key->type == JSON_STRING)
            json_string(&body->writer, key->string);
    }
    json_array_end(&body->writer);
    return EXIT_OK;
}

/* Behind the '@' of what was written; absent: now. */
static struct str moment_of(struct str word)
{
    size_t at = str_find_byte(word, '@', 0);
    return at < word.size ? str_slice(word, at + 1, word.size) : (struct str){0};
}

static int append_wanted(struct session *session, const struct invocation *invocation,
                         struct body *body, const struct session_environment *source)
{
    struct str at = moment_of(invocation_text(invocation, "from"));
    if (!invocation_has(invocation, "all")) {
        append_keys(body, invocation, "flag", "flags", true);
        append_keys(body, invocation, "segment", "segments", false);
        return EXIT_OK;
    }
    int status = append_all(session, body, source, at, "flags");
    return status == EXIT_OK ? append_all(session, body, source, at, "segments") : status;
}

static bool names_something(const struct invocation *invocation)
{
    bool has_names = invocation->argument_count > 0 || invocation_has(invocation, "segment");
    return has_names != invocation_has(invocation, "all");
}

static int promote(struct session *session, const struct invocation *invocation)
{
    struct session_environment source, target;
    struct str from = invocation_text(invocation, "from"), to = invocation_text(invocation, "to");
    if (str_is_absent(from) || str_is_absent(to) || !names_something(invocation))
        return session_fail(session, EXIT_USAGE,
                            STR("promote wants --from, --to and what to promote"),
                            "guidon promote dark-mode --from staging --to production, or --all");
    int status = find_side(session, from, &from, &source);
    if (status == EXIT_OK)
        status = session_find_environment(session, to, &target);
    if (status != EXIT_OK)
        return status;
    struct body body;
    body_begin(&body);
    body_text(&body, "from", from);
    status = append_wanted(session, invocation, &body, &source);
    body_text(&body, "enabled", invocation_text(invocation, "enabled"));
    const struct edit edit = {
        .method = "POST",
        .path = resource_acknowledged(
            session, invocation,
            arena_format(&session->arena, "%.*s/promote", STR_ARG(target.path))),
        .body = body_end(&body, &session->arena),
        .environment = &target,
        .sentence = arena_format(&session->arena, "put what %.*s has", STR_ARG(source.name)),
    };
    struct answer answer;
    bool is_done = false;
    if (status == EXIT_OK)
        status = resource_send(session, invocation, &edit, &answer, &is_done);
    if (status == EXIT_OK && is_done) {
        resource_show_report(session, &answer.json);
        resource_say_version(session, &answer.json);
    }
    return status;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option promotion[] = {
    {"from", '\0', "ENV[@V]", "where it is good, maybe as of a version or instant",
     COMPLETES_ENVIRONMENTS, false},
    {"to", '\0', "ENV", "where it goes", COMPLETES_ENVIRONMENTS, false},
    {"segment", '\0', "KEY", "a segment to take along", COMPLETES_SEGMENTS, true},
    {"all", '\0', NULL, "every flag and segment there", COMPLETES_NOTHING, false},
    {"enabled", '\0', "copy|keep", "on or off as over there, or as it is here [copy]",
     COMPLETES_CHOICES, false},
    RESOURCE_GROWTH_OPTION,
    RESOURCE_REUSE_OPTION,
    RESOURCE_EDIT_OPTIONS};

static const char *const promote_examples[] = {
    "promote dark-mode --from staging --to production --dry-run",
    "promote dark-mode checkout --from staging --to production --enabled keep --yes",
    "promote --all --from production@41 --to staging", NULL};
static const char *const diff_examples[] = {"diff staging production",
                                            "diff production@41 production", NULL};
static const char *const diff_detail[] = {
    "Ends with 0 when both say the same and with 2 when they differ. Between two environments, "
    "ids and deployments are not compared.",
    NULL};

static const struct command commands[] = {
    {.verb = "promote",
     .arguments = "FLAG...",
     .summary = "put flags and segments of one environment into another",
     .examples = promote_examples,
     .options = promotion,
     .option_count = COUNT_OF(promotion),
     .argument_max = 1000,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_TOKEN,
     .run = promote},
    {.verb = "diff",
     .arguments = "ENV[@V] ENV[@V]",
     .summary = "show what differs between environments or versions",
     .examples = diff_examples,
     .detail = diff_detail,
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_ENVIRONMENTS,
     .needs = NEEDS_TOKEN,
     .run = diff},
};

const struct command_group group_move = {
    .topic = "Move",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
