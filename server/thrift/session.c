/* Calls that set the state of a connection. */
#include <stdio.h>

#include "server/thrift/calls.h"

/* Everybody may (AllowAllAuthenticator). */
int thrift_call_login(thrift_context *x)
{
    thrift_answer(x, &(thrift_login_reply){0});
    return 0;
}

int thrift_call_set_keyspace(thrift_context *x)
{
    const thrift_set_keyspace_args *args = x->call->args;
    const char *name = arena_str(x->arena, args->keyspace);
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    const keyspace *ks = schema_keyspace(s, name);
    if (ks)
        snprintf(x->session->client.keyspace, sizeof x->session->client.keyspace, "%s", ks->name);
    schema_unref(s);
    if (!ks)
        return err_set(&x->err, ERR_INVALID, "Keyspace '%s' does not exist", name);
    thrift_answer(x, &(thrift_set_keyspace_reply){0});
    return 0;
}

int thrift_call_set_cql_version(thrift_context *x)
{
    const thrift_set_cql_version_args *args = x->call->args;
    const char *text = arena_str(x->arena, args->version);
    int major, minor, patch, end = 0;
    if (sscanf(text, "%d.%d.%d%n", &major, &minor, &patch, &end) != 3 || end == 0)
        return err_set(&x->err, ERR_INVALID,
                       "Invalid version value: %s (see http://semver.org/ for details)", text);
    if (major != 3)
        return err_set(&x->err, ERR_INVALID,
                       "Provided version %s is not supported by this server (supported: %s)", text,
                       x->node->info.cql_version);
    x->session->cql_major = major;
    thrift_answer(x, &(thrift_set_cql_version_reply){0});
    return 0;
}
