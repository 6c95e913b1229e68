/* SPDX-License-Identifier: Apache-2.0 */
/* evaluation_random - any flags and any users: what properties are tested on. A seed is a site. */
#ifndef EVALUATION_RANDOM_H
#define EVALUATION_RANDOM_H

#include "evaluation_fixture.h"

struct dice {
    uint64_t state;
};

static inline uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(dice->state >> 33) % sides;
}

static inline const char *roll_name(struct dice *dice)
{
    static const char *const names[] = {"Nordics", "quo\"te", "back\\slash", "gr\xc3\xbc\xc3\x9f\n",
                                        ""};
    return names[roll(dice, COUNT_OF(names))];
}

static inline void random_payload(struct site *site, struct dice *dice, struct variation *variation)
{
    static const char *const payloads[] = {"null", "1e21", "\"\\u0001\"", "[{\"a\":[]},-0.5]",
                                           "{}"};
    variation->has_payload = roll(dice, 2) == 0;
    if (variation->has_payload)
        variation->payload = site_parse(site, str_of(payloads[roll(dice, COUNT_OF(payloads))]));
}

/* A flag of the other family, as another protocol makes them. */
static inline struct flag random_typed_flag(struct site *site, struct dice *dice, const char *key)
{
    struct flag flag = site_flag(&site->arena, key, "on,other");
    flag.arithmetic = (struct arithmetic){FLAG_HASH_FNV1A_32_UTF16, FLAG_COMPARISON_TYPED};
    flag.evaluation_mode = EVALUATION_REMOTE;
    flag.is_on_all_deployments = true;
    flag.deployment_count = 0;
    flag.bucket_by = (struct str){0};
    flag.salt = (struct str){0};
    flag.type = VALUE_BOOLEAN;
    for (size_t i = 0; i < flag.variation_count; i++)
        flag.variations[i].value = json_make_boolean(i == 0);
    random_payload(site, dice, &flag.variations[1]);
    flag.fallthrough =
        (struct serve){.kind = SERVE_VARIATION, .variation = flag.variations[roll(dice, 3)].id};
    return flag;
}

static inline struct serve random_rollout(struct site *site, struct dice *dice,
                                          const struct flag *flag)
{
    static const uint32_t percents[] = {0, 1, 50, 100, 100};
    const uint32_t weights[] = {roll(dice, 3), roll(dice, 3), roll(dice, 100)};
    struct serve serve = site_rollout(&site->arena, flag, percents[roll(dice, COUNT_OF(percents))],
                                      weights, flag->variation_count - 1);
    if (roll(dice, 4) == 0)
        serve.bucket.otherwise = flag->variations[roll(dice, 2)].id;
    if (roll(dice, 6) == 0)
        serve.bucket.bucket_by = STR("/context/user/user_id");
    return serve;
}

static inline struct expression random_match(struct site *site, struct dice *dice)
{
    struct arena *arena = &site->arena;
    switch (roll(dice, 9)) {
    case 0:
        return site_match(arena, "/context/user/country", OPERATOR_TEXT_IS_NOT, "NO");
    case 1:
        return site_match(arena, "/context/user/country", OPERATOR_TEXT_IS, "(none)");
    case 2:
        return site_match(arena, "/context/user/version", OPERATOR_TEXT_VERSION_GREATER, "1.9.0");
    case 3:
        return site_match(arena, "/context/user/user_properties/age", OPERATOR_TEXT_LESS_OR_EQUAL,
                          "30,40");
    case 4:
        return site_match(arena, "/context/groups/org/group_name", OPERATOR_TEXT_GLOB_MATCH,
                          "ac*,b?r");
    case 5:
        return site_match(arena, "/context/user/cohort_ids", OPERATOR_TEXT_SET_CONTAINS_ANY,
                          "listed,stored");
    case 6:
        return site_match(arena, "/context/user/user_properties/tags",
                          OPERATOR_TEXT_SET_DOES_NOT_CONTAIN, "a,b");
    case 7:
        return site_match(arena, "/context/user/country", OPERATOR_TEXT_DOES_NOT_CONTAIN, "o");
    default:
        return site_match(arena, "/context/user/country", OPERATOR_TEXT_IS, "NO,SE");
    }
}

static inline struct expression random_expression(struct site *site, struct dice *dice)
{
    uint32_t count = roll(dice, 3);
    struct expression *children = ARENA_NEW_ARRAY(&site->arena, struct expression, 2);
    for (uint32_t i = 0; i < count; i++)
        children[i] = random_match(site, dice);
    struct expression all = {.kind = EXPRESSION_ALL, .children = children, .child_count = count};
    if (roll(dice, 4) > 0)
        return all;
    struct expression *ways = ARENA_NEW_ARRAY(&site->arena, struct expression, 2);
    ways[0] = all;
    ways[1] = random_match(site, dice);
    return (struct expression){
        .kind = EXPRESSION_ANY, .children = ways, .child_count = roll(dice, 3)};
}

/* On one that is there already, so that there is no cycle; nothing that is refused on write. */
static inline void random_parents(struct site *site, struct dice *dice, struct flag *flag)
{
    for (uint32_t i = roll(dice, 3); i > 0 && site->flag_count > 0; i--) {
        const struct flag *parent = &site->flags[roll(dice, (uint32_t)site->flag_count)]->flag;
        bool is_typed = parent->arithmetic.comparison == FLAG_COMPARISON_TYPED;
        bool is_hidden = flag->evaluation_mode == EVALUATION_LOCAL &&
                         parent->evaluation_mode == EVALUATION_REMOTE;
        if (parent->is_archived || is_typed || is_hidden)
            continue;
        struct str id = parent->variations[roll(dice, (uint32_t)parent->variation_count)].id;
        site_require(&site->arena, flag,
                     arena_format(&site->arena, "%.*s", STR_ARG(parent->key)).data,
                     arena_format(&site->arena, "%.*s", STR_ARG(id)).data);
    }
}

static inline struct flag random_text_flag(struct site *site, struct dice *dice, const char *key)
{
    struct flag flag = site_flag(&site->arena, key, roll(dice, 2) == 0 ? "on,two" : "a,b,c\"d");
    for (size_t i = 0; i + 1 < flag.variation_count; i++)
        random_payload(site, dice, &flag.variations[i]);
    flag.is_enabled = roll(dice, 6) > 0;
    flag.is_archived = roll(dice, 10) == 0;
    flag.kind = roll(dice, 2) == 0 ? FLAG_KIND_FLAG : FLAG_KIND_EXPERIMENT;
    flag.experiment.is_sticky = flag.kind == FLAG_KIND_EXPERIMENT && roll(dice, 3) == 0;
    flag.evaluation_mode = roll(dice, 2) == 0 ? EVALUATION_LOCAL : EVALUATION_REMOTE;
    flag.deployments[0] = SITE_DEPLOYMENT + roll(dice, 2);
    if (roll(dice, 5) == 0)
        flag.bucketing_unit = STR("org");
    if (roll(dice, 5) == 0)
        flag.variations[0].included =
            site_texts(&site->arena, "u1,d2", &flag.variations[0].included_count);
    if (roll(dice, 5) == 0)
        flag.variations[1].cohorts =
            site_texts(&site->arena, "listed", &flag.variations[1].cohort_count);
    random_parents(site, dice, &flag);
    flag.fallthrough = random_rollout(site, dice, &flag);
    for (uint32_t i = roll(dice, 4); i > 0; i--)
        site_rule(&site->arena, &flag, roll_name(dice), random_expression(site, dice),
                  random_rollout(site, dice, &flag));
    return flag;
}

static inline void random_add(struct site *site, struct dice *dice, size_t index)
{
    const char *key = arena_format(&site->arena, "flag.%zu_%u", index, roll(dice, 10)).data;
    struct flag flag =
        roll(dice, 4) == 0 ? random_typed_flag(site, dice, key) : random_text_flag(site, dice, key);
    if (flag.arithmetic.comparison == FLAG_COMPARISON_TEXT && roll(dice, 8) == 0) {
        flag.kind = FLAG_KIND_HOLDOUT; /* whatever its variations are called */
        flag.experiment.is_sticky = false;
        flag.deployment_count = 0;
    }
    site_add(site, flag, index + 1, 1 + roll(dice, 50));
}

static inline struct str random_user(struct site *site, struct dice *dice)
{
    static const char *const more[] = {
        "",
        ",\"country\":\"NO\"",
        ",\"country\":\"DE\",\"version\":\"1.10.0\",\"groups\":{\"org\":[\"acme\"]}",
        ",\"country\":\"SE\",\"cohort_ids\":[\"listed\"],\"groups\":{\"org\":\"a/b\"}",
        ",\"version\":\"1.2.3\",\"user_properties\":{\"age\":35,\"tags\":[\"b\",\"a\"]}",
        (",\"user_properties\":{\"age\":\"old\",\"tags\":\"a\",\"[Experiment] flag.3_1\":\"on\","
         "\"[Experiment] flag.5_2\":\"a\"},\"groups\":{\"org\":[\"bar\"]}"),
    };
    return arena_format(&site->arena, "{\"user_id\":\"%s\",\"device_id\":\"d%u\"%s}",
                        roll(dice, 3) == 0 ? "" : "u1", roll(dice, 30),
                        more[roll(dice, COUNT_OF(more))]);
}

#endif
