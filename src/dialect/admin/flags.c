/* SPDX-License-Identifier: Apache-2.0 */
/* flags - flags as they are: lists, one, and what protocols make of it. See manage.h. */
#include "dialect/admin/as_of.h"
#include "dialect/admin/definition.h"
#include "dialect/admin/flag_list.h"
#include "dialect/admin/flag_resource.h"
#include "dialect/admin/manage.h"
#include "model/names.h"

/* ---- lists ----------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Quadratic at worst, over names of TEXT_BYTES_MAX and a query that fits a request line. */
static bool contains_ignoring_case(struct str text, struct str part)
{
    for (size_t at = 0; at + part.size <= text.size; at++) {
        size_t i = 0;
        while (i < part.size && lower(text.data[at + i]) == lower(part.data[i]))
            i++;
        if (i == part.size)
            return true;
    }
    return false;
}

static bool has_tag(const struct flag *flag, struct str tag)
{
    for (size_t i = 0; i < flag->tag_count; i++) {
        if (str_equal(flag->tags[i], tag))
            return true;
    }
    return false;
}

static bool is_wanted(const struct flag_filter *filter, const struct flag *flag)
{
    if ((filter->kinds >> flag->kind & 1u) == 0)
        return false;
    if (filter->says_archived && filter->is_archived != flag->is_archived)
        return false;
    if (filter->says_enabled && filter->is_enabled != flag->is_enabled)
        return false;
    if (!str_is_absent(filter->tag) && !has_tag(flag, filter->tag))
        return false;
    return str_is_absent(filter->part) || contains_ignoring_case(flag->key, filter->part) ||
           contains_ignoring_case(flag->name, filter->part);
}

/* The first that is behind a key. */
static size_t find_behind(const struct environment_state *state, struct str key)
{
    size_t low = 0;
    size_t high = state->flag_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(state->flags[middle]->key, key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void flag_list_answer(struct exchange *x, const struct snapshot *snapshot,
                      const struct admin_page *page, const struct flag_filter *filter,
                      flag_list_writer write, void *input)
{
    struct admin_answer answer;
    struct json_writer *writer = admin_page_begin(&answer);
    struct str last = {0};
    struct str next = {0};
    size_t count = 0;
    size_t i = str_is_absent(page->after) ? 0 : find_behind(&snapshot->state, page->after);
    for (; i < snapshot->state.flag_count; i++) {
        if (!is_wanted(filter, &snapshot->flags[i]->flag))
            continue;
        if (count == page->limit || answer.buf.size > DEFINITION_PAGE_BYTES_MAX) {
            next = last;
            break;
        }
        write(writer, snapshot, snapshot->flags[i], input);
        last = snapshot->flags[i]->flag.key;
        count++;
    }
    x->version = snapshot->version;
    admin_page_end(x, &answer, next);
}

static bool read_switch(struct exchange *x, const char *where, bool *says, bool *value)
{
    struct str text = {0};
    if (!admin_read_query(x, str_of(where + 1), &text))
        return false;
    *says = !str_is_absent(text);
    *value = str_equal(text, STR("true"));
    return !*says || *value || str_equal(text, STR("false")) ||
           admin_refuse_with(x, FAULT_INVALID, where, STR("must be true or false"));
}

static bool read_kind(struct exchange *x, struct flag_filter *filter)
{
    struct str kind = {0};
    if (!admin_read_query(x, STR("kind"), &kind))
        return false;
    filter->kinds = FLAG_FILTER_ALL_KINDS;
    if (str_is_absent(kind))
        return true;
    int index = name_find(&flag_kind_names, kind);
    if (index < 0)
        return admin_refuse_with(x, FAULT_INVALID, "?kind",
                                 STR("must be flag, experiment, mutex or holdout"));
    filter->kinds = 1u << index;
    return true;
}

static bool read_filter(struct exchange *x, struct flag_filter *filter)
{
    *filter = (struct flag_filter){0};
    return read_kind(x, filter) && admin_read_query(x, STR("tag"), &filter->tag) &&
           admin_read_query(x, STR("q"), &filter->part) &&
           read_switch(x, "?archived", &filter->says_archived, &filter->is_archived) &&
           read_switch(x, "?enabled", &filter->says_enabled, &filter->is_enabled);
}

static void write_listed(struct json_writer *writer, const struct snapshot *snapshot,
                         const struct flag_revision *revision, void *input)
{
    (void)input;
    const struct flag_resource resource = {&revision->flag, revision->provenance,
                                           snapshot->version};
    flag_resource_write(writer, &resource);
}

void admin_list_flags(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct admin_page page;
    struct flag_filter filter;
    struct admin_state state;
    if (!admin_find_environment(x, &environment) || !admin_read_page(x, &page) ||
        !read_filter(x, &filter) || !admin_state_open(x, environment, &state))
        return;
    flag_list_answer(x, state.snapshot, &page, &filter, write_listed, NULL);
    admin_state_close(&state);
}

/* ---- one ------------------------------------------------------------------------------------- */

void admin_get_flag(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    const struct flag_revision *revision = NULL;
    struct admin_state state;
    if (!admin_find_environment(x, &environment) || !admin_state_open(x, environment, &state))
        return;
    if (flag_find(x, state.snapshot, &revision)) {
        const struct flag_resource resource = {&revision->flag, revision->provenance,
                                               state.snapshot->version};
        flag_resource_answer(x, &resource, 200);
    }
    admin_state_close(&state);
}

/* ---- reach ----------------------------------------------------------------------------------- */

static struct str reach_word(enum reach_kind kind)
{
    switch (kind) {
    case REACH_SERVED:
        return STR("yes");
    case REACH_STUB:
        return STR("stub");
    case REACH_ABSENT:
        break;
    }
    return STR("no");
}

static void write_reaches(struct exchange *x, const struct dialect *dialect,
                          const struct snapshot *snapshot, const struct flag *flag,
                          struct json_writer *writer)
{
    if (dialect->reach == NULL)
        return;
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    size_t count = dialect->reach(snapshot, flag, x->arena, reaches);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(writer);
        json_member_string(writer, STR("protocol"), reaches[i].protocol);
        json_member_string(writer, STR("served"), reach_word(reaches[i].kind));
        if (!str_is_absent(reaches[i].why))
            json_member_string(writer, STR("why"), reaches[i].why);
        json_object_end(writer);
    }
}

void admin_explain_reach(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    const struct flag_revision *revision = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    const struct snapshot *snapshot = view_of(x->view, environment);
    if (!flag_find(x, snapshot, &revision))
        return;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("flag"), revision->flag.key);
    json_member_u64(writer, STR("version"), snapshot->version);
    json_key(writer, STR("reach"));
    json_array_begin(writer);
    for (size_t i = 0; i < x->services->dialect_count; i++)
        write_reaches(x, x->services->dialects[i], snapshot, &revision->flag, writer);
    json_array_end(writer);
    json_object_end(writer);
    x->version = snapshot->version;
    admin_answer_end(x, &answer, 200);
}
