/* SPDX-License-Identifier: Apache-2.0 */
/* schemas_evaluate - components of the description: questions about people, decisions, reasons. */
#include "dialect/admin/operations.h"

#define TEXT "{\"type\":\"string\"}"
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define TRUTH "{\"type\":\"boolean\"}"
#define INSTANT "{\"type\":\"string\",\"format\":\"date-time\"}"
#define CLOSED "\"additionalProperties\":false"
#define REFERENCE(name) "{\"$ref\":\"#/components/schemas/" name "\"}"
#define LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define VARIATION "{\"type\":[\"string\",\"null\"],\"description\":\"an id; null: none\"}"
#define OBJECT(properties, required)                                                               \
    "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]," CLOSED "}"

/* ---- questions ------------------------------------------------------------------------------- */

#define QUESTION_MEMBERS                                                                           \
    "\"context\":" REFERENCE(                                                                      \
        "EvaluationContext") ",\"contexts\":{\"type\":\"array\","                                  \
                             "\"minItems\":1,\"maxItems\":100,\"items\":" REFERENCE(               \
                                 "EvaluationContext") "},\"now\":{\"type\":\"string\",\"format\":" \
                                                      "\"date-time\","                             \
                                                      "\"description\":\"the moment to decide "    \
                                                      "at: schedules and "                         \
                                                      "progressive serves are functions of time. " \
                                                      "Without it, the "                           \
                                                      "instant of `at`, or now\"}"
#define ONE_OR_MANY "\"oneOf\":[{\"required\":[\"context\"]},{\"required\":[\"contexts\"]}]," CLOSED
#define KEYS(more)                                                                                 \
    "{\"type\":\"array\",\"minItems\":1," more "\"items\":{\"type\":\"string\",\"minLength\":1}}"

/* ---- decisions ------------------------------------------------------------------------------- */

#define REASON                                                                                     \
    "{\"enum\":[\"OFF\",\"TARGETING_MATCH\",\"SPLIT\",\"FALLTHROUGH\",\"PREREQUISITE_FAILED\","    \
    "\"SCHEDULED_OUT\",\"DEFAULT\",\"INCLUDED\",\"STICKY\"]}"
#define DECISION_MEMBERS                                                                           \
    "\"key\":" TEXT ",\"variation\":" VARIATION                                                    \
    ",\"value\":{\"description\":\"the variation's, as the flag's document has it; null: none\"}," \
    "\"payload\":{\"description\":\"the variation's, where it has one\"},\"reason\":" REASON       \
    ",\"rule\":{\"type\":\"string\",\"description\":\"the id of the rule that served\"},"          \
    "\"errorCode\":{\"enum\":[\"FLAG_NOT_FOUND\",\"TARGETING_KEY_MISSING\",\"CYCLE_DETECTED\","    \
    "\"NO_VARIATION\"]}"
#define DECISION_REQUIRED "\"key\",\"variation\",\"value\",\"reason\""
#define ANSWER(flag)                                                                               \
    OBJECT(                                                                                        \
        "\"environment\":" COUNT ",\"version\":{\"type\":\"integer\",\"minimum\":0,"               \
        "\"description\":\"whose documents were used\"},\"at\":{\"type\":\"string\","              \
        "\"format\":\"date-time\",\"description\":\"the moment decided at\"},"                     \
        "\"source\":{\"const\":\"recomputed\",\"description\":\"decided anew from the "            \
        "documents, not read from a record\"},\"results\":{\"type\":\"array\","                    \
        "\"description\":\"by context, as asked\",\"items\":" OBJECT(                              \
            "\"targetingKey\":{\"type\":[\"string\",\"null\"]},\"flags\":" LIST(REFERENCE(flag)),  \
            "\"targetingKey\",\"flags\"") "}",                                                     \
        "\"environment\",\"version\",\"at\",\"source\",\"results\"")

/* ---- explanations ---------------------------------------------------------------------------- */

#define STEPS_MEMBERS                                                                              \
    "\"cycle\":{\"type\":\"string\",\"description\":\"a -> b -> a\"},\"settledBy\":{"              \
    "\"description\":\"the check that the decision ended with\",\"enum\":[\"key\",\"enabled\","    \
    "\"schedule\",\"inclusions\",\"prerequisites\",\"stickiness\",\"rule\",\"fallthrough\"]},"     \
    "\"steps\":" LIST(REFERENCE("ExplanationStep"))
#define SCHEDULE_MEMBERS                                                                           \
    "\"schedule\":{\"type\":\"object\",\"properties\":{\"start\":" TEXT ",\"end\":" TEXT           \
    "}," CLOSED "},\"state\":{\"enum\":[\"always\",\"before\",\"active\",\"after\"]}"
#define CHECK(name, properties, required)                                                          \
    OBJECT("\"check\":{\"const\":\"" name "\"},\"reached\":" TRUTH properties,                     \
           "\"check\",\"reached\"" required)
#define PASSED ",\"passed\":" TRUTH
#define HELD ",\"held\":" TRUTH
#define SERVED ",\"served\":" TRUTH
#define FAILING_WHY                                                                                \
    "{\"enum\":[\"different\",\"missing\",\"type\",\"unreadable\",\"impossible\",\"gaveUp\","      \
    "\"noSegment\",\"notMember\",\"member\",\"all\",\"any\",\"innerHolds\",\"tooDeep\"]}"
#define EXPRESSION(op, properties, required)                                                       \
    OBJECT("\"op\":" op ",\"held\":" TRUTH ",\"reached\":" TRUTH                                   \
           ",\"why\":" FAILING_WHY properties,                                                     \
           "\"op\",\"held\",\"reached\"" required)

static const struct operation_schema items[] = {
    {STR("EvaluationContext"),
     STR("{\"type\":\"object\",\"maxProperties\":256,\"description\":\"who is asking, in one of "
         "two forms. Flat, as OpenFeature spells it: a targetingKey, and attributes beside it. A "
         "tree: {\\\"user\\\": {…}, \\\"groups\\\": {…}}, which is what an object with a member "
         "`user` that is an object, and without a targetingKey, is taken for. At most 8 levels "
         "deep, texts up to 2,048 bytes\",\"properties\":{\"targetingKey\":{\"type\":[\"string\","
         "\"null\"],\"maxLength\":256}}}")},
    {STR("EvaluationQuestion"),
     STR("{\"type\":\"object\",\"description\":\"at most 10,000 answers: flags times "
         "contexts\",\"properties\":{" QUESTION_MEMBERS ",\"flags\":" KEYS("") "}," ONE_OR_MANY
                                                                               "}")},
    {STR("ExplanationQuestion"),
     STR("{\"type\":\"object\",\"properties\":{" QUESTION_MEMBERS
         ",\"flags\":" KEYS("\"maxItems\":20,") "},\"required\":[\"flags\"]," ONE_OR_MANY "}")},
    {STR("EvaluatedFlag"), STR(OBJECT(DECISION_MEMBERS, DECISION_REQUIRED))},
    {STR("EvaluationAnswer"), STR(ANSWER("EvaluatedFlag"))},
    {STR("ExplanationAnswer"), STR(ANSWER("ExplainedFlag"))},
    {STR("ExplainedFlag"),
     STR(OBJECT(DECISION_MEMBERS "," STEPS_MEMBERS ",\"vector\":" REFERENCE("EvaluationVector"),
                DECISION_REQUIRED ",\"vector\""))},
    {STR("ExplainedPrerequisite"),
     STR(OBJECT(
         "\"flag\":" TEXT ",\"wanted\":{\"type\":\"array\",\"description\":\"any of these\","
         "\"items\":" TEXT "},\"gate\":{\"type\":\"boolean\",\"description\":\"false: it is only "
         "decided first\"},\"reached\":" TRUTH ",\"satisfied\":" TRUTH ",\"variation\":" VARIATION
         ",\"reason\":" REASON ",\"errorCode\":{\"const\":\"FLAG_NOT_FOUND\"},\"explanation\":" //
         OBJECT(DECISION_MEMBERS "," STEPS_MEMBERS, DECISION_REQUIRED ",\"settledBy\",\"steps\""),
         "\"flag\",\"wanted\",\"gate\",\"reached\",\"satisfied\",\"variation\",\"reason\""))},
    {STR("ExplanationStep"),
     STR("{\"description\":\"passed: the decision goes on; held: the check holds for the context; "
         "served: the decision was made here\",\"oneOf\":["                                  //
         CHECK("key", PASSED, ",\"passed\"") "," CHECK("enabled", PASSED, ",\"passed\"") "," //
         CHECK("schedule", PASSED "," SCHEDULE_MEMBERS, ",\"passed\",\"state\"") ","         //
         CHECK("inclusions",
               HELD ",\"variations\":" LIST(OBJECT("\"variation\":" TEXT HELD
                                                   ",\"by\":{\"enum\":[\"userId\",\"deviceId\","
                                                   "\"cohort\"]},\"listed\":" TEXT,
                                                   "\"variation\",\"held\"")),
               ",\"held\",\"variations\"") "," //
         CHECK("prerequisites", PASSED ",\"flags\":" LIST(REFERENCE("ExplainedPrerequisite")),
               ",\"passed\",\"flags\"") "," //
         CHECK("stickiness", HELD ",\"sticky\":" TRUTH ",\"variation\":" VARIATION,
               ",\"held\",\"sticky\",\"variation\"") "," //
         CHECK("rule",
               ",\"id\":" TEXT ",\"description\":" TEXT HELD SERVED "," SCHEDULE_MEMBERS
               ",\"failing\":" OBJECT(
                   "\"path\":{\"type\":\"string\",\"description\":\"a JSON Pointer into the "
                   "rule\"},\"why\":" FAILING_WHY ",\"detail\":" TEXT,
                   "\"path\",\"why\",\"detail\"")                          //
               ",\"when\":" REFERENCE("ExplainedExpression") ",\"serve\":" //
               REFERENCE("ExplainedServe"),
               ",\"id\",\"held\",\"served\",\"state\",\"when\"") "," //
         CHECK("fallthrough", SERVED ",\"serve\":" REFERENCE("ExplainedServe"),
               ",\"served\",\"serve\"") "]}")},
    {STR("ExplainedExpression"),
     STR("{\"oneOf\":[" //
         EXPRESSION("{\"enum\":[\"all\",\"any\"]}",
                    ",\"expressions\":" LIST(REFERENCE("ExplainedExpression")),
                    ",\"expressions\"") "," //
         EXPRESSION("{\"const\":\"not\"}", ",\"expression\":" REFERENCE("ExplainedExpression"),
                    "") "," //
         EXPRESSION("{\"const\":\"match\"}",
                    ",\"attribute\":" TEXT ",\"operator\":" TEXT
                    ",\"wanted\":true,\"actual\":{\"description\":\"what the context has there; "
                    "not there: nothing\"},\"member\":{\"type\":\"string\",\"description\":\"who "
                    "was looked for in stored cohorts\"},\"cohort\":{\"type\":\"string\","
                    "\"description\":\"the one that has them\"}",
                    ",\"attribute\",\"operator\"") "," //
         EXPRESSION("{\"const\":\"segment\"}",
                    ",\"segment\":" TEXT ",\"negate\":{\"const\":true},\"member\":" TRUTH
                    ",\"checks\":" OBJECT(SCHEDULE_MEMBERS
                                          ",\"excluded\":" TRUTH ",\"included\":" TRUTH
                                          ",\"rules\":" LIST(REFERENCE("ExplainedExpression")),
                                          "\"state\",\"excluded\",\"included\",\"rules\""),
                    ",\"segment\",\"member\"") "]}")},
    {STR("ExplainedServe"),
     STR("{\"type\":\"object\",\"properties\":{\"kind\":{\"enum\":[\"variation\",\"split\","
         "\"progressive\",\"bucket\",\"progressiveBucket\"]},\"variation\":" VARIATION
         ",\"lacksKey\":{\"const\":true,\"description\":\"the targeting key is dealt by, and there "
         "is none\"},\"by\":{\"type\":\"string\",\"description\":\"whose value is "
         "hashed\"},\"salt\":" TEXT ",\"hasSubject\":{\"type\":\"boolean\",\"description\":"
         "\"false: nothing to hash\"},\"schedule\":"                                 //
         OBJECT("\"start\":" TEXT ",\"end\":" TEXT, "\"start\",\"end\"")             //
         ",\"progress\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1},\"hash\":" //
         OBJECT("\"name\":{\"enum\":[\"fnv1a_32_utf16\",\"murmur3_32_utf8\",\"sha1_60\","
                "\"murmur3_32_scaled\",\"fnv1a_32_modulo\",\"murmur3_32_percent\"]},\"input\":" TEXT
                ",\"value\":{\"anyOf\":[" COUNT ",{\"type\":\"string\",\"description\":"
                "\"sha1_60: its first fifteen hexadecimal digits\"}]},\"second\":{"
                "\"description\":\"murmur3_32_percent: the hash the ticket is of\","
                "\"type\":\"integer\",\"minimum\":0}",
                "\"name\",\"input\",\"value\"")                                        //
         ",\"percent\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":99},\"slice\":" //
         OBJECT("\"start\":" COUNT ",\"end\":" COUNT, "\"start\",\"end\"")             //
         ",\"ticket\":" COUNT ",\"tickets\":" COUNT ",\"ranges\":" LIST(OBJECT(
             "\"variation\":" VARIATION ",\"start\":" COUNT ",\"end\":" COUNT ",\"chosen\":" TRUTH,
             "\"variation\",\"start\",\"end\",\"chosen\"")) //
         "},\"required\":[\"kind\",\"variation\"]," CLOSED "}")},
    {STR("EvaluationVector"),
     STR(OBJECT("\"environment\":" REFERENCE(
                    "EnvironmentText") ",\"flag\":" TEXT
                                       ",\"context\":" REFERENCE(
                                           "EvaluationContext") ",\"now\":" INSTANT
                                                                ",\"expected\":" REFERENCE(
                                                                    "EvaluatedFlag"),
                "\"environment\",\"flag\",\"context\",\"now\",\"expected\""))},
};

const struct operation_schemas schemas_evaluate = {items, COUNT_OF(items)};
