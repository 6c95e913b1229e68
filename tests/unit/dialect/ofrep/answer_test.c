/* SPDX-License-Identifier: Apache-2.0 */
/* How it says no, in every status, and what browsers hear before they ask. */
#include "site.h"

#include "dialect/ofrep/answer.h"

static const struct {
    enum fault_kind kind;
    int asked, status;
    const char *retry_after; /* NULL: none */
} refusals[] = {
    {FAULT_INVALID, 400, 400, NULL},       {FAULT_INVALID, 0, 400, NULL},
    {FAULT_UNAUTHENTICATED, 0, 401, NULL}, {FAULT_DENIED, 0, 403, NULL},
    {FAULT_MISSING, 404, 404, NULL},       {FAULT_INVALID, 405, 405, NULL},
    {FAULT_INVALID, 408, 408, NULL},       {FAULT_INVALID, 413, 413, NULL},
    {FAULT_INVALID, 414, 414, NULL},       {FAULT_LIMIT, 0, 429, "15"},
    {FAULT_INVALID, 431, 431, NULL},       {FAULT_NONE, 500, 500, NULL},
    {FAULT_UNAVAILABLE, 0, 503, "1"},      {FAULT_INVALID, 503, 503, "1"},
};

/* key: what the answer has to be about; NULL: none. */
static void check_refusal(struct site *site, const char *key)
{
    struct json body;
    const struct http_response *response = &site->exchange.response;
    CHECK_OK(json_parse(&site->arena, response->body, &json_budget_default, &body));
    CHECK_INT(body.type, JSON_OBJECT);
    CHECK_STR(json_find(&body, STR("errorCode"))->string, STR("GENERAL"));
    CHECK(json_find(&body, STR("errorDetails"))->string.size > 0);
    CHECK_INT(json_find(&body, STR("metadata"))->type, JSON_OBJECT);
    CHECK_INT(json_find(&body, STR("key")) != NULL, key != NULL);
    if (key != NULL)
        CHECK_STR(json_find(&body, STR("key"))->string, str_of(key));
    CHECK_STR(site_answer_header(site, "Content-Type"), STR("application/json"));
    CHECK_STR(site_answer_header(site, "Cache-Control"), STR("no-store"));
    CHECK_STR(site_answer_header(site, "Access-Control-Allow-Origin"), STR("*"));
    CHECK_STR(site_answer_header(site, "Access-Control-Expose-Headers"), STR("ETag, Retry-After"));
}

TEST(every_refusal_is_an_object_of_the_protocol)
{
    struct site site;
    site_open(&site);
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct exchange *x = site_prepare(&site, "/ofrep/v1/evaluate/flags/a", STR(""));
        x->route = site_route(ofrep_evaluate_one);
        x->parameters[x->parameter_count++] = STR("a");
        ofrep_refuse(x, fault_make(refusals[i].kind, STR("x"), STR("y")), refusals[i].asked,
                     (struct str){0});
        CHECK_INT(site_status(&site), refusals[i].status);
        check_refusal(&site, "a");
        CHECK_STR(site_answer_header(&site, "Retry-After"), str_of(refusals[i].retry_after));
    }
    site_close(&site);
}

TEST(a_refusal_without_a_route_goes_by_the_path)
{
    static const char *const paths[][2] = {
        {"/ofrep/v1/evaluate/flags/a", "a"},   {"/ofrep/v1/evaluate/flags/a/b", "a/b"},
        {"/ofrep/v1/evaluate/flags/\xff", ""}, /* what came is no text */
        {"/ofrep/v1/evaluate/flags/", NULL},   {"/ofrep/v1/evaluate/flags", NULL},
        {"/ofrep/v1/configuration", NULL},     {"/ofrep", NULL},
    };
    struct site site;
    site_open(&site);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct exchange *x = site_prepare(&site, paths[i][0], STR(""));
        x->request = NULL; /* refused before it was whole */
        x->parameter_count = 0;
        ofrep_refuse(x, fault_make(FAULT_INVALID, STR("request"), (struct str){0}), 413,
                     (struct str){0});
        check_refusal(&site, paths[i][1]);
    }
    site_close(&site);
}

TEST(a_wrong_method_hears_which_are_right)
{
    struct site site;
    site_open(&site);
    struct exchange *x = site_prepare(&site, "/ofrep/v1/evaluate/flags/a", STR(""));
    ofrep_refuse(x, fault_none(), 405, STR("POST, OPTIONS"));
    CHECK_STR(site_answer_header(&site, "Allow"), STR("POST, OPTIONS"));
    check_refusal(&site, "a");
    site_close(&site);
}

/* ---- before browsers ask -----------------------------------------------------------------------
 */

static struct str allowed_headers(struct site *site, const char *asked)
{
    if (asked != NULL)
        site_header(site, "Access-Control-Request-Headers", str_of(asked));
    struct exchange *x = site_prepare(site, "/ofrep/v1/evaluate/flags", STR(""));
    ofrep_preflight(x, STR("POST, OPTIONS"));
    CHECK_INT(site_status(site), 204);
    return site_answer_header(site, "Access-Control-Allow-Headers");
}

#define BASE "Content-Type, If-None-Match, Authorization, X-API-Key"

TEST(a_preflight_allows_what_providers_send_and_what_was_asked_for)
{
    struct site site;
    site_open(&site);
    CHECK_STR(allowed_headers(&site, NULL), STR(BASE));
    CHECK_STR(site_answer_header(&site, "Access-Control-Allow-Origin"), STR("*"));
    CHECK_STR(site_answer_header(&site, "Access-Control-Allow-Methods"), STR("POST, GET, OPTIONS"));
    CHECK_STR(site_answer_header(&site, "Access-Control-Expose-Headers"), STR("ETag, Retry-After"));
    CHECK_STR(site_answer_header(&site, "Access-Control-Max-Age"), STR("600"));
    CHECK_STR(allowed_headers(&site, "x-tenant,X-Other_1"), STR(BASE ", x-tenant,X-Other_1"));
    CHECK_STR(allowed_headers(&site, ""), STR(BASE));
    CHECK_STR(allowed_headers(&site, "x; y"), STR(BASE));
    CHECK_STR(allowed_headers(&site, "x:y"), STR(BASE));
    site_close(&site);
}

TEST(nothing_is_allowed_where_nothing_is)
{
    struct site site;
    site_open(&site);
    struct exchange *x = site_prepare(&site, "/ofrep/v1/configuration", STR(""));
    ofrep_preflight(x, (struct str){0});
    CHECK_INT(site_status(&site), 404);
    check_refusal(&site, NULL);
    site_close(&site);
}

/* ---- what is said of flags ----------------------------------------------------------------------
 */

static struct reach reach_of(struct site *site, struct flag flag)
{
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    CHECK_INT(ofrep_dialect.reach(site->snapshot, &flag, &site->arena, reaches), 1);
    CHECK_STR(reaches[0].protocol, STR("ofrep.evaluate"));
    return reaches[0];
}

TEST(every_flag_is_served_but_groups_and_archived_ones)
{
    struct site site;
    site_open(&site);
    site_publish(&site);
    struct flag flag = site_decode_flag(&site, "'key':'a','enabled':false,'visibility':'server'");
    CHECK_INT(reach_of(&site, flag).kind, REACH_SERVED);
    CHECK(str_is_absent(reach_of(&site, flag).why));
    flag.kind = FLAG_KIND_EXPERIMENT;
    CHECK_INT(reach_of(&site, flag).kind, REACH_SERVED);
    flag.kind = FLAG_KIND_HOLDOUT;
    CHECK_INT(reach_of(&site, flag).kind, REACH_ABSENT);
    CHECK(str_contains(reach_of(&site, flag).why, STR("group")));
    flag.kind = FLAG_KIND_FLAG;
    flag.is_archived = true;
    CHECK_INT(reach_of(&site, flag).kind, REACH_ABSENT);
    CHECK(str_contains(reach_of(&site, flag).why, STR("archived")));
    site_close(&site);
}

TESTS(every_refusal_is_an_object_of_the_protocol, a_refusal_without_a_route_goes_by_the_path,
      a_wrong_method_hears_which_are_right,
      a_preflight_allows_what_providers_send_and_what_was_asked_for,
      nothing_is_allowed_where_nothing_is, every_flag_is_served_but_groups_and_archived_ones)
