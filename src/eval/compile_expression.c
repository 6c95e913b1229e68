/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile_expression - a tree of expressions, laid out as a run of tests: see compile.h.
 *
 * The run is written back to front. Whoever asks for an expression says where to go afterwards in
 * both cases; all and any hand their children's entries on to each other, not swaps the two.
 */
#include <assert.h>

#include "eval/compile.h"

static size_t count_tests(const struct expression *expression, unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return 0;
    if (expression->kind == EXPRESSION_MATCH || expression->kind == EXPRESSION_SEGMENT)
        return 1;
    size_t count = 0;
    for (size_t i = 0; i < expression->child_count; i++)
        count += count_tests(&expression->children[i], depth + 1);
    return count;
}

size_t expression_count_tests(const struct expression *expression)
{
    return count_tests(expression, 0);
}

struct program program_open(struct compiler *compiler, size_t test_count_max,
                            enum flag_comparison comparison, const struct flag *flag)
{
    assert(test_count_max < TARGET_REJECT);
    return (struct program){
        .tests = ARENA_NEW_ARRAY(compiler->arena, struct test, test_count_max),
        .next = (uint32_t)test_count_max,
        .comparison = comparison,
        .flag = flag,
    };
}

static uint32_t prepend_test(struct program *program, struct test test)
{
    assert(program->next > 0);
    assert(test.on_true > program->next - 1);
    assert(test.on_false > program->next - 1);
    program->next--;
    program->tests[program->next] = test;
    return program->next;
}

static uint32_t prepend_match(struct compiler *compiler, struct program *program,
                              const struct expression *match, uint32_t on_true, uint32_t on_false)
{
    struct test test = {.on_true = on_true, .on_false = on_false};
    if (!compile_match(compiler, program, match, &test))
        return on_false;
    return prepend_test(program, test);
}

/* A segment nobody knows has no members. */
static uint32_t prepend_segment(struct compiler *compiler, struct program *program, struct str key,
                                uint32_t on_true, uint32_t on_false)
{
    uint32_t index = map_find(&compiler->private->segments, key);
    if (index == MAP_ABSENT)
        return on_false;
    return prepend_test(program, (struct test){.on_true = on_true,
                                               .on_false = on_false,
                                               .subject = index,
                                               .kind = TEST_SEGMENT});
}

static uint32_t prepend(struct compiler *compiler, struct program *program,
                        const struct expression *expression, uint32_t on_true, uint32_t on_false,
                        unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return on_false;
    uint32_t entry = 0;
    switch (expression->kind) {
    case EXPRESSION_ALL:
        entry = on_true;
        for (size_t i = expression->child_count; i-- > 0;)
            entry =
                prepend(compiler, program, &expression->children[i], entry, on_false, depth + 1);
        return entry;
    case EXPRESSION_ANY:
        entry = on_false;
        for (size_t i = expression->child_count; i-- > 0;)
            entry = prepend(compiler, program, &expression->children[i], on_true, entry, depth + 1);
        return entry;
    case EXPRESSION_NOT:
        assert(expression->child_count == 1);
        return prepend(compiler, program, expression->children, on_false, on_true, depth + 1);
    case EXPRESSION_MATCH:
        return prepend_match(compiler, program, expression, on_true, on_false);
    case EXPRESSION_SEGMENT:
        if (expression->is_negated)
            return prepend_segment(compiler, program, expression->segment, on_false, on_true);
        return prepend_segment(compiler, program, expression->segment, on_true, on_false);
    }
    assert(false);
    return on_false;
}

uint32_t program_prepend(struct compiler *compiler, struct program *program,
                         const struct expression *expression, uint32_t on_true, uint32_t on_false)
{
    return prepend(compiler, program, expression, on_true, on_false, 0);
}
