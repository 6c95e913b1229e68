/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluation_fixture - environments without a store, and requests without a socket, for the
 * evaluation half.
 *
 *     struct site site;
 *     site_open(&site);
 *     site_add(&site, flag, 12);
 *     site_publish(&site);
 *     CHECK_STR(site_get(&site, amplitude_get_flags, "/sdk/v2/flags"), …);
 */
#ifndef EVALUATION_FIXTURE_H
#define EVALUATION_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "dialect/amplitude/evaluate.h"
#include "dialect/amplitude/pieces.h"
#include "eval/pattern.h"

#include "test.h"

enum { SITE_FLAGS_MAX = 256, SITE_ENVIRONMENT = 7, SITE_DEPLOYMENT = 41, SITE_HEADERS_MAX = 8 };

struct site {
    struct arena arena; /* of the site */
    struct arena request_arena;
    struct flag_revision *flags[SITE_FLAGS_MAX];
    size_t flag_count;
    struct cohort_revision *cohorts[8];
    size_t cohort_count;
    struct snapshot *snapshot;
    struct view *view;
    struct services services;
    struct caller caller;
    struct route route;
    struct pattern_scratch *scratch;
    struct http_header headers[SITE_HEADERS_MAX];
    size_t header_count;
    struct exchange exchange; /* the last one */
    struct http_request request;
};

static inline void site_open(struct site *site)
{
    memset(site, 0, sizeof(*site));
    arena_open(&site->arena, 4096);
    arena_open(&site->request_arena, 4096);
    site->scratch = pattern_scratch_open();
    site->caller = (struct caller){
        .kind = CREDENTIAL_SERVER_DEPLOYMENT,
        .environment = SITE_ENVIRONMENT,
        .deployment = SITE_DEPLOYMENT,
    };
}

static inline void site_withdraw(struct site *site)
{
    if (site->view == NULL)
        return;
    view_release(site->view);
    snapshot_release(site->snapshot);
    site->view = NULL;
}

static inline void site_close(struct site *site)
{
    site_withdraw(site);
    for (size_t i = 0; i < site->flag_count; i++)
        flag_revision_release(site->flags[i]);
    for (size_t i = 0; i < site->cohort_count; i++)
        cohort_revision_release(site->cohorts[i]);
    pattern_scratch_close(site->scratch);
    arena_close(&site->request_arena);
    arena_close(&site->arena);
}

static inline void site_add(struct site *site, struct flag flag, uint64_t number, uint64_t sequence)
{
    assert_true(site->flag_count < SITE_FLAGS_MAX);
    const struct provenance provenance = {.number = number, .sequence = sequence};
    site->flags[site->flag_count++] = flag_revision_make(&flag, &provenance);
}

static inline void site_add_cohort(struct site *site, struct str id, struct str group_type,
                                   int64_t modified_ms, const struct str *members, size_t count)
{
    struct cohort_builder *builder = cohort_builder_open();
    for (size_t i = 0; i < count; i++)
        CHECK_OK(cohort_builder_add(builder, members[i]));
    struct cohort_members *built = NULL;
    CHECK_OK(cohort_builder_finish(builder, &built));
    const struct cohort cohort = {.id = id,
                                  .group_type = group_type,
                                  .modified_ms = modified_ms,
                                  .size = cohort_members_count(built),
                                  .members = built};
    const struct cohort_digest digest = {.bytes = {(unsigned char)site->cohort_count}};
    site->cohorts[site->cohort_count++] = cohort_revision_make(&cohort, &digest);
    cohort_members_release(built);
}

static inline int site_compare_flags(const void *left, const void *right)
{
    const struct flag_revision *const *a = left;
    const struct flag_revision *const *b = right;
    return str_compare((*a)->flag.key, (*b)->flag.key);
}

static inline struct view *site_make_view(struct snapshot *snapshot)
{
    const struct user_row user = {STR("user_1"), STR("owner@localhost"), ROLE_OWNER, 1};
    const struct app_row app = {STR("app_1"), STR("shop"), STR("user_1"), false, 2};
    const struct environment_row environment = {
        SITE_ENVIRONMENT, STR("env_1"), STR("app_1"), STR("production"), snapshot->version, 3, 4};
    const struct catalog_parts parts = {
        .users = &user,
        .user_count = 1,
        .apps = &app,
        .app_count = 1,
        .environments = &environment,
        .environment_count = 1,
    };
    struct catalog *catalog = catalog_make(&parts);
    struct view *view = view_make(catalog, &snapshot, false);
    catalog_release(catalog);
    return view;
}

static inline void site_publish(struct site *site)
{
    site_withdraw(site);
    qsort(site->flags, site->flag_count, sizeof(site->flags[0]), site_compare_flags);
    const struct snapshot_parts parts = {
        .environment = SITE_ENVIRONMENT,
        .version = 3,
        .app_id = STR("app_1"),
        .name = STR("production"),
        .flags = site->flags,
        .flag_count = site->flag_count,
        .cohorts = site->cohorts,
        .cohort_count = site->cohort_count,
    };
    site->snapshot = snapshot_make(&parts);
    amplitude_render(site->snapshot);
    site->view = site_make_view(site->snapshot);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* For the next request alone. */
static inline void site_header(struct site *site, const char *name, const char *value)
{
    assert_true(site->header_count < SITE_HEADERS_MAX);
    site->headers[site->header_count++] = (struct http_header){str_of(name), str_of(value)};
}

/* target: path and query; the answer's body is good until the next request. */
static inline struct str site_send(struct site *site, void (*handle)(struct exchange *x),
                                   enum http_method method, const char *target, struct str body)
{
    if (site->exchange.response.body_owner != NULL)
        site->exchange.response.release(site->exchange.response.body_owner);
    arena_reset(&site->request_arena);
    struct str whole = str_of(target);
    size_t mark = str_find_byte(whole, '?', 0);
    site->request = (struct http_request){
        .method = method,
        .target = whole,
        .path = str_slice(whole, 0, mark),
        .headers = site->headers,
        .header_count = site->header_count,
        .body = body,
        .arena = &site->request_arena,
    };
    if (mark < whole.size)
        site->request.query = str_slice(whole, mark + 1, whole.size);
    site->exchange = (struct exchange){
        .request = &site->request,
        .services = &site->services,
        .route = &site->route,
        .view = site->view,
        .caller = &site->caller,
        .arena = &site->request_arena,
        .scratch = site->scratch,
        .path = site->request.path,
        .now_ms = 1746000000000,
    };
    handle(&site->exchange);
    site->header_count = 0;
    return site->exchange.response.body;
}

static inline struct str site_get(struct site *site, void (*handle)(struct exchange *x),
                                  const char *target)
{
    return site_send(site, handle, HTTP_GET, target, (struct str){0});
}

static inline void site_forget(struct site *site) /* the last answer */
{
    if (site->exchange.response.body_owner != NULL)
        site->exchange.response.release(site->exchange.response.body_owner);
    site->exchange.response = (struct http_response){0};
}

static inline struct json site_parse(struct site *site, struct str text)
{
    struct json json;
    CHECK_OK(json_parse(&site->arena, text, &json_budget_default, &json));
    return json;
}

/* Equal as JSON. */
static inline void site_check_json(struct site *site, struct str actual, const char *expected)
{
    struct json a = site_parse(site, actual);
    struct json b = site_parse(site, str_of(expected));
    if (json_equal(&a, &b))
        return;
    fprintf(stderr, "got      %.*s\nexpected %s\n", STR_ARG(actual), expected);
    fail();
}

/* ---- flags ----------------------------------------------------------------------------------- */

static inline struct str *site_texts(struct arena *arena, const char *list, size_t *count)
{
    struct str all = str_of(list);
    struct str *texts = ARENA_NEW_ARRAY(arena, struct str, all.size + 1);
    *count = 0;
    for (size_t at = 0; at < all.size;) {
        size_t end = str_find_byte(all, ',', at);
        texts[(*count)++] = str_slice(all, at, end);
        at = end + 1;
    }
    return texts;
}

/* An enabled local release on the site's deployment, with these variations and "off"; nobody gets
 * anything yet. */
static inline struct flag site_flag(struct arena *arena, const char *key, const char *variations)
{
    size_t count = 0;
    struct str *ids = site_texts(arena, variations, &count);
    struct flag flag = {
        .id = arena_format(arena, "flag_%s", key),
        .key = str_of(key),
        .type = VALUE_STRING,
        .is_enabled = true,
        .lifecycle = LIFECYCLE_ACTIVE,
        .arithmetic = {FLAG_HASH_MURMUR3_32_UTF8, FLAG_COMPARISON_TEXT},
        .evaluation_mode = EVALUATION_LOCAL,
        .bucket_by = STR("/context/user/device_id"),
        .salt = STR("Zt4hN0ve"),
        .off_variation = STR("off"),
        .variation_count = count + 1,
        .deployment_count = 1,
        .fallthrough = {.kind = SERVE_VARIATION, .variation = STR("off")},
    };
    flag.deployments = ARENA_NEW(arena, uint64_t);
    flag.deployments[0] = SITE_DEPLOYMENT;
    flag.variations = ARENA_NEW_ARRAY(arena, struct variation, count + 1);
    for (size_t i = 0; i < count; i++)
        flag.variations[i] = (struct variation){.id = ids[i], .value = json_make_string(ids[i])};
    flag.variations[count] =
        (struct variation){.id = STR("off"), .value = json_make_string(STR("off"))};
    return flag;
}

/* percent of everybody, dealt by these weights to the flag's first variations; the others off. */
static inline struct serve site_rollout(struct arena *arena, const struct flag *flag,
                                        uint32_t percent, const uint32_t *weights, size_t count)
{
    struct serve serve = {.kind = SERVE_BUCKET,
                          .bucket = {.slice_count = 1, .otherwise = STR("off")}};
    serve.bucket.slices = ARENA_NEW(arena, struct slice);
    struct slice *slice = &serve.bucket.slices[0];
    slice->percent = percent;
    slice->allocation_count = count;
    slice->allocations = ARENA_NEW_ARRAY(arena, struct allocation, count);
    for (size_t i = 0; i < count; i++)
        slice->allocations[i] = (struct allocation){flag->variations[i].id, weights[i]};
    return serve;
}

static inline struct expression site_match(struct arena *arena, const char *selector,
                                           enum operator operator, const char * values)
{
    size_t count = 0;
    struct str *texts = site_texts(arena, values, &count);
    struct expression match = {.kind = EXPRESSION_MATCH,
                               .attribute = str_of(selector),
                               .operator= operator,
                               .has_value = true };
    match.value = (struct json){.type = JSON_ARRAY, .count = (uint32_t)count};
    match.value.elements = ARENA_NEW_ARRAY(arena, struct json, count);
    for (size_t i = 0; i < count; i++)
        match.value.elements[i] = json_make_string(texts[i]);
    return match;
}

/* A rule is added behind the others. */
static inline void site_rule(struct arena *arena, struct flag *flag, const char *name,
                             struct expression when, struct serve serve)
{
    struct rule *rules = ARENA_NEW_ARRAY(arena, struct rule, flag->rule_count + 1);
    if (flag->rule_count > 0)
        memcpy(rules, flag->rules, flag->rule_count * sizeof(*rules));
    rules[flag->rule_count] = (struct rule){
        .id = arena_format(arena, "rule-%zu", flag->rule_count),
        .description = str_of(name),
        .when = when,
        .serve = serve,
    };
    flag->rules = rules;
    flag->rule_count++;
}

static inline void site_require(struct arena *arena, struct flag *flag, const char *parent,
                                const char *variations)
{
    struct prerequisite *all =
        ARENA_NEW_ARRAY(arena, struct prerequisite, flag->prerequisite_count + 1);
    if (flag->prerequisite_count > 0)
        memcpy(all, flag->prerequisites, flag->prerequisite_count * sizeof(*all));
    struct prerequisite *added = &all[flag->prerequisite_count++];
    added->flag = str_of(parent);
    added->variations = site_texts(arena, variations, &added->variation_count);
    flag->prerequisites = all;
}

#endif
