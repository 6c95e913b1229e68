/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse - text to tree in one pass: see json.h.
 *
 * Values wait on one stack of entries until the container around them closes; then they move into
 * an array of their own in the arena and the container alone remains as an entry. An open container
 * is itself an entry that remembers the one around it, so nothing recurses and nothing is counted
 * twice. Every budget is checked before memory is asked for.
 */
#include <assert.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/utf.h"
#include "json/json.h"
#include "json/scan.h"
#include "json/unescape.h"

const struct json_budget json_budget_default = {
    .depth_max = 32,
    .members_max = 1000,
    .string_bytes_max = (size_t)64 * 1024,
    .number_bytes_max = 64,
    .values_max = 2000000,
};

enum {
    ENTRIES_AT_HAND = 16, /* on the machine's stack: enough for most request bodies */
    SMALL_OBJECT_MAX = 16 /* members compared pairwise; beyond, hashed */
};

static const uint32_t no_container = UINT32_MAX;

struct entry {
    struct json_member member; /* without a key inside an array */
    uint32_t key_at;           /* where the key stands in the text */
    uint32_t parent;           /* while open: the container around this one */
};

struct parser {
    const char *at;
    const char *end;
    struct arena *arena;
    const struct json_budget *budget;
    struct entry *entries;
    struct entry *entries_at_hand;
    uint32_t count;
    uint32_t capacity;
    uint32_t open; /* innermost open container, an index of entries */
    size_t depth;  /* open containers */
    size_t values; /* met so far */
    struct str text;
    uint32_t *slots; /* of the duplicate check: index + 1 of a member, 0 when empty */
    size_t slot_capacity;
    const char *refused_at;
    const char *why; /* set once: the reason for the refusal */
};

static bool refuse(struct parser *parser, const char *at, const char *why)
{
    parser->refused_at = at;
    parser->why = why;
    return false;
}

static bool refuse_here(struct parser *parser, const char *why)
{
    return refuse(parser, parser->at, parser->at == parser->end ? "text ends too early" : why);
}

static inline bool is_blank(char byte)
{
    return (unsigned char)byte <= ' ' &&
           (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r');
}

static inline void skip_blanks(struct parser *parser)
{
    while (parser->at < parser->end && is_blank(*parser->at))
        parser->at++;
}

/* The byte to be read next; NUL at the end, which no rule of the grammar asks for. */
static inline char peek(const struct parser *parser)
{
    return parser->at < parser->end ? *parser->at : '\0';
}

/* ---- entries ----------------------------------------------------------------------------- */

static void grow_entries(struct parser *parser)
{
    assert(parser->capacity <= UINT32_MAX / 2);
    uint32_t capacity = parser->capacity * 2;
    if (parser->entries == parser->entries_at_hand) {
        parser->entries = MEMORY_NEW_ARRAY(struct entry, capacity);
        memcpy(parser->entries, parser->entries_at_hand, parser->count * sizeof(struct entry));
    } else {
        parser->entries = memory_resize(parser->entries, capacity * sizeof(struct entry));
    }
    parser->capacity = capacity;
}

/* Room for one more value; NULL when the text holds more than allowed. Good until the next push. */
static struct entry *push_entry(struct parser *parser)
{
    if (parser->budget->values_max != 0 && parser->values == parser->budget->values_max) {
        refuse(parser, parser->at, "text holds more values than allowed");
        return NULL;
    }
    if (parser->count == parser->capacity)
        grow_entries(parser);
    parser->values++;
    struct entry *entry = &parser->entries[parser->count++];
    entry->member.value = (struct json){.type = JSON_NULL};
    return entry;
}

/* ---- strings ----------------------------------------------------------------------------- */

/* The text between the quotes; the parser stands on the first of them and moves behind the last. */
static bool read_raw_string(struct parser *parser, struct str *raw, bool *has_escapes)
{
    const char *first = parser->at + 1;
    const char *at = first;
    uint64_t high = 0;
    *has_escapes = false;
    for (;;) {
        at += scan_plain(at, (size_t)(parser->end - at), &high);
        if (at == parser->end)
            return refuse(parser, parser->at, "string is not closed");
        if (*at == '"')
            break;
        if (*at != '\\')
            return refuse(parser, at, "control character in a string");
        *has_escapes = true;
        at += parser->end - at < 2 ? 1 : 2; /* an escaped quote does not close */
    }
    *raw = (struct str){first, (size_t)(at - first)};
    if (high != 0) {
        size_t valid_bytes = utf8_valid_size(*raw);
        if (valid_bytes < raw->size)
            return refuse(parser, first + valid_bytes, "invalid UTF-8");
    }
    parser->at = at + 1;
    return true;
}

static bool decode_string(struct parser *parser, struct str raw, struct str *string)
{
    size_t bad_at = 0;
    size_t bytes = 0;
    const char *why = unescape_measure(raw, &bytes, &bad_at);
    if (why != NULL)
        return refuse(parser, raw.data + bad_at, why);
    if (bytes > parser->budget->string_bytes_max)
        return refuse(parser, raw.data - 1, "string is longer than allowed");
    char *decoded = arena_allocate(parser->arena, bytes);
    unescape_decode(raw, decoded);
    *string = (struct str){decoded, bytes};
    return true;
}

static bool read_unusual_string(struct parser *parser, struct str *string)
{
    struct str raw;
    bool has_escapes = false;
    if (!read_raw_string(parser, &raw, &has_escapes))
        return false;
    if (has_escapes)
        return decode_string(parser, raw, string);
    if (raw.size > parser->budget->string_bytes_max)
        return refuse(parser, raw.data - 1, "string is longer than allowed");
    *string = raw;
    return true;
}

/* Nearly all strings are short ASCII without escapes and need a single look. */
static inline bool read_string(struct parser *parser, struct str *string)
{
    const char *first = parser->at + 1;
    uint64_t high = 0;
    size_t size = scan_plain(first, (size_t)(parser->end - first), &high);
    bool is_closed = first + size < parser->end && first[size] == '"';
    if (!is_closed || high != 0 || size > parser->budget->string_bytes_max)
        return read_unusual_string(parser, string);
    *string = (struct str){first, size};
    parser->at = first + size + 1;
    return true;
}

/* ---- scalars ----------------------------------------------------------------------------- */

static bool read_string_value(struct parser *parser, struct json *value)
{
    value->type = JSON_STRING;
    return read_string(parser, &value->string);
}

static bool is_number_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || byte == '.' || byte == 'e' || byte == 'E' ||
           byte == '+' || byte == '-';
}

static bool read_number(struct parser *parser, struct json *value)
{
    const char *first = parser->at;
    const char *at = first;
    while (at < parser->end && is_number_byte(*at))
        at++;
    struct str text = {first, (size_t)(at - first)};
    if (text.size == 0)
        return refuse_here(parser, "unexpected character");
    if (text.size > parser->budget->number_bytes_max || text.size > NUMBER_PARSE_BYTES_MAX)
        return refuse(parser, first, "number is longer than allowed");
    double number = 0;
    if (!number_parse(text, &number))
        return refuse(parser, first,
                      number == 0 ? "malformed number" : "number is larger than a double");
    parser->at = at;
    value->type = JSON_NUMBER;
    value->number = number;
    return true;
}

static bool read_word(struct parser *parser, struct str word, struct json *value, struct json meant)
{
    if ((size_t)(parser->end - parser->at) < word.size ||
        memcmp(parser->at, word.data, word.size) != 0)
        return refuse_here(parser, "unexpected character");
    parser->at += word.size;
    *value = meant;
    return true;
}

/* ---- containers -------------------------------------------------------------------------- */

/* The entry just pushed becomes the innermost open container. */
static bool open_container(struct parser *parser, enum json_type type)
{
    if (parser->depth == parser->budget->depth_max)
        return refuse(parser, parser->at, "nesting is deeper than allowed");
    uint32_t index = parser->count - 1;
    struct entry *entry = &parser->entries[index];
    entry->member.value.type = type;
    entry->parent = parser->open;
    parser->open = index;
    parser->depth++;
    parser->at++;
    return true;
}

static bool keys_are_equal(const struct entry *a, const struct entry *b)
{
    return a->member.key.size == b->member.key.size &&
           memcmp(a->member.key.data, b->member.key.data, a->member.key.size) == 0;
}

static bool refuse_duplicate(struct parser *parser, const struct entry *entry)
{
    return refuse(parser, parser->text.data + entry->key_at, "duplicate member");
}

static bool few_are_distinct(struct parser *parser, const struct entry *members, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (keys_are_equal(&members[i], &members[j]))
                return refuse_duplicate(parser, &members[i]);
        }
    }
    return true;
}

/* Empty slots, at least twice as many as members; the memory serves every object of the text. */
static size_t clear_slots(struct parser *parser, uint32_t count)
{
    size_t capacity = (size_t)SMALL_OBJECT_MAX * 4;
    while (capacity < (size_t)count * 2)
        capacity *= 2;
    if (capacity > parser->slot_capacity) {
        memory_free(parser->slots);
        parser->slots = MEMORY_NEW_ARRAY(uint32_t, capacity);
        parser->slot_capacity = capacity;
    } else {
        memset(parser->slots, 0, capacity * sizeof(uint32_t));
    }
    return capacity;
}

static bool many_are_distinct(struct parser *parser, const struct entry *members, uint32_t count)
{
    size_t mask = clear_slots(parser, count) - 1;
    for (uint32_t i = 0; i < count; i++) {
        size_t slot = (size_t)map_hash(members[i].member.key) & mask;
        while (parser->slots[slot] != 0) {
            if (keys_are_equal(&members[i], &members[parser->slots[slot] - 1]))
                return refuse_duplicate(parser, &members[i]);
            slot = (slot + 1) & mask;
        }
        parser->slots[slot] = i + 1;
    }
    return true;
}

static bool close_object(struct parser *parser, const struct entry *children, uint32_t count,
                         struct json *object)
{
    bool is_distinct = count <= SMALL_OBJECT_MAX ? few_are_distinct(parser, children, count)
                                                 : many_are_distinct(parser, children, count);
    if (!is_distinct)
        return false;
    object->members = ARENA_NEW_ARRAY(parser->arena, struct json_member, count);
    for (uint32_t i = 0; i < count; i++)
        object->members[i] = children[i].member;
    return true;
}

static bool close_array(struct parser *parser, const struct entry *children, uint32_t count,
                        struct json *array)
{
    array->elements = ARENA_NEW_ARRAY(parser->arena, struct json, count);
    for (uint32_t i = 0; i < count; i++)
        array->elements[i] = children[i].member.value;
    return true;
}

/* Its children leave the stack for the arena; the container stays as a value of its parent. */
static bool close_container(struct parser *parser)
{
    struct entry *container = &parser->entries[parser->open];
    uint32_t count = parser->count - parser->open - 1;
    struct json *value = &container->member.value;
    bool (*close)(struct parser *, const struct entry *, uint32_t, struct json *) =
        value->type == JSON_OBJECT ? close_object : close_array;
    value->count = count;
    if (count > 0 && !close(parser, container + 1, count, value))
        return false;
    parser->count = parser->open + 1;
    parser->open = container->parent;
    parser->depth--;
    parser->at++;
    return true;
}

/* ---- grammar ----------------------------------------------------------------------------- */

/* Reads a scalar into the entry just pushed, or opens a container. */
static bool read_value(struct parser *parser, struct entry *entry)
{
    struct json *value = &entry->member.value;
    switch (peek(parser)) {
    case '"':
        return read_string_value(parser, value);
    case '{':
        return open_container(parser, JSON_OBJECT);
    case '[':
        return open_container(parser, JSON_ARRAY);
    case 't':
        return read_word(parser, STR("true"), value, json_make_boolean(true));
    case 'f':
        return read_word(parser, STR("false"), value, json_make_boolean(false));
    case 'n':
        return read_word(parser, STR("null"), value, json_make_null());
    default:
        return read_number(parser, value);
    }
}

static bool read_key(struct parser *parser, struct entry *entry)
{
    if (peek(parser) != '"')
        return refuse_here(parser, "member name expected");
    entry->key_at = (uint32_t)(parser->at - parser->text.data);
    if (!read_string(parser, &entry->member.key))
        return false;
    skip_blanks(parser);
    if (peek(parser) != ':')
        return refuse_here(parser, "colon expected");
    parser->at++;
    skip_blanks(parser);
    return true;
}

static bool read_member(struct parser *parser)
{
    if (parser->count - parser->open - 1 == parser->budget->members_max)
        return refuse_here(parser, "object has more members than allowed");
    struct entry *entry = push_entry(parser);
    return entry != NULL && read_key(parser, entry) && read_value(parser, entry);
}

static bool read_element(struct parser *parser)
{
    struct entry *entry = push_entry(parser);
    return entry != NULL && read_value(parser, entry);
}

/* One step inside the innermost open container: its end, or its next child. */
static bool read_next(struct parser *parser)
{
    bool is_object = parser->entries[parser->open].member.value.type == JSON_OBJECT;
    skip_blanks(parser);
    if (peek(parser) == (is_object ? '}' : ']'))
        return close_container(parser);
    bool is_first = parser->count == parser->open + 1;
    if (!is_first) {
        if (peek(parser) != ',')
            return refuse_here(parser, is_object ? "comma or } expected" : "comma or ] expected");
        parser->at++;
        skip_blanks(parser);
    }
    return is_object ? read_member(parser) : read_element(parser);
}

static bool read_text(struct parser *parser)
{
    skip_blanks(parser);
    if (!read_element(parser))
        return false;
    while (parser->open != no_container) {
        if (!read_next(parser))
            return false;
    }
    skip_blanks(parser);
    if (parser->at != parser->end)
        return refuse(parser, parser->at, "something follows the value");
    return true;
}

static struct fault fault_of(const struct parser *parser)
{
    size_t offset = (size_t)(parser->refused_at - parser->text.data);
    return fault_make(FAULT_INVALID, arena_format(parser->arena, "byte %zu", offset),
                      str_of(parser->why));
}

struct fault json_parse(struct arena *arena, struct str text, const struct json_budget *budget,
                        struct json *json)
{
    assert(budget->depth_max <= JSON_DEPTH_MAX);
    *json = json_make_null();
    if (text.size >= UINT32_MAX)
        return fault_make(FAULT_INVALID, STR("byte 0"), STR("text is longer than 4 GiB"));
    if (text.data == NULL)
        text = STR("");
    struct entry entries_at_hand[ENTRIES_AT_HAND];
    struct parser parser = {.at = text.data,
                            .end = text.data + text.size,
                            .arena = arena,
                            .budget = budget,
                            .entries = entries_at_hand,
                            .entries_at_hand = entries_at_hand,
                            .capacity = ENTRIES_AT_HAND,
                            .open = no_container,
                            .text = text};
    struct fault fault = {0};
    if (read_text(&parser)) {
        assert(parser.count == 1);
        *json = parser.entries[0].member.value;
    } else {
        fault = fault_of(&parser);
    }
    if (parser.entries != entries_at_hand)
        memory_free(parser.entries);
    memory_free(parser.slots);
    return fault;
}
