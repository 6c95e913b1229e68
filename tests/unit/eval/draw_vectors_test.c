/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw, against the systems whose arithmetic it is: figures of their own tests and SDKs, and the
 * recorded list of them where it lies beside the repository (FOREIGN_VECTORS names another place).
 * Without that the larger half says so and is left out.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "eval/hash.h"
#include "fixture.h"

static const char default_path[] = "../shared/reference/foreign-hash-vectors.json";

/* One subject of three systems; `salt` is of sha1_60. Parts of 1,000 and of 100,000. */
struct vector {
    struct str key, id, salt;
    uint32_t sha1_salted, sha1_seeded; /* by "<key>.<salt>" and by "61" */
    uint32_t scaled_100, scaled_1000;
    uint32_t percent, variant_1000;
};

/* STR is no constant expression; this is. */
// clang-format off
#define TEXT(literal) {(literal), sizeof(literal) - 1}
// clang-format on

static const struct vector own[] = {
    {TEXT("new-checkout"), TEXT("user-1"), TEXT("s1"), 73444, 80184, 45, 454, 31, 755},
    {TEXT("flag.A"), TEXT("user-1"), TEXT("s1"), 70612, 80184, 28, 287, 61, 730},
    {TEXT("new-checkout"), TEXT("user-2"), TEXT("s1"), 18386, 17057, 22, 229, 89, 843},
    {TEXT("flag.A"),
     TEXT("\xC3\xBCn\xC3\xAF"
          "c\xC3\xB8"
          "d\xC3\xA9-\xF0\x9F\x98\x80"),
     TEXT("s1"), 29532, 84384, 64, 640, 80, 429},
};

/* ---- one subject ----------------------------------------------------------------------------- */

/* The ticket of whoever has this id, by a split of one share. */
static uint32_t split_ticket(const struct vector *vector, const char *hash, struct str salt,
                             uint32_t weight)
{
    struct fixture *fixture = fixture_open();
    struct str text = arena_format(
        &fixture->arena,
        "{'arithmetic':{'hash':'%s','comparison':'typed'},'fallthrough':{'rollout':{'bucketBy':'id'"
        "%s%.*s%s,'variations':[{'variation':'on','weight':%u}]}}}",
        hash, salt.size > 0 ? ",'salt':'" : "", STR_ARG(salt), salt.size > 0 ? "'" : "", weight);
    const char *key = arena_format(&fixture->arena, "%.*s", STR_ARG(vector->key)).data;
    struct str attributes = arena_format(&fixture->arena, "{'id':'%.*s'}", STR_ARG(vector->id));
    fixture_flag(fixture, key, text.data);
    fixture_ask(fixture, key, "somebody", attributes.data);
    CHECK(fixture->trace.has_ticket);
    uint32_t ticket = fixture->trace.ticket;
    fixture_close(fixture);
    return ticket;
}

static void check_percent(const struct vector *vector)
{
    struct fixture *fixture = fixture_open();
    struct str text = arena_format(
        &fixture->arena,
        "{'arithmetic':{'hash':'murmur3_32_percent','comparison':'text'},'salt':'%.*s',"
        "'fallthrough':{'bucket':{'slices':[{'percent':100,'variations':["
        "{'variation':'on','weight':400},{'variation':'b','weight':600}]}],'otherwise':'off'}}}",
        STR_ARG(vector->key));
    fixture_text_flag(fixture, "flag", text.data);
    struct str tree =
        arena_format(&fixture->arena, "{'user':{'user_id':'%.*s'}}", STR_ARG(vector->id));
    fixture_ask_user(fixture, "flag", tree.data);
    CHECK_INT(fixture->trace.percent, vector->percent);
    CHECK_INT(fixture->trace.ticket, vector->variant_1000);
    CHECK_INT(fixture->trace.ticket_count, 1000);
    fixture_close(fixture);
}

static void check_vector(const struct vector *vector)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct str salted =
        arena_format(&arena, "%.*s.%.*s", STR_ARG(vector->key), STR_ARG(vector->salt));
    CHECK_INT(split_ticket(vector, "sha1_60", salted, 1000), vector->sha1_salted);
    CHECK_INT(split_ticket(vector, "sha1_60", STR("61"), 1000), vector->sha1_seeded);
    CHECK_INT(split_ticket(vector, "murmur3_32_scaled", STR(""), 100), vector->scaled_100);
    CHECK_INT(split_ticket(vector, "murmur3_32_scaled", STR(""), 1000), vector->scaled_1000);
    if (vector->id.size > 0) /* by the other, nobody is nobody */
        check_percent(vector);
    arena_close(&arena);
}

TEST(a_few_are_dealt_as_they_were)
{
    for (size_t i = 0; i < COUNT_OF(own); i++)
        check_vector(&own[i]);
}

/* modules/core/utils/hash_test.go of that project. */
TEST(a_remainder_is_dealt_as_it_was)
{
    const struct vector vector = {.key = TEXT("my-flag"),
                                  .id = TEXT("e56f628e-9817-498f-ae38-4961e9c2bb21")};
    CHECK_INT(split_ticket(&vector, "fnv1a_32_modulo", STR(""), 100000), 70272);
    CHECK_INT(hash_fnv1a_utf8_continue(HASH_FNV1A_BASIS, STR("flagNameUserKey")), 3946001934u);
}

/* ---- the recorded list ----------------------------------------------------------------------- */

static const struct json *find(const struct json *object, const char *name)
{
    const struct json *member = json_find(object, str_of(name));
    CHECK(member != NULL);
    return member;
}

static uint32_t part(const struct json *object, const char *name)
{
    return (uint32_t)find(object, name)->number;
}

static struct vector read_vector(const struct json *recorded)
{
    const struct json *sha1 = find(recorded, "launchdarkly");
    const struct json *scaled = find(recorded, "flagd");
    const struct json *percent = find(recorded, "unleash");
    return (struct vector){
        .key = find(recorded, "key")->string,
        .id = find(recorded, "id")->string,
        .salt = find(sha1, "salt")->string,
        .sha1_salted = part(sha1, "bucket_100000"),
        .sha1_seeded = (uint32_t)(find(sha1, "bucket_seed_61")->number * 100000),
        .scaled_100 = part(scaled, "bucket_of_100"),
        .scaled_1000 = part(scaled, "bucket_of_1000"),
        .percent = part(percent, "strategy") - 1,
        .variant_1000 = part(percent, "variant_1000") - 1,
    };
}

static bool read_file(struct buf *text)
{
    const char *path = getenv("FOREIGN_VECTORS");
    FILE *file = fopen(path != NULL ? path : default_path, "rb");
    if (file == NULL)
        return false;
    char chunk[4096];
    for (size_t size = 0; (size = fread(chunk, 1, sizeof(chunk), file)) > 0;)
        buf_append(text, (struct str){chunk, size});
    fclose(file);
    return true;
}

TEST(all_who_were_recorded_are_dealt_as_they_were)
{
    struct buf text;
    buf_open(&text, 1024 * 1024);
    if (!read_file(&text)) {
        printf("skipped: %s is not there\n", default_path);
        buf_close(&text);
        skip();
    }
    struct arena arena;
    struct json document;
    arena_open(&arena, 65536);
    CHECK_OK(json_parse(&arena, buf_str(&text), &json_budget_default, &document));
    const struct json *vectors = find(&document, "vectors");
    CHECK(vectors->count > 0);
    for (uint32_t i = 0; i < vectors->count; i++) {
        struct vector vector = read_vector(&vectors->elements[i]);
        check_vector(&vector);
    }
    arena_close(&arena);
    buf_close(&text);
}

TESTS(a_few_are_dealt_as_they_were, a_remainder_is_dealt_as_it_was,
      all_who_were_recorded_are_dealt_as_they_were)
