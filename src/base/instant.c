/* SPDX-License-Identifier: Apache-2.0 */
/* instant - a moment, as text and as milliseconds since 1970 UTC: see instant.h. */
#include "base/instant.h"

#include <assert.h>
#include <stdio.h>

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    ERA_YEARS = 400, /* the Gregorian calendar repeats after so many */
    ERA_DAYS = 146097,
    EPOCH_DAYS = 719468, /* from 0000-03-01 to 1970-01-01 */
};

/* The range of an ECMAScript time value (ECMA-262, 21.4.1.1). */
static const int64_t moment_ms_max = 8640000000000000;

struct civil {
    int64_t year;
    int month; /* 1-12 */
    int day;   /* 1-31 */
};

static int64_t floor_divide(int64_t dividend, int64_t divisor)
{
    int64_t quotient = dividend / divisor;
    return quotient - (dividend % divisor < 0 ? 1 : 0);
}

/* Years that begin in March put the leap day last, so that days count without a table: months
 * March to January alternate 31 and 30 with one extra, which (153 m + 2) / 5 sums up. */
static int64_t days_from_civil(struct civil date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = floor_divide(year, ERA_YEARS);
    int64_t year_of_era = year - era * ERA_YEARS;
    int64_t month_from_march = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static struct civil civil_from_days(int64_t days)
{
    int64_t shifted = days + EPOCH_DAYS;
    int64_t era = floor_divide(shifted, ERA_DAYS);
    int64_t day_of_era = shifted - era * ERA_DAYS;
    int64_t leap_days = day_of_era / 1460 - day_of_era / 36524 + day_of_era / 146096;
    int64_t year_of_era = (day_of_era - leap_days) / 365;
    int64_t day_of_year = day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (day_of_year * 5 + 2) / 153;
    struct civil date = {
        .year = era * ERA_YEARS + year_of_era,
        .month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9),
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
    if (date.month <= 2)
        date.year++;
    return date;
}

/* Text being read from the left. Once something is not as expected the reader has failed for good,
 * so that a grammar reads as a list of what comes next. */
struct reader {
    struct str left;
    bool is_failed;
};

static char peek(const struct reader *reader)
{
    return reader->left.size == 0 ? '\0' : reader->left.data[0];
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static void expect(struct reader *reader, char byte)
{
    if (reader->left.size == 0 || reader->left.data[0] != byte)
        reader->is_failed = true;
    reader->left = str_slice(reader->left, 1, reader->left.size);
}

/* Exactly `digits` digits whose value lies in [least, most]. */
static int read_field(struct reader *reader, size_t digits, int least, int most)
{
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(peek(reader)))
            reader->is_failed = true;
        else
            value = value * 10 + (reader->left.data[0] - '0');
        reader->left = str_slice(reader->left, 1, reader->left.size);
    }
    if (value < least || value > most)
        reader->is_failed = true;
    return value;
}

static int64_t read_date_ms(struct reader *reader)
{
    struct civil date = {0};
    date.year = read_field(reader, 4, 0, 9999);
    expect(reader, '-');
    date.month = read_field(reader, 2, 1, 12);
    expect(reader, '-');
    date.day = read_field(reader, 2, 1, 31);
    return reader->is_failed ? 0 : days_from_civil(date) * DAY_MS;
}

/* An optional fraction, cut to whole milliseconds; *is_zero looks at the dropped digits too. */
static int read_fraction_ms(struct reader *reader, bool *is_zero)
{
    *is_zero = true;
    if (peek(reader) != '.')
        return 0;
    expect(reader, '.');
    if (!is_digit(peek(reader)))
        reader->is_failed = true;
    int ms = 0;
    for (int weight = 100; is_digit(peek(reader)); weight /= 10) {
        ms += (reader->left.data[0] - '0') * weight;
        *is_zero = *is_zero && reader->left.data[0] == '0';
        reader->left = str_slice(reader->left, 1, reader->left.size);
    }
    return ms;
}

static int64_t read_time_ms(struct reader *reader)
{
    int hour = read_field(reader, 2, 0, 24);
    expect(reader, ':');
    int minute = read_field(reader, 2, 0, 59);
    expect(reader, ':');
    int second = read_field(reader, 2, 0, 59);
    bool is_whole_second = false;
    int64_t within_hour_ms = (int64_t)minute * MINUTE_MS + (int64_t)second * 1000 +
                             read_fraction_ms(reader, &is_whole_second);
    if (hour == 24 && (within_hour_ms != 0 || !is_whole_second))
        reader->is_failed = true;
    return (int64_t)hour * HOUR_MS + within_hour_ms;
}

static int64_t read_offset_ms(struct reader *reader)
{
    char sign = peek(reader);
    if (sign == 'Z') {
        expect(reader, 'Z');
        return 0;
    }
    expect(reader, sign == '-' ? '-' : '+');
    int hour = read_field(reader, 2, 0, 23);
    expect(reader, ':');
    int minute = read_field(reader, 2, 0, 59);
    int64_t offset_ms = (int64_t)hour * HOUR_MS + (int64_t)minute * MINUTE_MS;
    return sign == '-' ? -offset_ms : offset_ms;
}

static bool reader_finish(const struct reader *reader, int64_t found_ms, int64_t *ms)
{
    if (reader->is_failed || reader->left.size > 0)
        return false;
    *ms = found_ms;
    return true;
}

bool instant_parse(struct str text, int64_t *ms)
{
    struct reader reader = {.left = text};
    int64_t found_ms = read_date_ms(&reader);
    expect(&reader, 'T');
    found_ms += read_time_ms(&reader);
    found_ms -= read_offset_ms(&reader);
    return reader_finish(&reader, found_ms, ms);
}

bool instant_parse_date(struct str text, int64_t *ms)
{
    if (instant_parse(text, ms))
        return true;
    struct reader reader = {.left = text};
    int64_t found_ms = read_date_ms(&reader);
    return reader_finish(&reader, found_ms, ms);
}

static int64_t clamp_moment(int64_t ms)
{
    if (ms > moment_ms_max)
        return moment_ms_max;
    return ms < -moment_ms_max ? -moment_ms_max : ms;
}

/* "2031-03-10T09:30:00" and the bytes written; returns what is left below a second. */
static int format_to_second(int64_t ms, char text[INSTANT_TEXT_BYTES], int *size)
{
    int64_t moment_ms = clamp_moment(ms);
    int64_t days = floor_divide(moment_ms, DAY_MS);
    struct civil date = civil_from_days(days);
    int of_day_ms = (int)(moment_ms - days * DAY_MS);
    bool is_expanded = date.year < 0 || date.year > 9999;
    *size =
        snprintf(text, INSTANT_TEXT_BYTES,
                 is_expanded ? "%+07d-%02d-%02dT%02d:%02d:%02d" : "%04d-%02d-%02dT%02d:%02d:%02d",
                 (int)date.year, date.month, date.day, of_day_ms / HOUR_MS,
                 of_day_ms / MINUTE_MS % 60, of_day_ms / 1000 % 60);
    assert(*size > 0);
    assert(*size < INSTANT_TEXT_BYTES);
    return of_day_ms % 1000;
}

void instant_format(int64_t ms, char text[INSTANT_TEXT_BYTES])
{
    int size = 0;
    int fraction_ms = format_to_second(ms, text, &size);
    int tail = snprintf(text + size, (size_t)(INSTANT_TEXT_BYTES - size), ".%03dZ", fraction_ms);
    assert(tail == 5);
}

void instant_format_seconds(int64_t ms, char text[INSTANT_TEXT_BYTES])
{
    int size = 0;
    (void)format_to_second(ms, text, &size);
    int tail = snprintf(text + size, (size_t)(INSTANT_TEXT_BYTES - size), "Z");
    assert(tail == 1);
}

void instant_month(int64_t ms, int *year, int *month)
{
    struct civil date = civil_from_days(floor_divide(clamp_moment(ms), DAY_MS));
    *year = (int)date.year;
    *month = date.month;
}

bool instant_is_calendar_date(struct str text)
{
    enum { DATE_BYTES = 10 };
    struct str date = str_slice(text, 0, DATE_BYTES);
    int64_t ms = 0;
    char again[INSTANT_TEXT_BYTES];
    if (!instant_parse_date(date, &ms))
        return false;
    instant_format(ms, again);
    return str_equal(str_slice(str_of(again), 0, DATE_BYTES), date);
}
