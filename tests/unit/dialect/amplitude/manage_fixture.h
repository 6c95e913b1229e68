/* SPDX-License-Identifier: Apache-2.0 */
/* manage_fixture - what tests of the management half's wire forms begin with: bodies in, texts
 * out. */
#ifndef UNIT_AMPLITUDE_MANAGE_FIXTURE_H
#define UNIT_AMPLITUDE_MANAGE_FIXTURE_H

#include "base/random.h"
#include "dialect/amplitude/item.h"
#include "test.h"

static inline struct arena *fixture_arena(void)
{
    static struct arena arena;
    static bool is_open;
    if (!is_open) {
        random_open();
        arena_open(&arena, 4096);
    }
    is_open = true;
    arena_reset(&arena);
    return &arena;
}

static inline struct json *body_of(struct arena *arena, const char *text)
{
    struct json *json = ARENA_NEW(arena, struct json);
    CHECK_OK(json_parse(arena, arena_copy_str(arena, str_of(text)), &json_budget_default, json));
    return json;
}

/* The fault of creating an item from a body, flag_check's included. */
static inline struct fault create(struct arena *arena, enum flag_kind kind, const char *text,
                                  struct flag *flag)
{
    struct wire wire = {.arena = arena};
    item_create(&wire, body_of(arena, text), kind, false, flag);
    if (wire_failed(&wire))
        return wire.fault;
    flag->id = STR("flag_test");
    return flag_check(arena, flag);
}

static inline struct flag *created(struct arena *arena, enum flag_kind kind, const char *text)
{
    struct flag *flag = ARENA_NEW(arena, struct flag);
    CHECK_OK(create(arena, kind, text, flag));
    return flag;
}

/* The fault of a PATCH; the flag is changed only when there is none. */
static inline struct fault patch(struct arena *arena, struct flag *flag, const char *text)
{
    struct wire wire = {.arena = arena};
    struct flag copy = flag_copy(arena, flag);
    item_patch(&wire, body_of(arena, text), false, &copy);
    struct fault fault = wire_failed(&wire) ? wire.fault : flag_check(arena, &copy);
    if (!failed(fault))
        *flag = copy;
    return fault;
}

static inline uint64_t find_number(const struct numbers *numbers, struct str key)
{
    (void)numbers;
    return str_equal(key, STR("old-checkout")) ? 183377 : str_equal(key, STR("mutex")) ? 183600 : 0;
}

/* The item as item 183402 of project 90017. */
static inline struct str shown(struct arena *arena, const struct flag *flag,
                               const struct provenance *provenance, int64_t now_ms)
{
    static struct catalog catalog;
    static const struct numbers numbers = {.find = find_number};
    const struct item_source source = {
        .flag = flag,
        .number = 183402,
        .environment = 90017,
        .provenance = provenance,
        .catalog = &catalog,
        .numbers = &numbers,
        .now_ms = now_ms,
    };
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    item_put(&writer, arena, &source);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* One member of what is shown, as JSON text; "" when there is none. */
static inline struct str member_shown(struct arena *arena, const struct flag *flag,
                                      const char *name)
{
    const struct json *whole = body_of(arena, shown(arena, flag, NULL, 0).data);
    const struct json *member = json_find(whole, str_of(name));
    struct buf buf;
    if (member == NULL)
        return STR("");
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_tree(&writer, member);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

#endif
