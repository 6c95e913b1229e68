/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_chain - whether rows of the audit trail, as the API tells them, are a whole chain.
 *
 * Rows are taken one by one, newest first or oldest first, and kept nowhere: each must have the
 * hash it says (store_hash_audit), and the hash its neighbour says. A whole chain begins with row 1
 * and has no gaps.
 */
#ifndef CLI_AUDIT_CHAIN_H
#define CLI_AUDIT_CHAIN_H

#include "base/arena.h"
#include "base/fault.h"
#include "json/json.h"

enum chain_direction { CHAIN_UNKNOWN, CHAIN_UP, CHAIN_DOWN };

struct chain {
    enum chain_direction direction;
    struct arena arena; /* of the row that is looked at */
    uint64_t row_count;
    uint64_t first_sequence, sequence; /* of the first row that came; of the one before */
    unsigned char hash[32], previous_hash[32];
    unsigned char head[32]; /* of the newest row */
    bool is_bad;
    uint64_t bad_sequence; /* is_bad: the first that does not fit */
    struct str why;
};

void chain_open(struct chain *chain);
void chain_close(struct chain *chain);

/* After a row that does not fit, the others are only counted. */
void chain_take(struct chain *chain, const struct json *row);
/* There are no more rows. */
void chain_end(struct chain *chain);
bool chain_is_whole(const struct chain *chain);
struct str chain_head(struct arena *arena, const struct chain *chain); /* 64 digits */

/* Takes a file of rows, one a line, and ends; "-" is standard input. A fault: it cannot be read. */
struct fault chain_read_file(struct chain *chain, struct arena *arena, struct str path) MUST_CHECK;

#endif
