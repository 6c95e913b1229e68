/* SPDX-License-Identifier: Apache-2.0 */
/* schemas_rules - components of the description: the parts of a flag's document. */
#include "dialect/admin/operations.h"

/* As instant_parse() reads them: ECMAScript's, with any day up to the 31st and an hour 24. */
#define DATE "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
#define TIME                                                                                       \
    "T(([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]+)?|24:00:00([.]0+)?)"                           \
    "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"

static const struct operation_schema items[] = {
    {STR("Selector"),
     STR("{\"type\":\"string\",\"description\":\"a JSON Pointer into the evaluation: "
         "/context/user/user_id, /context/user/user_properties/plan, "
         "/context/groups/org/group_name, /result/other-flag/key\",\"pattern\":\"^/([^~]|~["
         "01])*$\",\"maxLength\":512,\"examples\":[\"/context/user/user_id\"]}")},
    {STR("Instant"),
     STR("{\"type\":\"string\",\"description\":\"an instant, kept as it is written\","
         "\"pattern\":\"^" DATE TIME "$\",\"maxLength\":2048,"
         "\"examples\":[\"2027-01-31T12:00:00Z\"]}")},
    {STR("Schedule"),
     STR("{\"type\":\"object\",\"description\":\"when something holds; the start is before the "
         "end\",\"properties\":{\"start\":{\"$ref\":\"#/components/schemas/Instant\","
         "\"description\":\"from then on; left out: always was\"},\"end\":{"
         "\"$ref\":\"#/components/schemas/Instant\",\"description\":\"until then, exclusive; "
         "left out: for good\"}},\"additionalProperties\":false}")},
    {STR("SchedulePatch"),
     STR("{\"type\":[\"object\",\"null\"],\"properties\":{\"start\":{\"anyOf\":[{\"$ref\":\"#/"
         "components/schemas/Instant\"},{\"type\":\"null\"}]},\"end\":{\"anyOf\":[{\"$ref\":\"#/"
         "components/schemas/Instant\"},{\"type\":\"null\"}]}},\"additionalProperties\":false}")},
    {STR("Expression"),
     STR("{\"description\":\"who is meant. Flags that compare text use TextMatch, typed ones "
         "TypedMatch and SegmentMatch; the two do not mix. At most 32 leaves, and 6 of all, any "
         "and not inside each other.\",\"anyOf\":[{"
         "\"$ref\":\"#/components/schemas/TypedMatch\"},{"
         "\"$ref\":\"#/components/schemas/TextMatch\"},{"
         "\"$ref\":\"#/components/schemas/SegmentMatch\"},{"
         "\"$ref\":\"#/components/schemas/CombinedExpression\"},{"
         "\"$ref\":\"#/components/schemas/NegatedExpression\"}]}")},
    {STR("CombinedExpression"),
     STR("{\"type\":\"object\",\"properties\":{\"op\":{\"description\":\"all: each of them; "
         "any: at least one\",\"enum\":[\"all\",\"any\"]},\"expressions\":{\"type\":\"array\","
         "\"maxItems\":32,\"items\":{\"$ref\":\"#/components/schemas/Expression\"}}},"
         "\"required\":[\"op\",\"expressions\"],\"additionalProperties\":false}")},
    {STR("NegatedExpression"),
     STR("{\"type\":\"object\",\"properties\":{\"op\":{\"const\":\"not\"},\"expression\":{"
         "\"$ref\":\"#/components/schemas/Expression\"}},\"required\":[\"op\",\"expression\"],"
         "\"additionalProperties\":false}")},
    {STR("TypedMatch"),
     STR("{\"type\":\"object\",\"description\":\"compares JSON values, without "
         "coercion\",\"properties\":{\"op\":{\"const\":\"match\"},\"attribute\":{\"type\":"
         "\"string\",\"description\":\"a dotted path into the context: plan, company.size; "
         "targetingKey is the "
         "key\",\"minLength\":1,\"maxLength\":256},\"operator\":{\"enum\":[\"eq\",\"neq\",\"in\","
         "\"notIn\",\"contains\",\"startsWith\",\"endsWith\",\"matches\",\"exists\",\"gt\",\"gte\","
         "\"lt\",\"lte\",\"before\",\"after\",\"semverEq\",\"semverGt\",\"semverGte\",\"semverLt\","
         "\"semverLte\"]},\"value\":{\"description\":\"what is compared with, as JSON: in, notIn "
         "and contains take lists too; needed for all but "
         "exists\"}},\"required\":[\"op\",\"attribute\",\"operator\"],\"anyOf\":[{\"required\":["
         "\"value\"],\"properties\":{\"value\":{}}},{\"properties\":{\"operator\":{\"const\":"
         "\"exists\"}}}],\"additionalProperties\":false}")},
    {STR("TextMatch"),
     STR("{\"type\":\"object\",\"description\":\"compares everything as text\",\"properties\":{"
         "\"op\":{\"const\":\"match\"},\"attribute\":{"
         "\"$ref\":\"#/components/schemas/Selector\"},\"operator\":{\"enum\":[\"text is\","
         "\"text is not\",\"text contains\",\"text does not contain\",\"text less\",\"text less "
         "or equal\",\"text greater\",\"text greater or equal\",\"text version less\",\"text "
         "version less or equal\",\"text version greater\",\"text version greater or equal\","
         "\"text set is\",\"text set is not\",\"text set contains\",\"text set does not "
         "contain\",\"text set contains any\",\"text set does not contain any\",\"text regex "
         "match\",\"text regex does not match\",\"text glob match\",\"text glob does not "
         "match\"]},\"value\":{\"type\":\"array\",\"description\":\"any of them\","
         "\"minItems\":1,\"maxItems\":1000,\"items\":{\"type\":\"string\"}}},\"required\":["
         "\"op\",\"attribute\",\"operator\",\"value\"],\"additionalProperties\":false}")},
    {STR("SegmentMatch"),
     STR("{\"type\":\"object\",\"properties\":{\"op\":{\"const\":\"segment\"},\"segment\":{"
         "\"type\":\"string\",\"description\":\"a segment's key\",\"minLength\":1,"
         "\"maxLength\":64},\"negate\":{\"type\":\"boolean\",\"description\":\"who is not in "
         "it\"}},\"required\":[\"op\",\"segment\"],\"additionalProperties\":false}")},
    {STR("Serve"),
     STR("{\"description\":\"what is served: one variation, or shares of the people. Flags that "
         "hash with murmur3_32_utf8 or murmur3_32_percent deal by bucket and progressiveBucket, "
         "others by rollout and "
         "progressive.\",\"anyOf\":[{\"type\":\"object\",\"properties\":{\"variation\":{"
         "\"type\":[\"string\",\"null\"],\"description\":\"a variation's id; null, in flags "
         "that compare text: nothing, the next rule is tried\"}},\"required\":[\"variation\"],"
         "\"additionalProperties\":false},{\"type\":\"object\",\"properties\":{\"bucket\":{"
         "\"$ref\":\"#/components/schemas/Bucket\"}},\"required\":[\"bucket\"],"
         "\"additionalProperties\":false},{\"type\":\"object\",\"properties\":{"
         "\"progressiveBucket\":{\"$ref\":\"#/components/schemas/ProgressiveBucket\"}},"
         "\"required\":[\"progressiveBucket\"],\"additionalProperties\":false},{"
         "\"type\":\"object\",\"properties\":{\"rollout\":{"
         "\"$ref\":\"#/components/schemas/Split\"}},\"required\":[\"rollout\"],"
         "\"additionalProperties\":false},{\"type\":\"object\",\"properties\":{\"progressive\":{"
         "\"$ref\":\"#/components/schemas/ProgressiveSplit\"}},\"required\":[\"progressive\"],"
         "\"additionalProperties\":false}]}")},
    {STR("SliceShare"),
     STR("{\"type\":\"object\",\"description\":\"without a variation: the share gets nothing of "
         "the slice\",\"properties\":{\"variation\":{\"type\":\"string\",\"minLength\":1,"
         "\"maxLength\":96},\"weight\":{\"type\":\"integer\",\"description\":\"of the sum of "
         "all\",\"minimum\":0,\"maximum\":1000000000}},\"required\":[\"weight\"],"
         "\"additionalProperties\":false}")},
    {STR("Bucket"),
     STR("{\"type\":\"object\",\"description\":\"deals by a hash of salt and subject: a percent "
         "falls into a slice, and in there to a variation\",\"properties\":{\"bucketBy\":{"
         "\"$ref\":\"#/components/schemas/Selector\",\"description\":\"who is dealt by; left "
         "out: the flag's\"},\"salt\":{\"type\":\"string\",\"description\":\"left out: the "
         "flag's\",\"maxLength\":2048},\"otherwise\":{\"type\":\"string\",\"description\":\"the "
         "variation of whoever is in no slice; left out: nothing is served, the next rule is "
         "tried\"},\"slices\":{\"type\":\"array\",\"description\":\"one behind the other, at "
         "most 100 percent together\",\"maxItems\":100,\"items\":{\"type\":\"object\","
         "\"properties\":{\"percent\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100},"
         "\"variations\":{\"type\":\"array\",\"description\":\"in order; all weights 0 deal "
         "evenly\",\"maxItems\":64,\"items\":{\"$ref\":\"#/components/schemas/SliceShare\"}}},"
         "\"required\":[\"percent\",\"variations\"],\"additionalProperties\":false}}},"
         "\"required\":[\"slices\"],\"additionalProperties\":false}")},
    {STR("ProgressiveBucket"),
     STR("{\"type\":\"object\",\"description\":\"a bucket whose slices move, between two "
         "instants, from some percents to others; who gets what within a slice stays\","
         "\"properties\":{\"start\":{\"$ref\":\"#/components/schemas/Instant\"},\"end\":{"
         "\"$ref\":\"#/components/schemas/Instant\"},\"bucketBy\":{"
         "\"$ref\":\"#/components/schemas/Selector\",\"description\":\"who is dealt by; left "
         "out: the flag's\"},\"salt\":{\"type\":\"string\",\"description\":\"left out: the "
         "flag's\",\"maxLength\":2048},\"otherwise\":{\"type\":\"string\",\"description\":\"the "
         "variation of whoever is in no slice; left out: nothing is served, the next rule is "
         "tried\"},\"slices\":{\"type\":\"array\",\"description\":\"one behind the other; at "
         "either instant at most 100 percent together\",\"maxItems\":100,\"items\":{"
         "\"type\":\"object\",\"properties\":{\"from\":{\"type\":\"integer\",\"minimum\":0,"
         "\"maximum\":100},\"to\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100},"
         "\"variations\":{\"type\":\"array\",\"description\":\"in order; all weights 0 deal "
         "evenly\",\"maxItems\":64,\"items\":{\"$ref\":\"#/components/schemas/SliceShare\"}}},"
         "\"required\":[\"from\",\"to\",\"variations\"],\"additionalProperties\":false}}},"
         "\"required\":[\"start\",\"end\",\"slices\"],\"additionalProperties\":false}")},
    {STR("Split"),
     STR("{\"type\":\"object\",\"description\":\"deals 100000 tickets; by murmur3_32_scaled and "
         "fnv1a_32_modulo as many as the weights are together\",\"properties\":{"
         "\"variations\":{\"type\":\"array\",\"description\":\"in order, each variation once; "
         "weights are at most 100000 together, and what is left gets nothing; by sha1_60 the last "
         "gets it; by murmur3_32_scaled and fnv1a_32_modulo they are at most 2147483647 "
         "together\",\"minItems\":1,"
         "\"maxItems\":64,\"items\":{\"type\":\"object\",\"properties\":{\"variation\":{"
         "\"type\":\"string\",\"minLength\":1,\"maxLength\":96},\"weight\":{"
         "\"type\":\"integer\",\"minimum\":0,\"maximum\":2147483647}},\"required\":[\"variation\","
         "\"weight\"],\"additionalProperties\":false}},\"bucketBy\":{\"type\":\"string\","
         "\"description\":\"the attribute people are dealt by; left out: the targeting key\","
         "\"maxLength\":256},\"salt\":{\"type\":\"string\",\"description\":\"what is hashed before "
         "the subject; left out: nothing beside the flag's "
         "key\",\"maxLength\":2048}},\"required\":["
         "\"variations\"],\"additionalProperties\":false}")},
    {STR("ProgressiveSplit"),
     STR("{\"type\":\"object\",\"description\":\"moves from one split to another between two "
         "instants; both are dealt by the same attribute and salt\",\"properties\":{\"start\":{"
         "\"$ref\":\"#/components/schemas/Instant\"},\"end\":{"
         "\"$ref\":\"#/components/schemas/Instant\"},\"from\":{"
         "\"$ref\":\"#/components/schemas/Split\"},\"to\":{"
         "\"$ref\":\"#/components/schemas/Split\"}},\"required\":[\"start\",\"end\",\"from\","
         "\"to\"],\"additionalProperties\":false}")},
    {STR("Rule"),
     STR("{\"type\":\"object\",\"description\":\"the first rule that matches, and serves "
         "something, decides\",\"properties\":{\"id\":{\"type\":\"string\","
         "\"description\":\"unique in the flag\",\"minLength\":1,\"maxLength\":2048},\"when\":{"
         "\"$ref\":\"#/components/schemas/Expression\"},\"serve\":{"
         "\"$ref\":\"#/components/schemas/Serve\"},\"schedule\":{"
         "\"$ref\":\"#/components/schemas/Schedule\"},\"description\":{\"type\":\"string\","
         "\"maxLength\":2048}},\"required\":[\"id\",\"when\",\"serve\"],"
         "\"additionalProperties\":false}")},
    {STR("Variation"),
     STR("{\"type\":\"object\",\"properties\":{\"id\":{"
         "\"$ref\":\"#/components/schemas/VariationId\"},\"value\":{\"type\":[\"boolean\","
         "\"string\",\"number\",\"array\",\"object\"],\"description\":\"of the flag's type; at "
         "most 64 KiB\"},\"name\":{\"type\":\"string\",\"maxLength\":2048},\"description\":{"
         "\"type\":\"string\",\"maxLength\":2048},\"payload\":{\"description\":\"any JSON, sent "
         "along with the variation; at most 64 KiB\"},\"included\":{\"type\":\"array\","
         "\"description\":\"user and device ids that get it whatever the rules say; only in "
         "flags that compare text\",\"maxItems\":2000,\"uniqueItems\":true,\"items\":{"
         "\"type\":\"string\",\"minLength\":1,\"maxLength\":256}},\"cohorts\":{"
         "\"type\":\"array\",\"description\":\"ids of cohorts whose members get it whatever the "
         "rules say; only in flags that compare text\",\"maxItems\":100,\"uniqueItems\":true,"
         "\"items\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9._-]*$\","
         "\"maxLength\":64}}},\"required\":[\"id\",\"value\"],\"additionalProperties\":false}")},
    {STR("VariationId"), STR("{\"type\":\"string\",\"minLength\":1,\"maxLength\":96}")},
    {STR("Prerequisite"),
     STR("{\"type\":\"object\",\"properties\":{\"flag\":{\"type\":\"string\","
         "\"description\":\"another flag's key\",\"minLength\":1,\"maxLength\":128},"
         "\"variations\":{\"type\":\"array\",\"description\":\"any of which will do; in a flag "
         "that compares text, an empty list gates nothing, but lets rules read the result\","
         "\"maxItems\":64,\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":2048}}},"
         "\"required\":[\"flag\",\"variations\"],\"additionalProperties\":false}")},
    {STR("Arithmetic"),
     STR("{\"description\":\"how people are dealt and values compared; a flag keeps what it was "
         "made with until somebody changes it on purpose. All but murmur3_32_utf8 and "
         "fnv1a_32_utf16 are those of other systems, for flags brought over from there: such "
         "flags are evaluated here and not handed to SDKs that evaluate themselves.\","
         "\"anyOf\":[{\"type\":\"object\",\"properties\":{\"hash\":{\"enum\":["
         "\"murmur3_32_utf8\",\"murmur3_32_percent\"]},\"comparison\":{"
         "\"const\":\"text\"}},\"required\":[\"hash\",\"comparison\"],"
         "\"additionalProperties\":false},{\"type\":\"object\",\"properties\":{\"hash\":{"
         "\"enum\":[\"fnv1a_32_utf16\",\"sha1_60\",\"murmur3_32_scaled\","
         "\"fnv1a_32_modulo\"]},\"comparison\":{\"const\":\"typed\"}},\"required\":["
         "\"hash\",\"comparison\"],\"additionalProperties\":false}]}")},
    {STR("Experiment"),
     STR("{\"type\":\"object\",\"description\":\"what only flags of kind experiment have\","
         "\"properties\":{\"type\":{\"enum\":[\"a-b-test\",\"multi-arm-bandit\","
         "\"hypothesis-testing\",\"no-harm\"]},\"sticky\":{\"type\":\"boolean\","
         "\"description\":\"who got a variation keeps it; only in flags that compare text\"},"
         "\"started\":{\"type\":\"boolean\",\"description\":\"was enabled at least once: the "
         "server sets it\"},"
         "\"start\":{\"type\":\"string\",\"pattern\":\"^" DATE "(" TIME ")?$\","
         "\"maxLength\":2048},"
         "\"end\":{\"type\":\"string\",\"pattern\":\"^" DATE "(" TIME ")?$\","
         "\"maxLength\":2048},"
         "\"decision\":{\"enum\":[\"rollout\",\"rollback\",\"continue-running\"]},"
         "\"decisionReason\":{\"type\":\"string\",\"maxLength\":2048},\"rolledOutVariation\":{"
         "\"type\":\"string\",\"maxLength\":2048},\"exposureEvent\":{\"type\":[\"object\","
         "\"null\"],\"description\":\"at most 16 KiB; left out or null: the standard one\"}},"
         "\"additionalProperties\":false}")},
};

const struct operation_schemas schemas_rules = {items, COUNT_OF(items)};
