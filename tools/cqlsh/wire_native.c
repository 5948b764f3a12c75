/* wire_native.c: the binary protocol, one request at a time. */
#include <stdio.h>

#include "model/row.h"
#include "tools/cqlsh/client.h"

static size_t begin(client *c, native_opcode op)
{
    c->out.n = 0;
    return native_begin(&c->out, c->options->protocol_version, false, 0, op, 0);
}

static int receive_frame(client *c, native_header *h, int64_t deadline, err_info *e)
{
    c->in.n = 0;
    int r = socket_receive(&c->socket, NATIVE_HEADER, &c->in, deadline, e);
    if (r == 0)
        r = native_read_header(buf_view(&c->in), h, e);
    if (r == 0 && (!h->response || h->length > CLIENT_ANSWER_MAX_BYTES))
        r = err_set(e, ERR_PROTOCOL, "what answers does not speak the binary protocol of CQL");
    if (r == 0)
        r = socket_receive(&c->socket, h->length, &c->in, deadline, e);
    return r;
}

/* Sends what begin() began and takes the answer; events are passed over. */
static int ask(client *c, size_t at, double timeout_s, native_response *ret, err_info *e)
{
    native_header h;
    int64_t deadline = socket_deadline(timeout_s);
    native_end(&c->out, at);
    int r = socket_send(&c->socket, buf_view(&c->out), deadline, e);
    do {
        if (r == 0)
            r = receive_frame(c, &h, deadline, e);
    } while (r == 0 && h.opcode == OP_EVENT);
    bytes body = bytes_of(c->in.p + NATIVE_HEADER, c->in.n - NATIVE_HEADER);
    return r < 0 ? r : native_read_response(&h, body, &c->arena, ret, e);
}

static int greet(client *c, err_info *e)
{
    const char *version = c->options->cql_version ? c->options->cql_version : "3.0.0";
    native_response answer;
    size_t at = begin(c, OP_STARTUP);
    buf_be16(&c->out, 1);
    native_put_string(&c->out, BYTES_LIT("CQL_VERSION"));
    native_put_string(&c->out, bytes_str(version));
    int r = ask(c, at, c->options->connect_timeout_s, &answer, e);
    if (r < 0)
        return r;
    snprintf(c->protocol, sizeof c->protocol, "Native protocol v%d", c->options->protocol_version);
    if (answer.opcode == OP_READY)
        return 0;
    if (answer.opcode == OP_AUTHENTICATE)
        return err_set(e, ERR_NOT_SUPPORTED,
                       "the server asks for a login; authentication is not supported yet");
    if (answer.opcode != OP_ERROR)
        return err_set(e, ERR_PROTOCOL, "unexpected answer %d to STARTUP", answer.opcode);
    *e = answer.error;
    return e->code;
}

static void take_result(const native_response *n, client_answer *ret)
{
    ret->n_warnings = n->n_warnings;
    ret->warnings = n->warnings;
    ret->has_rows = n->kind == RESULT_KIND_ROWS && n->rows.columns;
    if (ret->has_rows)
        ret->rows = n->rows;
    if (n->kind == RESULT_KIND_SET_KEYSPACE)
        ret->keyspace = n->keyspace;
    ret->schema_changed = n->kind == RESULT_KIND_SCHEMA_CHANGE;
}

static int query(client *c, bytes text, const client_how *how, client_answer *ret, err_info *e)
{
    native_params p = {.cl = how->cl,
                       .serial_cl = how->serial_cl,
                       .page_size = how->page_size > 0 ? how->page_size : -1,
                       .paging_state = how->paging_state,
                       .timestamp_us = NO_TIMESTAMP};
    native_response answer;
    size_t at = begin(c, OP_QUERY);
    native_put_query(&c->out, c->options->protocol_version, text, &p);
    int r = ask(c, at, c->options->request_timeout_s, &answer, e);
    if (r < 0)
        return r;
    if (answer.opcode == OP_RESULT) {
        take_result(&answer, ret);
        return 0;
    }
    if (answer.opcode != OP_ERROR)
        return err_set(e, ERR_PROTOCOL, "unexpected answer %d to QUERY", answer.opcode);
    ret->from_server = true;
    ret->code = answer.error_code;
    ret->n_warnings = answer.n_warnings;
    ret->warnings = answer.warnings;
    *e = answer.error;
    return e->code;
}

const client_wire client_wire_native = {greet, query};
