/* SPDX-License-Identifier: Apache-2.0 */
/* Flag configurations per deployment: what belongs in the array, and that who evaluates it decides
 * as we do. amplitude-evaluation.md 4. */
#include "dialect/amplitude/flags.h"

#include "evaluation_fixture.h"
#include "evaluation_random.h"

#include "dialect/amplitude/configuration_decode.h"
#include "dialect/amplitude/user.h"

static void close_site(struct site *site)
{
    site_forget(site);
    site_close(site);
}

static const struct json *find_flag(const struct json *flags, const char *key)
{
    for (uint32_t i = 0; i < flags->count; i++) {
        if (str_equal(json_find(&flags->elements[i], STR("key"))->string, str_of(key)))
            return &flags->elements[i];
    }
    return NULL;
}

/* "deployed", or -1 for one that is not sent. */
static int deployed(const struct json *flags, const char *key)
{
    const struct json *flag = find_flag(flags, key);
    if (flag == NULL)
        return -1;
    return json_find(json_find(flag, STR("metadata")), STR("deployed"))->boolean ? 1 : 0;
}

static void add_flag(struct site *site, const char *key, bool is_here, const char *parent,
                     enum evaluation_mode mode)
{
    struct flag flag = site_flag(&site->arena, key, "on");
    flag.evaluation_mode = mode;
    if (!is_here)
        flag.deployments[0] = SITE_DEPLOYMENT + 1;
    if (parent != NULL)
        site_require(&site->arena, &flag, parent, "on");
    site_add(site, flag, site->flag_count + 1, 1);
}

TEST(parents_ride_along_and_stay_deployed_where_they_are)
{
    struct site site;
    site_open(&site);
    add_flag(&site, "child", true, "parent", EVALUATION_LOCAL);
    add_flag(&site, "parent", false, "grandparent", EVALUATION_LOCAL);
    add_flag(&site, "grandparent", false, "neighbour", EVALUATION_LOCAL);
    add_flag(&site, "neighbour", true, NULL, EVALUATION_LOCAL);
    add_flag(&site, "stranger", false, NULL, EVALUATION_LOCAL);
    add_flag(&site, "stub", true, "stranger", EVALUATION_REMOTE);
    site_publish(&site);
    struct json flags = site_parse(&site, site_get(&site, amplitude_get_flags, "/sdk/v2/flags"));
    CHECK_INT(deployed(&flags, "child"), 1);
    CHECK_INT(deployed(&flags, "parent"), 0);
    CHECK_INT(deployed(&flags, "grandparent"), 0);
    CHECK_INT(deployed(&flags, "neighbour"), 1);
    CHECK_INT(deployed(&flags, "stranger"), -1);
    CHECK_INT(deployed(&flags, "stub"), 1);
    CHECK_INT(flags.count, 5);
    close_site(&site);
}

TEST(keys_select_with_what_they_lean_on)
{
    struct site site;
    site_open(&site);
    add_flag(&site, "child", true, "parent", EVALUATION_LOCAL);
    add_flag(&site, "parent", true, NULL, EVALUATION_LOCAL);
    add_flag(&site, "other", true, NULL, EVALUATION_LOCAL);
    site_publish(&site);
    struct json flags = site_parse(
        &site, site_get(&site, amplitude_get_flags_by_key, "/v1/flags?flag_keys=child,nobody"));
    CHECK_INT(flags.count, 2);
    CHECK_INT(deployed(&flags, "child"), 1);
    flags = site_parse(&site, site_get(&site, amplitude_get_flags_by_key, "/v1/flags"));
    CHECK_INT(flags.count, 3);
    CHECK_STR(site_get(&site, amplitude_get_flags_by_key, "/v1/flags?flag_keys=nobody"), STR("[]"));
    close_site(&site);
}

TEST(remote_flags_are_whole_for_server_keys_that_ask)
{
    struct site site;
    site_open(&site);
    struct flag flag = site_flag(&site.arena, "secret", "on");
    flag.evaluation_mode = EVALUATION_REMOTE;
    flag.variations[0].included =
        site_texts(&site.arena, "boss", &flag.variations[0].included_count);
    site_add(&site, flag, 1, 1);
    site_publish(&site);
    static const char target[] = "/sdk/v2/flags?eval_mode=remote";
    CHECK(!str_contains(site_get(&site, amplitude_get_flags, "/sdk/v2/flags"), STR("boss")));
    CHECK(str_contains(site_get(&site, amplitude_get_flags, target), STR("boss")));
    site.caller.kind = CREDENTIAL_CLIENT_DEPLOYMENT;
    CHECK(!str_contains(site_get(&site, amplitude_get_flags, target), STR("boss")));
    site.caller.kind = CREDENTIAL_PROJECT_KEY;
    CHECK(!str_contains(site_get(&site, amplitude_get_flags, target), STR("boss")));
    close_site(&site);
}

/* The keys on a deployment, in their order. */
static struct str keys_on(struct site *site, uint64_t deployment)
{
    struct flag_list list = pieces_on(pieces_of(site->snapshot), deployment);
    struct str keys = STR("");
    for (size_t i = 0; i < list.count; i++)
        keys = arena_format(&site->arena, "%.*s %.*s", STR_ARG(keys),
                            STR_ARG(site->flags[list.places[i]]->flag.key));
    return keys;
}

TEST(each_deployment_has_its_own_flags_by_key)
{
    struct site site;
    site_open(&site);
    static uint64_t both[] = {SITE_DEPLOYMENT, SITE_DEPLOYMENT + 1};
    struct flag shared = site_flag(&site.arena, "b", "on");
    shared.deployments = both;
    shared.deployment_count = 2;
    struct flag everywhere = site_flag(&site.arena, "a", "on");
    everywhere.is_on_all_deployments = true;
    everywhere.deployment_count = 0;
    struct flag nowhere = site_flag(&site.arena, "n", "on");
    nowhere.deployment_count = 0;
    struct flag archived = site_flag(&site.arena, "z", "on");
    archived.is_archived = true;
    site_add(&site, shared, 1, 1);
    site_add(&site, everywhere, 2, 1);
    site_add(&site, nowhere, 3, 1);
    site_add(&site, archived, 4, 1);
    site_add(&site, site_flag(&site.arena, "c", "on"), 5, 1);
    site_publish(&site);
    CHECK_STR(keys_on(&site, SITE_DEPLOYMENT), STR(" a b c"));
    CHECK_STR(keys_on(&site, SITE_DEPLOYMENT + 1), STR(" a b"));
    CHECK_STR(keys_on(&site, 999), STR(" a"));
    site_close(&site);
}

TEST(bodies_are_made_once_and_framed_for_streams)
{
    struct site site;
    site_open(&site);
    site_publish(&site);
    CHECK_STR(site_get(&site, amplitude_get_flags, "/sdk/v2/flags"), STR("[]"));
    CHECK_STR(flags_body(site.snapshot, SITE_DEPLOYMENT, FLAGS_STREAM)->body, STR("data: []\n\n"));
    add_flag(&site, "f", true, NULL, EVALUATION_LOCAL);
    site_publish(&site);
    struct shared_body *body = flags_body(site.snapshot, SITE_DEPLOYMENT, FLAGS_PLAIN);
    CHECK(body == flags_body(site.snapshot, SITE_DEPLOYMENT, FLAGS_PLAIN));
    CHECK(body != flags_body(site.snapshot, SITE_DEPLOYMENT + 1, FLAGS_PLAIN));
    uint64_t digest = body->digest;
    site_publish(&site);
    CHECK(flags_body(site.snapshot, SITE_DEPLOYMENT, FLAGS_PLAIN)->digest == digest);
    struct str framed = flags_body(site.snapshot, SITE_DEPLOYMENT, FLAGS_STREAM)->body;
    CHECK(str_find_byte(framed, '\n', 0) == framed.size - 2);
    close_site(&site);
}

TEST(flags_are_compressed_when_asked)
{
    struct site site;
    site_open(&site);
    for (size_t i = 0; i < 10; i++)
        add_flag(&site, arena_format(&site.arena, "f%zu", i).data, true, NULL, EVALUATION_LOCAL);
    site_publish(&site);
    site_header(&site, "accept-encoding", "gzip");
    struct str body = site_get(&site, amplitude_get_flags, "/sdk/v2/flags");
    CHECK_STR(str_slice(body, 0, 2), STR("\x1f\x8b"));
    CHECK(str_contains(site.exchange.response.headers, STR("Content-Encoding: gzip\r\n")));
    close_site(&site);
}

/* ---- any flags ------------------------------------------------------------------------------- */

static void check_members(const struct json *object, const struct str *known, size_t count)
{
    CHECK(object->type == JSON_OBJECT);
    CHECK(configuration_object_is_known(object, known, count));
}

static void check_texts(const struct json *list)
{
    CHECK(list->type == JSON_ARRAY);
    for (uint32_t i = 0; i < list->count; i++)
        CHECK(list->elements[i].type == JSON_STRING);
}

static void check_conditions(const struct json *conditions)
{
    static const struct str known[] = {{"selector", 8}, {"op", 2}, {"values", 6}};
    CHECK(conditions->count > 0); /* engines disagree on an empty one */
    for (uint32_t i = 0; i < conditions->count; i++) {
        const struct json *all = &conditions->elements[i];
        CHECK(all->count > 0);
        for (uint32_t j = 0; j < all->count; j++) {
            check_members(&all->elements[j], known, COUNT_OF(known));
            check_texts(json_find(&all->elements[j], STR("selector")));
            check_texts(json_find(&all->elements[j], STR("values")));
        }
    }
}

static void check_variants(const struct json *variants)
{
    static const struct str known[] = {{"key", 3}, {"value", 5}, {"payload", 7}, {"metadata", 8}};
    assert_non_null(json_find(variants, STR("off")));
    for (uint32_t i = 0; i < variants->count; i++) {
        const struct json *variant = &variants->members[i].value;
        const struct json *value = json_find(variant, STR("value"));
        check_members(variant, known, COUNT_OF(known));
        CHECK_STR(json_find(variant, STR("key"))->string, variants->members[i].key);
        CHECK((value == NULL) == str_equal(variants->members[i].key, STR("off")));
        CHECK(value == NULL || str_equal(value->string, variants->members[i].key));
    }
}

static void check_segment(const struct json *segment)
{
    static const struct str known[] = {
        {"conditions", 10}, {"bucket", 6}, {"variant", 7}, {"metadata", 8}};
    static const struct str of_bucket[] = {{"selector", 8}, {"salt", 4}, {"allocations", 11}};
    const struct json *conditions = json_find(segment, STR("conditions"));
    const struct json *bucket = json_find(segment, STR("bucket"));
    check_members(segment, known, COUNT_OF(known));
    if (conditions != NULL)
        check_conditions(conditions);
    if (bucket == NULL)
        return;
    check_members(bucket, of_bucket, COUNT_OF(of_bucket));
    check_texts(json_find(bucket, STR("selector")));
}

/* Section 4.2: a member more anywhere and strict SDKs refuse the whole array. */
static void check_schema(const struct json *flags)
{
    static const struct str known[] = {
        {"key", 3}, {"variants", 8}, {"segments", 8}, {"dependencies", 12}, {"metadata", 8}};
    for (uint32_t i = 0; i < flags->count; i++) {
        const struct json *flag = &flags->elements[i];
        const struct json *segments = json_find(flag, STR("segments"));
        check_members(flag, known, COUNT_OF(known));
        check_variants(json_find(flag, STR("variants")));
        for (uint32_t j = 0; j < segments->count; j++)
            check_segment(&segments->elements[j]);
    }
}

static int compare_keys(const void *left, const void *right)
{
    return str_compare((*(const struct flag *const *)left)->key,
                       (*(const struct flag *const *)right)->key);
}

/* The array as an SDK has it: rules made of nothing but its text. */
static const struct ruleset *read_back(struct site *site, const struct json *document,
                                       struct environment_state *state)
{
    struct flag *flags = NULL;
    size_t count = 0;
    CHECK_OK(configuration_decode(&site->arena, document, &flags, &count));
    const struct flag **sorted = ARENA_NEW_ARRAY(&site->arena, const struct flag *, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &flags[i];
    qsort(sorted, count, sizeof(sorted[0]), compare_keys);
    *state = (struct environment_state){.flags = sorted, .flag_count = count};
    return ruleset_compile(&site->arena, state);
}

static struct str name_of(const struct decision *decision)
{
    if (decision->error != DECISION_OK || decision->variation == VARIATION_NONE)
        return STR("(no result)");
    return decision->flag->flag->variations[decision->variation].id;
}

/* Every flag that is told whole gets everybody the same from either. */
static size_t compare_with_read_back(struct site *site, const struct ruleset *read,
                                     struct str user_text)
{
    struct amplitude_user user;
    struct context ours;
    struct context theirs;
    size_t assigned = 0;
    struct json json = site_parse(site, user_text);
    CHECK_OK(user_decode(&site->arena, &json, &user));
    context_open_user(&ours, &site->arena, site->snapshot->rules, &user.tree, site->scratch);
    context_open_user(&theirs, &site->arena, read, &user.tree, site->scratch);
    for (size_t i = 0; i < read->flag_count; i++) {
        struct str key = read->flags[i].flag->key;
        const struct flag_rules *flag = ruleset_find(site->snapshot->rules, key);
        if (flag->flag->arithmetic.comparison == FLAG_COMPARISON_TYPED)
            continue;
        struct decision a = evaluate_flag(flag, &ours, 1, NULL);
        struct decision b = evaluate_flag(&read->flags[i], &theirs, 1, NULL);
        if (!str_equal(name_of(&a), name_of(&b)))
            fprintf(stderr, "%.*s for %.*s\n", STR_ARG(key), STR_ARG(user_text));
        CHECK_STR(name_of(&b), name_of(&a));
        assigned += !str_equal(name_of(&a), STR("off"));
    }
    return assigned;
}

TEST(what_is_handed_out_decides_as_we_do)
{
    enum { SITES = 60, USERS = 40, FLAGS = 25 };
    size_t assigned = 0;
    for (uint64_t seed = 1; seed <= SITES; seed++) {
        struct dice dice = {seed * 104729};
        struct site site;
        struct environment_state state;
        site_open(&site);
        for (size_t i = 0; i < FLAGS; i++)
            random_add(&site, &dice, i);
        site_publish(&site);
        struct str body = site_get(&site, amplitude_get_flags, "/sdk/v2/flags?eval_mode=remote");
        struct json document = site_parse(&site, arena_copy_str(&site.arena, body));
        check_schema(&document);
        const struct ruleset *read = read_back(&site, &document, &state);
        for (size_t i = 0; i < USERS; i++)
            assigned += compare_with_read_back(&site, read, random_user(&site, &dice));
        ruleset_close(read);
        body = site_get(&site, amplitude_get_flags, "/sdk/v2/flags");
        document = site_parse(&site, arena_copy_str(&site.arena, body));
        check_schema(&document);
        close_site(&site);
    }
    CHECK(assigned > (size_t)SITES * USERS); /* not everything is off */
}

TESTS(parents_ride_along_and_stay_deployed_where_they_are, keys_select_with_what_they_lean_on,
      remote_flags_are_whole_for_server_keys_that_ask, each_deployment_has_its_own_flags_by_key,
      bodies_are_made_once_and_framed_for_streams, flags_are_compressed_when_asked,
      what_is_handed_out_decides_as_we_do)
