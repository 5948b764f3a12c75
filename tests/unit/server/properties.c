/* The properties syntax as people really write it. */
#include "tests/unit/server/config_test.h"

#include "server/config/properties.h"

static void syntax(void **state)
{
    static const char text[] = "\xef\xbb\xbf# comment\r\n"
                               "dc =WESTUS \r\n"
                               "! another\n"
                               "  rack: R 1\n"
                               "fe80\\:0\\:1=DC1:RAC3\n"
                               "long=one,\\\n    two\n"
                               "uni=\\u00e9\\t.\n"
                               "empty=\n"
                               "bare\n"
                               "space value here\n"
                               "dc=EAST\\ \n"
                               "last\\";
    static const char *const want[][2] = {
        {"dc", "EAST "},     {"rack", "R 1"},         {"fe80:0:1", "DC1:RAC3"},
        {"long", "one,two"}, {"uni", "\xc3\xa9\t."},  {"empty", ""},
        {"bare", ""},        {"space", "value here"}, {"last", ""}};
    (void)state;
    arena a;
    properties p;
    arena_init(&a, 512);
    properties_parse(BYTES_LIT(text), &a, &p);
    assert_int_equal(p.n, 10);
    assert_string_equal(p.p[0].key, "dc");
    assert_string_equal(p.p[0].value, "WESTUS");
    assert_int_equal(p.p[0].line, 2);
    assert_int_equal(p.p[9].line, 13);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const char *v = properties_get(&p, want[i][0]);
        assert_non_null(v);
        assert_string_equal(v, want[i][1]);
    }
    assert_null(properties_get(&p, "absent"));
    arena_done(&a);
}

static void topology(void **state)
{
    static const char text[] =
        "127.0.0.1=dc1:r1\n10.0.0.2 = DC 2 : R2 \nfe80\\:0\\:0\\:0\\:0\\:0\\:0\\:1=DC3:R3\n"
        "10.0.0.3=nothing\n";
    (void)state;
    arena a;
    properties p;
    err_info e;
    const char *dc, *rack;
    arena_init(&a, 512);
    properties_parse(BYTES_LIT(text), &a, &p);
    assert_int_equal(topology_lookup(&p, "10.0.0.2", &a, &dc, &rack, &e), 0);
    assert_string_equal(dc, "DC 2");
    assert_string_equal(rack, "R2");
    assert_int_equal(topology_lookup(&p, "fe80::1", &a, &dc, &rack, &e), 0);
    assert_string_equal(dc, "DC3");
    assert_int_equal(topology_lookup(&p, "10.0.0.3", &a, &dc, &rack, &e), ERR_CONFIG);
    assert_string_equal(e.text, "line 4: 'nothing' is not DC:RACK");
    assert_int_equal(topology_lookup(&p, "10.0.0.4", &a, &dc, &rack, &e), ERR_NOT_FOUND);
    properties_parse(BYTES_LIT("default=dc1:r1\n"), &a, &p);
    assert_int_equal(topology_lookup(&p, "10.0.0.4", &a, &dc, &rack, &e), 0);
    assert_string_equal(rack, "r1");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syntax),
        cmocka_unit_test(topology),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
