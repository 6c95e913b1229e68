/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/admin/difference.h"
#include "model/codec.h"
#include "test.h"

#define FLAG(id, key, rest)                                                                        \
    "{\"id\":\"" id "\",\"key\":\"" key                                                            \
    "\",\"kind\":\"flag\",\"type\":\"boolean\",\"description\":\"\",\"tags\":[],\"owner\":\"\","   \
    "\"lifecycle\":\"active\",\"enabled\":true,\"arithmetic\":{\"hash\":\"murmur3_32_utf8\","      \
    "\"comparison\":\"text\"}" rest                                                                \
    ",\"variations\":[{\"id\":\"on\",\"value\":true},{\"id\":\"off\",\"value\":false}],"           \
    "\"offVariation\":\"off\",\"fallthrough\":{\"variation\":\"on\"}}"

static const struct flag *flag_of(struct arena *arena, struct str text)
{
    struct flag *flag = ARENA_NEW(arena, struct flag);
    CHECK_OK(flag_decode(arena, text, flag));
    return flag;
}

static const struct segment *segment_of(struct arena *arena, struct str text)
{
    struct segment *segment = ARENA_NEW(arena, struct segment);
    CHECK_OK(segment_decode(arena, text, segment));
    return segment;
}

static struct str written(struct arena *arena, const struct environment_state *before,
                          const struct environment_state *after, bool is_across)
{
    const struct change_item *items = NULL;
    size_t count = difference_of_states(arena, before, after, is_across, &items);
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    difference_write_items(&writer, items, count);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(states_are_walked_side_by_side)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *kept = flag_of(&arena, STR(FLAG("flag_1", "b", "")));
    const struct flag *before[] = {flag_of(&arena, STR(FLAG("flag_2", "a", ""))), kept,
                                   flag_of(&arena, STR(FLAG("flag_3", "d", "")))};
    const struct flag *after[] = {kept, flag_of(&arena, STR(FLAG("flag_4", "c", ""))),
                                  flag_of(&arena, STR(FLAG("flag_3", "d", ",\"salt\":\"x\"")))};
    const struct segment *segment =
        segment_of(&arena, STR("{\"id\":\"segment_1\",\"key\":\"s\",\"included\":[]}"));
    const struct environment_state old = {
        .flags = before, .flag_count = 3, .segments = &segment, .segment_count = 1};
    const struct environment_state new = {
        .flags = after, .flag_count = 3, .settings = {.hides_flags_by_default = true}};
    const struct change_item *items = NULL;
    CHECK_INT(difference_of_states(&arena, &old, &new, false, &items), 5);
    CHECK_STR(items[0].key, STR("a"));
    CHECK_INT(items[0].operation, CHANGED_DELETE);
    CHECK_STR(items[1].key, STR("c"));
    CHECK_INT(items[1].operation, CHANGED_CREATE);
    CHECK_STR(items[2].key, STR("d"));
    CHECK_INT(items[2].operation, CHANGED_UPDATE);
    CHECK_INT(items[3].kind, REVISION_SEGMENT);
    CHECK_INT(items[3].operation, CHANGED_DELETE);
    CHECK_INT(items[4].kind, REVISION_SETTINGS);
    CHECK_INT(difference_of_states(&arena, &old, &old, false, &items), 0);
    arena_close(&arena);
}

TEST(an_update_is_its_differences_and_a_creation_the_whole_without_id)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *old = flag_of(&arena, STR(FLAG("flag_1", "a", "")));
    const struct flag *new = flag_of(&arena, STR(FLAG("flag_1", "a", ",\"salt\":\"x\"")));
    const struct environment_state empty = {0};
    const struct environment_state before = {.flags = &old, .flag_count = 1};
    const struct environment_state after = {.flags = &new, .flag_count = 1};
    CHECK_STR(written(&arena, &before, &after, false),
              STR("[{\"kind\":\"flag\",\"key\":\"a\",\"op\":\"update\",\"diff\":[{\"op\":\"add\","
                  "\"path\":\"/salt\",\"to\":\"x\"}]}]"));
    struct str made = written(&arena, &empty, &before, false);
    CHECK(str_contains(made, STR("\"op\":\"create\",\"diff\":[{\"op\":\"add\",\"path\":\"\","
                                 "\"to\":{\"key\":\"a\"")));
    struct str gone = written(&arena, &before, &empty, false);
    CHECK(str_contains(gone, STR("\"op\":\"delete\",\"diff\":[{\"op\":\"remove\",\"path\":\"\","
                                 "\"from\":{\"key\":\"a\"")));
    arena_close(&arena);
}

/* Ids, the numbers of deployments and when a cohort was uploaded mean nothing elsewhere. */
TEST(between_environments_identities_do_not_count)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *here = flag_of(&arena, STR(FLAG("flag_1", "a", ",\"deployments\":[1]")));
    const struct flag *there = flag_of(&arena, STR(FLAG("flag_2", "a", ",\"deployments\":[2]")));
    struct cohort_builder *builder = cohort_builder_open();
    struct cohort_members *members = NULL;
    CHECK_OK(cohort_builder_add(builder, STR("u-1")));
    CHECK_OK(cohort_builder_finish(builder, &members));
    const struct cohort one = {
        .id = STR("c"), .group_type = STR("User"), .modified_ms = 1, .size = 1, .members = members};
    struct cohort other = one;
    other.modified_ms = 2;
    const struct cohort *cohorts[] = {&one, &other};
    const struct environment_state before = {
        .flags = &here, .flag_count = 1, .cohorts = &cohorts[0], .cohort_count = 1};
    const struct environment_state after = {
        .flags = &there, .flag_count = 1, .cohorts = &cohorts[1], .cohort_count = 1};
    const struct change_item *items = NULL;
    CHECK_INT(difference_of_states(&arena, &before, &after, true, &items), 0);
    CHECK_INT(difference_of_states(&arena, &before, &after, false, &items), 2);
    cohort_members_release(members);
    arena_close(&arena);
}

TESTS(states_are_walked_side_by_side,
      an_update_is_its_differences_and_a_creation_the_whole_without_id,
      between_environments_identities_do_not_count)
