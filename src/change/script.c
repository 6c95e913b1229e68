/* SPDX-License-Identifier: Apache-2.0 */
/* script - environments as text, and back: see script.h. */
#include "change/script.h"

#include "change/probe.h"
#include "snapshot/documents.h"
#include "snapshot/member.h"

/* ---- writing --------------------------------------------------------------------------------- */

static void write_positions(struct json_writer *writer, struct str key, const bool *is_part,
                            const bool *is_asked, size_t count)
{
    uint64_t position = 0;
    json_key(writer, key);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        if (is_asked[i])
            json_u64(writer, position);
        position += is_part[i] ? 1 : 0;
    }
    json_array_end(writer);
}

/* Only to be written: they hold no reference. */
static struct cohort_revision **thin_cohorts(struct arena *arena, const struct draft *draft)
{
    struct cohort_revision **thin =
        ARENA_NEW_ARRAY(arena, struct cohort_revision *, draft->cohort_count);
    for (size_t i = 0; i < draft->cohort_count; i++) {
        thin[i] = ARENA_NEW(arena, struct cohort_revision);
        thin[i]->cohort = draft->cohorts[i]->cohort;
        thin[i]->cohort.members = NULL;
        thin[i]->cohort.size = 1;
    }
    return thin;
}

static void write_part(struct json_writer *writer, struct arena *arena, const struct choice *choice,
                       int64_t now_ms)
{
    struct snapshot_parts parts = draft_parts(&choice->draft, now_ms);
    parts.cohorts = thin_cohorts(arena, &choice->draft);
    json_object_begin(writer);
    json_member_u64(writer, STR("environment"), parts.environment);
    json_member_u64(writer, STR("version"), parts.version);
    json_member_string(writer, STR("appId"), parts.app_id);
    json_member_string(writer, STR("name"), parts.name);
    write_positions(writer, STR("askedFlags"), choice->is_needed, choice->is_asked,
                    choice->flag_count);
    write_positions(writer, STR("askedSegments"), choice->is_segment_needed, choice->is_segment_new,
                    choice->segment_count);
    documents_encode(&parts, writer);
    json_object_end(writer);
}

void script_write(struct buf *buf, const struct choice *choices, size_t count, int64_t now_ms)
{
    struct arena arena;
    struct json_writer writer;
    arena_open(&arena, 1024);
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_key(&writer, STR("nowMs"));
    json_i64(&writer, now_ms);
    json_key(&writer, STR("parts"));
    json_array_begin(&writer);
    for (size_t i = 0; i < count; i++)
        write_part(&writer, &arena, &choices[i], now_ms);
    json_array_end(&writer);
    json_object_end(&writer);
    arena_close(&arena);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct fault script_open(struct script *script, struct arena *arena, struct str text)
{
    const struct json_budget budget = {
        .depth_max = 8,
        .members_max = 64,
        .string_bytes_max = text.size,
        .number_bytes_max = 64,
    };
    *script = (struct script){.arena = arena};
    struct fault fault = json_parse(arena, text, &budget, &script->json);
    if (failed(fault))
        return fault;
    script->now_ms = (int64_t)member_count(&script->json, STR("nowMs"));
    (void)member_list(&script->json, STR("parts"), &script->part_count);
    return fault_none();
}

/* A members_source, of the thin cohorts. */
static struct fault one_member(void *context, struct arena *arena,
                               const struct cohort_digest *digest, struct str *stored_form)
{
    (void)context;
    (void)digest;
    struct cohort_members *members = NULL;
    struct cohort_builder *builder = cohort_builder_open();
    struct fault fault = cohort_builder_add(builder, STR(PROBE_NAME));
    if (failed(fault)) {
        cohort_builder_abandon(builder);
        return fault;
    }
    fault = cohort_builder_finish(builder, &members);
    if (failed(fault))
        return fault;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    cohort_members_encode(members, &buf);
    *stored_form = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    cohort_members_release(members);
    return fault_none();
}

struct fault script_read(const struct script *script, size_t index, struct script_part *part)
{
    size_t count = 0;
    const struct json *json = &member_list(&script->json, STR("parts"), &count)[index];
    *part = (struct script_part){
        .parts = {.environment = member_count(json, STR("environment")),
                  .version = member_count(json, STR("version")),
                  .now_ms = script->now_ms,
                  .app_id = member_text(json, STR("appId")),
                  .name = member_text(json, STR("name"))},
    };
    part->asked_flags = member_list(json, STR("askedFlags"), &part->asked_flag_count);
    part->asked_segments = member_list(json, STR("askedSegments"), &part->asked_segment_count);
    struct members_shelf shelf;
    members_shelf_open(&shelf, (struct members_source){.load = one_member});
    struct fault fault = documents_decode(script->arena, json, &shelf, &part->parts);
    members_shelf_close(&shelf);
    return fault;
}
