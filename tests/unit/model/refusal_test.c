/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sin at a time: a good document with one place changed is refused there, in these words. The
 * wording of what the vendor's validator also refuses is the vendor's (vectors va-020..va-103).
 */
#include "fixture.h"

struct sin {
    const char *find, *replace;
    const char *where, *why;
};

static const char good_flag[] =
    "{\"id\":\"flag_1\",\"key\":\"k\",\"kind\":\"flag\",\"type\":\"boolean\","
    "\"description\":\"d\",\"tags\":[\"t\"],\"owner\":\"o\",\"lifecycle\":\"active\","
    "\"enabled\":true,\"visibility\":\"client\","
    "\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\",\"comparison\":\"typed\"},"
    "\"variations\":[{\"id\":\"off\",\"value\":false},"
    "{\"id\":\"on\",\"value\":true,\"name\":\"On\"}],\"offVariation\":\"off\","
    "\"fallthrough\":{\"rollout\":{\"variations\":[{\"variation\":\"on\",\"weight\":60000},"
    "{\"variation\":\"off\",\"weight\":40000}],\"bucketBy\":\"account\",\"salt\":\"s\"}},"
    "\"prerequisites\":[{\"flag\":\"gate\",\"variations\":[\"good\"]}],"
    "\"rules\":[{\"id\":\"r\",\"when\":{\"op\":\"all\",\"expressions\":["
    "{\"op\":\"match\",\"attribute\":\"plan\",\"operator\":\"eq\",\"value\":\"pro\"},"
    "{\"op\":\"not\",\"expression\":{\"op\":\"segment\",\"segment\":\"eu\"}}]},"
    "\"serve\":{\"progressive\":{\"start\":\"2031-01-01T00:00:00Z\","
    "\"end\":\"2031-01-02T00:00:00Z\",\"from\":{\"variations\":["
    "{\"variation\":\"on\",\"weight\":10}],\"salt\":\"p\"},\"to\":{\"variations\":["
    "{\"variation\":\"on\",\"weight\":20}],\"bucketBy\":\"b\"}}},"
    "\"schedule\":{\"start\":\"2031-01-03T00:00:00Z\"},\"description\":\"x\"}],"
    "\"schedule\":{\"start\":\"2030-01-01T00:00:00Z\",\"end\":\"2032-01-01T00:00:00Z\"},"
    "\"metadata\":{\"a\":1}}";

#define ROLLOUT "$.fallthrough.rollout"
#define RULE "$.rules[0]"
#define MATCH RULE ".when.expressions[0]"
#define NEGATION RULE ".when.expressions[1]"
#define PROGRESSIVE RULE ".serve.progressive"
#define UNKNOWN "is not a known member"
#define INSTANT "must be an ISO-8601 instant"
#define VARIATION "must reference a variation on this flag"
#define KEY "must be letters, digits, '.', '_' or '-', beginning with a letter or digit"

static const struct sin flag_sins[] = {
    {"\"id\":\"flag_1\",", "", "$.id", "must be a string"},
    {"\"id\":\"flag_1\"", "\"id\":7", "$.id", "must be a string"},
    {"\"key\":\"k\",", "", "$.key", "must be a string"},
    {"\"key\":\"k\"", "\"key\":\"\"", "$.key", KEY},
    {"\"key\":\"k\"", "\"key\":\".k\"", "$.key", KEY},
    {"\"key\":\"k\"", "\"key\":\"k k\"", "$.key", KEY},
    {"\"key\":\"k\"", "\"key\":\"k\",\"color\":1", "$.color", UNKNOWN},
    {"\"key\":\"k\"", "\"key\":\"k\",\"\":1", "$.", UNKNOWN},
    {"\"kind\":\"flag\"", "\"kind\":\"group\"", "$.kind",
     "must be flag, experiment, mutex, or holdout"},
    {"\"kind\":\"flag\",", "", "$.kind", "must be flag, experiment, mutex, or holdout"},
    {"\"type\":\"boolean\"", "\"type\":\"bool\"", "$.type",
     "must be boolean, string, number, or object"},
    {"\"type\":\"boolean\"", "\"type\":\"string\"", "$.variations.off.value",
     "must match declared flag type string"},
    {"\"description\":\"d\",", "", "$.description", "must be a string"},
    {"\"description\":\"d\"", "\"description\":null", "$.description", "must be a string"},
    {"\"owner\":\"o\",", "", "$.owner", "must be a string"},
    {"\"tags\":[\"t\"],", "", "$.tags", "must be an array of non-empty strings"},
    {"[\"t\"]", "[\"t\",\" \"]", "$.tags", "must be an array of non-empty strings"},
    {"[\"t\"]", "[1]", "$.tags", "must be an array of non-empty strings"},
    {"[\"t\"]", "[\"t\",\"u\",\"t\"]", "$.tags", "must not contain duplicates"},
    {"\"active\"", "\"retired\"", "$.lifecycle", "must be draft, active, deprecated, or archived"},
    {"\"enabled\":true,", "", "$.enabled", "must be a boolean"},
    {"\"enabled\":true", "\"enabled\":1", "$.enabled", "must be a boolean"},
    {"\"visibility\":\"client\"", "\"visibility\":\"public\"", "$.visibility",
     "must be client or server"},
    {"\"visibility\":\"client\"", "\"visibility\":null", "$.visibility",
     "must be client or server"},
    {"\"fnv1a_32_utf16\"", "\"md5\"", "$.arithmetic.hash", "is not supported"},
    {"\"comparison\":\"typed\"", "\"comparison\":\"loose\"", "$.arithmetic.comparison",
     "is not supported"},
    {",\"comparison\":\"typed\"", "", "$.arithmetic.comparison", "is not supported"},
    {"\"comparison\":\"typed\"", "\"comparison\":\"typed\",\"seed\":0", "$.arithmetic.seed",
     UNKNOWN},
    {"\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\",\"comparison\":\"typed\"},", "", "$.arithmetic",
     "must be an object"},
    {"[{\"id\":\"off\",\"value\":false},{\"id\":\"on\",\"value\":true,\"name\":\"On\"}]", "[]",
     "$.variations", "must have at least one variation"},
    {"[{\"id\":\"off\",\"value\":false},{\"id\":\"on\",\"value\":true,\"name\":\"On\"}]", "{}",
     "$.variations", "must be an array"},
    {"{\"id\":\"off\",\"value\":false}", "false", "$.variations[0]", "must be an object"},
    {"\"id\":\"off\",", "", "$.variations[0].id", "must be a non-empty string"},
    {"\"id\":\"on\"", "\"id\":\"\"", "$.variations[1].id", "must be a non-empty string"},
    {"\"id\":\"on\"", "\"id\":\"off\"", "$.variations[1].id", "must be unique within the flag"},
    {"\"value\":true", "\"value\":null", "$.variations.on.value", "must be a non-null JSON value"},
    {"\"value\":true,", "", "$.variations.on.value", "must be a non-null JSON value"},
    {"\"value\":true", "\"value\":1", "$.variations.on.value",
     "must match declared flag type boolean"},
    {"\"value\":true", "\"value\":\"true\"", "$.variations.on.value",
     "must match declared flag type boolean"},
    {"\"name\":\"On\"", "\"name\":5", "$.variations.on.name", "must be a string"},
    {"\"name\":\"On\"", "\"weight\":5", "$.variations[1].weight", UNKNOWN},
    {"\"offVariation\":\"off\"", "\"offVariation\":\"nope\"", "$.offVariation", VARIATION},
    {"\"offVariation\":\"off\",", "", "$.offVariation", VARIATION},
    {"{\"rollout\":{\"variations\":[{\"variation\":\"on\",\"weight\":60000},"
     "{\"variation\":\"off\",\"weight\":40000}],\"bucketBy\":\"account\",\"salt\":\"s\"}}",
     "5", "$.fallthrough", "must be an object"},
    {"{\"rollout\":{\"variations\":[{\"variation\":\"on\",\"weight\":60000},"
     "{\"variation\":\"off\",\"weight\":40000}],\"bucketBy\":\"account\",\"salt\":\"s\"}}",
     "{}", "$.fallthrough", "must specify exactly one of variation, rollout, or progressive"},
    {"{\"rollout\":{", "{\"variation\":null,\"rollout\":{", "$.fallthrough",
     "must specify exactly one of variation, rollout, or progressive"},
    {"{\"rollout\":{", "{\"else\":1,\"rollout\":{", "$.fallthrough.else", UNKNOWN},
    {"[{\"variation\":\"on\",\"weight\":60000},{\"variation\":\"off\",\"weight\":40000}]", "[]",
     ROLLOUT, "must contain a non-empty variations array"},
    {"\"salt\":\"s\"", "\"salt\":\"s\",\"seed\":1", ROLLOUT ".seed", UNKNOWN},
    {"\"variation\":\"on\",\"weight\":60000", "\"variation\":\"zz\",\"weight\":60000",
     ROLLOUT ".variations[0].variation", VARIATION},
    {"\"variation\":\"on\",\"weight\":60000", "\"weight\":60000",
     ROLLOUT ".variations[0].variation", VARIATION},
    {"\"variation\":\"off\",\"weight\":40000", "\"variation\":\"on\",\"weight\":40000",
     ROLLOUT ".variations[1].variation", "must be unique within the rollout"},
    {"60000", "2.5", ROLLOUT ".variations[0].weight", "must be a non-negative integer"},
    {"60000", "-1", ROLLOUT ".variations[0].weight", "must be a non-negative integer"},
    {"60000", "\"6\"", ROLLOUT ".variations[0].weight", "must be a non-negative integer"},
    {"60000", "60001", ROLLOUT, "weights must total at most 100000"},
    {"60000", "4294967297", ROLLOUT, "weights must total at most 100000"},
    {"60000", "9007199254740992", ROLLOUT ".variations[0].weight",
     "must be a non-negative integer"},
    {"{\"variation\":\"on\",\"weight\":60000}", "60000", ROLLOUT ".variations[0]",
     "must be an object"},
    {"\"bucketBy\":\"account\"", "\"bucketBy\":5", ROLLOUT ".bucketBy", "must be a string"},
    {"\"salt\":\"s\"", "\"salt\":null", ROLLOUT ".salt", "must be a string"},
    {"[{\"flag\":\"gate\",\"variations\":[\"good\"]}]", "{}", "$.prerequisites",
     "must be an array"},
    {"{\"flag\":\"gate\",\"variations\":[\"good\"]}", "\"gate\"", "$.prerequisites[0]",
     "must be an object"},
    {"\"flag\":\"gate\"", "\"flag\":\"\"", "$.prerequisites[0].flag",
     "must reference an existing flag"},
    {"\"flag\":\"gate\"", "\"flag\":\"k\"", "$.prerequisites[0].flag",
     "must reference another flag"},
    {"[\"good\"]", "\"good\"", "$.prerequisites[0].variations",
     "must be an array of variation ids"},
    {"[\"good\"]", "[\"good\",\"\"]", "$.prerequisites[0].variations[1]", "must be a variation id"},
    {"\"id\":\"r\",", "", RULE ".id", "must be a non-empty string"},
    {"\"id\":\"r\"", "\"id\":\"\"", RULE ".id", "must be a non-empty string"},
    {"\"rules\":[",
     "\"rules\":[{\"id\":\"r\",\"when\":{\"op\":\"any\",\"expressions\":[]},"
     "\"serve\":{\"variation\":\"on\"}},",
     "$.rules[1].id", "must be unique within the flag"},
    {"\"rules\":[", "\"rules\":[3,", RULE, "must be an object"},
    {"\"id\":\"r\"", "\"id\":\"r\",\"if\":1", RULE ".if", UNKNOWN},
    {"\"op\":\"all\"", "\"op\":\"xor\"", RULE ".when.op", "is not supported"},
    {"\"op\":\"all\",", "", RULE ".when.op", "is not supported"},
    {"\"op\":\"all\"", "\"op\":\"all\",\"expression\":{}", RULE ".when.expression", UNKNOWN},
    {"\"attribute\":\"plan\"", "\"attribute\":\"\"", MATCH ".attribute",
     "must be a non-empty string"},
    {"\"attribute\":\"plan\",", "", MATCH ".attribute", "must be a non-empty string"},
    {"\"operator\":\"eq\"", "\"operator\":\"regex\"", MATCH ".operator", "is not supported"},
    {",\"value\":\"pro\"", "", MATCH ".value", "is required for this operator"},
    {"\"value\":\"pro\"", "\"value\":1,\"negate\":true", MATCH ".negate", UNKNOWN},
    {",\"expression\":{\"op\":\"segment\",\"segment\":\"eu\"}", "", NEGATION ".expression",
     "must be a targeting expression"},
    {"{\"op\":\"segment\",\"segment\":\"eu\"}", "[]", NEGATION ".expression",
     "must be a targeting expression"},
    {"\"segment\":\"eu\"", "\"segment\":\"\"", NEGATION ".expression.segment",
     "must reference an existing segment"},
    {"\"segment\":\"eu\"", "\"segment\":\"eu\",\"negate\":1", NEGATION ".expression.negate",
     "must be a boolean"},
    {"\"start\":\"2031-01-01T00:00:00Z\",", "", PROGRESSIVE ".start", INSTANT},
    {"\"end\":\"2031-01-02T00:00:00Z\"", "\"end\":\"2031-01-02\"", PROGRESSIVE ".end", INSTANT},
    {"\"end\":\"2031-01-02T00:00:00Z\"", "\"end\":\"2031-01-01T00:00:00Z\"", PROGRESSIVE,
     "start must be before end"},
    {"\"from\":{\"variations\":[{\"variation\":\"on\",\"weight\":10}],\"salt\":\"p\"},", "",
     PROGRESSIVE ".from", "must contain a non-empty variations array"},
    {"\"weight\":20}],\"bucketBy\":\"b\"", "\"weight\":20}],\"salt\":\"q\"", PROGRESSIVE,
     "from and to must use the same salt"},
    {"\"salt\":\"p\"", "\"bucketBy\":\"a\"", PROGRESSIVE, "from and to must use the same bucketBy"},
    {"\"weight\":20", "\"weight\":100001", PROGRESSIVE ".to", "weights must total at most 100000"},
    {"\"schedule\":{\"start\":\"2031-01-03T00:00:00Z\"}", "\"schedule\":null", RULE ".schedule",
     "must be an object"},
    {"\"2031-01-03T00:00:00Z\"", "\"2031-13-03T00:00:00Z\"", RULE ".schedule.start", INSTANT},
    {"\"description\":\"x\"", "\"description\":[]", RULE ".description", "must be a string"},
    {"\"end\":\"2032-01-01T00:00:00Z\"", "\"end\":\"2030-01-01T00:00:00Z\"", "$.schedule",
     "start must be before end"},
    {"\"end\":\"2032-01-01T00:00:00Z\"", "\"until\":\"2030-01-01T00:00:00Z\"", "$.schedule.until",
     UNKNOWN},
    {"{\"a\":1}", "[]", "$.metadata", "must contain only JSON values"},
    {"{\"a\":1}", "null", "$.metadata", "must contain only JSON values"},
};

static const char good_segment[] =
    "{\"id\":\"segment_1\",\"key\":\"eu\",\"description\":\"d\",\"visibility\":\"client\","
    "\"included\":[\"a\"],\"excluded\":[\"b\"],\"rules\":[{\"op\":\"match\","
    "\"attribute\":\"country\",\"operator\":\"in\",\"value\":[\"DE\"]}],"
    "\"schedule\":{\"start\":\"2031-01-01T00:00:00Z\"}}";

static const struct sin segment_sins[] = {
    {"\"id\":\"segment_1\",", "", "$.id", "must be a string"},
    {"\"key\":\"eu\"", "\"key\":\"e u\"", "$.key", KEY},
    {"\"key\":\"eu\"", "\"key\":\"eu\",\"owner\":\"x\"", "$.owner", UNKNOWN},
    {"\"description\":\"d\"", "\"description\":0", "$.description", "must be a string"},
    {"\"visibility\":\"client\"", "\"visibility\":\"x\"", "$.visibility",
     "must be client or server"},
    {"[\"a\"]", "[1]", "$.included", "must be an array of targeting keys"},
    {"[\"b\"]", "\"b\"", "$.excluded", "must be an array of targeting keys"},
    {"\"rules\":[", "\"rules\":[{\"op\":\"segment\"},", "$.rules[0].segment",
     "must reference an existing segment"},
    {"\"operator\":\"in\"", "\"operator\":\"IN\"", "$.rules[0].operator", "is not supported"},
    {"2031-01-01T00:00:00Z", "soon", "$.schedule.start", INSTANT},
};

static const char good_settings[] =
    "{\"form\":\"auto\",\"hidesFlagsByDefault\":false,\"metadata\":{\"a\":1}}";

static const struct sin settings_sins[] = {
    {"\"auto\"", "\"hybrid\"", "$.form", "must be auto, legacy, or core"},
    {"false", "0", "$.hidesFlagsByDefault", "must be a boolean"},
    {"{\"a\":1}", "7", "$.metadata", "must contain only JSON values"},
    {"\"form\"", "\"theme\":1,\"form\"", "$.theme", UNKNOWN},
};

static struct str with_sin(struct arena *arena, const char *good, const struct sin *sin)
{
    const char *at = strstr(good, sin->find);
    assert_non_null(at);
    return arena_format(arena, "%.*s%s%s", (int)(at - good), good, sin->replace,
                        at + strlen(sin->find));
}

static void check_sin(const struct sin *sin, struct fault fault)
{
    if (!str_equal(fault.where, str_of(sin->where)) || !str_equal(fault.why, str_of(sin->why)))
        fprintf(stderr, "replacing %s by %s:\n", sin->find, sin->replace);
    CHECK_STR(fault.where, str_of(sin->where));
    CHECK_STR(fault.why, str_of(sin->why));
    CHECK_FAULT(fault, FAULT_INVALID);
}

TEST(a_flag_with_one_sin_is_refused_there)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct flag flag;
    CHECK_OK(flag_decode(&arena, str_of(good_flag), &flag));
    for (size_t i = 0; i < COUNT_OF(flag_sins); i++)
        check_sin(&flag_sins[i],
                  flag_decode(&arena, with_sin(&arena, good_flag, &flag_sins[i]), &flag));
    arena_close(&arena);
}

TEST(a_segment_with_one_sin_is_refused_there)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct segment segment;
    CHECK_OK(segment_decode(&arena, str_of(good_segment), &segment));
    for (size_t i = 0; i < COUNT_OF(segment_sins); i++)
        check_sin(
            &segment_sins[i],
            segment_decode(&arena, with_sin(&arena, good_segment, &segment_sins[i]), &segment));
    arena_close(&arena);
}

TEST(settings_with_one_sin_are_refused_there)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct environment_settings settings;
    CHECK_OK(settings_decode(&arena, str_of(good_settings), &settings));
    for (size_t i = 0; i < COUNT_OF(settings_sins); i++)
        check_sin(
            &settings_sins[i],
            settings_decode(&arena, with_sin(&arena, good_settings, &settings_sins[i]), &settings));
    arena_close(&arena);
}

TEST(what_is_no_object_is_refused_at_the_root)
{
    struct arena arena;
    arena_open(&arena, 16384);
    const struct str texts[] = {STR("null"), STR("[]"), STR("\"x\""), STR("1")};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct flag flag;
        struct segment segment;
        struct environment_settings settings;
        struct fault fault = flag_decode(&arena, texts[i], &flag);
        CHECK_STR(fault.where, STR("$"));
        CHECK_STR(fault.why, STR("must be an object"));
        CHECK_FAULT(segment_decode(&arena, texts[i], &segment), FAULT_INVALID);
        CHECK_FAULT(settings_decode(&arena, texts[i], &settings), FAULT_INVALID);
    }
    struct flag flag;
    CHECK_FAULT(flag_decode(&arena, STR(""), &flag), FAULT_INVALID);
    CHECK_FAULT(flag_decode(&arena, STR("{\"id\":\"a\",\"id\":\"b\"}"), &flag), FAULT_INVALID);
    arena_close(&arena);
}

/* Structures a decoder never makes, because dialects build flags by hand. */
TEST(a_flag_made_by_hand_keeps_the_same_rules)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct flag flag = fixture_flag(&arena, STR("k"));
    flag.schedule = (struct schedule){.start = STR("2031-01-01T00:00:00Z"), .start_ms = 12345};
    CHECK_STR(flag_check(&arena, &flag).where, STR("$.schedule.start"));

    flag = fixture_flag(&arena, STR("k"));
    fixture_rule(&arena, &flag, fixture_around(&arena, EXPRESSION_NOT, (struct expression){0}, 0));
    CHECK_STR(flag_check(&arena, &flag).where, STR("$.rules[0].when.expression"));

    flag = fixture_flag(&arena, STR("k"));
    flag.owner = STR("caf\xe9");
    CHECK_STR(flag_check(&arena, &flag).where, STR("$.owner"));
    arena_close(&arena);
}

TESTS(a_flag_with_one_sin_is_refused_there, a_segment_with_one_sin_is_refused_there,
      settings_with_one_sin_are_refused_there, what_is_no_object_is_refused_at_the_root,
      a_flag_made_by_hand_keeps_the_same_rules)
