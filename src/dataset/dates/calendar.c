/* calendar.c - dates and times in text as days since 1970-01-01. */
#include "dataset/dates/calendar.h"
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { HOURS = 24, MINUTES = 60, SECONDS = 60, MONTHS = 12, NANO_DIGITS = 9 };
/* Days of 400 years, and from 0000-03-01 to 1970-01-01. */
enum { ERA_YEARS = 400, ERA_DAYS = 146097, TO_1970 = 719468 };
static const int64_t SECOND_NANOS = 1000000000, DAY_NANOS = 86400000000000;

/* ---------------------------------------------------------------- the calendar */

static int days_of_month(int year, int month)
{
    static const int days[MONTHS] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % ERA_YEARS == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

/* Returns the days from 1970-01-01. Years begin in March here, so that the leap day ends one. */
static int day_number(int year, int month, int day)
{
    const int y = year - (month < 3), from_march = month < 3 ? month + 9 : month - 3;
    const int day_of_year = (153 * from_march + 2) / 5 + day - 1; /* 31, 30, 31, 30, 31 days by turns */
    return 365 * y + y / 4 - y / 100 + y / ERA_YEARS + day_of_year - TO_1970;
}

/* ---------------------------------------------------------------- reading */

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *cursor, char mark)
{
    const bool is_there = cursor->at < cursor->end && *cursor->at == mark;
    cursor->at += is_there;
    return is_there;
}

/* Takes up to `most` digits as a number, and returns how many there were. */
static int take_digits(struct cursor *cursor, int most, int *number)
{
    int count = 0;
    *number = 0;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9' && count < most) {
        *number = 10 * *number + (*cursor->at++ - '0');
        count++;
    }
    return count;
}

/* Takes a date. */
static bool take_day(struct cursor *cursor, int *day)
{
    enum { YEAR_DIGITS = 4 };
    int year, month, day_of_month;
    if (take_digits(cursor, YEAR_DIGITS, &year) != YEAR_DIGITS || cursor->at == cursor->end)
        return false;
    const char mark = *cursor->at;
    if ((mark != '-' && mark != '/' && mark != '.') || !take(cursor, mark) || take_digits(cursor, 2, &month) == 0 ||
        !take(cursor, mark) || take_digits(cursor, 2, &day_of_month) == 0)
        return false;
    if (year < 1 || month < 1 || month > MONTHS || day_of_month < 1 || day_of_month > days_of_month(year, month))
        return false;
    *day = day_number(year, month, day_of_month);
    return true;
}

/* Takes the fraction of a second, of which nanoseconds count. */
static int64_t take_nanos(struct cursor *cursor)
{
    int64_t nanos = 0;
    int digit;
    for (int i = 0; take_digits(cursor, 1, &digit) == 1; i++)
        nanos = i < NANO_DIGITS ? 10 * nanos + digit : nanos;
    return nanos;
}

/* Takes a time of day. */
static bool take_time(struct cursor *cursor, int64_t *nanos)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (take_digits(cursor, 2, &hour) == 0 || !take(cursor, ':') || take_digits(cursor, 2, &minute) != 2)
        return false;
    if (take(cursor, ':')) {
        if (take_digits(cursor, 2, &second) != 2)
            return false;
        if (take(cursor, '.') || take(cursor, ',')) {
            const char *first = cursor->at;
            fraction = take_nanos(cursor);
            if (cursor->at == first)
                return false;
            for (ptrdiff_t digits = cursor->at - first; digits < NANO_DIGITS; digits++)
                fraction *= 10;
        }
    }
    *nanos = ((hour * MINUTES + minute) * (int64_t)SECONDS + second) * SECOND_NANOS + fraction;
    return hour < HOURS && minute < MINUTES && second < SECONDS;
}

/* Takes the offset of a time from UTC, if there is one, in minutes. */
static bool take_offset(struct cursor *cursor, int *offset)
{
    int hours, minutes = 0;
    *offset = 0;
    if (take(cursor, 'Z') || cursor->at == cursor->end)
        return true;
    const bool is_behind = *cursor->at == '-';
    if ((!take(cursor, '+') && !take(cursor, '-')) || take_digits(cursor, 2, &hours) != 2)
        return false;
    const bool has_minutes = take(cursor, ':') || cursor->at < cursor->end;
    if (has_minutes && take_digits(cursor, 2, &minutes) != 2)
        return false;
    *offset = (hours * MINUTES + minutes) * (is_behind ? -1 : 1);
    return hours < HOURS && minutes < MINUTES;
}

bool annc_date_read(const char *text, size_t length, double *days)
{
    struct cursor cursor = {text, text + length};
    int day, offset = 0;
    int64_t nanos = 0;
    if (!take_day(&cursor, &day))
        return false;
    if ((take(&cursor, 'T') || take(&cursor, ' ')) && (!take_time(&cursor, &nanos) || !take_offset(&cursor, &offset)))
        return false;
    if (cursor.at < cursor.end)
        return false;
    nanos -= offset * (int64_t)SECONDS * SECOND_NANOS;
    const int move = nanos < 0 ? -1 : nanos >= DAY_NANOS; /* an offset is below a day */
    *days = day + move + (double)(nanos - move * DAY_NANOS) / (double)DAY_NANOS;
    return true;
}

/* ---------------------------------------------------------------- other forms */

/* Takes hours:minutes, which seconds with a fraction, AM or PM and a time zone may follow. */
static bool take_any_time(struct cursor *cursor)
{
    static const char tail[] = "0123456789:.,+-Z AMPamp";
    int number;
    if (take_digits(cursor, 2, &number) == 0 || !take(cursor, ':') || take_digits(cursor, 2, &number) != 2)
        return false;
    while (cursor->at < cursor->end && memchr(tail, *cursor->at, sizeof tail - 1))
        cursor->at++;
    return cursor->at == cursor->end;
}

bool annc_date_is_like(const char *text, size_t length)
{
    enum { YEAR_DIGITS = 4, PARTS = 3 };
    struct cursor cursor = {text, text + length};
    char mark = '\0';
    int number;
    if (take_any_time(&cursor))
        return true;
    cursor.at = text;
    for (int part = 0; part < PARTS; part++) {
        if (part > 0 && (cursor.at == cursor.end || !memchr("-/.", *cursor.at, 3) || (part > 1 && *cursor.at != mark)))
            return false;
        if (part > 0)
            mark = *cursor.at++;
        if (take_digits(&cursor, YEAR_DIGITS, &number) == 0)
            return false;
    }
    if (take(&cursor, 'T') || take(&cursor, ' '))
        return take_any_time(&cursor);
    return cursor.at == cursor.end;
}

/* ---------------------------------------------------------------- writing */

const char *annc_date_print(double days, char text[ANNC_DATE_TEXT])
{
    const int first = day_number(1, 1, 1), after = day_number(9999, 12, 31) + 1;
    int month = 1;
    if (!(days >= first && days < after)) {
        annc_print(text, ANNC_DATE_TEXT, "%.9g", days);
        return text;
    }
    const int day = (int)floor(days);
    int year = 1 + (int)((int64_t)(day - first) * ERA_YEARS / ERA_DAYS); /* or the year after or before */
    year -= day < day_number(year, 1, 1);
    year += day >= day_number(year + 1, 1, 1);
    while (month < MONTHS && day >= day_number(year, month + 1, 1))
        month++;
    snprintf(text, ANNC_DATE_TEXT, "%04d-%02d-%02d", year, month, day - day_number(year, month, 1) + 1);
    return text;
}
