/* Replica plans: how many answers each level asks for, and who says Unavailable with which numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the above first */
#include <cmocka.h>

#include "coordinator/plan.h"

typedef struct place {
    const char *dc;
    bool alive;
} place;

static ring *make_ring(const place *places, unsigned n, arena *a)
{
    endpoint *e = arena_array(a, endpoint, n);
    for (unsigned i = 0; i < n; i++) {
        bytes *token = arena_array(a, bytes, 1);
        *token = token_of_int((int64_t)i * 100, arena_alloc(a, TOKEN_FIXED_MAX));
        e[i] = (endpoint){.address = "127.0.0.1",
                          .dc = places[i].dc,
                          .rack = "r",
                          .alive = places[i].alive,
                          .n_tokens = 1,
                          .tokens = token};
    }
    return ring_new(PARTITIONER_MURMUR3, e, n, 0);
}

/* One node, replication factor 3: what a developer's machine has. */
static void one_node_of_three(void **state)
{
    (void)state;
    static const place one[] = {{"dc", true}};
    static const struct {
        consistency cl;
        int required; /* 0: goes on */
    } want[] = {
        {CL_ANY, 0},         {CL_ONE, 0},    {CL_LOCAL_ONE, 0},    {CL_TWO, 2},
        {CL_THREE, 3},       {CL_QUORUM, 2}, {CL_ALL, 3},          {CL_LOCAL_QUORUM, 2},
        {CL_EACH_QUORUM, 2}, {CL_SERIAL, 2}, {CL_LOCAL_SERIAL, 2},
    };
    replication rep = {.strategy = STRATEGY_SIMPLE, .factor = 3};
    uint8_t room[TOKEN_FIXED_MAX];
    arena a;
    arena_init(&a, 1024);
    ring *r = make_ring(one, 1, &a);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        replica_plan plan;
        err_info e = {0};
        int code = plan_make(r, &rep, token_of_int(5, room), want[i].cl, &plan, &e);
        assert_int_equal(code, want[i].required ? ERR_UNAVAILABLE : 0);
        if (code < 0) {
            assert_int_equal(e.required, want[i].required);
            assert_int_equal(e.alive, 1);
            assert_int_equal(e.consistency, want[i].cl);
        } else {
            assert_true(plan.local);
            assert_int_equal(plan.need, 1);
        }
    }
    ring_unref(r);
    arena_done(&a);
}

static void two_data_centres(void **state)
{
    (void)state;
    static const place places[] = {{"east", true}, {"east", true},  {"east", false},
                                   {"west", true}, {"west", false}, {"west", false}};
    replication rep = {.strategy = STRATEGY_NETWORK_TOPOLOGY, .n_dcs = 2};
    rep.dcs[0].dc = "east";
    rep.dcs[1].dc = "west";
    rep.dcs[0].factor = rep.dcs[1].factor = 3;
    uint8_t room[TOKEN_FIXED_MAX];
    replica_plan plan;
    arena a;
    err_info e;
    arena_init(&a, 1024);
    ring *r = make_ring(places, 6, &a);
    bytes token = token_of_int(5, room);
    assert_int_equal(plan_make(r, &rep, token, CL_LOCAL_QUORUM, &plan, &e), 0);
    assert_int_equal(plan.need, 2);
    assert_int_equal(plan.n, 6);
    assert_int_equal(plan.alive, 3);
    assert_int_equal(plan_make(r, &rep, token, CL_QUORUM, &plan, &e), ERR_UNAVAILABLE);
    assert_int_equal(e.required, 4);
    assert_int_equal(e.alive, 3);
    assert_int_equal(plan_make(r, &rep, token, CL_EACH_QUORUM, &plan, &e), ERR_UNAVAILABLE);
    assert_int_equal(e.required, 4);
    ring_unref(r);
    arena_done(&a);
}

static void each_quorum_counts_every_data_centre(void **state)
{
    (void)state;
    static const place places[] = {{"east", true}, {"east", true},  {"east", true},
                                   {"west", true}, {"west", false}, {"west", false}};
    replication rep = {.strategy = STRATEGY_NETWORK_TOPOLOGY, .n_dcs = 2};
    rep.dcs[0].dc = "east";
    rep.dcs[1].dc = "west";
    rep.dcs[0].factor = rep.dcs[1].factor = 3;
    uint8_t room[TOKEN_FIXED_MAX];
    replica_plan plan;
    arena a;
    err_info e;
    arena_init(&a, 1024);
    ring *r = make_ring(places, 6, &a);
    /* Four live and four needed, but not two in the west. */
    assert_int_equal(plan_make(r, &rep, token_of_int(5, room), CL_EACH_QUORUM, &plan, &e),
                     ERR_UNAVAILABLE);
    assert_int_equal(e.required, 2);
    assert_int_equal(e.alive, 1);
    ring_unref(r);
    arena_done(&a);
}

static void levels_for_one_direction(void **state)
{
    (void)state;
    err_info e;
    assert_int_equal(plan_check_read(CL_ANY, &e), ERR_INVALID);
    assert_string_equal(e.text, "ANY ConsistencyLevel is only supported for writes");
    assert_int_equal(plan_check_write(CL_SERIAL, &e), ERR_INVALID);
    assert_string_equal(e.text, "You must use conditional updates for serializable writes");
    assert_int_equal(plan_check_read(CL_SERIAL, &e), 0);
    assert_int_equal(plan_check_write(CL_ANY, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node_of_three),
        cmocka_unit_test(two_data_centres),
        cmocka_unit_test(each_quorum_counts_every_data_centre),
        cmocka_unit_test(levels_for_one_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
