/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readers - who evaluates elsewhere: what each protocol hands out of a world, read back with the
 * protocol's own decoder and compiled, as an SDK would have it.
 */
#ifndef SCENARIO_READERS_H
#define SCENARIO_READERS_H

#include "dialect/amplitude/configuration_decode.h"
#include "dialect/amplitude/flags.h"
#include "dialect/superflag/document.h"
#include "world.h"

enum reader_kind {
    READER_FLAGS,         /* flag configurations of a deployment */
    READER_FLAGS_TOLD,    /* the same with remote flags whole */
    READER_CONFIG,        /* documents for servers */
    READER_PUBLIC_CONFIG, /* for browsers */
};

struct reader {
    enum reader_kind kind;
    uint64_t deployment;
    struct str text;             /* what was handed out */
    const struct json *document; /* of flag configurations: the array */
    bool is_legacy;              /* a document without variations: values count */
    struct environment_state state;
    const struct ruleset *rules;
};

enum { READERS = 2 * (DEPLOYMENTS + 1) + 2, NOBODYS_DEPLOYMENT = DEPLOYMENTS + 1 };

static inline bool reader_is_local(const struct reader *reader)
{
    return reader->kind == READER_CONFIG || reader->kind == READER_PUBLIC_CONFIG;
}

static inline const char *reader_name(const struct reader *reader)
{
    static const char *const names[] = {"amplitude.flags", "amplitude.flags, remote told",
                                        "superflag.config", "superflag.public-config"};
    return names[reader->kind];
}

static const struct json_budget reader_budget = {
    .depth_max = 64,
    .members_max = 100000,
    .string_bytes_max = 1 << 20,
    .number_bytes_max = 64,
};

static inline const struct json *reader_parse(struct arena *arena, struct str text)
{
    struct json *json = ARENA_NEW(arena, struct json);
    CHECK_OK(json_parse(arena, text, &reader_budget, json));
    return json;
}

static inline void reader_compile(struct arena *arena, struct reader *reader, struct flag *flags,
                                  size_t count)
{
    const struct flag **list = ARENA_NEW_ARRAY(arena, const struct flag *, count + 1);
    for (size_t i = 0; i < count; i++)
        list[i] = &flags[i];
    qsort(list, count, sizeof(*list), world_compare_flags);
    reader->state.flags = list;
    reader->state.flag_count = count;
    reader->rules = ruleset_compile(arena, &reader->state);
}

/* SDKs get the members of cohorts beside the flags, and add them to who asks. */
static inline void read_flags(const struct world *world, struct arena *arena, struct reader *reader)
{
    enum flags_form form = reader->kind == READER_FLAGS ? FLAGS_PLAIN : FLAGS_REMOTE_TOLD;
    struct flag *flags = NULL;
    size_t count = 0;
    reader->text = flags_body(world->snapshot, reader->deployment, form)->body;
    reader->document = reader_parse(arena, reader->text);
    CHECK_OK(configuration_decode(arena, reader->document, &flags, &count));
    reader->state = (struct environment_state){
        .cohorts = world->snapshot->state.cohorts,
        .cohort_count = world->snapshot->state.cohort_count,
    };
    reader_compile(arena, reader, flags, count);
}

static inline void read_document(const struct world *world, struct arena *arena,
                                 struct reader *reader)
{
    size_t rendering = reader->kind == READER_CONFIG ? SUPERFLAG_CONFIG : SUPERFLAG_PUBLIC_CONFIG;
    struct superflag_document *document = ARENA_NEW(arena, struct superflag_document);
    reader->text = superflag_body(world->snapshot, rendering)->body;
    const struct json *body = json_find(reader_parse(arena, reader->text), STR("doc"));
    CHECK(body != NULL);
    reader->is_legacy = json_find(body, STR("schemaVersion")) == NULL;
    if (reader->is_legacy) {
        const struct superflag_migration migration = {.app = STR("app_1"),
                                                      .environment = STR("production"),
                                                      .config_version = 3,
                                                      .lifecycle = LIFECYCLE_ACTIVE};
        CHECK_OK(superflag_migrate_legacy_document(arena, json_find(body, STR("flags")), &migration,
                                                   document));
    } else {
        CHECK_OK(superflag_decode_document(arena, body, document));
    }
    reader->state = superflag_document_state(arena, document);
    reader->rules = ruleset_compile(arena, &reader->state);
}

static inline void readers_open(const struct world *world, struct arena *arena,
                                struct reader readers[READERS])
{
    memset(readers, 0, READERS * sizeof(*readers));
    for (size_t i = 0; i < READERS - 2; i++) {
        readers[i].kind = i % 2 == 0 ? READER_FLAGS : READER_FLAGS_TOLD;
        readers[i].deployment = 1 + i / 2;
        read_flags(world, arena, &readers[i]);
    }
    readers[READERS - 2].kind = READER_CONFIG;
    readers[READERS - 1].kind = READER_PUBLIC_CONFIG;
    read_document(world, arena, &readers[READERS - 2]);
    read_document(world, arena, &readers[READERS - 1]);
}

static inline void readers_close(struct reader readers[READERS])
{
    for (size_t i = 0; i < READERS; i++)
        ruleset_close(readers[i].rules);
}

/* One flag of the array of configurations; NULL when it is not there. */
static inline const struct json *reader_configuration(const struct reader *reader, struct str key)
{
    for (uint32_t i = 0; i < reader->document->count; i++) {
        const struct json *key_of = json_find(&reader->document->elements[i], STR("key"));
        if (key_of != NULL && str_equal(key_of->string, key))
            return &reader->document->elements[i];
    }
    return NULL;
}

#endif
