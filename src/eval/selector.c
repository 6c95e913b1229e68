/* SPDX-License-Identifier: Apache-2.0 */
/* selector - see selector.h. */
#include "eval/selector.h"

#include "base/buf.h"

struct str selector_step(struct arena *arena, struct str step)
{
    if (str_find_byte(step, '~', 0) == step.size)
        return step;
    char *plain = arena_allocate(arena, step.size);
    size_t size = 0;
    for (size_t i = 0; i < step.size; i++) {
        bool is_escape = step.data[i] == '~' && i + 1 < step.size &&
                         (step.data[i + 1] == '0' || step.data[i + 1] == '1');
        plain[size++] = step.data[i];
        if (is_escape)
            plain[size - 1] = step.data[++i] == '1' ? '/' : '~';
    }
    return (struct str){plain, size};
}

/* Empty when a step is: then nothing is selected. */
static void split_steps(struct arena *arena, struct selector *selector)
{
    struct str text = selector->text;
    size_t slashes = 0;
    for (size_t i = 0; i < text.size; i++)
        slashes += text.data[i] == '/';
    selector->steps = ARENA_NEW_ARRAY(arena, struct str, slashes + 1);
    size_t from = 1;
    while (from <= text.size) {
        size_t end = str_find_byte(text, '/', from);
        struct str step = selector_step(arena, str_slice(text, from, end));
        if (step.size == 0) {
            selector->step_count = 0;
            return;
        }
        selector->steps[selector->step_count++] = step;
        from = end + 1;
    }
}

static bool step_is(const struct selector *selector, size_t index, struct str step)
{
    return index < selector->step_count && str_equal(selector->steps[index], step);
}

static enum selector_flat flat_group(const struct selector *selector)
{
    if (selector->step_count == 3 && step_is(selector, 2, STR("group_name")))
        return FLAT_GROUP_NAME;
    if (selector->step_count > 3 && step_is(selector, 2, STR("group_properties")))
        return FLAT_GROUP_PROPERTY;
    if (selector->step_count == 3 && step_is(selector, 2, STR("cohort_ids")))
        return FLAT_GROUP_COHORTS;
    return FLAT_NOTHING;
}

static enum selector_flat flat_of(const struct selector *selector)
{
    if (step_is(selector, 0, STR("groups")))
        return flat_group(selector);
    if (!step_is(selector, 0, STR("user")) || selector->step_count == 1)
        return FLAT_NOTHING;
    if (selector->step_count == 2 && step_is(selector, 1, STR("user_id")))
        return FLAT_TARGETING_KEY;
    bool is_identity = str_ends_with(selector->steps[1], STR("_id"));
    if (selector->step_count == 2 && is_identity && !step_is(selector, 1, STR("device_id")))
        return FLAT_IDENTITY;
    if (selector->step_count > 2 && step_is(selector, 1, STR("user_properties")))
        return FLAT_PROPERTY;
    return FLAT_ATTRIBUTE;
}

struct selector selector_parse(struct arena *arena, struct str text)
{
    struct selector selector = {.text = text};
    if (!str_starts_with(text, STR("/")))
        return selector;
    split_steps(arena, &selector);
    if (step_is(&selector, 0, STR("context")))
        selector.root = SELECTOR_CONTEXT;
    else if (step_is(&selector, 0, STR("result")))
        selector.root = SELECTOR_RESULT;
    else
        return selector;
    selector.steps++;
    selector.step_count--;
    if (selector.root == SELECTOR_CONTEXT)
        selector.flat = flat_of(&selector);
    return selector;
}

static void append_step(struct buf *text, struct str step)
{
    buf_append_byte(text, '/');
    for (size_t i = 0; i < step.size; i++) {
        if (step.data[i] == '~')
            buf_append(text, STR("~0"));
        else if (step.data[i] == '/')
            buf_append(text, STR("~1"));
        else
            buf_append_byte(text, step.data[i]);
    }
}

struct str selector_text(struct arena *arena, const struct str *steps, size_t count)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        append_step(&text, steps[i]);
    struct str copy = count == 0 ? STR("") : arena_copy_str(arena, buf_str(&text));
    buf_close(&text);
    return copy;
}

/* A list's element; ECMAScript's spelling of indices: no sign, no leading zero. */
static const struct json *element_at(const struct json *list, struct str index)
{
    uint64_t place = 0;
    bool is_canonical = index.size == 1 || (index.size > 1 && index.data[0] != '0');
    if (!is_canonical || !str_parse_u64(index, &place) || place >= list->count)
        return NULL;
    return &list->elements[place];
}

const struct json *json_walk(const struct json *from, const struct str *steps, size_t count)
{
    const struct json *at = from;
    for (size_t i = 0; i < count && at != NULL; i++)
        at = at->type == JSON_ARRAY ? element_at(at, steps[i]) : json_find(at, steps[i]);
    return at == NULL || at->type == JSON_NULL ? NULL : at;
}
