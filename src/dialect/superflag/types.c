/* SPDX-License-Identifier: Apache-2.0 */
/* types - TypeScript types of a configuration document: see types.h. */
#include "dialect/superflag/types.h"

#include "base/map.h"
#include "dialect/superflag/property.h"
#include "model/names.h"

static bool is_identifier(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '$';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return name.size > 0;
}

/* ---- literal types ------------------------------------------------------------------------ */

static void append_text(struct buf *buf, struct str text)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_string(&writer, text);
}

static void append_literal(struct buf *buf, struct arena *arena, const struct json *value);

static void append_tuple(struct buf *buf, struct arena *arena, const struct json *array)
{
    buf_append(buf, STR("readonly ["));
    for (uint32_t i = 0; i < array->count; i++) {
        buf_append(buf, i == 0 ? STR("") : STR(", "));
        append_literal(buf, arena, &array->elements[i]);
    }
    buf_append_byte(buf, ']');
}

/* Of several members the library marks the first alone as readonly. */
static void append_record(struct buf *buf, struct arena *arena, const struct json *object)
{
    if (object->count == 0) { /* the library's spelling of this one does not compile */
        buf_append(buf, STR("Readonly<Record<string, never>>"));
        return;
    }
    const struct json_member **order = property_order(arena, object);
    buf_append(buf, STR("{ readonly "));
    for (uint32_t i = 0; i < object->count; i++) {
        buf_append(buf, i == 0 ? STR("") : STR("; "));
        append_text(buf, order[i]->key);
        buf_append(buf, STR(": "));
        append_literal(buf, arena, &order[i]->value);
    }
    buf_append(buf, STR(" }"));
}

/* As deep as the tree is: the parser bounds it. */
static void append_literal(struct buf *buf, struct arena *arena, const struct json *value)
{
    struct json_writer writer;
    switch (value->type) {
    case JSON_ARRAY:
        append_tuple(buf, arena, value);
        return;
    case JSON_OBJECT:
        append_record(buf, arena, value);
        return;
    case JSON_NULL:
    case JSON_BOOLEAN:
    case JSON_NUMBER:
    case JSON_STRING:
        json_writer_open(&writer, buf);
        json_tree(&writer, value);
        return;
    }
}

/* ---- lines, one per flag ------------------------------------------------------------------ */

static void append_key(struct buf *buf, struct str key)
{
    buf_append(buf, STR("  "));
    append_text(buf, key);
    buf_append(buf, STR(": "));
}

/* Variations that have the same value are one type. */
static void append_value_types(struct buf *buf, struct arena *arena, const struct flag *flag)
{
    struct map seen;
    struct buf one;
    map_open(&seen, arena, flag->variation_count);
    buf_open(&one, SIZE_MAX);
    for (size_t i = 0; i < flag->variation_count; i++) {
        buf_clear(&one);
        append_literal(&one, arena, &flag->variations[i].value);
        struct str text = arena_copy_str(arena, buf_str(&one));
        if (!map_insert(&seen, text, (uint32_t)i))
            continue;
        buf_append(buf, i == 0 ? STR("") : STR(" | "));
        buf_append(buf, text);
    }
    buf_close(&one);
}

static void append_variation_ids(struct buf *buf, struct arena *arena, const struct flag *flag)
{
    (void)arena;
    for (size_t i = 0; i < flag->variation_count; i++) {
        buf_append(buf, i == 0 ? STR("") : STR(" | "));
        append_text(buf, flag->variations[i].id);
    }
}

static void append_definition(struct buf *buf, struct arena *arena, const struct flag *flag)
{
    (void)arena;
    buf_append(buf, STR("{ readonly type: "));
    append_text(buf, value_type_name(flag->type));
    buf_append(buf, STR("; readonly description: "));
    append_text(buf, flag->description);
    buf_append(buf, STR("; readonly tags: readonly ["));
    for (size_t i = 0; i < flag->tag_count; i++) {
        buf_append(buf, i == 0 ? STR("") : STR(", "));
        append_text(buf, flag->tags[i]);
    }
    buf_append(buf, STR("]; readonly owner: "));
    append_text(buf, flag->owner);
    buf_append(buf, STR("; readonly lifecycle: "));
    append_text(buf, name_at(&lifecycle_names, flag->lifecycle));
    buf_append(buf, STR(" }"));
}

static void append_interface(struct buf *buf, struct arena *arena, struct str name,
                             const struct superflag_document *document,
                             void (*append)(struct buf *, struct arena *, const struct flag *))
{
    buf_append(buf, STR("export interface "));
    buf_append(buf, name);
    buf_append(buf, STR(" {\n"));
    for (size_t i = 0; i < document->flag_count; i++) {
        buf_append(buf, i == 0 ? STR("") : STR("\n"));
        append_key(buf, document->flags[i].key);
        append(buf, arena, &document->flags[i]);
        buf_append_byte(buf, ';');
    }
    buf_append(buf, STR("\n}\n\n"));
}

static void append_source(struct buf *buf, const struct superflag_document *document)
{
    buf_append(buf, STR("\n\nexport type SuperflagConfigVersion = "));
    buf_append_u64(buf, document->config_version);
    buf_append(buf, STR(";\nexport type SuperflagSource = { readonly app: "));
    append_text(buf, document->app);
    buf_append(buf, STR("; readonly environment: "));
    append_text(buf, document->environment);
    buf_append(buf, STR(" };\n\n"));
}

struct fault superflag_append_types(struct buf *buf, const struct superflag_document *document,
                                    const struct superflag_types *options)
{
    struct str name = str_is_absent(options->interface_name) ? STR("SuperflagFlagValues")
                                                             : options->interface_name;
    if (!is_identifier(name))
        return fault_make(FAULT_INVALID, STR("interfaceName"),
                          STR("interfaceName must be a TypeScript identifier"));
    struct arena arena;
    arena_open(&arena, 16384);
    buf_append(buf, str_is_absent(options->banner)
                        ? STR("// Generated by @superflag-sh/core. Do not edit.")
                        : options->banner);
    append_source(buf, document);
    append_interface(buf, &arena, name, document, append_value_types);
    append_interface(buf, &arena, STR("SuperflagVariationIds"), document, append_variation_ids);
    append_interface(buf, &arena, STR("SuperflagFlagDefinitions"), document, append_definition);
    buf_append(buf, STR("export type SuperflagFlagKey = keyof "));
    buf_append(buf, name);
    buf_append(buf, STR(";\n"));
    arena_close(&arena);
    return fault_none();
}
