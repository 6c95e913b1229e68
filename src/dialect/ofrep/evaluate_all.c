/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate_all - all flags for one subject: what browsers and phones ask, once per context, and
 * again after each change.
 *
 * Flags are decided first, which tells how long the answer is and what its tag; then it is copied
 * together, unless the client has it already.
 */
#include <string.h>

#include "base/gzip.h"
#include "base/memory.h"
#include "base/stamp.h"
#include "dialect/ofrep/answer.h"
#include "dialect/ofrep/evaluate.h"
#include "dialect/ofrep/person.h"
#include "dialect/ofrep/stream.h"
#include "dialect/ofrep/tag.h"

enum { GZIP_BODY_BYTES_MIN = 1024 };
#define INACTIVITY_DELAY_S "120" /* seconds a hidden page keeps its stream */

/* ---- what is asked --------------------------------------------------------------------------- */

struct question {
    struct exchange *x;
    const struct snapshot *snapshot;
    const struct ofrep_pieces *pieces;
    bool is_bare;    /* nothing but flags: members beside them break the client */
    bool takes_gzip; /* a tag belongs to one form of the body */
    struct tag tag;
};

/* One provider's JSON refuses members it does not know (README.md). */
static bool is_picky(const struct exchange *x)
{
    return str_starts_with(http_header(x->request, STR("user-agent")), STR("ktor-client"));
}

/* Who asks, and what they say: the same for both parts of the tag. */
static uint64_t digest_request(const struct question *question)
{
    const struct exchange *x = question->x;
    uint64_t digest = stamp_of(x->request->body);
    digest = stamp_mix(digest, stamp_of(x->caller->credential_id));
    return stamp_mix(digest, (uint64_t)question->is_bare << 1 | question->takes_gzip);
}

static struct question open_question(struct exchange *x)
{
    struct question question = {
        .x = x,
        .snapshot = view_find(x->view, x->caller->environment),
        .is_bare = is_picky(x),
        .takes_gzip = http_accepts_gzip(x->request),
    };
    const struct snapshot *snapshot = question.snapshot;
    question.pieces = ofrep_pieces_of(snapshot);
    question.tag.answer = question.tag.input = digest_request(&question);
    question.tag.input = stamp_mix(question.tag.input, snapshot->environment);
    question.tag.input = stamp_mix(question.tag.input, snapshot->version);
    question.tag.input = stamp_mix(question.tag.input, ruleset_moment(snapshot->rules, x->now_ms));
    return question;
}

/* Answers are a function of what was asked, unless something is remembered of who asks. */
static bool is_function(const struct question *question)
{
    return !question->pieces->has_sticky || question->x->services->variations == NULL;
}

/* ---- deciding -------------------------------------------------------------------------------- */

struct answers {
    struct answer_parts *items; /* by key */
    size_t count;
    size_t size; /* bytes of all of them */
};

static struct answers decide(const struct question *question, const struct ofrep_subject *subject,
                             uint64_t *digest)
{
    struct exchange *x = question->x;
    const struct snapshot *snapshot = question->snapshot;
    const struct ofrep_flag *const *flags = ofrep_answers_of(snapshot)->flags;
    struct channel_walk walk = channel_walk_begin(snapshot, channel_of(x->caller));
    struct answers answers = {
        .items = ARENA_NEW_ARRAY(x->arena, struct answer_parts, channel_walk_count_max(&walk))};
    struct context context;
    struct ofrep_person person;
    context_open(&context, x->arena, snapshot->rules, subject->key, &subject->attributes,
                 x->scratch);
    context.may_lack_key = true;
    person_open(&person, x, subject);
    sticky_bind(&person.sticky, &context);
    for (uint32_t place; channel_walk_next(&walk, &place);) {
        const struct flag_rules *flag = &snapshot->rules->flags[place];
        struct decision decision = evaluate_flag(flag, &context, x->now_ms, NULL);
        if (flag->sticky_count > 0 && decision.error == DECISION_OK)
            sticky_note(&person.sticky, &decision);
        struct answer_parts *parts = &answers.items[answers.count++];
        *parts = ofrep_answer_parts(flags[place], &decision);
        answers.size += answer_parts_size(parts);
        *digest = stamp_mix(*digest, parts->piece->stamp + parts->end->stamp);
    }
    return answers;
}

/* ---- answering ------------------------------------------------------------------------------- */

/* What stands behind the flags, in pieces; those that are not there are empty. */
enum { MEMBERS = 4 };
struct members {
    struct str texts[MEMBERS];
    size_t size;
};

static struct members find_members(const struct question *question, uint64_t *digest)
{
    struct members members = {0};
    if (question->is_bare)
        return members;
    struct str uri = ofrep_event_uri(question->x);
    members.texts[0] = question->pieces->metadata;
    if (!str_is_absent(uri)) {
        members.texts[1] = STR(",\"eventStreams\":[{\"type\":\"sse\",\"endpoint\":"
                               "{\"requestUri\":\"");
        members.texts[2] = uri;
        members.texts[3] = STR("\"},\"inactivityDelaySec\":" INACTIVITY_DELAY_S "}]");
    }
    for (size_t i = 0; i < MEMBERS; i++)
        members.size += members.texts[i].size;
    /* which address it is follows from the credential, of which the digest is already */
    *digest = stamp_mix(stamp_mix(*digest, question->pieces->metadata_stamp), members.size);
    return members;
}

static char *put(char *at, struct str text)
{
    if (text.size > 0)
        memcpy(at, text.data, text.size);
    return at + text.size;
}

/* Every answer brings its comma in front; the first one's makes room for the bracket. */
static struct buf write_body(const struct answers *answers, const struct members *members)
{
    const struct str begin = STR("{\"flags\":");
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    char *text = buf_reserve(&buf, begin.size + answers->size + ANSWER_END_BYTES + sizeof("[]}") +
                                       members->size);
    char *first = put(text, begin);
    char *at = first;
    for (size_t i = 0; i < answers->count; i++)
        at = answer_parts_put(at, &answers->items[i]);
    if (at == first)
        at++;
    *first = '[';
    *at++ = ']';
    for (size_t i = 0; i < MEMBERS; i++)
        at = put(at, members->texts[i]);
    *at++ = '}';
    buf_advance(&buf, (size_t)(at - text));
    return buf;
}

#define VARY_LINE "Vary: Authorization, X-API-Key, Accept-Encoding, User-Agent\r\n"

/* ETag: <tag>, and the other lines behind it. */
static struct str write_headers(struct arena *arena, struct str tag, struct str lines)
{
    const struct str begin = STR("ETag: ");
    const struct str end = STR("\r\n");
    size_t size = begin.size + tag.size + end.size + lines.size;
    char *text = arena_allocate(arena, size);
    put(put(put(put(text, begin), tag), end), lines);
    return (struct str){text, size};
}

static void answer_unchanged(struct exchange *x, struct str tag)
{
    x->response.status = 304;
    x->response.headers =
        write_headers(x->arena, tag, STR("Cache-Control: no-store\r\n" VARY_LINE OFREP_CORS_LINES));
}

static void release_bytes(void *owner)
{
    memory_free(owner);
}

static void answer_whole(const struct question *question, struct buf *body)
{
    struct exchange *x = question->x;
    char tag[TAG_BYTES];
    struct str lines = STR(OFREP_JSON_LINES VARY_LINE);
    tag_write(&question->tag, tag);
    if (question->takes_gzip && body->size >= GZIP_BODY_BYTES_MIN) {
        struct buf gzip;
        buf_open(&gzip, SIZE_MAX);
        gzip_compress(buf_str(body), &gzip, GZIP_LEVEL_FAST);
        buf_close(body);
        *body = gzip;
        lines = STR("Content-Encoding: gzip\r\n" OFREP_JSON_LINES VARY_LINE);
    }
    x->response.status = 200;
    x->response.headers = write_headers(x->arena, (struct str){tag, TAG_BYTES}, lines);
    x->response.body = buf_str(body);
    x->response.body_owner = body->data;
    x->response.release = release_bytes;
}

void ofrep_evaluate_all(struct exchange *x)
{
    struct question question = open_question(x);
    struct str if_none_match = http_header(x->request, STR("if-none-match"));
    x->version = question.snapshot->version;
    struct str known = tag_find_input(if_none_match, question.tag.input);
    if (!str_is_absent(known) && is_function(&question)) {
        answer_unchanged(x, known);
        return;
    }
    struct ofrep_subject subject;
    struct fault fault = ofrep_decode_subject(x, &subject);
    if (failed(fault)) {
        ofrep_refuse_with(x, 400, OFREP_INVALID_CONTEXT, fault.why);
        return;
    }
    struct answers answers = decide(&question, &subject, &question.tag.answer);
    struct members members = find_members(&question, &question.tag.answer);
    known = tag_find_answer(if_none_match, question.tag.answer);
    if (!str_is_absent(known)) {
        answer_unchanged(x, known);
        return;
    }
    struct buf body = write_body(&answers, &members);
    answer_whole(&question, &body);
}
