#include "tests/sim/client.h"

#include "base/must.h"
#include "model/row.h"

enum { VERSION = 4 };

native_params client_params(consistency cl)
{
    return (native_params){
        .cl = cl, .serial_cl = CL_SERIAL, .page_size = -1, .timestamp_us = NO_TIMESTAMP};
}

static int begin(client *c, native_opcode op, size_t *ret_at)
{
    must(~c->asked);
    int id = __builtin_ctzll(~c->asked);
    c->asked |= 1ull << id;
    *ret_at = native_begin(stream_output(c->s), VERSION, false, (int16_t)id, op, 0);
    return id;
}

static void end(client *c, size_t at)
{
    native_end(stream_output(c->s), at);
    stream_kick(c->s);
}

int client_ask(client *c, const char *text, const native_params *p)
{
    size_t at;
    int id = begin(c, OP_QUERY, &at);
    native_put_query(stream_output(c->s), VERSION, bytes_str(text), p);
    end(c, at);
    return id;
}

static int co_fn next_frame(client *c, int64_t deadline, native_header *ret, bytes *ret_body,
                            err_info *err)
{
    int r = stream_wait(c->s, NATIVE_HEADER, deadline);
    if (r == 0)
        r = native_read_header(stream_input(c->s), ret, err);
    if (r == 0)
        r = stream_wait(c->s, NATIVE_HEADER + (size_t)ret->length, deadline);
    if (r < 0)
        return r;
    *ret_body = arena_copy(&c->arena, bytes_of(stream_input(c->s).p + NATIVE_HEADER, ret->length));
    stream_consume(c->s, NATIVE_HEADER + (size_t)ret->length);
    return 0;
}

int co_fn client_receive(client *c, int64_t deadline, int *ret_stream, native_response *ret,
                         err_info *err)
{
    native_header h;
    bytes body;
    arena_reset(&c->arena);
    int r = next_frame(c, deadline, &h, &body, err);
    if (r < 0)
        return r;
    if (!h.response || h.version != VERSION || h.stream < 0 || h.stream >= CLIENT_STREAMS ||
        !(c->asked & 1ull << h.stream))
        return err_set(err, ERR_PROTOCOL, "an answer on stream %d, where nothing was asked",
                       h.stream);
    c->asked &= ~(1ull << h.stream);
    *ret_stream = h.stream;
    return native_read_response(&h, body, &c->arena, ret, err);
}

static int co_fn answer_of(client *c, int64_t timeout_us, native_response *ret, err_info *err)
{
    int id;
    int r = client_receive(c, env_mono_us(c->e) + timeout_us, &id, ret, err);
    if (r == 0 && ret->opcode == OP_ERROR) {
        *err = ret->error;
        return ret->error.code;
    }
    return r;
}

int co_fn client_query(client *c, const char *text, int64_t timeout_us, native_response *ret,
                       err_info *err)
{
    native_params p = client_params(CL_ONE);
    client_ask(c, text, &p);
    return answer_of(c, timeout_us, ret, err);
}

int co_fn client_open(client *c, env *e, const char *ip, uint16_t port, int64_t timeout_us,
                      err_info *err)
{
    native_response ready;
    size_t at;
    *c = (client){.e = e};
    arena_init(&c->arena, 4096);
    int r = env_connect(e, ip, port, env_mono_us(e) + timeout_us, &c->s, err);
    if (r == 0) {
        begin(c, OP_STARTUP, &at);
        native_put_startup(stream_output(c->s), NATIVE_PLAIN);
        end(c, at);
        r = answer_of(c, timeout_us, &ready, err);
    }
    if (r < 0)
        client_close(c);
    return r;
}

void client_close(client *c)
{
    if (c->s)
        stream_close(c->s);
    c->s = NULL;
    arena_done(&c->arena);
}
