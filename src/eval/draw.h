/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw - tickets as other systems draw them: model/flag.h has the arithmetics, decision 13 why.
 *
 * What flags are made with here is in serve.c, which hands over what is not that; explanations ask
 * for the same hashes again.
 */
#ifndef EVAL_DRAW_H
#define EVAL_DRAW_H

#include "base/number.h"
#include "eval/bucket.h"
#include "eval/compile.h"

/* Hashes all that comes before the subject. Of a split also how many tickets there are. */
void draw_begin(struct compiled_deal *deal, struct str prefix);
uint32_t draw_ticket_count(const struct flag *flag, const struct split *split);

/* What of a split's value is hashed: a text as it is, and with sha1_60 a whole number as text
 * (written into `number`). False: it has no ticket. */
bool draw_subject(const struct compiled_deal *deal, const struct json *value,
                  char number[NUMBER_TEXT_BYTES], struct str *subject);

uint64_t draw_hash(const struct compiled_deal *deal, struct str subject);
/* murmur3_32_percent: the second hash, which is the ticket's. */
uint32_t draw_hash_again(const struct compiled_deal *deal, struct str subject);
/* The ticket of a split that has any. */
uint32_t draw_ticket(const struct compiled_deal *deal, uint64_t hash);

/* Ranges of tickets of one slice, murmur3_32_percent; as bucket_ranges. Behind the last there is
 * no ticket. */
size_t draw_ranges(const struct slice *slice, struct bucket_range *ranges);

#endif
