/* SPDX-License-Identifier: Apache-2.0 */
/* definition_users - who leans on a flag or a segment: see definition.h. */
#include "dialect/admin/definition.h"
#include "model/leaves.h"

static bool names_segment(const struct expression *expression, struct str key)
{
    struct leaf_walk walk;
    leaf_walk_begin(&walk, expression);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind == EXPRESSION_SEGMENT && str_equal(leaf->segment, key))
            return true;
    }
    return false;
}

static bool flag_uses(const struct flag *flag, struct resource resource)
{
    if (resource.kind == RESOURCE_FLAG) {
        for (size_t i = 0; i < flag->prerequisite_count; i++) {
            if (str_equal(flag->prerequisites[i].flag, resource.key))
                return true;
        }
        return false;
    }
    for (size_t i = 0; i < flag->rule_count; i++) {
        if (names_segment(&flag->rules[i].when, resource.key))
            return true;
    }
    return false;
}

static bool segment_uses(const struct segment *segment, struct resource resource)
{
    for (size_t i = 0; resource.kind == RESOURCE_SEGMENT && i < segment->rule_count; i++) {
        if (names_segment(&segment->rules[i], resource.key))
            return true;
    }
    return false;
}

struct definition_users definition_users_find(struct arena *arena,
                                              const struct environment_state *state,
                                              struct resource resource)
{
    struct definition_users users = {
        .flags = ARENA_NEW_ARRAY(arena, struct str, state->flag_count),
        .segments = ARENA_NEW_ARRAY(arena, struct str, state->segment_count),
    };
    for (size_t i = 0; i < state->flag_count; i++) {
        if (flag_uses(state->flags[i], resource))
            users.flags[users.flag_count++] = state->flags[i]->key;
    }
    for (size_t i = 0; i < state->segment_count; i++) {
        if (segment_uses(state->segments[i], resource))
            users.segments[users.segment_count++] = state->segments[i]->key;
    }
    return users;
}

/* Some by name; a sentence is no list of thousands. */
static void append_names(struct buf *buf, const char *what, const struct str *keys, size_t count)
{
    enum { SHOWN_MAX = 10 };
    if (count == 0)
        return;
    buf_append_format(buf, "%s%s%s", buf->size == 0 ? "" : ", ", what, count == 1 ? " " : "s ");
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++)
        buf_append_format(buf, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(keys[i]));
    if (count > SHOWN_MAX)
        buf_append_format(buf, " and %zu more", count - SHOWN_MAX);
}

struct fault definition_users_refuse(struct arena *arena, const struct definition_users *users)
{
    if (users->flag_count + users->segment_count == 0)
        return fault_none();
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    append_names(&buf, "flag", users->flags, users->flag_count);
    append_names(&buf, "segment", users->segments, users->segment_count);
    struct str why = arena_format(arena, "it is in use by %.*s", STR_ARG(buf_str(&buf)));
    buf_close(&buf);
    return fault_make(FAULT_CONFLICT, STR(""), why);
}
