/* check.c: what single values cannot show: keys that contradict each other. */
#include <stdlib.h>

#include "server/config/internal.h"

static int check_tokens(config *c, err_info *e)
{
    size_t n = c->initial_token.n;
    if (n == 0)
        return 0;
    if (!config_is_set(c, &c->num_tokens))
        c->num_tokens = (int64_t)n;
    config_where at = config_origin(c, &c->initial_token);
    if ((int64_t)n != c->num_tokens)
        return config_fail(e, &at, "lists %zu tokens, but num_tokens is %d", n, (int)c->num_tokens);
    if (strstr(c->partitioner, "Ordered") || strstr(c->partitioner, "Order"))
        return 0; /* any word is a token there */
    for (size_t i = 0; i < n; i++) {
        const char *t = c->initial_token.p[i];
        size_t digits = strspn(t + (*t == '-'), "0123456789");
        if (!digits || t[digits + (*t == '-')])
            return config_fail(e, &at, "'%s' is not a token of %s", t, c->partitioner);
    }
    return 0;
}

/* The windows belong to one mode each; given with another they show a misunderstanding. */
static int check_commitlog_sync(config *c, err_info *e)
{
    static const char *const modes[] = {"periodic", "batch", "group"};
    const struct {
        int mode;
        const int64_t *field;
    } windows[] = {{COMMITLOG_PERIODIC, &c->commitlog_sync_period_ms},
                   {COMMITLOG_BATCH, &c->commitlog_sync_batch_window_ms},
                   {COMMITLOG_GROUP, &c->commitlog_sync_group_window_ms}};
    for (int i = 0; i < 3; i++)
        if (windows[i].mode != c->commitlog_sync && config_is_set(c, windows[i].field) &&
            *windows[i].field != 0) {
            config_where at = config_origin(c, windows[i].field);
            return config_fail(e, &at, "goes with commitlog_sync: %s, but that is %s",
                               modes[windows[i].mode], modes[c->commitlog_sync]);
        }
    if (c->commitlog_total_space_bytes < c->commitlog_segment_size_bytes) {
        config_where at = config_origin(c, &c->commitlog_total_space_bytes);
        return config_fail(e, &at, "is less than one commitlog_segment_size");
    }
    return 0;
}

/* Paths that differ in text only are the same directory. */
static bool same_path(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (a[0] == '/' && (a[1] == '/' || a[1] == 0))
            a++;
        while (b[0] == '/' && (b[1] == '/' || b[1] == 0))
            b++;
        if (*a != *b)
            return false;
        if (!*a)
            return true;
    }
}

static int check_directories(config *c, err_info *e)
{
    const char **fields[] = {&c->commitlog_directory, &c->saved_caches_directory,
                             &c->hints_directory};
    for (int i = 0; i < 3; i++) {
        config_where at = config_origin(c, fields[i]);
        if (!**fields[i])
            return config_fail(e, &at, "names no directory");
        for (size_t d = 0; d < c->data_file_directories.n; d++)
            if (same_path(*fields[i], c->data_file_directories.p[d]))
                return config_fail(e, &at, "must not be one of data_file_directories");
        for (int j = 0; j < i; j++)
            if (same_path(*fields[i], *fields[j])) {
                config_where other = config_origin(c, fields[j]);
                return config_fail(e, &at, "must not be the same as %s", other.name);
            }
    }
    config_where at = config_origin(c, &c->data_file_directories);
    for (size_t d = 0; d < c->data_file_directories.n; d++)
        if (!*c->data_file_directories.p[d])
            return config_fail(e, &at, "names no directory");
    if (c->data_file_directories.n > 1)
        config_warn(c, "%s:%d: only the first of data_file_directories is used, %s", at.file,
                    at.line, c->data_file_directories.p[0]);
    return 0;
}

static int check_ports(config *c, err_info *e)
{
    const int64_t *ports[] = {&c->native_transport_port, &c->rpc_port, &c->storage_port,
                              &c->admin_port};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++) {
            if (*ports[i] == 0 || *ports[i] != *ports[j])
                continue;
            config_where at = config_origin(c, ports[i]), other = config_origin(c, ports[j]);
            if (!config_is_set(c, ports[i]))
                return config_fail(e, &other, "%d is the %s, too", (int)*ports[i], at.name);
            return config_fail(e, &at, "%d is the %s, too", (int)*ports[i], other.name);
        }
    return 0;
}

static int check_interfaces(config *c, err_info *e)
{
    const char **pairs[][2] = {{&c->listen_address, &c->listen_interface},
                               {&c->rpc_address, &c->rpc_interface}};
    for (int i = 0; i < 2; i++)
        if (*pairs[i][0] && **pairs[i][0] && *pairs[i][1]) {
            config_where at = config_origin(c, pairs[i][1]), other = config_origin(c, pairs[i][0]);
            return config_fail(e, &at, "set this or %s, not both", other.name);
        }
    return 0;
}

int config_check(config *c, err_info *e)
{
    static int (*const checks[])(config *, err_info *) = {
        check_tokens, check_commitlog_sync, check_directories, check_ports, check_interfaces};
    int r = 0;
    for (size_t i = 0; i < sizeof checks / sizeof *checks && r == 0; i++)
        r = checks[i](c, e);
    if (r == 0 && c->cluster_name[0] == 0) {
        config_where at = config_origin(c, &c->cluster_name);
        r = config_fail(e, &at, "must not be empty");
    }
    return r;
}
