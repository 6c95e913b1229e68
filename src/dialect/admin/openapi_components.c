/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_components - what operations have in common: see openapi_parts.h. */
#include "dialect/admin/openapi_parts.h"

struct part {
    struct str name, text;
};

/* Of any year: leap days are taken, too. */
#define DAY                                                                                        \
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|"                \
    "02-(0[1-9]|1[0-9]|2[0-8]))"

static const struct part parameters[] = {
    {STR("limit"),
     STR("{\"name\":\"limit\",\"in\":\"query\",\"description\":\"how many items at most\","
         "\"schema\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,\"default\":100}}")},
    {STR("cursor"),
     STR("{\"name\":\"cursor\",\"in\":\"query\",\"description\":\"`next` of the page before: the "
         "list goes on behind it\",\"schema\":{\"type\":\"string\",\"minLength\":1}}")},
    {STR("at"),
     STR("{\"name\":\"at\",\"in\":\"query\",\"description\":\"as of a version, or as of an instant "
         "(RFC 3339); without it, as of now\",\"schema\":{\"type\":\"string\",\"pattern\":"
         "\"^(0|[1-9][0-9]{0,14}|[0-9]{4}-" DAY "T([01][0-9]|2[0-3])(:[0-5][0-9]){2}"
         "([.][0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))$\","
         "\"examples\":[\"42\",\"2026-01-31T12:00:00Z\"]}}")},
    {STR("dryRun"),
     STR("{\"name\":\"dryRun\",\"in\":\"query\",\"description\":\"true: everything is checked, "
         "nothing is changed, and the answer says what would be\",\"schema\":{\"type\":\"boolean\","
         "\"default\":false}}")},
    {STR("ifMatch"),
     STR("{\"name\":\"If-Match\",\"in\":\"header\",\"description\":\"the ETag the object must "
         "have, or * for any: else 412\",\"schema\":{\"type\":\"string\",\"examples\":[\"*\","
         "\"\\\"12-3\\\"\"],\"pattern\":\"^([*]|(W/)?\\\"[!#-~]*\\\"( *, "
         "*(W/)?\\\"[!#-~]*\\\")*)$\"}}")},
    {STR("ifAbsent"),
     STR("{\"name\":\"If-None-Match\",\"in\":\"header\",\"description\":\"*: there must be none "
         "yet: else 412\",\"schema\":{\"const\":\"*\"}}")},
    {STR("ifNoneMatch"),
     STR("{\"name\":\"If-None-Match\",\"in\":\"header\",\"description\":\"an ETag that was "
         "answered before: 304 while it is still the same\",\"schema\":{\"type\":\"string\"}}")},
    {STR("idempotencyKey"),
     STR("{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"description\":\"a name for this "
         "request of your choice: asked again with it within a day, the change is not made again "
         "and the first answer is given again\",\"schema\":{\"type\":\"string\",\"minLength\":1,"
         "\"maxLength\":255,\"pattern\":\"^[!-~]+$\"}}")},
    {STR("requestId"),
     STR("{\"name\":\"X-Request-Id\",\"in\":\"header\",\"description\":\"a name to find this "
         "request by, given back with the answer; up to 128 visible ASCII characters, else one is "
         "made\",\"schema\":{\"type\":\"string\"}}")},
};

static const struct part headers[] = {
    {STR("ETag"), STR("{\"description\":\"names what was answered with, for If-Match and "
                      "If-None-Match\",\"schema\":{\"type\":\"string\"}}")},
    {STR("Link"), STR("{\"description\":\"the next page (RFC 8288), when there is one: "
                      "<…>; rel=\\\"next\\\"\",\"schema\":{\"type\":\"string\"}}")},
    {STR("RateLimit"),
     STR("{\"description\":\"how many requests are left (r), and in how many seconds there are "
         "more (t): \\\"management\\\";r=99;t=1\",\"schema\":{\"type\":\"string\"}}")},
    {STR("RateLimit-Policy"),
     STR("{\"description\":\"how many requests (q) in how many seconds (w) a credential has: "
         "\\\"management\\\";q=100;w=1\",\"schema\":{\"type\":\"string\"}}")},
    {STR("Retry-After"), STR("{\"description\":\"seconds to wait before asking again\","
                             "\"schema\":{\"type\":\"integer\",\"minimum\":1}}")},
    {STR("X-Request-Id"),
     STR("{\"description\":\"the request's name\",\"schema\":{\"type\":\"string\"}}")},
    {STR("Idempotency-Replayed"),
     STR("{\"description\":\"true: the change was made before, and this is its answer\","
         "\"schema\":{\"const\":\"true\"}}")},
};

static const struct part security[] = {
    {STR("bearerAuth"),
     STR("{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"To manage: a personal, app or "
         "environment token. To evaluate: a key of the environment.\"}")},
    {STR("apiKeyAuth"), STR("{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\","
                            "\"description\":\"a key of the environment\"}")},
    {STR("deploymentAuth"),
     STR("{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"Authorization\",\"description\":"
         "\"`Api-Key <key of a deployment>`\"}")},
    {STR("basicAuth"), STR("{\"type\":\"http\",\"scheme\":\"basic\",\"description\":"
                           "\"a project's key and its secret\"}")},
    {STR("eventToken"),
     STR("{\"type\":\"apiKey\",\"in\":\"query\",\"name\":\"token\",\"description\":\"part of the "
         "address that was announced for an event stream; it opens nothing else\"}")},
};

struct refusal {
    int status;
    struct str name, description;
};

static const struct refusal refusals[] = {
    {400, STR("Invalid"), STR("The request is malformed or breaks a rule; `errors` says where.")},
    {401, STR("Unauthenticated"), STR("No credential was shown, or none that is known.")},
    {403, STR("Denied"), STR("The credential may not do this.")},
    {404, STR("Missing"), STR("There is no such thing, or the credential may not see it.")},
    {409, STR("Conflict"),
     STR("It exists already, is not in a state for this, or the answer to this Idempotency-Key is "
         "not known (yet).")},
    {412, STR("Stale"), STR("It is not what the condition says it must be.")},
    {413, STR("TooLarge"), STR("The body is too large.")},
    {415, STR("ContentType"), STR("The body is of a type that is not known here.")},
    {422, STR("Limit"),
     STR("A limit is passed, or the Idempotency-Key was used for something else.")},
    {429, STR("RateLimited"), STR("The credential sends too many requests.")},
    {503, STR("Unavailable"), STR("Not now; nothing was changed unless the detail says so.")},
    {507, STR("Full"), STR("The disk is full; nothing was changed.")},
    {0, STR("Problem"), STR("Any other refusal.")},
};

void openapi_reference(struct json_writer *writer, const char *kind, struct str name)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append_format(&buf, "#/components/%s/%.*s", kind, STR_ARG(name));
    json_object_begin(writer);
    json_member_string(writer, STR("$ref"), buf_str(&buf));
    json_object_end(writer);
    buf_close(&buf);
}

struct str openapi_problem_name(int status)
{
    size_t i = 0;
    while (refusals[i].status != status && refusals[i].status != 0)
        i++;
    return refusals[i].name;
}

static void write_parts(struct json_writer *writer, struct str key, const struct part *parts,
                        size_t count)
{
    json_key(writer, key);
    json_object_begin(writer);
    for (size_t i = 0; i < count; i++) {
        json_key(writer, parts[i].name);
        json_raw(writer, parts[i].text);
    }
    json_object_end(writer);
}

static void write_header(struct json_writer *writer, struct str name)
{
    json_key(writer, name);
    openapi_reference(writer, "headers", name);
}

static void write_refusal(struct json_writer *writer, const struct refusal *refusal)
{
    bool is_for_later = refusal->status == 429 || refusal->status == 503;
    json_key(writer, refusal->name);
    json_object_begin(writer);
    json_member_string(writer, STR("description"), refusal->description);
    json_key(writer, STR("headers"));
    json_object_begin(writer);
    write_header(writer, STR("X-Request-Id"));
    if (is_for_later)
        write_header(writer, STR("Retry-After"));
    json_object_end(writer);
    json_key(writer, STR("content"));
    json_object_begin(writer);
    json_key(writer, STR("application/problem+json"));
    json_object_begin(writer);
    json_key(writer, STR("schema"));
    openapi_reference(writer, "schemas", STR("Problem"));
    json_object_end(writer);
    json_object_end(writer);
    json_object_end(writer);
}

void openapi_write_components(struct json_writer *writer)
{
    write_parts(writer, STR("parameters"), parameters, COUNT_OF(parameters));
    write_parts(writer, STR("headers"), headers, COUNT_OF(headers));
    json_key(writer, STR("responses"));
    json_object_begin(writer);
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        write_refusal(writer, &refusals[i]);
    json_object_end(writer);
    write_parts(writer, STR("securitySchemes"), security, COUNT_OF(security));
}
