/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever asks for a flag, and in whatever protocol, is given the same variation of it, or is not
 * told of it at all; and what is not told is what `reach` says is not.
 *
 * Random worlds (world.h) are published as the server does it. Random people then ask evaluate()
 * in both forms of a context, the handler of remote evaluation, and whoever evaluates the
 * documents that are handed out (readers.h). SCENARIO_SEED=n begins with another world,
 * SCENARIO_WORLDS=n makes more of them.
 */
#include "base/random.h"
#include "dialect/amplitude/configuration_encode.h"
#include "dialect/amplitude/evaluate.h"
#include "dialect/amplitude/reach.h"
#include "dialect/amplitude/user.h"
#include "dialect/superflag/reach.h"
#include "eval/evaluate.h"
#include "model/codec.h"
#include "model/limits.h"
#include "readers.h"

enum { WORLDS = 800, PEOPLE = 24, COMPLAINTS_MAX = 20 };

struct count {
    size_t comparisons, served, stubs, absent, complaints;
    size_t by_reader[4], legacy;         /* comparisons of flags served in full */
    size_t scheduled[2], progressive[2]; /* flags, by enum flag_comparison */
    size_t moments;                      /* asked for twice */
};

/* One world, and one person in it. */
struct scene {
    struct world world;
    struct arena documents; /* what readers hold */
    struct arena moment;    /* one person's */
    struct reader readers[READERS];
    struct view *view;
    struct pattern_scratch *scratch;
    struct person person;
    int64_t now_ms;  /* when they ask */
    struct str body; /* the person as sent */
    struct amplitude_user user;
    struct decision *truth; /* by place in the snapshot */
    struct map complaints;  /* once about the same flag and claim is enough */
    struct count *count;
};

/* ---- complaining ----------------------------------------------------------------------------- */

static struct str name_of(const struct decision *decision)
{
    bool has_any = decision->error == DECISION_OK && decision->variation != VARIATION_NONE;
    return has_any ? decision->flag->flag->variations[decision->variation].id : STR("(none)");
}

static void complain(struct scene *scene, const struct flag *flag, const char *where,
                     struct str expected, struct str got)
{
    struct str about = arena_format(&scene->documents, "%s %.*s", where, STR_ARG(flag->key));
    bool is_known = map_find(&scene->complaints, about) != MAP_ABSENT;
    if (is_known || ++scene->count->complaints > COMPLAINTS_MAX)
        return;
    map_insert(&scene->complaints, about, 0);
    struct buf text;
    buf_open(&text, SIZE_MAX);
    flag_encode(flag, &text);
    fprintf(stderr, "SCENARIO_SEED=%llu %s: %.*s is \"%.*s\", expected \"%.*s\"\n  flag %.*s\n",
            (unsigned long long)scene->world.seed, where, STR_ARG(flag->key), STR_ARG(got),
            STR_ARG(expected), STR_ARG(buf_str(&text)));
    if (scene->body.size > 0)
        fprintf(stderr, "  person %.*s\n", STR_ARG(scene->body));
    buf_close(&text);
}

static void expect(struct scene *scene, const struct flag *flag, const char *where,
                   struct str expected, struct str got)
{
    scene->count->comparisons++;
    if (!str_equal(expected, got))
        complain(scene, flag, where, expected, got);
}

static void expect_true(struct scene *scene, const struct flag *flag, const char *claim, bool holds)
{
    scene->count->comparisons++;
    if (!holds)
        complain(scene, flag, claim, STR("so"), STR("not so"));
}

/* ---- a scene --------------------------------------------------------------------------------- */

static struct view *make_view(struct snapshot *snapshot)
{
    const struct user_row user = {STR("user_1"), STR("owner@localhost"), ROLE_OWNER, 1};
    const struct app_row app = {STR("app_1"), STR("shop"), STR("user_1"), false, 2};
    const struct environment_row environment = {
        WORLD_ENVIRONMENT, STR("env_1"), STR("app_1"), STR("production"), snapshot->version, 3, 4};
    const struct catalog_parts parts = {
        .users = &user,
        .user_count = 1,
        .apps = &app,
        .app_count = 1,
        .environments = &environment,
        .environment_count = 1,
    };
    struct catalog *catalog = catalog_make(&parts);
    struct view *view = view_make(catalog, &snapshot, false);
    catalog_release(catalog);
    return view;
}

static void scene_open(struct scene *scene, uint64_t seed, struct count *count)
{
    memset(scene, 0, sizeof(*scene));
    scene->count = count;
    arena_open(&scene->documents, 65536);
    arena_open(&scene->moment, 65536);
    map_open(&scene->complaints, &scene->documents, 0);
    world_open(&scene->world, seed);
    readers_open(&scene->world, &scene->documents, scene->readers);
    scene->view = make_view(scene->world.snapshot);
    scene->scratch = pattern_scratch_open();
}

static void scene_close(struct scene *scene)
{
    pattern_scratch_close(scene->scratch);
    view_release(scene->view);
    readers_close(scene->readers);
    world_close(&scene->world);
    arena_close(&scene->moment);
    arena_close(&scene->documents);
}

/* The person as the handler has them after reading the body. */
static void meet(struct scene *scene)
{
    struct buf text;
    struct json_writer writer;
    arena_reset(&scene->moment);
    struct dice dice = {.state = scene->world.dice.state, .arena = &scene->moment};
    scene->person = some_person(&dice);
    scene->now_ms = some_moment(&dice);
    scene->world.dice.state = dice.state;
    buf_open(&text, SIZE_MAX);
    json_writer_open(&writer, &text);
    json_tree(&writer, &scene->person.user);
    scene->body = arena_copy_str(&scene->moment, buf_str(&text));
    buf_close(&text);
    CHECK_OK(user_decode(&scene->moment, &scene->person.user, &scene->user));
    bool is_named = scene->user.user_id.size > 0;
    user_identify(&scene->user, is_named ? scene->user.user_id : scene->user.device_id);
}

/* ---- the two forms of a context -------------------------------------------------------------- */

static void ask_evaluate(struct scene *scene)
{
    const struct ruleset *rules = scene->world.snapshot->rules;
    struct context context;
    context_open_user(&context, &scene->moment, rules, &scene->user.tree, scene->scratch);
    scene->truth = ARENA_NEW_ARRAY(&scene->moment, struct decision, rules->flag_count);
    for (size_t i = 0; i < rules->flag_count; i++)
        scene->truth[i] = evaluate(rules, rules->flags[i].flag->key, &context, scene->now_ms, NULL);
}

static void ask_flat(struct scene *scene)
{
    const struct ruleset *rules = scene->world.snapshot->rules;
    struct context context;
    if (!scene->person.has_flat_form)
        return;
    context_open(&context, &scene->moment, rules, scene->person.targeting_key,
                 &scene->person.attributes, scene->scratch);
    for (size_t i = 0; i < rules->flag_count; i++) {
        const struct flag *flag = rules->flags[i].flag;
        struct decision decision = evaluate(rules, flag->key, &context, scene->now_ms, NULL);
        expect(scene, flag, "the flat form", name_of(&scene->truth[i]), name_of(&decision));
        expect(scene, flag, "why, in the flat form", reason_name(scene->truth[i].reason),
               reason_name(decision.reason));
    }
}

/* Between two moments with the same number nobody's variation changes. */
static void ask_at_another_moment(struct scene *scene)
{
    const struct ruleset *rules = scene->world.snapshot->rules;
    struct context context;
    int64_t now_ms = some_moment(&scene->world.dice);
    bool is_alike = ruleset_moment(rules, now_ms) == ruleset_moment(rules, scene->now_ms);
    scene->count->moments += is_alike && now_ms != scene->now_ms;
    context_open_user(&context, &scene->moment, rules, &scene->user.tree, scene->scratch);
    for (size_t i = 0; is_alike && i < rules->flag_count; i++) {
        const struct flag *flag = rules->flags[i].flag;
        struct decision decision = evaluate(rules, flag->key, &context, now_ms, NULL);
        expect(scene, flag, "another instant of the moment", name_of(&scene->truth[i]),
               name_of(&decision));
    }
}

/* Flags that change by themselves, by family. */
static void count_timed(struct scene *scene)
{
    const struct environment_state *state = &scene->world.snapshot->state;
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        bool is_scheduled =
            !str_is_absent(flag->schedule.start) || !str_is_absent(flag->schedule.end);
        bool is_progressive = serve_is_progressive(&flag->fallthrough);
        scene->count->scheduled[flag->arithmetic.comparison] += is_scheduled;
        scene->count->progressive[flag->arithmetic.comparison] += is_progressive;
    }
}

/* ---- remote evaluation ----------------------------------------------------------------------- */

static bool is_group(const struct flag *flag)
{
    return flag->kind == FLAG_KIND_MUTEX || flag->kind == FLAG_KIND_HOLDOUT;
}

static bool is_on(const struct flag *flag, uint64_t deployment)
{
    for (size_t i = 0; i < flag->deployment_count; i++) {
        if (flag->deployments[i] == deployment)
            return true;
    }
    return flag->is_on_all_deployments;
}

/* The handler's answer to the person with this deployment's key. */
static const struct json *send(struct scene *scene, uint64_t deployment)
{
    const struct services services = {0};
    const struct route route = {0};
    const struct caller caller = {.kind = CREDENTIAL_SERVER_DEPLOYMENT,
                                  .environment = WORLD_ENVIRONMENT,
                                  .deployment = deployment};
    struct http_request request = {
        .method = HTTP_POST,
        .target = STR("/sdk/v2/vardata"),
        .path = STR("/sdk/v2/vardata"),
        .body = scene->body,
        .arena = &scene->moment,
    };
    struct exchange exchange = {
        .request = &request,
        .services = &services,
        .route = &route,
        .view = scene->view,
        .caller = &caller,
        .arena = &scene->moment,
        .scratch = scene->scratch,
        .path = request.path,
        .now_ms = scene->now_ms,
    };
    amplitude_evaluate_user(&exchange);
    CHECK_INT(exchange.response.status, 200);
    struct str body = arena_copy_str(&scene->moment, exchange.response.body);
    if (exchange.response.body_owner != NULL)
        exchange.response.release(exchange.response.body_owner);
    return reader_parse(&scene->moment, body);
}

static struct str text_at(const struct json *object, struct str name)
{
    const struct json *member = object == NULL ? NULL : json_find(object, name);
    return member == NULL || member->type != JSON_STRING ? STR("(none)") : member->string;
}

/* What travels beside the key: section 3.3 of the wire reference, and the typed value. */
static void check_beside_key(struct scene *scene, const struct flag *flag,
                             const struct variation *variation, const struct json *result)
{
    const struct json *payload = json_find(result, STR("payload"));
    const struct json *expected = variation->has_payload ? &variation->payload : NULL;
    if (expected == NULL && flag->arithmetic.comparison == FLAG_COMPARISON_TYPED)
        expected = &variation->value;
    bool is_same =
        expected == NULL || payload == NULL ? expected == payload : json_equal(expected, payload);
    expect_true(scene, flag, "the payload is the variation's", is_same);
    bool is_default = str_equal(variation->id, STR("off"));
    expect(scene, flag, "the value", is_default ? STR("(none)") : variation->id,
           text_at(result, STR("value")));
}

static void ask_remotely(struct scene *scene, uint64_t deployment)
{
    const struct json *results = send(scene, deployment);
    const struct snapshot *snapshot = scene->world.snapshot;
    size_t known = 0;
    for (size_t i = 0; i < snapshot->state.flag_count; i++) {
        const struct flag *flag = snapshot->state.flags[i];
        const struct json *result = json_find(results, flag->key);
        bool is_served = !flag->is_archived && !is_group(flag) && is_on(flag, deployment);
        expect(scene, flag, "amplitude.vardata",
               is_served ? name_of(&scene->truth[i]) : STR("(none)"), text_at(result, STR("key")));
        known += result != NULL;
        if (result != NULL && scene->truth[i].variation != VARIATION_NONE)
            check_beside_key(scene, flag, &flag->variations[scene->truth[i].variation], result);
    }
    CHECK_INT(results->count, known);
}

/* ---- evaluation elsewhere -------------------------------------------------------------------- */

static bool is_stub(const struct json *configuration)
{
    const struct json *metadata = json_find(configuration, STR("metadata"));
    return str_equal(text_at(metadata, STR("evaluationMode")), STR("remote"));
}

/* Whether these SDKs could not evaluate the flag, or one that it leans on. What is off is off
 * whatever it leans on. */
static bool has_obstacle(const struct scene *scene, const struct flag *flag, size_t depth)
{
    bool has_any = !str_is_absent(configuration_obstacle(flag));
    for (size_t i = 0; i < flag->prerequisite_count && depth <= PREREQUISITE_DEPTH_MAX; i++) {
        const struct flag *parent =
            ruleset_find(scene->world.snapshot->rules, flag->prerequisites[i].flag)->flag;
        has_any = has_any || (flag->is_enabled && !parent->is_archived &&
                              has_obstacle(scene, parent, depth + 1));
    }
    return has_any;
}

/* Told whole, too, a flag that these SDKs cannot evaluate is a stub; metadata do not tell. */
static bool is_stub_of(const struct scene *scene, const struct reader *reader,
                       const struct flag *flag)
{
    if (reader->kind == READER_FLAGS)
        return is_stub(reader_configuration(reader, flag->key));
    return reader->kind == READER_FLAGS_TOLD && has_obstacle(scene, flag, 0);
}

/* What the flag is in this protocol for this person. */
static struct str truth_for(struct scene *scene, const struct reader *reader, size_t place)
{
    bool is_off = is_stub_of(scene, reader, scene->world.snapshot->state.flags[place]);
    scene->count->stubs += is_off;
    return is_off ? STR("off") : name_of(&scene->truth[place]);
}

static struct json value_of(const struct decision *decision)
{
    bool has_any = decision->error == DECISION_OK && decision->variation != VARIATION_NONE;
    return has_any ? decision->flag->flag->variations[decision->variation].value : json_make_null();
}

/* Legacy documents have no variations of their own, just values. */
static void check_legacy(struct scene *scene, const struct reader *reader, const struct flag *flag,
                         const struct decision *truth, const struct decision *decision)
{
    struct json expected = value_of(truth);
    struct json got = value_of(decision);
    scene->count->comparisons++;
    scene->count->legacy++;
    if (!json_equal(&expected, &got))
        complain(scene, flag,
                 reader->kind == READER_CONFIG ? "legacy superflag.config"
                                               : "legacy superflag.public-config",
                 name_of(truth), name_of(decision));
}

static void check_elsewhere(struct scene *scene, const struct reader *reader,
                            struct context *context, const struct flag *flag)
{
    uint32_t place = ruleset_find(scene->world.snapshot->rules, flag->key)->index;
    const struct flag *original = scene->world.snapshot->state.flags[place];
    struct decision decision = evaluate(reader->rules, flag->key, context, scene->now_ms, NULL);
    scene->count->by_reader[reader->kind]++;
    if (reader->is_legacy)
        check_legacy(scene, reader, original, &scene->truth[place], &decision);
    else
        expect(scene, original, reader_name(reader), truth_for(scene, reader, place),
               name_of(&decision));
}

static void ask_reader(struct scene *scene, const struct reader *reader)
{
    struct context context;
    if (reader_is_local(reader) && !scene->person.has_flat_form)
        return;
    if (reader_is_local(reader))
        context_open(&context, &scene->moment, reader->rules, scene->person.targeting_key,
                     &scene->person.attributes, scene->scratch);
    else
        context_open_user(&context, &scene->moment, reader->rules, &scene->user.tree,
                          scene->scratch);
    for (size_t i = 0; i < reader->state.flag_count; i++) {
        check_elsewhere(scene, reader, &context, reader->state.flags[i]);
    }
}

/* ---- reach ----------------------------------------------------------------------------------- */

static struct reach find_reach(struct scene *scene, const struct flag *flag, const char *protocol)
{
    struct reach reaches[2 * REACHES_PER_DIALECT_MAX];
    const struct snapshot *snapshot = scene->world.snapshot;
    size_t count = amplitude_reach(snapshot, flag, &scene->documents, reaches);
    count += superflag_reach(snapshot, flag, &scene->documents, reaches + count);
    for (size_t i = 0; i < count; i++) {
        expect_true(scene, flag, "whoever is not served is told why",
                    (reaches[i].kind == REACH_SERVED) == str_is_empty(reaches[i].why));
        if (str_equal(reaches[i].protocol, str_of(protocol)))
            return reaches[i];
    }
    fail();
    return (struct reach){0};
}

/* Flags some configuration that is more than a stub leans on come along, not deployed. */
static void check_reach_of_flags(struct scene *scene, const struct reader *reader,
                                 const struct flag *flag)
{
    const struct json *configuration = reader_configuration(reader, flag->key);
    struct reach reach = find_reach(scene, flag, "amplitude.flags");
    bool is_listed = !flag->is_archived && !is_group(flag) && is_on(flag, reader->deployment);
    if (configuration == NULL) {
        expect_true(scene, flag, "who is not in amplitude.flags is on no deployment", !is_listed);
        return;
    }
    const struct json *metadata = json_find(configuration, STR("metadata"));
    const struct json *deployed = json_find(metadata, STR("deployed"));
    expect_true(scene, flag, "amplitude.flags says who is deployed",
                deployed != NULL && deployed->boolean == is_listed);
    expect_true(scene, flag, "who is in amplitude.flags reaches it", reach.kind != REACH_ABSENT);
    expect_true(scene, flag, "stubs of amplitude.flags are those that reach says are",
                (reach.kind == REACH_STUB) == is_stub(configuration));
    if (!is_stub(configuration))
        return;
    const struct json *segments = json_find(configuration, STR("segments"));
    expect_true(scene, flag, "a stub is off and leans on nobody",
                segments->count == 1 && json_find(configuration, STR("dependencies")) == NULL &&
                    str_equal(text_at(&segments->elements[0], STR("variant")), STR("off")));
}

static void check_reach_of_document(struct scene *scene, const struct reader *reader,
                                    const struct flag *flag)
{
    struct reach reach = find_reach(scene, flag, reader_name(reader));
    bool is_there = ruleset_find(reader->rules, flag->key) != NULL;
    expect_true(scene, flag, "reach says who is in a document", reach.kind != REACH_STUB);
    expect_true(scene, flag, reader_name(reader), (reach.kind == REACH_SERVED) == is_there);
    scene->count->served += is_there;
    scene->count->absent += !is_there;
}

static void check_reach(struct scene *scene)
{
    const struct environment_state *state = &scene->world.snapshot->state;
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        struct reach reach = find_reach(scene, flag, "amplitude.vardata");
        bool is_anywhere = flag->is_on_all_deployments || flag->deployment_count > 0;
        expect_true(scene, flag, "reach says who is evaluated here",
                    (reach.kind == REACH_SERVED) ==
                        (!flag->is_archived && !is_group(flag) && is_anywhere));
        for (size_t j = 0; j < READERS; j++) {
            const struct reader *reader = &scene->readers[j];
            if (reader_is_local(reader))
                check_reach_of_document(scene, reader, flag);
            else if (reader->kind == READER_FLAGS)
                check_reach_of_flags(scene, reader, flag);
        }
    }
}

/* ---- the property ---------------------------------------------------------------------------- */

static void play(uint64_t seed, struct count *count)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    CHECK(scene != NULL);
    scene_open(scene, seed, count);
    check_reach(scene);
    count_timed(scene);
    for (size_t i = 0; i < PEOPLE; i++) {
        meet(scene);
        ask_evaluate(scene);
        ask_flat(scene);
        ask_at_another_moment(scene);
        for (uint64_t deployment = 1; deployment <= NOBODYS_DEPLOYMENT; deployment++)
            ask_remotely(scene, deployment);
        for (size_t j = 0; j < READERS; j++)
            ask_reader(scene, &scene->readers[j]);
    }
    scene_close(scene);
    free(scene);
}

TEST(every_protocol_that_serves_a_flag_gives_the_same_variation)
{
    struct count count = {0};
    uint64_t seed = number_from("SCENARIO_SEED", 20310309);
    uint64_t worlds = number_from("SCENARIO_WORLDS", WORLDS);
    random_open();
    printf("SCENARIO_SEED=%llu SCENARIO_WORLDS=%llu\n", (unsigned long long)seed,
           (unsigned long long)worlds);
    for (uint64_t i = 0; i < worlds; i++)
        play(seed + i, &count);
    printf("%zu comparisons: flags %zu (stubs %zu), told %zu, documents %zu and %zu (legacy %zu); "
           "in documents %zu, left out %zu; %zu complaints\n",
           count.comparisons, count.by_reader[0], count.stubs, count.by_reader[1],
           count.by_reader[2], count.by_reader[3], count.legacy, count.served, count.absent,
           count.complaints);
    printf("typed: %zu scheduled, %zu progressive; text: %zu scheduled, %zu progressive; "
           "%zu moments asked for twice\n",
           count.scheduled[FLAG_COMPARISON_TYPED], count.progressive[FLAG_COMPARISON_TYPED],
           count.scheduled[FLAG_COMPARISON_TEXT], count.progressive[FLAG_COMPARISON_TEXT],
           count.moments);
    CHECK_INT(count.complaints, 0);
}

TESTS(every_protocol_that_serves_a_flag_gives_the_same_variation)
