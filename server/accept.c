#include "server/accept.h"

#include "proto/detect.h"
#include "server/native/connection.h"
#include "server/thrift/connection.h"

/* Refusals are told at the 1st, 2nd, 4th, 8th, ... so that a flood does not fill the log. */
static bool enter(worker *w, stream *s)
{
    uint64_t refused;
    if (admission_enter(&w->node->admission, stream_peer_ip(s), &refused))
        return true;
    if ((refused & (refused - 1)) == 0)
        log_warn(w->env->log, "Too many client connections: refused %s, %llu so far",
                 stream_peer(s), (unsigned long long)refused);
    return false;
}

void co_fn accept_native(void *arg, stream *s)
{
    worker *w = arg;
    if (enter(w, s)) {
        native_serve(w, s);
        admission_leave(&w->node->admission, stream_peer_ip(s));
    }
    stream_close(s);
}

/* A client that sends too little to tell what it speaks is waited for; one that leaves is silent.
 */
static enum wire_kind co_fn detect(stream *s)
{
    for (;;) {
        bytes in = stream_input(s);
        enum wire_kind kind = wire_detect(in);
        if (kind != WIRE_KIND_MORE)
            return kind;
        if (stream_wait(s, in.n + 1, NO_DEADLINE) < 0)
            return WIRE_KIND_UNKNOWN;
    }
}

/* While it has not said what it speaks, a connection is one that a stopping node must end. */
static enum wire_kind co_fn detect_registered(worker *w, stream *s)
{
    connection c = {0};
    worker_add(w, &c, s);
    enum wire_kind kind = detect(s);
    worker_remove(w, &c);
    return c.closing ? WIRE_KIND_UNKNOWN : kind;
}

static void co_fn serve_any(worker *w, stream *s)
{
    switch (detect_registered(w, s)) {
    case WIRE_KIND_CQL:
        native_serve(w, s);
        break;
    case WIRE_KIND_THRIFT_FRAMED:
        thrift_serve(w, s, true);
        break;
    case WIRE_KIND_THRIFT_UNFRAMED:
        thrift_serve(w, s, false);
        break;
    default:
        break;
    }
}

void co_fn accept_any(void *arg, stream *s)
{
    worker *w = arg;
    if (enter(w, s)) {
        serve_any(w, s);
        admission_leave(&w->node->admission, stream_peer_ip(s));
    }
    stream_close(s);
}
