/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of evaluations and of reported events, with a store behind it.
 * amplitude-evaluation.md 8. */
#include <time.h>

#include "town.h"

#include "dialect/amplitude/assignment.h"
#include "dialect/amplitude/evaluate.h"
#include "ingest/assignments.h"

#include "evaluation_fixture.h"

/* A server with one deployment; requests go to it through a site's. */
struct report_town {
    struct town town;
    struct site site;
    uint64_t environment;
    struct str key; /* of the deployment */
};

static void open_town(struct report_town *reporter)
{
    town_open(&reporter->town);
    site_open(&reporter->site);
    reporter->environment = town_app(&reporter->town, STR("shop"));
    struct change change = {
        .kind = CHANGE_CREATE_DEPLOYMENT,
        .action = STR("deployment.create"),
        .environment = reporter->environment,
        .name = STR("web"),
        .key_kind = CREDENTIAL_SERVER_DEPLOYMENT,
        .subject = STR("web"),
    };
    CHECK_OK(town_apply(&reporter->town, &change));
    reporter->key = change.key;
    reporter->site.view = view_acquire(reporter->town.views);
    reporter->site.services.changer = reporter->town.changer;
    reporter->site.services.assignments = assignments_open(change_ingest(reporter->town.changer));
}

static void close_town(struct report_town *reporter)
{
    assignments_close(reporter->site.services.assignments);
    site_forget(&reporter->site);
    view_release(reporter->site.view);
    reporter->site.view = NULL;
    site_close(&reporter->site);
    town_close(&reporter->town);
}

static struct ingest_counters counters(struct report_town *reporter)
{
    return ingest_counters_read(change_ingest(reporter->town.changer));
}

/* Until the writer has stored so many, for at most some seconds. */
static void wait_for_stored(struct report_town *reporter, uint64_t count)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000000};
    for (int i = 0; i < 1000 && counters(reporter).stored < count; i++)
        nanosleep(&pause, NULL);
    CHECK_INT(counters(reporter).stored, count);
}

/* ---- posted events --------------------------------------------------------------------------- */

static struct json post(struct report_town *reporter, struct str body)
{
    struct str answer =
        site_send(&reporter->site, amplitude_post_events, HTTP_POST, "/2/httpapi", body);
    return site_parse(&reporter->site, arena_copy_str(&reporter->site.arena, answer));
}

static struct str body_with(struct report_town *reporter, const char *events)
{
    return arena_format(&reporter->site.arena, "{\"api_key\":\"%.*s\",\"events\":%s}",
                        STR_ARG(reporter->key), events);
}

static double number_of(const struct json *object, struct str name)
{
    const struct json *member = json_find(object, name);
    assert_non_null(member);
    return member->number;
}

#define ASSIGNMENT                                                                                 \
    "{\"event_type\":\"[Experiment] Assignment\",\"user_id\":\"u\",\"insert_id\":\"u  5 1\","      \
    "\"event_properties\":{\"a.variant\":\"on\",\"b.variant\":\"off\"}}"
#define EXPOSURE                                                                                   \
    "{\"event_type\":\"$exposure\",\"user_id\":\"u\",\"insert_id\":\"x\","                         \
    "\"event_properties\":{\"flag_key\":\"a\",\"variant\":\"on\"}}"
#define OUTCOME "{\"event_type\":\"bought\",\"user_id\":\"u\",\"insert_id\":\"o\"}"

TEST(posted_events_are_stored_once)
{
    struct report_town reporter;
    open_town(&reporter);
    struct str body = body_with(&reporter, "[" ASSIGNMENT "," EXPOSURE "," OUTCOME "]");
    struct json answer = post(&reporter, body);
    CHECK_INT(reporter.site.exchange.response.status, 200);
    CHECK(number_of(&answer, STR("code")) == 200);
    CHECK(number_of(&answer, STR("events_ingested")) == 3);
    CHECK(number_of(&answer, STR("payload_size_bytes")) == (double)body.size);
    CHECK(number_of(&answer, STR("server_upload_time")) == 1746000000000);
    wait_for_stored(&reporter, 4);
    post(&reporter, body);
    CHECK_INT(reporter.site.exchange.response.status, 200);
    CHECK_INT(counters(&reporter).duplicates, 4);
    CHECK_INT(counters(&reporter).stored, 4);
    close_town(&reporter);
}

TEST(one_wrong_event_keeps_all_out_and_is_named)
{
    struct report_town reporter;
    open_town(&reporter);
    struct json answer = post(&reporter, body_with(&reporter, "[" OUTCOME ",{\"user_id\":\"u\"}]"));
    CHECK_INT(reporter.site.exchange.response.status, 400);
    CHECK(number_of(&answer, STR("code")) == 400);
    const struct json *missing = json_find(&answer, STR("events_with_missing_fields"));
    assert_non_null(missing);
    CHECK(json_find(missing, STR("event_type"))->elements[0].number == 1);
    answer = post(&reporter, body_with(&reporter, "[{\"event_type\":\"a\",\"user_id\":[]}]"));
    const struct json *invalid = json_find(&answer, STR("events_with_invalid_fields"));
    assert_non_null(invalid);
    CHECK(json_find(invalid, STR("user_id"))->elements[0].number == 0);
    CHECK_INT(counters(&reporter).accepted, 0);
    close_town(&reporter);
}

TEST(bodies_without_a_good_key_or_events_are_refused)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{",
        "{\"events\":[" OUTCOME "]}",
        "{\"api_key\":5,\"events\":[" OUTCOME "]}",
        "{\"api_key\":\"server-nobody\",\"events\":[" OUTCOME "]}",
    };
    struct report_town reporter;
    open_town(&reporter);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct json answer = post(&reporter, str_of(bodies[i]));
        CHECK_INT(reporter.site.exchange.response.status, 400);
        CHECK(number_of(&answer, STR("code")) == 400);
        assert_non_null(json_find(&answer, STR("error")));
    }
    post(&reporter, body_with(&reporter, "[]"));
    CHECK_INT(reporter.site.exchange.response.status, 400);
    post(&reporter, body_with(&reporter, "{}"));
    CHECK_INT(reporter.site.exchange.response.status, 400);
    post(&reporter,
         arena_format(&reporter.site.arena, "{\"api_key\":\"%.*s\"}", STR_ARG(reporter.key)));
    CHECK_INT(reporter.site.exchange.response.status, 400);
    CHECK_INT(counters(&reporter).accepted, 0);
    close_town(&reporter);
}

TEST(more_events_than_the_vendor_takes_are_too_many)
{
    struct report_town reporter;
    struct buf events;
    open_town(&reporter);
    buf_open(&events, SIZE_MAX);
    for (size_t i = 0; i < 2000; i++)
        buf_append_format(&events,
                          "%c{\"event_type\":\"a\",\"user_id\":\"u\",\"insert_id\":\"%zu\"}",
                          i == 0 ? '[' : ',', i);
    struct str list = arena_copy_str(&reporter.site.arena, buf_str(&events));
    buf_close(&events);
    struct arena *arena = &reporter.site.arena;
    post(&reporter, body_with(&reporter, arena_format(arena, "%.*s]", STR_ARG(list)).data));
    CHECK_INT(reporter.site.exchange.response.status, 200);
    post(&reporter, body_with(&reporter, arena_format(arena, "%.*s,{}]", STR_ARG(list)).data));
    CHECK_INT(reporter.site.exchange.response.status, 413);
    close_town(&reporter);
}

/* ---- evaluations ----------------------------------------------------------------------------- */

/* The town's own snapshots have no renderer of ours: a site's stands in, of the same environment.
 */
static void evaluate_user(struct report_town *reporter, const char *track, const char *exposures,
                          const char *user)
{
    struct site *site = &reporter->site;
    if (track != NULL)
        site_header(site, "x-amp-exp-track", track);
    if (exposures != NULL)
        site_header(site, "x-amp-exp-exposure-track", exposures);
    site_send(site, amplitude_evaluate_user, HTTP_POST, "/sdk/v2/vardata", str_of(user));
    CHECK_INT(site->exchange.response.status, 200);
}

static void publish_flags(struct report_town *reporter)
{
    struct site *site = &reporter->site;
    struct flag on = site_flag(&site->arena, "always", "on");
    on.fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("on")};
    site_add(site, on, 1, 12);
    site_add(site, site_flag(&site->arena, "never", "on"), 2, 4);
    view_release(site->view);
    site->view = NULL;
    site_publish(site);
}

static void withdraw_flags(struct report_town *reporter)
{
    site_withdraw(&reporter->site);
    reporter->site.view = view_acquire(reporter->town.views);
}

#define ANN "{\"user_id\":\"ann\",\"device_id\":\"d\",\"groups\":{\"org\":[\"acme\"]}}"

TEST(an_evaluation_is_noted_once_a_day)
{
    struct report_town reporter;
    open_town(&reporter);
    publish_flags(&reporter);
    evaluate_user(&reporter, NULL, NULL, ANN);
    wait_for_stored(&reporter, 2);
    evaluate_user(&reporter, "track", NULL, ANN);
    evaluate_user(&reporter, NULL, "no-track", ANN);
    CHECK_INT(counters(&reporter).accepted, 2);
    evaluate_user(&reporter, NULL, NULL, "{\"user_id\":\"bo\"}");
    wait_for_stored(&reporter, 4);

    /* The id is the one that SDKs give the same results (section 8.1). */
    struct store *reader = NULL;
    bool has = false;
    CHECK_OK(store_open(&reader, scratch_path(&reporter.town.scratch), STORE_READER));
    int32_t hash = hash_java(0, STR("ann d always on never off "));
    struct str id = arena_format(&reporter.site.arena, "ann d %d 20208 always", hash);
    CHECK_OK(store_has_event(reader, SITE_ENVIRONMENT, id, &has));
    CHECK(has);
    store_close(reader);
    withdraw_flags(&reporter);
    close_town(&reporter);
}

TEST(who_asks_not_to_be_tracked_is_not)
{
    struct report_town reporter;
    open_town(&reporter);
    publish_flags(&reporter);
    evaluate_user(&reporter, "no-track", NULL, ANN);
    evaluate_user(&reporter, "read-only", NULL, ANN);
    evaluate_user(&reporter, NULL, NULL, "{}"); /* nobody */
    CHECK_INT(counters(&reporter).accepted, 0);
    evaluate_user(&reporter, "no-track", "track", ANN); /* the exposure of what is not off */
    wait_for_stored(&reporter, 1);
    withdraw_flags(&reporter);
    close_town(&reporter);
}

/* Results as evaluations have them, of the site's flags. */
static struct flag_results results_of(struct site *site)
{
    struct flag_results results = {ARENA_NEW_ARRAY(&site->arena, struct flag_result, 8), 0};
    for (size_t i = 0; i < site->flag_count; i++) {
        const struct flag_pieces *pieces = pieces_answers(site->snapshot)->flags[i];
        const struct decision decision = {.rule = RULE_NONE, .reason = REASON_FALLTHROUGH};
        results.items[results.count++] = (struct flag_result){
            site->flags[i], pieces, &pieces->answers[0], pieces_segment(pieces, &decision)};
    }
    return results;
}

/* Section 8's events, cut down to one flag each, in the one spelling that equal ones have. */
TEST(noted_events_are_the_documented_ones)
{
    struct site site;
    site_open(&site);
    struct flag colour = site_flag(&site.arena, "button-colour", "quo\"te");
    colour.kind = FLAG_KIND_EXPERIMENT;
    site_add(&site, colour, 1, 12);
    site_publish(&site);
    struct amplitude_user user;
    struct json json = site_parse(&site, STR("{\"user_id\":\"u\\\"1\",\"device_id\":\"d-1\","
                                             "\"groups\":{\"b\":\"x\",\"a\":[\"y\"]}}"));
    CHECK_OK(user_decode(&site.arena, &json, &user));
    const struct assignment_source source = {7, 3, 1746000000000, &user, STR("person")};
    struct flag_results results = results_of(&site);
    struct event_row rows[8];
    CHECK_INT(assignment_rows(&site.arena, &source, TRACKED_ASSIGNMENT, &results, rows), 1);
    struct str id = arena_format(&site.arena, "u\"1 d-1 %d 20208",
                                 hash_java(0, STR("u\"1 d-1 button-colour quo\"te ")));
    struct json document = site_parse(&site, rows[0].document);
    struct str expected = arena_format(
        &site.arena,
        "{\"device_id\":\"d-1\",\"event_properties\":{"
        "\"button-colour.details\":\"v12 rule:All Other Users\","
        "\"button-colour.variant\":\"quo\\\"te\"},"
        "\"event_type\":\"[Experiment] Assignment\",\"groups\":{\"a\":[\"y\"],\"b\":\"x\"},"
        "\"insert_id\":\"u\\\"1%.*s\",\"user_id\":\"u\\\"1\","
        "\"user_properties\":{\"$set\":{\"[Experiment] button-colour\":\"quo\\\"te\"}}}",
        STR_ARG(str_slice(id, 3, id.size)));
    CHECK_STR(rows[0].document, expected);
    CHECK_STR(json_find(&document, STR("insert_id"))->string, id);
    CHECK_STR(rows[0].event_id, arena_format(&site.arena, "%.*s button-colour", STR_ARG(id)));
    CHECK_STR(rows[0].kind, STR("assignment"));
    CHECK_STR(rows[0].variation, STR("quo\"te"));
    CHECK_STR(rows[0].subject_id, STR("person"));

    CHECK_INT(assignment_rows(&site.arena, &source, TRACKED_EXPOSURE, &results, rows), 1);
    document = site_parse(&site, rows[0].document);
    struct buf canonical;
    buf_open(&canonical, SIZE_MAX);
    json_append_canonical(&canonical, &document);
    CHECK_STR(rows[0].document, buf_str(&canonical));
    buf_close(&canonical);
    struct json properties = site_parse(
        &site, STR("{\"[Experiment] Experiment Key\":\"exp-1\",\"[Experiment] Flag Key\":"
                   "\"button-colour\",\"[Experiment] Variant\":\"quo\\\"te\",\"metadata\":"
                   "{\"flagVersion\":12,\"segmentName\":\"All Other Users\"}}"));
    CHECK(json_equal(json_find(&document, STR("event_properties")), &properties));
    CHECK_STR(rows[0].kind, STR("exposure"));
    site_close(&site);
}

TESTS(noted_events_are_the_documented_ones, posted_events_are_stored_once,
      one_wrong_event_keeps_all_out_and_is_named, bodies_without_a_good_key_or_events_are_refused,
      more_events_than_the_vendor_takes_are_too_many, an_evaluation_is_noted_once_a_day,
      who_asks_not_to_be_tracked_is_not)
