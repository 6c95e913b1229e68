/* SPDX-License-Identifier: Apache-2.0 */
/* wire - members in and out: see wire.h. */
#include "dialect/amplitude/wire.h"

#include "base/instant.h"
#include "base/number.h"

void wire_refuse(struct wire *wire, struct str where, struct str why)
{
    if (!wire_failed(wire))
        wire->fault = fault_make(FAULT_INVALID, where, why);
}

void wire_check_count(struct wire *wire, struct str where, size_t count, size_t max,
                      const char *what)
{
    if (count <= max || wire_failed(wire))
        return;
    wire->fault = fault_make(FAULT_LIMIT, where,
                             arena_format(wire->arena, "must have at most %zu %s", max, what));
}

struct str wire_member_path(struct wire *wire, struct str outer, struct str name)
{
    if (outer.size == 0)
        return name;
    return arena_format(wire->arena, "%.*s.%.*s", STR_ARG(outer), STR_ARG(name));
}

struct str wire_item_path(struct wire *wire, struct str outer, size_t index)
{
    return arena_format(wire->arena, "%.*s[%zu]", STR_ARG(outer), index);
}

static void refuse_member(struct wire *wire, struct str outer, struct str name, const char *why)
{
    if (!wire_failed(wire))
        wire_refuse(wire, wire_member_path(wire, outer, name), str_of(why));
}

void wire_require(struct wire *wire, bool is_present, struct str outer, struct str name)
{
    if (!is_present)
        refuse_member(wire, outer, name, "is required");
}

/* ---- one member ------------------------------------------------------------------------------ */

/* NULL when it is missing, of another type (refused) or when something was refused before. */
static const struct json *member_of(struct wire *wire, const struct json *object, struct str outer,
                                    struct str name, enum json_type type, const char *why)
{
    const struct json *member = wire_failed(wire) ? NULL : json_find(object, name);
    if (member == NULL)
        return NULL;
    if (member->type == type)
        return member;
    refuse_member(wire, outer, name, why);
    return NULL;
}

bool wire_text(struct wire *wire, const struct json *object, struct str outer, struct str name,
               struct str *text)
{
    const struct json *member =
        member_of(wire, object, outer, name, JSON_STRING, "must be a string");
    if (member != NULL)
        *text = member->string;
    return member != NULL;
}

bool wire_nullable_text(struct wire *wire, const struct json *object, struct str outer,
                        struct str name, struct str *text)
{
    const struct json *member = wire_failed(wire) ? NULL : json_find(object, name);
    if (member == NULL || member->type != JSON_NULL)
        return wire_text(wire, object, outer, name, text);
    *text = (struct str){0};
    return true;
}

bool wire_boolean(struct wire *wire, const struct json *object, struct str outer, struct str name,
                  bool *value)
{
    const struct json *member =
        member_of(wire, object, outer, name, JSON_BOOLEAN, "must be true or false");
    if (member != NULL)
        *value = member->boolean;
    return member != NULL;
}

bool wire_integer(struct wire *wire, const struct json *object, struct str outer, struct str name,
                  uint32_t min, uint32_t max, uint32_t *value)
{
    const struct json *member = wire_failed(wire) ? NULL : json_find(object, name);
    if (member == NULL)
        return false;
    bool is_whole = member->type == JSON_NUMBER && number_is_safe_integer(member->number);
    if (!is_whole || member->number < min || member->number > max) {
        refuse_member(
            wire, outer, name,
            arena_format(wire->arena, "must be a whole number between %u and %u", min, max).data);
        return false;
    }
    *value = (uint32_t)member->number;
    return true;
}

static struct str list_words(struct arena *arena, const struct str *words, size_t count)
{
    struct str list = words[0];
    for (size_t i = 1; i < count; i++)
        list = arena_format(arena, "%.*s%s%.*s", STR_ARG(list), i + 1 == count ? " or " : ", ",
                            STR_ARG(words[i]));
    return arena_format(arena, "must be %.*s", STR_ARG(list));
}

bool wire_choice(struct wire *wire, const struct json *object, struct str outer, struct str name,
                 const struct str *words, size_t word_count, size_t *index)
{
    struct str text;
    if (!wire_text(wire, object, outer, name, &text))
        return false;
    for (size_t i = 0; i < word_count; i++) {
        if (!str_equal(words[i], text))
            continue;
        *index = i;
        return true;
    }
    refuse_member(wire, outer, name, list_words(wire->arena, words, word_count).data);
    return false;
}

/* ---- ids ------------------------------------------------------------------------------------- */

bool wire_parse_id(struct str text, uint64_t *id)
{
    return str_parse_u64(text, id) && *id != 0;
}

static bool is_id(const struct json *json, uint64_t *id)
{
    if (json->type == JSON_STRING)
        return wire_parse_id(json->string, id);
    if (json->type != JSON_NUMBER || !number_is_safe_integer(json->number) || json->number < 1)
        return false;
    *id = (uint64_t)json->number;
    return true;
}

bool wire_id(struct wire *wire, const struct json *object, struct str outer, struct str name,
             uint64_t *id)
{
    const struct json *member = wire_failed(wire) ? NULL : json_find(object, name);
    if (member == NULL)
        return false;
    if (is_id(member, id))
        return true;
    refuse_member(wire, outer, name, "must be an id");
    return false;
}

bool wire_ids(struct wire *wire, const struct json *object, struct str outer, struct str name,
              uint64_t **ids, size_t *count)
{
    const struct json *list = wire_array(wire, object, outer, name);
    if (list == NULL)
        return false;
    *ids = ARENA_NEW_ARRAY(wire->arena, uint64_t, list->count);
    *count = list->count;
    for (uint32_t i = 0; i < list->count; i++) {
        if (is_id(&list->elements[i], &(*ids)[i]))
            continue;
        struct str path = wire_member_path(wire, outer, name);
        wire_refuse(wire, wire_item_path(wire, path, i), STR("must be an id"));
        return false;
    }
    return true;
}

/* ---- lists ----------------------------------------------------------------------------------- */

bool wire_texts(struct wire *wire, const struct json *object, struct str outer, struct str name,
                struct str **texts, size_t *count)
{
    const struct json *list = wire_array(wire, object, outer, name);
    if (list == NULL)
        return false;
    *texts = ARENA_NEW_ARRAY(wire->arena, struct str, list->count);
    *count = list->count;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->elements[i].type != JSON_STRING) {
            struct str path = wire_member_path(wire, outer, name);
            wire_refuse(wire, wire_item_path(wire, path, i), STR("must be a string"));
            return false;
        }
        (*texts)[i] = list->elements[i].string;
    }
    return true;
}

const struct json *wire_array(struct wire *wire, const struct json *object, struct str outer,
                              struct str name)
{
    return member_of(wire, object, outer, name, JSON_ARRAY, "must be an array");
}

const struct json *wire_object(struct wire *wire, const struct json *object, struct str outer,
                               struct str name)
{
    return member_of(wire, object, outer, name, JSON_OBJECT, "must be an object");
}

/* ---- back ------------------------------------------------------------------------------------ */

void wire_put_id(struct json_writer *writer, uint64_t id)
{
    enum { DIGITS_MAX = 20 };
    char text[DIGITS_MAX];
    size_t at = DIGITS_MAX;
    do {
        text[--at] = (char)('0' + id % 10);
        id /= 10;
    } while (id > 0);
    json_string(writer, (struct str){text + at, DIGITS_MAX - at});
}

void wire_put_member_id(struct json_writer *writer, struct str key, uint64_t id)
{
    json_key(writer, key);
    wire_put_id(writer, id);
}

void wire_put_member_instant(struct json_writer *writer, struct str key, int64_t ms)
{
    char text[INSTANT_TEXT_BYTES];
    instant_format(ms, text);
    json_member_string(writer, key, str_of(text));
}

void wire_put_member_text(struct json_writer *writer, struct str key, struct str text)
{
    json_member_string(writer, key, str_is_absent(text) ? STR("") : text);
}

void wire_put_texts(struct json_writer *writer, const struct str *texts, size_t count)
{
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        json_string(writer, texts[i]);
    json_array_end(writer);
}
