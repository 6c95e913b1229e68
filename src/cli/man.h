/* SPDX-License-Identifier: Apache-2.0 */
/*
 * man - manual pages, made of the rows that help is made of.
 *
 * guidon(1) says what there is, guidon-NOUN(1) and guidon-VERB(1) say all of one noun or one
 * command of its own, guidon.conf(5) says the server's settings.
 */
#ifndef CLI_MAN_H
#define CLI_MAN_H

#include "base/buf.h"
#include "cli/commands.h"

/* `man [DIR]` */
int man_write(struct session *session, const struct invocation *invocation);

/* ---- roff (man_page.c) ------------------------------------------------------------------------
 */

/* Text on lines of its own: nothing in it is a request, a hyphen stays one. */
void roff_append_text(struct buf *buf, const char *text);
void roff_begin(struct buf *buf, const char *name, int section, const char *summary);
void roff_heading(struct buf *buf, const char *title);
void roff_paragraph(struct buf *buf, const char *text);
/* A term and what it means. */
void roff_item(struct buf *buf, const char *term, const char *text);
/* Lines as they stand, each with `program` in front. */
void roff_examples(struct buf *buf, const char *const *examples);

#endif
