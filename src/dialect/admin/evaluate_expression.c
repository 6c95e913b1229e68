/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate_expression - clauses with what they were held against, and segments with their own. */
#include <assert.h>

#include "dialect/admin/evaluate.h"

/* For programs, and for people. */
struct failing_words {
    struct str code, sentence;
};

static const struct failing_words failing_words[] = {
    [FAILING_DIFFERENT] = {STR("different"), STR("the value compares otherwise")},
    [FAILING_MISSING] = {STR("missing"), STR("the context has no such attribute")},
    [FAILING_TYPE] = {STR("type"), STR("the value is of a type this operator does not compare")},
    [FAILING_UNREADABLE] = {STR("unreadable"),
                            STR("the value is no number, instant or version as the operator "
                                "needs one")},
    [FAILING_IMPOSSIBLE] = {STR("impossible"),
                            STR("nothing can pass: what is wanted is nothing for this operator")},
    [FAILING_GAVE_UP] = {STR("gaveUp"), STR("the pattern took too long on the value")},
    [FAILING_NO_SEGMENT] = {STR("noSegment"), STR("there is no such segment")},
    [FAILING_NOT_MEMBER] = {STR("notMember"), STR("not in the segment")},
    [FAILING_MEMBER] = {STR("member"), STR("in the segment, whose members are left out here")},
    [FAILING_ALL] = {STR("all"), STR("not all of them hold")},
    [FAILING_ANY] = {STR("any"), STR("none of them holds")},
    [FAILING_INNER_HOLDS] = {STR("innerHolds"), STR("what is negated holds")},
    [FAILING_TOO_DEEP] = {STR("tooDeep"), STR("nested deeper than is looked at")},
};

static void write_standing(struct json_writer *writer, const struct explained_expression *explained)
{
    json_member_boolean(writer, STR("held"), explained->holds);
    json_member_boolean(writer, STR("reached"), explained->is_reached);
    if (!explained->holds)
        json_member_string(writer, STR("why"), failing_words[explained->failing].code);
}

static void write_match(struct json_writer *writer, const struct explained_expression *explained)
{
    const struct expression *match = explained->expression;
    json_member_string(writer, STR("op"), STR("match"));
    json_member_string(writer, STR("attribute"), match->attribute);
    json_member_string(writer, STR("operator"), operator_name(match->operator));
    if (match->has_value)
        json_member_tree(writer, STR("wanted"), &match->value);
    if (explained->actual != NULL)
        json_member_tree(writer, STR("actual"), explained->actual);
    if (!str_is_absent(explained->member))
        json_member_string(writer, STR("member"), explained->member);
    if (!str_is_absent(explained->cohort))
        json_member_string(writer, STR("cohort"), explained->cohort);
    write_standing(writer, explained);
}

static void write_list(struct json_writer *writer, struct str key,
                       const struct explained_expression *parts, size_t count, int64_t now_ms)
{
    json_key(writer, key);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        admin_write_expression(writer, &parts[i], now_ms);
    json_array_end(writer);
}

static void write_membership(struct json_writer *writer, const struct explained_segment *segment,
                             int64_t now_ms)
{
    json_key(writer, STR("checks"));
    json_object_begin(writer);
    admin_member_schedule(writer, &segment->segment->schedule, now_ms);
    json_member_boolean(writer, STR("excluded"), segment->is_excluded);
    json_member_boolean(writer, STR("included"), segment->is_included);
    write_list(writer, STR("rules"), segment->rules, segment->segment->rule_count, now_ms);
    json_object_end(writer);
}

static void write_segment(struct json_writer *writer, const struct explained_expression *explained,
                          int64_t now_ms)
{
    const struct explained_segment *segment = explained->segment;
    json_member_string(writer, STR("op"), STR("segment"));
    json_member_string(writer, STR("segment"), explained->expression->segment);
    if (explained->expression->is_negated)
        json_member_boolean(writer, STR("negate"), true);
    json_member_boolean(writer, STR("member"), segment != NULL && segment->is_member);
    write_standing(writer, explained);
    if (segment != NULL && segment->is_expanded)
        write_membership(writer, segment, now_ms);
}

static void write_tree(struct json_writer *writer, const struct explained_expression *explained,
                       int64_t now_ms)
{
    bool is_all = explained->expression->kind == EXPRESSION_ALL;
    json_member_string(writer, STR("op"), is_all ? STR("all") : STR("any"));
    write_standing(writer, explained);
    write_list(writer, STR("expressions"), explained->children,
               explained->children == NULL ? 0 : explained->expression->child_count, now_ms);
}

static void write_not(struct json_writer *writer, const struct explained_expression *explained,
                      int64_t now_ms)
{
    json_member_string(writer, STR("op"), STR("not"));
    write_standing(writer, explained);
    if (explained->children == NULL)
        return;
    json_key(writer, STR("expression"));
    admin_write_expression(writer, explained->children, now_ms);
}

/* As deep as what was explained: the model bounds expressions, the explanation segments. */
void admin_write_expression(struct json_writer *writer,
                            const struct explained_expression *explained, int64_t now_ms)
{
    json_object_begin(writer);
    switch (explained->expression->kind) {
    case EXPRESSION_ALL:
    case EXPRESSION_ANY:
        write_tree(writer, explained, now_ms);
        break;
    case EXPRESSION_NOT:
        write_not(writer, explained, now_ms);
        break;
    case EXPRESSION_MATCH:
        write_match(writer, explained);
        break;
    case EXPRESSION_SEGMENT:
        write_segment(writer, explained, now_ms);
        break;
    }
    json_object_end(writer);
}

void admin_member_failing(struct json_writer *writer, struct arena *arena,
                          const struct explained_expression *when)
{
    struct str path = {0};
    const struct explained_expression *culprit = explained_culprit(when, arena, &path);
    if (culprit == NULL)
        return;
    const struct failing_words *words = &failing_words[culprit->failing];
    json_key(writer, STR("failing"));
    json_object_begin(writer);
    json_member_string(writer, STR("path"), arena_format(arena, "/when%.*s", STR_ARG(path)));
    json_member_string(writer, STR("why"), words->code);
    json_member_string(writer, STR("detail"), words->sentence);
    json_object_end(writer);
}
