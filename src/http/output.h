/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - the answers of one read event, written with one call.
 *
 * One per loop. Heads and small bodies are copied together; a large body stays where it is and is
 * written from there. What the socket does not take at once goes into a queued write of its own,
 * so the output is empty again after every flush.
 */
#ifndef HTTP_OUTPUT_H
#define HTTP_OUTPUT_H

#include <uv.h>

#include "base/buf.h"

enum {
    OUTPUT_PIECES_MAX = 64,
    OUTPUT_BORROW_BYTES = 16 * 1024, /* from this size on a body is not copied */
    OUTPUT_FLUSH_BYTES = 64 * 1024,  /* more copied bytes than this are written early */
};

struct output_piece {
    const char *data; /* NULL: `size` copied bytes, in the order they were copied */
    size_t size;
    void *owner; /* release(owner) once written; release NULL: nobody to tell */
    void (*release)(void *owner);
};

struct output {
    struct buf copied;
    struct output_piece pieces[OUTPUT_PIECES_MAX];
    size_t piece_count;
    uint64_t bytes_written; /* handed over so far, for the counters */
};

void output_open(struct output *output);
void output_close(struct output *output);

bool output_is_full(const struct output *output); /* flush before adding another answer */

/* Room for up to `bytes` copied bytes; then output_advance by what was really put there. */
char *output_reserve(struct output *output, size_t bytes);
void output_advance(struct output *output, size_t bytes);
void output_append(struct output *output, struct str bytes);

/* Body bytes that stay where they are until written. */
void output_borrow(struct output *output, struct str bytes, void *owner, void (*release)(void *));

enum output_result { OUTPUT_WRITTEN, OUTPUT_QUEUED, OUTPUT_BROKEN };

/* Writes everything; on_queued_done is called, with status, for what had to be queued. may_try is
 * false while earlier bytes are still queued. Empties the output in every case. */
enum output_result output_flush(struct output *output, uv_stream_t *stream, bool may_try,
                                void (*on_queued_done)(uv_stream_t *stream, int status));

/* ---- for tls_session.c, which puts something between the output and the socket -------------- */

/* Points a buffer at every piece and returns the bytes they hold together. */
size_t output_gather(const struct output *output, uv_buf_t *buffers);

/* The bytes the socket took at once, 0 when it is full; negative when it is broken. */
ssize_t output_send_now(uv_stream_t *stream, const uv_buf_t *buffers, size_t count);

/* What could not be written yet, on its own: copies, and bodies shared with their owners. */
struct output_rest {
    size_t bytes;
    size_t piece_count, owner_count;
    uv_buf_t pieces[OUTPUT_PIECES_MAX];
    struct output_piece owners[OUTPUT_PIECES_MAX];
    char copied[];
};
/* All behind the first `written` bytes. Empties the output. */
struct output_rest *output_take_rest(struct output *output, size_t written);
void output_rest_free(struct output_rest *rest);

/* Forgets everything unwritten: the connection is gone. */
void output_discard(struct output *output);

#endif
