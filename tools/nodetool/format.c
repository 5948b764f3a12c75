#include "tools/nodetool/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *field_str(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

long long field_int(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

double field_real(const json_t *o, const char *name)
{
    return json_number_value(json_object_get(o, name));
}

bool field_bool(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

/* Drops the zeros after the point, and the point. */
static void trim_zeros(char *s)
{
    size_t n = strlen(s);
    while (n && s[n - 1] == '0')
        n--;
    if (n && s[n - 1] == '.')
        n--;
    s[n] = 0;
}

void format_size(double size_bytes, char out[32])
{
    static const struct {
        double size;
        const char *unit;
    } units[] = {
        {1024.0 * 1024 * 1024 * 1024, "TB"},
        {1024.0 * 1024 * 1024, "GB"},
        {1024.0 * 1024, "MB"},
        {1024.0, "KB"},
        {1.0, "bytes"},
    };
    size_t i = 0;
    char number[24];
    while (size_bytes < units[i].size && units[i].size > 1)
        i++;
    snprintf(number, sizeof number, "%.2f", size_bytes / units[i].size);
    trim_zeros(number);
    snprintf(out, 32, "%s %s", number, units[i].unit);
}

/* As few digits as tell v from its neighbours; one place at least. */
static void shortest(double v, char out[40])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 39, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    if (strchr(out, 'e')) { /* in the range of plain numbers: 1e+06 */
        for (int places = 1; places <= 20; places++) {
            snprintf(out, 39, "%.*f", places, v);
            if (strtod(out, NULL) == v)
                break;
        }
    }
    if (!strchr(out, '.'))
        strcat(out, ".0");
}

void format_double(double v, char out[40])
{
    double size = fabs(v);
    if (isnan(v)) {
        strcpy(out, "NaN");
    } else if (v == 0 || (size >= 1e-3 && size < 1e7)) {
        shortest(v, out);
    } else {
        int exponent = (int)floor(log10(size));
        char mantissa[40];
        shortest(v / pow(10, exponent), mantissa);
        snprintf(out, 40, "%.30sE%d", mantissa, exponent);
    }
}
