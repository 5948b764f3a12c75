/* metrics.c: counters for scrapers, in the Prometheus text format 0.0.4. */
#include "server/admin/internal.h"

static void put(buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
               (unsigned long long)value);
}

static void put_requests(buf *out, const worker_stats *sum)
{
    buf_str(out, "# HELP ilion_requests_total Requests of clients.\n"
                 "# TYPE ilion_requests_total counter\n");
    buf_printf(out, "ilion_requests_total{protocol=\"cql\"} %llu\n",
               (unsigned long long)sum->native_requests);
    buf_printf(out, "ilion_requests_total{protocol=\"thrift\"} %llu\n",
               (unsigned long long)sum->thrift_requests);
    put(out, "ilion_request_errors_total", "counter", "Requests answered with an error.",
        sum->errors);
    put(out, "ilion_requests_active", "gauge", "Requests in flight.", sum->active);
    put(out, "ilion_connections", "gauge", "Open connections of clients.", sum->connections);
}

static void put_storage(buf *out, node *n)
{
    storage_table_stats t;
    storage_totals x;
    storage_sum(n, &t);
    storage_get_totals(n->storage, &x);
    put(out, "ilion_storage_reads_total", "counter", "Local reads.", t.reads);
    put(out, "ilion_storage_writes_total", "counter", "Local writes.", t.writes);
    put(out, "ilion_storage_read_microseconds_total", "counter", "Time spent in local reads.",
        t.read_us);
    put(out, "ilion_storage_write_microseconds_total", "counter", "Time spent in local writes.",
        t.write_us);
    put(out, "ilion_storage_load_bytes", "gauge", "Live SSTables.", storage_load_bytes(n->storage));
    put(out, "ilion_storage_sstables", "gauge", "Number of SSTables.", t.sstables);
    put(out, "ilion_storage_memtable_bytes", "gauge", "Memtables.", x.memtable_bytes);
    put(out, "ilion_storage_commitlog_bytes", "gauge", "Commit log segments.", x.commitlog_bytes);
    put(out, "ilion_storage_flushes_total", "counter", "Memtables flushed.", x.flushes);
    put(out, "ilion_storage_pending_flushes", "gauge", "Flushes that wait.", x.pending_flushes);
    put(out, "ilion_storage_bloom_false_positives_total", "counter",
        "SSTables read in vain in spite of their filter.", t.bloom_false_positives);
    put(out, "ilion_storage_refusing_writes", "gauge", "1 while writes are refused (disk full).",
        x.refusing_writes);
}

static void put_process(buf *out, node *n)
{
    uint64_t resident, total;
    memory_usage(&resident, &total);
    put(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident);
    put(out, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
        (uint64_t)n->info.started_us / 1000000);
    put(out, "ilion_native_transport_running", "gauge", "1 while CQL clients are listened for.",
        n->native_running);
    put(out, "ilion_thrift_running", "gauge", "1 while Thrift clients are listened for.",
        n->thrift_running);
    buf_printf(out,
               "# HELP ilion_build_info Versions.\n# TYPE ilion_build_info gauge\n"
               "ilion_build_info{release_version=\"%s\"} 1\n",
               n->info.release_version);
}

int co_fn admin_metrics(admin_request *q)
{
    node *n = q->node;
    worker_stats sum = {0};
    for (unsigned i = 0; i < n->n_workers; i++) {
        const worker_stats *s = &n->workers[i].stats;
        sum.native_requests += s->native_requests;
        sum.thrift_requests += s->thrift_requests;
        sum.errors += s->errors;
        sum.active += s->active;
        sum.connections += s->connections;
    }
    put_requests(&q->text, &sum);
    put_storage(&q->text, n);
    put_process(&q->text, n);
    return 0;
}
