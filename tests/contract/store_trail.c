/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail, searched: against a plain walk over all of it. */
#include "store_contract.h"

enum { TRAIL_ROWS = 600 };

/* Deterministic, so that a failure can be looked at again. */
static uint32_t trail_roll(uint32_t *state, uint32_t sides)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 16) % sides;
}

static struct audit_row trail_row(struct lab *lab, uint32_t *dice, uint64_t *versions)
{
    static const char *const actors[] = {"ann@example.test", "bob@example.test", "token_1"};
    static const char *const actions[] = {"flag.create", "flag.update", "flagship.sink",
                                          "key.create"};
    uint64_t environment = trail_roll(dice, 5);
    bool has_version = environment != 0 && trail_roll(dice, 4) != 0;
    return (struct audit_row){
        .at_ms = lab_now_ms + trail_roll(dice, 200), /* clocks are set back, too */
        .actor = str_of(actors[trail_roll(dice, COUNT_OF(actors))]),
        .action = str_of(actions[trail_roll(dice, COUNT_OF(actions))]),
        .environment = environment,
        .version = has_version ? ++versions[environment] : 0,
        .subject = arena_format(&lab->arena, "s%u", trail_roll(dice, 12)),
    };
}

static void trail_fill(struct lab *lab, uint32_t *dice)
{
    uint64_t versions[5] = {0};
    CHECK_OK(store_begin(lab->store));
    for (size_t i = 0; i < TRAIL_ROWS; i++) {
        struct audit_row row = trail_row(lab, dice, versions);
        CHECK_OK(store_append_audit(lab->store, &row));
    }
    CHECK_OK(store_commit(lab->store));
}

static bool trail_is_of(const struct audit_query *query, uint64_t environment)
{
    if (query->environments == NULL || (environment == 0 && query->takes_others))
        return true;
    for (size_t i = 0; i < query->environment_count; i++) {
        if (query->environments[i] == environment)
            return true;
    }
    return false;
}

static bool trail_is_called(struct str wanted, struct str action)
{
    if (str_is_absent(wanted))
        return true;
    return str_ends_with(wanted, STR(".")) ? str_starts_with(action, wanted)
                                           : str_equal(action, wanted);
}

static bool trail_fits(const struct audit_query *query, const struct audit_row *row)
{
    bool has_place = (query->below == 0 || row->sequence < query->below) &&
                     (query->from_ms == 0 || row->at_ms >= query->from_ms) &&
                     (query->to_ms == 0 || row->at_ms < query->to_ms);
    bool has_words = (str_is_absent(query->actor) || str_equal(query->actor, row->actor)) &&
                     (str_is_absent(query->subject) || str_equal(query->subject, row->subject)) &&
                     trail_is_called(query->action, row->action);
    bool has_version = (!query->only_versions || row->version > 0) &&
                       (query->version == 0 || query->version == row->version);
    return has_place && has_words && has_version && trail_is_of(query, row->environment);
}

static void trail_compare(struct lab *lab, const struct audit_row *all,
                          const struct audit_query *query)
{
    struct audit_row *rows = NULL;
    size_t count = 0;
    size_t at = 0;
    CHECK_OK(store_query_audit(lab->store, &lab->arena, query, &rows, &count));
    for (size_t i = TRAIL_ROWS; i-- > 0 && at < query->limit;) {
        if (!trail_fits(query, &all[i]))
            continue;
        CHECK(at < count);
        CHECK_INT(rows[at].sequence, all[i].sequence);
        CHECK_STR(rows[at].subject, all[i].subject);
        CHECK(memcmp(rows[at].hash, all[i].hash, sizeof(rows[at].hash)) == 0);
        at++;
    }
    CHECK_INT(count, at);
}

static struct audit_query trail_question(uint32_t *dice, uint64_t *environments)
{
    static const char *const actors[] = {"ann@example.test", "token_1", "nobody"};
    static const char *const actions[] = {"flag.", "flag.update", "key.", "fla"};
    static const char *const subjects[] = {"s1", "s7", "s11", "s99"};
    struct audit_query query = {.limit = 1 + trail_roll(dice, 700)};
    if (trail_roll(dice, 2) == 0)
        query.limit = 1 + trail_roll(dice, 10);
    if (trail_roll(dice, 3) == 0)
        query.below = 1 + trail_roll(dice, TRAIL_ROWS);
    if (trail_roll(dice, 3) == 0)
        query.actor = str_of(actors[trail_roll(dice, COUNT_OF(actors))]);
    if (trail_roll(dice, 3) == 0)
        query.action = str_of(actions[trail_roll(dice, COUNT_OF(actions))]);
    if (trail_roll(dice, 3) == 0)
        query.subject = str_of(subjects[trail_roll(dice, COUNT_OF(subjects))]);
    if (trail_roll(dice, 3) == 0)
        query.from_ms = lab_now_ms + trail_roll(dice, 200);
    if (trail_roll(dice, 3) == 0)
        query.to_ms = lab_now_ms + trail_roll(dice, 200);
    query.only_versions = trail_roll(dice, 3) == 0;
    if (trail_roll(dice, 4) == 0)
        query.version = 1 + trail_roll(dice, 90);
    if (trail_roll(dice, 2) == 0) {
        query.environments = environments;
        query.takes_others = trail_roll(dice, 2) == 0;
        for (uint64_t i = 5; i-- > 1;) { /* in any order */
            if (trail_roll(dice, 2) == 0)
                environments[query.environment_count++] = i;
        }
    }
    return query;
}

TEST(a_search_finds_what_a_walk_finds)
{
    struct lab lab;
    lab_open(&lab);
    uint32_t dice = 20261122;
    trail_fill(&lab, &dice);
    struct audit_row *all = NULL;
    size_t count = 0;
    CHECK_OK(store_load_audit(lab.store, &lab.arena, 0, TRAIL_ROWS + 1, &all, &count));
    CHECK_INT(count, TRAIL_ROWS);
    for (size_t i = 0; i < 1500; i++) {
        uint64_t environments[5];
        struct audit_query query = trail_question(&dice, environments);
        trail_compare(&lab, all, &query);
    }
    lab_close(&lab);
}

TEST(pages_of_a_search_follow_each_other)
{
    struct lab lab;
    lab_open(&lab);
    uint32_t dice = 1;
    trail_fill(&lab, &dice);
    static const uint64_t environments[] = {3, 1};
    struct audit_query query = {
        .environments = environments, .environment_count = 2, .takes_others = true, .limit = 7};
    struct audit_query whole = query;
    whole.limit = TRAIL_ROWS;
    struct audit_row *all = NULL;
    size_t all_count = 0;
    CHECK_OK(store_query_audit(lab.store, &lab.arena, &whole, &all, &all_count));
    CHECK(all_count > 50);
    size_t seen = 0;
    for (;;) {
        struct audit_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(store_query_audit(lab.store, &lab.arena, &query, &rows, &count));
        for (size_t i = 0; i < count; i++)
            CHECK_INT(rows[i].sequence, all[seen++].sequence);
        if (count < query.limit)
            break;
        query.below = rows[count - 1].sequence;
    }
    CHECK_INT(seen, all_count);
    lab_close(&lab);
}

TEST(who_sees_nothing_finds_nothing)
{
    struct lab lab;
    lab_open(&lab);
    uint32_t dice = 2;
    trail_fill(&lab, &dice);
    static const uint64_t none[] = {0};
    const struct audit_query blind = {.environments = none, .limit = 10};
    const struct audit_query still = {.limit = 0};
    struct audit_row *rows = NULL;
    size_t count = 1;
    CHECK_OK(store_query_audit(lab.store, &lab.arena, &blind, &rows, &count));
    CHECK_INT(count, 0);
    CHECK_OK(store_query_audit(lab.store, &lab.arena, &still, &rows, &count));
    CHECK_INT(count, 0);
    lab_close(&lab);
}

/* ---- what one version did -------------------------------------------------------------------- */

static void step_write(struct lab *lab, uint64_t version, enum revision_kind kind, const char *key,
                       const char *document)
{
    const struct revision_row row = {
        .kind = kind,
        .object_id = arena_format(&lab->arena, "%d_%s", (int)kind, key),
        .key = str_of(key),
        .version_from = version,
        .document = str_of(document == NULL ? "" : document),
        .is_tombstone = document == NULL,
    };
    CHECK_OK(store_write_revision(lab->store, lab->environment, &row));
}

/* "flag a: 1 -> 2", one line per revision; "-" for what was not or is no longer there. */
static struct str step_text(struct lab *lab, uint64_t version)
{
    static const char *const kinds[] = {"flag", "segment", "settings", "cohort"};
    struct revision_row *rows = NULL;
    struct revision_row *before = NULL;
    size_t count = 0;
    CHECK_OK(store_load_step(lab->store, &lab->arena, lab->environment, version, &rows, &before,
                             &count));
    struct str text = STR("");
    for (size_t i = 0; i < count; i++) {
        struct str old = str_is_absent(before[i].document) ? STR("-") : before[i].document;
        struct str new = rows[i].is_tombstone ? STR("-") : rows[i].document;
        CHECK_STR(before[i].key, rows[i].key);
        CHECK_INT(before[i].kind, rows[i].kind);
        CHECK_INT(rows[i].version_from, version);
        text = arena_format(&lab->arena, "%.*s%s %.*s: %.*s -> %.*s\n", STR_ARG(text),
                            kinds[rows[i].kind], STR_ARG(rows[i].key), STR_ARG(old), STR_ARG(new));
    }
    return text;
}

TEST(a_step_tells_what_it_replaced)
{
    struct lab lab;
    uint64_t version = 0;
    lab_open(&lab);
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_advance_version(lab.store, lab.environment, lab_now_ms, &version));
    step_write(&lab, version, REVISION_FLAG, "b", "b1");
    step_write(&lab, version, REVISION_FLAG, "a", "a1");
    step_write(&lab, version, REVISION_COHORT, "a", "c1");
    CHECK_OK(store_advance_version(lab.store, lab.environment, lab_now_ms, &version));
    step_write(&lab, version, REVISION_SETTINGS, "settings", "s1");
    step_write(&lab, version, REVISION_SEGMENT, "a", "g1");
    step_write(&lab, version, REVISION_FLAG, "a", NULL);
    step_write(&lab, version, REVISION_COHORT, "a", "c2");
    CHECK_OK(store_advance_version(lab.store, lab.environment, lab_now_ms, &version));
    step_write(&lab, version, REVISION_FLAG, "a", "a2");
    step_write(&lab, version, REVISION_SEGMENT, "a", NULL);
    CHECK_OK(store_advance_version(lab.store, lab.environment, lab_now_ms, &version));
    CHECK_OK(store_commit(lab.store));

    CHECK_STR(step_text(&lab, 1), STR("flag a: - -> a1\nflag b: - -> b1\ncohort a: - -> c1\n"));
    CHECK_STR(step_text(&lab, 2), STR("flag a: a1 -> -\nsegment a: - -> g1\n"
                                      "settings settings: - -> s1\ncohort a: c1 -> c2\n"));
    CHECK_STR(step_text(&lab, 3), STR("flag a: - -> a2\nsegment a: g1 -> -\n"));
    CHECK_STR(step_text(&lab, 4), STR("")); /* a version may change nothing */
    CHECK_STR(step_text(&lab, 5), STR(""));
    CHECK_STR(step_text(&lab, 0), STR(""));
    lab_close(&lab);
}

#define STORE_CONTRACT_TRAIL                                                                       \
    a_search_finds_what_a_walk_finds, pages_of_a_search_follow_each_other,                         \
        who_sees_nothing_finds_nothing, a_step_tells_what_it_replaced
