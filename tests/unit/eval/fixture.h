/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture - a small environment written as JSON, and questions to it.
 *
 * Documents are canonical ones with ' for ", of which only the interesting members are written:
 * the rest is a plain boolean flag that serves "on" to everybody. The moment is fixture_now
 * unless a test moves it.
 */
#ifndef EVAL_FIXTURE_H
#define EVAL_FIXTURE_H

#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/random.h"
#include "eval/evaluate.h"
#include "model/codec.h"

enum { FIXTURE_DOCUMENTS_MAX = 640, FIXTURE_COHORTS_MAX = 8 };

struct fixture {
    struct arena arena;
    const struct flag *flags[FIXTURE_DOCUMENTS_MAX];
    const struct segment *segments[FIXTURE_DOCUMENTS_MAX];
    struct cohort cohorts[FIXTURE_COHORTS_MAX];
    const struct cohort *cohort_list[FIXTURE_COHORTS_MAX];
    struct environment_state state;
    const struct ruleset *ruleset; /* compiled at the first question */
    struct pattern_scratch *scratch;
    struct context context;
    struct trace trace;
    int64_t now_ms;
};

static inline int64_t fixture_moment(const char *text)
{
    int64_t ms = 0;
    CHECK(instant_parse(str_of(text), &ms));
    return ms;
}

static inline struct fixture *fixture_open(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    CHECK(fixture != NULL);
    random_open();
    arena_open(&fixture->arena, 4096);
    fixture->scratch = pattern_scratch_open();
    fixture->state =
        (struct environment_state){.app_id = STR("app_1"), .name = STR("production"), .version = 1};
    fixture->now_ms = fixture_moment("2031-03-10T09:30:00.000Z");
    return fixture;
}

static inline void fixture_close(struct fixture *fixture)
{
    if (fixture->ruleset != NULL)
        ruleset_close(fixture->ruleset);
    pattern_scratch_close(fixture->scratch);
    for (size_t i = 0; i < fixture->state.cohort_count; i++)
        cohort_members_release(fixture->cohorts[i].members);
    arena_close(&fixture->arena);
    free(fixture);
}

/* 'a' for "a". */
static inline struct str fixture_quotes(struct arena *arena, struct str text)
{
    char *copy = arena_copy(arena, text.data, text.size);
    for (size_t i = 0; i < text.size; i++) {
        if (copy[i] == '\'')
            copy[i] = '"';
    }
    return (struct str){copy, text.size};
}

static inline const struct json *fixture_json(struct fixture *fixture, const char *text)
{
    struct json *json = ARENA_NEW(&fixture->arena, struct json);
    struct str quoted = fixture_quotes(&fixture->arena, str_of(text));
    CHECK_OK(json_parse(&fixture->arena, quoted, &json_budget_default, json));
    return json;
}

/* The members of `text`, and those of `defaults` it does not have. */
static inline struct str fixture_merge(struct fixture *fixture, const char *text,
                                       const char *defaults)
{
    const struct json *own = fixture_json(fixture, text);
    const struct json *others = fixture_json(fixture, defaults);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    for (uint32_t i = 0; i < own->count; i++)
        json_member_tree(&writer, own->members[i].key, &own->members[i].value);
    for (uint32_t i = 0; i < others->count; i++) {
        if (json_find(own, others->members[i].key) == NULL)
            json_member_tree(&writer, others->members[i].key, &others->members[i].value);
    }
    json_object_end(&writer);
    struct str merged = arena_copy_str(&fixture->arena, buf_str(&buf));
    buf_close(&buf);
    return merged;
}

static inline struct flag *fixture_decode_with(struct fixture *fixture, const char *key,
                                               const char *text, const char *defaults)
{
    struct flag *flag = ARENA_NEW(&fixture->arena, struct flag);
    struct str named =
        arena_format(&fixture->arena, "{'id':'flag_%s','key':'%s',%s", key, key, text + 1);
    if (strcmp(text, "{}") == 0)
        named = arena_format(&fixture->arena, "{'id':'flag_%s','key':'%s'}", key, key);
    CHECK_OK(flag_decode(&fixture->arena, fixture_merge(fixture, named.data, defaults), flag));
    return flag;
}

static inline struct flag *fixture_decode_flag(struct fixture *fixture, const char *key,
                                               const char *text)
{
    static const char defaults[] =
        "{'kind':'flag','type':'boolean','description':'d','tags':[],'owner':'o',"
        "'lifecycle':'active','enabled':true,"
        "'arithmetic':{'hash':'fnv1a_32_utf16','comparison':'typed'},"
        "'variations':[{'id':'off','value':false},{'id':'on','value':true}],"
        "'offVariation':'off','fallthrough':{'variation':'on'}}";
    return fixture_decode_with(fixture, key, text, defaults);
}

/* Of the text family: serves "off" to everybody unless the text says more. */
static inline struct flag *fixture_decode_text_flag(struct fixture *fixture, const char *key,
                                                    const char *text)
{
    static const char defaults[] =
        "{'kind':'flag','type':'string','description':'d','tags':[],'owner':'o',"
        "'lifecycle':'active','enabled':true,"
        "'arithmetic':{'hash':'murmur3_32_utf8','comparison':'text'},"
        "'bucketBy':'/context/user/user_id','salt':'Qm2ZtY8w',"
        "'variations':[{'id':'on','value':'on'},{'id':'b','value':'b'},{'id':'off','value':'off'}],"
        "'offVariation':'off','fallthrough':{'variation':'off'}}";
    return fixture_decode_with(fixture, key, text, defaults);
}

/* Flags and segments are added in the order of their keys. */
static inline void fixture_flag(struct fixture *fixture, const char *key, const char *text)
{
    CHECK(fixture->ruleset == NULL);
    CHECK(fixture->state.flag_count < FIXTURE_DOCUMENTS_MAX);
    fixture->state.flags = fixture->flags;
    fixture->flags[fixture->state.flag_count++] = fixture_decode_flag(fixture, key, text);
}

static inline void fixture_text_flag(struct fixture *fixture, const char *key, const char *text)
{
    CHECK(fixture->ruleset == NULL);
    CHECK(fixture->state.flag_count < FIXTURE_DOCUMENTS_MAX);
    fixture->state.flags = fixture->flags;
    fixture->flags[fixture->state.flag_count++] = fixture_decode_text_flag(fixture, key, text);
}

/* Cohorts, too, in the order of their ids; one member is enough here. */
static inline void fixture_cohort(struct fixture *fixture, const char *id, const char *group_type,
                                  const char *member)
{
    CHECK(fixture->state.cohort_count < FIXTURE_COHORTS_MAX);
    struct cohort_members *members = NULL;
    struct cohort_builder *builder = cohort_builder_open();
    CHECK_OK(cohort_builder_add(builder, str_of(member)));
    CHECK_OK(cohort_builder_finish(builder, &members));
    struct cohort *cohort = &fixture->cohorts[fixture->state.cohort_count];
    *cohort = (struct cohort){
        .id = str_of(id), .group_type = str_of(group_type), .size = 1, .members = members};
    fixture->cohort_list[fixture->state.cohort_count++] = cohort;
    fixture->state.cohorts = fixture->cohort_list;
}

static inline void fixture_segment(struct fixture *fixture, const char *key, const char *text)
{
    CHECK(fixture->ruleset == NULL);
    CHECK(fixture->state.segment_count < FIXTURE_DOCUMENTS_MAX);
    struct segment *segment = ARENA_NEW(&fixture->arena, struct segment);
    struct str named =
        arena_format(&fixture->arena, "{'id':'segment_%s','key':'%s',%s", key, key, text + 1);
    if (strcmp(text, "{}") == 0)
        named = arena_format(&fixture->arena, "{'id':'segment_%s','key':'%s'}", key, key);
    CHECK_OK(segment_decode(&fixture->arena, fixture_merge(fixture, named.data, "{}"), segment));
    fixture->state.segments = fixture->segments;
    fixture->segments[fixture->state.segment_count++] = segment;
}

/* A new context; attributes may be NULL. */
static inline struct context *fixture_subject(struct fixture *fixture, const char *targeting_key,
                                              const char *attributes)
{
    if (fixture->ruleset == NULL)
        fixture->ruleset = ruleset_compile(&fixture->arena, &fixture->state);
    const struct json *json = attributes == NULL ? NULL : fixture_json(fixture, attributes);
    struct str key = targeting_key == NULL ? (struct str){0}
                                           : arena_copy_str(&fixture->arena, str_of(targeting_key));
    context_open(&fixture->context, &fixture->arena, fixture->ruleset, key, json, fixture->scratch);
    return &fixture->context;
}

/* A new context of the other form; the tree may be NULL. */
static inline struct context *fixture_user(struct fixture *fixture, const char *tree)
{
    if (fixture->ruleset == NULL)
        fixture->ruleset = ruleset_compile(&fixture->arena, &fixture->state);
    const struct json *json = tree == NULL ? NULL : fixture_json(fixture, tree);
    context_open_user(&fixture->context, &fixture->arena, fixture->ruleset, json, fixture->scratch);
    return &fixture->context;
}

/* Decides without a trace and with one, which must agree; fixture->trace keeps the latter. */
static inline struct decision fixture_decide(struct fixture *fixture, const char *flag,
                                             struct context *context)
{
    struct str key = str_of(flag);
    struct decision plain = evaluate(fixture->ruleset, key, context, fixture->now_ms, NULL);
    struct decision again = evaluate(fixture->ruleset, key, context, fixture->now_ms, NULL);
    trace_open(&fixture->trace, &fixture->arena);
    struct decision traced =
        evaluate(fixture->ruleset, key, context, fixture->now_ms, &fixture->trace);
    CHECK(memcmp(&plain, &again, sizeof(plain)) == 0);
    CHECK(memcmp(&plain, &traced, sizeof(plain)) == 0);
    return plain;
}

static inline struct decision fixture_ask(struct fixture *fixture, const char *flag,
                                          const char *targeting_key, const char *attributes)
{
    return fixture_decide(fixture, flag, fixture_subject(fixture, targeting_key, attributes));
}

static inline struct decision fixture_ask_user(struct fixture *fixture, const char *flag,
                                               const char *tree)
{
    return fixture_decide(fixture, flag, fixture_user(fixture, tree));
}

static inline struct str fixture_variation(struct decision decision)
{
    if (decision.flag == NULL || decision.variation == VARIATION_NONE)
        return STR("(none)");
    return decision.flag->flag->variations[decision.variation].id;
}

static inline void fixture_expect(struct fixture *fixture, const char *flag,
                                  const char *targeting_key, const char *attributes,
                                  const char *variation, enum reason reason)
{
    struct decision decision = fixture_ask(fixture, flag, targeting_key, attributes);
    CHECK_STR(fixture_variation(decision), str_of(variation));
    CHECK_STR(reason_name(decision.reason), reason_name(reason));
    CHECK_INT(decision.error, DECISION_OK);
}

static inline void fixture_expect_user(struct fixture *fixture, const char *flag, const char *tree,
                                       const char *variation, enum reason reason)
{
    struct decision decision = fixture_ask_user(fixture, flag, tree);
    CHECK_STR(fixture_variation(decision), str_of(variation));
    CHECK_STR(reason_name(decision.reason), reason_name(reason));
    CHECK_INT(decision.error, DECISION_OK);
}

/* Whether one expression, alone in a rule, holds for the subject. */
static inline bool fixture_holds(const char *expression, const char *attributes)
{
    struct fixture *fixture = fixture_open();
    struct str text = arena_format(&fixture->arena,
                                   "{'fallthrough':{'variation':'off'},'rules':[{'id':'r',"
                                   "'when':%s,'serve':{'variation':'on'}}]}",
                                   expression);
    fixture_flag(fixture, "probe", text.data);
    struct decision decision = fixture_ask(fixture, "probe", "tk-1", attributes);
    bool holds = decision.reason == REASON_TARGETING_MATCH;
    CHECK_STR(fixture_variation(decision), holds ? STR("on") : STR("off"));
    fixture_close(fixture);
    return holds;
}

#endif
