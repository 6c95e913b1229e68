/* SPDX-License-Identifier: Apache-2.0 */
/* random_contexts - who asks, in both forms of a context: members missing, of other types, on edges
 * (random_edges.h). */
#ifndef DIFFERENTIAL_RANDOM_CONTEXTS_H
#define DIFFERENTIAL_RANDOM_CONTEXTS_H

#include "random_edges.h"

static inline struct json edge_id(struct dice *dice)
{
    switch (roll(dice, 16)) {
    case 0:
        return json_make_number(edge_number(dice));
    case 1:
        return json_make_string(edge_text(dice));
    case 2:
        return edge_value(dice);
    case 3:
    case 4:
    case 5:
        return json_make_string(some_user_id(dice));
    default:
        return json_make_string(arena_format(dice->arena, "u%u", roll(dice, 1000000)));
    }
}

static inline void maybe_add(struct dice *dice, struct json *object, const char *key,
                             struct json value)
{
    if (once_in(dice, 2) && json_find(object, str_of(key)) == NULL)
        add_member(object, str_of(key), once_in(dice, 12) ? edge_value(dice) : value);
}

/* What both forms have among a user's members and properties. */
static inline void add_properties(struct dice *dice, struct json *to)
{
    maybe_add(dice, to, "plan", edge_value(dice));
    maybe_add(dice, to, "age",
              once_in(dice, 3)
                  ? json_make_string(edge_numeral(dice))
                  : json_make_number(once_in(dice, 2) ? roll(dice, 41) : edge_number(dice)));
    maybe_add(dice, to, "beta", edge_scalar(dice));
    maybe_add(dice, to, "tags", edge_list(dice));
    maybe_add(dice, to, "when", json_make_string(edge_instant(dice)));
    maybe_add(dice, to, "nested", some_nested(dice));
    maybe_add(dice, to, "a/b", edge_scalar(dice));
    maybe_add(dice, to, "a~b", edge_scalar(dice));
    maybe_add(dice, to, "a~1b", edge_scalar(dice));
    maybe_add(dice, to, "2", edge_scalar(dice));
    maybe_add(dice, to, "targetingKey", edge_scalar(dice));
    for (size_t i = 0; i < 3; i++) {
        struct str had = once_in(dice, 2) ? STR("on") : once_in(dice, 2) ? STR("b") : STR("off");
        struct str key = arena_format(dice->arena, "[Experiment] t%u", roll(dice, 28));
        if (json_find(to, key) == NULL)
            add_member(to, key, json_make_string(had));
    }
}

static inline struct json edge_cohort_ids(struct dice *dice)
{
    struct json *ids = room_for(dice, 3);
    for (size_t i = 0; i < 3; i++)
        ids[i] = json_make_string(once_in(dice, 4) ? edge_text(dice) : some_cohort_id(dice));
    return list_of(ids, roll(dice, 4));
}

static inline void add_user_members(struct dice *dice, struct json *user)
{
    maybe_add(dice, user, "device_id", edge_id(dice));
    maybe_add(dice, user, "country", edge_scalar(dice));
    maybe_add(dice, user, "version", json_make_string(edge_version(dice)));
    if (once_in(dice, 3))
        maybe_add(dice, user, "amplitude_id", edge_id(dice));
    if (once_in(dice, 3))
        maybe_add(dice, user, "other_id", edge_id(dice));
    maybe_add(dice, user, "cohort_ids", edge_cohort_ids(dice));
}

enum { EDGE_MEMBERS_MAX = 48 };

static inline struct json edge_properties(struct dice *dice)
{
    struct json properties = object_for(dice, EDGE_MEMBERS_MAX);
    add_properties(dice, &properties);
    return properties;
}

/* {"user": …, "groups": …, "page": …} */
static inline struct json edge_tree(struct dice *dice)
{
    struct json tree = object_for(dice, 3);
    struct json user = object_for(dice, EDGE_MEMBERS_MAX);
    if (!once_in(dice, 6))
        add_member(&user, STR("user_id"), edge_id(dice));
    add_user_members(dice, &user);
    maybe_add(dice, &user, "user_properties", edge_properties(dice));
    if (once_in(dice, 3))
        add_properties(dice, &user);
    add_member(&tree, STR("user"), user);
    if (once_in(dice, 2)) {
        struct json groups = object_for(dice, 1);
        struct json group = object_for(dice, 3);
        struct json properties = object_for(dice, 1);
        add_member(&group, STR("group_name"), json_make_string(some_group_name(dice)));
        add_member(&properties, STR("tier"), edge_value(dice));
        maybe_add(dice, &group, "group_properties", properties);
        maybe_add(dice, &group, "cohort_ids", edge_cohort_ids(dice));
        add_member(&groups, once_in(dice, 4) ? STR("team") : STR("org"), group);
        add_member(&tree, STR("groups"), groups);
    }
    if (once_in(dice, 4)) {
        struct json page = object_for(dice, 1);
        add_member(&page, STR("url"), json_make_string(edge_text(dice)));
        add_member(&tree, STR("page"), page);
    }
    return tree;
}

static inline struct json edge_attributes(struct dice *dice)
{
    struct json attributes = object_for(dice, EDGE_MEMBERS_MAX);
    if (once_in(dice, 8))
        add_member(&attributes, STR("user_id"), edge_id(dice));
    add_user_members(dice, &attributes);
    if (!once_in(dice, 4))
        add_properties(dice, &attributes);
    maybe_add(dice, &attributes, "user_properties", edge_properties(dice));
    if (once_in(dice, 2))
        add_groups(dice, &attributes);
    return attributes;
}

#endif
