/* CQL 3 over Thrift. */
#include <zlib.h>

#include "server/native/connection.h"
#include "server/thrift/calls.h"

enum { QUERY_MAX_BYTES = 64 << 20 };

/* GZIP means zlib data. */
static int inflate_query(thrift_context *x, bytes in, bytes *ret)
{
    z_stream z = {.next_in = (Bytef *)in.p, .avail_in = (uInt)in.n};
    size_t cap = in.n * 4 + 256;
    uint8_t *out = arena_alloc(x->arena, cap);
    int r = inflateInit(&z);
    while (r == Z_OK) {
        if (z.total_out == cap) {
            uint8_t *more = arena_alloc(x->arena, cap * 2);
            memcpy(more, out, cap);
            out = more;
            cap *= 2;
        }
        z.next_out = out + z.total_out;
        z.avail_out = (uInt)(cap - z.total_out);
        r = inflate(&z, Z_NO_FLUSH);
        if (z.total_out > QUERY_MAX_BYTES)
            r = Z_BUF_ERROR;
    }
    *ret = bytes_of(out, z.total_out);
    inflateEnd(&z);
    return r == Z_STREAM_END ? 0 : err_set(&x->err, ERR_INVALID, "Error deflating query string.");
}

static int query_text(thrift_context *x, bytes query, int32_t compression, bytes *ret)
{
    *ret = query;
    if (compression == THRIFT_COMPRESSION_GZIP)
        return inflate_query(x, query, ret);
    if (compression != THRIFT_COMPRESSION_NONE)
        return err_set(&x->err, ERR_INVALID, "Unknown compression %d", (int)compression);
    return 0;
}

static int check_version(thrift_context *x)
{
    if (x->session->cql_major && x->session->cql_major != 3)
        return err_set(&x->err, ERR_INVALID,
                       "Cannot execute/prepare CQL3 statement since the CQL has been set to CQL%d",
                       x->session->cql_major);
    return 0;
}

static thrift_map_bytes_bytes class_names(thrift_context *x, const cql_result *r, bool names)
{
    thrift_map_bytes_bytes m = {0};
    m.v = arena_alloc(x->arena, r->n_columns * sizeof *m.v);
    for (unsigned i = 0; i < r->n_columns; i++) {
        const char *type = names ? "UTF8Type" : type_class_name(x->arena, r->columns[i].type);
        m.v[m.n].key = bytes_str(r->columns[i].name);
        m.v[m.n++].value = bytes_str(type);
    }
    return m;
}

static thrift_cql_row result_row(thrift_context *x, const cql_result *r, size_t row)
{
    thrift_cql_row out = {.key = BYTES_EMPTY};
    thrift_column *columns = arena_array(x->arena, thrift_column, r->n_columns);
    for (unsigned i = 0; i < r->n_columns; i++) {
        columns[i] = thrift_column_default;
        columns[i].name = bytes_str(r->columns[i].name);
        columns[i].value = r->values[row * r->n_columns + i];
    }
    out.columns.n = r->n_columns;
    out.columns.v = columns;
    return out;
}

static thrift_cql_result *to_thrift(thrift_context *x, const cql_result *r)
{
    thrift_cql_result *out = arena_new(x->arena, thrift_cql_result);
    out->type = THRIFT_CQL_RESULT_TYPE_VOID;
    if (r->kind != RESULT_ROWS)
        return out;
    out->type = THRIFT_CQL_RESULT_TYPE_ROWS;
    out->has_rows = true;
    out->rows.n = r->n_rows;
    out->rows.v = arena_alloc(x->arena, r->n_rows * sizeof *out->rows.v);
    for (size_t i = 0; i < r->n_rows; i++)
        out->rows.v[i] = result_row(x, r, i);
    out->schema = arena_new(x->arena, thrift_cql_metadata);
    out->schema->name_types = class_names(x, r, true);
    out->schema->value_types = class_names(x, r, false);
    out->schema->default_name_type = out->schema->default_value_type = BYTES_LIT("UTF8Type");
    return out;
}

static query_options options_of(consistency cl, unsigned n, const bytes *values)
{
    return (query_options){
        .cl = cl,
        .serial_cl = CL_SERIAL,
        .n_values = n,
        .values = values,
        .page_size = -1,
        .timestamp_us = NO_TIMESTAMP,
    };
}

/* Clients of the binary protocol hear of schema changes made over Thrift, too. */
static void tell_schema_change(thrift_context *x, const cql_result *r)
{
    if (r->kind == RESULT_SCHEMA_CHANGE)
        events_schema_change(x->node, x->env, r->change, r->target, r->change_keyspace,
                             r->change_name);
}

int thrift_call_execute_cql3_query(thrift_context *x)
{
    const thrift_execute_cql3_query_args *args = x->call->args;
    consistency cl;
    bytes text;
    cql_result result;
    int r = check_version(x);
    if (r == 0)
        r = thrift_consistency(x, args->consistency, &cl);
    if (r == 0)
        r = query_text(x, args->query, args->compression, &text);
    if (r < 0)
        return r;
    query_options o = options_of(cl, 0, NULL);
    r = cql_query(x->node->cql, x->env, &x->session->client, text, &o, x->arena, &result, &x->err);
    if (r < 0)
        return r;
    thrift_execute_cql3_query_reply reply = {.success = to_thrift(x, &result)};
    thrift_answer(x, &reply);
    tell_schema_change(x, &result);
    return 0;
}

int thrift_call_prepare_cql3_query(thrift_context *x)
{
    const thrift_prepare_cql3_query_args *args = x->call->args;
    bytes text;
    statement *s;
    int r = check_version(x);
    if (r == 0)
        r = query_text(x, args->query, args->compression, &text);
    if (r == 0)
        r = cql_prepare(x->node->cql, x->env, &x->session->client, text, &s, &x->err);
    if (r < 0)
        return r;
    const statement_info *info = statement_get_info(s);
    thrift_cql_prepared_result *p = arena_new(x->arena, thrift_cql_prepared_result);
    bytes *types = arena_array(x->arena, bytes, info->n_markers),
          *names = arena_array(x->arena, bytes, info->n_markers);
    for (unsigned i = 0; i < info->n_markers; i++) {
        types[i] = bytes_str(type_class_name(x->arena, info->markers[i].type));
        names[i] = bytes_str(info->markers[i].name);
    }
    p->item_id = info->thrift_id;
    p->count = (int32_t)info->n_markers;
    p->has_variable_types = p->has_variable_names = true;
    p->variable_types.n = p->variable_names.n = info->n_markers;
    p->variable_types.v = types;
    p->variable_names.v = names;
    thrift_prepare_cql3_query_reply reply = {.success = p};
    thrift_answer(x, &reply);
    statement_unref(s);
    return 0;
}

int thrift_call_execute_prepared_cql3_query(thrift_context *x)
{
    const thrift_execute_prepared_cql3_query_args *args = x->call->args;
    consistency cl;
    statement *s;
    cql_result result;
    int r = check_version(x);
    if (r == 0)
        r = thrift_consistency(x, args->consistency, &cl);
    if (r == 0)
        r = cql_find_thrift(x->node->cql, x->env, args->item_id, &s, &x->err);
    if (r < 0)
        return r;
    const statement_info *info = statement_get_info(s);
    query_options o = options_of(cl, (unsigned)args->values.n, args->values.v);
    if (args->values.n != info->n_markers)
        r = err_set(&x->err, ERR_INVALID, "there were %u markers(?) in CQL but %zu bound variables",
                    info->n_markers, args->values.n);
    if (r == 0)
        r = cql_execute(x->node->cql, x->env, &x->session->client, s, &o, x->arena, &result,
                        &x->err);
    if (r == 0) {
        thrift_execute_prepared_cql3_query_reply reply = {.success = to_thrift(x, &result)};
        thrift_answer(x, &reply);
        tell_schema_change(x, &result);
    }
    statement_unref(s);
    return r;
}
