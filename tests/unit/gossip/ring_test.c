/* Ring and replication: placement against hand-made rings, and against a naive walk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "gossip/ring.h"

/* nodes: "dc/rack" each; node i has the tokens i, i + n, i + 2n, ... (vnodes of them). */
static ring *make_ring(const char *const *places, unsigned n, unsigned vnodes, arena *a)
{
    endpoint *e = arena_array(a, endpoint, n);
    for (unsigned i = 0; i < n; i++) {
        bytes *tokens = arena_array(a, bytes, vnodes);
        for (unsigned k = 0; k < vnodes; k++)
            tokens[k] = token_of_int((int64_t)(i + k * n) * 100, arena_alloc(a, TOKEN_FIXED_MAX));
        const char *slash = strchr(places[i], '/');
        e[i] = (endpoint){.address = arena_printf(a, "127.0.0.%u", i + 1),
                          .dc = arena_str(a, bytes_of(places[i], (size_t)(slash - places[i]))),
                          .rack = slash + 1,
                          .alive = true,
                          .n_tokens = vnodes,
                          .tokens = tokens};
    }
    return ring_new(PARTITIONER_MURMUR3, e, n, 0);
}

static bytes token(int64_t t, arena *a)
{
    return token_of_int(t, arena_alloc(a, TOKEN_FIXED_MAX));
}

static replication parse(unsigned n, const option *o)
{
    replication r;
    err_info e;
    options list = {n, o};
    assert_int_equal(replication_parse(&list, &r, &e), 0);
    return r;
}

static void expect(const ring *r, const replication *rep, bytes t, const char *want)
{
    uint16_t out[RING_NODES_MAX];
    char got[256] = "";
    unsigned n = ring_replicas(r, rep, t, out);
    for (unsigned i = 0; i < n; i++)
        sprintf(got + strlen(got), "%s%u", i ? " " : "", out[i]);
    assert_string_equal(got, want);
}

static void simple_walks_clockwise(void **state)
{
    (void)state;
    static const char *const places[] = {"dc/a", "dc/a", "dc/a"};
    static const option rf2[] = {{"class", "SimpleStrategy"}, {"replication_factor", "2"}};
    static const option rf5[] = {{"class", "SimpleStrategy"}, {"replication_factor", "5"}};
    arena a;
    arena_init(&a, 1024);
    ring *r = make_ring(places, 3, 2, &a); /* 0:0 100:1 200:2 300:0 400:1 500:2 */
    replication two = parse(2, rf2), five = parse(2, rf5);
    expect(r, &two, token(0, &a), "0 1");
    expect(r, &two, token(1, &a), "1 2");
    expect(r, &two, token(200, &a), "2 0");
    expect(r, &two, token(501, &a), "0 1");
    expect(r, &two, token(INT64_MIN, &a), "0 1");
    expect(r, &five, token(150, &a), "2 0 1");
    ring_unref(r);
    arena_done(&a);
}

static void topology_takes_racks_first(void **state)
{
    (void)state;
    static const char *const places[] = {"east/a", "east/a", "west/x", "east/b", "west/x"};
    static const option o[] = {{"class", "org.apache.cassandra.locator.NetworkTopologyStrategy"},
                               {"east", "2"},
                               {"west", "2"}};
    static const option three[] = {{"class", "NetworkTopologyStrategy"}, {"east", "3"}};
    arena a;
    arena_init(&a, 1024);
    ring *r = make_ring(places, 5, 1, &a);
    replication rep = parse(3, o), all = parse(2, three);
    expect(r, &rep, token(0, &a), "0 3 2 4"); /* 1 is in rack a again: b comes first */
    expect(r, &rep, token(50, &a), "1 3 2 4");
    expect(r, &all, token(0, &a), "0 1 3"); /* more replicas than racks: repeats allowed */
    assert_int_equal(replication_total(&rep), 4);
    assert_int_equal(replication_in_dc(&rep, "west"), 2);
    assert_int_equal(replication_in_dc(&rep, "north"), 0);
    ring_unref(r);
    arena_done(&a);
}

static void ownership_adds_up(void **state)
{
    (void)state;
    static const char *const places[] = {"dc/a", "dc/a", "dc/a", "dc/a"};
    static const option o[] = {{"class", "SimpleStrategy"}, {"replication_factor", "3"}};
    arena a;
    arena_init(&a, 1024);
    ring *r = make_ring(places, 4, 8, &a);
    replication rep = parse(2, o);
    double sum = 0;
    for (unsigned i = 0; i < 4; i++)
        sum += ring_ownership(r, &rep, i);
    assert_true(sum > 2.999999 && sum < 3.000001);
    ring_unref(r);
    arena_done(&a);
}

static void bad_options(void **state)
{
    (void)state;
    static const struct {
        option o[3];
        unsigned n;
        const char *says;
    } bad[] = {
        {{{"replication_factor", "1"}}, 1, "Missing mandatory replication strategy class"},
        {{{"class", "NoSuch"}},
         1,
         "Unable to find replication strategy class 'org.apache.cassandra.locator.NoSuch'"},
        {{{"class", "SimpleStrategy"}}, 1, "requires a replication_factor"},
        {{{"class", "SimpleStrategy"}, {"replication_factor", "abc"}},
         2,
         "must be numeric; found abc"},
        {{{"class", "SimpleStrategy"}, {"replication_factor", "-1"}},
         2,
         "must be non-negative; found -1"},
        {{{"class", "SimpleStrategy"}, {"replication_factor", "1"}, {"dc1", "2"}},
         3,
         "Unrecognized strategy option {dc1}"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        replication r;
        err_info e;
        options list = {bad[i].n, bad[i].o};
        assert_int_equal(replication_parse(&list, &r, &e), ERR_CONFIG);
        assert_non_null(strstr(e.text, bad[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_walks_clockwise),
        cmocka_unit_test(topology_takes_racks_first),
        cmocka_unit_test(ownership_adds_up),
        cmocka_unit_test(bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
