/* nodetool's texts: what the node answers in, the lines of Cassandra 2.0's nodetool out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>
#include <math.h>

#include "tools/nodetool/format.h"

typedef void format_fn(buf *out, const json_t *answer);

static void expect(format_fn *fn, const char *json, const char *text)
{
    json_error_t e;
    json_t *answer = json_loads(json, 0, &e);
    buf out = {0};
    if (!answer)
        fail_msg("%s: %s", e.text, json);
    fn(&out, answer);
    buf_u8(&out, 0);
    assert_string_equal((const char *)out.p, text);
    buf_done(&out);
    json_decref(answer);
}

/* ---- numbers ---- */

static void sizes(void **state)
{
    static const struct {
        double size;
        const char *text;
    } cases[] = {
        {0, "0 bytes"},         {1, "1 bytes"},     {1023, "1023 bytes"},
        {1024, "1 KB"},         {1536, "1.5 KB"},   {93338, "91.15 KB"},
        {1048576, "1 MB"},      {1.5e9, "1.4 GB"},  {1099511627776.0, "1 TB"},
        {2.5e15, "2273.74 TB"}, {102400, "100 KB"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        format_size(cases[i].size, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void doubles(void **state)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {0, "0.0"},         {1, "1.0"},         {0.137, "0.137"},
        {100, "100.0"},     {0.3685, "0.3685"}, {0.13826666666666668, "0.13826666666666668"},
        {NAN, "NaN"},       {0.0005, "5.0E-4"}, {123456.5, "123456.5"},
        {1e6, "1000000.0"}, {2e7, "2.0E7"},     {1.0 / 3, "0.3333333333333333"},
        {3e6, "3000000.0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[40];
        format_double(cases[i].v, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* ---- status ---- */

#define NODE(address, dc, status, state, tokens)                                                   \
    "{\"address\":\"" address "\",\"datacenter\":\"" dc                                            \
    "\",\"rack\":\"rack1\",\"status\":\"" status "\",\"state\":\"" state                           \
    "\",\"load_bytes\":93338,\"n_tokens\":" tokens                                                 \
    ",\"owns\":1.0,\"host_id\":\"4b7b6116-9ec4-425b-97f7-69932a1a70fc\",\"token\":\"-42\"}"

static void status_plain(void **state)
{
    (void)state;
    expect(format_status,
           "{\"effective\":false,\"nodes\":[" NODE("127.0.0.1", "datacenter1", "Up", "Normal",
                                                   "256") "]}",
           "Note: Ownership information does not include topology; for complete information, "
           "specify a keyspace\n"
           "Datacenter: datacenter1\n"
           "=======================\n"
           "Status=Up/Down\n"
           "|/ State=Normal/Leaving/Joining/Moving\n"
           "--  Address    Load       Tokens  Owns   Host ID                               Rack\n"
           "UN  127.0.0.1  91.15 KB   256     100.0%  4b7b6116-9ec4-425b-97f7-69932a1a70fc  "
           "rack1\n");
}

static void status_effective(void **state)
{
    (void)state;
    expect(format_status,
           "{\"effective\":true,\"nodes\":[" NODE("127.0.0.1", "datacenter1", "Up", "Normal",
                                                  "256") "]}",
           "Datacenter: datacenter1\n"
           "=======================\n"
           "Status=Up/Down\n"
           "|/ State=Normal/Leaving/Joining/Moving\n"
           "--  Address    Load       Tokens  Owns (effective)  Host ID                           "
           "    Rack\n"
           "UN  127.0.0.1  91.15 KB   256     100.0%            "
           "4b7b6116-9ec4-425b-97f7-69932a1a70fc  rack1\n");
}

static void status_one_token_two_dcs(void **state)
{
    (void)state;
    expect(format_status,
           "{\"effective\":true,\"nodes\":[" NODE("10.0.0.1", "east", "Up", "Joining",
                                                  "1") "," NODE("10.0.0.200", "west", "Down",
                                                                "Moving", "1") "]}",
           "Datacenter: east\n"
           "================\n"
           "Status=Up/Down\n"
           "|/ State=Normal/Leaving/Joining/Moving\n"
           "--  Address     Load       Owns (effective)  Host ID                               "
           "Token                                    Rack\n"
           "UJ  10.0.0.1    91.15 KB   100.0%            4b7b6116-9ec4-425b-97f7-69932a1a70fc  "
           "-42                                      rack1\n"
           "Datacenter: west\n"
           "================\n"
           "Status=Up/Down\n"
           "|/ State=Normal/Leaving/Joining/Moving\n"
           "--  Address     Load       Owns (effective)  Host ID                               "
           "Token                                    Rack\n"
           "DM  10.0.0.200  91.15 KB   100.0%            4b7b6116-9ec4-425b-97f7-69932a1a70fc  "
           "-42                                      rack1\n");
}

/* ---- ring ---- */

static void ring_two_tokens(void **state)
{
    (void)state;
    expect(
        format_ring,
        "{\"effective\":false,\"num_tokens\":2,\"nodes\":[" NODE(
            "127.0.0.1", "datacenter1", "Up", "Normal",
            "2") "],"
                 "\"tokens\":[{\"token\":\"-9208202919035692227\",\"node\":0},"
                 "{\"token\":\"9020887633880784665\",\"node\":0}]}",
        "Note: Ownership information does not include topology; for complete information, specify "
        "a keyspace\n"
        "\n"
        "Datacenter: datacenter1\n"
        "==========\n"
        "Address    Rack        Status State   Load            Owns                Token           "
        "                            \n"
        "                                                                          "
        "9020887633880784665                         \n"
        "127.0.0.1  rack1       Up     Normal  91.15 KB        100.00%             "
        "-9208202919035692227                        \n"
        "127.0.0.1  rack1       Up     Normal  91.15 KB        100.00%             "
        "9020887633880784665                         \n"
        "\n"
        "  Warning: \"nodetool ring\" is used to output all the tokens of a node.\n"
        "  To view status related info of a node use \"nodetool status\" instead.\n\n");
}

static void ring_one_token(void **state)
{
    (void)state;
    expect(
        format_ring,
        "{\"effective\":true,\"num_tokens\":1,\"nodes\":[" NODE(
            "127.0.0.1", "dc1", "Up", "Normal", "1") "],"
                                                     "\"tokens\":[{\"token\":\"7\",\"node\":0}]}",
        "\n"
        "Datacenter: dc1\n"
        "==========\n"
        "Address    Rack        Status State   Load            Owns                Token        "
        "                               \n"
        "\n"
        "127.0.0.1  rack1       Up     Normal  91.15 KB        100.00%             7            "
        "                               \n"
        "\n");
}

static void describering(void **state)
{
    (void)state;
    expect(format_describering,
           "{\"schema_version\":\"4de3156f-a29f-3a22-ae5a-d175ceacde69\",\"ranges\":[{"
           "\"start_token\":\"-6\",\"end_token\":\"5\",\"endpoints\":["
           "{\"host\":\"127.0.0.1\",\"rpc_address\":\"10.0.0.1\",\"datacenter\":\"datacenter1\","
           "\"rack\":\"rack1\"},{\"host\":\"127.0.0.2\",\"rpc_address\":\"10.0.0.2\","
           "\"datacenter\":\"datacenter1\",\"rack\":\"rack2\"}]}]}",
           "Schema Version:4de3156f-a29f-3a22-ae5a-d175ceacde69\n"
           "TokenRange: \n"
           "\tTokenRange(start_token:-6, end_token:5, endpoints:[127.0.0.1, 127.0.0.2], "
           "rpc_endpoints:[10.0.0.1, 10.0.0.2], endpoint_details:[EndpointDetails(host:127.0.0.1, "
           "datacenter:datacenter1, rack:rack1), EndpointDetails(host:127.0.0.2, "
           "datacenter:datacenter1, rack:rack2)])\n");
}

static void cluster(void **state)
{
    (void)state;
    expect(format_describecluster,
           "{\"name\":\"Test Cluster\",\"snitch\":\"org.apache.cassandra.locator.SimpleSnitch\","
           "\"partitioner\":\"org.apache.cassandra.dht.Murmur3Partitioner\",\"schema_versions\":{"
           "\"4de3156f-a29f-3a22-ae5a-d175ceacde69\":[\"127.0.0.1\",\"127.0.0.2\"],"
           "\"UNREACHABLE\":[\"127.0.0.3\"]}}",
           "Cluster Information:\n"
           "\tName: Test Cluster\n"
           "\tSnitch: org.apache.cassandra.locator.SimpleSnitch\n"
           "\tPartitioner: org.apache.cassandra.dht.Murmur3Partitioner\n"
           "\tSchema versions:\n"
           "\t\t4de3156f-a29f-3a22-ae5a-d175ceacde69: [127.0.0.1, 127.0.0.2]\n"
           "\n"
           "\t\tUNREACHABLE: [127.0.0.3]\n"
           "\n");
}

static void gossip(void **state)
{
    (void)state;
    expect(format_gossipinfo,
           "{\"endpoints\":[{\"address\":\"127.0.0.1\",\"states\":{\"RACK\":\"rack1\","
           "\"STATUS\":\"NORMAL,-104\",\"LOAD\":\"95296.0\"}}]}",
           "/127.0.0.1\n  RACK:rack1\n  STATUS:NORMAL,-104\n  LOAD:95296.0\n\n");
}

/* ---- one node ---- */

#define INFO                                                                                       \
    "{\"host_id\":\"4b7b6116-9ec4-425b-97f7-69932a1a70fc\",\"tokens\":[\"-1\",\"2\"],"             \
    "\"gossip_active\":true,\"thrift_active\":true,\"native_active\":false,\"load_bytes\":93338,"  \
    "\"generation\":1795175972,\"uptime_s\":52,\"memory_bytes\":72760689,"                         \
    "\"memory_total_bytes\":536870912,\"datacenter\":\"datacenter1\",\"rack\":\"rack1\","          \
    "\"exceptions\":0,\"key_cache\":{\"size_bytes\":10224,\"capacity_bytes\":26214400,\"hits\":"   \
    "381,"                                                                                         \
    "\"requests\":438,\"save_period_s\":14400},\"row_cache\":{}}"

#define INFO_TAIL                                                                                  \
    "ID               : 4b7b6116-9ec4-425b-97f7-69932a1a70fc\n"                                    \
    "Gossip active    : true\n"                                                                    \
    "Thrift active    : true\n"                                                                    \
    "Native Transport active: false\n"                                                             \
    "Load             : 91.15 KB\n"                                                                \
    "Generation No    : 1795175972\n"                                                              \
    "Uptime (seconds) : 52\n"                                                                      \
    "Heap Memory (MB) : 69.39 / 512.00\n"                                                          \
    "Data Center      : datacenter1\n"                                                             \
    "Rack             : rack1\n"                                                                   \
    "Exceptions       : 0\n"                                                                       \
    "Key Cache        : size 10224 (bytes), capacity 26214400 (bytes), 381 hits, 438 requests, "   \
    "0.870 recent hit rate, 14400 save period in seconds\n"                                        \
    "Row Cache        : size 0 (bytes), capacity 0 (bytes), 0 hits, 0 requests, NaN recent hit "   \
    "rate, 0 save period in seconds\n"

static void info_few(buf *out, const json_t *answer)
{
    format_info(out, answer, false);
}

static void info_all(buf *out, const json_t *answer)
{
    format_info(out, answer, true);
}

static void info(void **state)
{
    (void)state;
    expect(info_few, INFO,
           "Token            : (invoke with -T/--tokens to see all 2 tokens)\n" INFO_TAIL);
    expect(info_all, INFO, "Token            : -1\nToken            : 2\n" INFO_TAIL);
    expect(format_version, "{\"release_version\":\"4.1.3\"}", "ReleaseVersion: 4.1.3\n");
    expect(format_logging_levels, "{\"log_level\":\"INFO\"}",
           "\nLogger Name                                        Log Level\n"
           "root                                                    INFO\n");
}

static void pools(void **state)
{
    (void)state;
    expect(format_tpstats,
           "{\"pools\":[{\"name\":\"MutationStage\",\"active\":0,\"pending\":0,\"completed\":590,"
           "\"blocked\":0,\"all_time_blocked\":0}],\"dropped\":{\"READ\":0,\"MUTATION\":12}}",
           "Pool Name                    Active   Pending      Completed   Blocked  All time "
           "blocked\n"
           "MutationStage                     0         0            590         0                 "
           "0\n"
           "\n"
           "Message type           Dropped\n"
           "READ                         0\n"
           "MUTATION                    12\n");
    expect(format_netstats,
           "{\"mode\":\"NORMAL\",\"read_repair\":{\"attempted\":3},"
           "\"commands\":{\"completed\":15},\"responses\":{\"completed\":15}}",
           "Mode: NORMAL\n"
           "Not sending any streams.\n"
           "Read Repair Statistics:\n"
           "Attempted: 3\n"
           "Mismatch (Blocking): 0\n"
           "Mismatch (Background): 0\n"
           "Pool Name                    Active   Pending      Completed\n"
           "Commands                        n/a         0             15\n"
           "Responses                       n/a         0             15\n");
    expect(format_compactionstats, "{\"pending\":0}",
           "pending tasks: 0\nActive compaction remaining time :        n/a\n");
}

static void tables(void **state)
{
    (void)state;
    expect(format_tables,
           "{\"keyspaces\":[{\"name\":\"customers_ks\",\"tables\":[{\"name\":\"customers\","
           "\"sstables\":1,\"live_bytes\":4757,\"total_bytes\":4837,\"partitions_estimate\":128,"
           "\"memtable_switches\":2,\"reads\":15,\"read_us\":2074,\"writes\":0,\"bloom_bytes\":16}"
           "]}]}",
           "Keyspace: customers_ks\n"
           "\tRead Count: 15\n"
           "\tRead Latency: 0.13826666666666668 ms.\n"
           "\tWrite Count: 0\n"
           "\tWrite Latency: NaN ms.\n"
           "\tPending Tasks: 0\n"
           "\t\tTable: customers\n"
           "\t\tSSTable count: 1\n"
           "\t\tSpace used (live), bytes: 4757\n"
           "\t\tSpace used (total), bytes: 4837\n"
           "\t\tSSTable Compression Ratio: 0.0\n"
           "\t\tNumber of keys (estimate): 128\n"
           "\t\tMemtable cell count: 0\n"
           "\t\tMemtable data size, bytes: 0\n"
           "\t\tMemtable switch count: 2\n"
           "\t\tLocal read count: 15\n"
           "\t\tLocal read latency: 0.138 ms\n"
           "\t\tLocal write count: 0\n"
           "\t\tLocal write latency: 0.000 ms\n"
           "\t\tPending tasks: 0\n"
           "\t\tBloom filter false positives: 0\n"
           "\t\tBloom filter false ratio: 0.00000\n"
           "\t\tBloom filter space used, bytes: 16\n"
           "\t\tCompacted partition minimum bytes: 0\n"
           "\t\tCompacted partition maximum bytes: 0\n"
           "\t\tCompacted partition mean bytes: 0\n"
           "\t\tAverage live cells per slice (last five minutes): 0.0\n"
           "\t\tAverage tombstones per slice (last five minutes): 0.0\n"
           "\n"
           "----------------\n");
}

/* A node that leaves fields out, or is another version, must not crash its tool. */
static void nothing(void **state)
{
    static format_fn *const all[] = {
        format_version,        format_status,  format_ring,     format_describering,
        format_endpoints,      info_all,       info_few,        format_describecluster,
        format_gossipinfo,     format_tpstats, format_netstats, format_compactionstats,
        format_logging_levels, format_tables,
    };
    static const char *const odd[] = {"{}", "{\"nodes\":[1],\"tokens\":[{\"node\":9}]}",
                                      "{\"nodes\":{},\"keyspaces\":[null],\"endpoints\":[3]}",
                                      "{\"schema_versions\":{\"a\":[1]},\"tokens\":[2,3]}"};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
            json_t *answer = json_loads(odd[k], 0, NULL);
            buf out = {0};
            all[i](&out, answer);
            buf_done(&out);
            json_decref(answer);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(doubles),
        cmocka_unit_test(status_plain),
        cmocka_unit_test(status_effective),
        cmocka_unit_test(status_one_token_two_dcs),
        cmocka_unit_test(ring_two_tokens),
        cmocka_unit_test(ring_one_token),
        cmocka_unit_test(describering),
        cmocka_unit_test(cluster),
        cmocka_unit_test(gossip),
        cmocka_unit_test(info),
        cmocka_unit_test(pools),
        cmocka_unit_test(tables),
        cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
