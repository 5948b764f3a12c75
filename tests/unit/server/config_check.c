/* What keys say together, addresses, and -D properties. */
#include "tests/unit/server/config_test.h"

static void contradictions(void **state)
{
    static const struct {
        const char *yaml, *sentence;
    } cases[] = {
        {"num_tokens: 3\ninitial_token: 1,2",
         "c.yaml:2: initial_token: lists 2 tokens, but num_tokens is 3"},
        {"initial_token: x1", "c.yaml:1: initial_token: 'x1' is not a token of Murmur3Partitioner"},
        {"commitlog_sync: batch\ncommitlog_sync_period_in_ms: 10",
         "c.yaml:2: commitlog_sync_period_in_ms: goes with commitlog_sync: periodic, but that is "
         "batch"},
        {"commitlog_sync_batch_window_in_ms: 5",
         "c.yaml:1: commitlog_sync_batch_window_in_ms: goes with commitlog_sync: batch, but that "
         "is periodic"},
        {"commitlog_total_space: 16MiB",
         "c.yaml:1: commitlog_total_space: is less than one commitlog_segment_size"},
        {"data_file_directories: [/a/b]\ncommitlog_directory: /a//b/",
         "c.yaml:2: commitlog_directory: must not be one of data_file_directories"},
        {"commitlog_directory: /x\nsaved_caches_directory: /x",
         "c.yaml:2: saved_caches_directory: must not be the same as commitlog_directory"},
        {"commitlog_directory: ''", "c.yaml:1: commitlog_directory: names no directory"},
        {"rpc_port: 9042", "c.yaml:1: rpc_port: 9042 is the native_transport_port, too"},
        {"storage_port: 7199", "c.yaml:1: storage_port: 7199 is the admin_port, too"},
        {"listen_address: 10.0.0.1\nlisten_interface: eth7",
         "c.yaml:2: listen_interface: set this or listen_address, not both"},
        {"listen_interface: eth9",
         "c.yaml:1: listen_interface: there is no network interface 'eth9' with an address"},
        {"listen_address: nowhere.",
         "c.yaml:1: listen_address: 'nowhere.' is not an address and no known host"},
        {"listen_address: 0.0.0.0", "c.yaml:1: listen_address: 0.0.0.0 cannot be used here: other "
                                    "nodes must be able to reach it"},
        {"broadcast_address: '::'", "c.yaml:1: broadcast_address: :: cannot be used here: other "
                                    "nodes must be able to reach it"},
        {"broadcast_rpc_address: 0.0.0.0",
         "c.yaml:1: broadcast_rpc_address: 0.0.0.0 cannot be used here: clients must be able to "
         "reach it"},
        {"seed_provider: [{parameters: [{seeds: nowhere.}]}]",
         "c.yaml:1: seed_provider.parameters.seeds: no seed is left; name at least one node that "
         "is up"},
        {"cluster_name: ''", "c.yaml:1: cluster_name: must not be empty"},
        {"authenticator: org.apache.cassandra.auth.PasswordAuthenticator",
         "c.yaml:1: authenticator: this value is not supported yet"},
        {"client_encryption_options:\n  enabled: true",
         "c.yaml:2: client_encryption_options.enabled: this value is not supported yet"},
        {"encryption_options: {internode_encryption: all}",
         "c.yaml:1: server_encryption_options.internode_encryption: this value is not supported "
         "yet"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(cases[i].yaml, cases[i].sentence);
}

static void blank_addresses_are_the_hosts_own(void **state)
{
    (void)state;
    config *c = loads("listen_address:\nrpc_address: ''\n");
    assert_string_equal(c->listen_address, "10.20.30.40");
    assert_string_equal(c->rpc_address, "10.20.30.40");
    assert_string_equal(c->broadcast_address, "10.20.30.40");
    assert_int_equal(c->warnings.n, 0);
    config_free(c);

    const config_host lost = {test_resolve, test_interface, "unknown.", NULL, 1};
    const config_source source = {.host = &lost};
    c = config_new();
    assert_int_equal(config_finish(c, &source, NULL), 0);
    assert_string_equal(c->listen_address, "127.0.0.1");
    assert_int_equal(c->warnings.n, 2);
    config_free(c);
}

static void addresses(void **state)
{
    (void)state;
    config *c = loads("listen_interface: eth7\nrpc_address: 0.0.0.0\nbroadcast_address: node1\n"
                      "seed_provider: [{parameters: [{seeds: 'node1:7000,nowhere.,::1'}]}]\n");
    assert_string_equal(c->listen_address, "10.7.7.7");
    assert_string_equal(c->broadcast_address, "10.20.30.40");
    assert_string_equal(c->rpc_address, "0.0.0.0");
    assert_string_equal(c->broadcast_rpc_address, "10.20.30.40");
    assert_int_equal(c->seeds.n, 2);
    assert_string_equal(c->seeds.p[1], "::1");
    assert_true(c->is_seed);
    assert_int_equal(c->warnings.n, 1);
    config_free(c);
}

static void one_token_needs_no_num_tokens(void **state)
{
    (void)state;
    config *c = loads("initial_token: 42");
    assert_int_equal(c->num_tokens, 1);
    config_free(c);
}

static void properties_set_keys(void **state)
{
    static const char *const silent[] = {"cassandra.boot_without_jna", "java.library.path",
                                         "cassandra.migration_task_wait_in_seconds", "rpc_port",
                                         "cassandra.settings.nothing"};
    (void)state;
    err_info e = {0};
    config *c = config_new();
    assert_int_equal(config_set_property(c, "cassandra.rpc_port", "19160", &e), 0);
    assert_int_equal(config_set_property(c, "cassandra.join_ring", "True", &e), 0);
    assert_int_equal(config_set_property(c, "cassandra.ring_delay_ms", "1500", &e), 0);
    assert_int_equal(config_set_property(c, "cassandra-foreground", "yes", &e), 0);
    assert_int_equal(config_set_property(c, "cassandra.replace_address", "10.0.0.9", &e), 0);
    assert_int_equal(config_set_property(c, "cassandra.settings.storage_port", "17000", &e), 0);
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        assert_int_equal(config_set_property(c, silent[i], "x", &e), 0);
    assert_int_equal(c->rpc_port, 19160);
    assert_int_equal(c->storage_port, 17000);
    assert_int_equal(c->ring_delay_ms, 1500);
    assert_true(c->join_ring && c->foreground);
    assert_string_equal(c->replace_address, "10.0.0.9");
    assert_int_equal(config_set_property(c, "cassandra.rpc_port", "x", &e), ERR_CONFIG);
    assert_string_equal(e.text, "-Dcassandra.rpc_port: 'x' is not a whole number");
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contradictions),      cmocka_unit_test(blank_addresses_are_the_hosts_own),
        cmocka_unit_test(addresses),           cmocka_unit_test(one_token_needs_no_num_tokens),
        cmocka_unit_test(properties_set_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
