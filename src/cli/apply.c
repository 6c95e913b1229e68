/* SPDX-License-Identifier: Apache-2.0 */
/* apply - definitions kept in files: validate, fmt, plan, apply. */
#include <stdio.h>

#include "cli/declared.h"
#include "cli/document.h"
#include "cli/groups.h"
#include "cli/plan.h"
#include "client/address.h"

enum { PLAN_BYTES_MAX = 256 * 1024 * 1024, OPEN_TO_ALL = 0644 };

/* ---- validate -----------------------------------------------------------------------------------
 */

static const struct column complaint_columns[] = {
    {"FILE", "file", COLUMN_TEXT}, {"WHERE", "where", COLUMN_TEXT}, {"WHY", "why", COLUMN_TEXT}};

static struct json tree_of(struct arena *arena, const struct complaint *complaint)
{
    struct json tree = {.type = JSON_OBJECT, .count = 3};
    tree.members = ARENA_NEW_ARRAY(arena, struct json_member, 3);
    tree.members[0] = (struct json_member){STR("file"), json_make_string(complaint->file)};
    tree.members[1] = (struct json_member){STR("where"), json_make_string(complaint->where)};
    tree.members[2] = (struct json_member){STR("why"), json_make_string(complaint->why)};
    return tree;
}

static int validate(struct session *session, const struct invocation *invocation)
{
    struct declared declared;
    int status = plan_read_files(session, invocation_argument(invocation, 0), &declared);
    if (status != EXIT_OK)
        return status;
    size_t count = 0;
    declared_complete(&declared, NULL);
    const struct complaint *complaints = declared_check(&declared, &count);
    if (count == 0) {
        output_say(session, "valid: %zu definitions in %zu files", declared.item_count,
                   declared.file_count);
        return EXIT_OK;
    }
    struct json *items = ARENA_NEW_ARRAY(&session->arena, struct json, count);
    for (size_t i = 0; i < count; i++)
        items[i] = tree_of(&session->arena, &complaints[i]);
    output_list(session, complaint_columns, COUNT_OF(complaint_columns), items, count);
    return session_fail(session, EXIT_FAILED,
                        arena_format(&session->arena, "%zu of %zu definitions are not valid", count,
                                     declared.item_count),
                        NULL);
}

/* ---- fmt ----------------------------------------------------------------------------------------
 */

static struct str canonical_whole(struct session *session, const struct declared *declared,
                                  const struct declared_file *file)
{
    struct arena *arena = &session->arena;
    bool has_list[DECLARED_KIND_COUNT];
    struct declared_item *items =
        ARENA_NEW_ARRAY(arena, struct declared_item, declared->item_count);
    size_t count = 0;
    for (size_t kind = 0; kind < DECLARED_KIND_COUNT; kind++)
        has_list[kind] = json_find(&file->tree, str_of(declared_lists[kind])) != NULL;
    for (size_t i = 0; i < declared->item_count; i++) {
        const struct declared_item *item = &declared->items[i];
        if (item->file == file)
            items[count++] = (struct declared_item){
                item->kind, declared_ordered(arena, item->kind, &item->tree), file};
    }
    const struct json *settings = json_find(&file->tree, STR("settings"));
    struct json ordered = {0};
    if (settings != NULL)
        ordered = declared_ordered_settings(arena, settings);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    declared_append_whole(&buf, settings == NULL ? NULL : &ordered, items, count, has_list);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static struct str canonical_one(struct session *session, const struct declared_file *file)
{
    struct json ordered = declared_ordered(&session->arena, file->kind, &file->tree);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    document_append_pretty(&buf, &ordered);
    struct str text = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* *is_other: it is not in canonical form (or was not). */
static struct fault format_file(struct session *session, const struct declared *declared,
                                const struct declared_file *file, bool only_checks, bool *is_other)
{
    struct str text =
        file->is_whole ? canonical_whole(session, declared, file) : canonical_one(session, file);
    *is_other = !str_equal(text, file->text);
    bool is_stream = str_equal(file->path, STR("-"));
    if (is_stream && !only_checks)
        output_raw(text);
    else if (*is_other)
        printf("%.*s\n", STR_ARG(file->name));
    if (!*is_other || only_checks || is_stream)
        return fault_none();
    return home_write_file(&session->arena, file->path, text, OPEN_TO_ALL);
}

static bool is_plan(const struct declared_file *file)
{
    return plan_is_kept(file->text);
}

static int format(struct session *session, const struct invocation *invocation)
{
    struct declared declared;
    bool only_checks = invocation_has(invocation, "check"), is_any_other = false;
    int status = plan_read_files(session, invocation_argument(invocation, 0), &declared);
    if (status != EXIT_OK)
        return status;
    for (size_t i = 0; i < declared.file_count; i++) {
        bool is_other = false;
        if (!declared.files[i].is_json || is_plan(&declared.files[i]))
            continue;
        struct fault fault =
            format_file(session, &declared, &declared.files[i], only_checks, &is_other);
        if (failed(fault))
            return session_fail_fault(session, fault);
        is_any_other |= is_other;
    }
    return is_any_other && only_checks ? EXIT_CHANGES : EXIT_OK;
}

/* ---- plan, apply --------------------------------------------------------------------------------
 */

static int plan(struct session *session, const struct invocation *invocation)
{
    struct plan made = {0};
    struct str file = invocation_text(invocation, "out");
    int status = plan_make(session, invocation_argument(invocation, 0),
                           invocation_has(invocation, "prune"), &made);
    if (status != EXIT_OK)
        return status;
    plan_show(session, &made);
    if (!str_is_absent(file)) {
        struct fault fault = plan_keep(session, &made, file);
        if (failed(fault))
            return session_fail_fault(session, fault);
        output_note(session, "kept in %.*s: `guidon apply %.*s` does it", STR_ARG(file),
                    STR_ARG(file));
    }
    return plan_change_count(&made) > 0 ? EXIT_CHANGES : EXIT_OK;
}

static int carry_out(struct session *session, const struct invocation *invocation,
                     const struct plan *made)
{
    struct str path = resource_acknowledged(
        session, invocation,
        arena_format(&session->arena, "%.*s/import", STR_ARG(made->environment.path)));
    const struct edit edit = {
        .method = "POST",
        .path = address_with(&session->arena, path, "mode",
                             made->prunes ? STR("replace") : STR("merge")),
        .body = made->document,
        .if_match = arena_format(&session->arena, "\"v%llu\"", (unsigned long long)made->version),
        .environment = &made->environment,
        .sentence = arena_format(&session->arena, "apply %zu changes", plan_change_count(made))};
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, &edit, &answer, &is_done);
    if (status == EXIT_CONFLICT)
        output_note(session, "somebody was faster: plan again, and look at it");
    if (status != EXIT_OK)
        return status;
    if (session->format == OUTPUT_TABLE)
        resource_say_version(session, &answer.json);
    else
        output_json(&answer.json);
    return EXIT_OK;
}

static int make_or_take(struct session *session, const struct invocation *invocation,
                        struct plan *made)
{
    struct str path = invocation_argument(invocation, 0), text = {0};
    struct fault fault = session_prepare(session);
    if (failed(fault))
        return session_fail(session, EXIT_USAGE, fault.why, NULL);
    bool is_kept = !str_equal(path, STR("-")) &&
                   !failed(home_read_file(&session->arena, path, PLAN_BYTES_MAX, &text)) &&
                   plan_is_kept(text);
    int status = session_provide(session, is_kept ? NEEDS_TOKEN : NEEDS_ENVIRONMENT);
    if (status != EXIT_OK)
        return status;
    if (is_kept && invocation_has(invocation, "prune"))
        return session_fail(session, EXIT_USAGE, STR("a plan says itself whether it prunes"),
                            "plan again with --prune");
    return is_kept ? plan_take(session, text, made)
                   : plan_make(session, path, invocation_has(invocation, "prune"), made);
}

static int apply(struct session *session, const struct invocation *invocation)
{
    struct plan made = {0};
    int status = make_or_take(session, invocation, &made);
    if (status != EXIT_OK)
        return status;
    if (session->format == OUTPUT_TABLE)
        plan_show(session, &made);
    if (plan_change_count(&made) > 0)
        return carry_out(session, invocation, &made);
    if (session->format != OUTPUT_TABLE)
        plan_show(session, &made);
    return EXIT_OK;
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option fmt_options[] = {
    {"check", '\0', NULL, "only name the files that are not; 2 when there are any",
     COMPLETES_NOTHING, false}};
static const struct command_option plan_options[] = {
    {"prune", '\0', NULL, "delete what the files do not have", COMPLETES_NOTHING, false},
    {"out", '\0', "FILE", "keep the plan, for `apply FILE`", COMPLETES_FILES, false}};
static const struct command_option apply_options[] = {
    {"prune", '\0', NULL, "delete what the files do not have", COMPLETES_NOTHING, false},
    RESOURCE_GROWTH_OPTION,
    RESOURCE_REUSE_OPTION};

static const char *const validate_examples[] = {"validate flags/", "validate shop.json", NULL};
static const char *const fmt_examples[] = {"fmt flags/", "fmt flags/ --check", NULL};
static const char *const plan_examples[] = {"plan shop/", "plan shop/ --prune --out shop.plan",
                                            "plan shop.json --env staging", NULL};
static const char *const apply_examples[] = {"apply shop/", "apply shop/ --prune --yes",
                                             "apply shop.plan", NULL};
static const char *const files_detail[] = {
    "PATH is a file or a folder: what `export` writes, or documents of your own, as JSON or YAML. "
    "In a folder, flags lie in flags/ and groups/, segments in segments/, cohorts in cohorts/; a "
    "file without a key has its name for one.",
    "A flag may leave out what it does not care about: {\"enabled\": true} is a whole one. Salt "
    "and arithmetic of a flag that is there stay unless the file has others.",
    NULL};
static const char *const plan_detail[] = {
    "Checks the files, asks the server what they would change and which flags may decide "
    "otherwise, and changes nothing. Ends with 2 when there are changes and with 0 when there are "
    "none. What the files do not have is left alone, unless --prune is given.",
    "A plan that is kept holds the environment's version, a digest of the files and all that "
    "applying it needs.",
    NULL};
static const char *const apply_detail[] = {
    "Makes a plan, shows it and carries it out: all of it as one new version, or nothing. A kept "
    "plan is carried out as it is. When the environment has moved on since the plan was made, or "
    "the files have changed, nothing happens and the exit status is 6.",
    NULL};

static const struct command commands[] = {
    {.verb = "plan",
     .arguments = "PATH",
     .summary = "show what files would change",
     .examples = plan_examples,
     .detail = plan_detail,
     .options = plan_options,
     .option_count = COUNT_OF(plan_options),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .needs = NEEDS_ENVIRONMENT,
     .run = plan},
    {.verb = "apply",
     .arguments = "PATH|PLAN",
     .summary = "make an environment what files say",
     .examples = apply_examples,
     .detail = apply_detail,
     .options = apply_options,
     .option_count = COUNT_OF(apply_options),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .needs = NEEDS_NOTHING,
     .run = apply},
    {.verb = "validate",
     .arguments = "PATH",
     .summary = "check files without a server",
     .examples = validate_examples,
     .detail = files_detail,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .run = validate},
    {.verb = "fmt",
     .arguments = "PATH",
     .summary = "bring files into canonical form",
     .examples = fmt_examples,
     .options = fmt_options,
     .option_count = COUNT_OF(fmt_options),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_FILES,
     .run = format},
};

const struct command_group group_files = {
    .topic = "Move",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
