/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf - bytes being built.
 *
 * Owns its memory and grows up to a hard maximum. Once it would pass the maximum it goes quiet:
 * further appends do nothing and buf_failed() says so, asked once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
    char *data;
    size_t size;      /* bytes written */
    size_t capacity;  /* bytes held */
    size_t bytes_max; /* never grows beyond; SIZE_MAX for "trusted content" */
    bool is_failed;
};

void buf_open(struct buf *buf, size_t bytes_max); /* asks the system for nothing yet */
void buf_close(struct buf *buf);
void buf_clear(struct buf *buf); /* empty again, memory kept, failure forgotten */
bool buf_failed(const struct buf *buf);
struct str buf_str(const struct buf *buf); /* good until the next append */

/* Makes room for `bytes` more and returns where they go; NULL when that passes the maximum. The
 * caller writes there and then adds what it wrote with buf_advance. */
char *buf_reserve(struct buf *buf, size_t bytes);
void buf_advance(struct buf *buf, size_t bytes);

void buf_append(struct buf *buf, struct str s);
void buf_append_byte(struct buf *buf, char byte);
void buf_append_u64(struct buf *buf, uint64_t value);
void buf_append_format(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
