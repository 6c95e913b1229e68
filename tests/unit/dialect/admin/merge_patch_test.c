/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/admin/merge_patch.h"
#include "test.h"

static struct json parsed(struct arena *arena, struct str text)
{
    struct json json;
    CHECK_OK(json_parse(arena, text, &json_budget_default, &json));
    return json;
}

struct vector {
    struct str target, patch, result;
};

/* RFC 7396, appendix A. */
static const struct vector vectors[] = {
    {STR("{\"a\":\"b\"}"), STR("{\"a\":\"c\"}"), STR("{\"a\":\"c\"}")},
    {STR("{\"a\":\"b\"}"), STR("{\"b\":\"c\"}"), STR("{\"a\":\"b\",\"b\":\"c\"}")},
    {STR("{\"a\":\"b\"}"), STR("{\"a\":null}"), STR("{}")},
    {STR("{\"a\":\"b\",\"b\":\"c\"}"), STR("{\"a\":null}"), STR("{\"b\":\"c\"}")},
    {STR("{\"a\":[\"b\"]}"), STR("{\"a\":\"c\"}"), STR("{\"a\":\"c\"}")},
    {STR("{\"a\":\"c\"}"), STR("{\"a\":[\"b\"]}"), STR("{\"a\":[\"b\"]}")},
    {STR("{\"a\":{\"b\":\"c\"}}"), STR("{\"a\":{\"b\":\"d\",\"c\":null}}"),
     STR("{\"a\":{\"b\":\"d\"}}")},
    {STR("{\"a\":[{\"b\":\"c\"}]}"), STR("{\"a\":[1]}"), STR("{\"a\":[1]}")},
    {STR("[\"a\",\"b\"]"), STR("[\"c\",\"d\"]"), STR("[\"c\",\"d\"]")},
    {STR("{\"a\":\"b\"}"), STR("[\"c\"]"), STR("[\"c\"]")},
    {STR("{\"a\":\"foo\"}"), STR("null"), STR("null")},
    {STR("{\"a\":\"foo\"}"), STR("\"bar\""), STR("\"bar\"")},
    {STR("{\"e\":null}"), STR("{\"a\":1}"), STR("{\"e\":null,\"a\":1}")},
    {STR("[1,2]"), STR("{\"a\":\"b\",\"c\":null}"), STR("{\"a\":\"b\"}")},
    {STR("{}"), STR("{\"a\":{\"bb\":{\"ccc\":null}}}"), STR("{\"a\":{\"bb\":{}}}")},
};

TEST(the_vectors_of_the_rfc_hold)
{
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct json target = parsed(&arena, vectors[i].target);
        struct json patch = parsed(&arena, vectors[i].patch);
        struct json expected = parsed(&arena, vectors[i].result);
        struct json result = merge_patch(&arena, &target, &patch);
        if (!json_equal(&result, &expected))
            fail_msg("%.*s with %.*s", STR_ARG(vectors[i].target), STR_ARG(vectors[i].patch));
    }
    arena_close(&arena);
}

TEST(neither_the_target_nor_the_patch_is_written_to)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct json target = parsed(&arena, STR("{\"a\":{\"b\":1,\"c\":2},\"d\":3}"));
    struct json patch = parsed(&arena, STR("{\"a\":{\"b\":null,\"e\":4},\"d\":null}"));
    struct json same_target = json_copy(&arena, &target);
    struct json same_patch = json_copy(&arena, &patch);
    struct json result = merge_patch(&arena, &target, &patch);
    struct json expected = parsed(&arena, STR("{\"a\":{\"c\":2,\"e\":4}}"));
    CHECK(json_equal(&result, &expected));
    CHECK(json_equal(&target, &same_target));
    CHECK(json_equal(&patch, &same_patch));
    arena_close(&arena);
}

TESTS(the_vectors_of_the_rfc_hold, neither_the_target_nor_the_patch_is_written_to)
