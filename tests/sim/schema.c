/* The workload of a ring whose schema changes: clients create, alter and drop tables through any
 * node while nodes are killed, cut off and slowed down.
 *
 * After the faults all nodes agree about the schema's version, and it is the right one: what was
 * acknowledged is there with all its columns, what was dropped is gone, and every table that is
 * there takes QUORUM writes. Every statement gets an answer or the end of its connection. Each
 * table has one client, which asks one thing after the other. Clocks are not set back or forth:
 * of two changes the later time stamp wins. */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "tests/sim/client.h"
#include "tests/sim/faults.h"
#include "tests/sim/sim_test.h"

enum {
    CLIENTS = 4,
    TABLES = 40,
    COLUMNS = 8,
    RUN_US = 15000000,
    REQUEST_US = 30000000,
    SETTLE_US = 120000000,
    POLL_US = 200000
};

typedef enum fate { NOTHING_ASKED, ASKED, ACKNOWLEDGED } fate;

typedef struct tracked {
    fate created, dropped;
    bool in_doubt; /* a change before the drop had no answer: it may come after it */
    unsigned n_columns;
    fate columns[COLUMNS];
} tracked;

typedef struct changes {
    sim *s;
    sim_cluster *c;
    sim_report *report;
    tracked tables[CLIENTS * TABLES];
    unsigned running;
    int64_t until_us;
} changes;

typedef struct changer {
    changes *w;
    unsigned first, n; /* its tables */
} changer;

static int64_t now_of(const changes *w)
{
    return env_mono_us(sim_env(w->s));
}

/* ---- one statement ---- */

/* A node that has not heard of an earlier change refuses the next one. */
static bool expected_error(int code)
{
    static const int codes[] = {ERR_OVERLOADED,  ERR_WRITE_TIMEOUT, ERR_READ_TIMEOUT,
                                ERR_UNAVAILABLE, ERR_WRITE_FAILURE, ERR_READ_FAILURE,
                                ERR_EXISTS,      ERR_INVALID,       ERR_CONFIG};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (code == codes[i])
            return true;
    return false;
}

static bool is_silence(int code)
{
    return code == ERR_TIMEOUT || code == ERR_EOF || code == ERR_IO || code == ERR_REFUSED;
}

/* ERR_TIMEOUT and others of is_silence: no answer; otherwise the answer's code. */
static int co_fn say(changes *w, sim_member *m, const char *text, err_info *err)
{
    client c;
    native_response r;
    int64_t begin = now_of(w);
    int code = client_open(&c, sim_env(w->s), m->address, 9042, REQUEST_US, err);
    if (code < 0)
        return ERR_REFUSED;
    native_params p = client_params(CL_QUORUM);
    client_ask(&c, text, &p);
    int id;
    code = client_receive(&c, begin + REQUEST_US, &id, &r, err);
    if (code == 0 && r.opcode == OP_ERROR) {
        *err = r.error;
        code = r.error.code;
        if (!expected_error(code) || is_silence(code))
            report_failure(w->report, "%s answered %s to %s", sim_node_name(m->host), err->text,
                           text);
    } else if (code == ERR_TIMEOUT && begin > m->excused_us) {
        report_failure(w->report, "%s left %s without an answer for %d s", sim_node_name(m->host),
                       text, REQUEST_US / 1000000);
    }
    client_close(&c);
    w->report->operations++;
    w->report->acknowledged += code == 0;
    return code;
}

/* Refusals count as nothing asked: the statement had no effect. Timeouts of the server's own do not
 * come to a schema change before it is made here. */
static void note(tracked *t, fate *f, int code)
{
    if (code == 0)
        *f = ACKNOWLEDGED;
    else if (code != ERR_INVALID && code != ERR_CONFIG && code != ERR_EXISTS && code != ERR_REFUSED)
        t->in_doubt |= f != &t->dropped;
    else
        *f = NOTHING_ASKED;
}

static int co_fn change(changes *w, const char *text, tracked *t, fate *f)
{
    err_info err = {0};
    sim_member *m = &w->c->members[sim_choose(w->s, w->c->options.n)];
    *f = ASKED;
    int code = say(w, m, text, &err);
    note(t, f, code);
    sim_say(w->s, "%s at %s: %s%s", text, sim_node_name(m->host), err_name(code),
            t->in_doubt ? " (in doubt)" : "");
    return code;
}

/* ---- clients ---- */

static void co_fn one_change(changer *c)
{
    changes *w = c->w;
    char text[200];
    unsigned i = c->first + (unsigned)sim_choose(w->s, c->n + 1);
    tracked *t = &w->tables[i];
    uint64_t dice = sim_choose(w->s, 10);
    if (i == c->first + c->n) {
        if (c->n == TABLES)
            return;
        c->n++;
        snprintf(text, sizeof text, "CREATE TABLE sim.t%u (k text PRIMARY KEY, v text)", i);
        change(w, text, t, &t->created);
    } else if (t->dropped != NOTHING_ASKED) {
        return;
    } else if (dice < 7 && t->n_columns < COLUMNS) {
        snprintf(text, sizeof text, "ALTER TABLE sim.t%u ADD c%u int", i, t->n_columns);
        t->n_columns++;
        change(w, text, t, &t->columns[t->n_columns - 1]);
    } else if (dice > 7) {
        snprintf(text, sizeof text, "DROP TABLE sim.t%u", i);
        change(w, text, t, &t->dropped);
    }
}

static void co_fn act(void *arg)
{
    changer *c = arg;
    changes *w = c->w;
    while (now_of(w) < w->until_us && !w->report->failure[0]) {
        one_change(c);
        env_sleep_us(sim_env(w->s), (int64_t)sim_choose(w->s, 300000));
    }
    free(c);
    w->running--;
}

/* ---- agreement ---- */

/* True: all have the same version; *ret_why says whose is not. Reads the nodes' memory: what
 * clients are told of it is tested elsewhere. */
static bool same_versions(changes *w, char *ret_why, size_t cap)
{
    uuid first = {0};
    for (unsigned i = 0; i < w->c->options.n; i++) {
        sim_member *m = &w->c->members[i];
        schema *s = coordinator_newest_schema(m->node->coordinator);
        ring *r = gossiper_ring(m->node->gossiper);
        unsigned up = 0;
        for (unsigned k = 0; k < r->n_endpoints; k++)
            up += r->endpoints[k].alive && r->endpoints[k].status == ENDPOINT_NORMAL;
        bool same = i == 0 || uuid_eq(first, s->version);
        if (i == 0)
            first = s->version;
        schema_unref(s);
        ring_unref(r);
        if (!same)
            snprintf(ret_why, cap, "n1 and %s have different schemas", sim_node_name(m->host));
        else if (up != w->c->options.n)
            snprintf(ret_why, cap, "%s sees %u nodes up and normal", sim_node_name(m->host), up);
        if (!same || up != w->c->options.n)
            return false;
    }
    return true;
}

static void co_fn agree(changes *w, const char *when)
{
    int64_t start = now_of(w);
    char why[200];
    while (!w->report->failure[0] && !same_versions(w, why, sizeof why)) {
        if (now_of(w) - start > SETTLE_US)
            report_failure(w->report, "no agreement %s after %d s: %s", when, SETTLE_US / 1000000,
                           why);
        env_sleep_us(sim_env(w->s), POLL_US);
    }
    sim_say(w->s, "all agree %s after %.1f s", when, (double)(now_of(w) - start) / 1e6);
}

/* ---- is it the right schema? ---- */

static void check_table(changes *w, const schema *s, const sim_member *m, unsigned i)
{
    const tracked *x = &w->tables[i];
    char name[16];
    snprintf(name, sizeof name, "t%u", i);
    const table *t = schema_table(s, "sim", name);
    if (t && x->created == NOTHING_ASKED)
        report_failure(w->report, "%s has %s, whose creation was refused", sim_node_name(m->host),
                       name);
    if (t && x->dropped == ACKNOWLEDGED && !x->in_doubt)
        report_failure(w->report, "%s still has %s, which was dropped", sim_node_name(m->host),
                       name);
    if (!t && x->created == ACKNOWLEDGED && x->dropped == NOTHING_ASKED)
        report_failure(w->report, "%s has lost %s", sim_node_name(m->host), name);
    for (unsigned k = 0; t && x->dropped == NOTHING_ASKED && k < x->n_columns; k++) {
        snprintf(name, sizeof name, "c%u", k);
        if (x->columns[k] == ACKNOWLEDGED && !table_column(t, bytes_str(name)))
            report_failure(w->report, "%s has lost column %s of t%u", sim_node_name(m->host), name,
                           i);
    }
}

static void co_fn write_table(changes *w, sim_member *m, unsigned i)
{
    char text[120];
    err_info err = {0};
    snprintf(text, sizeof text, "INSERT INTO sim.t%u (k, v) VALUES ('a', 'b')", i);
    int code = say(w, m, text, &err);
    if (code < 0)
        report_failure(w->report, "after all faults %s answers %s to %s", sim_node_name(m->host),
                       err.text, text);
}

static void co_fn check_all(changes *w)
{
    for (unsigned k = 0; k < w->c->options.n && !w->report->failure[0]; k++) {
        sim_member *m = &w->c->members[k];
        schema *s = coordinator_newest_schema(m->node->coordinator);
        for (unsigned i = 0; i < CLIENTS * TABLES; i++)
            check_table(w, s, m, i);
        for (unsigned i = 0; i < CLIENTS * TABLES && !w->report->failure[0]; i++) {
            char name[16];
            snprintf(name, sizeof name, "t%u", i);
            if (schema_table(s, "sim", name))
                write_table(w, m, i);
        }
        schema_unref(s);
    }
}

/* ---- the run ---- */

static void nothing_lost(void *arg, sim_member *m)
{
    (void)arg, (void)m;
}

static void co_fn go(changes *w, nemesis *n)
{
    err_info err = {0};
    agree(w, "at first");
    if (say(w, &w->c->members[0],
            "CREATE KEYSPACE sim WITH replication = {'class': 'SimpleStrategy', "
            "'replication_factor': 3}",
            &err) < 0)
        report_failure(w->report, "making the keyspace: %s", err.text);
    agree(w, "about the keyspace");
    w->until_us = now_of(w) + RUN_US;
    for (unsigned i = 0; i < CLIENTS; i++) {
        changer *c = xzalloc(sizeof *c);
        *c = (changer){.w = w, .first = i * TABLES};
        w->running++;
        env_spawn(sim_env(w->s), act, c);
    }
    nemesis_run(n, w->until_us - 500000);
    bool healed = nemesis_heal(n);
    while (w->running)
        env_sleep_us(sim_env(w->s), 10000);
    if (!healed)
        report_failure(w->report, "%s", n->failure);
    agree(w, "after the faults");
    check_all(w);
}

static void co_fn run(sim *s, uint64_t seed, sim_report *report)
{
    changes *w = xzalloc(sizeof *w);
    sim_cluster_options o = {.n = 3,
                             .sync = 1 + (int)sim_choose(s, 2),
                             .sync_ms = 2,
                             .memtable_mib = 1,
                             .num_tokens = 1 + (unsigned)sim_choose(s, 16),
                             .ring = true};
    sim_shuffle(s, seed % 2);
    *w = (changes){.s = s, .c = sim_cluster_new(s, &o), .report = report};
    nemesis n = {.c = w->c,
                 .kinds = FAULTS_ALL & ~(1u << FAULT_SKEW),
                 .gap_us = 100000 + (int64_t)sim_choose(s, 2000000),
                 .length_us = 50000 + (int64_t)sim_choose(s, 3000000),
                 .most_down = 1 + (unsigned)sim_choose(s, 3),
                 .on_loss = nothing_lost};
    if (!nemesis_begin(&n))
        report_failure(report, "%s", n.failure);
    else
        go(w, &n);
    for (int i = 0; i < N_FAULTS; i++)
        report->faults += n.counts[i];
    free(w);
}

const workload workload_schema = {
    "schema", "a ring: schema changes under faults end in one schema, with all acknowledged", run};
