/* The binary protocol's codec: what the client's side writes the server's side reads and the other
 * way round; malformed bodies are refused; every prefix of a good one too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>

#include "model/row.h"
#include "proto/native/native.h"

static native_params some_params(bytes *values, unsigned n)
{
    return (native_params){.cl = CL_QUORUM,
                           .serial_cl = CL_LOCAL_SERIAL,
                           .n_values = n,
                           .values = values,
                           .page_size = 100,
                           .paging_state = BYTES_LIT("state"),
                           .timestamp_us = 12345,
                           .skip_metadata = true};
}

static void query_round_trip(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1024);
    for (int version = 3; version <= 4; version++) {
        bytes values[] = {BYTES_LIT("one"), BYTES_NULL, version == 4 ? BYTES_UNSET : BYTES_EMPTY};
        native_params p = some_params(values, 3);
        native_request q;
        err_info e;
        buf out = {0};
        native_put_query(&out, version, BYTES_LIT("SELECT 1"), &p);
        assert_int_equal(native_read_request(version, 0, OP_QUERY, buf_view(&out), &a, &q, &e), 0);
        assert_true(bytes_eq_str(q.text, "SELECT 1"));
        assert_int_equal(q.params.cl, CL_QUORUM);
        assert_int_equal(q.params.serial_cl, CL_LOCAL_SERIAL);
        assert_int_equal(q.params.n_values, 3);
        assert_true(bytes_eq_str(q.params.values[0], "one"));
        assert_true(bytes_is_null(q.params.values[1]));
        assert_true(version == 4 ? bytes_is_unset(q.params.values[2])
                                 : !bytes_is_null(q.params.values[2]) && q.params.values[2].n == 0);
        assert_int_equal(q.params.page_size, 100);
        assert_true(bytes_eq_str(q.params.paging_state, "state"));
        assert_int_equal(q.params.timestamp_us, 12345);
        assert_true(q.params.skip_metadata);
        for (size_t cut = 0; cut < out.n; cut++)
            assert_int_equal(
                native_read_request(version, 0, OP_QUERY, bytes_of(out.p, cut), &a, &q, &e),
                ERR_PROTOCOL);
        buf_done(&out);
    }
    arena_done(&a);
}

static void named_values(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1024);
    bytes values[] = {BYTES_LIT("v")}, names[] = {BYTES_LIT("who")};
    native_params p = {.cl = CL_ONE,
                       .serial_cl = CL_SERIAL,
                       .n_values = 1,
                       .values = values,
                       .names = names,
                       .page_size = -1,
                       .timestamp_us = NO_TIMESTAMP};
    native_request q;
    buf out = {0};
    native_put_execute(&out, 4, BYTES_LIT("0123456789abcdef"), &p);
    assert_int_equal(native_read_request(4, 0, OP_EXECUTE, buf_view(&out), &a, &q, NULL), 0);
    assert_true(bytes_eq_str(q.id, "0123456789abcdef"));
    assert_true(bytes_eq_str(q.params.names[0], "who"));
    assert_int_equal(q.params.page_size, -1);
    assert_true(q.params.timestamp_us == NO_TIMESTAMP);
    buf_done(&out);
    arena_done(&a);
}

static void bad_requests(void **state)
{
    (void)state;
    static const struct {
        native_opcode op;
        const char *body;
        size_t n;
        const char *says;
    } bad[] = {
        {OP_QUERY, "\xff\xff\xff\xff", 4, "runs past"},
        {OP_QUERY, "\0\0\0\1x\0\x55\0", 8, "Unknown code 85 for a consistency level"},
        {OP_BATCH, "\7", 1, "batch type"},
        {OP_BATCH, "\0\0\1\3\0\0\0\0\0\0\0", 11, "Must be 0 or 1"},
        {OP_STARTUP, "\xff\xff", 2, "runs past"},
        {OP_REGISTER, "\0\1\0\5abc", 7, "runs past"},
        {(native_opcode)0x42, "", 0, "Unknown opcode 66"},
    };
    arena a;
    arena_init(&a, 1024);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        native_request q;
        err_info e = {0};
        int r = native_read_request(4, 0, bad[i].op, bytes_of(bad[i].body, bad[i].n), &a, &q, &e);
        assert_int_equal(r, ERR_PROTOCOL);
        assert_non_null(strstr(e.text, bad[i].says));
    }
    arena_done(&a);
}

static void batch(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1024);
    buf b = {0};
    native_request q;
    buf_u8(&b, 1);
    buf_be16(&b, 2);
    buf_u8(&b, 0);
    native_put_long_string(&b, BYTES_LIT("INSERT"));
    buf_be16(&b, 0);
    buf_u8(&b, 1);
    native_put_short_bytes(&b, BYTES_LIT("id"));
    buf_be16(&b, 1);
    native_put_bytes(&b, BYTES_LIT("v"));
    buf_be16(&b, CL_ALL);
    buf_u8(&b, 0x20);
    buf_be64(&b, 77);
    assert_int_equal(native_read_request(4, 0, OP_BATCH, buf_view(&b), &a, &q, NULL), 0);
    assert_int_equal(q.batch_type, 1);
    assert_int_equal(q.n_batch, 2);
    assert_false(q.batch[0].prepared);
    assert_true(q.batch[1].prepared);
    assert_true(bytes_eq_str(q.batch[1].values[0], "v"));
    assert_int_equal(q.params.cl, CL_ALL);
    assert_int_equal(q.params.timestamp_us, 77);
    buf_done(&b);
    arena_done(&a);
}

static void rows_round_trip(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1024);
    const type *list = type_list(&a, type_native(TYPE_INT), true);
    const type *parts[] = {type_native(TYPE_TEXT), list};
    column_spec columns[] = {{"ks", "t", "k", type_native(TYPE_INT)},
                             {"ks", "t", "m", type_map(&a, type_native(TYPE_TEXT), list, false)},
                             {"ks", "t", "tu", type_tuple(&a, parts, 2)}};
    bytes values[] = {BYTES_LIT("\0\0\0\1"), BYTES_NULL, BYTES_LIT("x"),
                      BYTES_EMPTY,           BYTES_NULL, BYTES_LIT("y")};
    native_rows in = {3, columns, 2, values, BYTES_LIT("more"), false};
    for (int version = 3; version <= 4; version++) {
        buf out = {0};
        native_header h;
        native_response r;
        size_t at = native_begin(&out, version, true, 5, OP_RESULT, 0);
        native_put_rows(&out, version, &in);
        native_end(&out, at);
        assert_int_equal(native_read_header(buf_view(&out), &h, NULL), 0);
        assert_true(h.response && h.version == version && h.stream == 5 &&
                    h.length == out.n - NATIVE_HEADER);
        bytes body = bytes_of(out.p + NATIVE_HEADER, h.length);
        assert_int_equal(native_read_response(&h, body, &a, &r, NULL), 0);
        assert_int_equal(r.rows.n_rows, 2);
        for (int i = 0; i < 3; i++) {
            assert_string_equal(r.rows.columns[i].name, columns[i].name);
            assert_true(r.rows.columns[i].type->kind == columns[i].type->kind);
        }
        for (int i = 0; i < 6; i++)
            assert_true(bytes_eq(r.rows.values[i], values[i]));
        assert_true(bytes_eq_str(r.rows.paging_state, "more"));
        for (size_t cut = 4; cut < body.n; cut++)
            assert_int_equal(native_read_response(&h, bytes_of(body.p, cut), &a, &r, NULL),
                             ERR_PROTOCOL);
        buf_done(&out);
    }
    arena_done(&a);
}

static void errors_round_trip(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1024);
    err_info e = {.consistency = CL_QUORUM, .required = 2, .alive = 1};
    err_set(&e, ERR_UNAVAILABLE, "Cannot achieve consistency level QUORUM");
    buf out = {0};
    native_header h;
    native_response r;
    size_t at = native_begin(&out, 4, true, 1, OP_ERROR, 0);
    native_put_error(&out, 4, &e);
    native_end(&out, at);
    assert_int_equal(native_read_header(buf_view(&out), &h, NULL), 0);
    assert_int_equal(native_read_response(&h, bytes_of(out.p + 9, h.length), &a, &r, NULL), 0);
    assert_int_equal(r.error_code, 0x1000);
    assert_int_equal(r.error.required, 2);
    assert_int_equal(r.error.alive, 1);
    assert_int_equal(r.error.consistency, CL_QUORUM);
    buf_done(&out);
    arena_done(&a);
}

/* v3 knows no failure codes: they arrive as timeouts. */
static void failures_for_v3(void **state)
{
    (void)state;
    err_info e = {.code = ERR_READ_FAILURE, .received = 1, .block_for = 2, .failures = 1};
    buf out = {0};
    native_put_error(&out, 3, &e);
    assert_int_equal(get_be32(out.p), 0x1200);
    assert_int_equal(out.n, 4 + 2 + 2 + 4 + 4 + 1);
    out.n = 0;
    native_put_error(&out, 4, &e);
    assert_int_equal(get_be32(out.p), 0x1300);
    buf_done(&out);
}

static void compression(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1024);
    for (native_compression c = NATIVE_LZ4; c <= NATIVE_SNAPPY; c++) {
        buf out = {0}, scratch = {0};
        bytes got;
        native_header h;
        size_t at = native_begin(&out, 4, true, 1, OP_RESULT, 0);
        for (int i = 0; i < 1000; i++)
            buf_str(&out, "abc");
        native_end_compressed(&out, at, c, &scratch);
        native_read_header(buf_view(&out), &h, NULL);
        assert_true(h.flags & NATIVE_COMPRESSED && h.length < 1000);
        bytes body = bytes_of(out.p + 9, h.length);
        assert_int_equal(native_decompress(c, body, 3000, &a, &got, NULL), 0);
        assert_int_equal(got.n, 3000);
        assert_int_equal(native_decompress(c, body, 2999, &a, &got, NULL), ERR_PROTOCOL);
        assert_int_equal(native_decompress(c, bytes_of(body.p, body.n - 1), 3000, &a, &got, NULL),
                         ERR_PROTOCOL);
        assert_int_equal(native_decompress(NATIVE_PLAIN, body, 3000, &a, &got, NULL), ERR_PROTOCOL);
        buf_done(&out);
        buf_done(&scratch);
    }
    arena_done(&a);
}

/* Drivers look for these words, and one for the number at the end. */
static void version_error(void **state)
{
    (void)state;
    err_info e;
    assert_int_equal(native_bad_version(66, &e), ERR_PROTOCOL);
    assert_string_equal(
        e.text, "Invalid or unsupported protocol version (66); the lowest supported version is 3 "
                "and the greatest is 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_round_trip), cmocka_unit_test(named_values),
        cmocka_unit_test(bad_requests),     cmocka_unit_test(batch),
        cmocka_unit_test(rows_round_trip),  cmocka_unit_test(errors_round_trip),
        cmocka_unit_test(failures_for_v3),  cmocka_unit_test(compression),
        cmocka_unit_test(version_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
