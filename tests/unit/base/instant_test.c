/* SPDX-License-Identifier: Apache-2.0 */
#include "base/instant.h"

#include <string.h>

#include "test.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static struct str formatted(int64_t ms, char text[INSTANT_TEXT_BYTES])
{
    instant_format(ms, text);
    return str_of(text);
}

struct reading {
    struct str text;
    struct str means; /* the same moment as we write it; empty when the text is refused */
};

static const struct reading readings[] = {
    {STR("2031-01-01T00:00:00Z"), STR("2031-01-01T00:00:00.000Z")},
    {STR("2031-01-01T00:00:00.1234567Z"), STR("2031-01-01T00:00:00.123Z")},
    {STR("2031-01-01T00:00:00.9999Z"), STR("2031-01-01T00:00:00.999Z")},
    {STR("2031-01-01T00:00:00.5Z"), STR("2031-01-01T00:00:00.500Z")},
    {STR("2031-01-01T00:00:00+05:30"), STR("2030-12-31T18:30:00.000Z")},
    {STR("2031-01-01T00:00:00-23:59"), STR("2031-01-01T23:59:00.000Z")},
    {STR("2031-01-01T00:00:00-00:00"), STR("2031-01-01T00:00:00.000Z")},
    {STR("2031-02-30T00:00:00Z"), STR("2031-03-02T00:00:00.000Z")},
    {STR("2032-02-30T00:00:00Z"), STR("2032-03-01T00:00:00.000Z")},
    {STR("2031-04-31T12:00:00Z"), STR("2031-05-01T12:00:00.000Z")},
    {STR("2031-01-01T24:00:00Z"), STR("2031-01-02T00:00:00.000Z")},
    {STR("2031-12-31T24:00:00.000+00:00"), STR("2032-01-01T00:00:00.000Z")},
    {STR("0000-01-01T00:00:00Z"), STR("0000-01-01T00:00:00.000Z")},
    {STR("0000-01-01T00:00:00+00:01"), STR("-000001-12-31T23:59:00.000Z")},
    {STR("9999-12-31T23:59:59.999Z"), STR("9999-12-31T23:59:59.999Z")},
    {STR("9999-12-31T23:59:59.999-00:01"), STR("+010000-01-01T00:00:59.999Z")},
    {STR("2000-02-29T00:00:00Z"), STR("2000-02-29T00:00:00.000Z")},
    {STR("1900-02-29T00:00:00Z"), STR("1900-03-01T00:00:00.000Z")},

    {STR("2031-01-01"), STR("")},
    {STR("2031-01-01T00:00Z"), STR("")},
    {STR("2031-01-01T00:00:00"), STR("")},
    {STR("2031-01-01t00:00:00z"), STR("")},
    {STR("2031-01-01 00:00:00Z"), STR("")},
    {STR("2031-13-01T00:00:00Z"), STR("")},
    {STR("2031-00-01T00:00:00Z"), STR("")},
    {STR("2031-01-32T00:00:00Z"), STR("")},
    {STR("2031-01-00T00:00:00Z"), STR("")},
    {STR("2031-01-01T24:00:01Z"), STR("")},
    {STR("2031-01-01T24:00:00.001Z"), STR("")},
    {STR("2031-01-01T24:00:00.0001Z"), STR("")},
    {STR("2031-01-01T25:00:00Z"), STR("")},
    {STR("2031-01-01T23:60:00Z"), STR("")},
    {STR("2031-01-01T23:59:60Z"), STR("")},
    {STR("2031-01-01T00:00:00+24:00"), STR("")},
    {STR("2031-01-01T00:00:00+23:60"), STR("")},
    {STR("2031-01-01T00:00:00+0530"), STR("")},
    {STR("2031-01-01T00:00:00.Z"), STR("")},
    {STR("2031-01-01T00:00:00,5Z"), STR("")},
    {STR("2031-01-01T00:00:00Z "), STR("")},
    {STR(" 2031-01-01T00:00:00Z"), STR("")},
    {STR("12031-01-01T00:00:00Z"), STR("")},
    {STR("+012031-01-01T00:00:00Z"), STR("")},
    {STR("2031-1-01T00:00:00Z"), STR("")},
    {STR("2031-01-01T00:00:00ZZ"), STR("")},
    {STR("2031-01-01T00:00:00Z\0"), STR("")},
    {STR("2031-01-01T00:00:00\0"), STR("")},
    {STR(""), STR("")},
    {STR("never"), STR("")},
};

TEST(texts_mean_what_the_specification_says)
{
    for (size_t i = 0; i < COUNT_OF(readings); i++) {
        int64_t ms = 42;
        bool is_read = instant_parse(readings[i].text, &ms);
        if (readings[i].means.size == 0) {
            if (is_read)
                fail_msg("accepted: %.*s", STR_ARG(readings[i].text));
            CHECK_INT(ms, 42);
            continue;
        }
        char text[INSTANT_TEXT_BYTES];
        if (!is_read)
            fail_msg("refused: %.*s", STR_ARG(readings[i].text));
        CHECK_STR(formatted(ms, text), readings[i].means);
    }
}

TEST(no_prefix_of_a_text_is_one)
{
    struct str text = STR("2031-01-01T00:00:00.123+05:30");
    int64_t ms = 0;
    CHECK(instant_parse(text, &ms));
    for (size_t size = 0; size < text.size; size++)
        CHECK(!instant_parse(str_slice(text, 0, size), &ms));
    CHECK(!instant_parse((struct str){0}, &ms));
}

TEST(a_date_alone_is_midnight_where_dates_are_taken)
{
    int64_t ms = 0;
    int64_t midnight_ms = 0;
    CHECK(instant_parse_date(STR("2031-01-01"), &ms));
    CHECK(instant_parse(STR("2031-01-01T00:00:00Z"), &midnight_ms));
    CHECK(ms == midnight_ms);
    CHECK(instant_parse_date(STR("2031-01-01T00:00:00+01:00"), &ms));
    CHECK(ms == midnight_ms - 3600 * 1000);
    CHECK(!instant_parse_date(STR("2031-01"), &ms));
    CHECK(!instant_parse_date(STR("2031-01-01Z"), &ms));
    CHECK(!instant_parse_date(STR("2031-13-01"), &ms));
}

TEST(known_moments_are_known_numbers)
{
    char text[INSTANT_TEXT_BYTES];
    CHECK_STR(formatted(0, text), STR("1970-01-01T00:00:00.000Z"));
    CHECK_STR(formatted(-1, text), STR("1969-12-31T23:59:59.999Z"));
    CHECK_STR(formatted(951782400000, text), STR("2000-02-29T00:00:00.000Z"));
    CHECK_STR(formatted(1925000000000, text), STR("2031-01-01T02:13:20.000Z"));
    CHECK_STR(formatted(8640000000000000, text), STR("+275760-09-13T00:00:00.000Z"));
    CHECK_STR(formatted(-8640000000000000, text), STR("-271821-04-20T00:00:00.000Z"));
    CHECK_STR(formatted(INT64_MAX, text), STR("+275760-09-13T00:00:00.000Z"));
    CHECK_STR(formatted(INT64_MIN, text), STR("-271821-04-20T00:00:00.000Z"));
    instant_format_seconds(1925000000999, text);
    CHECK_STR(str_of(text), STR("2031-01-01T02:13:20Z"));
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Walks a calendar day by day beside the arithmetic, through every rule of leap years. */
TEST(every_day_of_eight_centuries_is_the_next_one)
{
    int64_t ms = 0;
    CHECK(instant_parse(STR("1599-12-31T12:34:56.789Z"), &ms));
    for (int year = 1600; year < 2400; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= days_of_month(year, month); day++) {
                ms += DAY_MS;
                char expected[64];
                char text[INSTANT_TEXT_BYTES];
                snprintf(expected, sizeof(expected), "%04d-%02d-%02dT12:34:56.789Z", year, month,
                         day);
                instant_format(ms, text);
                assert_string_equal(text, expected);
                int64_t read_ms = 0;
                assert_true(instant_parse(str_of(text), &read_ms));
                assert_true(read_ms == ms);
                int year_found = 0;
                int month_found = 0;
                instant_month(ms, &year_found, &month_found);
                assert_int_equal(year_found, year);
                assert_int_equal(month_found, month);
            }
        }
    }
}

TEST(only_dates_of_the_calendar_are_dates)
{
    CHECK(instant_is_calendar_date(STR("2024-02-29")));
    CHECK(instant_is_calendar_date(STR("2025-12-31T23:59:59Z")));
    CHECK(!instant_is_calendar_date(STR("2025-02-29")));
    CHECK(!instant_is_calendar_date(STR("2025-02-30T00:00:00Z")));
    CHECK(!instant_is_calendar_date(STR("2025-04-31")));
    CHECK(!instant_is_calendar_date(STR("2025-4-1")));
    CHECK(!instant_is_calendar_date(STR("")));
}

TESTS(only_dates_of_the_calendar_are_dates, texts_mean_what_the_specification_says,
      no_prefix_of_a_text_is_one, a_date_alone_is_midnight_where_dates_are_taken,
      known_moments_are_known_numbers, every_day_of_eight_centuries_is_the_next_one)
