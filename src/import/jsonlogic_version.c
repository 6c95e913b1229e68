/* SPDX-License-Identifier: Apache-2.0 */
/* jsonlogic_version - comparisons of versions: see jsonlogic_compare.h. */
#include "base/number.h"
#include "eval/semver.h"
#include "import/build.h"
#include "import/jsonlogic_compare.h"

/* "v1.2" is 1.2.0; a number is a version, too. Absent: it is none. */
static struct str full_version(struct arena *arena, const struct json *constant)
{
    struct semver semver;
    char number[NUMBER_TEXT_BYTES];
    struct str text = constant->type == JSON_STRING ? constant->string : (struct str){0};
    if (constant->type == JSON_NUMBER)
        text = (struct str){number, number_format(constant->number, number)};
    if (text.size > 0 && (text.data[0] == 'v' || text.data[0] == 'V'))
        text = str_slice(text, 1, text.size);
    for (size_t i = 0; i < 3; i++) {
        if (semver_parse(text, &semver))
            return arena_copy_str(arena, text);
        text = arena_format(arena, "%.*s.0", STR_ARG(text));
    }
    return (struct str){0};
}

static struct expression match_version(struct str attribute, enum operator operator,
                                       struct str version)
{
    return build_match(attribute, operator, json_make_string(version));
}

/* From the very first pre-release of one version to that of another. */
static struct expression version_between(struct arena *arena, struct str attribute, struct str from,
                                         struct str to)
{
    return build_both(arena, match_version(attribute, OPERATOR_SEMVER_GTE, from),
                      match_version(attribute, OPERATOR_SEMVER_LT, to));
}

static bool is_small(struct str digits, uint64_t *number)
{
    return str_parse_u64(digits, number) && *number < UINT32_MAX;
}

static bool match_range(struct logic *logic, struct str attribute, bool is_caret,
                        struct str version, struct expression *condition)
{
    struct semver semver;
    uint64_t major = 0;
    uint64_t minor = 0;
    if (!semver_parse(version, &semver) || !is_small(semver.major, &major) ||
        !is_small(semver.minor, &minor))
        return logic_fail(logic, STR("compares with a version that is too large"));
    unsigned long long a = major;
    unsigned long long b = minor;
    struct str from = is_caret ? arena_format(logic->arena, "%llu.0.0-0", a)
                               : arena_format(logic->arena, "%llu.%llu.0-0", a, b);
    struct str to = is_caret ? arena_format(logic->arena, "%llu.0.0-0", a + 1)
                             : arena_format(logic->arena, "%llu.%llu.0-0", a, b + 1);
    *condition = version_between(logic->arena, attribute, from, to);
    return true;
}

static bool match_versions(struct logic *logic, struct str attribute, struct str name,
                           struct str version, struct expression *condition)
{
    static const struct {
        struct str name;
        enum operator operator;
    } operators[] = {
        {STR("="), OPERATOR_SEMVER_EQ},   {STR("<"), OPERATOR_SEMVER_LT},
        {STR("<="), OPERATOR_SEMVER_LTE}, {STR(">"), OPERATOR_SEMVER_GT},
        {STR(">="), OPERATOR_SEMVER_GTE},
    };
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        if (!str_equal(operators[i].name, name))
            continue;
        *condition = match_version(attribute, operators[i].operator, version);
        return true;
    }
    if (str_equal(name, STR("!="))) {
        *condition =
            build_either(logic->arena, match_version(attribute, OPERATOR_SEMVER_LT, version),
                         match_version(attribute, OPERATOR_SEMVER_GT, version));
        return true;
    }
    if (str_equal(name, STR("^")) || str_equal(name, STR("~")))
        return match_range(logic, attribute, str_equal(name, STR("^")), version, condition);
    *condition = build_never();
    return true;
}

bool logic_compare_versions(struct logic *logic, const struct logic_operation *operation,
                            struct expression *condition)
{
    struct operand attribute;
    struct operand name;
    struct operand constant;
    *condition = build_never();
    if (operation->count != 3)
        return true; /* null over there, whoever asks */
    if (!logic_read_operand(logic, &operation->operands[0], &attribute) ||
        !logic_read_operand(logic, &operation->operands[1], &name) ||
        !logic_read_operand(logic, &operation->operands[2], &constant))
        return false;
    if (attribute.kind != OPERAND_ATTRIBUTE || constant.kind != OPERAND_CONSTANT ||
        name.constant.type != JSON_STRING)
        return logic_fail(logic, STR("compares versions other than an attribute with one"));
    struct str version = full_version(logic->arena, &constant.constant);
    if (str_is_absent(version))
        return true;
    logic->shortens_versions = true;
    return match_versions(logic, attribute.attribute, name.constant.string, version, condition);
}
