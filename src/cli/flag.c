/* SPDX-License-Identifier: Apache-2.0 */
/* flag - every flag of an environment, whatever it was made with. */
#include "cli/document.h"
#include "cli/groups.h"

/* ---- making -------------------------------------------------------------------------------------
 */

/* blue="#00f" or blue alone, whose value is its id. */
static bool append_variation(struct session *session, struct body *body, struct str text,
                             bool is_text)
{
    size_t equals = str_find_byte(text, '=', 0);
    struct str id = str_slice(text, 0, equals);
    struct str value = equals < text.size ? str_slice(text, equals + 1, text.size) : id;
    struct json json = json_make_string(value);
    if (!is_text && failed(json_parse(&session->arena, value, &json_budget_default, &json)))
        return false;
    json_object_begin(&body->writer);
    json_member_string(&body->writer, STR("id"), id);
    json_member_tree(&body->writer, STR("value"), &json);
    json_object_end(&body->writer);
    return true;
}

static bool append_variations(struct session *session, const struct invocation *invocation,
                              struct body *body)
{
    struct str type = invocation_text(invocation, "type");
    struct str text = invocation_nth(invocation, "variation", 0);
    if (str_is_absent(text))
        return true;
    bool is_good = true, is_text = str_equal(type, STR("string"));
    json_key(&body->writer, STR("variations"));
    json_array_begin(&body->writer);
    for (size_t i = 0; is_good && !str_is_absent(text); i++) {
        is_good = append_variation(session, body, text, is_text);
        text = invocation_nth(invocation, "variation", i + 1);
    }
    json_array_end(&body->writer);
    return is_good;
}

static void append_tags(const struct invocation *invocation, struct body *body)
{
    struct str tag = invocation_nth(invocation, "tag", 0);
    if (str_is_absent(tag))
        return;
    json_key(&body->writer, STR("tags"));
    json_array_begin(&body->writer);
    for (size_t i = 0; !str_is_absent(tag); tag = invocation_nth(invocation, "tag", ++i))
        json_string(&body->writer, tag);
    json_array_end(&body->writer);
}

static int create(struct session *session, const struct invocation *invocation)
{
    struct body body;
    body_begin(&body);
    body_text(&body, "key", invocation_argument(invocation, 0));
    body_text(&body, "kind", invocation_text(invocation, "kind"));
    body_text(&body, "type", invocation_text(invocation, "type"));
    body_text(&body, "description", invocation_text(invocation, "description"));
    body_text(&body, "owner", invocation_text(invocation, "owner"));
    bool is_good = append_variations(session, invocation, &body);
    append_tags(invocation, &body);
    if (invocation_has(invocation, "on"))
        body_boolean(&body, "enabled", true);
    const struct edit edit = {
        .method = "POST",
        .path = resource_acknowledged(session, invocation,
                                      document_path(session, &document_flags, (struct str){0})),
        .body = body_end(&body, &session->arena)};
    if (!is_good)
        return session_fail(session, EXIT_USAGE, STR("a variation is ID=VALUE, its value JSON"),
                            "e.g. --type number --variation few=3 --variation many=10");
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, &edit, &answer, &is_done);
    return status == EXIT_OK && is_done ? document_show_changed(session, &answer) : status;
}

/* ---- switching ----------------------------------------------------------------------------------
 */

static int turn_on(struct session *session, const struct invocation *invocation)
{
    return document_send_patch(session, invocation, invocation_argument(invocation, 0),
                               STR("{\"enabled\":true}"), "turn on");
}

static int turn_off(struct session *session, const struct invocation *invocation)
{
    return document_send_patch(session, invocation, invocation_argument(invocation, 0),
                               STR("{\"enabled\":false}"), "turn off");
}

static int archive(struct session *session, const struct invocation *invocation)
{
    return document_send_patch(session, invocation, invocation_argument(invocation, 0),
                               STR("{\"archived\":true}"), "archive");
}

static int unarchive(struct session *session, const struct invocation *invocation)
{
    return document_send_patch(session, invocation, invocation_argument(invocation, 0),
                               STR("{\"archived\":false}"), "take back");
}

/* ---- reach --------------------------------------------------------------------------------------
 */

static const struct column reach_columns[] = {{"PROTOCOL", "protocol", COLUMN_TEXT},
                                              {"SERVED", "served", COLUMN_TEXT},
                                              {"WHY", "why", COLUMN_LIST}};

static int reach(struct session *session, const struct invocation *invocation)
{
    struct str key = invocation_argument(invocation, 0);
    struct answer answer =
        session_get(session, arena_format(&session->arena, "%.*s/reach",
                                          STR_ARG(document_path(session, &document_flags, key))));
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    const struct json *rows = json_find(&answer.json, STR("reach"));
    if (rows != NULL && rows->type == JSON_ARRAY)
        output_list(session, reach_columns, COUNT_OF(reach_columns), rows->elements, rows->count);
    return EXIT_OK;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

#define AT                                                                                         \
    {                                                                                              \
        "at", '\0', "V", "as of a version or an instant", COMPLETES_NOTHING, false                 \
    }
#define ACKNOWLEDGE                                                                                \
    {                                                                                              \
        "acknowledge-reshuffle", '\0', NULL, "a new salt or arithmetic deals people anew: yes",    \
            COMPLETES_NOTHING, false                                                               \
    }

static const struct command_option list_options[] = {
    {"kind", '\0', "flag|experiment", "only this kind", COMPLETES_CHOICES, false},
    {"tag", '\0', "TAG", "only those with this tag", COMPLETES_NOTHING, false},
    {"q", '\0', "TEXT", "only those whose key, name or description has it", COMPLETES_NOTHING,
     false},
    {"archived", '\0', "true|false", "archived ones, or those that are not", COMPLETES_CHOICES,
     false},
    {"enabled", '\0', "true|false", "those that are on, or off", COMPLETES_CHOICES, false},
    AT};
static const struct command_option get_options[] = {
    AT, {"document", '\0', NULL, "the document alone, as put takes it", COMPLETES_NOTHING, false}};
static const struct command_option create_options[] = {
    {"type", '\0', "boolean|string|number|json", "of its values [boolean]", COMPLETES_CHOICES,
     false},
    {"variation", '\0', "ID[=VALUE]", "what it can be; the last is the one for off",
     COMPLETES_NOTHING, true},
    {"description", '\0', "TEXT", "what it is for", COMPLETES_NOTHING, false},
    {"owner", '\0', "NAME", "whose it is", COMPLETES_NOTHING, false},
    {"tag", '\0', "TAG", "to find it by", COMPLETES_NOTHING, true},
    {"kind", '\0', "flag|experiment", "what it is [flag]", COMPLETES_CHOICES, false},
    {"on", '\0', NULL, "turned on at once", COMPLETES_NOTHING, false},
    RESOURCE_REUSE_OPTION,
    RESOURCE_DRY_RUN};
static const struct command_option edits[] = {RESOURCE_EDIT_OPTIONS};
static const struct command_option document_edits[] = {ACKNOWLEDGE, RESOURCE_EDIT_OPTIONS};
static const struct command_option put_options[] = {ACKNOWLEDGE, RESOURCE_REUSE_OPTION,
                                                    RESOURCE_EDIT_OPTIONS};
static const struct command_option rollout_options[] = {
    {"variation", '\0', "ID", "what they get [the first that is not off]", COMPLETES_NOTHING,
     false},
    RESOURCE_EDIT_OPTIONS};

static const struct command_option history_options[] = {
    {"id", '\0', "ID", "of an earlier flag that had the key", COMPLETES_NOTHING, false}};

static const char *const flag_list_examples[] = {"flag list --tag checkout -o tsv",
                                                 "flag list --at 2026-11-01T00:00:00Z", NULL};
static const char *const flag_get_examples[] = {
    "flag get dark-mode", "flag get dark-mode --document > dark-mode.json", NULL};
static const char *const flag_create_examples[] = {
    "flag create dark-mode --on",
    "flag create colour --type string --variation blue --variation green --tag web", NULL};
static const char *const flag_put_examples[] = {"flag put dark-mode dark-mode.json --dry-run",
                                                NULL};
static const char *const flag_patch_examples[] = {"flag patch dark-mode '{\"tags\":[\"web\"]}'",
                                                  NULL};
static const char *const flag_set_examples[] = {"flag set dark-mode owner=ann 'tags=[\"web\"]'",
                                                "flag set dark-mode description=", NULL};
static const char *const flag_edit_examples[] = {"flag edit dark-mode", NULL};
static const char *const flag_on_examples[] = {"flag on dark-mode --yes", NULL};
static const char *const flag_off_examples[] = {"flag off dark-mode --yes", NULL};
static const char *const flag_rollout_examples[] = {
    "flag rollout dark-mode 25", "flag rollout colour 50% --variation green", NULL};
static const char *const flag_archive_examples[] = {"flag archive dark-mode", NULL};
static const char *const flag_unarchive_examples[] = {"flag unarchive dark-mode", NULL};
static const char *const flag_delete_examples[] = {"flag delete dark-mode", NULL};
static const char *const flag_history_examples[] = {"flag history dark-mode", NULL};
static const char *const flag_diff_examples[] = {"flag diff dark-mode 41", NULL};
static const char *const flag_restore_examples[] = {"flag restore dark-mode 41 --dry-run", NULL};
static const char *const flag_reach_examples[] = {"flag reach dark-mode", NULL};

/* Designated initialisers take no parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define ON_FLAG(verb_, summary_, examples_, options_, run_)                                        \
    {                                                                                              \
        .verb = verb_, .arguments = "KEY", .summary = summary_, .examples = examples_,             \
        .options = options_, .option_count = COUNT_OF(options_), .argument_min = 1,                \
        .argument_max = 1, .completes = COMPLETES_FLAGS, .needs = NEEDS_ENVIRONMENT, .run = run_   \
    }

/* NOLINTEND(bugprone-macro-parentheses) */

static const struct command flag_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show the environment's flags",
     .examples = flag_list_examples,
     .options = list_options,
     .option_count = COUNT_OF(list_options),
     .needs = NEEDS_ENVIRONMENT,
     .run = document_list},
    ON_FLAG("get", "show one with its document", flag_get_examples, get_options, document_get),
    {.verb = "create",
     .arguments = "KEY",
     .summary = "make a flag",
     .examples = flag_create_examples,
     .options = create_options,
     .option_count = COUNT_OF(create_options),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = create},
    {.verb = "put",
     .arguments = "KEY FILE",
     .summary = "replace its document, or make it",
     .examples = flag_put_examples,
     .options = put_options,
     .option_count = COUNT_OF(put_options),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_put},
    {.verb = "patch",
     .arguments = "KEY JSON|@FILE|-",
     .summary = "change members of its document",
     .examples = flag_patch_examples,
     .options = document_edits,
     .option_count = COUNT_OF(document_edits),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_patch},
    {.verb = "set",
     .arguments = "KEY NAME=VALUE...",
     .summary = "change members one by one; NAME= takes it away",
     .examples = flag_set_examples,
     .options = document_edits,
     .option_count = COUNT_OF(document_edits),
     .argument_min = 2,
     .argument_max = 64,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_set},
    ON_FLAG("edit", "change its document in your editor", flag_edit_examples, edits, document_edit),
    ON_FLAG("on", "turn it on", flag_on_examples, edits, turn_on),
    ON_FLAG("off", "turn it off", flag_off_examples, edits, turn_off),
    {.verb = "rollout",
     .arguments = "KEY PERCENT",
     .summary = "serve it to a share of the people",
     .examples = flag_rollout_examples,
     .options = rollout_options,
     .option_count = COUNT_OF(rollout_options),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_roll_out},
    ON_FLAG("archive", "serve it to nobody, keep its key", flag_archive_examples, edits, archive),
    ON_FLAG("unarchive", "take it back", flag_unarchive_examples, edits, unarchive),
    ON_FLAG("delete", "remove it; history stays", flag_delete_examples, edits, document_delete),
    {.verb = "history",
     .arguments = "KEY",
     .summary = "show its revisions",
     .examples = flag_history_examples,
     .options = history_options,
     .option_count = COUNT_OF(history_options),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_history},
    {.verb = "diff",
     .arguments = "KEY VERSION [VERSION]",
     .summary = "show what changed between versions",
     .examples = flag_diff_examples,
     .argument_min = 2,
     .argument_max = 3,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_diff},
    {.verb = "restore",
     .arguments = "KEY VERSION",
     .summary = "make it again what it was",
     .examples = flag_restore_examples,
     .options = document_edits,
     .option_count = COUNT_OF(document_edits),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_restore},
    {.verb = "reach",
     .arguments = "KEY",
     .summary = "show which protocols can serve it, and why not",
     .examples = flag_reach_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = reach},
};

const struct command_group group_flag = {
    .noun = "flag",
    .topic = "Define",
    .summary = "Flags of every kind, whatever they were made with.",
    .commands = flag_commands,
    .command_count = COUNT_OF(flag_commands),
};
