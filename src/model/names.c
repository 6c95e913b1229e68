/* SPDX-License-Identifier: Apache-2.0 */
/* names - how documents spell the model's enumerations: see names.h. */
#include "model/names.h"

#include <assert.h>

#include "model/credential.h"
#include "model/environment.h"

/* STR is no constant expression; this is. */
#define NAME(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define NAME_LIST(array)                                                                           \
    {                                                                                              \
        (array), COUNT_OF(array)                                                                   \
    }

static const struct str operators[] = {
    NAME("eq"),
    NAME("neq"),
    NAME("in"),
    NAME("notIn"),
    NAME("contains"),
    NAME("startsWith"),
    NAME("endsWith"),
    NAME("matches"),
    NAME("exists"),
    NAME("gt"),
    NAME("gte"),
    NAME("lt"),
    NAME("lte"),
    NAME("before"),
    NAME("after"),
    NAME("semverEq"),
    NAME("semverGt"),
    NAME("semverGte"),
    NAME("semverLt"),
    NAME("semverLte"),
    NAME("text is"),
    NAME("text is not"),
    NAME("text contains"),
    NAME("text does not contain"),
    NAME("text less"),
    NAME("text less or equal"),
    NAME("text greater"),
    NAME("text greater or equal"),
    NAME("text version less"),
    NAME("text version less or equal"),
    NAME("text version greater"),
    NAME("text version greater or equal"),
    NAME("text set is"),
    NAME("text set is not"),
    NAME("text set contains"),
    NAME("text set does not contain"),
    NAME("text set contains any"),
    NAME("text set does not contain any"),
    NAME("text regex match"),
    NAME("text regex does not match"),
    NAME("text glob match"),
    NAME("text glob does not match"),
};
static_assert(COUNT_OF(operators) == OPERATOR_COUNT, "every operator has a name");

static const struct str value_types[] = {NAME("boolean"), NAME("string"), NAME("number"),
                                         NAME("object")};
static_assert(COUNT_OF(value_types) == VALUE_TYPE_COUNT, "every type has a name");

static const struct str flag_kinds[] = {NAME("flag"), NAME("experiment"), NAME("mutex"),
                                        NAME("holdout")};
static_assert(COUNT_OF(flag_kinds) == FLAG_KIND_HOLDOUT + 1, "every kind has a name");

static const struct str lifecycles[] = {NAME("draft"), NAME("active"), NAME("deprecated"),
                                        NAME("archived")};
static_assert(COUNT_OF(lifecycles) == LIFECYCLE_ARCHIVED + 1, "every lifecycle has a name");

static const struct str visibilities[] = {NAME("client"), NAME("server")};
static_assert(COUNT_OF(visibilities) == VISIBILITY_SERVER, "all but unset have a name");

static const struct str flag_hashes[] = {
    NAME("fnv1a_32_utf16"),    NAME("murmur3_32_utf8"), NAME("sha1_60"),
    NAME("murmur3_32_scaled"), NAME("fnv1a_32_modulo"), NAME("murmur3_32_percent"),
};
static_assert(COUNT_OF(flag_hashes) == FLAG_HASH_MURMUR3_32_PERCENT + 1, "every hash has a name");

static const struct str flag_comparisons[] = {NAME("typed"), NAME("text")};
static_assert(COUNT_OF(flag_comparisons) == FLAG_COMPARISON_TEXT + 1, "every family has a name");

static const struct str evaluation_modes[] = {NAME("remote"), NAME("local")};
static_assert(COUNT_OF(evaluation_modes) == EVALUATION_LOCAL + 1, "every mode has a name");

static const struct str document_forms[] = {NAME("auto"), NAME("legacy"), NAME("core")};
static_assert(COUNT_OF(document_forms) == DOCUMENT_FORM_CORE + 1, "every form has a name");

static const struct str roles[] = {NAME("none"), NAME("viewer"), NAME("editor"), NAME("admin"),
                                   NAME("owner")};
static_assert(COUNT_OF(roles) == ROLE_OWNER + 1, "every role has a name");

const struct name_list operator_names = NAME_LIST(operators);
const struct name_list value_type_names = NAME_LIST(value_types);
const struct name_list flag_kind_names = NAME_LIST(flag_kinds);
const struct name_list lifecycle_names = NAME_LIST(lifecycles);
const struct name_list visibility_names = NAME_LIST(visibilities);
const struct name_list flag_hash_names = NAME_LIST(flag_hashes);
const struct name_list flag_comparison_names = NAME_LIST(flag_comparisons);
const struct name_list evaluation_mode_names = NAME_LIST(evaluation_modes);
const struct name_list document_form_names = NAME_LIST(document_forms);
const struct name_list role_names = NAME_LIST(roles);

struct str name_at(const struct name_list *list, size_t index)
{
    assert(index < list->count);
    return list->names[index];
}

int name_find(const struct name_list *list, struct str name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal(list->names[i], name))
            return (int)i;
    }
    return -1;
}
