/* SPDX-License-Identifier: Apache-2.0 */
/* experiment - flags that compare variations; their documents are flags'. */
#include "base/clock.h"
#include "base/instant.h"
#include "cli/document.h"
#include "cli/groups.h"
#include "client/address.h"

static const struct column columns[] = {
    {"KEY", "document.key", COLUMN_TEXT},
    {"STATE", "document.enabled", COLUMN_SWITCH},
    {"TYPE", "document.experiment.type", COLUMN_TEXT},
    {"START", "document.experiment.start", COLUMN_TEXT},
    {"END", "document.experiment.end", COLUMN_TEXT},
    {"DECISION", "document.experiment.decision", COLUMN_TEXT},
    {"OWNER", "document.owner", COLUMN_TEXT},
};

static int list(struct session *session, const struct invocation *invocation)
{
    struct str none = {0};
    struct str path = address_with(&session->arena, document_path(session, &document_flags, none),
                                   "kind", STR("experiment"));
    path = address_with(&session->arena, path, "enabled", invocation_text(invocation, "enabled"));
    return resource_list(session, path, columns, COUNT_OF(columns));
}

static int create(struct session *session, const struct invocation *invocation)
{
    struct str type = invocation_text(invocation, "type");
    struct body body;
    body_begin(&body);
    body_text(&body, "key", invocation_argument(invocation, 0));
    body_text(&body, "kind", STR("experiment"));
    body_text(&body, "type", STR("string"));
    body_text(&body, "description", invocation_text(invocation, "hypothesis"));
    body_text(&body, "owner", invocation_text(invocation, "owner"));
    json_key(&body.writer, STR("experiment"));
    json_object_begin(&body.writer);
    body_text(&body, "type", str_is_absent(type) ? STR("a-b-test") : type);
    if (invocation_has(invocation, "sticky"))
        body_boolean(&body, "sticky", true);
    json_object_end(&body.writer);
    json_key(&body.writer, STR("variations"));
    json_array_begin(&body.writer);
    struct str first = invocation_nth(invocation, "variation", 0);
    struct str id = str_is_absent(first) ? STR("control") : first;
    for (size_t i = 1; !str_is_absent(id); i++) {
        json_object_begin(&body.writer);
        body_text(&body, "id", id);
        body_text(&body, "value", id);
        json_object_end(&body.writer);
        id = str_is_absent(first) ? (i == 1 ? STR("treatment") : first)
                                  : invocation_nth(invocation, "variation", i);
    }
    json_object_begin(&body.writer); /* nobody is in it while it is off */
    body_text(&body, "id", STR("off"));
    body_text(&body, "value", STR("off"));
    json_object_end(&body.writer);
    json_array_end(&body.writer);
    struct str none = {0};
    const struct edit edit = {.method = "POST",
                              .path = document_path(session, &document_flags, none),
                              .body = body_end(&body, &session->arena)};
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, &edit, &answer, &is_done);
    return status == EXIT_OK && is_done ? document_show_changed(session, &answer) : status;
}

/* {"enabled":…,"experiment":{member: now}}; a date that is there stays. */
static int switch_to(struct session *session, const struct invocation *invocation, bool is_on,
                     const char *member, const char *sentence)
{
    struct str key = invocation_argument(invocation, 0);
    struct answer answer;
    const struct json *document = NULL;
    int status = document_fetch(session, &document_flags, key, &answer, &document);
    if (status != EXIT_OK)
        return status;
    const struct json *experiment = json_find(document, STR("experiment"));
    if (experiment == NULL)
        return session_fail(session, EXIT_FAILED, STR("it is a flag, not an experiment"),
                            "`guidon flag on` and `guidon flag off` switch flags");
    char now[INSTANT_TEXT_BYTES];
    instant_format_seconds(clock_wall_ms(clock_system()), now);
    struct body body;
    body_begin(&body);
    body_boolean(&body, "enabled", is_on);
    if (!is_on || json_find(experiment, str_of(member)) == NULL) {
        json_key(&body.writer, STR("experiment"));
        json_object_begin(&body.writer);
        body_text(&body, member, str_of(now));
        json_object_end(&body.writer);
    }
    return document_send_patch(session, invocation, key, body_end(&body, &session->arena),
                               sentence);
}

static int start(struct session *session, const struct invocation *invocation)
{
    return switch_to(session, invocation, true, "start", "start");
}

static int stop(struct session *session, const struct invocation *invocation)
{
    return switch_to(session, invocation, false, "end", "stop");
}

static int decide(struct session *session, const struct invocation *invocation)
{
    struct body body;
    body_begin(&body);
    json_key(&body.writer, STR("experiment"));
    json_object_begin(&body.writer);
    body_text(&body, "decision", invocation_argument(invocation, 1));
    body_text(&body, "decisionReason", invocation_text(invocation, "because"));
    body_text(&body, "rolledOutVariation", invocation_text(invocation, "variation"));
    json_object_end(&body.writer);
    return document_send_patch(session, invocation, invocation_argument(invocation, 0),
                               body_end(&body, &session->arena), "decide on");
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option list_options[] = {
    {"enabled", '\0', "true|false", "those that run, or do not", COMPLETES_CHOICES, false}};
static const struct command_option create_options[] = {
    {"type", '\0', "a-b-test|multi-arm-bandit|hypothesis-testing|no-harm",
     "what kind it is [a-b-test]", COMPLETES_CHOICES, false},
    {"variation", '\0', "ID", "what is compared [control, treatment]", COMPLETES_NOTHING, true},
    {"hypothesis", '\0', "TEXT", "what is expected, and why", COMPLETES_NOTHING, false},
    {"owner", '\0', "NAME", "whose it is", COMPLETES_NOTHING, false},
    {"sticky", '\0', NULL, "who got a variation keeps it", COMPLETES_NOTHING, false},
    RESOURCE_DRY_RUN};
static const struct command_option edits[] = {RESOURCE_EDIT_OPTIONS};
static const struct command_option decide_options[] = {
    {"because", '\0', "TEXT", "the reason", COMPLETES_NOTHING, false},
    {"variation", '\0', "ID", "what is rolled out", COMPLETES_NOTHING, false},
    RESOURCE_EDIT_OPTIONS};

static const char *const list_examples[] = {"experiment list", NULL};
static const char *const get_examples[] = {"experiment get checkout", NULL};
static const char *const create_examples[] = {
    "experiment create checkout --hypothesis 'one page sells more'",
    "experiment create price --variation low --variation high --sticky", NULL};
static const char *const start_examples[] = {"experiment start checkout --yes", NULL};
static const char *const stop_examples[] = {"experiment stop checkout --yes", NULL};
static const char *const decide_examples[] = {
    "experiment decide checkout rollout --variation treatment --because '+3 % orders'", NULL};

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show the environment's experiments",
     .examples = list_examples,
     .options = list_options,
     .option_count = COUNT_OF(list_options),
     .needs = NEEDS_ENVIRONMENT,
     .run = list},
    {.verb = "get",
     .arguments = "KEY",
     .summary = "show one with its document",
     .examples = get_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = document_get},
    {.verb = "create",
     .arguments = "KEY",
     .summary = "make one, not yet running",
     .examples = create_examples,
     .options = create_options,
     .option_count = COUNT_OF(create_options),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = create},
    {.verb = "start",
     .arguments = "KEY",
     .summary = "turn it on from now on",
     .examples = start_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = start},
    {.verb = "stop",
     .arguments = "KEY",
     .summary = "turn it off, its end is now",
     .examples = stop_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = stop},
    {.verb = "decide",
     .arguments = "KEY rollout|rollback|continue-running",
     .summary = "write down what came of it",
     .examples = decide_examples,
     .options = decide_options,
     .option_count = COUNT_OF(decide_options),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = decide},
};

const struct command_group group_experiment = {
    .noun = "experiment",
    .topic = "Define",
    .summary = "Experiments: flags that compare variations. `flag` edits their documents.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
    .falls_to = "flag",
};
