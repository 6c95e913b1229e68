/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clause - conditions of rules: see reading.h.
 *
 * A clause holds when any of its values does for the attribute, or for any element where that is a
 * list; of a missing attribute nothing holds, a negated clause neither. Here the typed family has
 * the same operators, and `in` looks into lists too; the others do not, which a row of its own
 * says.
 */
#include "base/instant.h"
#include "base/number.h"
#include "import/launchdarkly/reading.h"
#include "model/limits.h"

/* ---- where attributes are ------------------------------------------------------------------- */

bool context_kind_is_user(struct str kind)
{
    return str_is_empty(kind) || str_equal(kind, STR("user"));
}

struct str context_kind(const struct json *object, const char *member)
{
    struct str kind = source_text(object, member);
    return context_kind_is_user(kind) ? STR("user") : kind;
}

static bool refuse(struct scope *scope, struct str why)
{
    if (str_is_absent(scope->why))
        scope->why = why;
    return false;
}

static void note_kind(struct scope *scope, struct str kind)
{
    struct reading *reading = scope->reading;
    if (map_insert(&reading->kinds, kind, 0))
        report_say(&reading->draft.report, STR("context-kind"), kind, IMPORT_EXACT,
                   "is read from the attribute %.*s, an object with its key in \"key\"",
                   STR_ARG(kind));
}

/* RFC 6901, section 4: first ~1, then ~0. */
static struct str unescape(struct arena *arena, struct str step)
{
    char *bytes = arena_allocate(arena, step.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < step.size; i++) {
        bool is_escape = step.data[i] == '~' && i + 1 < step.size;
        if (is_escape && (step.data[i + 1] == '0' || step.data[i + 1] == '1'))
            bytes[size++] = step.data[++i] == '0' ? '~' : '/';
        else
            bytes[size++] = step.data[i];
    }
    return (struct str){bytes, size};
}

static bool add_step(struct scope *scope, struct str step, struct str *path)
{
    struct arena *arena = scope->reading->arena;
    if (step.size == 0)
        return refuse(scope, STR("has an attribute reference with an empty part"));
    if (!build_attribute_can_be_said(step))
        return refuse(scope, arena_format(arena,
                                          "reads the attribute %.*s, whose name has a dot, which "
                                          "here parts a path",
                                          STR_ARG(step)));
    *path = str_is_empty(*path) ? step
                                : arena_format(arena, "%.*s.%.*s", STR_ARG(*path), STR_ARG(step));
    return true;
}

static bool add_steps(struct scope *scope, struct str reference, bool is_literal, struct str *path)
{
    struct arena *arena = scope->reading->arena;
    if (is_literal || !str_starts_with(reference, STR("/")))
        return add_step(scope, reference, path);
    size_t from = 1;
    bool is_sayable = true;
    while (from <= reference.size && is_sayable) {
        size_t end = str_find_byte(reference, '/', from);
        is_sayable = add_step(scope, unescape(arena, str_slice(reference, from, end)), path);
        from = end + 1;
    }
    return is_sayable;
}

/* A path that would be taken for another: the leading word is dropped, so it is written twice. */
static struct str escape_path(struct arena *arena, struct str path)
{
    bool is_mistaken =
        str_equal(path, STR("targetingKey")) || str_starts_with(path, STR("attributes."));
    return is_mistaken ? arena_format(arena, "attributes.%.*s", STR_ARG(path)) : path;
}

bool scope_read_reference(struct scope *scope, struct str kind, struct str reference,
                          bool is_literal, struct str *path)
{
    *path = STR("");
    bool is_key = str_equal(reference, STR("key")) || str_equal(reference, STR("/key"));
    if (context_kind_is_user(kind) && is_key && !(is_literal && reference.data[0] == '/')) {
        *path = STR("targetingKey");
        return true;
    }
    if (!context_kind_is_user(kind)) {
        note_kind(scope, kind);
        if (!add_step(scope, kind, path))
            return false;
    }
    if (str_is_empty(reference) || !add_steps(scope, reference, is_literal, path))
        return refuse(scope, STR("has a clause without an attribute"));
    *path = escape_path(scope->reading->arena, *path);
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The values that are scalars, as `in` of at most as many as a clause may have. */
static struct expression match_any_of(struct arena *arena, struct str path,
                                      const struct json *values)
{
    struct expression any = build_never();
    struct json *scalars = ARENA_NEW_ARRAY(arena, struct json, values->count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < values->count; i++) {
        enum json_type type = values->elements[i].type;
        if (type != JSON_NULL && type != JSON_ARRAY && type != JSON_OBJECT)
            scalars[count++] = values->elements[i];
    }
    for (uint32_t from = 0; from < count; from += VALUES_PER_CLAUSE_MAX) {
        uint32_t rest = count - from;
        struct json list = {.type = JSON_ARRAY,
                            .count = rest < VALUES_PER_CLAUSE_MAX ? rest : VALUES_PER_CLAUSE_MAX,
                            .elements = scalars + from};
        any = build_either(arena, any, build_match(path, OPERATOR_IN, list));
    }
    return any;
}

bool scope_read_keys(struct scope *scope, struct str kind, const struct json *keys,
                     struct expression *expression)
{
    struct str path;
    static const struct json none = {.type = JSON_ARRAY};
    if (!scope_read_reference(scope, kind, STR("key"), false, &path))
        return false;
    *expression = match_any_of(scope->reading->arena, path, keys == NULL ? &none : keys);
    return true;
}

/* An escape that means the character itself, of one that the grammar we read has no such for. */
static bool is_idle_escape(char c)
{
    bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    struct str syntax = STR("^$\\.*+?()[]{}|/");
    return c >= ' ' && c < 0x7F && !is_word && str_find_byte(syntax, c, 0) == syntax.size;
}

/* The pattern without idle backslashes; in classes the hyphen keeps its own. */
static struct str plain_escapes(struct arena *arena, struct str pattern)
{
    char *bytes = arena_allocate(arena, pattern.size + 1);
    size_t size = 0;
    bool is_in_class = false;
    for (size_t i = 0; i < pattern.size; i++) {
        char c = pattern.data[i];
        if (c == '\\' && i + 1 < pattern.size) {
            char next = pattern.data[++i];
            if (!is_idle_escape(next) || (is_in_class && next == '-'))
                bytes[size++] = c;
            bytes[size++] = next;
            continue;
        }
        is_in_class = c == '[' || (is_in_class && c != ']');
        bytes[size++] = c;
    }
    return (struct str){bytes, size};
}

/* ---- moments and versions -------------------------------------------------------------------- */

static struct expression match_moment(struct scope *scope, struct str path, bool is_before,
                                      const struct json *value)
{
    const double ms_max = 8.64e15; /* ECMA-262 21.4.1.1 */
    struct arena *arena = scope->reading->arena;
    int64_t ms = 0;
    if (value->type == JSON_NUMBER && value->number <= ms_max && value->number >= -ms_max) {
        ms = (int64_t)value->number;
    } else if (value->type != JSON_STRING || !instant_parse_date(value->string, &ms)) {
        if (value->type == JSON_STRING)
            draft_lower_format(&scope->reading->draft, scope->row, IMPORT_PARTLY,
                               "compares with %.*s, which is no date here", STR_ARG(value->string));
        return build_never();
    }
    char text[INSTANT_TEXT_BYTES];
    instant_format(ms, text);
    struct json moment = json_make_string(arena_copy_str(arena, str_of(text)));
    double exact = value->type == JSON_NUMBER ? value->number : (double)ms;
    return build_either(
        arena, build_match(path, is_before ? OPERATOR_BEFORE : OPERATOR_AFTER, moment),
        build_match(path, is_before ? OPERATOR_LT : OPERATOR_GT, json_make_number(exact)));
}

/* Major, or major and minor alone, stand for x.0.0 and x.y.0 over there. */
static struct json whole_version(struct arena *arena, struct str version)
{
    size_t at = 0;
    size_t dots = 0;
    while (at < version.size && ((version.data[at] >= '0' && version.data[at] <= '9') ||
                                 (version.data[at] == '.' && dots < 2))) {
        dots += version.data[at] == '.';
        at++;
    }
    if (dots == 2 || at == 0)
        return json_make_string(version);
    struct str rest = str_slice(version, at, version.size);
    return json_make_string(arena_format(arena, "%.*s%s%.*s", (int)at, version.data,
                                         dots == 0 ? ".0.0" : ".0", STR_ARG(rest)));
}

static struct expression match_version(struct scope *scope, struct str path, enum operator operator,
                                       const struct json * value)
{
    if (value->type != JSON_STRING || str_starts_with(value->string, STR("v")))
        return build_never();
    draft_lower(&scope->reading->draft, scope->row, IMPORT_PARTLY,
                STR("versions in a context that have fewer than three numbers match over there, "
                    "those that begin with v match here"));
    return build_match(path, operator, whole_version(scope->reading->arena, value->string));
}

#define NAME(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* ---- one value ------------------------------------------------------------------------------- */

static const struct {
    struct str name;
    enum operator operator;
    enum json_type type; /* of values that can match at all */
} operators[] = {
    {NAME("startsWith"), OPERATOR_STARTS_WITH, JSON_STRING},
    {NAME("endsWith"), OPERATOR_ENDS_WITH, JSON_STRING},
    {NAME("contains"), OPERATOR_CONTAINS, JSON_STRING},
    {NAME("matches"), OPERATOR_MATCHES, JSON_STRING},
    {NAME("lessThan"), OPERATOR_LT, JSON_NUMBER},
    {NAME("lessThanOrEqual"), OPERATOR_LTE, JSON_NUMBER},
    {NAME("greaterThan"), OPERATOR_GT, JSON_NUMBER},
    {NAME("greaterThanOrEqual"), OPERATOR_GTE, JSON_NUMBER},
    {NAME("semVerEqual"), OPERATOR_SEMVER_EQ, JSON_STRING},
    {NAME("semVerLessThan"), OPERATOR_SEMVER_LT, JSON_STRING},
    {NAME("semVerGreaterThan"), OPERATOR_SEMVER_GT, JSON_STRING},
};

static struct expression match_one(struct scope *scope, struct str path, struct str op,
                                   const struct json *value)
{
    struct arena *arena = scope->reading->arena;
    if (str_equal(op, STR("before")) || str_equal(op, STR("after")))
        return match_moment(scope, path, str_equal(op, STR("before")), value);
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        if (!str_equal(operators[i].name, op) || value->type != operators[i].type)
            continue;
        if (str_starts_with(op, STR("semVer")))
            return match_version(scope, path, operators[i].operator, value);
        struct json expected = *value;
        if (operators[i].operator== OPERATOR_MATCHES)
            expected = json_make_string(plain_escapes(arena, value->string));
        return build_match(path, operators[i].operator, expected);
    }
    return build_never(); /* what an SDK does not know never holds */
}

static void note_lists(struct reading *reading)
{
    if (reading->notes_lists)
        return;
    reading->notes_lists = true;
    report_say(&reading->draft.report, STR("context"), STR("lists"), IMPORT_PARTLY,
               "where an attribute is a list, only \"in\" looks at each element; the other "
               "operators match lists over there and not here");
}

/* More of them would be more clauses than a rule has. */
static bool are_few(struct scope *scope, const struct json *values)
{
    return values->count <= CLAUSES_PER_RULE_MAX ||
           refuse(scope, STR("has a clause of more values than a rule here has clauses"));
}

static struct expression match_values(struct scope *scope, struct str path, struct str op,
                                      const struct json *values)
{
    struct arena *arena = scope->reading->arena;
    if (str_equal(op, STR("in")))
        return match_any_of(arena, path, values);
    note_lists(scope->reading);
    struct expression *each = ARENA_NEW_ARRAY(arena, struct expression, values->count);
    for (uint32_t i = 0; i < values->count; i++)
        each[i] = match_one(scope, path, op, &values->elements[i]);
    return build_list(arena, EXPRESSION_ANY, each, values->count);
}

/* ---- clauses --------------------------------------------------------------------------------- */

static bool read_segments(struct scope *scope, const struct json *values,
                          struct expression *expression)
{
    struct reading *reading = scope->reading;
    *expression = build_never();
    if (!are_few(scope, values))
        return false;
    for (uint32_t i = 0; i < values->count; i++) {
        if (values->elements[i].type != JSON_STRING)
            continue;
        struct str name = values->elements[i].string;
        bool is_listed = map_find(&reading->segments, name) != MAP_ABSENT;
        if (!is_listed && reading->has_segments)
            continue;
        if (!is_listed)
            return refuse(scope, arena_format(reading->arena,
                                              "needs the segment %.*s, which is not in the "
                                              "document: add the environment's segments to it",
                                              STR_ARG(name)));
        struct str key = draft_segment_key(&reading->draft, name);
        *expression = build_either(reading->arena, *expression, build_segment(key, false));
    }
    return true;
}

/* Which kinds of context there are: `user` always is. */
static bool read_kinds(struct scope *scope, struct str op, const struct json *values,
                       struct expression *expression)
{
    struct arena *arena = scope->reading->arena;
    *expression = build_never();
    if (!str_equal(op, STR("in")))
        return refuse(scope, STR("compares the kind of a context with other than \"in\""));
    if (!are_few(scope, values))
        return false;
    for (uint32_t i = 0; i < values->count; i++) {
        struct str path;
        if (values->elements[i].type != JSON_STRING)
            continue;
        struct str kind = values->elements[i].string;
        struct expression one = build_always();
        if (!context_kind_is_user(kind)) {
            if (!scope_read_reference(scope, kind, STR("key"), false, &path))
                return false;
            one = build_exists(path);
        }
        *expression = build_either(arena, *expression, one);
    }
    return true;
}

static bool has_false(const struct json *values)
{
    for (uint32_t i = 0; i < values->count; i++) {
        if (values->elements[i].type == JSON_BOOLEAN && !values->elements[i].boolean)
            return true;
    }
    return false;
}

/* Of what may be missing or null nothing holds, what is negated neither. */
static struct expression negate_match(struct arena *arena, struct str path,
                                      struct expression positive)
{
    if (str_equal(path, STR("targetingKey")))
        return build_not(arena, positive);
    struct expression is_there = build_match(path, OPERATOR_NEQ, json_make_null());
    return build_both(arena, is_there, build_not(arena, positive));
}

static bool read_match(struct scope *scope, const struct json *clause, const struct json *values,
                       bool is_negated, struct expression *expression)
{
    struct arena *arena = scope->reading->arena;
    struct str path;
    struct str attribute = source_text(clause, "attribute");
    struct str kind = context_kind(clause, "contextKind");
    bool is_literal = str_is_absent(source_text(clause, "contextKind"));
    if (!scope_read_reference(scope, kind, attribute, is_literal, &path))
        return false;
    struct expression positive = match_values(scope, path, source_text(clause, "op"), values);
    bool is_anonymity = context_kind_is_user(kind) && str_equal(path, STR("anonymous"));
    if (is_anonymity && str_equal(source_text(clause, "op"), STR("in")) && has_false(values))
        positive = build_either(arena, positive, build_not(arena, build_exists(path)));
    *expression = positive;
    if (is_negated)
        *expression =
            is_anonymity ? build_not(arena, positive) : negate_match(arena, path, positive);
    return true;
}

static bool read_clause(struct scope *scope, const struct json *clause,
                        struct expression *expression)
{
    static const struct json none = {.type = JSON_ARRAY};
    struct arena *arena = scope->reading->arena;
    const struct json *listed = source_array(clause, "values");
    const struct json *values = listed == NULL ? &none : listed;
    struct str op = source_text(clause, "op");
    struct str attribute = source_text(clause, "attribute");
    bool is_negated = source_boolean(clause, "negate", false);
    bool is_of_segments = str_equal(op, STR("segmentMatch"));
    bool is_of_kinds = str_equal(attribute, STR("kind")) || str_equal(attribute, STR("/kind"));
    if (!is_of_segments && !is_of_kinds)
        return read_match(scope, clause, values, is_negated, expression);
    bool is_sayable = is_of_segments ? read_segments(scope, values, expression)
                                     : read_kinds(scope, op, values, expression);
    if (is_sayable && is_negated)
        *expression = build_not(arena, *expression);
    return is_sayable;
}

bool scope_read_clauses(struct scope *scope, const struct json *clauses,
                        struct expression *expression)
{
    struct arena *arena = scope->reading->arena;
    struct expression *each = ARENA_NEW_ARRAY(arena, struct expression, clauses->count);
    for (uint32_t i = 0; i < clauses->count; i++) {
        if (!read_clause(scope, &clauses->elements[i], &each[i]))
            return false;
    }
    *expression = build_list(arena, EXPRESSION_ALL, each, clauses->count);
    return true;
}
