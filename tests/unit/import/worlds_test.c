/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What vendors' own SDKs decided, decided again by what the import makes of the same documents:
 * random documents and contexts, recorded by tests/sdk/npm/worlds.mjs (which says what a world
 * is). IMPORT_WORLD names another recording to be compared instead.
 */
#include "recorded.h"

enum { SHOWN_MAX = 5 };
static const int64_t now_ms = INT64_C(1767225600000); /* between the dates of the documents */

static const struct json *member(const struct json *object, const char *name)
{
    const struct json *found = json_find(object, str_of(name));
    CHECK(found != NULL);
    return found;
}

static struct str text_of(struct arena *arena, const struct json *json)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    json_append_canonical(&buf, json);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

struct tally {
    size_t compared, differing, left_out;
};

/* The value a context gets; NULL when there is none. */
static const struct json *decide(struct imported *imported, struct arena *arena, struct str flag,
                                 const struct json *one)
{
    struct context context;
    context_open(&context, arena, imported->ruleset, member(one, "key")->string,
                 member(one, "attributes"), imported->scratch);
    struct decision decision = evaluate(imported->ruleset, flag, &context, now_ms, NULL);
    if (decision.flag == NULL || decision.variation == VARIATION_NONE)
        return NULL;
    return &decision.flag->flag->variations[decision.variation].value;
}

static void compare_one(struct imported *imported, struct str flag, const struct json *one,
                        const struct json *expected, struct tally *tally)
{
    struct arena arena;
    arena_open(&arena, 16384);
    const struct json *got = decide(imported, &arena, flag, one);
    tally->compared++;
    if (got == NULL || !json_equal(got, expected)) {
        if (tally->differing++ < SHOWN_MAX)
            fprintf(stderr, "%.*s for %.*s: expected %.*s, got %.*s\n", STR_ARG(flag),
                    STR_ARG(text_of(&arena, one)), STR_ARG(text_of(&arena, expected)),
                    STR_ARG(got == NULL ? STR("nothing") : text_of(&arena, got)));
    }
    arena_close(&arena);
}

static void compare_all(struct imported *imported, const struct json *flags, const struct json *one,
                        struct tally *tally)
{
    const struct json *values = member(one, "values");
    CHECK_INT(values->count, flags->count);
    for (uint32_t i = 0; i < values->count; i++) {
        struct str flag = flags->elements[i].string;
        if (values->elements[i].type == JSON_NULL)
            continue; /* the document has no value for it */
        if (ruleset_find(imported->ruleset, flag) == NULL)
            tally->left_out++;
        else
            compare_one(imported, flag, one, &values->elements[i], tally);
    }
}

static void tell_left_out(const struct imported *imported)
{
    for (size_t i = 0; i < imported->result.row_count; i++) {
        const struct import_row *row = &imported->result.rows[i];
        if (row->outcome == IMPORT_LEFT_OUT)
            printf("left out: %.*s: %.*s\n", STR_ARG(row->name), STR_ARG(row->note));
    }
}

static void check_world(const char *path)
{
    struct arena arena;
    struct json world;
    struct tally tally = {0};
    arena_open(&arena, 65536);
    struct str text = imported_file(&arena, path);
    CHECK(!str_is_absent(text));
    CHECK_OK(json_parse(&arena, text, &imported_budget, &world));
    struct imported *imported = imported_open(member(&world, "importer")->string,
                                              text_of(&arena, member(&world, "document")));
    const struct json *cases = member(&world, "cases");
    for (uint32_t i = 0; i < cases->count; i++)
        compare_all(imported, member(&world, "flags"), &cases->elements[i], &tally);
    tell_left_out(imported);
    printf("%s: %zu decisions, %zu differ, %zu of flags that are left out\n", path, tally.compared,
           tally.differing, tally.left_out);
    CHECK_INT(tally.differing, 0);
    CHECK(tally.compared >= 1000);
    CHECK(tally.left_out * 4 <= tally.compared);
    imported_close(imported);
    arena_close(&arena);
}

TEST(imported_flags_decide_as_the_vendors_sdk_did)
{
    const char *wanted = getenv("IMPORT_WORLD");
    if (wanted != NULL) {
        check_world(wanted);
        return;
    }
    check_world("tests/unit/import/worlds/launchdarkly.json");
    check_world("tests/unit/import/worlds/unleash.json");
}

TESTS(imported_flags_decide_as_the_vendors_sdk_did)
