/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_write - export: see transfer.h. */
#include <stdlib.h>

#include "base/instant.h"
#include "dialect/admin/deployment_labels.h"
#include "dialect/admin/transfer.h"
#include "model/codec.h"

/* What was stored loads again: only a bug leads past here. */
static const struct json_budget stored_budget = {
    .depth_max = JSON_DEPTH_MAX,
    .members_max = SIZE_MAX,
    .string_bytes_max = SIZE_MAX,
    .number_bytes_max = 64,
};

static int compare_texts(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void write_labels(struct json_writer *writer, struct arena *arena,
                         const struct catalog *catalog, const struct flag *flag)
{
    struct str *labels = ARENA_NEW_ARRAY(arena, struct str, flag->deployment_count);
    for (size_t i = 0; i < flag->deployment_count; i++)
        labels[i] = deployment_label(catalog, flag->deployments[i], arena);
    qsort(labels, flag->deployment_count, sizeof(*labels), compare_texts);
    json_array_begin(writer);
    for (size_t i = 0; i < flag->deployment_count; i++)
        json_string(writer, labels[i]);
    json_array_end(writer);
}

/* Its canonical text, member by member, but for the id; flag: whose deployments get their names. */
static struct fault write_document(struct buf *buf, struct arena *arena, struct str text,
                                   const struct catalog *catalog, const struct flag *flag)
{
    struct json document;
    struct fault fault = json_parse(arena, text, &stored_budget, &document);
    if (failed(fault))
        return fault;
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    for (uint32_t i = 0; i < document.count; i++) {
        const struct json_member *member = &document.members[i];
        if (str_equal(member->key, STR("id")))
            continue;
        json_key(&writer, member->key);
        if (flag != NULL && str_equal(member->key, STR("deployments")))
            write_labels(&writer, arena, catalog, flag);
        else
            json_tree(&writer, &member->value);
    }
    json_object_end(&writer);
    return fault_none();
}

static void begin_list(struct buf *buf, const char *name)
{
    buf_append_format(buf, ",\n\"%s\":[", name);
}

static void begin_item(struct buf *buf, size_t index)
{
    buf_append(buf, index == 0 ? STR("\n") : STR(",\n"));
}

static struct fault write_segments(struct buf *buf, const struct environment_state *state)
{
    struct fault fault = fault_none();
    struct arena arena;
    struct buf text;
    buf_open(&text, SIZE_MAX);
    arena_open(&arena, 16384);
    begin_list(buf, "segments");
    for (size_t i = 0; i < state->segment_count && !failed(fault); i++) {
        buf_clear(&text);
        segment_encode(state->segments[i], &text);
        begin_item(buf, i);
        fault = write_document(buf, &arena, buf_str(&text), NULL, NULL);
        arena_reset(&arena);
    }
    buf_append(buf, STR("]"));
    arena_close(&arena);
    buf_close(&text);
    return fault;
}

static struct fault write_flags(struct buf *buf, const struct catalog *catalog,
                                const struct environment_state *state)
{
    struct fault fault = fault_none();
    struct arena arena;
    struct buf text;
    buf_open(&text, SIZE_MAX);
    arena_open(&arena, 16384);
    begin_list(buf, "flags");
    for (size_t i = 0; i < state->flag_count && !failed(fault); i++) {
        buf_clear(&text);
        flag_encode(state->flags[i], &text);
        begin_item(buf, i);
        fault = write_document(buf, &arena, buf_str(&text), catalog, state->flags[i]);
        arena_reset(&arena);
    }
    buf_append(buf, STR("]"));
    arena_close(&arena);
    buf_close(&text);
    return fault;
}

/* ---- cohorts ------------------------------------------------------------------------------- */

static void write_cohort(struct buf *buf, const struct cohort *cohort)
{
    struct json_writer writer;
    char modified[INSTANT_TEXT_BYTES];
    instant_format(cohort->modified_ms, modified);
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("id"), cohort->id);
    if (!str_is_absent(cohort->name))
        json_member_string(&writer, STR("name"), cohort->name);
    if (!str_is_absent(cohort->description))
        json_member_string(&writer, STR("description"), cohort->description);
    json_member_string(&writer, STR("groupType"), cohort->group_type);
    json_member_string(&writer, STR("modifiedAt"), str_of(modified));
    json_key(&writer, STR("memberIds"));
    json_array_begin(&writer);
    for (size_t i = 0; i < cohort->size; i++)
        json_string(&writer, cohort_member_at(cohort->members, i));
    json_array_end(&writer);
    json_object_end(&writer);
}

static struct fault write_cohorts(struct buf *buf, const struct environment_state *state)
{
    size_t bytes = 0;
    for (size_t i = 0; i < state->cohort_count; i++)
        bytes += cohort_members_bytes(state->cohorts[i]->members);
    if (bytes > TRANSFER_MEMBER_BYTES_MAX)
        return fault_make(FAULT_LIMIT, STR(""),
                          STR("the cohorts have too many members for one text: export with "
                              "?cohorts=none, and take them along by their own routes"));
    begin_list(buf, "cohorts");
    for (size_t i = 0; i < state->cohort_count; i++) {
        begin_item(buf, i);
        write_cohort(buf, state->cohorts[i]);
    }
    buf_append(buf, STR("]"));
    return fault_none();
}

struct fault transfer_write(struct buf *buf, const struct catalog *catalog,
                            const struct snapshot *snapshot, bool with_cohorts)
{
    const struct environment_state *state = &snapshot->state;
    buf_append(buf, STR("{\"format\":\"guidon.environment/1\",\n\"settings\":"));
    settings_encode(&snapshot->settings, buf);
    struct fault fault = write_segments(buf, state);
    if (!failed(fault))
        fault = write_flags(buf, catalog, state);
    if (!failed(fault) && with_cohorts)
        fault = write_cohorts(buf, state);
    buf_append(buf, STR("}\n"));
    return fault;
}
