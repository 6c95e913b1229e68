/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names - how documents spell the model's enumerations.
 *
 * A list holds the names in the order of the enumeration, so that name_at(&lifecycle_names,
 * flag->lifecycle) is its spelling.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include "base/str.h"

struct name_list {
    const struct str *names;
    size_t count;
};

extern const struct name_list operator_names;
extern const struct name_list value_type_names;      /* boolean string number object */
extern const struct name_list flag_kind_names;       /* flag experiment mutex holdout */
extern const struct name_list lifecycle_names;       /* draft active deprecated archived */
extern const struct name_list visibility_names;      /* client server: VISIBILITY_CLIENT is first */
extern const struct name_list flag_hash_names;       /* fnv1a_32_utf16 murmur3_32_utf8 … */
extern const struct name_list flag_comparison_names; /* typed text */
extern const struct name_list evaluation_mode_names; /* remote local */
extern const struct name_list document_form_names;   /* auto legacy core */
extern const struct name_list role_names;            /* none viewer editor admin owner */

struct str name_at(const struct name_list *list, size_t index); /* index is in the list */
int name_find(const struct name_list *list, struct str name);   /* -1 when it is not there */

#endif
