/* SPDX-License-Identifier: Apache-2.0 */
/* Changes that are asked for twice are made once, and what was answered is kept for a day. */
#include <string.h>

#include "errand.h"
#include "story.h"

static struct change_once once_of(unsigned char key)
{
    struct change_once once;
    memset(once.key, key, sizeof(once.key));
    memset(once.fingerprint, key + 1, sizeof(once.fingerprint));
    return once;
}

struct look {
    struct arena *arena;
    unsigned char key[32];
    struct once_row row;
    bool is_found;
};

static struct fault look_up(struct store *store, void *input)
{
    struct look *look = input;
    return store_find_once(store, look->arena, look->key, &look->row, &look->is_found);
}

static bool find(struct town *town, unsigned char key, struct once_row *row)
{
    struct look look = {.arena = &town->arena};
    memset(look.key, key, sizeof(look.key));
    CHECK_OK(change_read_store(town->changer, look_up, &look));
    *row = look.row;
    return look.is_found;
}

static size_t count_audit(struct town *town)
{
    struct store *reader = NULL;
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_open(&reader, scratch_path(&town->scratch), STORE_READER));
    CHECK_OK(store_load_audit(reader, &town->arena, 0, 10000, &rows, &count));
    store_close(reader);
    return count;
}

TEST(a_change_with_a_key_is_made_once)
{
    struct town town;
    struct once_row row;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const struct change_once once = once_of(1);
    struct town_put put = {.key = STR("a"), .value = true};
    struct change first = town_change(environment, &put);
    first.once = &once;
    CHECK(!find(&town, 1, &row));
    CHECK_OK(town_apply(&town, &first));
    CHECK(find(&town, 1, &row));
    CHECK_INT(row.version, 1);
    CHECK(row.at_ms == town.now_ms);
    CHECK(memcmp(row.fingerprint, once.fingerprint, sizeof(row.fingerprint)) == 0);
    CHECK_STR(row.sealed, STR(""));
    size_t audited = count_audit(&town);

    put.is_deletion = true;
    struct change second = town_change(environment, &put);
    second.once = &once;
    struct fault fault = town_apply(&town, &second);
    CHECK_FAULT(fault, FAULT_CONFLICT);
    CHECK_STR(fault.where, STR("idempotency-key"));
    CHECK_INT(town_version(&town, environment), 1);
    CHECK_INT(count_audit(&town), audited);
    town_close(&town);
}

static struct change key_change(uint64_t environment, const struct change_once *once)
{
    return (struct change){.kind = CHANGE_CREATE_KEY,
                           .action = STR("key.create"),
                           .environment = environment,
                           .key_kind = CREDENTIAL_SERVER_KEY,
                           .once = once};
}

TEST(what_was_created_is_remembered_with_the_key)
{
    struct town town;
    struct once_row row;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const struct change_once once = once_of(1);
    struct change create = key_change(environment, &once);
    CHECK_OK(town_apply(&town, &create));
    CHECK(find(&town, 1, &row));
    CHECK_STR(row.created_id, create.created_id);
    CHECK_INT(row.version, 0);
    struct change again = key_change(environment, &once);
    CHECK_FAULT(town_apply(&town, &again), FAULT_CONFLICT);
    CHECK(str_is_absent(again.secret));
    struct view *view = view_acquire(town.views);
    CHECK_INT(view->catalog->credential_count, 2);
    view_release(view);
    town_close(&town);
}

TEST(a_refused_change_leaves_its_key_free)
{
    struct town town;
    struct once_row row;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const struct change_once once = once_of(1);
    struct town_put put = {.key = STR("a"), .is_deletion = true};
    struct change absent = town_change(environment, &put);
    absent.once = &once;
    CHECK_FAULT(town_apply(&town, &absent), FAULT_MISSING);
    CHECK(!find(&town, 1, &row));
    put.is_deletion = false;
    CHECK_OK(town_apply(&town, &absent));
    CHECK(find(&town, 1, &row));
    town_close(&town);
}

TEST(a_dry_run_neither_takes_a_key_nor_minds_a_taken_one)
{
    struct town town;
    struct once_row row;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const struct change_once once = once_of(1);
    struct change create = key_change(environment, &once);
    create.is_dry_run = true;
    CHECK_OK(town_apply(&town, &create));
    CHECK(!find(&town, 1, &row));
    create.is_dry_run = false;
    CHECK_OK(town_apply(&town, &create));
    create.is_dry_run = true;
    CHECK_OK(town_apply(&town, &create));
    town_close(&town);
}

enum { RIVALS = 6 };

/* In one group, which only a savepoint divides; the keys take turns: 1, 2, 1, 2, … */
TEST(of_those_who_ask_at_once_one_is_served)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const struct change_once onces[] = {once_of(1), once_of(2)};
    struct gathering_at_gate held;
    struct errand rivals[RIVALS];
    memset(rivals, 0, sizeof(rivals));
    gate_close(&held, &town, environment);
    for (size_t i = 0; i < RIVALS; i++) {
        rivals[i].change = key_change(environment, &onces[i % 2]);
        start_errand(&rivals[i], &town, i + 1);
    }
    gate_open(&held, rivals, RIVALS);
    for (size_t i = 0; i < RIVALS; i++) {
        CHECK_FAULT(rivals[i].fault, i < 2 ? FAULT_NONE : FAULT_CONFLICT);
        arena_close(&rivals[i].arena);
    }
    struct view *view = view_acquire(town.views);
    CHECK_INT(view->catalog->credential_count, 3);
    view_release(view);
    town_close(&town);
}

TEST(an_answer_is_kept_for_whoever_asks_again)
{
    struct town town;
    struct once_row row;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const struct change_once once = once_of(1);
    const struct change_once other = once_of(2);
    struct change create = key_change(environment, &once);
    CHECK_OK(town_apply(&town, &create));
    struct change_counters before = change_counters_read(town.changer);
    CHECK_OK(change_keep_answer(town.changer, &once, STR("sealed \x01 bytes")));
    CHECK_FAULT(change_keep_answer(town.changer, &other, STR("x")), FAULT_MISSING);
    CHECK_INT(change_counters_read(town.changer).applied, before.applied);
    CHECK_INT(change_counters_read(town.changer).refused, before.refused);
    CHECK(find(&town, 1, &row));
    CHECK_STR(row.sealed, STR("sealed \x01 bytes"));
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK(find(&town, 1, &row));
    CHECK_STR(row.sealed, STR("sealed \x01 bytes"));
    CHECK_STR(row.created_id, create.created_id);
    town_close(&town);
}

TEST(without_a_store_no_answer_is_kept)
{
    struct town town;
    town_open(&town);
    town_app(&town, STR("shop"));
    town_stop(&town);
    town_lose_store(&town);
    CHECK_OK(town_start(&town));
    const struct change_once once = once_of(1);
    CHECK_FAULT(change_keep_answer(town.changer, &once, STR("x")), FAULT_UNAVAILABLE);
    town_close(&town);
}

/* The writer forgets when it has time: its turns are waited for, not counted. */
TEST(a_key_is_forgotten_after_a_day)
{
    enum { HOUR_MS = 3600000 };
    struct town town;
    struct once_row row;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const struct change_once old = once_of(1);
    const struct change_once young = once_of(2);
    struct change first = key_change(environment, &old);
    struct change second = key_change(environment, &young);
    CHECK_OK(town_apply(&town, &first));
    town.now_ms += 2 * HOUR_MS;
    CHECK_OK(town_apply(&town, &second));
    town.now_ms += 22 * HOUR_MS + 1;
    bool is_there = true;
    for (size_t i = 0; i < 2000 && is_there; i++) {
        usleep(5000);
        is_there = find(&town, 1, &row);
    }
    CHECK(!is_there);
    CHECK(find(&town, 2, &row));
    struct change again = key_change(environment, &old);
    CHECK_OK(town_apply(&town, &again));
    town_close(&town);
}

TESTS(a_change_with_a_key_is_made_once, what_was_created_is_remembered_with_the_key,
      a_refused_change_leaves_its_key_free, a_dry_run_neither_takes_a_key_nor_minds_a_taken_one,
      of_those_who_ask_at_once_one_is_served, an_answer_is_kept_for_whoever_asks_again,
      without_a_store_no_answer_is_kept, a_key_is_forgotten_after_a_day)
