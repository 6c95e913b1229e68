/* SPDX-License-Identifier: Apache-2.0 */
/* One flag for one subject: values, reasons, errors, and what is read with leniency. */
#include "site.h"

#include "ingest/assignments.h"
#include "ingest/identities.h"

/* ---- values ---------------------------------------------------------------------------------- */

/* Defines flag "f", evaluates it for ann and compares. */
static void check_flag(const char *members, const char *expected)
{
    struct site site;
    site_open(&site);
    site_flag(&site, members);
    site_publish(&site);
    site_check_one(&site, "f", ANN, 200, expected);
    site_close(&site);
}

TEST(typed_flags_answer_with_the_value_of_the_variation)
{
    check_flag("'key':'f'",
               "{'key':'f','value':true,'reason':'STATIC','variant':'on','metadata':{}}");
    check_flag("'key':'f','type':'string','variations':[{'id':'on','value':'on'},"
               "{'id':'off','value':'no'}]",
               "{'key':'f','value':'on','reason':'STATIC','variant':'on','metadata':{}}");
    check_flag("'key':'f','type':'object','variations':[{'id':'on','value':{'a':[1,2.5]}},"
               "{'id':'off','value':{}}]",
               "{'key':'f','value':{'a':[1,2.5]},'reason':'STATIC','variant':'on','metadata':{}}");
}

static void check_spelling(const char *members, const char *spelled)
{
    struct site site;
    site_open(&site);
    site_flag(&site, members);
    site_publish(&site);
    struct str answer = site_one(&site, "f", ANN);
    struct str wanted = arena_format(&site.arena, "\"value\":%s,\"variant\"", spelled);
    if (!str_contains(answer, wanted))
        fprintf(stderr, "%.*s has no %.*s\n", STR_ARG(answer), STR_ARG(wanted));
    CHECK(str_contains(answer, wanted));
    site_close(&site);
}

#define NUMBERS(on, off)                                                                           \
    "'key':'f','type':'number','variations':[{'id':'on','value':" on "},{'id':'off','value':" off  \
    "}]"

TEST(numbers_keep_the_type_the_author_gave_the_flag)
{
    check_spelling(NUMBERS("1", "2"), "1");
    check_spelling(NUMBERS("1", "2.5"), "1.0");
    check_spelling(NUMBERS("-7", "0.5"), "-7.0");
    check_spelling(NUMBERS("2.5", "1"), "2.5");
    check_spelling(NUMBERS("0.1", "1"), "0.1");
    check_spelling(NUMBERS("0", "1"), "0");
    check_spelling(NUMBERS("1e21", "0.5"), "1e+21"); /* has an exponent: no integer */
    check_spelling(NUMBERS("9007199254740991", "1"), "9007199254740991");
}

#define NAMED(variations, fallthrough)                                                             \
    "'key':'f'," SITE_TEXT_FAMILY "'variations':" variations                                       \
    ",'offVariation':'off','fallthrough':{'variation':'" fallthrough "'}"
#define OFF ",{'id':'off','value':'off'}]"

TEST(a_named_variation_with_a_payload_answers_with_it)
{
    check_flag(NAMED("[{'id':'on','value':'on','payload':{'size':3}}" OFF, "on"),
               "{'key':'f','value':{'size':3},'reason':'STATIC','variant':'on','metadata':{}}");
    check_flag(NAMED("[{'id':'a','value':'a','payload':7},{'id':'b','value':'b'}" OFF, "b"),
               "{'key':'f','reason':'STATIC','variant':'b','metadata':{}}");
    check_flag(NAMED("[{'id':'a','value':'a','payload':null}" OFF, "a"),
               "{'key':'f','reason':'STATIC','variant':'a','metadata':{}}");
    check_spelling(NAMED("[{'id':'a','value':'a','payload':7},"
                         "{'id':'b','value':'b','payload':0.5}" OFF,
                         "a"),
                   "7.0");
}

TEST(on_and_off_are_true_and_false)
{
    check_flag(NAMED("[{'id':'on','value':'on'}" OFF, "on"),
               "{'key':'f','value':true,'reason':'STATIC','variant':'on','metadata':{}}");
    check_flag(NAMED("[{'id':'on','value':'on'}" OFF, "off"),
               "{'key':'f','value':false,'reason':'STATIC','variant':'off','metadata':{}}");
}

TEST(other_names_are_their_own_values_and_off_has_none)
{
    check_flag(NAMED("[{'id':'red','value':'red'}" OFF, "red"),
               "{'key':'f','value':'red','reason':'STATIC','variant':'red','metadata':{}}");
    check_flag(NAMED("[{'id':'red','value':'red'}" OFF, "off"),
               "{'key':'f','reason':'STATIC','variant':'off','metadata':{}}");
    check_flag(NAMED("[{'id':'on','value':'on'},{'id':'red','value':'red'}" OFF, "on"),
               "{'key':'f','value':'on','reason':'STATIC','variant':'on','metadata':{}}");
}

TEST(a_name_that_is_not_its_value_answers_with_the_value)
{
    check_flag(NAMED("[{'id':'a','value':'Alpha'}" OFF, "a"),
               "{'key':'f','value':'Alpha','reason':'STATIC','variant':'a','metadata':{}}");
    check_flag(NAMED("[{'id':'a','value':'Alpha'}" OFF, "off"),
               "{'key':'f','value':'off','reason':'STATIC','variant':'off','metadata':{}}");
}

TEST(metadata_is_what_the_author_wrote_as_far_as_it_is_scalar)
{
    check_flag("'key':'f','metadata':{'team':'a','limit':0.1,'beta':true,'owners':['x'],"
               "'deep':{'a':1},'none':null}",
               "{'key':'f','value':true,'reason':'STATIC','variant':'on',"
               "'metadata':{'team':'a','limit':0.1,'beta':true}}");
}

/* ---- reasons --------------------------------------------------------------------------------- */

#define PLAN_IS_PRO "{'op':'match','attribute':'plan','operator':'eq','value':'pro'}"
#define PRO "{'context':{'targetingKey':'ann','plan':'pro'}}"

TEST(a_flag_that_is_off_is_disabled_and_has_no_value)
{
    check_flag("'key':'f','enabled':false",
               "{'key':'f','reason':'DISABLED','variant':'off','metadata':{}}");
    check_flag("'key':'f','schedule':{'end':'2020-01-01T00:00:00Z'}",
               "{'key':'f','reason':'DISABLED','variant':'off','metadata':{}}");
    check_flag("'key':'f','schedule':{'start':'2050-01-01T00:00:00Z'}",
               "{'key':'f','reason':'DISABLED','variant':'off','metadata':{}}");
}

TEST(reasons_say_what_decided)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'rules','rules':[{'id':'r','when':" PLAN_IS_PRO
                     ",'serve':{'variation':'off'}}]");
    site_flag(&site, "'key':'split','fallthrough':{'rollout':{'variations':["
                     "{'variation':'on','weight':100000}]}}");
    site_flag(&site, "'key':'nobody','fallthrough':{'rollout':{'variations':["
                     "{'variation':'on','weight':0}]}}");
    site_flag(&site, "'key':'leans','prerequisites':[{'flag':'rules','variations':['off']}]");
    site_publish(&site);
    site_check_one(&site, "rules", PRO, 200,
                   "{'key':'rules','value':false,'reason':'TARGETING_MATCH','variant':'off',"
                   "'metadata':{}}");
    site_check_one(&site, "rules", ANN, 200,
                   "{'key':'rules','value':true,'reason':'DEFAULT','variant':'on','metadata':{}}");
    site_check_one(&site, "split", ANN, 200,
                   "{'key':'split','value':true,'reason':'SPLIT','variant':'on','metadata':{}}");
    site_check_one(&site, "nobody", ANN, 200,
                   "{'key':'nobody','reason':'DEFAULT','variant':'','metadata':{}}");
    site_check_one(&site, "leans", PRO, 200,
                   "{'key':'leans','value':true,'reason':'DEFAULT','variant':'on','metadata':{}}");
    site_check_one(&site, "leans", ANN, 200,
                   "{'key':'leans','value':false,'reason':'DEFAULT','variant':'off',"
                   "'metadata':{}}");
    site_close(&site);
}

TEST(who_is_listed_by_name_is_targeted)
{
    struct site site;
    site_open(&site);
    site_flag(&site, NAMED("[{'id':'on','value':'on','included':['ann']}" OFF, "off"));
    site_publish(&site);
    site_check_one(&site, "f", ANN, 200,
                   "{'key':'f','value':true,'reason':'TARGETING_MATCH','variant':'on',"
                   "'metadata':{}}");
    site_check_one(&site, "f", "{'context':{'targetingKey':'ben'}}", 200,
                   "{'key':'f','value':false,'reason':'DEFAULT','variant':'off','metadata':{}}");
    site_close(&site);
}

/* ---- flags that cannot be decided -------------------------------------------------------------
 */

static void check_refusal(struct site *site, int status, const char *code)
{
    struct json answer;
    CHECK_OK(json_parse(&site->arena, site->exchange.response.body, &json_budget_default, &answer));
    CHECK_INT(site_status(site), status);
    CHECK_STR(json_find(&answer, STR("errorCode"))->string, str_of(code));
    CHECK(json_find(&answer, STR("errorDetails"))->string.size > 0);
    CHECK_INT(json_find(&answer, STR("metadata"))->type, JSON_OBJECT);
    CHECK_INT(json_find(&answer, STR("metadata"))->count, 0);
    CHECK_STR(json_find(&answer, STR("key"))->string, site->exchange.parameters[0]);
    CHECK_STR(site_answer_header(site, "Content-Type"), STR("application/json"));
}

TEST(unknown_and_malformed_keys_are_not_found)
{
    static const char *const keys[] = {"g", "F", "f/", "f/g", "", " ", "f\"", "\xC3\xA4", "ff"};
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'f'");
    site_publish(&site);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        site_one(&site, keys[i], ANN);
        check_refusal(&site, 404, "FLAG_NOT_FOUND");
    }
    site_close(&site);
}

TEST(groups_and_archived_flags_are_not_found)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'gone','archived':true");
    struct flag group = site_decode_flag(&site, "'key':'group'");
    group.kind = FLAG_KIND_MUTEX;
    site_add(&site, group);
    site_publish(&site);
    site_one(&site, "gone", ANN);
    check_refusal(&site, 404, "FLAG_NOT_FOUND");
    site_one(&site, "group", ANN);
    check_refusal(&site, 404, "FLAG_NOT_FOUND");
    site_close(&site);
}

TEST(a_key_is_asked_for_only_where_a_flag_is_dealt_by_it)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'static'");
    site_flag(&site, "'key':'rules','rules':[{'id':'r','when':" PLAN_IS_PRO
                     ",'serve':{'variation':'off'}}]");
    site_flag(&site, "'key':'split','fallthrough':{'rollout':{'variations':["
                     "{'variation':'on','weight':100000}]}}");
    site_publish(&site);
    static const char *const nobody[] = {"",
                                         "{}",
                                         "{'context':{}}",
                                         "{'context':null}",
                                         "{'context':{'targetingKey':null}}",
                                         "{'context':{'targetingKey':''}}"};
    for (size_t i = 0; i < COUNT_OF(nobody); i++) {
        site_check_one(&site, "static", nobody[i], 200,
                       "{'key':'static','value':true,'reason':'STATIC','variant':'on',"
                       "'metadata':{}}");
        site_one(&site, "split", nobody[i]);
        check_refusal(&site, 400, "TARGETING_KEY_MISSING");
    }
    site_check_one(&site, "rules", "{'context':{'plan':'pro'}}", 200,
                   "{'key':'rules','value':false,'reason':'TARGETING_MATCH','variant':'off',"
                   "'metadata':{}}");
    site_close(&site);
}

TEST(a_flag_that_leans_on_itself_is_a_broken_definition)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'a','prerequisites':[{'flag':'b','variations':['on']}]");
    site_flag(&site, "'key':'b','prerequisites':[{'flag':'a','variations':['on']}]");
    site_publish(&site);
    site_one(&site, "a", ANN);
    check_refusal(&site, 400, "PARSE_ERROR");
    site_close(&site);
}

/* ---- contexts -------------------------------------------------------------------------------- */

TEST(a_context_that_cannot_be_read_is_refused)
{
    static const char *const bodies[] = {
        "{",
        "[]",
        "7",
        "null",
        "'text'",
        "{'context':[]}",
        "{'context':'text'}",
        "{'context':7}",
        "{'context':true}",
        "{'context':{'targetingKey':7}}",
        "{'context':{'targetingKey':true}}",
        "{'context':{'targetingKey':{}}}",
        "{'context':{'targetingKey':['a']}}",
        "{'context':{'a':1,'a':2}}",
        "{'context':{}} {}",
    };
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'f'");
    site_publish(&site);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        site_one(&site, "f", bodies[i]);
        check_refusal(&site, 400, "INVALID_CONTEXT");
    }
    site_close(&site);
}

TEST(members_nobody_knows_are_overlooked)
{
    check_flag("'key':'f'",
               "{'key':'f','value':true,'reason':'STATIC','variant':'on','metadata':{}}");
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'f'");
    site_publish(&site);
    site_one(&site, "f",
             "{'flags':['a'],'context':{'targetingKey':'ann','x':{'y':[1,{'z':null}]}},'more':{}}");
    CHECK_INT(site_status(&site), 200);
    site_close(&site);
}

static char *repeat(struct site *site, const char *text, size_t count)
{
    size_t size = strlen(text);
    char *all = arena_allocate(&site->arena, size * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * size, text, size);
    return all;
}

static int status_of(struct site *site, struct str body)
{
    site_one(site, "f", body.data);
    return site_status(site);
}

static int status_of_members(struct site *site, size_t count)
{
    struct str body = STR("{\"context\":{\"targetingKey\":\"ann\"");
    for (size_t i = 1; i < count; i++)
        body = arena_format(&site->arena, "%.*s,\"a%zu\":1", STR_ARG(body), i);
    return status_of(site, arena_format(&site->arena, "%.*s}}", STR_ARG(body)));
}

/* The context is the outermost level. */
static int status_of_depth(struct site *site, size_t depth)
{
    return status_of(site,
                     arena_format(&site->arena, "{\"context\":{\"a\":%s%s}}",
                                  repeat(site, "[", depth - 1), repeat(site, "]", depth - 1)));
}

static int status_of_size(struct site *site, const char *member, size_t size)
{
    return status_of(site, arena_format(&site->arena, "{\"context\":{\"%s\":\"%s\"}}", member,
                                        repeat(site, "x", size)));
}

TEST(contexts_have_limits)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'f'");
    site_publish(&site);
    CHECK_INT(status_of_members(&site, 256), 200);
    CHECK_INT(status_of_members(&site, 257), 400);
    check_refusal(&site, 400, "INVALID_CONTEXT");
    CHECK_INT(status_of_depth(&site, 8), 200);
    CHECK_INT(status_of_depth(&site, 9), 400);
    CHECK_INT(status_of_size(&site, "targetingKey", 256), 200);
    CHECK_INT(status_of_size(&site, "targetingKey", 257), 400);
    CHECK_INT(status_of_size(&site, "plan", 2048), 200);
    CHECK_INT(status_of_size(&site, "plan", 2049), 400);
    CHECK_INT(site_route(ofrep_evaluate_one)->body_bytes_max, 64 * 1024);
    CHECK_INT(site_route(ofrep_evaluate_all)->body_bytes_max, 64 * 1024);
    site_close(&site);
}

/* ---- who is dealt by what -------------------------------------------------------------------- */

#define BUCKET(selector)                                                                           \
    "{'bucket':{'bucketBy':'" selector "','salt':'s','slices':[{'percent':100,'variations':["      \
    "{'variation':'red','weight':1}]}],'otherwise':'off'}}"
#define COLOURS "'variations':[{'id':'red','value':'red'},{'id':'off','value':'off'}]"

TEST(devices_are_read_from_the_context)
{
    struct site site;
    site_open(&site);
    site_flag(&site, "'key':'f'," SITE_TEXT_FAMILY COLOURS
                     ",'fallthrough':" BUCKET("/context/user/device_id"));
    site_publish(&site);
    static const char *const devices[] = {
        "{'context':{'targetingKey':'ann','device_id':'d1'}}",
        "{'context':{'targetingKey':'ann','deviceId':'d1'}}",
        "{'context':{'deviceId':'d1','plan':'pro'}}",
        "{'context':{'device_id':'d1','deviceId':'d2'}}",
    };
    for (size_t i = 0; i < COUNT_OF(devices); i++)
        site_check_one(&site, "f", devices[i], 200,
                       "{'key':'f','value':'red','reason':'SPLIT','variant':'red','metadata':{}}");
    site_check_one(&site, "f", ANN, 200,
                   "{'key':'f','reason':'SPLIT','variant':'off','metadata':{}}");
    site_close(&site);
}

/* ---- what is remembered -----------------------------------------------------------------------
 */

static void ignore(void *context)
{
    (void)context;
}

static void publish_experiment(struct site *site, const char *dealt, bool is_sticky)
{
    site_clear(site);
    struct flag flag = site_decode_flag(
        site, "'key':'f','kind':'experiment'," SITE_TEXT_FAMILY
              "'variations':[{'id':'red','value':'red'},{'id':'blue','value':'blue'},"
              "{'id':'off','value':'off'}],'fallthrough':{'variation':'off'}");
    flag.fallthrough.variation = str_of(dealt);
    flag.experiment.is_sticky = is_sticky;
    site_add(site, flag);
    site->version++;
    site_publish(site);
}

static void check_colour(struct site *site, const char *body, const char *colour)
{
    struct json answer;
    CHECK_OK(json_parse(&site->arena, site_one(site, "f", body), &json_budget_default, &answer));
    CHECK_STR(json_find(&answer, STR("variant"))->string, str_of(colour));
}

TEST(who_was_dealt_a_sticky_variation_keeps_it)
{
    struct site site;
    site_open(&site);
    site.services.variations = notebook_open(NOTE_VARIATION, clock_system(), ignore, NULL);
    site.services.devices = notebook_open(NOTE_DEVICE, clock_system(), ignore, NULL);
    publish_experiment(&site, "red", true);
    check_colour(&site, ANN, "red");
    check_colour(&site, "{'context':{'device_id':'d1'}}", "red");
    publish_experiment(&site, "blue", true);
    check_colour(&site, ANN, "red");
    check_colour(&site, "{'context':{'deviceId':'d1'}}", "red");
    check_colour(&site, "{'context':{'targetingKey':'ben'}}", "blue");
    check_colour(&site, "{'context':{}}", "blue");
    /* a device is the user it was seen with */
    identity_resolve(site.services.devices, SITE_ENVIRONMENT, STR("ann"), STR("d2"),
                     &site.request_arena);
    check_colour(&site, "{'context':{'device_id':'d2'}}", "red");
    CHECK_INT(notebook_counters_read(site.services.variations).known, 3);
    notebook_close(site.services.variations);
    notebook_close(site.services.devices);
    site_close(&site);
}

TESTS(typed_flags_answer_with_the_value_of_the_variation,
      numbers_keep_the_type_the_author_gave_the_flag,
      a_named_variation_with_a_payload_answers_with_it, on_and_off_are_true_and_false,
      other_names_are_their_own_values_and_off_has_none,
      a_name_that_is_not_its_value_answers_with_the_value,
      metadata_is_what_the_author_wrote_as_far_as_it_is_scalar,
      a_flag_that_is_off_is_disabled_and_has_no_value, reasons_say_what_decided,
      who_is_listed_by_name_is_targeted, unknown_and_malformed_keys_are_not_found,
      groups_and_archived_flags_are_not_found, a_key_is_asked_for_only_where_a_flag_is_dealt_by_it,
      a_flag_that_leans_on_itself_is_a_broken_definition, a_context_that_cannot_be_read_is_refused,
      members_nobody_knows_are_overlooked, contexts_have_limits, devices_are_read_from_the_context,
      who_was_dealt_a_sticky_variation_keeps_it)
