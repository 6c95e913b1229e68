/* SPDX-License-Identifier: Apache-2.0 */
/* experiment - what only experiments have: see item.h. amplitude-management-api.md 2.9, 3.2. */
#include "base/instant.h"
#include "dialect/amplitude/item.h"

/* ---- words and dates ------------------------------------------------------------------------- */

static void read_type(struct wire *wire, const struct json *body, struct flag *flag)
{
    static const struct str types[] = {STR("a-b-test"), STR("multi-arm-bandit"),
                                       STR("hypothesis-testing"), STR("no-harm")};
    size_t index = 0;
    if (wire_choice(wire, body, STR(""), STR("experimentType"), types, COUNT_OF(types), &index))
        flag->experiment.type = types[index];
}

static bool is_null(const struct json *body, struct str name)
{
    const struct json *member = json_find(body, name);
    return member != NULL && member->type == JSON_NULL;
}

static void read_decision(struct wire *wire, const struct json *body, struct flag *flag)
{
    static const struct str decisions[] = {STR("rollout"), STR("rollback"),
                                           STR("continue-running")};
    size_t index = 0;
    if (is_null(body, STR("decision")))
        flag->experiment.decision = (struct str){0};
    else if (wire_choice(wire, body, STR(""), STR("decision"), decisions, COUNT_OF(decisions),
                         &index))
        flag->experiment.decision = decisions[index];
}

static void read_date(struct wire *wire, const struct json *body, struct str name, struct str *date)
{
    int64_t ms = 0;
    if (wire_nullable_text(wire, body, STR(""), name, date) && !str_is_absent(*date) &&
        (!instant_parse_date(*date, &ms) || !instant_is_calendar_date(*date)))
        wire_refuse(wire, name, STR("must be an ISO 8601 date or timestamp with its zone"));
}

static void check_dates(struct wire *wire, const struct experiment *experiment)
{
    int64_t start_ms = 0;
    int64_t end_ms = 0;
    if (!str_is_absent(experiment->start) && !str_is_absent(experiment->end) &&
        instant_parse_date(experiment->start, &start_ms) &&
        instant_parse_date(experiment->end, &end_ms) && end_ms < start_ms)
        wire_refuse(wire, STR("endDate"), STR("must not be before startDate"));
}

/* A variant's key or its name (2.9). */
static void check_rolled_out(struct wire *wire, const struct flag *flag)
{
    struct str text = flag->experiment.rolled_out_variation;
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        bool is_named = !str_is_empty(text) && str_equal(variation->name, text);
        if (is_named || str_equal(variation->id, text))
            return;
    }
    wire_refuse(wire, STR("rolledOutVariant"), STR("names no variant"));
}

/* ---- the exposure event ---------------------------------------------------------------------- */

static void read_filter(struct wire *wire, const struct json *filter, struct str path)
{
    static const struct str operators[] = {STR("is"),         STR("is not"),
                                           STR("contains"),   STR("does not contain"),
                                           STR("less"),       STR("less or equal"),
                                           STR("greater"),    STR("greater or equal"),
                                           STR("glob match"), STR("glob does not match")};
    struct str text = {0};
    struct str *values = NULL;
    size_t index = 0;
    if (filter->type != JSON_OBJECT) {
        wire_refuse(wire, path, STR("must be an object"));
        return;
    }
    wire_nullable_text(wire, filter, path, STR("group_type"), &text);
    wire_require(wire, wire_nullable_text(wire, filter, path, STR("subprop_key"), &text), path,
                 STR("subprop_key"));
    wire_require(
        wire,
        wire_choice(wire, filter, path, STR("subprop_op"), operators, COUNT_OF(operators), &index),
        path, STR("subprop_op"));
    wire_require(wire, wire_text(wire, filter, path, STR("subprop_type"), &text), path,
                 STR("subprop_type"));
    wire_require(wire, wire_texts(wire, filter, path, STR("subprop_value"), &values, &index), path,
                 STR("subprop_value"));
}

/* Checked and kept as it came. */
static void read_exposure_event(struct wire *wire, const struct json *body, struct flag *flag)
{
    struct str name = STR("exposureEvent");
    if (is_null(body, name)) {
        flag->experiment.exposure_event = json_make_null();
        return;
    }
    const struct json *event = wire_object(wire, body, STR(""), name);
    if (event == NULL)
        return;
    struct str text = {0};
    wire_require(wire, wire_text(wire, event, name, STR("event_type"), &text), name,
                 STR("event_type"));
    const struct json *filters = wire_array(wire, event, name, STR("filters"));
    wire_require(wire, filters != NULL, name, STR("filters"));
    struct str list = STR("exposureEvent.filters");
    for (uint32_t i = 0; filters != NULL && i < filters->count && !wire_failed(wire); i++)
        read_filter(wire, &filters->elements[i], wire_item_path(wire, list, i));
    flag->experiment.exposure_event = *event;
}

/* ---- all of it ------------------------------------------------------------------------------- */

void experiment_read(struct wire *wire, const struct json *body, bool is_old, struct flag *flag)
{
    struct experiment *experiment = &flag->experiment;
    read_type(wire, body, flag);
    if (wire_boolean(wire, body, STR(""), STR("stickyBucketing"), &experiment->is_sticky) &&
        experiment->is_sticky)
        item_require_managed(wire, flag, STR("stickyBucketing"));
    read_date(wire, body, STR("startDate"), &experiment->start);
    read_date(wire, body, STR("endDate"), &experiment->end);
    check_dates(wire, experiment);
    read_exposure_event(wire, body, flag);
    if (!is_old)
        read_decision(wire, body, flag);
    wire_nullable_text(wire, body, STR(""), STR("decisionReason"), &experiment->decision_reason);
    if (wire_nullable_text(wire, body, STR(""), STR("rolledOutVariant"),
                           &experiment->rolled_out_variation) &&
        !str_is_absent(experiment->rolled_out_variation))
        check_rolled_out(wire, flag);
}

static bool is_over(const struct experiment *experiment, int64_t now_ms)
{
    int64_t end_ms = 0;
    return !str_is_absent(experiment->end) && instant_parse_date(experiment->end, &end_ms) &&
           now_ms >= end_ms;
}

/* Nobody can write it; 3.2 says what it is taken from. */
struct str experiment_state(const struct flag *flag, int64_t now_ms)
{
    const struct experiment *experiment = &flag->experiment;
    if (str_equal(experiment->decision, STR("rollout")) ||
        str_equal(experiment->decision, STR("rollback")))
        return STR("decision-made");
    if (!experiment->has_started)
        return STR("planning");
    return flag->is_enabled && !is_over(experiment, now_ms) ? STR("running") : STR("analyzing");
}
