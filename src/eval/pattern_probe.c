/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would this pattern take too long on some subject? Asked before it is stored.
 *
 * Backtracking explodes where one text can be read in many ways and is then spoilt at the end. So
 * from the tree come subjects of that shape: a lead-in that brings the match to a repeat or a
 * choice, then a piece that it takes, over and over, then a tail that fits nothing. If
 * the interpreter exceeds its steps on one of them, the pattern is refused.
 *
 * It is asked twice: of the program we serve, on subjects of PUMPED_BYTES, which finds cubic cost;
 * and of the pattern as written, on short ones, which finds exponential cost that we avoid by
 * reducing the pattern but that other evaluators of the same rules would pay.
 *
 * The answer must come soon, for whoever writes waits for it and others wait behind. A pattern that
 * no such subject could make exceed its steps is not asked at all, and that is most of them. The
 * others share PROBE_STEPS_MAX, weighed by what a step of theirs costs: about ten milliseconds.
 * PCRE2 does not tell how many steps a match took, so each is tried with half of what the one
 * before took, then with twice as many; all tries are paid for. A pattern that has not answered by
 * then could take too long, too.
 */
#include <assert.h>

#include "base/buf.h"
#include "eval/pattern_compile.h"
#include "eval/pattern_effort.h"
#include "eval/pattern_set.h"

enum {
    PUMPED_BYTES = 64,
    PUMPED_BYTES_AS_WRITTEN = 32,
    SUBJECT_BYTES_MAX = 2048,
    LEAD_IN_BYTES_MAX = 512,
    ALPHABET_MAX = 16,
    RUNS_MAX = 300,
    SINGLE_BRANCHES_MAX = 4,
    FIRST_TRY_STEPS = 64, /* at least */
    PROBE_STEPS_MAX = 600000
};

struct prober {
    const struct pattern *pattern;
    enum pattern_syntax syntax;
    struct pattern_scratch *scratch;
    struct buf subject;
    struct buf lead_in; /* what the nodes so far match, at its shortest */
    size_t pumped_bytes;
    uint32_t alphabet[ALPHABET_MAX]; /* characters the pattern speaks of */
    size_t alphabet_count;
    unsigned runs;
    size_t steps_left; /* of both programs together */
    size_t step_price;
    uint32_t last_try_steps;  /* what the match before was content with */
    bool is_pumping_alphabet; /* in this walk: single characters rather than the node's own text */
    bool is_fond_of_marks;    /* something in the pattern takes an exclamation mark */
    bool has_given_up;
};

/* The last is for patterns that a mark does not spoil. */
static const struct str tails[] = {{"", 0}, {"!", 1}, {"\n\n", 2}};

static void append_character(struct buf *text, uint32_t character)
{
    char bytes[4];
    size_t size = pattern_put_unit(character, bytes);
    buf_append(text, (struct str){bytes, size});
}

static uint32_t property_example(struct pattern_property property)
{
    if (!property.is_complement)
        return property.example;
    return property.example == 'a' || property.example == 'A' ? '0' : 'a';
}

/* A member, if possible one that other sets are likely to hold too. */
static bool set_example(const struct pattern_set *set, uint32_t *character)
{
    static const char liked[] = "a0 -.A_@!\n\x01";
    if (set->property_count > 0 && !set->is_negated) {
        *character = property_example(set->properties[0]);
        return true;
    }
    for (size_t i = 0; i + 1 < sizeof(liked); i++) {
        *character = (uint32_t)liked[i];
        if (pattern_set_has(set, *character))
            return true;
    }
    *character = set->is_negated || set->range_count == 0 ? 0x4E00 : set->ranges[0].first;
    return pattern_set_has(set, *character);
}

static void append_example(struct buf *text, const struct pattern_branch *branch);

/* The shortest thing the node takes, roughly; what it need not take, not at all. */
static void append_node_example(struct buf *text, const struct pattern_node *node, uint32_t times)
{
    uint32_t character = node->character;
    size_t size = SIZE_MAX; /* before the last round: one that adds nothing is the last */
    for (uint32_t i = 0; i < times && text->size < LEAD_IN_BYTES_MAX && text->size != size; i++) {
        size = text->size;
        if (node->kind == NODE_CHARACTER)
            append_character(text, character);
        else if (node->kind == NODE_SET && set_example(node->set, &character))
            append_character(text, character);
        else if (node->kind == NODE_GROUP)
            append_example(text, node->branches);
    }
}

static void append_example(struct buf *text, const struct pattern_branch *branch)
{
    assert(branch != NULL); /* a group has an alternative, if an empty one */
    for (const struct pattern_node *node = branch->first; node != NULL; node = node->next)
        append_node_example(text, node, node->min);
}

/* Whether the match takes too many steps, or more than are left. */
static bool gives_up(struct prober *prober, struct str subject)
{
    uint32_t steps_max = pattern_steps_max(subject.size);
    uint32_t steps = prober->last_try_steps / 2;
    for (steps = steps < FIRST_TRY_STEPS ? FIRST_TRY_STEPS : steps;; steps *= 2) {
        bool is_last = steps >= steps_max;
        size_t price = prober->step_price * (is_last ? steps_max : steps);
        if (price > prober->steps_left)
            return true;
        prober->steps_left -= price;
        prober->last_try_steps = steps;
        enum pattern_result result = pattern_match_within(prober->pattern, prober->scratch, subject,
                                                          is_last ? steps_max : steps);
        if (result != PATTERN_GAVE_UP || is_last)
            return result == PATTERN_GAVE_UP;
    }
}

static void probe(struct prober *prober, struct str piece)
{
    if (piece.size == 0)
        return;
    struct buf *subject = &prober->subject;
    size_t tail_count = prober->is_fond_of_marks ? COUNT_OF(tails) : COUNT_OF(tails) - 1;
    for (size_t i = 0; i < tail_count; i++) {
        if (prober->has_given_up || prober->runs == RUNS_MAX)
            return;
        buf_clear(subject);
        buf_append(subject, buf_str(&prober->lead_in));
        size_t pumped = 0;
        for (; pumped == 0 || pumped + piece.size <= prober->pumped_bytes; pumped += piece.size)
            buf_append(subject, piece);
        buf_append(subject, tails[i]);
        prober->runs++;
        if (!buf_failed(subject))
            prober->has_given_up = gives_up(prober, buf_str(subject));
    }
}

static void probe_character(struct prober *prober, uint32_t character)
{
    char bytes[4];
    size_t size = pattern_put_unit(character, bytes);
    probe(prober, (struct str){bytes, size});
}

static void probe_piece(struct prober *prober, const struct buf *piece)
{
    if (!buf_failed(piece))
        probe(prober, buf_str(piece));
}

static void probe_node_example(struct prober *prober, const struct pattern_node *node)
{
    struct buf piece;
    buf_open(&piece, SUBJECT_BYTES_MAX);
    append_node_example(&piece, node, 1);
    probe_piece(prober, &piece);
    buf_close(&piece);
}

static void probe_example(struct prober *prober, const struct pattern_branch *branch)
{
    struct buf piece;
    buf_open(&piece, SUBJECT_BYTES_MAX);
    append_example(&piece, branch);
    probe_piece(prober, &piece);
    buf_close(&piece);
}

static void probe_node(struct prober *prober, const struct pattern_node *node)
{
    if (prober->is_pumping_alphabet) {
        bool is_new = prober->lead_in.size > 0; /* else probe_plainly has seen to it */
        for (size_t i = 0; is_new && i < prober->alphabet_count; i++)
            probe_character(prober, prober->alphabet[i]);
        return;
    }
    if (node->branches == NULL)
        probe_node_example(prober, node);
    /* What is taken only once is not pumped: a few of its alternatives stand for all. */
    size_t branches_left = node->max > 1 ? SIZE_MAX : SINGLE_BRANCHES_MAX;
    for (const struct pattern_branch *branch = node->branches; branch != NULL && branches_left > 0;
         branch = branch->next, branches_left--)
        probe_example(prober, branch);
}

/* Whether the node can take a text in more than one way. */
static bool is_choice(const struct pattern_node *node)
{
    bool is_repeat = node->max != node->min;
    return is_repeat || (node->branches != NULL && node->branches->next != NULL);
}

/* Probes every choice behind the shortest text that leads to it. */
static void walk(struct prober *prober, const struct pattern_branch *branches)
{
    size_t lead_in_bytes = prober->lead_in.size;
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        for (const struct pattern_node *node = branch->first; node != NULL; node = node->next) {
            if (prober->has_given_up || prober->runs == RUNS_MAX)
                return;
            if (is_choice(node))
                probe_node(prober, node);
            if (node->branches != NULL)
                walk(prober, node->branches);
            append_node_example(&prober->lead_in, node, node->min);
        }
        prober->lead_in.size = lead_in_bytes;
    }
}

static void note_character(struct prober *prober, uint32_t character)
{
    if (code_point_is_surrogate(character))
        return;
    if (character == '!')
        prober->is_fond_of_marks = true;
    for (size_t i = 0; i < prober->alphabet_count; i++) {
        if (prober->alphabet[i] == character)
            return;
    }
    if (prober->alphabet_count < ALPHABET_MAX)
        prober->alphabet[prober->alphabet_count++] = character;
}

static void note_set(struct prober *prober, const struct pattern_set *set)
{
    uint32_t character = 0;
    if (set->property_count > 0 || pattern_set_has(set, '!'))
        prober->is_fond_of_marks = true;
    if (set_example(set, &character))
        note_character(prober, character);
    for (size_t i = 0; i < set->range_count; i++) {
        note_character(prober, set->ranges[i].first);
        note_character(prober, set->ranges[i].last);
    }
}

/* Characters inside of repeats come first: with few places, they are the likelier to hurt. */
static void note_characters(struct prober *prober, const struct pattern_branch *branches,
                            bool is_of_repeats, bool is_inside)
{
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        for (const struct pattern_node *node = branch->first; node != NULL; node = node->next) {
            bool is_repeated = is_inside || node->max > 1 || node->min == 0;
            bool is_wanted = is_repeated == is_of_repeats;
            if (is_wanted && node->kind == NODE_CHARACTER)
                note_character(prober, node->character);
            if (is_wanted && node->kind == NODE_SET)
                note_set(prober, node->set);
            if (node->branches != NULL)
                note_characters(prober, node->branches, is_of_repeats, is_repeated);
        }
    }
}

/* One character, or two in turn, from the start of the text. */
static void probe_plainly(struct prober *prober)
{
    for (size_t i = 0; i < prober->alphabet_count; i++) {
        probe_character(prober, prober->alphabet[i]);
        char pair[8];
        size_t size = pattern_put_unit(prober->alphabet[i], pair);
        size_t next = (i + 1) % prober->alphabet_count;
        size += pattern_put_unit(prober->alphabet[next], pair + size);
        probe(prober, (struct str){pair, size});
    }
}

static struct fault probe_all(struct prober *prober, const struct pattern_branch *tree)
{
    buf_open(&prober->subject, SUBJECT_BYTES_MAX);
    buf_open(&prober->lead_in, SUBJECT_BYTES_MAX);
    prober->scratch = pattern_scratch_open();
    note_characters(prober, tree, true, false);
    note_characters(prober, tree, false, false);
    probe_plainly(prober);
    walk(prober, tree);
    prober->lead_in.size = 0; /* the first walk may have stopped half-way */
    prober->is_pumping_alphabet = true;
    walk(prober, tree);
    pattern_scratch_close(prober->scratch);
    buf_close(&prober->lead_in);
    buf_close(&prober->subject);
    if (prober->has_given_up)
        return fault_make(FAULT_LIMIT, STR(""), STR("the regular expression could take too long"));
    return fault_none();
}

/* Begins anew but for the steps that are left and their price. */
static struct fault check_form(struct prober *prober, const struct pattern_branch *tree,
                               enum pattern_form form, size_t pumped_bytes)
{
    struct pattern *pattern = NULL;
    struct fault fault = pattern_compile(&pattern, prober->syntax, tree, form, PATTERN_TO_PROBE);
    if (failed(fault))
        return fault;
    *prober = (struct prober){.pattern = pattern,
                              .syntax = prober->syntax,
                              .pumped_bytes = pumped_bytes,
                              .steps_left = prober->steps_left,
                              .step_price = prober->step_price};
    fault = probe_all(prober, tree);
    pattern_close(pattern);
    return fault;
}

/* Only what we serve need be small enough; reading the tree has told that no match takes long. */
static struct fault check_size(enum pattern_syntax syntax, const struct pattern_branch *tree)
{
    struct pattern *pattern = NULL;
    struct fault fault = pattern_compile(&pattern, syntax, tree, PATTERN_REDUCED, PATTERN_TO_PROBE);
    pattern_close(pattern);
    return fault;
}

static struct fault check_steps(enum pattern_syntax syntax, const struct pattern_branch *tree)
{
    if (pattern_steps_bound(tree, PUMPED_BYTES) <= pattern_steps_max(PUMPED_BYTES))
        return check_size(syntax, tree);
    struct prober prober = {
        .syntax = syntax, .steps_left = PROBE_STEPS_MAX, .step_price = pattern_step_price(tree)};
    struct fault fault = check_form(&prober, tree, PATTERN_REDUCED, PUMPED_BYTES);
    if (!failed(fault))
        fault = check_form(&prober, tree, PATTERN_AS_WRITTEN, PUMPED_BYTES_AS_WRITTEN);
    return fault;
}

struct fault pattern_check(enum pattern_syntax syntax, struct str text)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct pattern_branch *tree = NULL;
    struct fault fault = pattern_understand(&tree, syntax, text, PATTERN_ADMITTED, &arena);
    if (!failed(fault))
        fault = check_steps(syntax, tree);
    arena_close(&arena);
    return fault;
}
