/* SPDX-License-Identifier: Apache-2.0 */
/* resource - one thing of the catalog, as the API shows it: see resource.h. */
#include "dialect/admin/resource.h"

#include "dialect/admin/rights.h"

struct str resource_text(struct arena *arena, resource_writer write, const struct catalog *catalog,
                         const struct caller *caller, const struct resource_name *name)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    bool is_there = write(&writer, catalog, caller, name);
    json_object_end(&writer);
    struct str text = is_there ? arena_copy_str(arena, buf_str(&buf)) : (struct str){0};
    buf_close(&buf);
    return text;
}

/* ---- conditions ---------------------------------------------------------------------------- */

struct fault resource_guard_check(const struct catalog *catalog, void *input)
{
    struct resource_guard *guard = input;
    struct caller *now = ARENA_NEW(guard->arena, struct caller);
    *now = rights_now(catalog, guard->caller);
    if (guard->allow != NULL) {
        struct fault fault = guard->allow(catalog, now, guard->input);
        if (failed(fault))
            return fault;
    }
    if (guard->write == NULL)
        return fault_none();
    struct str text = resource_text(guard->arena, guard->write, catalog, now, &guard->name);
    if (str_is_absent(text))
        return fault_make(FAULT_MISSING, STR(""), STR("it is not there any longer"));
    return admin_condition_check(&guard->condition, admin_tag_of_text(guard->arena, text),
                                 guard->arena);
}

bool resource_guard_open(struct exchange *x, resource_writer write, struct resource_name name,
                         struct resource_guard *guard)
{
    *guard = (struct resource_guard){
        .write = write, .name = name, .caller = x->caller, .arena = x->arena};
    return admin_read_condition(x, &guard->condition);
}

bool resource_guard_admits(struct exchange *x, struct resource_guard *guard)
{
    struct fault fault = guard->allow(x->view->catalog, x->caller, guard->input);
    if (!failed(fault))
        return true;
    x->note = fault.why;
    admin_refuse(x, fault, 0, (struct str){0});
    return false;
}

/* ---- answers ------------------------------------------------------------------------------- */

void resource_answer(struct exchange *x, resource_writer write, const struct resource_name *name,
                     struct str why)
{
    struct str text = resource_text(x->arena, write, x->view->catalog, x->caller, name);
    if (str_is_absent(text)) {
        admin_refuse_with(x, FAULT_MISSING, "", why);
        return;
    }
    struct admin_answer answer;
    json_raw(admin_answer_begin(&answer), text);
    admin_answer_tag(x, admin_tag_of_text(x->arena, text));
    admin_answer_end(x, &answer, 200);
}

static void answer_changed(struct exchange *x, resource_writer write,
                           const struct resource_name *name, const struct catalog *catalog,
                           int status, struct resource_secret secret)
{
    struct str text = resource_text(x->arena, write, catalog, x->caller, name);
    if (str_is_absent(text)) {
        admin_refuse_with(x, FAULT_CONFLICT, "", STR("it was there, and is gone again already"));
        return;
    }
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    write(writer, catalog, x->caller, name);
    if (!str_is_absent(secret.text))
        json_member_string(writer, secret.member, secret.text);
    json_object_end(writer);
    admin_answer_tag(x, admin_tag_of_text(x->arena, text));
    admin_answer_end(x, &answer, status);
}

void resource_answer_changed(struct exchange *x, resource_writer write,
                             const struct resource_name *name, int status,
                             struct resource_secret secret)
{
    struct view *newest = view_acquire(x->services->views); /* reads its own write */
    answer_changed(x, write, name, newest->catalog, status, secret);
    view_release(newest);
}
