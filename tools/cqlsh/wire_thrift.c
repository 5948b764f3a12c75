/* wire_thrift.c: execute_cql3_query over framed Thrift. */
#include <stdio.h>

#include "proto/thrift/thrift.h"
#include "tools/cqlsh/client.h"

static int call(client *c, enum thrift_method method, const void *args, double timeout_s,
                thrift_reply *ret, err_info *e)
{
    int64_t deadline = socket_deadline(timeout_s);
    c->out.n = c->in.n = 0;
    size_t at = thrift_frame_begin(&c->out);
    thrift_encode_call(&c->out, method, ++c->seqid, args);
    thrift_frame_end(&c->out, at);
    int r = socket_send(&c->socket, buf_view(&c->out), deadline, e);
    if (r == 0)
        r = socket_receive(&c->socket, 4, &c->in, deadline, e);
    if (r < 0)
        return r;
    uint32_t length = get_be32(c->in.p);
    if (length > CLIENT_ANSWER_MAX_BYTES)
        return err_set(e, ERR_PROTOCOL, "what answers does not speak framed Thrift");
    c->in.n = 0;
    r = socket_receive(&c->socket, length, &c->in, deadline, e);
    if (r == 0)
        r = thrift_decode_reply(buf_view(&c->in), &c->arena, ret, e);
    if (r == 0 && (ret->seqid != c->seqid || (ret->reply && ret->method != method)))
        r = err_set(e, ERR_PROTOCOL, "an answer to another call");
    return r;
}

static int greet(client *c, err_info *e)
{
    const options_shell *o = c->options;
    thrift_set_cql_version_args version = {bytes_str(o->cql_version ? o->cql_version : "3.0.0")};
    thrift_describe_version_args none = thrift_describe_version_args_default;
    thrift_reply reply;
    int r = call(c, THRIFT_METHOD_DESCRIBE_VERSION, &none, o->connect_timeout_s, &reply, e);
    if (r == 0)
        r = thrift_reply_error(&reply, e);
    if (r < 0)
        return r;
    bytes text = ((const thrift_describe_version_reply *)reply.reply)->success;
    snprintf(c->protocol, sizeof c->protocol, "Thrift protocol %.*s", (int)text.n,
             text.p ? (const char *)text.p : "");
    r = call(c, THRIFT_METHOD_SET_CQL_VERSION, &version, o->connect_timeout_s, &reply, e);
    return r < 0 ? r : thrift_reply_error(&reply, e);
}

static const type *type_of(arena *a, const thrift_cql_metadata *schema, bytes name)
{
    const type *t = type_native(TYPE_BLOB);
    if (!schema)
        return t;
    bytes class_name = schema->default_value_type;
    for (size_t i = 0; i < schema->value_types.n; i++)
        if (bytes_eq(schema->value_types.v[i].key, name))
            class_name = schema->value_types.v[i].value;
    return type_parse_class(a, class_name, &t, NULL, NULL) < 0 ? type_native(TYPE_BLOB) : t;
}

static void take_columns(arena *a, const thrift_cql_result *from, native_rows *rows)
{
    const thrift_cql_row *first = from->rows.n ? from->rows.v : NULL;
    size_t named = from->schema ? from->schema->name_types.n : 0;
    rows->n_columns = (unsigned)(first ? first->columns.n : named);
    column_spec *columns = arena_array(a, column_spec, rows->n_columns);
    for (unsigned i = 0; i < rows->n_columns; i++) {
        bytes name = first ? first->columns.v[i].name : from->schema->name_types.v[i].key;
        columns[i].keyspace = columns[i].table = "";
        columns[i].name = arena_str(a, name);
        columns[i].type = type_of(a, from->schema, name);
    }
    rows->columns = columns;
}

/* Rows have the columns of the first; what is missing is null. */
static void take_rows(arena *a, const thrift_cql_result *from, native_rows *rows)
{
    take_columns(a, from, rows);
    rows->n_rows = from->rows.n;
    bytes *values = arena_array(a, bytes, rows->n_rows * rows->n_columns);
    rows->values = values;
    for (size_t i = 0; i < rows->n_rows; i++)
        for (unsigned j = 0; j < rows->n_columns; j++, values++)
            if (j < from->rows.v[i].columns.n)
                *values = from->rows.v[i].columns.v[j].value;
}

static int32_t level(consistency cl)
{
    switch (cl) {
#define X(name, native, thrift)                                                                    \
    case CL_##name:                                                                                \
        return thrift;
        CONSISTENCIES(X)
#undef X
    }
    return 1;
}

static int query(client *c, bytes text, const client_how *how, client_answer *ret, err_info *e)
{
    thrift_execute_cql3_query_args args = {text, THRIFT_COMPRESSION_NONE, level(how->cl)};
    thrift_reply reply;
    int r =
        call(c, THRIFT_METHOD_EXECUTE_CQL3_QUERY, &args, c->options->request_timeout_s, &reply, e);
    if (r < 0)
        return r;
    r = thrift_reply_error(&reply, e);
    ret->from_server = r < 0;
    if (r < 0)
        return r;
    const thrift_cql_result *result =
        ((const thrift_execute_cql3_query_reply *)reply.reply)->success;
    ret->has_rows = result && result->type == THRIFT_CQL_RESULT_TYPE_ROWS;
    if (ret->has_rows)
        take_rows(&c->arena, result, &ret->rows);
    return 0;
}

const client_wire client_wire_thrift = {greet, query};
