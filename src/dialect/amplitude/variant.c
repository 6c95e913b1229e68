/* SPDX-License-Identifier: Apache-2.0 */
/* variant - one variant in, changed, and back: see item.h. amplitude-management-api.md 2.4. */
#include <assert.h>

#include "dialect/amplitude/item.h"
#include "model/limits.h"

/* ---- in -------------------------------------------------------------------------------------- */

static bool is_lower_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* ^[a-z0-9]+([_-][a-z0-9]+)*$ (section 8) */
static bool is_variant_key(struct str key)
{
    bool is_after_letter = false;
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i];
        bool is_letter = is_lower_alphanumeric(c);
        if (!is_letter && (!is_after_letter || (c != '_' && c != '-')))
            return false;
        is_after_letter = is_letter;
    }
    return is_after_letter && key.size <= VARIATION_ID_UNITS_MAX;
}

static void read_key(struct wire *wire, const struct json *json, struct str path,
                     struct variant_input *input)
{
    input->has_key = wire_text(wire, json, path, STR("key"), &input->key);
    if (!input->has_key)
        return;
    struct str where = wire_member_path(wire, path, STR("key"));
    if (str_equal(input->key, variant_off))
        wire_refuse(wire, where, STR("must not be \"off\", which every flag has"));
    else if (!is_variant_key(input->key))
        wire_refuse(wire, where,
                    STR("must be lowercase, in kebab-case or snake_case, at most 96 long"));
}

/* The old API took the payload as text that holds JSON. */
static void read_payload(struct wire *wire, const struct json *json, struct str path, bool is_old,
                         struct variant_input *input)
{
    const struct json *payload = wire_failed(wire) ? NULL : json_find(json, STR("payload"));
    if (payload == NULL)
        return;
    input->has_payload_member = true;
    input->payload = *payload;
    if (!is_old || payload->type != JSON_STRING)
        return;
    struct fault fault =
        json_parse(wire->arena, payload->string, &json_budget_default, &input->payload);
    if (failed(fault))
        wire_refuse(wire, wire_member_path(wire, path, STR("payload")),
                    STR("must be text that holds JSON"));
}

void variant_read(struct wire *wire, const struct json *json, struct str path, bool is_old,
                  struct variant_input *input)
{
    *input = (struct variant_input){0};
    if (json->type != JSON_OBJECT) {
        wire_refuse(wire, path, STR("must be an object"));
        return;
    }
    read_key(wire, json, path, input);
    input->has_name = wire_nullable_text(wire, json, path, STR("name"), &input->name);
    input->has_description =
        wire_nullable_text(wire, json, path, STR("description"), &input->description);
    read_payload(wire, json, path, is_old, input);
    input->has_weight =
        wire_integer(wire, json, path, STR("rolloutWeight"), 0, BUCKET_WEIGHT_MAX, &input->weight);
}

/* "" and null both mean that nothing is set: answers show them alike. */
static struct str none_if_empty(struct str text)
{
    return text.size == 0 ? (struct str){0} : text;
}

void variant_lay(struct variation *variation, const struct variant_input *input)
{
    if (input->has_name)
        variation->name = none_if_empty(input->name);
    if (input->has_description)
        variation->description = none_if_empty(input->description);
    if (!input->has_payload_member)
        return;
    variation->has_payload = input->payload.type != JSON_NULL;
    variation->payload = input->payload;
}

/* ---- changed --------------------------------------------------------------------------------- */

struct variation *variant_find(struct flag *flag, struct str key)
{
    int index = flag_find_variation(flag, key);
    return index < 0 || str_equal(key, variant_off) ? NULL : &flag->variations[index];
}

struct variation *variant_insert(struct arena *arena, struct flag *flag, struct str key)
{
    size_t count = flag->variation_count;
    struct variation *larger = ARENA_NEW_ARRAY(arena, struct variation, count + 1);
    int off = flag_find_variation(flag, variant_off);
    size_t place = off < 0 ? count : (size_t)off;
    for (size_t i = 0; i < count; i++)
        larger[i < place ? i : i + 1] = flag->variations[i];
    larger[place] = (struct variation){.id = key, .value = json_make_string(key)};
    flag->variations = larger;
    flag->variation_count = count + 1;
    return &larger[place];
}

static void drop_from_serve(struct arena *arena, const struct flag *flag, struct serve *serve,
                            struct str key)
{
    struct rollout rollout;
    if (!rollout_of(arena, flag, serve, &rollout))
        return; /* says something else: flag_check tells whether it still says it */
    rollout_set_weight(arena, flag, &rollout, key, false, 0);
    *serve = rollout_serve(arena, &rollout);
}

void variant_remove(struct arena *arena, struct flag *flag, struct str key)
{
    drop_from_serve(arena, flag, &flag->fallthrough, key);
    for (size_t i = 0; i < flag->rule_count; i++)
        drop_from_serve(arena, flag, &flag->rules[i].serve, key);
    size_t kept = 0;
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (!str_equal(flag->variations[i].id, key))
            flag->variations[kept++] = flag->variations[i];
    }
    assert(kept + 1 == flag->variation_count);
    flag->variation_count = kept;
    if (str_equal(flag->experiment.rolled_out_variation, key))
        flag->experiment.rolled_out_variation = (struct str){0};
}

static void rename_in_bucket(struct bucket *bucket, struct str key, struct str new_key)
{
    if (str_equal(bucket->otherwise, key))
        bucket->otherwise = new_key;
    for (size_t i = 0; i < bucket->slice_count; i++) {
        struct slice *slice = &bucket->slices[i];
        for (size_t j = 0; j < slice->allocation_count; j++) {
            if (str_equal(slice->allocations[j].variation, key))
                slice->allocations[j].variation = new_key;
        }
    }
}

static void rename_in_serve(struct serve *serve, struct str key, struct str new_key)
{
    if (str_equal(serve->variation, key))
        serve->variation = new_key;
    rename_in_bucket(&serve->bucket, key, new_key);
}

void variant_rename(struct flag *flag, struct str key, struct str new_key)
{
    struct variation *variation = variant_find(flag, key);
    assert(variation != NULL);
    variation->id = new_key;
    variation->value = json_make_string(new_key);
    rename_in_serve(&flag->fallthrough, key, new_key);
    for (size_t i = 0; i < flag->rule_count; i++)
        rename_in_serve(&flag->rules[i].serve, key, new_key);
    if (str_equal(flag->experiment.rolled_out_variation, key))
        flag->experiment.rolled_out_variation = new_key;
}

/* ---- back ------------------------------------------------------------------------------------ */

void variant_put_detail(struct json_writer *writer, struct arena *arena, const struct flag *flag,
                        const struct variation *variation)
{
    const struct json nothing = {.type = JSON_OBJECT};
    const struct json *payload = &nothing;
    struct rollout rollout;
    rollout_of(arena, flag, &flag->fallthrough, &rollout);
    if (variation->has_payload)
        payload = &variation->payload;
    else if (!flag_is_managed(flag))
        payload = &variation->value;
    json_object_begin(writer);
    json_member_string(writer, STR("key"), variation->id);
    wire_put_member_text(writer, STR("name"), variation->name);
    json_member_tree(writer, STR("payload"), payload);
    wire_put_member_text(writer, STR("description"), variation->description);
    json_member_u64(writer, STR("rolloutWeight"), rollout_weight(&rollout, variation->id));
    json_object_end(writer);
}
