/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vardata - remote evaluation: a user in, results out. amplitude-evaluation.md 3.
 *
 * Memory only, and little of it: the user is parsed, each flag decided, and the answer copied
 * together from what was written ahead (pieces.h).
 */
#include <assert.h>
#include <string.h>

#include "dialect/amplitude/assignment.h"
#include "dialect/amplitude/base64.h"
#include "dialect/amplitude/evaluate.h"
#include "dialect/amplitude/pieces.h"
#include "dialect/amplitude/reply.h"
#include "dialect/amplitude/sticky.h"
#include "dialect/amplitude/user.h"
#include "ingest/identities.h"

/* ---- what is asked --------------------------------------------------------------------------- */

enum answer_form {
    FORM_ALL,      /* defaults, too; with metadata */
    FORM_ASSIGNED, /* without defaults: the older paths */
    FORM_PLAIN,    /* without defaults and metadata: the documented path */
};

struct question {
    struct json user;
    const struct str *keys; /* none: all flags */
    size_t key_count;
    enum answer_form form;
};

/* Documented members are few, but any number of others may come along. */
static const struct json_budget user_budget = {
    .depth_max = 32,
    .members_max = 10000,
    .string_bytes_max = USER_BODY_BYTES_MAX,
    .number_bytes_max = 64,
};

static struct fault parse(struct exchange *x, struct str where, struct str text, struct json *json)
{
    if (failed(json_parse(x->arena, text, &user_budget, json)))
        return fault_make(FAULT_INVALID, where, STR("must be JSON"));
    return fault_none();
}

static struct fault parse_header(struct exchange *x, struct str name, struct str value,
                                 struct json *json)
{
    struct str text;
    if (!base64_decode(x->arena, value, &text))
        return fault_make(FAULT_INVALID, name, STR("must be base64"));
    return parse(x, name, text, json);
}

/* The body of a POST, else the header; without either the user is empty (section 3.4). */
static struct fault read_user(struct exchange *x, struct json *user)
{
    bool is_post = x->request->method == HTTP_POST;
    if (is_post && x->request->body.size > 0)
        return parse(x, STR("body"), x->request->body, user);
    struct str header = http_header(x->request, STR("x-amp-exp-user"));
    if (!str_is_absent(header))
        return parse_header(x, STR("X-Amp-Exp-User"), header, user);
    if (is_post)
        return fault_make(FAULT_INVALID, STR("body"), STR("must be JSON"));
    *user = (struct json){.type = JSON_OBJECT};
    return fault_none();
}

static struct fault read_header_keys(struct exchange *x, struct question *question)
{
    struct json list;
    struct str name = STR("X-Amp-Exp-Flag-Keys");
    struct str header = http_header(x->request, STR("x-amp-exp-flag-keys"));
    if (str_is_empty(header))
        return fault_none();
    struct fault fault = parse_header(x, name, header, &list);
    if (failed(fault))
        return fault;
    if (list.type != JSON_ARRAY)
        return fault_make(FAULT_INVALID, name, STR("must be an array of strings"));
    struct str *keys = ARENA_NEW_ARRAY(x->arena, struct str, list.count);
    for (uint32_t i = 0; i < list.count; i++) {
        if (list.elements[i].type != JSON_STRING)
            return fault_make(FAULT_INVALID, name, STR("must be an array of strings"));
        keys[i] = list.elements[i].string;
    }
    question->keys = keys;
    question->key_count = list.count;
    return fault_none();
}

/* ---- deciding -------------------------------------------------------------------------------- */

static struct flag_results decide(struct exchange *x, const struct snapshot *snapshot,
                                  const struct flag_list *list, const struct amplitude_user *user)
{
    const struct snapshot_answers *pieces = pieces_answers(snapshot);
    struct flag_results results = {.items =
                                       ARENA_NEW_ARRAY(x->arena, struct flag_result, list->count)};
    struct context context;
    context_open_user(&context, x->arena, snapshot->rules, &user->tree, x->scratch);
    const struct amplitude_person person = {x->arena, user};
    const struct sticky sticky = amplitude_sticky(x, &person);
    sticky_bind(&sticky, &context);
    for (size_t i = 0; i < list->count; i++) {
        uint32_t place = list->places[i];
        const struct flag_rules *flag = &snapshot->rules->flags[place];
        struct decision decision = evaluate_flag(flag, &context, x->now_ms, NULL);
        if (decision.error != DECISION_OK || decision.variation == VARIATION_NONE)
            continue; /* a flag without a result has no entry (section 10.2) */
        if (flag->sticky_count > 0)
            amplitude_note_sticky(x, &sticky, &decision);
        const struct flag_pieces *of_flag = pieces->flags[place];
        struct flag_result *result = &results.items[results.count++];
        result->revision = snapshot->flags[place];
        result->pieces = of_flag;
        result->answer = &of_flag->answers[decision.variation];
        result->segment = pieces_segment(of_flag, &decision);
        results.text_bytes +=
            result->answer->text.size + result->segment.size + of_flag->experiment_member.size;
    }
    return results;
}

/* ---- answering ------------------------------------------------------------------------------- */

/* What every result ends with. It is copied whole, with what lies behind it: a known number of
 * bytes takes a few instructions, and there is a result for each of a hundred flags. */
struct tail {
    char text[80];
    size_t size;
};

/* `,"evaluationId":"<n>_<ms>_<n>"` and the brackets that close a result. The first number tells
 * requests apart, the last is the version of the rules. */
static void make_tail(struct exchange *x, const struct snapshot *snapshot, enum answer_form form,
                      struct tail *made)
{
    const uint64_t request[] = {(uint64_t)x->request->began_us, (uint64_t)(uintptr_t)x->request};
    uint64_t number = map_hash((struct str){(const char *)request, sizeof(request)});
    struct buf tail = {
        .data = made->text, .capacity = sizeof(made->text), .bytes_max = sizeof(made->text)};
    buf_append(&tail, STR(",\"evaluationId\":\""));
    buf_append_u64(&tail, number % 1000000000);
    buf_append_byte(&tail, '_');
    buf_append_u64(&tail, (uint64_t)x->now_ms);
    buf_append_byte(&tail, '_');
    buf_append_u64(&tail, snapshot->version);
    buf_append(&tail, form == FORM_PLAIN ? STR("\"}") : STR("\"}}"));
    assert(!buf_failed(&tail));
    made->size = tail.size;
}

static bool is_shown(const struct flag_result *result, enum answer_form form)
{
    return form == FORM_ALL || !result->answer->is_default;
}

/* What stands before the tail, in two parts. */
static inline void parts_of(const struct flag_result *result, enum answer_form form,
                            struct str parts[2])
{
    if (form == FORM_PLAIN) {
        parts[0] = (struct str){result->answer->text.data, result->answer->plain_size};
        parts[1] = result->pieces->experiment_member;
    } else {
        parts[0] = result->answer->text;
        parts[1] = result->segment;
    }
}

static char *put(char *at, struct str text)
{
    memcpy(at, text.data, text.size);
    return at + text.size;
}

static inline char *put_tail(char *at, const struct tail *tail)
{
    memcpy(at, tail->text, sizeof(tail->text));
    return at + tail->size;
}

/* At most; with room behind the last for a whole tail. */
static size_t measure_results(const struct flag_results *results, const struct tail *tail)
{
    return sizeof("{}") + results->text_bytes + results->count * tail->size + sizeof(tail->text);
}

/* Every result brings its comma in front; the first one's makes room for the bracket. */
static void write_results(struct buf *buf, const struct flag_results *results,
                          enum answer_form form, const struct tail *tail)
{
    struct str parts[2];
    char *text = buf_reserve(buf, measure_results(results, tail));
    char *end = text;
    for (size_t i = 0; i < results->count; i++) {
        if (!is_shown(&results->items[i], form))
            continue;
        parts_of(&results->items[i], form, parts);
        end = put_tail(put(put(end, parts[0]), parts[1]), tail);
    }
    if (end == text)
        end++;
    *text = '{';
    *end++ = '}';
    buf_advance(buf, (size_t)(end - text));
}

/* Who buckets go by (section 6.3), and who the statistics count. */
static struct str resolve(struct exchange *x, const struct amplitude_user *user)
{
    if (x->services->devices != NULL)
        return identity_resolve(x->services->devices, x->caller->environment, user->user_id,
                                user->device_id, x->arena);
    return user->user_id.size > 0 ? user->user_id : user->device_id;
}

static struct fault answer(struct exchange *x, const struct question *question)
{
    struct amplitude_user user;
    struct fault fault = user_decode(x->arena, &question->user, &user);
    if (failed(fault))
        return fault;
    struct str identity = resolve(x, &user);
    user_identify(&user, identity);
    const struct snapshot *snapshot = view_find(x->view, x->caller->environment);
    struct flag_list list = pieces_on(pieces_of(snapshot), x->caller->deployment);
    if (question->key_count > 0)
        list = pieces_select(x->arena, snapshot->rules, &list, question->keys, question->key_count);
    struct flag_results results = decide(x, snapshot, &list, &user);
    struct buf buf;
    struct tail tail;
    buf_open(&buf, SIZE_MAX);
    make_tail(x, snapshot, question->form, &tail);
    write_results(&buf, &results, question->form, &tail);
    x->version = snapshot->version;
    reply_json(x, 200, &buf);
    assignment_note(x, snapshot, &user, identity, &results);
    return fault_none();
}

/* ---- handlers -------------------------------------------------------------------------------- */

static void refuse(struct exchange *x, struct fault fault)
{
    amplitude_refuse_evaluation(x, fault, 0, (struct str){0});
}

static void answer_user(struct exchange *x, enum answer_form form)
{
    struct question question = {.form = form};
    struct fault fault = read_user(x, &question.user);
    if (!failed(fault))
        fault = read_header_keys(x, &question);
    if (!failed(fault))
        fault = answer(x, &question);
    if (failed(fault))
        refuse(x, fault);
}

void amplitude_evaluate_user(struct exchange *x)
{
    answer_user(x, FORM_ALL);
}

void amplitude_evaluate_user_legacy(struct exchange *x)
{
    answer_user(x, FORM_ASSIGNED);
}

/* What the query says of a member wins over its context. */
static struct fault override(struct exchange *x, struct str name, struct json *user)
{
    struct str value = {0};
    struct fault fault = exchange_query(x, name, &value);
    if (!failed(fault) && !str_is_empty(value))
        *user = user_with(x->arena, user, name, value);
    return fault;
}

static struct fault read_query_user(struct exchange *x, struct json *user)
{
    struct str context = {0};
    *user = (struct json){.type = JSON_OBJECT};
    struct fault fault = exchange_query(x, STR("context"), &context);
    if (!failed(fault) && !str_is_empty(context))
        fault = parse(x, STR("context"), context, user);
    if (!failed(fault) && user->type != JSON_OBJECT)
        fault = fault_make(FAULT_INVALID, STR("context"), STR("must be a JSON object"));
    if (!failed(fault))
        fault = override(x, STR("user_id"), user);
    if (!failed(fault))
        fault = override(x, STR("device_id"), user);
    return fault;
}

static bool names_anybody(const struct json *id)
{
    return id != NULL &&
           (id->type == JSON_NUMBER || (id->type == JSON_STRING && id->string.size > 0));
}

static struct fault check_named(const struct json *user)
{
    if (names_anybody(json_find(user, STR("user_id"))) ||
        names_anybody(json_find(user, STR("device_id"))))
        return fault_none();
    return fault_make(FAULT_INVALID, STR("user_id"), STR("user_id or device_id is required"));
}

void amplitude_evaluate_query(struct exchange *x)
{
    struct question question = {.form = FORM_PLAIN};
    struct fault fault = read_query_user(x, &question.user);
    if (!failed(fault))
        fault = check_named(&question.user);
    if (!failed(fault))
        fault = reply_query_keys(x, &question.keys, &question.key_count);
    if (!failed(fault))
        fault = answer(x, &question);
    if (failed(fault))
        refuse(x, fault);
}
