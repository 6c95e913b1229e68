/* SPDX-License-Identifier: Apache-2.0 */
/* group_resource - a mutual exclusion or holdout group as the admin API shows it, members and all.
 */
#ifndef ADMIN_GROUP_RESOURCE_H
#define ADMIN_GROUP_RESOURCE_H

#include "dialect/admin/flag_resource.h"
#include "model/group.h"

/* members: of the state the group was read in; NULL: it has none yet. */
void group_resource_write(struct json_writer *writer, const struct flag_resource *group,
                          const struct environment_state *state,
                          const struct group_members *members);

#endif
