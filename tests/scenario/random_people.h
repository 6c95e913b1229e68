/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_people - who asks: people as callers of a remote evaluation send them, and the same people
 * as a targeting key and attributes.
 *
 * The two forms of a context (eval/evaluate.h) say the same of a person who
 *   - has a user_id, because the flat form takes its targeting key for one; a device_id alone is a
 *     targeting key of the other form and no user_id;
 *   - sends no amplitude_id, which the flat form takes for the targeting key, too;
 *   - has no user property with the name of a member of the user object: the flat form looks for
 *     properties among its attributes, too, and the other way round.
 * Their attributes are the user object as it is and, beside it, the user properties by themselves.
 * Of properties in worlds the last holds for everybody, of people the first two for most.
 */
#ifndef SCENARIO_RANDOM_PEOPLE_H
#define SCENARIO_RANDOM_PEOPLE_H

#include "base/number.h"
#include "dice.h"

struct person {
    struct json user;         /* as the caller sends it */
    bool has_flat_form;       /* the rest is there */
    struct str targeting_key; /* user_id as text */
    struct json attributes;
};

enum { USER_IDS = 12 };

static inline struct str some_user_id(struct dice *dice)
{
    static const struct str ids[USER_IDS] = {{"u1", 2},
                                             {"u2", 2},
                                             {"ann@example.org", 15},
                                             {"7", 1},
                                             {"J\xc3\xb8rgen", 7},
                                             {"[1,2]", 5},
                                             {" ", 1},
                                             {"TRUE", 4},
                                             {"\xf0\x9f\x9a\x80", 4},
                                             {"u-10", 4},
                                             {"true", 4},
                                             {"1e3", 3}};
    return one_of(dice, ids, USER_IDS);
}

static inline struct str some_device_id(struct dice *dice)
{
    return arena_format(dice->arena, "d%u", roll(dice, 40));
}

static inline struct str some_group_name(struct dice *dice)
{
    static const struct str names[] = {{"acme", 4}, {"a/b", 3}, {"Gr\xc3\xbc\xc3\x9f", 6}};
    return one_of(dice, names, COUNT_OF(names));
}

static inline struct str some_cohort_id(struct dice *dice)
{
    static const struct str ids[] = {{"crew", 4}, {"beta", 4}, {"orgs", 4}, {"nobody", 6}};
    return one_of(dice, ids, COUNT_OF(ids));
}

/* What properties and conditions are made of: they are to meet now and then. */
static inline struct str some_word(struct dice *dice)
{
    static const struct str words[] = {{"NO", 2},
                                       {"no", 2},
                                       {"SE", 2},
                                       {"pro", 3},
                                       {"free", 4},
                                       {"", 0},
                                       {"(none)", 6},
                                       {"true", 4},
                                       {"TRUE", 4},
                                       {"False", 5},
                                       {"a", 1},
                                       {"b", 1},
                                       {"30", 2},
                                       {"35.5", 4},
                                       {" 40 ", 3},
                                       {"0x1F", 4},
                                       {"1.10.0", 6},
                                       {"1.9.0", 5},
                                       {"1.10.0-a", 8},
                                       {"2.0", 3},
                                       {"[\"a\"]", 5},
                                       {"\xc3\x85land", 6},
                                       {"stra\xc3\x9f"
                                        "e",
                                        7},
                                       {"\xf0\x9f\x9a\x80", 4},
                                       {"a\nb", 3},
                                       {"abc.z", 5},
                                       {"null", 4},
                                       {"2031-03-10", 10}};
    return one_of(dice, words, COUNT_OF(words));
}

static inline struct json some_scalar(struct dice *dice)
{
    switch (roll(dice, 6)) {
    case 0:
        return json_make_number(one_number(dice));
    case 1:
        return json_make_boolean(once_in(dice, 2));
    case 2:
        return once_in(dice, 3) ? json_make_null() : json_make_string(some_word(dice));
    default:
        return json_make_string(some_word(dice));
    }
}

static inline struct json some_list(struct dice *dice)
{
    uint32_t count = roll(dice, 4);
    struct json *elements = room_for(dice, count);
    for (uint32_t i = 0; i < count; i++)
        elements[i] = some_scalar(dice);
    return list_of(elements, count);
}

static inline struct json some_nested(struct dice *dice)
{
    struct json inner = object_for(dice, 2);
    struct json outer = object_for(dice, 2);
    add_member(&inner, STR("b"), some_scalar(dice));
    if (once_in(dice, 2))
        add_member(&inner, STR("2"), some_list(dice));
    add_member(&outer, STR("a"), inner);
    add_member(&outer, STR("1"), some_scalar(dice));
    return outer;
}

/* Properties have names of their own. */
static inline struct json some_properties(struct dice *dice)
{
    static const struct str names[] = {{"plan", 4}, {"age", 3}, {"beta", 4},
                                       {"a/b", 3},  {"a~b", 3}, {"st\xc3\xb8rrelse", 9},
                                       {"2", 1}};
    struct json properties = object_for(dice, COUNT_OF(names) + 4);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (once_in(dice, 2))
            add_member(&properties, names[i], some_scalar(dice));
    }
    if (once_in(dice, 2))
        add_member(&properties, STR("tags"), some_list(dice));
    if (once_in(dice, 3))
        add_member(&properties, STR("nested"), some_nested(dice));
    if (once_in(dice, 2)) { /* what they had before; keys are those of random_text.h */
        struct str had = once_in(dice, 2) ? STR("on") : STR("b");
        add_member(&properties, arena_format(dice->arena, "[Experiment] t%u", roll(dice, 30)),
                   json_make_string(had));
    }
    return properties;
}

static inline void add_built_in_members(struct dice *dice, struct json *user)
{
    static const struct str countries[] = {{"NO", 2}, {"SE", 2}, {"no", 2}, {"\xc3\x85land", 6}};
    static const struct str versions[] = {
        {"1.9.0", 5}, {"1.10.0", 6}, {"1.10.0-a", 8}, {"2.0", 3}, {"v2", 2}};
    if (once_in(dice, 2))
        add_member(user, STR("country"),
                   json_make_string(one_of(dice, countries, COUNT_OF(countries))));
    if (once_in(dice, 2))
        add_member(user, STR("version"),
                   json_make_string(one_of(dice, versions, COUNT_OF(versions))));
    if (once_in(dice, 3))
        add_member(user, STR("platform"), json_make_string(STR("Web")));
    if (once_in(dice, 3)) {
        struct json *ids = room_for(dice, 2);
        ids[0] = json_make_string(some_cohort_id(dice));
        ids[1] = json_make_string(some_cohort_id(dice));
        add_member(user, STR("cohort_ids"), list_of(ids, 1 + roll(dice, 2)));
    }
}

/* {type: {name: value}}, of one group. */
static inline struct json of_group(struct dice *dice, struct str type, struct str name,
                                   struct json value)
{
    struct json by_name = object_for(dice, 1);
    struct json by_type = object_for(dice, 1);
    add_member(&by_name, name, value);
    add_member(&by_type, type, by_name);
    return by_type;
}

static inline void add_groups(struct dice *dice, struct json *user)
{
    struct str type = once_in(dice, 4) ? STR("team") : STR("org");
    struct str name = some_group_name(dice);
    struct json *names = room_for(dice, 2);
    struct json groups = object_for(dice, 1);
    names[0] = json_make_string(name);
    names[1] = json_make_string(some_group_name(dice));
    add_member(&groups, type, once_in(dice, 2) ? names[0] : list_of(names, 1 + roll(dice, 2)));
    add_member(user, STR("groups"), groups);
    if (once_in(dice, 2)) {
        struct json properties = object_for(dice, 1);
        add_member(&properties, STR("tier"), some_scalar(dice));
        add_member(user, STR("group_properties"), of_group(dice, type, name, properties));
    }
    if (once_in(dice, 3)) {
        struct json *ids = room_for(dice, 1);
        ids[0] = json_make_string(some_cohort_id(dice));
        add_member(user, STR("group_cohort_ids"), of_group(dice, type, name, list_of(ids, 1)));
    }
}

/* Who they are: most by name, some by number, some by device alone, few not at all. */
static inline void add_identity(struct dice *dice, struct person *person)
{
    static const double numbers[] = {7, 12345, 1.5};
    uint32_t kind = roll(dice, 10);
    struct json id = json_make_string(some_user_id(dice));
    if (kind == 7)
        id = json_make_number(numbers[roll(dice, COUNT_OF(numbers))]);
    if (kind == 8)
        id = json_make_string(STR(""));
    if (kind != 9)
        add_member(&person->user, STR("user_id"), id);
    if (!once_in(dice, 4))
        add_member(&person->user, STR("device_id"), json_make_string(some_device_id(dice)));
    bool has_amplitude_id = once_in(dice, 10);
    if (has_amplitude_id)
        add_member(&person->user, STR("amplitude_id"), json_make_string(some_user_id(dice)));
    person->has_flat_form = kind < 8 && !has_amplitude_id;
    person->targeting_key = id.type == JSON_STRING ? id.string : (struct str){0};
    if (id.type == JSON_NUMBER) {
        char text[NUMBER_TEXT_BYTES];
        struct str number = {text, number_format(id.number, text)};
        person->targeting_key = arena_copy_str(dice->arena, number);
    }
}

static inline struct json flatten(struct dice *dice, const struct json *user,
                                  const struct json *properties)
{
    size_t more = properties == NULL ? 0 : properties->count;
    struct json attributes = object_for(dice, user->count + more);
    for (size_t i = 0; i < user->count; i++)
        add_member(&attributes, user->members[i].key, user->members[i].value);
    for (size_t i = 0; i < more; i++)
        add_member(&attributes, properties->members[i].key, properties->members[i].value);
    return attributes;
}

static inline struct person some_person(struct dice *dice)
{
    struct person person = {.user = object_for(dice, 16)};
    add_identity(dice, &person);
    add_built_in_members(dice, &person.user);
    if (!once_in(dice, 5))
        add_member(&person.user, STR("user_properties"), some_properties(dice));
    if (once_in(dice, 2))
        add_groups(dice, &person.user);
    person.attributes =
        flatten(dice, &person.user, json_find(&person.user, STR("user_properties")));
    return person;
}

#endif
