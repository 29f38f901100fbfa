/* calendar.h - dates and times in text as days since 1970-01-01.
 *
 * A date is YEAR-MONTH-DAY of the Gregorian calendar, also before it was in use: a year of four digits,
 * 0001 to 9999, and a month and a day of one or two; '/' or '.' may stand for both '-'. A time may
 * follow a 'T' or one blank: HOUR:MINUTE, or HOUR:MINUTE:SECOND with a fraction behind '.' or ',' of
 * which nine digits count. Then may stand 'Z' or the offset from UTC, as +02:00, +0200 or +02; a time
 * without either is in UTC. There are no leap seconds. */
#ifndef ANNC_DATASET_DATES_CALENDAR_H
#define ANNC_DATASET_DATES_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>

enum { ANNC_DATE_TEXT = 32 };

/* Returns whether a text is such a date, and writes its days since 1970-01-01T00:00Z, the time as a
 * fraction. The same instant gives the same bits, however it is written. */
bool annc_date_read(const char *text, size_t length, double *days);

/* Returns whether a text looks like a date or a time of day in any form: those above, 5.1.2020,
 * 05/01/20 12:30 PM, 12:30. */
bool annc_date_is_like(const char *text, size_t length);

/* Writes the date of days since 1970-01-01, or the number itself beyond the years 0001 to 9999; returns
 * text. */
const char *annc_date_print(double days, char text[ANNC_DATE_TEXT]);

#endif
