/* SPDX-License-Identifier: Apache-2.0 */
/* gzip - what is compressed reads back the same, and only who accepts it gets it. */
#include <pthread.h>
#include <string.h>
#include <zlib.h>

#include "base/gzip.h"
#include "http/http.h"
#include "test.h"

static void expect_same(struct str bytes, int level)
{
    struct buf gzip;
    struct buf back;
    buf_open(&gzip, SIZE_MAX);
    buf_open(&back, SIZE_MAX);
    buf_append(&gzip, STR("before"));
    gzip_compress(bytes, &gzip, level);
    struct str whole = str_slice(buf_str(&gzip), 6, gzip.size);
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)whole.data,
                       .avail_in = (unsigned)whole.size,
                       .next_out = (unsigned char *)buf_reserve(&back, bytes.size + 1),
                       .avail_out = (unsigned)bytes.size + 1};
    CHECK_INT(inflateInit2(&stream, 15 + 16), Z_OK);
    CHECK_INT(inflate(&stream, Z_FINISH), Z_STREAM_END);
    CHECK_INT(stream.avail_in, 0);
    buf_advance(&back, stream.total_out);
    CHECK_STR(buf_str(&back), bytes);
    CHECK_INT(inflateEnd(&stream), Z_OK);
    buf_close(&gzip);
    buf_close(&back);
}

static void fill(struct buf *buf, size_t size, bool is_noise)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        buf_append_byte(buf, is_noise ? (char)(state >> 24) : (char)('a' + (state >> 30)));
    }
}

TEST(what_is_compressed_reads_back_the_same)
{
    static const size_t sizes[] = {0, 1, 2, 100, 4095, 65536, 1000000};
    static const int levels[] = {GZIP_LEVEL_USUAL, GZIP_LEVEL_FAST, GZIP_LEVEL_SMALL,
                                 GZIP_LEVEL_FAST, GZIP_LEVEL_FAST};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct buf text;
        struct buf noise;
        buf_open(&text, SIZE_MAX);
        buf_open(&noise, SIZE_MAX);
        fill(&text, sizes[i], false);
        fill(&noise, sizes[i], true);
        for (size_t at = 0; at < COUNT_OF(levels); at++) {
            expect_same(buf_str(&text), levels[at]);
            expect_same(buf_str(&noise), levels[at]);
        }
        buf_close(&text);
        buf_close(&noise);
    }
}

TEST(text_becomes_smaller_and_a_buf_without_room_fails)
{
    struct buf text;
    struct buf gzip;
    buf_open(&text, SIZE_MAX);
    fill(&text, 10000, false);
    buf_open(&gzip, SIZE_MAX);
    gzip_compress(buf_str(&text), &gzip, GZIP_LEVEL_USUAL);
    CHECK(gzip.size < 4000);
    CHECK(!buf_failed(&gzip));
    buf_close(&gzip);
    buf_open(&gzip, 100);
    gzip_compress(buf_str(&text), &gzip, GZIP_LEVEL_USUAL);
    CHECK(buf_failed(&gzip));
    CHECK_INT(gzip.size, 0);
    buf_close(&gzip);
    buf_close(&text);
}

static void *compress_here(void *argument)
{
    struct buf *gzip = argument;
    /* What was compressed before leaves no trace. */
    struct buf other;
    buf_open(&other, SIZE_MAX);
    gzip_compress(STR("something else, something else"), &other, GZIP_LEVEL_SMALL);
    buf_close(&other);
    gzip_compress(STR("the same bytes, the same bytes, the same"), gzip, GZIP_LEVEL_USUAL);
    return NULL;
}

TEST(equal_bytes_give_equal_bytes_on_every_thread)
{
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0}; /* no time, no name */
    struct buf here;
    struct buf there;
    buf_open(&here, SIZE_MAX);
    buf_open(&there, SIZE_MAX);
    gzip_compress(STR("the same bytes, the same bytes, the same"), &here, GZIP_LEVEL_USUAL);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, compress_here, &there), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_STR(buf_str(&there), buf_str(&here));
    CHECK_INT(memcmp(here.data, head, sizeof(head)), 0);
    buf_close(&here);
    buf_close(&there);
}

static const struct {
    const char *says;
    bool is_accepted;
} cases[] = {
    {"gzip", true},
    {"GZip", true},
    {"x-gzip", true},
    {"gzip, deflate, br", true},
    {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
    {"deflate , gzip ; q=0.5", true},
    {"gzip;Q=1", true},
    {"gzip;q=1.000", true},
    {"gzip;q=0.001", true},
    {"*", true},
    {"*;q=0.3", true},
    {"gzip;q=0.5, identity;q=0.5", true},
    {"", false},
    {"identity", false},
    {"br, deflate", false},
    {"gzip;q=0", false},
    {"gzip;q=0.0", false},
    {"gzip;q=0.000", false},
    {"gzip;q=0, *", false}, /* what is named goes before what is not */
    {"*;q=0", false},
    {"*;q=0, gzip;q=0", false},
    {"gzip;q=0.4, identity;q=0.5", false},
    {"gzip;q=1.001", false}, /* malformed weights are no permission */
    {"gzip;q=2", false},
    {"gzip;q=-1", false},
    {"gzip;q=0.0001", false},
    {"gzip;q=", false},
    {"gzip;q=01", false},
    {"gzip;level=9", false},
    {"gzipped", false},
    {"nogzip", false},
    {",,,", false},
};

TEST(only_who_accepts_it_gets_it)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct http_header header = {STR("aCCept-enCoding"), str_of(cases[i].says)};
        const struct http_request request = {.headers = &header, .header_count = 1};
        if (http_accepts_gzip(&request) != cases[i].is_accepted)
            fprintf(stderr, "Accept-Encoding: %s\n", cases[i].says);
        CHECK(http_accepts_gzip(&request) == cases[i].is_accepted);
    }
    CHECK(!http_accepts_gzip(&(struct http_request){0}));
}

TEST(several_lines_are_one_list)
{
    const struct http_header headers[] = {{STR("Accept-Encoding"), STR("br")},
                                          {STR("Accept"), STR("gzip")},
                                          {STR("Accept-Encoding"), STR("gzip;q=0.2")}};
    const struct http_request request = {.headers = headers, .header_count = 3};
    CHECK(http_accepts_gzip(&request));
    CHECK(!http_accepts_gzip(&(struct http_request){.headers = headers, .header_count = 2}));
}

TESTS(what_is_compressed_reads_back_the_same, text_becomes_smaller_and_a_buf_without_room_fails,
      equal_bytes_give_equal_bytes_on_every_thread, only_who_accepts_it_gets_it,
      several_lines_are_one_list)
