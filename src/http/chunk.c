/* SPDX-License-Identifier: Apache-2.0 */
/* chunk - the chunked transfer coding, strictly: see chunk.h. */
#include "http/chunk.h"

#include <string.h>

#include "base/hex.h"

enum state {
    SIZE,      /* hexadecimal digits */
    EXTENSION, /* behind a ';', up to CR */
    SIZE_FEED, /* the LF of a size line */
    DATA,
    DATA_RETURN, /* the CR behind the data */
    DATA_FEED,
    TRAILER_START, /* first byte of a trailer line, or the CR of the empty one */
    TRAILER_NAME,  /* up to its colon */
    TRAILER,
    TRAILER_FEED,
    END_FEED, /* the LF of the empty line */
};

enum { SIZE_DIGITS_MAX = 16 };

static bool is_line_byte(unsigned char byte)
{
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

static bool take_size_byte(struct chunk_decoder *decoder, unsigned char byte)
{
    int value = hex_value((char)byte);
    if (value >= 0) {
        decoder->left = decoder->left << 4 | (unsigned)value;
        return ++decoder->digits <= SIZE_DIGITS_MAX;
    }
    if (decoder->digits == 0)
        return false;
    decoder->state = byte == ';' ? EXTENSION : SIZE_FEED;
    return byte == ';' || byte == '\r';
}

static bool take_extension_byte(struct chunk_decoder *decoder, unsigned char byte)
{
    if (byte == '\r') {
        decoder->state = SIZE_FEED;
        return true;
    }
    return is_line_byte(byte) && ++decoder->extension_bytes <= CHUNK_EXTENSION_BYTES_MAX;
}

/* RFC 9110 section 5.6.2: of a token. */
static bool is_name_byte(unsigned char byte)
{
    bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    bool is_digit = byte >= '0' && byte <= '9';
    return is_letter || is_digit || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool take_trailer_byte(struct chunk_decoder *decoder, unsigned char byte)
{
    if (byte == '\r') {
        decoder->state = TRAILER_FEED;
        return true;
    }
    return is_line_byte(byte) && ++decoder->trailer_bytes <= CHUNK_TRAILER_BYTES_MAX;
}

/* A trailer is walked over, but one that is no field is somebody else's request. */
static bool take_trailer_name_byte(struct chunk_decoder *decoder, unsigned char byte)
{
    bool is_first = decoder->state == TRAILER_START;
    if (is_first && byte == '\r') {
        decoder->state = END_FEED;
        return true;
    }
    bool is_end = byte == ':' && !is_first;
    decoder->state = is_end ? TRAILER : TRAILER_NAME;
    return (is_end || is_name_byte(byte)) && ++decoder->trailer_bytes <= CHUNK_TRAILER_BYTES_MAX;
}

/* A byte of the framing around the data; false refuses it. */
static bool take_byte(struct chunk_decoder *decoder, unsigned char byte)
{
    switch ((enum state)decoder->state) {
    case SIZE:
        return take_size_byte(decoder, byte);
    case EXTENSION:
        return take_extension_byte(decoder, byte);
    case SIZE_FEED:
        decoder->state = decoder->left == 0 ? TRAILER_START : DATA;
        return byte == '\n';
    case DATA_RETURN:
        decoder->state = DATA_FEED;
        return byte == '\r';
    case DATA_FEED:
        decoder->state = SIZE;
        decoder->digits = 0;
        return byte == '\n';
    case TRAILER_START:
    case TRAILER_NAME:
        return take_trailer_name_byte(decoder, byte);
    case TRAILER:
        return take_trailer_byte(decoder, byte);
    case TRAILER_FEED:
        decoder->state = TRAILER_START;
        return byte == '\n';
    case END_FEED:
        return byte == '\n';
    case DATA:
        break;
    }
    return false;
}

static size_t take_data(struct chunk_decoder *decoder, struct str bytes, struct buf *body)
{
    struct str data = str_slice(bytes, 0, decoder->left < bytes.size ? decoder->left : bytes.size);
    if (body != NULL)
        buf_append(body, data);
    decoder->left -= data.size;
    if (decoder->left == 0)
        decoder->state = DATA_RETURN;
    return data.size;
}

static bool has_room(const struct chunk_decoder *decoder, const struct buf *body)
{
    return body == NULL || decoder->left <= body->bytes_max - body->size;
}

enum chunk_verdict chunk_decode(struct chunk_decoder *decoder, struct str bytes, struct buf *body,
                                size_t *used)
{
    *used = 0;
    while (*used < bytes.size) {
        if (decoder->state == DATA) {
            if (!has_room(decoder, body))
                return CHUNK_TOO_LARGE;
            *used += take_data(decoder, str_slice(bytes, *used, bytes.size), body);
            continue;
        }
        bool is_end = decoder->state == END_FEED;
        if (!take_byte(decoder, (unsigned char)bytes.data[(*used)++]))
            return CHUNK_REFUSED;
        if (is_end)
            return CHUNK_DONE;
        if (decoder->state == DATA && !has_room(decoder, body))
            return CHUNK_TOO_LARGE;
    }
    return CHUNK_MORE;
}
