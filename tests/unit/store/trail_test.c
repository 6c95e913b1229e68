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

/* ---- what is rare ---------------------------------------------------------------------------- */

/* All pages of a question, none of which may look at many rows: how many rows there were, how many
 * pages it took, and that no row came twice or out of order. */
static size_t read_pages(struct world *world, struct audit_query query, size_t *pages)
{
    uint64_t looked_to = 0;
    uint64_t before = UINT64_MAX;
    size_t found = 0;
    query.looked_to = &looked_to;
    for (*pages = 1;; ++*pages) {
        struct audit_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(store_query_audit(world->store, &world->arena, &query, &rows, &count));
        CHECK(count <= query.limit);
        for (size_t i = 0; i < count; i++) {
            CHECK(rows[i].sequence < before);
            before = rows[i].sequence;
        }
        found += count;
        if (looked_to == 0 && count < query.limit)
            return found;
        CHECK(looked_to == 0 || looked_to <= before);
        query.below = looked_to != 0 ? looked_to : before;
    }
}

TEST(who_asks_for_something_rare_gets_short_pages)
{
    static const uint64_t both[] = {7, 8};
    static const struct audit_query rarities[] = {
        {.action = {"flag.rare", 9}},
        {.action = {"flag.rare", 9}, .actor = {"bob", 3}},
        {.action = {"flag.rare", 9}, .subject = {"hay", 3}},
        {.action = {"flag.rare", 9}, .environments = both, .environment_count = 2},
        {.action = {"flag.rare", 9}, .from_ms = 1, .to_ms = INT64_MAX},
    };
    struct world world;
    uint64_t version = 0;
    world_open(&world);
    struct audit_row rare = {
        .at_ms = now_ms, .actor = STR("bob"), .action = STR("flag.rare"), .subject = STR("hay")};
    for (size_t i = 0; i < 4; i++) {
        CHECK_OK(store_begin(world.store));
        rare.environment = i % 2 == 0 ? 7 : 8;
        append(&world, &rare);
        CHECK_OK(store_commit(world.store));
        add_needles(&world);
        add_hay(&world, &version);
    }
    for (size_t i = 0; i < COUNT_OF(rarities); i++) {
        struct audit_query query = rarities[i];
        size_t pages = 0;
        query.limit = 3;
        CHECK_INT(read_pages(&world, query, &pages), 4);
        CHECK_INT(pages, 2); /* three and one, however long it takes */
        query.looked_max = 100;
        CHECK_INT(read_pages(&world, query, &pages), 4);
        CHECK(pages > 4 * (size_t)HAY / 200);
        CHECK(pages < 4 * (size_t)HAY / 20);
    }
    world_close(&world);
}

/* Environments of which one has many rows, the other few, and a third none. */
TEST(short_pages_leave_nothing_out)
{
    static const uint64_t all[] = {7, 8, 9};
    static const size_t looked_max[] = {1, 7, 100, 1000000};
    static const size_t limits[] = {30, 1000};
    struct world world;
    uint64_t version = 0;
    world_open(&world);
    for (size_t i = 0; i < 3; i++) {
        add_needles(&world);
        add_hay(&world, &version);
    }
    for (size_t i = 0; i < COUNT_OF(looked_max) * COUNT_OF(limits); i++) {
        const struct audit_query query = {.environments = all,
                                          .environment_count = COUNT_OF(all),
                                          .takes_others = true,
                                          .action = STR("flag."),
                                          .limit = limits[i % COUNT_OF(limits)],
                                          .looked_max = looked_max[i / COUNT_OF(limits)]};
        size_t pages = 0;
        CHECK_INT(read_pages(&world, query, &pages), 3 * (NEEDLES + HAY));
    }
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

static int find_tombstone(struct world *world, struct str key, bool expected)
{
    struct revision_row tombstone;
    bool is_found = !expected;
    steps_taken(world);
    CHECK_OK(store_find_tombstone(world->store, &world->arena, 1, REVISION_FLAG, key, &tombstone,
                                  &is_found));
    CHECK(is_found == expected);
    return steps_taken(world);
}

static void end(struct world *world, struct str key)
{
    uint64_t version = 0;
    CHECK_OK(store_begin(world->store));
    CHECK_OK(store_advance_version(world->store, 1, now_ms, &version));
    const struct revision_row tombstone = {.kind = REVISION_FLAG,
                                           .object_id = STR("flag_1"),
                                           .key = key,
                                           .version_from = version,
                                           .is_tombstone = true};
    CHECK_OK(store_write_revision(world->store, 1, &tombstone));
    CHECK_OK(store_commit(world->store));
}

TEST(a_long_history_makes_no_look_for_a_tombstone_dearer)
{
    struct world world;
    world_open(&world);
    change(&world, STR("k"), STR("{}"));
    change(&world, STR("short"), STR("{}"));
    end(&world, STR("short"));
    int early = find_tombstone(&world, STR("k"), false);
    int early_unknown = find_tombstone(&world, STR("unknown"), false);
    int early_found = find_tombstone(&world, STR("short"), true);
    for (int i = 0; i < 900; i++)
        change(&world, STR("k"), STR("{}"));
    for (int i = 0; i < 300; i++)
        change(&world, arena_format(&world.arena, "other-%d", i), STR("{}"));
    CHECK(find_tombstone(&world, STR("k"), false) <= early + 10);
    CHECK(find_tombstone(&world, STR("unknown"), false) <= early_unknown + 10);
    end(&world, STR("k"));
    CHECK(find_tombstone(&world, STR("k"), true) <= early_found + 10);
    CHECK(find_tombstone(&world, STR("short"), true) <= early_found + 10);
    world_close(&world);
}

TESTS(a_long_trail_makes_no_search_slower, who_asks_for_something_rare_gets_short_pages,
      short_pages_leave_nothing_out, a_long_history_makes_no_step_slower,
      a_long_history_makes_no_look_for_a_tombstone_dearer)
