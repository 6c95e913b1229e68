/* SPDX-License-Identifier: Apache-2.0 */
/* Unleash's documents: which there are, what becomes of what is in them, and what the report says.
 * That decisions are the same is for worlds_test.c. */
#include "recorded.h"

#define VENDOR STR("unleash")

static void check_row(const struct imported *imported, const char *kind, const char *name,
                      enum import_outcome outcome, const char *note)
{
    CHECK_INT(imported_outcome(imported, str_of(kind), str_of(name)), outcome);
    struct str said = imported_find_row(imported, str_of(kind), str_of(name))->note;
    if (!str_contains(said, str_of(note)))
        CHECK_STR(said, str_of(note));
}

static void check_refused(const char *text, struct import_options options, const char *why)
{
    struct imported *imported = imported_open_with(VENDOR, str_of(text), options);
    CHECK_FAULT(imported->fault, FAULT_INVALID);
    if (!str_contains(imported->fault.why, str_of(why)))
        CHECK_STR(imported->fault.why, str_of(why));
    imported_close(imported);
}

/* What SDKs get, of these features, with ' for ". */
static struct imported *open_feed(const char *features)
{
    static char text[8192]; /* what is imported borrows from it */
    int size = snprintf(text, sizeof(text), "{'version':2,'features':[%s]}", features);
    CHECK(size < (int)sizeof(text));
    for (int i = 0; i < size; i++)
        text[i] = text[i] == '\'' ? '"' : text[i];
    return imported_open(VENDOR, str_of(text));
}

/* ---- documents ------------------------------------------------------------------------------- */

#define EXPORTED_LISTS                                                                             \
    "\"features\":[{\"name\":\"checkout\",\"type\":\"kill-switch\",\"description\":\"The new "     \
    "one\",\"project\":\"web\",\"stale\":true,\"impressionData\":false,\"archived\":false}],"      \
    "\"featureStrategies\":[{\"id\":\"s2\",\"featureName\":\"checkout\",\"name\":"                 \
    "\"flexibleRollout\",\"parameters\":{\"rollout\":\"0\",\"stickiness\":\"default\","            \
    "\"groupId\":\"checkout\"},\"constraints\":[],\"segments\":[],\"sortOrder\":2},"               \
    "{\"id\":\"s1\",\"featureName\":\"checkout\",\"name\":\"default\",\"title\":\"Gold\","         \
    "\"parameters\":{},\"constraints\":[],\"segments\":[7],\"sortOrder\":1},"                      \
    "{\"id\":\"s0\",\"featureName\":\"checkout\",\"name\":\"default\",\"parameters\":{},"          \
    "\"constraints\":[],\"segments\":[],\"sortOrder\":0,\"disabled\":true}],"                      \
    "\"contextFields\":[],\"tagTypes\":[],\"featureTags\":[{\"featureName\":\"checkout\","         \
    "\"tagType\":\"simple\",\"tagValue\":\"shop\"},{\"featureName\":\"checkout\","                 \
    "\"tagType\":\"team\",\"tagValue\":\"pay\"}],\"dependencies\":[],"                             \
    "\"segments\":[{\"id\":7,\"name\":\"gold\",\"constraints\":[{\"contextName\":\"tier\","        \
    "\"operator\":\"IN\",\"values\":[\"gold\"],\"inverted\":false}]}]"

TEST(an_export_is_read)
{
    struct imported *imported =
        imported_open(VENDOR, STR("{" EXPORTED_LISTS ",\"featureEnvironments\":[{\"featureName\":"
                                  "\"checkout\",\"environment\":\"production\",\"enabled\":true,"
                                  "\"variants\":[]}]}"));
    check_row(imported, "flag", "checkout", IMPORT_EXACT, "");
    check_row(imported, "segment", "gold", IMPORT_PARTLY, "written into the rules");
    check_row(imported, "context-field", "tier", IMPORT_EXACT, "the attribute of that name");
    const struct flag *flag = imported_flag(imported, STR("checkout"));
    CHECK_STR(flag->description, STR("The new one"));
    CHECK_INT(flag->lifecycle, LIFECYCLE_DEPRECATED);
    CHECK(flag->is_enabled);
    CHECK(flag->is_on_all_deployments);
    CHECK_INT(flag->tag_count, 4);
    CHECK_STR(flag->tags[0], STR("type:kill-switch"));
    CHECK_STR(flag->tags[1], STR("project:web"));
    CHECK_STR(flag->tags[2], STR("shop"));
    CHECK_STR(flag->tags[3], STR("team:pay"));
    CHECK_INT(flag->rule_count, 2);
    CHECK_STR(flag->rules[0].description, STR("Gold")); /* in order, without the disabled one */
    CHECK_STR(imported_gives(imported, "checkout", "{\"targetingKey\":\"u\",\"tier\":\"gold\"}"),
              STR("true"));
    CHECK_STR(imported_gives(imported, "checkout", "{\"targetingKey\":\"u\"}"), STR("false"));
    imported_close(imported);
}

static const char of_several[] =
    "{" EXPORTED_LISTS ",\"featureEnvironments\":[{\"featureName\":\"checkout\",\"environment\":"
    "\"production\",\"enabled\":false},{\"featureName\":\"checkout\",\"environment\":"
    "\"development\",\"enabled\":true}]}";

TEST(one_of_several_environments_has_to_be_named)
{
    check_refused(of_several, (struct import_options){0}, "production, development");
    check_refused(of_several, (struct import_options){.environment = STR("test")},
                  "has no environment test; it has: production, development");
    const struct import_options options = {.environment = STR("development")};
    struct imported *imported = imported_open_with(VENDOR, STR(of_several), options);
    CHECK_OK(imported->fault);
    CHECK(imported_flag(imported, STR("checkout"))->is_enabled);
    imported_close(imported);
}

TEST(an_older_export_pairs_segments_with_strategies)
{
    struct imported *imported = imported_open(
        VENDOR,
        STR("{\"version\":4,\"features\":[{\"name\":\"f\"}],\"featureStrategies\":[{\"id\":\"a\","
            "\"featureName\":\"f\",\"environment\":\"default\",\"strategyName\":\"default\","
            "\"parameters\":{},\"constraints\":[]}],\"featureEnvironments\":[{\"featureName\":"
            "\"f\",\"environment\":\"default\",\"enabled\":true}],\"segments\":[{\"id\":1,"
            "\"name\":\"one\",\"constraints\":[{\"contextName\":\"userId\",\"operator\":\"IN\","
            "\"values\":[\"ann\"]}]}],\"featureStrategySegments\":[{\"featureStrategyId\":\"a\","
            "\"segmentId\":1}]}"));
    CHECK_STR(imported_gives(imported, "f", "{\"targetingKey\":\"ann\"}"), STR("true"));
    CHECK_STR(imported_gives(imported, "f", "{\"targetingKey\":\"bob\"}"), STR("false"));
    imported_close(imported);
}

TEST(other_texts_are_refused)
{
    check_refused("{}", (struct import_options){0}, "list of features");
    check_refused("{\"features\":{}}", (struct import_options){0}, "list of features");
    check_refused("[", (struct import_options){0}, "");
}

/* ---- strategies ------------------------------------------------------------------------------ */

TEST(a_feature_without_strategies_is_for_all_and_one_with_disabled_ones_for_none)
{
    struct imported *imported = open_feed(
        "{'name':'plain','enabled':true,'strategies':[]},"
        "{'name':'asleep','enabled':true,'strategies':[{'name':'default','disabled':true}]}");
    CHECK_STR(imported_gives(imported, "plain", "{\"targetingKey\":\"u\"}"), STR("true"));
    CHECK_STR(imported_gives(imported, "plain", "{}"), STR("true"));
    CHECK_STR(imported_gives(imported, "asleep", "{\"targetingKey\":\"u\"}"), STR("false"));
    check_row(imported, "flag", "plain", IMPORT_EXACT, "");
    check_row(imported, "flag", "asleep", IMPORT_PARTLY, "all its strategies are disabled");
    imported_close(imported);
}

TEST(a_strategy_that_cannot_be_said_lets_nobody_in)
{
    struct imported *imported =
        open_feed("{'name':'f','enabled':true,'strategies':[{'name':'homemade','parameters':{},"
                  "'constraints':[]},{'name':'default','parameters':{},"
                  "'constraints':[{'contextName':'remoteAddress','operator':'IN_CIDR',"
                  "'values':['fe80::/10']}]},{'name':'default','parameters':{},'segments':[99]},"
                  "{'name':'default','parameters':{},'constraints':[{'contextName':'a',"
                  "'operator':'REGEX','value':'(?i)x'}]},{'name':'default','parameters':{},"
                  "'constraints':[{'contextName':'userId','operator':'IN','values':['ann']}]}]}");
    check_row(imported, "flag", "f", IMPORT_PARTLY, "strategy 1 (homemade) lets nobody in");
    check_row(imported, "flag", "f", IMPORT_PARTLY, "fe80::/10 is no range of IPv4 addresses");
    check_row(imported, "flag", "f", IMPORT_PARTLY, "its segment 99 asks for is not in");
    check_row(imported, "flag", "f", IMPORT_PARTLY, "the regular expression (?i)x");
    CHECK_INT(imported_flag(imported, STR("f"))->rule_count, 1);
    CHECK_STR(imported_gives(imported, "f", "{\"targetingKey\":\"ann\"}"), STR("true"));
    CHECK_STR(imported_gives(imported, "f", "{\"targetingKey\":\"u\",\"a\":\"x\"}"), STR("false"));
    imported_close(imported);
}

TEST(chance_is_dealt_once)
{
    struct imported *imported =
        open_feed("{'name':'f','enabled':true,'strategies':[{'name':'flexibleRollout',"
                  "'parameters':{'rollout':'50','stickiness':'random','groupId':'f'}}]}");
    check_row(imported, "flag", "f", IMPORT_REDEALT, "at random each time over there");
    imported_close(imported);
}

TEST(dates_say_when_a_rule_is_active)
{
    struct imported *imported =
        open_feed("{'name':'f','enabled':true,'strategies':[{'name':'default','parameters':{},"
                  "'constraints':[{'contextName':'currentTime','operator':'DATE_AFTER',"
                  "'value':'2030-01-01T00:00:00.000Z'},{'contextName':'currentTime',"
                  "'operator':'DATE_AFTER','value':'2031-01-01T00:00:00Z','inverted':true}]}]}");
    check_row(imported, "context-field", "currentTime", IMPORT_EXACT, "the server's clock");
    const struct rule *rule = &imported_flag(imported, STR("f"))->rules[0];
    CHECK_STR(rule->schedule.start, STR("2030-01-01T00:00:00.001Z"));
    CHECK_STR(rule->schedule.end, STR("2031-01-01T00:00:00.001Z"));
    const struct json nobody = {.type = JSON_OBJECT};
    CHECK_STR(imported_decide(imported, STR("f"), &nobody, rule->schedule.start_ms - 1),
              STR("false"));
    CHECK_STR(imported_decide(imported, STR("f"), &nobody, rule->schedule.start_ms), STR("true"));
    CHECK_STR(imported_decide(imported, STR("f"), &nobody, rule->schedule.end_ms - 1), STR("true"));
    CHECK_STR(imported_decide(imported, STR("f"), &nobody, rule->schedule.end_ms), STR("false"));
    imported_close(imported);
}

static bool is_in_range(const char *range, const char *address)
{
    char feature[512];
    char context[128];
    snprintf(feature, sizeof(feature),
             "{'name':'f','enabled':true,'strategies':[{'name':'remoteAddress','parameters':"
             "{'IPs':'%s'}}]}",
             range);
    snprintf(context, sizeof(context), "{\"remoteAddress\":\"%s\"}", address);
    struct imported *imported = open_feed(feature);
    bool is_in = str_equal(imported_gives(imported, "f", context), STR("true"));
    imported_close(imported);
    return is_in;
}

/* Every prefix within one octet, against every address of it. */
TEST(ranges_have_the_addresses_they_have)
{
    for (unsigned bits = 17; bits <= 24; bits++) {
        char range[32];
        unsigned span = 1u << (24 - bits);
        unsigned base = 165 / span * span;
        snprintf(range, sizeof(range), "10.20.165.0/%u", bits);
        for (unsigned octet = 0; octet < 256; octet += octet % 16 == 15 ? 1 : 5) {
            char address[32];
            snprintf(address, sizeof(address), "10.20.%u.77", octet);
            CHECK_INT(is_in_range(range, address), base <= octet && octet < base + span);
        }
    }
    CHECK(is_in_range("8.8.8.8,  1.2.3.4", "1.2.3.4"));
    CHECK(!is_in_range("1.2.3.4", "1.2.3.40"));
    CHECK(!is_in_range("1.2.3.4/32", "1a2.3.4"));
    CHECK(is_in_range("0.0.0.0/0", "9.9.9.9"));
    CHECK(is_in_range("::1", "::1"));
}

/* ---- variants -------------------------------------------------------------------------------- */

TEST(variants_carry_their_payloads)
{
    struct imported *imported = open_feed(
        "{'name':'f','enabled':true,'strategies':[{'name':'default','parameters':{},"
        "'constraints':[]}],'variants':[{'name':'a','weight':1000,'payload':{'type':'json',"
        "'value':'{\\'x\\':1}'}},{'name':'b','weight':0,'payload':{'type':'number',"
        "'value':'2.5'}},{'name':'c','weight':0,'payload':{'type':'string',"
        "'value':'plain'},'overrides':[{'contextName':'userId','values':['ann']}]},"
        "{'name':'disabled','weight':0}]}");
    const struct flag *flag = imported_flag(imported, STR("f"));
    CHECK_INT(flag->type, VALUE_STRING);
    const struct variation *a = &flag->variations[flag_find_variation(flag, STR("a"))];
    const struct variation *b = &flag->variations[flag_find_variation(flag, STR("b"))];
    const struct variation *c = &flag->variations[flag_find_variation(flag, STR("c"))];
    CHECK_STR(a->value.string, STR("a"));
    CHECK_INT(a->payload.type, JSON_OBJECT);
    CHECK(b->payload.number == 2.5);
    CHECK_STR(c->payload.string, STR("plain"));
    CHECK(flag_find_variation(flag, STR("disabled-2")) >= 0); /* not what stands for off */
    CHECK_STR(flag->off_variation, STR("disabled"));
    CHECK_INT(flag->arithmetic.hash, FLAG_HASH_MURMUR3_32_UTF8); /* nothing to deal */
    CHECK_STR(imported_gives(imported, "f", "{\"targetingKey\":\"ann\"}"), STR("c"));
    CHECK_STR(imported_gives(imported, "f", "{\"targetingKey\":\"bob\"}"), STR("a"));
    imported_close(imported);
}

TEST(variants_of_another_group_are_dealt_anew)
{
    struct imported *imported =
        open_feed("{'name':'f','enabled':true,'strategies':[{'name':'flexibleRollout',"
                  "'parameters':{'rollout':'40','stickiness':'default','groupId':'another'}}],"
                  "'variants':[{'name':'a','weight':500},{'name':'b','weight':500}]}");
    check_row(imported, "flag", "f", IMPORT_REDEALT, "who is in is kept");
    const struct bucket *bucket = &imported_flag(imported, STR("f"))->rules[0].serve.bucket;
    CHECK_STR(bucket->salt, STR("another"));
    CHECK_INT(bucket->slices[0].percent, 40);
    imported_close(imported);
}

/* ---- dependencies ---------------------------------------------------------------------------- */

TEST(what_nobody_can_depend_on_switches_off)
{
    struct imported *imported =
        open_feed("{'name':'parent','enabled':true,'strategies':[]},"
                  "{'name':'child','enabled':true,'strategies':[],"
                  "'dependencies':[{'feature':'parent'}]},{'name':'grandchild','enabled':true,"
                  "'strategies':[],'dependencies':[{'feature':'child'}]},"
                  "{'name':'orphan','enabled':true,'strategies':[],"
                  "'dependencies':[{'feature':'nobody'}]},{'name':'contrary','enabled':true,"
                  "'strategies':[],'dependencies':[{'feature':'parent','enabled':false}]}");
    check_row(imported, "flag", "child", IMPORT_EXACT, "");
    check_row(imported, "flag", "grandchild", IMPORT_PARTLY, "depends on another feature itself");
    check_row(imported, "flag", "orphan", IMPORT_PARTLY, "depends on nobody, which is not there");
    CHECK_STR(imported_gives(imported, "child", "{}"), STR("true"));
    CHECK_STR(imported_gives(imported, "grandchild", "{}"), STR("false"));
    CHECK_STR(imported_gives(imported, "orphan", "{}"), STR("false"));
    CHECK_STR(imported_gives(imported, "contrary", "{}"), STR("false"));
    imported_close(imported);
}

/* ---- what differs ---------------------------------------------------------------------------- */

TEST(what_differs_at_the_edges_is_said)
{
    struct imported *imported = open_feed(
        "{'name':'version','enabled':true,'strategies':[{'name':'default','parameters':{},"
        "'constraints':[{'contextName':'v','operator':'SEMVER_GT','value':'1.2.3'}]}]},"
        "{'name':'pattern','enabled':true,'strategies':[{'name':'default','parameters':{},"
        "'constraints':[{'contextName':'v','operator':'REGEX','value':'^1'}]}]},"
        "{'name':'folded','enabled':true,'strategies':[{'name':'default','parameters':{},"
        "'constraints':[{'contextName':'v','operator':'STR_STARTS_WITH','values':['É'],"
        "'caseInsensitive':true}]}]}");
    check_row(imported, "flag", "version", IMPORT_PARTLY, "pre-release");
    check_row(imported, "flag", "pattern", IMPORT_PARTLY, "RE2");
    check_row(imported, "flag", "folded", IMPORT_PARTLY, "letters of ASCII alone");
    CHECK_STR(imported_gives(imported, "version", "{\"v\":\"1.10.0\"}"), STR("true"));
    CHECK_STR(imported_gives(imported, "version", "{\"v\":\"v1.10.0\"}"), STR("false"));
    CHECK_STR(imported_gives(imported, "version", "{\"v\":\"1.10\"}"), STR("false"));
    imported_close(imported);
}

TESTS(an_export_is_read, one_of_several_environments_has_to_be_named,
      an_older_export_pairs_segments_with_strategies, other_texts_are_refused,
      a_feature_without_strategies_is_for_all_and_one_with_disabled_ones_for_none,
      a_strategy_that_cannot_be_said_lets_nobody_in, chance_is_dealt_once,
      dates_say_when_a_rule_is_active, ranges_have_the_addresses_they_have,
      variants_carry_their_payloads, variants_of_another_group_are_dealt_anew,
      what_nobody_can_depend_on_switches_off, what_differs_at_the_edges_is_said)
