/* format_tables.c: cfstats. */
#include <math.h>

#include "tools/nodetool/format.h"

static double mean_ms(const json_t *o, const char *us, const char *count)
{
    double n = field_real(o, count);
    return n > 0 ? field_real(o, us) / n / 1000 : NAN;
}

static void put_latency(buf *out, const char *name, double us, double count)
{
    char text[40];
    format_double(count > 0 ? us / count / 1000 : NAN, text);
    buf_printf(out, "\t%s Latency: %s ms.\n", name, text);
}

static void put_sums(buf *out, const json_t *tables)
{
    double reads = 0, writes = 0, read_us = 0, write_us = 0;
    size_t i;
    json_t *t;
    json_array_foreach(tables, i, t)
    {
        reads += field_real(t, "reads");
        writes += field_real(t, "writes");
        read_us += field_real(t, "read_us");
        write_us += field_real(t, "write_us");
    }
    buf_printf(out, "\tRead Count: %.0f\n", reads);
    put_latency(out, "Read", read_us, reads);
    buf_printf(out, "\tWrite Count: %.0f\n", writes);
    put_latency(out, "Write", write_us, writes);
    buf_str(out, "\tPending Tasks: 0\n");
}

static void put_number(buf *out, const char *name, const json_t *t, const char *field)
{
    buf_printf(out, "\t\t%s: %lld\n", name, field_int(t, field));
}

static void put_table_latency(buf *out, const char *name, double ms)
{
    buf_printf(out, "\t\t%s: %.3f ms\n", name, isnan(ms) ? 0 : ms);
}

static void put_table(buf *out, const json_t *t)
{
    double passed = field_real(t, "bloom_false_positives"), reads = field_real(t, "reads");
    buf_printf(out, "\t\tTable: %s\n", field_str(t, "name"));
    put_number(out, "SSTable count", t, "sstables");
    put_number(out, "Space used (live), bytes", t, "live_bytes");
    put_number(out, "Space used (total), bytes", t, "total_bytes");
    buf_str(out, "\t\tSSTable Compression Ratio: 0.0\n");
    put_number(out, "Number of keys (estimate)", t, "partitions_estimate");
    put_number(out, "Memtable cell count", t, "memtable_rows");
    put_number(out, "Memtable data size, bytes", t, "memtable_bytes");
    put_number(out, "Memtable switch count", t, "memtable_switches");
    put_number(out, "Local read count", t, "reads");
    put_table_latency(out, "Local read latency", mean_ms(t, "read_us", "reads"));
    put_number(out, "Local write count", t, "writes");
    put_table_latency(out, "Local write latency", mean_ms(t, "write_us", "writes"));
    buf_str(out, "\t\tPending tasks: 0\n");
    put_number(out, "Bloom filter false positives", t, "bloom_false_positives");
    buf_printf(out, "\t\tBloom filter false ratio: %.5f\n", reads > 0 ? passed / reads : 0);
    put_number(out, "Bloom filter space used, bytes", t, "bloom_bytes");
    buf_str(out, "\t\tCompacted partition minimum bytes: 0\n"
                 "\t\tCompacted partition maximum bytes: 0\n"
                 "\t\tCompacted partition mean bytes: 0\n"
                 "\t\tAverage live cells per slice (last five minutes): 0.0\n"
                 "\t\tAverage tombstones per slice (last five minutes): 0.0\n\n");
}

void format_tables(buf *out, const json_t *tables)
{
    size_t i, k;
    json_t *ks, *t;
    json_array_foreach(json_object_get(tables, "keyspaces"), i, ks)
    {
        const json_t *list = json_object_get(ks, "tables");
        buf_printf(out, "Keyspace: %s\n", field_str(ks, "name"));
        put_sums(out, list);
        json_array_foreach(list, k, t) put_table(out, t);
        buf_str(out, "----------------\n");
    }
}
