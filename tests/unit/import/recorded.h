/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorded - a foreign document read, and the ruleset of what came out.
 *
 * The document is taken the way a server takes it: parsed, decoded strictly, checked, compiled. So
 * whatever a test asks, that what an importer writes is valid is asked along with it.
 */
#ifndef IMPORT_RECORDED_H
#define IMPORT_RECORDED_H

#include <stdlib.h>
#include <string.h>

#include "eval/evaluate.h"
#include "import/import.h"
#include "model/codec.h"

#include "test.h"

struct imported {
    struct arena arena;
    struct import_result result;
    struct fault fault;
    struct environment_state state;
    const struct ruleset *ruleset;
    struct pattern_scratch *scratch;
};

static const struct json_budget imported_budget = {
    .depth_max = 128,
    .members_max = SIZE_MAX,
    .string_bytes_max = SIZE_MAX,
    .number_bytes_max = 64,
};

/* Deployments go by label in documents: what is on some of them is on none here. */
static inline struct json imported_stored_form(struct arena *arena, const struct json *document)
{
    struct json stored = {.type = JSON_OBJECT};
    stored.members = ARENA_NEW_ARRAY(arena, struct json_member, document->count + 1);
    stored.members[stored.count++] =
        (struct json_member){STR("id"), json_make_string(STR("imported"))};
    for (uint32_t i = 0; i < document->count; i++) {
        CHECK(!str_equal(document->members[i].key, STR("id")));
        stored.members[stored.count] = document->members[i];
        if (str_equal(document->members[i].key, STR("deployments")))
            stored.members[stored.count].value = (struct json){.type = JSON_ARRAY};
        stored.count++;
    }
    return stored;
}

static inline void imported_load_flags(struct imported *imported, const struct json *list)
{
    const struct flag **flags = ARENA_NEW_ARRAY(&imported->arena, const struct flag *, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct flag *flag = ARENA_NEW(&imported->arena, struct flag);
        struct json *stored = ARENA_NEW(&imported->arena, struct json);
        *stored = imported_stored_form(&imported->arena, &list->elements[i]);
        CHECK_OK(flag_decode_tree(&imported->arena, stored, flag));
        CHECK(i == 0 || str_compare(flags[i - 1]->key, flag->key) < 0);
        flags[i] = flag;
    }
    imported->state.flags = flags;
    imported->state.flag_count = list->count;
}

static inline void imported_load_segments(struct imported *imported, const struct json *list)
{
    const struct segment **segments =
        ARENA_NEW_ARRAY(&imported->arena, const struct segment *, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct segment *segment = ARENA_NEW(&imported->arena, struct segment);
        struct json *stored = ARENA_NEW(&imported->arena, struct json);
        *stored = imported_stored_form(&imported->arena, &list->elements[i]);
        CHECK_OK(segment_decode_tree(&imported->arena, stored, segment));
        segments[i] = segment;
    }
    imported->state.segments = segments;
    imported->state.segment_count = list->count;
}

static inline void imported_load(struct imported *imported)
{
    struct json *document = ARENA_NEW(&imported->arena, struct json);
    CHECK_OK(json_parse(&imported->arena, imported->result.document, &imported_budget, document));
    CHECK_STR(json_find(document, STR("format"))->string, STR("guidon.environment/1"));
    imported->state.name = STR("imported");
    imported->state.settings.metadata = json_make_null();
    imported_load_flags(imported, json_find(document, STR("flags")));
    imported_load_segments(imported, json_find(document, STR("segments")));
    CHECK_OK(environment_check(&imported->arena, &imported->state));
    imported->ruleset = ruleset_compile(&imported->arena, &imported->state);
    imported->scratch = pattern_scratch_open();
}

static inline struct imported *imported_open_with(struct str vendor, struct str text,
                                                  struct import_options options)
{
    struct imported *imported = calloc(1, sizeof(*imported));
    CHECK(imported != NULL);
    arena_open(&imported->arena, 65536);
    const struct importer *importer = importer_find(vendor);
    CHECK(importer != NULL);
    imported->fault = importer->read(&imported->arena, text, &options, &imported->result);
    if (!failed(imported->fault))
        imported_load(imported);
    return imported;
}

static inline struct imported *imported_open(struct str vendor, struct str text)
{
    struct imported *imported = imported_open_with(vendor, text, (struct import_options){0});
    CHECK_OK(imported->fault);
    return imported;
}

static inline void imported_close(struct imported *imported)
{
    if (imported->ruleset != NULL) {
        ruleset_close(imported->ruleset);
        pattern_scratch_close(imported->scratch);
    }
    arena_close(&imported->arena);
    free(imported);
}

/* ---- what came out --------------------------------------------------------------------------- */

static inline const struct flag *imported_flag(const struct imported *imported, struct str key)
{
    return environment_find_flag(&imported->state, key);
}

/* The row; NULL when there is none. */
static inline const struct import_row *imported_find_row(const struct imported *imported,
                                                         struct str kind, struct str name)
{
    for (size_t i = 0; i < imported->result.row_count; i++) {
        const struct import_row *row = &imported->result.rows[i];
        if (str_equal(row->kind, kind) && str_equal(row->name, name))
            return row;
    }
    return NULL;
}

static inline enum import_outcome imported_outcome(const struct imported *imported, struct str kind,
                                                   struct str name)
{
    const struct import_row *row = imported_find_row(imported, kind, name);
    if (row == NULL)
        fprintf(stderr, "no row %.*s %.*s\n", STR_ARG(kind), STR_ARG(name));
    CHECK(row != NULL);
    return row->outcome;
}

/* The id of the variation somebody gets; absent: none. A flat context with "targetingKey" among
 * its attributes. */
static inline struct str imported_decide(struct imported *imported, struct str key,
                                         const struct json *attributes, int64_t now_ms)
{
    struct context context;
    const struct json *id = json_find(attributes, STR("targetingKey"));
    struct str targeting_key = id != NULL && id->type == JSON_STRING ? id->string : (struct str){0};
    context_open(&context, &imported->arena, imported->ruleset, targeting_key, attributes,
                 imported->scratch);
    context.may_lack_key = true;
    struct decision decision = evaluate(imported->ruleset, key, &context, now_ms, NULL);
    if (decision.flag == NULL || decision.variation == VARIATION_NONE)
        return (struct str){0};
    return decision.flag->flag->variations[decision.variation].id;
}

static inline struct json imported_parse(struct imported *imported, struct str text)
{
    struct json json;
    CHECK_OK(json_parse(&imported->arena, text, &imported_budget, &json));
    return json;
}

/* The same for a context written down. */
static inline struct str imported_gives(struct imported *imported, const char *key,
                                        const char *context)
{
    struct json *attributes = ARENA_NEW(&imported->arena, struct json);
    *attributes = imported_parse(imported, str_of(context));
    return imported_decide(imported, str_of(key), attributes, 0);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* In the arena; absent when there is no such file. */
static inline struct str imported_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return (struct str){0};
    enum { FILE_BYTES_MAX = 4 * 1024 * 1024 };
    char *bytes = arena_allocate(arena, FILE_BYTES_MAX);
    size_t size = fread(bytes, 1, FILE_BYTES_MAX, file);
    CHECK(size < FILE_BYTES_MAX);
    (void)fclose(file);
    return (struct str){bytes, size};
}

/*
 * Recorded decisions: {"documents": [{"name", "vendor", "text", "cases": [{"flag", "context", "now"
 * (milliseconds), "variant" (null: what the program has in code)}]}]}. Where the engine gives the
 * program's own value, ours gives the off variation, and the flag's row has to have said so.
 */
static inline size_t imported_check_case(struct imported *imported, const struct json *one)
{
    struct str key = json_find(one, STR("flag"))->string;
    const struct json *variant = json_find(one, STR("variant"));
    const struct json *now = json_find(one, STR("now"));
    const struct json *attributes = json_find(one, STR("context"));
    const struct flag *flag = imported_flag(imported, key);
    if (flag == NULL) {
        CHECK_INT(imported_outcome(imported, STR("flag"), key), IMPORT_LEFT_OUT);
        return 0;
    }
    struct str got =
        imported_decide(imported, key, attributes, now == NULL ? 0 : (int64_t)now->number);
    enum import_outcome outcome = imported_outcome(imported, STR("flag"), key);
    if (variant->type == JSON_NULL) {
        if (outcome == IMPORT_EXACT)
            fprintf(stderr, "%.*s is exact and gives %.*s\n", STR_ARG(key), STR_ARG(got));
        CHECK(outcome != IMPORT_EXACT);
        return 0;
    }
    if (!str_equal(got, variant->string)) {
        struct buf buf;
        struct json_writer writer;
        buf_open(&buf, SIZE_MAX);
        json_writer_open(&writer, &buf);
        json_tree(&writer, one);
        fprintf(stderr, "got \"%.*s\": %.*s\n", STR_ARG(got), STR_ARG(buf_str(&buf)));
        buf_close(&buf);
    }
    CHECK_STR(got, variant->string);
    return outcome == IMPORT_EXACT;
}

/* How many decisions of exact flags were compared. */
static inline size_t imported_check_recorded(const char *path)
{
    struct arena arena;
    struct json recorded;
    size_t compared = 0;
    arena_open(&arena, 65536);
    struct str text = imported_file(&arena, path);
    CHECK(!str_is_absent(text));
    CHECK_OK(json_parse(&arena, text, &imported_budget, &recorded));
    const struct json *documents = json_find(&recorded, STR("documents"));
    for (uint32_t i = 0; i < documents->count; i++) {
        const struct json *document = &documents->elements[i];
        struct imported *imported = imported_open(json_find(document, STR("vendor"))->string,
                                                  json_find(document, STR("text"))->string);
        const struct json *cases = json_find(document, STR("cases"));
        for (uint32_t j = 0; j < cases->count; j++)
            compared += imported_check_case(imported, &cases->elements[j]);
        imported_close(imported);
    }
    arena_close(&arena);
    return compared;
}

#endif
