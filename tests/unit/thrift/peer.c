/* peer: our codec behind stdin and stdout, for peer_test.py.
 *
 * In and out: be32 length, bytes. `peer echo`: for each message two records: the message decoded
 * and encoded again, and {"name", "seqid", "struct", "value"} of what was decoded (or the error
 * and an empty record). `peer random SEED`: for each method the same two records of a random
 * call and of a random reply.
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/thrift/thrift.h"
#include "tests/unit/thrift/random_struct.h"

static void put_record(bytes b)
{
    uint8_t head[4];
    put_be32(head, (uint32_t)b.n);
    fwrite(head, 1, 4, stdout);
    fwrite(b.p, 1, b.n, stdout);
}

static void put_message(bytes wire, enum thrift_method m, int32_t seqid, const thrift_struct *st,
                        const void *value)
{
    buf text = {0};
    buf_printf(&text,
               "{\"name\":\"%s\",\"seqid\":%d,\"struct\":\"%s\",\"value\":", thrift_method_name(m),
               seqid, st->name);
    dump_struct(&text, st, value);
    buf_str(&text, "}");
    put_record(wire);
    put_record(buf_view(&text));
    buf_done(&text);
}

static int echo_call(bytes in, arena *a, buf *out, err_info *e)
{
    thrift_call call;
    int r = thrift_decode_call(in, a, &call, e);
    if (r < 0)
        return r;
    if (!call.method)
        return err_set(e, ERR_PROTOCOL, "unknown method");
    thrift_encode_call(out, call.method, call.seqid, call.args);
    put_message(buf_view(out), call.method, call.seqid, thrift_methods[call.method].args,
                call.args);
    return 0;
}

static int echo_reply(bytes in, arena *a, buf *out, err_info *e)
{
    thrift_reply reply;
    int r = thrift_decode_reply(in, a, &reply, e);
    if (r < 0)
        return r;
    if (!reply.reply)
        return err_set(e, ERR_PROTOCOL, "%d %.*s", reply.app_error, (int)reply.app_text.n,
                       (const char *)reply.app_text.p);
    thrift_call call = {.method = reply.method, .seqid = reply.seqid};
    thrift_encode_result(out, &call, reply.reply);
    put_message(buf_view(out), call.method, call.seqid, thrift_methods[call.method].result,
                reply.reply);
    return 0;
}

static void echo(bytes in)
{
    arena a;
    buf out = {0};
    err_info e = {0};
    arena_init(&a, 4096);
    bool is_call = in.n > 3 && in.p[3] == THRIFT_CALL;
    if ((is_call ? echo_call : echo_reply)(in, &a, &out, &e) < 0) {
        put_record(bytes_str(e.text));
        put_record(BYTES_EMPTY);
    }
    buf_done(&out);
    arena_done(&a);
}

static void echo_all(void)
{
    uint8_t head[4];
    while (fread(head, 1, 4, stdin) == 4) {
        size_t n = get_be32(head);
        uint8_t *p = malloc(n + 1);
        if (fread(p, 1, n, stdin) != n)
            exit(1);
        echo(bytes_of(p, n));
        free(p);
    }
}

static void random_method(enum thrift_method m, uint64_t *seed)
{
    const thrift_method_row *row = &thrift_methods[m];
    arena a;
    buf out = {0};
    arena_init(&a, 4096);
    const void *args = random_struct(seed, row->args, &a);
    thrift_encode_call(&out, m, 5, args);
    put_message(buf_view(&out), m, 5, row->args, args);
    out.n = 0;
    const void *reply = random_struct(seed, row->result, &a);
    thrift_encode_result(&out, &(thrift_call){.method = m, .seqid = 6}, reply);
    put_message(buf_view(&out), m, 6, row->result, reply);
    buf_done(&out);
    arena_done(&a);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "random") == 0) {
        uint64_t seed = strtoull(argv[2], NULL, 10) * 2 + 1;
        for (int m = 1; m < THRIFT_METHOD_COUNT; m++)
            random_method(m, &seed);
    } else {
        echo_all();
    }
    return 0;
}
