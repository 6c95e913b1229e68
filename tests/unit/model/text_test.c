/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of the text family: spelled one way, each sin refused where it is, by both doors. */
#include "text_fixture.h"

TEST(a_full_text_flag_is_spelled_as_it_was)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct flag flag;
    CHECK_OK(flag_decode(&arena, str_of(text_flag), &flag));
    CHECK_STR(fixture_text(&arena, &flag), str_of(text_flag));
    CHECK(flag.is_archived);
    CHECK(!flag.is_on_all_deployments);
    CHECK_INT(flag.deployment_count, 3);
    CHECK_INT(flag.evaluation_mode, EVALUATION_LOCAL);
    CHECK(!flag.variations[0].has_payload);
    CHECK(flag.variations[2].has_payload);
    CHECK_INT(flag.variations[1].included_count, 2);
    CHECK(str_is_absent(flag.fallthrough.bucket.slices[0].allocations[1].variation));
    CHECK(str_is_absent(flag.rules[0].serve.variation));
    CHECK(str_is_absent(flag.rules[1].serve.bucket.otherwise));
    const struct serve *progressive = &flag.rules[2].serve;
    CHECK_INT(progressive->kind, SERVE_PROGRESSIVE_BUCKET);
    CHECK(progressive->schedule.end_ms - progressive->schedule.start_ms == 86400000);
    CHECK_INT(progressive->bucket.slices[0].percent, 5);
    CHECK_INT(progressive->bucket.slices[0].percent_to, 55);
    CHECK(flag.experiment.is_sticky);
    arena_close(&arena);
}

TEST(a_copy_of_a_text_flag_borrows_nothing)
{
    struct arena from;
    struct arena to;
    arena_open(&from, 16384);
    arena_open(&to, 16384);
    size_t size = sizeof(text_flag) - 1;
    char *text = arena_copy(&from, text_flag, size);
    struct flag flag;
    CHECK_OK(flag_decode(&from, (struct str){text, size}, &flag));
    struct flag copy = flag_copy(&to, &flag);
    memset(text, '#', size);
    memset(flag.deployments, 7, flag.deployment_count * sizeof(flag.deployments[0]));
    arena_close(&from);
    CHECK_STR(fixture_text(&to, &copy), str_of(text_flag));
    arena_close(&to);
}

/* Documents stored before there was a second family say nothing of what it brought. */
TEST(an_old_document_means_what_it_meant)
{
    static const char old[] =
        "{\"id\":\"flag_1\",\"key\":\"k\",\"kind\":\"experiment\",\"type\":\"boolean\","
        "\"description\":\"\",\"tags\":[],\"owner\":\"\",\"lifecycle\":\"archived\","
        "\"enabled\":true,\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\",\"comparison\":\"typed\"},"
        "\"variations\":[{\"id\":\"on\",\"value\":true}],\"offVariation\":\"on\","
        "\"fallthrough\":{\"variation\":\"on\"},"
        "\"prerequisites\":[{\"flag\":\"gate\",\"variations\":[]}]}";
    struct arena arena;
    arena_open(&arena, 16384);
    struct flag flag;
    CHECK_OK(flag_decode(&arena, str_of(old), &flag));
    CHECK_STR(fixture_text(&arena, &flag), str_of(old));
    CHECK(flag.is_on_all_deployments);
    CHECK(!flag.is_archived);
    CHECK_INT(flag.evaluation_mode, EVALUATION_REMOTE);
    CHECK(str_is_absent(flag.name));
    arena_close(&arena);
}

TEST(a_flag_on_no_deployment_says_so)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct flag flag = fixture_flag(&arena, STR("k"));
    flag.is_on_all_deployments = false;
    struct str text = fixture_text(&arena, &flag);
    CHECK(str_contains(text, STR("\"deployments\":[],")));
    struct flag again;
    CHECK_OK(flag_decode(&arena, text, &again));
    CHECK(!again.is_on_all_deployments);
    CHECK_INT(again.deployment_count, 0);
    arena_close(&arena);
}

struct sin {
    const char *find, *replace, *where;
};

#define PROGRESSIVE "$.rules[2].serve.progressiveBucket"

static const struct sin sins[] = {
    {"\"name\":\"Button colour\"", "\"name\":7", "$.name"},
    {"\"archived\":true", "\"archived\":1", "$.archived"},
    {"\"local\"", "\"hybrid\"", "$.evaluationMode"},
    {"murmur3_32_utf8", "fnv1a_32_utf16", "$.arithmetic"},
    {"\"comparison\":\"text\"", "\"comparison\":\"typed\"", "$.arithmetic"},
    {"[1,42,", "[1,1,", "$.deployments"},
    {"[1,42,", "[0,42,", "$.deployments[0]"},
    {"[1,42,", "[\"1\",42,", "$.deployments[0]"},
    {"[1,42,", "[1,42.5,", "$.deployments[1]"},
    {"9007199254740991]", "9007199254740992]", "$.deployments[2]"},
    {"[1,42,9007199254740991]", "null", "$.deployments"},
    {"\"bucketBy\":\"/context/user/user_id\"", "\"bucketBy\":\"user_id\"", "$.bucketBy"},
    {"\"bucketBy\":\"/context/user/user_id\"", "\"bucketBy\":\"/a~2\"", "$.bucketBy"},
    {"\"bucketBy\":\"/context/user/user_id\"", "\"bucketBy\":\"/a~\"", "$.bucketBy"},
    {"\"bucketBy\":\"/context/user/user_id\"", "\"bucketBy\":\"/result/x/key\"", "$.bucketBy"},
    {"\"org id\"", "\"\"", "$.bucketingUnit"},
    {"\"payload\":{", "\"payoff\":{", "$.variations[1].payoff"},
    {"\"device-9\"", "\"ann\"", "$.variations.teal.included[1]"},
    {"\"device-9\"", "\"\"", "$.variations.teal.included[1]"},
    {"\"device-9\"", "9", "$.variations.teal.included"},
    {"kx82mf0a", "kx 82", "$.variations.teal.cohorts[0]"},
    {"kx82mf0a", "", "$.variations.teal.cohorts[0]"},
    {"[\"kx82mf0a\"]", "[\"a\",\"a\"]", "$.variations.teal.cohorts[1]"},
    {"\"bucketBy\":\"/context/user/amplitude_id\"", "\"bucketBy\":\"\"",
     "$.fallthrough.bucket.bucketBy"},
    {"amplitude_id\",\"salt\":\"s\"", "amplitude_id\",\"salt\":null", "$.fallthrough.bucket.salt"},
    {"\"percent\":40", "\"percent\":41", "$.fallthrough.bucket.slices"},
    {"\"percent\":40", "\"percent\":4294967336", "$.fallthrough.bucket.slices"},
    {"\"percent\":40", "\"percent\":-1", "$.fallthrough.bucket.slices[0].percent"},
    {"\"percent\":40", "\"percent\":39.5", "$.fallthrough.bucket.slices[0].percent"},
    {"\"weight\":3", "\"weight\":3,\"share\":1",
     "$.fallthrough.bucket.slices[0].variations[1].share"},
    {"\"variation\":\"control\",\"weight\":1", "\"variation\":\"blue\",\"weight\":1",
     "$.fallthrough.bucket.slices[0].variations[0].variation"},
    {"\"variation\":\"control\",\"weight\":1", "\"variation\":\"teal\",\"weight\":1",
     "$.fallthrough.bucket.slices[0].variations[2].variation"},
    {"\"otherwise\":\"off\"", "\"otherwise\":\"none\"", "$.fallthrough.bucket.otherwise"},
    {"{\"bucket\":{\"bucketBy\"", "{\"bucket\":{\"bucketUp\"", "$.fallthrough.bucket.bucketUp"},
    {"\"serve\":{\"variation\":null}", "\"serve\":{\"variation\":\"blue\"}",
     "$.rules[0].serve.variation"},
    {"\"serve\":{\"variation\":null}",
     "\"serve\":{\"rollout\":{\"variations\":[{\"variation\":\"teal\",\"weight\":1}]}}",
     "$.rules[0].serve"},
    {"\"start\":\"2031-01-01T00:00:00Z\",", "", PROGRESSIVE ".start"},
    {"\"end\":\"2031-01-02T00:00:00Z\",", "", PROGRESSIVE ".end"},
    {"2031-01-02T00:00:00Z", "tomorrow", PROGRESSIVE ".end"},
    {"2031-01-02T00:00:00Z", "2031-01-01T00:00:00Z", PROGRESSIVE},
    {"2031-01-02T00:00:00Z\",", "2031-01-02T00:00:00Z\",\"until\":1,", PROGRESSIVE ".until"},
    {"/result/read/key\",\"salt\"", "/result/others/key\",\"salt\"", PROGRESSIVE ".bucketBy"},
    {"\"salt\":\"q\"", "\"salt\":4", PROGRESSIVE ".salt"},
    {"\"from\":5,", "", PROGRESSIVE ".slices[0].from"},
    {"\"from\":5,", "\"percent\":5,", PROGRESSIVE ".slices[0].percent"},
    {"\"from\":5", "\"from\":-5", PROGRESSIVE ".slices[0].from"},
    {"\"from\":5", "\"from\":6", PROGRESSIVE ".slices"},
    {"\"to\":55,", "", PROGRESSIVE ".slices[0].to"},
    {"\"to\":55", "\"to\":55.5", PROGRESSIVE ".slices[0].to"},
    {"\"to\":55", "\"to\":56", PROGRESSIVE ".slices"},
    {"\"to\":55", "\"to\":4294967351", PROGRESSIVE ".slices"},
    {"\"weight\":2", "\"weight\":2.5", PROGRESSIVE ".slices[0].variations[0].weight"},
    {"\"variation\":\"teal\",\"weight\":2", "\"variation\":\"blue\",\"weight\":2",
     PROGRESSIVE ".slices[0].variations[0].variation"},
    {"\"otherwise\":\"control\"", "\"otherwise\":\"blue\"", PROGRESSIVE ".otherwise"},
    {"{\"progressiveBucket\":{\"start\"", "{\"progressive\":{\"start\"",
     "$.rules[2].serve.progressive.bucketBy"},
    {"{\"progressiveBucket\":{\"start\"", "{\"bucket\":{\"start\"",
     "$.rules[2].serve.bucket.start"},
    {"\"schedule\":{\"start\":\"2031-01-03T00:00:00Z\"}", "\"schedule\":{\"start\":3}",
     "$.rules[2].schedule.start"},
    {"/context/user/country", "country", "$.rules[0].when.expressions[0].attribute"},
    {"/context/user/country", "", "$.rules[0].when.expressions[0].attribute"},
    {"\"text is\"", "\"eq\"", "$.rules[0].when.expressions[0].operator"},
    {"\"text is\"", "\"is\"", "$.rules[0].when.expressions[0].operator"},
    {"[\"Norway\",\"\"]", "[]", "$.rules[0].when.expressions[0].value"},
    {"[\"Norway\",\"\"]", "\"Norway\"", "$.rules[0].when.expressions[0].value"},
    {"\"value\":[\"Norway\",\"\"]", "\"value\":null", "$.rules[0].when.expressions[0].value"},
    {",\"value\":[\"Norway\",\"\"]", "", "$.rules[0].when.expressions[0].value"},
    {"[\"Norway\",\"\"]", "[\"Norway\",7]", "$.rules[0].when.expressions[0].value[1]"},
    {"/result/read/key", "/result/others/key", "$.rules[0].when.expressions[1].attribute"},
    {"/result/read/key", "/result/", "$.rules[0].when.expressions[1].attribute"},
    {"{\"op\":\"match\",\"attribute\":\"/context/user/country\",\"operator\":\"text is\","
     "\"value\":[\"Norway\",\"\"]}",
     "{\"op\":\"segment\",\"segment\":\"eu\"}", "$.rules[0].when.expressions[0].segment"},
    {"\"kind\":\"experiment\"", "\"kind\":\"flag\"", "$.experiment"},
    {"\"kind\":\"experiment\"", "\"kind\":\"mutex\"", "$.variations"},
    {"\"kind\":\"experiment\"", "\"kind\":\"holdout\"", "$.variations"},
    {"a-b-test", "ab", "$.experiment.type"},
    {"\"sticky\":true", "\"sticky\":\"yes\"", "$.experiment.sticky"},
    {"2025-05-01", "May", "$.experiment.start"},
    {"2025-06-01T00:00:00Z", "", "$.experiment.end"},
    {"\"decision\":\"rollout\"", "\"decision\":\"maybe\"", "$.experiment.decision"},
    {"\"decisionReason\":", "\"reason\":", "$.experiment.reason"},
    {"{\"event_type\":\"opened\",\"filters\":[]}", "[]", "$.experiment.exposureEvent"},
};

TEST(a_text_flag_with_one_sin_is_refused_there)
{
    struct arena arena;
    arena_open(&arena, 16384);
    for (size_t i = 0; i < COUNT_OF(sins); i++) {
        const char *at = strstr(text_flag, sins[i].find);
        assert_non_null(at);
        struct str text = arena_format(&arena, "%.*s%s%s", (int)(at - text_flag), text_flag,
                                       sins[i].replace, at + strlen(sins[i].find));
        struct flag flag;
        struct fault fault = flag_decode(&arena, text, &flag);
        if (!str_equal(fault.where, str_of(sins[i].where)))
            fprintf(stderr, "replacing %s by %s:\n", sins[i].find, sins[i].replace);
        CHECK_STR(fault.where, str_of(sins[i].where));
        CHECK(failed(fault));
        arena_reset(&arena);
    }
    arena_close(&arena);
}

/* What a decoder makes of these would be the same; a dialect that builds flags by hand may not. */
TEST(a_text_flag_made_by_hand_keeps_the_same_rules)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct flag flag = text_fixture(&arena);
    flag.is_on_all_deployments = true;
    CHECK_STR(flag_check(&arena, &flag).where, STR("$.deployments"));

    flag = text_fixture(&arena);
    flag.bucket_by = STR("/a~0b~1");
    CHECK_OK(flag_check(&arena, &flag));
    flag.bucket_by = STR("/a~0b~");
    CHECK_STR(flag_check(&arena, &flag).where, STR("$.bucketBy"));

    flag = text_fixture(&arena);
    flag.variations[1].included[0] = STR("caf\xe9");
    CHECK_STR(flag_check(&arena, &flag).where, STR("$.variations.teal.included[0]"));

    flag = text_fixture(&arena);
    flag.rules[2].serve.schedule.end = (struct str){0};
    CHECK_STR(flag_check(&arena, &flag).where, STR(PROGRESSIVE ".end"));

    flag = text_fixture(&arena);
    flag.rules[2].serve.schedule.end_ms++;
    CHECK_STR(flag_check(&arena, &flag).where, STR(PROGRESSIVE ".end"));

    flag = text_fixture(&arena);
    flag.rules[2].serve.bucket.slices[1].percent_to = UINT32_MAX;
    CHECK_STR(flag_check(&arena, &flag).where, STR(PROGRESSIVE ".slices"));
    arena_close(&arena);
}

TEST(a_typed_flag_has_nothing_of_the_text_family)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct str names[] = {STR("a")};
    struct slice slices[] = {{.percent = 100}};
    struct flag flags[10];
    const char *where[] = {"$.variations.off.included",
                           "$.variations.off.cohorts",
                           "$.bucketBy",
                           "$.bucketingUnit",
                           "$.salt",
                           "$.fallthrough",
                           "$.rules[0].when.operator",
                           "$.experiment.sticky",
                           "$.fallthrough.variation",
                           "$.fallthrough"};
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        flags[i] = fixture_flag(&arena, STR("k"));
    flags[0].variations[0].included = names;
    flags[0].variations[0].included_count = 1;
    flags[1].variations[0].cohorts = names;
    flags[1].variations[0].cohort_count = 1;
    flags[2].bucket_by = STR("/context/user/user_id");
    flags[3].bucketing_unit = STR("org");
    flags[4].salt = STR("s");
    flags[5].fallthrough =
        (struct serve){.kind = SERVE_BUCKET, .bucket = {.slices = slices, .slice_count = 1}};
    fixture_rule(&arena, &flags[6], fixture_match(STR("plan"), json_make_string(STR("pro"))));
    flags[6].rules[0].when.operator= OPERATOR_TEXT_IS;
    flags[7].kind = FLAG_KIND_EXPERIMENT;
    flags[7].experiment.is_sticky = true;
    flags[8].fallthrough.variation = (struct str){0};
    flags[9].fallthrough = text_fixture(&arena).rules[2].serve;
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        check_both_doors(&arena, &flags[i], FAULT_INVALID, str_of(where[i]));
    arena_close(&arena);
}

/* What it may have all the same. */
TEST(a_typed_flag_may_be_local_archived_named_and_deployed)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct flag flag = fixture_flag(&arena, STR("k"));
    uint64_t deployments[] = {3};
    flag.name = STR("Named");
    flag.is_archived = true;
    flag.evaluation_mode = EVALUATION_LOCAL;
    flag.is_on_all_deployments = false;
    flag.deployments = deployments;
    flag.deployment_count = 1;
    flag.variations[0].has_payload = true;
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    arena_close(&arena);
}

TESTS(a_full_text_flag_is_spelled_as_it_was, a_copy_of_a_text_flag_borrows_nothing,
      an_old_document_means_what_it_meant, a_flag_on_no_deployment_says_so,
      a_text_flag_with_one_sin_is_refused_there, a_text_flag_made_by_hand_keeps_the_same_rules,
      a_typed_flag_has_nothing_of_the_text_family,
      a_typed_flag_may_be_local_archived_named_and_deployed)
