/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate - what an environment decides about people, and why: asked by people.
 *
 * A question is read (evaluate_question.c) and answered context by context. What is asked is
 * decided anew, from the documents of the version it is asked of; nothing is remembered of who had
 * what (sticky experiments look into the context alone), nothing is noted or counted, and contexts
 * are not logged.
 */
#ifndef ADMIN_EVALUATE_H
#define ADMIN_EVALUATE_H

#include "dialect/admin/as_of.h"
#include "eval/explain.h"
#include "json/write.h"

enum {
    QUESTION_CONTEXTS_MAX = 100,
    QUESTION_ANSWERS_MAX = 10000,                /* flags times contexts */
    QUESTION_EXPLAINED_MAX = 20,                 /* flags */
    QUESTION_ANSWER_BYTES_MAX = 4 * 1024 * 1024, /* 25 ms of writing on a slow machine */
};

struct admin_question {
    const struct catalog_environment *environment; /* NULL: of no server, a text's: offline.h */
    struct admin_state state;
    int64_t now_ms; /* what functions of time are read at */
    const struct json *contexts;
    size_t context_count;
    const struct str *flags; /* keys, in the order of the answer */
    size_t flag_count;
    struct pattern_scratch *scratch;
};

/* False when the exchange is answered. is_explained: flags have to be named. */
bool admin_question_open(struct exchange *x, bool is_explained, struct admin_question *question);
void admin_question_close(struct admin_question *question);
/* Asks about all that SDKs may be served: no groups, nothing archived. */
void admin_question_list_flags(struct arena *arena, struct admin_question *question);

/* What answering it takes at worst: evaluate_cost.c. */
size_t admin_question_steps(struct arena *arena, const struct admin_question *question,
                            bool is_explained);

/* ---- contexts: evaluate_context.c ------------------------------------------------------------ */

/* One as it is sent, within the limits of contexts; pointer: where in the body it stands. */
bool admin_context_check(struct exchange *x, const struct json *json, struct str pointer);
struct fault admin_context_find_fault(const struct json *json) MUST_CHECK;
/* In the form that it has: a tree when it has a member `user` and no targetingKey. */
void admin_context_open(struct context *context, struct arena *arena,
                        const struct admin_question *question, const struct json *json);

/* ---- answers --------------------------------------------------------------------------------- */

/* The whole answer to a question. */
void admin_write_answer(struct json_writer *writer, const struct admin_question *question,
                        bool is_explained);

/* A decision's members: key, variation, value, payload, reason, rule, errorCode. */
void admin_write_decision(struct json_writer *writer, struct str key,
                          const struct decision *decision);

/* An id, or null. */
void admin_member_variation(struct json_writer *writer, struct str key, const struct flag *flag,
                            int variation);
/* "schedule" and the "state" it is in at a moment: always, before, active, after. */
void admin_member_schedule(struct json_writer *writer, const struct schedule *schedule,
                           int64_t now_ms);

/* evaluate_steps.c, evaluate_expression.c, evaluate_serve.c: an explanation's parts as values. */
void admin_write_steps(struct json_writer *writer, struct arena *arena,
                       const struct explanation *explanation, int64_t now_ms);
void admin_write_expression(struct json_writer *writer,
                            const struct explained_expression *explained, int64_t now_ms);
/* "failing": the clause that a rule fails by; nothing when it holds. */
void admin_member_failing(struct json_writer *writer, struct arena *arena,
                          const struct explained_expression *when);
void admin_write_serve(struct json_writer *writer, const struct flag *flag,
                       const struct explained_serve *serve);

/* evaluate_vector.c: the case as a test that needs nothing else, as a value. */
struct admin_case {
    const struct admin_question *question;
    struct explainer *explainer;
    struct context *context;
    const struct json *context_sent;
    struct str key;
    const struct decision *decision;
};
void admin_write_vector(struct json_writer *writer, struct arena *arena,
                        const struct admin_case *asked);

#endif
