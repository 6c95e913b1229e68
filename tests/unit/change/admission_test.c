/* SPDX-License-Identifier: Apache-2.0 */
/* What a change may bring in patterns and in steps: the same limits whoever writes. */
#include "model/limits.h"

#include "town.h"

/* Flags "flag-0", "flag-1" and so on, each with so many patterns no other flag has. */
struct brought {
    int flag_count;
    int patterns_each;
    int round; /* distinguishes the patterns of one change from those of the next */
    const char *tail;
};

static struct rule rule_of(struct arena *arena, struct str id, struct expression *when,
                           size_t count)
{
    return (struct rule){
        .id = arena_copy_str(arena, id),
        .when = {.kind = EXPRESSION_ANY, .children = when, .child_count = count},
        .serve = {.kind = SERVE_VARIATION, .variation = STR("default")},
    };
}

static struct expression matches(struct arena *arena, struct str pattern)
{
    return (struct expression){
        .kind = EXPRESSION_MATCH,
        .attribute = STR("x"),
        .operator= OPERATOR_MATCHES,
        .value = json_make_string(arena_copy_str(arena, pattern)),
        .has_value = true,
    };
}

static struct fault bring(struct edit *edit, void *input)
{
    const struct brought *brought = input;
    struct arena *arena = edit_arena(edit);
    for (int i = 0; i < brought->flag_count; i++) {
        struct flag flag = town_flag(arena, arena_format(arena, "flag-%d", i), true);
        struct expression *when =
            ARENA_NEW_ARRAY(arena, struct expression, (size_t)brought->patterns_each);
        for (int j = 0; j < brought->patterns_each; j++)
            when[j] = matches(
                arena, arena_format(arena, "^%d-%d-%d%s", brought->round, i, j, brought->tail));
        struct rule *rule = ARENA_NEW(arena, struct rule);
        *rule = rule_of(arena, STR("r"), when, (size_t)brought->patterns_each);
        flag.rules = rule;
        flag.rule_count = 1;
        struct fault fault = edit_put_flag(edit, &flag);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct fault apply(struct town *town, uint64_t environment,
                          struct fault (*edit)(struct edit *, void *), void *input)
{
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("flag.put"),
                            .subject = STR("flags"),
                            .environment = environment,
                            .edit = edit,
                            .input = input};
    return town_apply(town, &change);
}

TEST(one_change_brings_fifty_patterns_and_the_next_as_many)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct brought brought = {.flag_count = 5, .patterns_each = 10, .tail = "$"};
    CHECK_INT(brought.flag_count * brought.patterns_each, PATTERNS_PROBED_PER_CHANGE_MAX);
    CHECK_OK(apply(&town, environment, bring, &brought));
    brought.round = 1;
    CHECK_OK(apply(&town, environment, bring, &brought));
    brought = (struct brought){.flag_count = 6, .patterns_each = 10, .round = 1, .tail = "$"};
    CHECK_OK(apply(&town, environment, bring, &brought)); /* only the sixth flag's are new */
    brought.round = 2;
    struct fault fault = apply(&town, environment, bring, &brought);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK(str_contains(fault.why, STR("at most 50 new regular expressions")));
    CHECK_INT(town_version(&town, environment), 3);
    town_close(&town);
}

/* A flag "base", and another that asks for it; both with searches. */
static struct fault lean(struct edit *edit, void *input)
{
    const size_t *searches = input;
    struct arena *arena = edit_arena(edit);
    static const struct str keys[] = {STR("base"), STR("top")};
    for (size_t i = 0; i < 2; i++) {
        struct flag flag = town_flag(arena, keys[i], true);
        struct expression *when = ARENA_NEW_ARRAY(arena, struct expression, *searches);
        for (size_t j = 0; j < *searches; j++)
            when[j] = matches(arena, arena_format(arena, "x%zu$", j));
        struct rule *rule = ARENA_NEW(arena, struct rule);
        *rule = rule_of(arena, STR("r"), when, *searches);
        flag.rules = rule;
        flag.rule_count = 1;
        struct str *variation = ARENA_NEW(arena, struct str);
        *variation = STR("default");
        struct prerequisite *prerequisite = ARENA_NEW(arena, struct prerequisite);
        *prerequisite = (struct prerequisite){keys[0], variation, 1};
        flag.prerequisites = prerequisite;
        flag.prerequisite_count = i;
        struct fault fault = edit_put_flag(edit, &flag);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

TEST(a_flag_and_what_it_leans_on_share_a_budget)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    size_t searches = 8;
    CHECK_OK(apply(&town, environment, lean, &searches));
    searches = 9; /* fine for each of them alone */
    struct fault fault = apply(&town, environment, lean, &searches);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("$.flags.top"));
    CHECK(str_contains(fault.why, STR("with all it leans on")));
    CHECK_INT(town_version(&town, environment), 1);
    town_close(&town);
}

TESTS(one_change_brings_fifty_patterns_and_the_next_as_many,
      a_flag_and_what_it_leans_on_share_a_budget)
