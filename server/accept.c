#include "server/accept.h"

#include "proto/detect.h"
#include "server/native/connection.h"
#include "server/thrift/connection.h"

void co_fn accept_native(void *arg, stream *s)
{
    native_serve(arg, s);
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

void co_fn accept_any(void *arg, stream *s)
{
    switch (detect(s)) {
    case WIRE_KIND_CQL:
        native_serve(arg, s);
        break;
    case WIRE_KIND_THRIFT_FRAMED:
        thrift_serve(arg, s, true);
        break;
    case WIRE_KIND_THRIFT_UNFRAMED:
        thrift_serve(arg, s, false);
        break;
    default:
        break;
    }
    stream_close(s);
}
