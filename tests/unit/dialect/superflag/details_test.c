/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts made smaller, and simulations of a change. */
#include "dialect/superflag/explain.h"
#include "fixture.h"

static struct str tree_text(struct arena *arena, const struct json *json)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, json);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(a_sanitized_context_keeps_the_key_and_what_is_allowed)
{
    static const struct str allowed[] = {{"plan", 4}, {"missing", 7}, {"plan", 4}};
    struct arena arena;
    arena_open(&arena, 4096);
    struct json sanitized = superflag_sanitize_context(
        &arena,
        tree(&arena, "{\"targetingKey\":\"u\",\"attributes\":{\"email\":\"x@y\",\"plan\":\"pro\"},"
                     "\"other\":1}"),
        allowed, COUNT_OF(allowed));
    CHECK_STR(tree_text(&arena, &sanitized),
              STR("{\"targetingKey\":\"u\",\"attributes\":{\"plan\":\"pro\"}}"));
    sanitized = superflag_sanitize_context(&arena, tree(&arena, "{\"targetingKey\":\"u\"}"),
                                           allowed, COUNT_OF(allowed));
    CHECK_STR(tree_text(&arena, &sanitized), STR("{\"targetingKey\":\"u\"}"));
    sanitized = superflag_sanitize_context(&arena, tree(&arena, "null"), allowed, 1);
    CHECK_STR(tree_text(&arena, &sanitized), STR("{}"));
    arena_close(&arena);
}

static struct json *simulate(struct arena *arena, const struct flag *before,
                             const struct flag *after)
{
    struct environment_state states[2] = {state_of(arena, &before, 1), state_of(arena, &after, 1)};
    const struct ruleset *rulesets[2] = {ruleset_compile(arena, &states[0]),
                                         ruleset_compile(arena, &states[1])};
    const struct json fallback = json_make_boolean(false);
    const struct superflag_question question = {
        .ruleset = rulesets[0],
        .flag_key = STR("f"),
        .context = tree(arena, "{\"targetingKey\":\"u\"}"),
        .fallback = &fallback,
    };
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    superflag_append_simulation(&writer, arena, &question, 1, rulesets[1]);
    struct json *result = ARENA_NEW(arena, struct json);
    CHECK_OK(json_parse(arena, arena_copy_str(arena, buf_str(&buf)), &json_budget_default, result));
    buf_close(&buf);
    ruleset_close(rulesets[0]);
    ruleset_close(rulesets[1]);
    return result;
}

static bool has_changed(struct arena *arena, const struct flag *before, const struct flag *after)
{
    const struct json *scenarios = json_find(simulate(arena, before, after), STR("scenarios"));
    CHECK_INT(scenarios->count, 1);
    CHECK(json_find(&scenarios->elements[0], STR("before")) != NULL);
    CHECK(json_find(&scenarios->elements[0], STR("after")) != NULL);
    return json_find(&scenarios->elements[0], STR("changed"))->boolean;
}

TEST(a_simulation_tells_whom_a_change_would_move)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *before = posted(&arena, "f", "{\"type\":\"bool\",\"value\":true}");
    const struct flag *after = posted(&arena, "f", "{\"type\":\"bool\",\"value\":false}");
    CHECK(!has_changed(&arena, before, before));
    CHECK(has_changed(&arena, before, after));

    /* The same value by another road is a change too. */
    struct flag by_rule = *before;
    struct rule rule = rule_for_all(STR("r"), STR("default"));
    by_rule.rules = &rule;
    by_rule.rule_count = 1;
    CHECK(has_changed(&arena, before, &by_rule));

    struct flag documented = *before;
    documented.description = STR("another text");
    CHECK(!has_changed(&arena, before, &documented));
    arena_close(&arena);
}

TESTS(a_sanitized_context_keeps_the_key_and_what_is_allowed,
      a_simulation_tells_whom_a_change_would_move)
