/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate_question - who asks about which flags, of when: see evaluate.h. */
#include "base/instant.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/evaluate.h"
#include "dialect/admin/fields.h"
#include "snapshot/cost.h"

/* ---- contexts -------------------------------------------------------------------------------- */

static bool read_contexts(struct exchange *x, const struct json *body,
                          struct admin_question *question)
{
    const struct json *one = json_find(body, STR("context"));
    const struct json *many = json_find(body, STR("contexts"));
    if ((one == NULL) == (many == NULL))
        return admin_refuse_with(x, FAULT_INVALID, "",
                                 STR("either context or contexts is needed, and not both"));
    if (one != NULL) {
        question->contexts = one;
        question->context_count = 1;
        return admin_context_check(x, one, STR("/context"));
    }
    if (many->type != JSON_ARRAY || many->count == 0)
        return field_refuse(x, STR("contexts"), STR("must be a list of contexts"));
    if (many->count > QUESTION_CONTEXTS_MAX)
        return admin_refuse_with(x, FAULT_LIMIT, "/contexts",
                                 STR("at most 100 contexts may be asked about at once"));
    question->contexts = many->elements;
    question->context_count = many->count;
    for (uint32_t i = 0; i < many->count; i++) {
        struct str pointer = arena_format(x->arena, "/contexts/%u", (unsigned)i);
        if (!admin_context_check(x, &many->elements[i], pointer))
            return false;
    }
    return true;
}

/* ---- flags ----------------------------------------------------------------------------------- */

static bool read_flags(struct exchange *x, const struct json *flags,
                       struct admin_question *question)
{
    if (flags->type != JSON_ARRAY || flags->count == 0)
        return field_refuse(x, STR("flags"), STR("must be a list of keys"));
    struct str *keys = ARENA_NEW_ARRAY(x->arena, struct str, flags->count);
    for (uint32_t i = 0; i < flags->count; i++) {
        const struct json *key = &flags->elements[i];
        if (key->type != JSON_STRING || key->string.size == 0)
            return admin_refuse_with(x, FAULT_INVALID,
                                     arena_format(x->arena, "/flags/%u", (unsigned)i).data,
                                     STR("must be the key of a flag"));
        keys[i] = key->string;
    }
    question->flags = keys;
    question->flag_count = flags->count;
    return true;
}

void admin_question_list_flags(struct arena *arena, struct admin_question *question)
{
    const struct environment_state *state = &question->state.snapshot->state;
    struct str *keys = ARENA_NEW_ARRAY(arena, struct str, state->flag_count);
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        bool is_served = flag->kind == FLAG_KIND_FLAG || flag->kind == FLAG_KIND_EXPERIMENT;
        if (is_served && !flag->is_archived)
            keys[question->flag_count++] = flag->key;
    }
    question->flags = keys;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool read_now(struct exchange *x, const struct json *body, bool *is_there, int64_t *now_ms)
{
    const struct json *now = json_find(body, STR("now"));
    *is_there = now != NULL;
    if (now == NULL)
        return true;
    bool is_instant = now->type == JSON_STRING && instant_parse(now->string, now_ms) &&
                      instant_is_calendar_date(now->string);
    return is_instant ||
           field_refuse(x, STR("now"), STR("must be an instant (2026-01-31T12:00:00Z)"));
}

static bool is_within_limits(struct exchange *x, bool is_explained,
                             const struct admin_question *question)
{
    if (is_explained && question->flag_count > QUESTION_EXPLAINED_MAX)
        return admin_refuse_with(x, FAULT_LIMIT, "/flags",
                                 STR("at most 20 flags may be explained at once"));
    if (question->flag_count * question->context_count > QUESTION_ANSWERS_MAX)
        return admin_refuse_with(x, FAULT_LIMIT, "",
                                 STR("that would be more than 10,000 answers: ask about fewer "
                                     "flags or contexts"));
    return admin_question_steps(x->arena, question, is_explained) <= SNAPSHOT_STEPS_MAX ||
           admin_refuse_with(x, FAULT_LIMIT, "",
                             STR("these flags would take too many steps to evaluate: ask about "
                                 "fewer of them, or about fewer contexts"));
}

static bool read_question(struct exchange *x, bool is_explained, struct admin_question *question,
                          const struct json **flags)
{
    static const struct str members[] = {STR("context"), STR("contexts"), STR("flags"), STR("now")};
    struct json *body = ARENA_NEW(x->arena, struct json);
    bool has_now = false;
    if (!admin_find_environment(x, &question->environment) ||
        !admin_read_body(x, members, COUNT_OF(members), body) ||
        !read_contexts(x, body, question) || !read_now(x, body, &has_now, &question->now_ms))
        return false;
    *flags = json_find(body, STR("flags"));
    if (*flags == NULL && is_explained)
        return field_refuse(x, STR("flags"), STR("is needed: which flags are to be explained"));
    if (*flags != NULL && !read_flags(x, *flags, question))
        return false;
    if (!admin_state_open(x, question->environment, &question->state))
        return false;
    if (!has_now)
        question->now_ms = question->state.at_ms;
    return true;
}

bool admin_question_open(struct exchange *x, bool is_explained, struct admin_question *question)
{
    *question = (struct admin_question){0};
    const struct json *flags = NULL;
    if (!read_question(x, is_explained, question, &flags))
        return false;
    if (flags == NULL)
        admin_question_list_flags(x->arena, question);
    if (!is_within_limits(x, is_explained, question)) {
        admin_state_close(&question->state);
        return false;
    }
    question->scratch = pattern_scratch_open();
    return true;
}

void admin_question_close(struct admin_question *question)
{
    pattern_scratch_close(question->scratch);
    admin_state_close(&question->state);
}
