/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of the text family in this vendor's documents: exact or absent, and the reason why. */
#include "dialect/superflag/projection.h"

#include "dialect/superflag/reach.h"
#include "model/codec.h"

#include "fixture.h"

/* Two variations and off, on, everybody gets teal. */
static struct flag *text_flag(struct arena *arena, const char *key)
{
    const char *ids[] = {"control", "teal", "off"};
    struct flag *flag = ARENA_NEW(arena, struct flag);
    *flag = (struct flag){
        .id = STR("flag_t"),
        .key = str_of(key),
        .kind = FLAG_KIND_EXPERIMENT,
        .type = VALUE_STRING,
        .name = STR("Named"),
        .description = STR("About it"),
        .owner = STR("ann"),
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_enabled = true,
        .arithmetic = {FLAG_HASH_MURMUR3_32_UTF8, FLAG_COMPARISON_TEXT},
        .evaluation_mode = EVALUATION_LOCAL,
        .salt = STR("s"),
        .bucket_by = STR("/context/user/user_id"),
        .variation_count = COUNT_OF(ids),
        .off_variation = STR("off"),
    };
    flag->variations = ARENA_NEW_ARRAY(arena, struct variation, COUNT_OF(ids));
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        flag->variations[i] =
            (struct variation){.id = str_of(ids[i]), .value = json_make_string(str_of(ids[i]))};
    flag->variations[1].has_payload = true;
    flag->variations[1].payload = json_make_number(7);
    struct bucket *bucket = &flag->fallthrough.bucket;
    flag->fallthrough.kind = SERVE_BUCKET;
    bucket->otherwise = STR("teal");
    bucket->slices = ARENA_NEW(arena, struct slice);
    bucket->slice_count = 1;
    bucket->slices[0].percent = 100;
    bucket->slices[0].allocation_count = 2;
    bucket->slices[0].allocations = ARENA_NEW_ARRAY(arena, struct allocation, 2);
    bucket->slices[0].allocations[0] = (struct allocation){STR("control"), 0};
    bucket->slices[0].allocations[1] = (struct allocation){STR("teal"), 3};
    CHECK_OK(flag_check(arena, flag));
    return flag;
}

static void require(struct arena *arena, struct flag *flag, const char *key, const char *variation)
{
    struct str *variations = ARENA_NEW(arena, struct str);
    variations[0] = str_of(variation);
    flag->prerequisites = ARENA_NEW(arena, struct prerequisite);
    flag->prerequisites[0] = (struct prerequisite){str_of(key), variations, 1};
    flag->prerequisite_count = 1;
}

static struct str stored_text(struct arena *arena, const struct flag *flag)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    flag_encode(flag, &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* ---- what everybody gets -------------------------------------------------------------------- */

static void share(struct flag *flag, size_t allocation, const char *variation, uint32_t weight)
{
    struct slice *slice = &flag->fallthrough.bucket.slices[0];
    slice->allocations[allocation] = (struct allocation){str_of(variation), weight};
}

static void check_constant(struct arena *arena, const struct flag *flag, const char *variation)
{
    int found = superflag_constant_variation(flag);
    CHECK_OK(flag_check(arena, flag));
    if (variation == NULL) {
        CHECK_INT(found, -1);
        return;
    }
    CHECK(found >= 0);
    CHECK_STR(flag->variations[found].id, str_of(variation));
}

TEST(a_bucket_is_constant_when_every_ticket_leads_to_the_same)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "k");
    struct bucket *bucket = &flag->fallthrough.bucket;
    check_constant(&arena, flag, "teal");
    bucket->slices[0].percent = 99;
    check_constant(&arena, flag, "teal");
    bucket->slice_count = 0;
    check_constant(&arena, flag, "teal");
    bucket->otherwise = (struct str){0};
    check_constant(&arena, flag, NULL);
    bucket->slice_count = 1;
    bucket->slices[0].percent = 100;
    check_constant(&arena, flag, NULL);
    bucket->otherwise = STR("off"); /* for whom nothing is known to bucket by */
    check_constant(&arena, flag, NULL);
    bucket->slices[0].percent = 0;
    check_constant(&arena, flag, "off");

    flag = text_flag(&arena, "k");
    share(flag, 0, "control", 1);
    check_constant(&arena, flag, NULL);
    share(flag, 0, "control", 0);
    share(flag, 1, "teal", 0); /* an even split over both */
    check_constant(&arena, flag, NULL);
    flag->fallthrough.bucket.slices[0].allocation_count = 0;
    check_constant(&arena, flag, "teal");
    flag->fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("control")};
    check_constant(&arena, flag, "control");
    flag->fallthrough.variation = (struct str){0};
    check_constant(&arena, flag, NULL);
    arena_close(&arena);
}

static void include_somebody(struct arena *arena, struct flag *flag)
{
    flag->variations[0].included = ARENA_NEW(arena, struct str);
    flag->variations[0].included[0] = STR("ann");
    flag->variations[0].included_count = 1;
}

static void include_a_cohort(struct arena *arena, struct flag *flag)
{
    flag->variations[0].cohorts = ARENA_NEW(arena, struct str);
    flag->variations[0].cohorts[0] = STR("kx82");
    flag->variations[0].cohort_count = 1;
}

static void give_a_rule(struct arena *arena, struct flag *flag)
{
    flag->rules = ARENA_NEW(arena, struct rule);
    flag->rules[0] = rule_for_all(STR("r"), STR("control"));
    flag->rule_count = 1;
}

static void lean(struct arena *arena, struct flag *flag)
{
    require(arena, flag, "gate", "on");
}

static void stick(struct arena *arena, struct flag *flag)
{
    (void)arena;
    flag->experiment.is_sticky = true;
}

static void schedule(struct arena *arena, struct flag *flag)
{
    (void)arena;
    flag->schedule =
        (struct schedule){.start = STR("2031-01-01T00:00:00Z"), .start_ms = 1924992000000};
}

static void split(struct arena *arena, struct flag *flag)
{
    (void)arena;
    share(flag, 0, "control", 1);
}

/* From here to there in a day. */
static void move(struct flag *flag, uint32_t from, uint32_t to)
{
    flag->fallthrough.kind = SERVE_PROGRESSIVE_BUCKET;
    flag->fallthrough.schedule = (struct schedule){
        .start = STR("2031-01-01T00:00:00Z"),
        .end = STR("2031-01-02T00:00:00Z"),
        .start_ms = 1924992000000,
        .end_ms = 1925078400000,
    };
    flag->fallthrough.bucket.slices[0].percent = from;
    flag->fallthrough.bucket.slices[0].percent_to = to;
}

static void move_to_another(struct arena *arena, struct flag *flag)
{
    (void)arena;
    flag->fallthrough.bucket.otherwise = STR("off");
    move(flag, 0, 50);
}

/* Whoever gets the same wherever the ends are, and only they. */
TEST(a_progressive_bucket_is_constant_when_it_is_at_every_moment)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "k");
    struct bucket *bucket = &flag->fallthrough.bucket;
    move(flag, 0, 100);
    check_constant(&arena, flag, "teal");
    bucket->otherwise = STR("off");
    check_constant(&arena, flag, NULL);
    move(flag, 100, 0);
    check_constant(&arena, flag, NULL);
    move(flag, 0, 0);
    check_constant(&arena, flag, "off");
    arena_close(&arena);
}

/* On, it is not the same for everybody; off, it is. */
TEST(what_makes_a_flag_vary_keeps_it_out_until_it_is_off)
{
    static const struct {
        void (*vary)(struct arena *arena, struct flag *flag);
        const char *why;
    } cases[] = {
        {include_somebody, "It compares text and names who gets a variation."},
        {include_a_cohort, "It compares text and names who gets a variation."},
        {give_a_rule, "It compares text and has segments of its own."},
        {lean, "It compares text and leans on other flags."},
        {stick, "It compares text and lets people keep what they got."},
        {schedule, "It compares text and has a schedule."},
        {move_to_another, "It compares text and moves its shares over time."},
        {split, "It deals its variations by an arithmetic these documents do not know."},
    };
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flag *flag = text_flag(&arena, "k");
        const struct flag *flags[] = {flag};
        cases[i].vary(&arena, flag);
        CHECK_OK(flag_check(&arena, flag));
        struct snapshot snapshot = {.state = state_of(&arena, flags, 1)};
        struct reach reaches[REACHES_PER_DIALECT_MAX];
        CHECK_INT(superflag_reach(&snapshot, flag, &arena, reaches), 2);
        CHECK_INT(reaches[0].kind, REACH_ABSENT);
        CHECK_STR(reaches[0].why, str_of(cases[i].why));
        CHECK(!str_contains(config_text(&arena, &snapshot.state, SUPERFLAG_SERVER), STR("\"k\"")));

        flag->is_enabled = false;
        superflag_reach(&snapshot, flag, &arena, reaches);
        CHECK_INT(reaches[0].kind, REACH_SERVED);
        CHECK_INT(reaches[1].kind, REACH_SERVED);
        CHECK(str_is_absent(reaches[0].why));
        CHECK(str_contains(config_text(&arena, &snapshot.state, SUPERFLAG_SERVER),
                           STR("\"enabled\":false")));
        arena_reset(&arena);
    }
    arena_close(&arena);
}

/* ---- documents ------------------------------------------------------------------------------ */

TEST(a_constant_is_an_ordinary_flag_in_documents)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *flags[] = {text_flag(&arena, "colour")};
    struct environment_state state = state_of(&arena, flags, 1);
    struct str expected =
        STR("{\"schemaVersion\":1,\"source\":{\"app\":\"app_t\",\"environment\":\"production\"},"
            "\"configVersion\":42,\"flags\":{\"colour\":{\"type\":\"string\",\"description\":"
            "\"About it\",\"tags\":[],\"owner\":\"ann\",\"lifecycle\":\"active\",\"enabled\":true,"
            "\"variations\":{\"control\":{\"value\":\"control\"},\"teal\":{\"value\":\"teal\"},"
            "\"off\":{\"value\":\"off\"}},\"offVariation\":\"off\","
            "\"fallthrough\":{\"variation\":\"teal\"},\"visibility\":\"client\"}}}");
    CHECK_STR(core_text(&arena, &state, SUPERFLAG_CLIENT, false), expected);
    CHECK_STR(legacy_text(&arena, &state, SUPERFLAG_SERVER),
              STR("{\"flags\":{\"colour\":{\"type\":\"string\",\"value\":\"teal\"}},"
                  "\"overrides\":{},\"rules\":{}}"));
    struct issue *issues = NULL;
    CHECK_INT(superflag_validate(&arena, tree(&arena, expected.data), &issues), 0);
    arena_close(&arena);
}

/* SDKs refuse a document whole when a flag in it has no description or no owner. */
TEST(what_documents_must_have_is_there)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "colour");
    const struct flag *flags[] = {flag};
    struct environment_state state = state_of(&arena, flags, 1);
    flag->description = STR(" ");
    flag->owner = STR("");
    struct str text = core_text(&arena, &state, SUPERFLAG_SERVER, true);
    CHECK(str_contains(text, STR("\"description\":\"Named\"")));
    CHECK(str_contains(text, STR("\"owner\":\"unowned\"")));
    flag->name = (struct str){0};
    text = core_text(&arena, &state, SUPERFLAG_SERVER, true);
    CHECK(str_contains(text, STR("\"description\":\"colour\"")));
    struct issue *issues = NULL;
    CHECK_INT(superflag_validate_text(&arena, text, &json_budget_default, &issues), 0);
    arena_close(&arena);
}

TEST(what_is_off_is_off_in_documents_too)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "colour");
    const struct flag *flags[] = {flag};
    flag->is_enabled = false;
    give_a_rule(&arena, flag);
    lean(&arena, flag);
    struct environment_state state = state_of(&arena, flags, 1);
    struct str text = core_text(&arena, &state, SUPERFLAG_SERVER, true);
    CHECK(str_contains(text, STR("\"enabled\":false,")));
    CHECK(str_contains(text, STR("\"fallthrough\":{\"variation\":\"off\"},\"visibility\"")));
    CHECK(str_contains(text, STR("\"value\":\"off\"}}")));
    CHECK_STR(legacy_text(&arena, &state, SUPERFLAG_SERVER),
              STR("{\"flags\":{\"colour\":{\"type\":\"string\",\"value\":\"off\"}},"
                  "\"overrides\":{},\"rules\":{}}"));
    arena_close(&arena);
}

/* alpha and beta are ordinary; beta leans on gamma, alpha on beta. */
static struct environment_state chain(struct arena *arena, struct flag *gamma)
{
    struct flag *alpha = posted(arena, "alpha", "{\"type\":\"bool\",\"value\":true}");
    struct flag *beta = posted(arena, "beta", "{\"type\":\"bool\",\"value\":true}");
    struct flag *zeta = posted(arena, "zeta", "{\"type\":\"bool\",\"value\":true}");
    require(arena, alpha, "beta", "default");
    require(arena, beta, "gamma", "teal");
    const struct flag *flags[] = {alpha, beta, gamma, zeta};
    return state_of(arena, flags, COUNT_OF(flags));
}

TEST(what_leans_on_an_absent_flag_is_absent)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *gamma = text_flag(&arena, "gamma");
    struct environment_state state = chain(&arena, gamma);
    CHECK_INT(superflag_project(&arena, &state, SUPERFLAG_SERVER).flag_count, 4);
    split(&arena, gamma);
    struct environment_state projected = superflag_project(&arena, &state, SUPERFLAG_SERVER);
    CHECK_INT(projected.flag_count, 1);
    CHECK_STR(projected.flags[0]->key, STR("zeta"));
    struct environment_state again = superflag_project(&arena, &projected, SUPERFLAG_SERVER);
    CHECK_INT(again.flag_count, 1);

    struct snapshot snapshot = {.state = state};
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    superflag_reach(&snapshot, state.flags[0], &arena, reaches);
    CHECK_INT(reaches[0].kind, REACH_ABSENT);
    CHECK_STR(reaches[0].protocol, STR("superflag.config"));
    CHECK_STR(reaches[0].why, STR("It leans on beta, which is left out."));
    CHECK_STR(reaches[1].protocol, STR("superflag.public-config"));
    arena_close(&arena);
}

TEST(an_archived_flag_and_what_leans_on_it_are_absent)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *gamma = posted(&arena, "gamma", "{\"type\":\"bool\",\"value\":true}");
    gamma->is_archived = true;
    struct environment_state state = chain(&arena, gamma);
    CHECK_STR(legacy_text(&arena, &state, SUPERFLAG_SERVER),
              STR("{\"flags\":{\"zeta\":{\"type\":\"bool\",\"value\":true}},\"overrides\":{},"
                  "\"rules\":{}}"));
    /* What is left is a legacy environment like any other. */
    CHECK(superflag_choose_form(&state, SUPERFLAG_SERVER) == DOCUMENT_FORM_LEGACY);
    struct snapshot snapshot = {.state = state};
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    superflag_reach(&snapshot, gamma, &arena, reaches);
    CHECK_STR(reaches[0].why, STR("It is archived."));
    arena_close(&arena);
}

TEST(documents_for_browsers_have_nothing_that_leans_on_what_they_may_not_see)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *gamma = text_flag(&arena, "gamma");
    gamma->visibility = VISIBILITY_SERVER;
    struct environment_state state = chain(&arena, gamma);
    CHECK_INT(superflag_project(&arena, &state, SUPERFLAG_SERVER).flag_count, 4);
    CHECK_INT(superflag_project(&arena, &state, SUPERFLAG_CLIENT).flag_count, 1);
    struct snapshot snapshot = {.state = state};
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    superflag_reach(&snapshot, gamma, &arena, reaches);
    CHECK_INT(reaches[0].kind, REACH_SERVED);
    CHECK_INT(reaches[1].kind, REACH_ABSENT);
    CHECK_STR(reaches[1].why, STR("Browsers may not see it."));
    superflag_reach(&snapshot, state.flags[1], &arena, reaches);
    CHECK_STR(reaches[1].why, STR("It leans on gamma, which is left out."));
    arena_close(&arena);
}

TEST(groups_are_nobodys_to_ask)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *group = text_flag(&arena, "holdout-a");
    group->kind = FLAG_KIND_HOLDOUT;
    const struct flag *flags[] = {group};
    struct snapshot snapshot = {.state = state_of(&arena, flags, 1)};
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    superflag_reach(&snapshot, group, &arena, reaches);
    CHECK_INT(reaches[0].kind, REACH_ABSENT);
    CHECK_STR(reaches[0].why, STR("It is a group, on which its members alone lean."));
    arena_close(&arena);
}

/* On or off, constant or not: its arithmetic stays with it, and no reader has that. */
TEST(what_another_system_s_hash_deals_is_absent_with_what_leans_on_it)
{
    static const enum flag_hash hashes[] = {FLAG_HASH_SHA1_60, FLAG_HASH_MURMUR3_32_SCALED,
                                            FLAG_HASH_FNV1A_32_MODULO};
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < 2 * COUNT_OF(hashes); i++) {
        struct flag *dealt = posted(&arena, "dealt", "{\"type\":\"bool\",\"value\":true}");
        struct flag *leaning = posted(&arena, "leaning", "{\"type\":\"bool\",\"value\":true}");
        const struct flag *flags[] = {dealt, leaning};
        require(&arena, leaning, "dealt", "default");
        dealt->arithmetic.hash = hashes[i / 2];
        dealt->is_enabled = i % 2 == 0;
        CHECK_OK(flag_check(&arena, dealt));
        struct snapshot snapshot = {.state = state_of(&arena, flags, 2)};
        struct reach reaches[REACHES_PER_DIALECT_MAX];
        superflag_reach(&snapshot, dealt, &arena, reaches);
        CHECK_INT(reaches[0].kind, REACH_ABSENT);
        CHECK_STR(reaches[0].why,
                  STR("It deals its variations as another system does, which these SDKs cannot."));
        superflag_reach(&snapshot, leaning, &arena, reaches);
        CHECK_STR(reaches[0].why, STR("It leans on dealt, which is left out."));
        struct str text = config_text(&arena, &snapshot.state, SUPERFLAG_SERVER);
        CHECK(!str_contains(text, STR("dealt")));
        CHECK(!str_contains(text, STR("leaning")));
        arena_reset(&arena);
    }
    arena_close(&arena);
}

/* Everybody gets the same of it, so that nothing is hashed. */
TEST(a_constant_text_flag_is_said_whatever_its_hash)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "colour");
    flag->arithmetic.hash = FLAG_HASH_MURMUR3_32_PERCENT;
    const struct flag *flags[] = {flag};
    struct environment_state state = state_of(&arena, flags, 1);
    CHECK_STR(legacy_text(&arena, &state, SUPERFLAG_SERVER),
              STR("{\"flags\":{\"colour\":{\"type\":\"string\",\"value\":\"teal\"}},"
                  "\"overrides\":{},\"rules\":{}}"));
    split(&arena, flag);
    struct snapshot snapshot = {.state = state_of(&arena, flags, 1)};
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    superflag_reach(&snapshot, flag, &arena, reaches);
    CHECK_INT(reaches[0].kind, REACH_ABSENT);
    arena_close(&arena);
}

TEST(a_form_that_was_set_may_leave_an_ordinary_flag_out)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = posted(&arena, "k", "{\"type\":\"bool\",\"value\":true}");
    const struct flag *flags[] = {flag};
    flag->rules = ARENA_NEW(&arena, struct rule);
    flag->rules[0] = rule_for_all(STR("r"), STR("default"));
    flag->rule_count = 1;
    struct snapshot snapshot = {.state = state_of(&arena, flags, 1)};
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    superflag_reach(&snapshot, flag, &arena, reaches);
    CHECK_INT(reaches[0].kind, REACH_SERVED);
    snapshot.state.settings.document_form = DOCUMENT_FORM_LEGACY;
    superflag_reach(&snapshot, flag, &arena, reaches);
    CHECK_INT(reaches[0].kind, REACH_ABSENT);
    CHECK(!str_contains(config_text(&arena, &snapshot.state, SUPERFLAG_SERVER), STR("\"k\"")));
    arena_close(&arena);
}

/* ---- the management API --------------------------------------------------------------------- */

TEST(a_list_shows_the_value_a_text_flag_stands_at)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "k");
    CHECK_STR(shown(&arena, flag), STR("{\"type\":\"string\",\"value\":\"teal\"}"));
    split(&arena, flag);
    CHECK_STR(shown(&arena, flag), STR("{\"type\":\"string\",\"value\":\"off\"}"));
    arena_close(&arena);
}

TEST(a_patch_changes_no_more_of_a_text_flag_than_who_may_see_it)
{
    static const char *const edits[] = {"{\"value\":\"control\"}",
                                        "{\"rollout\":{\"percentage\":5}}", "{\"rollout\":null}",
                                        "{\"variants\":[{\"value\":\"a\",\"weight\":100}]}",
                                        "{\"clientEnabled\":false,\"value\":\"off\"}"};
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "k");
    struct flag patched;
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        struct fault fault =
            superflag_patch_legacy_flag(&arena, flag, tree(&arena, edits[i]), &patched);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.why, STR("the flag compares text: of its members only clientEnabled can be "
                                 "changed here"));
    }
    CHECK_OK(superflag_patch_legacy_flag(&arena, flag, tree(&arena, "{\"clientEnabled\":false}"),
                                         &patched));
    CHECK_INT(patched.visibility, VISIBILITY_SERVER);
    patched.visibility = VISIBILITY_UNSET;
    CHECK_STR(stored_text(&arena, &patched), stored_text(&arena, flag));
    arena_close(&arena);
}

TEST(a_patch_keeps_what_the_vendor_has_no_word_for)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = posted(&arena, "k", "{\"type\":\"bool\",\"value\":true}");
    uint64_t deployments[] = {3};
    flag->is_on_all_deployments = false;
    flag->deployments = deployments;
    flag->deployment_count = 1;
    flag->evaluation_mode = EVALUATION_LOCAL;
    flag->name = STR("Named");
    flag->variations[0].has_payload = true;
    flag->variations[0].payload = json_make_number(7);
    struct flag patched;
    CHECK_OK(
        superflag_patch_legacy_flag(&arena, flag, tree(&arena, "{\"value\":false}"), &patched));
    flag->variations[0].value = json_make_boolean(false);
    CHECK_STR(stored_text(&arena, &patched), stored_text(&arena, flag));
    arena_close(&arena);
}

TEST(a_document_switches_a_text_flag_and_keeps_its_arithmetic)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "k");
    flag->is_enabled = false;
    split(&arena, flag);
    give_a_rule(&arena, flag);
    struct flag ordinary = superflag_ordinary_flag(&arena, flag);
    struct flag changed;
    ordinary.is_enabled = true;
    ordinary.owner = STR("bo");
    ordinary.metadata = *tree(&arena, "{\"team\":\"core\"}");
    CHECK_OK(superflag_apply_ordinary(&arena, flag, &ordinary, &changed));
    CHECK_OK(flag_check(&arena, &changed));
    flag->is_enabled = true;
    flag->experiment.has_started = true; /* it is an experiment that just began */
    flag->owner = STR("bo");
    flag->metadata = ordinary.metadata;
    CHECK_STR(stored_text(&arena, &changed), stored_text(&arena, flag));
    arena_close(&arena);
}

TEST(a_document_changes_nothing_else_of_a_text_flag)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag = text_flag(&arena, "k");
    struct flag wanted[5];
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        wanted[i] = superflag_ordinary_flag(&arena, flag);
    wanted[0].fallthrough.variation = STR("control");
    wanted[1].off_variation = STR("control");
    wanted[2].variations[0].value = json_make_string(STR("blue"));
    wanted[3].variation_count = 2;
    give_a_rule(&arena, &wanted[4]);
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct flag changed;
        struct fault fault = superflag_apply_ordinary(&arena, flag, &wanted[i], &changed);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.where, STR("$"));
    }
    arena_close(&arena);
}

TEST(documents_know_no_operator_of_the_text_family)
{
    static const char document[] =
        "{\"schemaVersion\":1,\"source\":{\"app\":\"a\",\"environment\":\"e\"},"
        "\"configVersion\":1,\"flags\":{\"k\":{\"type\":\"boolean\",\"description\":\"d\","
        "\"tags\":[],\"owner\":\"o\",\"lifecycle\":\"active\",\"enabled\":true,"
        "\"variations\":{\"v\":{\"value\":true}},\"offVariation\":\"v\","
        "\"fallthrough\":{\"variation\":\"v\"},\"rules\":[{\"id\":\"r\",\"when\":{\"op\":\"match\","
        "\"attribute\":\"/context/user/country\",\"operator\":\"text is\",\"value\":[\"a\"]},"
        "\"serve\":{\"variation\":\"v\"}}]}}}";
    struct arena arena;
    arena_open(&arena, 4096);
    struct issue *issues = NULL;
    CHECK_INT(superflag_validate(&arena, tree(&arena, document), &issues), 1);
    CHECK_STR(issues[0].path, STR("$.flags.k.rules[0].when.operator"));
    CHECK_STR(issues[0].message, STR("is not supported"));
    arena_close(&arena);
}

TESTS(a_bucket_is_constant_when_every_ticket_leads_to_the_same,
      a_progressive_bucket_is_constant_when_it_is_at_every_moment,
      what_makes_a_flag_vary_keeps_it_out_until_it_is_off,
      a_constant_is_an_ordinary_flag_in_documents, what_documents_must_have_is_there,
      what_is_off_is_off_in_documents_too, what_leans_on_an_absent_flag_is_absent,
      an_archived_flag_and_what_leans_on_it_are_absent,
      documents_for_browsers_have_nothing_that_leans_on_what_they_may_not_see,
      groups_are_nobodys_to_ask, what_another_system_s_hash_deals_is_absent_with_what_leans_on_it,
      a_constant_text_flag_is_said_whatever_its_hash,
      a_form_that_was_set_may_leave_an_ordinary_flag_out,
      a_list_shows_the_value_a_text_flag_stands_at,
      a_patch_changes_no_more_of_a_text_flag_than_who_may_see_it,
      a_patch_keeps_what_the_vendor_has_no_word_for,
      a_document_switches_a_text_flag_and_keeps_its_arithmetic,
      a_document_changes_nothing_else_of_a_text_flag, documents_know_no_operator_of_the_text_family)
