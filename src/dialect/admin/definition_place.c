/* SPDX-License-Identifier: Apache-2.0 */
/*
 * definition_place - from a path of the model's checks to a JSON Pointer: see definition.h.
 *
 * A path is "$", then ".name" or "[index]" per level. Names stand in it as they are, dots included,
 * and variations are named by their ids; the tree the path is about tells where each name ends.
 */
#include "dialect/admin/definition.h"
#include "json/diff.h"

/* Whether `path` goes on with this name from `at`, and with another step or nothing behind it. */
static bool goes_on_with(struct str path, size_t at, struct str name)
{
    size_t end = at + name.size;
    if (!str_starts_with(str_slice(path, at, path.size), name))
        return false;
    return end == path.size || path.data[end] == '.' || path.data[end] == '[';
}

static size_t end_of_name(struct str path, size_t at)
{
    while (at < path.size && path.data[at] != '.' && path.data[at] != '[')
        at++;
    return at;
}

/* The member whose name goes furthest. */
static const struct json *step_to_member(const struct json *object, struct str path, size_t at,
                                         struct str *name)
{
    const struct json *found = NULL;
    for (uint32_t i = 0; i < object->count; i++) {
        struct str key = object->members[i].key;
        if (!goes_on_with(path, at, key) || (found != NULL && key.size <= name->size))
            continue;
        found = &object->members[i].value;
        *name = key;
    }
    return found;
}

static const struct json *step_to_named(const struct json *array, struct str path, size_t at,
                                        struct str *name, uint32_t *index)
{
    const struct json *found = NULL;
    for (uint32_t i = 0; i < array->count; i++) {
        const struct json *id = json_find(&array->elements[i], STR("id"));
        if (id == NULL || id->type != JSON_STRING || !goes_on_with(path, at, id->string) ||
            (found != NULL && id->string.size <= name->size))
            continue;
        found = &array->elements[i];
        *name = id->string;
        *index = i;
    }
    return found;
}

/* Behind ".": appends the step, moves *at behind it, and says what is there (NULL: not in the
 * tree). */
static const struct json *take_name(struct buf *pointer, const struct json *tree, struct str path,
                                    size_t *at)
{
    const struct json *found = NULL;
    struct str name = {0};
    uint32_t index = 0;
    if (tree != NULL && tree->type == JSON_ARRAY) {
        found = step_to_named(tree, path, *at, &name, &index);
        if (found != NULL) {
            buf_append_format(pointer, "/%u", index);
            *at += name.size;
            return found;
        }
    }
    if (tree != NULL && tree->type == JSON_OBJECT)
        found = step_to_member(tree, path, *at, &name);
    if (found == NULL)
        name = str_slice(path, *at, end_of_name(path, *at));
    json_append_pointer_step(pointer, name);
    *at += name.size;
    return found;
}

/* Behind "[". */
static const struct json *take_index(struct buf *pointer, const struct json *tree, struct str path,
                                     size_t *at)
{
    size_t end = str_find_byte(path, ']', *at);
    struct str digits = str_slice(path, *at, end);
    uint64_t index = 0;
    json_append_pointer_step(pointer, digits);
    *at = end < path.size ? end + 1 : end;
    if (tree == NULL || tree->type != JSON_ARRAY || !str_parse_u64(digits, &index) ||
        index >= tree->count)
        return NULL;
    return &tree->elements[index];
}

struct fault definition_place_fault(struct arena *arena, const struct json *tree,
                                    struct fault fault)
{
    struct str path = fault.where;
    if (!failed(fault) || path.size == 0 || path.data[0] != '$')
        return fault;
    struct buf pointer;
    buf_open(&pointer, SIZE_MAX);
    for (size_t at = 1; at < path.size;) {
        bool is_name = path.data[at] == '.';
        at++;
        tree =
            is_name ? take_name(&pointer, tree, path, &at) : take_index(&pointer, tree, path, &at);
    }
    fault.where = pointer.size == 0 ? STR("") : arena_copy_str(arena, buf_str(&pointer));
    buf_close(&pointer);
    return fault;
}

/* ---- faults of the environment ----------------------------------------------------------------
 */

static bool is_about_definitions(const struct change *change)
{
    return change->kind == CHANGE_ENVIRONMENT && (str_starts_with(change->action, STR("flag.")) ||
                                                  str_starts_with(change->action, STR("group.")) ||
                                                  str_starts_with(change->action, STR("segment.")));
}

/* Keys have dots, so that what stands behind one has to be a part that checks name. */
static bool begins_part(struct str rest)
{
    static const struct str parts[] = {STR(".prerequisites"), STR(".rules"), STR(".visibility"),
                                       STR(".included"), STR(".excluded")};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (str_starts_with(rest, parts[i]))
            return true;
    }
    return rest.size == 0;
}

struct fault definition_environment_fault(const struct change *change, struct fault fault)
{
    bool is_flag = str_starts_with(fault.where, STR("$.flags."));
    bool is_segment = str_starts_with(fault.where, STR("$.segments."));
    if (!is_about_definitions(change) || (!is_flag && !is_segment))
        return fault;
    size_t key = is_flag ? STR("$.flags.").size : STR("$.segments.").size;
    struct str behind = str_slice(fault.where, key, fault.where.size);
    struct str rest = str_slice(behind, change->subject.size, behind.size);
    bool is_segment_change = str_starts_with(change->action, STR("segment."));
    if (is_segment == is_segment_change && str_starts_with(behind, change->subject) &&
        begins_part(rest)) {
        fault.where = arena_format(change->arena, "$%.*s", STR_ARG(rest));
        return fault;
    }
    if (fault.kind == FAULT_INVALID)
        fault.kind = FAULT_CONFLICT;
    fault.why = arena_format(change->arena, "%s %.*s %.*s", is_flag ? "flag" : "segment",
                             STR_ARG(behind), STR_ARG(fault.why));
    fault.where = STR("");
    return fault;
}
