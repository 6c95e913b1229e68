/* SPDX-License-Identifier: Apache-2.0 */
/* wire - members are read by type, ids in both spellings, refusals name the member. */
#include "dialect/amplitude/answer.h"
#include "manage_fixture.h"

TEST(ids_are_text_or_number)
{
    struct arena *arena = fixture_arena();
    static const char *const good[] = {"\"183402\"", "183402", "183402.0"};
    static const char *const bad[] = {"\"\"",
                                      "\"0\"",
                                      "0",
                                      "-1",
                                      "1.5",
                                      "\"1.0\"",
                                      "\" 1\"",
                                      "\"abc\"",
                                      "true",
                                      "{}",
                                      "null",
                                      "1e300",
                                      "\"99999999999999999999999\""};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct wire wire = {.arena = arena};
        uint64_t id = 0;
        struct str text = arena_format(arena, "{\"id\":%s}", good[i]);
        CHECK(wire_id(&wire, body_of(arena, text.data), STR(""), STR("id"), &id));
        CHECK_INT(id, 183402);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct wire wire = {.arena = arena};
        uint64_t id = 0;
        struct str text = arena_format(arena, "{\"id\":%s}", bad[i]);
        CHECK(!wire_id(&wire, body_of(arena, text.data), STR(""), STR("id"), &id));
        CHECK_STR(wire.fault.where, STR("id"));
    }
}

TEST(the_first_refusal_stays)
{
    struct arena *arena = fixture_arena();
    struct wire wire = {.arena = arena};
    const struct json *body = body_of(arena, "{\"a\":1,\"b\":2,\"c\":\"text\"}");
    struct str text = {0};
    CHECK(!wire_text(&wire, body, STR("outer"), STR("a"), &text));
    CHECK(!wire_text(&wire, body, STR("outer"), STR("b"), &text));
    CHECK(!wire_text(&wire, body, STR("outer"), STR("c"), &text)); /* nothing is read after it */
    CHECK_STR(wire.fault.where, STR("outer.a"));
    CHECK_STR(wire.fault.why, STR("must be a string"));
}

TEST(a_choice_lists_what_it_takes)
{
    static const struct str words[] = {STR("local"), STR("remote"), STR("edge")};
    struct arena *arena = fixture_arena();
    struct wire wire = {.arena = arena};
    size_t index = 0;
    CHECK(!wire_choice(&wire, body_of(arena, "{\"m\":\"x\"}"), STR(""), STR("m"), words,
                       COUNT_OF(words), &index));
    CHECK_STR(wire.fault.why, STR("must be local, remote or edge"));
}

TEST(paths_of_the_model_become_fields_of_the_wire)
{
    struct arena *arena = fixture_arena();
    static const char *const pairs[][2] = {
        {"rolloutPercentage", "rolloutPercentage"},
        {"$.description", "description"},
        {"$.bucketBy", "bucketingKey"},
        {"$.salt", "bucketingSalt"},
        {"$.variations.on.payload", "variants.on.payload"},
        {"$.rules[2].when.expressions[1].value[0]", "targetSegments[2].conditions[1].values[0]"},
        {"$.rules[2].when", "targetSegments[2].conditions"},
        {"$.rules[0].serve.bucket.bucketBy", "targetSegments[0].bucketingKey"},
        {"$.flags.a.b.prerequisites", "parentDependencies"},
        {"$.experiment.decisionReason", "decisionReason"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        CHECK_STR(amplitude_field(arena, str_of(pairs[i][0])), str_of(pairs[i][1]));
}

TESTS(ids_are_text_or_number, the_first_refusal_stays, a_choice_lists_what_it_takes,
      paths_of_the_model_become_fields_of_the_wire)
