/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_operation - one route and its operation, described: see openapi_parts.h. */
#include "dialect/admin/openapi_parts.h"

/* ---- bodies
 * ------------------------------------------------------------------------------------------- */

static bool is_json(struct str media)
{
    return str_equal(media, STR("application/json")) || str_ends_with(media, STR("+json")) ||
           str_equal(media, STR("application/yaml"));
}

static void write_media(struct json_writer *writer, struct str media, struct str schema)
{
    json_key(writer, media);
    json_object_begin(writer);
    json_key(writer, STR("schema"));
    if (is_json(media))
        openapi_reference(writer, "schemas", schema);
    else
        json_raw(writer, STR("{\"type\":\"string\",\"minLength\":1}"));
    json_object_end(writer);
}

static void write_body(struct json_writer *writer, const struct route *route)
{
    const struct operation *operation = route->operation;
    struct str media = operation->body_media;
    if (str_is_absent(operation->body))
        return;
    if (str_is_absent(media))
        media = route->method == HTTP_PATCH ? STR("application/json, application/merge-patch+json")
                                            : STR("application/json");
    json_key(writer, STR("requestBody"));
    json_object_begin(writer);
    json_member_boolean(writer, STR("required"),
                        !operation_has(operation, OPERATION_MAY_LACK_BODY));
    json_key(writer, STR("content"));
    json_object_begin(writer);
    for (size_t at = 0; at < media.size;) {
        size_t end = str_find_byte(media, ',', at);
        write_media(writer, str_trim(str_slice(media, at, end)), operation->body);
        at = end + 1;
    }
    json_object_end(writer);
    json_object_end(writer);
}

/* ---- answers
 * -------------------------------------------------------------------------------------------- */

static void write_header(struct json_writer *writer, bool is_sent, struct str name)
{
    if (!is_sent)
        return;
    json_key(writer, name);
    openapi_reference(writer, "headers", name);
}

static void write_headers(struct json_writer *writer, const struct route *route, bool has_problems)
{
    const struct operation *operation = route->operation;
    bool has_rate = has_problems && route->scope != SCOPE_ANYONE &&
                    !operation_has(operation, OPERATION_STREAMS);
    bool mutates = operation_has(operation, OPERATION_MUTATES);
    json_key(writer, STR("headers"));
    json_object_begin(writer);
    write_header(writer,
                 operation_has(operation, OPERATION_DETECTS) ||
                     (mutates && !str_is_absent(operation->answer)),
                 STR("ETag"));
    write_header(writer, operation_has(operation, OPERATION_LISTS), STR("Link"));
    write_header(writer, mutates, STR("Idempotency-Replayed"));
    write_header(writer, has_rate, STR("RateLimit-Policy"));
    write_header(writer, has_rate, STR("RateLimit"));
    write_header(writer, has_problems && !operation_has(operation, OPERATION_STREAMS),
                 STR("X-Request-Id"));
    json_object_end(writer);
}

static void write_page_schema(struct json_writer *writer, struct str item)
{
    json_raw(writer, STR("{\"type\":\"object\",\"required\":[\"items\",\"next\"],"
                         "\"additionalProperties\":false,\"properties\":{\"next\":{\"type\":"
                         "[\"string\",\"null\"],\"description\":\"the cursor of the next page\"},"
                         "\"items\":{\"type\":\"array\",\"items\":"));
    struct json_writer inner;
    json_writer_open(&inner, writer->buf);
    openapi_reference(&inner, "schemas", item);
    buf_append(writer->buf, STR("}}}"));
}

static void write_alternatives(struct json_writer *writer, struct str answer)
{
    json_object_begin(writer);
    json_key(writer, STR("anyOf"));
    json_array_begin(writer);
    openapi_reference(writer, "schemas", answer);
    openapi_reference(writer, "schemas", STR("DryRun"));
    json_array_end(writer);
    json_object_end(writer);
}

static void write_answer_schema(struct json_writer *writer, const struct operation *operation)
{
    if (operation_has(operation, OPERATION_LISTS))
        write_page_schema(writer, operation->answer);
    else if (operation_takes_dry_run(operation) && operation->status == 200)
        write_alternatives(writer, operation->answer);
    else
        openapi_reference(writer, "schemas", operation->answer);
}

/* OpenAPI 3.1 has no word for the events of a stream; 3.2's itemSchema is what is meant. */
static void write_stream_schema(struct json_writer *writer, const struct operation *operation)
{
    json_raw(writer, STR("{\"type\":\"string\"}"));
    if (str_is_absent(operation->answer))
        return;
    json_key(writer, STR("x-itemSchema"));
    openapi_reference(writer, "schemas", operation->answer);
}

static void write_answer_content(struct json_writer *writer, const struct operation *operation)
{
    bool streams = operation_has(operation, OPERATION_STREAMS);
    struct str media = operation->answer_media;
    if (str_is_absent(media))
        media = streams ? STR("text/event-stream") : STR("application/json");
    json_key(writer, STR("content"));
    json_object_begin(writer);
    json_key(writer, media);
    json_object_begin(writer);
    json_key(writer, STR("schema"));
    if (streams)
        write_stream_schema(writer, operation);
    else if (is_json(media))
        write_answer_schema(writer, operation);
    else
        json_raw(writer, STR("{\"type\":\"string\"}"));
    json_object_end(writer);
    json_object_end(writer);
}

static void key_of_status(struct json_writer *writer, int status)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append_u64(&buf, (uint64_t)status);
    json_key(writer, buf_str(&buf));
    buf_close(&buf);
}

static struct str status_description(int status)
{
    if (status == 201)
        return STR("It is there now.");
    return status == 204 ? STR("It is done.") : STR("As asked for.");
}

static void write_success(struct json_writer *writer, const struct route *route, bool has_problems)
{
    const struct operation *operation = route->operation;
    key_of_status(writer, operation->status);
    json_object_begin(writer);
    json_member_string(writer, STR("description"), status_description(operation->status));
    write_headers(writer, route, has_problems);
    if (!str_is_absent(operation->answer) || !str_is_absent(operation->answer_media) ||
        operation_has(operation, OPERATION_STREAMS))
        write_answer_content(writer, operation);
    json_object_end(writer);
}

static void write_created(struct json_writer *writer, const struct route *route, bool has_problems)
{
    if (!operation_has(route->operation, OPERATION_MAY_CREATE))
        return;
    key_of_status(writer, 201);
    json_object_begin(writer);
    json_member_string(writer, STR("description"), status_description(201));
    write_headers(writer, route, has_problems);
    json_key(writer, STR("content"));
    json_object_begin(writer);
    write_media(writer, STR("application/json"), route->operation->answer);
    json_object_end(writer);
    json_object_end(writer);
}

static void write_dry_run(struct json_writer *writer, const struct operation *operation)
{
    if (!operation_takes_dry_run(operation) || operation->status == 200)
        return;
    key_of_status(writer, 200);
    json_object_begin(writer);
    json_member_string(writer, STR("description"), STR("A dry run: nothing was changed."));
    json_key(writer, STR("content"));
    json_object_begin(writer);
    write_media(writer, STR("application/json"), STR("DryRun"));
    json_object_end(writer);
    json_object_end(writer);
}

static void write_unchanged(struct json_writer *writer, const struct operation *operation)
{
    if (!operation_has(operation, OPERATION_DETECTS))
        return;
    key_of_status(writer, 304);
    json_object_begin(writer);
    json_member_string(writer, STR("description"), STR("It is what If-None-Match names."));
    json_key(writer, STR("headers"));
    json_object_begin(writer);
    write_header(writer, true, STR("ETag"));
    json_object_end(writer);
    json_object_end(writer);
}

static void refer_to_problem(struct json_writer *writer, bool can_occur, int status)
{
    if (!can_occur)
        return;
    key_of_status(writer, status);
    openapi_reference(writer, "responses", openapi_problem_name(status));
}

static void write_problems(struct json_writer *writer, const struct route *route)
{
    const struct operation *operation = route->operation;
    bool mutates = operation_has(operation, OPERATION_MUTATES);
    bool has_body = !str_is_absent(operation->body);
    bool is_known = route->scope != SCOPE_ANYONE;
    bool names_something = str_contains(route->path, STR("{")) ||
                           operation_has(operation, OPERATION_AS_OF) || operation->query_count > 0;
    refer_to_problem(writer, true, 400);
    refer_to_problem(writer, is_known, 401);
    refer_to_problem(writer, is_known, 403);
    refer_to_problem(writer, names_something || mutates, 404);
    refer_to_problem(writer, mutates, 409);
    refer_to_problem(writer, mutates && !operation_has(operation, OPERATION_CREATES), 412);
    refer_to_problem(writer, true, 413);
    refer_to_problem(writer, has_body, 415);
    refer_to_problem(writer, mutates || has_body, 422);
    refer_to_problem(writer, is_known, 429);
    refer_to_problem(writer, is_known, 503);
    refer_to_problem(writer, mutates, 507);
    json_key(writer, STR("default"));
    openapi_reference(writer, "responses", openapi_problem_name(0));
}

static void write_refusals(struct json_writer *writer, const struct operation *operation)
{
    for (size_t i = 0; i < operation->refusal_count; i++) {
        const struct operation_refusal *refusal = &operation->refusals[i];
        key_of_status(writer, refusal->status);
        json_object_begin(writer);
        json_member_string(writer, STR("description"), refusal->description);
        if (!str_is_absent(refusal->answer)) {
            json_key(writer, STR("content"));
            json_object_begin(writer);
            write_media(writer, STR("application/json"), refusal->answer);
            json_object_end(writer);
        }
        json_object_end(writer);
    }
}

static void write_responses(struct json_writer *writer, const struct route *route,
                            bool has_problems)
{
    json_key(writer, STR("responses"));
    json_object_begin(writer);
    write_success(writer, route, has_problems);
    write_created(writer, route, has_problems);
    write_dry_run(writer, route->operation);
    write_unchanged(writer, route->operation);
    if (has_problems)
        write_problems(writer, route);
    else
        write_refusals(writer, route->operation);
    json_object_end(writer);
}

/* ---- who may
 * -----------------------------------------------------------------------------------------------
 */

static void write_scheme(struct json_writer *writer, struct str scheme)
{
    json_object_begin(writer);
    json_key(writer, scheme);
    json_array_begin(writer);
    json_array_end(writer);
    json_object_end(writer);
}

static void write_security(struct json_writer *writer, enum scope scope)
{
    json_key(writer, STR("security"));
    json_array_begin(writer);
    switch (scope) {
    case SCOPE_ANYONE:
        break;
    case SCOPE_MANAGE:
    case SCOPE_MANAGE_ENVIRONMENTS:
    case SCOPE_READ_BROWSER:
    case SCOPE_READ_SERVER:
    case SCOPE_REPORT:
        write_scheme(writer, STR("bearerAuth"));
        break;
    case SCOPE_EVALUATE:
        write_scheme(writer, STR("bearerAuth"));
        write_scheme(writer, STR("apiKeyAuth"));
        break;
    case SCOPE_READ_DEPLOYMENT:
        write_scheme(writer, STR("deploymentAuth"));
        break;
    case SCOPE_DOWNLOAD:
        write_scheme(writer, STR("basicAuth"));
        break;
    case SCOPE_EVENT_ADDRESS:
        write_scheme(writer, STR("eventToken"));
        break;
    }
    json_array_end(writer);
}

/* ---- all of it
 * ------------------------------------------------------------------------------------------------
 */

void openapi_write_operation(struct json_writer *writer, const struct route *route,
                             bool has_problems)
{
    const struct operation *operation = route->operation;
    json_member_string(writer, STR("operationId"), operation->id);
    json_key(writer, STR("tags"));
    json_array_begin(writer);
    json_string(writer, operation->tag);
    json_array_end(writer);
    json_member_string(writer, STR("summary"), operation->summary);
    if (!str_is_absent(operation->details))
        json_member_string(writer, STR("description"), operation->details);
    openapi_write_parameters(writer, route, has_problems);
    write_body(writer, route);
    write_responses(writer, route, has_problems);
    write_security(writer, route->scope);
}
