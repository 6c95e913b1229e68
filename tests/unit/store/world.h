/* SPDX-License-Identifier: Apache-2.0 */
/* world - a store of its own in a directory of its own, with one environment in it (number 1). */
#ifndef UNIT_STORE_WORLD_H
#define UNIT_STORE_WORLD_H

#include <sys/stat.h>

#include "scratch.h"
#include "test.h"

#include "base/random.h"
#include "store/store.h"

static const int64_t now_ms = 1700000000000;

struct world {
    struct scratch place;
    struct arena arena;
    struct store *store;
};

static inline struct fault open_store(struct world *world)
{
    return store_open(&world->store, scratch_path(&world->place), STORE_WRITER);
}

static inline void close_store(struct world *world)
{
    store_close(world->store);
    world->store = NULL;
}

static inline void world_open(struct world *world)
{
    random_open();
    *world = (struct world){0};
    arena_open(&world->arena, 4096);
    CHECK(scratch_open(&world->place));
    CHECK_OK(open_store(world));
    const struct user_row user = {STR("user_1"), STR("a@example.test"), ROLE_OWNER, now_ms};
    const struct app_row app = {STR("app_1"), STR("Shop"), STR("user_1"), false, now_ms};
    const struct environment_row environment = {
        .id = STR("env_1"), .app_id = STR("app_1"), .name = STR("production")};
    uint64_t number = 0;
    CHECK_OK(store_begin(world->store));
    CHECK_OK(store_insert_user(world->store, &user));
    CHECK_OK(store_insert_app(world->store, &app));
    CHECK_OK(store_insert_environment(world->store, &environment, &number));
    CHECK_OK(store_commit(world->store));
}

static inline void world_close(struct world *world)
{
    store_close(world->store);
    scratch_close(&world->place);
    arena_close(&world->arena);
}

static inline struct fault write_document(struct store *store, struct str key, struct str document)
{
    uint64_t version = 0;
    struct fault fault = store_advance_version(store, 1, now_ms, &version);
    if (failed(fault))
        return fault;
    const struct revision_row revision = {.kind = REVISION_FLAG,
                                          .object_id = STR("flag_1"),
                                          .key = key,
                                          .version_from = version,
                                          .document = document};
    return store_write_revision(store, 1, &revision);
}

static inline void change(struct world *world, struct str key, struct str document)
{
    CHECK_OK(store_begin(world->store));
    CHECK_OK(write_document(world->store, key, document));
    CHECK_OK(store_commit(world->store));
}

static inline const char *file_of(struct world *world, const char *name)
{
    return arena_format(&world->arena, "%s/%s", world->place.path, name).data;
}

static inline size_t file_size(struct world *world)
{
    struct stat status;
    CHECK_INT(stat(file_of(world, "guidon.db"), &status), 0);
    return (size_t)status.st_size;
}

#endif
