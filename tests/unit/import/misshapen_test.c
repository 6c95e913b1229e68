/* SPDX-License-Identifier: Apache-2.0 */
/* Documents in which something is not what it should be: whatever it is, an import refuses it or
 * gives a document that a server would take. The recorded worlds, with parts of them exchanged. */
#include "recorded.h"

enum { ROUNDS = 150, EXCHANGES_MAX = 4 };

/* Numerical Recipes' generator: the same on every machine. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t child_count(const struct json *json)
{
    return json->type == JSON_ARRAY || json->type == JSON_OBJECT ? json->count : 0;
}

static struct json *child_at(struct json *json, size_t index)
{
    return json->type == JSON_ARRAY ? &json->elements[index] : &json->members[index].value;
}

/* Somewhere below, at a depth of its own. */
static struct json *pick(struct json *json, uint32_t *state)
{
    while (child_count(json) > 0 && next(state) % 6 != 0)
        json = child_at(json, next(state) % child_count(json));
    return json;
}

static struct json stranger(struct json *root, uint32_t *state)
{
    const struct json strangers[] = {json_make_null(),
                                     json_make_boolean(true),
                                     json_make_number(-1),
                                     json_make_number(1e300),
                                     json_make_number(0.5),
                                     json_make_string(STR("")),
                                     {.type = JSON_ARRAY},
                                     {.type = JSON_OBJECT},
                                     json_make_number(1000000),
                                     json_make_string(STR("flag-1")),
                                     json_make_string(STR("/a//b~"))};
    uint32_t which = next(state) % (COUNT_OF(strangers) + 3);
    return which < COUNT_OF(strangers) ? strangers[which] : *pick(root, state);
}

/* Another's part is copied first, so that the tree stays one. */
static void exchange(struct arena *arena, struct json *root, uint32_t *state)
{
    struct json other = stranger(root, state);
    struct json copy = json_copy(arena, &other);
    struct json *place = pick(root, state);
    if (place != root)
        *place = copy;
}

static void check_round(struct str vendor, const struct json *document, uint32_t seed,
                        size_t *read_count)
{
    struct arena arena;
    struct buf buf;
    uint32_t state = seed;
    arena_open(&arena, 65536);
    buf_open(&buf, 4 * 1024 * 1024);
    struct json root = json_copy(&arena, document);
    for (uint32_t i = 0; i < 1 + seed % EXCHANGES_MAX; i++)
        exchange(&arena, &root, &state);
    json_append_canonical(&buf, &root);
    if (!buf_failed(&buf)) {
        struct imported *imported =
            imported_open_with(vendor, buf_str(&buf), (struct import_options){0});
        *read_count += !failed(imported->fault);
        imported_close(imported);
    }
    buf_close(&buf);
    arena_close(&arena);
}

static void check_all(const char *path)
{
    struct arena arena;
    struct json world;
    size_t read_count = 0;
    arena_open(&arena, 65536);
    struct str text = imported_file(&arena, path);
    CHECK(!str_is_absent(text));
    CHECK_OK(json_parse(&arena, text, &imported_budget, &world));
    struct str vendor = json_find(&world, STR("importer"))->string;
    for (uint32_t seed = 0; seed < ROUNDS; seed++)
        check_round(vendor, json_find(&world, STR("document")), seed, &read_count);
    CHECK(read_count > ROUNDS / 2);
    arena_close(&arena);
}

TEST(no_shape_of_launchdarklys_documents_hurts)
{
    check_all("tests/unit/import/worlds/launchdarkly.json");
}

TEST(no_shape_of_unleashs_documents_hurts)
{
    check_all("tests/unit/import/worlds/unleash.json");
}

TESTS(no_shape_of_launchdarklys_documents_hurts, no_shape_of_unleashs_documents_hurts)
