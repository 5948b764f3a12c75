#include "server/thrift/connection.h"

#include <stdio.h>

#include "server/thrift/calls.h"

enum { UNSENT_MAX = 1 << 20 };

/* A message that is no call cannot be answered, and nothing after it can be trusted. */
static int co_fn run_message(thrift_session *s, bytes message)
{
    task *t = task_new(s->worker, s, message);
    thrift_call call = {0};
    err_info err = {0};
    int r = thrift_decode_call(t->message, &t->arena, &call, &err);
    tally_add(&s->worker->stats.thrift_requests, 1);
    if (r == 0) {
        thrift_run(s, &call, &t->arena);
    } else if (call.name.p) {
        buf *out = stream_output(s->stream);
        size_t at = thrift_begin(s, out);
        thrift_encode_error(out, &call, &err);
        thrift_end(s, out, at);
        tally_add(&s->worker->stats.errors, 1);
    }
    stream_kick(s->stream);
    task_free(t);
    return r;
}

static void co_fn serve(thrift_session *s)
{
    size_t max = (size_t)s->worker->node->config->thrift_framed_transport_size_bytes;
    thrift_scan scan = {0};
    while (!s->base.closing) {
        bytes in = stream_input(s->stream), message;
        size_t used;
        err_info err = {0};
        int r = thrift_next_message(in, s->framed, max, &scan, &message, &used, &err);
        if (r < 0)
            return;
        if (r == 0) {
            if (stream_wait(s->stream, in.n + 1, NO_DEADLINE) < 0)
                return;
            continue;
        }
        /* The message is copied before anything suspends. */
        r = run_message(s, message);
        stream_consume(s->stream, used);
        if (r < 0)
            return;
        if (stream_unsent(s->stream) > UNSENT_MAX &&
            stream_drain(s->stream, UNSENT_MAX / 2, NO_DEADLINE) < 0)
            return;
    }
}

void co_fn thrift_serve(worker *w, stream *s, bool framed)
{
    thrift_session session = {.worker = w, .stream = s, .framed = framed};
    char peer[64];
    snprintf(peer, sizeof peer, "%s", stream_peer(s));
    session.client.address = peer;
    worker_add(w, &session.base, s);
    serve(&session);
    worker_remove(w, &session.base);
}
