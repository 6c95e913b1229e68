/* SPDX-License-Identifier: Apache-2.0 */
/* output - the answers of one read event, written with one call: see output.h. */
#include "http/output.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"

enum { COPIED_BYTES_KEPT = 256 * 1024 };

void output_open(struct output *output)
{
    *output = (struct output){0};
    buf_open(&output->copied, SIZE_MAX / 2);
}

void output_close(struct output *output)
{
    assert(output->piece_count == 0);
    buf_close(&output->copied);
}

bool output_is_full(const struct output *output)
{
    return output->copied.size >= OUTPUT_FLUSH_BYTES ||
           output->piece_count >= OUTPUT_PIECES_MAX - 3;
}

char *output_reserve(struct output *output, size_t bytes)
{
    char *room = buf_reserve(&output->copied, bytes);
    assert(room != NULL);
    return room;
}

static struct output_piece *add_piece(struct output *output)
{
    assert(output->piece_count < OUTPUT_PIECES_MAX);
    struct output_piece *piece = &output->pieces[output->piece_count++];
    *piece = (struct output_piece){0};
    return piece;
}

void output_advance(struct output *output, size_t bytes)
{
    buf_advance(&output->copied, bytes);
    struct output_piece *last =
        output->piece_count == 0 ? NULL : &output->pieces[output->piece_count - 1];
    if (last == NULL || last->data != NULL)
        last = add_piece(output);
    last->size += bytes;
}

void output_append(struct output *output, struct str bytes)
{
    if (bytes.size == 0)
        return;
    memcpy(output_reserve(output, bytes.size), bytes.data, bytes.size);
    output_advance(output, bytes.size);
}

void output_borrow(struct output *output, struct str bytes, void *owner, void (*release)(void *))
{
    assert(bytes.data != NULL);
    *add_piece(output) = (struct output_piece){bytes.data, bytes.size, owner, release};
}

static void release_piece(struct output_piece *piece)
{
    if (piece->release != NULL)
        piece->release(piece->owner);
    piece->release = NULL;
}

static void clear(struct output *output)
{
    output->piece_count = 0;
    if (output->copied.capacity > COPIED_BYTES_KEPT)
        buf_close(&output->copied);
    else
        buf_clear(&output->copied);
}

void output_discard(struct output *output)
{
    for (size_t i = 0; i < output->piece_count; i++)
        release_piece(&output->pieces[i]);
    clear(output);
}

/* ---- what could not be written at once ------------------------------------------------------ */

/* Bytes to copy of what is left behind the first `written`: all but bodies that have an owner. */
static size_t copied_size_after(const struct output *output, size_t written)
{
    size_t copied = 0;
    for (size_t i = 0; i < output->piece_count; i++) {
        const struct output_piece *piece = &output->pieces[i];
        size_t done = written < piece->size ? written : piece->size;
        written -= done;
        if (piece->release == NULL)
            copied += piece->size - done;
    }
    return copied;
}

static inline size_t gather(const struct output *output, uv_buf_t *buffers)
{
    size_t total = 0;
    char *copied = output->copied.data;
    for (size_t i = 0; i < output->piece_count; i++) {
        const struct output_piece *piece = &output->pieces[i];
        assert(piece->size <= UINT32_MAX);
        char *base = piece->data == NULL ? copied : (char *)(uintptr_t)piece->data;
        if (piece->data == NULL)
            copied += piece->size;
        buffers[i] = uv_buf_init(base, (unsigned)piece->size);
        total += piece->size;
    }
    return total;
}

struct output_rest *output_take_rest(struct output *output, size_t written)
{
    uv_buf_t buffers[OUTPUT_PIECES_MAX];
    gather(output, buffers);
    struct output_rest *rest =
        memory_allocate(sizeof(struct output_rest) + copied_size_after(output, written));
    char *copy = rest->copied;
    for (size_t i = 0; i < output->piece_count; i++) {
        struct output_piece *piece = &output->pieces[i];
        size_t done = written < piece->size ? written : piece->size;
        size_t left = piece->size - done;
        char *from = buffers[i].base + done;
        written -= done;
        rest->bytes += left;
        if (left == 0) {
            release_piece(piece);
        } else if (piece->release != NULL) {
            rest->owners[rest->owner_count++] = *piece;
            rest->pieces[rest->piece_count++] = uv_buf_init(from, (unsigned)left);
        } else {
            memcpy(copy, from, left);
            rest->pieces[rest->piece_count++] = uv_buf_init(copy, (unsigned)left);
            copy += left;
        }
    }
    clear(output);
    return rest;
}

void output_rest_free(struct output_rest *rest)
{
    for (size_t i = 0; i < rest->owner_count; i++)
        release_piece(&rest->owners[i]);
    memory_free(rest);
}

struct queued_write {
    uv_write_t write;
    void (*on_done)(uv_stream_t *stream, int status);
    struct output_rest *rest;
};

static void on_queued_written(uv_write_t *write, int status)
{
    struct queued_write *queued = write->data;
    uv_stream_t *stream = write->handle;
    void (*on_done)(uv_stream_t *, int) = queued->on_done;
    output_rest_free(queued->rest);
    memory_free(queued);
    on_done(stream, status);
}

static enum output_result queue_rest(struct output *output, uv_stream_t *stream, size_t written,
                                     void (*on_done)(uv_stream_t *, int))
{
    struct queued_write *queued = MEMORY_NEW(struct queued_write);
    queued->on_done = on_done;
    queued->write.data = queued;
    queued->rest = output_take_rest(output, written);
    if (uv_write(&queued->write, stream, queued->rest->pieces, (unsigned)queued->rest->piece_count,
                 on_queued_written) == 0)
        return OUTPUT_QUEUED;
    output_rest_free(queued->rest);
    memory_free(queued);
    return OUTPUT_BROKEN;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* As uv_try_write, but by the socket's own calls: write() takes the longer way through the file
 * layer, which shows where a request costs a few microseconds in all. */
static inline ssize_t send_now(uv_stream_t *stream, const uv_buf_t *buffers, size_t count)
{
    uv_os_fd_t descriptor = -1;
    if (uv_fileno((uv_handle_t *)stream, &descriptor) != 0)
        return -EBADF;
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    struct msghdr message = {.msg_iov = (struct iovec *)buffers, .msg_iovlen = count};
    static_assert(sizeof(uv_buf_t) == sizeof(struct iovec), "libuv promises it on Unix");
    ssize_t sent = 0;
    do
        sent = count == 1 ? send(descriptor, buffers->base, buffers->len, flags)
                          : sendmsg(descriptor, &message, flags);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

ssize_t output_send_now(uv_stream_t *stream, const uv_buf_t *buffers, size_t count)
{
    return send_now(stream, buffers, count);
}

size_t output_gather(const struct output *output, uv_buf_t *buffers)
{
    return gather(output, buffers);
}

enum output_result output_flush(struct output *output, uv_stream_t *stream, bool may_try,
                                void (*on_queued_done)(uv_stream_t *, int))
{
    if (output->piece_count == 0)
        return OUTPUT_WRITTEN;
    uv_buf_t buffers[OUTPUT_PIECES_MAX];
    size_t total = gather(output, buffers);
    output->bytes_written += total;
    ssize_t written = may_try ? send_now(stream, buffers, output->piece_count) : 0;
    if (written < 0) {
        output_discard(output);
        return OUTPUT_BROKEN;
    }
    if ((size_t)written == total) {
        output_discard(output); /* releases the bodies, all of them written */
        return OUTPUT_WRITTEN;
    }
    return queue_rest(output, stream, (size_t)written, on_queued_done);
}
