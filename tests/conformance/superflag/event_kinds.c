/* SPDX-License-Identifier: Apache-2.0 */
/* event_kinds - cases about feature events and experiments. */
#include <stdio.h>
#include <string.h>

#include "dialect/superflag/experiment.h"
#include "dialect/superflag/feature_event.h"
#include "vectors.h"

/* ---- events ----------------------------------------------------------------------------- */

/* "<17000 x characters>" stands for that many letters x. */
static void expand_placeholder(struct run *run, struct json *value)
{
    uint64_t count = 0;
    struct str suffix = STR(" x characters>");
    if (value->type != JSON_STRING || !str_starts_with(value->string, STR("<")) ||
        !str_ends_with(value->string, suffix))
        return;
    if (!str_parse_u64(str_slice(value->string, 1, value->string.size - suffix.size), &count) ||
        count > 1000000)
        return;
    char *text = arena_allocate(&run->arena, count);
    memset(text, 'x', count);
    *value = json_make_string((struct str){text, count});
}

static struct json case_event(struct run *run)
{
    struct json event = json_copy(&run->arena, case_member(run, STR("input")));
    for (uint32_t i = 0; event.type == JSON_OBJECT && i < event.count; i++)
        expand_placeholder(run, &event.members[i].value);
    return event;
}

static struct superflag_event_options case_options(struct run *run)
{
    struct superflag_event_options options = {0};
    const struct json *given = case_optional(run, STR("options"));
    const struct json *list = given == NULL ? NULL : json_find(given, STR("allowedDimensions"));
    if (list == NULL)
        return options;
    struct str *names = ARENA_NEW_ARRAY(&run->arena, struct str, list->count);
    for (uint32_t i = 0; i < list->count; i++)
        names[i] = list->elements[i].string;
    options.dimensions = names;
    options.dimension_count = list->count;
    return options;
}

static void run_event(struct run *run, const struct json *one)
{
    (void)one;
    struct issue *issues = NULL;
    struct json event = case_event(run);
    struct superflag_event_options options = case_options(run);
    size_t count = superflag_check_event(&run->arena, &event, &options, &issues);
    expect_issues(run, issues, count, true);
    if (count > 0)
        return;
    struct event_row row = superflag_decode_event(&run->arena, &event, 1, 2);
    expect_document(run, row.document, case_member(run, STR("projected")), "projected");
}

void run_events(struct run *run, const struct json *list)
{
    run_list(run, list, run_event);
}

static void run_dedupe_key(struct run *run, const struct json *one)
{
    const struct json *event = json_find(one, STR("event"));
    expect_text(run, superflag_exposure_dedupe_key(&run->arena, event),
                case_member(run, STR("exposureDedupeKey")), "exposure key");
    expect_text(run, superflag_event_dedupe_key(&run->arena, event),
                case_member(run, STR("featureEventDedupeKey")), "event key");
}

void run_dedupe_keys(struct run *run, const struct json *list)
{
    run_list(run, list, run_dedupe_key);
}

/* What SDKs were seen to send is accepted by us and kept unchanged. */
static void run_request(struct run *run, const struct json *one)
{
    const struct superflag_event_options options = {.takes_any_dimension = true};
    const struct json *events = json_find(json_find(one, STR("body")), STR("events"));
    expect_true(run, events->count > 0, "has events");
    for (uint32_t i = 0; i < events->count; i++) {
        const struct json *event = &events->elements[i];
        struct issue *issues = NULL;
        size_t count = superflag_check_event(&run->arena, event, &options, &issues);
        expect_true(run, count == 0, "an event is refused");
        if (count > 0)
            return;
        struct event_row row = superflag_decode_event(&run->arena, event, 7, 9);
        expect_document(run, row.document, event, "document");
        expect_text(run, row.event_id, json_find(event, STR("id")), "id");
        expect_text(run, row.kind, json_find(event, STR("kind")), "kind");
        expect_text(run, row.flag_key, json_find(event, STR("flagKey")), "flag");
        expect_text(run, row.variation, json_find(event, STR("variation")), "variation");
        expect_text(run, row.subject_id, json_find(json_find(event, STR("subject")), STR("id")),
                    "subject");
        expect_number(run, (double)row.version, json_find(event, STR("configVersion")), "version");
        expect_true(run, row.environment == 7 && row.received_ms == 9, "where and when");
    }
}

void run_telemetry_request(struct run *run, const struct json *object)
{
    for (uint32_t i = 0; i < object->count; i++)
        run_case(run, &object->members[i].value, i, run_request);
}

/* ---- experiments ------------------------------------------------------------------------ */

static void run_assign(struct run *run, const struct json *one)
{
    struct writing writing;
    struct fault fault = superflag_append_assignment(
        writing_begin(&writing), &run->arena, &case_config(run)->state,
        case_member(run, STR("iteration")), case_member(run, STR("context")), run->scratch);
    struct str text = writing_end(run, &writing);
    const struct json *error = json_find(one, STR("error"));
    if (failed(fault) || error != NULL)
        expect_text(run, fault.why, error, "error");
    else
        expect_document(run, text, case_member(run, STR("expect")), "assignment");
}

void run_experiment_assign(struct run *run, const struct json *list)
{
    run_list(run, list, run_assign);
}

static void run_transition(struct run *run, const struct json *one)
{
    (void)one;
    enum experiment_stage from = EXPERIMENT_DRAFT;
    enum experiment_stage to = EXPERIMENT_DRAFT;
    bool are_known = superflag_parse_experiment_stage(case_text(run, STR("from")), &from) &&
                     superflag_parse_experiment_stage(case_text(run, STR("to")), &to);
    expect_true(run, are_known, "stages are known");
    struct json got = json_make_boolean(superflag_may_transition(from, to));
    expect_json(run, &got, case_member(run, STR("allowed")), "allowed");
}

void run_experiment_transitions(struct run *run, const struct json *list)
{
    run_list(run, list, run_transition);
}

static void run_iteration(struct run *run, const struct json *one)
{
    (void)one;
    struct issue *issues = NULL;
    size_t count =
        superflag_check_iteration(&run->arena, case_member(run, STR("iteration")), &issues);
    expect_issues(run, issues, count, true);
}

void run_iteration_validation(struct run *run, const struct json *list)
{
    run_list(run, list, run_iteration);
}

/* An iteration of the file's own with another allocation. */
static struct json with_allocation(struct run *run, const struct json *allocation)
{
    const struct json *assigns = json_find(run->file, STR("experimentAssign"));
    if (assigns == NULL || assigns->count == 0) {
        case_fail(run, "the file has no iteration to vary");
        return json_make_null();
    }
    struct json iteration =
        json_copy(&run->arena, json_find(&assigns->elements[0], STR("iteration")));
    for (uint32_t i = 0; i < iteration.count; i++) {
        if (str_equal(iteration.members[i].key, STR("allocation")))
            iteration.members[i].value = *allocation;
    }
    return iteration;
}

static void run_ramp(struct run *run, const struct json *one)
{
    const struct json *previous = json_find(one, STR("previous"));
    const struct json *next = json_find(one, STR("next"));
    struct json preserving = json_make_boolean(superflag_ramp_preserves(previous, next));
    expect_json(run, &preserving, case_member(run, STR("preserving")), "preserving");

    struct json before = with_allocation(run, previous);
    struct json after = with_allocation(run, next);
    struct json may_replace = json_make_boolean(superflag_may_replace_iteration(&before, &after));
    expect_json(run, &may_replace, case_member(run, STR("replacementWhileRunning")),
                "replacement while running");
}

void run_iteration_ramp(struct run *run, const struct json *list)
{
    run_list(run, list, run_ramp);
}
