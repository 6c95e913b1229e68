/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - `guidon serve`, and the commands that work on a server's data or machine.
 *
 * Each takes what stands behind its name on the command line, speaks to the terminal by itself and
 * returns the exit status. random_open has been called.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

/* Opens the rooms, serves until it is told to stop, closes them. */
int serve_run(int count, char **arguments);

#endif
