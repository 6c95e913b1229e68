/* SPDX-License-Identifier: Apache-2.0 */
/* huge - flags of four megabytes each, of which an environment holds seven. */
#ifndef CHANGE_HUGE_H
#define CHANGE_HUGE_H

#include "model/limits.h"

#include "town.h"

enum { HUGE_FLAGS_THAT_FIT = 7 };

struct huge_put {
    struct str key; /* "huge" and a number are the others' */
    size_t count;
};

static inline struct flag huge_flag(struct arena *arena, struct str key)
{
    struct flag flag = town_flag(arena, key, true);
    char *text = arena_allocate(arena, VARIATION_VALUE_BYTES_MAX);
    memset(text, 'x', VARIATION_VALUE_BYTES_MAX);
    flag.type = VALUE_STRING;
    flag.variation_count = VARIATIONS_PER_FLAG_MAX;
    flag.variations = ARENA_NEW_ARRAY(arena, struct variation, flag.variation_count);
    for (size_t i = 0; i < flag.variation_count; i++)
        flag.variations[i] = (struct variation){
            .id = i == 0 ? STR("default") : arena_format(arena, "v%zu", i),
            .value = json_make_string((struct str){text, VARIATION_VALUE_BYTES_MAX - 2})};
    return flag;
}

/* One flag of that key, the others of the count under names of their own. */
static inline struct fault huge_edit(struct edit *edit, void *input)
{
    const struct huge_put *put = input;
    struct arena *arena = edit_arena(edit);
    struct flag flag = huge_flag(arena, put->key);
    struct fault fault = edit_put_flag(edit, &flag);
    for (size_t i = 1; i < put->count && !failed(fault); i++) {
        flag.key = arena_format(arena, "%.*s-%zu", STR_ARG(put->key), i);
        fault = edit_put_flag(edit, &flag);
    }
    return fault;
}

static inline struct change huge_change(uint64_t environment, struct huge_put *put)
{
    return (struct change){.kind = CHANGE_ENVIRONMENT,
                           .action = STR("flag.put"),
                           .subject = put->key,
                           .environment = environment,
                           .edit = huge_edit,
                           .input = put,
                           .acknowledges_growth = true,
                           .reuse = REUSE_UNASKED};
}

#endif
