/* Power failures at every write of a small workload, failing disks, full disks, damage, refusals.
 */
#include "base/hash.h"
#include "runtime/sim/sim.h"
#include "storage/segment.h"
#include "storage/storage.h"
#include "tests/unit/runtime/suite.h"

/* A crashed node's memory is gone with it, not freed. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static const uuid TABLE = {{7}}, OTHER = {{8}};

enum { ROWS = 40 };

typedef struct node {
    sim *sim;
    env *e;
    storage_options o;
    storage *s;
    err_info err; /* of the last call */
    int result;
    int tried, acked; /* rows written: all below; row `tried` may be there */
    int failures;     /* calls of on_failure */
    int dropped;      /* OTHER: 1 drop tried, 2 done */
} node;

static void count_failure(void *arg, failure_policy policy, const err_info *why)
{
    (void)policy;
    (void)why;
    ((node *)arg)->failures++;
}

static void node_init(node *n, uint64_t seed)
{
    memset(n, 0, sizeof *n);
    n->sim = sim_new(seed);
    n->e = sim_env(n->sim);
    n->o = (storage_options){.data_dir = "/n/data",
                             .commitlog_dir = "/n/log",
                             .cluster_name = "Test Cluster",
                             .sync = SYNC_BATCH,
                             .sync_period_ms = 10,
                             .segment_bytes = 2048,
                             .commitlog_total_bytes = 1 << 20,
                             .memtable_bytes = 1 << 20,
                             .block_cache_bytes = 1 << 16,
                             .on_failure = count_failure,
                             .failure_arg = n};
}

static int write_row(node *n, const uuid *table, int i)
{
    uint8_t key = (uint8_t)(i % 5), clustering[2] = {(uint8_t)i, CK_END}, value[60];
    memset(value, i, sizeof value);
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
                  .key = bytes_of(&key, 1),
                  .deletion = DELETION_NONE,
                  .n_rows = 1,
                  .rows = &r};
    const mutation *p = &m;
    return storage_apply(n->s, n->e, &p, 1, &n->err);
}

/* How often row i is there, with its value: 0 or 1. */
static int count_row(node *n, const uuid *table, int i)
{
    uint8_t key = (uint8_t)(i % 5), k[3] = {(uint8_t)i, CK_END, 0};
    clustering_slice slice = {bytes_of(k, 2), bytes_of(k, 3)};
    read_command c = {.table = *table,
                      .key = bytes_of(&key, 1),
                      .n_slices = 1,
                      .slices = &slice,
                      .limit = 10,
                      .partition_limit = 10};
    arena a;
    arena_init(&a, 1024);
    read_result *r;
    err_info e = {0};
    ok(storage_read(n->s, n->e, &c, &a, &r, &e));
    int found = (int)r->live_rows;
    if (found) {
        bytes v = r->partitions[0].rows[0]->cells[0].value;
        check(v.n == 60 && v.p[0] == i && v.p[59] == i);
    }
    arena_done(&a);
    return found;
}

static int count_all(node *n, const uuid *table)
{
    read_command c = {
        .table = *table, .limit = UINT32_MAX, .partition_limit = UINT32_MAX, .now_s = 1};
    arena a;
    arena_init(&a, 1024);
    read_result *r;
    err_info e = {0};
    ok(storage_read(n->s, n->e, &c, &a, &r, &e));
    int found = (int)r->live_rows;
    arena_done(&a);
    return found;
}

static void open_main(void *arg)
{
    node *n = arg;
    n->result = storage_open(n->e, &n->o, &n->s, &n->err);
}

static void close_main(void *arg)
{
    node *n = arg;
    n->s = storage_close(n->s);
}

/* ---- power failures ---- */

static void workload(void *arg)
{
    node *n = arg;
    open_main(n);
    for (int i = 0; n->result == 0 && i < ROWS; i++) {
        if (i == 12 || i == 25)
            n->result = storage_flush(n->s, n->e, i == 12 ? &TABLE : NULL, &n->err);
        if (i == 20) {
            n->dropped = 1;
            if (storage_truncate(n->s, n->e, &OTHER, &n->err) == 0)
                n->dropped = 2;
        }
        if (i == 32) {
            close_main(n);
            open_main(n);
        }
        if (n->result == 0 && i < 18)
            n->result = write_row(n, &OTHER, i);
        n->tried = i + 1;
        if (n->result == 0)
            n->result = write_row(n, &TABLE, i);
        bool periodic = n->o.sync == SYNC_PERIODIC; /* promises what storage_sync did */
        if (n->result == 0 && periodic && i % 4 == 3)
            n->result = storage_sync(n->s, n->e, &n->err);
        if (n->result == 0 && (!periodic || i % 4 == 3))
            n->acked = i + 1;
    }
    if (n->result == 0)
        close_main(n);
}

static void check_survivors(void *arg)
{
    node *n = arg;
    open_main(n);
    if (n->result < 0)
        fprintf(stderr, "%s\n", n->err.text);
    check(n->result == 0);
    for (int i = 0; i < n->acked; i++)
        if (count_row(n, &TABLE, i) != 1) {
            fprintf(stderr, "row %d of %d is lost, all %d\n", i, n->acked, count_all(n, &TABLE));
            abort();
        }
    int all = count_all(n, &TABLE);
    check(all >= n->acked && all <= n->tried);
    if (n->dropped == 2)
        check(count_all(n, &OTHER) == 0);
    else if (n->dropped == 0)
        check(count_all(n, &OTHER) >= (n->acked < 18 ? n->acked : 18));
    check(write_row(n, &TABLE, ROWS) == 0); /* and it goes on */
    close_main(n);
    open_main(n);
    check(n->result == 0 && count_row(n, &TABLE, ROWS) == 1);
    close_main(n);
}

static void crash_everywhere(commitlog_sync sync)
{
    unsigned crashes = 0;
    for (uint64_t at = 1;; at++) {
        node n;
        node_init(&n, at);
        n.o.sync = sync;
        sim_fault(n.sim, SIM_CRASH, SIM_WRITES, NULL, at, 0);
        bool through = sim_run_main(n.sim, workload, &n);
        crashes += !through;
        sim_heal(n.sim);
        n.s = NULL;
        n.result = 0;
        check(sim_run_main(n.sim, check_survivors, &n));
        sim_free(n.sim);
        if (through)
            break;
    }
    check(crashes > 70);
}

static void crash_batch(void **state)
{
    (void)state;
    crash_everywhere(SYNC_BATCH);
}

static void crash_periodic(void **state)
{
    (void)state;
    crash_everywhere(SYNC_PERIODIC);
}

static void crash_group(void **state)
{
    (void)state;
    crash_everywhere(SYNC_GROUP);
}

/* ---- disks that fail ---- */

static void failing_sync_main(void *arg)
{
    node *n = arg;
    open_main(n);
    check(write_row(n, &TABLE, 0) == 0);
    sim_fault(n->sim, SIM_EIO, SIM_SYNC, "CommitLog", 1, 0);
    check(write_row(n, &TABLE, 1) == ERR_IO);
    check(n->failures == (n->o.commit_failure == POLICY_STOP));
    int r = write_row(n, &TABLE, 2); /* the disk works again; the log must not be trusted */
    check(n->o.commit_failure == POLICY_IGNORE ? r == 0 : r == ERR_IO);
    check(count_row(n, &TABLE, 0) == 1);
    close_main(n);
}

static void failing_sync(void **state)
{
    (void)state;
    const failure_policy policies[] = {POLICY_STOP, POLICY_STOP_COMMIT, POLICY_IGNORE};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        node n;
        node_init(&n, 5);
        n.o.commit_failure = policies[i];
        check(sim_run_main(n.sim, failing_sync_main, &n));
        sim_free(n.sim);
    }
}

static void full_disk_main(void *arg)
{
    node *n = arg;
    open_main(n);
    check(write_row(n, &TABLE, 0) == 0);
    sim_disk_space(n->sim, 0);
    check(write_row(n, &TABLE, 1) == ERR_NO_SPACE);
    check(write_row(n, &TABLE, 2) == ERR_NO_SPACE);
    storage_totals t;
    storage_get_totals(n->s, &t);
    check(t.refusing_writes && count_row(n, &TABLE, 0) == 1);
    check(storage_flush(n->s, n->e, NULL, &n->err) == ERR_NO_SPACE);
    check(count_row(n, &TABLE, 0) == 1);
    sim_disk_space(n->sim, UINT64_MAX);
    env_sleep_us(n->e, 3000000);
    storage_get_totals(n->s, &t);
    check(!t.refusing_writes && write_row(n, &TABLE, 3) == 0);
    check(storage_flush(n->s, n->e, NULL, &n->err) == 0);
    close_main(n);
    open_main(n);
    check(n->result == 0 && count_row(n, &TABLE, 0) == 1 && count_row(n, &TABLE, 3) == 1);
    close_main(n);
}

static void full_disk(void **state)
{
    (void)state;
    node n;
    node_init(&n, 6);
    check(sim_run_main(n.sim, full_disk_main, &n));
    sim_free(n.sim);
}

/* ---- refusals ---- */

static void refuse_main(void *arg)
{
    node *n = arg;
    open_main(n);
    check(n->result == 0 && write_row(n, &TABLE, 0) == 0);
    node other = *n;
    open_main(&other);
    check(other.result == ERR_EXISTS && strstr(other.err.text, "in use by another"));
    close_main(n);
    n->o.cluster_name = "Other";
    open_main(n);
    check(n->result == ERR_CONFIG);
    check(strcmp(n->err.text, "Saved cluster name Test Cluster != configured name Other in data "
                              "directory /n/data") == 0);
    n->o.cluster_name = "Test Cluster";
    n->o.partitioner = PARTITIONER_RANDOM;
    open_main(n);
    check(n->result == ERR_CONFIG && strstr(n->err.text, "was written with"));
    n->o.partitioner = PARTITIONER_MURMUR3;
    check(sim_corrupt(n->sim, "/n/data/MANIFEST", 4 + 3, 1) == 0); /* format 1 -> 3 */
    open_main(n);
    check(n->result == ERR_CORRUPT && strstr(n->err.text, "format 3"));
    check(sim_corrupt(n->sim, "/n/data/MANIFEST", 4 + 3, 1) == 0);
    open_main(n);
    check(n->result == 0 && count_row(n, &TABLE, 0) == 1);
    check(storage_flush(n->s, n->e, NULL, &n->err) == 0);
    close_main(n);
    check(env_unlink(n->e, "/n/data/MANIFEST", &n->err) == 0);
    open_main(n);
    check(n->result == ERR_CORRUPT && strstr(n->err.text, "no MANIFEST"));
}

static void refusals(void **state)
{
    (void)state;
    node n;
    node_init(&n, 7);
    check(sim_run_main(n.sim, refuse_main, &n));
    sim_free(n.sim);
}

/* ---- damage ---- */

static void damaged_sstable_main(void *arg)
{
    node *n = arg;
    open_main(n);
    for (int i = 0; i < ROWS; i++)
        check(write_row(n, &TABLE, i) == 0);
    check(storage_flush(n->s, n->e, NULL, &n->err) == 0);
    close_main(n);
    const char *path = "/n/data/unnamed/table-07000000000000000000000000000000/1-Data.ldb";
    check(sim_corrupt(n->sim, path, 100, 3) == 0);
    open_main(n);
    check(n->result == 0); /* footer, index and statistics are whole */
    read_command c = {
        .table = TABLE, .limit = UINT32_MAX, .partition_limit = UINT32_MAX, .now_s = 1};
    arena a;
    arena_init(&a, 1024);
    read_result *r;
    check(storage_read(n->s, n->e, &c, &a, &r, &n->err) == ERR_CORRUPT);
    check(strstr(n->err.text, path) && strstr(n->err.text, "offset"));
    arena_done(&a);
    close_main(n);
}

static void damaged_sstable(void **state)
{
    (void)state;
    node n;
    node_init(&n, 8);
    check(sim_run_main(n.sim, damaged_sstable_main, &n));
    sim_free(n.sim);
}

static void flipped_manifest_main(void *arg)
{
    node *n = arg;
    uint64_t size = 1, harmless = 0;
    file *f;
    open_main(n);
    for (int i = 0; i < 10; i++)
        check(write_row(n, &TABLE, i) == 0);
    check(storage_drain(n->s, n->e, &n->err) == 0);
    close_main(n);
    for (uint64_t i = 0; i < size * 8; i++) {
        check(env_open(n->e, "/n/data/MANIFEST", FILE_READ, &f, &n->err) == 0);
        check(file_size(f, &size, &n->err) == 0);
        file_close(f);
        check(sim_corrupt(n->sim, "/n/data/MANIFEST", i / 8, (unsigned)(i % 8)) == 0);
        open_main(n);
        if (n->result == 0) { /* then nothing may be missing */
            check(count_all(n, &TABLE) == 10);
            close_main(n);
            harmless++;
            continue;
        }
        check(n->result == ERR_CORRUPT);
        check(sim_corrupt(n->sim, "/n/data/MANIFEST", i / 8, (unsigned)(i % 8)) == 0);
    }
    check(harmless <= 13 * 8); /* the empty record at the end, and one before it */
    open_main(n);
    check(n->result == 0 && count_all(n, &TABLE) == 10);
    close_main(n);
}

static void flipped_manifest(void **state)
{
    (void)state;
    node n;
    node_init(&n, 9);
    check(sim_run_main(n.sim, flipped_manifest_main, &n));
    sim_free(n.sim);
}

/* Five records; with `ended`, a mark that says that they were synced. */
static void make_segment(buf *b, bool ended)
{
    segment_put_header(b, 9, 2);
    for (int i = 0; i < 5 + ended; i++) {
        size_t at = b->n, body = i < 5 ? 20 + 7 * (size_t)i : 0;
        buf_reserve(b, RECORD_HEADER + body);
        memset(b->p + at + RECORD_HEADER, i + 1, body);
        record_frame(b->p + at, 9, at, (uint32_t)body, i < 5 ? SEGMENT_HEADER : at);
        b->n += RECORD_HEADER + body;
    }
}

/* Records read, or the error; with `gaps`, some may be missing. */
static int read_segment(bytes file)
{
    segment_reader s;
    record r;
    err_info e = {0};
    int n = 0, result = segment_open(&s, file, 9, &e);
    while (result >= 0 && (result = segment_next(&s, &r, &e)) > 0) {
        n++;
        for (size_t i = 0; i < r.mutation.n; i++)
            check(r.mutation.p[i] == r.mutation.p[0] && r.stream == 2);
        check(r.mutation.n == 4 + 7 * (r.mutation.p[0] - 1u) && r.mutation.p[0] >= n);
    }
    return result < 0 ? result : n;
}

static void flipped_segments(void **state)
{
    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        buf b = {0};
        make_segment(&b, ended);
        check(read_segment(buf_view(&b)) == 5);
        size_t last = ended ? b.n - RECORD_HEADER : SEGMENT_HEADER;
        for (size_t i = 0; i < b.n * 8; i++) {
            b.p[i / 8] ^= (uint8_t)(1 << i % 8);
            int n = read_segment(buf_view(&b));
            /* What was synced: an error. What was not: that record alone is missing. */
            check(i / 8 < last ? n == ERR_CORRUPT : n == (ended ? 5 : 4));
            b.p[i / 8] ^= (uint8_t)(1 << i % 8);
        }
        for (size_t n = 0; n < b.n; n++) { /* torn anywhere: a prefix */
            int got = read_segment(bytes_of(b.p, n));
            check(got >= 0 && got <= 5);
        }
        buf_done(&b);
    }
}

static void newer_segment(void **state)
{
    (void)state;
    buf b = {0};
    segment_reader s;
    err_info e = {0};
    make_segment(&b, true);
    b.p[7] = SEGMENT_FORMAT + 1;
    put_be32(b.p + 20, hash_crc32(0, bytes_of(b.p, 20)));
    check(segment_open(&s, buf_view(&b), 9, &e) == ERR_CORRUPT && strstr(e.text, "newer"));
    b.p[7] = SEGMENT_FORMAT;
    put_be32(b.p + 20, hash_crc32(0, bytes_of(b.p, 20)));
    check(segment_open(&s, buf_view(&b), 9, &e) == 0);
    check(segment_open(&s, buf_view(&b), 8, &e) == ERR_CORRUPT && strstr(e.text, "renamed"));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crash_batch),     cmocka_unit_test(crash_periodic),
        cmocka_unit_test(crash_group),     cmocka_unit_test(failing_sync),
        cmocka_unit_test(full_disk),       cmocka_unit_test(refusals),
        cmocka_unit_test(damaged_sstable), cmocka_unit_test(flipped_segments),
        cmocka_unit_test(newer_segment),   cmocka_unit_test(flipped_manifest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
