/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage_legacy - the old beta API on its root paths, where it differs from today's: creating
 * answers the whole object, switching on and off and weights have routes of their own. All else is
 * today's handlers. See manage.h; amplitude-management-api.md 9.
 */
#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/manage.h"

/* The change is visible before it is answered, but not in the view this request began with. */
static void answer_newest(struct exchange *x, const struct catalog_environment *environment,
                          uint64_t number)
{
    struct view *view = view_acquire(x->services->views);
    const struct snapshot *snapshot = view_find(view, environment->number);
    const struct flag_revision *revision =
        snapshot == NULL ? NULL : snapshot_find_number(snapshot, number);
    if (revision == NULL) { /* somebody was quick to take it away again */
        amplitude_answer_created(
            x, manage_kind(x) == FLAG_KIND_EXPERIMENT ? "experiments" : "flags", number);
    } else {
        struct amplitude_answer answer;
        struct json_writer *writer = amplitude_answer_begin(&answer);
        manage_put_item(writer, x, environment, snapshot, revision);
        amplitude_answer_end(x, &answer);
    }
    view_release(view);
}

void amplitude_legacy_create_item(struct exchange *x)
{
    uint64_t number = 0;
    const struct catalog_environment *environment = NULL;
    if (manage_create_item(x, &number, &environment))
        answer_newest(x, environment, number);
}

static void apply_enabled(struct wire *wire, struct edit *edit, const struct item_edit *input,
                          struct flag *flag)
{
    (void)wire;
    (void)edit;
    const bool *is_enabled = input->details;
    flag->is_enabled = *is_enabled;
    if (flag->is_enabled)
        flag->experiment.has_started = true;
}

static void set_enabled(struct exchange *x, bool is_enabled)
{
    struct found found;
    struct item_edit edit = {.details = &is_enabled, .apply = apply_enabled};
    if (manage_find_item(x, &found) && request_may_write(x))
        manage_edit_item(x, &found, &edit);
}

void amplitude_legacy_activate(struct exchange *x)
{
    set_enabled(x, true);
}

void amplitude_legacy_deactivate(struct exchange *x)
{
    set_enabled(x, false);
}

static void apply_weights(struct wire *wire, struct edit *edit, const struct item_edit *input,
                          struct flag *flag)
{
    (void)edit;
    struct str name = STR("rolloutWeights");
    const struct json *weights = wire_object(wire, input->body, STR(""), name);
    wire_require(wire, weights != NULL, STR(""), name);
    if (wire_failed(wire) || weights == NULL)
        return;
    struct json_member member = {.key = name, .value = *weights};
    const struct json body = {.type = JSON_OBJECT, .count = 1, .members = &member};
    item_patch(wire, &body, true, flag);
}

void amplitude_legacy_set_weights(struct exchange *x)
{
    manage_edit_by_body(x, (struct str){0}, apply_weights);
}
