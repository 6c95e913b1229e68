/* SPDX-License-Identifier: Apache-2.0 */
/* Documents survive the store: one spelling each, and nothing lost on the way. */
#include "fixture.h"

static const char full_flag[] =
    "{\"id\":\"flag_9\",\"key\":\"check.out-2\",\"kind\":\"experiment\",\"type\":\"object\","
    "\"description\":\"caf\xc3\xa9 \\\"x\\\"\",\"tags\":[\"a\",\"b\"],\"owner\":\"qa\","
    "\"lifecycle\":\"deprecated\",\"enabled\":false,\"visibility\":\"server\","
    "\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\",\"comparison\":\"typed\"},"
    "\"variations\":[{\"id\":\"z\",\"value\":{\"b\":1,\"a\":[null,1e+21]},\"name\":\"Zed\"},"
    "{\"id\":\"a\",\"value\":[],\"description\":\"none\"}],\"offVariation\":\"a\","
    "\"fallthrough\":{\"progressive\":{\"start\":\"2031-01-01T00:00:00Z\","
    "\"end\":\"2031-01-01T01:00:00.000+00:30\",\"from\":{\"variations\":["
    "{\"variation\":\"z\",\"weight\":0}],\"salt\":\"s\"},\"to\":{\"variations\":["
    "{\"variation\":\"a\",\"weight\":1},{\"variation\":\"z\",\"weight\":99999}],"
    "\"bucketBy\":\"\"}}},"
    "\"prerequisites\":[{\"flag\":\"gate\",\"variations\":[]},"
    "{\"flag\":\"other\",\"variations\":[\"on\",\"off\"]}],"
    "\"rules\":[{\"id\":\"r1\",\"when\":{\"op\":\"all\",\"expressions\":["
    "{\"op\":\"any\",\"expressions\":[]},"
    "{\"op\":\"not\",\"expression\":{\"op\":\"match\",\"attribute\":\"plan\","
    "\"operator\":\"notIn\",\"value\":[\"free\",null,2.5]}},"
    "{\"op\":\"segment\",\"segment\":\"eu\",\"negate\":true},"
    "{\"op\":\"segment\",\"segment\":\"staff\"},"
    "{\"op\":\"match\",\"attribute\":\"x\",\"operator\":\"exists\"},"
    "{\"op\":\"match\",\"attribute\":\"x\",\"operator\":\"exists\",\"value\":null}]},"
    "\"serve\":{\"rollout\":{\"variations\":[{\"variation\":\"a\",\"weight\":25000}],"
    "\"bucketBy\":\"account.id\",\"salt\":\"\"}},"
    "\"schedule\":{\"end\":\"2031-02-30T24:00:00Z\"},\"description\":\"first\"},"
    "{\"id\":\"r2\",\"when\":{\"op\":\"match\",\"attribute\":\"n\",\"operator\":\"semverLte\","
    "\"value\":\"1.2.3\"},\"serve\":{\"variation\":\"z\"}}],"
    "\"schedule\":{\"start\":\"2030-12-31T23:59:59.999999Z\"},"
    "\"metadata\":{\"z\":{\"deep\":[1,2]},\"a\":true}}";

static const char full_segment[] =
    "{\"id\":\"segment_3\",\"key\":\"eu-staff\",\"description\":\"Employees\","
    "\"visibility\":\"client\",\"included\":[\"u-ada\",\"\"],\"excluded\":[],"
    "\"rules\":[{\"op\":\"segment\",\"segment\":\"eu\"}],"
    "\"schedule\":{\"start\":\"2031-03-01T00:00:00Z\",\"end\":\"2031-04-01T00:00:00Z\"}}";

TEST(a_full_flag_is_spelled_as_it_was)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag flag;
    CHECK_OK(flag_decode(&arena, str_of(full_flag), &flag));
    CHECK_STR(fixture_text(&arena, &flag), str_of(full_flag));

    CHECK_INT(flag.kind, FLAG_KIND_EXPERIMENT);
    CHECK_INT(flag.visibility, VISIBILITY_SERVER);
    CHECK_STR(flag.variations[0].id, STR("z"));
    CHECK(str_is_absent(flag.variations[1].name));
    CHECK_INT(flag.fallthrough.kind, SERVE_PROGRESSIVE);
    CHECK_INT(flag.fallthrough.schedule.end_ms - flag.fallthrough.schedule.start_ms, 1800000);
    CHECK(!str_is_absent(flag.fallthrough.to.bucket_by));
    CHECK(str_is_absent(flag.fallthrough.split.bucket_by));
    const struct expression *when = &flag.rules[0].when;
    CHECK(!when->children[4].has_value);
    CHECK(when->children[5].has_value);
    CHECK(when->children[2].is_negated);
    CHECK(!when->children[3].is_negated);
    CHECK(str_is_absent(flag.rules[0].schedule.start));
    arena_close(&arena);
}

TEST(a_plain_flag_has_no_optional_members)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag flag = fixture_flag(&arena, STR("dark-mode"));
    struct str text = fixture_text(&arena, &flag);
    CHECK_STR(text, STR("{\"id\":\"flag_1\",\"key\":\"dark-mode\",\"kind\":\"flag\","
                        "\"type\":\"boolean\",\"description\":\"Vector flag\",\"tags\":[],"
                        "\"owner\":\"qa\",\"lifecycle\":\"active\",\"enabled\":true,"
                        "\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\",\"comparison\":\"typed\"},"
                        "\"variations\":[{\"id\":\"off\",\"value\":false},"
                        "{\"id\":\"on\",\"value\":true}],\"offVariation\":\"off\","
                        "\"fallthrough\":{\"variation\":\"on\"}}"));
    struct flag again;
    CHECK_OK(flag_decode(&arena, text, &again));
    CHECK_STR(fixture_text(&arena, &again), text);
    arena_close(&arena);
}

TEST(texts_never_set_load_as_empty)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag flag = fixture_flag(&arena, STR("k"));
    flag.id = flag.description = flag.owner = (struct str){0};
    struct flag again;
    CHECK_OK(flag_check(&arena, &flag));
    CHECK_OK(flag_decode(&arena, fixture_text(&arena, &flag), &again));
    CHECK_STR(again.owner, STR(""));
    CHECK(!str_is_absent(again.owner));
    arena_close(&arena);
}

TEST(a_segment_is_spelled_as_it_was)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct segment segment;
    CHECK_OK(segment_decode(&arena, str_of(full_segment), &segment));
    CHECK_STR(fixture_segment_text(&arena, &segment), str_of(full_segment));
    CHECK_INT(segment.included_count, 2);
    CHECK(segment.has_excluded);
    CHECK_INT(segment.excluded_count, 0);

    struct str bare = STR("{\"id\":\"\",\"key\":\"hollow\"}");
    CHECK_OK(segment_decode(&arena, bare, &segment));
    CHECK(!segment.has_included);
    CHECK(!segment.has_rules);
    CHECK(str_is_absent(segment.description));
    CHECK_STR(fixture_segment_text(&arena, &segment), bare);

    struct str empty =
        STR("{\"id\":\"\",\"key\":\"hollow\",\"included\":[],\"excluded\":[],\"rules\":[]}");
    CHECK_OK(segment_decode(&arena, empty, &segment));
    CHECK_STR(fixture_segment_text(&arena, &segment), empty);
    struct segment copy = segment_copy(&arena, &segment);
    CHECK_STR(fixture_segment_text(&arena, &copy), empty);
    arena_close(&arena);
}

TEST(what_says_nothing_is_left_out)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct segment segment;
    CHECK_OK(segment_decode(&arena,
                            STR("{\"key\":\"s\",\"id\":\"i\",\"schedule\":{},\"rules\":["
                                "{\"segment\":\"t\",\"negate\":false,\"op\":\"segment\"}]}"),
                            &segment));
    CHECK_STR(fixture_segment_text(&arena, &segment),
              STR("{\"id\":\"i\",\"key\":\"s\",\"rules\":["
                  "{\"op\":\"segment\",\"segment\":\"t\"}]}"));
    arena_close(&arena);
}

TEST(settings_are_spelled_as_they_were)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct str texts[] = {
        STR("{\"form\":\"auto\",\"hidesFlagsByDefault\":false}"),
        STR("{\"form\":\"legacy\",\"hidesFlagsByDefault\":true,\"metadata\":{}}"),
        STR("{\"form\":\"core\",\"hidesFlagsByDefault\":true,\"metadata\":{\"team\":\"core\"}}"),
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct environment_settings settings;
        CHECK_OK(settings_decode(&arena, texts[i], &settings));
        CHECK_INT(settings.document_form, i);
        struct buf buf;
        buf_open(&buf, SIZE_MAX);
        settings_encode(&settings, &buf);
        CHECK_STR(buf_str(&buf), texts[i]);
        buf_close(&buf);
    }
    arena_close(&arena);
}

TEST(a_copy_borrows_nothing)
{
    struct arena from;
    struct arena to;
    arena_open(&from, 4096);
    arena_open(&to, 4096);
    size_t size = sizeof(full_flag) - 1;
    char *text = arena_copy(&from, full_flag, size);
    char *segment_text = arena_copy(&from, full_segment, sizeof(full_segment) - 1);
    struct flag flag;
    struct segment segment;
    CHECK_OK(flag_decode(&from, (struct str){text, size}, &flag));
    CHECK_OK(segment_decode(&from, (struct str){segment_text, sizeof(full_segment) - 1}, &segment));
    struct flag copy = flag_copy(&to, &flag);
    struct segment segment_kept = segment_copy(&to, &segment);
    memset(text, '#', size);
    memset(segment_text, '#', sizeof(full_segment) - 1);
    arena_close(&from);

    CHECK_STR(fixture_text(&to, &copy), str_of(full_flag));
    CHECK_STR(fixture_segment_text(&to, &segment_kept), str_of(full_segment));
    arena_close(&to);
}

TEST(parts_report_below_the_path_they_are_given)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct json json;
    CHECK_OK(json_parse(&arena, STR("{\"op\":\"not\",\"expression\":{\"op\":\"xor\"}}"),
                        &json_budget_default, &json));
    struct expression expression;
    struct fault fault =
        expression_decode(&arena, &json, STR("$.flags.f.rules[0].when"), &expression);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("$.flags.f.rules[0].when.expression.op"));
    CHECK_STR(fault.why, STR("is not supported"));

    struct serve serve;
    CHECK_OK(json_parse(&arena, STR("{\"progressive\":{}}"), &json_budget_default, &json));
    fault = serve_decode(&arena, &json, STR("$.fallthrough"), &serve);
    CHECK_STR(fault.where, STR("$.fallthrough.progressive.start"));

    struct schedule schedule;
    CHECK_OK(json_parse(&arena, STR("{\"end\":null}"), &json_budget_default, &json));
    fault = schedule_decode(&arena, &json, STR("$.schedule"), &schedule);
    CHECK_STR(fault.where, STR("$.schedule.end"));
    arena_close(&arena);
}

TESTS(a_full_flag_is_spelled_as_it_was, a_plain_flag_has_no_optional_members,
      texts_never_set_load_as_empty, a_segment_is_spelled_as_it_was, what_says_nothing_is_left_out,
      settings_are_spelled_as_they_were, a_copy_borrows_nothing,
      parts_report_below_the_path_they_are_given)
