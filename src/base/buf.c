/* SPDX-License-Identifier: Apache-2.0 */
/* buf - bytes being built: see buf.h. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

void buf_open(struct buf *buf, size_t bytes_max)
{
    *buf = (struct buf){.bytes_max = bytes_max};
}

void buf_close(struct buf *buf)
{
    memory_free(buf->data);
    *buf = (struct buf){.bytes_max = buf->bytes_max};
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->is_failed = false;
}

bool buf_failed(const struct buf *buf)
{
    return buf->is_failed;
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->data == NULL ? "" : buf->data, buf->size};
}

char *buf_reserve(struct buf *buf, size_t bytes)
{
    if (buf->is_failed)
        return NULL;
    if (buf->capacity - buf->size >= bytes && buf->data != NULL)
        return buf->data + buf->size;
    if (bytes > buf->bytes_max || buf->size > buf->bytes_max - bytes) {
        buf->is_failed = true;
        return NULL;
    }
    size_t needed = buf->size + bytes;
    size_t capacity = buf->capacity < 128 ? 128 : buf->capacity;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    if (capacity > buf->bytes_max)
        capacity = buf->bytes_max < needed ? needed : buf->bytes_max;
    buf->data = memory_resize(buf->data, capacity);
    buf->capacity = capacity;
    return buf->data + buf->size;
}

void buf_advance(struct buf *buf, size_t bytes)
{
    assert(bytes <= buf->capacity - buf->size);
    buf->size += bytes;
}

void buf_append(struct buf *buf, struct str s)
{
    if (s.size == 0)
        return;
    char *room = buf_reserve(buf, s.size);
    if (room == NULL)
        return;
    memcpy(room, s.data, s.size);
    buf->size += s.size;
}

void buf_append_byte(struct buf *buf, char byte)
{
    char *room = buf_reserve(buf, 1);
    if (room == NULL)
        return;
    *room = byte;
    buf->size++;
}

void buf_append_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buf_append(buf, (struct str){digits + at, sizeof(digits) - at});
}

void buf_append_format(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(size >= 0);
    char *room = buf_reserve(buf, (size_t)size + 1);
    if (room != NULL) {
        vsnprintf(room, (size_t)size + 1, format, again);
        buf->size += (size_t)size;
    }
    va_end(again);
}
