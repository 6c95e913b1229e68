/* SPDX-License-Identifier: Apache-2.0 */
/* users - how people are shown; for users.c, users_password.c and me.c. */
#ifndef ADMIN_USERS_H
#define ADMIN_USERS_H

#include "dialect/admin/resource.h"

/* A resource_writer. */
bool user_write(struct json_writer *writer, const struct catalog *catalog,
                const struct caller *caller, const struct resource_name *name);

#endif
