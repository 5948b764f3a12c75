#include "tools/cqlsh/client.h"

#include <stdio.h>

void client_init(client *c, const options_shell *o, const volatile sig_atomic_t *interrupted)
{
    *c = (client){.options = o, .wire = o->thrift ? &client_wire_thrift : &client_wire_native};
    c->socket = (socket_tcp){-1, interrupted};
    arena_init(&c->arena, 64 << 10);
}

void client_done(client *c)
{
    socket_done(&c->socket);
    arena_done(&c->arena);
    buf_done(&c->in);
    buf_done(&c->out);
}

int client_query(client *c, bytes text, const client_how *how, client_answer *ret, err_info *e)
{
    *ret = (client_answer){0};
    if (!client_is_open(c))
        return err_set(e, ERR_CLOSED, "not connected");
    arena_reset(&c->arena);
    int r = c->wire->query(c, text, how, ret, e);
    if (r < 0 && !ret->from_server)
        socket_done(&c->socket);
    return r;
}

static void keep(char *to, size_t room, const client_answer *a, const char *column)
{
    snprintf(to, room, "?");
    for (unsigned i = 0; a->rows.n_rows && i < a->rows.n_columns; i++) {
        bytes v = a->rows.values[i];
        if (!strcmp(a->rows.columns[i].name, column) && v.p)
            snprintf(to, room, "%.*s", (int)v.n, (const char *)v.p);
    }
}

/* The banner can do without what a server does not tell. */
static int learn(client *c, err_info *e)
{
    client_how how = {.cl = CL_ONE};
    client_answer a;
    int r = client_query(c,
                         BYTES_LIT("SELECT cluster_name, release_version, cql_version "
                                   "FROM system.local WHERE key = 'local'"),
                         &how, &a, e);
    keep(c->cluster, sizeof c->cluster, &a, "cluster_name");
    keep(c->release, sizeof c->release, &a, "release_version");
    keep(c->cql, sizeof c->cql, &a, "cql_version");
    return r < 0 && !a.from_server ? r : 0;
}

int client_connect(client *c, err_info *e)
{
    const options_shell *o = c->options;
    int r = socket_open(&c->socket, o->host, o->port, o->connect_timeout_s, e);
    if (r < 0)
        return r;
    r = c->wire->greet(c, e);
    if (r == 0)
        r = learn(c, e);
    if (r < 0)
        socket_done(&c->socket);
    return r;
}
