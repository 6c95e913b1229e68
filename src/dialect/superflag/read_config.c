/* SPDX-License-Identifier: Apache-2.0 */
/* read_config - what SDKs poll: see read_config.h. Memory only: bodies and headers are made once
 * per version, and an answer copies nothing it need not. */
#include "dialect/superflag/read_config.h"

#include "base/instant.h"
#include "dialect/superflag/answer.h"
#include "dialect/superflag/document.h"

enum { SHARED_BODY_BYTES_MIN = 8192 };

void superflag_render_config(struct snapshot *snapshot)
{
    superflag_render(snapshot);
    struct rendered *browsers = &snapshot->renderings[SUPERFLAG_PUBLIC_CONFIG];
    struct rendered *servers = &snapshot->renderings[SUPERFLAG_CONFIG];
    browsers->headers = superflag_config_headers(&snapshot->arena, browsers->etag, true);
    servers->headers = superflag_config_headers(&snapshot->arena, servers->etag, false);
}

/* One entity tag: whether it is this version's. */
static bool tag_names(struct str tag, uint64_t version)
{
    tag = str_trim(tag);
    if (str_equal(tag, STR("*")))
        return true;
    if (str_starts_with(tag, STR("W/")))
        tag = str_slice(tag, 2, tag.size);
    if (tag.size < 2 || tag.data[0] != '"' || tag.data[tag.size - 1] != '"')
        return false;
    struct str text = str_slice(tag, 1, tag.size - 1);
    if (str_starts_with(text, STR("v")))
        text = str_slice(text, 1, text.size);
    uint64_t named = 0;
    bool is_plain = !str_starts_with(text, STR("0")) || text.size == 1; /* as we write it */
    return is_plain && str_parse_u64(text, &named) && named == version;
}

/* Whether an If-None-Match value names the version: "v42", "42", their weak forms, lists of them
 * and *. */
static bool superflag_matches_version(struct str if_none_match, uint64_t version)
{
    size_t from = 0;
    while (from < if_none_match.size) {
        size_t to = str_find_byte(if_none_match, ',', from);
        if (tag_names(str_slice(if_none_match, from, to), version))
            return true;
        from = to + 1;
    }
    return false;
}

/* The header may come several times, which is one list in several pieces. */
static bool has_version(const struct exchange *x, uint64_t version)
{
    const struct http_request *request = x->request;
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_equal_ignoring_case(request->headers[i].name, STR("if-none-match")) &&
            superflag_matches_version(request->headers[i].value, version))
            return true;
    }
    return false;
}

static int64_t seconds_to_next_month(struct arena *arena, int64_t now_ms)
{
    int year = 0;
    int month = 0;
    instant_month(now_ms, &year, &month);
    struct str text = arena_format(arena, "%04d-%02d-01T00:00:00Z", month == 12 ? year + 1 : year,
                                   month == 12 ? 1 : month + 1);
    int64_t begins_ms = now_ms;
    return instant_parse(text, &begins_ms) ? (begins_ms - now_ms + 999) / 1000 : 60;
}

static void refuse_over_quota(struct exchange *x)
{
    superflag_refuse_with(x, 429, STR("Monthly quota exceeded"));
    x->response.headers =
        arena_format(x->arena, "%.*sRetry-After: %lld\r\n", STR_ARG(x->response.headers),
                     (long long)seconds_to_next_month(x->arena, x->now_ms));
}

static void answer_body(struct exchange *x, const struct snapshot *snapshot, size_t rendering)
{
    struct shared_body *body = superflag_body(snapshot, rendering);
    x->response.status = 200;
    x->response.headers = snapshot->renderings[rendering].headers;
    x->response.body = body->body;
    if (body->body.size < SHARED_BODY_BYTES_MIN)
        return; /* small enough to be copied behind its head */
    shared_body_acquire(body);
    x->response.body_owner = body;
    x->response.release = shared_body_release;
}

static void answer_unchanged(struct exchange *x, const struct rendered *rendered)
{
    x->response.status = 304;
    x->response.headers = superflag_unchanged_headers(rendered->headers);
}

static void answer_config(struct exchange *x, size_t rendering)
{
    const struct catalog_environment *environment =
        catalog_find_environment(x->view->catalog, x->caller->environment);
    if (!change_count_config_request(x->services->changer, environment->number,
                                     environment->monthly_quota)) {
        refuse_over_quota(x);
        return;
    }
    const struct snapshot *snapshot = view_of(x->view, environment);
    x->version = snapshot->version;
    if (has_version(x, snapshot->version))
        answer_unchanged(x, &snapshot->renderings[rendering]);
    else
        answer_body(x, snapshot, rendering);
}

void superflag_get_public_config(struct exchange *x)
{
    answer_config(x, SUPERFLAG_PUBLIC_CONFIG);
}

void superflag_get_config(struct exchange *x)
{
    answer_config(x, SUPERFLAG_CONFIG);
}
