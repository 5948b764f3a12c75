/* calendar.h: timestamps, dates, times of day and durations as text (UTC, proleptic Gregorian). */
#pragma once
#include "base/buf.h"

/* Days since 1970-01-01. */
int64_t days_of_date(int64_t year, unsigned month, unsigned day);
void date_of_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day);

/* All return false when the text is none. */
bool timestamp_parse(bytes text, int64_t *ret_ms); /* date, date and time, with or without zone */
bool date_parse(bytes text, int64_t *ret_days);    /* [+-]yyyy-mm-dd */
bool time_parse(bytes text, int64_t *ret_ns);      /* hh:mm:ss[.fffffffff] */

void timestamp_print(buf *out, int64_t ms); /* the number itself outside of years 1 to 9999 */
void date_print(buf *out, int64_t days);
void time_print(buf *out, int64_t ns);

typedef struct duration {
    int64_t months, days, nanoseconds; /* of one sign */
} duration;
/* "1y2mo3w4d5h6m7s8ms9us10ns", ISO 8601 "P1Y2M3DT4H5M6S", "P3W", "P0001-02-03T04:05:06"; "-" before
 * all. NULL, or what is wrong with it, a format for the text. */
const char *duration_parse(bytes text, duration *ret);
void duration_print(buf *out, duration d);
void duration_write(buf *out, duration d); /* wire form */
