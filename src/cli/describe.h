/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe - what changed, in words: "rule 3: plan text is {pro} -> plan text is {pro, team}".
 *
 * Takes the changes as the admin API tells them (dry runs, versions, comparisons): an array of
 * {"kind", "key", "op", "diff": [{"op", "path", "from"?, "to"?}]}. Where both documents are at hand
 * describe_compare makes such changes of them, which say more: a rule's condition as a whole.
 */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "base/buf.h"
#include "cli/session.h"
#include "json/json.h"

/* Prints a line for each object and, below it, one for each difference, in colour on a terminal. */
void describe_changes(struct session *session, const struct json *changes);

/* One difference as a phrase, without colour and without a line end. */
void describe_difference(struct buf *buf, const struct json *difference);
/* All of one object's, with `between` in between. What belongs together is one phrase: a serve that
 * was of one form and is of another. */
void describe_differences(struct buf *buf, const struct json *differences, struct str between);

/* Two documents of one object as changes: one, or none when they are alike. is_exact: each
 * difference by itself, as the API has it; else conditions and serves as a whole, for words. */
struct json describe_compare(struct session *session, struct str noun, struct str key,
                             const struct json *older, const struct json *newer, bool is_exact);

#endif
