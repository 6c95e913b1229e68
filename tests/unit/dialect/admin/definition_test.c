/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"
#include "dialect/admin/definition.h"
#include "dialect/admin/flag_defaults.h"
#include "model/codec.h"
#include "test.h"

static struct json parsed(struct arena *arena, struct str text)
{
    struct json json;
    CHECK_OK(json_parse(arena, text, &definition_budget, &json));
    return json;
}

/* ---- places ---------------------------------------------------------------------------------- */

struct story {
    struct str path, pointer;
};

TEST(paths_of_the_model_become_pointers_into_the_document)
{
    static const struct story stories[] = {
        {STR("$"), STR("")},
        {STR("$.key"), STR("/key")},
        {STR("$.rules[1].when.expressions[0].operator"),
         STR("/rules/1/when/expressions/0/operator")},
        /* variations are named by their ids, which may have dots and brackets */
        {STR("$.variations.on.value"), STR("/variations/0/value")},
        {STR("$.variations.on.air.value"), STR("/variations/1/value")},
        {STR("$.variations.a[0].payload"), STR("/variations/2/payload")},
        {STR("$.variations[2].id"), STR("/variations/2/id")},
        {STR("$.metadata.x.y"), STR("/metadata/x.y")},
        {STR("$.metadata.a/b"), STR("/metadata/a~1b")},
        /* what is not in the document */
        {STR("$.owner"), STR("/owner")},
        {STR("$.rules[7].id"), STR("/rules/7/id")},
        {STR("$.variations.none.value"), STR("/variations/none/value")},
        {STR("$.rules[0"), STR("/rules/0")},
    };
    struct arena arena;
    arena_open(&arena, 4096);
    struct json tree =
        parsed(&arena, STR("{\"key\":\"k\",\"variations\":[{\"id\":\"on\"},{\"id\":\"on.air\"},"
                           "{\"id\":\"a[0]\"}],\"rules\":[{},{\"when\":{\"expressions\":[{}]}}],"
                           "\"metadata\":{\"x\":1,\"x.y\":2,\"a/b\":3}}"));
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        struct fault fault = fault_make(FAULT_INVALID, stories[i].path, STR("why"));
        CHECK_STR(definition_place_fault(&arena, &tree, fault).where, stories[i].pointer);
    }
    struct fault other = fault_make(FAULT_CONFLICT, STR("/key"), STR("is taken"));
    CHECK_STR(definition_place_fault(&arena, &tree, other).where, STR("/key"));
    CHECK_OK(definition_place_fault(&arena, &tree, fault_none()));
    arena_close(&arena);
}

static struct fault placed(struct arena *arena, struct str action, struct str subject,
                           struct str where)
{
    struct change change = {
        .kind = CHANGE_ENVIRONMENT, .arena = arena, .action = action, .subject = subject};
    return definition_environment_fault(&change, fault_make(FAULT_INVALID, where, STR("is bad")));
}

TEST(faults_of_the_environment_say_whose_they_are)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct fault own =
        placed(&arena, STR("flag.update"), STR("a"), STR("$.flags.a.prerequisites[0].flag"));
    CHECK_INT(own.kind, FAULT_INVALID);
    CHECK_STR(own.where, STR("$.prerequisites[0].flag"));

    struct fault other =
        placed(&arena, STR("flag.update"), STR("a"), STR("$.flags.ab.prerequisites[0].flag"));
    CHECK_INT(other.kind, FAULT_CONFLICT);
    CHECK_STR(other.where, STR(""));
    CHECK_STR(other.why, STR("flag ab.prerequisites[0].flag is bad"));

    struct fault longer = placed(&arena, STR("flag.update"), STR("a"), STR("$.flags.a.b.rules"));
    CHECK_INT(longer.kind, FAULT_CONFLICT);

    struct fault user = placed(&arena, STR("segment.update"), STR("a"), STR("$.flags.a.rules"));
    CHECK_INT(user.kind, FAULT_CONFLICT);
    CHECK_STR(user.why, STR("flag a.rules is bad"));

    struct fault import =
        placed(&arena, STR("environment.import"), STR(""), STR("$.flags.a.rules"));
    CHECK_INT(import.kind, FAULT_INVALID);
    CHECK_STR(import.where, STR("$.flags.a.rules"));
    arena_close(&arena);
}

/* ---- defaults -------------------------------------------------------------------------------- */

static struct flag filled(struct arena *arena, struct str text, const struct flag *current)
{
    struct flag flag;
    struct json tree = parsed(arena, text);
    flag_defaults_fill(arena, &tree, STR("k"), current);
    CHECK_OK(flag_decode_tree(arena, &tree, &flag));
    return flag;
}

TEST(a_key_alone_is_a_switch)
{
    struct arena arena;
    arena_open(&arena, 4096);
    random_open();
    struct flag flag = filled(&arena, STR("{}"), NULL);
    CHECK_STR(flag.key, STR("k"));
    CHECK_STR(flag.id, STR(""));
    CHECK_INT(flag.kind, FLAG_KIND_FLAG);
    CHECK_INT(flag.type, VALUE_BOOLEAN);
    CHECK(!flag.is_enabled);
    CHECK(flag.is_on_all_deployments);
    CHECK_INT(flag.arithmetic.hash, FLAG_HASH_MURMUR3_32_UTF8);
    CHECK_INT(flag.arithmetic.comparison, FLAG_COMPARISON_TEXT);
    CHECK_STR(flag.bucket_by, flag_default_selector);
    CHECK_INT(flag.salt.size, 8);
    CHECK_STR(flag.off_variation, STR("off"));
    CHECK_STR(flag.fallthrough.variation, STR("on"));
    struct flag again = filled(&arena, STR("{}"), NULL);
    CHECK(!str_equal(flag.salt, again.salt));
    arena_close(&arena);
}

TEST(the_type_is_that_of_the_values)
{
    struct arena arena;
    arena_open(&arena, 4096);
    random_open();
    struct flag text = filled(
        &arena,
        STR("{\"variations\":[{\"id\":\"a\",\"value\":\"x\"},{\"id\":\"b\",\"value\":\"\"}]}"),
        NULL);
    CHECK_INT(text.type, VALUE_STRING);
    CHECK_STR(text.off_variation, STR("b"));
    CHECK_STR(text.fallthrough.variation, STR("a"));
    struct flag list = filled(&arena,
                              STR("{\"variations\":[{\"id\":\"off\",\"value\":[]},"
                                  "{\"id\":\"b\",\"value\":{}}]}"),
                              NULL);
    CHECK_INT(list.type, VALUE_OBJECT);
    CHECK_STR(list.off_variation, STR("off"));
    CHECK_STR(list.fallthrough.variation, STR("off"));
    struct flag on = filled(&arena,
                            STR("{\"variations\":[{\"id\":\"off\",\"value\":false},"
                                "{\"id\":\"on\",\"value\":true}]}"),
                            NULL);
    CHECK_STR(on.fallthrough.variation, STR("on"));
    arena_close(&arena);
}

TEST(a_flag_that_is_there_keeps_what_it_deals_by)
{
    struct arena arena;
    arena_open(&arena, 4096);
    random_open();
    struct flag current =
        filled(&arena, STR("{\"salt\":\"s\",\"bucketBy\":\"/context/user/x\"}"), NULL);
    struct flag kept = filled(&arena, STR("{\"enabled\":true}"), &current);
    CHECK_STR(kept.salt, STR("s"));
    CHECK_STR(kept.bucket_by, STR("/context/user/x"));
    struct flag given = filled(&arena, STR("{\"salt\":\"t\"}"), &current);
    CHECK_STR(given.salt, STR("t"));

    struct flag typed = filled(&arena,
                               STR("{\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\","
                                   "\"comparison\":\"typed\"}}"),
                               &current);
    CHECK(str_is_absent(typed.salt));
    struct flag still = filled(&arena, STR("{}"), &typed);
    CHECK_INT(still.arithmetic.comparison, FLAG_COMPARISON_TYPED);
    CHECK(str_is_absent(still.bucket_by));
    arena_close(&arena);
}

/* ---- reshuffles ------------------------------------------------------------------------------ */

#define SPLIT                                                                                      \
    "{\"bucket\":{\"slices\":[{\"percent\":50,\"variations\":[{\"variation\":\"on\",\"weight\":1}" \
    "]}]"                                                                                          \
    ",\"otherwise\":\"off\"}}"

TEST(dealing_anew_is_noticed_and_moving_shares_is_not)
{
    struct arena arena;
    arena_open(&arena, 4096);
    random_open();
    struct str where = {0};
    struct flag current = filled(&arena, STR("{\"salt\":\"s\",\"fallthrough\":" SPLIT "}"), NULL);
    struct flag more = filled(&arena,
                              STR("{\"salt\":\"s\",\"enabled\":true,\"fallthrough\":{\"bucket\":"
                                  "{\"slices\":[{\"percent\":60,\"variations\":[{\"variation\":"
                                  "\"on\",\"weight\":1}]}],\"otherwise\":\"off\"}}}"),
                              NULL);
    CHECK(str_is_absent(flag_reshuffle(&arena, &current, &more, &where)));

    struct flag salted = filled(&arena, STR("{\"salt\":\"t\",\"fallthrough\":" SPLIT "}"), NULL);
    CHECK(str_contains(flag_reshuffle(&arena, &current, &salted, &where), STR("/fallthrough")));
    CHECK_STR(where, STR("/salt"));

    struct flag own = filled(&arena,
                             STR("{\"salt\":\"s\",\"fallthrough\":{\"bucket\":{\"salt\":\"t\","
                                 "\"slices\":[{\"percent\":50,\"variations\":[]}]}}}"),
                             NULL);
    CHECK(!str_is_absent(flag_reshuffle(&arena, &current, &own, &where)));
    CHECK_STR(where, STR("/fallthrough"));

    struct flag typed = filled(&arena,
                               STR("{\"arithmetic\":{\"hash\":\"fnv1a_32_utf16\","
                                   "\"comparison\":\"typed\"}}"),
                               NULL);
    CHECK(!str_is_absent(flag_reshuffle(&arena, &current, &typed, &where)));
    CHECK_STR(where, STR("/arithmetic"));
    arena_close(&arena);
}

#define ROLLOUT(salt, on, off)                                                                     \
    "{\"rollout\":{" salt "\"variations\":[{\"variation\":\"on\",\"weight\":" #on                  \
    "},{\"variation\":\"off\",\"weight\":" #off "}]}}"
#define PERCENT(on, off)                                                                           \
    "{\"bucket\":{\"salt\":\"g\",\"slices\":[{\"percent\":50,\"variations\":[{\"variation\":"      \
    "\"on\","                                                                                      \
    "\"weight\":" #on "},{\"variation\":\"off\",\"weight\":" #off "}]}]}}"

/* The key stands for a salt that is left out, an empty one for nothing; and of a remainder the
 * divisor counts. */
TEST(other_systems_arithmetics_are_dealt_anew_by_their_own_rules)
{
    static const struct {
        struct str current, changed;
        bool is_dealt_anew;
    } cases[] = {
#define CASE(before, after, is_anew)                                                               \
    {{before, sizeof(before) - 1}, {after, sizeof(after) - 1}, is_anew}
#define TYPED(hash, serve)                                                                         \
    "{\"arithmetic\":{\"hash\":\"" hash "\",\"comparison\":\"typed\"},\"fallthrough\":" serve "}"
#define TEXTUAL(serve)                                                                             \
    "{\"arithmetic\":{\"hash\":\"murmur3_32_percent\",\"comparison\":\"text\"},"                   \
    "\"fallthrough\":" serve "}"
        CASE(TYPED("sha1_60", ROLLOUT("", 1, 2)), TYPED("sha1_60", ROLLOUT("", 3, 9)), false),
        CASE(TYPED("sha1_60", ROLLOUT("", 1, 2)), TYPED("sha1_60", ROLLOUT("\"salt\":\"\",", 1, 2)),
             true),
        CASE(TYPED("sha1_60", ROLLOUT("", 1, 2)),
             TYPED("sha1_60", ROLLOUT("\"salt\":\"k\",", 1, 2)), false),
        CASE(TYPED("sha1_60", ROLLOUT("", 1, 2)), TYPED("fnv1a_32_utf16", ROLLOUT("", 1, 2)), true),
        CASE(TYPED("murmur3_32_scaled", ROLLOUT("", 1, 1)),
             TYPED("murmur3_32_scaled", ROLLOUT("", 50, 51)), false),
        CASE(TYPED("fnv1a_32_modulo", ROLLOUT("", 40000, 60000)),
             TYPED("fnv1a_32_modulo", ROLLOUT("", 60000, 40000)), false),
        CASE(TYPED("fnv1a_32_modulo", ROLLOUT("", 40000, 60000)),
             TYPED("fnv1a_32_modulo", ROLLOUT("", 40000, 60001)), true),
        CASE(TEXTUAL(PERCENT(400, 600)), TEXTUAL(PERCENT(500, 500)), false),
        CASE(TEXTUAL(PERCENT(400, 600)), TEXTUAL(PERCENT(400, 700)), true),
    };
    struct arena arena;
    arena_open(&arena, 4096);
    random_open();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str where = {0};
        struct flag current = filled(&arena, cases[i].current, NULL);
        struct flag changed = filled(&arena, cases[i].changed, &current);
        struct str why = flag_reshuffle(&arena, &current, &changed, &where);
        CHECK(str_contains(why, STR("/fallthrough")) == cases[i].is_dealt_anew);
        arena_reset(&arena);
    }
    arena_close(&arena);
}

#define RULE(id, serve)                                                                            \
    "{\"id\":\"" id "\",\"when\":{\"op\":\"all\",\"expressions\":[]},\"serve\":" serve "}"

TEST(rules_are_known_by_their_ids)
{
    struct arena arena;
    arena_open(&arena, 4096);
    random_open();
    struct str where = {0};
    struct flag current =
        filled(&arena,
               STR("{\"salt\":\"s\",\"rules\":[" RULE("a", SPLIT) "," RULE("b", SPLIT) "]}"), NULL);
    struct flag moved =
        filled(&arena,
               STR("{\"salt\":\"s\",\"rules\":[" RULE("b", SPLIT) "," RULE("c", SPLIT) "]}"), NULL);
    CHECK(str_is_absent(flag_reshuffle(&arena, &current, &moved, &where)));
    struct flag salted =
        filled(&arena,
               STR("{\"salt\":\"t\",\"rules\":[" RULE("b", SPLIT) "," RULE("c", SPLIT) "]}"), NULL);
    struct str why = flag_reshuffle(&arena, &current, &salted, &where);
    CHECK(str_contains(why, STR("/rules/0/serve")));
    CHECK(!str_contains(why, STR("/rules/1/serve")));
    arena_close(&arena);
}

TESTS(paths_of_the_model_become_pointers_into_the_document,
      faults_of_the_environment_say_whose_they_are, a_key_alone_is_a_switch,
      the_type_is_that_of_the_values, a_flag_that_is_there_keeps_what_it_deals_by,
      dealing_anew_is_noticed_and_moving_shares_is_not,
      other_systems_arithmetics_are_dealt_anew_by_their_own_rules, rules_are_known_by_their_ids)
