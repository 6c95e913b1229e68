/* SPDX-License-Identifier: Apache-2.0 */
/* tokens - a token as the API shows it; for tokens.c and tokens_create.c. */
#ifndef ADMIN_TOKENS_H
#define ADMIN_TOKENS_H

#include "dialect/admin/resource.h"
#include "model/names.h"

/* By what one reaches, in the order of their names. */
enum token_kind { TOKEN_ENVIRONMENT, TOKEN_APP, TOKEN_PERSONAL };
extern const struct name_list token_kinds;

/* A resource_writer. */
bool token_write(struct json_writer *writer, const struct catalog *catalog,
                 const struct caller *caller, const struct resource_name *name);

#endif
