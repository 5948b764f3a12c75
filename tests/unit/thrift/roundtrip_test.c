/* Every struct and method with random values: read(write(x)) writes the same bytes; every cut
 * is an error for the reader and "more" for the stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/thrift/scan.h"
#include "tests/unit/thrift/random_struct.h"

static void check_struct(const thrift_struct *st, uint64_t *seed)
{
    arena a;
    buf first = {0}, second = {0};
    err_info e = {0};
    void *got;
    arena_init(&a, 4096);
    thrift_write_struct(&first, st, random_struct(seed, st, &a));
    int r = thrift_read_struct(buf_view(&first), &a, st, &got, &e);
    if (r != 0)
        fail_msg("%s: %s", st->name, e.text);
    thrift_write_struct(&second, st, got);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);

    for (size_t i = 0; i < 20; i++) {
        bytes cut = bytes_of(first.p, i < 10 ? random_next(seed) % first.n : first.n - 1);
        assert_int_equal(thrift_read_struct(cut, &a, st, &got, &e), ERR_PROTOCOL);
    }
    buf_u8(&first, 0);
    assert_int_equal(thrift_read_struct(buf_view(&first), &a, st, &got, &e), ERR_PROTOCOL);
    buf_done(&first);
    buf_done(&second);
    arena_done(&a);
}

static void test_structs(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int round = 0; round < 60; round++)
        for (size_t i = 0; i < thrift_n_structs; i++)
            check_struct(thrift_structs[i], &seed);
}

/* The message arrives in pieces, followed by the start of another. */
static void check_stream(bytes message, bool framed, uint64_t *seed)
{
    buf in = {0};
    thrift_scan scan = {0};
    bytes got;
    size_t used, at = 0;
    err_info e = {0};
    size_t begin = framed ? thrift_frame_begin(&in) : 0;
    buf_bytes(&in, message);
    if (framed)
        thrift_frame_end(&in, begin);
    size_t whole = in.n;
    buf_str(&in, "\x80\x01");
    for (;;) {
        int r = thrift_next_message(bytes_of(in.p, at), framed, 1 << 20, &scan, &got, &used, &e);
        if (r < 0)
            fail_msg("%s", e.text);
        assert_int_equal(r, at >= whole);
        if (r == 1)
            break;
        at += 1 + random_next(seed) % 40;
        at = at < in.n ? at : in.n;
    }
    assert_int_equal(used, whole);
    assert_true(bytes_eq(got, message));
    buf_done(&in);
}

static void check_method(enum thrift_method m, uint64_t *seed)
{
    arena a;
    buf out = {0}, again = {0};
    thrift_call call;
    thrift_reply reply;
    err_info e = {0};
    arena_init(&a, 4096);
    int32_t seqid = (int32_t)random_next(seed);

    thrift_encode_call(&out, m, seqid, random_struct(seed, thrift_methods[m].args, &a));
    check_stream(buf_view(&out), false, seed);
    check_stream(buf_view(&out), true, seed);
    assert_int_equal(thrift_decode_call(buf_view(&out), &a, &call, &e), 0);
    assert_int_equal(call.method, m);
    assert_int_equal(call.seqid, seqid);
    thrift_encode_call(&again, m, seqid, call.args);
    assert_true(bytes_eq(buf_view(&out), buf_view(&again)));

    out.n = again.n = 0;
    thrift_encode_result(&out, &call, random_struct(seed, thrift_methods[m].result, &a));
    assert_int_equal(thrift_decode_reply(buf_view(&out), &a, &reply, &e), 0);
    assert_int_equal(reply.method, m);
    assert_int_equal(reply.seqid, seqid);
    thrift_encode_result(&again, &call, reply.reply);
    assert_true(bytes_eq(buf_view(&out), buf_view(&again)));
    buf_done(&out);
    buf_done(&again);
    arena_done(&a);
}

static void test_methods(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 30; round++)
        for (int m = 1; m < THRIFT_METHOD_COUNT; m++)
            check_method(m, &seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structs),
        cmocka_unit_test(test_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
