/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the check of a write accepts is what loads, and is the same when it has; what it refuses
 * does not load. Of random documents, good ones and damaged ones: structs as dialects fill them in,
 * texts as bodies bring them, whole environments as snapshots keep them.
 *
 *     GUIDON_DOCUMENTS=n   how many, at least
 *     GUIDON_SEED=n        where the environments begin
 */
#include "base/random.h"
#include "random_damage.h"
#include "random_environment.h"
#include "snapshot/documents.h"

enum { DOCUMENTS = 20000, TEXTS_OF_EACH = 4 };

struct tally {
    uint64_t seed, environments;
    uint64_t structs, texts;
    uint64_t accepted, refused;
    uint64_t costed,
        too_dear; /* of some that were accepted: a write refuses these for their cost */
};

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    uint64_t number = otherwise;
    if (getenv(name) != NULL)
        CHECK(str_parse_u64(str_of(getenv(name)), &number));
    return number;
}

static void complain(const struct tally *tally, const char *what, struct str text,
                     struct fault write, struct fault load)
{
    fprintf(stderr, "GUIDON_SEED=%llu: %s\n  write: %.*s %.*s\n  load: %.*s %.*s\n  %.*s\n",
            (unsigned long long)(tally->seed + tally->environments), what, STR_ARG(write.where),
            STR_ARG(write.why), STR_ARG(load.where), STR_ARG(load.why), STR_ARG(text));
    fail();
}

static void note(struct tally *tally, struct fault fault)
{
    if (failed(fault))
        tally->refused++;
    else
        tally->accepted++;
}

/* ---- structs --------------------------------------------------------------------------------- */

/* What a dialect hands over is checked as it is; its text loads exactly when that passes, or says
 * something that passes. */
static void try_struct(struct tally *tally, struct arena *arena, const struct document *document)
{
    struct document loaded;
    struct fault write = document_check(arena, document);
    note(tally, write);
    tally->structs++;
    if (failed(write))
        return;
    struct str text = document_encode(arena, document);
    struct fault load = document_load(arena, document->is_segment, text, &loaded);
    if (failed(load))
        complain(tally, "a document that was accepted does not load", text, write, load);
    if (!str_equal(document_encode(arena, &loaded), text))
        complain(tally, "a document is another when it has loaded", text, write, load);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void try_cost(struct tally *tally, struct arena *arena, const struct document *document)
{
    struct pattern_admission admission;
    pattern_admission_open(&admission, arena);
    struct fault fault = document->is_segment
                             ? ruleset_check_segment(&admission, &document->segment, NULL)
                             : ruleset_check_flag(&admission, &document->flag, NULL);
    tally->costed++;
    tally->too_dear += failed(fault) ? 1 : 0;
}

static void try_text(struct tally *tally, struct dice *dice, bool is_segment, struct str good)
{
    enum verdict_expected expected;
    struct document written, loaded;
    struct str text = damage_text(dice, good, is_segment, &expected);
    struct fault write = document_write(dice->arena, is_segment, text, &written);
    struct fault load = document_load(dice->arena, is_segment, text, &loaded);
    note(tally, write);
    tally->texts++;
    if (failed(write) != failed(load))
        complain(tally, "writing and loading disagree", text, write, load);
    if (expected == MUST_FAIL && !failed(write))
        complain(tally, "a damaged document was accepted", text, write, load);
    if (expected == MUST_PASS && failed(write))
        complain(tally, "a good document was refused", text, write, load);
    if (failed(write))
        return;
    struct str canonical = document_encode(dice->arena, &written);
    if (!str_equal(canonical, document_encode(dice->arena, &loaded)))
        complain(tally, "loaded, it says something else", text, write, load);
    load = document_load(dice->arena, is_segment, canonical, &loaded);
    if (failed(load) || !str_equal(canonical, document_encode(dice->arena, &loaded)))
        complain(tally, "its canonical text does not load as the same", canonical, write, load);
    if (once_in(dice, 64))
        try_cost(tally, dice->arena, &written);
}

static void try_document(struct tally *tally, struct dice *dice, struct document *document)
{
    struct str good = document_encode(dice->arena, document);
    for (size_t i = 0; i < TEXTS_OF_EACH; i++)
        try_text(tally, dice, document->is_segment, good);
    if (document->is_segment)
        return;
    damage_flag(dice, &document->flag);
    if (once_in(dice, 3))
        damage_flag(dice, &document->flag);
    try_struct(tally, dice->arena, document);
}

/* ---- environments ---------------------------------------------------------------------------- */

struct revisions {
    struct flag_revision *flags[FLAGS_MAX];
    struct segment_revision *segments[SEGMENTS];
    struct cohort_revision *cohorts[COHORTS];
};

static struct snapshot_parts make_parts(const struct environment_state *state,
                                        struct revisions *revisions)
{
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct provenance provenance = {.number = i + 1, .sequence = 1};
        revisions->flags[i] = flag_revision_make(state->flags[i], &provenance);
    }
    for (size_t i = 0; i < state->segment_count; i++)
        revisions->segments[i] = segment_revision_make(state->segments[i]);
    for (size_t i = 0; i < state->cohort_count; i++) {
        const struct cohort_digest digest = {.bytes = {(unsigned char)i}};
        revisions->cohorts[i] = cohort_revision_make(state->cohorts[i], &digest);
    }
    return (struct snapshot_parts){.environment = 1,
                                   .version = 1,
                                   .app_id = STR("app_1"),
                                   .name = STR("production"),
                                   .settings = state->settings,
                                   .flags = revisions->flags,
                                   .flag_count = state->flag_count,
                                   .segments = revisions->segments,
                                   .segment_count = state->segment_count,
                                   .cohorts = revisions->cohorts,
                                   .cohort_count = state->cohort_count};
}

/* Members lie beside the documents, by digest. */
static struct fault members_of(void *context, struct arena *arena,
                               const struct cohort_digest *digest, struct str *stored_form)
{
    const struct random_environment *environment = context;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    cohort_members_encode(environment->cohorts[digest->bytes[0]].members, &buf);
    *stored_form = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return fault_none();
}

static struct str documents_text(struct arena *arena, const struct snapshot_parts *parts)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    documents_encode(parts, &writer);
    json_object_end(&writer);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* What a snapshot is made of after a start is what it was made of before. */
static void check_restart(struct random_environment *environment)
{
    struct arena *arena = &environment->arena;
    struct revisions revisions;
    struct members_shelf shelf;
    struct json json;
    const struct json_budget budget = {
        .depth_max = 8, .members_max = 64, .string_bytes_max = SIZE_MAX, .number_bytes_max = 64};
    struct snapshot_parts parts = make_parts(&environment->state, &revisions);
    struct str text = documents_text(arena, &parts);
    struct snapshot_parts loaded = parts;
    loaded.flag_count = loaded.segment_count = loaded.cohort_count = 0;
    CHECK_OK(json_parse(arena, text, &budget, &json));
    members_shelf_open(&shelf, (struct members_source){members_of, environment});
    CHECK_OK(documents_decode(arena, &json, &shelf, &loaded));
    CHECK_STR(documents_text(arena, &loaded), text);
    struct snapshot *snapshot = snapshot_make(&loaded);
    CHECK_INT(snapshot->rules->flag_count, environment->state.flag_count);
    snapshot_release(snapshot);
    documents_release(&loaded);
    members_shelf_close(&shelf);
    documents_release(&parts);
}

static void try_environment(struct tally *tally)
{
    struct random_environment environment;
    random_environment_open(&environment, tally->seed + tally->environments);
    check_restart(&environment);
    for (size_t i = 0; i < environment.flag_count; i++) {
        struct document document = {.flag = environment.flags[i]};
        try_document(tally, &environment.dice, &document);
    }
    for (size_t i = 0; i < SEGMENTS; i++) {
        struct document document = {.is_segment = true, .segment = environment.segments[i]};
        try_document(tally, &environment.dice, &document);
    }
    random_environment_close(&environment);
    tally->environments++;
}

TEST(what_is_accepted_is_what_loads)
{
    struct tally tally = {.seed = number_from("GUIDON_SEED", 1)};
    uint64_t wanted = number_from("GUIDON_DOCUMENTS", DOCUMENTS);
    random_open();
    while (tally.structs + tally.texts < wanted)
        try_environment(&tally);
    /* Both happen often, or nothing is shown. */
    CHECK(tally.accepted * 4 > tally.structs + tally.texts);
    CHECK(tally.refused * 4 > tally.structs + tally.texts);
    printf("figures: documents=%llu accepted=%llu refused=%llu environments=%llu "
           "costed=%llu too_dear=%llu seed=%llu disagreements=0\n",
           (unsigned long long)(tally.structs + tally.texts), (unsigned long long)tally.accepted,
           (unsigned long long)tally.refused, (unsigned long long)tally.environments,
           (unsigned long long)tally.costed, (unsigned long long)tally.too_dear,
           (unsigned long long)tally.seed);
}

TESTS(what_is_accepted_is_what_loads)
