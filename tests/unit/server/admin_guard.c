/* Which requests the management port takes: those of no foreign page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>

#include "server/admin/guard.h"

static void hosts(void **state)
{
    static const char *const good[] = {
        "127.0.0.1", "127.0.0.1:7199", "10.1.2.3:80", "localhost", "LocalHost:7199",
        "[::1]",     "[fe80::1]:7199", "db1",         "DB1:7199"};
    static const char *const bad[] = {"",
                                      "evil.example",
                                      "evil.example:7199",
                                      "localhost.evil.example",
                                      "127.0.0.1.evil.example",
                                      "[::1",
                                      "[::1]x",
                                      "[127.0.0.1]",
                                      "::1",
                                      "127.0.0.1:80:90",
                                      "db1.evil.example",
                                      "127.0.0.1:x",
                                      "localhost:7199/",
                                      "[evil]",
                                      "[]",
                                      ":7199",
                                      "127.0.0.1 "};
    (void)state;
    assert_true(guard_host_allowed(NULL, NULL));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!guard_host_allowed(good[i], "db1"))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (guard_host_allowed(bad[i], "db1"))
            fail_msg("taken: %s", bad[i]);
    assert_false(guard_host_allowed("db1", NULL));
    assert_false(guard_host_allowed("", ""));
}

static void origins(void **state)
{
    static const struct {
        guard_headers h;
        bool taken;
    } cases[] = {
        {{"127.0.0.1:7199", NULL, NULL}, true},
        {{"127.0.0.1:7199", "http://127.0.0.1:7199", "same-origin"}, true},
        {{"127.0.0.1:7199", "http://127.0.0.1:7199", "none"}, true},
        {{"127.0.0.1:7199", "http://evil.example", "cross-site"}, false},
        {{"127.0.0.1:7199", "http://127.0.0.1:8000", "same-site"}, false},
        {{"127.0.0.1:7199", "https://127.0.0.1:7199", NULL}, false},
        {{"127.0.0.1:7199", "null", NULL}, false},
        {{"127.0.0.1:7199", NULL, "cross-site"}, false},
        {{NULL, "http://evil.example", NULL}, false},
        {{"evil.example", "http://evil.example", "same-origin"}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(guard_check(&cases[i].h, NULL) == NULL, cases[i].taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hosts), cmocka_unit_test(origins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
