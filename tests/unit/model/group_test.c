/* SPDX-License-Identifier: Apache-2.0 */
#include "model/group.h"
#include "model/limits.h"
#include "test.h"

static struct flag named(struct flag group)
{
    group.id = STR("flag_1");
    group.key = STR("g");
    group.description = STR("");
    group.owner = STR("");
    return group;
}

TEST(groups_that_are_made_pass_the_check)
{
    struct arena arena;
    arena_open(&arena, 4096);
    uint32_t percents[SLOTS_PER_MUTEX_MAX];
    for (size_t i = 0; i < SLOTS_PER_MUTEX_MAX; i++)
        percents[i] = 5;
    for (size_t count = 1; count <= SLOTS_PER_MUTEX_MAX; count++) {
        struct flag mutex = named(group_make_mutex(&arena, percents, count));
        CHECK_OK(flag_check(&arena, &mutex));
        CHECK(flag_is_group(&mutex));
        CHECK_INT(group_percent(&mutex, STR("slot-1")), 5);
        CHECK_INT(group_percent(&mutex, STR("unallocated")), 100 - 5 * count);
    }
    for (uint32_t percent = 0; percent <= 100; percent++) {
        struct flag holdout = named(group_make_holdout(&arena, percent));
        CHECK_OK(flag_check(&arena, &holdout));
        CHECK_INT(group_percent(&holdout, STR("holdout")), percent);
        CHECK_INT(group_percent(&holdout, group_not_held_out), 100 - percent);
    }
    arena_close(&arena);
}

/* Who cannot be dealt is off, but where there is nothing to deal. */
TEST(one_slot_for_everybody_is_for_those_without_an_id_too)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const uint32_t whole = 100;
    const uint32_t half = 50;
    struct flag one = group_make_mutex(&arena, &whole, 1);
    CHECK_STR(one.fallthrough.bucket.otherwise, STR("slot-1"));
    struct flag two = group_make_mutex(&arena, &half, 1);
    CHECK_STR(two.fallthrough.bucket.otherwise, STR("off"));
    arena_close(&arena);
}

TEST(shares_of_other_serves_are_told_as_well)
{
    struct allocation allocations[] = {{STR("slot-1"), 30000}, {STR("slot-2"), 10000}};
    struct flag split = {.fallthrough = {.kind = SERVE_SPLIT,
                                         .split = {.allocations = allocations,
                                                   .allocation_count = COUNT_OF(allocations)}}};
    CHECK_INT(group_percent(&split, STR("slot-1")), 75);
    CHECK_INT(group_percent(&split, STR("slot-3")), 0);
    struct flag one = {.fallthrough = {.kind = SERVE_VARIATION, .variation = STR("slot-1")}};
    CHECK_INT(group_percent(&one, STR("slot-1")), 100);
    CHECK_INT(group_percent(&one, STR("slot-2")), 0);
    struct flag nothing = {.fallthrough = {.kind = SERVE_BUCKET}};
    CHECK_INT(group_percent(&nothing, STR("slot-1")), 0);
}

TEST(members_join_and_leave_without_touching_what_they_were)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct str on[] = {STR("on")};
    struct prerequisite others[] = {{STR("other"), on, 1}};
    const struct flag before = {.prerequisites = others, .prerequisite_count = 1};
    struct flag member = before;
    group_join(&arena, &member, STR("g"), STR("slot-2"));
    group_join(&arena, &member, STR("g"), STR("slot-1"));
    CHECK_INT(before.prerequisite_count, 1);
    CHECK_INT(member.prerequisite_count, 2);
    CHECK(group_has(&member, STR("g"), STR("slot-1")));
    CHECK(group_has(&member, STR("g"), STR("slot-2")));
    CHECK(!group_has_any(&before, STR("g")));

    struct flag joined = member;
    group_leave(&arena, &member, STR("g"), STR("slot-2"));
    CHECK(!group_has(&member, STR("g"), STR("slot-2")));
    CHECK(group_has(&joined, STR("g"), STR("slot-2")));
    group_leave(&arena, &member, STR("g"), STR("slot-1"));
    CHECK(!group_has_any(&member, STR("g")));
    CHECK_STR(member.prerequisites[0].flag, STR("other"));
    group_leave_all(&arena, &joined, STR("other"));
    CHECK_INT(joined.prerequisite_count, 1);
    CHECK_STR(joined.prerequisites[0].flag, STR("g"));
    CHECK_STR(others[0].flag, STR("other"));
    arena_close(&arena);
}

TEST(members_are_found_in_the_order_of_the_flags)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct str slots[] = {STR("slot-1"), STR("slot-2")};
    struct str on[] = {STR("on")};
    struct prerequisite first[] = {{STR("g"), slots, 1}, {STR("h"), on, 1}};
    struct prerequisite second[] = {{STR("g"), slots, 2}};
    const struct flag a = {.key = STR("a"), .prerequisites = first, .prerequisite_count = 2};
    const struct flag b = {.key = STR("b"), .prerequisites = second, .prerequisite_count = 1};
    const struct flag *flags[] = {&a, &b};
    const struct environment_state state = {.flags = flags, .flag_count = 2};
    const struct group_members members = group_members_find(&arena, &state);
    const size_t expected[] = {0, 1, 1};
    size_t count = 0;
    for (uint32_t i = group_members_first(&members, STR("g")); i != MAP_ABSENT;
         i = members.list[i].next)
        CHECK_INT(members.list[i].flag, expected[count++]);
    CHECK_INT(count, 3);
    CHECK_INT(members.list[group_members_first(&members, STR("h"))].flag, 0);
    CHECK_INT(group_members_first(&members, STR("nobody")), MAP_ABSENT);
    arena_close(&arena);
}

TESTS(groups_that_are_made_pass_the_check, one_slot_for_everybody_is_for_those_without_an_id_too,
      shares_of_other_serves_are_told_as_well,
      members_join_and_leave_without_touching_what_they_were,
      members_are_found_in_the_order_of_the_flags)
