/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login - the ways to a token: login_browser.c and login_device.c.
 *
 * Each returns an enum exit_status and, when that is EXIT_OK, a token that login.c checks with the
 * server and keeps. The token is shown to nobody.
 */
#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include "cli/identity.h"

enum { LOGIN_PORT = 3737 };

/* A page at the server sends the browser back to a listener here. `opens`: the browser is started,
 * too. The login is finished by login_keep while the browser waits for what to show. */
int login_with_browser(struct session *session, uint16_t port, bool opens);

/* A code that is entered on any other device (RFC 8628). */
int login_with_device(struct session *session);

/* Checks the token, keeps it and says so. */
int login_keep(struct session *session, struct str token);

/* To the person, whatever the form of the output: where no terminal is, on standard error. */
void login_tell(const struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
