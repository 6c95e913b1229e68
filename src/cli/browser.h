/* SPDX-License-Identifier: Apache-2.0 */
/*
 * browser - showing a page to the person, if this machine can.
 *
 * $BROWSER says which one, else xdg-open finds it. The browser gets the address and nothing else of
 * ours: no terminal, no files, no token in its environment.
 */
#ifndef CLI_BROWSER_H
#define CLI_BROWSER_H

#include "cli/session.h"

/* Whether a page opened here would be seen: there is a screen and it is not at the other end of an
 * SSH connection. */
bool browser_is_here(struct session *session);

/* Starts it and does not wait. False: there is none, or it could not be started. */
bool browser_open(struct session *session, struct str address);

#endif
