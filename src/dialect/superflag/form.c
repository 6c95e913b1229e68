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

static struct str render_body(struct snapshot *snapshot, enum superflag_audience audience)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_config(&buf, &snapshot->state, audience, SUPERFLAG_TTL_SECONDS);
    struct str body = arena_copy_str(&snapshot->arena, buf_str(&buf));
    buf_close(&buf);
    return body;
}

void superflag_render(struct snapshot *snapshot)
{
    struct str etag = arena_format(&snapshot->arena, "\"v%" PRIu64 "\"", snapshot->state.version);
    snapshot->renderings[SUPERFLAG_PUBLIC_CONFIG] =
        (struct rendered){.body = render_body(snapshot, SUPERFLAG_CLIENT), .etag = etag};
    snapshot->renderings[SUPERFLAG_CONFIG] =
        (struct rendered){.body = render_body(snapshot, SUPERFLAG_SERVER), .etag = etag};
}
