#include "tests/sim/kv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/row.h"

enum { ACTORS = 3, BURST = 6, SCAN = -1 };

/* One request under way. */
typedef struct question {
    op_kind kind;
    int key; /* or SCAN */
    size_t op;
    int64_t version, begin_us;
} question;

typedef struct actor {
    kv *w;
    sim_member *m;
    client c;
    bool open;
    uint16_t port;
} actor;

int64_t kv_now(const kv *w)
{
    return env_mono_us(sim_env(w->s));
}

static uint32_t key_of(const actor *a, int key)
{
    return kv_first_key(a->w, a->m) + (uint32_t)key;
}

uint32_t kv_first_key(const kv *w, const sim_member *m)
{
    return w->shared ? 0 : m->index * KV_KEYS;
}

/* ---- asking ---- */

static int ask(actor *a, question *q)
{
    static const char *const texts[] = {
        [OP_READ_VALUE] = "SELECT k, v FROM sim.kv WHERE k = ?",
        [OP_WRITE_VALUE] = "INSERT INTO sim.kv (k, v) VALUES (?, ?)",
        [OP_DELETE_VALUE] = "DELETE FROM sim.kv WHERE k = ?",
    };
    kv *w = a->w;
    static char value[24 * 1024];
    char name[16];
    native_params p = client_params(w->cl);
    q->begin_us = kv_now(w);
    if (q->key == SCAN) {
        q->op = w->h.ops.n; /* one operation per key, in a row */
        for (int key = 0; key < KV_KEYS; key++)
            history_begin(&w->h, q->kind, key_of(a, key), 0, q->begin_us);
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
    q->op = history_begin(&w->h, q->kind, key_of(a, q->key), q->version, q->begin_us);
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
        if (key >= KV_KEYS || versions[key])
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
           code == ERR_UNAVAILABLE || code == ERR_READ_FAILURE || code == ERR_WRITE_FAILURE;
}

static void take_answer(actor *a, const question *q, const native_response *r)
{
    kv *w = a->w;
    int64_t versions[KV_KEYS];
    bool ok = r->opcode == OP_RESULT;
    if (!ok && !(r->opcode == OP_ERROR && expected_error(r->error.code)))
        report_failure(w->report, "%s answered %s", sim_node_name(a->m->host),
                       r->opcode == OP_ERROR ? r->error.text : "with another message");
    memset(versions, 0, sizeof versions);
    if (ok && q->kind == OP_READ_VALUE)
        take_rows(a, r, versions);
    int first = q->key == SCAN ? 0 : q->key, last = q->key == SCAN ? KV_KEYS - 1 : q->key;
    for (int key = first; key <= last; key++)
        history_end(&w->h, q->op + (size_t)(key - first), ok, versions[key], kv_now(w));
    w->report->acknowledged += ok;
}

static void no_answer(actor *a, int r, const err_info *err)
{
    const char *name = sim_node_name(a->m->host);
    if (r == ERR_PROTOCOL)
        report_failure(a->w->report, "%s: %s", name, err->text);
    else if (r == ERR_TIMEOUT && kv_now(a->w) - a->w->request_us > a->m->excused_us)
        report_failure(a->w->report, "%s left a request without an answer for %lld s", name,
                       (long long)a->w->request_us / 1000000);
}

/* ---- actors ---- */

static bool co_fn connect_to(actor *a)
{
    err_info err = {0};
    kv *w = a->w;
    env *home = sim_env(w->s);
    int r = client_open(&a->c, home, a->m->address, a->port, w->request_us, &err);
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
    *q = (question){.key = (int)sim_choose(a->w->s, KV_KEYS)};
    q->kind = dice < 50 ? OP_WRITE_VALUE : dice < 58 ? OP_DELETE_VALUE : OP_READ_VALUE;
    if (dice >= 97)
        q->key = SCAN;
}

/* Some requests at once, then all their answers in whatever order. */
static void co_fn burst(actor *a, const question *drawn, unsigned n)
{
    kv *w = a->w;
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
    int64_t deadline = kv_now(w) + w->request_us;
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
    kv *w = a->w;
    env *home = sim_env(w->s);
    while (kv_now(w) < w->until_us && !w->report->failure[0]) {
        if (!a->open && w->shared)
            a->m = &w->c->members[sim_choose(w->s, w->c->options.n)];
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
    free(a);
    w->running--;
}

/* ---- the run ---- */

void co_fn kv_make_tables(kv *w, sim_member *m, int replication)
{
    client c;
    native_response r;
    err_info err = {0};
    char keyspace[160];
    snprintf(keyspace, sizeof keyspace,
             "CREATE KEYSPACE sim WITH replication = {'class': 'SimpleStrategy', "
             "'replication_factor': %d}",
             replication);
    int code = client_open(&c, sim_env(w->s), m->address, 9042, w->request_us, &err);
    if (code == 0)
        code = client_query(&c, keyspace, w->request_us, &r, &err);
    if (code == 0)
        code = client_query(&c, "CREATE TABLE sim.kv (k text PRIMARY KEY, v text)", w->request_us,
                            &r, &err);
    if (code < 0)
        report_failure(w->report, "making the tables: %s", err.text);
    else
        client_close(&c);
}

void kv_start(kv *w)
{
    unsigned n = w->c->options.n * ACTORS;
    for (unsigned i = 0; i < n; i++) {
        actor *a = xzalloc(sizeof *a);
        *a = (actor){.w = w, .m = &w->c->members[i / ACTORS], .port = i % 3 == 0 ? 9160 : 9042};
        w->running++;
        env_spawn(sim_env(w->s), act, a);
    }
}

void co_fn kv_wait(kv *w)
{
    while (w->running)
        env_sleep_us(sim_env(w->s), 10000);
}

bool co_fn kv_read_all(kv *w, sim_member *m)
{
    actor a = {.w = w, .m = m, .port = 9042};
    question scan = {.kind = OP_READ_VALUE, .key = SCAN};
    uint64_t before = w->report->acknowledged;
    if (!connect_to(&a))
        return false;
    burst(&a, &scan, 1);
    if (a.open)
        client_close(&a.c);
    return w->report->acknowledged > before;
}

void kv_check(const kv *w, bool monotonic_reads)
{
    finding f;
    if (history_check(&w->h, monotonic_reads, &f) == HISTORY_HOLDS)
        return;
    report_failure(w->report,
                   "%s: key %u, read at %.6f..%.6f: version %lld, bound by version %lld "
                   "(%s at %.6f..%.6f)",
                   verdict_name(f.verdict), f.read.key, (double)f.read.begin_us / 1e6,
                   (double)f.read.end_us / 1e6, (long long)f.read.version,
                   (long long)f.bound.version,
                   f.bound.kind == OP_DELETE_VALUE ? "deleted"
                   : f.bound.kind == OP_READ_VALUE ? "read"
                                                   : "written",
                   (double)f.bound.begin_us / 1e6, (double)f.bound.end_us / 1e6);
}
