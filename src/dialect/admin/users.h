/* SPDX-License-Identifier: Apache-2.0 */
/* users - how roles are spelled; for users.c and me.c. */
#ifndef ADMIN_USERS_H
#define ADMIN_USERS_H

#include "base/str.h"
#include "model/credential.h"

struct str user_role_word(enum role role);

#endif
