/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_parameters - what an operation takes beside a body: see openapi_parts.h. */
#include "dialect/admin/openapi_parts.h"

/* ---- parameters of the path ---------------------------------------------------------------------
 */

/* By the segment before it: what is in the collection. */
struct member {
    struct str collection, description, schema;
};

#define TEXT(pattern) STR("{\"type\":\"string\",\"pattern\":\"" pattern "\"}")
#define ID(prefix) TEXT("^" prefix "_[A-Za-z0-9]+$")
#define KEY(bytes)                                                                                 \
    STR("{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9._-]*$\",\"maxLength\":" bytes   \
        "}")
#define NUMBER STR("{\"type\":\"integer\",\"minimum\":1}")

static const struct member members[] = {
    {STR("apps"), STR("The app's id, app_…"), ID("app")},
    {STR("environments"), STR("The environment's number, or its id, env_…"),
     TEXT("^([1-9][0-9]{0,14}|env_[A-Za-z0-9]+)$")},
    {STR("deployments"), STR("The deployment's number"), NUMBER},
    {STR("keys"), STR("The key's id, key_…"), ID("key")},
    {STR("tokens"), STR("The token's id, token_…"), ID("token")},
    {STR("users"), STR("The user's id, user_…"), ID("user")},
    {STR("flags"), STR("The flag's key"), KEY("128")},
    {STR("segments"), STR("The segment's key"), KEY("64")},
    {STR("groups"), STR("The group's key"), KEY("128")},
    {STR("members"), STR("The key of a flag in the group"), KEY("128")},
    {STR("cohorts"), STR("The cohort's id"), KEY("64")},
    {STR("versions"), STR("The version's number"), NUMBER},
    {STR("problems"), STR("The kind's code"), TEXT("^[a-z_]+$")},
};
static const struct member any_member = {STR(""), STR("Which one"), TEXT("^[!-~]+$")};

static const struct member *find_member(struct str collection)
{
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (str_equal(members[i].collection, collection))
            return &members[i];
    }
    return &any_member;
}

/* "{name}" or "{name*}" without what is around it. */
static struct str parameter_name(struct str segment)
{
    size_t end = segment.size - 1;
    return str_slice(segment, 1, segment.data[end - 1] == '*' ? end - 1 : end);
}

void openapi_append_template(struct buf *buf, struct str path)
{
    for (size_t i = 0; i < path.size; i++) {
        if (path.data[i] != '*')
            buf_append_byte(buf, path.data[i]);
    }
}

static void write_path_parameter(struct json_writer *writer, struct str collection,
                                 struct str segment)
{
    const struct member *member = find_member(collection);
    json_object_begin(writer);
    json_member_string(writer, STR("name"), parameter_name(segment));
    json_member_string(writer, STR("in"), STR("path"));
    json_member_boolean(writer, STR("required"), true);
    json_member_string(writer, STR("description"), member->description);
    json_key(writer, STR("schema"));
    json_raw(writer, member->schema);
    json_object_end(writer);
}

static void write_path_parameters(struct json_writer *writer, struct str path)
{
    struct str before = STR("");
    for (size_t at = 1; at < path.size;) {
        size_t end = str_find_byte(path, '/', at);
        struct str segment = str_slice(path, at, end);
        if (str_starts_with(segment, STR("{")))
            write_path_parameter(writer, before, segment);
        before = segment;
        at = end + 1;
    }
}

/* ---- the other parameters
 * --------------------------------------------------------------------------- */

static void write_query(struct json_writer *writer, const struct operation_query *query)
{
    json_object_begin(writer);
    json_member_string(writer, STR("name"), query->name);
    json_member_string(writer, STR("in"), STR("query"));
    if (query->is_required)
        json_member_boolean(writer, STR("required"), true);
    json_member_string(writer, STR("description"), query->description);
    json_key(writer, STR("schema"));
    json_raw(writer, query->schema);
    json_object_end(writer);
}

static void refer_to_parameters(struct json_writer *writer, const struct route *route,
                                bool has_problems)
{
    const struct operation *operation = route->operation;
    bool mutates = operation_has(operation, OPERATION_MUTATES);
    const struct {
        bool is_taken;
        struct str name;
    } parameters[] = {
        {operation_has(operation, OPERATION_LISTS), STR("limit")},
        {operation_has(operation, OPERATION_LISTS), STR("cursor")},
        {operation_has(operation, OPERATION_AS_OF), STR("at")},
        {operation_takes_dry_run(operation), STR("dryRun")},
        {mutates && !operation_has(operation, OPERATION_CREATES), STR("ifMatch")},
        {mutates && route->method == HTTP_PUT, STR("ifAbsent")},
        {operation_has(operation, OPERATION_DETECTS), STR("ifNoneMatch")},
        {mutates, STR("idempotencyKey")},
        {has_problems, STR("requestId")},
    };
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        if (parameters[i].is_taken)
            openapi_reference(writer, "parameters", parameters[i].name);
    }
}

void openapi_write_parameters(struct json_writer *writer, const struct route *route,
                              bool has_problems)
{
    json_key(writer, STR("parameters"));
    json_array_begin(writer);
    write_path_parameters(writer, route->path);
    for (size_t i = 0; i < route->operation->query_count; i++)
        write_query(writer, &route->operation->query[i]);
    refer_to_parameters(writer, route, has_problems);
    json_array_end(writer);
}
