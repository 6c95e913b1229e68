/* SPDX-License-Identifier: Apache-2.0 */
/* flag_defaults - what is left out: see flag_defaults.h. */
#include "dialect/admin/flag_defaults.h"

#include "base/random.h"
#include "dialect/admin/definition.h"
#include "model/names.h"

const struct str flag_default_selector = {"/context/user/user_id", 21};

static bool says(const struct json *document, struct str name)
{
    return json_find(document, name) != NULL;
}

static void fill(struct arena *arena, struct json *document, struct str name, struct json value)
{
    if (!says(document, name))
        definition_set_member(arena, document, name, value);
}

static void fill_text(struct arena *arena, struct json *document, struct str name, struct str value)
{
    fill(arena, document, name, json_make_string(value));
}

static struct json make_object(struct arena *arena, size_t count)
{
    struct json object = {.type = JSON_OBJECT, .count = (uint32_t)count};
    object.members = ARENA_NEW_ARRAY(arena, struct json_member, count);
    return object;
}

/* ---- variations ------------------------------------------------------------------------------ */

static struct json make_variation(struct arena *arena, struct str id, bool value)
{
    struct json variation = make_object(arena, 2);
    variation.members[0] = (struct json_member){STR("id"), json_make_string(id)};
    variation.members[1] = (struct json_member){STR("value"), json_make_boolean(value)};
    return variation;
}

static bool is_boolean(const struct json *document)
{
    const struct json *type = json_find(document, STR("type"));
    return type == NULL || (type->type == JSON_STRING && str_equal(type->string, STR("boolean")));
}

static void fill_variations(struct arena *arena, struct json *document)
{
    if (says(document, STR("variations")) || !is_boolean(document))
        return;
    struct json list = {.type = JSON_ARRAY, .count = 2};
    list.elements = ARENA_NEW_ARRAY(arena, struct json, 2);
    list.elements[0] = make_variation(arena, STR("on"), true);
    list.elements[1] = make_variation(arena, STR("off"), false);
    definition_set_member(arena, document, STR("variations"), list);
}

/* NULL when it is none. */
static const struct json *list_of_variations(const struct json *document)
{
    const struct json *list = json_find(document, STR("variations"));
    return list != NULL && list->type == JSON_ARRAY ? list : NULL;
}

/* Empty for what is not there: the check then finds what is wrong with the list itself. */
static struct str id_at(const struct json *list, uint32_t index)
{
    const struct json *id = NULL;
    if (index < list->count)
        id = json_find(&list->elements[index], STR("id"));
    return id != NULL && id->type == JSON_STRING ? id->string : STR("");
}

static bool has_variation(const struct json *list, struct str id)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (str_equal(id_at(list, i), id))
            return true;
    }
    return false;
}

static void fill_type(struct arena *arena, struct json *document)
{
    enum value_type type = VALUE_BOOLEAN;
    const struct json *list = list_of_variations(document);
    const struct json *value = NULL;
    if (list != NULL && list->count > 0)
        value = json_find(&list->elements[0], STR("value"));
    if (value == NULL || !value_type_of(value, &type))
        type = VALUE_BOOLEAN;
    fill_text(arena, document, STR("type"), value_type_name(type));
}

static void fill_off_variation(struct arena *arena, struct json *document)
{
    const struct json *list = list_of_variations(document);
    if (list == NULL)
        return;
    struct str last = list->count == 0 ? STR("") : id_at(list, list->count - 1);
    fill_text(arena, document, STR("offVariation"),
              has_variation(list, STR("off")) ? STR("off") : last);
}

static void fill_fallthrough(struct arena *arena, struct json *document)
{
    const struct json *list = list_of_variations(document);
    if (list == NULL || says(document, STR("fallthrough")))
        return;
    bool is_switch = is_boolean(document) && has_variation(list, STR("on"));
    struct json serve = make_object(arena, 1);
    serve.members[0] = (struct json_member){
        STR("variation"), json_make_string(is_switch ? STR("on") : id_at(list, 0))};
    definition_set_member(arena, document, STR("fallthrough"), serve);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static void fill_arithmetic(struct arena *arena, struct json *document, const struct flag *current)
{
    struct arithmetic arithmetic = {FLAG_HASH_MURMUR3_32_UTF8, FLAG_COMPARISON_TEXT};
    if (current != NULL)
        arithmetic = current->arithmetic;
    struct json object = make_object(arena, 2);
    object.members[0] = (struct json_member){
        STR("hash"), json_make_string(name_at(&flag_hash_names, arithmetic.hash))};
    object.members[1] = (struct json_member){
        STR("comparison"),
        json_make_string(name_at(&flag_comparison_names, arithmetic.comparison))};
    fill(arena, document, STR("arithmetic"), object);
}

static bool compares_text(const struct json *document)
{
    const struct json *arithmetic = json_find(document, STR("arithmetic"));
    const struct json *comparison =
        arithmetic == NULL ? NULL : json_find(arithmetic, STR("comparison"));
    return comparison != NULL && comparison->type == JSON_STRING &&
           str_equal(comparison->string, name_at(&flag_comparison_names, FLAG_COMPARISON_TEXT));
}

struct str flag_random_salt(struct arena *arena)
{
    enum { SALT_CHARACTERS = 8 };
    char *text = arena_allocate(arena, SALT_CHARACTERS);
    random_base62(text, SALT_CHARACTERS);
    return (struct str){text, SALT_CHARACTERS};
}

/* Only flags that compare text have these of their own. One that was written without stays so. */
static void fill_dealing(struct arena *arena, struct json *document, const struct flag *current)
{
    bool is_kept = current != NULL && current->arithmetic.comparison == FLAG_COMPARISON_TEXT;
    if (!compares_text(document))
        return;
    struct str salt = is_kept ? current->salt : flag_random_salt(arena);
    struct str selector = is_kept ? current->bucket_by : flag_default_selector;
    if (!str_is_absent(salt))
        fill_text(arena, document, STR("salt"), salt);
    if (!str_is_absent(selector))
        fill_text(arena, document, STR("bucketBy"), selector);
}

/* ---- all of it ------------------------------------------------------------------------------- */

void flag_defaults_fill(struct arena *arena, struct json *document, struct str key,
                        const struct flag *current)
{
    definition_set_member(arena, document, STR("id"), json_make_string(STR("")));
    fill_text(arena, document, STR("key"), key);
    fill_text(arena, document, STR("kind"), name_at(&flag_kind_names, FLAG_KIND_FLAG));
    fill_text(arena, document, STR("description"), STR(""));
    fill(arena, document, STR("tags"), (struct json){.type = JSON_ARRAY});
    fill_text(arena, document, STR("owner"), STR(""));
    fill_text(arena, document, STR("lifecycle"), name_at(&lifecycle_names, LIFECYCLE_ACTIVE));
    fill(arena, document, STR("enabled"), json_make_boolean(false));
    fill_variations(arena, document);
    fill_type(arena, document);
    fill_off_variation(arena, document);
    fill_fallthrough(arena, document);
    fill_arithmetic(arena, document, current);
    fill_dealing(arena, document, current);
}
