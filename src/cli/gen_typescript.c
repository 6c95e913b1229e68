/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gen_typescript - flags as TypeScript: keys, the types of their values, and a typed client.
 *
 * A text's type is the union of its variations, a number's number, an object's what its variations
 * have in common: a member that some of them lack is optional, one that differs is a union.
 *
 * The wrapper asks only for the four methods every OpenFeature client has. Whether they give values
 * or promises of values is the client's to say: ReturnType knows.
 */
#include "cli/gen.h"

#include <string.h>

#include "json/write.h"

enum { DEPTH_MAX = 6, MEMBERS_MAX = 64, TEXTS_MAX = 32 };

static const char head[] =
    "// Made by `guidon gen ts`. The flags of an environment and the types of their values.\n\n"
    "/** What a flag of structured values can be. */\n"
    "export type JsonValue =\n"
    "  null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };\n\n";

static const char tail[] =
    "export type FlagKey = keyof Flags;\n\n"
    "/** An OpenFeature client, as far as it is needed here. */\n"
    "export interface FlagClient {\n"
    "  getBooleanValue(key: string, fallback: boolean, ...more: any[]): any;\n"
    "  getStringValue(key: string, fallback: string, ...more: any[]): any;\n"
    "  getNumberValue(key: string, fallback: number, ...more: any[]): any;\n"
    "  getObjectValue(key: string, fallback: any, ...more: any[]): any;\n"
    "}\n\n"
    "/** A value, or the promise of one: as the client gives them. */\n"
    "export type Answer<C extends FlagClient, V> =\n"
    "  ReturnType<C[\"getBooleanValue\"]> extends Promise<unknown> ? Promise<V> : V;\n\n"
    "/** What the client takes behind key and fallback: a context, options. */\n"
    "export type More<C extends FlagClient> =\n"
    "  Parameters<C[\"getBooleanValue\"]> extends [any, any, ...infer R] ? R : any[];\n\n"
    "export interface TypedClient<C extends FlagClient> {\n"
    "  /** The flag's value; the fallback when the flag cannot be evaluated. */\n"
    "  value<K extends FlagKey>(key: K, fallback: Flags[K], ...more: More<C>): Answer<C, "
    "Flags[K]>;\n"
    "  readonly client: C;\n"
    "}\n\n"
    "/** The client, with its flags' types: typed(client).value(\"key\", fallback). */\n"
    "export function typed<C extends FlagClient>(client: C): TypedClient<C> {\n"
    "  return {\n"
    "    client,\n"
    "    value(key: FlagKey, fallback: any, ...more: any[]): any {\n"
    "      switch (flagTypes[key]) {\n"
    "        case \"boolean\":\n"
    "          return client.getBooleanValue(key, fallback, ...more);\n"
    "        case \"string\":\n"
    "          return client.getStringValue(key, fallback, ...more);\n"
    "        case \"number\":\n"
    "          return client.getNumberValue(key, fallback, ...more);\n"
    "        default:\n"
    "          return client.getObjectValue(key, fallback, ...more);\n"
    "      }\n"
    "    },\n"
    "  };\n"
    "}\n";

static struct str text_of(const struct json *json, const char *name)
{
    const struct json *member = json_find(json, str_of(name));
    return member != NULL && member->type == JSON_STRING ? member->string : STR("");
}

/* JSON's strings are JavaScript's; a line separator inside one is fine since ES2019. */
static void append_text(struct buf *buf, struct str text)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_string(&writer, text);
}

/* Inside a comment nothing may end it. */
static void append_remark(struct buf *buf, struct str text)
{
    char before = '\0';
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool ends = before == '*' && c == '/';
        before = c;
        if (ends)
            buf_append(buf, STR(" /"));
        else
            buf_append_byte(buf, (unsigned char)c < 0x20 || c == 0x7F ? ' ' : c);
    }
}

/* ---- types of values ----------------------------------------------------------------------------
 */

/* What stands at one place in several values; the absent ones are left out. */
struct samples {
    const struct json **values;
    size_t count;
};

static void append_type(struct buf *buf, struct arena *arena, const struct samples *samples,
                        unsigned depth);

static bool has_type(const struct samples *samples, enum json_type type)
{
    for (size_t i = 0; i < samples->count; i++) {
        if (samples->values[i]->type == type)
            return true;
    }
    return false;
}

static struct samples of_type(struct arena *arena, const struct samples *samples,
                              enum json_type type)
{
    struct samples found = {ARENA_NEW_ARRAY(arena, const struct json *, samples->count), 0};
    for (size_t i = 0; i < samples->count; i++) {
        if (samples->values[i]->type == type)
            found.values[found.count++] = samples->values[i];
    }
    return found;
}

static struct samples members_named(struct arena *arena, const struct samples *objects,
                                    struct str name)
{
    struct samples found = {ARENA_NEW_ARRAY(arena, const struct json *, objects->count), 0};
    for (size_t i = 0; i < objects->count; i++) {
        const struct json *member = json_find(objects->values[i], name);
        if (member != NULL)
            found.values[found.count++] = member;
    }
    return found;
}

static bool is_first_with(const struct samples *objects, size_t index, struct str name)
{
    for (size_t i = 0; i < index; i++) {
        if (json_find(objects->values[i], name) != NULL)
            return false;
    }
    return true;
}

static void append_member(struct buf *buf, struct arena *arena, const struct samples *objects,
                          struct str name, unsigned depth)
{
    const struct samples members = members_named(arena, objects, name);
    append_text(buf, name);
    buf_append(buf, members.count < objects->count ? STR("?: ") : STR(": "));
    append_type(buf, arena, &members, depth + 1);
}

static void append_object(struct buf *buf, struct arena *arena, const struct samples *objects,
                          unsigned depth)
{
    size_t written = 0;
    buf_append(buf, STR("{"));
    for (size_t i = 0; i < objects->count; i++) {
        const struct json *object = objects->values[i];
        for (uint32_t j = 0; j < object->count; j++) {
            struct str name = object->members[j].key;
            if (!is_first_with(objects, i, name))
                continue;
            buf_append(buf, written++ == 0 ? STR(" ") : STR("; "));
            append_member(buf, arena, objects, name, depth);
        }
    }
    buf_append(buf, written == 0 ? STR("}") : STR(" }"));
}

static void append_array(struct buf *buf, struct arena *arena, const struct samples *arrays,
                         unsigned depth)
{
    struct samples elements = {0};
    size_t count = 0;
    for (size_t i = 0; i < arrays->count; i++)
        count += arrays->values[i]->count;
    elements.values = ARENA_NEW_ARRAY(arena, const struct json *, count);
    for (size_t i = 0; i < arrays->count; i++) {
        for (uint32_t j = 0; j < arrays->values[i]->count; j++)
            elements.values[elements.count++] = &arrays->values[i]->elements[j];
    }
    buf_append(buf, STR("Array<"));
    append_type(buf, arena, &elements, depth + 1);
    buf_append(buf, STR(">"));
}

static size_t members_of(const struct samples *objects)
{
    size_t count = 0;
    for (size_t i = 0; i < objects->count; i++)
        count += objects->values[i]->count;
    return count;
}

static void append_or(struct buf *buf, size_t *written)
{
    if ((*written)++ > 0)
        buf_append(buf, STR(" | "));
}

/* A union of what there is, each once. What is deep or wide is any JSON. */
static void append_type(struct buf *buf, struct arena *arena, const struct samples *samples,
                        unsigned depth)
{
    static const struct {
        enum json_type type;
        const char *name;
    } plain[] = {{JSON_BOOLEAN, "boolean"},
                 {JSON_NUMBER, "number"},
                 {JSON_STRING, "string"},
                 {JSON_NULL, "null"}};
    const struct samples objects = of_type(arena, samples, JSON_OBJECT);
    const struct samples arrays = of_type(arena, samples, JSON_ARRAY);
    size_t written = 0;
    if (depth > DEPTH_MAX || samples->count == 0 || members_of(&objects) > MEMBERS_MAX ||
        members_of(&arrays) > MEMBERS_MAX) {
        buf_append(buf, STR("JsonValue"));
        return;
    }
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        if (!has_type(samples, plain[i].type))
            continue;
        append_or(buf, &written);
        buf_append(buf, str_of(plain[i].name));
    }
    if (objects.count > 0) {
        append_or(buf, &written);
        append_object(buf, arena, &objects, depth);
    }
    if (arrays.count > 0) {
        append_or(buf, &written);
        append_array(buf, arena, &arrays, depth);
    }
}

/* ---- flags --------------------------------------------------------------------------------------
 */

static struct samples values_of(struct arena *arena, const struct json *document)
{
    const struct json *variations = json_find(document, STR("variations"));
    uint32_t count = variations != NULL && variations->type == JSON_ARRAY ? variations->count : 0;
    struct samples samples = {ARENA_NEW_ARRAY(arena, const struct json *, count), 0};
    for (uint32_t i = 0; i < count; i++) {
        const struct json *value = json_find(&variations->elements[i], STR("value"));
        if (value != NULL)
            samples.values[samples.count++] = value;
    }
    return samples;
}

static bool is_repeated(const struct samples *samples, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (json_equal(samples->values[i], samples->values[index]))
            return true;
    }
    return false;
}

/* "dark" | "light"; where there are many, any text. */
static void append_texts(struct buf *buf, const struct samples *samples)
{
    size_t written = 0;
    if (samples->count == 0 || samples->count > TEXTS_MAX) {
        buf_append(buf, STR("string"));
        return;
    }
    for (size_t i = 0; i < samples->count; i++) {
        if (is_repeated(samples, i))
            continue;
        append_or(buf, &written);
        append_text(buf, samples->values[i]->string);
    }
}

static void append_flag(struct buf *buf, struct arena *arena, const struct json *document)
{
    const struct samples samples = values_of(arena, document);
    struct str type = text_of(document, "type"), description = text_of(document, "description");
    if (!str_is_empty(description)) {
        buf_append(buf, STR("  /** "));
        append_remark(buf, description);
        buf_append(buf, STR(" */\n"));
    }
    buf_append(buf, STR("  "));
    append_text(buf, text_of(document, "key"));
    buf_append(buf, STR(": "));
    if (str_equal(type, STR("string")))
        append_texts(buf, &samples);
    else if (str_equal(type, STR("object")))
        append_type(buf, arena, &samples, 0);
    else
        buf_append(buf, type);
    buf_append(buf, STR(";\n"));
}

static void append_flag_type(struct buf *buf, const struct json *document)
{
    buf_append(buf, STR("  "));
    append_text(buf, text_of(document, "key"));
    buf_append(buf, STR(": "));
    append_text(buf, text_of(document, "type"));
    buf_append(buf, STR(",\n"));
}

void gen_typescript(struct buf *buf, const struct json *items, size_t count)
{
    struct arena arena;
    arena_open(&arena, 16384);
    buf_append(buf, str_of(head));
    buf_append(buf, STR("export interface Flags {\n"));
    for (size_t i = 0; i < count; i++)
        append_flag(buf, &arena, json_find(&items[i], STR("document")));
    buf_append(buf, STR("}\n\n/** Which kind of value each flag has. */\n"
                        "export const flagTypes = {\n"));
    for (size_t i = 0; i < count; i++)
        append_flag_type(buf, json_find(&items[i], STR("document")));
    buf_append(buf, STR("} as const;\n\n"));
    buf_append(buf, str_of(tail));
    arena_close(&arena);
}
