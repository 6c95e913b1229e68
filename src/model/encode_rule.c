/* SPDX-License-Identifier: Apache-2.0 */
/* encode_rule - expressions, serves and schedules as JSON: see codec.h. Member order is part of the
 * format, as in encode.c. */
#include <assert.h>

#include "model/codec.h"
#include "model/encode.h"
#include "model/limits.h"

static void encode_match(const struct expression *match, struct json_writer *writer)
{
    json_member_string(writer, STR("op"), STR("match"));
    json_member_string(writer, STR("attribute"), match->attribute);
    json_member_string(writer, STR("operator"), operator_name(match->operator));
    if (match->has_value)
        json_member_tree(writer, STR("value"), &match->value);
}

static void encode_segment_leaf(const struct expression *expression, struct json_writer *writer)
{
    json_member_string(writer, STR("op"), STR("segment"));
    json_member_string(writer, STR("segment"), expression->segment);
    if (expression->is_negated)
        json_member_boolean(writer, STR("negate"), true);
}

static void encode_node(const struct expression *expression, struct json_writer *writer,
                        size_t nesting);

static void encode_children(const struct expression *expression, struct json_writer *writer,
                            size_t nesting)
{
    json_key(writer, STR("expressions"));
    json_array_begin(writer);
    for (size_t i = 0; i < expression->child_count; i++)
        encode_node(&expression->children[i], writer, nesting + 1);
    json_array_end(writer);
}

/* Recursion is bounded by RULE_NESTING_MAX, which both decoder and check enforce. */
static void encode_node(const struct expression *expression, struct json_writer *writer,
                        size_t nesting)
{
    assert(nesting <= RULE_NESTING_MAX);
    json_object_begin(writer);
    switch (expression->kind) {
    case EXPRESSION_ALL:
        json_member_string(writer, STR("op"), STR("all"));
        encode_children(expression, writer, nesting);
        break;
    case EXPRESSION_ANY:
        json_member_string(writer, STR("op"), STR("any"));
        encode_children(expression, writer, nesting);
        break;
    case EXPRESSION_NOT:
        assert(expression->child_count == 1);
        json_member_string(writer, STR("op"), STR("not"));
        json_key(writer, STR("expression"));
        encode_node(&expression->children[0], writer, nesting + 1);
        break;
    case EXPRESSION_MATCH:
        encode_match(expression, writer);
        break;
    case EXPRESSION_SEGMENT:
        encode_segment_leaf(expression, writer);
        break;
    }
    json_object_end(writer);
}

void expression_encode(const struct expression *expression, struct json_writer *writer)
{
    encode_node(expression, writer, 0);
}

static void encode_allocations(struct json_writer *writer, const struct allocation *allocations,
                               size_t count)
{
    json_key(writer, STR("variations"));
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(writer);
        encode_optional(writer, STR("variation"), allocations[i].variation);
        json_member_u64(writer, STR("weight"), allocations[i].weight);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_percents(struct json_writer *writer, const struct slice *slice,
                            bool is_progressive)
{
    if (!is_progressive) {
        json_member_u64(writer, STR("percent"), slice->percent);
        return;
    }
    json_member_u64(writer, STR("from"), slice->percent);
    json_member_u64(writer, STR("to"), slice->percent_to);
}

static void encode_bucket_members(struct json_writer *writer, const struct bucket *bucket,
                                  bool is_progressive)
{
    encode_optional(writer, STR("bucketBy"), bucket->bucket_by);
    encode_optional(writer, STR("salt"), bucket->salt);
    json_key(writer, STR("slices"));
    json_array_begin(writer);
    for (size_t i = 0; i < bucket->slice_count; i++) {
        const struct slice *slice = &bucket->slices[i];
        json_object_begin(writer);
        encode_percents(writer, slice, is_progressive);
        encode_allocations(writer, slice->allocations, slice->allocation_count);
        json_object_end(writer);
    }
    json_array_end(writer);
    encode_optional(writer, STR("otherwise"), bucket->otherwise);
}

/* Serving nothing is said aloud, so that a serve always has exactly one member. */
static void encode_served(struct json_writer *writer, struct str variation)
{
    json_key(writer, STR("variation"));
    if (str_is_absent(variation))
        json_null(writer);
    else
        json_string(writer, variation);
}

static void encode_split(struct json_writer *writer, struct str key, const struct split *split)
{
    json_key(writer, key);
    json_object_begin(writer);
    encode_allocations(writer, split->allocations, split->allocation_count);
    encode_optional(writer, STR("bucketBy"), split->bucket_by);
    encode_optional(writer, STR("salt"), split->salt);
    json_object_end(writer);
}

/* When a progressive serve is on its way. */
static void encode_way(struct json_writer *writer, const struct schedule *schedule)
{
    json_member_string(writer, STR("start"), schedule->start);
    json_member_string(writer, STR("end"), schedule->end);
}

void serve_encode(const struct serve *serve, struct json_writer *writer)
{
    json_object_begin(writer);
    switch (serve->kind) {
    case SERVE_VARIATION:
        encode_served(writer, serve->variation);
        break;
    case SERVE_BUCKET:
        json_key(writer, STR("bucket"));
        json_object_begin(writer);
        encode_bucket_members(writer, &serve->bucket, false);
        json_object_end(writer);
        break;
    case SERVE_PROGRESSIVE_BUCKET:
        json_key(writer, STR("progressiveBucket"));
        json_object_begin(writer);
        encode_way(writer, &serve->schedule);
        encode_bucket_members(writer, &serve->bucket, true);
        json_object_end(writer);
        break;
    case SERVE_SPLIT:
        encode_split(writer, STR("rollout"), &serve->split);
        break;
    case SERVE_PROGRESSIVE:
        json_key(writer, STR("progressive"));
        json_object_begin(writer);
        encode_way(writer, &serve->schedule);
        encode_split(writer, STR("from"), &serve->split);
        encode_split(writer, STR("to"), &serve->to);
        json_object_end(writer);
        break;
    }
    json_object_end(writer);
}

void schedule_encode(const struct schedule *schedule, struct json_writer *writer)
{
    json_object_begin(writer);
    encode_optional(writer, STR("start"), schedule->start);
    encode_optional(writer, STR("end"), schedule->end);
    json_object_end(writer);
}
