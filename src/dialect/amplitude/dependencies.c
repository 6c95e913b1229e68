/* SPDX-License-Identifier: Apache-2.0 */
/* dependencies - parents and dependents: see dependencies.h. */
#include "dialect/amplitude/dependencies.h"

/* ---- parents in ------------------------------------------------------------------------------ */

static bool is_local(const struct flag *flag)
{
    return flag->evaluation_mode == EVALUATION_LOCAL;
}

/* NULL, refused, for what cannot be a parent. */
static const struct flag *find_parent(struct wire *wire, const struct edit *edit, struct str id,
                                      struct str path, const struct flag *flag)
{
    uint64_t number = 0;
    const struct flag *parent = NULL;
    if (wire_parse_id(id, &number))
        parent = edit_find_flag_by_number(edit, number);
    if (parent == NULL)
        wire_refuse(wire, path, STR("names no flag or experiment of this project"));
    else if (flag_is_group(parent))
        wire_refuse(wire, path, STR("is a group: its members are edited through the group"));
    else if (str_equal(parent->key, flag->key))
        wire_refuse(wire, path, STR("must not be the item itself"));
    else if (parent->is_archived)
        wire_refuse(wire, path, STR("is archived"));
    return wire_failed(wire) ? NULL : parent;
}

static void check_variants(struct wire *wire, const struct flag *parent,
                           const struct prerequisite *prerequisite, struct str path)
{
    if (prerequisite->variation_count == 0)
        wire_refuse(wire, path, STR("must name at least one variant"));
    for (size_t i = 0; i < prerequisite->variation_count && !wire_failed(wire); i++) {
        if (flag_find_variation(parent, prerequisite->variations[i]) < 0)
            wire_refuse(wire, wire_item_path(wire, path, i), STR("names no variant of that flag"));
    }
}

static void read_parent(struct wire *wire, const struct edit *edit, const struct json *flags,
                        uint32_t index, const struct flag *flag, struct prerequisite *prerequisite)
{
    struct str outer = STR("parentDependencies.flags");
    struct str id = flags->members[index].key;
    struct str path = wire_member_path(wire, outer, id);
    const struct flag *parent = find_parent(wire, edit, id, path, flag);
    if (parent == NULL)
        return;
    prerequisite->flag = parent->key;
    if (wire_texts(wire, flags, outer, id, &prerequisite->variations,
                   &prerequisite->variation_count))
        check_variants(wire, parent, prerequisite, path);
}

/* Groups, and parents that gate nothing: neither is this member's to edit. */
static bool stays(const struct edit *edit, const struct prerequisite *prerequisite)
{
    const struct flag *parent = edit_find_flag(edit, prerequisite->flag);
    return parent != NULL && (flag_is_group(parent) || prerequisite->variation_count == 0);
}

static bool is_listed(const struct prerequisite *list, size_t count, struct str key)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(list[i].flag, key))
            return true;
    }
    return false;
}

static void read_parents(struct wire *wire, const struct edit *edit, const struct json *flags,
                         struct flag *flag)
{
    size_t room = flag->prerequisite_count + flags->count;
    struct prerequisite *list = ARENA_NEW_ARRAY(wire->arena, struct prerequisite, room);
    size_t count = 0;
    for (uint32_t i = 0; i < flags->count && !wire_failed(wire); i++)
        read_parent(wire, edit, flags, i, flag, &list[count++]);
    size_t named = count;
    for (size_t i = 0; i < flag->prerequisite_count && !wire_failed(wire); i++) {
        const struct prerequisite *current = &flag->prerequisites[i];
        if (stays(edit, current) && !is_listed(list, named, current->flag))
            list[count++] = *current;
    }
    flag->prerequisites = list;
    flag->prerequisite_count = count;
}

void dependencies_read(struct wire *wire, const struct edit *edit, const struct json *body,
                       struct flag *flag)
{
    static const struct str operators[] = {STR("all")};
    static const struct json nobody = {.type = JSON_OBJECT};
    struct str name = STR("parentDependencies");
    const struct json *member = json_find(body, name);
    if (member == NULL || wire_failed(wire))
        return;
    if (member->type == JSON_NULL) {
        read_parents(wire, edit, &nobody, flag);
        return;
    }
    size_t operator= 0;
    const struct json *parents = wire_object(wire, body, STR(""), name);
    if (parents == NULL)
        return;
    wire_choice(wire, parents, name, STR("operator"), operators, COUNT_OF(operators), &operator);
    const struct json *flags = wire_object(wire, parents, name, STR("flags"));
    if (!wire_failed(wire))
        read_parents(wire, edit, flags == NULL ? &nobody : flags, flag);
}

/* ---- what others think of it ----------------------------------------------------------------- */

static const struct prerequisite *find_prerequisite(const struct flag *flag, struct str key)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        if (str_equal(flag->prerequisites[i].flag, key))
            return &flag->prerequisites[i];
    }
    return NULL;
}

static bool lists(const struct prerequisite *prerequisite, struct str variation)
{
    for (size_t i = 0; i < prerequisite->variation_count; i++) {
        if (str_equal(prerequisite->variations[i], variation))
            return true;
    }
    return false;
}

/* The first flag for which `minds` holds among those that depend on `key`; NULL when none does. */
static const struct flag *find_dependent(const struct edit *edit, struct str key,
                                         bool (*minds)(const struct flag *dependent,
                                                       const struct prerequisite *, struct str),
                                         struct str about)
{
    const struct environment_state *state = edit_state(edit);
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *dependent = edit_find_flag(edit, state->flags[i]->key);
        if (dependent == NULL)
            continue;
        const struct prerequisite *prerequisite = find_prerequisite(dependent, key);
        if (prerequisite != NULL && minds(dependent, prerequisite, about))
            return dependent;
    }
    return NULL;
}

static bool is_live(const struct flag *dependent, const struct prerequisite *prerequisite,
                    struct str about)
{
    (void)prerequisite;
    (void)about;
    return !dependent->is_archived;
}

static bool is_local_dependent(const struct flag *dependent,
                               const struct prerequisite *prerequisite, struct str about)
{
    (void)prerequisite;
    (void)about;
    return is_local(dependent);
}

/* Archived dependents mind as well: restored, they would lean on nothing. */
static bool names_variant(const struct flag *dependent, const struct prerequisite *prerequisite,
                          struct str variant)
{
    (void)dependent;
    return prerequisite->variation_count == 0 || lists(prerequisite, variant);
}

static void refuse_for(struct wire *wire, struct str where, const char *what,
                       const struct flag *other)
{
    wire_refuse(wire, where, arena_format(wire->arena, "%s%.*s", what, STR_ARG(other->key)));
}

void dependencies_check_variant(struct wire *wire, const struct edit *edit, const struct flag *flag,
                                struct str variant, struct str where)
{
    const struct flag *dependent = find_dependent(edit, flag->key, names_variant, variant);
    if (dependent != NULL)
        refuse_for(wire, where, "cannot be taken away: it is a prerequisite of ", dependent);
}

static void check_archiving(struct wire *wire, const struct edit *edit, const struct flag *flag)
{
    const struct flag *dependent = find_dependent(edit, flag->key, is_live, (struct str){0});
    if (dependent != NULL)
        refuse_for(wire, STR("archive"), "cannot be true: this is a prerequisite of ", dependent);
}

static void check_restoring(struct wire *wire, const struct edit *edit, const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct flag *parent = edit_find_flag(edit, flag->prerequisites[i].flag);
        if (parent != NULL && parent->is_archived)
            refuse_for(wire, STR("archive"), "cannot be false: this depends on the archived ",
                       parent);
    }
}

/* A flag that is handed out whole needs its parents handed out with it (section 8). */
static void check_mode(struct wire *wire, const struct edit *edit, const struct flag *flag)
{
    for (size_t i = 0; is_local(flag) && i < flag->prerequisite_count; i++) {
        const struct flag *parent = edit_find_flag(edit, flag->prerequisites[i].flag);
        if (parent != NULL && !is_local(parent))
            refuse_for(wire, STR("evaluationMode"),
                       "cannot be local: this depends on an item that is remote, ", parent);
    }
}

static void check_leaving_local(struct wire *wire, const struct edit *edit, const struct flag *flag)
{
    const struct flag *dependent =
        find_dependent(edit, flag->key, is_local_dependent, (struct str){0});
    if (dependent != NULL)
        refuse_for(wire, STR("evaluationMode"),
                   "cannot be remote: this is a prerequisite of an item that is local, ",
                   dependent);
}

/* An experiment starts when its prerequisites are active (section 8). */
static void check_start(struct wire *wire, const struct edit *edit, const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct flag *parent = edit_find_flag(edit, flag->prerequisites[i].flag);
        if (parent != NULL && !parent->is_enabled)
            refuse_for(wire, STR("enabled"), "cannot be true: a prerequisite is not active, ",
                       parent);
    }
}

void dependencies_check(struct wire *wire, const struct edit *edit, const struct flag *current,
                        const struct flag *flag)
{
    bool was_archived = current != NULL && current->is_archived;
    bool was_local = current != NULL && is_local(current);
    bool was_enabled = current != NULL && current->is_enabled;
    if (flag->is_archived && !was_archived)
        check_archiving(wire, edit, flag);
    if (!flag->is_archived && was_archived)
        check_restoring(wire, edit, flag);
    check_mode(wire, edit, flag);
    if (was_local && !is_local(flag))
        check_leaving_local(wire, edit, flag);
    if (flag->kind == FLAG_KIND_EXPERIMENT && flag->is_enabled && !was_enabled)
        check_start(wire, edit, flag);
}
