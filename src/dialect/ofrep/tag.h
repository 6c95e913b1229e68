/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag - the entity tag of a bulk answer: "<answer>.<input>", decision 10.
 *
 * Both parts are digests of who asked and what they said; the input's has besides what decides, the
 * answer's what was decided. Equal in every process, so that tags outlive a restart.
 */
#ifndef OFREP_TAG_H
#define OFREP_TAG_H

#include "base/arena.h"
#include "base/str.h"

struct tag {
    uint64_t answer, input;
};

enum { TAG_BYTES = 2 + 16 + 1 + 16 }; /* quotes and a point */
void tag_write(const struct tag *tag, char text[TAG_BYTES]);

/* The first of an If-None-Match's tags whose answer or input part is the one; absent: none. With
 * its quotes, without a "W/": weakly compared (RFC 9110 section 13.1.2). */
struct str tag_find_input(struct str if_none_match, uint64_t input);
struct str tag_find_answer(struct str if_none_match, uint64_t answer);

#endif
