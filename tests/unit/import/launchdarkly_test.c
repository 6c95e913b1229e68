/* SPDX-License-Identifier: Apache-2.0 */
/* LaunchDarkly's documents: which there are, what becomes of what is in them, and what the report
 * says. That decisions are the same is for worlds_test.c. */
#include "recorded.h"

#define VENDOR STR("launchdarkly")

static struct str note_of(const struct imported *imported, const char *kind, const char *name)
{
    const struct import_row *row = imported_find_row(imported, str_of(kind), str_of(name));
    CHECK(row != NULL);
    return row->note;
}

static void check_row(const struct imported *imported, const char *kind, const char *name,
                      enum import_outcome outcome, const char *note)
{
    CHECK_INT(imported_outcome(imported, str_of(kind), str_of(name)), outcome);
    if (!str_contains(note_of(imported, kind, name), str_of(note)))
        CHECK_STR(note_of(imported, kind, name), str_of(note));
}

static void check_refused(const char *text, struct import_options options, const char *why)
{
    struct imported *imported = imported_open_with(VENDOR, str_of(text), options);
    CHECK_FAULT(imported->fault, FAULT_INVALID);
    if (!str_contains(imported->fault.why, str_of(why)))
        CHECK_STR(imported->fault.why, str_of(why));
    imported_close(imported);
}

/* ---- documents ------------------------------------------------------------------------------- */

static const char of_sdks[] =
    "{\"flags\":{\"checkout\":{\"key\":\"checkout\",\"on\":true,\"salt\":\"s1\","
    "\"variations\":[true,false],\"offVariation\":1,\"fallthrough\":{\"variation\":1},"
    "\"targets\":[{\"variation\":0,\"values\":[\"ann\"]}],\"prerequisites\":[],"
    "\"rules\":[{\"id\":\"r1\",\"clauses\":[{\"attribute\":\"\",\"op\":\"segmentMatch\","
    "\"values\":[\"staff\"]}],\"variation\":0}]},"
    "\"gone\":{\"key\":\"gone\",\"version\":7,\"deleted\":true}},"
    "\"segments\":{\"staff\":{\"key\":\"staff\",\"included\":[\"bob\",\"eve\"],"
    "\"excluded\":[\"eve\",\"kim\"],\"rules\":[{\"clauses\":[{\"attribute\":\"email\","
    "\"contextKind\":\"user\",\"op\":\"endsWith\",\"values\":[\"@acme.com\"]}]}]}}}";

TEST(what_sdks_get_is_read)
{
    struct imported *imported = imported_open(VENDOR, STR(of_sdks));
    check_row(imported, "flag", "checkout", IMPORT_EXACT, "");
    check_row(imported, "segment", "staff", IMPORT_EXACT, "");
    CHECK(imported_find_row(imported, STR("flag"), STR("gone")) == NULL);
    const char *const insiders[] = {
        "{\"targetingKey\":\"ann\"}",
        "{\"targetingKey\":\"bob\"}",
        "{\"targetingKey\":\"eve\"}", /* included, whatever else */
        "{\"targetingKey\":\"zoe\",\"email\":\"zoe@acme.com\"}",
    };
    for (size_t i = 0; i < COUNT_OF(insiders); i++)
        CHECK_STR(imported_gives(imported, "checkout", insiders[i]), STR("true"));
    CHECK_STR(imported_gives(imported, "checkout",
                             "{\"targetingKey\":\"kim\",\"email\":\"kim@acme.com\"}"),
              STR("false"));
    imported_close(imported);
}

TEST(the_data_of_a_stream_is_the_same)
{
    char text[2048];
    snprintf(text, sizeof(text), "{\"path\":\"/\",\"data\":%s}", of_sdks);
    struct imported *imported = imported_open(VENDOR, str_of(text));
    CHECK_INT(imported->state.flag_count, 1);
    CHECK_INT(imported->state.segment_count, 1);
    imported_close(imported);
}

static const char of_the_api[] =
    "{\"items\":[{\"key\":\"banner\",\"name\":\"The banner\",\"description\":\"On top\","
    "\"tags\":[\"web\",\"web\"],\"deprecated\":true,\"_maintainer\":{\"email\":\"a@acme.com\"},"
    "\"clientSideAvailability\":{\"usingEnvironmentId\":true,\"usingMobileKey\":true},"
    "\"variations\":[{\"_id\":\"1\",\"value\":\"red\",\"name\":\"Warm red\"},"
    "{\"_id\":\"2\",\"value\":\"blue\",\"name\":\"cold\",\"description\":\"As ice\"},"
    "{\"_id\":\"3\",\"value\":\"a b\"}],"
    "\"environments\":{\"production\":{\"on\":true,\"salt\":\"p\",\"offVariation\":2,"
    "\"targets\":[{\"variation\":0,\"values\":[]}],"
    "\"contextTargets\":[{\"contextKind\":\"org\",\"variation\":0,\"values\":[\"o-1\"]}],"
    "\"rules\":[{\"_id\":\"x\",\"description\":\"Gold only\",\"variation\":1,\"clauses\":[{"
    "\"contextKind\":\"org\",\"attribute\":\"tier\",\"op\":\"in\",\"values\":[\"gold\"],"
    "\"negate\":false}]}],\"fallthrough\":{\"variation\":2}},"
    "\"test\":{\"on\":false,\"_summary\":{\"variations\":{}}}}}]}";

TEST(the_management_api_names_what_it_lists)
{
    const struct import_options options = {.environment = STR("production")};
    struct imported *imported = imported_open_with(VENDOR, STR(of_the_api), options);
    CHECK_OK(imported->fault);
    check_row(imported, "flag", "banner", IMPORT_EXACT, "");
    check_row(imported, "context-kind", "org", IMPORT_EXACT, "the attribute org");
    const struct flag *flag = imported_flag(imported, STR("banner"));
    CHECK_STR(flag->name, STR("The banner"));
    CHECK_STR(flag->owner, STR("a@acme.com"));
    CHECK_INT(flag->tag_count, 1);
    CHECK_INT(flag->lifecycle, LIFECYCLE_DEPRECATED);
    CHECK_INT(flag->visibility, VISIBILITY_CLIENT);
    CHECK_STR(flag->variations[0].id, STR("red")); /* its name is no word */
    CHECK_STR(flag->variations[0].name, STR("Warm red"));
    CHECK_STR(flag->variations[1].id, STR("cold"));
    CHECK_STR(flag->variations[2].id, STR("variation-3"));
    CHECK_STR(flag->rules[1].description, STR("Gold only"));
    CHECK_STR(
        imported_gives(imported, "banner", "{\"targetingKey\":\"u\",\"org\":{\"key\":\"o-1\"}}"),
        STR("red"));
    CHECK_STR(imported_gives(imported, "banner",
                             "{\"targetingKey\":\"u\",\"org\":{\"key\":\"o-2\","
                             "\"tier\":\"gold\"}}"),
              STR("cold"));
    CHECK_STR(imported_gives(imported, "banner", "{\"targetingKey\":\"u\"}"), STR("variation-3"));
    imported_close(imported);
}

TEST(one_of_several_environments_has_to_be_named)
{
    check_refused(of_the_api, (struct import_options){0}, "production, test");
    check_refused(of_the_api, (struct import_options){.environment = STR("staging")},
                  "has no environment staging; it has: production, test");
}

TEST(a_summary_is_not_a_flag)
{
    const struct import_options options = {.environment = STR("test")};
    struct imported *imported = imported_open_with(VENDOR, STR(of_the_api), options);
    check_row(imported, "flag", "banner", IMPORT_LEFT_OUT, "summary=0");
    CHECK_INT(imported->state.flag_count, 0);
    imported_close(imported);
}

TEST(lists_of_both_and_a_single_flag_are_read)
{
    const char one[] = "{\"key\":\"a\",\"variations\":[{\"value\":1},{\"value\":2}],"
                       "\"environments\":{\"e\":{\"on\":true,\"offVariation\":1,"
                       "\"fallthrough\":{\"variation\":0},\"rules\":[{\"clauses\":[{\"op\":"
                       "\"segmentMatch\",\"values\":[\"s\"]}],\"variation\":1}]}}}";
    char both[1024];
    struct imported *alone = imported_open(VENDOR, STR(one));
    check_row(alone, "flag", "a", IMPORT_LEFT_OUT, "add the environment's segments");
    imported_close(alone);
    snprintf(both, sizeof(both),
             "{\"flags\":{\"items\":[%s]},\"segments\":{\"items\":[{\"key\":\"s\","
             "\"included\":[\"u\"]}]}}",
             one);
    struct imported *imported = imported_open(VENDOR, str_of(both));
    CHECK_STR(imported_gives(imported, "a", "{\"targetingKey\":\"u\"}"), STR("2"));
    CHECK_STR(imported_gives(imported, "a", "{\"targetingKey\":\"v\"}"), STR("1"));
    imported_close(imported);
}

TEST(other_texts_are_refused)
{
    check_refused("{}", (struct import_options){0}, "flags");
    check_refused("[1", (struct import_options){0}, "");
    check_refused("{\"flags\":7}", (struct import_options){0}, "flags");
    struct imported *empty = imported_open(VENDOR, STR("{\"flags\":{}}"));
    CHECK_INT(empty->state.flag_count, 0);
    imported_close(empty);
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* What SDKs get, of these flags and segments, with ' for ". */
static struct imported *open_flags(const char *flags, const char *segments)
{
    static char text[8192]; /* what is imported borrows from it */
    int size = snprintf(text, sizeof(text), "{'flags':{%s},'segments':{%s}}", flags, segments);
    CHECK(size < (int)sizeof(text));
    for (int i = 0; i < size; i++)
        text[i] = text[i] == '\'' ? '"' : text[i];
    return imported_open(VENDOR, str_of(text));
}

TEST(what_is_off_satisfies_nobody)
{
    struct imported *imported =
        open_flags("'parent':{'key':'parent','on':false,'variations':[true,false],'offVariation':1,"
                   "'fallthrough':{'variation':1}},'child':{'key':'child','on':true,'salt':'s',"
                   "'variations':[true,false],'offVariation':1,'fallthrough':{'variation':0},"
                   "'prerequisites':[{'key':'parent','variation':1}]}",
                   "");
    check_row(imported, "flag", "parent", IMPORT_EXACT, "serves false-off while it is off");
    check_row(imported, "flag", "child", IMPORT_EXACT, "");
    CHECK_STR(imported_gives(imported, "parent", "{\"targetingKey\":\"u\"}"), STR("false-off"));
    CHECK_STR(imported_gives(imported, "child", "{\"targetingKey\":\"u\"}"), STR("false"));
    imported_close(imported);
}

TEST(a_flag_that_leans_on_nothing_is_off)
{
    struct imported *imported =
        open_flags("'child':{'key':'child','on':true,'salt':'s','variations':[true,false],"
                   "'offVariation':1,'fallthrough':{'variation':0},"
                   "'prerequisites':[{'key':'ghost','variation':0}]}",
                   "");
    check_row(imported, "flag", "child", IMPORT_PARTLY, "leans on ghost, which is not there");
    CHECK_STR(imported_gives(imported, "child", "{\"targetingKey\":\"u\"}"), STR("false"));
    imported_close(imported);
}

TEST(without_an_off_variation_the_mildest_is_served)
{
    struct imported *imported = open_flags(
        "'on':{'key':'on','on':true,'variations':[false,true],"
        "'fallthrough':{'variation':1}},'off':{'key':'off','on':false,'variations':[false,"
        "true],'offVariation':null,'fallthrough':{'variation':1}}",
        "");
    check_row(imported, "flag", "on", IMPORT_EXACT, "has no off variation");
    check_row(imported, "flag", "off", IMPORT_PARTLY, "has no off variation");
    CHECK_STR(imported_gives(imported, "on", "{\"targetingKey\":\"u\"}"), STR("true"));
    CHECK_STR(imported_gives(imported, "off", "{\"targetingKey\":\"u\"}"), STR("false"));
    imported_close(imported);
}

TEST(what_cannot_be_said_is_left_out_with_what_leans_on_it)
{
    struct imported *imported = open_flags(
        "'uses-big':{'key':'uses-big','on':true,'salt':'s','variations':[true,false],"
        "'offVariation':1,'fallthrough':{'variation':0},"
        "'rules':[{'clauses':[{'op':'segmentMatch','values':['big']}],'variation':1}]},"
        "'uses-share':{'key':'uses-share','on':true,'salt':'s','variations':[true,false],"
        "'offVariation':1,'fallthrough':{'variation':0},"
        "'rules':[{'clauses':[{'op':'segmentMatch','values':['share']}],'variation':1}]},"
        "'leans':{'key':'leans','on':true,'salt':'s','variations':[true,false],"
        "'offVariation':1,'fallthrough':{'variation':0},"
        "'prerequisites':[{'key':'uses-big','variation':0}]},"
        "'dotted':{'key':'dotted','on':true,'salt':'s','variations':[true,false],"
        "'offVariation':1,'fallthrough':{'variation':0},"
        "'rules':[{'clauses':[{'attribute':'a.b','op':'in','values':[1]}],'variation':1}]},"
        "'mixed':{'key':'mixed','on':true,'variations':[1,'a'],'offVariation':1,"
        "'fallthrough':{'variation':0}},'lost':{'key':'lost','on':true,'variations':[1,2],"
        "'offVariation':1,'fallthrough':{'variation':2}}",
        "'big':{'key':'big','unbounded':true},'share':{'key':'share',"
        "'rules':[{'clauses':[],'weight':50000}]}");
    check_row(imported, "segment", "big", IMPORT_LEFT_OUT, "big segment");
    check_row(imported, "segment", "share", IMPORT_LEFT_OUT, "a share of those who match");
    check_row(imported, "flag", "uses-big", IMPORT_LEFT_OUT, "needs the segment big");
    check_row(imported, "flag", "uses-share", IMPORT_LEFT_OUT, "needs the segment share");
    check_row(imported, "flag", "leans", IMPORT_LEFT_OUT, "needs the flag uses-big");
    check_row(imported, "flag", "dotted", IMPORT_LEFT_OUT, "has a dot");
    check_row(imported, "flag", "mixed", IMPORT_LEFT_OUT, "different types");
    check_row(imported, "flag", "lost", IMPORT_LEFT_OUT, "variation that is not there");
    CHECK_INT(imported->state.flag_count, 0);
    imported_close(imported);
}

TEST(what_differs_at_the_edges_is_said)
{
    struct imported *imported =
        open_flags("'version':{'key':'version','on':true,'salt':'s','variations':[true,false],"
                   "'offVariation':1,'fallthrough':{'variation':0},"
                   "'rules':[{'clauses':[{'attribute':'v','op':'semVerLessThan','values':['2']}],"
                   "'variation':1}]}",
                   "");
    check_row(imported, "flag", "version", IMPORT_PARTLY, "fewer than three numbers");
    check_row(imported, "context", "lists", IMPORT_PARTLY, "only \"in\" looks at each element");
    CHECK_STR(imported_gives(imported, "version", "{\"targetingKey\":\"u\",\"v\":\"1.9.9\"}"),
              STR("false"));
    CHECK_STR(imported_gives(imported, "version", "{\"targetingKey\":\"u\",\"v\":\"2.0.0\"}"),
              STR("true"));
    imported_close(imported);
}

/* ---- shares ---------------------------------------------------------------------------------- */

TEST(a_key_prefix_deals_nobody_anew)
{
    const char flag[] = "{\"flags\":{\"half\":{\"key\":\"half\",\"on\":true,\"salt\":\"grain\","
                        "\"variations\":[\"a\",\"b\"],\"offVariation\":0,\"fallthrough\":{"
                        "\"rollout\":{\"variations\":[{\"variation\":0,\"weight\":50000},"
                        "{\"variation\":1,\"weight\":50000}]}}}}}";
    const struct import_options options = {.key_prefix = STR("old-")};
    struct imported *plain = imported_open(VENDOR, STR(flag));
    struct imported *prefixed = imported_open_with(VENDOR, STR(flag), options);
    size_t first = 0;
    for (int i = 0; i < 500; i++) {
        char context[64];
        snprintf(context, sizeof(context), "{\"targetingKey\":\"user-%d\"}", i);
        struct str got = imported_gives(plain, "half", context);
        CHECK_STR(imported_gives(prefixed, "old-half", context), got);
        first += str_equal(got, STR("a"));
    }
    CHECK(200 < first);
    CHECK(first < 300);
    imported_close(plain);
    imported_close(prefixed);
}

TEST(shares_of_an_experiment_stay_apart)
{
    struct imported *imported = open_flags(
        "'test':{'key':'test','on':true,'salt':'s','variations':['a','b'],'offVariation':0,"
        "'fallthrough':{'rollout':{'kind':'experiment','seed':61,"
        "'variations':[{'variation':0,'weight':10000},{'variation':1,'weight':10000},"
        "{'variation':0,'weight':80000,'untracked':true}]}}}",
        "");
    check_row(imported, "flag", "test", IMPORT_PARTLY, "the experiment itself");
    const struct split *split = &imported_flag(imported, STR("test"))->fallthrough.split;
    CHECK_STR(split->salt, STR("61"));
    CHECK_INT(split->allocation_count, 3);
    CHECK_STR(split->allocations[2].variation, STR("a-untracked"));
    CHECK_INT(split->allocations[2].weight, 80000);
    imported_close(imported);
}

TEST(one_share_for_all_is_no_share)
{
    struct imported *imported =
        open_flags("'all':{'key':'all','on':true,'variations':['a','b'],'offVariation':0,"
                   "'fallthrough':{'rollout':{'variations':[{'variation':0,'weight':0},"
                   "{'variation':1,'weight':100000}]}}}",
                   "");
    const struct flag *flag = imported_flag(imported, STR("all"));
    CHECK_INT(flag->fallthrough.kind, SERVE_VARIATION);
    CHECK_INT(flag->arithmetic.hash, FLAG_HASH_FNV1A_32_UTF16);
    imported_close(imported);
}

/* ---- browsers -------------------------------------------------------------------------------- */

TEST(browsers_see_nothing_that_leans_on_what_they_do_not)
{
    struct imported *imported = open_flags(
        "'hidden':{'key':'hidden','on':true,'salt':'s','variations':[true,false],"
        "'offVariation':1,'fallthrough':{'variation':0},'rules':[]},"
        "'shown':{'key':'shown','on':true,'salt':'s','variations':[true,false],"
        "'offVariation':1,'fallthrough':{'variation':0},"
        "'clientSideAvailability':{'usingEnvironmentId':true},"
        "'prerequisites':[{'key':'hidden','variation':0}]},"
        "'segmented':{'key':'segmented','on':true,'salt':'s','variations':[true,false],"
        "'offVariation':1,'fallthrough':{'variation':0},"
        "'clientSide':true,'rules':[{'clauses':[{'op':'segmentMatch','values':['outer']}],"
        "'variation':1}]}",
        "'inner':{'key':'inner','included':['u']},"
        "'outer':{'key':'outer','rules':[{'clauses':[{'op':'segmentMatch',"
        "'values':['inner']}]}]}");
    check_row(imported, "flag", "shown", IMPORT_PARTLY, "hidden from browsers");
    check_row(imported, "flag", "segmented", IMPORT_EXACT, "");
    check_row(imported, "segment", "inner", IMPORT_EXACT, "may be seen by browsers");
    CHECK_INT(imported_flag(imported, STR("segmented"))->visibility, VISIBILITY_CLIENT);
    CHECK_INT(imported_flag(imported, STR("shown"))->visibility, VISIBILITY_SERVER);
    CHECK_STR(imported_gives(imported, "segmented", "{\"targetingKey\":\"u\"}"), STR("false"));
    imported_close(imported);
}

TESTS(what_sdks_get_is_read, the_data_of_a_stream_is_the_same,
      the_management_api_names_what_it_lists, one_of_several_environments_has_to_be_named,
      a_summary_is_not_a_flag, lists_of_both_and_a_single_flag_are_read, other_texts_are_refused,
      what_is_off_satisfies_nobody, a_flag_that_leans_on_nothing_is_off,
      without_an_off_variation_the_mildest_is_served,
      what_cannot_be_said_is_left_out_with_what_leans_on_it, what_differs_at_the_edges_is_said,
      a_key_prefix_deals_nobody_anew, shares_of_an_experiment_stay_apart,
      one_share_for_all_is_no_share, browsers_see_nothing_that_leans_on_what_they_do_not)
