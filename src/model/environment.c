/* SPDX-License-Identifier: Apache-2.0 */
/* environment - finding things in an environment: see environment.h. */
#include "model/environment.h"

#include <stdlib.h>

#include "model/references.h"

struct str environment_flag_key(const struct environment_state *state, size_t index)
{
    return state->flags[index]->key;
}

struct str environment_segment_key(const struct environment_state *state, size_t index)
{
    return state->segments[index]->key;
}

static size_t search(const struct environment_state *state, size_t count, environment_key_at key_at,
                     struct str key)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(key_at(state, middle), key);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return INDEX_ABSENT;
}

size_t environment_flag_index(const struct environment_state *state, struct str key)
{
    return search(state, state->flag_count, environment_flag_key, key);
}

size_t environment_segment_index(const struct environment_state *state, struct str key)
{
    return search(state, state->segment_count, environment_segment_key, key);
}

static struct str cohort_id_at(const struct environment_state *state, size_t index)
{
    return state->cohorts[index]->id;
}

const struct cohort *environment_find_cohort(const struct environment_state *state, struct str id)
{
    size_t index = search(state, state->cohort_count, cohort_id_at, id);
    return index == INDEX_ABSENT ? NULL : state->cohorts[index];
}

/* ---- order --------------------------------------------------------------------------------- */

static int compare_flags(const void *left, const void *right)
{
    const struct flag *const *a = left;
    const struct flag *const *b = right;
    return str_compare((*a)->key, (*b)->key);
}

static int compare_segments(const void *left, const void *right)
{
    const struct segment *const *a = left;
    const struct segment *const *b = right;
    return str_compare((*a)->key, (*b)->key);
}

static int compare_cohorts(const void *left, const void *right)
{
    const struct cohort *const *a = left;
    const struct cohort *const *b = right;
    return str_compare((*a)->id, (*b)->id);
}

void environment_sort_flags(const struct flag **flags, size_t count)
{
    if (count > 1)
        qsort(flags, count, sizeof(*flags), compare_flags);
}

void environment_sort_segments(const struct segment **segments, size_t count)
{
    if (count > 1)
        qsort(segments, count, sizeof(*segments), compare_segments);
}

void environment_sort_cohorts(const struct cohort **cohorts, size_t count)
{
    if (count > 1)
        qsort(cohorts, count, sizeof(*cohorts), compare_cohorts);
}

const struct flag *environment_find_flag(const struct environment_state *state, struct str key)
{
    size_t index = environment_flag_index(state, key);
    return index == INDEX_ABSENT ? NULL : state->flags[index];
}

const struct segment *environment_find_segment(const struct environment_state *state,
                                               struct str key)
{
    size_t index = environment_segment_index(state, key);
    return index == INDEX_ABSENT ? NULL : state->segments[index];
}

bool flag_is_client_visible(const struct flag *flag, const struct environment_settings *settings)
{
    switch (flag->visibility) {
    case VISIBILITY_UNSET:
        return !settings->hides_flags_by_default;
    case VISIBILITY_CLIENT:
        return true;
    case VISIBILITY_SERVER:
        return false;
    }
    return false;
}
