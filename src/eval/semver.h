/* SPDX-License-Identifier: Apache-2.0 */
/* semver - versions as the typed comparison family orders them: wire reference, section 13. */
#ifndef EVAL_SEMVER_H
#define EVAL_SEMVER_H

#include "base/str.h"

/* `v?N.N.N(-pre)?(+build)?` after trimming white space; borrowed, any number of digits. */
struct semver {
    struct str major, minor, patch; /* digits without leading zeros, at least one */
    struct str pre;                 /* absent for a release */
};

bool semver_parse(struct str text, struct semver *semver);
int semver_compare(const struct semver *a, const struct semver *b);

/*
 * The short cut for what versions mostly are: three plain numbers of up to SEMVER_RANK_BITS bits
 * and nothing else. Such versions order as their ranks do; false: it takes a semver to tell.
 */
enum { SEMVER_RANK_BITS = 20 };
bool semver_rank(struct str text, uint64_t *rank);

#endif
