/* SPDX-License-Identifier: Apache-2.0 */
/* draft - what comes out is valid, whatever went in; and what went is told. */
#include "import/build.h"
#include "import/draft.h"
#include "recorded.h"

struct site {
    struct arena arena;
    struct draft draft;
    struct import_result result;
};

static void site_open(struct site *site, struct str prefix)
{
    *site = (struct site){0};
    arena_open(&site->arena, 16384);
    draft_begin(&site->draft, &site->arena, &(struct import_options){.key_prefix = prefix});
}

static struct draft_flag *add_plain(struct site *site, const char *name)
{
    struct draft_flag *item = draft_add_flag(&site->draft, str_of(name));
    build_boolean_variations(&site->arena, &item->flag);
    item->flag.off_variation = STR("false");
    item->flag.fallthrough = build_serve(STR("true"));
    return item;
}

static void lean_on(struct site *site, struct draft_flag *item, const char *name)
{
    struct prerequisite *prerequisite = ARENA_NEW(&site->arena, struct prerequisite);
    struct str *variation = ARENA_NEW(&site->arena, struct str);
    *variation = STR("true");
    *prerequisite = (struct prerequisite){draft_flag_key(&site->draft, str_of(name)), variation, 1};
    item->flag.prerequisites = prerequisite;
    item->flag.prerequisite_count = 1;
}

static void finish(struct site *site)
{
    CHECK_OK(draft_finish(&site->draft, &site->result));
}

static enum import_outcome outcome(const struct site *site, const struct draft_flag *item)
{
    return site->result.rows[item->row].outcome;
}

TEST(an_empty_draft_is_a_document)
{
    struct site site;
    site_open(&site, STR(""));
    finish(&site);
    CHECK_STR(site.result.document, STR("{\"format\":\"guidon.environment/1\",\n\"segments\":[],\n"
                                        "\"flags\":[]}\n"));
    CHECK_INT(site.result.row_count, 0);
    arena_close(&site.arena);
}

TEST(flags_come_out_by_key_without_ids)
{
    struct site site;
    site_open(&site, STR(""));
    add_plain(&site, "b");
    add_plain(&site, "a");
    finish(&site);
    CHECK_STR(
        site.result.document,
        STR("{\"format\":\"guidon.environment/1\",\n\"segments\":[],\n\"flags\":[\n"
            "{\"key\":\"a\",\"kind\":\"flag\",\"type\":\"boolean\",\"description\":\"\",\"tags\":[]"
            ","
            "\"owner\":\"\",\"lifecycle\":\"active\",\"enabled\":false,\"arithmetic\":{\"hash\":"
            "\"fnv1a_32_utf16\",\"comparison\":\"typed\"},\"variations\":[{\"id\":\"true\","
            "\"value\":true},{\"id\":\"false\",\"value\":false}],\"offVariation\":\"false\","
            "\"fallthrough\":{\"variation\":\"true\"}},\n"
            "{\"key\":\"b\",\"kind\":\"flag\",\"type\":\"boolean\",\"description\":\"\",\"tags\":[]"
            ","
            "\"owner\":\"\",\"lifecycle\":\"active\",\"enabled\":false,\"arithmetic\":{\"hash\":"
            "\"fnv1a_32_utf16\",\"comparison\":\"typed\"},\"variations\":[{\"id\":\"true\","
            "\"value\":true},{\"id\":\"false\",\"value\":false}],\"offVariation\":\"false\","
            "\"fallthrough\":{\"variation\":\"true\"}}]}\n"));
    arena_close(&site.arena);
}

TEST(keys_become_ones_we_can_have_and_stay_apart)
{
    struct site site;
    site_open(&site, STR("shop."));
    const struct draft_flag *plain = add_plain(&site, "new-nav");
    const struct draft_flag *slashed = add_plain(&site, "team/nav");
    const struct draft_flag *blank = add_plain(&site, "team nav");
    finish(&site);
    CHECK_STR(plain->flag.key, STR("shop.new-nav"));
    CHECK_STR(slashed->flag.key, STR("shop.team-nav"));
    CHECK_STR(blank->flag.key, STR("shop.team-nav-2"));
    CHECK_INT(outcome(&site, plain), IMPORT_EXACT);
    CHECK_INT(outcome(&site, slashed), IMPORT_PARTLY);
    CHECK_INT(outcome(&site, blank), IMPORT_PARTLY);
    arena_close(&site.arena);
}

TEST(long_and_strange_names_become_keys_too)
{
    struct site site;
    char name[300];
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    site_open(&site, STR(""));
    const struct draft_flag *first = add_plain(&site, name);
    name[298] = 'b';
    const struct draft_flag *second = add_plain(&site, name);
    const struct draft_flag *strange = add_plain(&site, "\xC3\xA9t\xC3\xA9");
    const struct draft_flag *nameless = add_plain(&site, "");
    finish(&site);
    CHECK(flag_key_is_valid(first->flag.key));
    CHECK(flag_key_is_valid(second->flag.key));
    CHECK(!str_equal(first->flag.key, second->flag.key));
    CHECK_STR(strange->flag.key, STR("x--t--"));
    CHECK_STR(nameless->flag.key, STR("x"));
    arena_close(&site.arena);
}

TEST(the_second_of_a_name_is_left_out)
{
    struct site site;
    site_open(&site, STR(""));
    const struct draft_flag *first = add_plain(&site, "a");
    const struct draft_flag *second = add_plain(&site, "a");
    finish(&site);
    CHECK_INT(outcome(&site, first), IMPORT_EXACT);
    CHECK_INT(outcome(&site, second), IMPORT_LEFT_OUT);
    arena_close(&site.arena);
}

TEST(what_breaks_a_rule_is_left_out_with_the_reason)
{
    struct site site;
    site_open(&site, STR(""));
    struct draft_flag *bad = add_plain(&site, "bad");
    bad->flag.fallthrough = build_serve(STR("purple"));
    struct draft_flag *pattern = add_plain(&site, "pattern");
    struct rule rule = {.id = STR("r"),
                        .when = build_match(STR("x"), OPERATOR_MATCHES, json_make_string(STR("("))),
                        .serve = build_serve(STR("true"))};
    pattern->flag.rules = &rule;
    pattern->flag.rule_count = 1;
    finish(&site);
    CHECK_INT(outcome(&site, bad), IMPORT_LEFT_OUT);
    CHECK_STR(site.result.rows[bad->row].note,
              STR("fallthrough.variation: must reference a variation on this flag"));
    CHECK_INT(outcome(&site, pattern), IMPORT_LEFT_OUT);
    CHECK(str_contains(site.result.document, STR("\"flags\":[]")));
    arena_close(&site.arena);
}

TEST(what_leans_on_what_is_left_out_is_left_out_with_it)
{
    struct site site;
    site_open(&site, STR(""));
    struct draft_flag *c = add_plain(&site, "c");
    struct draft_flag *b = add_plain(&site, "b");
    struct draft_flag *a = add_plain(&site, "a");
    const struct draft_flag *d = add_plain(&site, "d");
    lean_on(&site, a, "b");
    lean_on(&site, b, "c");
    c->flag.off_variation = STR("purple");
    finish(&site);
    CHECK_INT(outcome(&site, a), IMPORT_LEFT_OUT);
    CHECK_INT(outcome(&site, b), IMPORT_LEFT_OUT);
    CHECK_INT(outcome(&site, c), IMPORT_LEFT_OUT);
    CHECK_INT(outcome(&site, d), IMPORT_EXACT);
    CHECK_STR(site.result.rows[a->row].note, STR("needs the flag b, which is not there"));
    arena_close(&site.arena);
}

TEST(a_cycle_is_broken_and_who_leaned_on_it_goes)
{
    struct site site;
    site_open(&site, STR(""));
    struct draft_flag *a = add_plain(&site, "a.x");
    struct draft_flag *b = add_plain(&site, "a");
    struct draft_flag *c = add_plain(&site, "c");
    lean_on(&site, a, "a");
    lean_on(&site, b, "a.x");
    lean_on(&site, c, "a.x");
    finish(&site);
    CHECK_INT(outcome(&site, a), IMPORT_LEFT_OUT);
    CHECK_INT(outcome(&site, b), IMPORT_LEFT_OUT);
    CHECK_INT(outcome(&site, c), IMPORT_LEFT_OUT);
    arena_close(&site.arena);
}

TEST(a_segment_that_is_not_there_takes_its_flags_along)
{
    struct site site;
    site_open(&site, STR(""));
    struct draft_segment *outer = draft_add_segment(&site.draft, STR("outer"));
    struct expression inner = build_segment(draft_segment_key(&site.draft, STR("inner")), false);
    outer->segment.rules = &inner;
    outer->segment.rule_count = 1;
    struct draft_flag *flag = add_plain(&site, "a");
    struct rule rule = {.id = STR("r"),
                        .when = build_segment(outer->segment.key, true),
                        .serve = build_serve(STR("true"))};
    flag->flag.rules = &rule;
    flag->flag.rule_count = 1;
    finish(&site);
    CHECK_INT(site.result.rows[outer->row].outcome, IMPORT_LEFT_OUT);
    CHECK_INT(outcome(&site, flag), IMPORT_LEFT_OUT);
    arena_close(&site.arena);
}

TEST(a_row_only_gets_worse_and_says_each_thing_once)
{
    struct site site;
    site_open(&site, STR(""));
    size_t row = report_add(&site.draft.report, STR("flag"), STR("a"));
    draft_lower(&site.draft, row, IMPORT_PARTLY, STR("one"));
    draft_lower(&site.draft, row, IMPORT_REDEALT, STR("two"));
    draft_lower(&site.draft, row, IMPORT_EXACT, STR("one"));
    finish(&site);
    CHECK_INT(site.result.rows[row].outcome, IMPORT_PARTLY);
    CHECK_STR(site.result.rows[row].note, STR("one; two"));
    CHECK_STR(import_outcome_text(IMPORT_REDEALT), STR("re-dealt"));
    arena_close(&site.arena);
}

TEST(conditions_are_simplified_as_they_are_built)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct expression match = build_exists(STR("x"));
    struct expression never = build_never();
    struct expression always = build_always();
    struct expression both = build_both(&arena, match, always);
    CHECK_INT(both.kind, EXPRESSION_MATCH);
    both = build_both(&arena, match, never);
    CHECK(build_is_never(&both));
    struct expression either = build_either(&arena, match, never);
    CHECK_INT(either.kind, EXPRESSION_MATCH);
    either = build_either(&arena, match, always);
    CHECK(build_is_always(&either));
    struct expression twice = build_not(&arena, build_not(&arena, match));
    CHECK_INT(twice.kind, EXPRESSION_MATCH);
    struct expression segment = build_not(&arena, build_segment(STR("s"), false));
    CHECK(segment.is_negated);
    struct expression flat = build_both(&arena, build_both(&arena, match, match), match);
    CHECK_INT(flat.child_count, 3);
    arena_close(&arena);
}

TEST(every_importer_is_found_by_its_name_alone)
{
    size_t count = 0;
    const struct importer *const *all = importers(&count);
    CHECK_INT(count, 6);
    for (size_t i = 0; i < count; i++)
        CHECK(importer_find(all[i]->name) == all[i]);
    CHECK(importer_find(STR("Amplitude")) == NULL);
    CHECK(importer_find(STR("")) == NULL);
}

TESTS(an_empty_draft_is_a_document, flags_come_out_by_key_without_ids,
      keys_become_ones_we_can_have_and_stay_apart, long_and_strange_names_become_keys_too,
      the_second_of_a_name_is_left_out, what_breaks_a_rule_is_left_out_with_the_reason,
      what_leans_on_what_is_left_out_is_left_out_with_it,
      a_cycle_is_broken_and_who_leaned_on_it_goes,
      a_segment_that_is_not_there_takes_its_flags_along,
      a_row_only_gets_worse_and_says_each_thing_once, conditions_are_simplified_as_they_are_built,
      every_importer_is_found_by_its_name_alone)
