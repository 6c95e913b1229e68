/* SPDX-License-Identifier: Apache-2.0 */
/* form - which form an environment is served in, and the whole body of a config endpoint. */
#include <inttypes.h>

#include "dialect/superflag/document.h"
#include "dialect/superflag/projection.h"

enum { PROJECTION_CHUNK_BYTES = 4096 };

/* Of a projection. */
static enum document_form choose_form(const struct environment_state *state,
                                      enum superflag_audience audience)
{
    if (state->settings.document_form != DOCUMENT_FORM_AUTO)
        return state->settings.document_form;
    for (size_t i = 0; i < state->flag_count; i++) {
        bool is_served = audience == SUPERFLAG_SERVER ||
                         flag_is_client_visible(state->flags[i], &state->settings);
        if (is_served && !superflag_is_legacy(state->flags[i]))
            return DOCUMENT_FORM_CORE;
    }
    return DOCUMENT_FORM_LEGACY;
}

enum document_form superflag_choose_form(const struct environment_state *state,
                                         enum superflag_audience audience)
{
    struct arena arena;
    arena_open(&arena, PROJECTION_CHUNK_BYTES);
    struct environment_state projected = superflag_project(&arena, state, audience);
    enum document_form form = choose_form(&projected, audience);
    arena_close(&arena);
    return form;
}

static void append_config(struct buf *buf, const struct environment_state *state,
                          enum superflag_audience audience, uint32_t ttl_seconds)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("appId"), state->app_id);
    json_member_string(&writer, STR("env"), state->name);
    json_member_u64(&writer, STR("version"), state->version);
    json_key(&writer, STR("doc"));
    struct buf doc;
    buf_open(&doc, SIZE_MAX);
    if (choose_form(state, audience) == DOCUMENT_FORM_LEGACY)
        superflag_append_legacy_document(&doc, state, audience);
    else
        superflag_append_core_document(&doc, state, audience, audience == SUPERFLAG_SERVER,
                                       state->settings.document_form == DOCUMENT_FORM_AUTO);
    json_raw(&writer, buf_str(&doc));
    buf_close(&doc);
    json_member_u64(&writer, STR("ttlSeconds"), ttl_seconds);
    json_object_end(&writer);
}

void superflag_append_config(struct buf *buf, const struct environment_state *state,
                             enum superflag_audience audience, uint32_t ttl_seconds)
{
    struct arena arena;
    arena_open(&arena, PROJECTION_CHUNK_BYTES);
    struct environment_state projected = superflag_project(&arena, state, audience);
    append_config(buf, &projected, audience, ttl_seconds);
    arena_close(&arena);
}

/* ---- kept bodies ----------------------------------------------------------------------------- */

static enum superflag_audience audience_of(size_t rendering)
{
    return rendering == SUPERFLAG_CONFIG ? SUPERFLAG_SERVER : SUPERFLAG_CLIENT;
}

/* Names among all dialects' bodies: ours begin with an 'S'. */
static uint64_t body_name(size_t rendering)
{
    return (uint64_t)'S' << 56 | rendering;
}

static uint32_t body_asked(size_t rendering)
{
    return (uint32_t)SNAPSHOT_BODIES_ASKED << rendering;
}

struct shared_body *superflag_body(const struct snapshot *snapshot, size_t rendering)
{
    snapshot_note_asked(snapshot, body_asked(rendering));
    uint64_t name = body_name(rendering);
    struct shared_body *body = snapshot_find_body(snapshot, name);
    if (body != NULL)
        return body;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_config(&buf, &snapshot->state, audience_of(rendering), SUPERFLAG_TTL_SECONDS);
    return snapshot_keep_body(snapshot, name, shared_body_make(&buf));
}

void superflag_render(struct snapshot *snapshot)
{
    struct str etag = arena_format(&snapshot->arena, "\"v%" PRIu64 "\"", snapshot->state.version);
    for (size_t i = SUPERFLAG_PUBLIC_CONFIG; i <= SUPERFLAG_CONFIG; i++) {
        snapshot->renderings[i] = (struct rendered){.etag = etag};
        if (snapshot_is_asked(snapshot, body_asked(i)))
            superflag_body(snapshot, i);
    }
}
