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

#include "base/memory.h"
#include "eval/pattern_compile.h"
#include "model/limits.h"

enum {
    HEAP_KIBIBYTES_MAX = 2048, /* the interpreter's frames: 16 000 levels of backtracking */
    STACK_BYTES_LEAST = 32 * 1024,
    STACK_BYTES_MAX = 1024 * 1024,
    REFERENCE_BYTES_PER_STEP = 4 /* comparing them takes as long as the step */
};

struct pattern {
    pcre2_code *code;
    bool is_machine_code;
};

struct pattern_scratch {
    pcre2_match_data *match_data;
    pcre2_match_context *match_context;
    pcre2_jit_stack *stack;      /* NULL: the library's own 32 KiB */
    size_t reference_bytes_left; /* for back-references of the match under way to compare */
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

static pcre2_code *code_open(struct str program, uint32_t options, int *error)
{
    pcre2_general_context *general = general_context_open();
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    assert(context != NULL);
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

static struct fault program_compile(struct pattern **pattern, struct str program,
                                    enum pattern_purpose purpose)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL |
                       PCRE2_ANCHORED | PCRE2_MATCH_UNSET_BACKREF;
    if (purpose == PATTERN_TO_PROBE)
        options |= PCRE2_NO_START_OPTIMIZE | PCRE2_NO_AUTO_POSSESS;
    int error = 0;
    pcre2_code *code = code_open(program, options, &error);
    if (code == NULL)
        return code_fault(error);

    *pattern = MEMORY_NEW(struct pattern);
    (*pattern)->code = code;
    if (purpose == PATTERN_TO_SERVE)
        (*pattern)->is_machine_code = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
    return fault_none();
}

struct fault pattern_compile(struct pattern **pattern, const struct pattern_branch *tree,
                             enum pattern_form form, enum pattern_purpose purpose)
{
    struct buf program;
    buf_open(&program, PATTERN_PROGRAM_BYTES_MAX);
    pattern_translate(&program, tree, form);
    struct fault fault =
        buf_failed(&program) ? too_large() : program_compile(pattern, buf_str(&program), purpose);
    buf_close(&program);
    return fault;
}

struct fault pattern_understand(const struct pattern_branch **tree, struct str text,
                                enum pattern_grammar grammar, struct arena *arena)
{
    if (text.size > REGEX_PATTERN_BYTES_MAX)
        return fault_make(FAULT_LIMIT, STR(""), STR("the regular expression is too long"));
    struct fault fault = pattern_parse(tree, text, grammar, arena);
    if (failed(fault))
        return fault;
    if (pattern_states(*tree) > PATTERN_STATES_MAX)
        return fault_make(FAULT_LIMIT, STR(""), STR("the regular expression has too many states"));
    return fault_none();
}

struct fault pattern_open(struct pattern **pattern, struct str text)
{
    *pattern = NULL;
    struct arena arena;
    arena_open(&arena, 4096);
    const struct pattern_branch *tree = NULL;
    struct fault fault = pattern_understand(&tree, text, PATTERN_SERVED, &arena);
    if (!failed(fault))
        fault = pattern_compile(pattern, tree, PATTERN_REDUCED, PATTERN_TO_SERVE);
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

enum pattern_result pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch,
                                  struct str subject)
{
    if (subject.size > REGEX_SUBJECT_BYTES_MAX)
        return PATTERN_GAVE_UP;
    return pattern_match_within(pattern, scratch, subject, pattern_steps_max(subject.size));
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
