/* SPDX-License-Identifier: Apache-2.0 */
/* cohort_upload - a list of ids on its way in: see cohort_upload.h. */
#include "dialect/admin/cohort_upload.h"

#include <string.h>

#include "base/memory.h"
#include "dialect/admin/problems.h"
#include "model/limits.h"
#include "json/json.h"

enum upload_form { UPLOAD_LINES, UPLOAD_JSON };

struct cohort_upload {
    struct http_body_sink sink;
    enum upload_form form;
    struct cohort_builder *builder;
    struct buf kept;    /* LINES: the beginning of an id; JSON: the whole text */
    uint64_t line;      /* of the id being read, from 1 */
    struct fault fault; /* the first; its texts are static */
    uint64_t fault_line;
};

static bool refuse(struct cohort_upload *upload, struct fault fault)
{
    if (!failed(upload->fault)) {
        upload->fault = fault;
        upload->fault_line = upload->line;
    }
    return false;
}

static bool add_line(struct cohort_upload *upload, struct str line)
{
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    if (line.size > 0) {
        struct fault fault = cohort_builder_add(upload->builder, line);
        if (failed(fault))
            return refuse(upload, fault);
    }
    upload->line++;
    return true;
}

/* What a piece ends in the middle of waits for the next one. */
static bool keep(struct cohort_upload *upload, struct str rest)
{
    if (upload->kept.size + rest.size > COHORT_MEMBER_BYTES_MAX + 1)
        return refuse(upload,
                      fault_make(FAULT_INVALID, STR("id"), STR("is longer than 256 bytes")));
    buf_append(&upload->kept, rest);
    return true;
}

static bool add_lines(struct cohort_upload *upload, struct str piece)
{
    size_t at = 0;
    while (at < piece.size) {
        size_t end = str_find_byte(piece, '\n', at);
        struct str part = str_slice(piece, at, end);
        if (end == piece.size)
            return keep(upload, part);
        at = end + 1;
        if (upload->kept.size == 0) {
            if (!add_line(upload, part))
                return false;
            continue;
        }
        if (!keep(upload, part) || !add_line(upload, buf_str(&upload->kept)))
            return false;
        buf_clear(&upload->kept);
    }
    return true;
}

static bool on_piece(struct http_body_sink *sink, struct str piece)
{
    struct cohort_upload *upload = (struct cohort_upload *)sink;
    if (failed(upload->fault))
        return false;
    if (upload->form == UPLOAD_LINES)
        return add_lines(upload, piece);
    if (upload->kept.size + piece.size > BODY_BYTES_IMPORT_MAX)
        return refuse(upload, fault_make(FAULT_LIMIT, STR("body"),
                                         STR("as JSON at most 16 MiB; send more as text/plain, one "
                                             "id per line")));
    buf_append(&upload->kept, piece);
    return true;
}

static void close_upload(struct cohort_upload *upload)
{
    if (upload->builder != NULL)
        cohort_builder_abandon(upload->builder);
    buf_close(&upload->kept);
    memory_free(upload);
}

static void on_abandon(struct http_body_sink *sink)
{
    close_upload((struct cohort_upload *)sink);
}

struct fault cohort_upload_open(struct str content_type, struct http_body_sink **sink)
{
    struct str essence = str_trim(str_slice(content_type, 0, str_find_byte(content_type, ';', 0)));
    enum upload_form form = UPLOAD_LINES;
    if (str_equal_ignoring_case(essence, STR("application/json")))
        form = UPLOAD_JSON;
    else if (!str_equal_ignoring_case(essence, STR("text/plain")))
        return fault_make(FAULT_INVALID, STR("content-type"),
                          STR("send text/plain, one id per line, or application/json"));
    struct cohort_upload *upload = MEMORY_NEW(struct cohort_upload);
    upload->sink = (struct http_body_sink){.write = on_piece, .abandon = on_abandon};
    upload->form = form;
    upload->builder = cohort_builder_open();
    upload->line = 1;
    buf_open(&upload->kept, SIZE_MAX);
    *sink = &upload->sink;
    return fault_none();
}

/* ---- the end ------------------------------------------------------------------------------- */

static struct fault add_array(struct cohort_upload *upload, const struct json *ids)
{
    for (uint32_t i = 0; i < ids->count; i++) {
        upload->line = i + 1;
        if (ids->elements[i].type != JSON_STRING)
            return fault_make(FAULT_INVALID, STR("memberIds"), STR("must be texts"));
        struct fault fault = cohort_builder_add(upload->builder, ids->elements[i].string);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct fault refuse_member(struct arena *arena, struct str name)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    problem_append_step(&buf, name);
    struct fault fault = fault_make(FAULT_INVALID, arena_copy_str(arena, buf_str(&buf)),
                                    STR("this member is not known here"));
    buf_close(&buf);
    return fault;
}

/* The list, or what is wrong with the shape; places are pointers, in the arena. */
static struct fault find_ids(struct arena *arena, const struct json *json, const struct json **ids)
{
    *ids = json;
    if (json->type == JSON_OBJECT) {
        for (uint32_t i = 0; i < json->count; i++) {
            if (!str_equal(json->members[i].key, STR("memberIds")))
                return refuse_member(arena, json->members[i].key);
        }
        *ids = json_find(json, STR("memberIds"));
    }
    if (*ids == NULL || (*ids)->type != JSON_ARRAY)
        return fault_make(FAULT_INVALID, STR("/memberIds"), STR("must be a list of texts"));
    return fault_none();
}

static struct fault add_json(struct cohort_upload *upload, struct arena *kept)
{
    struct json_budget budget = json_budget_default;
    budget.depth_max = 2;
    struct arena arena;
    arena_open(&arena, 64 * 1024);
    struct json json;
    struct fault fault = json_parse(&arena, buf_str(&upload->kept), &budget, &json);
    const struct json *ids = NULL;
    if (failed(fault))
        fault = fault_make(FAULT_INVALID, STR(""), STR("the body is not JSON"));
    else
        fault = find_ids(kept, &json, &ids);
    if (failed(fault))
        upload->line = 0; /* it is about none of them */
    else
        fault = add_array(upload, ids);
    arena_close(&arena);
    return fault;
}

static struct fault add_rest(struct cohort_upload *upload, struct arena *arena)
{
    if (failed(upload->fault))
        return upload->fault;
    struct fault fault = fault_none();
    if (upload->form == UPLOAD_JSON)
        fault = add_json(upload, arena);
    else if (upload->kept.size > 0 && !add_line(upload, buf_str(&upload->kept)))
        return upload->fault;
    if (failed(fault))
        upload->fault_line = upload->line;
    return fault;
}

struct fault cohort_upload_finish(struct http_body_sink *sink, struct arena *arena,
                                  struct cohort_members **members)
{
    struct cohort_upload *upload = (struct cohort_upload *)sink;
    struct fault fault = add_rest(upload, arena);
    if (!failed(fault)) {
        struct cohort_builder *builder = upload->builder;
        upload->builder = NULL;
        fault = cohort_builder_finish(builder, members);
    }
    if (failed(fault)) {
        if (upload->fault_line > 0) {
            fault.why = arena_format(arena, "id %llu: %.*s", (unsigned long long)upload->fault_line,
                                     STR_ARG(fault.why));
            fault.where = STR("/memberIds");
        }
    }
    close_upload(upload);
    return fault;
}
