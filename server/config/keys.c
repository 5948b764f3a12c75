#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/must.h"
#include "server/config/internal.h"

#define ROW(t, h, f, n, d, ...)                                                                    \
    {.name = n, .type = t, .how = h, .offset = f, .def = d, __VA_ARGS__},
#define AT(field) offsetof(config, field)
#define BOOL(f, n, d, how) ROW(T_BOOL, how, AT(f), n, d)
#define INT(f, n, d, l, h, how) ROW(T_INT, how, AT(f), n, d, .lo = (double)(l), .hi = (double)(h))
#define REAL(f, n, d, l, h, how) ROW(T_REAL, how, AT(f), n, d, .lo = (double)(l), .hi = (double)(h))
#define UNIT(t, f, n, d, l, h, b, how)                                                             \
    ROW(t, how, AT(f), n, d, .bare = b, .lo = (double)(l), .hi = (double)(h))
#define MS(f, n, d, l, h, b, how) UNIT(T_MS, f, n, d, l, h, b, how)
#define BYTES(f, n, d, l, h, b, how) UNIT(T_BYTES, f, n, d, l, h, b, how)
#define RATE(f, n, d, l, h, b, how) UNIT(T_RATE, f, n, d, l, h, b, how)
#define STR(f, n, d, how) ROW(T_STR, how, AT(f), n, d)
#define ENUM(f, n, d, c, how) ROW(T_ENUM, how, AT(f), n, d, .choices = c)
#define CLASS(f, n, d, c, how) ROW(T_CLASS, how, AT(f), n, d, .choices = c)
#define LIST(f, n, how) ROW(T_LIST, how, AT(f), n, NULL)
#define CSV(f, n, d, how) ROW(T_CSV, how, AT(f), n, d)
#define MAP(n, how) ROW(T_MAP, how, 0, n, NULL)
#define IGNORED(n) ROW(T_IGNORED, ACTS, 0, n, NULL)
#define ALIAS(old, n, b) ROW(T_ALIAS, ACTS, 0, old, n, .bare = b)
#define PROPERTY(p, n) ROW(T_PROPERTY, ACTS, 0, p, n)

const config_key config_keys[] = {
#include "server/config/config_keys.def"
};
const size_t config_n_keys = ARRAY_LEN(config_keys);

const config_key *config_key_find(const char *name)
{
    for (size_t i = 0; i < config_n_keys; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

const config_key *config_key_resolve(const config_key *k)
{
    while (k && (k->type == T_ALIAS || k->type == T_PROPERTY))
        k = config_key_find(k->def);
    return k;
}

int config_fail(err_info *e, const config_where *w, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (w->file)
        return err_set(e, ERR_CONFIG, "%s:%d: %s: %s", w->file, w->line, w->name, text);
    return err_set(e, ERR_CONFIG, "-D%s: %s", w->name, text);
}

/* ---- numbers with units ---- */

typedef struct unit {
    enum config_type type;
    const char *name;
    double factor;
} unit;

static const unit units[] = {
    {T_MS, "ns", 1e-6},
    {T_MS, "us", 1e-3},
    {T_MS, "\xc2\xb5s", 1e-3},
    {T_MS, "ms", 1},
    {T_MS, "s", 1e3},
    {T_MS, "m", 60e3},
    {T_MS, "h", 3600e3},
    {T_MS, "d", 86400e3},
    {T_BYTES, "B", 1},
    {T_BYTES, "KiB", 1024},
    {T_BYTES, "MiB", 1024 * 1024},
    {T_BYTES, "GiB", 1024 * 1024 * 1024.0},
    {T_RATE, "B/s", 1},
    {T_RATE, "KiB/s", 1024},
    {T_RATE, "MiB/s", 1024 * 1024},
    {T_RATE, "Mbit/s", 125000},
};

/* What a value of a type looks like, for error messages. */
static const char *type_text(enum config_type t)
{
    switch (t) {
    case T_BOOL:
        return "true or false";
    case T_INT:
        return "a whole number";
    case T_REAL:
        return "a number";
    case T_MS:
        return "a duration such as 500ms, 10s, 3h";
    case T_BYTES:
        return "a size such as 64KiB, 32MiB, 1GiB";
    case T_RATE:
        return "a rate such as 24MiB/s";
    default:
        return "a list";
    }
}

static const unit *unit_find(enum config_type t, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (units[i].type == t && strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

/* Digits, perhaps a fraction; what follows is the unit. False: no number at the beginning. */
static bool split_number(const char *text, double *ret_number, const char **ret_unit)
{
    const char *p = text + (*text == '-' || *text == '+');
    if (*p < '0' || *p > '9')
        return false;
    p += strspn(p, "0123456789");
    if (*p == '.')
        p += 1 + strspn(p + 1, "0123456789");
    if ((size_t)(p - text) > 40)
        return false;
    char number[48];
    memcpy(number, text, (size_t)(p - text));
    number[p - text] = 0;
    *ret_number = strtod(number, NULL);
    *ret_unit = p + strspn(p, " ");
    return true;
}

static int out_of_range(const config_key *k, const char *text, const config_where *w, err_info *e)
{
    if (k->hi >= (double)HIGH)
        return config_fail(e, w, "%s is below the lowest value, %.0f", text, k->lo);
    return config_fail(e, w, "%s is not between %.0f and %.0f", text, k->lo, k->hi);
}

static int set_quantity(config *c, const config_key *k, const char *bare, const char *text,
                        const config_where *w, err_info *e)
{
    double n;
    const char *name;
    if (!split_number(text, &n, &name))
        return config_fail(e, w, "'%s' is not %s", text, type_text(k->type));
    if (!*name)
        name = bare ? bare : k->bare;
    const unit *u = name ? unit_find(k->type, name) : NULL;
    if (!u && !(n == 0 && !name))
        return config_fail(e, w,
                           name ? "'%s' has no known unit, it should be %s"
                                : "'%s' needs a unit, it should be %s",
                           text, type_text(k->type));
    n = ceil(u ? n * u->factor : n);
    if (n < k->lo || n > k->hi)
        return k->hi >= (double)HIGH
                   ? config_fail(e, w, "%s is too %s", text, n < k->lo ? "small" : "large")
                   : config_fail(e, w, "%s is out of range", text);
    *(int64_t *)((char *)c + k->offset) = (int64_t)n;
    return 0;
}

static int set_int(config *c, const config_key *k, const char *text, const config_where *w,
                   err_info *e)
{
    double n;
    const char *rest;
    if (!split_number(text, &n, &rest) || *rest || n != floor(n))
        return config_fail(e, w, "'%s' is not %s", text, type_text(k->type));
    if (n < k->lo || n > k->hi)
        return out_of_range(k, text, w, e);
    *(int64_t *)((char *)c + k->offset) = (int64_t)n;
    return 0;
}

static int set_real(config *c, const config_key *k, const char *text, const config_where *w,
                    err_info *e)
{
    double n;
    const char *rest;
    if (!split_number(text, &n, &rest) || *rest)
        return config_fail(e, w, "'%s' is not %s", text, type_text(k->type));
    if (n < k->lo || n > k->hi)
        return out_of_range(k, text, w, e);
    *(double *)((char *)c + k->offset) = n;
    return 0;
}

/* ---- words ---- */

static int set_bool(config *c, const config_key *k, const char *text, const config_where *w,
                    err_info *e)
{
    static const char *const words[][2] = {{"false", "true"}, {"no", "yes"}, {"off", "on"}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (int v = 0; v < 2; v++)
            if (strcasecmp(text, words[i][v]) == 0) {
                *(bool *)((char *)c + k->offset) = v;
                return 0;
            }
    return config_fail(e, w, "'%s' is not %s", text, type_text(k->type));
}

/* Index of a word among choices separated by blanks and its place there, or -1. */
static int choice_of(const char *choices, const char *word, const char **ret_at)
{
    size_t n = strlen(word);
    int i = 0;
    for (const char *p = choices; *p; i++) {
        size_t len = strcspn(p, " ");
        if (len == n && n > 0 && *word != '-' && strncasecmp(p, word, n) == 0) {
            *ret_at = p;
            return i;
        }
        p += len;
        p += *p == ' ';
    }
    return -1;
}

static int set_choice(config *c, const config_key *k, const char *text, const config_where *w,
                      err_info *e)
{
    static const char package[] = "org.apache.cassandra.";
    const char *word = text, *found;
    if (k->type == T_CLASS && strncmp(text, package, sizeof package - 1) == 0)
        word = strrchr(text, '.') + 1;
    int i = choice_of(k->choices, word, &found);
    if (i < 0) {
        char list[256];
        size_t n = 0;
        for (const char *p = k->choices; *p && n < sizeof list - 3; p++)
            if (*p == ' ') {
                if (p[1] != '-')
                    list[n++] = ',', list[n++] = ' ';
            } else if (*p != '-') {
                list[n++] = *p;
            }
        list[n] = 0;
        return config_fail(e, w, "'%s' is not one of: %s", text, list);
    }
    if (k->type == T_ENUM)
        *(int *)((char *)c + k->offset) = i;
    else
        *(const char **)((char *)c + k->offset) = arena_str(&c->mem, bytes_of(found, strlen(word)));
    return 0;
}

/* ---- lists ---- */

void config_list_add(config *c, config_list *l, const char *s)
{
    if ((l->n & (l->n - 1)) == 0) { /* full at each power of two */
        const char **p = arena_array(&c->mem, const char *, l->n ? l->n * 2 : 1);
        if (l->n)
            memcpy(p, l->p, l->n * sizeof *p);
        l->p = p;
    }
    l->p[l->n++] = s;
}

static void set_csv(config *c, const config_key *k, const char *text)
{
    config_list *l = (config_list *)((char *)c + k->offset);
    *l = (config_list){0};
    for (const char *p = text; *p;) {
        p += strspn(p, ", \t");
        size_t n = strcspn(p, ",");
        size_t used = n;
        while (used && (p[used - 1] == ' ' || p[used - 1] == '\t'))
            used--;
        if (used)
            config_list_add(c, l, arena_str(&c->mem, bytes_of(p, used)));
        p += n;
    }
}

int config_value_set_list(config *c, const config_key *k, const config_list *items,
                          const config_where *w, err_info *e)
{
    if (k->type != T_LIST && k->type != T_CSV)
        return config_fail(e, w, "a list stands where %s should be",
                           k->type <= T_REAL ? type_text(k->type) : "one value");
    *(config_list *)((char *)c + k->offset) = *items;
    return 0;
}

int config_value_set(config *c, const config_key *k, const char *bare, const char *text,
                     const config_where *w, err_info *e)
{
    switch (k->type) {
    case T_BOOL:
        return set_bool(c, k, text, w, e);
    case T_INT:
        return set_int(c, k, text, w, e);
    case T_REAL:
        return set_real(c, k, text, w, e);
    case T_MS:
    case T_BYTES:
    case T_RATE:
        return set_quantity(c, k, bare, text, w, e);
    case T_ENUM:
    case T_CLASS:
        return set_choice(c, k, text, w, e);
    case T_STR:
        *(const char **)((char *)c + k->offset) = arena_strdup(&c->mem, text);
        return 0;
    case T_CSV:
        set_csv(c, k, text);
        return 0;
    case T_LIST:
        return config_fail(e, w, "'%s' stands where a list should be", text);
    case T_MAP:
        return config_fail(e, w, "'%s' stands where a map should be", text);
    default:
        return 0;
    }
}

static bool str_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool config_value_equal(const config_key *k, const config *a, const config *b)
{
    const char *pa = (const char *)a + k->offset, *pb = (const char *)b + k->offset;
    switch (k->type) {
    case T_BOOL:
        return *(const bool *)pa == *(const bool *)pb;
    case T_INT:
    case T_MS:
    case T_BYTES:
    case T_RATE:
        return *(const int64_t *)pa == *(const int64_t *)pb;
    case T_REAL:
        return *(const double *)pa == *(const double *)pb;
    case T_ENUM:
        return *(const int *)pa == *(const int *)pb;
    case T_STR:
    case T_CLASS:
        return str_equal(*(char *const *)pa, *(char *const *)pb);
    case T_LIST:
    case T_CSV: {
        const config_list *la = (const config_list *)pa, *lb = (const config_list *)pb;
        for (size_t i = 0; i < la->n && i < lb->n; i++)
            if (!str_equal(la->p[i], lb->p[i]))
                return false;
        return la->n == lb->n;
    }
    default:
        return true;
    }
}
