/* SPDX-License-Identifier: Apache-2.0 */
/* pattern_effort - the bound on steps and the price of one, as they follow from a pattern's tree.
 */
#include "eval/pattern_effort.h"

#include "eval/pattern_compile.h"
#include "test.h"

static const struct pattern_branch *understand(struct arena *arena, const char *text)
{
    const struct pattern_branch *tree = NULL;
    CHECK_OK(pattern_understand(&tree, PATTERN_UNICODE, str_of(text), PATTERN_SERVED, arena));
    return tree;
}

/* Of an anchored pattern: two, and one for each alternative that is tried; ways multiply. */
TEST(the_bound_on_steps_is_counted_off_the_tree)
{
    static const struct {
        const char *pattern;
        size_t subject_bytes, bound;
    } cases[] = {
        {"^a", 0, 3},
        {"^a", 1000, 3},
        {"^abc$", 10, 3},
        {"^a|^b", 10, 4},
        {"^a|^b|^c", 10, 5},
        {"a", 0, 3},
        {"a", 10, 33},
        {"a|b", 10, 44},
        {"^a{31}", 10, 3},
        {"^a{32}", 10, 4},
        {"^a{64}", 10, 5},
        /* 11 ways, one step more to find them out */
        {"^a*", 10, 3 + 12},
        {"^a+", 10, 3 + 11},
        {"^a{2,5}", 10, 3 + 5},
        {"^a{2,5}", 3, 3 + 3},
        {"^a{5,8}", 3, 3 + 2},
        {"^a{32,40}", 100, 3 + 9 + 1 + 1},
        {"^a?", 10, 3 + 3},
        {"^a*b*", 10, 3 + 12 + 11 * 12},
        {"^(?:a)", 10, 3 + 2},
        {"^(?:a|b)", 10, 3 + 3},
        {"^(?:a|b)c*", 10, 3 + 3 + 2 * 12},
        {"^(?:a|b){2}", 10, 3 + 3 + 2 * 3},
        {"^(?:a|b){0}", 10, 3},
        {"^(?:a|b){0}c*", 10, 3 + 12},
        {"^(?=a)", 10, 3 + 2},
        {"^(?!a|b)", 10, 3 + 3},
        {"^(?:a*)*", 1, 3 + 5 + 2 * 5},
    };
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t bound =
            pattern_steps_bound(understand(&arena, cases[i].pattern), cases[i].subject_bytes);
        if (bound != cases[i].bound)
            fprintf(stderr, "%s of %zu\n", cases[i].pattern, cases[i].subject_bytes);
        CHECK_INT(bound, cases[i].bound);
    }
    arena_close(&arena);
}

/* One for sixteen comparisons; a class of many parts is several. */
TEST(a_step_costs_what_may_be_compared_before_the_next)
{
    static const struct {
        const char *pattern;
        size_t price;
    } cases[] = {
        {"a", 1},
        {"a{15}", 1},
        {"a{16}", 2},
        {"a{31}", 2},
        {"a{32}", 3},
        {"a{200}", 3},
        {"(?:a{10}){3}", 2},
        {"(?:a{10}){4}", 3},
        {"a{32}|b{5}", 3},
        {"b{5}|a{32}", 3},
        {"a{20}b{20}c{20}", 4},
        {"[a-c]{32}", 3},
        {"[aceg]{32}", 5},
        {"[abcdefhjlnprtvxz]{32}", 7},
        {"\\p{L}{32}", 3},
        {"[\\p{Lu}\\p{Nd}]{32}", 5},
    };
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t price = pattern_step_price(understand(&arena, cases[i].pattern));
        if (price != cases[i].price)
            fprintf(stderr, "%s: %zu\n", cases[i].pattern, price);
        CHECK_INT(price, cases[i].price);
    }
    arena_close(&arena);
}

TESTS(the_bound_on_steps_is_counted_off_the_tree, a_step_costs_what_may_be_compared_before_the_next)
