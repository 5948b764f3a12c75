/* overview.c: this node: versions, load, pools, streams. */
#include <stdio.h>
#include <unistd.h>

#include "server/admin/internal.h"
#include "server/version.h"

int co_fn admin_version(admin_request *q)
{
    const node_info *i = &q->node->info;
    q->json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "release_version", i->release_version,
                        "ilion_version", ILION_VERSION, "cql_version", i->cql_version,
                        "thrift_version", i->thrift_version, "native_version", i->native_version);
    return 0;
}

/* ---- info ---- */

void memory_usage(uint64_t *ret_resident, uint64_t *ret_total)
{
    long page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES);
    unsigned long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        if (fscanf(f, "%lu %lu", &size, &resident) != 2)
            resident = 0;
        fclose(f);
    }
    *ret_resident = (uint64_t)resident * (uint64_t)page;
    *ret_total = (uint64_t)pages * (uint64_t)page;
}

/* Caches of keys and rows are not built; their lines are part of the format. */
static json_t *no_cache(void)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "entries", 0, "size_bytes", 0,
                     "capacity_bytes", 0, "hits", 0, "requests", 0, "save_period_s", 0);
}

static json_t *tokens_of(const ring *r, const endpoint *e, arena *a)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < e->n_tokens; i++)
        json_array_append_new(list, json_string(token_to_text(r->partitioner, e->tokens[i], a)));
    return list;
}

int co_fn admin_info(admin_request *q)
{
    static const char *const levels[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    node *n = q->node;
    char id[UUID_TEXT];
    uint64_t resident, total;
    ring *r = coordinator_ring(n->coordinator, n->home);
    const endpoint *self = &r->endpoints[r->local];
    memory_usage(&resident, &total);
    q->json = json_pack(
        "{s:s, s:s, s:o, s:b, s:b, s:b, s:I, s:i, s:I, s:I, s:I, s:s, s:s, s:i, s:o, s:o}",
        "log_level", levels[n->home->log ? n->home->log->level : LOG_INFO], "host_id",
        uuid_format(n->host_id, id), "tokens", tokens_of(r, self, &q->arena), "gossip_active",
        (int)gossiper_running(n->gossiper), "thrift_active", (int)n->thrift_running,
        "native_active", (int)n->native_running, "load_bytes",
        (json_int_t)storage_load_bytes(n->storage), "generation", (int)n->generation, "uptime_s",
        (json_int_t)((env_now_us(n->home) - n->info.started_us) / 1000000), "memory_bytes",
        (json_int_t)resident, "memory_total_bytes", (json_int_t)total, "datacenter", self->dc,
        "rack", self->rack, "exceptions", 0, "key_cache", no_cache(), "row_cache", no_cache());
    ring_unref(r);
    return 0;
}

/* ---- pools ---- */

void storage_sum(node *n, storage_table_stats *ret)
{
    schema *s = coordinator_schema(n->coordinator, n->home);
    *ret = (storage_table_stats){0};
    for (unsigned i = 0; i < s->n_keyspaces; i++) {
        const keyspace *ks = s->keyspaces[i];
        for (unsigned k = 0; k < ks->n_tables; k++) {
            storage_table_stats one;
            if (ks->tables[k]->flags & TABLE_VIRTUAL)
                continue;
            storage_stats(n->storage, &ks->tables[k]->id, &one);
            ret->reads += one.reads;
            ret->writes += one.writes;
            ret->read_us += one.read_us;
            ret->write_us += one.write_us;
            ret->memtable_switches += one.memtable_switches;
            ret->sstables += one.sstables;
            ret->live_bytes += one.live_bytes;
            ret->bloom_false_positives += one.bloom_false_positives;
        }
    }
    schema_unref(s);
}

typedef struct pool {
    const char *name;
    uint64_t active, pending, completed;
} pool;

static json_t *pools_json(const pool *p, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:i, s:i}", "name", p[i].name,
                                              "active", (json_int_t)p[i].active, "pending",
                                              (json_int_t)p[i].pending, "completed",
                                              (json_int_t)p[i].completed, "blocked", 0,
                                              "all_time_blocked", 0));
    return list;
}

/* The classic pools by name. Requests run on coroutines, not in pools: those that have something
 * like them here carry its numbers, the others stay at zero. */
int co_fn admin_tpstats(admin_request *q)
{
    static const char *const dropped[] = {
        "READ",   "RANGE_SLICE",      "_TRACE",      "MUTATION",   "COUNTER_MUTATION",
        "BINARY", "REQUEST_RESPONSE", "PAGED_RANGE", "READ_REPAIR"};
    node *n = q->node;
    uint64_t requests = 0, active = 0;
    storage_table_stats sum;
    storage_totals totals;
    for (unsigned i = 0; i < n->n_workers; i++) {
        requests += n->workers[i].stats.native_requests + n->workers[i].stats.thrift_requests;
        active += n->workers[i].stats.active;
    }
    storage_sum(n, &sum);
    storage_get_totals(n->storage, &totals);
    const pool pools[] = {
        {"MutationStage", 0, 0, sum.writes},
        {"ReadStage", 0, 0, sum.reads},
        {.name = "RequestResponseStage"},
        {.name = "ReadRepairStage"},
        {.name = "ReplicateOnWriteStage"},
        {.name = "MiscStage"},
        {.name = "HintedHandoff"},
        {"FlushWriter", totals.active_flushes, totals.pending_flushes, totals.flushes},
        {.name = "MemoryMeter"},
        {.name = "GossipStage"},
        {.name = "CacheCleanupExecutor"},
        {.name = "InternalResponseStage"},
        {.name = "CompactionExecutor"},
        {.name = "ValidationExecutor"},
        {.name = "MigrationStage"},
        {.name = "commitlog_archiver"},
        {.name = "AntiEntropyStage"},
        {.name = "PendingRangeCalculator"},
        {"MemtablePostFlusher", totals.active_flushes, totals.pending_flushes, totals.flushes},
        {"Native-Transport-Requests", active, 0, requests},
    };
    json_t *counts = json_object();
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
        json_object_set_new(counts, dropped[i], json_integer(0));
    q->json = json_pack("{s:o, s:o}", "pools", pools_json(pools, sizeof pools / sizeof *pools),
                        "dropped", counts);
    return 0;
}

/* ---- streams and compactions ---- */

int co_fn admin_netstats(admin_request *q)
{
    static const char *const modes[] = {
        [NODE_STARTING] = "STARTING", [NODE_NORMAL] = "NORMAL",     [NODE_DRAINING] = "DRAINING",
        [NODE_DRAINED] = "DRAINED",   [NODE_STOPPING] = "DRAINING",
    };
    q->json = json_pack("{s:s, s:[], s:{s:i, s:i, s:i}, s:{s:i, s:i}, s:{s:i, s:i}}", "mode",
                        modes[q->node->mode], "streams", "read_repair", "attempted", 0,
                        "mismatch_blocking", 0, "mismatch_background", 0, "commands", "pending", 0,
                        "completed", 0, "responses", "pending", 0, "completed", 0);
    return 0;
}

int co_fn admin_compactionstats(admin_request *q)
{
    q->json = json_pack("{s:i, s:[]}", "pending", 0, "active");
    return 0;
}
