/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk - the chunked transfer coding, strictly (RFC 9112 section 7.1).
 *
 * Every line ends in CR LF, a size is one to sixteen hexadecimal digits, extensions and trailers
 * are walked over and capped. It is ours because the framing must be walked to refuse what llhttp
 * lets through in its lenient builds; the fuzz target holds it against llhttp: whatever this
 * accepts, llhttp reads as the same bytes.
 */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include "base/buf.h"

enum { CHUNK_EXTENSION_BYTES_MAX = 256, CHUNK_TRAILER_BYTES_MAX = 8192 }; /* of one body */

struct chunk_decoder { /* zero before the first byte */
    uint64_t left;     /* bytes of the current chunk still to come; the size while it is read */
    uint32_t extension_bytes;
    uint32_t trailer_bytes;
    uint8_t state;
    uint8_t digits;
};

enum chunk_verdict { CHUNK_MORE, CHUNK_DONE, CHUNK_REFUSED, CHUNK_TOO_LARGE };

/* Takes bytes, appends the data among them to body (NULL: counts only) and sets *used. TOO_LARGE:
 * a chunk that body's maximum has no room for, known before its bytes have come. */
enum chunk_verdict chunk_decode(struct chunk_decoder *decoder, struct str bytes, struct buf *body,
                                size_t *used);

#endif
