/* SPDX-License-Identifier: Apache-2.0 */
/* device_logins - codes wait for a person, for so long, so many of them, and are good once. */
#include "dialect/login/device_logins.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "test.h"

struct hall {
    struct clock clock; /* first: the callbacks cast back */
    int64_t now_ms;
    struct arena arena;
    struct device_logins *logins;
    struct str device_code, user_code;
    char code[USER_CODE_BYTES];
};

static int64_t hall_now(const struct clock *clock)
{
    return ((const struct hall *)clock)->now_ms;
}

static void hall_open(struct hall *hall)
{
    random_open();
    *hall = (struct hall){.clock = {hall_now, hall_now}, .now_ms = 1000000};
    arena_open(&hall->arena, 64 * 1024);
    hall->logins = device_logins_open(&hall->clock);
}

static void hall_close(struct hall *hall)
{
    device_logins_close(hall->logins);
    arena_close(&hall->arena);
}

static struct fault begin_from(struct hall *hall, struct str place)
{
    struct fault fault = device_logins_begin(hall->logins, &hall->arena, place, STR("192.0.2.7"),
                                             &hall->device_code, &hall->user_code);
    if (!failed(fault))
        CHECK(user_code_parse(hall->user_code, hall->code));
    return fault;
}

static void begin(struct hall *hall)
{
    CHECK_OK(begin_from(hall, STR("home")));
}

static enum device_answer ask(struct hall *hall)
{
    struct device_approval approval;
    return device_logins_ask(hall->logins, hall->device_code, &approval);
}

static const struct device_approval ann = {"user_ann", "token_ann"};

/* ---- codes --------------------------------------------------------------------------------------
 */

TEST(a_users_code_is_read_in_any_spelling)
{
    static const char *const same[] = {"WDJB-MJHT", "wdjbmjht", "WdJb MjHt", " w d j b-mjht-"};
    static const char *const none[] = {"",          "WDJB-MJH",  "WDJB-MJHTT",
                                       "WDJA-MJHT", "WDJB_MJHT", "WDJB-MJH1"};
    char code[USER_CODE_BYTES];
    struct arena arena;
    arena_open(&arena, 256);
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        CHECK(user_code_parse(str_of(same[i]), code));
        CHECK_STR(user_code_text(&arena, code), STR("WDJB-MJHT"));
    }
    for (size_t i = 0; i < COUNT_OF(none); i++)
        CHECK(!user_code_parse(str_of(none[i]), code));
    CHECK(!user_code_parse((struct str){"WDJB\0MJHT", 9}, code));
    arena_close(&arena);
}

TEST(all_letters_are_drawn_about_as_often)
{
    enum { DRAWN = 500, LETTERS = 20 };
    struct hall hall;
    size_t counts[256] = {0};
    size_t letters = 0;
    hall_open(&hall);
    for (size_t i = 0; i < DRAWN; i++) {
        CHECK_OK(begin_from(&hall, arena_format(&hall.arena, "%zu", i)));
        for (size_t at = 0; at < USER_CODE_BYTES; at++)
            counts[(unsigned char)hall.code[at]]++;
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        letters += counts[i] > 0;
        CHECK(counts[i] == 0 || counts[i] > DRAWN * USER_CODE_BYTES / LETTERS / 2);
        CHECK(counts[i] < DRAWN * USER_CODE_BYTES / LETTERS * 2);
    }
    CHECK_INT(letters, LETTERS);
    hall_close(&hall);
}

/* ---- from end to end
 * ------------------------------------------------------------------------------ */

TEST(a_yes_is_heard_once)
{
    struct hall hall;
    struct device_question question;
    struct device_approval approval;
    hall_open(&hall);
    begin(&hall);
    CHECK_INT(ask(&hall), DEVICE_PENDING);
    CHECK(device_logins_find(hall.logins, hall.code, &question));
    CHECK_STR(str_of(question.address), STR("192.0.2.7"));
    CHECK_INT(question.asked_ms, hall.now_ms);
    CHECK_INT(question.ends_ms, hall.now_ms + DEVICE_LIFE_S * 1000);
    CHECK(device_logins_answer(hall.logins, hall.code, &ann));
    CHECK(!device_logins_find(hall.logins, hall.code, &question));
    hall.now_ms += 5000;
    CHECK_INT(device_logins_ask(hall.logins, hall.device_code, &approval), DEVICE_GRANTED);
    CHECK_STR(str_of(approval.user_id), STR("user_ann"));
    CHECK_STR(str_of(approval.credential_id), STR("token_ann"));
    hall.now_ms += 5000;
    CHECK_INT(ask(&hall), DEVICE_PENDING); /* while its token is made */
    device_logins_settle(hall.logins, hall.device_code, DEVICE_HANDED_OUT);
    hall.now_ms += 5000;
    CHECK_INT(ask(&hall), DEVICE_UNKNOWN);
    hall_close(&hall);
}

TEST(what_was_put_off_is_there_again_and_what_was_refused_is_a_no)
{
    struct hall hall;
    hall_open(&hall);
    begin(&hall);
    CHECK(device_logins_answer(hall.logins, hall.code, &ann));
    CHECK_INT(ask(&hall), DEVICE_GRANTED);
    device_logins_settle(hall.logins, hall.device_code, DEVICE_PUT_OFF);
    hall.now_ms += 5000;
    CHECK_INT(ask(&hall), DEVICE_GRANTED);
    device_logins_settle(hall.logins, hall.device_code, DEVICE_REFUSED);
    CHECK_INT(ask(&hall), DEVICE_DENIED);
    hall_close(&hall);
}

TEST(the_first_answer_stands)
{
    struct hall hall;
    hall_open(&hall);
    begin(&hall);
    CHECK(device_logins_answer(hall.logins, hall.code, NULL));
    CHECK(!device_logins_answer(hall.logins, hall.code, &ann));
    CHECK_INT(ask(&hall), DEVICE_DENIED);
    CHECK_INT(ask(&hall), DEVICE_DENIED);
    hall_close(&hall);
}

/* RFC 8628 section 3.5: 5 seconds more each time. */
TEST(who_asks_too_early_waits_longer_from_then_on)
{
    struct hall hall;
    hall_open(&hall);
    begin(&hall);
    CHECK_INT(ask(&hall), DEVICE_PENDING);
    hall.now_ms += 4600; /* on time, but for the way here */
    CHECK_INT(ask(&hall), DEVICE_PENDING);
    hall.now_ms += 4000;
    CHECK_INT(ask(&hall), DEVICE_SLOW_DOWN);
    hall.now_ms += 5000;
    CHECK_INT(ask(&hall), DEVICE_SLOW_DOWN);
    hall.now_ms += 10000;
    CHECK_INT(ask(&hall), DEVICE_SLOW_DOWN);
    hall.now_ms += 20000;
    CHECK_INT(ask(&hall), DEVICE_PENDING);
    hall_close(&hall);
}

/* ---- an end -------------------------------------------------------------------------------------
 */

TEST(after_ten_minutes_it_is_over_whatever_was_said)
{
    struct hall hall;
    struct device_question question;
    hall_open(&hall);
    begin(&hall);
    hall.now_ms += DEVICE_LIFE_S * 1000 - 1;
    CHECK(device_logins_find(hall.logins, hall.code, &question));
    CHECK_INT(ask(&hall), DEVICE_PENDING);
    hall.now_ms += 1;
    CHECK(!device_logins_find(hall.logins, hall.code, &question));
    CHECK(!device_logins_answer(hall.logins, hall.code, &ann));
    CHECK_INT(ask(&hall), DEVICE_EXPIRED);
    begin(&hall);
    CHECK(device_logins_answer(hall.logins, hall.code, &ann));
    hall.now_ms += DEVICE_LIFE_S * 1000;
    CHECK_INT(ask(&hall), DEVICE_EXPIRED);
    hall_close(&hall);
}

/* ---- bounds -------------------------------------------------------------------------------------
 */

TEST(so_many_wait_from_one_place)
{
    struct hall hall;
    hall_open(&hall);
    for (size_t i = 0; i < DEVICE_LOGINS_PER_PLACE_MAX; i++)
        begin(&hall);
    CHECK_FAULT(begin_from(&hall, STR("home")), FAULT_LIMIT);
    CHECK_OK(begin_from(&hall, STR("work")));
    hall.now_ms += DEVICE_LIFE_S * 1000;
    begin(&hall);
    hall_close(&hall);
}

TEST(so_many_wait_altogether_and_those_that_ended_make_room)
{
    struct hall hall;
    hall_open(&hall);
    for (size_t i = 0; i < DEVICE_LOGINS_MAX; i++)
        CHECK_OK(begin_from(&hall, arena_format(&hall.arena, "%zu", i)));
    CHECK_FAULT(begin_from(&hall, STR("one")), FAULT_UNAVAILABLE);
    CHECK_INT(ask(&hall), DEVICE_PENDING); /* the last one still has its place */
    CHECK(device_logins_answer(hall.logins, hall.code, &ann));
    hall.now_ms += 5000;
    CHECK_INT(ask(&hall), DEVICE_GRANTED);
    device_logins_settle(hall.logins, hall.device_code, DEVICE_HANDED_OUT);
    CHECK_OK(begin_from(&hall, STR("one")));
    CHECK_FAULT(begin_from(&hall, STR("two")), FAULT_UNAVAILABLE);
    hall.now_ms += DEVICE_LIFE_S * 1000;
    for (size_t i = 0; i < DEVICE_LOGINS_MAX; i++)
        CHECK_OK(begin_from(&hall, arena_format(&hall.arena, "%zu", i)));
    hall_close(&hall);
}

/* A spent code's place is used again, and the spent code leads nowhere near it. */
TEST(a_settled_login_is_not_the_next_ones)
{
    struct hall hall;
    hall_open(&hall);
    begin(&hall);
    struct str spent = hall.device_code;
    CHECK(device_logins_answer(hall.logins, hall.code, &ann));
    CHECK_INT(ask(&hall), DEVICE_GRANTED);
    device_logins_settle(hall.logins, spent, DEVICE_HANDED_OUT);
    begin(&hall);
    device_logins_settle(hall.logins, spent, DEVICE_HANDED_OUT);
    device_logins_settle(hall.logins, hall.device_code, DEVICE_REFUSED);
    CHECK_INT(ask(&hall), DEVICE_PENDING);
    hall_close(&hall);
}

TESTS(a_users_code_is_read_in_any_spelling, all_letters_are_drawn_about_as_often,
      a_yes_is_heard_once, what_was_put_off_is_there_again_and_what_was_refused_is_a_no,
      the_first_answer_stands, who_asks_too_early_waits_longer_from_then_on,
      after_ten_minutes_it_is_over_whatever_was_said, so_many_wait_from_one_place,
      so_many_wait_altogether_and_those_that_ended_make_room, a_settled_login_is_not_the_next_ones)
