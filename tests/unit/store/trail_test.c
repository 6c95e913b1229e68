/* SPDX-License-Identifier: Apache-2.0 */
/* Searches of the audit trail and single steps cost what they find, however long the trail is. */
#include "steps.h"

enum { NEEDLES = 10, HAY = 1500 };

static void append(struct world *world, const struct audit_row *row)
{
    CHECK_OK(store_append_audit(world->store, row));
}

static void add_needles(struct world *world)
{
    CHECK_OK(store_begin(world->store));
    for (uint64_t i = 0; i < NEEDLES; i++) {
        const struct audit_row row = {.at_ms = 1000 + (int64_t)i,
                                      .actor = STR("ann"),
                                      .action = STR("flag.update"),
                                      .subject = STR("needle"),
                                      .environment = 7,
                                      .version = i + 1};
        append(world, &row);
    }
    CHECK_OK(store_commit(world->store));
}

static void add_hay(struct world *world, uint64_t *version)
{
    CHECK_OK(store_begin(world->store));
    for (int i = 0; i < HAY; i++) {
        const struct audit_row row = {.at_ms = now_ms + i,
                                      .actor = STR("bob"),
                                      .action = STR("flag.update"),
                                      .subject = STR("hay"),
                                      .environment = 8,
                                      .version = ++*version};
        append(world, &row);
    }
    CHECK_OK(store_commit(world->store));
}

static const uint64_t seventh[] = {7};
static const uint64_t eighth[] = {8};

/* Each with the rows it finds. */
static const struct {
    struct audit_query query;
    size_t found;
} questions[] = {
    {{.subject = {"needle", 6}, .limit = 100}, NEEDLES},
    {{.actor = {"ann", 3}, .limit = 100}, NEEDLES},
    {{.environments = seventh, .environment_count = 1, .limit = 100}, NEEDLES},
    {{.environments = seventh, .environment_count = 1, .only_versions = true, .limit = 4}, 4},
    {{.environments = seventh, .environment_count = 1, .version = 3, .limit = 100}, 1},
    {{.environments = eighth, .environment_count = 1, .version = 3, .limit = 100}, 1},
    {{.from_ms = 1000, .to_ms = 2000, .limit = 100}, NEEDLES},
    {{.to_ms = 1005, .limit = 100}, 5},
    {{.limit = 20}, 20},
    {{.below = 9, .limit = 3}, 3},
    {{.subject = {"hay", 3}, .environments = eighth, .environment_count = 1, .limit = 20}, 20},
};

static int ask(struct world *world, size_t question)
{
    struct audit_row *rows = NULL;
    size_t count = 0;
    steps_taken(world);
    CHECK_OK(
        store_query_audit(world->store, &world->arena, &questions[question].query, &rows, &count));
    CHECK_INT(count, questions[question].found);
    return steps_taken(world);
}

TEST(a_long_trail_makes_no_search_slower)
{
    struct world world;
    int steps[COUNT_OF(questions)];
    uint64_t version = 0;
    world_open(&world);
    add_needles(&world);
    add_hay(&world, &version);
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        steps[i] = ask(&world, i);
    add_hay(&world, &version);
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        CHECK(ask(&world, i) <= steps[i] + 20);
    world_close(&world);
}

static int load_step(struct world *world, uint64_t version)
{
    struct revision_row *rows = NULL;
    struct revision_row *before = NULL;
    size_t count = 0;
    steps_taken(world);
    CHECK_OK(store_load_step(world->store, &world->arena, 1, version, &rows, &before, &count));
    CHECK_INT(count, 1);
    return steps_taken(world);
}

TEST(a_long_history_makes_no_step_slower)
{
    struct world world;
    world_open(&world);
    for (int i = 0; i < 300; i++)
        change(&world, STR("k"), STR("{}"));
    int early = load_step(&world, 100);
    for (int i = 0; i < 600; i++)
        change(&world, STR("k"), STR("{}"));
    CHECK(load_step(&world, 100) <= early + 10);
    CHECK(load_step(&world, 900) <= early + 10);
    world_close(&world);
}

TESTS(a_long_trail_makes_no_search_slower, a_long_history_makes_no_step_slower)
