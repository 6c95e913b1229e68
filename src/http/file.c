/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file - an answer whose body is a file: see file.h.
 *
 * A stream whose length was said beforehand. One piece is in memory at a time, and the next is read
 * when the socket has taken it; a reader that is faster than the disk gets a few pieces a turn, so
 * that the loop's other connections have theirs. The kernel is told to read ahead: a piece that is
 * not in its cache yet would hold up the loop.
 */
#include "http/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#include "base/memory.h"
#include "http/loop.h"
#include "http/stream.h"

enum {
    PIECE_BYTES = 128 * 1024,
    PIECES_PER_TURN = 4,
    AHEAD_BYTES = 4 * 1024 * 1024,
    TURN_MS = 1,
};

struct sending {
    struct http_stream *stream;
    uv_timer_t turn; /* the next one, when this one's share is used up */
    int descriptor;
    uint64_t at, size;
    void *owner;
    void (*release)(void *owner);
    bool is_piece_out; /* the piece is being written */
    char piece[PIECE_BYTES];
};

static void on_piece_written(void *owner)
{
    struct sending *sending = owner;
    sending->is_piece_out = false;
}

static void let_go_of_file(struct sending *sending)
{
    if (sending->release != NULL)
        sending->release(sending->owner);
    sending->release = NULL;
}

/* The next piece, or fewer bytes than it should have. */
static size_t read_piece(struct sending *sending)
{
    uint64_t left = sending->size - sending->at;
    size_t wanted = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
    size_t size = 0;
    while (size < wanted) {
        ssize_t got = pread(sending->descriptor, sending->piece + size, wanted - size,
                            (off_t)(sending->at + size));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    return size == wanted ? size : 0;
}

/* False: nothing more can be sent, and the other side learns it by the missing bytes. */
static bool send_piece(struct sending *sending)
{
    size_t size = read_piece(sending);
    if (size == 0)
        return false;
    sending->at += size;
    if (sending->at == sending->size)
        let_go_of_file(sending); /* first: whoever has the last byte may ask for the next file */
    else
        posix_fadvise(sending->descriptor, (off_t)sending->at, AHEAD_BYTES, POSIX_FADV_WILLNEED);
    sending->is_piece_out = true;
    http_stream_send(sending->stream, (struct str){sending->piece, size}, sending,
                     on_piece_written);
    return true;
}

/* Until on_drained, or for ever. What is encrypted is let go of before it is written. */
static bool must_wait(const struct sending *sending)
{
    return sending->is_piece_out || !stream_is_open(sending->stream) ||
           http_stream_unsent_bytes(sending->stream) > 0;
}

static void on_turn(uv_timer_t *turn);

/* Nothing that was sent before is on its way still. */
static void send_more(struct sending *sending)
{
    for (unsigned i = 0; i < PIECES_PER_TURN && sending->at < sending->size; i++) {
        if (!send_piece(sending)) {
            http_stream_cut(sending->stream);
            return;
        }
        if (sending->at < sending->size && must_wait(sending))
            return;
    }
    if (sending->at == sending->size)
        http_stream_end(sending->stream);
    else
        uv_timer_start(&sending->turn, on_turn, TURN_MS, 0);
}

static void on_turn(uv_timer_t *turn)
{
    struct sending *sending = turn->data;
    if (stream_is_open(sending->stream))
        send_more(sending);
}

static void on_drained(struct http_stream *stream, void *user)
{
    (void)stream;
    send_more(user);
}

static void free_sending(uv_handle_t *turn)
{
    memory_free(turn->data);
}

static void on_close(struct http_stream *stream, void *user)
{
    (void)stream;
    struct sending *sending = user;
    let_go_of_file(sending);
    uv_close((uv_handle_t *)&sending->turn, free_sending);
}

static const struct http_stream_events events = {on_close, on_drained};

void file_send(struct http_request *request, const struct http_response *response)
{
    struct http_loop *loop = request->loop;
    bool is_head = request->method == HTTP_HEAD;
    struct sending *sending = MEMORY_NEW(struct sending);
    sending->descriptor = response->file->descriptor;
    sending->size = response->file->size;
    sending->owner = response->body_owner;
    sending->release = response->release;
    uv_timer_init(&loop->uv, &sending->turn);
    sending->turn.data = sending;
    if (is_head)
        let_go_of_file(sending);
    sending->stream = stream_begin_sized(request, response->status, response->headers,
                                         response->file->size, &events, sending);
    if (sending->stream == NULL)
        on_close(NULL, sending);
    else if (!is_head)
        send_more(sending);
}
