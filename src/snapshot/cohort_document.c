/* SPDX-License-Identifier: Apache-2.0 */
/* cohort_document - cohorts as text, and their members by digest: see cohort_document.h. */
#include "snapshot/cohort_document.h"

#include <math.h>
#include <sodium.h>

#include "base/memory.h"
#include "json/write.h"

/* ---- text -------------------------------------------------------------------------------- */

void cohort_document_encode(const struct cohort *cohort, const struct cohort_digest *digest,
                            struct buf *buf)
{
    char hex[COHORT_DIGEST_BYTES * 2 + 1];
    sodium_bin2hex(hex, sizeof(hex), digest->bytes, sizeof(digest->bytes));
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    if (!str_is_absent(cohort->description))
        json_member_string(&writer, STR("description"), cohort->description);
    json_member_string(&writer, STR("digest"), str_of(hex));
    json_member_string(&writer, STR("groupType"), cohort->group_type);
    json_member_string(&writer, STR("id"), cohort->id);
    json_key(&writer, STR("modifiedMs"));
    json_i64(&writer, cohort->modified_ms);
    if (!str_is_absent(cohort->name))
        json_member_string(&writer, STR("name"), cohort->name);
    json_member_u64(&writer, STR("size"), cohort->size);
    json_object_end(&writer);
}

static bool read_text(const struct json *json, struct str *text)
{
    *text = json->type == JSON_STRING ? json->string : (struct str){0};
    return json->type == JSON_STRING;
}

static bool read_whole(const struct json *json, double from, double *number)
{
    *number = json->type == JSON_NUMBER ? json->number : 0;
    return json->type == JSON_NUMBER && *number >= from && *number <= 9007199254740992.0 &&
           floor(*number) == *number;
}

static bool read_digest(const struct json *json, struct cohort_digest *digest)
{
    size_t size = 0;
    return json->type == JSON_STRING && json->string.size == COHORT_DIGEST_BYTES * 2 &&
           sodium_hex2bin(digest->bytes, sizeof(digest->bytes), json->string.data,
                          json->string.size, NULL, &size, NULL) == 0 &&
           size == COHORT_DIGEST_BYTES;
}

static bool read_member(const struct json_member *member, struct cohort *cohort,
                        struct cohort_digest *digest)
{
    double number = 0;
    if (str_equal(member->key, STR("description")))
        return read_text(&member->value, &cohort->description);
    if (str_equal(member->key, STR("digest")))
        return read_digest(&member->value, digest);
    if (str_equal(member->key, STR("groupType")))
        return read_text(&member->value, &cohort->group_type);
    if (str_equal(member->key, STR("id")))
        return read_text(&member->value, &cohort->id);
    if (str_equal(member->key, STR("name")))
        return read_text(&member->value, &cohort->name);
    if (str_equal(member->key, STR("modifiedMs"))) {
        bool is_read = read_whole(&member->value, -9007199254740992.0, &number);
        cohort->modified_ms = (int64_t)number;
        return is_read;
    }
    if (str_equal(member->key, STR("size"))) {
        bool is_read = read_whole(&member->value, 0, &number);
        cohort->size = (size_t)number;
        return is_read;
    }
    return false;
}

struct fault cohort_document_decode(struct arena *arena, struct str text, struct cohort *cohort,
                                    struct cohort_digest *digest)
{
    const struct fault refused = {FAULT_INVALID, STR("cohort"), STR("not a cohort's document")};
    static const struct str needed[] = {STR("digest"), STR("groupType"), STR("id"),
                                        STR("modifiedMs"), STR("size")};
    *cohort = (struct cohort){0};
    struct json json;
    struct fault fault = json_parse(arena, text, &json_budget_default, &json);
    if (failed(fault))
        return fault;
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        if (json_find(&json, needed[i]) == NULL)
            return refused;
    }
    for (uint32_t i = 0; i < json.count; i++) {
        if (!read_member(&json.members[i], cohort, digest))
            return refused;
    }
    return fault_none();
}

/* ---- members ----------------------------------------------------------------------------- */

void members_shelf_open(struct members_shelf *shelf, struct members_source source)
{
    *shelf = (struct members_shelf){.source = source};
    arena_open(&shelf->arena, 1024);
    map_open(&shelf->places, &shelf->arena, 8);
}

void members_shelf_close(struct members_shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++)
        cohort_members_release(shelf->members[i]);
    memory_free(shelf->members);
    arena_close(&shelf->arena);
    *shelf = (struct members_shelf){0};
}

static struct fault load_members(const struct members_shelf *shelf,
                                 const struct cohort_digest *digest,
                                 struct cohort_members **members)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct str stored_form = {0};
    struct fault fault = shelf->source.load(shelf->source.context, &arena, digest, &stored_form);
    if (!failed(fault))
        fault = cohort_members_decode(stored_form, members);
    arena_close(&arena);
    if (failed(fault)) /* what it says may lie in the arena that has just gone */
        return fault_make(fault.kind, STR("cohort"), STR("members of a cohort cannot be read"));
    return fault_none();
}

static void put_on_shelf(struct members_shelf *shelf, const struct cohort_digest *digest,
                         struct cohort_members *members)
{
    if (shelf->count == shelf->capacity) {
        shelf->capacity = shelf->capacity == 0 ? 8 : shelf->capacity * 2;
        shelf->members = memory_resize(shelf->members, shelf->capacity * sizeof(*shelf->members));
    }
    const char *key = arena_copy(&shelf->arena, digest->bytes, sizeof(digest->bytes));
    map_insert(&shelf->places, (struct str){key, sizeof(digest->bytes)}, (uint32_t)shelf->count);
    shelf->members[shelf->count++] = members;
}

/* Borrowed from the shelf. */
static struct fault find_members(struct members_shelf *shelf, const struct cohort_digest *digest,
                                 const struct cohort_members **members)
{
    uint32_t place =
        map_find(&shelf->places, (struct str){(const char *)digest->bytes, sizeof(digest->bytes)});
    if (place != MAP_ABSENT) {
        *members = shelf->members[place];
        return fault_none();
    }
    struct cohort_members *loaded = NULL;
    struct fault fault = load_members(shelf, digest, &loaded);
    if (failed(fault))
        return fault;
    put_on_shelf(shelf, digest, loaded);
    *members = loaded;
    return fault_none();
}

struct fault cohort_revision_load(struct members_shelf *shelf, struct str document,
                                  struct cohort_revision **revision)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct cohort cohort;
    struct cohort_digest digest;
    struct fault fault = cohort_document_decode(&arena, document, &cohort, &digest);
    if (!failed(fault))
        fault = find_members(shelf, &digest, &cohort.members);
    if (!failed(fault) && cohort_members_count(cohort.members) != cohort.size)
        fault = fault_make(FAULT_UNAVAILABLE, STR("cohort"), STR("its members are others"));
    if (!failed(fault))
        *revision = cohort_revision_make(&cohort, &digest);
    else
        fault = (struct fault){fault.kind, STR("cohort"), STR("a stored cohort cannot be loaded")};
    arena_close(&arena);
    return fault;
}
