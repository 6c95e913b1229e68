/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two parsers, one verdict: generated documents, most of them damaged a little, go through ours and
 * through jansson. Both must accept the same texts and read the same values from them. Accepted
 * ones must also survive our writer.
 */
#include <string.h>

#include "json/json.h"
#include "json/write.h"

#include "jansson_oracle.h"
#include "test.h"

enum { DOCUMENTS = 12000, DEPTH_MAX = 6 };

static const uint64_t seed = 20310310;

/* xorshift64* */
static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (*state * UINT64_C(2685821657736338717) >> 11) % below;
}

static struct str pick(uint64_t *state, const struct str *list, size_t count)
{
    return list[draw(state, count)];
}

static void append_string(struct buf *buf, uint64_t *state)
{
    static const struct str pieces[] = {
        STR("a"),        STR("b"),
        STR("key"),      STR("\\n"),
        STR("\\\""),     STR("\\\\"),
        STR("\\u00e9"),  STR("\\ud83d\\ude80"),
        STR("\xc3\xa9"), STR("\xe2\x82\xac"),
        STR("\\u0061"),  STR("\xf0\x9f\x9a\x80"),
        STR("\x7f"),     STR("\\/"),
        STR(" "),        STR("long enough to pass a word"),
    };
    buf_append_byte(buf, '"');
    for (uint64_t left = draw(state, 4); left > 0; left--)
        buf_append(buf, pick(state, pieces, COUNT_OF(pieces)));
    buf_append_byte(buf, '"');
}

static void append_scalar(struct buf *buf, uint64_t *state)
{
    static const struct str scalars[] = {
        STR("null"),
        STR("true"),
        STR("false"),
        STR("0"),
        STR("-0"),
        STR("1"),
        STR("-17"),
        STR("0.1"),
        STR("3.14159"),
        STR("1e5"),
        STR("2E-7"),
        STR("9007199254740993"),
        STR("1.7976931348623157e308"),
        STR("4.9e-324"),
        STR("123456789012345678901234567890"),
        STR("0.30000000000000004"),
    };
    if (draw(state, 2) == 0)
        append_string(buf, state);
    else
        buf_append(buf, pick(state, scalars, COUNT_OF(scalars)));
}

static void append_blanks(struct buf *buf, uint64_t *state)
{
    static const struct str blanks[] = {STR(" "), STR("\n"), STR("\t"), STR("\r\n"), STR("  ")};
    if (draw(state, 6) == 0)
        buf_append(buf, pick(state, blanks, COUNT_OF(blanks)));
}

static void append_value(struct buf *buf, uint64_t *state, int depth)
{
    append_blanks(buf, state);
    if (depth == DEPTH_MAX || draw(state, 3) == 0) {
        append_scalar(buf, state);
    } else {
        bool is_object = draw(state, 2) == 0;
        uint64_t count = draw(state, draw(state, 12) == 0 ? 40 : 5);
        buf_append_byte(buf, is_object ? '{' : '[');
        for (uint64_t i = 0; i < count; i++) {
            if (i > 0)
                buf_append_byte(buf, ',');
            append_blanks(buf, state);
            if (is_object && draw(state, 20) == 0)
                append_string(buf, state); /* may well repeat a key */
            else if (is_object)
                buf_append_format(buf, "\"k%u\"", (unsigned)i);
            if (is_object)
                buf_append_byte(buf, ':');
            append_value(buf, state,
                         depth + 1 + (count > 5 ? 2 : 0) > DEPTH_MAX ? DEPTH_MAX : depth + 1);
        }
        buf_append_byte(buf, is_object ? '}' : ']');
    }
    append_blanks(buf, state);
}

/* Overwrites, drops or doubles a byte, or cuts the text. No NUL: jansson skips one behind a number.
 */
static void damage(struct buf *buf, uint64_t *state)
{
    static const char telling[] = "{}[],:\"\\ue+-.019tfn \t\n\x01\x7f\x80\xc3\xed\xff";
    if (buf->size == 0)
        return;
    size_t at = (size_t)draw(state, buf->size);
    switch (draw(state, 4)) {
    case 0:
        buf->data[at] = telling[draw(state, sizeof(telling) - 1)];
        break;
    case 1:
        memmove(buf->data + at, buf->data + at + 1, buf->size - at - 1);
        buf->size--;
        break;
    case 2:
        buf_append_byte(buf, ' ');
        memmove(buf->data + at + 1, buf->data + at, buf->size - at - 1);
        break;
    default:
        buf->size = at;
        break;
    }
}

static bool values_agree(const struct json *ours, json_t *theirs);

static bool members_agree(const struct json *ours, json_t *theirs)
{
    if (json_typeof(theirs) != JANSSON_OBJECT || json_object_size(theirs) != ours->count)
        return false;
    for (uint32_t i = 0; i < ours->count; i++) {
        struct str key = ours->members[i].key;
        json_t *other = json_object_getn(theirs, key.data, key.size);
        if (other == NULL || !values_agree(&ours->members[i].value, other))
            return false;
    }
    return true;
}

static bool elements_agree(const struct json *ours, json_t *theirs)
{
    if (json_typeof(theirs) != JANSSON_ARRAY || json_array_size(theirs) != ours->count)
        return false;
    for (uint32_t i = 0; i < ours->count; i++) {
        if (!values_agree(&ours->elements[i], json_array_get(theirs, i)))
            return false;
    }
    return true;
}

static bool values_agree(const struct json *ours, json_t *theirs)
{
    switch (ours->type) {
    case JSON_NULL:
        return json_typeof(theirs) == JANSSON_NULL;
    case JSON_BOOLEAN:
        return json_typeof(theirs) == (ours->boolean ? JSON_TRUE : JSON_FALSE);
    case JSON_NUMBER:
        return json_typeof(theirs) == JSON_REAL && json_real_value(theirs) == ours->number;
    case JSON_STRING:
        return json_typeof(theirs) == JANSSON_STRING &&
               str_equal(ours->string,
                         (struct str){json_string_value(theirs), json_string_length(theirs)});
    case JSON_ARRAY:
        return elements_agree(ours, theirs);
    case JSON_OBJECT:
        return members_agree(ours, theirs);
    }
    return false;
}

static void check_writer(struct arena *arena, const struct json *json)
{
    struct buf buf;
    struct json_writer writer;
    struct json again;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, json);
    CHECK_OK(json_parse(arena, buf_str(&buf), &json_budget_default, &again));
    CHECK(json_equal(json, &again));
    buf_close(&buf);
}

static bool check_document(struct arena *arena, struct str text)
{
    struct json ours;
    struct fault fault = json_parse(arena, text, &json_budget_default, &ours);
    json_t *theirs = json_loadb(
        text.data, text.size,
        JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    if (failed(fault) != (theirs == NULL))
        fail_msg("we %s, jansson does not: %.*s", failed(fault) ? "refuse" : "accept",
                 STR_ARG(text));
    if (theirs == NULL)
        return false;
    if (!values_agree(&ours, theirs))
        fail_msg("read differently: %.*s", STR_ARG(text));
    json_decref(theirs);
    check_writer(arena, &ours);
    return true;
}

TEST(both_parsers_agree_on_every_generated_document)
{
    uint64_t state = seed;
    struct arena arena;
    struct buf text;
    size_t accepted = 0;
    size_t judged = 0;
    arena_open(&arena, 65536);
    buf_open(&text, SIZE_MAX);
    for (int i = 0; i < DOCUMENTS; i++) {
        buf_clear(&text);
        arena_reset(&arena);
        append_value(&text, &state, 0);
        for (uint64_t wounds = draw(&state, 3); wounds > 0; wounds--)
            damage(&text, &state);
        if (str_contains(buf_str(&text), STR("\\u0000")))
            continue; /* jansson cannot hold a key with NUL */
        judged++;
        accepted += check_document(&arena, buf_str(&text)) ? 1 : 0;
    }
    print_message("seed %llu: %zu documents, %zu accepted\n", (unsigned long long)seed, judged,
                  accepted);
    CHECK(accepted > DOCUMENTS / 4);
    CHECK(judged - accepted > DOCUMENTS / 4);
    buf_close(&text);
    arena_close(&arena);
}

TESTS(both_parsers_agree_on_every_generated_document)
