/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_select - where paths and selectors lead: section 13 of the typed reference, section 10.3
 * of the text family's, and the two forms of contexts (eval/evaluate.h). */
#include <string.h>

#include "oracle.h"

enum { STEPS_MAX = 64 };

struct steps {
    struct str at[STEPS_MAX];
    size_t count;
};

static const struct json *member(const struct json *json, struct str key)
{
    return json != NULL && json->type == JSON_OBJECT ? json_find(json, key) : NULL;
}

/* ---- who is asking --------------------------------------------------------------------------- */

static const struct json *user_of(struct oracle *oracle)
{
    return member(oracle->person->attributes, STR("user"));
}

static const struct json *json_of_text(struct oracle *oracle, struct str text)
{
    struct json *json = ARENA_NEW(oracle->arena, struct json);
    *json = json_make_string(text);
    return str_is_absent(text) ? NULL : json;
}

/* A text or a number, not empty. */
static struct str id_text(struct oracle *oracle, const struct json *json)
{
    bool is_id = json != NULL && (json->type == JSON_STRING || json->type == JSON_NUMBER);
    struct str text = is_id ? text_of_json(oracle->arena, json) : (struct str){0};
    return text.size == 0 ? (struct str){0} : text;
}

struct str oracle_targeting_key(struct oracle *oracle)
{
    const struct oracle_person *person = oracle->person;
    if (person->form == CONTEXT_FLAT)
        return str_is_empty(person->targeting_key) ? (struct str){0} : person->targeting_key;
    struct str id = id_text(oracle, member(user_of(oracle), STR("user_id")));
    return str_is_absent(id) ? id_text(oracle, member(user_of(oracle), STR("device_id"))) : id;
}

/* ---- typed: dotted paths --------------------------------------------------------------------- */

static const struct json *walk_dots(const struct json *from, struct str path)
{
    for (size_t at = 0; from != NULL && at <= path.size;) {
        size_t dot = str_find_byte(path, '.', at);
        from = member(from, str_slice(path, at, dot));
        at = dot + 1;
    }
    return from;
}

const struct json *oracle_attribute(struct oracle *oracle, struct str path)
{
    if (str_equal(path, STR("targetingKey")))
        return json_of_text(oracle, oracle_targeting_key(oracle));
    if (str_starts_with(path, STR("attributes.")))
        path = str_slice(path, strlen("attributes."), path.size);
    if (oracle->person->form == CONTEXT_FLAT)
        return walk_dots(oracle->person->attributes, path);
    const struct json *found = walk_dots(user_of(oracle), path);
    if (found != NULL)
        return found;
    return walk_dots(member(user_of(oracle), STR("user_properties")), path);
}

/* ---- text: selectors ------------------------------------------------------------------------- */

static struct str unescaped(struct oracle *oracle, struct str step)
{
    char *bytes = arena_allocate(oracle->arena, step.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < step.size; i++) {
        char c = step.data[i];
        char next = i + 1 < step.size ? step.data[i + 1] : 'x';
        if (c == '~' && (next == '0' || next == '1')) {
            c = next == '0' ? '~' : '/';
            i++;
        }
        bytes[size++] = c;
    }
    return (struct str){bytes, size};
}

/* False: it selects nothing. */
static bool take_steps(struct oracle *oracle, struct str selector, struct steps *steps)
{
    steps->count = 0;
    if (selector.size == 0 || selector.data[0] != '/')
        return false;
    for (size_t at = 1; at <= selector.size && steps->count < STEPS_MAX;) {
        size_t slash = str_find_byte(selector, '/', at);
        struct str step = unescaped(oracle, str_slice(selector, at, slash));
        if (step.size == 0)
            return false;
        steps->at[steps->count++] = step;
        at = slash + 1;
    }
    return steps->count > 0;
}

static const struct json *element(const struct json *list, struct str step)
{
    uint64_t index = 0;
    bool is_plain = str_parse_u64(step, &index) && (step.size == 1 || step.data[0] != '0');
    return is_plain && index < list->count ? &list->elements[index] : NULL;
}

static const struct json *walk(const struct json *from, const struct steps *steps, size_t first)
{
    for (size_t i = first; from != NULL && i < steps->count; i++)
        from = from->type == JSON_ARRAY ? element(from, steps->at[i]) : member(from, steps->at[i]);
    return from == NULL || from->type == JSON_NULL ? NULL : from;
}

static bool step_is(const struct steps *steps, size_t index, const char *text)
{
    return index < steps->count && str_equal(steps->at[index], str_of(text));
}

/* The first name of a group type. */
static const struct json *flat_group_name(struct oracle *oracle, struct str type)
{
    const struct json *names = member(oracle->person->attributes, STR("groups"));
    const struct json *name = member(names, type);
    if (name != NULL && name->type == JSON_ARRAY)
        name = name->count > 0 ? &name->elements[0] : NULL;
    return name == NULL || name->type == JSON_NULL ? NULL : name;
}

static const struct json *flat_of_group(struct oracle *oracle, struct str member_name,
                                        struct str type)
{
    struct str name = id_text(oracle, flat_group_name(oracle, type));
    const struct json *by_type = member(oracle->person->attributes, member_name);
    return str_is_absent(name) ? NULL : member(member(by_type, type), name);
}

static const struct json *select_flat_group(struct oracle *oracle, const struct steps *steps)
{
    if (step_is(steps, 3, "group_name") && steps->count == 4)
        return flat_group_name(oracle, steps->at[2]);
    if (step_is(steps, 3, "group_properties") && steps->count > 4)
        return walk(flat_of_group(oracle, STR("group_properties"), steps->at[2]), steps, 4);
    if (step_is(steps, 3, "cohort_ids") && steps->count == 4)
        return walk(flat_of_group(oracle, STR("group_cohort_ids"), steps->at[2]), steps, 4);
    return NULL;
}

static bool is_flat_key(const struct steps *steps)
{
    return steps->count == 3 && step_is(steps, 1, "user") && step_is(steps, 2, "user_id");
}

/* Any other id of the user but the device's. */
static bool is_flat_identity(const struct steps *steps)
{
    return steps->count == 3 && step_is(steps, 1, "user") && !is_flat_key(steps) &&
           str_ends_with(steps->at[2], STR("_id")) && !step_is(steps, 2, "device_id");
}

static const struct json *select_flat(struct oracle *oracle, const struct steps *steps)
{
    const struct json *attributes = oracle->person->attributes;
    if (step_is(steps, 1, "groups") && steps->count >= 4)
        return select_flat_group(oracle, steps);
    if (!step_is(steps, 1, "user") || steps->count < 3)
        return NULL;
    const struct json *key = json_of_text(oracle, oracle_targeting_key(oracle));
    if (is_flat_key(steps))
        return key;
    const struct json *found = walk(attributes, steps, 2);
    if (found == NULL && is_flat_identity(steps))
        return key;
    if (found == NULL && step_is(steps, 2, "user_properties") && steps->count > 3)
        return walk(attributes, steps, 3);
    return found;
}

static bool names_as_prerequisite(const struct flag *flag, struct str key)
{
    for (size_t i = 0; flag != NULL && i < flag->prerequisite_count; i++) {
        if (str_equal(flag->prerequisites[i].flag, key))
            return true;
    }
    return false;
}

static const struct json *select_result(struct oracle *oracle, const struct flag *flag,
                                        const struct steps *steps)
{
    const struct flag *parent = NULL;
    for (size_t i = 0; steps->count > 2 && i < oracle->state->flag_count; i++) {
        if (str_equal(oracle->state->flags[i]->key, steps->at[1]))
            parent = oracle->state->flags[i];
    }
    if (parent == NULL || !names_as_prerequisite(flag, parent->key))
        return NULL;
    struct oracle_answer answer = oracle_decide_inner(oracle, parent);
    if (answer.variation == VARIATION_NONE || answer.error != DECISION_OK)
        return NULL;
    const struct variation *variation = &parent->variations[answer.variation];
    if (step_is(steps, 2, "key") && steps->count == 3)
        return json_of_text(oracle, variation->id);
    /* A value is a text that equals the key; what else a variation is travels as payload; "off" has
     * neither (3.2, 9.1). */
    bool is_off = str_equal(variation->id, STR("off"));
    bool is_text = parent->arithmetic.comparison == FLAG_COMPARISON_TEXT;
    if (step_is(steps, 2, "value"))
        return steps->count > 3 || is_off ? NULL : json_of_text(oracle, variation->id);
    if (step_is(steps, 2, "payload") && is_off)
        return NULL;
    if (step_is(steps, 2, "payload") && variation->has_payload)
        return walk(&variation->payload, steps, 3);
    if (step_is(steps, 2, "payload"))
        return is_text ? NULL : walk(&variation->value, steps, 3);
    return step_is(steps, 2, "metadata") ? walk(&parent->metadata, steps, 3) : NULL;
}

const struct json *oracle_selected(struct oracle *oracle, const struct flag *flag,
                                   struct str selector)
{
    struct steps steps;
    if (!take_steps(oracle, selector, &steps))
        return NULL;
    if (step_is(&steps, 0, "result"))
        return select_result(oracle, flag, &steps);
    if (!step_is(&steps, 0, "context"))
        return NULL;
    if (oracle->person->form == CONTEXT_FLAT)
        return select_flat(oracle, &steps);
    return steps.count < 2 ? NULL : walk(oracle->person->attributes, &steps, 1);
}

bool oracle_lacks_key(struct oracle *oracle, struct str selector)
{
    struct steps steps;
    return oracle->person->form == CONTEXT_FLAT && oracle->person->may_lack_key &&
           str_is_absent(oracle_targeting_key(oracle)) && take_steps(oracle, selector, &steps) &&
           step_is(&steps, 0, "context") && (is_flat_key(&steps) || is_flat_identity(&steps)) &&
           oracle_selected(oracle, NULL, selector) == NULL;
}
