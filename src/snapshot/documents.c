/* SPDX-License-Identifier: Apache-2.0 */
/* documents - an environment's documents as JSON, and back: see documents.h. */
#include "snapshot/documents.h"

#include "model/codec.h"
#include "snapshot/member.h"

/* ---- to text ----------------------------------------------------------------------------- */

struct snapshot_parts documents_of(const struct snapshot *snapshot)
{
    return (struct snapshot_parts){
        .environment = snapshot->environment,
        .version = snapshot->version,
        .now_ms = snapshot->published_ms,
        .app_id = snapshot->state.app_id,
        .name = snapshot->state.name,
        .settings = snapshot->settings,
        .flags = snapshot->flags,
        .flag_count = snapshot->state.flag_count,
        .segments = snapshot->segments,
        .segment_count = snapshot->state.segment_count,
        .cohorts = snapshot->cohorts,
        .cohort_count = snapshot->state.cohort_count,
    };
}

static void document_string(struct json_writer *writer, struct buf *scratch)
{
    json_string(writer, buf_str(scratch));
    buf_clear(scratch);
}

static void encode_flag(struct json_writer *writer, const struct flag_revision *revision,
                        struct buf *scratch)
{
    const struct provenance *provenance = &revision->provenance;
    json_object_begin(writer);
    json_member_u64(writer, STR("number"), provenance->number);
    json_member_u64(writer, STR("sequence"), provenance->sequence);
    json_member_u64(writer, STR("createdMs"), (uint64_t)provenance->created_ms);
    json_member_u64(writer, STR("modifiedMs"), (uint64_t)provenance->modified_ms);
    member_optional(writer, STR("createdBy"), provenance->created_by);
    member_optional(writer, STR("modifiedBy"), provenance->modified_by);
    json_key(writer, STR("document"));
    flag_encode(&revision->flag, scratch);
    document_string(writer, scratch);
    json_object_end(writer);
}

void documents_encode(const struct snapshot_parts *parts, struct json_writer *writer)
{
    struct buf scratch;
    buf_open(&scratch, SIZE_MAX);
    json_key(writer, STR("settings"));
    settings_encode(&parts->settings, &scratch);
    document_string(writer, &scratch);
    json_key(writer, STR("flags"));
    json_array_begin(writer);
    for (size_t i = 0; i < parts->flag_count; i++)
        encode_flag(writer, parts->flags[i], &scratch);
    json_array_end(writer);
    json_key(writer, STR("segments"));
    json_array_begin(writer);
    for (size_t i = 0; i < parts->segment_count; i++) {
        segment_encode(&parts->segments[i]->segment, &scratch);
        document_string(writer, &scratch);
    }
    json_array_end(writer);
    json_key(writer, STR("cohorts"));
    json_array_begin(writer);
    for (size_t i = 0; i < parts->cohort_count; i++) {
        const struct cohort_revision *revision = parts->cohorts[i];
        cohort_document_encode(&revision->cohort, &revision->digest, &scratch);
        document_string(writer, &scratch);
    }
    json_array_end(writer);
    buf_close(&scratch);
}

/* ---- and back ---------------------------------------------------------------------------- */

static struct fault decode_flag(struct arena *arena, const struct json *json,
                                struct flag_revision **revision)
{
    const struct provenance provenance = {
        .number = member_count(json, STR("number")),
        .sequence = member_count(json, STR("sequence")),
        .created_ms = (int64_t)member_count(json, STR("createdMs")),
        .modified_ms = (int64_t)member_count(json, STR("modifiedMs")),
        .created_by = member_text(json, STR("createdBy")),
        .modified_by = member_text(json, STR("modifiedBy")),
    };
    struct flag flag;
    struct fault fault = flag_decode(arena, member_text(json, STR("document")), &flag);
    if (!failed(fault))
        *revision = flag_revision_make(&flag, &provenance);
    return fault;
}

static struct fault decode_flags(struct arena *arena, const struct json *json,
                                 struct snapshot_parts *parts)
{
    size_t count = 0;
    const struct json *items = member_list(json, STR("flags"), &count);
    struct flag_revision **revisions = ARENA_NEW_ARRAY(arena, struct flag_revision *, count);
    parts->flags = revisions;
    for (size_t i = 0; i < count; i++) {
        struct fault fault = decode_flag(arena, &items[i], &revisions[i]);
        if (failed(fault))
            return fault;
        parts->flag_count++;
    }
    return fault_none();
}

static struct fault decode_cohorts(struct arena *arena, const struct json *json,
                                   struct members_shelf *shelf, struct snapshot_parts *parts)
{
    size_t count = 0;
    const struct json *items = member_list(json, STR("cohorts"), &count);
    struct cohort_revision **revisions = ARENA_NEW_ARRAY(arena, struct cohort_revision *, count);
    parts->cohorts = revisions;
    for (size_t i = 0; i < count; i++) {
        struct fault fault = items[i].type == JSON_STRING
                                 ? cohort_revision_load(shelf, items[i].string, &revisions[i])
                                 : fault_make(FAULT_INVALID, STR("cohorts"), STR("not a document"));
        if (failed(fault))
            return fault;
        parts->cohort_count++;
    }
    return fault_none();
}

static struct fault decode_segments(struct arena *arena, const struct json *json,
                                    struct snapshot_parts *parts)
{
    const struct json *items = member_list(json, STR("segments"), &parts->segment_count);
    struct segment_revision **revisions =
        ARENA_NEW_ARRAY(arena, struct segment_revision *, parts->segment_count);
    parts->segments = revisions;
    size_t wanted = parts->segment_count;
    parts->segment_count = 0;
    for (size_t i = 0; i < wanted; i++) {
        struct segment segment;
        struct fault fault =
            items[i].type == JSON_STRING
                ? segment_decode(arena, items[i].string, &segment)
                : fault_make(FAULT_INVALID, STR("segments"), STR("not a document"));
        if (failed(fault))
            return fault;
        revisions[parts->segment_count++] = segment_revision_make(&segment);
    }
    return fault_none();
}

void documents_release(struct snapshot_parts *parts)
{
    for (size_t i = 0; i < parts->flag_count; i++)
        flag_revision_release(parts->flags[i]);
    for (size_t i = 0; i < parts->segment_count; i++)
        segment_revision_release(parts->segments[i]);
    for (size_t i = 0; i < parts->cohort_count; i++)
        cohort_revision_release(parts->cohorts[i]);
}

struct fault documents_decode(struct arena *arena, const struct json *json,
                              struct members_shelf *shelf, struct snapshot_parts *parts)
{
    struct fault fault =
        settings_decode(arena, member_text(json, STR("settings")), &parts->settings);
    if (!failed(fault))
        fault = decode_flags(arena, json, parts);
    if (!failed(fault))
        fault = decode_segments(arena, json, parts);
    if (!failed(fault))
        fault = decode_cohorts(arena, json, shelf, parts);
    return fault;
}
