/* SPDX-License-Identifier: Apache-2.0 */
/* diff - what differs between two trees: see diff.h. */
#include "json/diff.h"

#include <assert.h>

#include "base/map.h"
#include "base/number.h"

/* Where we are, on the stack; spelled out only when something differs there. */
struct step {
    const struct step *outer; /* NULL at the root, which has no name */
    struct str name;          /* absent: an element of an array */
    uint32_t index;
};

struct walk {
    struct arena *arena;
    struct json_difference *list;
    size_t count, capacity;
};

void json_append_pointer_step(struct buf *buf, struct str name)
{
    buf_append_byte(buf, '/');
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '~')
            buf_append(buf, STR("~0"));
        else if (name.data[i] == '/')
            buf_append(buf, STR("~1"));
        else
            buf_append_byte(buf, name.data[i]);
    }
}

static struct str spell(struct arena *arena, const struct step *step)
{
    enum { STEPS_MAX = JSON_DEPTH_MAX + 1 };
    const struct step *steps[STEPS_MAX];
    size_t count = 0;
    for (; step->outer != NULL; step = step->outer) {
        assert(count < STEPS_MAX);
        steps[count++] = step;
    }
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    while (count-- > 0) {
        if (str_is_absent(steps[count]->name))
            buf_append_format(&buf, "/%u", steps[count]->index);
        else
            json_append_pointer_step(&buf, steps[count]->name);
    }
    struct str path = buf.size == 0 ? STR("") : arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return path;
}

static struct json_difference *note(struct walk *walk, const struct step *step,
                                    enum json_difference_kind kind)
{
    if (walk->count == walk->capacity) {
        size_t capacity = walk->capacity == 0 ? 8 : walk->capacity * 2;
        struct json_difference *larger =
            ARENA_NEW_ARRAY(walk->arena, struct json_difference, capacity);
        for (size_t i = 0; i < walk->count; i++)
            larger[i] = walk->list[i];
        walk->list = larger;
        walk->capacity = capacity;
    }
    struct json_difference *difference = &walk->list[walk->count++];
    *difference = (struct json_difference){.kind = kind, .path = spell(walk->arena, step)};
    return difference;
}

static void note_added(struct walk *walk, const struct step *step, const struct json *newer)
{
    note(walk, step, JSON_ADDED)->newer = newer;
}

static void note_removed(struct walk *walk, const struct step *step, const struct json *older)
{
    note(walk, step, JSON_REMOVED)->older = older;
}

static void compare(struct walk *walk, const struct step *step, const struct json *older,
                    const struct json *newer, size_t depth);

/* ---- objects ------------------------------------------------------------------------------- */

static struct step step_to_member(const struct step *outer, struct str key)
{
    return (struct step){.outer = outer, .name = key.data == NULL ? STR("") : key};
}

static void compare_objects(struct walk *walk, const struct step *outer, const struct json *older,
                            const struct json *newer, size_t depth)
{
    const struct map before = json_member_places(walk->arena, older);
    const struct map after = json_member_places(walk->arena, newer);
    for (uint32_t i = 0; i < older->count; i++) {
        const struct json_member *member = &older->members[i];
        struct step step = step_to_member(outer, member->key);
        if (map_find(&after, member->key) == MAP_ABSENT)
            note_removed(walk, &step, &member->value);
    }
    for (uint32_t i = 0; i < newer->count; i++) {
        const struct json_member *member = &newer->members[i];
        struct step step = step_to_member(outer, member->key);
        uint32_t place = map_find(&before, member->key);
        if (place == MAP_ABSENT)
            note_added(walk, &step, &member->value);
        else
            compare(walk, &step, &older->members[place].value, &member->value, depth + 1);
    }
}

/* ---- arrays whose elements have names ------------------------------------------------------- */

/* What names the elements of an array; an empty one suits any. */
enum naming { NAMING_ANY, NAMING_TEXT, NAMING_NUMBER, NAMING_ID, NAMING_NONE };

static enum naming naming_of(const struct json *element)
{
    if (element->type == JSON_STRING)
        return NAMING_TEXT;
    if (element->type == JSON_NUMBER)
        return NAMING_NUMBER;
    const struct json *id = json_find(element, STR("id"));
    return id != NULL && id->type == JSON_STRING ? NAMING_ID : NAMING_NONE;
}

static struct str name_of(struct arena *arena, const struct json *element)
{
    if (element->type == JSON_STRING)
        return element->string;
    if (element->type != JSON_NUMBER)
        return json_find(element, STR("id"))->string;
    char text[NUMBER_TEXT_BYTES];
    struct str number = {text, number_format(element->number, text)};
    return arena_copy_str(arena, number);
}

struct names {
    enum naming naming; /* NONE: they have none, or not one each */
    struct str *list;
    struct map places; /* name -> index */
};

static struct names names_of(struct arena *arena, const struct json *array)
{
    struct names names = {.naming = NAMING_ANY};
    names.list = ARENA_NEW_ARRAY(arena, struct str, array->count);
    map_open(&names.places, arena, array->count);
    for (uint32_t i = 0; i < array->count; i++) {
        enum naming naming = naming_of(&array->elements[i]);
        if (naming == NAMING_NONE || (i > 0 && naming != names.naming)) {
            names.naming = NAMING_NONE;
            return names;
        }
        names.naming = naming;
        names.list[i] = name_of(arena, &array->elements[i]);
        if (!map_insert(&names.places, names.list[i], i)) {
            names.naming = NAMING_NONE;
            return names;
        }
    }
    return names;
}

static bool suit(enum naming a, enum naming b)
{
    if (a == NAMING_NONE || b == NAMING_NONE)
        return false;
    return a == b || a == NAMING_ANY || b == NAMING_ANY;
}

/*
 * Of elements that stand in another order than before, the fewest are called moved: those outside a
 * longest increasing run of old places (patience sorting: tails[n] is the last element of the best
 * run of n + 1, previous[] how each run goes on downwards).
 */
static void find_staying(struct arena *arena, const uint32_t *places, uint32_t count,
                         bool *is_staying)
{
    uint32_t *tails = ARENA_NEW_ARRAY(arena, uint32_t, count);
    uint32_t *previous = ARENA_NEW_ARRAY(arena, uint32_t, count);
    uint32_t length = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (places[i] == MAP_ABSENT)
            continue;
        uint32_t low = 0;
        uint32_t high = length;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (places[tails[middle]] < places[i])
                low = middle + 1;
            else
                high = middle;
        }
        previous[i] = low == 0 ? MAP_ABSENT : tails[low - 1];
        tails[low] = i;
        if (low == length)
            length++;
    }
    for (uint32_t i = length == 0 ? MAP_ABSENT : tails[length - 1]; i != MAP_ABSENT;
         i = previous[i])
        is_staying[i] = true;
}

static void compare_named(struct walk *walk, const struct step *outer, const struct json *older,
                          const struct json *newer, const struct names *before,
                          const struct names *after, size_t depth)
{
    for (uint32_t i = 0; i < older->count; i++) {
        struct step step = {.outer = outer, .index = i};
        if (map_find(&after->places, before->list[i]) == MAP_ABSENT)
            note_removed(walk, &step, &older->elements[i]);
    }
    uint32_t *places = ARENA_NEW_ARRAY(walk->arena, uint32_t, newer->count);
    bool *is_staying = ARENA_NEW_ARRAY(walk->arena, bool, newer->count);
    for (uint32_t i = 0; i < newer->count; i++)
        places[i] = map_find(&before->places, after->list[i]);
    find_staying(walk->arena, places, newer->count, is_staying);
    for (uint32_t i = 0; i < newer->count; i++) {
        struct step step = {.outer = outer, .index = i};
        if (places[i] == MAP_ABSENT) {
            note_added(walk, &step, &newer->elements[i]);
            continue;
        }
        const struct json *was = &older->elements[places[i]];
        if (!is_staying[i]) {
            struct json_difference *moved = note(walk, &step, JSON_MOVED);
            moved->older = was;
            moved->newer = &newer->elements[i];
            moved->older_index = places[i];
            moved->newer_index = i;
        }
        compare(walk, &step, was, &newer->elements[i], depth + 1);
    }
}

/* ---- other arrays --------------------------------------------------------------------------- */

static uint32_t count_common_front(const struct json *older, const struct json *newer)
{
    uint32_t count = 0;
    while (count < older->count && count < newer->count &&
           json_equal(&older->elements[count], &newer->elements[count]))
        count++;
    return count;
}

static uint32_t count_common_back(const struct json *older, const struct json *newer,
                                  uint32_t front)
{
    uint32_t count = 0;
    while (front + count < older->count && front + count < newer->count &&
           json_equal(&older->elements[older->count - 1 - count],
                      &newer->elements[newer->count - 1 - count]))
        count++;
    return count;
}

static void compare_unnamed(struct walk *walk, const struct step *outer, const struct json *older,
                            const struct json *newer, size_t depth)
{
    uint32_t front = count_common_front(older, newer);
    uint32_t back = count_common_back(older, newer, front);
    bool is_as_long = older->count == newer->count;
    for (uint32_t i = front; !is_as_long && i < older->count - back; i++) {
        struct step step = {.outer = outer, .index = i};
        note_removed(walk, &step, &older->elements[i]);
    }
    for (uint32_t i = front; i < newer->count - back; i++) {
        struct step step = {.outer = outer, .index = i};
        if (is_as_long)
            compare(walk, &step, &older->elements[i], &newer->elements[i], depth + 1);
        else
            note_added(walk, &step, &newer->elements[i]);
    }
}

static void compare_arrays(struct walk *walk, const struct step *outer, const struct json *older,
                           const struct json *newer, size_t depth)
{
    const struct names before = names_of(walk->arena, older);
    const struct names after = names_of(walk->arena, newer);
    if (suit(before.naming, after.naming))
        compare_named(walk, outer, older, newer, &before, &after, depth);
    else
        compare_unnamed(walk, outer, older, newer, depth);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void compare(struct walk *walk, const struct step *step, const struct json *older,
                    const struct json *newer, size_t depth)
{
    assert(depth <= JSON_DEPTH_MAX);
    if (older->type == JSON_OBJECT && newer->type == JSON_OBJECT) {
        compare_objects(walk, step, older, newer, depth);
    } else if (older->type == JSON_ARRAY && newer->type == JSON_ARRAY) {
        compare_arrays(walk, step, older, newer, depth);
    } else if (!json_equal(older, newer)) {
        struct json_difference *replaced = note(walk, step, JSON_REPLACED);
        replaced->older = older;
        replaced->newer = newer;
    }
}

size_t json_diff(struct arena *arena, const struct json *older, const struct json *newer,
                 const struct json_difference **differences)
{
    struct walk walk = {.arena = arena};
    struct step root = {0};
    compare(&walk, &root, older, newer, 0);
    *differences = walk.list;
    return walk.count;
}
