/* The workload of independent nodes: each member is a cluster of its own; clients write, delete,
 * read and scan it over both ports while it is killed, cut off and slowed down.
 *
 * It must hold: what was acknowledged is read after every recovery (in batch and group mode; in
 * periodic mode unless the power failed before the next sync), nothing is read that nobody wrote,
 * every request gets an answer or the end of its connection (unless a fault kept it from coming),
 * no answer is an error of the server's own, and every member starts again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/row.h"
#include "tests/sim/checker.h"
#include "tests/sim/client.h"
#include "tests/sim/faults.h"
#include "tests/sim/sim_test.h"

enum { KEYS = 24, ACTORS = 3, REQUEST_US = 10000000, BURST = 6, SCAN = -1 };

typedef struct single {
    sim *s;
    sim_cluster *c;
    history h;
    sim_report *report;
    int64_t until_us, next_version;
    int64_t lost_window_us; /* periodic: acknowledged so long before a power failure may be lost */
    unsigned running;
} single;

typedef struct actor {
    single *w;
    sim_member *m;
    client c;
    bool open;
    uint16_t port;
} actor;

/* One request under way. */
typedef struct question {
    op_kind kind;
    int key; /* or SCAN */
    size_t op;
    int64_t version, begin_us;
} question;

static int64_t now_of(single *w)
{
    return env_mono_us(sim_env(w->s));
}

static uint32_t key_of(const sim_member *m, int key)
{
    return m->index * KEYS + (uint32_t)key;
}

/* ---- asking ---- */

static int ask(actor *a, question *q)
{
    static const char *const texts[] = {
        [OP_READ_VALUE] = "SELECT k, v FROM sim.kv WHERE k = ?",
        [OP_WRITE_VALUE] = "INSERT INTO sim.kv (k, v) VALUES (?, ?)",
        [OP_DELETE_VALUE] = "DELETE FROM sim.kv WHERE k = ?",
    };
    single *w = a->w;
    static char value[24 * 1024];
    char name[16];
    native_params p = client_params(CL_ONE);
    q->begin_us = now_of(w);
    if (q->key == SCAN) {
        q->op = w->h.ops.n; /* one operation per key, in a row */
        for (int key = 0; key < KEYS; key++)
            history_begin(&w->h, q->kind, key_of(a->m, key), 0, q->begin_us);
        return client_ask(&a->c, "SELECT k, v FROM sim.kv", &p);
    }
    int n = snprintf(name, sizeof name, "%d", q->key);
    bytes values[2] = {bytes_of(name, (size_t)n)};
    p.values = values;
    p.n_values = 1;
    if (q->kind != OP_READ_VALUE)
        p.timestamp_us = q->version = ++w->next_version;
    if (q->kind == OP_WRITE_VALUE) {
        size_t padding = sim_choose(w->s, sim_choose(w->s, 8) ? 200 : sizeof value - 40);
        n = snprintf(value, sizeof value, "%lld:", (long long)q->version);
        memset(value + n, 'x', padding);
        values[p.n_values++] = bytes_of(value, (size_t)n + padding);
    }
    q->op = history_begin(&w->h, q->kind, key_of(a->m, q->key), q->version, q->begin_us);
    return client_ask(&a->c, texts[q->kind], &p);
}

static int64_t number(bytes b)
{
    int64_t n = 0;
    for (size_t i = 0; i < b.n && b.p[i] >= '0' && b.p[i] <= '9'; i++)
        n = n * 10 + (b.p[i] - '0');
    return n;
}

/* ---- what comes back ---- */

/* Rows of (k, v) into the versions by key. */
static void take_rows(actor *a, const native_response *r, int64_t *versions)
{
    for (size_t i = 0; i < r->rows.n_rows; i++) {
        int64_t key = number(r->rows.values[2 * i]), version = number(r->rows.values[2 * i + 1]);
        if (key >= KEYS || versions[key])
            report_failure(a->w->report, "%s: key %lld comes twice or was never written",
                           sim_node_name(a->m->host), (long long)key);
        else
            versions[key] = version;
    }
}

/* Errors that a node under faults may answer with. */
static bool expected_error(int code)
{
    return code == ERR_OVERLOADED || code == ERR_WRITE_TIMEOUT || code == ERR_READ_TIMEOUT ||
           code == ERR_UNAVAILABLE;
}

static void take_answer(actor *a, const question *q, const native_response *r)
{
    single *w = a->w;
    int64_t versions[KEYS];
    bool ok = r->opcode == OP_RESULT;
    if (!ok && !(r->opcode == OP_ERROR && expected_error(r->error.code)))
        report_failure(w->report, "%s answered %s", sim_node_name(a->m->host),
                       r->opcode == OP_ERROR ? r->error.text : "with another message");
    memset(versions, 0, sizeof versions);
    if (ok && q->kind == OP_READ_VALUE)
        take_rows(a, r, versions);
    int first = q->key == SCAN ? 0 : q->key, last = q->key == SCAN ? KEYS - 1 : q->key;
    for (int key = first; key <= last; key++)
        history_end(&w->h, q->op + (size_t)(key - first), ok, versions[key], now_of(w));
    w->report->acknowledged += ok;
}

static void no_answer(actor *a, int r, const err_info *err)
{
    const char *name = sim_node_name(a->m->host);
    if (r == ERR_PROTOCOL)
        report_failure(a->w->report, "%s: %s", name, err->text);
    else if (r == ERR_TIMEOUT && now_of(a->w) - REQUEST_US > a->m->excused_us)
        report_failure(a->w->report, "%s left a request without an answer for %d s", name,
                       REQUEST_US / 1000000);
}

/* ---- actors ---- */

static bool co_fn connect_to(actor *a)
{
    err_info err = {0};
    single *w = a->w;
    env *home = sim_env(w->s);
    int r = client_open(&a->c, home, a->m->address, a->port, REQUEST_US, &err);
    a->open = r == 0;
    if (r == ERR_PROTOCOL ||
        (r < 0 && r != ERR_REFUSED && r != ERR_TIMEOUT && r != ERR_IO && r != ERR_EOF))
        report_failure(w->report, "%s: connecting: %s", sim_node_name(a->m->host), err.text);
    if (r < 0)
        env_sleep_us(home, 1000 + (int64_t)sim_choose(w->s, 200000));
    return a->open;
}

static void draw(actor *a, question *q)
{
    uint64_t dice = sim_choose(a->w->s, 100);
    *q = (question){.key = (int)sim_choose(a->w->s, KEYS)};
    q->kind = dice < 50 ? OP_WRITE_VALUE : dice < 58 ? OP_DELETE_VALUE : OP_READ_VALUE;
    if (dice >= 97)
        q->key = SCAN;
}

/* Some requests at once, then all their answers in whatever order. */
static void co_fn burst(actor *a, const question *drawn, unsigned n)
{
    single *w = a->w;
    question asked[CLIENT_STREAMS];
    err_info err = {0};
    native_response r;
    int id, code = 0;
    for (unsigned i = 0; i < n; i++) {
        question q = drawn[i];
        id = ask(a, &q);
        asked[id] = q;
    }
    w->report->operations += n;
    int64_t deadline = now_of(w) + REQUEST_US;
    for (unsigned i = 0; i < n && code == 0; i++) {
        code = client_receive(&a->c, deadline, &id, &r, &err);
        if (code == 0)
            take_answer(a, &asked[id], &r);
    }
    if (code == 0)
        return;
    no_answer(a, code, &err);
    client_close(&a->c);
    a->open = false;
}

static void co_fn act(void *arg)
{
    actor *a = arg;
    single *w = a->w;
    env *home = sim_env(w->s);
    while (now_of(w) < w->until_us && !w->report->failure[0]) {
        if (!a->open && !connect_to(a))
            continue;
        question q[BURST];
        unsigned n = 1 + (unsigned)sim_choose(w->s, BURST);
        for (unsigned i = 0; i < n; i++)
            draw(a, &q[i]);
        burst(a, q, n);
        env_sleep_us(home, (int64_t)sim_choose(w->s, 100000));
    }
    if (a->open)
        client_close(&a->c);
    a->open = false;
    w->running--;
}

/* ---- the run ---- */

static void on_loss(void *arg, sim_member *m)
{
    single *w = arg;
    if (m->config->commitlog_sync != COMMITLOG_PERIODIC)
        return;
    history_forget(&w->h, key_of(m, 0), key_of(m, KEYS), now_of(w) - w->lost_window_us, now_of(w));
}

static bool co_fn make_tables(single *w)
{
    static const char *const texts[] = {
        "CREATE KEYSPACE sim WITH replication = {'class': 'SimpleStrategy', "
        "'replication_factor': 1}",
        "CREATE TABLE sim.kv (k text PRIMARY KEY, v text)"};
    for (unsigned i = 0; i < w->c->options.n; i++) {
        client c;
        native_response r;
        err_info err = {0};
        int code = client_open(&c, sim_env(w->s), w->c->members[i].address, 9042, REQUEST_US, &err);
        for (size_t k = 0; k < ARRAY_LEN(texts) && code == 0; k++)
            code = client_query(&c, texts[k], REQUEST_US, &r, &err);
        if (code < 0) {
            report_failure(w->report, "making the tables: %s", err.text);
            return false;
        }
        client_close(&c);
    }
    return true;
}

static void co_fn read_all(single *w, sim_member *m)
{
    actor a = {.w = w, .m = m, .port = 9042};
    question scan = {.kind = OP_READ_VALUE, .key = SCAN};
    if (!connect_to(&a)) {
        report_failure(w->report, "%s cannot be reached after all faults", sim_node_name(m->host));
        return;
    }
    burst(&a, &scan, 1);
    if (!a.open)
        report_failure(w->report, "%s cannot be read after all faults", sim_node_name(m->host));
    else
        client_close(&a.c);
}

static void check(single *w)
{
    finding f;
    if (history_check(&w->h, w->c->options.sync == COMMITLOG_PERIODIC, &f) == HISTORY_HOLDS)
        return;
    report_failure(w->report,
                   "%s: key %u of n%u, read at %.6f..%.6f: version %lld, bound by version %lld "
                   "(%s at %.6f..%.6f)",
                   verdict_name(f.verdict), f.read.key % KEYS, f.read.key / KEYS + 1,
                   (double)f.read.begin_us / 1e6, (double)f.read.end_us / 1e6,
                   (long long)f.read.version, (long long)f.bound.version,
                   f.bound.kind == OP_DELETE_VALUE ? "deleted"
                   : f.bound.kind == OP_READ_VALUE ? "read"
                                                   : "written",
                   (double)f.bound.begin_us / 1e6, (double)f.bound.end_us / 1e6);
}

static void co_fn go(single *w, nemesis *n)
{
    actor actors[3 * ACTORS];
    w->until_us = now_of(w) + 8000000;
    for (unsigned i = 0; i < w->c->options.n * ACTORS; i++) {
        actors[i] =
            (actor){.w = w, .m = &w->c->members[i / ACTORS], .port = i % 3 == 0 ? 9160 : 9042};
        w->running++;
        env_spawn(sim_env(w->s), act, &actors[i]);
    }
    nemesis_run(n, w->until_us - 500000);
    bool healed = nemesis_heal(n);
    while (w->running)
        env_sleep_us(sim_env(w->s), 10000);
    if (!healed) {
        report_failure(w->report, "%s", n->failure);
        return;
    }
    for (unsigned i = 0; i < w->c->options.n; i++)
        read_all(w, &w->c->members[i]);
    check(w);
}

static void co_fn run(sim *s, uint64_t seed, sim_report *report)
{
    static const unsigned periods[] = {50, 200, 1000};
    single w = {.s = s, .report = report};
    sim_cluster_options o = {.n = 1 + (unsigned)sim_choose(s, 3),
                             .sync = (int)sim_choose(s, 3),
                             .memtable_mib = 1 + (unsigned)sim_choose(s, 3),
                             .num_tokens = 1 + (unsigned)sim_choose(s, 16)};
    o.sync_ms = o.sync == COMMITLOG_PERIODIC ? periods[sim_choose(s, 3)] : 2;
    w.lost_window_us = (int64_t)o.sync_ms * 3000 + 2000000;
    sim_shuffle(s, seed % 2);
    w.c = sim_cluster_new(s, &o);
    nemesis n = {.c = w.c,
                 .kinds = FAULTS_ALL,
                 .gap_us = 100000 + (int64_t)sim_choose(s, 500000),
                 .length_us = 50000 + (int64_t)sim_choose(s, 1000000),
                 .most_down = o.n,
                 .on_loss = on_loss,
                 .arg = &w};
    sim_say(s, "%u nodes, commit log %s, %u MiB of memtables", o.n,
            (const char *[]){"periodic", "batch", "group"}[o.sync], o.memtable_mib);
    if (!nemesis_begin(&n))
        report_failure(report, "%s", n.failure);
    else if (make_tables(&w))
        go(&w, &n);
    for (int i = 0; i < N_FAULTS; i++)
        report->faults += n.counts[i];
    history_done(&w.h);
}

const workload workload_single = {
    "single", "independent nodes: acknowledged writes outlive every crash", run};
