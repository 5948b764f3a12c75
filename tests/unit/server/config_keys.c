/* Every row of the table, every form of value, every error of a single key. */
#include "tests/unit/server/config_test.h"

#include <stdlib.h>

#include "server/config/internal.h"

/* A value that the row takes, as YAML; NULL where the key takes none. */
static const char *sample(const config_key *row, const config_key *given, char *out, size_t cap)
{
    static const char *const values[] = {"true", "7", "7ms", "7MiB", "7MiB/s", "6.5", "word"};
    const char *bare = given->bare;
    int n;
    switch (row->type) {
    case T_ENUM:
    case T_CLASS:
        n = (int)strcspn(row->choices, " ");
        snprintf(out, cap, "%.*s", n, row->choices);
        return out;
    case T_LIST:
        return "[a, b]";
    case T_CSV:
        return "a, b";
    case T_MAP:
        return "{}";
    case T_IGNORED:
        return "{what: [ever]}";
    case T_INT:
    case T_REAL:
        snprintf(out, cap, "%.0f", row->lo > 7 || row->hi < 7 ? row->lo : 7);
        return out;
    case T_MS:
    case T_BYTES:
    case T_RATE:
        return bare ? (row->lo > 7 && strcmp(bare, "B") == 0 ? "100000" : "70") : values[row->type];
    default:
        return values[row->type];
    }
}

static void every_key_is_accepted_and_no_value_of_it_is_null(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_n_keys; i++) {
        const config_key *k = &config_keys[i], *row = config_key_resolve(k);
        assert_non_null(row);
        if (strchr(k->name, '.') || strncmp(k->name, "cassandra-", 10) == 0)
            continue;
        char value[64], text[256];
        err_info e = {0};
        snprintf(text, sizeof text, "%s: %s\n", k->name, sample(row, k, value, sizeof value));
        config *c = config_new();
        if (config_parse_yaml(c, "c.yaml", bytes_str(text), &e) < 0)
            fail_msg("%s", e.text);
        assert_int_equal(c->warnings.n, row->type == T_IGNORED);
        if (row->type != T_IGNORED)
            assert_true(c->state->row[config_key_index(row)].set);
        snprintf(text, sizeof text, "%s:\n", k->name);
        config *blank = config_free(c);
        blank = config_new();
        assert_int_equal(config_parse_yaml(blank, "c.yaml", bytes_str(text), &e), 0);
        config *plain = config_new();
        if (row->type < T_MAP)
            assert_true(config_value_equal(row, blank, plain));
        config_free(plain);
        config_free(blank);
    }
}

static void names_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_n_keys; i++)
        assert_ptr_equal(config_key_find(config_keys[i].name), &config_keys[i]);
    assert_true(config_n_keys > 500);
}

static void old_and_new_names_say_the_same(void **state)
{
    (void)state;
    config *a = loads("read_request_timeout_in_ms: 1500\ncommitlog_segment_size_in_mb: 8\n"
                      "stream_throughput_outbound_megabits_per_sec: 200\n"
                      "memtable_total_space_in_mb: 64\ncommitlog_sync_period_in_ms: 10000\n"
                      "thrift_framed_transport_size_in_mb: 15\ncross_node_timeout: false\n");
    config *b = loads("read_request_timeout: 1500ms\ncommitlog_segment_size: 8192KiB\n"
                      "stream_throughput_outbound: 25000000B/s\nmemtable_heap_space: 64MiB\n"
                      "commitlog_sync_period: 10s\nthrift_framed_transport_size: 15MiB\n"
                      "internode_timeout: no\n");
    assert_int_equal(a->read_request_timeout_ms, 1500);
    assert_int_equal(a->stream_throughput_outbound_bytes_per_s, 25000000);
    assert_int_equal(a->memtable_heap_space_bytes, 64 << 20);
    for (size_t i = 0; i < config_n_keys; i++)
        if (config_keys[i].type < T_MAP)
            assert_true(config_value_equal(&config_keys[i], a, b));
    config_free(a);
    config_free(b);
}

static void units(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"1ms", 1},    {"2s", 2000}, {"3m", 180000}, {"1h", 3600000}, {"2d", 172800000},
                 {"1500us", 2}, {"1ns", 1},   {"0.5s", 500},  {"10 s", 10000}, {"'250ms'", 250}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        snprintf(text, sizeof text, "read_request_timeout: %s", cases[i].text);
        config *c = loads(text);
        assert_int_equal(c->read_request_timeout_ms, cases[i].ms);
        config_free(c);
    }
}

static void values(void **state)
{
    (void)state;
    config *c = loads("cluster_name: 42\nnum_tokens: 2\ninitial_token: -9223372036854775808,  7\n"
                      "partitioner: RandomPartitioner\nphi_convict_threshold: 12.5\n"
                      "start_rpc: False\nrow_cache_size_in_mb: 0\ncommitlog_sync: batch\n"
                      "commitlog_sync_batch_window_in_ms: 49.5\ncommitlog_sync_period_in_ms: null\n"
                      "data_file_directories: [/d/data]\nhinted_handoff_enabled: dc1, dc2\n"
                      "disk_failure_policy: ignore\nkey_cache_size_in_mb:\n"
                      "seed_provider:\n  - class_name: org.apache.cassandra.locator."
                      "SimpleSeedProvider\n    parameters:\n      - seeds: '10.0.0.1, node1'\n");
    assert_string_equal(c->cluster_name, "42");
    assert_int_equal(c->initial_token.n, 2);
    assert_string_equal(c->initial_token.p[0], "-9223372036854775808");
    assert_string_equal(c->initial_token.p[1], "7");
    assert_string_equal(c->partitioner, "RandomPartitioner");
    assert_true(c->phi_convict_threshold == 12.5);
    assert_false(c->start_rpc);
    assert_int_equal(c->commitlog_sync, COMMITLOG_BATCH);
    assert_int_equal(c->commitlog_sync_batch_window_ms, 50);
    assert_string_equal(c->data_file_directories.p[0], "/d/data");
    assert_true(c->hinted_handoff);
    assert_int_equal(c->hinted_handoff_datacenters.n, 2);
    assert_int_equal(c->disk_failure_policy, 4);
    assert_int_equal(c->key_cache_size_bytes, CONFIG_AUTO);
    assert_int_equal(c->seeds.n, 2);
    assert_string_equal(c->seeds.p[1], "10.20.30.40");
    assert_string_equal(c->seed_provider, "SimpleSeedProvider");
    config_free(c);
}

static void errors_name_file_line_and_key(void **state)
{
    static const struct {
        const char *yaml, *sentence;
    } cases[] = {
        {"\n\nfoo: 1\n", "c.yaml:3: unknown key 'foo'"},
        {"cassandra.join_ring: true", "c.yaml:1: unknown key 'cassandra.join_ring'"},
        {"seed_provider.class_name: x", "c.yaml:1: unknown key 'seed_provider.class_name'"},
        {"seed_provider:\n - klass: x", "c.yaml:2: unknown key 'seed_provider.klass'"},
        {"rpc_port: 1\nnum_tokens: 1\nrpc_port: 2",
         "c.yaml:3: key 'rpc_port' is already set in line 1"},
        {"rpc_port: abc", "c.yaml:1: rpc_port: 'abc' is not a whole number"},
        {"rpc_port: 9160x", "c.yaml:1: rpc_port: '9160x' is not a whole number"},
        {"rpc_port: 1.5", "c.yaml:1: rpc_port: '1.5' is not a whole number"},
        {"rpc_port: 65536", "c.yaml:1: rpc_port: 65536 is not between 0 and 65535"},
        {"num_tokens: 1537", "c.yaml:1: num_tokens: 1537 is not between 1 and 1536"},
        {"num_tokens: 0", "c.yaml:1: num_tokens: 0 is not between 1 and 1536"},
        {"phi_convict_threshold: 4.9",
         "c.yaml:1: phi_convict_threshold: 4.9 is not between 5 and 16"},
        {"concurrent_reads: 1", "c.yaml:1: concurrent_reads: 1 is not between 2 and 4096"},
        {"tombstone_warn_threshold: -1",
         "c.yaml:1: tombstone_warn_threshold: -1 is below the lowest value, 0"},
        {"start_rpc: maybe", "c.yaml:1: start_rpc: 'maybe' is not true or false"},
        {"read_request_timeout: 5",
         "c.yaml:1: read_request_timeout: '5' needs a unit, it should be a duration such as "
         "500ms, 10s, 3h"},
        {"read_request_timeout: 5 apples",
         "c.yaml:1: read_request_timeout: '5 apples' has no known unit, it should be a duration "
         "such as 500ms, 10s, 3h"},
        {"read_request_timeout: soon",
         "c.yaml:1: read_request_timeout: 'soon' is not a duration such as 500ms, 10s, 3h"},
        {"read_request_timeout_in_ms: 0", "c.yaml:1: read_request_timeout_in_ms: 0 is too small"},
        {"read_request_timeout: 99999999999999999999d",
         "c.yaml:1: read_request_timeout: 99999999999999999999d is too large"},
        {"commitlog_segment_size: 32MB",
         "c.yaml:1: commitlog_segment_size: '32MB' has no known unit, it should be a size such as "
         "64KiB, 32MiB, 1GiB"},
        {"commitlog_segment_size_in_mb: 2048",
         "c.yaml:1: commitlog_segment_size_in_mb: 2048 is out of range"},
        {"commitlog_sync: sometimes",
         "c.yaml:1: commitlog_sync: 'sometimes' is not one of: periodic, batch, group"},
        {"disk_failure_policy: '-'",
         "c.yaml:1: disk_failure_policy: '-' is not one of: stop, stop_paranoid, best_effort, "
         "ignore, die"},
        {"endpoint_snitch: com.example.Murmur",
         "c.yaml:1: endpoint_snitch: 'com.example.Murmur' is not one of: SimpleSnitch, "
         "GossipingPropertyFileSnitch, PropertyFileSnitch, RackInferringSnitch"},
        {"data_file_directories: /d",
         "c.yaml:1: data_file_directories: '/d' stands where a list should be"},
        {"data_file_directories: [[a]]",
         "c.yaml:1: data_file_directories: the list holds something that is not a word"},
        {"rpc_port: [1]", "c.yaml:1: rpc_port: a list stands where a whole number should be"},
        {"cluster_name: [x]", "c.yaml:1: cluster_name: a list stands where one value should be"},
        {"cluster_name: {x: y}", "c.yaml:1: cluster_name: a map stands where a value should be"},
        {"seed_provider: x", "c.yaml:1: seed_provider: a map of keys should stand here"},
        {"cluster_name: \"a\\0b\"", "c.yaml:1: cluster_name: the value holds a NUL character"},
        {"[a]: b", "c.yaml:1: a key should be a word"},
        {"- a\n- b", "c.yaml:1: lines of the form 'key: value' are expected"},
        {"just words", "c.yaml:1: lines of the form 'key: value' are expected"},
        {"a: 'b", "c.yaml:1: not YAML: found unexpected end of stream"},
        {"rpc_port: 1\n---\nrpc_port: 2", "c.yaml: holds more than one document"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(cases[i].yaml, cases[i].sentence);
}

static void warnings(void **state)
{
    (void)state;
    config *c = loads("concurrent_writes: 32\nauto_bootstrap: false\nrpc_port: 1\n"
                      "write_request_timeout: 3s\nwrite_request_timeout_in_ms: 4000\n"
                      "dynamic_snitch: true\n");
    assert_int_equal(c->warnings.n, 3);
    assert_string_equal(c->warnings.p[0],
                        "c.yaml:1: concurrent_writes has no meaning in Ilion and is ignored");
    assert_string_equal(c->warnings.p[1],
                        "c.yaml:5: write_request_timeout_in_ms sets again what "
                        "write_request_timeout in line 4 has set; this one counts");
    assert_string_equal(
        c->warnings.p[2],
        "c.yaml:2: auto_bootstrap: this value is not supported yet and has no effect");
    assert_int_equal(c->write_request_timeout_ms, 4000);
    config_free(c);
}

static void empty_text_gives_the_defaults(void **state)
{
    (void)state;
    config *c = loads("# nothing\n");
    assert_string_equal(c->cluster_name, "Test Cluster");
    assert_string_equal(c->partitioner, "Murmur3Partitioner");
    assert_string_equal(c->endpoint_snitch, "SimpleSnitch");
    assert_string_equal(c->seeds.p[0], "127.0.0.1");
    assert_string_equal(c->data_file_directories.p[0], "./data/data");
    assert_string_equal(c->commitlog_directory, "./data/commitlog");
    assert_int_equal(c->native_transport_port, 9042);
    assert_int_equal(c->worker_threads, 3);
    assert_int_equal(c->warnings.n, 0);
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_accepted_and_no_value_of_it_is_null),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(old_and_new_names_say_the_same),
        cmocka_unit_test(units),
        cmocka_unit_test(values),
        cmocka_unit_test(errors_name_file_line_and_key),
        cmocka_unit_test(warnings),
        cmocka_unit_test(empty_text_gives_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
