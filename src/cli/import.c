/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import - another system's definitions, or our own export, into an environment.
 *
 *   file -> importer (import/) -> canonical document -> the server's dry run -> table and report
 *   with --apply: the same text again, as one change
 */
#include "import/import.h"

#include <stdio.h>

#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

enum { SOURCE_BYTES_MAX = 64 * 1024 * 1024, OPEN_TO_ALL = 0644 };

/* ---- the report ---------------------------------------------------------------------------------
 */

static const struct column columns[] = {{"KIND", "kind", COLUMN_TEXT},
                                        {"NAME", "name", COLUMN_TEXT},
                                        {"OUTCOME", "outcome", COLUMN_TEXT},
                                        {"NOTE", "note", COLUMN_TEXT}};

static void append_row(struct json_writer *writer, const struct import_row *row)
{
    json_object_begin(writer);
    json_member_string(writer, STR("kind"), row->kind);
    json_member_string(writer, STR("name"), row->name);
    json_member_string(writer, STR("outcome"), import_outcome_text(row->outcome));
    json_member_string(writer, STR("note"), row->note);
    json_object_end(writer);
}

static struct str report_text(struct session *session, const struct import_result *result)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_array_begin(&writer);
    for (size_t i = 0; i < result->row_count; i++)
        append_row(&writer, &result->rows[i]);
    json_array_end(&writer);
    struct str text = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static void show_rows(struct session *session, struct str report)
{
    struct json rows;
    struct json_budget budget = json_budget_default;
    budget.values_max = 0;
    if (!failed(json_parse(&session->arena, report, &budget, &rows)))
        output_list(session, columns, COUNT_OF(columns), rows.elements, rows.count);
}

static void show_counts(struct session *session, const struct import_result *result)
{
    size_t counts[IMPORT_LEFT_OUT + 1] = {0};
    for (size_t i = 0; i < result->row_count; i++)
        counts[result->rows[i].outcome]++;
    output_note(session, "%zu exact, %zu re-dealt, %zu partly, %zu left out.", counts[IMPORT_EXACT],
                counts[IMPORT_REDEALT], counts[IMPORT_PARTLY], counts[IMPORT_LEFT_OUT]);
}

static struct fault keep_report(struct session *session, const struct invocation *invocation,
                                struct str report)
{
    struct str path = invocation_text(invocation, "report");
    if (str_is_absent(path))
        return fault_none();
    return home_write_file(&session->arena, path, report, OPEN_TO_ALL);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int unknown_system(struct session *session, struct str name)
{
    size_t count = 0;
    const struct importer *const *all = importers(&count);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        buf_append_format(&buf, ", %.*s", STR_ARG(all[i]->name));
    int status = session_fail(session, EXIT_USAGE,
                              arena_format(&session->arena, "--from is guidon%.*s, not \"%.*s\"",
                                           STR_ARG(buf_str(&buf)), STR_ARG(name)),
                              NULL);
    buf_close(&buf);
    return status;
}

/* Ours needs no translation; the server checks it. */
static int read_source(struct session *session, const struct invocation *invocation,
                       struct import_result *result)
{
    struct str from = invocation_text(invocation, "from"), text;
    struct fault fault = home_read_file(&session->arena, invocation_argument(invocation, 0),
                                        SOURCE_BYTES_MAX, &text);
    if (failed(fault))
        return session_fail_fault(session, fault);
    *result = (struct import_result){.document = text};
    if (str_is_absent(from) || str_equal(from, STR("guidon")))
        return EXIT_OK;
    const struct importer *importer = importer_find(from);
    if (importer == NULL)
        return unknown_system(session, from);
    struct str environment = invocation_text(invocation, "source-env");
    struct str prefix = invocation_text(invocation, "prefix");
    const struct import_options options = {.environment =
                                               str_is_absent(environment) ? STR("") : environment,
                                           .key_prefix = str_is_absent(prefix) ? STR("") : prefix};
    fault = importer->read(&session->arena, text, &options, result);
    if (failed(fault) && !str_is_empty(fault.where))
        fault.why =
            arena_format(&session->arena, "%.*s: %.*s", STR_ARG(fault.where), STR_ARG(fault.why));
    return failed(fault) ? session_fail(session, EXIT_FAILED, fault.why,
                                        "is it a document of that system? --from says which")
                         : EXIT_OK;
}

/* ---- sending ------------------------------------------------------------------------------------
 */

static struct edit edit_of(struct session *session, const struct invocation *invocation,
                           const struct import_result *result, bool is_dry)
{
    struct str mode = invocation_text(invocation, "mode");
    struct str path = resource_acknowledged(
        session, invocation,
        arena_format(&session->arena, "%.*s/import", STR_ARG(session->environment.path)));
    path = address_with(&session->arena, path, "mode", str_is_absent(mode) ? STR("merge") : mode);
    if (is_dry)
        path = address_with(&session->arena, path, "dryRun", STR("true"));
    return (struct edit){.method = "POST",
                         .path = path,
                         .body = result->document,
                         .environment = is_dry ? NULL : &session->environment,
                         .sentence = arena_format(&session->arena, "import %.*s",
                                                  STR_ARG(invocation_argument(invocation, 0)))};
}

static int import(struct session *session, const struct invocation *invocation)
{
    struct import_result result = {0};
    int status = read_source(session, invocation, &result);
    if (status != EXIT_OK)
        return status;
    struct str report = report_text(session, &result);
    struct fault fault = keep_report(session, invocation, report);
    if (failed(fault))
        return session_fail_fault(session, fault);
    if (result.row_count > 0) {
        show_rows(session, report);
        show_counts(session, &result);
    }
    bool is_dry = !invocation_has(invocation, "apply");
    const struct edit edit = edit_of(session, invocation, &result, is_dry);
    struct answer answer;
    bool is_done = false;
    status = resource_send(session, invocation, &edit, &answer, &is_done);
    if (status != EXIT_OK)
        return status;
    if (result.row_count == 0 || session->format == OUTPUT_TABLE)
        resource_show_report(session, &answer.json);
    if (is_dry)
        output_note(session, "Nothing was changed. The same with --apply does it.");
    else
        resource_say_version(session, &answer.json);
    return EXIT_OK;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option import_options[] = {
    {"from", '\0', "SYSTEM", "whose document it is [guidon]", COMPLETES_NOTHING, false},
    {"source-env", '\0', "NAME", "which environment of the source", COMPLETES_NOTHING, false},
    {"prefix", '\0', "TEXT", "put before every key", COMPLETES_NOTHING, false},
    {"mode", '\0', "merge|replace", "replace: what the file lacks is deleted [merge]",
     COMPLETES_CHOICES, false},
    {"report", '\0', "FILE", "keep what became of each thing, as JSON", COMPLETES_FILES, false},
    {"apply", '\0', NULL, "do it; without, only show what would happen", COMPLETES_NOTHING, false},
    RESOURCE_GROWTH_OPTION,
    RESOURCE_REUSE_OPTION,
    {"if-match", '\0', "TAG", "only if the environment is at that version: '\"v42\"'",
     COMPLETES_NOTHING, false}};

static const char *const import_examples[] = {
    "import flags.json --from unleash --source-env production",
    "import flags.json --from unleash --source-env production --apply --yes",
    "import shop.json --mode replace --apply", NULL};
static const char *const import_detail[] = {
    "Shows what became of each thing in the source: exact, re-dealt (decides alike but for who "
    "gets which share of a rollout), partly (the note says what is lost) or left out.",
    "Without --apply nothing is changed: the server checks the result and tells what it would "
    "change.",
    NULL};

static const struct command commands[] = {
    {.verb = "import",
     .arguments = "FILE",
     .summary = "take definitions from a file, another system's too",
     .examples = import_examples,
     .detail = import_detail,
     .options = import_options,
     .option_count = COUNT_OF(import_options),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .needs = NEEDS_ENVIRONMENT,
     .run = import},
};

const struct command_group group_transfer = {
    .topic = "Move",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
