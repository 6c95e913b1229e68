/* SPDX-License-Identifier: Apache-2.0 */
/* schemas_common - components of the description that every operation may lead to. */
#include "dialect/admin/operations.h"

#define TEXT "{\"type\":\"string\"}"
#define CLOSED "\"additionalProperties\":false"

static const struct operation_schema items[] = {
    {STR("Problem"),
     STR("{\"type\":\"object\",\"description\":\"a problem document (RFC 9457)\",\"properties\":{"
         "\"type\":{\"type\":\"string\",\"format\":\"uri-reference\",\"description\":"
         "\"/problems/<code>: what is known about this kind of problem\"},"
         "\"title\":" TEXT ",\"status\":{\"type\":\"integer\",\"minimum\":400,\"maximum\":599},"
         "\"code\":{\"type\":\"string\",\"description\":\"for programs: never changes\"},"
         "\"detail\":{\"type\":\"string\",\"description\":\"for people: what is wrong here\"},"
         "\"instance\":{\"type\":\"string\",\"format\":\"uri-reference\",\"description\":"
         "\"the path that was asked for\"},"
         "\"requestId\":{\"type\":\"string\",\"description\":\"as in the header X-Request-Id\"},"
         "\"version\":{\"type\":\"integer\",\"minimum\":1,\"description\":"
         "\"of the environment, where a change was made that this request does not answer\"},"
         "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
         "\"pointer\":{\"type\":\"string\",\"description\":\"a JSON Pointer into the body\"},"
         "\"parameter\":{\"type\":\"string\",\"description\":\"a member of the query\"},"
         "\"detail\":" TEXT "},\"required\":[\"detail\"]," CLOSED "}}},"
         "\"required\":[\"type\",\"title\",\"status\",\"code\",\"requestId\"]," CLOSED "}")},
    {STR("ProblemKind"),
     STR("{\"type\":\"object\",\"properties\":{\"type\":" TEXT ",\"code\":" TEXT ",\"title\":" TEXT
         ",\"status\":{\"type\":\"integer\"},\"detail\":" TEXT
         "},\"required\":[\"type\",\"code\",\"title\",\"status\",\"detail\"]," CLOSED "}")},
    {STR("Change"),
     STR("{\"type\":\"object\",\"description\":\"what happens to one object\",\"properties\":{"
         "\"kind\":{\"enum\":[\"flag\",\"segment\",\"cohort\",\"settings\"]},\"key\":" TEXT
         ",\"op\":{\"enum\":[\"create\",\"update\",\"delete\"]},\"diff\":{\"type\":\"array\","
         "\"items\":{\"$ref\":\"#/components/schemas/Difference\"}},"
         "\"reuses\":{\"$ref\":\"#/components/schemas/Reuse\"}},"
         "\"required\":[\"kind\",\"key\",\"op\",\"diff\"]," CLOSED "}")},
    {STR("Difference"),
     STR("{\"type\":\"object\",\"description\":\"one difference between the older document and the "
         "newer: places that are left (of remove, and a move's from) are the older one's, all "
         "others the newer one's; "
         "in a move, from and to are places in the array\",\"properties\":{"
         "\"op\":{\"enum\":[\"add\",\"remove\",\"replace\",\"move\"]},\"path\":{\"type\":"
         "\"string\",\"description\":\"a JSON Pointer\"},\"from\":true,\"to\":true},"
         "\"required\":[\"op\",\"path\"]," CLOSED "}")},
    {STR("Reuse"),
     STR("{\"type\":\"object\",\"description\":\"what had the key of what is created, and the "
         "version "
         "that deleted it\",\"properties\":{\"deletedIn\":{\"type\":\"integer\",\"minimum\":1},"
         "\"id\":" TEXT "},\"required\":[\"deletedIn\",\"id\"]," CLOSED "}")},
    {STR("DryRun"),
     STR("{\"type\":\"object\",\"description\":\"what a change would do\",\"properties\":{"
         "\"dryRun\":{\"const\":true},"
         "\"environment\":{\"type\":[\"integer\",\"null\"],\"minimum\":1},"
         "\"version\":{\"type\":[\"integer\",\"null\"],\"minimum\":1,\"description\":"
         "\"the version of the environment it would make\"},"
         "\"changes\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Change\"}},"
         "\"affected\":{\"type\":\"array\",\"description\":\"keys of the flags whose decisions may "
         "differ from before\",\"items\":" TEXT "}},\"required\":[\"dryRun\",\"environment\","
         "\"version\",\"changes\",\"affected\"]," CLOSED "}")},
    {STR("Description"), STR("{\"type\":\"object\",\"description\":\"an OpenAPI document\"}")},
};

const struct operation_schemas schemas_common = {items, COUNT_OF(items)};
