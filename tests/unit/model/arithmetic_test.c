/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetics: which hash goes with which comparison and which serve, how large weights may be by
 * it, and that documents say all of them. model/flag.h. */
#include "fixture.h"

static struct str flag_text(struct arena *arena, const char *hash, const char *comparison,
                            const char *serve)
{
    return arena_format(
        arena,
        "{\"id\":\"flag_1\",\"key\":\"k\",\"kind\":\"flag\",\"type\":\"boolean\","
        "\"description\":\"d\",\"tags\":[],\"owner\":\"o\",\"lifecycle\":\"active\","
        "\"enabled\":true,\"arithmetic\":{\"hash\":\"%s\",\"comparison\":\"%s\"},"
        "\"variations\":[{\"id\":\"on\",\"value\":true},{\"id\":\"off\",\"value\":false}],"
        "\"offVariation\":\"off\",\"fallthrough\":%s,\"prerequisites\":[],\"rules\":[]}",
        hash, comparison, serve);
}

static const char constant[] = "{\"variation\":\"on\"}";
static const char bucket[] =
    "{\"bucket\":{\"salt\":\"\",\"slices\":[{\"percent\":50,\"variations\":["
    "{\"variation\":\"on\",\"weight\":1000}]}],\"otherwise\":\"off\"}}";

#define SPLIT(salt, on, off)                                                                       \
    "{\"variations\":[{\"variation\":\"on\",\"weight\":" on "},"                                   \
    "{\"variation\":\"off\",\"weight\":" off "}]" salt "}"
#define ROLLOUT(salt, on, off) "{\"rollout\":" SPLIT(salt, on, off) "}"
#define PROGRESSIVE(from, to)                                                                      \
    "{\"progressive\":{\"start\":\"2031-01-01T00:00:00Z\",\"end\":\"2031-01-02T00:00:00Z\","       \
    "\"from\":" from ",\"to\":" to "}}"

static const char split[] = ROLLOUT("", "60000", "40000");

static const struct {
    const char *hash, *comparison;
    bool deals_buckets, is_ours, counts_weights;
} rows[] = {
    {"fnv1a_32_utf16", "typed", false, true, false},
    {"murmur3_32_utf8", "text", true, true, false},
    {"sha1_60", "typed", false, false, false},
    {"murmur3_32_scaled", "typed", false, false, true},
    {"fnv1a_32_modulo", "typed", false, false, true},
    {"murmur3_32_percent", "text", true, false, false},
};

TEST(each_hash_goes_with_one_comparison_and_one_way_of_dealing)
{
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct flag flag;
        bool has_buckets = rows[i].deals_buckets;
        const char *other = has_buckets ? "typed" : "text";
        CHECK_OK(flag_decode(&arena, flag_text(&arena, rows[i].hash, rows[i].comparison, constant),
                             &flag));
        CHECK_INT(flag.arithmetic.hash, i);
        CHECK(flag_hash_deals_buckets(flag.arithmetic.hash) == has_buckets);
        CHECK(flag_hash_is_ours(flag.arithmetic.hash) == rows[i].is_ours);
        CHECK(flag_hash_counts_weights(flag.arithmetic.hash) == rows[i].counts_weights);
        CHECK_OK(flag_decode(
            &arena,
            flag_text(&arena, rows[i].hash, rows[i].comparison, has_buckets ? bucket : split),
            &flag));
        struct fault fault =
            flag_decode(&arena, flag_text(&arena, rows[i].hash, other, constant), &flag);
        CHECK_STR(fault.where, STR("$.arithmetic"));
        fault = flag_decode(
            &arena,
            flag_text(&arena, rows[i].hash, rows[i].comparison, has_buckets ? split : bucket),
            &flag);
        CHECK_STR(fault.where, STR("$.fallthrough"));
        CHECK_STR(fault.why, STR("does not go with the flag's hash"));
        arena_reset(&arena);
    }
    arena_close(&arena);
}

/* An empty salt is one: what is hashed differs by it. */
TEST(documents_keep_an_empty_salt_and_large_weights)
{
    static const char *const serves[] = {
        ROLLOUT(",\"salt\":\"\"", "2147483646", "1"),
        ROLLOUT(",\"bucketBy\":\"org\",\"salt\":\"s.1\"", "1", "1"),
        PROGRESSIVE(SPLIT("", "0", "2000000000"), SPLIT("", "2000000000", "0")),
    };
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(serves); i++) {
        struct flag flag;
        struct str text = flag_text(&arena, "murmur3_32_scaled", "typed", serves[i]);
        CHECK_OK(flag_decode(&arena, text, &flag));
        struct flag copy = flag_copy(&arena, &flag);
        CHECK(str_contains(fixture_text(&arena, &copy), str_of(serves[i])));
        CHECK(str_is_absent(copy.fallthrough.split.salt) == (i == 2));
    }
    arena_close(&arena);
}

TEST(weights_fit_the_tickets_of_the_hash)
{
    static const struct {
        const char *hash, *comparison, *serve, *why; /* NULL: they fit */
    } cases[] = {
        {"sha1_60", "typed", ROLLOUT("", "60000", "40000"), NULL},
        {"sha1_60", "typed", ROLLOUT("", "60001", "40000"), "weights must total at most 100000"},
        {"murmur3_32_scaled", "typed", ROLLOUT("", "2147483646", "1"), NULL},
        {"murmur3_32_scaled", "typed", ROLLOUT("", "2147483647", "1"),
         "weights must total at most 2147483647"},
        {"fnv1a_32_modulo", "typed", ROLLOUT("", "99999999999", "1"),
         "weights must total at most 2147483647"},
        {"fnv1a_32_modulo", "typed",
         PROGRESSIVE(SPLIT("", "0", "100000"), SPLIT("", "50000", "50000")), NULL},
        {"fnv1a_32_modulo", "typed",
         PROGRESSIVE(SPLIT("", "0", "100000"), SPLIT("", "50000", "50001")),
         "from and to must have the same total of weights"},
        {"sha1_60", "typed", PROGRESSIVE(SPLIT("", "0", "1"), SPLIT("", "5", "0")), NULL},
        {"murmur3_32_percent", "text",
         "{\"bucket\":{\"slices\":[{\"percent\":1,\"variations\":["
         "{\"variation\":\"on\",\"weight\":1000000000},{\"variation\":\"off\",\"weight\":"
         "1000000000},{\"weight\":1000000000}]}]}}",
         "weights must total at most 2147483647"},
    };
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flag flag;
        struct fault fault = flag_decode(
            &arena, flag_text(&arena, cases[i].hash, cases[i].comparison, cases[i].serve), &flag);
        CHECK_FAULT(fault, cases[i].why == NULL ? FAULT_NONE : FAULT_INVALID);
        CHECK_STR(fault.why, cases[i].why == NULL ? (struct str){0} : str_of(cases[i].why));
    }
    arena_close(&arena);
}

TEST(the_salt_stands_in_front_or_else_the_key)
{
    static const struct {
        enum flag_hash hash;
        const char *without, *with_empty, *with;
    } cases[] = {
        {FLAG_HASH_FNV1A_32_UTF16, "k::", "k::", "k:s:"},
        {FLAG_HASH_MURMUR3_32_UTF8, "/", "/", "s/"},
        {FLAG_HASH_SHA1_60, "k.", ".", "s."},
        {FLAG_HASH_MURMUR3_32_SCALED, "k", "", "s"},
        {FLAG_HASH_FNV1A_32_MODULO, "k", "", "s"},
        {FLAG_HASH_MURMUR3_32_PERCENT, "k:", ":", "s:"},
    };
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum flag_hash hash = cases[i].hash;
        struct str key = STR("k");
        CHECK_STR(flag_hash_prefix(&arena, hash, key, (struct str){0}), str_of(cases[i].without));
        CHECK_STR(flag_hash_prefix(&arena, hash, key, STR("")), str_of(cases[i].with_empty));
        CHECK_STR(flag_hash_prefix(&arena, hash, key, STR("s")), str_of(cases[i].with));
    }
    arena_close(&arena);
}

TESTS(each_hash_goes_with_one_comparison_and_one_way_of_dealing,
      documents_keep_an_empty_salt_and_large_weights, weights_fit_the_tickets_of_the_hash,
      the_salt_stands_in_front_or_else_the_key)
