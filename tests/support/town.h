/* SPDX-License-Identifier: Apache-2.0 */
/*
 * town - a changer on a scratch directory with a clock one can set: what tests of the two journeys
 * start from. No HTTP; changes go straight to change_apply.
 */
#ifndef SUPPORT_TOWN_H
#define SUPPORT_TOWN_H

#include <stdatomic.h>

#include "base/random.h"
#include "change/change.h"
#include "change/edit.h"

#include "scratch.h"
#include "test.h"

struct town {
    struct clock clock; /* first: the clock callbacks cast back to the town */
    _Atomic int64_t now_ms;
    struct scratch scratch;
    struct arena arena;
    struct view_slot *views;
    struct changer *changer;
    struct notebook *notebook; /* the test's; NULL without */
    snapshot_renderer render;  /* NULL: town_render */
    uint32_t rehearsal_ms;     /* 0: a second */
    bool has_no_rehearsal;
    struct bootstrap bootstrap;
    struct fault degraded;
    struct caller owner;
    _Atomic uint64_t announced_version; /* of the last announcement */
    _Atomic uint64_t visible_when_announced;
    _Atomic unsigned catalogs_announced;
    _Atomic uint64_t credentials_when_announced; /* how many the last of these had */
};

static inline int64_t town_now(const struct clock *clock)
{
    return ((const struct town *)clock)->now_ms;
}

static inline void town_render(struct snapshot *snapshot)
{
    struct str body = arena_format(&snapshot->arena, "%zu flags", snapshot->state.flag_count);
    snapshot->renderings[0].headers = body;
}

static inline void town_heard_catalog(void *context)
{
    struct town *town = context;
    struct view *view = view_acquire(town->views);
    town->credentials_when_announced = view->catalog->credential_count;
    town->catalogs_announced++;
    view_release(view);
}

static inline void town_heard(uint64_t environment, uint64_t version, void *context)
{
    struct town *town = context;
    struct view *view = view_acquire(town->views);
    town->visible_when_announced = view_find(view, environment)->version;
    town->announced_version = version;
    view_release(view);
}

/* Opens on what the directory holds; the fault is change_open's. */
static inline struct fault town_start(struct town *town)
{
    const struct change_config config = {
        .directory = scratch_path(&town->scratch),
        .clock = &town->clock,
        .render = town->render == NULL ? town_render : town->render,
        .rehearsal_ms = town->has_no_rehearsal    ? 0
                        : town->rehearsal_ms == 0 ? 1000
                                                  : town->rehearsal_ms,
        .slot = town->views,
        .notebooks = &town->notebook,
        .notebook_count = town->notebook == NULL ? 0 : 1,
        .event_queue_bytes_max = 1 << 20,
        .waiting_max = 256,
        .on_published = town_heard,
        .on_catalog = town_heard_catalog,
        .context = town,
    };
    return change_open(&town->changer, &config, &town->arena, &town->bootstrap, &town->degraded);
}

static inline void town_stop(struct town *town)
{
    change_close(town->changer);
    town->changer = NULL;
    view_slot_close(town->views);
    town->views = view_slot_open();
}

static inline void town_open(struct town *town)
{
    random_open();
    memset(town, 0, sizeof(*town));
    town->clock = (struct clock){town_now, town_now};
    town->now_ms = 1893456000000; /* 2030-01-01 */
    arena_open(&town->arena, 4096);
    assert_true(scratch_open(&town->scratch));
    town->views = view_slot_open();
    struct fault fault = town_start(town);
    CHECK_OK(fault);
    struct view *view = view_acquire(town->views);
    town->owner = (struct caller){
        .kind = CREDENTIAL_PERSONAL, .role = ROLE_OWNER, .actor = STR("owner@localhost")};
    town->owner.credential_id = arena_copy_str(&town->arena, view->catalog->credentials[0].id);
    view_release(view);
}

static inline void town_close(struct town *town)
{
    if (town->changer != NULL)
        change_close(town->changer);
    view_slot_close(town->views);
    scratch_close(&town->scratch);
    arena_close(&town->arena);
}

static inline struct fault town_apply(struct town *town, struct change *change)
{
    change->caller = &town->owner;
    change->arena = &town->arena;
    return change_apply(town->changer, change);
}

/* Creates an app; its environments are numbered one after the other from the returned one. */
static inline uint64_t town_app(struct town *town, struct str name)
{
    struct change change = {
        .kind = CHANGE_CREATE_APP, .action = STR("app.create"), .name = name, .subject = name};
    CHECK_OK(town_apply(town, &change));
    struct view *view = view_acquire(town->views);
    const struct catalog_app *app = catalog_find_app(view->catalog, change.created_id);
    assert_non_null(app);
    uint64_t number = view->catalog->environments[app->environments[0]].number;
    view_release(view);
    return number;
}

static inline uint64_t town_version(struct town *town, uint64_t environment)
{
    struct view *view = view_acquire(town->views);
    uint64_t version = view_find(view, environment)->version;
    view_release(view);
    return version;
}

/* A boolean flag that serves `value` to everybody. */
static inline struct flag town_flag(struct arena *arena, struct str key, bool value)
{
    struct flag flag = {
        .key = key,
        .type = VALUE_BOOLEAN,
        .description = STR("a flag"),
        .owner = STR("qa"),
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_enabled = true,
        .variation_count = 1,
        .off_variation = STR("default"),
        .fallthrough = {.kind = SERVE_VARIATION, .variation = STR("default")},
    };
    flag.variations = ARENA_NEW(arena, struct variation);
    flag.variations[0] =
        (struct variation){.id = STR("default"), .value = json_make_boolean(value)};
    return flag;
}

struct town_put {
    struct str key;
    bool value;
    bool is_deletion;
};

static inline struct fault town_edit(struct edit *edit, void *input)
{
    const struct town_put *put = input;
    if (put->is_deletion)
        return edit_delete_flag(edit, put->key);
    struct flag flag = town_flag(edit_arena(edit), put->key, put->value);
    return edit_put_flag(edit, &flag);
}

static inline struct change town_change(uint64_t environment, struct town_put *put)
{
    return (struct change){.kind = CHANGE_ENVIRONMENT,
                           .action = STR("flag.put"),
                           .subject = put->key,
                           .environment = environment,
                           .edit = town_edit,
                           .input = put,
                           .reuse = REUSE_UNASKED};
}

static inline struct fault town_put(struct town *town, uint64_t environment, struct str key,
                                    bool value)
{
    struct town_put put = {.key = key, .value = value};
    struct change change = town_change(environment, &put);
    return town_apply(town, &change);
}

static inline struct fault town_delete(struct town *town, uint64_t environment, struct str key)
{
    struct town_put put = {.key = key, .is_deletion = true};
    struct change change = town_change(environment, &put);
    return town_apply(town, &change);
}

/* The data file of a stopped town becomes unreadable: its next start is from the snapshots. */
static inline void town_lose_store(const struct town *town)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/guidon.db", town->scratch.path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("this is no database, whatever its name says; not at all", file);
    fclose(file);
}

#endif
