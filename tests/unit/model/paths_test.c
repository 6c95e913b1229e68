/* SPDX-License-Identifier: Apache-2.0 */
/* What leans on what: the vendor's example shop (vectors dependencyPaths, impactPaths), and worse.
 */
#include "environment_fixture.h"

static const struct flag_row shop_flags[] = {
    {.key = "kill-switch"},
    {.key = "maintenance"},
    {.key = "gate"},
    {.key = "gated", .prerequisites = {"gate"}},
    {.key = "gated-on-disabled", .prerequisites = {"kill-switch"}},
    {.key = "gated-fails", .prerequisites = {"kill-switch"}},
    {.key = "gated-chain", .prerequisites = {"gated-fails"}},
    {.key = "gated-empty", .prerequisites = {"gate"}},
    {.key = "gated-two", .prerequisites = {"gate", "maintenance"}},
    {.key = "cycle-a", .prerequisites = {"cycle-b"}},
    {.key = "cycle-b", .prerequisites = {"cycle-a"}},
    {.key = "cycle-self", .prerequisites = {"cycle-self"}},
    {.key = "theme", .segments = {"staff", "eu"}},
    {.key = "eu-staff-only", .segments = {"eu-staff"}},
    {.key = "outside-eu", .segments = {"not-eu"}},
    {.key = "outside-eu-inline", .segments = {"eu"}},
    {.key = "loop-seg", .segments = {"loopA"}},
};

static const struct segment_row shop_segments[] = {
    {.key = "staff"},
    {.key = "eu"},
    {.key = "eu-staff", .segments = {"staff", "eu"}},
    {.key = "not-eu", .segments = {"eu"}},
    {.key = "loopA", .segments = {"loopB"}},
    {.key = "loopB", .segments = {"loopA"}},
};

static struct environment_state shop(struct arena *arena)
{
    return fixture_tables(arena, shop_flags, COUNT_OF(shop_flags), shop_segments,
                          COUNT_OF(shop_segments));
}

static struct str resource_text(struct arena *arena, struct resource resource)
{
    const char *kind = resource.kind == RESOURCE_FLAG ? "flag" : "segment";
    return arena_format(arena, "%s:%.*s", kind, STR_ARG(resource.key));
}

/* "flag:a -prerequisite- flag:b", one line a path. */
static struct str path_text(struct arena *arena, const struct resource_path *path)
{
    const char *names[] = {"prerequisite", "flag_segment", "segment_segment"};
    struct str text = resource_text(arena, path->resources[0]);
    for (size_t i = 0; i < path->relationship_count; i++) {
        struct str next = resource_text(arena, path->resources[i + 1]);
        text = arena_format(arena, "%.*s -%s- %.*s", STR_ARG(text), names[path->relationships[i]],
                            STR_ARG(next));
    }
    return text;
}

static void check_paths(enum path_direction direction, struct resource start,
                        const char *const *expected, size_t expected_count)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct environment_state state = shop(&arena);
    struct resource_path *paths = NULL;
    size_t count = environment_paths(&arena, &state, start, direction, 100, &paths);
    for (size_t i = 0; i < count && i < expected_count; i++)
        CHECK_STR(path_text(&arena, &paths[i]), str_of(expected[i]));
    CHECK_INT(count, expected_count);
    arena_close(&arena);
}

TEST(a_chain_of_prerequisites_is_followed)
{
    const char *expected[] = {
        "flag:gated-chain -prerequisite- flag:gated-fails",
        "flag:gated-chain -prerequisite- flag:gated-fails -prerequisite- flag:kill-switch",
    };
    check_paths(PATH_DEPENDENCIES, (struct resource){RESOURCE_FLAG, STR("gated-chain")}, expected,
                COUNT_OF(expected));
}

TEST(segments_are_followed_into_segments)
{
    const char *expected[] = {
        "flag:eu-staff-only -flag_segment- segment:eu-staff",
        "flag:eu-staff-only -flag_segment- segment:eu-staff -segment_segment- segment:eu",
        "flag:eu-staff-only -flag_segment- segment:eu-staff -segment_segment- segment:staff",
    };
    check_paths(PATH_DEPENDENCIES, (struct resource){RESOURCE_FLAG, STR("eu-staff-only")}, expected,
                COUNT_OF(expected));
}

TEST(a_segment_shows_all_it_would_break)
{
    const char *expected[] = {
        "segment:eu -flag_segment- flag:outside-eu-inline",
        "segment:eu -flag_segment- flag:theme",
        "segment:eu -segment_segment- segment:eu-staff",
        "segment:eu -segment_segment- segment:eu-staff -flag_segment- flag:eu-staff-only",
        "segment:eu -segment_segment- segment:not-eu",
        "segment:eu -segment_segment- segment:not-eu -flag_segment- flag:outside-eu",
    };
    check_paths(PATH_IMPACT, (struct resource){RESOURCE_SEGMENT, STR("eu")}, expected,
                COUNT_OF(expected));
}

TEST(a_flag_shows_all_it_would_break)
{
    const char *expected[] = {
        "flag:kill-switch -prerequisite- flag:gated-fails",
        "flag:kill-switch -prerequisite- flag:gated-fails -prerequisite- flag:gated-chain",
        "flag:kill-switch -prerequisite- flag:gated-on-disabled",
    };
    check_paths(PATH_IMPACT, (struct resource){RESOURCE_FLAG, STR("kill-switch")}, expected,
                COUNT_OF(expected));
}

TEST(a_cycle_is_walked_until_it_closes)
{
    const char *expected[] = {"flag:cycle-a -prerequisite- flag:cycle-b"};
    check_paths(PATH_DEPENDENCIES, (struct resource){RESOURCE_FLAG, STR("cycle-a")}, expected, 1);
    check_paths(PATH_IMPACT, (struct resource){RESOURCE_FLAG, STR("cycle-a")}, expected, 1);
    check_paths(PATH_DEPENDENCIES, (struct resource){RESOURCE_FLAG, STR("cycle-self")}, NULL, 0);
    const char *behind[] = {
        "flag:loop-seg -flag_segment- segment:loopA",
        "flag:loop-seg -flag_segment- segment:loopA -segment_segment- segment:loopB",
    };
    check_paths(PATH_DEPENDENCIES, (struct resource){RESOURCE_FLAG, STR("loop-seg")}, behind, 2);
}

TEST(what_leans_on_nothing_has_no_paths)
{
    check_paths(PATH_DEPENDENCIES, (struct resource){RESOURCE_FLAG, STR("gate")}, NULL, 0);
    check_paths(PATH_IMPACT, (struct resource){RESOURCE_FLAG, STR("theme")}, NULL, 0);
    check_paths(PATH_DEPENDENCIES, (struct resource){RESOURCE_FLAG, STR("no-such")}, NULL, 0);
    check_paths(PATH_DEPENDENCIES, (struct resource){RESOURCE_SEGMENT, STR("gate")}, NULL, 0);
}

TEST(an_edge_said_twice_is_one_edge)
{
    struct arena arena;
    arena_open(&arena, 65536);
    const struct flag_row flags[] = {
        {.key = "f", .prerequisites = {"h", "g", "h"}, .segments = {"s", "s", "gone"}},
        {.key = "g"},
        {.key = "h"},
    };
    const struct segment_row segments[] = {{.key = "s"}};
    struct environment_state state = fixture_tables(&arena, flags, 3, segments, 1);
    struct resource_path *paths = NULL;
    struct resource start = {RESOURCE_FLAG, STR("f")};
    CHECK_INT(environment_paths(&arena, &state, start, PATH_DEPENDENCIES, 100, &paths), 3);
    CHECK_STR(paths[0].resources[1].key, STR("g"));
    CHECK_STR(paths[1].resources[1].key, STR("h"));
    CHECK_STR(paths[2].resources[1].key, STR("s"));
    CHECK_INT(environment_paths(&arena, &state, start, PATH_DEPENDENCIES, 2, &paths), 2);
    CHECK_INT(environment_paths(&arena, &state, start, PATH_DEPENDENCIES, 0, &paths), 0);
    arena_close(&arena);
}

/* Ten layers of three, each leaning on all of the next: 3^9 ways through, cut off in time. */
TEST(more_paths_than_asked_for_are_cut_off)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag *flags[30];
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        flags[i] = ARENA_NEW(&arena, struct flag);
        *flags[i] = fixture_flag(&arena, arena_format(&arena, "k%02zu", i));
        for (size_t j = 0; i / 3 < 9 && j < 3; j++)
            fixture_require(&arena, flags[i], arena_format(&arena, "k%02zu", (i / 3 + 1) * 3 + j));
    }
    struct environment_state state = fixture_state(flags, COUNT_OF(flags), NULL, 0);
    struct resource_path *paths = NULL;
    struct resource start = {RESOURCE_FLAG, STR("k00")};
    CHECK_INT(environment_paths(&arena, &state, start, PATH_DEPENDENCIES, 1000, &paths), 1000);
    for (size_t i = 1; i < 1000; i++)
        CHECK(paths[i].relationship_count <= paths[i - 1].relationship_count + 1);
    CHECK_INT(environment_paths(&arena, &state, start, PATH_DEPENDENCIES, SIZE_MAX, &paths),
              (59049 - 3) / 2);
    arena_close(&arena);
}

TESTS(a_chain_of_prerequisites_is_followed, segments_are_followed_into_segments,
      a_segment_shows_all_it_would_break, a_flag_shows_all_it_would_break,
      a_cycle_is_walked_until_it_closes, what_leans_on_nothing_has_no_paths,
      an_edge_said_twice_is_one_edge, more_paths_than_asked_for_are_cut_off)
