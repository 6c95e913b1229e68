/* SPDX-License-Identifier: Apache-2.0 */
/* patience - when requests are shed, by a clock that the test turns: see http/patience.h. */
#include "http/patience.h"

#include "test.h"

/* One turn of `requests`, each taking each_us; how many of them were shed. */
struct turns {
    struct patience patience;
    int64_t now_us;
    bool is_control, is_late;
};

static unsigned turn(struct turns *turns, unsigned requests, int64_t each_us)
{
    int64_t began_ms = turns->now_us / 1000;
    unsigned shed = 0;
    for (unsigned i = 0; i < requests; i++) {
        patience_count(&turns->patience, began_ms);
        bool is_admitted = patience_admits(&turns->patience, turns->now_us / 1000,
                                           turns->is_control, turns->is_late);
        turns->now_us += is_admitted ? each_us : 0;
        shed += !is_admitted;
    }
    patience_end_turn(&turns->patience, turns->now_us / 1000);
    turns->now_us += 1000;
    return shed;
}

static struct turns turns_begin(void)
{
    return (struct turns){.now_us = 5000000};
}

static struct turns turns_overloaded(void)
{
    struct turns turns = turns_begin();
    for (unsigned i = 0; i < 20; i++)
        turn(&turns, 1000, 200);
    CHECK(patience_is_tried(&turns.patience, turns.now_us / 1000));
    return turns;
}

TEST(below_capacity_nothing_is_shed)
{
    struct turns turns = turns_begin();
    for (unsigned i = 0; i < 10000; i++)
        CHECK_INT(turn(&turns, i % 64, 200), 0);
}

TEST(a_full_pool_of_one_caller_is_not_a_crowd)
{
    struct turns turns = turns_begin();
    for (unsigned i = 0; i < 1000; i++)
        CHECK_INT(turn(&turns, PATIENCE_CROWD, 2000), 0);
}

TEST(a_burst_is_worked_off)
{
    struct turns turns = turns_begin();
    for (unsigned i = 0; i < 1000; i++) {
        CHECK_INT(turn(&turns, 5000, 20), 0);
        CHECK_INT(turn(&turns, 10, 20), 0);
    }
}

TEST(a_machine_that_stands_still_is_no_overload)
{
    struct turns turns = turns_begin();
    for (unsigned i = 0; i < 1000; i++)
        CHECK_INT(turn(&turns, 20, 20000), 0);
}

TEST(many_cheap_requests_in_short_turns_are_not_shed)
{
    struct turns turns = turns_begin();
    for (unsigned i = 0; i < 1000; i++)
        CHECK_INT(turn(&turns, 700, 20), 0);
}

TEST(long_crowded_turns_without_an_end_are_cut_short)
{
    struct turns turns = turns_begin();
    CHECK_INT(turn(&turns, 1000, 200), 0);
    unsigned at_once = 1;
    while (turn(&turns, 1000, 200) == 0)
        at_once++;
    CHECK(at_once <= 3);
    for (unsigned i = 0; i < 100; i++) {
        int64_t began_us = turns.now_us;
        unsigned shed = turn(&turns, 1000, 200);
        CHECK(turns.now_us - began_us <= (PATIENCE_TURN_MS + 3) * 1000);
        CHECK(1000 - shed >= PATIENCE_TURN_MS * 1000 / 200);
    }
}

TEST(control_traffic_has_a_reserve_and_no_more)
{
    struct turns turns = turns_overloaded();
    turns.is_control = true;
    int64_t reserve_ms = PATIENCE_TURN_MS + PATIENCE_RESERVE_MS;
    CHECK_INT(turn(&turns, (unsigned)reserve_ms, 1000), 0);
    int64_t began_us = turns.now_us;
    CHECK(turn(&turns, 1000, 1000) > 0);
    CHECK(turns.now_us - began_us <= (reserve_ms + 3) * 1000);
}

TEST(few_are_answered_however_dear_they_are)
{
    struct turns turns = turns_overloaded();
    CHECK_INT(turn(&turns, 100, 100000), 100 - PATIENCE_FEW);
}

TEST(who_did_not_wait_is_shed_while_there_is_no_room)
{
    struct turns turns = turns_overloaded();
    turns.is_late = true;
    CHECK_INT(turn(&turns, 100, 200), 100);
    CHECK_INT(turn(&turns, 10, 200), 0); /* the turn before was short */
    turns.is_control = true;
    turn(&turns, 1000, 200);
    CHECK_INT(turn(&turns, 10, 200), 0);
}

TEST(it_ends_soon_after_the_crowd_has_left)
{
    struct turns turns = turns_overloaded();
    int64_t ended_us = turns.now_us;
    while (patience_is_tried(&turns.patience, turns.now_us / 1000))
        turn(&turns, 20, 200);
    CHECK(turns.now_us - ended_us <= (PATIENCE_CALM_MS + 10) * 1000);
    CHECK_INT(turn(&turns, 1000, 200), 0);
}

/* ---- more sockets than the kernel shows at a time ---------------------------------------------
 */

static void batch(struct turns *turns, unsigned requests, int64_t each_us)
{
    int64_t began_ms = turns->now_us / 1000;
    for (unsigned i = 0; i < requests; i++)
        patience_count(&turns->patience, began_ms);
    turns->now_us += requests * each_us;
}

TEST(a_short_last_batch_does_not_make_a_turn_short)
{
    struct turns turns = turns_begin();
    for (unsigned i = 0; i < 20; i++) {
        batch(&turns, 1024, 20);
        batch(&turns, 76, 20);
        patience_end_turn(&turns.patience, turns.now_us / 1000);
    }
    CHECK(patience_is_tried(&turns.patience, turns.now_us / 1000));
}

TEST(a_turn_that_does_not_end_is_judged_all_the_same)
{
    struct turns turns = turns_begin();
    for (unsigned i = 0; i < 4; i++)
        batch(&turns, 1024, 100);
    CHECK(patience_is_tried(&turns.patience, turns.now_us / 1000));
}

TEST(each_batch_has_time_of_its_own)
{
    struct turns turns = turns_overloaded();
    for (unsigned i = 0; i < 5; i++) {
        batch(&turns, 100, 200);
        patience_count(&turns.patience, turns.now_us / 1000);
        CHECK(patience_admits(&turns.patience, turns.now_us / 1000, false, false));
    }
}

TESTS(a_short_last_batch_does_not_make_a_turn_short,
      a_turn_that_does_not_end_is_judged_all_the_same, each_batch_has_time_of_its_own,
      below_capacity_nothing_is_shed, a_full_pool_of_one_caller_is_not_a_crowd,
      a_burst_is_worked_off, a_machine_that_stands_still_is_no_overload,
      many_cheap_requests_in_short_turns_are_not_shed,
      long_crowded_turns_without_an_end_are_cut_short, control_traffic_has_a_reserve_and_no_more,
      few_are_answered_however_dear_they_are, who_did_not_wait_is_shed_while_there_is_no_room,
      it_ends_soon_after_the_crowd_has_left)
