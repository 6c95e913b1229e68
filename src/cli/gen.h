/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gen - what a program can be told of an environment's flags before it runs.
 *
 * One language is one writer from flags to source text; the same flags give the same text.
 */
#ifndef CLI_GEN_H
#define CLI_GEN_H

#include "base/buf.h"
#include "json/json.h"

/* items: flags as the admin API lists them, sorted by key. */
void gen_typescript(struct buf *buf, const struct json *items, size_t count);

#endif
