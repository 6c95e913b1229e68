/* SPDX-License-Identifier: Apache-2.0 */
/* Managed flags as flag configurations: amplitude-evaluation.md 4 and 9, row by row. */
#include "dialect/amplitude/configuration_encode.h"

#include "evaluation_fixture.h"

static struct flag holdout(struct arena *arena)
{
    static const uint32_t weights[] = {5, 95};
    struct flag flag = site_flag(arena, "holdout-kqzvbtra", "holdout,on");
    flag.kind = FLAG_KIND_HOLDOUT;
    flag.salt = STR("TR3k0aPz");
    flag.deployment_count = 0;
    flag.fallthrough = site_rollout(arena, &flag, 100, weights, 2);
    return flag;
}

static struct flag button_colour(struct arena *arena)
{
    static const uint32_t halves[] = {1, 1};
    struct flag flag = site_flag(arena, "button-colour", "control,treatment");
    struct variation *treatment = &flag.variations[1];
    flag.kind = FLAG_KIND_EXPERIMENT;
    treatment->has_payload = true;
    CHECK_OK(
        json_parse(arena, STR("{\"hex\":\"#088\"}"), &json_budget_default, &treatment->payload));
    treatment->included = site_texts(arena, "qa-1,qa-2", &treatment->included_count);
    site_require(arena, &flag, "holdout-kqzvbtra", "on");
    site_rule(arena, &flag, "Nordics",
              site_match(arena, "/context/user/country", OPERATOR_TEXT_IS, "Norway"),
              site_rollout(arena, &flag, 60, halves, 2));
    flag.fallthrough = site_rollout(arena, &flag, 0, halves, 2);
    return flag;
}

/* Section 4.3, with the parent behind the flag that needs it. */
static const char documented[] =
    "[{\"key\":\"button-colour\","
    " \"dependencies\":[\"holdout-kqzvbtra\"],"
    " \"metadata\":{\"deployed\":true,\"evaluationMode\":\"local\",\"experimentKey\":\"exp-1\","
    "             \"flagType\":\"experiment\",\"flagVersion\":12},"
    " \"segments\":["
    "  {\"conditions\":[[{\"selector\":[\"context\",\"user\",\"user_id\"],\"op\":\"is\","
    "                   \"values\":[\"qa-1\",\"qa-2\"]}],"
    "                 [{\"selector\":[\"context\",\"user\",\"device_id\"],\"op\":\"is\","
    "                   \"values\":[\"qa-1\",\"qa-2\"]}]],"
    "   \"metadata\":{\"segmentName\":\"individual-inclusions\"},\"variant\":\"treatment\"},"
    "  {\"conditions\":[[{\"selector\":[\"result\",\"holdout-kqzvbtra\",\"key\"],"
    "                   \"op\":\"is not\",\"values\":[\"on\"]}]],"
    "   \"metadata\":{\"segmentName\":\"flag-dependencies\"},\"variant\":\"off\"},"
    "  {\"bucket\":{\"selector\":[\"context\",\"user\",\"device_id\"],\"salt\":\"Zt4hN0ve\","
    "     \"allocations\":[{\"range\":[0,60],\"distributions\":["
    "       {\"variant\":\"control\",\"range\":[0,21474837]},"
    "       {\"variant\":\"treatment\",\"range\":[21474836,42949673]}]}]},"
    "   \"conditions\":[[{\"selector\":[\"context\",\"user\",\"country\"],\"op\":\"is\","
    "                   \"values\":[\"Norway\"]}]],"
    "   \"metadata\":{\"segmentName\":\"Nordics\"},\"variant\":\"off\"},"
    "  {\"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"off\"}],"
    " \"variants\":{\"control\":{\"key\":\"control\",\"value\":\"control\"},"
    "   \"off\":{\"key\":\"off\",\"metadata\":{\"default\":true}},"
    "   \"treatment\":{\"key\":\"treatment\",\"payload\":{\"hex\":\"#088\"},"
    "                 \"value\":\"treatment\"}}},"
    "{\"key\":\"holdout-kqzvbtra\","
    " \"metadata\":{\"deployed\":false,\"evaluationMode\":\"local\","
    "             \"flagType\":\"holdout-group\",\"flagVersion\":1},"
    " \"segments\":[{\"bucket\":{\"selector\":[\"context\",\"user\",\"device_id\"],"
    "     \"salt\":\"TR3k0aPz\",\"allocations\":[{\"range\":[0,100],\"distributions\":["
    "       {\"variant\":\"holdout\",\"range\":[0,2147484]},"
    "       {\"variant\":\"on\",\"range\":[2147483,42949673]}]}]},"
    "   \"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"off\"}],"
    " \"variants\":{"
    "   \"holdout\":{\"key\":\"holdout\",\"payload\":{\"flagIds\":[]},\"value\":\"holdout\"},"
    "   \"off\":{\"key\":\"off\",\"metadata\":{\"default\":true}},"
    "   \"on\":{\"key\":\"on\",\"payload\":{\"flagIds\":[\"183511\"]},\"value\":\"on\"}}}]";

TEST(the_documented_flags_are_the_documented_configurations)
{
    struct site site;
    site_open(&site);
    site_add(&site, holdout(&site.arena), 183601, 1);
    site_add(&site, button_colour(&site.arena), 183511, 12);
    site_publish(&site);
    site_check_json(&site, site_get(&site, amplitude_get_flags, "/sdk/v2/flags?v=0"), documented);
    site_forget(&site);
    site_close(&site);
}

/* The configuration of one flag as the only one of a site. */
static void check_flag(struct site *site, const struct flag *flag, bool is_remote_told,
                       const char *segments)
{
    struct buf buf;
    const struct configuration_input input = {
        .flag = flag, .sequence = 4, .is_remote_told = is_remote_told};
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("{\"metadata\":{\"deployed\":true"));
    configuration_encode(&buf, &site->arena, &input);
    struct json json = site_parse(site, arena_copy_str(&site->arena, buf_str(&buf)));
    struct json expected = site_parse(site, str_of(segments));
    buf_clear(&buf);
    json_append_canonical(&buf, json_find(&json, STR("segments")));
    if (!json_equal(json_find(&json, STR("segments")), &expected))
        fprintf(stderr, "got      %.*s\nexpected %s\n", STR_ARG(buf_str(&buf)), segments);
    CHECK(json_equal(json_find(&json, STR("segments")), &expected));
    buf_close(&buf);
}

#define OTHERS_OFF "{\"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"off\"}"
#define OFF "[{\"metadata\":{\"segmentName\":\"default\"},\"variant\":\"off\"}]"

TEST(nobody_and_everybody_need_no_bucket)
{
    static const uint32_t one[] = {0, 7};
    static const uint32_t none[] = {0, 0};
    struct site site;
    site_open(&site);
    struct flag flag = site_flag(&site.arena, "f", "a,b");
    flag.fallthrough = site_rollout(&site.arena, &flag, 0, one, 2);
    check_flag(&site, &flag, false, "[" OTHERS_OFF "]");
    flag.fallthrough = site_rollout(&site.arena, &flag, 60, none, 0);
    check_flag(&site, &flag, false, "[" OTHERS_OFF "]");
    flag.fallthrough = site_rollout(&site.arena, &flag, 100, one, 2);
    flag.fallthrough.bucket.otherwise = STR("b");
    check_flag(&site, &flag, false,
               "[{\"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"b\"}]");
    site_close(&site);
}

/* Then it is for those who have what is bucketed. */
TEST(a_bucket_for_one_that_leaves_others_off_stays_a_bucket)
{
    static const uint32_t one[] = {1};
    struct site site;
    site_open(&site);
    struct flag flag = site_flag(&site.arena, "f", "on");
    flag.fallthrough = site_rollout(&site.arena, &flag, 100, one, 1);
    check_flag(&site, &flag, false,
               "[{\"bucket\":{\"selector\":[\"context\",\"user\",\"device_id\"],"
               "\"salt\":\"Zt4hN0ve\",\"allocations\":[{\"range\":[0,100],\"distributions\":["
               "{\"variant\":\"on\",\"range\":[0,42949673]}]}]},"
               "\"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"off\"}]");
    site_close(&site);
}

/* Section 9.7's table, and weights that are all zero. */
TEST(weights_become_the_captured_ranges)
{
    static const struct {
        uint32_t weights[2], ranges[4];
    } rows[] = {
        {{1, 1}, {0, 21474837, 21474836, 42949673}},
        {{1, 99}, {0, 429497, 429496, 42949673}},
        {{99, 1}, {0, 42520177, 42520175, 42949673}},
        {{0, 0}, {0, 21474837, 21474836, 42949673}},
    };
    struct site site;
    site_open(&site);
    struct flag flag = site_flag(&site.arena, "f", "a,b");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        flag.fallthrough = site_rollout(&site.arena, &flag, 100, rows[i].weights, 2);
        const uint32_t *ranges = rows[i].ranges;
        struct str expected = arena_format(
            &site.arena,
            "[{\"bucket\":{\"selector\":[\"context\",\"user\",\"device_id\"],\"salt\":\"Zt4hN0ve\","
            "\"allocations\":[{\"range\":[0,100],\"distributions\":["
            "{\"variant\":\"a\",\"range\":[%u,%u]},{\"variant\":\"b\",\"range\":[%u,%u]}]}]},"
            "\"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"off\"}]",
            ranges[0], ranges[1], ranges[2], ranges[3]);
        check_flag(&site, &flag, false, expected.data);
    }
    site_close(&site);
}

TEST(who_is_off_or_remote_shows_one_segment)
{
    static const uint32_t one[] = {1};
    struct site site;
    site_open(&site);
    struct flag flag = site_flag(&site.arena, "f", "on");
    flag.fallthrough = site_rollout(&site.arena, &flag, 100, one, 1);
    site_rule(&site.arena, &flag, "secret",
              site_match(&site.arena, "/context/user/user_id", OPERATOR_TEXT_IS, "boss"),
              flag.fallthrough);
    flag.evaluation_mode = EVALUATION_REMOTE;
    check_flag(&site, &flag, false, OFF);
    flag.is_enabled = false;
    check_flag(&site, &flag, true, OFF);
    flag.evaluation_mode = EVALUATION_LOCAL;
    check_flag(&site, &flag, false, OFF);
    site_close(&site);
}

TEST(what_cannot_be_said_is_a_stub)
{
    struct site site;
    site_open(&site);
    struct flag flag = site_flag(&site.arena, "f", "on");
    CHECK(str_is_absent(configuration_obstacle(&flag)));
    flag.schedule = (struct schedule){.start = STR("2030-01-01T00:00:00Z")};
    CHECK(!str_is_absent(configuration_obstacle(&flag)));
    check_flag(&site, &flag, true, OFF);
    flag.schedule = (struct schedule){0};
    flag.fallthrough.kind = SERVE_PROGRESSIVE_BUCKET;
    CHECK(!str_is_absent(configuration_obstacle(&flag)));
    check_flag(&site, &flag, true, OFF);
    flag.fallthrough.kind = SERVE_BUCKET;
    flag.arithmetic.hash = FLAG_HASH_MURMUR3_32_PERCENT;
    CHECK_STR(configuration_obstacle(&flag),
              STR("it deals its variations as another system does, which these SDKs cannot"));
    check_flag(&site, &flag, true, OFF);
    flag.arithmetic.hash = FLAG_HASH_MURMUR3_32_UTF8;
    flag.fallthrough.kind = SERVE_VARIATION;
    site_rule(&site.arena, &flag, "slowly", (struct expression){.kind = EXPRESSION_ALL},
              site_rollout(&site.arena, &flag, 0, (const uint32_t[]){1}, 1));
    CHECK(str_is_absent(configuration_obstacle(&flag)));
    flag.rules[0].serve.kind = SERVE_PROGRESSIVE_BUCKET;
    CHECK(!str_is_absent(configuration_obstacle(&flag)));
    check_flag(&site, &flag, true, OFF);
    flag.arithmetic = (struct arithmetic){FLAG_HASH_FNV1A_32_UTF16, FLAG_COMPARISON_TYPED};
    check_flag(&site, &flag, true, OFF);
    CHECK(!configuration_is_whole(&flag, true));
    site_close(&site);
}

TEST(inclusions_come_first_then_parents_then_who_had_it)
{
    struct site site;
    site_open(&site);
    struct flag flag = site_flag(&site.arena, "f", "a,b");
    flag.variations[0].cohorts =
        site_texts(&site.arena, "kx82mf0a", &flag.variations[0].cohort_count);
    flag.experiment.is_sticky = true;
    site_require(&site.arena, &flag, "mutex-lane", "slot-1,slot-2");
    site_require(&site.arena, &flag, "read-only", "");
    site_require(&site.arena, &flag, "holdout-x", "on");
    check_flag(
        &site, &flag, false,
        "[{\"conditions\":[[{\"selector\":[\"context\",\"user\",\"cohort_ids\"],"
        "\"op\":\"set contains any\",\"values\":[\"kx82mf0a\"]}]],"
        "\"metadata\":{\"segmentName\":\"individual-inclusions\"},\"variant\":\"a\"},"
        "{\"conditions\":[[{\"selector\":[\"result\",\"mutex-lane\",\"key\"],\"op\":\"is not\","
        "\"values\":[\"slot-1\",\"slot-2\"]}],[{\"selector\":[\"result\",\"holdout-x\",\"key\"],"
        "\"op\":\"is not\",\"values\":[\"on\"]}]],"
        "\"metadata\":{\"segmentName\":\"flag-dependencies\"},\"variant\":\"off\"},"
        "{\"conditions\":[[{\"selector\":[\"context\",\"user\",\"user_properties\","
        "\"[Experiment] f\"],\"op\":\"is\",\"values\":[\"a\"]}]],"
        "\"metadata\":{\"segmentName\":\"sticky-bucketing\"},\"variant\":\"a\"},"
        "{\"conditions\":[[{\"selector\":[\"context\",\"user\",\"user_properties\","
        "\"[Experiment] f\"],\"op\":\"is\",\"values\":[\"b\"]}]],"
        "\"metadata\":{\"segmentName\":\"sticky-bucketing\"},\"variant\":\"b\"}," OTHERS_OFF "]");
    site_close(&site);
}

static struct expression combine(struct arena *arena, enum expression_kind kind,
                                 struct expression a, struct expression b)
{
    struct expression *children = ARENA_NEW_ARRAY(arena, struct expression, 2);
    children[0] = a;
    children[1] = b;
    return (struct expression){.kind = kind, .children = children, .child_count = 2};
}

/* Selectors with slashes and blanks in them; globs as anchored expressions; alternatives. */
TEST(conditions_say_what_the_expression_says)
{
    struct site site;
    site_open(&site);
    struct arena *arena = &site.arena;
    struct flag flag = site_flag(arena, "f", "on");
    struct serve on = {.kind = SERVE_VARIATION, .variation = STR("on")};
    struct expression old =
        site_match(arena, "/context/user/version", OPERATOR_TEXT_VERSION_LESS_OR_EQUAL, "1.2.3");
    struct expression odd =
        site_match(arena, "/context/groups/org id/group_properties/a~1b~0c", OPERATOR_TEXT_IS, "x");
    struct expression glob = site_match(arena, "/context/user/user_properties/mail",
                                        OPERATOR_TEXT_GLOB_MATCH, "?@x.org");
    site_rule(arena, &flag, "",
              combine(arena, EXPRESSION_ANY, combine(arena, EXPRESSION_ALL, old, odd), glob), on);
    struct expression never = {.kind = EXPRESSION_ANY};
    site_rule(arena, &flag, "never", never, on);
    struct expression everybody = {.kind = EXPRESSION_ALL};
    site_rule(arena, &flag, "everybody", combine(arena, EXPRESSION_ANY, old, everybody), on);
    check_flag(&site, &flag, false,
               "[{\"conditions\":[[{\"selector\":[\"context\",\"user\",\"version\"],"
               "\"op\":\"version less or equal\",\"values\":[\"1.2.3\"]},"
               "{\"selector\":[\"context\",\"groups\",\"org id\",\"group_properties\",\"a/b~c\"],"
               "\"op\":\"is\",\"values\":[\"x\"]}],"
               "[{\"selector\":[\"context\",\"user\",\"user_properties\",\"mail\"],"
               "\"op\":\"regex match\",\"values\":[\"^(?:[^/]@x\\\\.org)$\"]}]],"
               "\"metadata\":{\"segmentName\":\"rule-0\"},\"variant\":\"on\"},"
               "{\"metadata\":{\"segmentName\":\"everybody\"},\"variant\":\"on\"}," OTHERS_OFF "]");
    struct expression not = {.kind = EXPRESSION_NOT, .children = &old, .child_count = 1};
    site_rule(arena, &flag, "not", not, on);
    check_flag(&site, &flag, false, OFF);
    site_close(&site);
}

/* 9.4 and the bucketing unit of 9.10; a salt and a selector of the segment's own. */
TEST(groups_are_bucketed_by_their_name)
{
    static const uint32_t half[] = {1};
    struct site site;
    site_open(&site);
    struct flag flag = site_flag(&site.arena, "f", "on");
    flag.bucketing_unit = STR("org id");
    flag.fallthrough = site_rollout(&site.arena, &flag, 50, half, 1);
    check_flag(&site, &flag, false,
               "[{\"bucket\":{\"selector\":[\"context\",\"groups\",\"org id\",\"group_name\"],"
               "\"salt\":\"Zt4hN0ve\",\"allocations\":[{\"range\":[0,50],\"distributions\":["
               "{\"variant\":\"on\",\"range\":[0,42949673]}]}]},"
               "\"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"off\"}]");
    /* Whatever a segment says about people; its salt is its own. */
    flag.fallthrough.bucket.bucket_by = STR("/context/user/user_properties/plan");
    flag.fallthrough.bucket.salt = STR("other");
    check_flag(&site, &flag, false,
               "[{\"bucket\":{\"selector\":[\"context\",\"groups\",\"org id\",\"group_name\"],"
               "\"salt\":\"other\",\"allocations\":[{\"range\":[0,50],\"distributions\":["
               "{\"variant\":\"on\",\"range\":[0,42949673]}]}]},"
               "\"metadata\":{\"segmentName\":\"All Other Users\"},\"variant\":\"off\"}]");
    site_close(&site);
}

/* Slots, their rest and their members' numbers: section 9.8. */
TEST(a_mutex_group_rides_along_with_its_members_numbers)
{
    static const uint32_t weights[] = {40, 50, 10};
    struct site site;
    site_open(&site);
    struct flag mutex = site_flag(&site.arena, "mutex-lane", "slot-1,slot-2,unallocated");
    mutex.kind = FLAG_KIND_MUTEX;
    mutex.deployment_count = 0;
    mutex.fallthrough = site_rollout(&site.arena, &mutex, 100, weights, 3);
    struct flag a = site_flag(&site.arena, "a", "on");
    site_require(&site.arena, &a, "mutex-lane", "slot-1");
    struct flag b = site_flag(&site.arena, "b", "on");
    b.deployment_count = 0; /* a member elsewhere is a member all the same */
    site_require(&site.arena, &b, "mutex-lane", "slot-1,slot-2");
    struct flag lonely = holdout(&site.arena);
    site_add(&site, mutex, 100, 2);
    site_add(&site, a, 101, 2);
    site_add(&site, b, 102, 2);
    site_add(&site, lonely, 103, 2);
    site_publish(&site);
    struct json flags = site_parse(&site, site_get(&site, amplitude_get_flags, "/sdk/v2/flags"));
    CHECK_INT(flags.count, 2);
    CHECK_STR(json_find(&flags.elements[0], STR("key"))->string, STR("a"));
    const struct json *variants = json_find(&flags.elements[1], STR("variants"));
    struct json expected =
        site_parse(&site, STR("{\"slot-1\":{\"key\":\"slot-1\",\"value\":\"slot-1\","
                              "\"payload\":{\"flagIds\":[\"101\",\"102\"]}},"
                              "\"slot-2\":{\"key\":\"slot-2\",\"value\":\"slot-2\","
                              "\"payload\":{\"flagIds\":[\"102\"]}},"
                              "\"unallocated\":{\"key\":\"unallocated\",\"value\":\"unallocated\","
                              "\"payload\":{\"flagIds\":[]}},"
                              "\"off\":{\"key\":\"off\",\"metadata\":{\"default\":true}}}"));
    CHECK(json_equal(variants, &expected));
    site_forget(&site);
    site_close(&site);
}

TESTS(the_documented_flags_are_the_documented_configurations, nobody_and_everybody_need_no_bucket,
      a_bucket_for_one_that_leaves_others_off_stays_a_bucket, weights_become_the_captured_ranges,
      who_is_off_or_remote_shows_one_segment, what_cannot_be_said_is_a_stub,
      inclusions_come_first_then_parents_then_who_had_it, conditions_say_what_the_expression_says,
      groups_are_bucketed_by_their_name, a_mutex_group_rides_along_with_its_members_numbers)
