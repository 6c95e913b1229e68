/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectors - runs the vendor's behaviour vectors against the pure half of the dialect.
 *
 *     superflag-vectors [FILE]
 *
 * Every top-level member of the file must be a kind known here: one that is run, one that is
 * skipped with its reason, or one that is no case. An absent file is not a failure: a plain clone
 * has only the smaller file of our own beside this one.
 */
#include "vectors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"

static const char default_path[] = "../shared/reference/superflag-vectors.json";

enum { FILE_BYTES_MAX = 64 * 1024 * 1024 };

static const struct json_budget file_budget = {
    .depth_max = 64,
    .members_max = 100000,
    .string_bytes_max = 1024 * 1024,
    .number_bytes_max = 64,
};

/* ---- verdicts --------------------------------------------------------------------------- */

static void print_case(const struct run *run, const char *verdict, const char *what)
{
    const struct json *name = json_find(run->one, STR("name"));
    printf("%s %.*s[%zu]", verdict, STR_ARG(run->kind), run->index);
    if (name != NULL && name->type == JSON_STRING)
        printf(" \"%.*s\"", STR_ARG(name->string));
    printf(": %s\n", what);
}

void case_fail(struct run *run, const char *what)
{
    print_case(run, "FAIL", what);
    run->has_failed = true;
}

void run_case(struct run *run, const struct json *one, size_t index, case_runner runner)
{
    run->index = index;
    run->one = one;
    run->has_failed = false;
    runner(run, one);
    if (run->has_failed)
        run->failed++;
    else
        run->passed++;
    arena_reset(&run->arena);
}

void run_list(struct run *run, const struct json *list, case_runner runner)
{
    if (list->type != JSON_ARRAY) {
        run_case(run, list, 0, runner);
        return;
    }
    for (uint32_t i = 0; i < list->count; i++)
        run_case(run, &list->elements[i], i, runner);
}

/* ---- expectations ----------------------------------------------------------------------- */

static struct str text_of(struct run *run, const struct json *json)
{
    struct writing writing;
    if (json == NULL)
        return STR("(nothing)");
    json_tree(writing_begin(&writing), json);
    return writing_end(run, &writing);
}

static void print_difference(struct str got, struct str expected)
{
    printf("     got      %.*s\n     expected %.*s\n", STR_ARG(got), STR_ARG(expected));
}

void expect_true(struct run *run, bool is_true, const char *what)
{
    if (!is_true)
        case_fail(run, what);
}

void expect_json(struct run *run, const struct json *got, const struct json *expected,
                 const char *what)
{
    bool is_equal = got != NULL && expected != NULL && json_equal(got, expected);
    if (is_equal || (got == NULL && expected == NULL))
        return;
    case_fail(run, what);
    print_difference(text_of(run, got), text_of(run, expected));
}

void expect_number(struct run *run, double got, const struct json *expected, const char *what)
{
    struct json number = json_make_number(got);
    expect_json(run, &number, expected, what);
}

void expect_text(struct run *run, struct str got, const struct json *expected, const char *what)
{
    struct json text = json_make_string(got);
    expect_json(run, &text, expected, what);
}

void expect_document(struct run *run, struct str text, const struct json *expected,
                     const char *what)
{
    struct json got;
    if (parse_text(&run->arena, text, &got))
        expect_json(run, &got, expected, what);
    else
        case_fail(run, "what was written is no JSON");
}

static void print_issues(const struct issue *issues, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("     got      %.*s: %.*s\n", STR_ARG(issues[i].path), STR_ARG(issues[i].message));
}

void expect_issues(struct run *run, const struct issue *issues, size_t count,
                   bool compares_messages)
{
    const struct json *valid = case_member(run, STR("valid"));
    const struct json *expected = case_optional(run, STR("issues"));
    size_t expected_count = expected == NULL ? 0 : expected->count;
    bool is_equal = valid->boolean == (count == 0) && expected_count == count;
    for (size_t i = 0; i < count && is_equal; i++) {
        const struct json *path = json_find(&expected->elements[i], STR("path"));
        const struct json *message = json_find(&expected->elements[i], STR("message"));
        is_equal = str_equal(path->string, issues[i].path) &&
                   (!compares_messages || str_equal(message->string, issues[i].message));
    }
    if (is_equal)
        return;
    case_fail(run, "other issues");
    print_issues(issues, count);
    printf("     expected %.*s\n", STR_ARG(text_of(run, expected)));
}

/* ---- members ---------------------------------------------------------------------------- */

const struct json *case_optional(struct run *run, struct str key)
{
    return json_find(run->one, key);
}

const struct json *case_member(struct run *run, struct str key)
{
    static const struct json nothing = {.type = JSON_NULL};
    const struct json *member = case_optional(run, key);
    if (member != NULL)
        return member;
    char what[80];
    snprintf(what, sizeof(what), "the case has no member %.*s", STR_ARG(key));
    case_fail(run, what);
    return &nothing;
}

struct str case_text(struct run *run, struct str key)
{
    const struct json *text = case_member(run, key);
    return text->type == JSON_STRING ? text->string : STR("");
}

const struct config *case_config(struct run *run)
{
    struct str name = case_text(run, STR("config"));
    for (size_t i = 0; i < run->config_count; i++) {
        if (str_equal(run->configs[i].name, name))
            return &run->configs[i];
    }
    case_fail(run, "there is no such config");
    return &run->configs[0];
}

struct json_writer *writing_begin(struct writing *writing)
{
    buf_open(&writing->buf, SIZE_MAX);
    json_writer_open(&writing->writer, &writing->buf);
    return &writing->writer;
}

struct str writing_end(struct run *run, struct writing *writing)
{
    struct str text = arena_copy_str(&run->arena, buf_str(&writing->buf));
    buf_close(&writing->buf);
    return text;
}

bool parse_text(struct arena *arena, struct str text, struct json *json)
{
    struct fault fault = json_parse(arena, text, &file_budget, json);
    if (failed(fault))
        printf("     %.*s: %.*s\n", STR_ARG(fault.where), STR_ARG(fault.why));
    return !failed(fault);
}

bool parse_moment(const struct json *now, int64_t *now_ms)
{
    if (now->type == JSON_NUMBER) {
        *now_ms = (int64_t)now->number;
        return true;
    }
    return now->type == JSON_STRING && instant_parse_date(now->string, now_ms);
}

/* ---- configs ---------------------------------------------------------------------------- */

static bool compile_tree(struct arena *arena, const struct json *tree, struct config *config)
{
    struct superflag_document *document = ARENA_NEW(arena, struct superflag_document);
    struct environment_state *state = ARENA_NEW(arena, struct environment_state);
    struct fault fault = superflag_decode_document(arena, tree, document);
    if (failed(fault)) {
        printf("     %.*s: %.*s\n", STR_ARG(fault.where), STR_ARG(fault.why));
        return false;
    }
    *state = superflag_document_state(arena, document);
    config->state = *state;
    config->ruleset = ruleset_compile(arena, state);
    return true;
}

bool compile_document(struct run *run, struct str text, struct config *config)
{
    struct json *tree = ARENA_NEW(&run->arena, struct json);
    if (parse_text(&run->arena, text, tree) && compile_tree(&run->arena, tree, config))
        return true;
    case_fail(run, "the document does not compile");
    return false;
}

static bool compile_configs(struct run *run)
{
    const struct json *configs = json_find(run->file, STR("configs"));
    size_t count = configs == NULL ? 0 : configs->count;
    run->configs = ARENA_NEW_ARRAY(run->keep, struct config, count + 1);
    for (size_t i = 0; i < count; i++) {
        run->configs[i].name = configs->members[i].key;
        if (!compile_tree(run->keep, &configs->members[i].value, &run->configs[i])) {
            printf("FAIL configs.%.*s is not valid\n", STR_ARG(configs->members[i].key));
            return false;
        }
        run->config_count++;
    }
    return true;
}

/* ---- kinds ------------------------------------------------------------------------------ */

struct kind {
    const char *name;
    void (*run)(struct run *run, const struct json *cases); /* NULL: skipped */
    const char *why_skipped;
};

static const struct kind kinds[] = {
    {"stableHash", run_stable_hash, NULL},
    {"evaluate", run_evaluate, NULL},
    {"operators", run_operators, NULL},
    {"attributePaths", run_attribute_paths, NULL},
    {"validate", run_validate, NULL},
    {"validateText", run_validate_text, NULL},
    {"legacyMigrate", run_legacy_migrate, NULL},
    {"legacyMigratedEvaluate", run_legacy_migrated_evaluate, NULL},
    {"legacySdkMurmur3", run_legacy_sdk, NULL},
    {"hybridDocument", run_hybrid_document, NULL},
    {"projectClientConfig", run_project_client_config, NULL},
    {"clientSnapshot", run_client_snapshot, NULL},
    {"explain", run_explain, NULL},
    {"segmentMembership", run_segment_membership, NULL},
    {"dependencyPaths", run_dependency_paths, NULL},
    {"impactPaths", run_impact_paths, NULL},
    {"events", run_events, NULL},
    {"dedupeKeys", run_dedupe_keys, NULL},
    {"telemetryRequest", run_telemetry_request, NULL},
    {"experimentAssign", run_experiment_assign, NULL},
    {"experimentTransitions", run_experiment_transitions, NULL},
    {"iterationValidation", run_iteration_validation, NULL},
    {"iterationRamp", run_iteration_ramp, NULL},
    {"openFeature", run_open_feature, NULL},
    {"canonicalJson", run_canonical_json, NULL},
    {"codegen", run_codegen, NULL},
    {"sdkResponses", NULL, "what an SDK makes of our replies: needs the SDK"},
    {"telemetryTransport", NULL, "what an SDK makes of our replies: needs the SDK"},
    {"telemetryEndpoint", NULL, "how an SDK derives its URL: needs the SDK"},
    {"cacheKeys", NULL, "how an SDK names its cache: needs the SDK"},
    {"headerSample", NULL, "what an SDK sends: an observation, nothing of ours to test"},
};

static const char *const no_kinds[] = {"meta", "configs"};

static const struct kind *find_kind(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_equal(name, str_of(kinds[i].name)))
            return &kinds[i];
    }
    return NULL;
}

static bool is_no_kind(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(no_kinds); i++) {
        if (str_equal(name, str_of(no_kinds[i])))
            return true;
    }
    return false;
}

static void run_member(struct run *run, const struct json_member *member)
{
    const struct kind *kind = find_kind(member->key);
    run->kind = member->key;
    if (kind == NULL) {
        printf("FAIL %.*s: no such kind of case is known\n", STR_ARG(member->key));
        run->failed++;
        return;
    }
    if (kind->run == NULL) {
        size_t count = member->value.type == JSON_ARRAY ? member->value.count : 1;
        printf("skip %.*s (%zu): %s\n", STR_ARG(member->key), count, kind->why_skipped);
        run->skipped += count;
        return;
    }
    size_t passed = run->passed;
    size_t failed_before = run->failed;
    kind->run(run, &member->value);
    printf("%s %.*s: %zu passed, %zu failed\n", run->failed == failed_before ? "ok  " : "FAIL",
           STR_ARG(member->key), run->passed - passed, run->failed - failed_before);
}

static void run_file(struct run *run)
{
    for (uint32_t i = 0; i < run->file->count; i++) {
        if (!is_no_kind(run->file->members[i].key))
            run_member(run, &run->file->members[i]);
    }
}

/* ---- main ------------------------------------------------------------------------------- */

static int conclude(const struct run *run)
{
    printf("superflag-vectors: %zu passed, %zu failed, %zu skipped\n", run->passed, run->failed,
           run->skipped);
    return run->failed == 0 ? 0 : 1;
}

/* False when it cannot be read. */
static bool read_file(FILE *file, struct buf *buf)
{
    char bytes[65536];
    size_t size = 0;
    while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
        buf_append(buf, (struct str){bytes, size});
    return ferror(file) == 0 && !buf_failed(buf);
}

static int run_text(struct str text)
{
    struct arena keep;
    struct json tree;
    arena_open(&keep, 1 << 20);
    struct run run = {.keep = &keep, .file = &tree, .scratch = pattern_scratch_open()};
    arena_open(&run.arena, 1 << 16);
    bool is_ready = parse_text(&keep, text, &tree) && tree.type == JSON_OBJECT;
    if (is_ready && compile_configs(&run))
        run_file(&run);
    else
        run.failed++;
    for (size_t i = 0; i < run.config_count; i++)
        ruleset_close(run.configs[i].ruleset);
    pattern_scratch_close(run.scratch);
    arena_close(&run.arena);
    arena_close(&keep);
    return conclude(&run);
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : default_path;
    struct run nothing = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL && errno == ENOENT) {
        printf("superflag-vectors: %s is not there; nothing was run (file not found)\n", path);
        return conclude(&nothing);
    }
    struct buf buf;
    buf_open(&buf, FILE_BYTES_MAX);
    bool is_read = file != NULL && read_file(file, &buf);
    if (file != NULL && fclose(file) != 0)
        is_read = false;
    if (!is_read)
        printf("FAIL %s cannot be read: %m\n", path);
    int status = is_read ? run_text(buf_str(&buf)) : 1;
    buf_close(&buf);
    return status;
}
