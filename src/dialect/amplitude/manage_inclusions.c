/* SPDX-License-Identifier: Apache-2.0 */
/* manage_inclusions - who gets a variant by name: users, devices, cohorts. See manage.h;
 * amplitude-management-api.md 2.5, 2.6. */
#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/group.h"
#include "dialect/amplitude/manage.h"

/* One of the two lists of a variant. */
struct inclusions {
    struct str **list;
    size_t *count;
    size_t max;
};

static struct inclusions users_of(struct variation *variation)
{
    return (struct inclusions){&variation->included, &variation->included_count,
                               INCLUSIONS_PER_VARIATION_MAX};
}

static struct inclusions cohorts_of(struct variation *variation)
{
    return (struct inclusions){&variation->cohorts, &variation->cohort_count,
                               COHORTS_PER_ENVIRONMENT_MAX};
}

static bool is_about_cohorts(const struct exchange *x)
{
    return str_contains(x->route->path, STR("cohorts"));
}

/* ---- reading --------------------------------------------------------------------------------- */

static void answer_list(struct exchange *x)
{
    struct found found;
    struct amplitude_answer answer;
    const struct variation *variation = NULL;
    if (!manage_find_variant(x, &found, &variation))
        return;
    struct json_writer *writer = amplitude_answer_begin(&answer);
    if (is_about_cohorts(x))
        wire_put_texts(writer, variation->cohorts, variation->cohort_count);
    else
        wire_put_texts(writer, variation->included, variation->included_count);
    amplitude_answer_end(x, &answer);
}

void amplitude_list_users(struct exchange *x)
{
    answer_list(x);
}

void amplitude_list_cohorts(struct exchange *x)
{
    answer_list(x);
}

/* ---- changing -------------------------------------------------------------------------------- */

/* The list an edit is about; nothing (list is NULL) when the variant is gone. */
static struct inclusions find_list(struct wire *wire, const struct item_edit *input,
                                   struct flag *flag)
{
    struct variation *variation = variant_find(flag, input->text);
    if (variation != NULL)
        return is_about_cohorts(input->x) ? cohorts_of(variation) : users_of(variation);
    if (!wire_failed(wire))
        wire->fault = fault_make(FAULT_MISSING, STR("variant"), STR("variant"));
    return (struct inclusions){0};
}

static void apply_add(struct wire *wire, struct edit *edit, const struct item_edit *input,
                      struct flag *flag)
{
    (void)edit;
    struct str *texts = NULL;
    size_t count = 0;
    struct str name = STR("inclusions");
    struct inclusions inclusions = find_list(wire, input, flag);
    wire_require(wire, wire_texts(wire, input->body, STR(""), name, &texts, &count), STR(""), name);
    item_require_managed(wire, flag, name);
    if (!wire_failed(wire))
        inclusions_add(wire, name, inclusions.list, inclusions.count, texts, count, inclusions.max);
}

static void apply_delete_all(struct wire *wire, struct edit *edit, const struct item_edit *input,
                             struct flag *flag)
{
    (void)edit;
    struct inclusions inclusions = find_list(wire, input, flag);
    if (!wire_failed(wire))
        *inclusions.count = 0;
}

static void apply_delete_at(struct wire *wire, struct edit *edit, const struct item_edit *input,
                            struct flag *flag)
{
    (void)edit;
    const uint64_t *index = input->details;
    struct inclusions inclusions = find_list(wire, input, flag);
    if (wire_failed(wire))
        return;
    if (*index >= *inclusions.count) {
        wire->fault = fault_make(FAULT_MISSING, STR("userIndex"), STR("user"));
        return;
    }
    for (size_t i = (size_t)*index; i + 1 < *inclusions.count; i++)
        (*inclusions.list)[i] = (*inclusions.list)[i + 1];
    --*inclusions.count;
}

/* Cohorts too are named "users" in the documentation's body (2.6). */
static bool read_doomed(struct wire *wire, const struct item_edit *input, struct str **texts,
                        size_t *count)
{
    bool has_cohorts = is_about_cohorts(input->x) &&
                       wire_texts(wire, input->body, STR(""), STR("cohorts"), texts, count);
    if (!has_cohorts)
        wire_require(wire, wire_texts(wire, input->body, STR(""), STR("users"), texts, count),
                     STR(""), STR("users"));
    wire_check_count(wire, has_cohorts ? STR("cohorts") : STR("users"), *count, BULK_DELETE_MAX,
                     "entries");
    return !wire_failed(wire);
}

static void apply_bulk_delete(struct wire *wire, struct edit *edit, const struct item_edit *input,
                              struct flag *flag)
{
    (void)edit;
    struct str *texts = NULL;
    size_t count = 0;
    struct inclusions inclusions = find_list(wire, input, flag);
    if (inclusions.list != NULL && read_doomed(wire, input, &texts, &count))
        inclusions_remove(*inclusions.list, inclusions.count, texts, count);
}

void amplitude_add_users(struct exchange *x)
{
    manage_edit_by_body(x, x->parameters[1], apply_add);
}

void amplitude_add_cohorts(struct exchange *x)
{
    manage_edit_by_body(x, x->parameters[1], apply_add);
}

void amplitude_delete_users(struct exchange *x)
{
    manage_edit_by_body(x, x->parameters[1], apply_bulk_delete);
}

void amplitude_delete_cohorts(struct exchange *x)
{
    manage_edit_by_body(x, x->parameters[1], apply_bulk_delete);
}

void amplitude_delete_all_users(struct exchange *x)
{
    struct found found;
    struct item_edit edit = {.text = x->parameters[1], .apply = apply_delete_all};
    if (manage_find_item(x, &found) && request_may_write(x))
        manage_edit_item(x, &found, &edit);
}

void amplitude_delete_user(struct exchange *x)
{
    struct found found;
    uint64_t index = 0;
    struct item_edit edit = {.text = x->parameters[1], .details = &index, .apply = apply_delete_at};
    if (!manage_find_item(x, &found) || !request_may_write(x))
        return;
    if (str_parse_u64(x->parameters[2], &index))
        manage_edit_item(x, &found, &edit);
    else
        amplitude_refuse_missing(x, STR("user"));
}
