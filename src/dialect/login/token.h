/* SPDX-License-Identifier: Apache-2.0 */
/* token - a person's new token for a command line, and what it will be called. */
#ifndef LOGIN_TOKEN_H
#define LOGIN_TOKEN_H

#include "dialect/sign_in.h"

/* "cli on 2031-03-10", in the arena. */
struct str token_name(struct arena *arena, int64_t now_ms);

/* Makes it: as much as the person may, for as long as what they showed is good for. */
struct fault token_make(struct exchange *x, const struct signed_in *person,
                        struct str *secret) MUST_CHECK;

#endif
