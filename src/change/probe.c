/* SPDX-License-Identifier: Apache-2.0 */
/* probe - who is asked about when a flag is rehearsed: see probe.h. */
#include "change/probe.h"

#include <assert.h>
#include <string.h>

#include "eval/selector.h"
#include "model/leaves.h"
#include "model/limits.h"

enum { STEPS_MAX = 16, MEMBERS_ADDED = 8 };

/* ---- objects that grow ----------------------------------------------------------------------- */

static struct json object_make(void)
{
    return (struct json){.type = JSON_OBJECT};
}

static struct json *object_find(struct json *object, struct str key)
{
    for (size_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].key, key))
            return &object->members[i].value;
    }
    return NULL;
}

/* The member, null when it is new. */
static struct json *object_member(struct arena *arena, struct json *object, struct str key)
{
    struct json *found = object_find(object, key);
    if (found != NULL)
        return found;
    if (object->count % MEMBERS_ADDED == 0) {
        struct json_member *larger =
            ARENA_NEW_ARRAY(arena, struct json_member, object->count + MEMBERS_ADDED);
        if (object->count > 0)
            memcpy(larger, object->members, object->count * sizeof(*larger));
        object->members = larger;
    }
    struct json_member *member = &object->members[object->count++];
    *member = (struct json_member){key, json_make_null()};
    return &member->value;
}

static void put_at(struct arena *arena, struct json *object, const struct str *steps, size_t count,
                   struct json value)
{
    for (size_t i = 0; i + 1 < count; i++) {
        object = object_member(arena, object, steps[i]);
        if (object->type != JSON_OBJECT)
            *object = object_make();
    }
    *object_member(arena, object, steps[count - 1]) = value;
}

/* ---- values ---------------------------------------------------------------------------------- */

static struct json list_of(struct arena *arena, struct json value)
{
    struct json *element = ARENA_NEW(arena, struct json);
    *element = value;
    return (struct json){.type = JSON_ARRAY, .count = 1, .elements = element};
}

static struct json long_text(struct arena *arena)
{
    char *text = arena_allocate(arena, CONTEXT_VALUE_BYTES_MAX);
    memset(text, 'a', CONTEXT_VALUE_BYTES_MAX);
    return json_make_string((struct str){text, CONTEXT_VALUE_BYTES_MAX});
}

static struct json wanted_of(const struct expression *leaf)
{
    bool is_list = leaf->value.type == JSON_ARRAY && leaf->value.count > 0;
    return is_list ? leaf->value.elements[0] : leaf->value;
}

static struct json value_of(struct arena *arena, enum probe_kind kind,
                            const struct expression *leaf)
{
    switch (kind) {
    case PROBE_WANTED:
        return wanted_of(leaf);
    case PROBE_LISTED:
        return list_of(arena, wanted_of(leaf));
    case PROBE_BLANK:
        return json_make_string(STR(""));
    case PROBE_LONG:
        return long_text(arena);
    case PROBE_NUMBER:
        return json_make_number(-1.5e308);
    case PROBE_TRUTH:
        return json_make_boolean(true);
    case PROBE_NESTED: {
        struct json object = object_make();
        *object_member(arena, &object, STR("key")) = list_of(arena, object_make());
        return object;
    }
    case PROBE_NOBODY:
    case PROBE_NULL:
    case PROBE_KINDS:
        break;
    }
    return json_make_null();
}

/* ---- places ---------------------------------------------------------------------------------- */

static size_t split_path(struct str path, char by, struct str *steps)
{
    size_t count = 0;
    for (size_t from = 0; from <= path.size && count < STEPS_MAX; count++) {
        size_t to = str_find_byte(path, by, from);
        steps[count] = str_slice(path, from, to);
        from = to + 1;
    }
    return count;
}

/* "a.b", "attributes.a": the same in both forms, below the attributes and below the user. */
static void put_dotted(struct arena *arena, struct probe *probe, struct str path, struct json value)
{
    struct str steps[STEPS_MAX];
    size_t count = split_path(path, '.', steps);
    size_t skipped = count > 1 && str_equal(steps[0], STR("attributes")) ? 1 : 0;
    struct json *user = object_member(arena, &probe->tree, STR("user"));
    put_at(arena, &probe->attributes, steps + skipped, count - skipped, value);
    put_at(arena, user, steps + skipped, count - skipped, value);
}

/* "/context/user/user_properties/plan": whole below the tree, and without its first two steps in
 * the attributes. */
static void put_pointed(struct arena *arena, struct probe *probe, struct str pointer,
                        struct json value)
{
    const struct selector selector = selector_parse(arena, pointer);
    if (selector.root != SELECTOR_CONTEXT || selector.step_count < 2)
        return;
    put_at(arena, &probe->tree, selector.steps, selector.step_count, value);
    put_at(arena, &probe->attributes, selector.steps + 1, selector.step_count - 1, value);
}

static void put_leaf(struct arena *arena, struct probe *probe, enum probe_kind kind,
                     const struct expression *leaf)
{
    struct json value = value_of(arena, kind, leaf);
    if (leaf->kind != EXPRESSION_MATCH || str_is_empty(leaf->attribute))
        return;
    if (leaf->attribute.data[0] == '/')
        put_pointed(arena, probe, leaf->attribute, value);
    else
        put_dotted(arena, probe, leaf->attribute, value);
}

static struct str key_of(struct arena *arena, enum probe_kind kind)
{
    if (kind == PROBE_NOBODY)
        return (struct str){0};
    struct str text = long_text(arena).string;
    return kind == PROBE_LONG ? str_slice(text, 0, CONTEXT_KEY_BYTES_MAX) : STR(PROBE_NAME);
}

struct probe probe_make(struct arena *arena, enum probe_kind kind,
                        const struct expression *const *expressions, size_t count)
{
    assert(kind < PROBE_KINDS);
    struct probe probe = {
        .targeting_key = key_of(arena, kind),
        .attributes = object_make(),
        .tree = object_make(),
    };
    struct json *user = object_member(arena, &probe.tree, STR("user"));
    *user = object_make();
    if (kind == PROBE_NOBODY)
        return probe;
    for (size_t i = 0; i < count; i++) {
        struct leaf_walk walk;
        leaf_walk_begin(&walk, expressions[i]);
        for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;)
            put_leaf(arena, &probe, kind, leaf);
    }
    user = object_find(&probe.tree, STR("user"));
    *object_member(arena, user, STR("user_id")) = json_make_string(probe.targeting_key);
    return probe;
}
