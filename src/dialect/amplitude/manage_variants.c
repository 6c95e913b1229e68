/* SPDX-License-Identifier: Apache-2.0 */
/* manage_variants - the variants of an item. See manage.h; amplitude-management-api.md 2.4. */
#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/dependencies.h"
#include "dialect/amplitude/manage.h"
#include "model/limits.h"

void amplitude_list_variants(struct exchange *x)
{
    struct found found;
    struct amplitude_answer answer;
    if (!manage_find_item(x, &found))
        return;
    struct json_writer *writer = amplitude_answer_begin(&answer);
    json_array_begin(writer);
    for (size_t i = 0; i < found.flag->variation_count; i++) {
        const struct variation *variation = &found.flag->variations[i];
        if (!str_equal(variation->id, variant_off))
            variant_put_detail(writer, x->arena, found.flag, variation);
    }
    json_array_end(writer);
    amplitude_answer_end(x, &answer);
}

bool manage_find_variant(struct exchange *x, struct found *found,
                         const struct variation **variation)
{
    if (!manage_find_item(x, found))
        return false;
    int index = flag_find_variation(found->flag, x->parameters[1]);
    if (index < 0 || str_equal(x->parameters[1], variant_off)) {
        amplitude_refuse_missing(x, STR("variant"));
        return false;
    }
    *variation = &found->flag->variations[index];
    return true;
}

void amplitude_get_variant(struct exchange *x)
{
    struct found found;
    struct amplitude_answer answer;
    const struct variation *variation = NULL;
    if (!manage_find_variant(x, &found, &variation))
        return;
    struct json_writer *writer = amplitude_answer_begin(&answer);
    variant_put_detail(writer, x->arena, found.flag, variation);
    amplitude_answer_end(x, &answer);
}

/* ---- changing -------------------------------------------------------------------------------- */

static struct variation *find_variant(struct wire *wire, struct flag *flag, struct str key)
{
    struct variation *variation = variant_find(flag, key);
    if (variation == NULL && !wire_failed(wire))
        wire->fault = fault_make(FAULT_MISSING, STR("variant"), STR("variant"));
    return variation;
}

static void set_weight(struct wire *wire, struct flag *flag, struct str key, uint32_t weight)
{
    struct rollout rollout;
    if (!rollout_of(wire->arena, flag, &flag->fallthrough, &rollout))
        wire_refuse(wire, STR("rolloutWeight"),
                    STR("cannot be changed here: this flag serves everybody in a way this API "
                        "cannot say"));
    rollout_set_weight(wire->arena, flag, &rollout, key, true, weight);
    if (!wire_failed(wire))
        flag->fallthrough = rollout_serve(wire->arena, &rollout);
}

static void apply_create(struct wire *wire, struct edit *edit, const struct item_edit *input,
                         struct flag *flag)
{
    (void)edit;
    struct variant_input variant;
    variant_read(wire, input->body, STR(""), input->is_old, &variant);
    wire_require(wire, variant.has_key, STR(""), STR("key"));
    item_require_managed(wire, flag, STR("variants"));
    wire_check_count(wire, STR("variants"), flag->variation_count + 1, VARIATIONS_PER_FLAG_MAX,
                     "variants with off");
    if (!wire_failed(wire) && flag_find_variation(flag, variant.key) >= 0)
        wire->fault = fault_make(FAULT_CONFLICT, STR("key"), STR("is taken in this item"));
    if (wire_failed(wire))
        return;
    variant_lay(variant_insert(wire->arena, flag, variant.key), &variant);
    set_weight(wire, flag, variant.key, variant.has_weight ? variant.weight : 0);
}

static void rename_variant(struct wire *wire, struct edit *edit, struct flag *flag, struct str key,
                           struct str new_key)
{
    if (str_equal(key, new_key))
        return;
    item_require_managed(wire, flag, STR("key"));
    dependencies_check_variant(wire, edit, flag, key, STR("key"));
    if (!wire_failed(wire) && flag_find_variation(flag, new_key) >= 0)
        wire->fault = fault_make(FAULT_CONFLICT, STR("key"), STR("is taken in this item"));
    if (!wire_failed(wire))
        variant_rename(flag, key, new_key);
}

static void apply_patch(struct wire *wire, struct edit *edit, const struct item_edit *input,
                        struct flag *flag)
{
    struct variant_input variant;
    struct variation *variation = find_variant(wire, flag, input->text);
    variant_read(wire, input->body, STR(""), input->is_old, &variant);
    if (wire_failed(wire))
        return;
    variant_lay(variation, &variant);
    if (variant.has_weight) {
        item_require_managed(wire, flag, STR("rolloutWeight"));
        set_weight(wire, flag, input->text, variant.weight);
    }
    if (variant.has_key)
        rename_variant(wire, edit, flag, input->text, variant.key);
}

static void apply_delete(struct wire *wire, struct edit *edit, const struct item_edit *input,
                         struct flag *flag)
{
    if (find_variant(wire, flag, input->text) == NULL)
        return;
    item_require_managed(wire, flag, STR("variantKey"));
    dependencies_check_variant(wire, edit, flag, input->text, STR("variantKey"));
    if (!wire_failed(wire))
        variant_remove(wire->arena, flag, input->text);
}

void amplitude_create_variant(struct exchange *x)
{
    manage_edit_by_body(x, (struct str){0}, apply_create);
}

void amplitude_patch_variant(struct exchange *x)
{
    manage_edit_by_body(x, x->parameters[1], apply_patch);
}

void amplitude_delete_variant(struct exchange *x)
{
    struct found found;
    struct item_edit edit = {.text = x->parameters[1], .apply = apply_delete};
    if (manage_find_item(x, &found) && request_may_write(x))
        manage_edit_item(x, &found, &edit);
}
