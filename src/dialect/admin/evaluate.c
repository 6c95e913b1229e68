/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate - what is decided, and why, for those who ask the admin API. See evaluate.h. */
#include "dialect/admin/evaluate.h"

#include <assert.h>

#include "base/instant.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/request.h"
#include "model/codec.h"

/* ---- decisions ------------------------------------------------------------------------------- */

static struct str error_code(enum decision_error error)
{
    switch (error) {
    case DECISION_OK:
        break;
    case DECISION_FLAG_NOT_FOUND:
        return STR("FLAG_NOT_FOUND");
    case DECISION_INVALID_CONTEXT:
    case DECISION_KEY_MISSING:
        return STR("TARGETING_KEY_MISSING");
    case DECISION_CYCLE_DETECTED:
        return STR("CYCLE_DETECTED");
    case DECISION_NO_VARIATION:
        return STR("NO_VARIATION");
    }
    return (struct str){0};
}

void admin_member_variation(struct json_writer *writer, struct str key, const struct flag *flag,
                            int variation)
{
    json_key(writer, key);
    if (flag == NULL || variation < 0)
        json_null(writer);
    else
        json_string(writer, flag->variations[variation].id);
}

static void write_value(struct json_writer *writer, const struct variation *variation)
{
    json_key(writer, STR("value"));
    if (variation == NULL) {
        json_null(writer);
        return;
    }
    json_tree(writer, &variation->value);
    if (variation->has_payload)
        json_member_tree(writer, STR("payload"), &variation->payload);
}

void admin_write_decision(struct json_writer *writer, struct str key,
                          const struct decision *decision)
{
    const struct flag *flag = decision->flag == NULL ? NULL : decision->flag->flag;
    bool is_served = flag != NULL && decision->variation >= 0;
    struct str code = error_code(decision->error);
    json_member_string(writer, STR("key"), key);
    admin_member_variation(writer, STR("variation"), flag, decision->variation);
    write_value(writer, is_served ? &flag->variations[decision->variation] : NULL);
    json_member_string(writer, STR("reason"), reason_name(decision->reason));
    if (flag != NULL && decision->rule != RULE_NONE)
        json_member_string(writer, STR("rule"), flag->rules[decision->rule].id);
    if (!str_is_absent(code))
        json_member_string(writer, STR("errorCode"), code);
}

void admin_member_schedule(struct json_writer *writer, const struct schedule *schedule,
                           int64_t now_ms)
{
    bool has_start = !str_is_absent(schedule->start);
    bool has_end = !str_is_absent(schedule->end);
    struct str state = STR("active");
    if (!has_start && !has_end)
        state = STR("always");
    else if (has_start && now_ms < schedule->start_ms)
        state = STR("before");
    else if (has_end && now_ms >= schedule->end_ms)
        state = STR("after");
    if (has_start || has_end) {
        json_key(writer, STR("schedule"));
        schedule_encode(schedule, writer);
    }
    json_member_string(writer, STR("state"), state);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* One flag's, for one context; what it takes comes from the arena, emptied in between. */
typedef void write_flag(struct json_writer *writer, struct arena *arena,
                        const struct admin_case *asked);

static void write_evaluated(struct json_writer *writer, struct arena *arena,
                            const struct admin_case *asked)
{
    (void)arena;
    const struct decision decision = evaluate(asked->question->state.snapshot->rules, asked->key,
                                              asked->context, asked->question->now_ms, NULL);
    json_object_begin(writer);
    admin_write_decision(writer, asked->key, &decision);
    json_object_end(writer);
}

static void write_explained(struct json_writer *writer, struct arena *arena,
                            const struct admin_case *asked)
{
    int64_t now_ms = asked->question->now_ms;
    const struct explanation *explanation =
        explain(asked->explainer, arena, asked->key, asked->context, now_ms);
    struct admin_case decided = *asked;
    decided.decision = &explanation->decision;
    json_object_begin(writer);
    admin_write_decision(writer, asked->key, &explanation->decision);
    if (explanation->flag != NULL)
        admin_write_steps(writer, arena, explanation, now_ms);
    json_key(writer, STR("vector"));
    admin_write_vector(writer, arena, &decided);
    json_object_end(writer);
}

static void write_targeting_key(struct json_writer *writer, struct str key)
{
    json_key(writer, STR("targetingKey"));
    if (str_is_empty(key))
        json_null(writer);
    else
        json_string(writer, key);
}

static void write_result(struct json_writer *writer, const struct admin_question *question,
                         const struct json *sent, struct explainer *explainer, write_flag *write)
{
    struct arena moment;
    struct arena arena;
    struct context context;
    arena_open(&moment, 65536);
    arena_open(&arena, 65536);
    admin_context_open(&context, &moment, question, sent);
    json_object_begin(writer);
    write_targeting_key(writer, context.targeting_key);
    json_key(writer, STR("flags"));
    json_array_begin(writer);
    for (size_t i = 0; i < question->flag_count && !buf_failed(writer->buf); i++) {
        const struct admin_case asked = {.question = question,
                                         .explainer = explainer,
                                         .context = &context,
                                         .context_sent = sent,
                                         .key = question->flags[i]};
        write(writer, &arena, &asked);
        arena_reset(&arena);
    }
    json_array_end(writer);
    json_object_end(writer);
    arena_close(&arena);
    arena_close(&moment);
}

static void write_answer(struct json_writer *writer, const struct admin_question *question,
                         struct explainer *explainer, write_flag *write)
{
    char at[INSTANT_TEXT_BYTES];
    instant_format(question->now_ms, at);
    json_object_begin(writer);
    if (question->environment != NULL) {
        json_member_u64(writer, STR("environment"), question->environment->number);
        json_member_u64(writer, STR("version"), question->state.snapshot->version);
    }
    json_member_string(writer, STR("at"), str_of(at));
    json_member_string(writer, STR("source"), STR("recomputed"));
    json_key(writer, STR("results"));
    json_array_begin(writer);
    for (size_t i = 0; i < question->context_count && !buf_failed(writer->buf); i++)
        write_result(writer, question, &question->contexts[i], explainer, write);
    json_array_end(writer);
    json_object_end(writer);
}

void admin_write_answer(struct json_writer *writer, const struct admin_question *question,
                        bool is_explained)
{
    if (!is_explained) {
        write_answer(writer, question, NULL, write_evaluated);
        return;
    }
    struct arena arena;
    arena_open(&arena, 65536);
    struct explainer *explainer = explainer_open(&arena, question->state.snapshot->rules);
    write_answer(writer, question, explainer, write_explained);
    explainer_close(explainer);
    arena_close(&arena);
}

static void answer_question(struct exchange *x, const struct admin_question *question,
                            bool is_explained)
{
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    answer.buf.bytes_max = QUESTION_ANSWER_BYTES_MAX;
    admin_write_answer(writer, question, is_explained);
    if (!buf_failed(&answer.buf)) {
        admin_answer_end(x, &answer, 200);
        return;
    }
    buf_close(&answer.buf);
    admin_refuse_with(x, FAULT_LIMIT, "",
                      STR("the answer would be larger than 4 MiB: ask about fewer flags or "
                          "contexts"));
}

static void ask(struct exchange *x, bool is_explained)
{
    struct admin_question question;
    if (!admin_question_open(x, is_explained, &question))
        return;
    answer_question(x, &question, is_explained);
    admin_question_close(&question);
}

void admin_evaluate(struct exchange *x)
{
    ask(x, false);
}

void admin_explain(struct exchange *x)
{
    ask(x, true);
}
