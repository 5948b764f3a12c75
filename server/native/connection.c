#include "server/native/connection.h"

#include <stdio.h>

#include "base/must.h"

enum { REQUESTS_IN_FLIGHT_MAX = 1024, UNSENT_MAX = 1 << 20 };

static void append_error(native_connection *c, int version, int16_t stream, const err_info *e)
{
    buf *out = stream_output(c->stream);
    size_t at = native_begin(out, version, true, stream, OP_ERROR, 0);
    native_put_error(out, version, e);
    native_end_compressed(out, at, c->compression, &c->worker->scratch);
    tally_add(&c->worker->stats.errors, 1);
    stream_kick(c->stream);
}

void native_answer_error(native_connection *c, const native_header *h, const err_info *e)
{
    append_error(c, c->version ? c->version : NATIVE_MAX_VERSION, h->stream, e);
}

/* Versions 1 and 2 have an 8-byte header with a one-byte stream; the answer is in their form. */
static void refuse_old_version(native_connection *c, bytes in)
{
    err_info e = {0};
    buf *out = stream_output(c->stream);
    native_bad_version(in.p[0] & 0x7f, &e);
    buf_u8(out, in.p[0] | 0x80);
    buf_u8(out, 0);
    buf_u8(out, in.n > 2 ? in.p[2] : 0);
    buf_u8(out, OP_ERROR);
    size_t at = out->n;
    buf_be32(out, 0);
    native_put_error(out, NATIVE_MIN_VERSION, &e);
    put_be32(out->p + at, (uint32_t)(out->n - at - 4));
    stream_kick(c->stream);
}

/* Judges a header: 0, or an error that was answered and ends the connection. */
static int check_header(native_connection *c, const native_header *h)
{
    err_info e = {0};
    size_t max = (size_t)c->worker->node->config->native_transport_max_frame_size_bytes;
    if (h->response)
        err_set(&e, ERR_PROTOCOL, "A client sent a response frame");
    else if (h->version > NATIVE_MAX_VERSION)
        native_bad_version(h->version, &e);
    else if (c->version && h->version != c->version)
        err_set(&e, ERR_PROTOCOL,
                "Invalid message version. Got %d but previous messages on this connection had "
                "version %d",
                h->version, c->version);
    else if (h->length > max)
        err_set(&e, ERR_PROTOCOL,
                "Request is too big: length %u exceeds maximum allowed length %zu", h->length, max);
    if (!e.code) {
        c->version = h->version;
        return 0;
    }
    /* What is wrong with the version is told on stream 0, as the drivers that look for it expect.
     */
    native_header answered = *h;
    if (h->version > NATIVE_MAX_VERSION)
        answered.stream = 0;
    native_answer_error(c, &answered, &e);
    return e.code;
}

/* Requests wait while their client leaves answers lying: more would only be piled upon them. */
static bool co_fn wait_for_reader(native_connection *c)
{
    return stream_unsent(c->stream) <= UNSENT_MAX ||
           stream_drain(c->stream, UNSENT_MAX / 2, NO_DEADLINE) == 0;
}

static void co_fn run_request(void *arg)
{
    task *t = arg;
    native_connection *c = t->connection;
    native_header h;
    memcpy(&h, t->header, sizeof h);
    if (wait_for_reader(c))
        native_handle(c, &h, t->message, &t->arena);
    stream_kick(c->stream);
    task_free(t);
    if (--c->in_flight == 0 || c->in_flight == REQUESTS_IN_FLIGHT_MAX - 1)
        co_signal(c->worker->env, &c->settled);
}

static void start_request(native_connection *c, const native_header *h, bytes body)
{
    task *t = task_new(c->worker, c, body);
    _Static_assert(sizeof *h <= sizeof t->header, "a header fits a task");
    memcpy(t->header, h, sizeof *h);
    c->in_flight++;
    tally_add(&c->worker->stats.native_requests, 1);
    env_spawn(c->worker->env, run_request, t);
}

/* Starts every whole frame that has arrived. Returns how many bytes of input the next one needs,
 * or an error that ends the connection. */
static int64_t take_frames(native_connection *c)
{
    for (;;) {
        native_header h;
        err_info e = {0};
        bytes in = stream_input(c->stream);
        if (c->base.closing || c->in_flight >= REQUESTS_IN_FLIGHT_MAX)
            return NATIVE_HEADER;
        if (in.n && (in.p[0] & 0x7f) < NATIVE_MIN_VERSION) {
            refuse_old_version(c, in);
            return ERR_PROTOCOL;
        }
        int r = native_read_header(in, &h, &e);
        if (r == ERR_EOF)
            return NATIVE_HEADER;
        if (r == 0)
            r = check_header(c, &h);
        else
            native_answer_error(c, &h, &e);
        if (r < 0)
            return r;
        if (in.n < NATIVE_HEADER + (size_t)h.length)
            return NATIVE_HEADER + (int64_t)h.length;
        start_request(c, &h, bytes_of(in.p + NATIVE_HEADER, h.length));
        stream_consume(c->stream, NATIVE_HEADER + (size_t)h.length);
    }
}

static void co_fn wait_in_flight(native_connection *c, unsigned below)
{
    while (c->in_flight >= below)
        co_wait(c->worker->env, &c->settled, NO_DEADLINE);
}

static int64_t idle_deadline(const native_connection *c)
{
    int64_t ms = c->worker->node->config->native_transport_idle_timeout_ms;
    return ms ? env_mono_us(c->worker->env) + ms * 1000 : NO_DEADLINE;
}

static void co_fn serve(native_connection *c)
{
    for (;;) {
        int64_t need = take_frames(c);
        if (need < 0 || c->base.closing)
            return;
        wait_in_flight(c, REQUESTS_IN_FLIGHT_MAX);
        if (stream_unsent(c->stream) > UNSENT_MAX &&
            stream_drain(c->stream, UNSENT_MAX / 2, NO_DEADLINE) < 0)
            return;
        if (stream_input(c->stream).n >= (size_t)need)
            continue;
        int r = stream_wait(c->stream, (size_t)need, idle_deadline(c));
        if (r < 0 && !(r == ERR_TIMEOUT && c->in_flight))
            return;
    }
}

void co_fn native_serve(worker *w, stream *s)
{
    native_connection c = {.worker = w, .stream = s};
    char peer[64];
    snprintf(peer, sizeof peer, "%s", stream_peer(s));
    c.client.address = peer;
    co_event_init(&c.settled);
    list_init(&c.listening);
    worker_add(w, &c.base, s);
    serve(&c);
    list_remove(&c.listening);
    wait_in_flight(&c, 1);
    worker_remove(w, &c.base);
}
