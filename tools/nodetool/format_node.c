/* format_node.c: one node: versions, load, pools, streams. */
#include "tools/nodetool/format.h"

void format_version(buf *out, const json_t *version)
{
    buf_printf(out, "ReleaseVersion: %s\n", field_str(version, "release_version"));
}

/* ---- info ---- */

static void put_line(buf *out, const char *name, const char *value)
{
    buf_printf(out, "%-17s: %s\n", name, value);
}

static void put_bool(buf *out, const char *name, const json_t *info, const char *field)
{
    put_line(out, name, field_bool(info, field) ? "true" : "false");
}

static void put_tokens(buf *out, const json_t *tokens, bool all)
{
    size_t n = json_array_size(tokens);
    if (n > 1 && !all) {
        buf_printf(out, "%-17s: (invoke with -T/--tokens to see all %zu tokens)\n", "Token", n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        put_line(out, "Token", json_string_value(json_array_get(tokens, i)));
}

static void put_cache(buf *out, const char *name, const json_t *cache)
{
    long long hits = field_int(cache, "hits"), requests = field_int(cache, "requests");
    buf_printf(out, "%-17s: size %lld (bytes), capacity %lld (bytes), %lld hits, %lld requests, ",
               name, field_int(cache, "size_bytes"), field_int(cache, "capacity_bytes"), hits,
               requests);
    if (requests)
        buf_printf(out, "%.3f", (double)hits / (double)requests);
    else
        buf_str(out, "NaN");
    buf_printf(out, " recent hit rate, %lld save period in seconds\n",
               field_int(cache, "save_period_s"));
}

void format_info(buf *out, const json_t *info, bool all_tokens)
{
    static const double mb = 1024 * 1024;
    char load[32];
    put_tokens(out, json_object_get(info, "tokens"), all_tokens);
    put_line(out, "ID", field_str(info, "host_id"));
    put_bool(out, "Gossip active", info, "gossip_active");
    put_bool(out, "Thrift active", info, "thrift_active");
    put_bool(out, "Native Transport active", info, "native_active");
    format_size(field_real(info, "load_bytes"), load);
    put_line(out, "Load", load);
    buf_printf(out, "%-17s: %lld\n", "Generation No", field_int(info, "generation"));
    buf_printf(out, "%-17s: %lld\n", "Uptime (seconds)", field_int(info, "uptime_s"));
    buf_printf(out, "%-17s: %.2f / %.2f\n", "Heap Memory (MB)",
               field_real(info, "memory_bytes") / mb, field_real(info, "memory_total_bytes") / mb);
    put_line(out, "Data Center", field_str(info, "datacenter"));
    put_line(out, "Rack", field_str(info, "rack"));
    buf_printf(out, "%-17s: %lld\n", "Exceptions", field_int(info, "exceptions"));
    put_cache(out, "Key Cache", json_object_get(info, "key_cache"));
    put_cache(out, "Row Cache", json_object_get(info, "row_cache"));
}

void format_running(buf *out, const json_t *info, const char *field)
{
    buf_str(out, field_bool(info, field) ? "running\n" : "not running\n");
}

void format_logging_levels(buf *out, const json_t *info)
{
    buf_printf(out, "\n%-50s%10s\n", "Logger Name", "Log Level");
    buf_printf(out, "%-50s%10s\n", "root", field_str(info, "log_level"));
}

/* ---- pools ---- */

void format_tpstats(buf *out, const json_t *tpstats)
{
    size_t i;
    json_t *p, *count;
    const char *type;
    buf_printf(out, "%-25s%10s%10s%15s%10s%18s\n", "Pool Name", "Active", "Pending", "Completed",
               "Blocked", "All time blocked");
    json_array_foreach(json_object_get(tpstats, "pools"), i, p)
        buf_printf(out, "%-25s%10lld%10lld%15lld%10lld%18lld\n", field_str(p, "name"),
                   field_int(p, "active"), field_int(p, "pending"), field_int(p, "completed"),
                   field_int(p, "blocked"), field_int(p, "all_time_blocked"));
    buf_printf(out, "\n%-20s%10s\n", "Message type", "Dropped");
    json_object_foreach(json_object_get(tpstats, "dropped"), type, count)
        buf_printf(out, "%-20s%10lld\n", type, json_integer_value(count));
}

/* ---- streams and compactions ---- */

static void put_messages(buf *out, const char *name, const json_t *m)
{
    buf_printf(out, "%-25s%10s%10lld%15lld\n", name, "n/a", field_int(m, "pending"),
               field_int(m, "completed"));
}

void format_netstats(buf *out, const json_t *netstats)
{
    const json_t *repair = json_object_get(netstats, "read_repair");
    buf_printf(out, "Mode: %s\nNot sending any streams.\n", field_str(netstats, "mode"));
    buf_printf(out,
               "Read Repair Statistics:\nAttempted: %lld\nMismatch (Blocking): %lld\n"
               "Mismatch (Background): %lld\n",
               field_int(repair, "attempted"), field_int(repair, "mismatch_blocking"),
               field_int(repair, "mismatch_background"));
    buf_printf(out, "%-25s%10s%10s%15s\n", "Pool Name", "Active", "Pending", "Completed");
    put_messages(out, "Commands", json_object_get(netstats, "commands"));
    put_messages(out, "Responses", json_object_get(netstats, "responses"));
}

void format_compactionstats(buf *out, const json_t *compactionstats)
{
    buf_printf(out, "pending tasks: %lld\n", field_int(compactionstats, "pending"));
    buf_printf(out, "%25s%10s\n", "Active compaction remaining time : ", "n/a");
}
