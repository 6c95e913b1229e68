/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture - documents and environments the tests of model/ are about.
 *
 * A boolean flag with the variations off and on, switched on, serving `on`; a segment that holds
 * nobody. Tests change one thing about them and see what happens.
 */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/codec.h"
#include "model/limits.h"

#include "test.h"

static inline struct str fixture_text(struct arena *arena, const struct flag *flag)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    flag_encode(flag, &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static inline struct str fixture_segment_text(struct arena *arena, const struct segment *segment)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    segment_encode(segment, &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static inline struct flag fixture_flag(struct arena *arena, struct str key)
{
    struct flag flag = {
        .id = STR("flag_1"),
        .key = key,
        .type = VALUE_BOOLEAN,
        .description = STR("Vector flag"),
        .owner = STR("qa"),
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_enabled = true,
        .is_on_all_deployments = true,
        .variation_count = 2,
        .off_variation = STR("off"),
        .fallthrough = {.kind = SERVE_VARIATION, .variation = STR("on")},
    };
    flag.variations = ARENA_NEW_ARRAY(arena, struct variation, 2);
    flag.variations[0] = (struct variation){.id = STR("off"), .value = json_make_boolean(false)};
    flag.variations[1] = (struct variation){.id = STR("on"), .value = json_make_boolean(true)};
    return flag;
}

static inline struct segment fixture_segment(struct str key)
{
    return (struct segment){.id = STR("segment_1"), .key = key};
}

static inline struct expression fixture_match(struct str attribute, struct json value)
{
    return (struct expression){.kind = EXPRESSION_MATCH,
                               .attribute = attribute,
                               .operator= OPERATOR_EQ,
                               .value = value,
                               .has_value = true};
}

static inline struct expression fixture_in_segment(struct str key)
{
    return (struct expression){.kind = EXPRESSION_SEGMENT, .segment = key};
}

/* `kind` around `count` copies of `child`. */
static inline struct expression fixture_around(struct arena *arena, enum expression_kind kind,
                                               struct expression child, size_t count)
{
    struct expression expression = {.kind = kind, .child_count = count};
    if (count > 0)
        expression.children = ARENA_NEW_ARRAY(arena, struct expression, count);
    for (size_t i = 0; i < count; i++)
        expression.children[i] = child;
    return expression;
}

/* Replaces the rules with one that serves `on` when the expression holds. */
static inline void fixture_rule(struct arena *arena, struct flag *flag, struct expression when)
{
    flag->rules = ARENA_NEW(arena, struct rule);
    flag->rule_count = 1;
    flag->rules[0] = (struct rule){
        .id = STR("r"),
        .when = when,
        .serve = {.kind = SERVE_VARIATION, .variation = STR("on")},
    };
}

static inline void fixture_require(struct arena *arena, struct flag *flag, struct str key)
{
    struct prerequisite *grown =
        ARENA_NEW_ARRAY(arena, struct prerequisite, flag->prerequisite_count + 1);
    for (size_t i = 0; i < flag->prerequisite_count; i++)
        grown[i] = flag->prerequisites[i];
    struct prerequisite *added = &grown[flag->prerequisite_count++];
    added->flag = key;
    added->variations = ARENA_NEW(arena, struct str);
    added->variations[0] = STR("on");
    added->variation_count = 1;
    flag->prerequisites = grown;
}

static inline struct str fixture_repeat(struct arena *arena, char c, size_t count)
{
    char *text = arena_allocate(arena, count);
    memset(text, c, count);
    return (struct str){text, count};
}

/* The flag is let through by both doors, or refused by both for the same reason. */
static inline void check_both_doors(struct arena *arena, const struct flag *flag,
                                    enum fault_kind kind, struct str where)
{
    struct fault written = flag_check(arena, flag);
    CHECK_FAULT(written, kind);
    struct flag again;
    struct fault loaded = flag_decode(arena, fixture_text(arena, flag), &again);
    CHECK_FAULT(loaded, kind);
    if (kind == FAULT_NONE)
        return;
    CHECK_STR(written.where, where);
    CHECK_STR(loaded.where, where);
    CHECK_STR(loaded.why, written.why);
}

static inline void check_both_segment_doors(struct arena *arena, const struct segment *segment,
                                            enum fault_kind kind, struct str where)
{
    struct fault written = segment_check(arena, segment);
    CHECK_FAULT(written, kind);
    struct segment again;
    struct fault loaded = segment_decode(arena, fixture_segment_text(arena, segment), &again);
    CHECK_FAULT(loaded, kind);
    if (kind == FAULT_NONE)
        return;
    CHECK_STR(written.where, where);
    CHECK_STR(loaded.where, where);
    CHECK_STR(loaded.why, written.why);
}

#endif
