/* SPDX-License-Identifier: Apache-2.0 */
/* What an environment's flags and segments owe each other. */
#include "environment_fixture.h"

static void check_refused(struct arena *arena, const struct environment_state *state,
                          enum fault_kind kind, struct str where, struct str why)
{
    struct fault fault = environment_check(arena, state);
    CHECK_FAULT(fault, kind);
    CHECK_STR(fault.where, where);
    CHECK_STR(fault.why, why);
}

TEST(things_are_found_by_key)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag_row flags[] = {{.key = "b"}, {.key = "a"}, {.key = "a-b"}, {.key = "c"}};
    const struct segment_row segments[] = {{.key = "eu"}};
    struct environment_state state = fixture_tables(&arena, flags, 4, segments, 1);
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        CHECK_STR(environment_find_flag(&state, str_of(flags[i].key))->key, str_of(flags[i].key));
    CHECK(environment_find_flag(&state, STR("")) == NULL);
    CHECK(environment_find_flag(&state, STR("a-")) == NULL);
    CHECK(environment_find_flag(&state, STR("d")) == NULL);
    CHECK(environment_find_segment(&state, STR("eu")) != NULL);
    CHECK(environment_find_segment(&state, STR("a")) == NULL);
    arena_close(&arena);
}

TEST(browsers_see_what_says_so_or_what_the_app_lets_them)
{
    struct flag flag = {0};
    struct environment_settings shows = {0};
    struct environment_settings hides = {.hides_flags_by_default = true};
    CHECK(flag_is_client_visible(&flag, &shows));
    CHECK(!flag_is_client_visible(&flag, &hides));
    flag.visibility = VISIBILITY_CLIENT;
    CHECK(flag_is_client_visible(&flag, &hides));
    flag.visibility = VISIBILITY_SERVER;
    CHECK(!flag_is_client_visible(&flag, &shows));
}

TEST(an_empty_environment_is_fine)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct environment_state state = {0};
    CHECK_OK(environment_check(&arena, &state));
    arena_close(&arena);
}

TEST(references_lead_somewhere)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag_row flags[] = {
        {.key = "gated", .prerequisites = {"gate"}, .segments = {"staff"}}, {.key = "gate"}};
    const struct segment_row segments[] = {{.key = "staff", .segments = {"eu"}}, {.key = "eu"}};
    struct environment_state state = fixture_tables(&arena, flags, 2, segments, 2);
    CHECK_OK(environment_check(&arena, &state));

    struct flag *gated = fixture_flag_in(&state, "gated");
    gated->prerequisites[0].flag = STR("gone");
    check_refused(&arena, &state, FAULT_INVALID, STR("$.flags.gated.prerequisites[0].flag"),
                  STR("must reference an existing flag"));
    gated->prerequisites[0].flag = STR("gate");
    gated->prerequisites[0].variations[0] = STR("zz");
    check_refused(&arena, &state, FAULT_INVALID,
                  STR("$.flags.gated.prerequisites.gate.variations[0]"),
                  STR("must reference a variation on the prerequisite flag"));
    gated->prerequisites[0].variation_count = 0;
    CHECK_OK(environment_check(&arena, &state));

    gated->rules[0].when.segment = STR("gone");
    check_refused(&arena, &state, FAULT_INVALID, STR("$.flags.gated.rules[0].when.segment"),
                  STR("must reference an existing segment"));
    gated->rules[0].when.segment = STR("eu");
    fixture_segment_in(&state, "staff")->rules[0].segment = STR("gone");
    check_refused(&arena, &state, FAULT_INVALID, STR("$.segments.staff.rules[0].segment"),
                  STR("must reference an existing segment"));
    arena_close(&arena);
}

TEST(a_lost_segment_is_pointed_at_wherever_it_hides)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag_row flags[] = {{.key = "f"}};
    struct environment_state state = fixture_tables(&arena, flags, 1, NULL, 0);
    struct expression gone = fixture_in_segment(STR("gone"));
    struct expression both = fixture_around(&arena, EXPRESSION_ANY, gone, 2);
    both.children[0] = fixture_match(STR("a"), json_make_null());
    struct expression when = fixture_around(&arena, EXPRESSION_ALL, both, 2);
    when.children[0] = fixture_around(&arena, EXPRESSION_ANY, both, 0);
    when.children[1] = fixture_around(&arena, EXPRESSION_NOT, both, 1);
    fixture_rule(&arena, fixture_flag_in(&state, "f"), when);
    fixture_flag_in(&state, "f")->visibility = VISIBILITY_CLIENT;
    check_refused(&arena, &state, FAULT_INVALID,
                  STR("$.flags.f.rules[0].when.expressions[1].expression.expressions[1].segment"),
                  STR("must reference an existing segment"));
    arena_close(&arena);
}

TEST(browsers_see_nothing_that_leans_on_what_they_do_not)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag_row flags[] = {
        {.key = "f", .prerequisites = {"g"}, .segments = {"s"}},
        {.key = "g"},
    };
    const struct segment_row segments[] = {{.key = "s", .segments = {"t"}}, {.key = "t"}};
    struct environment_state state = fixture_tables(&arena, flags, 2, segments, 2);
    CHECK_OK(environment_check(&arena, &state));

    struct flag *f = fixture_flag_in(&state, "f");
    struct flag *g = fixture_flag_in(&state, "g");
    struct segment *s = fixture_segment_in(&state, "s");
    struct segment *t = fixture_segment_in(&state, "t");
    f->visibility = VISIBILITY_CLIENT;
    check_refused(&arena, &state, FAULT_INVALID, STR("$.flags.f.prerequisites"),
                  STR("client flag references server flag g"));
    g->visibility = VISIBILITY_CLIENT;
    check_refused(&arena, &state, FAULT_INVALID, STR("$.flags.f.rules"),
                  STR("client flag references server segment s"));
    s->visibility = VISIBILITY_CLIENT;
    check_refused(&arena, &state, FAULT_INVALID, STR("$.segments.s.rules"),
                  STR("client segment references server segment t"));
    t->visibility = VISIBILITY_CLIENT;
    CHECK_OK(environment_check(&arena, &state));
    f->visibility = VISIBILITY_SERVER;
    CHECK_OK(environment_check(&arena, &state));

    f->visibility = g->visibility = VISIBILITY_UNSET;
    s->visibility = VISIBILITY_UNSET;
    CHECK_OK(environment_check(&arena, &state));
    state.settings.hides_flags_by_default = false;
    check_refused(&arena, &state, FAULT_INVALID, STR("$.flags.f.rules"),
                  STR("client flag references server segment s"));
    arena_close(&arena);
}

TEST(prerequisites_never_go_round)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag_row flags[] = {
        {.key = "a", .prerequisites = {"b"}},
        {.key = "b", .prerequisites = {"d", "c"}},
        {.key = "c", .prerequisites = {"d", "b"}},
        {.key = "d"},
    };
    struct environment_state state = fixture_tables(&arena, flags, 4, NULL, 0);
    check_refused(&arena, &state, FAULT_INVALID, STR("$.flags.b.prerequisites"),
                  STR("must not form a cycle: b -> c -> b"));
    fixture_flag_in(&state, "c")->prerequisite_count = 1;
    CHECK_OK(environment_check(&arena, &state));
    fixture_require(&arena, fixture_flag_in(&state, "d"), STR("d"));
    check_refused(&arena, &state, FAULT_INVALID, STR("$.flags.d.prerequisites"),
                  STR("must not form a cycle: d -> d"));
    arena_close(&arena);
}

TEST(segments_never_go_round)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct segment_row segments[] = {{.key = "hollow"},
                                           {.key = "loopA", .segments = {"hollow", "loopB"}},
                                           {.key = "loopB", .segments = {"loopA"}}};
    struct environment_state state = fixture_tables(&arena, NULL, 0, segments, 3);
    check_refused(&arena, &state, FAULT_INVALID, STR("$.segments.loopA.rules"),
                  STR("must not form a cycle: loopA -> loopB -> loopA"));
    fixture_segment_in(&state, "loopB")->rule_count = 0;
    CHECK_OK(environment_check(&arena, &state));
    arena_close(&arena);
}

/* A chain of `edges` prerequisites, "k00" at its far end; keys sort along the chain, or against
 * it, so that heights are found both from below and from above. */
static struct environment_state chain(struct arena *arena, size_t edges, bool is_downhill)
{
    struct flag **flags = ARENA_NEW_ARRAY(arena, struct flag *, edges + 1);
    for (size_t i = 0; i <= edges; i++) {
        flags[i] = ARENA_NEW(arena, struct flag);
        *flags[i] = fixture_flag(arena, arena_format(arena, "k%05zu", i));
        size_t next = is_downhill ? i - 1 : i + 1;
        if (next <= edges)
            fixture_require(arena, flags[i], arena_format(arena, "k%05zu", next));
    }
    return fixture_state(flags, edges + 1, NULL, 0);
}

TEST(prerequisites_may_be_so_deep)
{
    struct arena arena;
    arena_open(&arena, 65536);
    for (size_t i = 0; i < 2; i++) {
        struct environment_state state = chain(&arena, PREREQUISITE_DEPTH_MAX, i == 0);
        CHECK_OK(environment_check(&arena, &state));
        state = chain(&arena, PREREQUISITE_DEPTH_MAX + 1, i == 0);
        check_refused(&arena, &state, FAULT_LIMIT,
                      i == 0 ? STR("$.flags.k00009.prerequisites")
                             : STR("$.flags.k00000.prerequisites"),
                      STR("must be at most 8 levels deep"));
    }
    arena_close(&arena);
}

TEST(the_longest_of_many_chains_counts)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct environment_state state = chain(&arena, PREREQUISITE_DEPTH_MAX, true);
    struct flag *top = fixture_flag_in(&state, "k00008");
    fixture_require(&arena, top, STR("k00000"));
    fixture_require(&arena, top, STR("k00003"));
    CHECK_OK(environment_check(&arena, &state));
    arena_close(&arena);
}

/* The walk keeps its own stack: a chain through every flag neither overflows nor takes long. */
TEST(a_chain_through_ten_thousand_flags_is_refused_quietly)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct environment_state state = chain(&arena, FLAGS_PER_ENVIRONMENT_MAX - 1, false);
    check_refused(&arena, &state, FAULT_LIMIT, STR("$.flags.k00000.prerequisites"),
                  STR("must be at most 8 levels deep"));
    fixture_require(&arena, fixture_flag_in(&state, "k09999"), STR("k00000"));
    struct fault fault = environment_check(&arena, &state);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("$.flags.k00000.prerequisites"));
    CHECK(str_ends_with(fault.why, STR("k00007 -> ... -> k00000")));

    struct resource_path *paths = NULL;
    struct resource start = {RESOURCE_FLAG, STR("k09990")};
    CHECK_INT(environment_paths(&arena, &state, start, PATH_DEPENDENCIES, 50, &paths), 50);
    CHECK_STR(paths[49].resources[50].key, STR("k00040"));
    arena_close(&arena);
}

TEST(an_environment_may_have_so_many_flags_and_segments)
{
    struct arena arena;
    arena_open(&arena, 65536);
    size_t flag_count = FLAGS_PER_ENVIRONMENT_MAX + 1;
    size_t segment_count = SEGMENTS_PER_ENVIRONMENT_MAX + 1;
    struct flag **flags = ARENA_NEW_ARRAY(&arena, struct flag *, flag_count);
    struct segment **segments = ARENA_NEW_ARRAY(&arena, struct segment *, segment_count);
    for (size_t i = 0; i < flag_count; i++) {
        flags[i] = ARENA_NEW(&arena, struct flag);
        *flags[i] = fixture_flag(&arena, arena_format(&arena, "k%05zu", i));
    }
    for (size_t i = 0; i < segment_count; i++) {
        segments[i] = ARENA_NEW(&arena, struct segment);
        *segments[i] = fixture_segment(arena_format(&arena, "s%05zu", i));
    }
    struct environment_state state =
        fixture_state(flags, flag_count - 1, segments, segment_count - 1);
    CHECK_OK(environment_check(&arena, &state));
    state.flag_count++;
    check_refused(&arena, &state, FAULT_LIMIT, STR("$.flags"),
                  STR("must have at most 10000 flags"));
    state.flag_count--;
    state.segment_count++;
    check_refused(&arena, &state, FAULT_LIMIT, STR("$.segments"),
                  STR("must have at most 500 segments"));
    arena_close(&arena);
}

TEST(document_metadata_keeps_its_limit)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct json_member member = {.key = STR("a")};
    member.value = json_make_string(fixture_repeat(&arena, 'x', METADATA_BYTES_MAX - 8));
    struct environment_state state = {0};
    state.settings.metadata = (struct json){.type = JSON_OBJECT, .count = 1, .members = &member};
    CHECK_OK(environment_check(&arena, &state));
    member.value.string = fixture_repeat(&arena, 'x', METADATA_BYTES_MAX - 7);
    check_refused(&arena, &state, FAULT_LIMIT, STR("$.metadata"),
                  STR("must be at most 16384 bytes"));
    arena_close(&arena);
}

TESTS(things_are_found_by_key, browsers_see_what_says_so_or_what_the_app_lets_them,
      an_empty_environment_is_fine, references_lead_somewhere,
      a_lost_segment_is_pointed_at_wherever_it_hides,
      browsers_see_nothing_that_leans_on_what_they_do_not, prerequisites_never_go_round,
      segments_never_go_round, prerequisites_may_be_so_deep, the_longest_of_many_chains_counts,
      a_chain_through_ten_thousand_flags_is_refused_quietly,
      an_environment_may_have_so_many_flags_and_segments, document_metadata_keeps_its_limit)
