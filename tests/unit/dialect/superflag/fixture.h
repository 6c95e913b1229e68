/* SPDX-License-Identifier: Apache-2.0 */
/* fixture - what tests of the pure half of this dialect begin with: trees, flags, states. */
#ifndef UNIT_SUPERFLAG_FIXTURE_H
#define UNIT_SUPERFLAG_FIXTURE_H

#include <string.h>

#include "dialect/superflag/document.h"
#include "test.h"

static inline struct json *tree(struct arena *arena, const char *text)
{
    struct json *json = ARENA_NEW(arena, struct json);
    CHECK_OK(json_parse(arena, arena_copy_str(arena, str_of(text)), &json_budget_default, json));
    return json;
}

/* A flag posted as {"type","value",…}. */
static inline struct fault post_flag(struct arena *arena, const char *key, const char *text,
                                     struct flag *flag)
{
    const struct json *body = tree(arena, text);
    const struct json *type = json_find(body, STR("type"));
    return superflag_decode_legacy_flag(
        arena, str_of(key), type == NULL ? (struct str){0} : type->string,
        json_find(body, STR("value")), json_find(body, STR("rollout")),
        json_find(body, STR("variants")), json_find(body, STR("clientEnabled")), flag);
}

static inline struct flag *posted(struct arena *arena, const char *key, const char *text)
{
    struct flag *flag = ARENA_NEW(arena, struct flag);
    CHECK_OK(post_flag(arena, key, text, flag));
    return flag;
}

static inline struct str shown(struct arena *arena, const struct flag *flag)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    superflag_append_legacy_flag(&writer, flag, true);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* Flags, sorted by key by whoever calls, as version 42 of production. */
static inline struct environment_state state_of(struct arena *arena,
                                                const struct flag *const *flags, size_t count)
{
    const struct flag **copy = ARENA_NEW_ARRAY(arena, const struct flag *, count);
    memcpy(copy, flags, count * sizeof(*copy));
    return (struct environment_state){
        .app_id = STR("app_t"),
        .name = STR("production"),
        .version = 42,
        .flags = copy,
        .flag_count = count,
    };
}

static inline struct str core_text(struct arena *arena, const struct environment_state *state,
                                   enum superflag_audience audience, bool is_hybrid)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_core_document(&buf, state, audience, true, is_hybrid);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static inline struct str legacy_text(struct arena *arena, const struct environment_state *state,
                                     enum superflag_audience audience)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_legacy_document(&buf, state, audience);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static inline struct str config_text(struct arena *arena, const struct environment_state *state,
                                     enum superflag_audience audience)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_config(&buf, state, audience, SUPERFLAG_TTL_SECONDS);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* A rule that serves `variation` to everybody. */
static inline struct rule rule_for_all(struct str id, struct str variation)
{
    return (struct rule){
        .id = id,
        .when = {.kind = EXPRESSION_ALL},
        .serve = {.kind = SERVE_VARIATION, .variation = variation},
    };
}

#endif
