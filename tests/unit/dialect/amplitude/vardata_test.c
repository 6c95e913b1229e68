/* SPDX-License-Identifier: Apache-2.0 */
/* Remote evaluation: what is asked, in every form, and that the answer put together from pieces is
 * the one written out plainly. amplitude-evaluation.md 3. */
#include "evaluation_fixture.h"
#include "evaluation_random.h"

#include "dialect/amplitude/user.h"

/* ---- two flags ------------------------------------------------------------------------------- */

static void open_documented(struct site *site)
{
    static const uint32_t one[] = {0, 1};
    site_open(site);
    struct flag colour = site_flag(&site->arena, "button-colour", "control,treatment");
    colour.kind = FLAG_KIND_EXPERIMENT;
    colour.evaluation_mode = EVALUATION_REMOTE;
    colour.variations[1].has_payload = true;
    colour.variations[1].payload = site_parse(site, STR("{\"hex\":\"#088\"}"));
    colour.fallthrough = site_rollout(&site->arena, &colour, 100, one, 2);
    struct flag checkout = site_flag(&site->arena, "new-checkout", "on");
    checkout.evaluation_mode = EVALUATION_REMOTE;
    struct flag elsewhere = site_flag(&site->arena, "elsewhere", "on");
    elsewhere.deployments[0] = SITE_DEPLOYMENT + 1;
    struct flag archived = site_flag(&site->arena, "archived", "on");
    archived.is_archived = true;
    site_add(site, colour, 1, 12);
    site_add(site, checkout, 2, 4);
    site_add(site, elsewhere, 3, 1);
    site_add(site, archived, 4, 1);
    site_publish(site);
}

static void close_site(struct site *site)
{
    site_forget(site);
    site_close(site);
}

/* "<n>_<ms>_<n>" */
static bool is_evaluation_id(struct str text)
{
    size_t first = str_find_byte(text, '_', 0);
    size_t second = str_find_byte(text, '_', first + 1);
    uint64_t number = 0;
    return str_parse_u64(str_slice(text, 0, first), &number) &&
           str_equal(str_slice(text, first + 1, second), STR("1746000000000")) &&
           str_parse_u64(str_slice(text, second + 1, text.size), &number);
}

/* Takes the evaluation ids out of an answer; they must all be there and alike. */
static struct json without_ids(struct site *site, struct str body)
{
    struct json answer = site_parse(site, body);
    struct str id = {0};
    CHECK(answer.type == JSON_OBJECT);
    for (uint32_t i = 0; i < answer.count; i++) {
        struct json *result = &answer.members[i].value;
        struct json *metadata = (struct json *)json_find(result, STR("metadata"));
        struct json *holder = metadata == NULL ? result : metadata;
        const struct json *found = json_find(holder, STR("evaluationId"));
        assert_non_null(found);
        CHECK(is_evaluation_id(found->string));
        CHECK(str_is_absent(id) || str_equal(id, found->string));
        id = found->string;
        CHECK_STR(holder->members[holder->count - 1].key, STR("evaluationId"));
        holder->count--;
    }
    return answer;
}

static void check_answer(struct site *site, struct str body, const char *expected)
{
    struct json answer = without_ids(site, body);
    struct json wanted = site_parse(site, str_of(expected));
    if (!json_equal(&answer, &wanted))
        fprintf(stderr, "got      %.*s\nexpected %s\n", STR_ARG(body), expected);
    CHECK_INT(site->exchange.response.status, 200);
    CHECK(json_equal(&answer, &wanted));
}

#define TREATMENT "\"key\":\"treatment\",\"value\":\"treatment\",\"payload\":{\"hex\":\"#088\"}"
#define TREATMENT_METADATA                                                                         \
    "\"metadata\":{\"deployed\":true,\"evaluationMode\":\"remote\",\"experimentKey\":\"exp-1\","   \
    "\"flagType\":\"experiment\",\"flagVersion\":12,\"segmentName\":\"All Other Users\"}"

static const char all[] =
    "{\"button-colour\":{" TREATMENT "," TREATMENT_METADATA "},"
    "\"new-checkout\":{\"key\":\"off\",\"metadata\":{\"default\":true,\"deployed\":true,"
    "\"evaluationMode\":\"remote\",\"flagType\":\"release\",\"flagVersion\":4,"
    "\"segmentName\":\"All Other Users\"}}}";
static const char assigned[] = "{\"button-colour\":{" TREATMENT "," TREATMENT_METADATA "}}";
static const char plain[] = "{\"button-colour\":{" TREATMENT ",\"expKey\":\"exp-1\"}}";

#define USER                                                                                       \
    "eyJ1c2VyX2lkIjoidSIsImRldmljZV9pZCI6ImQ/PyJ9" /* {"user_id":"u","device_id":"d??"}            \
                                                    */

TEST(every_form_has_its_shape)
{
    struct site site;
    open_documented(&site);
    site_header(&site, "x-amp-exp-user", USER);
    check_answer(&site, site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata?v=0"), all);
    struct str user = STR("{\"user_id\":\"u\",\"device_id\":\"d\",\"country\":null}");
    check_answer(
        &site, site_send(&site, amplitude_evaluate_user, HTTP_POST, "/sdk/v2/vardata", user), all);
    check_answer(&site,
                 site_send(&site, amplitude_evaluate_user_legacy, HTTP_POST, "/sdk/vardata", user),
                 assigned);
    check_answer(&site,
                 site_get(&site, amplitude_evaluate_query, "/v1/vardata?user_id=u&device_id=d"),
                 plain);
    close_site(&site);
}

TEST(both_alphabets_of_base64_are_read_with_and_without_padding)
{
    static const char *const users[] = {USER, "eyJ1c2VyX2lkIjoidSIsImRldmljZV9pZCI6ImQ_PyJ9",
                                        "eyJ1c2VyX2lkIjoidSJ9ICA=", "eyJ1c2VyX2lkIjoidSJ9ICA"};
    struct site site;
    open_documented(&site);
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        site_header(&site, "x-amp-exp-user", users[i]);
        site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata");
        CHECK_INT(site.exchange.response.status, 200);
    }
    close_site(&site);
}

TEST(keys_select_each_once_and_unknown_ones_nothing)
{
    struct site site;
    open_documented(&site);
    site_header(&site, "x-amp-exp-user", "eyJkZXZpY2VfaWQiOiJkIn0");
    /* ["button-colour","nobody","button-colour","elsewhere","archived"] */
    site_header(
        &site, "x-amp-exp-flag-keys",
        "WyJidXR0b24tY29sb3VyIiwibm9ib2R5IiwiYnV0dG9uLWNvbG91ciIsImVsc2V3aGVyZSIsImFyY2hpdmVkIl0");
    check_answer(&site, site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata"), assigned);
    site_header(&site, "x-amp-exp-user", "eyJkZXZpY2VfaWQiOiJkIn0");
    site_header(&site, "x-amp-exp-flag-keys", "W10");
    check_answer(&site, site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata"), all);
    const char *queries[] = {"/v1/vardata?device_id=d&flag_keys=button-colour,nobody",
                             "/v1/vardata?device_id=d&flag_key=button-colour",
                             "/v1/vardata?device_id=d&flag_keys="};
    for (size_t i = 0; i < COUNT_OF(queries); i++)
        check_answer(&site, site_get(&site, amplitude_evaluate_query, queries[i]), plain);
    CHECK_STR(site_get(&site, amplitude_evaluate_query, "/v1/vardata?device_id=d&flag_keys=nobody"),
              STR("{}"));
    close_site(&site);
}

/* The vendor's own tests ask with an empty user and want 200 (section 3.4). */
TEST(an_empty_user_is_fine_except_in_the_documented_form)
{
    struct site site;
    open_documented(&site);
    site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata");
    CHECK_INT(site.exchange.response.status, 200);
    site_get(&site, amplitude_evaluate_query, "/v1/vardata");
    CHECK_INT(site.exchange.response.status, 400);
    site_get(&site, amplitude_evaluate_query, "/v1/vardata?context=%7B%22user_id%22%3A%22%22%7D");
    CHECK_INT(site.exchange.response.status, 400);
    site_get(&site, amplitude_evaluate_query, "/v1/vardata?context=%7B%22user_id%22%3A%22u%22%7D");
    CHECK_INT(site.exchange.response.status, 200);
    close_site(&site);
}

static void check_refused(struct site *site, struct str body)
{
    struct json error = site_parse(site, body);
    CHECK_INT(site->exchange.response.status, 400);
    assert_non_null(json_find(&error, STR("error")));
    CHECK(str_contains(site->exchange.response.headers, STR("Access-Control-Allow-Origin: *\r\n")));
}

TEST(what_is_no_user_is_refused_with_headers_for_browsers)
{
    static const char *const headers[] = {"%%%", "bm90IGpzb24", "W10", "bnVsbA",
                                          "eyJhIjoxLCJhIjoyfQ"};
    static const char *const bodies[] = {"", "[]", "null", "{", "{\"a\":1}}", "nonsense"};
    struct site site;
    open_documented(&site);
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        site_header(&site, "x-amp-exp-user", headers[i]);
        check_refused(&site, site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata"));
    }
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        check_refused(&site, site_send(&site, amplitude_evaluate_user, HTTP_POST, "/sdk/v2/vardata",
                                       str_of(bodies[i])));
    static const char *const keys[] = {"%", "e30", "WzFd", "bm8"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        site_header(&site, "x-amp-exp-flag-keys", keys[i]);
        check_refused(&site, site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata"));
    }
    check_refused(&site, site_get(&site, amplitude_evaluate_query, "/v1/vardata?context=%7B"));
    check_refused(&site, site_get(&site, amplitude_evaluate_query, "/v1/vardata?context=%5B%5D"));
    close_site(&site);
}

TEST(answers_are_never_cached_and_compressed_when_asked)
{
    struct site site;
    site_open(&site);
    for (size_t i = 0; i < 20; i++)
        site_add(&site, site_flag(&site.arena, arena_format(&site.arena, "f%zu", i).data, "on"),
                 i + 1, 1);
    site_publish(&site);
    struct str body = site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata");
    CHECK_STR(str_slice(body, 0, 2), STR("{\""));
    CHECK(str_contains(site.exchange.response.headers, STR("Cache-Control: no-store\r\n")));
    CHECK(!str_contains(site.exchange.response.headers, STR("gzip")));
    size_t plain_size = body.size;
    site_header(&site, "accept-encoding", "gzip, deflate");
    body = site_get(&site, amplitude_evaluate_user, "/sdk/v2/vardata");
    CHECK_STR(str_slice(body, 0, 2), STR("\x1f\x8b"));
    CHECK(body.size < plain_size / 4);
    CHECK(str_contains(site.exchange.response.headers, STR("Content-Encoding: gzip\r\n")));
    close_site(&site);
}

/* ---- any flags ------------------------------------------------------------------------------- */

/* The answer member by member, with a look-up per flag and none of the pieces. */
static void write_plainly(struct json_writer *writer, const struct flag *flag,
                          const struct decision *decision, uint64_t sequence)
{
    const struct variation *variation = &flag->variations[decision->variation];
    bool is_off = str_equal(variation->id, STR("off"));
    bool is_typed = flag->arithmetic.comparison == FLAG_COMPARISON_TYPED;
    json_key(writer, flag->key);
    json_object_begin(writer);
    json_member_string(writer, STR("key"), variation->id);
    if (!is_off)
        json_member_string(writer, STR("value"), variation->id);
    if (variation->has_payload)
        json_member_tree(writer, STR("payload"), &variation->payload);
    else if (is_typed)
        json_member_tree(writer, STR("payload"), &variation->value);
    json_key(writer, STR("metadata"));
    json_object_begin(writer);
    if (is_off)
        json_member_boolean(writer, STR("default"), true);
    json_member_boolean(writer, STR("deployed"), true);
    json_member_string(writer, STR("evaluationMode"),
                       flag->evaluation_mode == EVALUATION_LOCAL ? STR("local") : STR("remote"));
    if (flag->kind == FLAG_KIND_EXPERIMENT)
        json_member_string(writer, STR("experimentKey"), STR("exp-1"));
    json_member_string(writer, STR("flagType"),
                       flag->kind == FLAG_KIND_EXPERIMENT ? STR("experiment") : STR("release"));
    json_member_u64(writer, STR("flagVersion"), sequence);
    struct str segment = STR("All Other Users");
    if (!flag->is_enabled)
        segment = STR("default");
    else if (decision->reason == REASON_INCLUDED)
        segment = STR("individual-inclusions");
    else if (decision->reason == REASON_PREREQUISITE_FAILED)
        segment = STR("flag-dependencies");
    else if (decision->reason == REASON_STICKY)
        segment = STR("sticky-bucketing");
    else if (decision->rule != RULE_NONE)
        segment = str_is_empty(flag->rules[decision->rule].description)
                      ? flag->rules[decision->rule].id
                      : flag->rules[decision->rule].description;
    json_member_string(writer, STR("segmentName"), segment);
    json_object_end(writer);
    json_object_end(writer);
}

static struct str answer_plainly(struct site *site, struct str user_text)
{
    struct amplitude_user user;
    struct context context;
    struct buf buf;
    struct json_writer writer;
    struct json json = site_parse(site, user_text);
    CHECK_OK(user_decode(&site->arena, &json, &user));
    user_identify(&user, user.user_id.size > 0 ? user.user_id : user.device_id);
    context_open_user(&context, &site->arena, site->snapshot->rules, &user.tree, site->scratch);
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    for (size_t i = 0; i < site->flag_count; i++) {
        const struct flag *flag = &site->flags[i]->flag;
        bool is_here = flag->is_on_all_deployments ||
                       (flag->deployment_count > 0 && flag->deployments[0] == SITE_DEPLOYMENT);
        if (flag->is_archived || flag->kind >= FLAG_KIND_MUTEX || !is_here)
            continue;
        struct decision decision =
            evaluate(site->snapshot->rules, flag->key, &context, 1746000000000, NULL);
        if (decision.error == DECISION_OK && decision.variation != VARIATION_NONE)
            write_plainly(&writer, flag, &decision, site->flags[i]->provenance.sequence);
    }
    json_object_end(&writer);
    struct str text = arena_copy_str(&site->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(pieces_say_what_plain_writing_says)
{
    enum { SITES = 40, USERS = 25, FLAGS = 30 };
    for (uint64_t seed = 1; seed <= SITES; seed++) {
        struct dice dice = {seed * 7919};
        struct site site;
        site_open(&site);
        for (size_t i = 0; i < FLAGS; i++)
            random_add(&site, &dice, i);
        site_publish(&site);
        for (size_t i = 0; i < USERS; i++) {
            struct str user = random_user(&site, &dice);
            struct str body =
                site_send(&site, amplitude_evaluate_user, HTTP_POST, "/sdk/v2/vardata", user);
            struct json fast = without_ids(&site, body);
            struct json slow = site_parse(&site, answer_plainly(&site, user));
            if (!json_equal(&fast, &slow))
                fprintf(stderr, "seed %llu user %.*s\n", (unsigned long long)seed, STR_ARG(user));
            CHECK(json_equal(&fast, &slow));
        }
        close_site(&site);
    }
}

TESTS(every_form_has_its_shape, both_alphabets_of_base64_are_read_with_and_without_padding,
      keys_select_each_once_and_unknown_ones_nothing,
      an_empty_user_is_fine_except_in_the_documented_form,
      what_is_no_user_is_refused_with_headers_for_browsers,
      answers_are_never_cached_and_compressed_when_asked, pieces_say_what_plain_writing_says)
