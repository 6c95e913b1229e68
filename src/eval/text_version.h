/* SPDX-License-Identifier: Apache-2.0 */
/* text_version - versions as the text comparison family orders them: its wire reference, section
 * 11. */
#ifndef EVAL_TEXT_VERSION_H
#define EVAL_TEXT_VERSION_H

#include "base/str.h"

/* major.minor, major.minor.patch or major.minor.patch-pre; borrowed. */
struct text_version {
    uint64_t numbers[3]; /* a missing patch is 0; what is too large counts as UINT64_MAX */
    struct str pre;      /* absent for a release; may be empty */
};

bool text_version_parse(struct str text, struct text_version *version);
int text_version_compare(const struct text_version *a, const struct text_version *b);

/* A number that orders as the version does among those that have one: releases whose numbers are
 * below 2^21. 0 for others. */
uint64_t text_version_rank(const struct text_version *version);

#endif
