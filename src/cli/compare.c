/* SPDX-License-Identifier: Apache-2.0 */
/* compare - two documents of one flag or segment: see describe.h. */
#include "cli/describe.h"
#include "json/diff.h"
#include "json/write.h"

/* A part that people read as a whole, when anything in it differs. */
struct part {
    struct str path;
    const struct json *older, *newer;
};

static struct str text_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static const struct json *element_of_id(const struct json *list, struct str id)
{
    for (uint32_t i = 0; list != NULL && list->type == JSON_ARRAY && i < list->count; i++) {
        if (!str_is_absent(id) && str_equal(text_of(&list->elements[i], STR("id")), id))
            return &list->elements[i];
    }
    return NULL;
}

/* /rules/N/when/… is part /rules/N/when; a rule is the same one when its id is. */
static bool find_rule_part(struct str path, const struct json *older, const struct json *newer,
                           struct part *part)
{
    const struct json *rules = json_find(newer, STR("rules"));
    struct str rest = str_slice(path, STR("/rules/").size, path.size);
    size_t slash = str_find_byte(rest, '/', 0);
    uint64_t index = 0;
    if (rules == NULL || !str_parse_u64(str_slice(rest, 0, slash), &index) ||
        index >= rules->count || slash == rest.size)
        return false;
    const struct json *rule = &rules->elements[index];
    const struct json *was =
        element_of_id(json_find(older, STR("rules")), text_of(rule, STR("id")));
    size_t end = str_find_byte(rest, '/', slash + 1);
    struct str name = str_slice(rest, slash + 1, end);
    bool is_part = str_equal(name, STR("when")) || str_equal(name, STR("serve"));
    if (!is_part || was == NULL || end == rest.size)
        return false;
    part->path = str_slice(path, 0, STR("/rules/").size + end);
    part->older = json_find(was, name);
    part->newer = json_find(rule, name);
    return part->older != NULL && part->newer != NULL;
}

static bool find_part(struct str path, const struct json *older, const struct json *newer,
                      struct part *part)
{
    if (str_starts_with(path, STR("/rules/")))
        return find_rule_part(path, older, newer, part);
    if (!str_starts_with(path, STR("/fallthrough/")))
        return false;
    part->path = STR("/fallthrough");
    part->older = json_find(older, STR("fallthrough"));
    part->newer = json_find(newer, STR("fallthrough"));
    return part->older != NULL && part->newer != NULL;
}

/* ---- as the API writes differences
 * ---------------------------------------------------------------
 */

static void append_replaced(struct json_writer *writer, const struct part *part)
{
    json_object_begin(writer);
    json_member_string(writer, STR("op"), STR("replace"));
    json_member_string(writer, STR("path"), part->path);
    json_member_tree(writer, STR("from"), part->older);
    json_member_tree(writer, STR("to"), part->newer);
    json_object_end(writer);
}

static void append_difference(struct json_writer *writer, const struct json_difference *difference)
{
    static const char *const operations[] = {"add", "remove", "replace", "move"};
    bool is_move = difference->kind == JSON_MOVED;
    json_object_begin(writer);
    json_member_string(writer, STR("op"), str_of(operations[difference->kind]));
    json_member_string(writer, STR("path"), difference->path);
    if (is_move) {
        json_member_u64(writer, STR("from"), difference->older_index);
        json_member_u64(writer, STR("to"), difference->newer_index);
    } else {
        if (difference->older != NULL)
            json_member_tree(writer, STR("from"), difference->older);
        if (difference->newer != NULL)
            json_member_tree(writer, STR("to"), difference->newer);
    }
    json_object_end(writer);
}

struct comparison {
    const struct json *older, *newer;
    const struct json_difference *differences;
    size_t count;
    bool is_exact;
};

/* Differences of one part are next to each other: json_diff goes through the tree in order. */
static void append_differences(struct json_writer *writer, const struct comparison *comparison)
{
    struct str last = {0};
    for (size_t i = 0; i < comparison->count; i++) {
        const struct json_difference *difference = &comparison->differences[i];
        struct part part;
        bool is_part = !comparison->is_exact &&
                       find_part(difference->path, comparison->older, comparison->newer, &part);
        if (is_part && str_equal(part.path, last))
            continue;
        last = is_part ? part.path : (struct str){0};
        if (is_part)
            append_replaced(writer, &part);
        else
            append_difference(writer, difference);
    }
}

struct json describe_compare(struct session *session, struct str noun, struct str key,
                             const struct json *older, const struct json *newer, bool is_exact)
{
    struct comparison comparison = {.older = older, .newer = newer, .is_exact = is_exact};
    comparison.count = json_diff(&session->arena, older, newer, &comparison.differences);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_array_begin(&writer);
    if (comparison.count > 0) {
        json_object_begin(&writer);
        json_member_string(&writer, STR("kind"), noun);
        json_member_string(&writer, STR("key"), key);
        json_member_string(&writer, STR("op"), STR("update"));
        json_key(&writer, STR("diff"));
        json_array_begin(&writer);
        append_differences(&writer, &comparison);
        json_array_end(&writer);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    struct json changes = json_make_null();
    /* Of what an answer's budget let in. */
    const struct json_budget budget = {
        .depth_max = JSON_DEPTH_MAX,
        .members_max = UINT32_MAX,
        .string_bytes_max = SIZE_MAX,
        .number_bytes_max = 64,
    };
    struct str text = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    if (failed(json_parse(&session->arena, text, &budget, &changes)))
        changes = json_make_null();
    return changes;
}
