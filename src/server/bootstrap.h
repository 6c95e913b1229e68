/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootstrap - how the first owner gets a token, or gives one.
 *
 * The setting bootstrap-token-file names a file. Where it is not there or empty, a first start
 * makes a token up, writes it there and prints it once. Where it holds one (`guidon keygen token`
 * makes them), that becomes the owner's and is shown nowhere: so a server is set up by what is
 * declared, and nobody has to read its output.
 */
#ifndef SERVER_BOOTSTRAP_H
#define SERVER_BOOTSTRAP_H

#include "change/change.h"

/* For struct change_config: absent when there is none; what can be no token, when the file cannot
 * be read, so that a first start refuses it, and no other. */
struct str bootstrap_find_token(struct arena *arena, struct str path);

/* Writes the token that a first start made up into its file, if there is to be one. Before the
 * owner is in the store, so that a start that dies in between leaves the next one a token it is
 * given, and never an owner whom nobody can be. */
void bootstrap_keep_token(struct arena *arena, struct str path, struct str token);

/* After a first start, and whatever comes next: a token that was made cannot be had again. */
void bootstrap_hand_over(struct arena *arena, struct str path, const struct bootstrap *bootstrap);

/* What stands for the token in examples: itself, or a shell's words for the file's content. */
struct str bootstrap_shown(struct arena *arena, struct str path, const struct bootstrap *bootstrap);

/* What is shown after a first start: from the token to a flag and why it is served, each line as it
 * is to be pasted. origin: where the server listens. */
void bootstrap_examples(struct arena *arena, struct str token, struct str origin, struct buf *buf);

#endif
