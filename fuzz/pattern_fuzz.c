/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_fuzz - no pattern and no subject can hurt us.
 *
 * Bytes up to the first NUL are the pattern, the rest is the subject; the same in every syntax.
 * Whatever opens must answer
 * the same twice, and like the interpreted program as written wherever neither gives up; the
 * writer's check ends, and only finds fault with its cost or with what writes may not use.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf.h"
#include "eval/pattern.h"
#include "eval/pattern_compile.h"
#include "model/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
    if (!condition)
        abort();
}

/* The same pattern without reductions, shortcuts and machine code. */
static enum pattern_result match_plainly(enum pattern_syntax syntax, struct str text,
                                         struct pattern_scratch *scratch, struct str subject)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct pattern_branch *tree = NULL;
    struct pattern *pattern = NULL;
    enum pattern_result result = PATTERN_GAVE_UP;
    expect(!failed(pattern_understand(&tree, syntax, text, PATTERN_SERVED, &arena)));
    if (!failed(pattern_compile(&pattern, syntax, tree, PATTERN_AS_WRITTEN, PATTERN_TO_PROBE)))
        result = pattern_match(pattern, scratch, subject);
    pattern_close(pattern);
    arena_close(&arena);
    return result;
}

static void match(enum pattern_syntax syntax, struct str text, const struct pattern *pattern,
                  struct str subject)
{
    struct pattern_scratch *scratch = pattern_scratch_open();
    enum pattern_result result = pattern_match(pattern, scratch, subject);
    expect(pattern_match(pattern, scratch, subject) == result);
    if (subject.size > REGEX_SUBJECT_BYTES_MAX)
        expect(result == PATTERN_GAVE_UP);
    enum pattern_result plain = match_plainly(syntax, text, scratch, subject);
    if (result != PATTERN_GAVE_UP && plain != PATTERN_GAVE_UP)
        expect(result == plain);
    pattern_scratch_close(scratch);
}

static void try_syntax(enum pattern_syntax syntax, struct str text, struct str subject)
{
    struct pattern *pattern = NULL;
    struct fault fault = pattern_open(&pattern, syntax, text);
    expect((pattern == NULL) == failed(fault));
    if (failed(fault)) {
        expect(fault.why.size > 0);
        expect(failed(pattern_check(syntax, text)));
        return;
    }
    fault = pattern_check(syntax, text);
    expect(!failed(fault) || fault.kind == FAULT_LIMIT ||
           str_contains(fault.why, STR("not supported")));
    if (utf8_is_valid(subject))
        match(syntax, text, pattern, subject);
    pattern_close(pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = {(const char *)data, size};
    size_t split = str_find_byte(input, '\0', 0);
    struct str text = str_slice(input, 0, split);
    struct str subject = str_slice(input, split + 1, size);
    for (int syntax = 0; syntax < PATTERN_SYNTAXES; syntax++)
        try_syntax((enum pattern_syntax)syntax, text, subject);
    return 0;
}
