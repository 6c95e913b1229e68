/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_reshuffle - who would be dealt anew: see flag_defaults.h.
 *
 * Who gets what is decided by a hash of a salt and a subject. A new version that hashes otherwise
 * deals everybody anew wherever shares are dealt; moving shares or rules about does not.
 */
#include "dialect/admin/flag_defaults.h"

static bool deals(const struct serve *serve)
{
    return serve->kind != SERVE_VARIATION;
}

/* What is hashed before the subject. */
static struct str prefix_of(struct arena *arena, const struct flag *flag, const struct serve *serve)
{
    struct str salt = serve->split.salt;
    if (serve_is_bucket(serve))
        salt = str_is_absent(serve->bucket.salt) ? flag->salt : serve->bucket.salt;
    else if (serve->kind == SERVE_PROGRESSIVE && !str_is_absent(serve->to.salt))
        salt = serve->to.salt;
    return flag_hash_prefix(arena, flag->arithmetic.hash, flag->key, salt);
}

static uint64_t sum_of(const struct allocation *allocations, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += allocations[i].weight;
    return sum;
}

/* By a remainder of the hash, of which another number makes another one for everybody. */
static bool is_divided_anew(const struct flag *flag, const struct serve *before,
                            const struct serve *after)
{
    if (flag->arithmetic.hash == FLAG_HASH_FNV1A_32_MODULO)
        return sum_of(before->split.allocations, before->split.allocation_count) !=
               sum_of(after->split.allocations, after->split.allocation_count);
    if (flag->arithmetic.hash != FLAG_HASH_MURMUR3_32_PERCENT)
        return false;
    const struct bucket *from = &before->bucket;
    const struct bucket *to = &after->bucket;
    for (size_t i = 0; i < from->slice_count && i < to->slice_count; i++) {
        if (sum_of(from->slices[i].allocations, from->slices[i].allocation_count) !=
            sum_of(to->slices[i].allocations, to->slices[i].allocation_count))
            return true;
    }
    return false;
}

static bool is_dealt_anew(struct arena *arena, const struct flag *current,
                          const struct serve *before, const struct flag *flag,
                          const struct serve *after)
{
    if (!deals(before) || !deals(after))
        return false;
    return current->arithmetic.hash != flag->arithmetic.hash ||
           !str_equal(prefix_of(arena, current, before), prefix_of(arena, flag, after)) ||
           is_divided_anew(flag, before, after);
}

static const struct rule *find_rule(const struct flag *flag, struct str id)
{
    for (size_t i = 0; i < flag->rule_count; i++) {
        if (str_equal(flag->rules[i].id, id))
            return &flag->rules[i];
    }
    return NULL;
}

/* "/fallthrough, /rules/2/serve"; empty when nothing is. */
static void list_places(struct arena *arena, const struct flag *current, const struct flag *flag,
                        struct buf *places)
{
    if (is_dealt_anew(arena, current, &current->fallthrough, flag, &flag->fallthrough))
        buf_append(places, STR("/fallthrough"));
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct rule *before = find_rule(current, flag->rules[i].id);
        if (before != NULL &&
            is_dealt_anew(arena, current, &before->serve, flag, &flag->rules[i].serve))
            buf_append_format(places, "%s/rules/%zu/serve", places->size == 0 ? "" : ", ", i);
    }
}

static struct str cause_of(const struct flag *current, const struct flag *flag)
{
    if (current->arithmetic.hash != flag->arithmetic.hash ||
        current->arithmetic.comparison != flag->arithmetic.comparison)
        return STR("/arithmetic");
    return str_equal(current->salt, flag->salt) ? (struct str){0} : STR("/salt");
}

struct str flag_reshuffle(struct arena *arena, const struct flag *current, const struct flag *flag,
                          struct str *where)
{
    struct str why = {0};
    struct buf places;
    buf_open(&places, SIZE_MAX);
    *where = cause_of(current, flag);
    list_places(arena, current, flag, &places);
    if (places.size > 0) {
        why = arena_format(arena,
                           "everybody who is dealt a share is dealt anew at %.*s; say "
                           "?acknowledge=reshuffle if that is meant",
                           STR_ARG(buf_str(&places)));
        if (str_is_absent(*where))
            *where = arena_copy_str(
                arena, str_slice(buf_str(&places), 0, str_find_byte(buf_str(&places), ',', 0)));
    } else if (!str_is_absent(*where)) {
        why = STR("shares that this flag deals from now on go to others than they would have; say "
                  "?acknowledge=reshuffle if that is meant");
    }
    buf_close(&places);
    return why;
}
