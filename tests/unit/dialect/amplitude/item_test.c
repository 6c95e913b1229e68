/* SPDX-License-Identifier: Apache-2.0 */
/* item - flags and experiments keep what the documentation's samples say, in and out. */
#include "base/instant.h"
#include "manage_fixture.h"

static const char checkout[] =
    "{\"projectId\":\"90017\",\"key\":\"new-checkout\",\"name\":\"New checkout\","
    "\"description\":\"Two-step "
    "checkout\",\"variants\":[{\"key\":\"on\",\"payload\":{\"steps\":2}}],"
    "\"bucketingSalt\":\"q7Lw2ZtB\",\"enabled\":true,\"rolloutPercentage\":25,"
    "\"rolloutWeights\":{\"on\":1},\"tags\":[\"checkout\"],"
    "\"targetSegments\":[{\"name\":\"Nordics\",\"conditions\":["
    "{\"type\":\"property\",\"prop\":\"country\",\"op\":\"is\",\"values\":[\"Norway\",\"Iceland\"]}"
    ","
    "{\"type\":\"property\",\"prop\":\"gp:plan\",\"op\":\"is not\",\"values\":[\"(none)\"]}],"
    "\"percentage\":100,\"bucketingKey\":\"amplitude_id\",\"rolloutWeights\":{\"on\":1}}]}";

static int64_t at(const char *text)
{
    int64_t ms = 0;
    CHECK(instant_parse(str_of(text), &ms));
    return ms;
}

/* amplitude-management-api.md 3.1, member for member. */
TEST(a_flag_shows_every_documented_member)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_FLAG, checkout);
    struct str on = STR("on");
    struct prerequisite parent = {STR("old-checkout"), &on, 1};
    uint64_t deployment = 41;
    flag->prerequisites = &parent;
    flag->prerequisite_count = 1;
    flag->deployments = &deployment;
    flag->deployment_count = 1;
    const struct provenance provenance = {
        .created_ms = at("2025-04-02T09:12:44.310Z"),
        .modified_ms = at("2025-04-09T16:01:07.002Z"),
        .created_by = STR("ann@example.org"),
        .modified_by = STR("bo@example.org"),
    };
    CHECK_STR(
        shown(arena, flag, &provenance, 0),
        STR("{\"id\":\"183402\",\"projectId\":\"90017\",\"deployments\":[\"41\"],"
            "\"key\":\"new-checkout\",\"name\":\"New checkout\","
            "\"description\":\"Two-step checkout\",\"enabled\":true,\"evaluationMode\":\"remote\","
            "\"bucketingKey\":\"amplitude_id\",\"bucketingSalt\":\"q7Lw2ZtB\","
            "\"bucketingUnit\":\"User\",\"variants\":[{\"key\":\"on\",\"payload\":{\"steps\":2}}],"
            "\"rolloutPercentage\":25,\"rolloutWeights\":{\"on\":1},"
            "\"targetSegments\":[{\"name\":\"Nordics\",\"conditions\":["
            "{\"type\":\"property\",\"prop\":\"country\",\"op\":\"is\","
            "\"values\":[\"Norway\",\"Iceland\"]},"
            "{\"type\":\"property\",\"prop\":\"gp:plan\",\"op\":\"is not\","
            "\"values\":[\"(none)\"]}],\"percentage\":100,\"bucketingKey\":\"amplitude_id\","
            "\"rolloutWeights\":{\"on\":1}}],"
            "\"parentDependencies\":{\"flags\":{\"183377\":[\"on\"]},\"operator\":\"all\"},"
            "\"deleted\":false,\"tags\":[\"checkout\"],\"createdBy\":\"ann@example.org\","
            "\"lastModifiedBy\":\"bo@example.org\",\"createdAt\":\"2025-04-02T09:12:44.310Z\","
            "\"lastModifiedAt\":\"2025-04-09T16:01:07.002Z\"}"));
}

/* Section 4.2: without who and when, deleted and tags. */
TEST(a_version_shows_the_rest_only)
{
    struct arena *arena = fixture_arena();
    struct flag *flag =
        created(arena, FLAG_KIND_FLAG,
                "{\"key\":\"new-checkout\",\"bucketingSalt\":\"q7Lw2ZtB\",\"tags\":[\"a\"]}");
    CHECK_STR(shown(arena, flag, NULL, 0),
              STR("{\"id\":\"183402\",\"projectId\":\"90017\",\"deployments\":[],"
                  "\"key\":\"new-checkout\",\"name\":\"new-checkout\",\"description\":\"\","
                  "\"enabled\":false,\"evaluationMode\":\"remote\","
                  "\"bucketingKey\":\"amplitude_id\",\"bucketingSalt\":\"q7Lw2ZtB\","
                  "\"bucketingUnit\":\"User\",\"variants\":[{\"key\":\"on\"}],"
                  "\"rolloutPercentage\":0,\"rolloutWeights\":{\"on\":1},\"targetSegments\":[]}"));
}

TEST(a_flag_becomes_the_canonical_shape)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_FLAG, checkout);
    CHECK_INT(flag->variation_count, 2);
    CHECK_STR(flag->variations[0].id, STR("on"));
    CHECK_STR(flag->variations[0].value.string, STR("on"));
    CHECK_STR(flag->variations[1].id, STR("off"));
    CHECK_STR(flag->off_variation, STR("off"));
    CHECK_INT(flag->fallthrough.kind, SERVE_BUCKET);
    CHECK_INT(flag->fallthrough.bucket.slice_count, 1);
    CHECK_INT(flag->fallthrough.bucket.slices[0].percent, 25);
    CHECK_STR(flag->fallthrough.bucket.otherwise, STR("off"));
    CHECK_STR(flag->bucket_by, STR("/context/user/amplitude_id"));
    CHECK_INT(flag->rule_count, 1);
    CHECK_STR(flag->rules[0].description, STR("Nordics"));
    CHECK_INT(flag->rules[0].when.kind, EXPRESSION_ALL);
    CHECK_INT(flag->rules[0].when.child_count, 2);
    CHECK_STR(flag->rules[0].when.children[1].attribute, STR("/context/user/user_properties/plan"));
}

TEST(a_new_item_has_the_documented_defaults)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_EXPERIMENT, "{\"key\":\"button-colour\"}");
    CHECK_STR(member_shown(arena, flag, "variants"),
              STR("[{\"key\":\"control\"},{\"key\":\"treatment\"}]"));
    CHECK_STR(member_shown(arena, flag, "rolloutWeights"), STR("{\"control\":1,\"treatment\":1}"));
    CHECK_STR(member_shown(arena, flag, "rolloutPercentage"), STR("0"));
    CHECK_STR(member_shown(arena, flag, "experimentType"), STR("\"a-b-test\""));
    CHECK_STR(member_shown(arena, flag, "state"), STR("\"planning\""));
    CHECK_STR(member_shown(arena, flag, "stickyBucketing"), STR("false"));
    CHECK_STR(member_shown(arena, flag, "enabled"), STR("false"));
    CHECK_STR(member_shown(arena, flag, "decision"), STR("null"));
    CHECK_STR(member_shown(arena, flag, "startDate"), STR("null"));
    CHECK_STR(member_shown(arena, flag, "exposureEvent"), STR("null"));
    CHECK_INT(flag->salt.size, 8);
    struct flag *other = created(arena, FLAG_KIND_EXPERIMENT, "{\"key\":\"button-colour\"}");
    CHECK(!str_equal(flag->salt, other->salt));
}

TEST(a_patch_changes_what_it_names_and_nothing_else)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_FLAG, checkout);
    struct str before = shown(arena, flag, NULL, 0);
    CHECK_OK(patch(arena, flag, "{}"));
    CHECK_OK(patch(arena, flag, "{\"unheard-of\":[1,{}],\"decision\":7,\"startDate\":false}"));
    CHECK_STR(shown(arena, flag, NULL, 0), before);
    CHECK_OK(patch(arena, flag, "{\"rolloutPercentage\":60}"));
    CHECK_STR(member_shown(arena, flag, "rolloutPercentage"), STR("60"));
    CHECK_STR(member_shown(arena, flag, "rolloutWeights"), STR("{\"on\":1}"));
    CHECK_OK(
        patch(arena, flag,
              "{\"name\":\"N\",\"description\":null,\"bucketingKey\":\"gp:org\","
              "\"bucketingUnit\":\"org id\",\"evaluationMode\":\"local\",\"targetSegments\":[],"
              "\"enabled\":false,\"archive\":true,\"tags\":[\"a\",\"b\"]}"));
    CHECK_STR(member_shown(arena, flag, "name"), STR("\"N\""));
    CHECK_STR(member_shown(arena, flag, "description"), STR("\"\""));
    CHECK_STR(member_shown(arena, flag, "bucketingKey"), STR("\"gp:org\""));
    CHECK_STR(member_shown(arena, flag, "bucketingUnit"), STR("\"org id\""));
    CHECK_STR(member_shown(arena, flag, "evaluationMode"), STR("\"local\""));
    CHECK_STR(member_shown(arena, flag, "targetSegments"), STR("[]"));
    CHECK(flag->is_archived);
    CHECK_INT(flag->tag_count, 2);
    CHECK_OK(patch(arena, flag, "{\"bucketingUnit\":\"User\"}"));
    CHECK(str_is_absent(flag->bucketing_unit));
}

/* A refusal names the member, and changes nothing. */
static void check_refused(struct arena *arena, struct flag *flag, const char *text,
                          const char *where)
{
    struct str before = shown(arena, flag, NULL, 0);
    struct fault fault = patch(arena, flag, text);
    if (!failed(fault))
        fprintf(stderr, "taken: %s\n", text);
    CHECK(failed(fault));
    CHECK_STR(fault.where, str_of(where));
    CHECK_STR(shown(arena, flag, NULL, 0), before);
}

TEST(wrong_types_and_ranges_are_refused_by_name)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_EXPERIMENT, "{\"key\":\"e\"}");
    check_refused(arena, flag, "{\"name\":7}", "name");
    check_refused(arena, flag, "{\"name\":null}", "name");
    check_refused(arena, flag, "{\"enabled\":\"true\"}", "enabled");
    check_refused(arena, flag, "{\"archive\":1}", "archive");
    check_refused(arena, flag, "{\"rolloutPercentage\":101}", "rolloutPercentage");
    check_refused(arena, flag, "{\"rolloutPercentage\":-1}", "rolloutPercentage");
    check_refused(arena, flag, "{\"rolloutPercentage\":12.5}", "rolloutPercentage");
    check_refused(arena, flag, "{\"rolloutPercentage\":\"12\"}", "rolloutPercentage");
    check_refused(arena, flag, "{\"rolloutWeights\":[1]}", "rolloutWeights");
    check_refused(arena, flag, "{\"rolloutWeights\":{\"control\":-1}}", "rolloutWeights.control");
    check_refused(arena, flag, "{\"rolloutWeights\":{\"control\":\"1\"}}",
                  "rolloutWeights.control");
    check_refused(arena, flag, "{\"rolloutWeights\":{\"nobody\":1}}", "rolloutWeights.nobody");
    check_refused(arena, flag, "{\"rolloutWeights\":{\"off\":1}}", "rolloutWeights.off");
    check_refused(arena, flag, "{\"evaluationMode\":\"edge\"}", "evaluationMode");
    check_refused(arena, flag, "{\"tags\":\"a\"}", "tags");
    check_refused(arena, flag, "{\"tags\":[1]}", "tags[0]");
    check_refused(arena, flag, "{\"bucketingKey\":\"\"}", "bucketingKey");
    check_refused(arena, flag, "{\"experimentType\":\"guess\"}", "experimentType");
    check_refused(arena, flag, "{\"decision\":\"maybe\"}", "decision");
    check_refused(arena, flag, "{\"startDate\":\"tomorrow\"}", "startDate");
    check_refused(arena, flag, "{\"startDate\":\"2025-05-02\",\"endDate\":\"2025-05-01\"}",
                  "endDate");
    check_refused(arena, flag, "{\"rolledOutVariant\":\"nobody\"}", "rolledOutVariant");
    check_refused(arena, flag, "{\"exposureEvent\":{\"filters\":[]}}", "exposureEvent.event_type");
    check_refused(arena, flag, "{\"exposureEvent\":{\"event_type\":\"a\"}}",
                  "exposureEvent.filters");
}

TEST(creating_wants_a_key_and_sound_variants)
{
    struct arena *arena = fixture_arena();
    static const char *const cases[][2] = {
        {"{}", "key"},
        {"{\"key\":5}", "key"},
        {"{\"key\":\"a b\"}", "key"},
        {"{\"key\":\"k\",\"variants\":[{}]}", "variants[0].key"},
        {"{\"key\":\"k\",\"variants\":[{\"key\":\"off\"}]}", "variants[0].key"},
        {"{\"key\":\"k\",\"variants\":[{\"key\":\"On\"}]}", "variants[0].key"},
        {"{\"key\":\"k\",\"variants\":[{\"key\":\"a--b\"}]}", "variants[0].key"},
        {"{\"key\":\"k\",\"variants\":[{\"key\":\"a\"},{\"key\":\"a\"}]}", "variants[1].key"},
        {"{\"key\":\"k\",\"variants\":[7]}", "variants[0]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flag flag;
        struct fault fault = create(arena, FLAG_KIND_FLAG, cases[i][0], &flag);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.where, str_of(cases[i][1]));
    }
    created(arena, FLAG_KIND_FLAG,
            "{\"key\":\"k\",\"variants\":[{\"key\":\"snake_case\"},{\"key\":\"kebab-case-2\"}]}");
}

/* Section 3.2. */
TEST(the_state_of_an_experiment_follows_its_life)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_EXPERIMENT, "{\"key\":\"e\"}");
    int64_t now_ms = at("2025-05-10T12:00:00Z");
    CHECK_STR(experiment_state(flag, now_ms), STR("planning"));
    CHECK_OK(patch(arena, flag, "{\"enabled\":true,\"endDate\":\"2025-05-20\"}"));
    CHECK_STR(experiment_state(flag, now_ms), STR("running"));
    CHECK_STR(experiment_state(flag, at("2025-05-20T00:00:00Z")), STR("analyzing"));
    CHECK_OK(patch(arena, flag, "{\"enabled\":false}"));
    CHECK_STR(experiment_state(flag, now_ms), STR("analyzing"));
    CHECK_OK(patch(arena, flag, "{\"decision\":\"continue-running\"}"));
    CHECK_STR(experiment_state(flag, now_ms), STR("analyzing"));
    CHECK_OK(patch(arena, flag, "{\"decision\":\"rollout\",\"rolledOutVariant\":\"treatment\"}"));
    CHECK_STR(experiment_state(flag, now_ms), STR("decision-made"));
    CHECK_OK(patch(arena, flag, "{\"decision\":null}"));
    CHECK_STR(experiment_state(flag, now_ms), STR("analyzing"));
}

TEST(dates_answer_as_the_day_in_utc)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_EXPERIMENT, "{\"key\":\"e\"}");
    CHECK_OK(patch(arena, flag,
                   "{\"startDate\":\"2025-05-01T23:30:00-02:00\","
                   "\"endDate\":\"2025-06-01\"}"));
    CHECK_STR(member_shown(arena, flag, "startDate"), STR("\"2025-05-02\""));
    CHECK_STR(member_shown(arena, flag, "endDate"), STR("\"2025-06-01\""));
    CHECK_OK(patch(arena, flag, "{\"endDate\":null}"));
    CHECK_STR(member_shown(arena, flag, "endDate"), STR("null"));
}

/* The sample of section 2.9. */
TEST(an_exposure_event_is_kept_as_it_came)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_EXPERIMENT, "{\"key\":\"e\"}");
    CHECK_OK(patch(arena, flag,
                   "{\"exposureEvent\":{\"event_type\":\"checkout opened\",\"filters\":[{"
                   "\"group_type\":\"User\",\"subprop_key\":\"cart size\","
                   "\"subprop_op\":\"greater\",\"subprop_type\":\"day_time_prop\","
                   "\"subprop_value\":[\"2\"]}]}}"));
    CHECK_STR(member_shown(arena, flag, "exposureEvent"),
              STR("{\"event_type\":\"checkout opened\",\"filters\":[{\"group_type\":\"User\","
                  "\"subprop_key\":\"cart size\",\"subprop_op\":\"greater\","
                  "\"subprop_type\":\"day_time_prop\",\"subprop_value\":[\"2\"]}]}"));
    CHECK_OK(patch(arena, flag, "{\"exposureEvent\":null}"));
    CHECK_STR(member_shown(arena, flag, "exposureEvent"), STR("null"));
}

/* ---- variants ------------------------------------------------------------------------------- */

static struct str detail(struct arena *arena, struct flag *flag, const char *key)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    variant_put_detail(&writer, arena, flag, variant_find(flag, str_of(key)));
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(a_variant_in_detail_always_has_its_five_members)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_FLAG, checkout);
    CHECK_STR(detail(arena, flag, "on"),
              STR("{\"key\":\"on\",\"name\":\"\",\"payload\":{\"steps\":2},\"description\":\"\","
                  "\"rolloutWeight\":1}"));
    struct variation *added = variant_insert(arena, flag, STR("teal-button"));
    CHECK_STR(added->id, STR("teal-button"));
    CHECK_STR(detail(arena, flag, "teal-button"),
              STR("{\"key\":\"teal-button\",\"name\":\"\",\"payload\":{},\"description\":\"\","
                  "\"rolloutWeight\":0}"));
    CHECK_STR(flag->variations[2].id, STR("off"));
}

TEST(a_renamed_variant_keeps_its_share_everywhere)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_FLAG, checkout);
    struct flag renamed = flag_copy(arena, flag);
    variant_rename(&renamed, STR("on"), STR("two-steps"));
    CHECK_OK(flag_check(arena, &renamed));
    CHECK_STR(member_shown(arena, &renamed, "rolloutWeights"), STR("{\"two-steps\":1}"));
    CHECK_STR(renamed.variations[0].value.string, STR("two-steps"));
    CHECK_STR(renamed.rules[0].serve.bucket.slices[0].allocations[0].variation, STR("two-steps"));
}

TEST(a_removed_variant_leaves_no_trace)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_EXPERIMENT,
                                "{\"key\":\"e\",\"rolloutPercentage\":50,"
                                "\"rolloutWeights\":{\"treatment\":3,\"control\":2}}");
    struct flag removed = flag_copy(arena, flag);
    variant_remove(arena, &removed, STR("control"));
    CHECK_OK(flag_check(arena, &removed));
    CHECK_STR(member_shown(arena, &removed, "variants"), STR("[{\"key\":\"treatment\"}]"));
    CHECK_STR(member_shown(arena, &removed, "rolloutWeights"), STR("{\"treatment\":3}"));
    CHECK_STR(member_shown(arena, &removed, "rolloutPercentage"), STR("50"));
    variant_remove(arena, &removed, STR("treatment"));
    CHECK_OK(flag_check(arena, &removed));
    CHECK_STR(member_shown(arena, &removed, "variants"), STR("[]"));
}

/* Who gets which depends on the order of the variants, never on that of the weights. */
TEST(weights_stand_in_the_order_of_the_variants)
{
    struct arena *arena = fixture_arena();
    struct flag *flag =
        created(arena, FLAG_KIND_EXPERIMENT,
                "{\"key\":\"e\",\"rolloutWeights\":{\"treatment\":9,\"control\":1}}");
    CHECK_STR(member_shown(arena, flag, "rolloutWeights"), STR("{\"control\":1,\"treatment\":9}"));
    CHECK_OK(patch(arena, flag, "{\"rolloutWeights\":{\"treatment\":0,\"control\":0}}"));
    CHECK_STR(member_shown(arena, flag, "rolloutWeights"), STR("{\"control\":0,\"treatment\":0}"));
}

/* ---- made elsewhere ------------------------------------------------------------------------- */

static struct flag typed_flag(struct arena *arena)
{
    struct variation *variations = ARENA_NEW_ARRAY(arena, struct variation, 2);
    variations[0] = (struct variation){.id = STR("on"), .value = json_make_boolean(true)};
    variations[1] = (struct variation){.id = STR("off"), .value = json_make_boolean(false)};
    return (struct flag){
        .id = STR("flag_t"),
        .key = STR("typed"),
        .type = VALUE_BOOLEAN,
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_enabled = true,
        .variations = variations,
        .variation_count = 2,
        .off_variation = STR("off"),
        .fallthrough = {.kind = SERVE_VARIATION, .variation = STR("on")},
    };
}

TEST(a_typed_flag_is_shown_and_its_rules_left_alone)
{
    struct arena *arena = fixture_arena();
    struct flag flag = typed_flag(arena);
    CHECK_STR(member_shown(arena, &flag, "variants"), STR("[{\"key\":\"on\",\"payload\":true}]"));
    CHECK_STR(member_shown(arena, &flag, "rolloutPercentage"), STR("100"));
    check_refused(arena, &flag, "{\"rolloutPercentage\":50}", "rolloutPercentage");
    check_refused(arena, &flag, "{\"rolloutWeights\":{\"on\":1}}", "rolloutWeights");
    check_refused(arena, &flag, "{\"targetSegments\":[]}", "targetSegments");
    check_refused(arena, &flag, "{\"bucketingSalt\":\"x\"}", "bucketingSalt");
    check_refused(arena, &flag, "{\"evaluationMode\":\"local\"}", "evaluationMode");
    CHECK_OK(patch(arena, &flag, "{\"enabled\":false,\"name\":\"N\",\"tags\":[\"t\"]}"));
    CHECK(!flag.is_enabled);
}

TEST(rules_no_segment_can_say_are_not_shown_by_halves)
{
    struct arena *arena = fixture_arena();
    struct flag *flag = created(arena, FLAG_KIND_FLAG, checkout);
    flag->rules[0].when.kind = EXPRESSION_ANY;
    CHECK_STR(member_shown(arena, flag, "targetSegments"), STR(""));
}

TESTS(a_flag_shows_every_documented_member, a_version_shows_the_rest_only,
      a_flag_becomes_the_canonical_shape, a_new_item_has_the_documented_defaults,
      a_patch_changes_what_it_names_and_nothing_else, wrong_types_and_ranges_are_refused_by_name,
      creating_wants_a_key_and_sound_variants, the_state_of_an_experiment_follows_its_life,
      dates_answer_as_the_day_in_utc, an_exposure_event_is_kept_as_it_came,
      a_variant_in_detail_always_has_its_five_members, a_renamed_variant_keeps_its_share_everywhere,
      a_removed_variant_leaves_no_trace, weights_stand_in_the_order_of_the_variants,
      a_typed_flag_is_shown_and_its_rules_left_alone,
      rules_no_segment_can_say_are_not_shown_by_halves)
