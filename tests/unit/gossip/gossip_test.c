/* Gossip: clusters of state machines on a bad network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>

#include "tests/unit/gossip/net.h"

#define S(n) ((int64_t)((n)*1000000))

static void start_all(net *w, unsigned n, uint64_t seed)
{
    net_init(w, n, seed);
    for (unsigned i = 0; i < n; i++)
        net_start(w, i, 1000, ENDPOINT_NORMAL);
}

/* ---- forming ---- */

static void three_nodes_find_each_other(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        net w;
        start_all(&w, 3, seed);
        net_run(&w, S(3));
        assert_true(net_converged(&w));
        net_run(&w, S(600));
        assert_true(net_converged(&w));
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(w.ups[i], 2);
            assert_int_equal(w.downs[i], 0);
        }
        net_done(&w);
    }
}

static void many_converge_on_a_bad_network(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        net w;
        start_all(&w, 16, seed);
        w.loss_percent = 30;
        w.delay_us = S(2);
        net_run(&w, S(120));
        w.loss_percent = 0;
        net_run(&w, S(10));
        assert_true(net_converged(&w));
        net_done(&w);
    }
}

static void a_change_is_known_at_once_when_spread(void **state)
{
    (void)state;
    net w;
    gossip_output out;
    start_all(&w, 5, 3);
    net_run(&w, S(5));
    gossip_output_init(&out);
    gossip_set_text(w.nodes[2], STATE_SCHEMA, "59adb24e-f3cd-3e02-97f0-5b395827453f", &out);
    gossip_spread(w.nodes[2], &out);
    net_apply(&w, 2, &out);
    gossip_output_done(&out);
    net_run(&w, 10000);
    assert_true(net_converged(&w));
    net_done(&w);
}

static void joining_ones_are_in_the_ring_without_tokens(void **state)
{
    (void)state;
    net w;
    start_all(&w, 3, 5);
    net_start(&w, w.n++, 1000, ENDPOINT_JOINING);
    net_run(&w, S(4));
    for (unsigned i = 0; i < 4; i++) {
        ring *r = gossip_ring(w.nodes[i]);
        assert_int_equal(r->n_endpoints, 4);
        assert_int_equal(r->n_tokens, 6);
        assert_int_equal(r->local, i);
        assert_string_equal(r->endpoints[1].address, "10.0.0.2");
        assert_string_equal(r->endpoints[1].rack, "r1");
        assert_int_equal(r->endpoints[2].native_port, 9042);
        assert_int_equal(r->endpoints[3].status, ENDPOINT_JOINING);
        assert_true(uuid_eq(r->endpoints[0].host_id, uuid_random(0, 1)));
        assert_int_equal(token_to_int(r->tokens[3].token), 1500);
        assert_true(r->endpoints[0].alive && r->endpoints[3].alive);
        ring_unref(r);
    }
    net_done(&w);
}

/* ---- failing ---- */

static void a_killed_node_is_down_after_18_seconds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        net w;
        start_all(&w, 3, seed);
        net_run(&w, S(60));
        net_kill(&w, 2);
        net_run(&w, S(14));
        assert_int_equal(net_alive(&w, 2), 2);
        net_run(&w, S(14));
        assert_int_equal(net_alive(&w, 2), 0);
        net_start(&w, 2, 2000, ENDPOINT_NORMAL);
        net_run(&w, S(3));
        assert_true(net_converged(&w));
        assert_int_equal(w.restarts[2], 2);
        assert_int_equal(w.downs[2], 2);
        assert_int_equal(w.downs[0] + w.downs[1], 0);
        net_done(&w);
    }
}

static void a_fast_restart_is_noticed(void **state)
{
    (void)state;
    net w;
    start_all(&w, 3, 9);
    net_run(&w, S(60));
    net_kill(&w, 1);
    net_start(&w, 1, 1001, ENDPOINT_NORMAL);
    net_run(&w, S(3));
    assert_true(net_converged(&w));
    assert_int_equal(w.restarts[1], 2);
    net_done(&w);
}

static void a_shutdown_is_believed_at_once(void **state)
{
    (void)state;
    net w;
    gossip_output out;
    start_all(&w, 4, 11);
    net_run(&w, S(10));
    gossip_output_init(&out);
    gossip_leave(w.nodes[3], &out);
    net_apply(&w, 3, &out);
    gossip_output_done(&out);
    net_kill(&w, 3);
    net_run(&w, 10000);
    assert_int_equal(net_alive(&w, 3), 0);
    net_run(&w, S(60)); /* what others still tell of it does not raise it */
    assert_int_equal(net_alive(&w, 3), 0);
    net_done(&w);
}

static void a_stopped_process_blames_nobody(void **state)
{
    (void)state;
    net w;
    start_all(&w, 3, 13);
    net_run(&w, S(60));
    w.frozen[0] = true;
    net_run(&w, S(100));
    assert_int_equal(w.downs[0], 2);
    w.frozen[0] = false;
    net_run(&w, S(10));
    assert_true(net_converged(&w));
    assert_int_equal(w.downs[1] + w.downs[2], 0);
    net_done(&w);
}

static void partitions_heal(void **state)
{
    (void)state;
    net w;
    start_all(&w, 6, 17);
    net_run(&w, S(60));
    for (unsigned i = 0; i < 6; i++)
        for (unsigned k = 0; k < 6; k++)
            w.cut[i][k] = (i < 3) != (k < 3);
    net_run(&w, S(40));
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(net_alive(&w, i), 3);
    memset(w.cut, 0, sizeof w.cut);
    net_run(&w, S(30));
    assert_true(net_converged(&w));
    net_done(&w);
}

/* What goes out of node 2 arrives, but nothing reaches it: others hear of it, yet it is not up. */
static void one_way_is_not_up(void **state)
{
    (void)state;
    net w;
    net_init(&w, 3, 19);
    for (unsigned i = 0; i < 3; i++) {
        net_start(&w, i, 1000, ENDPOINT_NORMAL);
        w.cut[i][2] = true;
    }
    net_run(&w, S(30));
    assert_int_equal(net_alive(&w, 2), 1); /* itself */
    net_done(&w);
}

static void a_silent_fat_client_is_forgotten(void **state)
{
    (void)state;
    net w;
    start_all(&w, 3, 23);
    net_start(&w, w.n++, 1000, ENDPOINT_JOINING);
    net_run(&w, S(5));
    net_kill(&w, 3);
    net_run(&w, S(50));
    assert_int_equal(w.removed[3], 3);
    for (unsigned i = 0; i < 3; i++)
        assert_null(gossip_find(w.nodes[i], net_address(3)));
    net_kill(&w, 0); /* one with tokens stays, however long it is silent */
    net_run(&w, S(300));
    assert_non_null(gossip_find(w.nodes[1], net_address(0)));
    net_run(&w, S(60));
    net_start(&w, 3, 3000, ENDPOINT_NORMAL); /* after its quarantine it is welcome again */
    net_run(&w, S(10));
    assert_int_equal(net_alive(&w, 3), 3);
    net_done(&w);
}

/* ---- identity ---- */

static gossip_body told(const char *address, int32_t generation, const char *host_id,
                        gossip_node *node, gossip_value *value)
{
    *value = (gossip_value){STATE_HOST_ID, 1, bytes_str(host_id)};
    *node = (gossip_node){bytes_str(address), generation, 5, 1, value};
    return (gossip_body){0, 1, NULL, node};
}

static void receive(net *w, unsigned i, verb v, const gossip_body *b)
{
    buf text = {0};
    gossip_output out;
    gossip_body_encode(b, &text);
    gossip_output_init(&out);
    assert_int_equal(
        gossip_receive(w->nodes[i], "10.0.0.9", v, buf_view(&text), w->now_us, &out, NULL), 0);
    out.sends.n = 0;
    net_apply(w, i, &out);
    gossip_output_done(&out);
    buf_done(&text);
}

static void other_hosts_do_not_take_addresses(void **state)
{
    (void)state;
    net w;
    gossip_node node;
    gossip_value value;
    const char *host = "11111111-1111-1111-1111-111111111111";
    start_all(&w, 3, 29);
    net_run(&w, S(5));
    gossip_body b = told("10.0.0.3", 5000, host, &node, &value);
    receive(&w, 0, VERB_GOSSIP_ACK2, &b);
    receive(&w, 0, VERB_GOSSIP_ACK2, &b); /* said once */
    assert_int_equal(w.collisions, 1);
    assert_int_equal(gossip_find(w.nodes[0], "10.0.0.3")->generation, 1000);
    b = told("10.0.0.1", 5000, host, &node, &value); /* this node itself */
    receive(&w, 0, VERB_GOSSIP_ACK2, &b);
    assert_int_equal(w.collisions, 2);
    b = told("10.0.0.2", 500, host, &node, &value); /* an earlier life */
    receive(&w, 0, VERB_GOSSIP_ACK2, &b);
    assert_int_equal(gossip_find(w.nodes[0], "10.0.0.2")->generation, 1000);
    b = told("not an ip", 500, host, &node, &value);
    receive(&w, 0, VERB_GOSSIP_ACK2, &b);
    assert_int_equal(gossip_size(w.nodes[0]), 3);
    net_run(&w, S(5));
    assert_true(net_converged(&w));
    net_done(&w);
}

static void shadow(net *w, unsigned i)
{
    gossip_output out;
    w->next_tick_us[i] = INT64_MAX;
    gossip_output_init(&out);
    gossip_shadow(w->nodes[i], &out);
    net_apply(w, i, &out);
    gossip_output_done(&out);
    net_run(w, S(1));
}

static void a_shadow_round_learns_and_tells_nothing(void **state)
{
    (void)state;
    net w;
    int32_t generation;
    err_info e;
    start_all(&w, 3, 31);
    net_run(&w, S(5));
    net_start(&w, w.n++, 1000, ENDPOINT_NORMAL);
    shadow(&w, 3);
    assert_true(gossip_shadow_done(w.nodes[3]));
    assert_int_equal(gossip_size(w.nodes[3]), 4);
    assert_null(gossip_find(w.nodes[0], net_address(3)));
    assert_int_equal(gossip_shadow_check(w.nodes[3], uuid_random(3, 1), &generation, &e), 0);
    assert_int_equal(generation, 1000);
    w.next_tick_us[3] = w.now_us;
    net_run(&w, 10000); /* at the first tick all that it was told of are asked */
    assert_int_equal(net_alive(&w, 0), 4);
    net_run(&w, S(3));
    assert_true(net_converged(&w));
    net_done(&w);
}

static void a_shadow_round_finds_an_earlier_life(void **state)
{
    (void)state;
    net w;
    int32_t generation;
    err_info e;
    start_all(&w, 3, 37);
    net_run(&w, S(5));
    net_kill(&w, 2);
    net_start(&w, 2, 900, ENDPOINT_NORMAL); /* the clock went back */
    shadow(&w, 2);
    assert_int_equal(gossip_shadow_check(w.nodes[2], uuid_random(2, 1), &generation, &e), 0);
    assert_int_equal(generation, 1001);
    assert_int_equal(gossip_shadow_check(w.nodes[2], uuid_random(2, 2), &generation, &e),
                     ERR_EXISTS);
    gossip_restart(w.nodes[2], 1001);
    w.next_tick_us[2] = w.now_us;
    net_run(&w, S(3));
    assert_true(net_converged(&w));
    net_done(&w);
}

static void assert_placed(const gossip *g, unsigned n, unsigned n_alive)
{
    ring *r = gossip_ring((gossip *)g);
    unsigned alive = 0;
    for (unsigned i = 0; i < r->n_endpoints; i++)
        alive += r->endpoints[i].alive;
    assert_int_equal(r->n_endpoints, n);
    assert_int_equal(r->n_tokens, 2 * n);
    assert_int_equal(alive, n_alive);
    ring_unref(r);
}

/* All stop; the first to come back knows the others' places, and who is gone for good is down. */
static void a_new_life_knows_who_holds_what(void **state)
{
    (void)state;
    net w;
    buf kept = {0};
    start_all(&w, 4, 43);
    net_run(&w, S(5));
    gossip_save(w.nodes[3], &kept);
    for (unsigned i = 0; i < 4; i++)
        net_kill(&w, i);
    net_start(&w, 3, 2000, ENDPOINT_NORMAL);
    assert_placed(w.nodes[3], 1, 1);
    assert_int_equal(gossip_recall(w.nodes[3], buf_view(&kept), NULL), 0);
    assert_placed(w.nodes[3], 4, 1);
    net_run(&w, S(60));
    assert_placed(w.nodes[3], 4, 1);
    net_start(&w, 0, 2000, ENDPOINT_NORMAL);
    net_start(&w, 1, 1000, ENDPOINT_NORMAL); /* as if it had never been away */
    net_run(&w, S(10));
    assert_placed(w.nodes[0], 4, 3);
    assert_placed(w.nodes[1], 4, 3);
    assert_placed(w.nodes[3], 4, 3);
    assert_int_equal(gossip_recall(w.nodes[3], bytes_of(kept.p, kept.n / 2), NULL), ERR_CORRUPT);
    net_done(&w);
    buf_done(&kept);
}

/* Whom an answer brought up, and who then says nothing more, is down in the end. */
static void a_recalled_one_that_falls_silent_is_down(void **state)
{
    (void)state;
    net w;
    buf kept = {0};
    start_all(&w, 2, 47);
    net_run(&w, S(5));
    gossip_save(w.nodes[1], &kept);
    net_kill(&w, 1);
    net_start(&w, 1, 2000, ENDPOINT_NORMAL);
    assert_int_equal(gossip_recall(w.nodes[1], buf_view(&kept), NULL), 0);
    gossip_output out;
    gossip_output_init(&out);
    gossip_echoed(w.nodes[1], net_address(0), true, w.now_us, &out);
    gossip_output_done(&out);
    assert_placed(w.nodes[1], 2, 2);
    net_kill(&w, 0);
    net_run(&w, S(60));
    assert_placed(w.nodes[1], 2, 1);
    net_done(&w);
    buf_done(&kept);
}

static void garbage_is_refused(void **state)
{
    (void)state;
    net w;
    gossip_output out;
    start_all(&w, 1, 41);
    gossip_output_init(&out);
    assert_int_equal(gossip_receive(w.nodes[0], "10.0.0.9", VERB_GOSSIP_SYN, bytes_str("\xff\xff"),
                                    0, &out, NULL),
                     ERR_CORRUPT);
    assert_int_equal(
        gossip_receive(w.nodes[0], "10.0.0.9", VERB_MUTATION, bytes_of("\0\0", 2), 0, &out, NULL),
        ERR_PROTOCOL);
    assert_int_equal(out.sends.n, 0);
    gossip_output_done(&out);
    net_done(&w);
}

/* ---- the detector ---- */

static void phi_grows_with_silence(void **state)
{
    (void)state;
    arrival_window a = {0};
    assert_false(arrival_window_suspect(&a, S(1000), 8));
    int64_t now = S(1);
    for (int i = 0; i < 3000; i++, now += S(1))
        arrival_window_report(&a, now, S(2));
    now -= S(1);
    assert_false(arrival_window_suspect(&a, now + S(18), 8));
    assert_true(arrival_window_suspect(&a, now + S(19), 8));
    assert_true(arrival_window_suspect(&a, now + S(12), 5));
    arrival_window_report(&a, now + S(100), S(2)); /* an outage is no sample */
    assert_true(arrival_window_suspect(&a, now + S(119), 8));
    arrival_window_clear(&a);
    for (int i = 0; i < 3000; i++) { /* many signs a second: the detector is quicker */
        arrival_window_report(&a, now, S(2));
        now += 250000;
    }
    assert_true(arrival_window_suspect(&a, now + S(5), 8));
    arrival_window_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_nodes_find_each_other),
        cmocka_unit_test(many_converge_on_a_bad_network),
        cmocka_unit_test(a_change_is_known_at_once_when_spread),
        cmocka_unit_test(joining_ones_are_in_the_ring_without_tokens),
        cmocka_unit_test(a_killed_node_is_down_after_18_seconds),
        cmocka_unit_test(a_fast_restart_is_noticed),
        cmocka_unit_test(a_shutdown_is_believed_at_once),
        cmocka_unit_test(a_stopped_process_blames_nobody),
        cmocka_unit_test(partitions_heal),
        cmocka_unit_test(one_way_is_not_up),
        cmocka_unit_test(a_silent_fat_client_is_forgotten),
        cmocka_unit_test(other_hosts_do_not_take_addresses),
        cmocka_unit_test(a_shadow_round_learns_and_tells_nothing),
        cmocka_unit_test(a_shadow_round_finds_an_earlier_life),
        cmocka_unit_test(a_new_life_knows_who_holds_what),
        cmocka_unit_test(a_recalled_one_that_falls_silent_is_down),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(phi_grows_with_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
