/* Thresholds of the configuration: what clients and the log are warned of, and what is refused. */
#include <inttypes.h>

#include "cql/plan.h"

const cql_limits cql_limits_default = {.batch_warn_bytes = 5 << 10,
                                       .batch_fail_bytes = 50 << 10,
                                       .unlogged_partitions_warn = 10,
                                       .tombstones_warn = 1000,
                                       .tombstones_fail = 100000};

void cql_set_limits(cql *q, const cql_limits *l)
{
    q->limits = *l;
}

void exec_warn(exec *x, const char *text)
{
    const char **all = arena_array(x->a, const char *, x->n_warnings + 1);
    if (x->n_warnings)
        memcpy(all, x->warnings, x->n_warnings * sizeof *all);
    all[x->n_warnings++] = text;
    x->warnings = all;
}

/* "5.123KiB" */
static const char *memory_text(arena *a, int64_t n)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    double v = (double)n;
    unsigned u = 0;
    for (; v >= 1024 && u < 3; u++)
        v /= 1024;
    return arena_printf(a, "%.3f%s", v, units[u]);
}

/* "[ks.t, ks.u]": each table once. */
static const char *tables_text(exec *x, const mutation *const *ms, size_t n)
{
    const char *text = "[";
    unsigned shown = 0;
    for (size_t i = 0; i < n && shown < 8; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = uuid_eq(ms[k]->table, ms[i]->table);
        const table *t = seen ? NULL : schema_table_by_id(x->s->schema, &ms[i]->table);
        if (t)
            text = arena_printf(x->a, "%s%s%s", text, shown++ ? ", " : "", table_text(t, x->a));
    }
    return arena_printf(x->a, "%s]", text);
}

static int check_size(exec *x, const mutation *const *ms, size_t n)
{
    const cql_limits *l = &x->q->limits;
    int64_t size = 0;
    for (size_t i = 0; i < n; i++)
        size += (int64_t)mutation_size(ms[i]);
    bool fails = size > l->batch_fail_bytes;
    if (!fails && size <= l->batch_warn_bytes)
        return 0;
    int64_t limit = fails ? l->batch_fail_bytes : l->batch_warn_bytes;
    const char *text = arena_printf(
        x->a, "Batch for %s is of size %s, exceeding specified threshold of %s by %s.%s",
        tables_text(x, ms, n), memory_text(x->a, size), memory_text(x->a, limit),
        memory_text(x->a, size - limit), fails ? " (see batch_size_fail_threshold)" : "");
    if (fails) {
        log_error(x->e->log, "%s", text);
        return err_set(x->err, ERR_INVALID, "Batch too large");
    }
    log_warn(x->e->log, "%s", text);
    exec_warn(x, text);
    return 0;
}

int check_batch(exec *x, bool unlogged, const mutation *const *ms, size_t n)
{
    if (n <= 1) /* one partition is one write */
        return 0;
    if (unlogged && n > (size_t)x->q->limits.unlogged_partitions_warn) {
        const char *text = arena_printf(
            x->a,
            "Unlogged batch covering %zu partitions detected against tables %s. You should use a "
            "logged batch for atomicity, or asynchronous writes for performance.",
            n, tables_text(x, ms, n));
        log_warn(x->e->log, "%s", text);
        exec_warn(x, text);
    }
    return check_size(x, ms, n);
}

int check_tombstones(exec *x, const table *t, const read_result *res)
{
    const cql_limits *l = &x->q->limits;
    if (res->tombstones <= l->tombstones_warn)
        return 0;
    if (res->tombstones > l->tombstones_fail) {
        log_error(x->e->log,
                  "Scanned over %u tombstones during query '%.512s'; query aborted (see "
                  "tombstone_failure_threshold)",
                  res->tombstones, x->s->info.text);
        if (x->err) {
            x->err->consistency = x->o->cl;
            x->err->received = 0;
            x->err->block_for = 1;
            x->err->failures = 1;
            x->err->data_present = false;
        }
        return err_set(x->err, ERR_READ_FAILURE,
                       "Operation failed - received 0 responses and 1 failures: "
                       "READ_TOO_MANY_TOMBSTONES (%u in table %s, see "
                       "tombstone_failure_threshold)",
                       res->tombstones, table_text(t, x->a));
    }
    const char *text = arena_printf(x->a,
                                    "Read %u live rows and %u tombstone cells for query %.512s "
                                    "(see tombstone_warn_threshold)",
                                    res->live_rows, res->tombstones, x->s->info.text);
    log_warn(x->e->log, "%s", text);
    if (!x->warned_tombstones)
        exec_warn(x, text);
    x->warned_tombstones = true;
    return 0;
}
