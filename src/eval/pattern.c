/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and matching, and the one door to PCRE2.
 *
 * Its memory comes from base/memory.h; one match has PATTERN_MATCH_LIMIT steps and
 * PATTERN_STEPS_PER_BYTE more for each byte of the subject, and a bounded stack. PCRE2 counts a
 * back-reference as no step however much it compares, so a callout in front of each counts the
 * bytes, REFERENCE_BYTES_PER_STEP of them for every step a match may take. Machine code is a matter
 * of speed alone: where the system forbids it (no writable and executable memory), the interpreter
 * gives the same answers, and only where it gives up may differ.
 */
#include "eval/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <assert.h>
#include <pcre2.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "eval/pattern_compile.h"
#include "eval/pattern_glob.h"
#include "model/limits.h"

enum {
    HEAP_KIBIBYTES_MAX = 2048, /* the interpreter's frames: 16 000 levels of backtracking */
    STACK_BYTES_LEAST = 32 * 1024,
    STACK_BYTES_MAX = 1024 * 1024,
    REFERENCE_BYTES_PER_STEP = 4 /* comparing them takes as long as the step */
};

/* A character of four bytes is six when its units are apart. */
enum { UNITS_BYTES_MAX = REGEX_SUBJECT_BYTES_MAX / 4 * 6 };

struct pattern {
    pcre2_code *code;
    bool is_machine_code;
    bool by_units;
};

struct pattern_scratch {
    pcre2_match_data *match_data;
    pcre2_match_context *match_context;
    pcre2_jit_stack *stack;      /* NULL: the library's own 32 KiB */
    size_t reference_bytes_left; /* for back-references of the match under way to compare */
    char units[UNITS_BYTES_MAX]; /* a subject whose units had to be taken apart */
};

static void *allocate(size_t bytes, void *unused)
{
    (void)unused;
    return memory_allocate(bytes);
}

static void release(void *memory, void *unused)
{
    (void)unused;
    if (memory != NULL)
        memory_free(memory);
}

/* What is made from a context keeps its allocator, not the context. */
static pcre2_general_context *general_context_open(void)
{
    pcre2_general_context *context = pcre2_general_context_create(allocate, release, NULL);
    assert(context != NULL);
    return context;
}

static pcre2_code *code_open(struct str program, uint32_t options, bool by_units, int *error)
{
    pcre2_general_context *general = general_context_open();
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    assert(context != NULL);
    if (by_units)
        pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALLOW_SURROGATE_ESCAPES);
    size_t error_at = 0;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)program.data, program.size, options, error, &error_at, context);
    pcre2_compile_context_free(context);
    pcre2_general_context_free(general);
    return code;
}

static struct fault too_large(void)
{
    return fault_make(FAULT_LIMIT, STR(""), STR("the regular expression is too large"));
}

/* The translation is well-formed, so that only its size can displease. */
static struct fault code_fault(int error)
{
    switch (error) {
    case PCRE2_ERROR_PATTERN_TOO_LARGE:
    case PCRE2_ERROR_PATTERN_TOO_COMPLICATED:
    case PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP:
        return too_large();
    case PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH:
    case PCRE2_ERROR_LOOKBEHIND_TOO_COMPLICATED:
    case PCRE2_ERROR_LOOKBEHIND_TOO_LONG:
        return fault_make(FAULT_INVALID, STR(""),
                          STR("look-behind is supported for fixed lengths only"));
    default:
        return fault_make(FAULT_INVALID, STR(""), STR("not a regular expression we can run"));
    }
}

static struct fault program_compile(struct pattern **pattern, struct str program, bool by_units,
                                    enum pattern_purpose purpose)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL |
                       PCRE2_ANCHORED | PCRE2_MATCH_UNSET_BACKREF;
    if (purpose == PATTERN_TO_PROBE)
        options |= PCRE2_NO_START_OPTIMIZE | PCRE2_NO_AUTO_POSSESS;
    int error = 0;
    pcre2_code *code = code_open(program, options, by_units, &error);
    if (code == NULL)
        return code_fault(error);

    *pattern = MEMORY_NEW(struct pattern);
    (*pattern)->code = code;
    (*pattern)->by_units = by_units;
    if (purpose == PATTERN_TO_SERVE)
        (*pattern)->is_machine_code = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
    return fault_none();
}

struct fault pattern_compile(struct pattern **pattern, enum pattern_syntax syntax,
                             const struct pattern_branch *tree, enum pattern_form form,
                             enum pattern_purpose purpose)
{
    struct buf program;
    buf_open(&program, PATTERN_PROGRAM_BYTES_MAX);
    pattern_translate(&program, tree, form);
    bool by_units = syntax != PATTERN_UNICODE;
    struct fault fault = buf_failed(&program)
                             ? too_large()
                             : program_compile(pattern, buf_str(&program), by_units, purpose);
    buf_close(&program);
    return fault;
}

struct fault pattern_understand(const struct pattern_branch **tree, enum pattern_syntax syntax,
                                struct str text, enum pattern_grammar grammar, struct arena *arena)
{
    if (text.size > REGEX_PATTERN_BYTES_MAX)
        return fault_make(FAULT_LIMIT, STR(""), STR("the regular expression is too long"));
    struct str expression = syntax == PATTERN_GLOB ? glob_to_pattern(arena, text) : text;
    struct fault fault = pattern_parse(tree, expression, syntax != PATTERN_UNICODE, grammar, arena);
    if (failed(fault))
        return fault;
    if (pattern_states(*tree) > PATTERN_STATES_MAX)
        return fault_make(FAULT_LIMIT, STR(""), STR("the regular expression has too many states"));
    return fault_none();
}

struct fault pattern_open(struct pattern **pattern, enum pattern_syntax syntax, struct str text)
{
    *pattern = NULL;
    struct arena arena;
    arena_open(&arena, 4096);
    const struct pattern_branch *tree = NULL;
    struct fault fault = pattern_understand(&tree, syntax, text, PATTERN_SERVED, &arena);
    if (!failed(fault))
        fault = pattern_compile(pattern, syntax, tree, PATTERN_REDUCED, PATTERN_TO_SERVE);
    arena_close(&arena);
    return fault;
}

void pattern_close(struct pattern *pattern)
{
    if (pattern == NULL)
        return;
    pcre2_code_free(pattern->code);
    memory_free(pattern);
}

/* A callout: 0 goes on, anything negative ends the match with it. What does not fit into the rest
 * of the subject is not compared. */
static int count_reference(pcre2_callout_block *callout, void *data)
{
    struct pattern_scratch *scratch = data;
    uint32_t capture = callout->callout_number;
    if (capture >= callout->capture_top)
        return 0;
    size_t size = callout->offset_vector[2 * capture + 1] - callout->offset_vector[2 * capture];
    size_t bytes = size > callout->subject_length - callout->current_position ? 1 : size + 1;
    if (bytes > scratch->reference_bytes_left)
        return PCRE2_ERROR_CALLOUT;
    scratch->reference_bytes_left -= bytes;
    return 0;
}

struct pattern_scratch *pattern_scratch_open(void)
{
    pcre2_general_context *general = general_context_open();
    struct pattern_scratch *scratch = MEMORY_NEW(struct pattern_scratch);
    scratch->match_data = pcre2_match_data_create(1, general);
    assert(scratch->match_data != NULL);
    scratch->match_context = pcre2_match_context_create(general);
    assert(scratch->match_context != NULL);
    pcre2_set_callout(scratch->match_context, count_reference, scratch);
    pcre2_set_heap_limit(scratch->match_context, HEAP_KIBIBYTES_MAX);
    scratch->stack = pcre2_jit_stack_create(STACK_BYTES_LEAST, STACK_BYTES_MAX, general);
    if (scratch->stack != NULL)
        pcre2_jit_stack_assign(scratch->match_context, NULL, scratch->stack);
    pcre2_general_context_free(general);
    return scratch;
}

void pattern_scratch_close(struct pattern_scratch *scratch)
{
    if (scratch == NULL)
        return;
    pcre2_jit_stack_free(scratch->stack);
    pcre2_match_context_free(scratch->match_context);
    pcre2_match_data_free(scratch->match_data);
    memory_free(scratch);
}

static int run(const struct pattern *pattern, struct pattern_scratch *scratch, struct str subject)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(subject.size > 0 ? subject.data : "");
    if (pattern->is_machine_code)
        return pcre2_jit_match(pattern->code, text, subject.size, 0, 0, scratch->match_data,
                               scratch->match_context);
    return pcre2_match(pattern->code, text, subject.size, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                       scratch->match_data, scratch->match_context);
}

uint32_t pattern_steps_max(size_t subject_bytes)
{
    assert(subject_bytes <= REGEX_SUBJECT_BYTES_MAX);
    return PATTERN_MATCH_LIMIT + PATTERN_STEPS_PER_BYTE * (uint32_t)subject_bytes;
}

size_t pattern_put_unit(uint32_t unit, char bytes[4])
{
    if (unit < 0xD800 || unit > 0xDFFF)
        return utf8_put(unit, bytes);
    bytes[0] = (char)(0xE0 | unit >> 12);
    bytes[1] = (char)(0x80 | (unit >> 6 & 0x3F));
    bytes[2] = (char)(0x80 | (unit & 0x3F));
    return 3;
}

/* Lead bytes from F0 on: the four highest bits are set. */
bool pattern_has_pairs(struct str subject)
{
    uint64_t seen = 0;
    size_t at = 0;
    for (; subject.size - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, subject.data + at, sizeof(word));
        seen |= word & word << 1 & word << 2 & word << 3;
    }
    bool has = (seen & 0x8080808080808080u) != 0;
    for (; at < subject.size; at++)
        has = has || (unsigned char)subject.data[at] >= 0xF0;
    return has;
}

/* The subject with every pair of surrogates as two characters: what PCRE2 calls wobbly UTF-8. */
static struct str take_pairs_apart(struct pattern_scratch *scratch, struct str subject)
{
    size_t size = 0;
    size_t at = 0;
    while (at < subject.size) {
        char bytes[4];
        uint32_t character = utf8_next(subject, &at);
        size_t count = 0;
        if (character >= 0x10000) {
            count = pattern_put_unit(0xD800 + ((character - 0x10000) >> 10), bytes);
            memcpy(scratch->units + size, bytes, count);
            size += count;
            character = 0xDC00 + ((character - 0x10000) & 0x3FF);
        }
        count = pattern_put_unit(character, bytes);
        memcpy(scratch->units + size, bytes, count);
        size += count;
    }
    assert(size <= UNITS_BYTES_MAX);
    return (struct str){scratch->units, size};
}

enum pattern_result pattern_match_known(const struct pattern *pattern,
                                        struct pattern_scratch *scratch, struct str subject,
                                        bool has_pairs)
{
    if (subject.size > REGEX_SUBJECT_BYTES_MAX)
        return PATTERN_GAVE_UP;
    uint32_t steps_max = pattern_steps_max(subject.size);
    if (pattern->by_units && has_pairs)
        subject = take_pairs_apart(scratch, subject);
    return pattern_match_within(pattern, scratch, subject, steps_max);
}

enum pattern_result pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch,
                                  struct str subject)
{
    bool has_pairs = pattern->by_units && pattern_has_pairs(subject);
    return pattern_match_known(pattern, scratch, subject, has_pairs);
}

enum pattern_result pattern_match_within(const struct pattern *pattern,
                                         struct pattern_scratch *scratch, struct str subject,
                                         uint32_t steps_max)
{
    assert(pattern != NULL);
    assert(scratch != NULL);
    pcre2_set_match_limit(scratch->match_context, steps_max);
    scratch->reference_bytes_left = (size_t)REFERENCE_BYTES_PER_STEP * steps_max;
    int outcome = run(pattern, scratch, subject);
    if (outcome >= 0)
        return PATTERN_MATCH;
    return outcome == PCRE2_ERROR_NOMATCH ? PATTERN_NO_MATCH : PATTERN_GAVE_UP;
}
