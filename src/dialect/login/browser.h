/* SPDX-License-Identifier: Apache-2.0 */
/*
 * browser - a login in a browser on the machine of the command line.
 *
 * The command line listens on a port of its own and opens /cli/login; once the person is known the
 * browser is sent there with a new token.
 */
#ifndef LOGIN_BROWSER_H
#define LOGIN_BROWSER_H

#include "dialect/exchange.h"

void login_get_page(struct exchange *x);  /* GET /cli/login?port=P&state=S */
void login_post_page(struct exchange *x); /* its form */

#endif
