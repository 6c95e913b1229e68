/* SPDX-License-Identifier: Apache-2.0 */
/* encode - flags in the protocol's words: see encode.h. */
#include "dialect/ofrep/encode.h"

#include <math.h>

#include "base/number.h"

/* ---- values ---------------------------------------------------------------------------------- */

/* Variations that are names alone: key and value are one. Made so where a variation is a key with a
 * payload or without. */
static bool is_named_only(const struct flag *flag)
{
    if (flag->arithmetic.comparison != FLAG_COMPARISON_TEXT || flag->type != VALUE_STRING)
        return false;
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        if (variation->value.type != JSON_STRING ||
            !str_equal(variation->value.string, variation->id))
            return false;
    }
    return true;
}

static bool is_off(const struct variation *variation)
{
    return str_equal(variation->id, STR("off"));
}

static bool is_on(const struct variation *variation)
{
    return str_equal(variation->id, STR("on"));
}

static bool has_payloads(const struct flag *flag)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (flag->variations[i].has_payload)
            return true;
    }
    return false;
}

/* On, with or without an off, and nothing else. */
static bool is_switch(const struct flag *flag)
{
    bool has_on = false;
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (!is_on(&flag->variations[i]) && !is_off(&flag->variations[i]))
            return false;
        has_on = has_on || is_on(&flag->variations[i]);
    }
    return has_on;
}

static enum ofrep_source source_of(const struct flag *flag)
{
    if (!is_named_only(flag))
        return OFREP_FROM_VALUE;
    if (has_payloads(flag))
        return OFREP_FROM_PAYLOAD;
    return is_switch(flag) ? OFREP_FROM_SWITCH : OFREP_FROM_VARIATION;
}

static struct json raw_value(const struct ofrep_values *values, const struct variation *variation)
{
    switch (values->source) {
    case OFREP_FROM_VALUE:
        return variation->value;
    case OFREP_FROM_PAYLOAD:
        return variation->has_payload ? variation->payload : json_make_null();
    case OFREP_FROM_SWITCH:
        return json_make_boolean(is_on(variation));
    case OFREP_FROM_VARIATION:
        break;
    }
    return is_off(variation) ? json_make_null() : json_make_string(variation->id);
}

static bool is_fraction(const struct json *json)
{
    return json->type == JSON_NUMBER && json->number != floor(json->number);
}

struct ofrep_values ofrep_values_of(const struct flag *flag)
{
    struct ofrep_values values = {.flag = flag, .source = source_of(flag)};
    for (size_t i = 0; i < flag->variation_count; i++) {
        struct json value = raw_value(&values, &flag->variations[i]);
        values.has_fractions = values.has_fractions || is_fraction(&value);
    }
    return values;
}

struct ofrep_value ofrep_value_of(const struct ofrep_values *values, size_t variation)
{
    struct json value = raw_value(values, &values->flag->variations[variation]);
    return (struct ofrep_value){value, values->has_fractions && value.type == JSON_NUMBER};
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Clients tell an integer from a float by the point (README.md). */
static void put_float(struct json_writer *writer, double value)
{
    char text[NUMBER_TEXT_BYTES + 2];
    size_t size = number_format(value, text);
    struct str spelled = {text, size};
    bool has_point = str_contains(spelled, STR(".")) || str_contains(spelled, STR("e"));
    if (!has_point) {
        text[spelled.size++] = '.';
        text[spelled.size++] = '0';
    }
    json_raw(writer, spelled);
}

static void put_value(struct json_writer *writer, const struct ofrep_value *value)
{
    if (value->json.type == JSON_NULL)
        return;
    json_key(writer, STR("value"));
    if (value->is_float)
        put_float(writer, value->json.number);
    else
        json_tree(writer, &value->json);
}

static bool is_scalar(const struct json *json)
{
    return json->type == JSON_BOOLEAN || json->type == JSON_NUMBER || json->type == JSON_STRING;
}

/* What the author wrote, as far as the protocol takes it. */
static void put_metadata(struct json_writer *writer, const struct json *metadata)
{
    json_key(writer, STR("metadata"));
    json_object_begin(writer);
    for (uint32_t i = 0; metadata->type == JSON_OBJECT && i < metadata->count; i++) {
        if (is_scalar(&metadata->members[i].value))
            json_member_tree(writer, metadata->members[i].key, &metadata->members[i].value);
    }
    json_object_end(writer);
}

void ofrep_encode_piece(struct buf *buf, const struct flag *flag, const struct ofrep_value *value,
                        struct str variant)
{
    struct json_writer writer;
    buf_append_byte(buf, ',');
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("key"), flag->key);
    put_value(&writer, value);
    json_member_string(&writer, STR("variant"), variant);
    put_metadata(&writer, &flag->metadata);
    json_key(&writer, STR("reason"));
    buf_append_byte(buf, '"');
}

void ofrep_encode_error_piece(struct buf *buf, const struct flag *flag)
{
    struct json_writer writer;
    buf_append_byte(buf, ',');
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("key"), flag->key);
    json_key(&writer, STR("metadata"));
    json_object_begin(&writer);
    json_object_end(&writer);
    json_key(&writer, STR("errorCode"));
    buf_append_byte(buf, '"');
}

void ofrep_encode_metadata(struct buf *buf, const struct json *metadata)
{
    bool has_any = false;
    for (uint32_t i = 0; metadata->type == JSON_OBJECT && i < metadata->count; i++)
        has_any = has_any || is_scalar(&metadata->members[i].value);
    if (!has_any)
        return;
    size_t from = buf->size;
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    put_metadata(&writer, metadata);
    buf->data[from] = ','; /* where the object began: this is a member of the whole answer */
}
