/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate_one - one flag for one subject: what server SDKs ask, once per evaluation. */
#include "dialect/ofrep/answer.h"
#include "dialect/ofrep/evaluate.h"
#include "dialect/ofrep/person.h"

/* NULL when there is none that the caller sees. */
static const struct flag_rules *find_flag(const struct exchange *x, const struct snapshot *snapshot)
{
    const struct flag_rules *flag = ruleset_find(snapshot->rules, x->parameters[0]);
    bool is_seen = flag != NULL && channel_sees(snapshot, channel_of(x->caller), flag->index);
    return is_seen ? flag : NULL;
}

static void answer(struct exchange *x, const struct ofrep_flag *flag,
                   const struct decision *decision)
{
    struct answer_parts parts = ofrep_answer_parts(flag, decision);
    char *text = arena_allocate(x->arena, answer_parts_size(&parts) + ANSWER_END_BYTES);
    char *end = answer_parts_put(text, &parts);
    x->note = parts.end->note;
    x->response.status = parts.end->is_error ? 400 : 200;
    x->response.headers = STR(OFREP_JSON_LINES);
    x->response.body = (struct str){text + 1, (size_t)(end - text) - 1}; /* not the comma */
}

static void evaluate_for(struct exchange *x, const struct snapshot *snapshot,
                         const struct flag_rules *flag, const struct ofrep_subject *subject)
{
    struct context context;
    struct ofrep_person person;
    context_open(&context, x->arena, snapshot->rules, subject->key, &subject->attributes,
                 x->scratch);
    context.may_lack_key = true;
    person_open(&person, x, subject);
    sticky_bind(&person.sticky, &context);
    struct decision decision = evaluate_flag(flag, &context, x->now_ms, NULL);
    answer(x, ofrep_flag_of(snapshot->flags[flag->index]), &decision);
    if (decision.error == DECISION_OK && flag->sticky_count > 0)
        sticky_note(&person.sticky, &decision);
    if (flag->flag->kind == FLAG_KIND_EXPERIMENT)
        person_note_assignment(&person, snapshot, &decision);
}

void ofrep_evaluate_one(struct exchange *x)
{
    struct ofrep_subject subject;
    const struct snapshot *snapshot = view_find(x->view, x->caller->environment);
    const struct flag_rules *flag = find_flag(x, snapshot);
    x->version = snapshot->version;
    if (flag == NULL) {
        ofrep_refuse_with(x, 404, OFREP_FLAG_NOT_FOUND, STR("there is no such flag"));
        return;
    }
    struct fault fault = ofrep_decode_subject(x, &subject);
    if (failed(fault))
        ofrep_refuse_with(x, 400, OFREP_INVALID_CONTEXT, fault.why);
    else
        evaluate_for(x, snapshot, flag, &subject);
}
