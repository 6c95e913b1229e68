/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing back what was read changes nobody's variation: the store's text of a flag, what either
 * management API shows of it sent back as an edit or as a new flag, a whole document read and
 * written. What an API cannot say it may refuse to take; what it takes decides as before.
 *
 * The same random worlds as in across_protocols_test.c; SCENARIO_SEED=n begins with another.
 */
#include "base/random.h"
#include "dialect/amplitude/configuration_encode.h"
#include "dialect/amplitude/item.h"
#include "dialect/amplitude/property.h"
#include "dialect/amplitude/user.h"
#include "dialect/superflag/document.h"
#include "dialect/superflag/projection.h"
#include "eval/evaluate.h"
#include "model/codec.h"
#include "world.h"

enum { WORLDS = 300, PEOPLE = 16 };

/* A world with some of its flags written anew. */
struct rewriting {
    struct world world;
    struct arena arena;
    struct flag flags[WORLD_FLAGS_MAX]; /* by place, like those of the state */
    const struct flag *list[WORLD_FLAGS_MAX];
    struct environment_state state;
    bool is_to_the_letter; /* reasons are to be the same, too */
    size_t written;        /* flags that were taken */
};

/* Writes flag `place` anew; false when that was refused, or is not asked for. */
typedef bool (*rewrite_flag)(struct rewriting *rewriting, size_t place, struct flag *written);

static const struct json *parse_text(struct arena *arena, struct str text)
{
    struct json *json = ARENA_NEW(arena, struct json);
    CHECK_OK(json_parse(arena, text, &json_budget_default, json));
    return json;
}

/* Takes the text over. */
static struct str take_text(struct arena *arena, struct buf *buf)
{
    struct str text = arena_copy_str(arena, buf_str(buf));
    buf_close(buf);
    return text;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool has_result(const struct decision *decision)
{
    return decision->error == DECISION_OK && decision->variation != VARIATION_NONE;
}

/* Everybody gets what they got. Why, and by which rule, may be said in other words: one variation
 * for everybody is a serve without tickets in one form and one with them in another. */
static bool is_same_variation(const struct decision *a, const struct decision *b)
{
    if (a->error != b->error || has_result(a) != has_result(b))
        return false;
    if (!has_result(a))
        return true;
    const struct variation *one = &a->flag->flag->variations[a->variation];
    const struct variation *other = &b->flag->flag->variations[b->variation];
    return str_equal(one->id, other->id) && json_equal(&one->value, &other->value) &&
           one->has_payload == other->has_payload &&
           (!one->has_payload || json_equal(&one->payload, &other->payload));
}

static bool is_same_decision(const struct rewriting *rewriting, const struct decision *a,
                             const struct decision *b)
{
    bool is_said_alike = a->reason == b->reason && a->rule == b->rule;
    return is_same_variation(a, b) && (is_said_alike || !rewriting->is_to_the_letter);
}

static void show(const char *what, const struct flag *flag)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    flag_encode(flag, &text);
    fprintf(stderr, "  %s %.*s\n", what, STR_ARG(buf_str(&text)));
    buf_close(&text);
}

static void check_same(const struct rewriting *rewriting, const struct flag_rules *before,
                       const struct flag_rules *behind, const struct decision *a,
                       const struct decision *b)
{
    if (is_same_decision(rewriting, a, b))
        return;
    fprintf(stderr, "SCENARIO_SEED=%llu: %.*s is decided otherwise (%.*s, then %.*s)\n",
            (unsigned long long)rewriting->world.seed, STR_ARG(before->flag->key),
            STR_ARG(reason_name(a->reason)), STR_ARG(reason_name(b->reason)));
    show("before", before->flag);
    show("behind", behind->flag);
    fail();
}

static void compare_for(struct rewriting *rewriting, const struct ruleset *behind,
                        struct pattern_scratch *scratch)
{
    const struct ruleset *before = rewriting->world.snapshot->rules;
    struct dice *dice = &rewriting->world.dice;
    struct person person = some_person(dice);
    struct amplitude_user user;
    struct context one;
    struct context other;
    int64_t now_ms = some_moment(dice);
    CHECK_OK(user_decode(dice->arena, &person.user, &user));
    user_identify(&user, user.user_id.size > 0 ? user.user_id : user.device_id);
    context_open_user(&one, dice->arena, before, &user.tree, scratch);
    context_open_user(&other, dice->arena, behind, &user.tree, scratch);
    for (size_t i = 0; i < before->flag_count; i++) {
        struct decision a = evaluate_flag(&before->flags[i], &one, now_ms, NULL);
        struct decision b = evaluate_flag(&behind->flags[i], &other, now_ms, NULL);
        check_same(rewriting, &before->flags[i], &behind->flags[i], &a, &b);
    }
}

static void compare(struct rewriting *rewriting)
{
    const struct ruleset *behind = ruleset_compile(&rewriting->arena, &rewriting->state);
    struct pattern_scratch *scratch = pattern_scratch_open();
    for (size_t i = 0; i < PEOPLE; i++)
        compare_for(rewriting, behind, scratch);
    pattern_scratch_close(scratch);
    ruleset_close(behind);
}

static const struct flag *flag_at(const struct rewriting *rewriting, size_t place)
{
    return rewriting->world.snapshot->state.flags[place];
}

/* ---- the store's text ------------------------------------------------------------------------ */

static bool rewrite_stored(struct rewriting *rewriting, size_t place, struct flag *written)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    flag_encode(flag_at(rewriting, place), &text);
    CHECK_OK(flag_decode(&rewriting->arena, take_text(&rewriting->arena, &text), written));
    return true;
}

/* ---- rewriting ------------------------------------------------------------------------------- */

static void rewrite_world(struct rewriting *rewriting, rewrite_flag rewrite)
{
    const struct environment_state *state = &rewriting->world.snapshot->state;
    rewriting->state = *state;
    rewriting->state.flags = rewriting->list;
    rewriting->is_to_the_letter = rewrite == rewrite_stored;
    for (size_t i = 0; i < state->flag_count; i++) {
        struct flag *written = &rewriting->flags[i];
        bool is_taken = rewrite(rewriting, i, written);
        if (is_taken)
            CHECK_OK(flag_check(&rewriting->arena, written));
        rewriting->list[i] = is_taken ? written : state->flags[i];
        rewriting->written += is_taken;
    }
    compare(rewriting);
}

/* `least`: flags that are taken of a world on average, so that nothing is proved by refusing. */
static void rewrite_worlds(rewrite_flag rewrite, size_t least)
{
    uint64_t seed = number_from("SCENARIO_SEED", 20310309);
    uint64_t worlds = number_from("SCENARIO_WORLDS", WORLDS);
    size_t written = 0;
    random_open();
    for (uint64_t i = 0; i < worlds; i++) {
        struct rewriting *rewriting = calloc(1, sizeof(*rewriting));
        CHECK(rewriting != NULL);
        arena_open(&rewriting->arena, 65536);
        world_open(&rewriting->world, seed + i);
        rewrite_world(rewriting, rewrite);
        written += rewriting->written;
        world_close(&rewriting->world);
        arena_close(&rewriting->arena);
        free(rewriting);
    }
    printf("SCENARIO_SEED=%llu: %zu flags written anew\n", (unsigned long long)seed, written);
    CHECK(worlds < WORLDS || written > worlds * least);
}

TEST(what_the_store_keeps_decides_the_same)
{
    rewrite_worlds(rewrite_stored, 20);
}

/* ---- items of the management API ------------------------------------------------------------- */

static const struct json *show_item(struct rewriting *rewriting, size_t place)
{
    static const struct catalog catalog;
    const struct snapshot *snapshot = rewriting->world.snapshot;
    struct numbers numbers = numbers_of_snapshot(snapshot);
    const struct item_source source = {
        .flag = flag_at(rewriting, place),
        .number = snapshot->flags[place]->provenance.number,
        .environment = WORLD_ENVIRONMENT,
        .catalog = &catalog,
        .numbers = &numbers,
        .now_ms = world_now_ms,
    };
    struct buf text;
    struct json_writer writer;
    buf_open(&text, SIZE_MAX);
    json_writer_open(&writer, &text);
    item_put(&writer, &rewriting->arena, &source);
    return parse_text(&rewriting->arena, take_text(&rewriting->arena, &text));
}

/* What the API shows of a serve is all there is to it: else it shows the nearest. Weights that are
 * all missing are shown as none, which is how an even split is asked for. */
static bool is_told_whole(struct arena *arena, const struct flag *flag, const struct serve *serve)
{
    struct rollout rollout;
    if (!rollout_of(arena, flag, serve, &rollout) ||
        (rollout.allocation_count == 0 && rollout.percentage > 0))
        return false;
    struct str selector = rollout.bucket_by;
    if (str_is_absent(selector))
        selector = flag->bucket_by;
    return !str_is_absent(selector) && !str_is_absent(property_name(arena, selector));
}

/* Whether the flag is one that the API could have made. */
static bool is_managed(struct arena *arena, const struct flag *flag)
{
    const struct variation *last = &flag->variations[flag->variation_count - 1];
    bool is_item = flag->kind == FLAG_KIND_FLAG || flag->kind == FLAG_KIND_EXPERIMENT;
    bool has_schedule = !str_is_absent(flag->schedule.start) || !str_is_absent(flag->schedule.end);
    if (!is_item || has_schedule || !flag_is_managed(flag) || str_is_absent(flag->bucket_by) ||
        str_is_absent(property_name(arena, flag->bucket_by)) ||
        !str_equal(flag->off_variation, last->id) || !variation_is_off(last))
        return false;
    bool is_whole = is_told_whole(arena, flag, &flag->fallthrough) &&
                    str_is_absent(flag->fallthrough.bucket.bucket_by);
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct serve *serve = &flag->rules[i].serve;
        is_whole = is_whole && is_told_whole(arena, flag, serve);
    }
    return is_whole && segments_are_exact(arena, flag);
}

/* A PATCH of all that a GET shows. */
static bool rewrite_patched(struct rewriting *rewriting, size_t place, struct flag *written)
{
    struct wire wire = {.arena = &rewriting->arena};
    if (!is_managed(&rewriting->arena, flag_at(rewriting, place)))
        return false;
    *written = flag_copy(&rewriting->arena, flag_at(rewriting, place));
    item_patch(&wire, show_item(rewriting, place), false, written);
    return !wire_failed(&wire); /* values and names of variants it would not take */
}

TEST(an_item_patched_with_what_is_shown_of_it_decides_the_same)
{
    rewrite_worlds(rewrite_patched, 2);
}

/* A POST of all that a GET shows; who is included and on whom it leans has paths of its own. */
static bool rewrite_created(struct rewriting *rewriting, size_t place, struct flag *written)
{
    const struct flag *flag = flag_at(rewriting, place);
    struct wire wire = {.arena = &rewriting->arena};
    if (!is_managed(&rewriting->arena, flag))
        return false;
    item_create(&wire, show_item(rewriting, place), flag->kind, false, written);
    if (wire_failed(&wire))
        return false;
    CHECK_INT(written->variation_count, flag->variation_count);
    for (size_t i = 0; i < flag->variation_count; i++) {
        written->variations[i].included = flag->variations[i].included;
        written->variations[i].included_count = flag->variations[i].included_count;
        written->variations[i].cohorts = flag->variations[i].cohorts;
        written->variations[i].cohort_count = flag->variations[i].cohort_count;
    }
    written->prerequisites = flag->prerequisites;
    written->prerequisite_count = flag->prerequisite_count;
    return true;
}

TEST(an_item_created_from_what_is_shown_of_another_decides_the_same)
{
    rewrite_worlds(rewrite_created, 1);
}

/* ---- flags of the other API ------------------------------------------------------------------ */

static const struct json *show_legacy(struct rewriting *rewriting, size_t place)
{
    struct buf text;
    struct json_writer writer;
    buf_open(&text, SIZE_MAX);
    json_writer_open(&writer, &text);
    superflag_append_legacy_flag(&writer, flag_at(rewriting, place), true);
    return parse_text(&rewriting->arena, take_text(&rewriting->arena, &text));
}

static bool rewrite_legacy_patched(struct rewriting *rewriting, size_t place, struct flag *written)
{
    struct fault fault = superflag_patch_legacy_flag(&rewriting->arena, flag_at(rewriting, place),
                                                     show_legacy(rewriting, place), written);
    return !failed(fault);
}

TEST(a_flag_patched_with_what_is_shown_of_it_decides_the_same)
{
    rewrite_worlds(rewrite_legacy_patched, 3);
}

static bool rewrite_legacy_created(struct rewriting *rewriting, size_t place, struct flag *written)
{
    const struct flag *flag = flag_at(rewriting, place);
    const struct json *shown = show_legacy(rewriting, place);
    if (!superflag_is_legacy(flag))
        return false;
    CHECK_OK(superflag_decode_legacy_flag(
        &rewriting->arena, flag->key, json_find(shown, STR("type"))->string,
        json_find(shown, STR("value")), json_find(shown, STR("rollout")),
        json_find(shown, STR("variants")), json_find(shown, STR("clientEnabled")), written));
    return true;
}

TEST(a_flag_created_from_what_is_shown_of_another_decides_the_same)
{
    rewrite_worlds(rewrite_legacy_created, 2);
}

/* ---- whole documents ------------------------------------------------------------------------- */

/* The flag as a document written back has it; NULL when no document shows it. */
static const struct flag *read_back(struct rewriting *rewriting, struct str key)
{
    struct buf text;
    struct superflag_document *document = ARENA_NEW(&rewriting->arena, struct superflag_document);
    buf_open(&text, SIZE_MAX);
    superflag_append_core_document(&text, &rewriting->world.snapshot->state, SUPERFLAG_SERVER, true,
                                   false);
    CHECK_OK(superflag_decode_document(
        &rewriting->arena, parse_text(&rewriting->arena, take_text(&rewriting->arena, &text)),
        document));
    for (size_t i = 0; i < document->flag_count; i++) {
        if (str_equal(document->flags[i].key, key))
            return &document->flags[i];
    }
    return NULL;
}

static bool rewrite_document(struct rewriting *rewriting, size_t place, struct flag *written)
{
    const struct flag *current = flag_at(rewriting, place);
    const struct flag *shown = read_back(rewriting, current->key);
    if (shown == NULL)
        return false;
    struct flag merged = *shown; /* what the schema has no word for stays as it is */
    merged.id = current->id;
    if (superflag_is_text(current)) {
        CHECK_OK(superflag_apply_ordinary(&rewriting->arena, current, &merged, written));
        return true;
    }
    *written = merged;
    superflag_keep_payloads(current, written);
    return true;
}

TEST(a_document_written_back_decides_the_same)
{
    rewrite_worlds(rewrite_document, 5);
}

TESTS(what_the_store_keeps_decides_the_same,
      an_item_patched_with_what_is_shown_of_it_decides_the_same,
      an_item_created_from_what_is_shown_of_another_decides_the_same,
      a_flag_patched_with_what_is_shown_of_it_decides_the_same,
      a_flag_created_from_what_is_shown_of_another_decides_the_same,
      a_document_written_back_decides_the_same)
