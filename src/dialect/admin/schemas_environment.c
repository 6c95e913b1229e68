/* SPDX-License-Identifier: Apache-2.0 */
/* schemas_environment - components of the description: versions, comparisons, whole environments.
 */
#include "dialect/admin/operations.h"

#define TEXT "{\"type\":\"string\"}"
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define INSTANT "{\"type\":\"string\",\"format\":\"date-time\"}"
#define CLOSED "\"additionalProperties\":false"

#define STEP_MEMBERS                                                                               \
    "\"version\":{\"type\":\"integer\",\"minimum\":1},\"at\":" INSTANT ",\"actor\":" TEXT          \
    ",\"action\":" TEXT ",\"subject\":" TEXT ",\"touched\":{\"type\":\"array\",\"items\":"         \
    "{\"type\":\"object\",\"properties\":{\"key\":" TEXT ",\"kind\":" TEXT ",\"op\":{\"enum\":"    \
    "[\"create\",\"update\",\"delete\"]},\"reuses\":{\"$ref\":\"#/components/schemas/Reuse\"}},"   \
    "\"required\":[\"key\",\"kind\",\"op\"]," CLOSED "}}"
#define STEP_REQUIRED "\"version\",\"at\",\"actor\",\"action\",\"subject\",\"touched\""
#define CHANGES "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Change\"}}"
#define SIDE                                                                                       \
    "{\"type\":\"object\",\"properties\":{\"environment\":" COUNT ",\"version\":" COUNT "},"       \
    "\"required\":[\"environment\",\"version\"]," CLOSED "}"

static const struct operation_schema items[] = {
    {STR("Version"), STR("{\"type\":\"object\",\"properties\":{" STEP_MEMBERS
                         "},\"required\":[" STEP_REQUIRED "]," CLOSED "}")},
    {STR("VersionDetail"),
     STR("{\"type\":\"object\",\"properties\":{\"environment\":" COUNT "," STEP_MEMBERS
         ",\"changes\":" CHANGES "},\"required\":[\"environment\"," STEP_REQUIRED
         ",\"changes\"]," CLOSED "}")},
    {STR("VersionReference"),
     STR("{\"type\":\"object\",\"properties\":{\"version\":{\"type\":\"integer\",\"minimum\":0,"
         "\"maximum\":999999999999999}},\"required\":[\"version\"]," CLOSED "}")},
    {STR("EnvironmentChange"),
     STR("{\"type\":\"object\",\"properties\":{\"environment\":" COUNT ",\"version\":" COUNT
         ",\"changes\":" CHANGES
         ",\"affected\":{\"type\":\"array\",\"description\":\"keys of the flags whose decisions "
         "may differ from before\",\"items\":" TEXT "}},\"required\":[\"environment\",\"version\","
         "\"changes\",\"affected\"]," CLOSED "}")},
    {STR("Comparison"),
     STR("{\"type\":\"object\",\"properties\":{\"from\":" SIDE ",\"to\":" SIDE
         ",\"changes\":" CHANGES "},\"required\":[\"from\",\"to\",\"changes\"]," CLOSED "}")},
    {STR("Promotion"),
     STR("{\"type\":\"object\",\"properties\":{\"from\":{\"type\":\"string\",\"description\":"
         "\"an environment's number or id, or one @ a version or an instant\",\"examples\":"
         "[\"1\",\"1@42\"]},\"flags\":{\"type\":\"array\",\"maxItems\":1000,\"items\":" TEXT
         "},\"segments\":{\"type\":\"array\",\"maxItems\":1000,\"items\":" TEXT
         "},\"enabled\":{\"description\":\"copy: on or off as in the other environment; keep: as "
         "it is, where the flag is there already\",\"enum\":[\"copy\",\"keep\"],\"default\":"
         "\"copy\"}},\"required\":[\"from\"],\"anyOf\":[{\"required\":[\"flags\"],\"properties\":{"
         "\"flags\":{\"minItems\":1}}},{\"required\":[\"segments\"],\"properties\":{"
         "\"segments\":{\"minItems\":1}}}]," CLOSED "}")},
    {STR("EnvironmentText"),
     STR("{\"type\":\"object\",\"properties\":{\"format\":{\"const\":\"guidon.environment/1\"},"
         "\"settings\":{\"type\":\"object\",\"properties\":{\"form\":{\"enum\":[\"auto\","
         "\"legacy\",\"core\"]},\"hidesFlagsByDefault\":{\"type\":\"boolean\"},\"metadata\":"
         "{\"type\":\"object\"}},\"required\":[\"form\",\"hidesFlagsByDefault\"]," CLOSED "},"
         "\"segments\":{\"type\":\"array\",\"items\":{\"$ref\":"
         "\"#/components/schemas/SegmentDocument\"}},"
         "\"flags\":{\"type\":\"array\",\"description\":\"flag documents, their deployments by "
         "label\",\"items\":{\"type\":\"object\"}},"
         "\"cohorts\":{\"type\":\"array\",\"maxItems\":100,\"items\":{\"type\":\"object\","
         "\"properties\":{\"id\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9._-]*$\","
         "\"maxLength\":64},\"name\":" TEXT ",\"description\":" TEXT
         ",\"groupType\":{\"type\":\"string\",\"minLength\":1},\"modifiedAt\":" INSTANT
         ",\"memberIds\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1,"
         "\"maxLength\":256}}},\"required\":[\"id\","
         "\"groupType\",\"memberIds\"]," CLOSED "}}},\"required\":[\"format\"]," CLOSED "}")},
    {STR("VersionEvent"),
     STR("{\"type\":\"object\",\"description\":\"the data of an event\",\"properties\":{"
         "\"environment\":" COUNT ",\"version\":" COUNT ",\"publishedAt\":" INSTANT
         "},\"required\":[\"environment\",\"version\",\"publishedAt\"]," CLOSED "}")},
};

const struct operation_schemas schemas_environment = {items, COUNT_OF(items)};
