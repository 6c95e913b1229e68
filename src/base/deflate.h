/* SPDX-License-Identifier: Apache-2.0 */
/* deflate - bytes made smaller for keeping (RFC 1950, with its checksum), quickly rather than
 * tightly; base/gzip.h is for the wire. */
#ifndef BASE_DEFLATE_H
#define BASE_DEFLATE_H

#include "base/buf.h"

enum { DEFLATE_RATIO_MAX = 1032 }; /* no byte stands for more */

/* Appends the compressed form; bytes.size is at most UINT32_MAX. The same bytes compress to the
 * same as long as the compressor is the same. */
void deflate_append(struct buf *buf, struct str bytes);

/* Whether `bytes` are whole and undamaged and hold exactly `size` bytes (below UINT32_MAX), with
 * nothing behind them. restored has room for size + 1; what is in it after a refusal says nothing.
 */
bool deflate_restore(struct str bytes, char *restored, size_t size);

#endif
