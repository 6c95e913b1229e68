/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of ids as they come in pieces, in either form, and what is refused. */
#include "dialect/admin/cohort_upload.h"

#include "base/random.h"
#include "model/cohort.h"

#include "test.h"

static struct http_body_sink *open_upload(const char *content_type)
{
    struct http_body_sink *sink = NULL;
    random_open();
    CHECK_OK(cohort_upload_open(str_of(content_type), &sink));
    return sink;
}

/* In pieces of so many bytes; false when the upload wanted no more. */
static bool send(struct http_body_sink *sink, const char *text, size_t piece_bytes)
{
    struct str all = str_of(text);
    for (size_t at = 0; at < all.size; at += piece_bytes) {
        size_t end = at + piece_bytes < all.size ? at + piece_bytes : all.size;
        if (!sink->write(sink, str_slice(all, at, end)))
            return false;
    }
    return true;
}

static struct str join_members(struct arena *arena, const struct cohort_members *members)
{
    struct str text = STR("");
    for (size_t i = 0; i < cohort_members_count(members); i++)
        text =
            arena_format(arena, "%.*s[%.*s]", STR_ARG(text), STR_ARG(cohort_member_at(members, i)));
    return text;
}

struct upload {
    const char *content_type, *text, *members;
};

TEST(ids_come_in_pieces_of_any_size)
{
    static const struct upload uploads[] = {
        {"text/plain", "", ""},
        {"text/plain", "b\na\n", "[a][b]"},
        {"text/plain; charset=utf-8", "b\r\na", "[a][b]"},
        {"Text/Plain", "\n\nb\n\n\r\na\nb\n", "[a][b]"},
        {"text/plain", "gr\xc3\xbc\xc3\x9f\na b", "[a b][gr\xc3\xbc\xc3\x9f]"},
        {"application/json", "[\"b\",\"a\",\"b\"]", "[a][b]"},
        {"application/json", "{\"memberIds\":[\"b\",\"a\"]}", "[a][b]"},
        {"application/json", "[]", ""},
    };
    for (size_t i = 0; i < COUNT_OF(uploads); i++) {
        for (size_t piece_bytes = 1; piece_bytes < 30; piece_bytes++) {
            struct arena arena;
            struct cohort_members *members = NULL;
            arena_open(&arena, 1024);
            struct http_body_sink *sink = open_upload(uploads[i].content_type);
            CHECK(send(sink, uploads[i].text, piece_bytes));
            CHECK_OK(cohort_upload_finish(sink, &arena, &members));
            CHECK_STR(join_members(&arena, members), str_of(uploads[i].members));
            cohort_members_release(members);
            arena_close(&arena);
        }
    }
}

TEST(what_is_wrong_is_told_with_its_place)
{
    static const struct {
        const char *content_type, *text, *why, *where;
    } uploads[] = {
        {"text/plain", "a\nb\n\xff\nc\n", "id 3: a member must be 1 to 256 bytes of valid UTF-8",
         "/memberIds"},
        {"text/plain", "a\n\nc\n\xff", "id 4: a member must be 1 to 256 bytes of valid UTF-8",
         "/memberIds"},
        {"application/json", "[\"a\",\"\"]", "id 2: a member must be 1 to 256 bytes of valid UTF-8",
         "/memberIds"},
        {"application/json", "[\"a\",1]", "id 2: must be texts", "/memberIds"},
        {"application/json", "{}", "must be a list of texts", "/memberIds"},
        {"application/json", "{\"memberIds\":{}}", "must be a list of texts", "/memberIds"},
        {"application/json", "{\"memberIds\":[],\"a/b\":1}", "this member is not known here",
         "/a~1b"},
        {"application/json", "", "the body is not JSON", ""},
        {"application/json", "[[[\"a\"]]]", "the body is not JSON", ""},
    };
    for (size_t i = 0; i < COUNT_OF(uploads); i++) {
        for (size_t piece_bytes = 1; piece_bytes < 12; piece_bytes++) {
            struct arena arena;
            struct cohort_members *members = NULL;
            arena_open(&arena, 1024);
            struct http_body_sink *sink = open_upload(uploads[i].content_type);
            send(sink, uploads[i].text, piece_bytes);
            struct fault fault = cohort_upload_finish(sink, &arena, &members);
            CHECK_INT(fault.kind, FAULT_INVALID);
            CHECK_STR(fault.where, str_of(uploads[i].where));
            CHECK_STR(fault.why, str_of(uploads[i].why));
            CHECK(members == NULL);
            arena_close(&arena);
        }
    }
}

TEST(a_line_without_an_end_is_not_kept)
{
    struct arena arena;
    struct cohort_members *members = NULL;
    arena_open(&arena, 1024);
    struct http_body_sink *sink = open_upload("text/plain");
    bool wants_more = true;
    size_t sent = 0;
    for (; wants_more && sent < 1000; sent++)
        wants_more = sink->write(sink, STR("x"));
    CHECK_INT(sent, 258); /* 256 bytes, perhaps a carriage return, and one too many */
    CHECK(!sink->write(sink, STR("\n")));
    CHECK_FAULT(cohort_upload_finish(sink, &arena, &members), FAULT_INVALID);
    arena_close(&arena);
}

TEST(an_upload_may_be_abandoned_at_any_point)
{
    const char *const types[] = {"text/plain", "application/json"};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct http_body_sink *sink = open_upload(types[i]);
        sink->abandon(sink);
        sink = open_upload(types[i]);
        send(sink, "[\"a\",\n\"b", 3);
        sink->abandon(sink);
    }
}

TEST(other_types_are_refused)
{
    static const char *const types[] = {"", "text/csv", "application/jsonl", "text/plain2"};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct http_body_sink *sink = NULL;
        CHECK_FAULT(cohort_upload_open(str_of(types[i]), &sink), FAULT_INVALID);
        CHECK(sink == NULL);
    }
}

TESTS(ids_come_in_pieces_of_any_size, what_is_wrong_is_told_with_its_place,
      a_line_without_an_end_is_not_kept, an_upload_may_be_abandoned_at_any_point,
      other_types_are_refused)
