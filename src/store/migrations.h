/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrations - how the schema came to be, one step after the other.
 *
 * Forward only; each step runs in a transaction of its own and is written down with the SHA-256 of
 * its text. A store that knows steps this program does not, or whose steps were different ones, is
 * refused.
 */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include "store/connection.h"

struct migration {
    struct str name; /* "0001_truth"; its number is its place in the list, from 1 */
    struct str sql;
};

const struct migration *migrations_list(size_t *count);

struct fault migrations_apply(struct store *store) MUST_CHECK; /* the writer */
/* How many it has, of those this program knows; FAULT_UNAVAILABLE when it has others. */
struct fault migrations_count(struct store *store, uint64_t *count) MUST_CHECK;
struct fault migrations_check(struct store *store) MUST_CHECK; /* readers: exactly all of them */

#endif
