/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe - what changed, in words: "rule 3: plan in {pro} -> plan in {pro, team}".
 *
 * Takes the changes as the admin API tells them (dry runs, versions, comparisons): an array of
 * {"kind", "key", "op", "diff": [{"op", "path", "from"?, "to"?}]}.
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

#endif
