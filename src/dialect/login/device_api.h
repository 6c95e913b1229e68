/* SPDX-License-Identifier: Apache-2.0 */
/* device_api - a login with a code, as the machine asks for it (RFC 8628). */
#ifndef LOGIN_DEVICE_API_H
#define LOGIN_DEVICE_API_H

#include "dialect/exchange.h"

void login_begin_device(struct exchange *x); /* POST /cli/device */
void login_ask_device(struct exchange *x);   /* POST /cli/device/token */

/* {"error": …, "error_description": …}, RFC 6749 section 5.2. lines: more header lines, or "". */
void device_api_refuse(struct exchange *x, int status, struct str error, struct str description,
                       const char *lines);

#endif
