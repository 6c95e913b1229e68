/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate_steps - a decision's checks in the order in which they are made. */
#include <assert.h>

#include "dialect/admin/evaluate.h"

/* What all parts of one flag's explanation need. */
struct telling {
    struct json_writer *writer;
    struct arena *arena;
    const struct explanation *explanation;
    const struct flag *flag;
    int64_t now_ms;
};

static void write_explanation(struct json_writer *writer, struct arena *arena,
                              const struct explanation *explanation, int64_t now_ms);

static struct str step_name(enum explained_step step)
{
    switch (step) {
    case STEP_KEY:
        return STR("key");
    case STEP_ENABLED:
        return STR("enabled");
    case STEP_SCHEDULE:
        return STR("schedule");
    case STEP_INCLUSIONS:
        return STR("inclusions");
    case STEP_PREREQUISITES:
        return STR("prerequisites");
    case STEP_STICKINESS:
        return STR("stickiness");
    case STEP_RULES:
        return STR("rule");
    case STEP_FALLTHROUGH:
        return STR("fallthrough");
    }
    assert(false);
    return STR("");
}

static void begin_step(const struct telling *telling, enum explained_step step, bool is_reached)
{
    json_object_begin(telling->writer);
    json_member_string(telling->writer, STR("check"), step_name(step));
    json_member_boolean(telling->writer, STR("reached"), is_reached);
}

static bool is_reached(const struct telling *telling, enum explained_step step)
{
    return telling->explanation->settled_by >= step;
}

/* One that lets the decision go on, or ends it. */
static void begin_gate(const struct telling *telling, enum explained_step step, bool has_passed)
{
    begin_step(telling, step, is_reached(telling, step));
    json_member_boolean(telling->writer, STR("passed"), has_passed);
}

/* ---- gates ----------------------------------------------------------------------------------- */

static void write_key(const struct telling *telling)
{
    begin_gate(telling, STEP_KEY, telling->explanation->settled_by != STEP_KEY);
    json_object_end(telling->writer);
}

static void write_enabled(const struct telling *telling)
{
    begin_gate(telling, STEP_ENABLED, telling->flag->is_enabled);
    json_object_end(telling->writer);
}

static void write_schedule(const struct telling *telling)
{
    begin_gate(telling, STEP_SCHEDULE, telling->explanation->is_in_schedule);
    admin_member_schedule(telling->writer, &telling->flag->schedule, telling->now_ms);
    json_object_end(telling->writer);
}

/* ---- who is listed, who had it -----------------------------------------------------------------
 */

static struct str way_name(enum choice_way way)
{
    switch (way) {
    case CHOICE_USER_ID:
        return STR("userId");
    case CHOICE_DEVICE_ID:
        return STR("deviceId");
    case CHOICE_COHORT:
        return STR("cohort");
    }
    assert(false);
    return STR("");
}

static void write_inclusion(const struct telling *telling, const struct explained_choice *choice)
{
    json_object_begin(telling->writer);
    admin_member_variation(telling->writer, STR("variation"), telling->flag, choice->variation);
    json_member_boolean(telling->writer, STR("held"), choice->holds);
    if (choice->holds) {
        json_member_string(telling->writer, STR("by"), way_name(choice->way));
        json_member_string(telling->writer, STR("listed"), choice->listed);
    }
    json_object_end(telling->writer);
}

static void write_inclusions(const struct telling *telling)
{
    const struct explanation *explanation = telling->explanation;
    begin_step(telling, STEP_INCLUSIONS, is_reached(telling, STEP_INCLUSIONS));
    json_member_boolean(telling->writer, STR("held"), explanation->included != VARIATION_NONE);
    json_key(telling->writer, STR("variations"));
    json_array_begin(telling->writer);
    for (size_t i = 0; i < explanation->inclusion_count; i++)
        write_inclusion(telling, &explanation->inclusions[i]);
    json_array_end(telling->writer);
    json_object_end(telling->writer);
}

static void write_stickiness(const struct telling *telling)
{
    const struct explanation *explanation = telling->explanation;
    begin_step(telling, STEP_STICKINESS, is_reached(telling, STEP_STICKINESS));
    json_member_boolean(telling->writer, STR("held"), explanation->kept != VARIATION_NONE);
    json_member_boolean(telling->writer, STR("sticky"), explanation->is_sticky);
    admin_member_variation(telling->writer, STR("variation"), telling->flag, explanation->kept);
    json_object_end(telling->writer);
}

/* ---- prerequisites --------------------------------------------------------------------------- */

static void write_wanted(struct json_writer *writer, const struct prerequisite *wanted)
{
    json_member_string(writer, STR("flag"), wanted->flag);
    json_key(writer, STR("wanted"));
    json_array_begin(writer);
    for (size_t i = 0; i < wanted->variation_count; i++)
        json_string(writer, wanted->variations[i]);
    json_array_end(writer);
}

static void write_prerequisite(const struct telling *telling,
                               const struct explained_prerequisite *prerequisite)
{
    struct json_writer *writer = telling->writer;
    json_object_begin(writer);
    write_wanted(writer, prerequisite->wanted);
    json_member_boolean(writer, STR("gate"), prerequisite->is_gate);
    json_member_boolean(writer, STR("reached"), prerequisite->is_reached);
    json_member_boolean(writer, STR("satisfied"), prerequisite->is_satisfied);
    admin_member_variation(writer, STR("variation"), prerequisite->flag, prerequisite->variation);
    json_member_string(writer, STR("reason"), reason_name(prerequisite->reason));
    if (prerequisite->flag == NULL)
        json_member_string(writer, STR("errorCode"), STR("FLAG_NOT_FOUND"));
    if (prerequisite->why != NULL && !prerequisite->is_repeated) {
        json_key(writer, STR("explanation"));
        write_explanation(writer, telling->arena, prerequisite->why, telling->now_ms);
    }
    json_object_end(writer);
}

static void write_prerequisites(const struct telling *telling)
{
    const struct explanation *explanation = telling->explanation;
    bool are_satisfied = explanation->settled_by != STEP_PREREQUISITES;
    for (size_t i = 0; i < telling->flag->prerequisite_count; i++)
        are_satisfied = are_satisfied && explanation->prerequisites[i].is_satisfied;
    begin_gate(telling, STEP_PREREQUISITES, are_satisfied);
    json_key(telling->writer, STR("flags"));
    json_array_begin(telling->writer);
    for (size_t i = 0; i < telling->flag->prerequisite_count; i++)
        write_prerequisite(telling, &explanation->prerequisites[i]);
    json_array_end(telling->writer);
    json_object_end(telling->writer);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void write_rule(const struct telling *telling, const struct explained_rule *rule)
{
    struct json_writer *writer = telling->writer;
    begin_step(telling, STEP_RULES, rule->is_reached);
    json_member_string(writer, STR("id"), rule->rule->id);
    if (!str_is_absent(rule->rule->description))
        json_member_string(writer, STR("description"), rule->rule->description);
    json_member_boolean(writer, STR("held"), rule->holds);
    json_member_boolean(writer, STR("served"), rule->is_serving);
    admin_member_schedule(writer, &rule->rule->schedule, telling->now_ms);
    admin_member_failing(writer, telling->arena, &rule->when);
    json_key(writer, STR("when"));
    admin_write_expression(writer, &rule->when, telling->now_ms);
    if (rule->holds) {
        json_key(writer, STR("serve"));
        admin_write_serve(writer, telling->flag, &rule->serve);
    }
    json_object_end(writer);
}

static void write_fallthrough(const struct telling *telling)
{
    const struct explained_serve *serve = &telling->explanation->fallthrough;
    bool has_come_here = telling->explanation->settled_by == STEP_FALLTHROUGH;
    begin_step(telling, STEP_FALLTHROUGH, has_come_here);
    json_member_boolean(telling->writer, STR("served"),
                        has_come_here && serve->variation != VARIATION_NONE);
    json_key(telling->writer, STR("serve"));
    admin_write_serve(telling->writer, telling->flag, serve);
    json_object_end(telling->writer);
}

/* ---- the whole ------------------------------------------------------------------------------- */

void admin_write_steps(struct json_writer *writer, struct arena *arena,
                       const struct explanation *explanation, int64_t now_ms)
{
    const struct telling telling = {writer, arena, explanation, explanation->flag->flag, now_ms};
    if (!str_is_absent(explanation->cycle))
        json_member_string(writer, STR("cycle"), explanation->cycle);
    json_member_string(writer, STR("settledBy"), step_name(explanation->settled_by));
    json_key(writer, STR("steps"));
    json_array_begin(writer);
    write_key(&telling);
    write_enabled(&telling);
    write_schedule(&telling);
    write_inclusions(&telling);
    write_prerequisites(&telling);
    write_stickiness(&telling);
    for (size_t i = 0; i < telling.flag->rule_count; i++)
        write_rule(&telling, &explanation->rules[i]);
    write_fallthrough(&telling);
    json_array_end(writer);
}

/* Of a flag that is leaned on; as deep as was explained. */
static void write_explanation(struct json_writer *writer, struct arena *arena,
                              const struct explanation *explanation, int64_t now_ms)
{
    json_object_begin(writer);
    admin_write_decision(writer, explanation->flag->flag->key, &explanation->decision);
    admin_write_steps(writer, arena, explanation, now_ms);
    json_object_end(writer);
}
