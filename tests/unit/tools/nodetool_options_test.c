/* nodetool's command line, default port, queries and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>

#include "tools/nodetool/commands.h"
#include "tools/nodetool/port.h"

enum { ARGS_MAX = 12 };

typedef struct parsed {
    nodetool_options o;
    const char *args[ARGS_MAX];
    err_info err;
    int r;
} parsed;

#define PARSE(p, ...)                                                                              \
    do {                                                                                           \
        char *argv_[ARGS_MAX] = {"nodetool", __VA_ARGS__};                                         \
        int argc_ = 0;                                                                             \
        while (argc_ < ARGS_MAX && argv_[argc_])                                                   \
            argc_++;                                                                               \
        *(p) = (parsed){0};                                                                        \
        (p)->r = options_parse(argc_, argv_, (p)->args, &(p)->o, &(p)->err);                       \
    } while (0)

#define EN "\xe2\x80\x93"
#define EM "\xe2\x80\x94"
#define MINUS "\xe2\x88\x92"

static void check_host_port_status(const parsed *p)
{
    assert_int_equal(p->r, 0);
    assert_string_equal(p->o.command, "status");
    assert_string_equal(p->o.host, "10.0.0.9");
    assert_string_equal(p->o.port, "7200");
    assert_int_equal(p->o.n_args, 1);
    assert_string_equal(p->o.args[0], "ks");
}

static void all_forms(void **state)
{
    parsed p;
    (void)state;
    PARSE(&p, "-h", "10.0.0.9", "-p", "7200", "status", "ks");
    check_host_port_status(&p);
    PARSE(&p, "status", "ks", "-h", "10.0.0.9", "-p", "7200");
    check_host_port_status(&p);
    PARSE(&p, "--host=10.0.0.9", "status", "--port=7200", "ks");
    check_host_port_status(&p);
    PARSE(&p, "--host", "10.0.0.9", "-p7200", "status", "ks");
    check_host_port_status(&p);
    PARSE(&p, "-host", "10.0.0.9", "-port", "7200", "status", "ks");
    check_host_port_status(&p);
    PARSE(&p, "-u", "cassandra", "-pw", "secret", "-h", "10.0.0.9", "status", "-p", "7200", "ks");
    check_host_port_status(&p);
    assert_string_equal(p.o.username, "cassandra");
    assert_string_equal(p.o.password, "secret");
}

static void pasted_dashes(void **state)
{
    parsed p;
    (void)state;
    PARSE(&p, EN "h", "10.0.0.9", EN "p", "7200", "status", "ks");
    check_host_port_status(&p);
    PARSE(&p, EN "host", "10.0.0.9", EN "port=7200", "status", "ks");
    check_host_port_status(&p);
    PARSE(&p, EM "host=10.0.0.9", EM "port", "7200", "status", "ks");
    check_host_port_status(&p);
    PARSE(&p, MINUS "h", "10.0.0.9", MINUS "p", "7200", "status", "ks");
    check_host_port_status(&p);
    PARSE(&p, "-" EN "host", "10.0.0.9", EN EN "port", "7200", "status", "ks");
    check_host_port_status(&p);
}

static void flags_and_ends(void **state)
{
    parsed p;
    (void)state;
    PARSE(&p, "info", "-T");
    assert_int_equal(p.r, 0);
    assert_non_null(p.o.tokens);
    assert_null(p.o.ignore);
    PARSE(&p, "cfstats", "-i", "ks.a", "ks.b");
    assert_non_null(p.o.ignore);
    assert_int_equal(p.o.n_args, 2);
    PARSE(&p, "getendpoints", "ks", "t", "-5");
    assert_int_equal(p.r, 0);
    assert_string_equal(p.o.args[2], "-5");
    PARSE(&p, "getendpoints", "--", "ks", "t", "-h");
    assert_int_equal(p.r, 0);
    assert_int_equal(p.o.n_args, 3);
    assert_string_equal(p.o.args[2], "-h");
}

static void wrong(void **state)
{
    parsed p;
    (void)state;
    PARSE(&p, "status", "-x");
    assert_int_equal(p.r, ERR_INVALID);
    assert_string_equal(p.err.text, "Unrecognized option: -x");
    assert_string_equal(p.o.command, "status");
    PARSE(&p, "-zz", "compact", "ks");
    assert_int_equal(p.r, ERR_INVALID);
    assert_string_equal(p.o.command, "compact");
    PARSE(&p, "status", "-h");
    assert_string_equal(p.err.text, "Missing argument for option: h");
    PARSE(&p, "info", "--tokens=3");
    assert_string_equal(p.err.text, "Option --tokens takes no value");
    PARSE(&p, "-h", "a");
    assert_int_equal(p.r, 0);
    assert_null(p.o.command);
}

static void commands(void **state)
{
    (void)state;
    assert_non_null(command_find("status"));
    assert_non_null(command_find("getLoggingLevels"));
    assert_ptr_equal(command_find("cfstats"), command_find("tablestats"));
    assert_null(command_find("repair"));
    assert_true(command_is_missing("repair"));
    assert_true(command_is_missing("removeToken"));
    assert_false(command_is_missing("status"));
    assert_false(command_is_missing("nosuch"));
}

static void ports(void **state)
{
    (void)state;
    assert_int_equal(port_of_text("7199"), 7199);
    assert_int_equal(port_of_text("0"), 0);
    assert_int_equal(port_of_text("65536"), 0);
    assert_int_equal(port_of_text("71x"), 0);
    assert_int_equal(port_of_text(""), 0);
    assert_int_equal(port_of_script("# JMX_PORT=1\nJMX_PORT=\"7300\"\n"), 7300);
    assert_int_equal(port_of_script("  JMX_PORT='7301' # x\n"), 7301);
    assert_int_equal(port_of_script("JMX_PORT=7302"), 7302);
    assert_int_equal(port_of_script("JMX_PORT=\"7100\"\nJMX_PORT=\"7200\"\n"), 7200);
    assert_int_equal(port_of_script("JVM_OPTS=\"$JVM_OPTS -Dx=JMX_PORT=5\"\n"), 0);
    assert_int_equal(port_of_script("JMX_PORT=\"\"\nJMX_PORT=99999\n"), 0);
    assert_int_equal(port_of_script(""), 0);
}

static void queries(void **state)
{
    buf b = {0};
    (void)state;
    buf_str(&b, "/p");
    query_add(&b, "keyspace", "a-b_c.~9");
    query_add(&b, "key", "x y&z=%/\xc3\xa9?");
    buf_u8(&b, 0);
    assert_string_equal((char *)b.p, "/p?keyspace=a-b_c.~9&key=x%20y%26z%3D%25%2F%C3%A9%3F");
    buf_done(&b);
}

static void answers(void **state)
{
    static const char *const bad[] = {"",
                                      "HTTP/1.1 200 OK\r\n",
                                      "SSH-2.0-x\r\n\r\n",
                                      "HTTP/1.1 2x0 O\r\n\r\n",
                                      "HTTP/1.1 20",
                                      "\xac\xed\x01\x05zzzzzzzzzzzzzzzzzz\r\n\r\n"};
    int status;
    bytes body;
    (void)state;
    assert_int_equal(
        http_parse(BYTES_LIT("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n{}"), &status, &body), 0);
    assert_int_equal(status, 404);
    assert_true(bytes_eq_str(body, "{}"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(http_parse(bytes_str(bad[i]), &status, &body), ERR_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms),      cmocka_unit_test(pasted_dashes),
        cmocka_unit_test(flags_and_ends), cmocka_unit_test(wrong),
        cmocka_unit_test(commands),       cmocka_unit_test(ports),
        cmocka_unit_test(queries),        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
