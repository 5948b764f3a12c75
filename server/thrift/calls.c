#include "server/thrift/calls.h"

#include "base/must.h"

static thrift_handler *const handlers[] = {
#define X(METHOD, name) [THRIFT_METHOD_##METHOD] = thrift_call_##name,
    THRIFT_HANDLERS(X)
#undef X
};

void thrift_answer(thrift_context *x, const void *reply)
{
    buf *out = stream_output(x->session->stream);
    size_t at = thrift_begin(x->session, out);
    thrift_encode_result(out, x->call, reply);
    thrift_end(x->session, out, at);
}

static void answer_error(thrift_context *x, int code)
{
    buf *out = stream_output(x->session->stream);
    size_t at = thrift_begin(x->session, out);
    x->err.code = code;
    if (!x->err.text[0])
        err_set(&x->err, code, "%s", err_text(code));
    thrift_encode_error(out, x->call, &x->err);
    thrift_end(x->session, out, at);
    tally_add(&x->session->worker->stats.errors, 1);
}

static void answer_unknown(thrift_context *x)
{
    buf *out = stream_output(x->session->stream);
    size_t at = thrift_begin(x->session, out);
    thrift_encode_unknown_method(out, x->call);
    thrift_end(x->session, out, at);
}

void co_fn thrift_run(thrift_session *s, const thrift_call *call, arena *a)
{
    thrift_context x = {
        .session = s, .node = s->worker->node, .env = s->worker->env, .call = call, .arena = a};
    if (call->method == THRIFT_METHOD_UNKNOWN) {
        answer_unknown(&x);
        return;
    }
    thrift_handler *run =
        (size_t)call->method < ARRAY_LEN(handlers) ? handlers[call->method] : NULL;
    int r = run ? run(&x)
                : err_set(&x.err, ERR_NOT_SUPPORTED, "%s is not supported yet",
                          thrift_method_name(call->method));
    if (r < 0)
        answer_error(&x, r);
}

int thrift_consistency(thrift_context *x, int32_t number, consistency *ret)
{
    if (!consistency_from_thrift(number, ret))
        return err_set(&x->err, ERR_INVALID, "Unknown consistency level %d", (int)number);
    return 0;
}

int thrift_keyspace(thrift_context *x, const schema *s, const keyspace **ret)
{
    const char *name = x->session->client.keyspace;
    if (!*name)
        return err_set(&x->err, ERR_INVALID, "You have not set a keyspace for this session");
    *ret = schema_keyspace(s, name);
    return *ret ? 0 : err_set(&x->err, ERR_INVALID, "Keyspace '%s' does not exist", name);
}

/* ---- column families ---- */

int thrift_find(thrift_context *x, const schema *s, bytes column_family, bool write,
                column_view *ret)
{
    char name[256] = "";
    const keyspace *ks;
    if (column_family.n == 0)
        return err_set(&x->err, ERR_INVALID, "non-empty columnfamily is required");
    if (column_family.n < sizeof name)
        memcpy(name, column_family.p, column_family.n);
    name[column_family.n < sizeof name ? column_family.n : 0] = 0;
    const table *t = schema_table(s, x->session->client.keyspace, name);
    if (!t) {
        int r = thrift_keyspace(x, s, &ks);
        return r < 0 ? r
                     : err_set(&x->err, ERR_INVALID, "unconfigured columnfamily %.*s",
                               (int)column_family.n, (const char *)column_family.p);
    }
    if (write && table_is_counter(t))
        return err_set(&x->err, ERR_INVALID, "invalid operation for commutative columnfamily %s",
                       name);
    return column_view_of(t, ret, &x->err);
}

int thrift_open(thrift_context *x, bytes column_family, bool write, thrift_target *ret)
{
    ret->schema = coordinator_schema(x->node->coordinator, x->env);
    int r = thrift_find(x, ret->schema, column_family, write, &ret->view);
    if (r < 0)
        schema_unref(ret->schema);
    else
        ret->keyspace = ret->view.table->in;
    return r;
}

void thrift_close(thrift_target *t)
{
    schema_unref(t->schema);
}
