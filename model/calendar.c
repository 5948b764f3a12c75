#include "model/calendar.h"

#include <ctype.h>

static const unsigned before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap(int64_t y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* Leap days in the years up to and including y, counted from year 0. */
static int64_t leap_days(int64_t y)
{
    return floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
}

static int64_t days_of_year(int64_t y)
{
    return 365 * (y - 1970) + leap_days(y - 1) - leap_days(1969);
}

int64_t days_of_date(int64_t year, unsigned month, unsigned day)
{
    bool leap = month > 2 && is_leap(year);
    return days_of_year(year) + before_month[month - 1] + leap + day - 1;
}

void date_of_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    int64_t y = 1970 + floor_div(days * 400, 146097); /* 400 years have 146097 days */
    while (days_of_year(y) > days)
        y--;
    while (days_of_year(y + 1) <= days)
        y++;
    unsigned left = (unsigned)(days - days_of_year(y)), m = 1;
    while (m < 12 && left >= before_month[m] + (m > 1 && is_leap(y)))
        m++;
    *ret_year = y;
    *ret_month = m;
    *ret_day = left - before_month[m - 1] - (m > 2 && is_leap(y)) + 1;
}

/* A number of min..max digits. */
static bool take_number(reader *r, unsigned min, unsigned max, int64_t *ret)
{
    unsigned n = 0;
    int64_t v = 0;
    for (; n < max && r->p < r->end && isdigit(*r->p); n++)
        v = v * 10 + (*r->p++ - '0');
    *ret = v;
    return n >= min;
}

static bool take(reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* Digits after a point as billionths. */
static bool take_fraction(reader *r, int64_t *ret_ns)
{
    const uint8_t *start = r->p;
    if (!take_number(r, 1, 9, ret_ns))
        return false;
    for (long n = r->p - start; n < 9; n++)
        *ret_ns *= 10;
    return true;
}

static bool take_date(reader *r, unsigned min_digits, int64_t *ret_days)
{
    int64_t y, m, d;
    bool negative = take(r, '-');
    if (!negative)
        take(r, '+');
    if (!take_number(r, min_digits, 9, &y) || !take(r, '-') || !take_number(r, 1, 2, &m) ||
        !take(r, '-') || !take_number(r, 1, 2, &d))
        return false;
    if (negative)
        y = -y;
    if (m < 1 || m > 12 || d < 1 ||
        d > before_month[m] - before_month[m - 1] + (m == 2 && is_leap(y)))
        return false;
    *ret_days = days_of_date(y, (unsigned)m, (unsigned)d);
    return true;
}

/* hh:mm[:ss[.f]] */
static bool take_time(reader *r, bool seconds, int64_t *ret_ns)
{
    int64_t h, m, s = 0, ns = 0;
    if (!take_number(r, 1, 2, &h) || !take(r, ':') || !take_number(r, 1, 2, &m))
        return false;
    bool more = take(r, ':');
    if ((more && !take_number(r, 1, 2, &s)) || (seconds && !more))
        return false;
    if (more && take(r, '.') && !take_fraction(r, &ns))
        return false;
    if (h > 23 || m > 59 || s > 59)
        return false;
    *ret_ns = ((h * 60 + m) * 60 + s) * 1000000000 + ns;
    return true;
}

/* Z, UTC, GMT, +hh, +hhmm, +hh:mm, with or without a blank before; nothing is UTC. */
static bool take_zone(reader *r, int64_t *ret_minutes)
{
    int64_t h, m = 0;
    *ret_minutes = 0;
    if (r->p == r->end)
        return true;
    take(r, ' ');
    bytes rest = bytes_of(r->p, rd_left(r));
    if (bytes_eq_str(rest, "Z") || bytes_eq_str(rest, "UTC") || bytes_eq_str(rest, "GMT")) {
        r->p = r->end;
        return true;
    }
    bool negative = take(r, '-');
    if ((!negative && !take(r, '+')) || !take_number(r, 2, 2, &h))
        return false;
    bool colon = take(r, ':');
    if ((colon || r->p < r->end) && !take_number(r, 2, 2, &m))
        return false;
    if (h > 18 || m > 59)
        return false;
    *ret_minutes = (h * 60 + m) * (negative ? -1 : 1);
    return true;
}

bool timestamp_parse(bytes text, int64_t *ret_ms)
{
    reader r = reader_of(text);
    int64_t days, ns = 0, zone, ms;
    if (!take_date(&r, 1, &days))
        return false;
    bool digit_follows = rd_left(&r) > 1 && isdigit(r.p[1]);
    if (r.p < r.end && (*r.p == 'T' || *r.p == ' ') && digit_follows) {
        r.p++;
        if (!take_time(&r, false, &ns))
            return false;
    }
    if (!take_zone(&r, &zone) || r.p < r.end)
        return false;
    if (__builtin_mul_overflow(days, 86400000, &ms) ||
        __builtin_add_overflow(ms, ns / 1000000 - zone * 60000, &ms))
        return false;
    *ret_ms = ms;
    return true;
}

bool date_parse(bytes text, int64_t *ret_days)
{
    reader r = reader_of(text);
    return take_date(&r, 4, ret_days) && r.p == r.end;
}

bool time_parse(bytes text, int64_t *ret_ns)
{
    reader r = reader_of(text);
    return take_time(&r, true, ret_ns) && r.p == r.end;
}

void date_print(buf *out, int64_t days)
{
    int64_t y;
    unsigned m, d;
    date_of_days(days, &y, &m, &d);
    const char *sign = y < 0 ? "-" : y > 9999 ? "+" : "";
    buf_printf(out, "%s%04lld-%02u-%02u", sign, (long long)(y < 0 ? -y : y), m, d);
}

void timestamp_print(buf *out, int64_t ms)
{
    int64_t days = floor_div(ms, 86400000);
    if (days < days_of_date(1, 1, 1) || days >= days_of_date(10000, 1, 1)) {
        buf_printf(out, "%lld", (long long)ms);
        return;
    }
    int of_day = (int)(ms - days * 86400000);
    date_print(out, days);
    buf_printf(out, " %02d:%02d:%02d.%03d000+0000", of_day / 3600000, of_day / 60000 % 60,
               of_day / 1000 % 60, of_day % 1000);
}

void time_print(buf *out, int64_t ns)
{
    int s = (int)(ns / 1000000000);
    buf_printf(out, "%02d:%02d:%02d.%09d", s / 3600, s / 60 % 60, s % 60, (int)(ns % 1000000000));
}

/* Units in the order in which they must stand. */
enum { FIELD_MONTHS, FIELD_DAYS, FIELD_NANOS };
static const struct {
    const char *symbol, *iso; /* lower case; ISO letter: of the date, or after T */
    uint8_t field;
    int64_t factor;
} units[] = {
    {"y", "Y", FIELD_MONTHS, 12},
    {"mo", "M", FIELD_MONTHS, 1},
    {"w", "W", FIELD_DAYS, 7},
    {"d", "D", FIELD_DAYS, 1},
    {"h", "TH", FIELD_NANOS, 3600000000000},
    {"m", "TM", FIELD_NANOS, 60000000000},
    {"s", "TS", FIELD_NANOS, 1000000000},
    {"ms", "", FIELD_NANOS, 1000000},
    {"us", "", FIELD_NANOS, 1000},
    {"ns", "", FIELD_NANOS, 1},
};
enum { N_UNITS = sizeof units / sizeof *units };

static const char no_duration[] = "Unable to convert '%.*s' to a duration";
static const char bad_order[] =
    "Invalid duration '%.*s': every unit may be given once, the larger ones first";
#define TOO_MUCH "Invalid duration. The total number of "
static const char *const too_much[] = {
    [FIELD_MONTHS] = TOO_MUCH "months must be less or equal to 2147483647",
    [FIELD_DAYS] = TOO_MUCH "days must be less or equal to 2147483647",
    [FIELD_NANOS] = TOO_MUCH "nanoseconds must be less or equal to 9223372036854775807",
};

typedef struct builder {
    uint64_t sums[3];
    bool negative;
    int last; /* unit, -1: none yet */
} builder;

static const char *add_unit(builder *b, uint64_t number, int unit)
{
    uint64_t *sum = &b->sums[units[unit].field], v;
    uint64_t limit =
        (units[unit].field == FIELD_NANOS ? INT64_MAX : INT32_MAX) + (uint64_t)b->negative;
    if (unit <= b->last)
        return bad_order;
    b->last = unit;
    if (__builtin_mul_overflow(number, (uint64_t)units[unit].factor, &v) ||
        __builtin_add_overflow(*sum, v, &v) || v > limit)
        return too_much[units[unit].field];
    *sum = v;
    return NULL;
}

static bool take_u64(reader *r, uint64_t *ret)
{
    const uint8_t *start = r->p;
    *ret = 0;
    for (; r->p < r->end && isdigit(*r->p); r->p++)
        if (__builtin_mul_overflow(*ret, 10, ret) ||
            __builtin_add_overflow(*ret, (uint64_t)(*r->p - '0'), ret))
            return false;
    return r->p > start;
}

/* The unit that stands next: letters in any case; "\xc2\xb5s" is us. -1: none. */
static int take_symbol(reader *r)
{
    char s[3] = "";
    unsigned n = 0;
    if (rd_left(r) >= 2 && memcmp(r->p, "\xc2\xb5", 2) == 0) {
        s[n++] = 'u';
        r->p += 2;
    }
    for (; n < 2 && r->p < r->end && isalpha(*r->p); r->p++)
        s[n++] = (char)tolower(*r->p);
    for (int i = 0; i < N_UNITS; i++)
        if (strcmp(units[i].symbol, s) == 0)
            return i;
    return -1;
}

static const char *parse_units(reader *r, builder *b)
{
    do {
        uint64_t number;
        if (!take_u64(r, &number))
            return no_duration;
        int unit = take_symbol(r);
        const char *wrong = unit < 0 ? no_duration : add_unit(b, number, unit);
        if (wrong)
            return wrong;
    } while (r->p < r->end);
    return NULL;
}

static const char *parse_iso(reader *r, builder *b)
{
    char iso[3] = "";
    bool time = false;
    while (r->p < r->end) {
        uint64_t number;
        if (!time && take(r, 'T')) {
            time = true;
            continue;
        }
        if (!take_u64(r, &number) || r->p == r->end)
            return no_duration;
        iso[0] = time ? 'T' : (char)*r->p;
        iso[1] = time ? (char)*r->p : 0;
        r->p++;
        int unit = 0;
        while (unit < N_UNITS && (!units[unit].iso[0] || strcmp(units[unit].iso, iso) != 0))
            unit++;
        const char *wrong = unit == N_UNITS ? no_duration : add_unit(b, number, unit);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* yyyy-mm-ddThh:mm:ss */
static const char *parse_iso_alternative(reader *r, builder *b)
{
    static const struct {
        uint8_t digits, unit;
        char before;
    } parts[] = {{4, 0, 0}, {2, 1, '-'}, {2, 3, '-'}, {2, 4, 'T'}, {2, 5, ':'}, {2, 6, ':'}};
    for (unsigned i = 0; i < 6; i++) {
        int64_t number;
        if ((i && !take(r, parts[i].before)) ||
            !take_number(r, parts[i].digits, parts[i].digits, &number))
            return no_duration;
        const char *wrong = add_unit(b, (uint64_t)number, parts[i].unit);
        if (wrong)
            return wrong;
    }
    return r->p == r->end ? NULL : no_duration;
}

const char *duration_parse(bytes text, duration *ret)
{
    reader r = reader_of(text);
    builder b = {.negative = take(&r, '-'), .last = -1};
    const char *wrong;
    if (!take(&r, 'P'))
        wrong = parse_units(&r, &b);
    else if (rd_left(&r) && memchr(r.p, '-', rd_left(&r)))
        wrong = parse_iso_alternative(&r, &b);
    else
        wrong = parse_iso(&r, &b);
    if (wrong)
        return wrong;
    uint64_t sign = b.negative ? UINT64_MAX : 1;
    *ret = (duration){(int64_t)(sign * b.sums[0]), (int64_t)(sign * b.sums[1]),
                      (int64_t)(sign * b.sums[2])};
    return NULL;
}

void duration_print(buf *out, duration d)
{
    bool negative = d.months < 0 || d.days < 0 || d.nanoseconds < 0;
    uint64_t sign = negative ? UINT64_MAX : 1;
    uint64_t left[3] = {sign * (uint64_t)d.months, sign * (uint64_t)d.days,
                        sign * (uint64_t)d.nanoseconds};
    if (negative)
        buf_u8(out, '-');
    if (!left[0] && !left[1] && !left[2])
        buf_str(out, "0s");
    for (int i = 0; i < N_UNITS; i++) {
        uint64_t *l = &left[units[i].field], n = *l / (uint64_t)units[i].factor;
        if (n == 0 || units[i].factor == 7)
            continue; /* weeks are told in days */
        buf_printf(out, "%llu%s", (unsigned long long)n, units[i].symbol);
        *l %= (uint64_t)units[i].factor;
    }
}

/* As many 1 bits as bytes follow the first, then the zigzag value. */
static void put_cassandra_vint(buf *out, int64_t v)
{
    uint64_t z = (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
    unsigned extra = 0;
    while (extra < 8 && z >> (7 * (extra + 1)))
        extra++;
    if (extra == 8) {
        buf_u8(out, 0xff);
        buf_be64(out, z);
        return;
    }
    uint8_t marks = (uint8_t)(0xff00 >> extra);
    buf_u8(out, (uint8_t)(marks | z >> (8 * extra)));
    while (extra--)
        buf_u8(out, (uint8_t)(z >> (8 * extra)));
}

void duration_write(buf *out, duration d)
{
    put_cassandra_vint(out, d.months);
    put_cassandra_vint(out, d.days);
    put_cassandra_vint(out, d.nanoseconds);
}
