/* SPDX-License-Identifier: Apache-2.0 */
/* declared_text - things in the form of an export: see declared.h. */
#include "base/map.h"
#include "cli/declared.h"
#include "dialect/admin/definition.h"
#include "dialect/admin/flag_defaults.h"
#include "model/codec.h"

/* ---- in order -----------------------------------------------------------------------------------
 */

static const struct json *find_pattern(const struct json *pattern, enum json_type type)
{
    return pattern != NULL && pattern->type == type ? pattern : NULL;
}

static struct json follow(struct arena *arena, const struct json *tree, const struct json *pattern,
                          unsigned depth);

/* First what the pattern has, in its order, then the rest. */
static struct json follow_object(struct arena *arena, const struct json *tree,
                                 const struct json *pattern, unsigned depth)
{
    struct json made = {.type = JSON_OBJECT};
    made.members = ARENA_NEW_ARRAY(arena, struct json_member, tree->count);
    for (uint32_t i = 0; i < pattern->count; i++) {
        const struct json *value = json_find(tree, pattern->members[i].key);
        if (value != NULL)
            made.members[made.count++] =
                (struct json_member){pattern->members[i].key,
                                     follow(arena, value, &pattern->members[i].value, depth + 1)};
    }
    for (uint32_t i = 0; i < tree->count; i++) {
        if (json_find(pattern, tree->members[i].key) == NULL)
            made.members[made.count++] = tree->members[i];
    }
    return made;
}

static struct json follow(struct arena *arena, const struct json *tree, const struct json *pattern,
                          unsigned depth)
{
    pattern = depth > JSON_DEPTH_MAX ? NULL : find_pattern(pattern, tree->type);
    if (pattern == NULL)
        return *tree;
    if (tree->type == JSON_OBJECT)
        return follow_object(arena, tree, pattern, depth);
    if (tree->type != JSON_ARRAY || tree->count != pattern->count)
        return *tree;
    struct json made = {.type = JSON_ARRAY, .count = tree->count};
    made.elements = ARENA_NEW_ARRAY(arena, struct json, tree->count);
    for (uint32_t i = 0; i < tree->count; i++)
        made.elements[i] = follow(arena, &tree->elements[i], &pattern->elements[i], depth + 1);
    return made;
}

/* Labels are no numbers, and only a server knows which is which: any will do for the order. */
static void replace_deployments(struct arena *arena, struct json *tree)
{
    const struct json *labels = json_find(tree, STR("deployments"));
    if (labels == NULL || labels->type != JSON_ARRAY)
        return;
    struct json numbers = {.type = JSON_ARRAY, .count = labels->count};
    numbers.elements = ARENA_NEW_ARRAY(arena, struct json, labels->count);
    for (uint32_t i = 0; i < labels->count; i++)
        numbers.elements[i] = json_make_number(i + 1);
    definition_set_member(arena, tree, STR("deployments"), numbers);
}

/* The tree as the decoder wants it. */
static struct fault decode_flag(struct arena *arena, const struct json *tree, struct flag *flag)
{
    struct json *copy = ARENA_NEW(arena, struct json);
    *copy = json_copy(arena, tree);
    replace_deployments(arena, copy);
    flag_defaults_fill(arena, copy, STR("unnamed"), NULL);
    return flag_decode_tree(arena, copy, flag);
}

static struct fault encode_flag(struct arena *arena, const struct json *tree, struct buf *buf)
{
    struct flag flag;
    struct fault fault = decode_flag(arena, tree, &flag);
    if (!failed(fault))
        flag_encode(&flag, buf);
    return fault;
}

static struct fault encode_segment(struct arena *arena, const struct json *tree, struct buf *buf)
{
    struct json *copy = ARENA_NEW(arena, struct json);
    struct segment segment;
    *copy = json_copy(arena, tree);
    definition_set_member(arena, copy, STR("id"), json_make_string(STR("")));
    struct fault fault = segment_decode_tree(arena, copy, &segment);
    if (!failed(fault))
        segment_encode(&segment, buf);
    return fault;
}

static void append_cohort_pattern(struct buf *buf)
{
    buf_append(buf, STR("{\"id\":\"\",\"name\":\"\",\"description\":\"\",\"groupType\":\"\","
                        "\"modifiedAt\":\"\",\"memberIds\":[]}"));
}

static struct json follow_text(struct arena *arena, const struct json *tree, struct str text)
{
    struct json *pattern = ARENA_NEW(arena, struct json);
    struct fault fault =
        json_parse(arena, arena_copy_str(arena, text), &definition_budget, pattern);
    return failed(fault) ? *tree : follow(arena, tree, pattern, 0);
}

struct json declared_ordered(struct arena *arena, enum declared_kind kind, const struct json *tree)
{
    struct fault fault = fault_none();
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    if (kind == DECLARED_FLAG)
        fault = encode_flag(arena, tree, &buf);
    else if (kind == DECLARED_SEGMENT)
        fault = encode_segment(arena, tree, &buf);
    else
        append_cohort_pattern(&buf);
    struct json made = failed(fault) ? *tree : follow_text(arena, tree, buf_str(&buf));
    buf_close(&buf);
    return made;
}

struct json declared_ordered_settings(struct arena *arena, const struct json *tree)
{
    return follow_text(arena, tree,
                       STR("{\"form\":\"\",\"hidesFlagsByDefault\":false,\"metadata\":{}}"));
}

/* ---- completed ----------------------------------------------------------------------------------
 */

/* Finds the flags of an export by key. */
static void list_current(struct arena *arena, const struct json *current, struct map *places)
{
    map_open(places, arena, current == NULL ? 0 : current->count);
    for (uint32_t i = 0; current != NULL && i < current->count; i++)
        map_insert(places, declared_key(DECLARED_FLAG, &current->elements[i]), i);
}

static struct str reshuffle_of(struct arena *arena, const struct flag *older,
                               const struct json *tree)
{
    struct flag newer;
    struct str where;
    if (failed(decode_flag(arena, tree, &newer)))
        return (struct str){0};
    return flag_reshuffle(arena, older, &newer, &where);
}

void declared_complete(struct declared *declared, const struct json *current)
{
    struct arena *arena = declared->arena;
    struct map places;
    list_current(arena, current, &places);
    for (size_t i = 0; i < declared->item_count; i++) {
        struct declared_item *item = &declared->items[i];
        if (item->kind != DECLARED_FLAG)
            continue;
        struct str key = declared_key(item->kind, &item->tree);
        struct flag *flag = ARENA_NEW(arena, struct flag);
        uint32_t place = map_find(&places, key);
        bool is_there =
            place != MAP_ABSENT && !failed(decode_flag(arena, &current->elements[place], flag));
        bool had_id = json_find(&item->tree, STR("id")) != NULL;
        struct json *tree = ARENA_NEW(arena, struct json);
        *tree = item->tree;
        flag_defaults_fill(arena, tree, key, is_there ? flag : NULL);
        if (!had_id) /* what was written stays, so that it is refused */
            definition_drop_member(tree, STR("id"));
        item->tree = *tree;
        if (is_there)
            item->reshuffle = reshuffle_of(arena, flag, tree);
    }
}

/* ---- written ------------------------------------------------------------------------------------
 */

static void append_list(struct buf *buf, enum declared_kind kind, const struct declared_item *items,
                        size_t count)
{
    size_t written = 0;
    buf_append_format(buf, ",\n\"%s\":[", declared_lists[kind]);
    for (size_t i = 0; i < count; i++) {
        struct json_writer writer;
        if (items[i].kind != kind)
            continue;
        buf_append(buf, written++ == 0 ? STR("\n") : STR(",\n"));
        json_writer_open(&writer, buf);
        json_tree(&writer, &items[i].tree);
    }
    buf_append(buf, STR("]"));
}

void declared_append_whole(struct buf *buf, const struct json *settings,
                           const struct declared_item *items, size_t count, const bool *has_list)
{
    buf_append_format(buf, "{\"format\":\"%.*s\"", STR_ARG(declared_format));
    if (settings != NULL) {
        struct json_writer writer;
        buf_append(buf, STR(",\n\"settings\":"));
        json_writer_open(&writer, buf);
        json_tree(&writer, settings);
    }
    for (size_t kind = 0; kind < DECLARED_KIND_COUNT; kind++) {
        if (has_list[kind])
            append_list(buf, (enum declared_kind)kind, items, count);
    }
    buf_append(buf, STR("}\n"));
}

struct str declared_text(const struct declared *declared)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    declared_append_whole(&buf, declared->settings, declared->items, declared->item_count,
                          declared->has_list);
    struct str text = arena_copy_str(declared->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}
