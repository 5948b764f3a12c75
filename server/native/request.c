/* Requests of the binary protocol: from a decoded message through cql/ to a response. */
#include <strings.h>

#include "base/must.h"
#include "server/native/connection.h"

typedef struct request {
    native_connection *c;
    const native_header *h;
    native_request q;
    arena *a;
    err_info err;
} request;

static size_t begin(request *r, native_opcode opcode, int flags)
{
    return native_begin(stream_output(r->c->stream), r->c->version, true, r->h->stream, opcode,
                        flags);
}

static void end(request *r, size_t at)
{
    native_end_compressed(stream_output(r->c->stream), at, r->c->compression,
                          &r->c->worker->scratch);
}

/* ---- the handshake ---- */

static int agree_compression(native_connection *c, bytes name, err_info *e)
{
    if (bytes_eq_str(name, "lz4"))
        c->compression = NATIVE_LZ4;
    else if (bytes_eq_str(name, "snappy"))
        c->compression = NATIVE_SNAPPY;
    else if (name.n && !bytes_eq_str(name, "none"))
        return err_set(e, ERR_PROTOCOL, "Unknown compression algorithm: %.*s", (int)name.n, name.p);
    return 0;
}

static int handle_startup(request *r)
{
    native_connection *c = r->c;
    native_compression before = c->compression;
    bool version = false;
    if (c->ready)
        return err_set(&r->err, ERR_PROTOCOL,
                       "Unexpected message STARTUP, the connection is ready");
    for (unsigned i = 0; i < r->q.startup.n; i++) {
        bytes name = r->q.startup.names[i], value = r->q.startup.values[i];
        if (bytes_eq_str(name, "CQL_VERSION")) {
            version = true;
            if (value.n < 2 || value.p[0] != '3' || value.p[1] != '.')
                return err_set(&r->err, ERR_PROTOCOL,
                               "CQL version %.*s is not supported by the binary protocol "
                               "(supported versions: 3.x)",
                               (int)value.n, value.p);
        } else if (name.n == 11 && !strncasecmp((const char *)name.p, "COMPRESSION", 11)) {
            int e = agree_compression(c, value, &r->err);
            if (e < 0)
                return e;
        }
    }
    if (!version) {
        c->compression = before;
        return err_set(&r->err, ERR_PROTOCOL, "Missing value CQL_VERSION in STARTUP message");
    }
    c->ready = true;
    c->client.protocol_version = c->version;
    native_end(stream_output(c->stream), begin(r, OP_READY, 0));
    return 0;
}

static int handle_options(request *r)
{
    size_t at = begin(r, OP_SUPPORTED, 0);
    native_put_supported(stream_output(r->c->stream), r->c->worker->node->info.cql_version);
    end(r, at);
    return 0;
}

static int handle_register(request *r)
{
    unsigned events = 0;
    for (unsigned i = 0; i < r->q.n_events; i++) {
        int kind = events_kind(r->q.events[i]);
        if (kind < 0)
            return err_set(&r->err, ERR_PROTOCOL, "Invalid value '%.*s' for Type",
                           (int)r->q.events[i].n, r->q.events[i].p);
        events |= 1u << kind;
    }
    r->c->events |= events;
    list_remove(&r->c->listening);
    list_push(&r->c->worker->listeners, &r->c->listening);
    end(r, begin(r, OP_READY, 0));
    return 0;
}

/* ---- results ---- */

static void put_warnings(buf *out, const cql_result *result)
{
    native_put_string_list(out, result->n_warnings, result->warnings);
}

static void answer_result(request *r, const cql_result *result)
{
    native_connection *c = r->c;
    buf *out = stream_output(c->stream);
    bool warn = result->n_warnings && c->version >= 4;
    size_t at = begin(r, OP_RESULT, warn ? NATIVE_WARNING : 0);
    if (warn)
        put_warnings(out, result);
    switch (result->kind) {
    case RESULT_VOID:
        buf_be32(out, RESULT_KIND_VOID);
        break;
    case RESULT_ROWS: {
        native_rows rows = {result->n_columns, result->columns,      result->n_rows,
                            result->values,    result->paging_state, r->q.params.skip_metadata};
        native_put_rows(out, c->version, &rows);
        break;
    }
    case RESULT_SET_KEYSPACE:
        buf_be32(out, RESULT_KIND_SET_KEYSPACE);
        native_put_string(out, bytes_str(result->keyspace));
        break;
    case RESULT_SCHEMA_CHANGE:
        buf_be32(out, RESULT_KIND_SCHEMA_CHANGE);
        native_put_schema_change(out, result->change, result->target, result->change_keyspace,
                                 result->change_name);
        break;
    }
    end(r, at);
    if (result->kind == RESULT_SCHEMA_CHANGE)
        events_schema_change(c->worker->node, c->worker->env, result->change, result->target,
                             result->change_keyspace, result->change_name);
}

static query_options options_of(const native_params *p)
{
    return (query_options){
        .cl = p->cl,
        .serial_cl = p->serial_cl,
        .n_values = p->n_values,
        .values = p->values,
        .names = p->names,
        .page_size = p->page_size,
        .paging_state = p->paging_state,
        .timestamp_us = p->timestamp_us,
    };
}

static int co_fn handle_query(request *r)
{
    worker *w = r->c->worker;
    query_options o = options_of(&r->q.params);
    cql_result result;
    int e = cql_query(w->node->cql, w->env, &r->c->client, r->q.text, &o, r->a, &result, &r->err);
    if (e == 0)
        answer_result(r, &result);
    return e;
}

static int find_statement(request *r, bytes id, statement **ret)
{
    worker *w = r->c->worker;
    uint8_t key[16] = {0};
    if (id.n != 16) {
        memcpy(r->err.statement_id, key, 16);
        return err_set(&r->err, ERR_UNPREPARED, "Prepared query id of %zu bytes is none of ours",
                       id.n);
    }
    memcpy(key, id.p, 16);
    return cql_find(w->node->cql, w->env, key, ret, &r->err);
}

static int co_fn handle_execute(request *r)
{
    worker *w = r->c->worker;
    query_options o = options_of(&r->q.params);
    cql_result result;
    statement *s;
    int e = find_statement(r, r->q.id, &s);
    if (e < 0)
        return e;
    e = cql_execute(w->node->cql, w->env, &r->c->client, s, &o, r->a, &result, &r->err);
    if (e == 0)
        answer_result(r, &result);
    statement_unref(s);
    return e;
}

static int handle_prepare(request *r)
{
    worker *w = r->c->worker;
    statement *s;
    int e = cql_prepare(w->node->cql, w->env, &r->c->client, r->q.text, &s, &r->err);
    if (e < 0)
        return e;
    const statement_info *i = statement_get_info(s);
    native_prepared p = {bytes_of(i->id, 16), i->n_markers, i->markers, i->n_key,
                         i->key_indexes,      i->n_columns, i->columns};
    size_t at = begin(r, OP_RESULT, 0);
    native_put_prepared(stream_output(r->c->stream), r->c->version, &p);
    end(r, at);
    statement_unref(s);
    return 0;
}

static int co_fn handle_batch(request *r)
{
    worker *w = r->c->worker;
    query_options o = options_of(&r->q.params);
    batch_entry *entries = arena_array(r->a, batch_entry, r->q.n_batch);
    cql_result result;
    int e = 0;
    for (unsigned i = 0; i < r->q.n_batch && e == 0; i++) {
        const native_batch_entry *b = &r->q.batch[i];
        entries[i] =
            (batch_entry){.text = b->text_or_id, .n_values = b->n_values, .values = b->values};
        if (b->prepared)
            e = find_statement(r, b->text_or_id, &entries[i].prepared);
    }
    if (e == 0)
        e = cql_batch(w->node->cql, w->env, &r->c->client, (batch_type)r->q.batch_type, entries,
                      r->q.n_batch, &o, r->a, &result, &r->err);
    if (e == 0)
        answer_result(r, &result);
    for (unsigned i = 0; i < r->q.n_batch; i++)
        statement_unref(entries[i].prepared);
    return e;
}

static const struct handler {
    const char *name;
    int (*run)(request *r);
    bool before_ready;
} handlers[] = {
    [OP_STARTUP] = {"STARTUP", handle_startup, true},
    [OP_OPTIONS] = {"OPTIONS", handle_options, true},
    [OP_QUERY] = {"QUERY", handle_query, false},
    [OP_PREPARE] = {"PREPARE", handle_prepare, false},
    [OP_EXECUTE] = {"EXECUTE", handle_execute, false},
    [OP_REGISTER] = {"REGISTER", handle_register, false},
    [OP_BATCH] = {"BATCH", handle_batch, false},
};

static int co_fn dispatch(request *r, bytes body)
{
    native_connection *c = r->c;
    unsigned op = r->h->opcode;
    if (op == OP_AUTH_RESPONSE)
        return err_set(&r->err, ERR_NOT_SUPPORTED, "Authentication is not supported yet");
    if (op >= ARRAY_LEN(handlers) || !handlers[op].run)
        return err_set(&r->err, ERR_PROTOCOL, "Unknown opcode %u", op);
    if (!c->ready && !handlers[op].before_ready)
        return err_set(&r->err, ERR_PROTOCOL, "Unexpected message %s, expecting STARTUP or OPTIONS",
                       handlers[op].name);
    if (r->h->flags & NATIVE_COMPRESSED) {
        size_t max = (size_t)c->worker->node->config->native_transport_max_frame_size_bytes;
        int e = native_decompress(c->compression, body, max, r->a, &body, &r->err);
        if (e < 0)
            return e;
    }
    int e =
        native_read_request(c->version, r->h->flags, (native_opcode)op, body, r->a, &r->q, &r->err);
    return e < 0 ? e : handlers[op].run(r);
}

void co_fn native_handle(native_connection *c, const native_header *h, bytes body, arena *a)
{
    request r = {.c = c, .h = h, .a = a};
    int e = dispatch(&r, body);
    if (e < 0) {
        r.err.code = e;
        if (!r.err.text[0])
            err_set(&r.err, e, "%s", err_text(e));
        native_answer_error(c, h, &r.err);
    }
}
