/* SPDX-License-Identifier: Apache-2.0 */
/* From a user object to the tree that selectors read: amplitude-evaluation.md 6. */
#include "dialect/amplitude/user.h"

#include "json/write.h"

#include "test.h"

static struct json parse(struct arena *arena, const char *text)
{
    struct json json;
    CHECK_OK(json_parse(arena, str_of(text), &json_budget_default, &json));
    return json;
}

static void check_tree(struct arena *arena, const struct json *tree, const char *expected)
{
    struct json wanted = parse(arena, expected);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    json_append_canonical(&buf, tree);
    if (!json_equal(tree, &wanted))
        fprintf(stderr, "got      %.*s\nexpected %s\n", STR_ARG(buf_str(&buf)), expected);
    buf_close(&buf);
    CHECK(json_equal(tree, &wanted));
}

/* Decodes one user and compares the tree. */
static void check_user(const char *text, const char *identity, const char *expected)
{
    struct arena arena;
    struct amplitude_user user;
    arena_open(&arena, 1024);
    struct json json = parse(&arena, text);
    CHECK_OK(user_decode(&arena, &json, &user));
    user_identify(&user, str_of(identity));
    check_tree(&arena, &user.tree, expected);
    arena_close(&arena);
}

TEST(members_stay_as_they_are_known_or_not)
{
    check_user(
        "{\"user_id\":\"u\",\"device_id\":null,\"mood\":[1,{}],\"user_properties\":{\"a\":1}}", "",
        "{\"user\":{\"user_id\":\"u\",\"device_id\":null,\"mood\":[1,{}],"
        "\"user_properties\":{\"a\":1}}}");
    check_user("{}", "", "{\"user\":{}}");
}

TEST(only_the_first_name_of_a_group_type_counts)
{
    check_user(
        "{\"groups\":{\"org\":[\"acme\",\"other\"],\"team\":\"blue\",\"none\":[],\"no\":\"\"},"
        "\"group_properties\":{\"org\":{\"acme\":{\"size\":9},\"other\":{\"size\":1}},"
        "\"team\":{\"blue\":{}}},"
        "\"group_cohort_ids\":{\"team\":{\"blue\":[\"c1\"]}}}",
        "",
        "{\"user\":{},\"groups\":{"
        "\"org\":{\"group_name\":\"acme\",\"group_properties\":{\"size\":9}},"
        "\"team\":{\"group_name\":\"blue\",\"cohort_ids\":[\"c1\"]}}}");
}

TEST(groups_of_odd_shapes_are_no_groups)
{
    check_user("{\"groups\":[\"acme\"]}", "", "{\"user\":{}}");
    check_user("{\"groups\":null,\"group_properties\":5,\"group_cohort_ids\":[]}", "",
               "{\"user\":{}}");
    check_user("{\"groups\":{\"org\":7,\"x\":null},\"group_properties\":\"text\"}", "",
               "{\"user\":{},\"groups\":{}}");
    check_user(
        "{\"groups\":{\"org\":[7]},\"group_properties\":{\"org\":{\"7\":{\"a\":1}}}}", "",
        "{\"user\":{},\"groups\":{\"org\":{\"group_name\":7,\"group_properties\":{\"a\":1}}}}");
}

TEST(the_identity_is_added_unless_the_caller_sent_one)
{
    check_user("{\"user_id\":\"u\"}", "u", "{\"user\":{\"user_id\":\"u\",\"amplitude_id\":\"u\"}}");
    check_user("{\"amplitude_id\":\"mine\"}", "u", "{\"user\":{\"amplitude_id\":\"mine\"}}");
    check_user("{\"amplitude_id\":null}", "u", "{\"user\":{\"amplitude_id\":\"u\"}}");
    check_user("{\"amplitude_id\":null}", "", "{\"user\":{\"amplitude_id\":null}}");
}

TEST(ids_are_read_as_text)
{
    struct arena arena;
    struct amplitude_user user;
    arena_open(&arena, 1024);
    struct json json =
        parse(&arena, "{\"user_id\":17,\"device_id\":\"d\",\"groups\":{\"a\":\"b\"}}");
    CHECK_OK(user_decode(&arena, &json, &user));
    CHECK_STR(user.user_id, STR("17"));
    CHECK_STR(user.device_id, STR("d"));
    CHECK(user.groups == json_find(&json, STR("groups")));
    json = parse(&arena, "{\"user_id\":{},\"groups\":{}}");
    CHECK_OK(user_decode(&arena, &json, &user));
    CHECK_STR(user.user_id, STR(""));
    CHECK_STR(user.device_id, STR(""));
    assert_null(user.groups);
    arena_close(&arena);
}

TEST(only_objects_are_users)
{
    struct arena arena;
    struct amplitude_user user;
    arena_open(&arena, 1024);
    const char *others[] = {"null", "[]", "\"u\"", "5", "true"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct json json = parse(&arena, others[i]);
        CHECK_FAULT(user_decode(&arena, &json, &user), FAULT_INVALID);
    }
    arena_close(&arena);
}

TEST(what_is_set_wins)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct json json = parse(&arena, "{\"user_id\":\"old\",\"a\":1}");
    struct json set = user_with(&arena, &json, STR("user_id"), STR("new"));
    set = user_with(&arena, &set, STR("device_id"), STR("d"));
    check_tree(&arena, &set, "{\"a\":1,\"user_id\":\"new\",\"device_id\":\"d\"}");
    arena_close(&arena);
}

TESTS(members_stay_as_they_are_known_or_not, only_the_first_name_of_a_group_type_counts,
      groups_of_odd_shapes_are_no_groups, the_identity_is_added_unless_the_caller_sent_one,
      ids_are_read_as_text, only_objects_are_users, what_is_set_wins)
