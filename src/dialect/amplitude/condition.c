/* SPDX-License-Identifier: Apache-2.0 */
/* condition - conditions in and out: see condition.h. */
#include "dialect/amplitude/condition.h"

#include "base/map.h"
#include "dialect/amplitude/property.h"

/* The managed operators, all of them; `versioned` is what one becomes on a version. */
struct managed_operator {
    struct str name;
    enum operator plain, versioned;
    bool is_set;
};

static const struct managed_operator managed[] = {
    {STR("is"), OPERATOR_TEXT_IS, OPERATOR_TEXT_IS, false},
    {STR("is not"), OPERATOR_TEXT_IS_NOT, OPERATOR_TEXT_IS_NOT, false},
    {STR("contains"), OPERATOR_TEXT_CONTAINS, OPERATOR_TEXT_CONTAINS, false},
    {STR("does not contain"), OPERATOR_TEXT_DOES_NOT_CONTAIN, OPERATOR_TEXT_DOES_NOT_CONTAIN,
     false},
    {STR("less"), OPERATOR_TEXT_LESS, OPERATOR_TEXT_VERSION_LESS, false},
    {STR("less or equal"), OPERATOR_TEXT_LESS_OR_EQUAL, OPERATOR_TEXT_VERSION_LESS_OR_EQUAL, false},
    {STR("greater"), OPERATOR_TEXT_GREATER, OPERATOR_TEXT_VERSION_GREATER, false},
    {STR("greater or equal"), OPERATOR_TEXT_GREATER_OR_EQUAL,
     OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL, false},
    {STR("set is"), OPERATOR_TEXT_SET_IS, OPERATOR_TEXT_SET_IS, true},
    {STR("set is not"), OPERATOR_TEXT_SET_IS_NOT, OPERATOR_TEXT_SET_IS_NOT, true},
    {STR("set contains"), OPERATOR_TEXT_SET_CONTAINS, OPERATOR_TEXT_SET_CONTAINS, true},
    {STR("set does not contain"), OPERATOR_TEXT_SET_DOES_NOT_CONTAIN,
     OPERATOR_TEXT_SET_DOES_NOT_CONTAIN, true},
    {STR("glob match"), OPERATOR_TEXT_GLOB_MATCH, OPERATOR_TEXT_GLOB_MATCH, false},
    {STR("glob does not match"), OPERATOR_TEXT_GLOB_DOES_NOT_MATCH,
     OPERATOR_TEXT_GLOB_DOES_NOT_MATCH, false},
};

static const struct managed_operator *find_operator(struct str name, bool has_sets)
{
    for (size_t i = 0; i < COUNT_OF(managed); i++) {
        if (str_equal(managed[i].name, name))
            return managed[i].is_set && !has_sets ? NULL : &managed[i];
    }
    return NULL;
}

/* ---- in -------------------------------------------------------------------------------------- */

static bool is_cohort_property(struct str name)
{
    return str_equal(name, STR("userdata_cohort"));
}

/* Cohorts are asked for by "is" and "is not" (9.11); whoever knows that they are a set says "set
 * contains". */
static bool choose_cohort_operator(struct str name, enum operator* operator)
{
    bool is_in = str_equal(name, STR("is")) || str_equal(name, STR("set contains"));
    bool is_out = str_equal(name, STR("is not")) || str_equal(name, STR("set does not contain"));
    *operator= is_in ? OPERATOR_TEXT_SET_CONTAINS_ANY : OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY;
    return is_in || is_out;
}

/* Engines disagree about an element that is there twice, and about "" (12). */
static void check_set_values(struct wire *wire, const struct json *values, struct str path)
{
    struct map seen;
    map_open(&seen, wire->arena, values->count);
    for (uint32_t i = 0; i < values->count && !wire_failed(wire); i++) {
        struct str value = values->elements[i].string;
        if (value.size == 0)
            wire_refuse(wire, wire_item_path(wire, path, i), STR("must not be empty in a set"));
        else if (!map_insert(&seen, value, 0))
            wire_refuse(wire, wire_item_path(wire, path, i), STR("must not be there twice"));
    }
}

/* Index behind the class that opens at `at`; the glob's size + 1 when it never closes. Its first
 * member may be a bracket. */
static size_t skip_class(struct str glob, size_t at)
{
    at += at + 1 < glob.size && glob.data[at + 1] == '!' ? 2 : 1;
    size_t first = at;
    while (at < glob.size && (glob.data[at] != ']' || at == first))
        at += glob.data[at] == '\\' ? 2 : 1;
    return at + 1;
}

/* Brackets and braces close, and a backslash has something to escape: a glob that is cut short
 * matches nobody its author meant. */
static bool is_whole_glob(struct str glob)
{
    size_t open_braces = 0;
    size_t at = 0;
    while (at < glob.size) {
        char c = glob.data[at];
        if (c == '[') {
            at = skip_class(glob, at);
            continue;
        }
        open_braces += c == '{';
        open_braces -= c == '}' && open_braces > 0;
        at += c == '\\' ? 2 : 1;
    }
    return open_braces == 0 && at == glob.size;
}

static void check_globs(struct wire *wire, const struct json *values, struct str path)
{
    for (uint32_t i = 0; i < values->count && !wire_failed(wire); i++) {
        if (!is_whole_glob(values->elements[i].string))
            wire_refuse(wire, wire_item_path(wire, path, i),
                        STR("must close its brackets and braces, and end in no backslash"));
    }
}

static bool compares_sets(enum operator operator)
{
    return operator>= OPERATOR_TEXT_SET_IS && operator<= OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY;
}

static bool compares_globs(enum operator operator)
{
    return operator== OPERATOR_TEXT_GLOB_MATCH || operator== OPERATOR_TEXT_GLOB_DOES_NOT_MATCH;
}

static void read_values(struct wire *wire, const struct json *json, struct str path,
                        enum operator operator, struct json * values)
{
    struct str where = wire_member_path(wire, path, STR("values"));
    const struct json *list = wire_array(wire, json, path, STR("values"));
    wire_require(wire, list != NULL, path, STR("values"));
    if (list == NULL)
        return;
    if (list->count == 0)
        wire_refuse(wire, where, STR("must not be empty"));
    for (uint32_t i = 0; i < list->count && !wire_failed(wire); i++) {
        if (list->elements[i].type != JSON_STRING)
            wire_refuse(wire, wire_item_path(wire, where, i), STR("must be a string"));
    }
    if (compares_sets(operator) && !wire_failed(wire))
        check_set_values(wire, list, where);
    if (compares_globs(operator) && !wire_failed(wire))
        check_globs(wire, list, where);
    *values = *list;
}

static void read_operator(struct wire *wire, const struct json *json, struct str path,
                          bool has_sets, bool is_cohort, struct expression *match)
{
    struct str name = {0};
    bool is_there = wire_text(wire, json, path, STR("op"), &name);
    wire_require(wire, is_there, path, STR("op"));
    if (wire_failed(wire))
        return;
    const struct managed_operator *found = find_operator(name, has_sets);
    bool is_known = found != NULL;
    if (is_cohort)
        is_known = choose_cohort_operator(name, &match->operator);
    else if (is_known)
        match->operator= property_is_version(match->attribute) ? found->versioned : found->plain;
    if (!is_known)
        wire_refuse(wire, wire_member_path(wire, path, STR("op")),
                    STR("is not an operator for this property"));
}

void condition_read(struct wire *wire, const struct json *json, struct str path, bool has_sets,
                    struct expression *match)
{
    static const struct str types[] = {STR("property")};
    struct str name = {0};
    size_t type = 0;
    *match = (struct expression){.kind = EXPRESSION_MATCH, .has_value = true};
    if (json->type != JSON_OBJECT) {
        wire_refuse(wire, path, STR("must be an object"));
        return;
    }
    wire_require(wire, wire_choice(wire, json, path, STR("type"), types, COUNT_OF(types), &type),
                 path, STR("type"));
    wire_require(wire, wire_text(wire, json, path, STR("prop"), &name), path, STR("prop"));
    bool is_cohort = is_cohort_property(name);
    match->attribute = is_cohort ? property_cohorts : property_selector(wire->arena, name);
    if (str_is_absent(match->attribute))
        wire_refuse(wire, wire_member_path(wire, path, STR("prop")), STR("must name a property"));
    read_operator(wire, json, path, has_sets, is_cohort, match);
    read_values(wire, json, path, match->operator, & match->value);
}

/* ---- back ------------------------------------------------------------------------------------ */

static struct str operator_back(struct str selector, enum operator operator)
{
    bool is_version = property_is_version(selector);
    for (size_t i = 0; i < COUNT_OF(managed); i++) {
        if ((is_version ? managed[i].versioned : managed[i].plain) == operator)
            return managed[i].name;
    }
    return (struct str){0};
}

/* What a match is called, absent when it has no name. */
struct names {
    struct str property, operator;
};

static struct names name_match(struct arena *arena, const struct expression *match)
{
    if (str_equal(match->attribute, property_cohorts)) {
        if (match->operator== OPERATOR_TEXT_SET_CONTAINS_ANY)
            return (struct names){STR("userdata_cohort"), STR("is")};
        if (match->operator== OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY)
            return (struct names){STR("userdata_cohort"), STR("is not")};
    }
    return (struct names){property_name(arena, match->attribute),
                          operator_back(match->attribute, match->operator)};
}

bool condition_put(struct json_writer *writer, struct arena *arena, const struct expression *match)
{
    if (match->kind != EXPRESSION_MATCH || match->value.type != JSON_ARRAY)
        return false;
    struct names names = name_match(arena, match);
    if (str_is_absent(names.property) || str_is_absent(names.operator))
        return false;
    if (writer == NULL)
        return true;
    json_object_begin(writer);
    json_member_string(writer, STR("type"), STR("property"));
    json_member_string(writer, STR("prop"), names.property);
    json_member_string(writer, STR("op"), names.operator);
    json_member_tree(writer, STR("values"), &match->value);
    json_object_end(writer);
    return true;
}
