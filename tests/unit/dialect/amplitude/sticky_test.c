/* SPDX-License-Identifier: Apache-2.0 */
/* Who was dealt a variation of a sticky experiment keeps it. amplitude-evaluation.md 6.4, 9.5. */
#include "evaluation_fixture.h"

#include "ingest/identities.h"

static void ignore(void *context)
{
    (void)context;
}

static void open_memory(struct site *site)
{
    site_open(site);
    site->services.devices = notebook_open(NOTE_DEVICE, clock_system(), ignore, NULL);
    site->services.variations = notebook_open(NOTE_VARIATION, clock_system(), ignore, NULL);
}

static void close_memory(struct site *site)
{
    notebook_close(site->services.devices);
    notebook_close(site->services.variations);
    site_forget(site);
    site_close(site);
}

static uint64_t notes(const struct site *site)
{
    return notebook_counters_read(site->services.variations).learned;
}

/* An experiment of red and blue that deals one of them to everybody who has what it buckets by. */
static struct flag experiment(struct site *site, const char *dealt, bool is_sticky)
{
    struct flag flag = site_flag(&site->arena, "colour", "red,blue");
    const uint32_t weights[] = {str_equal(str_of(dealt), STR("red")),
                                str_equal(str_of(dealt), STR("blue"))};
    flag.kind = FLAG_KIND_EXPERIMENT;
    flag.experiment.type = STR("a-b-test");
    flag.experiment.is_sticky = is_sticky;
    flag.bucket_by = STR("/context/user/amplitude_id");
    flag.fallthrough = site_rollout(&site->arena, &flag, 100, weights, 2);
    return flag;
}

/* These flags are all there are now. */
static void publish(struct site *site, const struct flag *flags, size_t count)
{
    site_withdraw(site);
    for (size_t i = 0; i < site->flag_count; i++)
        flag_revision_release(site->flags[i]);
    site->flag_count = 0;
    for (size_t i = 0; i < count; i++)
        site_add(site, flags[i], i + 1, 1);
    site_publish(site);
}

static void publish_one(struct site *site, struct flag flag)
{
    publish(site, &flag, 1);
}

static struct str member_of(const struct json *json, const char *const *path)
{
    for (; *path != NULL; path++) {
        json = json_find(json, str_of(*path));
        assert_non_null(json);
    }
    return json->string;
}

/* What "colour" is for this user, and why; track may be NULL. */
static void check_tracking(struct site *site, const char *track, const char *user,
                           const char *variant, const char *segment)
{
    static const char *const key[] = {"colour", "key", NULL};
    static const char *const name[] = {"colour", "metadata", "segmentName", NULL};
    if (track != NULL)
        site_header(site, "x-amp-exp-track", track);
    struct json answer = site_parse(
        site, site_send(site, amplitude_evaluate_user, HTTP_POST, "/sdk/v2/vardata", str_of(user)));
    CHECK_STR(member_of(&answer, key), str_of(variant));
    CHECK_STR(member_of(&answer, name), str_of(segment));
}

static void check(struct site *site, const char *user, const char *variant, const char *segment)
{
    check_tracking(site, "no-track", user, variant, segment);
}

#define OTHERS "All Other Users"
#define STUCK "sticky-bucketing"
#define ANN "{\"user_id\":\"ann\"}"
#define BEN "{\"user_id\":\"ben\"}"

TEST(what_was_dealt_and_tracked_is_kept)
{
    struct site site;
    open_memory(&site);
    publish_one(&site, experiment(&site, "red", true));
    check_tracking(&site, NULL, ANN, "red", OTHERS);
    check_tracking(&site, "no-track", BEN, "red", OTHERS);
    check_tracking(&site, "read-only", BEN, "red", OTHERS);
    check_tracking(&site, NULL, "{}", "off", OTHERS); /* nobody */
    CHECK_INT(notes(&site), 1);
    publish_one(&site, experiment(&site, "blue", true));
    check_tracking(&site, "no-track", ANN, "red", STUCK);
    check_tracking(&site, "read-only", ANN, "red", STUCK);
    check_tracking(&site, "track", ANN, "red", STUCK);
    CHECK_INT(notes(&site), 1); /* kept, not written anew */
    check_tracking(&site, "track", BEN, "blue", OTHERS);
    CHECK_INT(notes(&site), 2);
    close_memory(&site);
}

TEST(only_flags_that_stick_are_remembered)
{
    struct site site;
    open_memory(&site);
    publish_one(&site, experiment(&site, "red", false));
    check_tracking(&site, NULL, ANN, "red", OTHERS);
    struct flag flag = experiment(&site, "red", true);
    flag.kind = FLAG_KIND_FLAG;
    publish_one(&site, flag);
    check_tracking(&site, NULL, ANN, "red", OTHERS);
    CHECK_INT(notes(&site), 0);
    close_memory(&site);
}

TEST(what_the_caller_says_comes_first)
{
    struct site site;
    open_memory(&site);
    publish_one(&site, experiment(&site, "red", true));
    check_tracking(&site, NULL, ANN, "red", OTHERS);
    static const char had_blue[] =
        "{\"user_id\":\"ann\",\"user_properties\":{\"[Experiment] colour\":\"blue\"}}";
    check_tracking(&site, NULL, had_blue, "blue", STUCK);
    publish_one(&site, experiment(&site, "blue", true));
    check(&site, ANN, "red", STUCK); /* the caller's word is not noted */
    static const char had_another[] =
        "{\"user_id\":\"ann\",\"user_properties\":{\"[Experiment] colour\":\"green\"}}";
    check(&site, had_another, "blue", OTHERS);
    close_memory(&site);
}

TEST(defaults_and_inclusions_are_not_remembered)
{
    struct site site;
    open_memory(&site);
    struct flag flag = experiment(&site, "red", true);
    flag.fallthrough = site_rollout(&site.arena, &flag, 0, NULL, 0);
    publish_one(&site, flag);
    check_tracking(&site, NULL, ANN, "off", OTHERS);
    flag = experiment(&site, "red", true);
    flag.is_enabled = false;
    publish_one(&site, flag);
    check_tracking(&site, NULL, ANN, "off", "default");
    flag = experiment(&site, "red", true);
    flag.variations[1].included =
        site_texts(&site.arena, "ann", &flag.variations[1].included_count);
    publish_one(&site, flag);
    check_tracking(&site, NULL, ANN, "blue", "individual-inclusions");
    CHECK_INT(notes(&site), 0);
    close_memory(&site);
}

TEST(what_was_dealt_by_a_segment_is_kept_outside_of_it)
{
    struct site site;
    open_memory(&site);
    struct flag flag = experiment(&site, "blue", true);
    struct flag red = experiment(&site, "red", true);
    site_rule(&site.arena, &flag, "Nordics",
              site_match(&site.arena, "/context/user/country", OPERATOR_TEXT_IS, "NO"),
              red.fallthrough);
    publish_one(&site, flag);
    check_tracking(&site, NULL, "{\"user_id\":\"ann\",\"country\":\"NO\"}", "red", "Nordics");
    check(&site, ANN, "red", STUCK);
    check(&site, BEN, "blue", OTHERS);
    close_memory(&site);
}

TEST(a_person_is_the_user_of_the_device_or_who_the_caller_says)
{
    struct site site;
    open_memory(&site);
    publish_one(&site, experiment(&site, "red", true));
    check_tracking(&site, NULL, "{\"user_id\":\"ann\",\"device_id\":\"phone\"}", "red", OTHERS);
    check_tracking(&site, NULL, "{\"device_id\":\"tablet\"}", "red", OTHERS);
    check_tracking(&site, NULL, "{\"user_id\":\"cyd\",\"amplitude_id\":17}", "red", OTHERS);
    publish_one(&site, experiment(&site, "blue", true));
    check(&site, "{\"device_id\":\"phone\"}", "red", STUCK);
    check(&site, "{\"user_id\":\"ann\",\"device_id\":\"borrowed\"}", "red", STUCK);
    check(&site, "{\"device_id\":\"tablet\"}", "red", STUCK);
    check(&site, "{\"user_id\":\"dan\",\"amplitude_id\":\"17\"}", "red", STUCK);
    check(&site, "{\"user_id\":\"cyd\"}", "blue", OTHERS);
    check(&site, "{\"device_id\":\"unknown\"}", "blue", OTHERS);
    close_memory(&site);
}

#define WORKS_AT(user, org) "{\"user_id\":\"" user "\",\"groups\":{\"org\":[\"" org "\"]}}"

TEST(where_a_group_is_bucketed_the_group_keeps_it)
{
    struct site site;
    open_memory(&site);
    struct flag red = experiment(&site, "red", true);
    struct flag blue = experiment(&site, "blue", true);
    red.bucketing_unit = blue.bucketing_unit = STR("org");
    publish_one(&site, red);
    check_tracking(&site, NULL, WORKS_AT("ann", "acme"), "red", OTHERS);
    check_tracking(&site, NULL, ANN, "off", OTHERS);
    publish_one(&site, blue);
    check(&site, WORKS_AT("ben", "acme"), "red", STUCK);
    check(&site, WORKS_AT("ann", "apex"), "blue", OTHERS);
    check(&site, ANN, "off", OTHERS);
    blue.bucketing_unit = (struct str){0};
    publish_one(&site, blue);
    check(&site, "{\"user_id\":\"acme\"}", "blue", OTHERS); /* a person, not the group */
    close_memory(&site);
}

TEST(a_variant_that_is_gone_and_a_key_made_again_start_afresh)
{
    struct site site;
    open_memory(&site);
    publish_one(&site, experiment(&site, "red", true));
    check_tracking(&site, NULL, ANN, "red", OTHERS);
    check_tracking(&site, NULL, BEN, "red", OTHERS);
    struct flag again = experiment(&site, "blue", true);
    again.id = STR("flag_another");
    publish_one(&site, again);
    check(&site, ANN, "blue", OTHERS);
    struct flag less = experiment(&site, "blue", true);
    less.variations[0].id = STR("green");
    less.fallthrough.bucket.slices[0].allocations[0].variation = STR("green");
    publish_one(&site, less);
    check_tracking(&site, NULL, ANN, "blue", OTHERS); /* and is noted in its place */
    publish_one(&site, experiment(&site, "red", true));
    check(&site, ANN, "blue", STUCK);
    check(&site, BEN, "red", STUCK);
    close_memory(&site);
}

TEST(who_leans_on_a_sticky_flag_sees_what_is_kept)
{
    struct site site;
    open_memory(&site);
    struct flag flags[] = {experiment(&site, "red", true), site_flag(&site.arena, "child", "on")};
    flags[1].fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("on")};
    site_require(&site.arena, &flags[1], "colour", "red");
    publish(&site, flags, 2);
    check_tracking(&site, NULL, ANN, "red", OTHERS);
    flags[0] = experiment(&site, "blue", true);
    publish(&site, flags, 2);
    static const char *const key[] = {"child", "key", NULL};
    const char *const users[] = {ANN, BEN};
    for (size_t i = 0; i < COUNT_OF(users); i++) {
        site_header(&site, "x-amp-exp-flag-keys", "WyJjaGlsZCJd"); /* ["child"] */
        struct json answer = site_parse(&site, site_send(&site, amplitude_evaluate_user, HTTP_POST,
                                                         "/sdk/v2/vardata", str_of(users[i])));
        CHECK_STR(member_of(&answer, key), i == 0 ? STR("on") : STR("off"));
    }
    CHECK_INT(notes(&site), 1); /* who leans on it does not make it noted */
    close_memory(&site);
}

TEST(people_with_names_too_long_are_dealt_anew)
{
    enum { LONGEST = NOTE_BYTES_MAX - sizeof("flag_colour") }; /* and a space */
    struct site site;
    open_memory(&site);
    const char *longest = arena_format(&site.arena, "{\"user_id\":\"%0*d\"}", (int)LONGEST, 7).data;
    const char *too_long =
        arena_format(&site.arena, "{\"user_id\":\"%0*d\"}", (int)LONGEST + 1, 7).data;
    publish_one(&site, experiment(&site, "red", true));
    check_tracking(&site, NULL, longest, "red", OTHERS);
    check_tracking(&site, NULL, too_long, "red", OTHERS);
    CHECK_INT(notes(&site), 1);
    publish_one(&site, experiment(&site, "blue", true));
    check(&site, longest, "red", STUCK);
    check(&site, too_long, "blue", OTHERS);
    close_memory(&site);
}

TEST(without_a_notebook_nothing_sticks)
{
    struct site site;
    site_open(&site);
    publish_one(&site, experiment(&site, "red", true));
    check_tracking(&site, NULL, ANN, "red", OTHERS);
    publish_one(&site, experiment(&site, "blue", true));
    check(&site, ANN, "blue", OTHERS);
    site_forget(&site);
    site_close(&site);
}

TESTS(what_was_dealt_and_tracked_is_kept, only_flags_that_stick_are_remembered,
      what_the_caller_says_comes_first, defaults_and_inclusions_are_not_remembered,
      what_was_dealt_by_a_segment_is_kept_outside_of_it,
      a_person_is_the_user_of_the_device_or_who_the_caller_says,
      where_a_group_is_bucketed_the_group_keeps_it,
      a_variant_that_is_gone_and_a_key_made_again_start_afresh,
      who_leans_on_a_sticky_flag_sees_what_is_kept, people_with_names_too_long_are_dealt_anew,
      without_a_notebook_nothing_sticks)
