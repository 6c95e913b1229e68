/* SPDX-License-Identifier: Apache-2.0 */
/* bounds - the checks that events and experiments share: bounded names, ids, revisions, sources.
 * Each looks at one member of an object and adds the library's issue when it is not as it should
 * be. */
#ifndef SUPERFLAG_BOUNDS_H
#define SUPERFLAG_BOUNDS_H

#include "dialect/superflag/issue.h"

enum { BOUNDED_NAME_UNITS_MAX = 96, EXPERIMENT_NAME_UNITS_MAX = 128, OPAQUE_ID_BYTES_MAX = 128 };

bool bounds_units_at_most(struct str text, size_t units_max); /* UTF-16 units */
bool bounds_is_name(const struct json *json, size_t units_max);
bool bounds_is_id(const struct json *json);       /* [A-Za-z0-9][A-Za-z0-9._:-]*, at most 128 */
bool bounds_is_positive(const struct json *json); /* an integer, 1 to 2^53 - 1 */

void bounds_check_schema(struct issue_list *issues, const struct issue_path *path,
                         const struct json *object); /* schemaVersion 1 */
void bounds_check_name(struct issue_list *issues, const struct issue_path *path,
                       const struct json *object, struct str key);
void bounds_check_id(struct issue_list *issues, const struct issue_path *path,
                     const struct json *object, struct str key);
void bounds_check_positive(struct issue_list *issues, const struct issue_path *path,
                           const struct json *object, struct str key);
void bounds_check_version(struct issue_list *issues, const struct issue_path *path,
                          const struct json *object, struct str key);
void bounds_check_source(struct issue_list *issues, const struct issue_path *path,
                         const struct json *object);
/* {key, revision} */
void bounds_check_metric(struct issue_list *issues, const struct issue_path *path,
                         const struct json *object, struct str key);

#endif
