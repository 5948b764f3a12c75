/* Messages as they stand on the wire, malformed ones, and the exceptions made from errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/thrift/scan.h"
#include "proto/thrift/table.h"

static arena mem;
static buf out;
static err_info err;

static int setup(void **state)
{
    (void)state;
    arena_init(&mem, 1024);
    out = (buf){0};
    err = (err_info){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_done(&mem);
    buf_done(&out);
    return 0;
}

static bytes from_hex(const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *p = arena_alloc(&mem, n + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned v = 0;
        sscanf(hex + 2 * i, "%2x", &v);
        p[i] = (uint8_t)v;
    }
    return bytes_of(p, n);
}

#define CQL3_REPLY "8001000200000012657865637574655f63716c335f717565727900000000"

static void test_void_result(void **state)
{
    (void)state;
    bytes want = from_hex(CQL3_REPLY "0c0000080001000000020000");
    thrift_call call = {.method = THRIFT_METHOD_EXECUTE_CQL3_QUERY};
    thrift_cql_result r = {.type = THRIFT_CQL_RESULT_TYPE_VOID};
    thrift_encode_result(&out, &call, &(thrift_execute_cql3_query_reply){.success = &r});
    assert_true(bytes_eq(buf_view(&out), want));
}

/* SELECT firstname of two rows, as a 2.0.8 server answers it. */
static void test_rows_result(void **state)
{
    (void)state;
    bytes wire =
        from_hex(CQL3_REPLY "0c000008000100000001"
                            "0f00020c00000002"
                            "0b0001000000000f00020c00000001"
                            "0b00010000000966697273746e616d650b0002000000044a616e650000"
                            "0b0001000000000f00020c00000001"
                            "0b00010000000966697273746e616d650b0002000000044a6f686e0000"
                            "0c00040d00010b0b000000010000000966697273746e616d650000000855544638"
                            "547970650d00020b0b000000010000000966697273746e616d6500000008555446"
                            "38547970650b000300000008555446385479706"
                            "50b0004000000085554463854797065000000");
    thrift_reply reply;
    int r = thrift_decode_reply(wire, &mem, &reply, &err);
    if (r)
        fail_msg("%s", err.text);
    const thrift_execute_cql3_query_reply *got = reply.reply;
    const thrift_cql_result *res = got->success;
    assert_int_equal(res->type, THRIFT_CQL_RESULT_TYPE_ROWS);
    assert_int_equal(res->rows.n, 2);
    assert_true(res->rows.v[1].key.p && res->rows.v[1].key.n == 0);
    assert_true(bytes_eq_str(res->rows.v[0].columns.v[0].name, "firstname"));
    assert_true(bytes_eq_str(res->rows.v[1].columns.v[0].value, "John"));
    assert_false(res->rows.v[1].columns.v[0].has_timestamp);
    assert_true(bytes_eq_str(res->schema->name_types.v[0].key, "firstname"));
    assert_true(bytes_eq_str(res->schema->default_value_type, "UTF8Type"));
    assert_false(res->has_num);
    thrift_encode_result(&out, &(thrift_call){.method = reply.method}, got);
    assert_true(bytes_eq(buf_view(&out), wire));
}

/* set_keyspace("k") and variations of it. */
#define HEAD "800100010000000c7365745f6b6579737061636500000009"

static void check_bad(const char *hex, const char *sentence)
{
    thrift_call call;
    err = (err_info){0};
    assert_int_equal(thrift_decode_call(from_hex(hex), &mem, &call, &err), ERR_PROTOCOL);
    assert_string_equal(err.text, sentence);
}

static void test_malformed(void **state)
{
    (void)state;
    thrift_call call;
    assert_int_equal(thrift_decode_call(from_hex(HEAD "0b0001000000016b00"), &mem, &call, &err), 0);
    assert_int_equal(call.seqid, 9);
    assert_true(bytes_eq_str(((thrift_set_keyspace_args *)call.args)->keyspace, "k"));

    check_bad("", "not a message of the strict binary Thrift protocol");
    check_bad("0000000c7365745f6b6579", "not a message of the strict binary Thrift protocol");
    check_bad("80010001ffffffff", "Thrift message ends within its header");
    check_bad("800100020000000c7365745f6b657973706163650000000900",
              "Thrift message of type 2, not a call");
    check_bad(HEAD "00", "required field 'keyspace' of Thrift set_keyspace_args is missing");
    check_bad(HEAD "0b0001000000016b", "Thrift message ends within set_keyspace_args");
    check_bad(HEAD "0b0001000000036b00", "Thrift string of 3 bytes, but 2 remain");
    check_bad(HEAD "0b0001ffffffff6b00", "Thrift string of -1 bytes, but 2 remain");
    check_bad(HEAD "08000100000001",
              "field 'keyspace' of Thrift set_keyspace_args is of type 8, not 11");
    check_bad(HEAD "0b0001000000016b0b0001000000016b00",
              "field 'keyspace' of Thrift set_keyspace_args comes twice");
    check_bad(HEAD "0b0001000000016b0077", "1 bytes after the end of Thrift set_keyspace_args");
    check_bad(HEAD "05000200", "there is no Thrift type 5");
    check_bad(HEAD "0f0002050000000100", "Thrift container with elements of type 5");
    check_bad(HEAD "0f0002087fffffff00", "Thrift container of 2147483647 elements in 1 bytes");
}

static void test_unknown_fields(void **state)
{
    (void)state;
    thrift_call call;
    /* an i64, a map<i32, list<struct{bool}>>, a set<byte>, then the field that we know */
    bytes wire = from_hex(HEAD "0a0007000000000000002a"
                               "0d0008080f00000001000000050c000000010200010100"
                               "0e0009030000000201020b0001000000016b00");
    int r = thrift_decode_call(wire, &mem, &call, &err);
    if (r)
        fail_msg("%s", err.text);
    assert_true(bytes_eq_str(((thrift_set_keyspace_args *)call.args)->keyspace, "k"));
}

static void test_depth(void **state)
{
    (void)state;
    for (int depth = 60; depth < 70; depth++) {
        bytes head = from_hex(HEAD);
        out.n = 0;
        buf_bytes(&out, head);
        for (int i = 0; i < depth; i++)
            buf_put(&out, "\x0c\x00\x05", 3);
        for (int i = 0; i < depth; i++)
            buf_u8(&out, 0);
        buf_put(&out, "\x0b\x00\x01\x00\x00\x00\x00\x00", 8);
        thrift_call call;
        int r = thrift_decode_call(buf_view(&out), &mem, &call, &err);
        assert_int_equal(r, depth < THRIFT_MAX_DEPTH ? 0 : ERR_PROTOCOL);
    }
    assert_string_equal(err.text, "Thrift values nested deeper than 64");
}

/* A frame full of one-byte mutations would take 16 times its size in memory, and more. */
static void test_memory_bound(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    thrift_column_or_super_column *v = arena_array(&mem, thrift_column_or_super_column, N);
    thrift_get_slice_reply reply = {.success = {N, v}, .has_success = true};
    thrift_encode_result(&out, &(thrift_call){.method = THRIFT_METHOD_GET_SLICE}, &reply);
    thrift_reply got;
    assert_int_equal(thrift_decode_reply(buf_view(&out), &mem, &got, &err), ERR_PROTOCOL);
    assert_string_equal(err.text, "Thrift message that would need too much memory");
}

static void test_defaults(void **state)
{
    (void)state;
    thrift_call call;
    /* get_count(key "", {column_family ""}, {slice_range {start "", finish ""}}) */
    bytes wire = from_hex("80010001000000096765745f636f756e7400000001"
                          "0b0001000000000c00020b0003000000000"
                          "00c00030c00020b0001000000000b000200000000000000");
    int r = thrift_decode_call(wire, &mem, &call, &err);
    if (r)
        fail_msg("%s", err.text);
    const thrift_get_count_args *args = call.args;
    assert_int_equal(args->consistency_level, THRIFT_CONSISTENCY_LEVEL_ONE);
    assert_int_equal(args->predicate.slice_range->count, 100);
    assert_false(args->predicate.has_column_names);
    assert_null(args->column_parent.super_column.p);
    assert_non_null(args->key.p);
    assert_true(bytes_eq_str(thrift_cf_def_default.caching, "keys_only"));
    assert_true(thrift_ks_def_default.durable_writes);
    assert_string_equal(THRIFT_VERSION, "19.39.0");
}

static void test_unknown_method(void **state)
{
    (void)state;
    thrift_call call;
    thrift_reply reply;
    bytes wire = from_hex("800100010000000378797a000000070b0001000000016b00");
    assert_int_equal(thrift_decode_call(wire, &mem, &call, &err), 0);
    assert_int_equal(call.method, THRIFT_METHOD_UNKNOWN);
    thrift_encode_unknown_method(&out, &call);
    assert_int_equal(thrift_decode_reply(buf_view(&out), &mem, &reply, &err), 0);
    assert_null(reply.reply);
    assert_int_equal(reply.seqid, 7);
    assert_int_equal(reply.app_error, THRIFT_APP_UNKNOWN_METHOD);
    assert_true(bytes_eq_str(reply.app_text, "Invalid method name: 'xyz'"));
    assert_int_equal(thrift_reply_error(&reply, &err), ERR_NOT_SUPPORTED);
}

static int through_wire(enum thrift_method m, const err_info *e, thrift_reply *ret)
{
    thrift_call call = {.method = m, .seqid = 3, .name = bytes_str(thrift_method_name(m))};
    err_info got = {0};
    out.n = 0;
    thrift_encode_error(&out, &call, e);
    if (thrift_decode_reply(buf_view(&out), &mem, ret, &got) < 0)
        fail_msg("%s", got.text);
    assert_int_equal(ret->method, m);
    assert_int_equal(ret->seqid, 3);
    err = (err_info){0};
    return thrift_reply_error(ret, &err);
}

static void test_errors(void **state)
{
    (void)state;
    thrift_reply r;
    err_info e;
    err_set(&e, ERR_INVALID, "Key may not be empty");
    assert_int_equal(through_wire(THRIFT_METHOD_INSERT, &e, &r), ERR_INVALID);
    assert_string_equal(err.text, "Key may not be empty");
    err_set(&e, ERR_UNAVAILABLE, "2 needed, 1 alive");
    assert_int_equal(through_wire(THRIFT_METHOD_INSERT, &e, &r), ERR_UNAVAILABLE);
    assert_int_equal(through_wire(THRIFT_METHOD_DESCRIBE_RING, &e, &r), ERR_INVALID);
    assert_string_equal(err.text, "2 needed, 1 alive");
    err_set(&e, ERR_NOT_FOUND, "x");
    assert_int_equal(through_wire(THRIFT_METHOD_GET, &e, &r), ERR_NOT_FOUND);
    assert_non_null(((thrift_get_reply *)r.reply)->nfe);
    assert_int_equal(through_wire(THRIFT_METHOD_DESCRIBE_KEYSPACE, &e, &r), ERR_NOT_FOUND);
    err_set(&e, ERR_BAD_CREDENTIALS, "who?");
    assert_int_equal(through_wire(THRIFT_METHOD_LOGIN, &e, &r), ERR_BAD_CREDENTIALS);
    assert_int_equal(through_wire(THRIFT_METHOD_GET, &e, &r), ERR_INVALID);
    err_set(&e, ERR_UNAUTHORIZED, "no");
    assert_int_equal(through_wire(THRIFT_METHOD_INSERT, &e, &r), ERR_INVALID);
    err_set(&e, ERR_SCHEMA_DISAGREEMENT, "no");
    assert_int_equal(through_wire(THRIFT_METHOD_SYSTEM_ADD_KEYSPACE, &e, &r),
                     ERR_SCHEMA_DISAGREEMENT);
    err_set(&e, ERR_CORRUPT, "block 7");
    assert_int_equal(through_wire(THRIFT_METHOD_GET, &e, &r), ERR_SERVER);
    assert_string_equal(err.text, "Internal error processing get: block 7");
    assert_int_equal(r.app_error, THRIFT_APP_INTERNAL_ERROR);
    assert_int_equal(through_wire(THRIFT_METHOD_DESCRIBE_VERSION, &e, &r), ERR_SERVER);
    err_set(&e, ERR_PROTOCOL, "cut");
    assert_int_equal(through_wire(THRIFT_METHOD_GET, &e, &r), ERR_PROTOCOL);
    assert_int_equal(r.app_error, THRIFT_APP_PROTOCOL_ERROR);
}

static void test_timeouts(void **state)
{
    (void)state;
    thrift_reply r;
    err_info e = {0};
    err_set(&e, ERR_WRITE_TIMEOUT, "late");
    e.received = 2;
    e.write_type = "BATCH_LOG";
    assert_int_equal(through_wire(THRIFT_METHOD_BATCH_MUTATE, &e, &r), ERR_TIMEOUT);
    const thrift_timed_out_exception *te = ((thrift_batch_mutate_reply *)r.reply)->te;
    assert_int_equal(te->acknowledged_by, 2);
    assert_true(te->has_acknowledged_by_batchlog && !te->acknowledged_by_batchlog);
    assert_false(te->has_paxos_in_progress);
    e.write_type = "BATCH";
    through_wire(THRIFT_METHOD_BATCH_MUTATE, &e, &r);
    te = ((thrift_batch_mutate_reply *)r.reply)->te;
    assert_true(te->has_acknowledged_by_batchlog && te->acknowledged_by_batchlog);
    e.write_type = "CAS";
    through_wire(THRIFT_METHOD_CAS, &e, &r);
    te = ((thrift_cas_reply *)r.reply)->te;
    assert_true(te->has_paxos_in_progress && te->paxos_in_progress);
    assert_false(te->has_acknowledged_by_batchlog);
    err_set(&e, ERR_READ_TIMEOUT, "late");
    through_wire(THRIFT_METHOD_GET, &e, &r);
    assert_false(((thrift_get_reply *)r.reply)->te->has_acknowledged_by);
}

static void test_stream_limits(void **state)
{
    (void)state;
    thrift_scan scan = {0};
    bytes m;
    size_t used;
    assert_int_equal(thrift_next_message(from_hex("00001001"), true, 4096, &scan, &m, &used, &err),
                     ERR_TOO_LARGE);
    assert_int_equal(thrift_next_message(from_hex("ffffffff"), true, 4096, &scan, &m, &used, &err),
                     ERR_PROTOCOL);
    assert_int_equal(thrift_next_message(from_hex("8001"), false, 4096, &scan, &m, &used, &err), 0);
    assert_int_equal(thrift_next_message(from_hex("4745"), false, 4096, &scan, &m, &used, &err),
                     ERR_PROTOCOL);
    /* a string above the limit is refused before it arrives */
    assert_int_equal(
        thrift_next_message(from_hex(HEAD "0b000100001000"), false, 4096, &scan, &m, &used, &err),
        ERR_PROTOCOL);
}

static void test_method_names(void **state)
{
    (void)state;
    for (int m = 1; m < THRIFT_METHOD_COUNT; m++)
        assert_int_equal(thrift_method_find(bytes_str(thrift_method_name(m))), m);
    assert_int_equal(thrift_method_find(BYTES_LIT("gets")), THRIFT_METHOD_UNKNOWN);
    assert_int_equal(thrift_method_find(BYTES_LIT("")), THRIFT_METHOD_UNKNOWN);
    assert_int_equal(THRIFT_METHOD_COUNT, 46);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_void_result),    TEST(test_rows_result),    TEST(test_malformed),
        TEST(test_unknown_fields), TEST(test_depth),          TEST(test_memory_bound),
        TEST(test_defaults),       TEST(test_unknown_method), TEST(test_errors),
        TEST(test_timeouts),       TEST(test_stream_limits),  TEST(test_method_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
