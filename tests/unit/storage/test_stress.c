/* Several workers write and read at once while memtables are switched, flushed and truncated, on
 * libuv and a real disk; then a restart must find all of it. Meant for ThreadSanitizer too. */
#include <stdatomic.h>

#include "model/key.h"
#include "storage/storage.h"
#include "tests/unit/runtime/suite.h"

enum { WORKERS = 3, WRITERS = 8, ROWS_EACH = 250 };

static const uuid TABLE = {{7}}, SCRATCH = {{8}};

typedef struct stress {
    runtime *r;
    char dir[64], data[80], log[80];
    storage_options o;
    storage *s;
    atomic_int left;
} stress;

typedef struct writer {
    stress *t;
    env *e;
    unsigned number;
} writer;

static int write_row(storage *s, env *e, const uuid *table, uint32_t key, uint8_t i)
{
    uint8_t clustering[2] = {i, CK_END}, value[100] = {i};
    cell c = {.column = 1,
              .local_s = NO_DELETION_TIME,
              .timestamp = 1,
              .value = bytes_of(value, sizeof value)};
    row r = {.clustering = bytes_of(clustering, 2),
             .live = {1, NO_TTL, NO_DELETION_TIME},
             .deletion = DELETION_NONE,
             .n_cells = 1,
             .cells = &c};
    mutation m = {.table = *table,
                  .key = bytes_of(&key, 4),
                  .deletion = DELETION_NONE,
                  .n_rows = 1,
                  .rows = &r};
    const mutation *p = &m;
    err_info err;
    return storage_apply(s, e, &p, 1, &err);
}

static uint32_t count_rows(storage *s, env *e, const uuid *table, const uint32_t *key)
{
    read_command c = {
        .table = *table, .limit = UINT32_MAX, .partition_limit = UINT32_MAX, .now_s = 1};
    if (key)
        c.key = bytes_of(key, 4);
    arena a;
    err_info e_;
    read_result *r;
    arena_init(&a, 4096);
    check(storage_read(s, e, &c, &a, &r, &e_) == 0);
    uint32_t n = r->live_rows;
    arena_done(&a);
    return n;
}

static void run_writer(void *arg)
{
    writer *w = arg;
    stress *t = w->t;
    for (uint32_t i = 0; i < ROWS_EACH; i++) {
        uint32_t key = w->number * 1000 + i / 50;
        check(write_row(t->s, w->e, &TABLE, key, (uint8_t)(i % 50)) == 0);
        check(write_row(t->s, w->e, &SCRATCH, i % 10, (uint8_t)w->number) == 0);
        if (i % 16 == 0)
            check(count_rows(t->s, w->e, &TABLE, &key) == i % 50 + 1); /* its own writes */
        if (i % 64 == 0)
            check(count_rows(t->s, w->e, &TABLE, NULL) >= i);
    }
    atomic_fetch_sub(&t->left, 1);
    free(w);
}

static void start_writers(stress *t)
{
    t->left = WORKERS * WRITERS;
    for (unsigned k = 0; k < WORKERS * WRITERS; k++) {
        writer *w = xmalloc(sizeof *w);
        *w = (writer){t, runtime_env(t->r, k % WORKERS), k};
        env_post(w->e, run_writer, w);
    }
}

static void stress_main(void *arg)
{
    stress *t = arg;
    env *e = runtime_env(t->r, 0);
    err_info err;
    err_info *const ep = &err;
    if (storage_open(e, &t->o, &t->s, ep) < 0) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    start_writers(t);
    for (int i = 0; atomic_load(&t->left) > 0; i++) {
        check(storage_flush(t->s, e, i % 2 ? &TABLE : NULL, &err) == 0);
        if (i % 4 == 3)
            check(storage_truncate(t->s, e, &SCRATCH, &err) == 0);
        env_sleep_us(e, 20000);
    }
    uint32_t all = WORKERS * WRITERS * ROWS_EACH;
    check(count_rows(t->s, e, &TABLE, NULL) == all);
    check(storage_truncate(t->s, e, &SCRATCH, &err) == 0);
    t->s = storage_close(t->s);
    check(storage_open(e, &t->o, &t->s, &err) == 0);
    check(count_rows(t->s, e, &TABLE, NULL) == all && count_rows(t->s, e, &SCRATCH, NULL) == 0);
    check(write_row(t->s, e, &SCRATCH, 1, 1) == 0 && storage_flush(t->s, e, NULL, &err) == 0);
    check(write_row(t->s, e, &SCRATCH, 2, 1) == 0 && storage_drop(t->s, e, &SCRATCH, &err) == 0);
    check(write_row(t->s, e, &SCRATCH, 3, 1) == 0); /* too late: goes nowhere */
    check(count_rows(t->s, e, &SCRATCH, NULL) == 0);
    t->s = storage_close(t->s);
    check(storage_open(e, &t->o, &t->s, &err) == 0);
    check(count_rows(t->s, e, &TABLE, NULL) == all && count_rows(t->s, e, &SCRATCH, NULL) == 0);
    storage_table_stats stats;
    storage_stats(t->s, &TABLE, &stats);
    check(stats.sstables > 0 && stats.live_bytes > 0 && stats.bloom_bytes > 0);
    check(storage_drain(t->s, e, &err) == 0);
    storage_totals totals;
    storage_get_totals(t->s, &totals);
    check(totals.refusing_writes && totals.commitlog_bytes == 0);
    check(write_row(t->s, e, &TABLE, 1, 1) == ERR_CLOSED);
    t->s = storage_close(t->s);
    runtime_stop(t->r);
}

static void run_stress(commitlog_sync sync, uint64_t memtable_bytes)
{
    runtime_options ro = {.workers = WORKERS, .io_threads = 2, .long_threads = 1};
    stress t = {.dir = "/tmp/ilion-storage-XXXXXX"};
    check(mkdtemp(t.dir));
    snprintf(t.data, sizeof t.data, "%s/data", t.dir);
    snprintf(t.log, sizeof t.log, "%s/log", t.dir);
    t.o = (storage_options){.data_dir = t.data,
                            .commitlog_dir = t.log,
                            .cluster_name = "Test Cluster",
                            .sync = sync,
                            .sync_period_ms = 5,
                            .segment_bytes = 64 << 10,
                            .commitlog_total_bytes = 512 << 10,
                            .memtable_bytes = memtable_bytes,
                            .block_cache_bytes = 1 << 20};
    t.r = runtime_new_uv(&ro);
    runtime_run(t.r, stress_main, &t);
    runtime_free(t.r);
    char *command autofree = xprintf("rm -rf %s", t.dir);
    check(system(command) == 0);
}

static void periodic(void **state)
{
    (void)state;
    run_stress(SYNC_PERIODIC, 1 << 20);
}

static void batch(void **state)
{
    (void)state;
    run_stress(SYNC_BATCH, 8 << 20);
}

static void group(void **state)
{
    (void)state;
    run_stress(SYNC_GROUP, 8 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periodic),
        cmocka_unit_test(batch),
        cmocka_unit_test(group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
