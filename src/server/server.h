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

/* Ask the operations listener of a running server how it is. */
int livez_run(int count, char **arguments);
int readyz_run(int count, char **arguments);

/* A backup becomes the store of a stopped server: restore.h. */
int restore_run(int count, char **arguments);
/* Looks a data directory and its machine over, and changes nothing: doctor.h. */
int doctor_run(int count, char **arguments);
/* Makes tokens, and says whether one is well formed. */
int keygen_run(int count, char **arguments);
/* Makes a token for an owner who lost theirs, on the data directory of a stopped server. */
int owner_token_run(int count, char **arguments);
/* The settings `serve` would have with these arguments; verb: "print" or "check". */
int config_run(const char *verb, int count, char **arguments);

#endif
