/* SPDX-License-Identifier: Apache-2.0 */
/*
 * constraint - what a strategy asks of a context: see feature.h.
 *
 * All values are texts over there, and so they are in the text family; what differs is put right
 * here: "true" in any case is one word here (so it is matched as a pattern), a text is found
 * whatever its case here (so patterns look for it, unless the case is to be ignored), a version
 * here may lack its last number or compare as a text (so it has to look like one). Dates are
 * compared with the clock, so they say when a rule is active.
 */
#include <math.h>

#include "base/instant.h"
#include "base/number.h"
#include "eval/pattern.h"
#include "eval/semver.h"
#include "eval/text_number.h"
#include "eval/text_view.h"
#include "import/unleash/feature.h"
#include "model/leaves.h"
#include "model/limits.h"

static void refuse(struct condition *condition, struct str why)
{
    if (str_is_absent(condition->why))
        condition->why = why;
}

static void lower(struct condition *condition, enum import_outcome outcome, struct str note)
{
    draft_lower(&condition->features->draft, condition->feature->item->row, outcome, note);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static bool is_set_by_sdk(struct str name)
{
    return str_equal(name, STR("appName")) || str_equal(name, STR("environment")) ||
           str_equal(name, STR("sessionId")) || str_equal(name, STR("remoteAddress"));
}

static void note_field(struct features *features, struct str name)
{
    struct report *report = &features->draft.report;
    if (!map_insert(&features->fields, name, 0))
        return;
    if (str_equal(name, STR("userId")))
        report_say(report, STR("context-field"), name, IMPORT_EXACT,
                   "is the targeting key; where a program has none, its sessionId is to be it");
    else if (str_equal(name, STR("currentTime")))
        report_say(report, STR("context-field"), name, IMPORT_EXACT,
                   "is the server's clock, whatever a program sends");
    else
        report_say(report, STR("context-field"), name, IMPORT_EXACT,
                   is_set_by_sdk(name)
                       ? "is the attribute of that name, which a program has to send by itself"
                       : "is the attribute of that name");
}

/* RFC 6901, section 3. */
static struct str pointer_step(struct arena *arena, struct str name)
{
    char *bytes = arena_allocate(arena, 2 * name.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        bool is_special = name.data[i] == '~' || name.data[i] == '/';
        bytes[size++] = is_special ? '~' : name.data[i];
        if (is_special)
            bytes[size++] = name.data[i] == '~' ? '0' : '1';
    }
    return (struct str){bytes, size};
}

struct str field_selector(struct features *features, struct str name)
{
    note_field(features, name);
    if (str_equal(name, STR("userId")))
        return UNLEASH_USER;
    struct str step = pointer_step(features->arena, name);
    return arena_format(features->arena, "/context/user/user_properties/%.*s", STR_ARG(step));
}

/* ---- values ---------------------------------------------------------------------------------- */

struct texts {
    struct str *texts;
    size_t count;
};

/* Those that are not empty, without the blanks around them. */
static struct texts clean_values(struct arena *arena, const struct json *constraint)
{
    const struct json *values = source_array(constraint, "values");
    struct texts clean = {0};
    if (values == NULL)
        return clean;
    clean.texts = ARENA_NEW_ARRAY(arena, struct str, values->count);
    for (uint32_t i = 0; i < values->count; i++) {
        const struct json *value = &values->elements[i];
        if (value->type == JSON_STRING && value->string.size > 0)
            clean.texts[clean.count++] = str_trim(value->string);
    }
    return clean;
}

/* A text that means more than itself in our lists: the words in any case, and nothing at all. */
static bool is_word(struct str text)
{
    return text_word_of(text) != WORD_NONE || str_equal(text, STR("(none)"));
}

struct expression field_is_any(struct features *features, struct str name, const struct str *texts,
                               size_t count)
{
    struct arena *arena = features->arena;
    struct str selector = field_selector(features, name);
    struct str *plain = ARENA_NEW_ARRAY(arena, struct str, count);
    struct str *words = ARENA_NEW_ARRAY(arena, struct str, count);
    size_t plain_count = 0;
    size_t word_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_word(texts[i]))
            words[word_count++] = texts[i];
        else
            plain[plain_count++] = texts[i];
    }
    return build_either(arena, values_match(arena, selector, OPERATOR_TEXT_IS, plain, plain_count),
                        text_match(arena, selector, TEXT_PLACE_WHOLE, words, word_count, false));
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool is_ascii(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] >= 0x80)
            return false;
    }
    return true;
}

static struct expression read_text(struct condition *condition, const struct json *constraint,
                                   struct str selector, enum text_place place)
{
    struct arena *arena = condition->features->arena;
    struct texts values = clean_values(arena, constraint);
    bool folds_case = source_boolean(constraint, "caseInsensitive", false);
    if (folds_case && place == TEXT_PLACE_ANYWHERE)
        return values_match(arena, selector, OPERATOR_TEXT_CONTAINS, values.texts, values.count);
    for (size_t i = 0; folds_case && i < values.count; i++) {
        if (!is_ascii(values.texts[i]))
            lower(condition, IMPORT_PARTLY,
                  STR("ignores the case of letters of ASCII alone where it looks at how a text "
                      "begins or ends"));
    }
    return text_match(arena, selector, place, values.texts, values.count, folds_case);
}

/* What the engines of the two have in common is much, but not all. */
static struct expression read_pattern(struct condition *condition, const struct json *constraint,
                                      struct str selector)
{
    struct arena *arena = condition->features->arena;
    struct str pattern = source_text(constraint, "value");
    if (source_boolean(constraint, "caseInsensitive", false)) {
        refuse(condition, STR("a regular expression cannot ignore the case here"));
        return build_never();
    }
    lower(condition, IMPORT_PARTLY,
          STR("regular expressions are read as ECMAScript's here, as RE2's there"));
    return values_match(arena, selector, OPERATOR_TEXT_REGEX_MATCH, &pattern, 1);
}

static struct expression read_addresses(struct condition *condition, const struct json *constraint,
                                        struct str selector)
{
    struct arena *arena = condition->features->arena;
    struct texts values = clean_values(arena, constraint);
    for (size_t i = 0; i < values.count; i++) {
        struct str pattern = address_pattern(arena, values.texts[i]);
        if (str_is_absent(pattern))
            refuse(condition, arena_format(arena, "%.*s is no range of IPv4 addresses",
                                           STR_ARG(values.texts[i])));
        values.texts[i] = pattern;
    }
    if (!str_is_absent(condition->why))
        return build_never();
    return pattern_match_any(arena, selector, TEXT_PLACE_WHOLE, values.texts, values.count);
}

/* ---- numbers and versions -------------------------------------------------------------------- */

static struct str number_text(struct arena *arena, double number)
{
    char text[NUMBER_TEXT_BYTES];
    if (isinf(number))
        return number > 0 ? STR("Infinity") : STR("-Infinity");
    size_t size = number_format(number, text);
    return (struct str){arena_copy(arena, text, size), size};
}

#define NAME(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* Being equal is being neither less nor greater. */
static const struct {
    struct str name;
    enum operator operators[2];
    size_t operator_count;
} orders[] = {
    {NAME("NUM_EQ"), {OPERATOR_TEXT_LESS_OR_EQUAL, OPERATOR_TEXT_GREATER_OR_EQUAL}, 2},
    {NAME("NUM_GT"), {OPERATOR_TEXT_GREATER}, 1},
    {NAME("NUM_GTE"), {OPERATOR_TEXT_GREATER_OR_EQUAL}, 1},
    {NAME("NUM_LT"), {OPERATOR_TEXT_LESS}, 1},
    {NAME("NUM_LTE"), {OPERATOR_TEXT_LESS_OR_EQUAL}, 1},
    {NAME("SEMVER_EQ"),
     {OPERATOR_TEXT_VERSION_LESS_OR_EQUAL, OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL},
     2},
    {NAME("SEMVER_GT"), {OPERATOR_TEXT_VERSION_GREATER}, 1},
    {NAME("SEMVER_GTE"), {OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL}, 1},
    {NAME("SEMVER_LT"), {OPERATOR_TEXT_VERSION_LESS}, 1},
    {NAME("SEMVER_LTE"), {OPERATOR_TEXT_VERSION_LESS_OR_EQUAL}, 1},
};

static struct expression compare(struct arena *arena, struct str selector, struct str name,
                                 struct str text)
{
    struct expression holds = build_always();
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        for (size_t j = 0; str_equal(orders[i].name, name) && j < orders[i].operator_count; j++)
            holds = build_both(arena, holds,
                               values_match(arena, selector, orders[i].operators[j], &text, 1));
    }
    return holds;
}

static bool is_order(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        if (str_equal(orders[i].name, name))
            return true;
    }
    return false;
}

static struct expression read_number(struct condition *condition, const struct json *constraint,
                                     struct str selector, struct str name)
{
    const struct json *value = source_find(constraint, "value");
    double number = NAN;
    if (value != NULL && value->type == JSON_NUMBER)
        number = value->number;
    else if (value != NULL && value->type == JSON_STRING)
        number = text_number(value->string);
    if (isnan(number))
        return build_never();
    struct arena *arena = condition->features->arena;
    return compare(arena, selector, name, number_text(arena, number));
}

static struct expression read_version(struct condition *condition, const struct json *constraint,
                                      struct str selector, struct str name)
{
    struct arena *arena = condition->features->arena;
    struct semver version;
    struct str shape = STR("^(?:0|[1-9]\\d*)\\.(?:0|[1-9]\\d*)\\.(?:0|[1-9]\\d*)"
                           "(?:-[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$");
    if (!semver_parse(source_text(constraint, "value"), &version))
        return build_never();
    struct str text = arena_format(arena, "%.*s.%.*s.%.*s%s%.*s", STR_ARG(version.major),
                                   STR_ARG(version.minor), STR_ARG(version.patch),
                                   str_is_absent(version.pre) ? "" : "-", STR_ARG(version.pre));
    lower(condition, IMPORT_PARTLY,
          STR("the pre-release part of a version is compared as a text here, and one with a build "
              "part is none"));
    return build_both(arena, values_match(arena, selector, OPERATOR_TEXT_REGEX_MATCH, &shape, 1),
                      compare(arena, selector, name, text));
}

/* ---- dates ----------------------------------------------------------------------------------- */

static void start_at(struct condition *condition, int64_t ms)
{
    if (!condition->has_start || ms > condition->start_ms)
        condition->start_ms = ms;
    condition->has_start = true;
}

static void end_at(struct condition *condition, int64_t ms)
{
    if (!condition->has_end || ms < condition->end_ms)
        condition->end_ms = ms;
    condition->has_end = true;
}

/* After an instant is from the next millisecond on. */
static void read_date(struct condition *condition, const struct json *constraint, bool is_after,
                      bool is_inverted)
{
    int64_t ms = 0;
    struct str text = source_text(constraint, "value");
    note_field(condition->features, STR("currentTime"));
    if (!instant_parse_date(text, &ms)) {
        refuse(condition,
               arena_format(condition->features->arena, "%.*s is no date here", STR_ARG(text)));
        return;
    }
    int64_t edge_ms = is_after ? ms + 1 : ms;
    if (is_after != is_inverted)
        start_at(condition, edge_ms);
    else
        end_at(condition, edge_ms);
}

/* ---- constraints ----------------------------------------------------------------------------- */

/* In a word of ours where there is one; both hold of what is not there. */
static struct expression negate(struct arena *arena, struct expression holds)
{
    bool is_match = holds.kind == EXPRESSION_MATCH;
    if (is_match && holds.operator== OPERATOR_TEXT_IS)
        holds.operator= OPERATOR_TEXT_IS_NOT;
    else if (is_match && holds.operator== OPERATOR_TEXT_CONTAINS)
        holds.operator= OPERATOR_TEXT_DOES_NOT_CONTAIN;
    else
        holds = build_not(arena, holds);
    return holds;
}

static struct expression read_among(struct condition *condition, const struct json *constraint,
                                    struct str field)
{
    struct texts values = clean_values(condition->features->arena, constraint);
    return field_is_any(condition->features, field, values.texts, values.count);
}

static struct expression read_field(struct condition *condition, const struct json *constraint,
                                    struct str operator, bool * is_inverted)
{
    struct arena *arena = condition->features->arena;
    struct str field = source_text(constraint, "contextName");
    struct str selector = field_selector(condition->features, field);
    if (str_equal(operator, STR("IN")))
        return read_among(condition, constraint, field);
    if (str_equal(operator, STR("NOT_IN")))
        return negate(arena, read_among(condition, constraint, field));
    if (str_equal(operator, STR("STR_STARTS_WITH")))
        return read_text(condition, constraint, selector, TEXT_PLACE_START);
    if (str_equal(operator, STR("STR_ENDS_WITH")))
        return read_text(condition, constraint, selector, TEXT_PLACE_END);
    if (str_equal(operator, STR("STR_CONTAINS")))
        return read_text(condition, constraint, selector, TEXT_PLACE_ANYWHERE);
    if (is_order(operator) && str_starts_with(operator, STR("NUM_")))
        return read_number(condition, constraint, selector, operator);
    if (is_order(operator))
        return read_version(condition, constraint, selector, operator);
    if (str_equal(operator, STR("REGEX")))
        return read_pattern(condition, constraint, selector);
    if (str_equal(operator, STR("IN_CIDR")))
        return read_addresses(condition, constraint, selector);
    *is_inverted = false; /* what an SDK does not know never holds, inverted neither */
    return build_never();
}

/* Refuses what is none of ours, or too long. */
static void check_patterns(struct condition *condition, const struct expression *leaf)
{
    bool has_patterns =
        leaf->kind == EXPRESSION_MATCH && leaf->operator== OPERATOR_TEXT_REGEX_MATCH;
    for (uint32_t i = 0; has_patterns && i < leaf->value.count; i++) {
        struct str pattern = leaf->value.elements[i].string;
        struct fault fault = pattern_check(PATTERN_UNITS, pattern);
        if (failed(fault))
            refuse(condition,
                   arena_format(condition->features->arena, "the regular expression %.*s %.*s",
                                STR_ARG(pattern), STR_ARG(fault.why)));
    }
}

void condition_add(struct condition *condition, const struct json *constraint)
{
    struct arena *arena = condition->features->arena;
    struct str operator= source_text(constraint, "operator");
    if (++condition->constraint_count > CLAUSES_PER_RULE_MAX) {
        refuse(condition, STR("it has more constraints than a rule here has clauses"));
        return;
    }
    bool is_inverted = source_boolean(constraint, "inverted", false);
    if (str_equal(operator, STR("DATE_AFTER")) || str_equal(operator, STR("DATE_BEFORE"))) {
        read_date(condition, constraint, str_equal(operator, STR("DATE_AFTER")), is_inverted);
        return;
    }
    struct expression holds = read_field(condition, constraint, operator, & is_inverted);
    struct leaf_walk walk;
    leaf_walk_begin(&walk, &holds);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;)
        check_patterns(condition, leaf);
    if (is_inverted)
        holds = negate(arena, holds);
    condition->when = build_both(arena, condition->when, holds);
}
