/* SPDX-License-Identifier: Apache-2.0 */
/* decision_path - the rare turns of a decision: each condition both ways, whatever the others say.
 */
#include "fixture.h"

#include <math.h>

#include "base/utf.h"
#include "eval/blank.h"
#include "eval/draw.h"
#include "eval/lower_case.h"
#include "eval/semver.h"
#include "eval/text_number.h"
#include "eval/text_set.h"
#include "eval/text_version.h"
#include "eval/text_view.h"

#define RULE(when) "{'rules':[{'id':'r','serve':{'variation':'on'},'when':" when "}]}"

/* ---- texts ----------------------------------------------------------------------------------- */

TEST(every_blank_of_ecmascript_is_trimmed_and_no_neighbour_of_one)
{
    static const uint32_t single[] = {'\t',   '\n',   '\v',   '\f',   '\r',   ' ',    0x00A0,
                                      0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF};
    for (uint32_t point = 1; point < 0x10000; point++) {
        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        bool is_blank = point >= 0x2000 && point <= 0x200A;
        for (size_t i = 0; i < COUNT_OF(single); i++)
            is_blank = is_blank || single[i] == point;
        char text[9];
        size_t size = utf8_put(point, text);
        text[size] = 'x';
        size_t all = size + 1 + utf8_put(point, text + size + 1);
        CHECK_INT(blanks_trim((struct str){text, all}).size, is_blank ? 1 : all);
    }
}

TEST(a_plain_beginning_says_nothing_of_the_end)
{
    CHECK_STR(blanks_trim(STR("a\u00a0")), STR("a"));
    CHECK_STR(blanks_trim(STR("a\u2000")), STR("a")); /* the last of its bytes is 0x80 */
    CHECK_STR(blanks_trim(STR("a\u00e9")), STR("a\u00e9"));
    CHECK_STR(blanks_trim(STR("a ")), STR("a"));
    CHECK_STR(blanks_trim(STR(" a")), STR("a"));
    CHECK_STR(blanks_trim(STR("\u00a0a")), STR("a"));
    CHECK_STR(blanks_trim(str_slice(STR("a b"), 0, 2)), STR("a")); /* what is behind is another's */
    CHECK_INT(blanks_trim((struct str){0}).size, 0);
}

TEST(versions_take_letters_digits_and_little_else_behind_the_dash)
{
    struct semver typed;
    struct text_version text;
    CHECK(semver_parse(STR("1.0.0-aZ09-.b"), &typed));
    CHECK(text_version_parse(STR("1.0.0-aZ09-_"), &text));
    static const char outside[] = {'/', ':', '@', '[', '`', '{', '~', '!'};
    for (size_t i = 0; i < sizeof(outside); i++) {
        char version[] = "1.0.0-a?";
        version[7] = outside[i];
        CHECK(!semver_parse(str_of(version), &typed));
        CHECK(!text_version_parse(str_of(version), &text));
    }
    CHECK(!semver_parse(STR("1.0.0-a_"), &typed));
}

TEST(numerals_that_json_spells_otherwise_are_numbers)
{
    CHECK(text_number(STR("01E5")) == 100000);
    CHECK(text_number(STR("01e5")) == 100000);
    CHECK(text_number(STR(".5e1")) == 5);
    CHECK(text_number(STR("0O17")) == 15);
    CHECK(text_number(STR("0B11")) == 3);
    CHECK(isinf(text_number(STR("01e400"))));
    static const char *const none[] = {"01e", "01E+", "01e5x", "01x", "01ex", "0O8", "0B2"};
    for (size_t i = 0; i < COUNT_OF(none); i++)
        CHECK(isnan(text_number(str_of(none[i]))));
}

/* One byte more than is read, once a digit stands in front of the point. */
TEST(a_numeral_that_is_too_long_for_json_is_none)
{
    char text[1024];
    memset(text, '1', sizeof(text));
    text[0] = '.';
    CHECK(isnan(text_number((struct str){text, sizeof(text)})));
    CHECK(text_number((struct str){text, sizeof(text) - 1}) > 0.1);
}

TEST(digits_beyond_every_double_are_infinite)
{
    char text[4096];
    memset(text, 'f', sizeof(text));
    text[0] = '0';
    text[1] = 'x';
    CHECK(isinf(text_number((struct str){text, sizeof(text)})));
    CHECK(text_number((struct str){text, 22}) > 0);
}

TEST(two_texts_of_one_hash_are_told_apart)
{
    struct arena arena;
    arena_open(&arena, 4096);
    random_open();
    struct str texts[20];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        texts[i] = arena_format(&arena, "user-%zu", i);
    struct text_set set = text_set_build(&arena, texts, COUNT_OF(texts));
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        uint32_t hash = text_set_hash(texts[i]);
        CHECK_INT(text_set_place_hashed(&set, STR("another"), hash), TEXT_SET_ABSENT);
        CHECK_INT(text_set_place_hashed(&set, texts[i], hash), i);
    }
    arena_close(&arena);
}

TEST(what_follows_a_sigma_is_looked_at_whatever_it_is)
{
    struct arena arena;
    arena_open(&arena, 4096);
    CHECK_STR(lower_case(&arena, STR("A\u03a3\U0010FFFF")), STR("a\u03c2\U0010FFFF"));
    CHECK_STR(lower_case(&arena, STR("A\u03a3B")), STR("a\u03c3b"));
    CHECK_STR(lower_case(&arena, STR("\U0010FFFF\u03a3")), STR("\U0010FFFF\u03c3"));
    arena_close(&arena);
}

/* ---- attributes ------------------------------------------------------------------------------ */

static void expect_text(const char *document, const char *expected)
{
    struct fixture *fixture = fixture_open();
    struct text_view view;
    text_view_open(&view, &fixture->arena, fixture_json(fixture, document));
    CHECK_STR(text_view_text(&view, &fixture->arena),
              fixture_quotes(&fixture->arena, str_of(expected)));
    fixture_close(fixture);
}

TEST(members_that_are_array_indices_come_first)
{
    expect_text("{'b':1,'10':2,'9':3,'':4,'01':5,'a':6}", "{'9':3,'10':2,'b':1,'':4,'01':5,'a':6}");
    expect_text("{'b':1,'4294967295':2,'4294967294':3,'12345678901':4,'9999999999':5}",
                "{'4294967294':3,'b':1,'4294967295':2,'12345678901':4,'9999999999':5}");
    expect_text("{'1x':1,'0':2}", "{'0':2,'1x':1}");
}

TEST(an_absent_text_in_a_list_counts_for_nothing)
{
    struct fixture *fixture = fixture_open();
    struct json elements[] = {json_make_string((struct str){0}), json_make_string(STR("a"))};
    struct json list = {.type = JSON_ARRAY, .count = 2, .elements = elements};
    struct text_view view;
    text_view_open(&view, &fixture->arena, &list);
    CHECK_INT(view.kind, VIEW_LIST);
    CHECK_INT(view.count, 1);
    fixture_close(fixture);
}

TEST(a_context_without_a_user_has_no_attribute)
{
    struct fixture *fixture = fixture_open();
    fixture_segment(
        fixture, "paying",
        "{'rules':[{'op':'match','attribute':'plan','operator':'in','value':['pro']}]}");
    struct context *context = fixture_user(fixture, "{'groups':{}}");
    CHECK(
        !evaluate_segment(fixture->ruleset, STR("paying"), context, 0, &fixture->arena).is_member);
    context = fixture_user(fixture, "{'user':{'user_id':'u','user_properties':{'plan':'pro'}}}");
    CHECK(evaluate_segment(fixture->ruleset, STR("paying"), context, 0, &fixture->arena).is_member);
    fixture_close(fixture);
}

TEST(a_group_is_named_by_a_text_alone)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "a",
                      RULE("{'op':'match','operator':'text is','attribute':"
                           "'/context/groups/org/group_name','value':['5']}"));
    fixture_expect(fixture, "a", "u", "{'groups':{'org':5}}", "off", REASON_FALLTHROUGH);
    fixture_expect(fixture, "a", "u", "{'groups':{'org':[]}}", "off", REASON_FALLTHROUGH);
    fixture_expect(fixture, "a", "u", "{'groups':{'org':'5'}}", "on", REASON_TARGETING_MATCH);
    fixture_close(fixture);
}

/* ---- rules ----------------------------------------------------------------------------------- */

TEST(without_a_scratch_no_pattern_matches)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "a",
                      RULE("{'op':'match','operator':'text regex match','attribute':"
                           "'/context/user/x','value':['b']}"));
    fixture_expect_user(fixture, "a", "{'user':{'x':'abc'}}", "on", REASON_TARGETING_MATCH);
    struct context context;
    context_open_user(&context, &fixture->arena, fixture->ruleset,
                      fixture_json(fixture, "{'user':{'x':'abc'}}"), NULL);
    CHECK_INT(evaluate(fixture->ruleset, STR("a"), &context, fixture->now_ms, NULL).reason,
              REASON_FALLTHROUGH);
    fixture_close(fixture);
}

/* More values than a write would take: flags that come from elsewhere may have them. */
enum { MANY = 1100 };

/* The last of them are known, then a word. */
static struct json many_values(struct arena *arena, const char *word, size_t known)
{
    struct json *elements = ARENA_NEW_ARRAY(arena, struct json, MANY + 1);
    for (size_t i = 0; i < MANY; i++)
        elements[i] =
            json_make_string(arena_format(arena, "%s%zu", i >= MANY - known ? "v" : "w", i));
    elements[MANY] = json_make_string(str_of(word));
    return (struct json){.type = JSON_ARRAY, .count = MANY + 1, .elements = elements};
}

static void expect_all_of_many(size_t known, const char *word, bool holds)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "a",
                      RULE("{'op':'match','operator':'text set contains','attribute':"
                           "'/context/user/x','value':['v']}"));
    fixture->flags[0]->rules[0].when.value = many_values(&fixture->arena, "true", MANY);
    fixture->ruleset = ruleset_compile(&fixture->arena, &fixture->state);
    struct json_member x = {STR("x"), many_values(&fixture->arena, word, known)};
    struct json_member user = {STR("user"), {.type = JSON_OBJECT, .count = 1, .members = &x}};
    const struct json tree = {.type = JSON_OBJECT, .count = 1, .members = &user};
    struct context context;
    context_open_user(&context, &fixture->arena, fixture->ruleset, &tree, fixture->scratch);
    CHECK_INT(evaluate(fixture->ruleset, STR("a"), &context, fixture->now_ms, NULL).reason,
              holds ? REASON_TARGETING_MATCH : REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(a_list_has_all_of_many_values_or_not)
{
    expect_all_of_many(MANY, "true", true);
    expect_all_of_many(MANY, "other", false);
    expect_all_of_many(MANY - 1, "true", false);
    expect_all_of_many(0, "true", false);
}

TEST(a_chain_of_segments_ends_at_its_limit)
{
    struct fixture *fixture = fixture_open();
    enum { CHAIN = 520 };
    for (size_t i = 0; i < CHAIN; i++) {
        /* Sorted by key, as a state is. */
        char key[8];
        snprintf(key, sizeof(key), "s%03zu", i);
        const char *text =
            i + 1 == CHAIN
                ? "{'included':['u']}"
                : arena_format(&fixture->arena, "{'rules':[{'op':'segment','segment':'s%03zu'}]}%c",
                               i + 1, '\0')
                      .data;
        fixture_segment(fixture, key, text);
    }
    struct context *context = fixture_subject(fixture, "u", NULL);
    CHECK(!evaluate_segment(fixture->ruleset, STR("s000"), context, 0, &fixture->arena).is_member);
    context = fixture_subject(fixture, "u", NULL);
    CHECK(evaluate_segment(fixture->ruleset, STR("s100"), context, 0, &fixture->arena).is_member);
    fixture_close(fixture);
}

/* ---- tickets --------------------------------------------------------------------------------- */

TEST(weights_beyond_the_largest_sum_are_that_sum)
{
    struct allocation weights[] = {{.weight = UINT32_MAX}, {.weight = UINT32_MAX}};
    struct split split = {.allocations = weights, .allocation_count = COUNT_OF(weights)};
    size_t counting = 0;
    for (int hash = 0; hash <= FLAG_HASH_MURMUR3_32_PERCENT; hash++) {
        struct flag flag = {.arithmetic.hash = (enum flag_hash)hash};
        bool counts = flag_hash_counts_weights(flag.arithmetic.hash);
        counting += counts;
        CHECK_INT(draw_ticket_count(&flag, &split),
                  counts ? SPLIT_WEIGHT_SUM_MAX : SPLIT_WEIGHT_TOTAL);
    }
    CHECK(counting > 0);
}

TESTS(every_blank_of_ecmascript_is_trimmed_and_no_neighbour_of_one,
      a_plain_beginning_says_nothing_of_the_end,
      versions_take_letters_digits_and_little_else_behind_the_dash,
      numerals_that_json_spells_otherwise_are_numbers, a_numeral_that_is_too_long_for_json_is_none,
      digits_beyond_every_double_are_infinite, two_texts_of_one_hash_are_told_apart,
      what_follows_a_sigma_is_looked_at_whatever_it_is, members_that_are_array_indices_come_first,
      an_absent_text_in_a_list_counts_for_nothing, a_context_without_a_user_has_no_attribute,
      a_group_is_named_by_a_text_alone, without_a_scratch_no_pattern_matches,
      a_list_has_all_of_many_values_or_not, a_chain_of_segments_ends_at_its_limit,
      weights_beyond_the_largest_sum_are_that_sum)
