/* SPDX-License-Identifier: Apache-2.0 */
/* segments - segments as they are: lists, one, what it was. See manage.h. */
#include "dialect/admin/as_of.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/segment_resource.h"

/* ---- as it is shown -------------------------------------------------------------------------- */

static void write_keys(struct json_writer *writer, struct str name, const struct str *keys,
                       size_t count)
{
    json_key(writer, name);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        json_string(writer, keys[i]);
    json_array_end(writer);
}

static void segment_resource_write(struct json_writer *writer,
                                   const struct segment_resource *resource)
{
    json_object_begin(writer);
    json_key(writer, STR("document"));
    definition_write_segment(writer, resource->segment);
    json_member_string(writer, STR("id"), resource->segment->id);
    json_member_u64(writer, STR("version"), resource->version);
    if (resource->users != NULL) {
        json_key(writer, STR("usedBy"));
        json_object_begin(writer);
        write_keys(writer, STR("flags"), resource->users->flags, resource->users->flag_count);
        write_keys(writer, STR("segments"), resource->users->segments,
                   resource->users->segment_count);
        json_object_end(writer);
    }
    json_object_end(writer);
}

static struct str tag_of(struct arena *arena, const struct segment *segment)
{
    return admin_tag_of_text(arena, definition_text_of_segment(arena, segment));
}

void segment_resource_answer(struct exchange *x, const struct segment_resource *resource,
                             int status)
{
    struct admin_answer answer;
    x->version = resource->version;
    segment_resource_write(admin_answer_begin(&answer), resource);
    admin_answer_tag(x, tag_of(x->arena, resource->segment));
    admin_answer_end(x, &answer, status);
    if (status == 201)
        x->response.headers =
            arena_format(x->arena, "%.*sLocation: /admin/v1/environments/%.*s/segments/%.*s\r\n",
                         STR_ARG(x->response.headers), STR_ARG(x->parameters[0]),
                         STR_ARG(resource->segment->key));
}

struct str segment_tag_in_edit(struct edit *edit, struct str key)
{
    const struct segment *segment = edit_find_segment(edit, key);
    return segment == NULL ? (struct str){0} : tag_of(edit_arena(edit), segment);
}

bool segment_find(struct exchange *x, const struct snapshot *snapshot,
                  const struct segment **segment)
{
    *segment = environment_find_segment(&snapshot->state, x->parameters[1]);
    return *segment != NULL ||
           admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such segment"));
}

/* ---- lists and one --------------------------------------------------------------------------- */

static void answer_list(struct exchange *x, const struct snapshot *snapshot,
                        const struct admin_page *page)
{
    struct admin_answer answer;
    struct json_writer *writer = admin_page_begin(&answer);
    struct str last = {0};
    struct str next = {0};
    size_t count = 0;
    for (size_t i = 0; i < snapshot->state.segment_count; i++) {
        const struct segment_resource resource = {snapshot->state.segments[i], snapshot->version,
                                                  NULL};
        if (!str_is_absent(page->after) && str_compare(resource.segment->key, page->after) <= 0)
            continue;
        if (count == page->limit || answer.buf.size > DEFINITION_PAGE_BYTES_MAX) {
            next = last;
            break;
        }
        segment_resource_write(writer, &resource);
        last = resource.segment->key;
        count++;
    }
    x->version = snapshot->version;
    admin_page_end(x, &answer, next);
}

void admin_list_segments(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct admin_page page;
    struct admin_state state;
    if (!admin_find_environment(x, &environment) || !admin_read_page(x, &page) ||
        !admin_state_open(x, environment, &state))
        return;
    answer_list(x, state.snapshot, &page);
    admin_state_close(&state);
}

void admin_get_segment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    const struct segment *segment = NULL;
    struct admin_state state;
    if (!admin_find_environment(x, &environment) || !admin_state_open(x, environment, &state))
        return;
    if (segment_find(x, state.snapshot, &segment)) {
        const struct resource this = {RESOURCE_SEGMENT, segment->key};
        const struct definition_users users =
            definition_users_find(x->arena, &state.snapshot->state, this);
        const struct segment_resource resource = {segment, state.snapshot->version, &users};
        segment_resource_answer(x, &resource, 200);
    }
    admin_state_close(&state);
}

void admin_list_segment_history(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    const struct definition_history history = {
        .x = x, .environment = environment->number, .key = x->parameters[1]};
    definition_answer_history(&history);
}
