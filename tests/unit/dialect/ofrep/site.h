/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site - an environment without a store, and requests without a socket.
 *
 *     struct site site;
 *     site_open(&site);
 *     site_flag(&site, "'key':'a','variations':[{'id':'on','value':true}],…");
 *     site_publish(&site);
 *     site_one(&site, "a", "{'context':{'targetingKey':'u'}}");
 *
 * Texts are JSON with quotes that need no escape. What a flag's document leaves out is filled in.
 */
#ifndef OFREP_SITE_H
#define OFREP_SITE_H

#include <stdlib.h>
#include <string.h>

#include "dialect/ofrep/channel.h"
#include "dialect/ofrep/evaluate.h"
#include "dialect/ofrep/pieces.h"
#include "dialect/ofrep/routes.h"
#include "model/codec.h"

#include "test.h"

enum { SITE_FLAGS_MAX = 512, SITE_ENVIRONMENT = 7, SITE_HEADERS_MAX = 8 };
enum { SITE_DEPLOYMENT = 41, SITE_OTHER_DEPLOYMENT = 42 };
static const int64_t site_now_ms = 1746000000000; /* 2025-04-30 08:00 UTC */

enum site_key { KEY_BROWSER, KEY_SERVER, KEY_CLIENT, KEY_DEPLOYMENT, KEY_PROJECT, KEY_OTHER, KEYS };
static const struct {
    const char *id;
    enum credential_kind kind;
    uint64_t deployment;
} site_keys[KEYS] = {
    {"key_browser", CREDENTIAL_BROWSER_KEY, 0},
    {"key_server", CREDENTIAL_SERVER_KEY, 0},
    {"key_client", CREDENTIAL_CLIENT_DEPLOYMENT, SITE_DEPLOYMENT},
    {"key_deployment", CREDENTIAL_SERVER_DEPLOYMENT, SITE_DEPLOYMENT},
    {"key_project", CREDENTIAL_PROJECT_KEY, SITE_DEPLOYMENT},
    {"key_other", CREDENTIAL_SERVER_DEPLOYMENT, SITE_OTHER_DEPLOYMENT},
};

struct site {
    struct arena arena, request_arena;
    struct flag_revision *flags[SITE_FLAGS_MAX];
    size_t flag_count;
    struct segment_revision *segments[8];
    size_t segment_count;
    struct cohort_revision *cohorts[8];
    size_t cohort_count;
    struct environment_settings settings;
    uint64_t version; /* of the next snapshot */
    int64_t now_ms;
    struct snapshot *snapshot;
    struct view *view;
    struct services services;
    struct caller caller;
    struct pattern_scratch *scratch;
    struct http_header headers[SITE_HEADERS_MAX];
    size_t header_count;
    struct http_request request;
    struct exchange exchange; /* the last one */
};

/* ' is ", in the arena. */
static inline struct str site_text(struct site *site, const char *text)
{
    struct str copy = arena_copy_str(&site->arena, str_of(text));
    for (size_t i = 0; i < copy.size; i++) {
        if (copy.data[i] == '\'')
            ((char *)copy.data)[i] = '"';
    }
    return copy;
}

static inline void site_as(struct site *site, enum site_key key)
{
    site->caller = (struct caller){
        .kind = site_keys[key].kind,
        .credential_id = str_of(site_keys[key].id),
        .environment = SITE_ENVIRONMENT,
        .deployment = site_keys[key].deployment,
    };
}

static inline void site_open(struct site *site)
{
    memset(site, 0, sizeof(*site));
    arena_open(&site->arena, 4096);
    arena_open(&site->request_arena, 4096);
    site->scratch = pattern_scratch_open();
    site->version = 3;
    site->now_ms = site_now_ms;
    site_as(site, KEY_SERVER);
}

static inline void site_withdraw(struct site *site)
{
    if (site->view == NULL)
        return;
    view_release(site->view);
    snapshot_release(site->snapshot);
    site->view = NULL;
}

static inline void site_forget(struct site *site) /* the last answer */
{
    if (site->exchange.response.body_owner != NULL)
        site->exchange.response.release(site->exchange.response.body_owner);
    site->exchange.response = (struct http_response){0};
}

/* All flags and segments go; the next site_publish knows what was added since. */
static inline void site_clear(struct site *site)
{
    site_withdraw(site);
    for (size_t i = 0; i < site->flag_count; i++)
        flag_revision_release(site->flags[i]);
    for (size_t i = 0; i < site->segment_count; i++)
        segment_revision_release(site->segments[i]);
    for (size_t i = 0; i < site->cohort_count; i++)
        cohort_revision_release(site->cohorts[i]);
    site->flag_count = site->segment_count = site->cohort_count = 0;
}

static inline void site_close(struct site *site)
{
    site_forget(site);
    site_clear(site);
    pattern_scratch_close(site->scratch);
    arena_close(&site->request_arena);
    arena_close(&site->arena);
}

/* ---- what there is --------------------------------------------------------------------------- */

static inline struct str site_complete(struct site *site, const char *members,
                                       const char *const (*defaults)[2], size_t count)
{
    struct str text = arena_format(&site->arena, "{%.*s}", STR_ARG(site_text(site, members)));
    struct json tree;
    CHECK_OK(json_parse(&site->arena, text, &json_budget_default, &tree));
    text.size--;
    for (size_t i = 0; i < count; i++) {
        if (json_find(&tree, str_of(defaults[i][0])) == NULL)
            text = arena_format(&site->arena, "%.*s,\"%s\":%.*s", STR_ARG(text), defaults[i][0],
                                STR_ARG(site_text(site, defaults[i][1])));
    }
    return arena_format(&site->arena, "%.*s}", STR_ARG(text));
}

/* Enabled, typed, on all deployments, on and off, everybody gets on. */
static inline struct flag site_decode_flag(struct site *site, const char *members)
{
    static const char *const defaults[][2] = {
        {"id", "'flag_1'"},
        {"kind", "'flag'"},
        {"type", "'boolean'"},
        {"description", "''"},
        {"tags", "[]"},
        {"owner", "''"},
        {"lifecycle", "'active'"},
        {"enabled", "true"},
        {"arithmetic", "{'hash':'fnv1a_32_utf16','comparison':'typed'}"},
        {"variations", "[{'id':'on','value':true},{'id':'off','value':false}]"},
        {"offVariation", "'off'"},
        {"fallthrough", "{'variation':'on'}"},
    };
    struct flag flag;
    struct str text = site_complete(site, members, defaults, COUNT_OF(defaults));
    CHECK_OK(flag_decode(&site->arena, text, &flag));
    return flag;
}

/* A release of the text family: variations are names. */
#define SITE_TEXT_FAMILY                                                                           \
    "'type':'string','arithmetic':{'hash':'murmur3_32_utf8','comparison':'text'},"                 \
    "'bucketBy':'/context/user/user_id','salt':'s',"

static inline void site_add(struct site *site, struct flag flag)
{
    assert_true(site->flag_count < SITE_FLAGS_MAX);
    const struct provenance provenance = {.number = site->flag_count + 1, .sequence = 1};
    site->flags[site->flag_count++] = flag_revision_make(&flag, &provenance);
}

static inline void site_flag(struct site *site, const char *members)
{
    site_add(site, site_decode_flag(site, members));
}

static inline void site_segment(struct site *site, const char *members)
{
    static const char *const defaults[][2] = {{"id", "'segment_1'"}};
    struct segment segment;
    struct str text = site_complete(site, members, defaults, COUNT_OF(defaults));
    CHECK_OK(segment_decode(&site->arena, text, &segment));
    site->segments[site->segment_count++] = segment_revision_make(&segment);
}

/* digest: what its members are told by. */
static inline void site_cohort(struct site *site, const char *id, unsigned char digest)
{
    const struct cohort cohort = {.id = str_of(id)};
    const struct cohort_digest bytes = {.bytes = {digest}};
    site->cohorts[site->cohort_count++] = cohort_revision_make(&cohort, &bytes);
}

static inline int site_compare_flags(const void *left, const void *right)
{
    const struct flag_revision *const *a = left;
    const struct flag_revision *const *b = right;
    return str_compare((*a)->flag.key, (*b)->flag.key);
}

static inline struct view *site_make_view(struct site *site)
{
    const struct user_row user = {
        .id = STR("user_1"), .email = STR("owner@localhost"), .role = ROLE_OWNER};
    const struct app_row app = {
        .id = STR("app_1"), .name = STR("shop"), .owner_user_id = STR("user_1")};
    const struct environment_row environment = {.number = SITE_ENVIRONMENT,
                                                .id = STR("env_1"),
                                                .app_id = STR("app_1"),
                                                .name = STR("production"),
                                                .version = site->version};
    struct deployment_row deployments[] = {
        {.number = SITE_DEPLOYMENT, .environment = SITE_ENVIRONMENT, .label = STR("one")},
        {.number = SITE_OTHER_DEPLOYMENT, .environment = SITE_ENVIRONMENT, .label = STR("two")},
    };
    struct credential_row credentials[KEYS] = {0};
    for (size_t i = 0; i < KEYS; i++) {
        credentials[i].id = str_of(site_keys[i].id);
        credentials[i].kind = site_keys[i].kind;
        credentials[i].environment = SITE_ENVIRONMENT;
        credentials[i].deployment = site_keys[i].deployment;
        credentials[i].hash.bytes[0] = (unsigned char)(i + 1);
    }
    const struct catalog_parts parts = {
        .users = &user,
        .user_count = 1,
        .apps = &app,
        .app_count = 1,
        .environments = &environment,
        .environment_count = 1,
        .credentials = credentials,
        .credential_count = KEYS,
        .deployments = deployments,
        .deployment_count = COUNT_OF(deployments),
    };
    struct catalog *catalog = catalog_make(&parts);
    struct view *view = view_make(catalog, &site->snapshot, false);
    catalog_release(catalog);
    return view;
}

static inline void site_publish(struct site *site)
{
    site_withdraw(site);
    if (site->flag_count > 1)
        qsort(site->flags, site->flag_count, sizeof(site->flags[0]), site_compare_flags);
    const struct snapshot_parts parts = {
        .environment = SITE_ENVIRONMENT,
        .version = site->version,
        .now_ms = site->now_ms,
        .app_id = STR("app_1"),
        .name = STR("production"),
        .settings = site->settings,
        .flags = site->flags,
        .flag_count = site->flag_count,
        .segments = site->segments,
        .segment_count = site->segment_count,
        .cohorts = site->cohorts,
        .cohort_count = site->cohort_count,
    };
    site->snapshot = snapshot_make(&parts);
    ofrep_render(site->snapshot);
    site->view = site_make_view(site);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* For the next request alone. */
static inline void site_header(struct site *site, const char *name, struct str value)
{
    assert_true(site->header_count < SITE_HEADERS_MAX);
    site->headers[site->header_count++] =
        (struct http_header){str_of(name), arena_copy_str(&site->arena, value)};
}

static inline const struct route *site_route(void (*handle)(struct exchange *x))
{
    for (size_t i = 0; i < ofrep_dialect.route_count; i++) {
        if (ofrep_dialect.routes[i].handle == handle)
            return &ofrep_dialect.routes[i];
    }
    return NULL;
}

static inline struct exchange *site_prepare(struct site *site, const char *path, struct str body)
{
    site_forget(site);
    arena_reset(&site->request_arena);
    site->request = (struct http_request){
        .method = HTTP_POST,
        .target = str_of(path),
        .path = str_of(path),
        .headers = site->headers,
        .header_count = site->header_count,
        .body = body,
        .arena = &site->request_arena,
    };
    site->header_count = 0;
    site->exchange = (struct exchange){
        .request = &site->request,
        .services = &site->services,
        .dialect = &ofrep_dialect,
        .view = site->view,
        .caller = &site->caller,
        .arena = &site->request_arena,
        .scratch = site->scratch,
        .path = site->request.path,
        .now_ms = site->now_ms,
    };
    return &site->exchange;
}

/* The answer is good until the next request. */
static inline struct str site_one(struct site *site, const char *key, const char *body)
{
    struct str path = arena_format(&site->arena, "/ofrep/v1/evaluate/flags/%s", key);
    struct exchange *x = site_prepare(site, path.data, site_text(site, body));
    x->route = site_route(ofrep_evaluate_one);
    x->parameters[x->parameter_count++] = str_of(key);
    ofrep_evaluate_one(x);
    return x->response.body;
}

static inline struct str site_all(struct site *site, const char *body)
{
    struct exchange *x = site_prepare(site, "/ofrep/v1/evaluate/flags", site_text(site, body));
    x->route = site_route(ofrep_evaluate_all);
    ofrep_evaluate_all(x);
    return x->response.body;
}

static inline int site_status(const struct site *site)
{
    return site->exchange.response.status;
}

/* The last answer's header; absent when it has none. */
static inline struct str site_answer_header(const struct site *site, const char *name)
{
    struct str lines = site->exchange.response.headers;
    for (size_t at = 0; at < lines.size;) {
        size_t end = str_find_byte(lines, '\n', at);
        struct str line = str_slice(lines, at, end - 1);
        size_t colon = str_find_byte(line, ':', 0);
        if (str_equal_ignoring_case(str_slice(line, 0, colon), str_of(name)))
            return str_trim(str_slice(line, colon + 1, line.size));
        at = end + 1;
    }
    return (struct str){0};
}

/* Equal as JSON, members in any order. */
static inline void site_check_json(struct site *site, struct str actual, const char *expected)
{
    struct json a;
    struct json b;
    CHECK_OK(json_parse(&site->arena, actual, &json_budget_default, &a));
    CHECK_OK(json_parse(&site->arena, site_text(site, expected), &json_budget_default, &b));
    if (json_equal(&a, &b))
        return;
    fprintf(stderr, "got      %.*s\nexpected %s\n", STR_ARG(actual), expected);
    fail();
}

#define ANN "{'context':{'targetingKey':'ann'}}"

static inline void site_check_one(struct site *site, const char *key, const char *body, int status,
                                  const char *expected)
{
    struct str answer = site_one(site, key, body);
    site_check_json(site, answer, expected);
    CHECK_INT(site_status(site), status);
}

#endif
