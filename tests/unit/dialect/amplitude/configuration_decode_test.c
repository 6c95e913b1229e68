/* SPDX-License-Identifier: Apache-2.0 */
/* configuration_decode - shapes and ranges; what they mean is proven by tests/conformance. */
#include "test.h"

#include <string.h>

#include "dialect/amplitude/configuration_decode.h"

struct decoded {
    struct arena arena;
    struct fault fault;
    struct flag *flags;
    size_t count;
};

/* ' for ". */
static struct decoded decode(const char *text)
{
    struct decoded decoded = {0};
    struct json json;
    arena_open(&decoded.arena, 4096);
    char *copy = arena_copy(&decoded.arena, text, strlen(text));
    for (size_t i = 0; i < strlen(text); i++)
        copy[i] = copy[i] == '\'' ? '"' : copy[i];
    struct str quoted = {copy, strlen(text)};
    CHECK_OK(json_parse(&decoded.arena, quoted, &json_budget_default, &json));
    decoded.fault = configuration_decode(&decoded.arena, &json, &decoded.flags, &decoded.count);
    return decoded;
}

#define FLAG(segments)                                                                             \
    "[{'key':'f','variants':{'off':{'key':'off'},'a':{'key':'a','value':'a'},"                     \
    "'b':{'key':'b','payload':[1]}},'segments':[" segments "]}]"
#define BUCKET(allocations)                                                                        \
    FLAG("{'variant':'off','bucket':{'selector':['context','user','user_id'],'salt':'s',"          \
         "'allocations':[" allocations "]}}")

TEST(segments_become_rules)
{
    struct decoded decoded = decode(
        "[{'key':'f','dependencies':['p','q'],'metadata':{'evaluationMode':'local','x':1},"
        "'variants':{'off':{'key':'off','metadata':{'default':true}},'on':{'key':'on',"
        "'value':'on','payload':{'n':1}}},'segments':["
        "{'conditions':[[{'selector':['context','user','a/b'],'op':'is','values':['x']}],[]],"
        "'metadata':{'segmentName':'first'},'variant':'on'},{'conditions':[],'variant':'off'},"
        "{}]}]");
    CHECK_OK(decoded.fault);
    CHECK_INT(decoded.count, 1);
    const struct flag *flag = &decoded.flags[0];
    CHECK_INT(flag->arithmetic.hash, FLAG_HASH_MURMUR3_32_UTF8);
    CHECK_INT(flag->arithmetic.comparison, FLAG_COMPARISON_TEXT);
    CHECK_INT(flag->evaluation_mode, EVALUATION_LOCAL);
    CHECK_STR(flag->off_variation, STR("off"));
    CHECK_INT(flag->prerequisite_count, 2);
    CHECK_STR(flag->prerequisites[1].flag, STR("q"));
    CHECK_INT(flag->prerequisites[1].variation_count, 0);
    CHECK_INT(flag->variation_count, 2);
    CHECK_INT(flag->variations[0].value.type, JSON_NULL);
    CHECK_STR(flag->variations[1].value.string, STR("on"));
    CHECK(flag->variations[1].has_payload);
    CHECK_INT(flag->rule_count, 3);
    const struct rule *first = &flag->rules[0];
    CHECK_STR(first->description, STR("first"));
    CHECK_INT(first->when.kind, EXPRESSION_ANY);
    CHECK_INT(first->when.child_count, 2);
    const struct expression *match = &first->when.children[0].children[0];
    CHECK_INT(match->operator, OPERATOR_TEXT_IS);
    CHECK_STR(match->attribute, STR("/context/user/a~1b"));
    CHECK_INT(flag->rules[1].when.child_count, 0);
    CHECK_INT(flag->rules[1].when.kind, EXPRESSION_ANY);
    CHECK_INT(flag->rules[2].when.kind, EXPRESSION_ALL);
    CHECK(str_is_absent(flag->rules[2].serve.variation));
    CHECK(str_is_absent(flag->fallthrough.variation));
    arena_close(&decoded.arena);
}

TEST(operators_no_engine_knows_never_hold)
{
    static const char *const operators[] = {"glob match", "IS", "starts with", "text is", ""};
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 FLAG("{'conditions':[[{'selector':['x'],'op':'%s','values':[]}]],"
                      "'variant':'a'}"),
                 operators[i]);
        struct decoded decoded = decode(text);
        CHECK_OK(decoded.fault);
        const struct expression *condition =
            &decoded.flags[0].rules[0].when.children[0].children[0];
        CHECK_INT(condition->kind, EXPRESSION_ANY);
        CHECK_INT(condition->child_count, 0);
        arena_close(&decoded.arena);
    }
}

static void expect_share(const struct slice *slice, size_t index, const char *variation,
                         uint32_t weight)
{
    CHECK(index < slice->allocation_count);
    CHECK_INT(slice->allocations[index].weight, weight);
    if (variation == NULL)
        CHECK(str_is_absent(slice->allocations[index].variation));
    else
        CHECK_STR(slice->allocations[index].variation, str_of(variation));
}

TEST(ranges_become_slices_and_weights)
{
    struct decoded decoded =
        decode(BUCKET("{'range':[10,60],'distributions':[{'variant':'a','range':[0,21474837]},"
                      "{'variant':'b','range':[21474836,42949673]}]},"
                      "{'range':[50,80],'distributions':[{'variant':'b','range':[5,10]}]}"));
    CHECK_OK(decoded.fault);
    const struct serve *serve = &decoded.flags[0].rules[0].serve;
    CHECK_INT(serve->kind, SERVE_BUCKET);
    CHECK_STR(serve->bucket.bucket_by, STR("/context/user/user_id"));
    CHECK_STR(serve->bucket.salt, STR("s"));
    CHECK_STR(serve->bucket.otherwise, STR("off"));
    const struct slice *slices = serve->bucket.slices;
    CHECK_INT(serve->bucket.slice_count, 4);
    CHECK_INT(slices[0].percent, 10);
    expect_share(&slices[0], 0, NULL, BUCKET_TICKETS);
    CHECK_INT(slices[1].percent, 40);
    CHECK_INT(slices[1].allocation_count, 2);
    expect_share(&slices[1], 0, "a", 21474837);
    expect_share(&slices[1], 1, "b", 21474836);
    CHECK_INT(slices[2].percent, 10);
    CHECK_INT(slices[2].allocation_count, 2);
    CHECK_INT(slices[3].percent, 20);
    CHECK_INT(slices[3].allocation_count, 3);
    expect_share(&slices[3], 0, NULL, 5);
    expect_share(&slices[3], 1, "b", 5);
    expect_share(&slices[3], 2, NULL, 42949663);
    arena_close(&decoded.arena);
}

TEST(no_allocations_are_no_slices)
{
    struct decoded decoded = decode(BUCKET(""));
    CHECK_OK(decoded.fault);
    CHECK_INT(decoded.flags[0].rules[0].serve.bucket.slice_count, 0);
    arena_close(&decoded.arena);
}

TEST(what_the_schema_does_not_have_is_refused_where_it_stands)
{
    static const struct {
        const char *text, *where;
    } rows[] = {
        {"{}", "$"},
        {"[1]", "$[0]"},
        {"[{'variants':{},'segments':[]}]", "$[0].key"},
        {"[{'key':'f','segments':[]}]", "$[0].variants"},
        {"[{'key':'f','variants':{}}]", "$[0].segments"},
        {"[{'key':'f','variants':{},'segments':[],'more':1}]", "$[0]"},
        {"[{'key':'f','variants':[],'segments':[]}]", "$[0].variants"},
        {"[{'key':'f','variants':{'a':{'key':'b'}},'segments':[]}]", "$[0].variants.a.key"},
        {"[{'key':'f','variants':{'a':{'key':'a','value':1}},'segments':[]}]",
         "$[0].variants.a.value"},
        {"[{'key':'f','variants':{},'segments':[],'dependencies':[1]}]", "$[0].dependencies[0]"},
        {"[{'key':'f','variants':{},'segments':[]},{'key':'f','variants':{},'segments':[]}]",
         "$[1]"},
        {FLAG("{'x':1}"), "$[0].segments[0]"},
        {FLAG("{'variant':1}"), "$[0].segments[0].variant"},
        {FLAG("{'conditions':[1]}"), "$[0].segments[0].conditions[0]"},
        {FLAG("{'conditions':[[{'op':'is','values':[]}]]}"),
         "$[0].segments[0].conditions[0][0].selector"},
        {FLAG("{'conditions':[[{'selector':[],'op':'is','values':[1]}]]}"),
         "$[0].segments[0].conditions[0][0].values[0]"},
        {FLAG("{'bucket':{'selector':[],'allocations':[]}}"), "$[0].segments[0].bucket.salt"},
        {BUCKET("{'range':[0,101],'distributions':[]}"), "$[0].segments[0].bucket.allocations[0]"},
        {BUCKET("{'range':[50,10],'distributions':[]}"), "$[0].segments[0].bucket.allocations[0]"},
        {BUCKET("{'range':[0,10.5],'distributions':[]}"), "$[0].segments[0].bucket.allocations[0]"},
        {BUCKET("{'range':[0,10],'distributions':[{'variant':'a','range':[0,42949674]}]}"),
         "$[0].segments[0].bucket.allocations[0].distributions[0]"},
        {BUCKET("{'range':[0,10],'distributions':[{'variant':'a','range':[0,1],'x':1}]}"),
         "$[0].segments[0].bucket.allocations[0].distributions[0]"},
        {BUCKET("{'range':[0,10],'distributions':[{'range':[0,1]}]}"),
         "$[0].segments[0].bucket.allocations[0].distributions[0]"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct decoded decoded = decode(rows[i].text);
        CHECK_FAULT(decoded.fault, FAULT_INVALID);
        CHECK_STR(decoded.fault.where, str_of(rows[i].where));
        CHECK_INT(decoded.count, 0);
        arena_close(&decoded.arena);
    }
}

TESTS(segments_become_rules, operators_no_engine_knows_never_hold, ranges_become_slices_and_weights,
      no_allocations_are_no_slices, what_the_schema_does_not_have_is_refused_where_it_stands)
