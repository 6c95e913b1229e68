/* SPDX-License-Identifier: Apache-2.0 */
/* visit - what every request to the admin API goes through before its handler, and after. */
#include "dialect/admin/upload_digest.h"

#include "visitor.h"

/* ---- the query --------------------------------------------------------------------------------
 */

static const struct operation_query query[] = {
    {STR("q"), STR("what to look for"), STR("{}"), false},
    {STR("mode"), STR("how"), STR("{}"), true},
};

static bool admits(unsigned traits, size_t query_count, const char *target, const char *parameter)
{
    struct visitor *visitor = visitor_open(HTTP_POST, target);
    visitor->operation =
        (struct operation){.traits = traits, .query = query, .query_count = query_count};
    bool is_admitted = admin_admit(&visitor->x);
    if (!is_admitted) {
        visitor_expect_refusal(visitor, 400, "invalid");
        CHECK_STR(visitor_place(visitor, "parameter"), str_of(parameter));
    }
    visitor_close(visitor);
    return is_admitted;
}

TEST(what_an_operation_does_not_list_is_refused)
{
    CHECK(admits(0, 0, "/x", NULL));
    CHECK(admits(0, 0, "/x?", NULL));
    CHECK(admits(0, 1, "/x?q=1", NULL));
    CHECK(admits(0, 1, "/x?&q&", NULL));
    CHECK(!admits(0, 0, "/x?q=1", "q"));
    CHECK(!admits(0, 1, "/x?r", "r"));
    CHECK(!admits(0, 1, "/x?Q=1", "Q"));
    CHECK(!admits(0, 1, "/x?%71=1", "%71"));
    CHECK(!admits(0, 1, "/x?q=1&q=2", "q"));
    CHECK(!admits(0, 1, "/x?q=%zz", "q"));
    CHECK(!admits(0, 2, "/x?q=1", "mode"));
    CHECK(admits(0, 2, "/x?mode=merge&q=1", NULL));
}

TEST(traits_bring_members_along)
{
    static const struct {
        unsigned traits;
        const char *member;
    } brought[] = {{OPERATION_LISTS, "limit=1"},
                   {OPERATION_LISTS, "cursor=x"},
                   {OPERATION_AS_OF, "at=1"},
                   {OPERATION_MUTATES, "dryRun=true"}};
    for (size_t i = 0; i < COUNT_OF(brought); i++) {
        char target[64], name[32];
        snprintf(target, sizeof(target), "/x?%s", brought[i].member);
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(brought[i].member, "="),
                 brought[i].member);
        CHECK(admits(brought[i].traits, 0, target, NULL));
        CHECK(!admits(OPERATION_DETECTS, 0, target, name));
    }
    CHECK(!admits(OPERATION_MUTATES | OPERATION_NO_DRY_RUN, 0, "/x?dryRun=true", "dryRun"));
}

TEST(a_dry_run_is_asked_for_in_one_way)
{
    static const char *const others[] = {"1", "TRUE", "yes", "", "true%20"};
    static const char *const good[] = {"true", "false"};
    char target[64];
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        snprintf(target, sizeof(target), "/x?dryRun=%s", others[i]);
        CHECK(!admits(OPERATION_MUTATES, 0, target, "dryRun"));
    }
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        snprintf(target, sizeof(target), "/x?dryRun=%s", good[i]);
        struct visitor *visitor = visitor_open(HTTP_POST, target);
        visitor->operation.traits = OPERATION_MUTATES;
        CHECK(admin_admit(&visitor->x));
        CHECK_INT(visit_of(&visitor->x)->is_dry_run, i == 0);
        visitor_close(visitor);
    }
}

/* ---- headers ----------------------------------------------------------------------------------
 */

static int status_for(enum http_method method, const char *media, const char *taken)
{
    struct visitor *visitor = visitor_open(method, "/x");
    visitor->request.body = STR("{}");
    visitor->operation.body_media = str_of(taken);
    if (media != NULL)
        visitor_say(visitor, "Content-Type", media);
    int status = admin_admit(&visitor->x) ? 200 : visitor->x.response.status;
    visitor_close(visitor);
    return status;
}

TEST(bodies_are_json_if_nothing_else_is_said)
{
    CHECK_INT(status_for(HTTP_POST, "application/json", NULL), 200);
    CHECK_INT(status_for(HTTP_POST, "Application/JSON ; charset=utf-8", NULL), 200);
    CHECK_INT(status_for(HTTP_POST, "text/plain", NULL), 415);
    CHECK_INT(status_for(HTTP_POST, "application/x-www-form-urlencoded", NULL), 415);
    CHECK_INT(status_for(HTTP_POST, NULL, NULL), 415);
    CHECK_INT(status_for(HTTP_POST, "", NULL), 415);
    CHECK_INT(status_for(HTTP_POST, "application/merge-patch+json", NULL), 415);
    CHECK_INT(status_for(HTTP_PATCH, "application/merge-patch+json", NULL), 200);
    CHECK_INT(status_for(HTTP_PATCH, "application/json", NULL), 200);
    CHECK_INT(status_for(HTTP_PUT, "text/csv", "text/csv"), 200);
}

TEST(a_condition_where_something_is_made_is_a_mistake)
{
    for (int creates = 0; creates < 2; creates++) {
        struct visitor *visitor = visitor_open(HTTP_POST, "/x");
        visitor->operation.traits =
            OPERATION_MUTATES | (creates == 1 ? (unsigned)OPERATION_CREATES : 0);
        visitor_say(visitor, "If-Match", "\"1\"");
        CHECK_INT(admin_admit(&visitor->x), creates == 0);
        visitor_close(visitor);
    }
}

TEST(an_idempotency_key_is_visible_ascii)
{
    char long_key[257];
    memset(long_key, 'k', 256);
    long_key[256] = '\0';
    const char *const keys[] = {"", "a b", "ä", "\x7f", long_key};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct visitor *visitor = visitor_open(HTTP_POST, "/x?dryRun=true");
        visitor->operation.traits = OPERATION_MUTATES;
        visitor_say(visitor, "Idempotency-Key", keys[i]);
        CHECK(!admin_admit(&visitor->x));
        visitor_expect_refusal(visitor, 400, "invalid");
        visitor_close(visitor);
    }
    struct visitor *visitor = visitor_open(HTTP_POST, "/x?dryRun=true");
    visitor->operation.traits = OPERATION_MUTATES;
    visitor_say(visitor, "Idempotency-Key", long_key + 1);
    CHECK(admin_admit(&visitor->x));
    CHECK(visit_of(&visitor->x)->repeat == NULL); /* a dry run keeps nothing */
    visitor_close(visitor);
}

/* ---- rates and lines ----------------------------------------------------------------------------
 */

static int64_t standing(const struct clock *clock)
{
    (void)clock;
    return 1000;
}

static const struct clock stopped = {standing, standing};

TEST(every_answer_says_what_is_left)
{
    struct rates *rates = rates_open(&stopped, (struct rate_limits){.per_second = 2});
    for (int i = 0; i < 3; i++) {
        struct visitor *visitor = visitor_open(HTTP_GET, "/x");
        visitor->services.admin_rates = rates;
        bool is_admitted = admin_admit(&visitor->x);
        CHECK_INT(is_admitted, i < 2);
        if (is_admitted)
            admin_answer_nothing(&visitor->x);
        else
            visitor_expect_refusal(visitor, 429, "rate_limited");
        admin_conclude(&visitor->x);
        CHECK_STR(visitor_header(visitor, "RateLimit-Policy"), STR("\"management\";q=2;w=1"));
        static const char *const left[] = {"\"management\";r=1;t=1", "\"management\";r=0;t=1",
                                           "\"management\";r=0;t=1"};
        CHECK_STR(visitor_header(visitor, "RateLimit"), str_of(left[i]));
        CHECK_STR(visitor_header(visitor, "Retry-After"), is_admitted ? (struct str){0} : STR("1"));
        CHECK_INT(visitor_header(visitor, "X-Request-Id").size, 22);
        visitor_close(visitor);
    }
    struct visitor *other = visitor_open(HTTP_GET, "/x");
    other->services.admin_rates = rates;
    other->caller.credential_id = STR("token_2");
    CHECK(admin_admit(&other->x));
    visitor_close(other);
    rates_close(rates);
}

TEST(lines_that_every_answer_has_come_once)
{
    struct visitor *visitor = visitor_open(HTTP_GET, "/x?y");
    visitor_say(visitor, "X-Request-Id", "abc");
    CHECK(!admin_admit(&visitor->x));
    admin_conclude(&visitor->x);
    struct str lines = visitor->x.response.headers;
    size_t count = 0;
    for (size_t at = 0; at < lines.size; at++)
        count += str_starts_with(str_slice(lines, at, lines.size), STR("X-Request-Id: abc\r\n"));
    CHECK_INT(count, 1);
    visitor_close(visitor);
}

TEST(a_request_id_that_could_do_harm_is_replaced)
{
    char long_id[130];
    memset(long_id, 'x', 129);
    long_id[129] = '\0';
    const char *const ids[] = {"", "a b", "a\x7f", "ä", long_id};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct visitor *visitor = visitor_open(HTTP_GET, "/x");
        visitor_say(visitor, "X-Request-Id", ids[i]);
        CHECK_INT(visit_of(&visitor->x)->request_id.size, 22);
        visitor_close(visitor);
    }
    struct visitor *visitor = visitor_open(HTTP_GET, "/x");
    visitor_say(visitor, "X-Request-Id", long_id + 1);
    CHECK_STR(visit_of(&visitor->x)->request_id, str_of(long_id + 1));
    visitor_close(visitor);
}

/* ---- uploads -----------------------------------------------------------------------------------
 */

struct pail {
    struct http_body_sink sink; /* first */
    char text[64];
    size_t size;
    bool is_abandoned;
};

static bool pour(struct http_body_sink *sink, struct str piece)
{
    struct pail *pail = (struct pail *)sink;
    memcpy(pail->text + pail->size, piece.data, piece.size);
    pail->size += piece.size;
    return pail->size < 8;
}

static void abandon(struct http_body_sink *sink)
{
    ((struct pail *)sink)->is_abandoned = true;
}

TEST(what_passes_into_a_sink_is_digested)
{
    struct arena arena;
    struct str names[3];
    static const char *const pieces[3][3] = {{"ab", "c", ""}, {"a", "", "bc"}, {"ab", "d", ""}};
    random_open();
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct pail pail = {.sink = {pour, abandon}};
        struct http_body_sink *sink = upload_digest_open(&pail.sink);
        for (size_t at = 0; at < 3; at++)
            CHECK(sink->write(sink, str_of(pieces[i][at])));
        names[i] = upload_digest_take(&arena, &sink);
        CHECK(sink == &pail.sink);
        CHECK_INT(pail.size, 3);
        CHECK(!pail.is_abandoned);
        CHECK(str_is_absent(upload_digest_take(&arena, &sink)));
    }
    CHECK_STR(names[0], names[1]);
    CHECK(!str_equal(names[0], names[2]));
    struct pail pail = {.sink = {pour, abandon}};
    struct http_body_sink *sink = upload_digest_open(&pail.sink);
    CHECK(!sink->write(sink, STR("enough for it")));
    sink->abandon(sink);
    CHECK(pail.is_abandoned);
    arena_close(&arena);
}

TEST(a_sink_nobody_will_come_for_is_abandoned)
{
    struct pail pail = {.sink = {pour, abandon}};
    struct visitor *visitor = visitor_open(HTTP_PUT, "/x?surprise");
    visitor->request.sink = &pail.sink;
    CHECK(!admin_admit(&visitor->x));
    CHECK(pail.is_abandoned);
    CHECK(visitor->request.sink == NULL);
    visitor_close(visitor);
}

TESTS(what_an_operation_does_not_list_is_refused, traits_bring_members_along,
      a_dry_run_is_asked_for_in_one_way, bodies_are_json_if_nothing_else_is_said,
      a_condition_where_something_is_made_is_a_mistake, an_idempotency_key_is_visible_ascii,
      every_answer_says_what_is_left, lines_that_every_answer_has_come_once,
      a_request_id_that_could_do_harm_is_replaced, what_passes_into_a_sink_is_digested,
      a_sink_nobody_will_come_for_is_abandoned)
