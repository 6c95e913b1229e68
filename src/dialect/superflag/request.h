/* SPDX-License-Identifier: Apache-2.0 */
/* request - what management calls name: an app, an environment, a body. Each function either
 * finds what was named or has refused the exchange in the documented words and returns false. */
#ifndef SUPERFLAG_REQUEST_H
#define SUPERFLAG_REQUEST_H

#include "dialect/exchange.h"

/* The body as a JSON object, 415 and 400 included. */
bool superflag_read_body(struct exchange *x, struct json *body);

/* The same for a whole document: as many members as an environment may have flags. */
bool superflag_read_document_body(struct exchange *x, struct json *body);

/* 400 for a member the call does not know: a typo must not pass for a change. */
bool superflag_knows_members(struct exchange *x, const struct json *body, const struct str *known,
                             size_t known_count);

/* A string member of the body; absent when it is missing, refused when it is of another type. */
bool superflag_read_text(struct exchange *x, const struct json *body, struct str name,
                         struct str *text);
/* A query member; absent when it is missing. */
bool superflag_read_query(struct exchange *x, struct str name, struct str *text);

/* By id; 400 without one, 403 for an app the credential is not for, 404 when there is none. */
bool superflag_find_app(struct exchange *x, struct str app_id, const struct catalog_app **app);
/* Both from the query (appId, env) or from the body. */
bool superflag_environment_of_query(struct exchange *x,
                                    const struct catalog_environment **environment);
bool superflag_environment_of_body(struct exchange *x, const struct json *body,
                                   const struct catalog_environment **environment);

/* What most changes begin with: the caller may, a body of no members but these, its environment. */
bool superflag_begin_change(struct exchange *x, const struct str *known, size_t known_count,
                            struct json *body, const struct catalog_environment **environment);

/* 403 unless the caller may change things. */
bool superflag_may_write(struct exchange *x);

/* Applies; the fault is for the caller to tell. */
struct fault superflag_try(struct exchange *x, struct change *change) MUST_CHECK;

/* Applies; refuses the exchange with the fault, in this dialect's words, when it does not go. */
bool superflag_apply(struct exchange *x, struct change *change);

#endif
