#include "tools/nodetool/options.h"

#include <stddef.h>
#include <string.h>

typedef struct option_def {
    const char *brief, *full;
    bool has_value;
    size_t field;
} option_def;

static const option_def defs[] = {
#define X(field, s, l, has, what) {s, l, has, offsetof(nodetool_options, field)},
    NODETOOL_OPTIONS(X)
#undef X
};
enum { N_DEFS = sizeof defs / sizeof *defs };

/* Length of a dash at p, 0: none. */
static size_t dash(const char *p)
{
    static const char *const dashes[] = {"-", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x88\x92"};
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++)
        if (strncmp(p, dashes[i], strlen(dashes[i])) == 0)
            return strlen(dashes[i]);
    return 0;
}

/* The text after its dashes, NULL when it is no option. */
static const char *option_name(const char *arg)
{
    const char *p = arg;
    size_t n;
    while ((n = dash(p)))
        p += n;
    return p == arg || (*p >= '0' && *p <= '9') ? NULL : p;
}

static const option_def *find(const char *name, size_t n)
{
    for (size_t i = 0; i < N_DEFS; i++) {
        const option_def *d = &defs[i];
        if ((strlen(d->brief) == n && memcmp(d->brief, name, n) == 0) ||
            (strlen(d->full) == n && memcmp(d->full, name, n) == 0))
            return d;
    }
    return NULL;
}

/* "host", "host=x", "p7199": the option, and its value when that is attached. */
static const option_def *split(const char *name, const char **ret_value)
{
    size_t n = strcspn(name, "=");
    const option_def *d = find(name, n);
    *ret_value = d && name[n] ? name + n + 1 : NULL;
    if (!d && name[0] == 'p' && name[1] >= '0' && name[1] <= '9') {
        d = find(name, 1);
        *ret_value = name + 1;
    }
    return d;
}

static int take(char **argv, int argc, int *i, nodetool_options *ret, err_info *err)
{
    const char *name = option_name(argv[*i]), *value;
    const option_def *d = split(name, &value);
    if (!d)
        return err_set(err, ERR_INVALID, "Unrecognized option: %s", argv[*i]);
    if (value && !d->has_value)
        return err_set(err, ERR_INVALID, "Option --%s takes no value", d->full);
    if (!value && d->has_value && ++*i < argc)
        value = argv[*i];
    if (!value && d->has_value)
        return err_set(err, ERR_INVALID, "Missing argument for option: %s", d->brief);
    const char **field = (const char **)((char *)ret + d->field);
    *field = value ? value : "";
    return 0;
}

int options_parse(int argc, char **argv, const char **args, nodetool_options *ret, err_info *err)
{
    bool ended = false;
    int r = 0;
    *ret = (nodetool_options){.args = args};
    for (int i = 1; i < argc; i++) {
        const char *name = ended ? NULL : option_name(argv[i]);
        if (name && *name == 0) {
            ended = true;
        } else if (name) {
            err_info first;
            int one = take(argv, argc, &i, ret, &first);
            if (one < 0 && r == 0) {
                r = one;
                *err = first;
            }
        } else if (!ret->command) {
            ret->command = argv[i];
        } else {
            args[ret->n_args++] = argv[i];
        }
    }
    return r;
}
