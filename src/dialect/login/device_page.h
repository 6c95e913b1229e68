/* SPDX-License-Identifier: Apache-2.0 */
/* device_page - a login with a code, as the person sees it: what asks, and yes or no. */
#ifndef LOGIN_DEVICE_PAGE_H
#define LOGIN_DEVICE_PAGE_H

#include "dialect/exchange.h"

void login_get_device(struct exchange *x);  /* GET /device, GET /device?code=WDJB-MJHT */
void login_post_device(struct exchange *x); /* the form of the second */

#endif
