#include "server/config/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/must.h"
#include "server/config/internal.h"

config *config_new(void)
{
    config *c = xzalloc(sizeof *c);
    c->magic = CONFIG_MAGIC;
    arena_init(&c->mem, 8192);
    c->state = arena_new(&c->mem, struct config_state);
    c->state->row = arena_array(&c->mem, struct config_set, config_n_keys);
    c->home = c->conf_dir = ".";
    c->log_level = 1;
    c->dc = "datacenter1";
    c->rack = "rack1";
    for (size_t i = 0; i < config_n_keys; i++) {
        const config_key *k = &config_keys[i];
        const config_where at = {"defaults", (int)i, k->name};
        if (k->type <= T_RATE && k->type != T_BOOL && !k->def)
            *(int64_t *)((char *)c + k->offset) = CONFIG_AUTO;
        else if (k->type < T_MAP && k->def)
            must(config_value_set(c, k, NULL, k->def, &at, NULL) == 0);
    }
    return c;
}

config *config_free(config *c)
{
    if (!c)
        return NULL;
    must_be(c, CONFIG_MAGIC);
    arena_done(&c->mem);
    c->magic = 0;
    free(c);
    return NULL;
}

void config_warn(config *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    config_list_add(c, &c->warnings, arena_vprintf(&c->mem, fmt, ap));
    va_end(ap);
}

void config_mark(config *c, const config_key *k, const config_where *w)
{
    c->state->row[config_key_index(k)] =
        (struct config_set){.set = true, .line = w->line, .given = arena_strdup(&c->mem, w->name)};
}

static size_t row_of(const config *c, const void *field)
{
    size_t offset = (size_t)((const char *)field - (const char *)c);
    for (size_t i = 0; i < config_n_keys; i++)
        if (config_keys[i].type < T_MAP && config_keys[i].offset == offset)
            return i;
    must(!"a field of the table");
    return 0;
}

bool config_is_set(const config *c, const void *field)
{
    return c->state->row[row_of(c, field)].set;
}

config_where config_origin(const config *c, const void *field)
{
    size_t i = row_of(c, field);
    const struct config_set *s = &c->state->row[i];
    const char *name = s->set ? s->given : config_keys[i].name;
    if (s->set && s->line == 0)
        return (config_where){NULL, 0, name};
    return (config_where){c->file ? c->file : "defaults", s->line, name};
}

/* ---- -D properties ---- */

int config_set_property(config *c, const char *name, const char *value, err_info *e)
{
    static const char prefix[] = "cassandra.settings.";
    const config_key *k = NULL;
    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        k = config_key_find(name + sizeof prefix - 1);
    else if (strncmp(name, "cassandra.", 10) == 0 || strncmp(name, "cassandra-", 10) == 0)
        k = config_key_find(name);
    const config_key *row = config_key_resolve(k);
    if (!row || row->type >= T_MAP)
        return 0; /* launchers pass many that only a JVM reads */
    config_where at = {NULL, 0, name};
    /* -Dcassandra-foreground alone means yes. */
    int r =
        config_value_set(c, row, k->bare, *value || row->type != T_BOOL ? value : "true", &at, e);
    if (r == 0)
        config_mark(c, row, &at);
    return r;
}

const char *config_property_get(const config_source *s, const char *name)
{
    for (size_t i = s->n_properties; i-- > 0;)
        if (strcmp(s->properties[i].name, name) == 0)
            return s->properties[i].value;
    return NULL;
}

/* ---- loading ---- */

int config_slurp(config *c, const char *path, bytes *ret, err_info *e)
{
    enum { MAX = 4 << 20 };
    FILE *f = fopen(path, "re");
    if (!f)
        return errno == ENOENT || errno == ENOTDIR
                   ? err_set(e, ERR_NOT_FOUND, "%s: no such file", path)
                   : err_set(e, ERR_CONFIG, "%s: %s", path, strerror(errno));
    size_t cap = 1 << 16, n = 0, got;
    uint8_t *text = xmalloc(cap);
    while ((got = fread(text + n, 1, cap - n, f)) > 0) {
        n += got;
        if (n == cap && cap < MAX)
            text = xrealloc(text, cap *= 2);
    }
    bool bad = ferror(f);
    fclose(f);
    if (!bad && n < MAX)
        *ret = arena_copy(&c->mem, bytes_of(text, n));
    free(text);
    if (bad)
        return err_set(e, ERR_CONFIG, "%s: cannot be read", path);
    return n < MAX ? 0 : err_set(e, ERR_CONFIG, "%s: larger than 4 MiB", path);
}

/* -Dcassandra.config takes a path, a file: URL or a name in conf_dir. */
static const char *yaml_path(config *c, const config_source *s)
{
    const char *p = config_property_get(s, "cassandra.config");
    if (!p)
        return arena_printf(&c->mem, "%s/cassandra.yaml", c->conf_dir);
    if (strncmp(p, "file:", 5) == 0) {
        p += 5;
        while (p[0] == '/' && p[1] == '/')
            p++;
        return p;
    }
    return *p == '/' ? p : arena_printf(&c->mem, "%s/%s", c->conf_dir, p);
}

/* Rows that do not act yet: a warning, or an error where ignoring the value would be dangerous. */
static int check_acting(config *c, err_info *e)
{
    config *plain = config_new();
    int r = 0;
    for (size_t i = 0; i < config_n_keys && r == 0; i++) {
        const config_key *k = &config_keys[i];
        if (k->type >= T_MAP || k->how == ACTS || !c->state->row[i].set ||
            config_value_equal(k, c, plain))
            continue;
        config_where at = config_origin(c, (char *)c + k->offset);
        err_info said = {0};
        config_fail(&said, &at, "this value is not supported yet%s",
                    k->how == LATER ? " and has no effect" : "");
        if (k->how == LATER)
            config_warn(c, "%s", said.text);
        else
            r = err_set(e, ERR_CONFIG, "%s", said.text);
    }
    config_free(plain);
    return r;
}

static void derive_directories(config *c)
{
    const char *base = c->storagedir ? c->storagedir : arena_printf(&c->mem, "%s/data", c->home);
    if (!c->data_file_directories.n)
        config_list_add(c, &c->data_file_directories, arena_printf(&c->mem, "%s/data", base));
    const struct {
        const char **field, *name;
    } dirs[] = {{&c->commitlog_directory, "commitlog"},
                {&c->saved_caches_directory, "saved_caches"},
                {&c->hints_directory, "hints"}};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
        if (!*dirs[i].field)
            *dirs[i].field = arena_printf(&c->mem, "%s/%s", base, dirs[i].name);
}

static void derive_hints(config *c)
{
    const config_list *l = &c->hinted_handoff_enabled;
    bool word = l->n == 1 && (!strcasecmp(l->p[0], "true") || !strcasecmp(l->p[0], "false"));
    c->hinted_handoff = word ? !strcasecmp(l->p[0], "true") : l->n > 0;
    if (!word)
        c->hinted_handoff_datacenters = *l;
}

int config_finish(config *c, const config_source *s, err_info *e)
{
    const config_host *h = s->host ? s->host : &config_host_system;
    derive_directories(c);
    derive_hints(c);
    int r = check_acting(c, e);
    if (r == 0)
        r = config_check(c, e);
    if (r == 0)
        r = config_resolve_addresses(c, h, e);
    return r;
}

static int load(config *c, const config_source *s, err_info *e)
{
    c->home = arena_strdup(&c->mem, s->home && *s->home ? s->home : ".");
    c->conf_dir = s->conf_dir && *s->conf_dir ? arena_strdup(&c->mem, s->conf_dir)
                                              : arena_printf(&c->mem, "%s/conf", c->home);
    c->file = arena_strdup(&c->mem, yaml_path(c, s));
    bytes text;
    int r = config_slurp(c, c->file, &text, e);
    if (r < 0)
        return r == ERR_NOT_FOUND ? err_set(e, ERR_CONFIG, "%s: no such file", c->file) : r;
    r = config_parse_yaml(c, c->file, text, e);
    for (size_t i = 0; i < s->n_properties && r == 0; i++)
        r = config_set_property(c, s->properties[i].name, s->properties[i].value, e);
    if (r == 0)
        r = config_finish(c, s, e);
    if (r == 0)
        r = config_read_files(c, s, e);
    return r;
}

int config_load(const config_source *s, config **ret, err_info *e)
{
    config *c = config_new();
    int r = load(c, s, e);
    if (r < 0)
        return config_free(c), r;
    *ret = c;
    return 0;
}
