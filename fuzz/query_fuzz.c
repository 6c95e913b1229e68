/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_fuzz - a text in a targeting query language, and paths that point into documents.
 *
 * What can be said is an expression that our own codec writes and reads again.
 */
#include "base/utf.h"
#include "eval/selector.h"
#include "fuzz.h"
#include "import/goff/query.h"
#include "model/codec.h"
#include "model/limits.h"
#include "json/write.h"

/* What is too deep to be kept is left out before it is written (import/draft_check.c). */
static size_t nesting_of(const struct expression *expression)
{
    size_t deepest = 0;
    for (size_t i = 0; i < expression->child_count; i++) {
        size_t inside = nesting_of(&expression->children[i]);
        deepest = inside > deepest ? inside : deepest;
    }
    return expression->child_count > 0 ? deepest + 1 : 0;
}

static void fuzz_query(struct arena *arena, struct str text)
{
    struct query query = {.arena = arena};
    struct expression expression, again;
    if (!query_condition(&query, text, &expression)) {
        require(!str_is_empty(query.obstacle));
        return;
    }
    if (nesting_of(&expression) > RULE_NESTING_MAX)
        return;
    struct buf buf;
    struct json_writer writer;
    struct json tree;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    expression_encode(&expression, &writer);
    if (!failed(json_parse(arena, buf_str(&buf), &json_budget_default, &tree)))
        (void)failed(expression_decode(arena, &tree, STR("$"), &again));
    buf_close(&buf);
}

static void fuzz_selector(struct arena *arena, struct str text)
{
    struct selector selector = selector_parse(arena, text);
    require(selector.root == SELECTOR_CONTEXT || selector.flat == FLAT_NOTHING);
    for (size_t i = 0; i < selector.step_count; i++)
        require(selector.steps[i].size <= text.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct str text = {(const char *)data, size};
    if (utf8_is_valid(text)) {
        fuzz_query(&arena, text);
        fuzz_selector(&arena, text);
    }
    arena_close(&arena);
    return 0;
}
