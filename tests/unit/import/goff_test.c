/* SPDX-License-Identifier: Apache-2.0 */
/* goff - GO Feature Flag files, against what the vendor's own module decided (record/goff.py). */
#include "recorded.h"

static const char recorded[] = "tests/unit/import/goff.json";

TEST(decides_as_the_vendors_module_does)
{
    size_t compared = imported_check_recorded(recorded);
    CHECK(compared > 1000);
}

static const char yaml[] = "new-header:\n"
                           "  variations:\n"
                           "    enabled: true\n"
                           "    disabled: false\n"
                           "  targeting:\n"
                           "    - name: staff\n"
                           "      query: role in [\"admin\", \"editor\"]\n"
                           "      variation: enabled\n"
                           "  defaultRule:\n"
                           "    percentage:\n"
                           "      enabled: 10\n"
                           "      disabled: 90\n"
                           "  trackEvents: false\n"
                           "  metadata:\n"
                           "    description: The new header\n";

TEST(yaml_files_are_read)
{
    struct imported *imported = imported_open(STR("goff"), str_of(yaml));
    const struct flag *flag = imported_flag(imported, STR("new-header"));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("new-header")), IMPORT_EXACT);
    CHECK_STR(flag->description, STR("The new header"));
    CHECK_STR(flag->rules[0].description, STR("staff"));
    CHECK_STR(imported_gives(imported, "new-header", "{\"targetingKey\":\"u\",\"role\":\"admin\"}"),
              STR("enabled"));
    imported_close(imported);
}

TEST(the_answer_of_a_relay_proxy_is_read)
{
    struct imported *imported = imported_open(
        STR("goff"), STR("{\"flags\":{\"a\":{\"variations\":{\"on\":1},\"defaultRule\":{"
                         "\"variation\":\"on\"}}},\"evaluationContextEnrichment\":{}}"));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("a")), IMPORT_EXACT);
    imported_close(imported);
}

#define FLAG(key, query)                                                                           \
    "\"" key "\":{\"variations\":{\"on\":true,\"off\":false},\"targeting\":[{\"query\":\"" query   \
    "\",\"variation\":\"on\"}],\"defaultRule\":{\"variation\":\"off\"}}"

TEST(queries_that_cannot_be_said_admit_nobody)
{
    struct imported *imported =
        imported_open(
            STR("goff"),
            STR("{" FLAG("order", "plan gt \\\"b\\\"") "," FLAG("garbage", "what is this") "," FLAG("open", "(plan eq \\\"x\\\"") "," FLAG(
                "behind",
                "plan eq \\\"x\\\" so") "," FLAG("single",
                                                 "plan eq 'x'") "," FLAG("empty-list",
                                                                         "plan in []") "," FLAG("en"
                                                                                                "dl"
                                                                                                "es"
                                                                                                "s",
                                                                                                "pl"
                                                                                                "an"
                                                                                                " e"
                                                                                                "q "
                                                                                                "\\"
                                                                                                "\""
                                                                                                "x") "," FLAG("bare-not",
                                                                                                              "not plan eq \\\"x\\\"") "}"));
    static const char *const keys[] = {"order",  "garbage",    "open",    "behind",
                                       "single", "empty-list", "endless", "bare-not"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct str rule = arena_format(&imported->arena, "%s/targeting-1", keys[i]);
        CHECK_INT(imported_outcome(imported, STR("flag"), str_of(keys[i])), IMPORT_PARTLY);
        CHECK_INT(imported_outcome(imported, STR("rule"), rule), IMPORT_LEFT_OUT);
        CHECK_STR(imported_gives(imported, keys[i], "{\"targetingKey\":\"u\",\"plan\":\"x\"}"),
                  STR("off"));
    }
    imported_close(imported);
}

TEST(queries_end_however_deep_they_are)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("{\"a\":{\"variations\":{\"on\":true,\"off\":false},\"targeting\":[{"
                         "\"query\":\""));
    for (unsigned i = 0; i < 5000; i++)
        buf_append(&buf, STR("("));
    buf_append(&buf, STR("\",\"variation\":\"on\"}],\"defaultRule\":{\"variation\":\"off\"}}}"));
    struct imported *imported = imported_open(STR("goff"), buf_str(&buf));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("a")), IMPORT_PARTLY);
    imported_close(imported);
    buf_close(&buf);
}

TEST(what_a_flag_cannot_be_is_left_out)
{
    struct imported *imported = imported_open(
        STR("goff"),
        STR("{\"types\":{\"variations\":{\"a\":1,\"b\":true},\"defaultRule\":{\"variation\":\"a\"}}"
            ","
            "\"old\":{\"true\":1,\"false\":2,\"default\":3,\"percentage\":50},"
            "\"changed\":{\"variations\":{\"a\":1},\"defaultRule\":{\"variation\":\"a\"},"
            "\"scheduledRollout\":[{\"date\":\"2024-01-01T00:00:00Z\",\"variations\":{\"a\":2}}]},"
            "\"undated\":{\"variations\":{\"a\":1},\"defaultRule\":{\"variation\":\"a\"},"
            "\"scheduledRollout\":[{\"variations\":{\"b\":2}}]}}"));
    static const char *const keys[] = {"types", "old", "changed", "undated"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        CHECK_INT(imported_outcome(imported, STR("flag"), str_of(keys[i])), IMPORT_LEFT_OUT);
    CHECK_INT(imported->state.flag_count, 0);
    imported_close(imported);
}

TEST(a_renamed_flag_deals_as_it_did)
{
    static const char text[] = "{\"team/nav\":{\"variations\":{\"on\":true,\"off\":false},"
                               "\"defaultRule\":{\"percentage\":{\"on\":50,\"off\":50}}}}";
    struct imported *plain = imported_open(STR("goff"), str_of(text));
    struct imported *prefixed = imported_open_with(
        STR("goff"), str_of(text), (struct import_options){.key_prefix = STR("x.")});
    CHECK_STR(imported_find_row(plain, STR("flag"), STR("team/nav"))->note,
              STR("its key here is team-nav"));
    unsigned on = 0;
    for (unsigned i = 0; i < 100; i++) {
        char context[64];
        (void)snprintf(context, sizeof(context), "{\"targetingKey\":\"u%u\"}", i);
        struct str got = imported_gives(plain, "team-nav", context);
        CHECK_STR(imported_gives(prefixed, "x.team-nav", context), got);
        on += str_equal(got, STR("on"));
    }
    CHECK(on > 25);
    CHECK(on < 75);
    imported_close(plain);
    imported_close(prefixed);
}

TEST(what_is_no_file_of_flags_is_refused)
{
    static const char *const texts[] = {"[]", "5", "{\"a\":1}", "a: b: c", "title = 1"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct imported *imported =
            imported_open_with(STR("goff"), str_of(texts[i]), (struct import_options){0});
        CHECK_FAULT(imported->fault, FAULT_INVALID);
        imported_close(imported);
    }
}

TESTS(decides_as_the_vendors_module_does, yaml_files_are_read, the_answer_of_a_relay_proxy_is_read,
      queries_that_cannot_be_said_admit_nobody, queries_end_however_deep_they_are,
      what_a_flag_cannot_be_is_left_out, a_renamed_flag_deals_as_it_did,
      what_is_no_file_of_flags_is_refused)
