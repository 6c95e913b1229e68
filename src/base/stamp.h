/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stamp - 64 bits of a text, and stamps of many.
 *
 * The same in every process and after a restart, and fast: for telling whether something is what it
 * was. Who wants to can find two texts with one stamp: where that would do harm, base/digest.h.
 */
#ifndef BASE_STAMP_H
#define BASE_STAMP_H

#include "base/str.h"

uint64_t stamp_of(struct str text);

/* A stamp and one more value; the order counts. */
static inline uint64_t stamp_mix(uint64_t stamp, uint64_t value)
{
    stamp = (stamp ^ value) * 0x9E3779B97F4A7C15u;
    return stamp ^ stamp >> 29;
}

#endif
