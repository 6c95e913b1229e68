/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml - a YAML document as a tree of JSON: see source.h.
 *
 * libyaml says what is there event by event; a stack of open collections turns that into a tree, so
 * that nothing recurses over input. An alias shares the tree of its anchor, and still counts in
 * full against the budget, because whoever walks the result meets it as often as it is named.
 */
#include <assert.h>
#include <string.h>
#include <yaml.h>

#include "base/hex.h"
#include "base/map.h"
#include "base/number.h"
#include "import/source.h"

enum { VALUES_MAX = 1000000, KEYS_MAX = 100000 };

/* A value, and what it costs to walk. */
struct node {
    struct json json;
    struct str text; /* of a scalar, as it is a key */
    bool is_merge;   /* a plain "<<" */
    size_t values;   /* itself and all below it */
    size_t depth;    /* collections inside each other */
};

struct frame {
    enum json_type type;
    struct str anchor;
    struct node *children; /* of a mapping: key, value, key, value, … */
    size_t count, capacity;
};

struct reading {
    struct arena *arena;
    struct fault fault;
    struct frame frames[SOURCE_DEPTH_MAX + 1];
    size_t frame_count;
    struct node *anchors;
    size_t anchor_count, anchor_capacity;
    struct map anchor_names; /* to index; the newest of a name is found under its own count */
    struct node root;
    bool has_root;
    size_t line;
};

static void refuse(struct reading *reading, const char *why)
{
    if (!failed(reading->fault))
        reading->fault = fault_make(
            FAULT_INVALID, arena_format(reading->arena, "line %zu", reading->line), str_of(why));
}

static struct node *add_node(struct arena *arena, struct node **nodes, size_t *count,
                             size_t *capacity)
{
    if (*count == *capacity) {
        size_t larger = *capacity == 0 ? 8 : 2 * *capacity;
        struct node *copy = ARENA_NEW_ARRAY(arena, struct node, larger);
        if (*count > 0)
            memcpy(copy, *nodes, *count * sizeof(*copy));
        *nodes = copy;
        *capacity = larger;
    }
    return &(*nodes)[(*count)++];
}

/* ---- scalars: YAML 1.2, section 10.3.2 ------------------------------------------------------- */

static bool is_one_of(struct str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(text, str_of(words[i])))
            return true;
    }
    return false;
}

/* 0x1F and 0o17. */
static bool read_based(struct str text, double *number)
{
    int base = str_starts_with(text, STR("0x")) ? 16 : str_starts_with(text, STR("0o")) ? 8 : 0;
    double value = 0;
    for (size_t i = 2; base > 0 && i < text.size; i++) {
        int digit = hex_value(text.data[i]);
        if (digit < 0 || digit >= base)
            return false;
        value = value * base + digit;
    }
    *number = value;
    return base > 0 && text.size > 2 && number_is_safe_integer(value);
}

/* As JSON spells them, but for a sign, leading zeros and a bare dot, which are taken off first. */
static bool read_decimal(struct arena *arena, struct str text, double *number)
{
    struct json json;
    bool is_negative = text.size > 0 && text.data[0] == '-';
    size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    bool has_zero = false;
    while (at + 1 < text.size && text.data[at] == '0' && text.data[at + 1] >= '0' &&
           text.data[at + 1] <= '9')
        at++;
    struct str digits = str_slice(text, at, text.size);
    has_zero = digits.size > 1 && digits.data[0] == '.';
    if (digits.size == 0)
        return false;
    if (digits.data[0] != '.' && (digits.data[0] < '0' || digits.data[0] > '9'))
        return false;
    struct str spelled = arena_format(arena, "%s%s%.*s", is_negative ? "-" : "",
                                      has_zero ? "0" : "", STR_ARG(digits));
    if (spelled.data[spelled.size - 1] == '.')
        spelled = arena_format(arena, "%.*s0", STR_ARG(spelled));
    if (failed(json_parse(arena, spelled, &json_budget_default, &json)))
        return false;
    *number = json.number;
    return json.type == JSON_NUMBER;
}

static struct json resolve_plain(struct arena *arena, struct str text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    double number = 0;
    if (is_one_of(text, nulls, COUNT_OF(nulls)))
        return json_make_null();
    if (is_one_of(text, trues, COUNT_OF(trues)))
        return json_make_boolean(true);
    if (is_one_of(text, falses, COUNT_OF(falses)))
        return json_make_boolean(false);
    if (text.size <= 64 && (read_based(text, &number) || read_decimal(arena, text, &number)))
        return json_make_number(number);
    return json_make_string(text);
}

static bool has_tag(const yaml_event_t *event, const char *tag)
{
    return event->data.scalar.tag != NULL && strcmp((const char *)event->data.scalar.tag, tag) == 0;
}

static struct node read_scalar(struct reading *reading, const yaml_event_t *event)
{
    struct str raw = {(const char *)event->data.scalar.value, event->data.scalar.length};
    struct str text = arena_copy_str(reading->arena, raw);
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                    !has_tag(event, YAML_STR_TAG) && !has_tag(event, "!");
    struct node node = {.json = json_make_string(text), .text = text, .values = 1};
    if (is_plain)
        node.json = resolve_plain(reading->arena, text);
    node.is_merge = is_plain && str_equal(text, STR("<<"));
    return node;
}

/* ---- collections ----------------------------------------------------------------------------- */

static void add_member(struct reading *reading, struct json *object, struct map *keys,
                       struct str key, const struct json *value, bool may_repeat)
{
    if (map_insert(keys, key, object->count))
        object->members[object->count++] = (struct json_member){key, *value};
    else if (!may_repeat)
        refuse(reading, "has a key twice in one mapping");
}

/* What a "<<" brings: a mapping's members, or those of several, the first to have one counts. */
static void merge(struct reading *reading, struct json *object, struct map *keys,
                  const struct json *source)
{
    if (source->type == JSON_OBJECT) {
        for (uint32_t i = 0; i < source->count; i++)
            add_member(reading, object, keys, source->members[i].key, &source->members[i].value,
                       true);
        return;
    }
    bool are_mappings = source->type == JSON_ARRAY;
    for (uint32_t i = 0; are_mappings && i < source->count; i++) {
        are_mappings = source->elements[i].type == JSON_OBJECT;
        const struct json *one = &source->elements[i];
        for (uint32_t j = 0; are_mappings && j < one->count; j++)
            add_member(reading, object, keys, one->members[j].key, &one->members[j].value, true);
    }
    if (!are_mappings)
        refuse(reading, "merges what is no mapping");
}

static size_t count_merged(const struct json *source)
{
    size_t count = source->type == JSON_OBJECT ? source->count : 0;
    for (uint32_t i = 0; source->type == JSON_ARRAY && i < source->count; i++)
        count += source->elements[i].type == JSON_OBJECT ? source->elements[i].count : 0;
    return count;
}

static struct json make_object(struct reading *reading, const struct frame *frame)
{
    struct json object = {.type = JSON_OBJECT};
    struct map keys;
    size_t room = 0;
    map_open(&keys, reading->arena, frame->count / 2);
    for (size_t i = 0; i + 1 < frame->count; i += 2)
        room += frame->children[i].is_merge ? count_merged(&frame->children[i + 1].json) : 1;
    if (room > KEYS_MAX) {
        refuse(reading, "has too many keys in one mapping");
        return object;
    }
    object.members = ARENA_NEW_ARRAY(reading->arena, struct json_member, room);
    for (size_t i = 0; i + 1 < frame->count; i += 2) {
        const struct node *key = &frame->children[i];
        if (str_is_absent(key->text))
            refuse(reading, "has a key that is no scalar");
        else if (!key->is_merge)
            add_member(reading, &object, &keys, key->text, &frame->children[i + 1].json, false);
    }
    for (size_t i = 0; i + 1 < frame->count; i += 2) {
        if (frame->children[i].is_merge)
            merge(reading, &object, &keys, &frame->children[i + 1].json);
    }
    return object;
}

static struct json make_array(struct reading *reading, const struct frame *frame)
{
    struct json array = {.type = JSON_ARRAY, .count = (uint32_t)frame->count};
    array.elements = ARENA_NEW_ARRAY(reading->arena, struct json, frame->count);
    for (size_t i = 0; i < frame->count; i++)
        array.elements[i] = frame->children[i].json;
    return array;
}

/* ---- the stack ------------------------------------------------------------------------------- */

static void remember(struct reading *reading, struct str name, const struct node *node)
{
    if (str_is_absent(name))
        return;
    /* A name may be given again; aliases from here on mean the newer one. */
    struct str place = name;
    while (!map_insert(&reading->anchor_names, place, (uint32_t)reading->anchor_count))
        place = arena_format(reading->arena, "%.*s\n", STR_ARG(place));
    *add_node(reading->arena, &reading->anchors, &reading->anchor_count,
              &reading->anchor_capacity) = *node;
}

static const struct node *recall(struct reading *reading, struct str name)
{
    uint32_t found = MAP_ABSENT;
    for (struct str place = name; map_find(&reading->anchor_names, place) != MAP_ABSENT;
         place = arena_format(reading->arena, "%.*s\n", STR_ARG(place)))
        found = map_find(&reading->anchor_names, place);
    return found == MAP_ABSENT ? NULL : &reading->anchors[found];
}

static void place_node(struct reading *reading, struct node node)
{
    if (reading->frame_count == 0) {
        reading->root = node;
        reading->has_root = true;
        return;
    }
    struct frame *frame = &reading->frames[reading->frame_count - 1];
    *add_node(reading->arena, &frame->children, &frame->count, &frame->capacity) = node;
    if (reading->frame_count + node.depth > SOURCE_DEPTH_MAX)
        refuse(reading, "is nested too deep");
}

static struct str anchor_of(struct reading *reading, const yaml_char_t *anchor)
{
    return arena_copy_str(reading->arena, str_of((const char *)anchor));
}

static void open_frame(struct reading *reading, enum json_type type, const yaml_char_t *anchor)
{
    if (reading->frame_count == SOURCE_DEPTH_MAX) {
        refuse(reading, "is nested too deep");
        return;
    }
    reading->frames[reading->frame_count++] =
        (struct frame){.type = type, .anchor = anchor_of(reading, anchor)};
}

static void close_frame(struct reading *reading)
{
    assert(reading->frame_count > 0);
    const struct frame frame = reading->frames[--reading->frame_count];
    struct node node = {.values = 1};
    for (size_t i = 0; i < frame.count; i++) {
        node.values += frame.children[i].values;
        if (frame.children[i].depth > node.depth)
            node.depth = frame.children[i].depth;
    }
    node.depth++;
    if (node.values > VALUES_MAX) {
        refuse(reading, "has too many values");
        return;
    }
    node.json =
        frame.type == JSON_OBJECT ? make_object(reading, &frame) : make_array(reading, &frame);
    remember(reading, frame.anchor, &node);
    place_node(reading, node);
}

static void place_alias(struct reading *reading, const yaml_event_t *event)
{
    struct str name = str_of((const char *)event->data.alias.anchor);
    const struct node *found = recall(reading, name);
    if (found == NULL) {
        refuse(reading, "names an anchor that is not there before it");
        return;
    }
    struct node node = *found;
    place_node(reading, node);
}

/* False at the end. */
static bool take_event(struct reading *reading, const yaml_event_t *event)
{
    reading->line = event->start_mark.line + 1;
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    case YAML_STREAM_END_EVENT:
        return false;
    case YAML_DOCUMENT_START_EVENT:
        if (reading->has_root)
            refuse(reading, "begins a second document");
        return true;
    case YAML_ALIAS_EVENT:
        place_alias(reading, event);
        return true;
    case YAML_SCALAR_EVENT: {
        struct node node = read_scalar(reading, event);
        remember(reading, anchor_of(reading, event->data.scalar.anchor), &node);
        place_node(reading, node);
        return true;
    }
    case YAML_SEQUENCE_START_EVENT:
        open_frame(reading, JSON_ARRAY, event->data.sequence_start.anchor);
        return true;
    case YAML_MAPPING_START_EVENT:
        open_frame(reading, JSON_OBJECT, event->data.mapping_start.anchor);
        return true;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_frame(reading);
        return true;
    }
    return true;
}

static void refuse_syntax(struct reading *reading, const yaml_parser_t *parser)
{
    reading->line = parser->problem_mark.line + 1;
    refuse(reading, arena_format(reading->arena, "is not YAML: %s",
                                 parser->problem == NULL ? "unreadable" : parser->problem)
                        .data);
}

struct fault source_parse_yaml(struct arena *arena, struct str text, struct json *json)
{
    struct reading *reading = ARENA_NEW(arena, struct reading);
    yaml_parser_t parser;
    reading->arena = arena;
    map_open(&reading->anchor_names, arena, 16);
    *json = json_make_null();
    if (yaml_parser_initialize(&parser) == 0)
        return fault_make(FAULT_LIMIT, STR(""), STR("out of memory"));
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.size);
    bool goes_on = true;
    while (goes_on && !failed(reading->fault)) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            refuse_syntax(reading, &parser);
            break;
        }
        goes_on = take_event(reading, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (!failed(reading->fault))
        *json = reading->root.json;
    return reading->fault;
}
