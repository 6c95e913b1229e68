/* SPDX-License-Identifier: Apache-2.0 */
/* environments - an environment as the API shows it, for whoever has just made one. */
#ifndef ADMIN_ENVIRONMENTS_H
#define ADMIN_ENVIRONMENTS_H

#include "dialect/exchange.h"

/* The newest state of the environment with this id, after a change of the caller's. */
void admin_answer_environment(struct exchange *x, struct str id, int status);

#endif
