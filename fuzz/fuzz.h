/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz - what the targets share: the entry libFuzzer calls, and a claim about what came out.
 *
 * A target says more than "it did not crash": what a parser lets through must keep its promises.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool condition)
{
    if (!condition)
        abort();
}

/* Takes a text off the front: what comes before the next NUL. */
static inline struct str fuzz_take(struct str *bytes)
{
    size_t end = str_find_byte(*bytes, '\0', 0);
    struct str text = str_slice(*bytes, 0, end);
    *bytes = str_slice(*bytes, end < bytes->size ? end + 1 : end, bytes->size);
    return text;
}

#endif
