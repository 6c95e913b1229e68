/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate_serve - what a serve dealt, and how: the text, its hash, whose range the ticket is in.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "dialect/admin/evaluate.h"
#include "model/codec.h"
#include "model/names.h"

static struct str kind_name(enum serve_kind kind)
{
    switch (kind) {
    case SERVE_VARIATION:
        return STR("variation");
    case SERVE_SPLIT:
        return STR("split");
    case SERVE_PROGRESSIVE:
        return STR("progressive");
    case SERVE_BUCKET:
        return STR("bucket");
    case SERVE_PROGRESSIVE_BUCKET:
        return STR("progressiveBucket");
    }
    assert(false);
    return STR("");
}

/* Sixty bits are more than JSON's readers hold: they are said as the digits they come from. */
static void write_hash_value(struct json_writer *writer, const struct explained_serve *serve)
{
    char digits[16];
    if (serve->hash_name == FLAG_HASH_SHA1_60) {
        int size = snprintf(digits, sizeof(digits), "%015" PRIx64, serve->hash);
        json_member_string(writer, STR("value"), (struct str){digits, (size_t)size});
        return;
    }
    json_member_u64(writer, STR("value"), serve->hash);
    if (serve->hash_name == FLAG_HASH_MURMUR3_32_PERCENT)
        json_member_u64(writer, STR("second"), serve->second_hash);
}

static void write_hash(struct json_writer *writer, const struct explained_serve *serve)
{
    json_key(writer, STR("hash"));
    json_object_begin(writer);
    json_member_string(writer, STR("name"), name_at(&flag_hash_names, serve->hash_name));
    json_member_string(writer, STR("input"), serve->input);
    write_hash_value(writer, serve);
    json_object_end(writer);
}

static void write_slice(struct json_writer *writer, const struct explained_serve *serve)
{
    json_member_u64(writer, STR("percent"), serve->percent);
    json_key(writer, STR("slice"));
    json_object_begin(writer);
    json_member_u64(writer, STR("start"), serve->slice_start);
    json_member_u64(writer, STR("end"), serve->slice_end);
    json_object_end(writer);
}

static void write_ranges(struct json_writer *writer, const struct flag *flag,
                         const struct explained_serve *serve)
{
    json_key(writer, STR("ranges"));
    json_array_begin(writer);
    for (size_t i = 0; i < serve->range_count; i++) {
        const struct explained_range *range = &serve->ranges[i];
        json_object_begin(writer);
        admin_member_variation(writer, STR("variation"), flag, range->variation);
        json_member_u64(writer, STR("start"), range->start);
        json_member_u64(writer, STR("end"), range->end);
        json_member_boolean(writer, STR("chosen"), (int)i == serve->chosen);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void write_progress(struct json_writer *writer, const struct explained_serve *serve)
{
    json_key(writer, STR("schedule"));
    schedule_encode(&serve->serve->schedule, writer);
    json_key(writer, STR("progress"));
    json_number(writer, serve->progress);
}

static void write_dealing(struct json_writer *writer, const struct flag *flag,
                          const struct explained_serve *serve)
{
    json_member_string(writer, STR("by"), serve->bucket_by);
    json_member_string(writer, STR("salt"), serve->salt);
    json_member_boolean(writer, STR("hasSubject"), serve->has_subject);
    if (serve->is_progressive)
        write_progress(writer, serve);
    if (!serve->has_subject)
        return;
    write_hash(writer, serve);
    if (serve_is_bucket(serve->serve))
        write_slice(writer, serve);
    if (serve->ticket_count == 0)
        return; /* by murmur3_32_percent, behind the last slice: nothing to draw */
    json_member_u64(writer, STR("ticket"), serve->ticket);
    json_member_u64(writer, STR("tickets"), serve->ticket_count);
    write_ranges(writer, flag, serve);
}

void admin_write_serve(struct json_writer *writer, const struct flag *flag,
                       const struct explained_serve *serve)
{
    json_object_begin(writer);
    json_member_string(writer, STR("kind"), kind_name(serve->serve->kind));
    admin_member_variation(writer, STR("variation"), flag, serve->variation);
    if (serve->lacks_key)
        json_member_boolean(writer, STR("lacksKey"), true);
    if (serve->serve->kind != SERVE_VARIATION)
        write_dealing(writer, flag, serve);
    json_object_end(writer);
}
