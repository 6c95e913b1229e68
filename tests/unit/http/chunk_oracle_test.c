/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk oracle - whatever our decoder accepts, llhttp reads as the same bytes.
 *
 * Ours is the stricter one, so the reverse does not hold; only inside extensions and trailers,
 * which we walk over and llhttp 8 parses, may llhttp refuse what we accept. Bodies are drawn from a
 * seeded generator: well-formed ones, and such with a few bytes changed.
 */
#include <llhttp.h>
#include <string.h>

#include "http/chunk.h"
#include "test.h"

enum { ROUNDS = 30000, BODY_BYTES_MAX = 4096 };

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*state >> 33) % below;
}

static void append_line_end(struct buf *text)
{
    buf_append(text, STR("\r\n"));
}

static void draw_body(uint64_t *state, struct buf *text)
{
    buf_clear(text);
    for (uint32_t chunk = draw(state, 4); chunk > 0; chunk--) {
        uint32_t size = 1 + draw(state, 40);
        buf_append_format(text, draw(state, 2) == 0 ? "%x" : "%03X", size);
        if (draw(state, 3) == 0)
            buf_append(text, STR(";name=\"value\""));
        append_line_end(text);
        for (uint32_t i = 0; i < size; i++)
            buf_append_byte(text, (char)draw(state, 256));
        append_line_end(text);
    }
    buf_append(text, STR("0"));
    append_line_end(text);
    if (draw(state, 3) == 0)
        buf_append(text, STR("Trailer: value\r\n"));
    append_line_end(text);
}

static void spoil(uint64_t *state, struct buf *text)
{
    static const char bytes[] = "\r\n0123456789abcdefF;:x \t";
    for (uint32_t changes = draw(state, 3); changes > 0; changes--) {
        char *at = text->data + draw(state, (uint32_t)text->size);
        *at = bytes[draw(state, sizeof(bytes))];
    }
}

static int on_body(llhttp_t *parser, const char *at, size_t size)
{
    buf_append(parser->data, (struct str){at, size});
    return 0;
}

static int on_complete(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

/* The body as llhttp reads it; false when it does not see its end exactly at the end of text. */
static bool oracle_reads(struct str text, struct buf *body)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = body;
    buf_clear(body);
    CHECK_INT(llhttp_execute(&parser, head, sizeof(head) - 1), HPE_OK);
    return (enum llhttp_errno)llhttp_execute(&parser, text.data, text.size) == HPE_PAUSED &&
           llhttp_get_error_pos(&parser) == text.data + text.size;
}

TEST(what_we_accept_llhttp_reads_as_the_same_bytes)
{
    uint64_t state = 20261122;
    struct buf text;
    struct buf ours;
    struct buf theirs;
    buf_open(&text, SIZE_MAX);
    buf_open(&ours, BODY_BYTES_MAX);
    buf_open(&theirs, SIZE_MAX);
    size_t accepted = 0;
    size_t refused = 0;
    size_t plain = 0;
    for (int round = 0; round < ROUNDS; round++) {
        draw_body(&state, &text);
        spoil(&state, &text);
        struct chunk_decoder decoder = {0};
        size_t used = 0;
        buf_clear(&ours);
        if (chunk_decode(&decoder, buf_str(&text), &ours, &used) != CHUNK_DONE) {
            refused++;
            continue;
        }
        accepted++;
        struct str read = str_slice(buf_str(&text), 0, used);
        bool is_plain = !str_contains(read, STR(";")) && str_ends_with(read, STR("\r\n0\r\n\r\n"));
        bool is_read = oracle_reads(read, &theirs);
        CHECK(is_read || !is_plain);
        if (is_read)
            CHECK_STR(buf_str(&ours), buf_str(&theirs));
        plain += is_plain;
    }
    CHECK(accepted > ROUNDS / 4);
    CHECK(plain > ROUNDS / 20);
    CHECK(refused > ROUNDS / 20);
    buf_close(&text);
    buf_close(&ours);
    buf_close(&theirs);
}

TESTS(what_we_accept_llhttp_reads_as_the_same_bytes)
