/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip - bytes made smaller, for who accepts it (http/http.h: http_accepts_gzip).
 *
 * A deflate state costs a quarter of a megabyte and more time to set up than a small body takes to
 * compress: each thread makes one when it first needs it, resets it between bodies, and frees it
 * when it ends. Equal bytes give equal bytes: the header holds no time and no name.
 */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include "base/buf.h"

enum { GZIP_LEVEL_FAST = 1, GZIP_LEVEL_USUAL = 6, GZIP_LEVEL_SMALL = 9 };

/* Appends the gzip form of bytes. The buf fails when it may not hold the most that could be. */
void gzip_compress(struct str bytes, struct buf *gzip, int level);

#endif
