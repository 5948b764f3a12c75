/* runtime/sim: the common suite on virtual time, determinism, faults, power failures. */
#include "tests/unit/runtime/test_sim.h"
#include "runtime/sim/sim.h"
#include "tests/unit/runtime/sockets.h"

typedef struct run {
    env *e;
    void (*fn)(env *e, const char *dir);
} run;

static void run_main(void *arg)
{
    run *r = arg;
    err_info e = {0};
    ok(env_mkdirs(r->e, "/t", &e));
    r->fn(r->e, "/t");
}

static void common(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        sim *s = sim_new(seed);
        run r = {sim_env(s), ((const suite_case *)*state)->fn};
        check(sim_run_main(s, run_main, &r));
        sim_free(s);
    }
}

/* ---- time and determinism ---- */

static void sleep_a_year(env *e, const char *dir)
{
    (void)dir;
    int64_t start = env_mono_us(e), wall = env_now_us(e), year = 365LL * 86400 * 1000000;
    env_sleep_us(e, year);
    check(env_mono_us(e) - start >= year && env_mono_us(e) - start < year + 1000);
    check(env_now_us(e) - wall == env_mono_us(e) - start);
}

static void time_jumps(void **state)
{
    (void)state;
    sim *s = sim_new(1);
    run r = {sim_env(s), sleep_a_year};
    check(sim_run_main(s, run_main, &r));
    sim_free(s);
}

static uint64_t trace_of(uint64_t seed)
{
    sim *s = sim_new(seed);
    for (size_t i = 0; i < n_common_cases; i++) {
        run r = {sim_env(s), common_cases[i].fn};
        check(sim_run_main(s, run_main, &r));
        err_info e = {0};
        (void)e;
        sim_crash(s); /* an empty disk for the next */
    }
    uint64_t t = sim_trace(s);
    sim_free(s);
    return t;
}

static void same_seed_same_trace(void **state)
{
    (void)state;
    check(trace_of(7) == trace_of(7));
    check(trace_of(7) != trace_of(8));
}

/* ---- power failures ---- */

/* A log with one record per append: a record is 100 bytes, all with the value of its index. */
enum { RECORD = 100, RECORDS = 60 };

typedef struct life {
    env *e;
    int synced; /* records that were acknowledged */
    int errors;
    bool named; /* the log's name was made durable */
} life;

static void write_log(void *arg)
{
    life *l = arg;
    err_info e = {0};
    file *f = NULL;
    uint8_t record[RECORD];
    if (env_mkdirs(l->e, "/data", &e) < 0 || env_sync_dir(l->e, "/", &e) < 0 ||
        env_open(l->e, "/data/log", FILE_WRITE | FILE_CREATE, &f, &e) < 0)
        return;
    l->named = env_sync_dir(l->e, "/data", &e) == 0;
    for (int i = 0; l->named && i < RECORDS; i++) {
        memset(record, i + 1, sizeof record);
        if (file_append(f, record, sizeof record, &e) < 0)
            l->errors++;
        if (i % 5 == 4 && file_sync_co(l->e, f, &e) == 0)
            l->synced = i + 1;
    }
    file_close(f);
}

/* What was synced is there; what follows is a prefix, or has holes of zeros, never other data. */
static int check_log(env *e0, const life *l)
{
    err_info e = {0};
    arena a;
    bytes b = BYTES_EMPTY;
    arena_init(&a, 8192);
    int r = env_read_file(e0, "/data/log", RECORD * RECORDS, &a, &b, &e);
    check(r == 0 || (r == ERR_NOT_FOUND && !l->named));
    check(b.n >= (size_t)l->synced * RECORD);
    for (size_t i = 0; i < b.n; i++) {
        int expected = (int)(i / RECORD) + 1;
        check(b.p[i] == expected || (b.p[i] == 0 && expected > l->synced));
    }
    int n = (int)b.n;
    arena_done(&a);
    return n;
}

static void crash_at_every_operation(void **state)
{
    (void)state;
    sim *s = sim_new(1);
    life all = {.e = sim_env(s)};
    check(sim_run_main(s, write_log, &all) && all.synced == RECORDS);
    uint64_t ops = sim_disk_ops(s);
    check(check_log(sim_env(s), &all) == RECORD * RECORDS);
    sim_free(s);
    int lost = 0;
    for (uint64_t at = 1; at <= ops; at++) {
        s = sim_new(at);
        life l = {.e = sim_env(s)};
        sim_fault(s, SIM_CRASH, SIM_ANY, NULL, at, 0);
        check(!sim_run_main(s, write_log, &l) && sim_crashed(s));
        lost += check_log(sim_env(s), &l) < RECORD * RECORDS;
        sim_heal(s);
        life again = {.e = sim_env(s)}; /* the node starts again on what is left */
        check(sim_run_main(s, write_log, &again));
        sim_free(s);
    }
    check(lost > (int)ops / 2);
}

typedef struct seen {
    int old_name, new_name, both, none;
} seen;

static void rename_unsynced(void *arg)
{
    env *e0 = arg;
    err_info e = {0};
    ok(env_write_file(e0, "/a", BYTES_LIT("x"), &e));
    ok(env_rename(e0, "/a", "/b", &e));
}

static void names_are_atomic(void **state)
{
    (void)state;
    seen n = {0};
    for (uint64_t seed = 1; seed <= 100; seed++) {
        sim *s = sim_new(seed);
        env *e0 = sim_env(s);
        sim_run(s, rename_unsynced, e0);
        check(!env_exists(e0, "/a") && env_exists(e0, "/b"));
        sim_crash(s);
        bool a = env_exists(e0, "/a"), b = env_exists(e0, "/b");
        n.old_name += a && !b;
        n.new_name += b && !a;
        n.both += a && b;
        n.none += !a && !b;
        sim_free(s);
    }
    check(n.old_name > 10 && n.new_name > 10 && !n.both && !n.none);
}

/* env_write_file: the old content or the new, at whatever operation the power fails. */
static void write_both(void *arg)
{
    env *e0 = arg;
    if (env_write_file(e0, "/conf", BYTES_LIT("old"), NULL) == 0)
        env_write_file(e0, "/conf", BYTES_LIT("newer"), NULL);
}

static void write_file_is_atomic(void **state)
{
    (void)state;
    int old = 0, newer = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        sim *s = sim_new(seed);
        arena a;
        bytes b = BYTES_NULL;
        arena_init(&a, 256);
        sim_fault(s, SIM_CRASH, SIM_ANY, NULL, 1 + seed % 12, 0);
        sim_run(s, write_both, sim_env(s));
        sim_heal(s);
        if (env_read_file(sim_env(s), "/conf", 100, &a, &b, NULL) == 0) {
            check(bytes_eq_str(b, "old") || bytes_eq_str(b, "newer"));
            old += b.n == 3;
            newer += b.n == 5;
        }
        check(seed % 12 < 5 || b.p);
        arena_done(&a);
        sim_free(s);
    }
    check(old > 20 && newer > 20);
}

/* ---- faults ---- */

static void failing_disk(void *arg)
{
    sim *s = arg;
    env *e0 = sim_env(s);
    err_info e = {0};
    file *f;
    uint8_t b[4];
    ok(env_open(e0, "/f", FILE_READ | FILE_WRITE | FILE_CREATE, &f, &e));
    ok(env_sync_dir(e0, "/", &e));
    ok(file_append(f, "abcd", 4, &e));
    sim_fault(s, SIM_EIO, SIM_READ, "/f", 2, 0);
    ok(file_pread(f, b, 4, 0, &e));
    check(file_pread(f, b, 4, 0, &e) == ERR_IO && strstr(e.text, "/f"));
    ok(file_pread(f, b, 4, 0, &e));
    sim_fault(s, SIM_FLIP, SIM_READ, NULL, 1, 0);
    ok(file_pread(f, b, 4, 0, &e));
    check(memcmp(b, "abcd", 4) != 0);
    ok(file_pread(f, b, 4, 0, &e));
    check(memcmp(b, "abcd", 4) == 0);
    sim_disk_space(s, 2);
    check(file_append(f, "efgh", 4, &e) == ERR_NO_SPACE);
    sim_disk_space(s, UINT64_MAX);
    ok(file_append(f, "ijkl", 4, &e));
    sim_fault(s, SIM_EIO, SIM_SYNC, NULL, 1, 0);
    check(file_sync_co(e0, f, &e) == ERR_IO);
    check(file_sync_co(e0, f, &e) == ERR_IO); /* kept: what failed once is never called good */
    ok(file_sync(f, &e));                     /* the disk itself pretends */
    file_close(f);
}

static void faults_as_asked(void **state)
{
    (void)state;
    int lost = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        sim *s = sim_new(seed);
        file *f;
        uint64_t n;
        check(sim_run_main(s, failing_disk, s));
        sim_crash(s);
        check(env_open(sim_env(s), "/f", FILE_READ, &f, NULL) == 0);
        check(file_size(f, &n, NULL) == 0);
        lost += n < 10;
        file_close(f);
        sim_free(s);
    }
    check(lost > 5);
}

static void corruption_stays(void **state)
{
    (void)state;
    sim *s = sim_new(3);
    env *e0 = sim_env(s);
    arena a;
    bytes b;
    arena_init(&a, 256);
    check(env_write_file(e0, "/c", BYTES_LIT("abc"), NULL) == 0);
    check(sim_corrupt(s, "/c", 1, 0) == 0 && sim_corrupt(s, "/c", 3, 0) == ERR_EOF);
    check(env_read_file(e0, "/c", 10, &a, &b, NULL) == 0 && bytes_eq_str(b, "acc"));
    arena_done(&a);
    sim_free(s);
}

/* Coroutines of before a crash never run again. */
static void tick(void *arg)
{
    int *n = arg;
    for (;;) {
        ++*n;
        env_sleep_us(*(env **)(n + 2), 1000);
    }
}

typedef struct ticks {
    int n, pad;
    env *e;
    sim *s;
} ticks;

static void tick_and_crash(void *arg)
{
    ticks *t = arg;
    env_spawn(t->e, tick, &t->n);
    env_sleep_us(t->e, 10000);
    sim_crash(t->s);
    env_sleep_us(t->e, 10000);
    check(!"runs after a crash");
}

static void wait_a_little(void *arg)
{
    env_sleep_us(arg, 100000);
}

static void crash_ends_all(void **state)
{
    (void)state;
    sim *s = sim_new(9);
    ticks t = {.e = sim_env(s), .s = s};
    check(!sim_run_main(s, tick_and_crash, &t));
    int before = t.n;
    check(before >= 9);
    check(sim_run_main(s, wait_a_little, sim_env(s)));
    check(t.n == before);
    sim_free(s);
}

int main(void)
{
    struct CMUnitTest t[64];
    size_t n = 0;
    for (; n < n_common_cases; n++)
        t[n] =
            (struct CMUnitTest){common_cases[n].name, common, NULL, NULL, (void *)&common_cases[n]};
    const struct CMUnitTest own[] = {
        cmocka_unit_test(time_jumps),       cmocka_unit_test(same_seed_same_trace),
        cmocka_unit_test(names_are_atomic), cmocka_unit_test(crash_at_every_operation),
        cmocka_unit_test(faults_as_asked),  cmocka_unit_test(write_file_is_atomic),
        cmocka_unit_test(corruption_stays), cmocka_unit_test(crash_ends_all),
    };
    for (size_t i = 0; i < n_socket_cases; i++)
        t[n++] =
            (struct CMUnitTest){socket_cases[i].name, common, NULL, NULL, (void *)&socket_cases[i]};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        t[n++] = own[i];
    n += sim_net_tests(t + n);
    return _cmocka_run_group_tests("runtime_sim", t, n, NULL, NULL);
}
