/* SPDX-License-Identifier: Apache-2.0 */
/* definition - flags and segments in and out: see definition.h. */
#include "dialect/admin/definition.h"

#include <assert.h>
#include <string.h>

#include "dialect/admin/merge_patch.h"
#include "model/codec.h"
#include "model/limits.h"

const struct json_budget definition_budget = {
    .depth_max = VALUE_DEPTH_MAX + 32,
    .members_max = VARIATION_VALUE_BYTES_MAX,
    .string_bytes_max = VARIATION_VALUE_BYTES_MAX,
    .number_bytes_max = 64,
};

/* What comes in has a bound on values as well: merging and decoding are done while others wait. */
static const struct json_budget body_budget = {
    .depth_max = VALUE_DEPTH_MAX + 32,
    .members_max = VARIATION_VALUE_BYTES_MAX,
    .string_bytes_max = VARIATION_VALUE_BYTES_MAX,
    .number_bytes_max = 64,
    .values_max = DOCUMENT_VALUES_MAX,
};

/* ---- trees ---------------------------------------------------------------------------------- */

void definition_set_member(struct arena *arena, struct json *object, struct str name,
                           struct json value)
{
    for (uint32_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].key, name)) {
            object->members[i].value = value;
            return;
        }
    }
    struct json_member *members = ARENA_NEW_ARRAY(arena, struct json_member, object->count + 1);
    if (object->count > 0)
        memcpy(members, object->members, object->count * sizeof(*members));
    members[object->count] = (struct json_member){name, value};
    object->members = members;
    object->count++;
}

void definition_drop_member(struct json *object, struct str name)
{
    for (uint32_t i = 0; i < object->count; i++) {
        if (!str_equal(object->members[i].key, name))
            continue;
        uint32_t behind = object->count - i - 1;
        memmove(&object->members[i], &object->members[i + 1], behind * sizeof(object->members[0]));
        object->count--;
        return;
    }
}

/* ---- out ------------------------------------------------------------------------------------ */

/* A canonical text begins with its id; without one, with this. */
static void write_behind_id(struct json_writer *writer, struct buf *buf)
{
    struct str beginning = STR("{\"id\":\"\",");
    assert(str_starts_with(buf_str(buf), beginning));
    buf->data[beginning.size - 1] = '{';
    json_raw(writer, str_slice(buf_str(buf), beginning.size - 1, buf->size));
    buf_close(buf);
}

void definition_write_flag(struct json_writer *writer, const struct flag *flag)
{
    struct flag shown = *flag;
    struct buf buf;
    shown.id = STR("");
    buf_open(&buf, SIZE_MAX);
    flag_encode(&shown, &buf);
    write_behind_id(writer, &buf);
}

void definition_write_segment(struct json_writer *writer, const struct segment *segment)
{
    struct segment shown = *segment;
    struct buf buf;
    shown.id = STR("");
    buf_open(&buf, SIZE_MAX);
    segment_encode(&shown, &buf);
    write_behind_id(writer, &buf);
}

void definition_write_text(struct json_writer *writer, struct arena *arena, struct str text)
{
    struct json json;
    struct fault fault = json_parse(arena, text, &definition_budget, &json);
    assert(!failed(fault)); /* the store hands out what the encoder made, checksum and all */
    definition_drop_member(&json, STR("id"));
    json_tree(writer, &json);
}

struct str definition_text_of_flag(struct arena *arena, const struct flag *flag)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    flag_encode(flag, &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

struct str definition_text_of_segment(struct arena *arena, const struct segment *segment)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    segment_encode(segment, &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* ---- in ------------------------------------------------------------------------------------- */

static bool read_body(struct exchange *x, struct json *body)
{
    if (!admin_read_object(x, &body_budget, body))
        return false;
    return json_find(body, STR("id")) == NULL ||
           admin_refuse_with(x, FAULT_INVALID, "/id", STR("is given by the server"));
}

/* A path names it; a body may say it again. */
static bool read_key(struct exchange *x, struct definition_write *write)
{
    const struct json *key = json_find(&write->body, STR("key"));
    if (key != NULL && key->type != JSON_STRING)
        return admin_refuse_with(x, FAULT_INVALID, "/key", STR("must be a string"));
    if (write->manner == DEFINITION_CREATE) {
        if (key == NULL)
            return admin_refuse_with(x, FAULT_INVALID, "/key", STR("is needed"));
        write->key = key->string;
        return true;
    }
    write->key = x->parameters[1];
    return key == NULL || str_equal(key->string, write->key) ||
           admin_refuse_with(x, FAULT_INVALID, "/key", STR("is another one than the path names"));
}

bool definition_read(struct exchange *x, enum definition_manner manner,
                     struct definition_write *write)
{
    *write = (struct definition_write){.manner = manner};
    return admin_read_condition(x, &write->condition) && read_body(x, &write->body) &&
           read_key(x, write);
}

static struct json copy_members(struct arena *arena, const struct json *object)
{
    struct json copy = *object;
    copy.members = ARENA_NEW_ARRAY(arena, struct json_member, object->count);
    if (object->count > 0)
        memcpy(copy.members, object->members, object->count * sizeof(copy.members[0]));
    return copy;
}

struct fault definition_tree(struct arena *arena, const struct definition_write *write,
                             struct str current, struct json *tree)
{
    bool is_there = !str_is_absent(current);
    if (write->manner == DEFINITION_CREATE && is_there)
        return fault_make(FAULT_CONFLICT, STR("/key"), STR("is taken in this environment"));
    if (write->manner != DEFINITION_PATCH) {
        *tree = copy_members(arena, &write->body);
        return fault_none();
    }
    if (!is_there)
        return fault_make(FAULT_MISSING, STR(""), STR("there is nothing under this key to change"));
    struct json target;
    struct fault fault = json_parse(arena, current, &definition_budget, &target);
    assert(!failed(fault)); /* our own encoder's */
    definition_drop_member(&target, STR("id"));
    *tree = merge_patch(arena, &target, &write->body);
    return fault_none();
}

bool definition_read_version(struct exchange *x, struct str *version)
{
    static const struct str members[] = {STR("version")};
    struct json body;
    if (!admin_read_body(x, members, COUNT_OF(members), &body))
        return false;
    const struct json *number = json_find(&body, STR("version"));
    bool is_good = number != NULL && number->type == JSON_NUMBER && number->number >= 0 &&
                   number->number < 1e15 && number->number == (double)(uint64_t)number->number;
    if (!is_good)
        return admin_refuse_with(x, FAULT_INVALID, "/version",
                                 STR("must be the number of a version"));
    *version = arena_format(x->arena, "%llu", (unsigned long long)number->number);
    return true;
}
