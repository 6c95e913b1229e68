/* SPDX-License-Identifier: Apache-2.0 */
/* group - mutual exclusion and holdout groups: see group.h. */
#include "model/group.h"

#include <assert.h>
#include <string.h>

#include "model/limits.h"

static const struct str off = {"off", 3};
static const struct str unallocated = {"unallocated", 11};
static const struct str held_out = {"holdout", 7};
const struct str group_not_held_out = {"on", 2};

/* ---- made ------------------------------------------------------------------------------------ */

static struct variation make_variation(struct str id)
{
    return (struct variation){.id = id, .value = json_make_string(id)};
}

/* Who has nothing to be dealt by is "off", but where one variation is for everybody that is for
 * them, too. */
static struct str otherwise_of(const struct slice *slice)
{
    struct str only = off;
    size_t dealt_count = 0;
    for (size_t i = 0; i < slice->allocation_count; i++) {
        if (slice->allocations[i].weight == 0)
            continue;
        only = slice->allocations[i].variation;
        dealt_count++;
    }
    return dealt_count == 1 ? only : off;
}

/* Everybody is dealt to one variation or another: one slice of 100 percent. */
static struct serve deal(struct arena *arena, const struct variation *variations,
                         const uint32_t *weights, size_t count)
{
    struct slice *slice = ARENA_NEW(arena, struct slice);
    slice->percent = SLICE_PERCENT_MAX;
    slice->allocations = ARENA_NEW_ARRAY(arena, struct allocation, count);
    slice->allocation_count = count;
    for (size_t i = 0; i < count; i++)
        slice->allocations[i] = (struct allocation){variations[i].id, weights[i]};
    return (struct serve){
        .kind = SERVE_BUCKET,
        .bucket = {.slices = slice, .slice_count = 1, .otherwise = otherwise_of(slice)},
    };
}

/* The last variation is "off"; the others are dealt. */
static struct flag make_group(struct arena *arena, enum flag_kind kind,
                              struct variation *variations, size_t count, const uint32_t *weights)
{
    return (struct flag){
        .kind = kind,
        .type = VALUE_STRING,
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_enabled = true,
        .arithmetic = {FLAG_HASH_MURMUR3_32_UTF8, FLAG_COMPARISON_TEXT},
        .variations = variations,
        .variation_count = count,
        .off_variation = off,
        .fallthrough = deal(arena, variations, weights, count - 1),
    };
}

struct flag group_make_mutex(struct arena *arena, const uint32_t *percents, size_t count)
{
    uint32_t weights[SLOTS_PER_MUTEX_MAX + 1] = {0};
    struct variation *variations = ARENA_NEW_ARRAY(arena, struct variation, count + 2);
    uint32_t left = SLICE_PERCENT_MAX;
    assert(count <= SLOTS_PER_MUTEX_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(percents[i] <= left);
        variations[i] = make_variation(group_slot(arena, i + 1));
        weights[i] = percents[i];
        left -= percents[i];
    }
    weights[count] = left;
    variations[count] = make_variation(unallocated);
    variations[count + 1] = make_variation(off);
    return make_group(arena, FLAG_KIND_MUTEX, variations, count + 2, weights);
}

struct flag group_make_holdout(struct arena *arena, uint32_t held_out_percent)
{
    assert(held_out_percent <= SLICE_PERCENT_MAX);
    const uint32_t weights[] = {held_out_percent, SLICE_PERCENT_MAX - held_out_percent};
    struct variation *variations = ARENA_NEW_ARRAY(arena, struct variation, 3);
    variations[0] = make_variation(held_out);
    variations[1] = make_variation(group_not_held_out);
    variations[2] = make_variation(off);
    return make_group(arena, FLAG_KIND_HOLDOUT, variations, 3, weights);
}

/* ---- read ------------------------------------------------------------------------------------ */

struct str group_slot(struct arena *arena, uint64_t number)
{
    return arena_format(arena, "slot-%llu", (unsigned long long)number);
}

bool group_is_slot(struct str variation)
{
    return str_starts_with(variation, STR("slot-"));
}

struct shares {
    const struct allocation *list;
    size_t count;
};

static struct shares shares_of(const struct serve *serve)
{
    if (serve_is_bucket(serve)) {
        if (serve->bucket.slice_count == 0)
            return (struct shares){0};
        const struct slice *slice = &serve->bucket.slices[0];
        return (struct shares){slice->allocations, slice->allocation_count};
    }
    return (struct shares){serve->split.allocations, serve->split.allocation_count};
}

uint32_t group_percent(const struct flag *group, struct str variation)
{
    const struct serve *serve = &group->fallthrough;
    const struct allocation everybody = {serve->variation, 1};
    struct shares shares = shares_of(serve);
    uint64_t total = 0;
    uint64_t mine = 0;
    if (serve->kind == SERVE_VARIATION)
        shares = (struct shares){&everybody, 1};
    for (size_t i = 0; i < shares.count; i++) {
        const struct allocation *share = &shares.list[i];
        if (str_is_absent(share->variation) || str_equal(share->variation, off))
            continue;
        total += share->weight;
        if (str_equal(share->variation, variation))
            mine = share->weight;
    }
    return total == 0 ? 0 : (uint32_t)(mine * 100 / total);
}

static size_t count_dependencies(const struct environment_state *state)
{
    size_t count = 0;
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        for (size_t j = 0; j < flag->prerequisite_count; j++)
            count += flag->prerequisites[j].variation_count;
    }
    return count;
}

/* In the order of the flags, per parent. */
static void add_member(struct group_members *members, uint32_t *last, struct str parent,
                       struct group_member member)
{
    uint32_t index = (uint32_t)members->count++;
    uint32_t place = map_find(&members->parents, parent);
    member.next = MAP_ABSENT;
    members->list[index] = member;
    if (place == MAP_ABSENT) {
        place = (uint32_t)members->parents.count;
        map_insert(&members->parents, parent, place);
        members->first[place] = index;
    } else {
        members->list[last[place]].next = index;
    }
    last[place] = index;
}

static void add_members_of(struct group_members *members, uint32_t *last, const struct flag *flag,
                           size_t index)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *prerequisite = &flag->prerequisites[i];
        for (size_t j = 0; j < prerequisite->variation_count; j++)
            add_member(
                members, last, prerequisite->flag,
                (struct group_member){.variation = prerequisite->variations[j], .flag = index});
    }
}

struct group_members group_members_find(struct arena *arena, const struct environment_state *state)
{
    size_t count = count_dependencies(state);
    struct group_members members = {0};
    uint32_t *last = ARENA_NEW_ARRAY(arena, uint32_t, count);
    map_open(&members.parents, arena, count);
    members.first = ARENA_NEW_ARRAY(arena, uint32_t, count);
    members.list = ARENA_NEW_ARRAY(arena, struct group_member, count);
    for (size_t i = 0; i < state->flag_count; i++)
        add_members_of(&members, last, state->flags[i], i);
    return members;
}

uint32_t group_members_first(const struct group_members *members, struct str group)
{
    uint32_t place = map_find(&members->parents, group);
    return place == MAP_ABSENT ? MAP_ABSENT : members->first[place];
}

/* ---- membership ------------------------------------------------------------------------------ */

static int find_prerequisite(const struct flag *member, struct str group)
{
    for (size_t i = 0; i < member->prerequisite_count; i++) {
        if (str_equal(member->prerequisites[i].flag, group))
            return (int)i;
    }
    return -1;
}

static bool lists(const struct prerequisite *prerequisite, struct str variation)
{
    for (size_t i = 0; i < prerequisite->variation_count; i++) {
        if (str_equal(prerequisite->variations[i], variation))
            return true;
    }
    return false;
}

bool group_has(const struct flag *member, struct str group, struct str variation)
{
    int index = find_prerequisite(member, group);
    return index >= 0 && lists(&member->prerequisites[index], variation);
}

bool group_has_any(const struct flag *member, struct str group)
{
    return find_prerequisite(member, group) >= 0;
}

/* A list of the member's own, with room for one more. */
static void take_prerequisites(struct arena *arena, struct flag *member)
{
    size_t count = member->prerequisite_count;
    struct prerequisite *list = ARENA_NEW_ARRAY(arena, struct prerequisite, count + 1);
    if (count > 0)
        memcpy(list, member->prerequisites, count * sizeof(*list));
    member->prerequisites = list;
}

void group_join(struct arena *arena, struct flag *member, struct str group, struct str variation)
{
    int index = find_prerequisite(member, group);
    take_prerequisites(arena, member);
    if (index < 0) {
        index = (int)member->prerequisite_count++;
        member->prerequisites[index] = (struct prerequisite){.flag = group};
    }
    struct prerequisite *prerequisite = &member->prerequisites[index];
    size_t count = prerequisite->variation_count;
    struct str *variations = ARENA_NEW_ARRAY(arena, struct str, count + 1);
    if (count > 0)
        memcpy(variations, prerequisite->variations, count * sizeof(*variations));
    variations[count] = variation;
    prerequisite->variations = variations;
    prerequisite->variation_count = count + 1;
}

void group_leave_all(struct arena *arena, struct flag *member, struct str group)
{
    int index = find_prerequisite(member, group);
    if (index < 0)
        return;
    take_prerequisites(arena, member);
    size_t at = (size_t)index;
    size_t behind = member->prerequisite_count - at - 1;
    memmove(&member->prerequisites[at], &member->prerequisites[at + 1],
            behind * sizeof(*member->prerequisites));
    member->prerequisite_count--;
}

void group_leave(struct arena *arena, struct flag *member, struct str group, struct str variation)
{
    int index = find_prerequisite(member, group);
    if (index < 0)
        return;
    take_prerequisites(arena, member);
    struct prerequisite *prerequisite = &member->prerequisites[index];
    struct str *variations = ARENA_NEW_ARRAY(arena, struct str, prerequisite->variation_count);
    size_t kept = 0;
    for (size_t i = 0; i < prerequisite->variation_count; i++) {
        if (!str_equal(prerequisite->variations[i], variation))
            variations[kept++] = prerequisite->variations[i];
    }
    prerequisite->variations = variations;
    prerequisite->variation_count = kept;
    if (kept == 0)
        group_leave_all(arena, member, group);
}
