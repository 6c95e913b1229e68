/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why - how a decision came about: each check in the order it was made, with what was compared,
 * what was hashed and where it fell. The API's explanation (POST …/explain), drawn as a tree.
 */
#include <stdio.h>

#include "cli/groups.h"
#include "cli/phrase.h"
#include "cli/question.h"

/* Explanations nest by prerequisites and expressions; both have limits, this is beyond them. */
enum { DEPTH_MAX = 64 };

struct drawing {
    struct session *session;
    unsigned depth;
};

static struct str text_of(const struct json *json, const char *name)
{
    const struct json *member = json_find(json, str_of(name));
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static bool is_true(const struct json *json, const char *name)
{
    const struct json *member = json_find(json, str_of(name));
    return member != NULL && member->type == JSON_BOOLEAN && member->boolean;
}

static void print_text(struct str text)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    output_append_visible(&buf, text);
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

static void print_json(const struct json *json)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    output_append_cell(&buf, json, COLUMN_JSON);
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

static void print_attribute(struct str attribute)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    phrase_append_attribute(&buf, attribute);
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

static void begin_line(const struct drawing *drawing)
{
    for (unsigned i = 0; i < drawing->depth; i++)
        printf("  ");
}

enum mark { MARK_YES, MARK_NO, MARK_SKIPPED };

static void print_mark(const struct drawing *drawing, enum mark mark)
{
    static const char *const signs[] = {"✓", "✗", "·"};
    static const enum output_colour colours[] = {COLOUR_GREEN, COLOUR_RED, COLOUR_DIM};
    begin_line(drawing);
    printf("%s%s%s ", output_colour(drawing->session, colours[mark]), signs[mark],
           output_colour(drawing->session, COLOUR_NONE));
}

static enum mark mark_of(const struct json *json, const char *verdict)
{
    if (!is_true(json, "reached"))
        return MARK_SKIPPED;
    return is_true(json, verdict) ? MARK_YES : MARK_NO;
}

/* ---- expressions --------------------------------------------------------------------------------
 */

static void draw_expression(struct drawing *drawing, const struct json *expression);

static void draw_expressions(struct drawing *drawing, const struct json *expressions)
{
    if (expressions == NULL || expressions->type != JSON_ARRAY || drawing->depth >= DEPTH_MAX)
        return;
    drawing->depth++;
    for (uint32_t i = 0; i < expressions->count; i++)
        draw_expression(drawing, &expressions->elements[i]);
    drawing->depth--;
}

static void draw_match(const struct json *expression)
{
    const struct json *wanted = json_find(expression, STR("wanted"));
    const struct json *actual = json_find(expression, STR("actual"));
    print_attribute(text_of(expression, "attribute"));
    printf(" ");
    print_text(text_of(expression, "operator"));
    if (wanted != NULL) {
        printf(" ");
        print_json(wanted);
    }
    printf(actual == NULL ? ": it is not there" : ": it is ");
    if (actual != NULL)
        print_json(actual);
    if (!str_is_empty(text_of(expression, "cohort"))) {
        printf(", in cohort ");
        print_text(text_of(expression, "cohort"));
    }
}

static void draw_segment(struct drawing *drawing, const struct json *expression)
{
    const struct json *checks = json_find(expression, STR("checks"));
    printf("%s segment ", is_true(expression, "negate") ? "not in" : "in");
    print_text(text_of(expression, "segment"));
    printf(": %s%s%s\n", is_true(expression, "member") ? "a member" : "no member",
           is_true(checks, "excluded") ? ", excluded by name" : "",
           is_true(checks, "included") ? ", included by name" : "");
    draw_expressions(drawing, checks == NULL ? NULL : json_find(checks, STR("rules")));
}

static void draw_expression(struct drawing *drawing, const struct json *expression)
{
    struct str op = text_of(expression, "op");
    print_mark(drawing, mark_of(expression, "held"));
    if (str_equal(op, STR("segment"))) {
        draw_segment(drawing, expression);
        return;
    }
    if (str_equal(op, STR("match")))
        draw_match(expression);
    else
        printf("%s", str_equal(op, STR("all"))   ? "all of"
                     : str_equal(op, STR("any")) ? "any of"
                                                 : "not");
    printf("\n");
    draw_expressions(drawing, json_find(expression, STR("expressions")));
    const struct json *inner = json_find(expression, STR("expression"));
    if (inner != NULL && drawing->depth < DEPTH_MAX) {
        drawing->depth++;
        draw_expression(drawing, inner);
        drawing->depth--;
    }
}

/* ---- serves -------------------------------------------------------------------------------------
 */

static void draw_ranges(struct drawing *drawing, const struct json *ranges)
{
    for (uint32_t i = 0; ranges != NULL && i < ranges->count; i++) {
        const struct json *range = &ranges->elements[i];
        const struct json *start = json_find(range, STR("start"));
        const struct json *end = json_find(range, STR("end"));
        struct str variation = text_of(range, "variation");
        begin_line(drawing);
        printf("  %s [%.0f, %.0f) ", is_true(range, "chosen") ? "→" : " ",
               start == NULL ? 0 : start->number, end == NULL ? 0 : end->number);
        print_text(str_is_absent(variation) ? STR("nothing") : variation);
        printf("\n");
    }
}

static void draw_hash(struct drawing *drawing, const struct json *serve)
{
    const struct json *hash = json_find(serve, STR("hash"));
    const struct json *value = hash == NULL ? NULL : json_find(hash, STR("value"));
    if (value == NULL)
        return;
    begin_line(drawing);
    printf("  hashed \"");
    print_text(text_of(hash, "input"));
    printf("\" with ");
    print_text(text_of(hash, "name"));
    printf(": ");
    /* Beyond what a double holds it comes as hexadecimal digits. */
    if (value->type == JSON_STRING)
        print_text(value->string);
    else
        print_json(value);
    printf("\n");
}

static void draw_place(struct drawing *drawing, const struct json *serve)
{
    const struct json *percent = json_find(serve, STR("percent"));
    const struct json *slice = json_find(serve, STR("slice"));
    const struct json *ticket = json_find(serve, STR("ticket"));
    const struct json *tickets = json_find(serve, STR("tickets"));
    if (percent != NULL && slice != NULL && slice->count == 2) {
        const struct json *start = json_find(slice, STR("start"));
        const struct json *end = json_find(slice, STR("end"));
        begin_line(drawing);
        printf("  percent %.0f, in the slice [%.0f, %.0f)\n", percent->number,
               start == NULL ? 0 : start->number, end == NULL ? 0 : end->number);
    }
    if (ticket != NULL && tickets != NULL) {
        begin_line(drawing);
        printf("  ticket %.0f of %.0f\n", ticket->number, tickets->number);
    }
}

static void draw_serve(struct drawing *drawing, const struct json *serve)
{
    if (serve == NULL || serve->type != JSON_OBJECT)
        return;
    struct str variation = text_of(serve, "variation"), by = text_of(serve, "by");
    begin_line(drawing);
    printf("  serves ");
    print_text(str_is_absent(variation) ? STR("nothing") : variation);
    if (!str_is_empty(by)) {
        printf(", dealt by ");
        print_attribute(by);
    }
    printf("%s\n", is_true(serve, "lacksKey") ? ": there is no targeting key" : "");
    draw_hash(drawing, serve);
    draw_place(drawing, serve);
    draw_ranges(drawing, json_find(serve, STR("ranges")));
}

/* ---- steps --------------------------------------------------------------------------------------
 */

static void draw_steps(struct drawing *drawing, const struct json *steps);

static void draw_prerequisites(struct drawing *drawing, const struct json *flags)
{
    drawing->depth++;
    for (uint32_t i = 0; flags != NULL && i < flags->count; i++) {
        const struct json *flag = &flags->elements[i];
        const struct json *wanted = json_find(flag, STR("wanted"));
        const struct json *explanation = json_find(flag, STR("explanation"));
        struct str variation = text_of(flag, "variation");
        print_mark(drawing, mark_of(flag, "satisfied"));
        print_text(text_of(flag, "flag"));
        printf(" is ");
        print_text(str_is_absent(variation) ? STR("nothing") : variation);
        printf(", wanted ");
        if (wanted != NULL)
            print_json(wanted);
        printf("\n");
        if (explanation != NULL)
            draw_steps(drawing, json_find(explanation, STR("steps")));
    }
    drawing->depth--;
}

static void draw_included(struct drawing *drawing, const struct json *variations)
{
    for (uint32_t i = 0; variations != NULL && i < variations->count; i++) {
        const struct json *one = &variations->elements[i];
        if (!is_true(one, "held"))
            continue;
        begin_line(drawing);
        printf("  ");
        print_text(text_of(one, "variation"));
        printf(", by ");
        print_text(text_of(one, "by"));
        printf("\n");
    }
}

static void draw_rule(struct drawing *drawing, const struct json *step)
{
    const struct json *when = json_find(step, STR("when"));
    struct str state = text_of(step, "state"), description = text_of(step, "description");
    print_mark(drawing, mark_of(step, "held"));
    printf("rule ");
    print_text(text_of(step, "id"));
    if (!str_is_empty(description)) {
        printf(" (");
        print_text(description);
        printf(")");
    }
    if (!str_is_empty(state) && !str_equal(state, STR("always")))
        printf(", schedule: %.*s", STR_ARG(state));
    printf("\n");
    if (when != NULL) {
        drawing->depth++;
        draw_expression(drawing, when);
        drawing->depth--;
    }
    draw_serve(drawing, json_find(step, STR("serve")));
}

/* The checks whose names say little, in words. */
static void print_check(struct str check)
{
    static const struct {
        const char *check, *words;
    } all[] = {
        {"key", "there is a targeting key"},     {"enabled", "the flag is on"},
        {"inclusions", "named for a variation"}, {"stickiness", "had a variation before"},
        {"fallthrough", "everybody else"},
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (str_equal(check, str_of(all[i].check))) {
            printf("%s", all[i].words);
            return;
        }
    }
    print_text(check);
}

static void draw_step(struct drawing *drawing, const struct json *step)
{
    struct str check = text_of(step, "check"), state = text_of(step, "state");
    if (str_equal(check, STR("rule"))) {
        draw_rule(drawing, step);
        return;
    }
    bool is_serve = str_equal(check, STR("fallthrough"));
    bool is_luck = str_equal(check, STR("inclusions")) || str_equal(check, STR("stickiness"));
    /* Nobody is expected to be included by name, or to have been here before. */
    enum mark mark = mark_of(step, is_serve ? "served" : is_luck ? "held" : "passed");
    print_mark(drawing, is_luck && mark == MARK_NO ? MARK_SKIPPED : mark);
    print_check(check);
    if (!str_is_empty(state) && !str_equal(state, STR("always")))
        printf(": %.*s", STR_ARG(state));
    printf("\n");
    draw_prerequisites(drawing, json_find(step, STR("flags")));
    draw_included(drawing, json_find(step, STR("variations")));
    draw_serve(drawing, json_find(step, STR("serve")));
}

static void draw_steps(struct drawing *drawing, const struct json *steps)
{
    if (steps == NULL || steps->type != JSON_ARRAY || drawing->depth >= DEPTH_MAX)
        return;
    drawing->depth++;
    for (uint32_t i = 0; i < steps->count; i++)
        draw_step(drawing, &steps->elements[i]);
    drawing->depth--;
}

static void draw(struct session *session, const struct answer *answer, const struct json *decision)
{
    struct drawing drawing = {.session = session};
    struct str variation = text_of(decision, "variation"), rule = text_of(decision, "rule");
    const struct json *value = json_find(decision, STR("value"));
    const struct json *version = json_find(&answer->json, STR("version"));
    printf("%s", output_colour(session, COLOUR_BOLD));
    print_text(text_of(decision, "key"));
    printf(" = ");
    if (value != NULL)
        print_json(value);
    printf("%s  (", output_colour(session, COLOUR_NONE));
    print_text(str_is_absent(variation) ? STR("no variation") : variation);
    printf(", ");
    print_text(text_of(decision, "reason"));
    if (!str_is_empty(rule)) {
        printf(", rule ");
        print_text(rule);
    }
    printf(")\n");
    if (version != NULL)
        printf("version %.0f, ", version->number);
    printf("decided at %.*s\n", STR_ARG(text_of(&answer->json, "at")));
    if (!str_is_empty(text_of(decision, "cycle"))) {
        printf("  prerequisites in a circle: ");
        print_text(text_of(decision, "cycle"));
        printf("\n");
    }
    draw_steps(&drawing, json_find(decision, STR("steps")));
}

/* ---- the command --------------------------------------------------------------------------------
 */

static int why(struct session *session, const struct invocation *invocation)
{
    struct str key = invocation_argument(invocation, 0);
    struct answer answer;
    int status =
        question_ask(session, invocation, true, key, invocation_argument(invocation, 1), &answer);
    const struct json *decision = status == EXIT_OK ? question_decision(&answer, 0) : NULL;
    if (status != EXIT_OK || decision == NULL)
        return status;
    if (question_is_unknown(decision))
        return question_refuse_unknown(session, invocation, key);
    if (invocation_has(invocation, "vector")) {
        const struct json *vector = json_find(decision, STR("vector"));
        if (vector != NULL)
            output_json(vector);
    } else if (session->format == OUTPUT_TABLE) {
        draw(session, &answer, decision);
    } else {
        output_json(&answer.json);
    }
    return EXIT_OK;
}

static const struct command_option options[] = {
    QUESTION_OPTIONS,
    {"vector", '\0', NULL, "the case as a test: definitions, context and decision",
     COMPLETES_NOTHING, false}};

static const char *const examples[] = {
    "why dark-mode user-1 --with country=NO", "why dark-mode user-1 --at 41",
    "why dark-mode user-1 --file shop.json", "why dark-mode --context @user.json -o json", NULL};

static const struct command commands[] = {
    {.verb = "why",
     .arguments = "KEY [USER]",
     .summary = "show how a decision comes about, check by check",
     .examples = examples,
     .options = options,
     .option_count = COUNT_OF(options),
     .argument_min = 1,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_NOTHING,
     .run = why},
};

const struct command_group group_why = {
    .topic = "Understand",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
