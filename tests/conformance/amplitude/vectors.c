/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectors - runs the recorded evaluation vectors through the product's own decoder, compiler and
 * evaluation.
 *
 *     amplitude-vectors [FILE]
 *
 * Every top-level member of the file must be a kind known here or one that is no case. An absent
 * file is not a failure: a plain clone has only the smaller file of our own beside this one.
 */
#include "vectors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "dialect/amplitude/configuration_decode.h"

static const char default_path[] = "../shared/reference/amplitude-eval-vectors.json";

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

void run_list(struct run *run, const struct json *list, case_runner runner)
{
    for (uint32_t i = 0; i < list->count; i++) {
        run->index = i;
        run->one = &list->elements[i];
        run->has_failed = false;
        runner(run);
        if (run->has_failed)
            run->failed++;
        else
            run->passed++;
        arena_reset(&run->arena);
    }
}

void expect_true(struct run *run, bool is_true, const char *what)
{
    if (!is_true)
        case_fail(run, what);
}

struct str json_text(struct run *run, const struct json *json)
{
    struct buf buf;
    struct json_writer writer;
    if (json == NULL)
        return STR("(nothing)");
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, json);
    struct str text = arena_copy_str(&run->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

void expect_json(struct run *run, const struct json *got, const struct json *expected,
                 const char *what)
{
    bool is_equal = got != NULL && expected != NULL && json_equal(got, expected);
    if (is_equal || (got == NULL && expected == NULL))
        return;
    case_fail(run, what);
    printf("     got      %.*s\n     expected %.*s\n", STR_ARG(json_text(run, got)),
           STR_ARG(json_text(run, expected)));
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
    printf("     no member %.*s\n", STR_ARG(key));
    case_fail(run, "the case is not whole");
    return &nothing;
}

struct str case_text(struct run *run, struct str key)
{
    const struct json *text = case_member(run, key);
    return text->type == JSON_STRING ? text->string : STR("");
}

const struct json *make_json(struct run *run, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    struct json *json = ARENA_NEW(&run->arena, struct json);
    struct str copy = {arena_copy(&run->arena, text, (size_t)size), (size_t)size};
    free(text);
    struct fault fault = json_parse(&run->arena, copy, &file_budget, json);
    if (failed(fault))
        case_fail(run, "what was made of the case is no JSON");
    return json;
}

/* ---- configurations ---------------------------------------------------------------------- */

static int compare_keys(const void *left, const void *right)
{
    const struct flag *const *a = left;
    const struct flag *const *b = right;
    return str_compare((*a)->key, (*b)->key);
}

bool compile_flags(struct run *run, const struct json *document, struct compiled *compiled)
{
    *compiled = (struct compiled){.state = {.app_id = STR("app"), .name = STR("production")}};
    struct fault fault =
        configuration_decode(&run->arena, document, &compiled->flags, &compiled->flag_count);
    if (failed(fault)) {
        case_fail(run, "the configuration was refused");
        printf("     %.*s: %.*s\n", STR_ARG(fault.where), STR_ARG(fault.why));
        return false;
    }
    const struct flag **sorted =
        ARENA_NEW_ARRAY(&run->arena, const struct flag *, compiled->flag_count);
    for (size_t i = 0; i < compiled->flag_count; i++)
        sorted[i] = &compiled->flags[i];
    if (compiled->flag_count > 0)
        qsort(sorted, compiled->flag_count, sizeof(*sorted), compare_keys);
    compiled->state.flags = sorted;
    compiled->state.flag_count = compiled->flag_count;
    compiled->ruleset = ruleset_compile(&run->arena, &compiled->state);
    return true;
}

void open_user(struct run *run, struct compiled *compiled, const struct json *context)
{
    context_open_user(&compiled->context, &run->arena, compiled->ruleset, context, run->scratch);
}

struct decision decide_flag(struct compiled *compiled, struct str key)
{
    return evaluate(compiled->ruleset, key, &compiled->context, 0, NULL);
}

struct str decided_variant(const struct decision *decision)
{
    if (decision->flag == NULL || decision->variation == VARIATION_NONE)
        return (struct str){0};
    return decision->flag->flag->variations[decision->variation].id;
}

void close_flags(struct compiled *compiled)
{
    ruleset_close(compiled->ruleset);
}

/* ---- kinds ------------------------------------------------------------------------------ */

static const struct kind {
    const char *name;
    case_runner run;
} kinds[] = {
    {"murmur3", run_murmur3},
    {"bucketing", run_bucketing},
    {"bucketing_counts", run_bucketing_counts},
    {"semver", run_condition},
    {"conditions", run_condition},
    {"selectors", run_selector},
    {"flags", run_flags},
    {"distribution_ranges", run_distribution_ranges},
};

/* Members of the object "headers". */
static const struct kind header_kinds[] = {
    {"x_amp_exp_user", run_user_header},
    {"x_amp_exp_flag_keys", run_flag_keys_header},
};

static const char *const no_kinds[] = {"about", "engine", "counts"};

static const struct kind *find_kind(const struct kind *list, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(name, str_of(list[i].name)))
            return &list[i];
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

static void run_kind(struct run *run, const struct kind *kind, const struct json_member *member)
{
    run->kind = member->key;
    if (kind == NULL || member->value.type != JSON_ARRAY) {
        printf("FAIL %.*s: no such kind of case is known\n", STR_ARG(member->key));
        run->failed++;
        return;
    }
    size_t passed = run->passed;
    size_t failed_before = run->failed;
    run_list(run, &member->value, kind->run);
    printf("%s %.*s: %zu passed, %zu failed\n", run->failed == failed_before ? "ok  " : "FAIL",
           STR_ARG(member->key), run->passed - passed, run->failed - failed_before);
}

static void run_file(struct run *run, const struct json *file)
{
    for (uint32_t i = 0; i < file->count; i++) {
        const struct json_member *member = &file->members[i];
        if (is_no_kind(member->key))
            continue;
        if (!str_equal(member->key, STR("headers"))) {
            run_kind(run, find_kind(kinds, COUNT_OF(kinds), member->key), member);
            continue;
        }
        for (uint32_t j = 0; j < member->value.count; j++)
            run_kind(run,
                     find_kind(header_kinds, COUNT_OF(header_kinds), member->value.members[j].key),
                     &member->value.members[j]);
    }
}

/* ---- main ------------------------------------------------------------------------------- */

static int conclude(const struct run *run)
{
    printf("amplitude-vectors: %zu passed, %zu failed, %zu skipped\n", run->passed, run->failed,
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
    struct run run = {.scratch = pattern_scratch_open()};
    arena_open(&keep, 1 << 20);
    arena_open(&run.arena, 1 << 16);
    struct fault fault = json_parse(&keep, text, &file_budget, &tree);
    if (failed(fault) || tree.type != JSON_OBJECT) {
        printf("FAIL the file is no object: %.*s %.*s\n", STR_ARG(fault.where), STR_ARG(fault.why));
        run.failed++;
    } else {
        run_file(&run, &tree);
    }
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
        printf("amplitude-vectors: %s is not there; nothing was run (file not found)\n", path);
        return conclude(&nothing);
    }
    random_open();
    struct buf buf;
    buf_open(&buf, FILE_BYTES_MAX);
    bool is_read = file != NULL && read_file(file, &buf);
    if (file != NULL)
        fclose(file);
    if (!is_read) {
        printf("FAIL %s cannot be read\n", path);
        nothing.failed++;
        buf_close(&buf);
        return conclude(&nothing);
    }
    int status = run_text(buf_str(&buf));
    buf_close(&buf);
    return status;
}
