/* Whatever arrives on a Thrift port: streams, calls, replies, the first bytes.
 *
 * What decodes must survive encoding: the second generation equals the first. The stream must
 * find the same end whether the bytes come at once or one by one. */
#include "proto/thrift/thrift.h"
#include "base/must.h"
#include "proto/detect.h"
#include "proto/thrift/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_call(bytes message, arena *a)
{
    buf once = {0}, twice = {0};
    thrift_call call, again;
    err_info e;
    if (thrift_decode_call(message, a, &call, &e) == 0 && call.method) {
        thrift_encode_call(&once, call.method, call.seqid, call.args);
        must(thrift_decode_call(buf_view(&once), a, &again, &e) == 0);
        thrift_encode_call(&twice, again.method, again.seqid, again.args);
        must(bytes_eq(buf_view(&once), buf_view(&twice)));
    } else if (call.name.p) {
        thrift_encode_unknown_method(&once, &call);
        err_set(&e, ERR_PROTOCOL, "x");
        thrift_encode_error(&once, &call, &e);
        err_set(&e, ERR_TIMEOUT, "x");
        thrift_encode_error(&once, &call, &e);
    }
    buf_done(&once);
    buf_done(&twice);
}

static void check_reply(bytes message, arena *a)
{
    buf once = {0}, twice = {0};
    thrift_reply reply, again;
    err_info e;
    if (thrift_decode_reply(message, a, &reply, &e) == 0) {
        thrift_reply_error(&reply, &e);
        thrift_call call = {.method = reply.method, .seqid = reply.seqid};
        if (reply.reply) {
            thrift_encode_result(&once, &call, reply.reply);
            must(thrift_decode_reply(buf_view(&once), a, &again, &e) == 0);
            thrift_encode_result(&twice, &call, again.reply);
            must(bytes_eq(buf_view(&once), buf_view(&twice)));
        }
    }
    buf_done(&once);
    buf_done(&twice);
}

static void check_stream(bytes in)
{
    enum { MAX = 1 << 16 };
    thrift_scan scan = {0};
    bytes message;
    size_t used = 0, used_again = 0;
    err_info e;
    int r = thrift_next_message(in, false, MAX, &scan, &message, &used, &e);
    scan = (thrift_scan){0};
    int again = 0;
    for (size_t n = 0; n <= in.n && again == 0; n++)
        again =
            thrift_next_message(bytes_of(in.p, n), false, MAX, &scan, &message, &used_again, &e);
    must(r == again && used == used_again);
    thrift_next_message(in, true, MAX, &scan, &message, &used, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena a;
    arena_init(&a, 4096);
    bytes in = bytes_of(data, size);
    wire_detect(in);
    check_call(in, &a);
    check_reply(in, &a);
    check_stream(in);
    arena_done(&a);
    return 0;
}
