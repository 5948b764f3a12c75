/* cqlsh: command line, cqlshrc, environment; the words of errors; completion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>

#include "tools/cqlsh/complete.h"
#include "tools/cqlsh/report.h"

static options_shell o;
static err_info err;

static int parse(int argc, char **argv)
{
    o = options_shell_default;
    err = (err_info){0};
    return options_read_arguments(argc, argv, &o, &err);
}

#define PARSE(...)                                                                                 \
    parse((int)(sizeof((char *[]){"cqlsh", __VA_ARGS__}) / sizeof(char *)),                        \
          (char *[]){"cqlsh", __VA_ARGS__, NULL})

static void arguments(void **state)
{
    (void)state;
    assert_int_equal(PARSE("10.0.0.1", "9160"), 0);
    assert_string_equal(o.host, "10.0.0.1");
    assert_int_equal(o.port, 9160);
    assert_int_equal(PARSE("h", "-e", "select 1", "-k", "ks", "--no-color", "--thrift"), 0);
    assert_string_equal(o.execute, "select 1");
    assert_string_equal(o.keyspace, "ks");
    assert_int_equal(o.color, COLOR_NEVER);
    assert_true(o.thrift);
    assert_int_equal(PARSE("--request-timeout=2.5", "--protocol-version", "3", "-f", "x", "-t"), 0);
    assert_true(o.request_timeout_s == 2.5 && o.protocol_version == 3 && o.tty);
    assert_int_equal(PARSE("--encoding", "UTF-8", "-C", "-u", "me", "-p", "secret"), 0);
    assert_int_equal(o.color, COLOR_ALWAYS);
    assert_int_equal(PARSE("--help"), 0);
    assert_int_equal(o.mode, OPTIONS_HELP);
}

static void expect_refused(int r, const char *text)
{
    assert_true(r < 0);
    assert_string_equal(err.text, text);
}

static void refused(void **state)
{
    (void)state;
    expect_refused(PARSE("h", "x9042"), "'x9042' is not a valid port number (1 to 65535).");
    expect_refused(PARSE("h", "70000"), "'70000' is not a valid port number (1 to 65535).");
    expect_refused(PARSE("h", "1", "2"), "too many arguments: 2");
    expect_refused(PARSE("--nonsense"), "no such option, or its value is missing: --nonsense");
    expect_refused(PARSE("--protocol-version", "5"),
                   "'5' is not a valid protocol version (3 to 4).");
    expect_refused(PARSE("--connect-timeout", "0"), "'0' is not a valid connect timeout.");
    expect_refused(PARSE("--encoding", "latin-1"),
                   "Encoding 'latin-1' is not supported yet, only utf-8 is.");
}

static void rc_file(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 256);
    o = options_shell_default;
    options_read_rc(BYTES_LIT("; comment\n[connection]\nhostname = db1\r\nport=9999\n"
                              "timeout: 7\n[ui]\ncolor = off\nfloat_precision = 9\nbogus\n"
                              "[nonsense\nx = y\n[copy]\nport = 1"),
                    &a, &o);
    assert_string_equal(o.host, "db1");
    assert_int_equal(o.port, 9999);
    assert_true(o.connect_timeout_s == 7);
    assert_int_equal(o.color, COLOR_NEVER);
    assert_int_equal(o.float_digits, 9);
    options_read_environment(&o, "db2", "");
    assert_string_equal(o.host, "db2");
    assert_int_equal(o.port, 9999);
    options_read_environment(&o, NULL, "9042");
    assert_int_equal(o.port, 9042);
    assert_string_equal(options_find_rc(3, (char *[]){"cqlsh", "--cqlshrc", "f", NULL}), "f");
    assert_null(options_find_rc(2, (char *[]){"cqlsh", "h", NULL}));
    arena_done(&a);
}

/* ---- errors ---- */

static void expect_report(uint16_t code, const err_info *e, const char *text)
{
    buf out = {0};
    report_native(&out, code, e);
    buf_u8(&out, 0);
    assert_string_equal((const char *)out.p, text);
    buf_done(&out);
}

static void reports(void **state)
{
    (void)state;
    expect_report(0x2000, &(err_info){.text = "line 1:0 no"}, "SyntaxException: line 1:0 no");
    expect_report(0x2200, &(err_info){.text = "bad"},
                  "InvalidRequest: Error from server: code=2200 [Invalid query] message=\"bad\"");
    expect_report(0x2400, &(err_info){.keyspace = "x"},
                  "AlreadyExists: Keyspace 'x' already exists");
    expect_report(0x2400, &(err_info){.keyspace = "x", .table = "t"},
                  "AlreadyExists: Table 'x.t' already exists");
    expect_report(
        0x1000, &(err_info){.text = "no", .consistency = CL_QUORUM, .required = 2, .alive = 1},
        "Unavailable: Error from server: code=1000 [Unavailable exception] message=\"no\" "
        "info={'consistency': 'QUORUM', 'required_replicas': 2, 'alive_replicas': 1}");
    expect_report(
        0x1100,
        &(err_info){.text = "no", .consistency = CL_ONE, .block_for = 1, .write_type = "CAS"},
        "WriteTimeout: Error from server: code=1100 [Coordinator node timed out waiting "
        "for replica nodes' responses] message=\"no\" info={'consistency': 'ONE', "
        "'required_responses': 1, 'received_responses': 0, 'write_type': 'CAS'}");
    expect_report(0x7777, &(err_info){.text = "?"},
                  "ErrorMessage: Error from server: code=7777 message=\"?\"");
}

/* What a server writes, a client reads. */
static void numbers_of_errors(void **state)
{
    (void)state;
    err_info in = {.code = ERR_WRITE_TIMEOUT,
                   .text = "slow",
                   .consistency = CL_QUORUM,
                   .received = 1,
                   .block_for = 2,
                   .write_type = "BATCH_LOG"};
    buf out = {0};
    arena a;
    native_response r;
    arena_init(&a, 256);
    native_put_error(&out, 4, &in);
    native_header h = {.version = 4, .response = true, .opcode = OP_ERROR};
    assert_int_equal(native_read_response(&h, buf_view(&out), &a, &r, &err), 0);
    assert_int_equal(r.error_code, 0x1100);
    assert_int_equal(r.error.received, 1);
    assert_int_equal(r.error.block_for, 2);
    assert_string_equal(r.error.write_type, "BATCH_LOG");
    out.n = 0;
    in = (err_info){.code = ERR_EXISTS, .text = "there", .keyspace = "k", .table = "t"};
    native_put_error(&out, 4, &in);
    assert_int_equal(native_read_response(&h, buf_view(&out), &a, &r, &err), 0);
    assert_string_equal(r.error.keyspace, "k");
    assert_string_equal(r.error.table, "t");
    buf_done(&out);
    arena_done(&a);
}

/* ---- completion ---- */

static void expect_completion(const char *word, size_t n, const char *insert)
{
    static const char *const words[] = {"SELECT", "SET", "STATIC", "customers", "customers_old"};
    bytes names[5];
    completions c = {0};
    for (unsigned i = 0; i < 5; i++)
        names[i] = bytes_str(words[i]);
    complete_among(names, 5, bytes_str(word), &c);
    assert_int_equal(c.n, n);
    buf_u8(&c.insert, 0);
    assert_string_equal((const char *)c.insert.p, insert);
    completions_done(&c);
}

static void completion(void **state)
{
    (void)state;
    expect_completion("sel", 1, "ECT ");
    expect_completion("S", 3, "");
    expect_completion("c", 2, "ustomers");
    expect_completion("x", 0, "");
    expect_completion("SELECTED", 0, "");
    expect_completion("", 5, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments),         cmocka_unit_test(refused),
        cmocka_unit_test(rc_file),           cmocka_unit_test(reports),
        cmocka_unit_test(numbers_of_errors), cmocka_unit_test(completion),
    };
    return cmocka_run_group_tests_name("cqlsh options", tests, NULL, NULL);
}
