/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenFeature's protocol gives the same variation as evaluate(), with the value and the reason that
 * its page promises; one flag asked for is the same as that flag among all; and two bulk answers
 * have the same tag exactly when they are the same answer.
 *
 * Random worlds and people as in across_protocols_test.c. SCENARIO_SEED=n begins with another
 * world, SCENARIO_WORLDS=n makes more of them.
 */
#include "base/random.h"
#include "dialect/ofrep/evaluate.h"
#include "dialect/ofrep/routes.h"
#include "eval/evaluate.h"
#include "model/codec.h"
#include "readers.h"

enum { WORLDS = 300, PEOPLE = 16, CREDENTIALS = 3 };

struct scene {
    struct world world;
    struct arena moment; /* one person's */
    struct view *view;
    struct pattern_scratch *scratch;
    struct person person;
    int64_t now_ms;
    struct str body;
    struct decision *truth; /* by place in the snapshot */
    size_t comparisons, values, tags;
};

static const struct caller callers[CREDENTIALS] = {
    {.kind = CREDENTIAL_SERVER_KEY,
     .credential_id = {"key_server", 10},
     .environment = WORLD_ENVIRONMENT},
    {.kind = CREDENTIAL_BROWSER_KEY,
     .credential_id = {"key_browser", 11},
     .environment = WORLD_ENVIRONMENT},
    {.kind = CREDENTIAL_SERVER_DEPLOYMENT,
     .credential_id = {"key_deployment", 14},
     .environment = WORLD_ENVIRONMENT,
     .deployment = 1},
};

static struct view *make_view(struct snapshot *snapshot)
{
    const struct user_row user = {STR("user_1"), STR("owner@localhost"), ROLE_OWNER, 1};
    const struct app_row app = {STR("app_1"), STR("shop"), STR("user_1"), false, 2};
    const struct environment_row environment = {
        WORLD_ENVIRONMENT, STR("env_1"), STR("app_1"), STR("production"), snapshot->version, 3, 4};
    struct credential_row credentials[CREDENTIALS];
    for (size_t i = 0; i < CREDENTIALS; i++) {
        credentials[i] = (struct credential_row){
            .id = callers[i].credential_id,
            .kind = callers[i].kind,
            .app_id = STR("app_1"),
            .environment = WORLD_ENVIRONMENT,
        };
        credentials[i].hash.bytes[0] = (unsigned char)(i + 1);
    }
    const struct catalog_parts parts = {
        .users = &user,
        .user_count = 1,
        .apps = &app,
        .app_count = 1,
        .environments = &environment,
        .environment_count = 1,
        .credentials = credentials,
        .credential_count = CREDENTIALS,
    };
    struct catalog *catalog = catalog_make(&parts);
    struct view *view = view_make(catalog, &snapshot, false);
    catalog_release(catalog);
    return view;
}

static void scene_open(struct scene *scene, uint64_t seed)
{
    arena_open(&scene->moment, 65536);
    world_open(&scene->world, seed);
    ofrep_render(scene->world.snapshot);
    scene->view = make_view(scene->world.snapshot);
    scene->scratch = pattern_scratch_open();
}

static void scene_close(struct scene *scene)
{
    pattern_scratch_close(scene->scratch);
    view_release(scene->view);
    world_close(&scene->world);
    arena_close(&scene->moment);
}

/* False for people who cannot be said in this protocol. */
static bool meet(struct scene *scene)
{
    arena_reset(&scene->moment);
    struct dice dice = {.state = scene->world.dice.state, .arena = &scene->moment};
    scene->person = some_person(&dice);
    scene->now_ms = some_moment(&dice);
    scene->world.dice.state = dice.state;
    if (!scene->person.has_flat_form || json_find(&scene->person.attributes, STR("targetingKey")))
        return false;
    struct buf text;
    struct json_writer writer;
    buf_open(&text, SIZE_MAX);
    json_writer_open(&writer, &text);
    json_object_begin(&writer);
    json_key(&writer, STR("context"));
    json_object_begin(&writer);
    json_member_string(&writer, STR("targetingKey"), scene->person.targeting_key);
    for (uint32_t i = 0; i < scene->person.attributes.count; i++)
        json_member_tree(&writer, scene->person.attributes.members[i].key,
                         &scene->person.attributes.members[i].value);
    json_object_end(&writer);
    json_object_end(&writer);
    scene->body = arena_copy_str(&scene->moment, buf_str(&text));
    buf_close(&text);
    return true;
}

static void ask_evaluate(struct scene *scene)
{
    const struct ruleset *rules = scene->world.snapshot->rules;
    struct context context;
    context_open(&context, &scene->moment, rules, scene->person.targeting_key,
                 &scene->person.attributes, scene->scratch);
    scene->truth = ARENA_NEW_ARRAY(&scene->moment, struct decision, rules->flag_count);
    for (size_t i = 0; i < rules->flag_count; i++)
        scene->truth[i] = evaluate(rules, rules->flags[i].flag->key, &context, scene->now_ms, NULL);
}

/* ---- asking -------------------------------------------------------------------------------- */

struct reply {
    int status;
    struct str headers;
    const struct json *body;
};

/* key absent: all flags. tag: If-None-Match, or absent. */
static struct reply ask(struct scene *scene, const struct caller *caller, struct str key,
                        struct str tag)
{
    const struct services services = {0};
    const struct route route = {0};
    const struct http_header header = {STR("if-none-match"), tag};
    struct http_request request = {
        .method = HTTP_POST,
        .target = STR("/ofrep/v1/evaluate/flags"),
        .path = STR("/ofrep/v1/evaluate/flags"),
        .headers = &header,
        .header_count = str_is_absent(tag) ? 0 : 1,
        .body = scene->body,
        .arena = &scene->moment,
    };
    struct exchange exchange = {
        .request = &request,
        .services = &services,
        .dialect = &ofrep_dialect,
        .route = &route,
        .view = scene->view,
        .caller = caller,
        .arena = &scene->moment,
        .scratch = scene->scratch,
        .parameters = {key},
        .parameter_count = str_is_absent(key) ? 0 : 1,
        .path = request.path,
        .now_ms = scene->now_ms,
    };
    if (str_is_absent(key))
        ofrep_evaluate_all(&exchange);
    else
        ofrep_evaluate_one(&exchange);
    struct reply reply = {.status = exchange.response.status};
    reply.headers = arena_copy_str(&scene->moment, exchange.response.headers);
    struct str body = arena_copy_str(&scene->moment, exchange.response.body);
    if (exchange.response.body_owner != NULL)
        exchange.response.release(exchange.response.body_owner);
    if (body.size > 0)
        reply.body = reader_parse(&scene->moment, body);
    return reply;
}

static struct str tag_of(const struct reply *reply)
{
    size_t at = 0;
    while (at < reply->headers.size &&
           !str_starts_with(str_slice(reply->headers, at, reply->headers.size), STR("ETag: ")))
        at++;
    struct str rest = str_slice(reply->headers, at + 6, reply->headers.size);
    return str_slice(rest, 0, str_find_byte(rest, '\r', 0));
}

/* ---- what is promised ---------------------------------------------------------------------- */

static bool is_visible(const struct scene *scene, const struct caller *caller,
                       const struct flag *flag)
{
    if (flag->is_archived || flag->kind == FLAG_KIND_MUTEX || flag->kind == FLAG_KIND_HOLDOUT)
        return false;
    if (caller->kind == CREDENTIAL_BROWSER_KEY)
        return flag_is_client_visible(flag, &scene->world.snapshot->settings);
    bool is_listed = flag->is_on_all_deployments || caller->deployment == 0;
    for (size_t i = 0; i < flag->deployment_count; i++)
        is_listed = is_listed || flag->deployments[i] == caller->deployment;
    return is_listed;
}

static struct str expected_reason(const struct decision *decision)
{
    const struct flag *flag = decision->flag->flag;
    bool has_included = false;
    if (decision->error == DECISION_NO_VARIATION)
        return STR("DEFAULT");
    for (size_t i = 0; i < flag->variation_count; i++)
        has_included = has_included || flag->variations[i].included_count > 0 ||
                       flag->variations[i].cohort_count > 0;
    switch (decision->reason) {
    case REASON_OFF:
    case REASON_SCHEDULED_OUT:
        return STR("DISABLED");
    case REASON_TARGETING_MATCH:
    case REASON_INCLUDED:
    case REASON_STICKY:
        return STR("TARGETING_MATCH");
    case REASON_SPLIT:
        return STR("SPLIT");
    case REASON_FALLTHROUGH:
        return flag->rule_count == 0 && flag->prerequisite_count == 0 && !has_included
                   ? STR("STATIC")
                   : STR("DEFAULT");
    case REASON_PREREQUISITE_FAILED:
    case REASON_DEFAULT:
        break;
    }
    return STR("DEFAULT");
}

static void complain(const struct scene *scene, const struct flag *flag, const char *what)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    flag_encode(flag, &text);
    fprintf(stderr, "SCENARIO_SEED=%llu %s\n  flag %.*s\n  context %.*s\n",
            (unsigned long long)scene->world.seed, what, STR_ARG(buf_str(&text)),
            STR_ARG(scene->body));
    buf_close(&text);
    fail();
}

static void expect(struct scene *scene, const struct flag *flag, const char *what, bool holds)
{
    scene->comparisons++;
    if (!holds)
        complain(scene, flag, what);
}

static struct str text_at(const struct json *object, struct str name)
{
    const struct json *member = json_find(object, name);
    return member == NULL || member->type != JSON_STRING ? STR("(none)") : member->string;
}

/* Flags whose values are what their variations say; the others' are the protocol page's matter. */
static bool has_typed_values(const struct flag *flag)
{
    return flag->arithmetic.comparison == FLAG_COMPARISON_TYPED || flag->type != VALUE_STRING;
}

static void check_answer(struct scene *scene, const struct decision *decision,
                         const struct json *answer)
{
    const struct flag *flag = decision->flag->flag;
    const struct json *value = json_find(answer, STR("value"));
    struct str reason = text_at(answer, STR("reason"));
    expect(scene, flag, "metadata is an object",
           json_find(answer, STR("metadata")) != NULL &&
               json_find(answer, STR("metadata"))->type == JSON_OBJECT);
    expect(scene, flag, "the reason is the promised one",
           str_equal(reason, expected_reason(decision)));
    bool has_variation = decision->error == DECISION_OK && decision->variation != VARIATION_NONE;
    struct str variant = has_variation ? flag->variations[decision->variation].id : STR("");
    expect(scene, flag, "the variant is what evaluate says",
           str_equal(text_at(answer, STR("variant")), variant));
    if (str_equal(reason, STR("DISABLED")) || !has_variation) {
        expect(scene, flag, "who is off has no value", value == NULL);
        return;
    }
    if (!has_typed_values(flag))
        return;
    scene->values++;
    expect(scene, flag, "the value is the variation's",
           value != NULL && json_equal(value, &flag->variations[decision->variation].value));
}

static const struct json *find_answer(const struct json *list, struct str key)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (str_equal(text_at(&list->elements[i], STR("key")), key))
            return &list->elements[i];
    }
    return NULL;
}

static void ask_all(struct scene *scene, const struct caller *caller)
{
    const struct ruleset *rules = scene->world.snapshot->rules;
    struct reply reply = ask(scene, caller, (struct str){0}, (struct str){0});
    CHECK_INT(reply.status, 200);
    const struct json *list = json_find(reply.body, STR("flags"));
    size_t known = 0;
    for (size_t i = 0; i < rules->flag_count; i++) {
        const struct flag *flag = rules->flags[i].flag;
        const struct json *answer = find_answer(list, flag->key);
        struct reply one = ask(scene, caller, flag->key, (struct str){0});
        bool is_seen = is_visible(scene, caller, flag);
        expect(scene, flag, "who may see it, sees it", is_seen == (answer != NULL));
        expect(scene, flag, "one by one it is seen alike", one.status == (is_seen ? 200 : 404));
        known += answer != NULL;
        if (!is_seen)
            continue;
        check_answer(scene, &scene->truth[i], answer);
        expect(scene, flag, "one by one it is answered alike", json_equal(answer, one.body));
    }
    CHECK_INT(list->count, known);
    struct reply again = ask(scene, caller, (struct str){0}, tag_of(&reply));
    CHECK_INT(again.status, 304);
    scene->tags++;
}

/* Another moment: not modified only if it is the same answer. */
static void ask_later(struct scene *scene, const struct caller *caller)
{
    struct reply before = ask(scene, caller, (struct str){0}, (struct str){0});
    scene->now_ms = some_moment(&scene->world.dice);
    struct reply after = ask(scene, caller, (struct str){0}, (struct str){0});
    struct reply told = ask(scene, caller, (struct str){0}, tag_of(&before));
    bool is_same =
        json_equal(json_find(before.body, STR("flags")), json_find(after.body, STR("flags")));
    CHECK_INT(told.status, is_same ? 304 : 200);
    scene->tags++;
}

static void play(uint64_t seed, size_t counts[3])
{
    struct scene *scene = calloc(1, sizeof(*scene));
    CHECK(scene != NULL);
    scene_open(scene, seed);
    for (size_t i = 0; i < PEOPLE; i++) {
        if (!meet(scene))
            continue;
        ask_evaluate(scene);
        for (size_t at = 0; at < CREDENTIALS; at++)
            ask_all(scene, &callers[at]);
        ask_later(scene, &callers[i % CREDENTIALS]);
    }
    counts[0] += scene->comparisons;
    counts[1] += scene->values;
    counts[2] += scene->tags;
    scene_close(scene);
    free(scene);
}

TEST(openfeature_answers_as_evaluate_decides)
{
    size_t counts[3] = {0};
    uint64_t seed = number_from("SCENARIO_SEED", 20310309);
    uint64_t worlds = number_from("SCENARIO_WORLDS", WORLDS);
    random_open();
    printf("SCENARIO_SEED=%llu SCENARIO_WORLDS=%llu\n", (unsigned long long)seed,
           (unsigned long long)worlds);
    for (uint64_t i = 0; i < worlds; i++)
        play(seed + i, counts);
    printf("%zu comparisons, %zu values, %zu tags\n", counts[0], counts[1], counts[2]);
    CHECK(counts[1] > 0);
    CHECK(counts[2] > 0);
}

TESTS(openfeature_answers_as_evaluate_decides)
