/* SPDX-License-Identifier: Apache-2.0 */
/* issue - lists and paths: see issue.h. */
#include "dialect/superflag/issue.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { INDEX_TEXT_BYTES = 24, PATH_STEPS_MAX = 256 };

static struct str step_text(const struct issue_path *step, char text[INDEX_TEXT_BYTES])
{
    if (!str_is_absent(step->name))
        return step->name;
    size_t at = INDEX_TEXT_BYTES;
    text[--at] = ']';
    size_t index = step->index;
    do {
        text[--at] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    text[--at] = '[';
    return (struct str){text + at, INDEX_TEXT_BYTES - at};
}

static char *append(char *at, struct str s)
{
    if (s.size > 0)
        memcpy(at, s.data, s.size);
    return at + s.size;
}

struct str issue_path_text(struct arena *arena, const struct issue_path *path)
{
    const struct issue_path *steps[PATH_STEPS_MAX];
    size_t step_count = 0;
    size_t size = 1;
    char index_text[INDEX_TEXT_BYTES];
    for (const struct issue_path *step = path; step->parent != NULL; step = step->parent) {
        assert(step_count < PATH_STEPS_MAX);
        steps[step_count++] = step;
        size += step_text(step, index_text).size + (str_is_absent(step->name) ? 0 : 1);
    }

    char *text = arena_allocate(arena, size);
    char *at = append(text, STR("$"));
    while (step_count > 0) {
        const struct issue_path *step = steps[--step_count];
        if (!str_is_absent(step->name))
            at = append(at, STR("."));
        at = append(at, step_text(step, index_text));
    }
    assert((size_t)(at - text) == size);
    return (struct str){text, size};
}

void issue_add(struct issue_list *list, const struct issue_path *path, struct str message)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        struct issue *items = ARENA_NEW_ARRAY(list->arena, struct issue, capacity);
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct issue){issue_path_text(list->arena, path), message};
}

void issue_add_member(struct issue_list *list, const struct issue_path *path, struct str name,
                      struct str message)
{
    const struct issue_path member = issue_path_member(path, name);
    issue_add(list, &member, message);
}

struct str issue_message(struct arena *arena, struct str before, struct str quoted,
                         struct str after)
{
    size_t size = before.size + quoted.size + after.size;
    char *text = arena_allocate(arena, size + 1);
    append(append(append(text, before), quoted), after);
    return (struct str){text, size};
}
