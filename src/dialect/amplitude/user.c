/* SPDX-License-Identifier: Apache-2.0 */
/* user - the evaluation's context: see user.h. */
#include "dialect/amplitude/user.h"

#include "base/number.h"
#include "eval/selector.h"

/* A text or a number as text: ids arrive as either. */
static struct str text_of(struct arena *arena, const struct json *json)
{
    if (json == NULL)
        return STR("");
    if (json->type == JSON_STRING)
        return json->string;
    if (json->type != JSON_NUMBER)
        return STR("");
    char text[NUMBER_TEXT_BYTES];
    struct str number = {text, number_format(json->number, text)};
    return arena_copy_str(arena, number);
}

static bool is_object_with_members(const struct json *json)
{
    return json != NULL && json->type == JSON_OBJECT && json->count > 0;
}

static void add_member(struct json *object, struct str key, struct json value)
{
    object->members[object->count++] = (struct json_member){key, value};
}

static struct json make_object(struct arena *arena, size_t members_max)
{
    return (struct json){
        .type = JSON_OBJECT,
        .members = ARENA_NEW_ARRAY(arena, struct json_member, members_max),
    };
}

struct json user_with(struct arena *arena, const struct json *user, struct str key,
                      struct str value)
{
    struct json set = make_object(arena, (size_t)user->count + 1);
    for (uint32_t i = 0; i < user->count; i++) {
        if (!str_equal(user->members[i].key, key))
            add_member(&set, user->members[i].key, user->members[i].value);
    }
    add_member(&set, key, json_make_string(value));
    return set;
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* The one group of a type that counts: the first named. NULL when there is none. */
static const struct json *first_name(const struct json *names)
{
    if (names->type == JSON_STRING)
        return names->string.size > 0 ? names : NULL;
    if (names->type != JSON_ARRAY || names->count == 0)
        return NULL;
    return &names->elements[0];
}

/* What the user object says of one group: object[type][name]. */
static const struct json *find_of_group(const struct json *object, struct str type, struct str name)
{
    const struct json *of_type = object == NULL ? NULL : json_find(object, type);
    return of_type == NULL ? NULL : json_find(of_type, name);
}

static struct json make_group(struct arena *arena, const struct json *json, struct str type,
                              const struct json *name)
{
    struct json group = make_object(arena, 3);
    struct str name_text = text_of(arena, name);
    add_member(&group, STR("group_name"), *name);
    const struct json *properties =
        find_of_group(json_find(json, STR("group_properties")), type, name_text);
    if (is_object_with_members(properties))
        add_member(&group, STR("group_properties"), *properties);
    const struct json *cohorts =
        find_of_group(json_find(json, STR("group_cohort_ids")), type, name_text);
    if (cohorts != NULL && cohorts->type != JSON_NULL)
        add_member(&group, STR("cohort_ids"), *cohorts);
    return group;
}

static struct json make_groups(struct arena *arena, const struct json *json,
                               const struct json *named)
{
    struct json groups = make_object(arena, named->count);
    for (uint32_t i = 0; i < named->count; i++) {
        const struct json_member *member = &named->members[i];
        const struct json *name = first_name(&member->value);
        if (name != NULL)
            add_member(&groups, member->key, make_group(arena, json, member->key, name));
    }
    return groups;
}

/* ---- the user -------------------------------------------------------------------------------- */

static bool is_about_groups(struct str key)
{
    return str_starts_with(key, STR("group")) &&
           (str_equal(key, STR("groups")) || str_equal(key, STR("group_properties")) ||
            str_equal(key, STR("group_cohort_ids")));
}

/* With room for one member more: amplitude_id. */
static struct json make_person(struct arena *arena, const struct json *json)
{
    struct json person = make_object(arena, (size_t)json->count + 1);
    for (uint32_t i = 0; i < json->count; i++) {
        if (!is_about_groups(json->members[i].key))
            add_member(&person, json->members[i].key, json->members[i].value);
    }
    return person;
}

struct fault user_decode(struct arena *arena, const struct json *json, struct amplitude_user *user)
{
    if (json->type != JSON_OBJECT)
        return fault_make(FAULT_INVALID, STR("user"), STR("must be a JSON object"));
    *user = (struct amplitude_user){
        .tree = make_object(arena, 2),
        .user_id = text_of(arena, json_find(json, STR("user_id"))),
        .device_id = text_of(arena, json_find(json, STR("device_id"))),
    };
    add_member(&user->tree, STR("user"), make_person(arena, json));
    const struct json *groups = json_find(json, STR("groups"));
    if (is_object_with_members(groups)) {
        user->groups = groups;
        add_member(&user->tree, STR("groups"), make_groups(arena, json, groups));
    }
    return fault_none();
}

void user_identify(struct amplitude_user *user, struct str identity)
{
    if (str_is_empty(identity))
        return;
    struct json *person = &user->tree.members[0].value;
    for (uint32_t i = 0; i < person->count; i++) {
        if (!str_equal(person->members[i].key, STR("amplitude_id")))
            continue;
        if (person->members[i].value.type == JSON_NULL)
            person->members[i].value = json_make_string(identity);
        return;
    }
    add_member(person, STR("amplitude_id"), json_make_string(identity));
}

struct str user_person(struct arena *arena, const struct amplitude_user *user)
{
    const struct json *person = &user->tree.members[0].value;
    struct str id = text_of(arena, json_find(person, STR("amplitude_id")));
    if (id.size > 0)
        return id;
    return user->user_id.size > 0 ? user->user_id : user->device_id;
}

struct str user_group(struct arena *arena, const struct amplitude_user *user, struct str type)
{
    const struct str path[] = {STR("groups"), type, STR("group_name")};
    return text_of(arena, json_walk(&user->tree, path, COUNT_OF(path)));
}
