/* The binary protocol, version 4, prepared statements. */
#include "proto/native/native.h"
#include "model/row.h"
#include "tools/stress/stress.h"

static native_params params(const stress_connection *c, bytes *values, unsigned n)
{
    return (native_params){.cl = c->run->o->cl,
                           .serial_cl = CL_SERIAL,
                           .n_values = n,
                           .values = values,
                           .page_size = -1,
                           .timestamp_us = NO_TIMESTAMP,
                           .skip_metadata = true};
}

/* One request and its answer, alone on the connection. */
static int co_fn ask(stress_connection *c, native_opcode op, bytes text, native_response *ret,
                     err_info *e)
{
    buf *out = stream_output(c->stream);
    size_t at = native_begin(out, 4, false, 0, op, 0);
    native_params p = params(c, NULL, 0);
    if (op == OP_STARTUP)
        native_put_startup(out, NATIVE_PLAIN);
    else if (op == OP_PREPARE)
        native_put_long_string(out, text);
    else
        native_put_query(out, 4, text, &p);
    native_end(out, at);
    stream_kick(c->stream);
    native_header h;
    int r = stream_wait(c->stream, NATIVE_HEADER, NO_DEADLINE);
    if (r == 0)
        r = native_read_header(stream_input(c->stream), &h, e);
    if (r == 0)
        r = stream_wait(c->stream, NATIVE_HEADER + (size_t)h.length, NO_DEADLINE);
    if (r < 0)
        return err_set(e, r, "the server closed the connection");
    bytes body =
        arena_copy(&c->arena, bytes_of(stream_input(c->stream).p + NATIVE_HEADER, h.length));
    stream_consume(c->stream, NATIVE_HEADER + (size_t)h.length);
    r = native_read_response(&h, body, &c->arena, ret, e);
    if (r == 0 && ret->opcode == OP_ERROR) {
        *e = ret->error;
        return e->code;
    }
    return r;
}

static int co_fn setup(stress_run *run, stress_connection *c, err_info *e)
{
    native_response r;
    const char *ks = arena_printf(&c->arena,
                                  "CREATE KEYSPACE IF NOT EXISTS stress WITH replication = "
                                  "{'class': 'SimpleStrategy', 'replication_factor': %d}",
                                  run->o->replication_factor);
    int code = ask(c, OP_STARTUP, BYTES_NULL, &r, e);
    if (code == 0)
        code = ask(c, OP_QUERY, bytes_str(ks), &r, e);
    if (code == 0)
        code = ask(
            c, OP_QUERY,
            BYTES_LIT(
                "CREATE TABLE IF NOT EXISTS stress.standard (key text PRIMARY KEY, value blob)"),
            &r, e);
    return code;
}

static int co_fn prepare(stress_connection *c, bytes text, uint8_t id[16], err_info *e)
{
    native_response r;
    int code = ask(c, OP_PREPARE, text, &r, e);
    if (code == 0 && r.prepared.id.n != 16)
        return err_set(e, ERR_PROTOCOL, "an id of %zu bytes", r.prepared.id.n);
    if (code == 0)
        memcpy(id, r.prepared.id.p, 16);
    return code;
}

static int co_fn open_connection(stress_connection *c, err_info *e)
{
    native_response r;
    int code = ask(c, OP_STARTUP, BYTES_NULL, &r, e);
    if (code == 0)
        code = prepare(c, BYTES_LIT("INSERT INTO stress.standard (key, value) VALUES (?, ?)"),
                       c->write_id, e);
    if (code == 0)
        code =
            prepare(c, BYTES_LIT("SELECT value FROM stress.standard WHERE key = ?"), c->read_id, e);
    return code;
}

static void put(stress_connection *c, bool write, uint64_t key, uint16_t tag)
{
    uint8_t text[STRESS_KEY];
    buf *out = stream_output(c->stream);
    size_t at = native_begin(out, 4, false, (int16_t)tag, OP_EXECUTE, 0);
    stress_key(key, text);
    bytes values[2] = {bytes_of(text, sizeof text), bytes_of(c->value, c->run->o->value_bytes)};
    native_params p = params(c, values, write ? 2 : 1);
    native_put_execute(out, 4, bytes_of(write ? c->write_id : c->read_id, 16), &p);
    native_end(out, at);
}

static int take(stress_connection *c, bytes in, size_t *ret_used, uint16_t *ret_tag,
                bool *ret_failed, err_info *e)
{
    native_header h;
    int r = native_read_header(in, &h, e);
    if (r == ERR_EOF || (r == 0 && in.n < NATIVE_HEADER + (size_t)h.length))
        return 0;
    if (r < 0)
        return r;
    *ret_used = NATIVE_HEADER + (size_t)h.length;
    *ret_tag = (uint16_t)h.stream;
    *ret_failed = h.opcode != OP_RESULT;
    if (*ret_failed) {
        native_response response;
        r = native_read_response(&h, bytes_of(in.p + NATIVE_HEADER, h.length), &c->arena, &response,
                                 e);
        if (r < 0)
            return r;
        *e = response.error;
    }
    return 1;
}

const stress_wire stress_native = {"native", 9042, false, setup, open_connection, put, take};
