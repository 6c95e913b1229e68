/* SPDX-License-Identifier: Apache-2.0 */
/* Documents, events and iterations with anything in them: listed or decoded, never in between. */
#include "dialect/superflag/experiment.h"
#include "dialect/superflag/feature_event.h"
#include "fixture.h"

static const char document_text[] =
    "{\"schemaVersion\":1,\"source\":{\"app\":\"a\",\"environment\":\"e\"},\"configVersion\":3,"
    "\"metadata\":{\"m\":1},\"segments\":{\"s\":{\"included\":[\"u\"],\"excluded\":[\"v\"],"
    "\"rules\":[{\"op\":\"segment\",\"segment\":\"t\",\"negate\":true}],\"schedule\":{\"end\":"
    "\"2031-01-01T00:00:00Z\"},\"visibility\":\"client\",\"description\":\"S\"},"
    "\"t\":{\"visibility\":\"client\"}},\"flags\":{\"10\":{\"type\":\"string\",\"description\":"
    "\"d\",\"tags\":[\"x\",\"y\"],\"owner\":\"o\",\"lifecycle\":\"draft\",\"enabled\":true,"
    "\"variations\":{\"b\":{\"value\":\"B\",\"name\":\"Bee\",\"description\":\"buzz\"},\"2\":"
    "{\"value\":\"two\"},\"1\":{\"value\":\"one\"}},\"offVariation\":\"b\",\"fallthrough\":"
    "{\"progressive\":{\"start\":\"2031-01-01T00:00:00Z\",\"end\":\"2031-01-02T00:00:00Z\","
    "\"from\":{\"variations\":[{\"variation\":\"b\",\"weight\":5}],\"salt\":\"z\"},\"to\":"
    "{\"variations\":[{\"variation\":\"1\",\"weight\":7}],\"bucketBy\":\"k\"}}},"
    "\"prerequisites\":[{\"flag\":\"9\",\"variations\":[\"v\"]}],\"rules\":[{\"id\":\"r\","
    "\"when\":{\"op\":\"any\",\"expressions\":[{\"op\":\"not\",\"expression\":{\"op\":\"match\","
    "\"attribute\":\"q\",\"operator\":\"in\",\"value\":[1,null]}},{\"op\":\"segment\","
    "\"segment\":\"s\"}]},\"serve\":{\"rollout\":{\"variations\":[{\"variation\":\"2\","
    "\"weight\":100000}]}},\"schedule\":{\"start\":\"2031-01-01T00:00:00Z\"},\"description\":"
    "\"R\"}],\"visibility\":\"client\",\"metadata\":{\"k\":[true]}},\"9\":{\"type\":\"object\","
    "\"description\":\"d\",\"tags\":[],\"owner\":\"o\",\"lifecycle\":\"archived\",\"enabled\":"
    "false,\"variations\":{\"v\":{\"value\":[]}},\"offVariation\":\"v\",\"fallthrough\":"
    "{\"variation\":\"v\"},\"schedule\":{},\"visibility\":\"client\"}}}";

static const char event_text[] =
    "{\"schemaVersion\":1,\"id\":\"e1\",\"kind\":\"outcome\",\"source\":{\"app\":\"a\","
    "\"environment\":\"e\"},\"flagKey\":\"f\",\"variation\":\"v\",\"configVersion\":3,"
    "\"reason\":\"SPLIT\",\"timestamp\":\"2031-01-01T00:00:00Z\",\"sdk\":{\"name\":\"n\","
    "\"version\":\"1\",\"platform\":\"node\"},\"subject\":{\"id\":\"psn_0123456789abcdef\","
    "\"namespace\":\"n\",\"revision\":1,\"state\":\"anonymous\"},\"experiment\":"
    "{\"experimentId\":\"x\",\"iterationId\":\"i\"},\"dimensions\":{\"d\":\"v\"},"
    "\"exposureId\":\"e0\",\"metric\":{\"key\":\"m\",\"revision\":1},\"value\":true}";

static const char iteration_text[] =
    "{\"schemaVersion\":1,\"id\":\"i\",\"experimentId\":\"x\",\"number\":1,\"source\":{\"app\":"
    "\"a\",\"environment\":\"e\"},\"flagKey\":\"10\",\"configVersion\":3,\"variations\":[\"1\","
    "\"2\"],\"allocation\":[{\"variation\":\"1\",\"weight\":1},{\"variation\":\"2\",\"weight\":"
    "2}],\"salt\":\"s\",\"assignmentUnit\":{\"kind\":\"attribute\",\"attribute\":\"q\"},"
    "\"audience\":{\"kind\":\"expression\",\"id\":\"a\",\"version\":1,\"expression\":{\"op\":"
    "\"any\",\"expressions\":[{\"op\":\"match\",\"attribute\":\"q\",\"operator\":\"exists\"},"
    "{\"op\":\"segment\",\"segment\":\"nowhere\"}]}},\"primaryMetric\":{\"key\":\"m\","
    "\"revision\":1},\"secondaryMetrics\":[{\"key\":\"m\",\"revision\":2}],"
    "\"guardrailMetrics\":[],\"startedAt\":\"2031-01-01T00:00:00Z\"}";

/* ---- every node replaced by everything --------------------------------------------------- */

/* The nth node of the tree, in depth-first order; NULL when there are fewer. Trees here are the
 * literals above: the recursion is as deep as they are. */
static struct json *nth_node(struct json *node, size_t *n)
{
    if (*n == 0)
        return node;
    (*n)--;
    for (uint32_t i = 0; node->type == JSON_OBJECT && i < node->count; i++) {
        struct json *found = nth_node(&node->members[i].value, n);
        if (found != NULL)
            return found;
    }
    for (uint32_t i = 0; node->type == JSON_ARRAY && i < node->count; i++) {
        struct json *found = nth_node(&node->elements[i], n);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static const char *const intruders[] = {
    "null",
    "true",
    "-1",
    "1e308",
    "\"\"",
    "\" \"",
    "\"zz\"",
    "\"all\"",
    "[]",
    "[null]",
    "[[]]",
    "{}",
    "{\"op\":\"not\"}",
    "{\"kind\":\"all\"}",
    "{\"variation\":\"1\"}",
};

typedef void (*tree_check)(struct arena *arena, const struct json *json);

static size_t check_every_mutation(const char *text, tree_check check)
{
    size_t checked = 0;
    for (bool is_done = false; !is_done; checked++) {
        for (size_t i = 0; i < COUNT_OF(intruders); i++) {
            struct arena arena;
            arena_open(&arena, 1 << 16);
            struct json *root = tree(&arena, text);
            size_t n = checked;
            struct json *node = nth_node(root, &n);
            is_done = node == NULL;
            if (!is_done) {
                *node = *tree(&arena, intruders[i]);
                check(&arena, root);
            }
            arena_close(&arena);
        }
    }
    return checked;
}

/* Decodes exactly when there is no issue, and what was decoded is written and read the same. */
static void check_document(struct arena *arena, const struct json *json)
{
    struct issue *issues = NULL;
    struct superflag_document document;
    size_t count = superflag_validate(arena, json, &issues);
    struct fault fault = superflag_decode_document(arena, json, &document);
    CHECK(failed(fault) == (count > 0));
    if (failed(fault)) {
        CHECK_STR(fault.where, issues[0].path);
        CHECK_STR(fault.why, issues[0].message);
        return;
    }
    struct environment_state state = superflag_document_state(arena, &document);
    struct str once = core_text(arena, &state, SUPERFLAG_SERVER, false);
    struct json again;
    CHECK_OK(json_parse(arena, once, &json_budget_default, &again));
    CHECK_OK(superflag_decode_document(arena, &again, &document));
    state = superflag_document_state(arena, &document);
    CHECK_STR(core_text(arena, &state, SUPERFLAG_SERVER, false), once);
    config_text(arena, &state, SUPERFLAG_CLIENT);
    ruleset_close(ruleset_compile(arena, &state));
}

static void check_event(struct arena *arena, const struct json *json)
{
    const struct superflag_event_options options = {.takes_any_dimension = true};
    struct issue *issues = NULL;
    if (superflag_check_event(arena, json, &options, &issues) > 0)
        return;
    struct event_row row = superflag_decode_event(arena, json, 1, 2);
    struct json again;
    CHECK_OK(json_parse(arena, row.document, &json_budget_default, &again));
    CHECK_INT(superflag_check_event(arena, &again, &options, &issues), 0);
    CHECK_STR(superflag_exposure_dedupe_key(arena, &again),
              superflag_exposure_dedupe_key(arena, json));
}

static void check_iteration(struct arena *arena, const struct json *json)
{
    struct superflag_document document;
    CHECK_OK(superflag_decode_document(arena, tree(arena, document_text), &document));
    struct environment_state state = superflag_document_state(arena, &document);
    struct issue *issues = NULL;
    size_t count = superflag_check_iteration(arena, json, &issues);
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    struct fault fault = superflag_append_assignment(&writer, arena, &state, json,
                                                     tree(arena, "{\"targetingKey\":\"u\"}"), NULL);
    CHECK(count == 0 || failed(fault));
    superflag_may_replace_iteration(json, tree(arena, iteration_text));
    buf_close(&buf);
}

TEST(any_node_of_a_document_may_be_anything)
{
    CHECK(check_every_mutation(document_text, check_document) > 100);
}

TEST(any_node_of_an_event_may_be_anything)
{
    CHECK(check_every_mutation(event_text, check_event) > 25);
}

TEST(any_node_of_an_iteration_may_be_anything)
{
    CHECK(check_every_mutation(iteration_text, check_iteration) > 40);
}

/* ---- single claims ----------------------------------------------------------------------- */

TEST(the_document_itself_is_valid_and_keeps_javascript_order)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct superflag_document document;
    CHECK_OK(superflag_decode_document(&arena, tree(&arena, document_text), &document));
    CHECK_STR(document.flags[0].key, STR("9"));
    CHECK_STR(document.flags[1].key, STR("10"));
    CHECK_STR(document.flags[1].variations[0].id, STR("1"));
    CHECK_STR(document.flags[1].variations[2].id, STR("b"));
    struct environment_state state = superflag_document_state(&arena, &document);
    CHECK_STR(state.flags[0]->key, STR("10"));
    CHECK(document.flags[1].visibility == VISIBILITY_CLIENT);
    CHECK(document.segments[0].rules[0].is_negated);
    CHECK(document.segments[1].has_rules == false);
    arena_close(&arena);
}

/* A rule whose expression is nested `levels` deep. */
static struct json *nested(struct arena *arena, size_t levels)
{
    struct json *expression = tree(arena, "{\"op\":\"all\",\"expressions\":[]}");
    for (size_t i = 0; i < levels; i++) {
        struct json *outer = tree(arena, "{\"op\":\"not\",\"expression\":0}");
        outer->members[1].value = *expression;
        expression = outer;
    }
    return expression;
}

TEST(nesting_is_bounded_whatever_the_parser_let_through)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct json *document =
        tree(&arena, "{\"schemaVersion\":1,\"source\":{\"app\":\"a\",\"environment\":\"e\"},"
                     "\"configVersion\":3,\"flags\":{},\"segments\":{\"s\":{\"rules\":[0]}}}");
    struct json *segments = &document->members[4].value;
    struct json *rule = &segments->members[0].value.members[0].value.elements[0];
    struct issue *issues = NULL;
    *rule = *nested(&arena, 20);
    CHECK_INT(superflag_validate(&arena, document, &issues), 0);
    *rule = *nested(&arena, 1000);
    CHECK_INT(superflag_validate(&arena, document, &issues), 1);
    CHECK_STR(issues[0].message, STR("is nested too deeply"));
    arena_close(&arena);
}

TEST(paths_and_messages_quote_keys_whatever_bytes_they_have)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct json *document =
        tree(&arena, "{\"schemaVersion\":1,\"source\":{\"app\":\"a\",\"environment\":\"e\"},"
                     "\"configVersion\":3,\"flags\":{\"n\\u0000l\":7}}");
    struct issue *issues = NULL;
    CHECK_INT(superflag_validate(&arena, document, &issues), 1);
    CHECK_STR(issues[0].path, STR("$.flags.n\0l"));
    arena_close(&arena);
}

TEST(a_migration_that_ends_in_an_invalid_document_lists_its_issues)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct superflag_migration migration = {
        .app = STR(" "), .environment = STR("e"), .lifecycle = LIFECYCLE_ACTIVE, .owner = STR("")};
    struct superflag_document document;
    struct fault fault = superflag_migrate_legacy_document(
        &arena, tree(&arena, "{\"f\":{\"type\":\"bool\",\"value\":true}}"), &migration, &document);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.why, STR("Invalid Superflag config:\n"
                             "$.source.app: must be a non-empty string\n"
                             "$.flags.f.owner: must be a non-empty string"));
    fault = superflag_migrate_legacy_document(
        &arena,
        tree(&arena, "{\"f\":{\"type\":\"bool\",\"value\":true,\"variants\":[{\"value\":true,"
                     "\"weight\":100.005},{\"value\":false,\"weight\":0}]}}"),
        &migration, &document);
    CHECK_STR(fault.why,
              STR("Invalid Superflag config:\n$.flags.f.fallthrough.rollout.variations[1].weight: "
                  "must be a non-negative integer"));
    arena_close(&arena);
}

TEST(an_event_belongs_where_it_says)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct json *event = tree(&arena, event_text);
    CHECK(superflag_event_is_from(event, STR("a"), STR("e")));
    CHECK(!superflag_event_is_from(event, STR("b"), STR("e")));
    CHECK(!superflag_event_is_from(event, STR("a"), STR("f")));
    CHECK(!superflag_event_is_from(tree(&arena, "[]"), STR("a"), STR("e")));
    arena_close(&arena);
}

TESTS(any_node_of_a_document_may_be_anything, any_node_of_an_event_may_be_anything,
      any_node_of_an_iteration_may_be_anything,
      the_document_itself_is_valid_and_keeps_javascript_order,
      nesting_is_bounded_whatever_the_parser_let_through,
      paths_and_messages_quote_keys_whatever_bytes_they_have,
      a_migration_that_ends_in_an_invalid_document_lists_its_issues, an_event_belongs_where_it_says)
