/* SPDX-License-Identifier: Apache-2.0 */
/* Cohort downloads and memberships: amplitude-evaluation.md 7. */
#include "evaluation_fixture.h"

static void open_cohorts(struct site *site)
{
    static const struct str people[] = {{"u-3", 3}, {"u-1", 3}, {"u \"2\"", 5}};
    static const struct str groups[] = {{"acme", 4}};
    site_open(site);
    site_add_cohort(site, STR("kx82mf0a"), STR("User"), 1746000012345, people, COUNT_OF(people));
    site_add_cohort(site, STR("orgs"), STR("org id"), 1, groups, COUNT_OF(groups));
    site_publish(site);
}

static void close_site(struct site *site)
{
    site_forget(site);
    site_close(site);
}

/* The handler behind its route: dispatch puts parameters into the exchange. */
static struct str parameters[2];

static void download(struct exchange *x)
{
    x->parameters[0] = parameters[0];
    x->parameter_count = 1;
    amplitude_download_cohort(x);
}

static void list_memberships(struct exchange *x)
{
    x->parameters[0] = parameters[0];
    x->parameters[1] = parameters[1];
    x->parameter_count = 2;
    amplitude_list_memberships(x);
}

static int download_status(struct site *site, const char *id, const char *target)
{
    parameters[0] = str_of(id);
    site_get(site, download, target);
    return site->exchange.response.status;
}

TEST(a_cohort_is_told_whole_with_its_members_last)
{
    struct site site;
    open_cohorts(&site);
    parameters[0] = STR("kx82mf0a");
    struct str body = site_get(&site, download, "/sdk/v1/cohort/kx82mf0a?maxCohortSize=3");
    CHECK_INT(site.exchange.response.status, 200);
    CHECK_STR(body, STR("{\"cohortId\":\"kx82mf0a\",\"groupType\":\"User\",\"groupTypeId\":0,"
                        "\"lastComputed\":1746000012345,\"lastModified\":1746000012345,\"size\":3,"
                        "\"memberIds\":[\"u \\\"2\\\"\",\"u-1\",\"u-3\"]}"));
    close_site(&site);
}

TEST(what_is_held_too_large_or_not_there_has_its_status)
{
    struct site site;
    open_cohorts(&site);
    CHECK_INT(download_status(&site, "kx82mf0a", "/c?lastModified=1746000012345"), 204);
    CHECK_INT(site.exchange.response.body.size, 0);
    CHECK_INT(download_status(&site, "kx82mf0a", "/c?lastModified=1746000012344"), 200);
    CHECK_INT(download_status(&site, "kx82mf0a", "/c?maxCohortSize=2"), 413);
    CHECK_INT(download_status(&site, "kx82mf0a", "/c?maxCohortSize=2&lastModified=1746000012345"),
              204);
    CHECK_INT(download_status(&site, "nobody", "/c"), 404);
    CHECK_INT(download_status(&site, "kx82mf0a", "/c?lastModified=soon"), 400);
    CHECK_INT(download_status(&site, "kx82mf0a", "/c?maxCohortSize=-1"), 400);
    close_site(&site);
}

TEST(memberships_are_of_one_type_of_group)
{
    struct site site;
    open_cohorts(&site);
    parameters[0] = STR("User");
    parameters[1] = STR("u \"2\"");
    CHECK_STR(site_get(&site, list_memberships, "/m"), STR("[\"kx82mf0a\"]"));
    parameters[1] = STR("acme");
    CHECK_STR(site_get(&site, list_memberships, "/m"), STR("[]"));
    parameters[0] = STR("org id");
    CHECK_STR(site_get(&site, list_memberships, "/m"), STR("[\"orgs\"]"));
    close_site(&site);
}

/* Who is stored is a member, whatever the request lists (section 7.3). */
TEST(stored_members_are_evaluated_as_members)
{
    static const struct {
        const char *user, *variant;
    } rows[] = {
        {"{\"user_id\":\"u-1\"}", "on"},
        {"{\"user_id\":\"other\"}", "off"},
        {"{\"device_id\":\"u-1\"}", "off"}, /* user ids alone count */
        {"{\"user_id\":\"other\",\"cohort_ids\":[\"kx82mf0a\"]}", "on"},
    };
    struct site site;
    open_cohorts(&site);
    struct flag flag = site_flag(&site.arena, "f", "on");
    struct serve on = {.kind = SERVE_VARIATION, .variation = STR("on")};
    site_rule(&site.arena, &flag, "members",
              site_match(&site.arena, "/context/user/cohort_ids", OPERATOR_TEXT_SET_CONTAINS_ANY,
                         "kx82mf0a"),
              on);
    site_add(&site, flag, 1, 1);
    site_publish(&site);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json answer = site_parse(&site, site_send(&site, amplitude_evaluate_user, HTTP_POST,
                                                         "/sdk/v2/vardata", str_of(rows[i].user)));
        CHECK_STR(json_find(json_find(&answer, STR("f")), STR("key"))->string,
                  str_of(rows[i].variant));
    }
    close_site(&site);
}

TESTS(a_cohort_is_told_whole_with_its_members_last,
      what_is_held_too_large_or_not_there_has_its_status, memberships_are_of_one_type_of_group,
      stored_members_are_evaluated_as_members)
