/* SPDX-License-Identifier: Apache-2.0 */
/* operations - what the routes say of themselves: see operations.h. */
#include "dialect/ofrep/operations.h"

#define TAG STR("OFREP")
#define REFUSAL STR("OfrepRefusal")

/* ---- refusals -------------------------------------------------------------------------------- */

static const struct operation_refusal evaluation_refusals[] = {
    {400,
     STR("The context cannot be read, or the flag cannot be decided: PARSE_ERROR, "
         "TARGETING_KEY_MISSING, INVALID_CONTEXT or GENERAL."),
     REFUSAL},
    {401, STR("The credential is missing or unknown."), REFUSAL},
    {403, STR("The credential does not evaluate flags."), REFUSAL},
    {413, STR("The body is larger than 64 KiB."), REFUSAL},
    {503, STR("Not now; Retry-After says when."), REFUSAL},
    {404, STR("There is no such flag, or it is not the credential's to see: FLAG_NOT_FOUND."),
     REFUSAL},
};
enum { REFUSALS_OF_ONE = COUNT_OF(evaluation_refusals), REFUSALS_OF_ALL = REFUSALS_OF_ONE - 1 };

static const struct operation_refusal event_refusals[] = {
    {400, STR("The request cannot be read."), REFUSAL},
    {401, STR("The token is missing, unknown, or its credential is gone."), REFUSAL},
    {429, STR("The credential has too many streams; Retry-After says when to come again."),
     REFUSAL},
    {503, STR("There are too many streams, or the server is about to stop."), REFUSAL},
};

/* ---- operations ------------------------------------------------------------------------------ */

const struct operation ofrep_operation_evaluate_one = {
    .id = STR("ofrepEvaluateFlag"),
    .tag = TAG,
    .summary = STR("Evaluate one flag for a context"),
    .details = STR("OpenFeature's remote evaluation protocol (OFREP) 0.3. An answer without "
                   "`value` means the default in the caller's code. Experiments note who was "
                   "assigned what."),
    .traits = OPERATION_MAY_LACK_BODY,
    .status = 200,
    .body = STR("OfrepRequest"),
    .answer = STR("OfrepEvaluation"),
    .refusals = evaluation_refusals,
    .refusal_count = REFUSALS_OF_ONE,
};

static const struct operation_query all_query[] = {
    {STR("flagConfigEtag"),
     STR("What an event said: the configuration is at least this new. It always is."),
     STR("{\"type\":\"string\"}"), false},
    {STR("flagConfigLastModified"), STR("The same as a time, in seconds or as a date."),
     STR("{\"type\":\"string\"}"), false},
};

const struct operation ofrep_operation_evaluate_all = {
    .id = STR("ofrepEvaluateFlags"),
    .tag = TAG,
    .summary = STR("Evaluate all flags that the credential sees for a context"),
    .details = STR("The ETag is of the answer to this credential and this context: ask again with "
                   "If-None-Match for a 304 while nothing has changed. Flags that cannot be "
                   "decided are among the others, with an errorCode."),
    .traits = OPERATION_DETECTS | OPERATION_MAY_LACK_BODY,
    .status = 200,
    .body = STR("OfrepRequest"),
    .answer = STR("OfrepEvaluations"),
    .query = all_query,
    .query_count = COUNT_OF(all_query),
    .refusals = evaluation_refusals,
    .refusal_count = REFUSALS_OF_ALL,
};

const struct operation ofrep_operation_follow = {
    .id = STR("ofrepFollow"),
    .tag = TAG,
    .summary = STR("Be told when evaluating again would say something else"),
    .details =
        STR("The address comes with the answer to ofrepEvaluateFlags, in eventStreams. An event "
            "carries no flags: ask again when one comes. Who comes back with Last-Event-ID "
            "hears what has happened since."),
    .traits = OPERATION_STREAMS,
    .status = 200,
    .answer = STR("OfrepEvent"),
    .refusals = event_refusals,
    .refusal_count = COUNT_OF(event_refusals),
};

/* ---- schemas --------------------------------------------------------------------------------- */

#define CLOSED "\"additionalProperties\":false"
#define KEY "\"key\":{\"type\":\"string\"}"
#define METADATA                                                                                   \
    "\"metadata\":{\"type\":\"object\",\"additionalProperties\":{\"type\":[\"boolean\","           \
    "\"number\",\"string\"]}}"
#define CODES                                                                                      \
    "\"FLAG_NOT_FOUND\",\"PARSE_ERROR\",\"TARGETING_KEY_MISSING\",\"INVALID_CONTEXT\",\"GENERAL\""
#define REFUSED                                                                                    \
    "\"errorCode\":{\"enum\":[" CODES "]},\"errorDetails\":{\"type\":\"string\"}," METADATA

static const struct operation_schema items[] = {
    {STR("OfrepRequest"),
     STR("{\"type\":\"object\",\"properties\":{\"context\":{\"type\":[\"object\",\"null\"],"
         "\"maxProperties\":"
         "256,\"properties\":{\"targetingKey\":{\"type\":[\"string\",\"null\"],\"maxLength\":256,"
         "\"description\":\"who flags are dealt by\"}},\"description\":\"attributes: texts of at "
         "most 2048 bytes, numbers, booleans, and lists and objects of them, at most 8 deep\"}}}")},
    {STR("OfrepEvaluation"),
     STR("{\"type\":\"object\",\"properties\":{" KEY ",\"value\":{\"type\":[\"boolean\","
         "\"string\",\"number\",\"object\",\"array\"],\"description\":\"absent: the default in the "
         "caller's code\"},\"reason\":{\"enum\":[\"STATIC\",\"TARGETING_MATCH\",\"SPLIT\","
         "\"DEFAULT\",\"DISABLED\"]},\"variant\":{\"type\":\"string\"}," METADATA
         "},\"required\":[\"key\",\"reason\",\"variant\",\"metadata\"]," CLOSED "}")},
    {STR("OfrepFailure"),
     STR("{\"type\":\"object\",\"properties\":{" KEY "," REFUSED
         "},\"required\":[\"key\",\"errorCode\",\"errorDetails\",\"metadata\"]," CLOSED "}")},
    {STR("OfrepRefusal"),
     STR("{\"type\":\"object\",\"properties\":{\"key\":{\"type\":\"string\",\"description\":\"of "
         "the one flag that was asked for\"}," REFUSED
         "},\"required\":[\"errorCode\",\"errorDetails\",\"metadata\"]," CLOSED "}")},
    {STR("OfrepEvaluations"),
     STR("{\"type\":\"object\",\"properties\":{\"flags\":{\"type\":\"array\",\"description\":\"by "
         "key\",\"items\":{\"oneOf\":[{\"$ref\":\"#/components/schemas/"
         "OfrepEvaluation\"},{\"$ref\":"
         "\"#/components/schemas/OfrepFailure\"}]}}," METADATA
         ",\"eventStreams\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
         "\"type\":{\"const\":\"sse\"},\"endpoint\":{\"type\":\"object\",\"properties\":{"
         "\"requestUri\":{\"type\":\"string\",\"description\":\"path and query of "
         "ofrepFollow, "
         "a secret\"}},\"required\":[\"requestUri\"]," CLOSED
         "},\"inactivityDelaySec\":{\"type\":\"integer\",\"minimum\":1}},\"required\":[\"type\","
         "\"endpoint\",\"inactivityDelaySec\"]," CLOSED "}}},\"required\":[\"flags\"]," CLOSED
         "}")},
    {STR("OfrepEvent"),
     STR("{\"type\":\"object\",\"properties\":{\"type\":{\"const\":\"refetchEvaluation\"},"
         "\"etag\":{\"type\":\"string\"},\"lastModified\":{\"type\":\"integer\",\"description\":"
         "\"seconds since 1970\"}},\"required\":[\"type\",\"etag\",\"lastModified\"]," CLOSED "}")},
};

const struct operation_schemas ofrep_schemas = {items, COUNT_OF(items)};
