/* SPDX-License-Identifier: Apache-2.0 */
/* config - `config`: what SDKs are given, and whether a document is good. superflag-cli.md 3.2. */
#include <stdio.h>

#include "cli/superflag/groups.h"
#include "cli/superflag/local.h"
#include "cli/superflag/vendor.h"

/* ---- pull ---------------------------------------------------------------------------------- */

static struct str find_key(const struct invocation *invocation)
{
    struct str key = invocation_text(invocation, "key");
    if (str_is_empty(key))
        key = session_variable("GUIDON_KEY");
    return str_is_empty(key) ? session_variable("SUPERFLAG_KEY") : key;
}

static int pull(struct session *session, const struct invocation *invocation)
{
    struct str key = find_key(invocation);
    if (str_is_empty(key))
        return session_fail(session, EXIT_USAGE, STR("--key is needed: pub_… or sdk_…"),
                            "make one with `keys create`, or set GUIDON_KEY");
    bool is_public = invocation_has(invocation, "public") || str_starts_with(key, STR("pub_"));
    const struct client_config config = {
        .origin = session->origin,
        .token = key, /* and no other credential of the person's */
        .ca_file = session_variable("GUIDON_CA_FILE"),
        .program = STR("guidon/" GUIDON_VERSION),
    };
    struct client *client = client_open(&config);
    const struct call call = {.path =
                                  is_public ? STR("/api/v1/public-config") : STR("/api/v1/config")};
    struct answer answer = client_ask(client, &session->arena, &call);
    client_close(client);
    if (answer.kind == ANSWER_UNAUTHENTICATED || answer.kind == ANSWER_DENIED)
        return session_fail(session, EXIT_NOT_ALLOWED, answer.message,
                            "pub_ keys read with --public, sdk_ keys without; `keys list` shows "
                            "which there are");
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    output_raw(answer.text);
    output_raw(STR("\n"));
    return EXIT_OK;
}

/* ---- validate ------------------------------------------------------------------------------ */

static struct json issue_json(struct arena *arena, const struct issue *issue)
{
    struct json json = {.type = JSON_OBJECT, .count = 2};
    json.members = ARENA_NEW_ARRAY(arena, struct json_member, 2);
    json.members[0] = (struct json_member){STR("path"), json_make_string(issue->path)};
    json.members[1] = (struct json_member){STR("message"), json_make_string(issue->message)};
    return json;
}

/* {"success", "issues"}: the library's own report. */
static void show_report(const struct json *issues, size_t count)
{
    const struct json list = {
        .type = JSON_ARRAY, .count = (uint32_t)count, .elements = (struct json *)issues};
    struct json_member members[] = {{STR("success"), json_make_boolean(count == 0)},
                                    {STR("issues"), list}};
    const struct json report = {.type = JSON_OBJECT, .count = 2, .members = members};
    output_json(&report);
}

static void show_lines(const struct issue *issues, size_t count)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        output_append_visible(&buf, issues[i].path);
        buf_append(&buf, STR(": "));
        output_append_visible(&buf, issues[i].message);
        buf_append_byte(&buf, '\n');
    }
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

static void show_issues(struct session *session, const struct issue *issues, size_t count)
{
    struct json *items = ARENA_NEW_ARRAY(&session->arena, struct json, count);
    for (size_t i = 0; i < count; i++)
        items[i] = issue_json(&session->arena, &issues[i]);
    if (vendor_shows_data(session))
        show_report(items, count);
    else if (session->format == OUTPUT_JSON)
        output_list(session, NULL, 0, items, count);
    else
        show_lines(issues, count);
}

static int validate(struct session *session, const struct invocation *invocation)
{
    struct str file = invocation_argument(invocation, 0), text;
    struct superflag_document document;
    struct issue *issues = NULL;
    int status = local_read_text(session, file, &text);
    if (status != EXIT_OK)
        return status;
    size_t count = local_decode(&session->arena, text, &document, &issues);
    show_issues(session, issues, count);
    if (count > 0)
        return EXIT_FAILED;
    output_say(session, "%.*s is valid: %zu flags, %zu segments", STR_ARG(file),
               document.flag_count, document.segment_count);
    return EXIT_OK;
}

static const struct command_option pull_options[] = {
    {"key", '\0', "KEY", "pub_… or sdk_…; better in GUIDON_KEY than here", COMPLETES_NOTHING,
     false},
    {"public", '\0', NULL, "what browsers get", COMPLETES_NOTHING, false},
};

static const char *const pull_examples[] = {"config pull --key sdk_prod_…",
                                            "config pull --public --key pub_prod_…", NULL};
static const char *const validate_examples[] = {"config validate config.json",
                                                "config validate - <config.json", NULL};

static const struct command commands[] = {
    {.verb = "pull",
     .arguments = "",
     .summary = "print what SDKs with that key are given",
     .examples = pull_examples,
     .options = pull_options,
     .option_count = COUNT_OF(pull_options),
     .needs = NEEDS_SERVER,
     .run = pull},
    {.verb = "validate",
     .arguments = "FILE",
     .summary = "say what is wrong with a configuration document",
     .examples = validate_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .run = validate},
};

const struct command_group group_vendor_config = {
    .noun = "config",
    .topic = "Superflag",
    .summary = "Configuration documents, as SDKs read them.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
