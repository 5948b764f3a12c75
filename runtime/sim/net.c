/* Links and connections: when bytes arrive, and what becomes of them when they cannot. */
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "runtime/sim/net.h"

enum { RETRY_US = 200000, RETRY_MAX_US = 120 * 1000000, SEGMENT_MAX = 64 * 1024 };
enum { NOTE_SEND = 1024, NOTE_ARRIVE, NOTE_FIN, NOTE_RESET };
#define GIVE_UP_US (924LL * 1000000)

typedef struct segment {
    list link;
    int64_t arrive_us;
    bool fin;
    size_t n;
    uint8_t data[];
} segment;

/* ---- links ---- */

sim_link *net_link(sim_node *from, sim_node *to)
{
    return &from->links.p[to->index];
}

sim_link *sim_link_get(sim_node *from, sim_node *to)
{
    return net_link(from, to);
}

static void cut_one(sim_node *from, sim_node *to, bool cut)
{
    sim_link *l = net_link(from, to);
    if (l->cut != cut)
        sim_event(from, "the way to %s is %s", to->name, cut ? "cut" : "whole");
    l->cut = cut;
}

void sim_cut(sim_node *a, sim_node *b, bool cut)
{
    cut_one(a, b, cut);
    cut_one(b, a, cut);
}

bool net_reaches(sim_node *from, sim_node *to)
{
    return !net_link(from, to)->cut && !to->host_off;
}

static bool happens(sim *s, unsigned ppm)
{
    return ppm && sim_choose(s, 1000000) < ppm;
}

int64_t net_arrival_us(sim_node *from, sim_node *to)
{
    sim *s = from->sim;
    const sim_link *l = net_link(from, to);
    int64_t at = sim_now(s) + l->delay_us;
    if (l->jitter_us)
        at += (int64_t)sim_choose(s, (uint64_t)l->jitter_us);
    for (int64_t again = RETRY_US; again < RETRY_MAX_US && happens(s, l->loss_ppm); again *= 2)
        at += again;
    return at;
}

/* ---- connections ---- */

static conn *conn_of(end *e, unsigned *ret_side)
{
    *ret_side = e == &e->conn->end[1];
    return e->conn;
}

static void arm(end *to)
{
    sched *world = &to->conn->sim->sched;
    if (list_empty(&to->segments) || to->stalled || to->arrival.at)
        return;
    segment *head = container_of(to->segments.next, segment, link);
    sched_timer_set(world, &to->arrival, head->arrive_us);
}

static void purge(end *to)
{
    for (list *l; (l = list_pop(&to->segments));)
        free(container_of(l, segment, link));
    to->bytes = 0;
    sched_timer_stop(&to->conn->sim->sched, &to->arrival);
}

static void conn_free(conn *c)
{
    for (int i = 0; i < 2; i++) {
        purge(&c->end[i]);
        sched_timer_stop(&c->sim->sched, &c->end[i].reset);
    }
    list_remove(&c->link);
    free(c);
}

static void conn_hold(conn *c)
{
    c->held++;
}

static void conn_release(conn *c)
{
    if (--c->held == 0 && !c->end[0].sock && !c->end[1].sock)
        conn_free(c);
}

void net_conn_detach(conn *c, unsigned side)
{
    conn_hold(c);
    end *e = &c->end[side];
    if (e->sock)
        e->sock->conn = NULL;
    e->sock = NULL;
    if (e->stalled) { /* what it did not take meets a closed socket */
        e->stalled = false;
        arm(e);
    }
    conn_release(c);
}

/* ---- arrivals ---- */

/* The sender's host tries again, ever less often. */
static void retry(end *to, end *from)
{
    sim *s = to->conn->sim;
    int64_t now = sim_now(s);
    if (to->retries++ == 0)
        to->stuck_us = now;
    if (now - to->stuck_us > GIVE_UP_US) {
        purge(to);
        if (from->sock)
            net_sock_failed(from->sock, ETIMEDOUT);
        return;
    }
    int64_t wait = (int64_t)RETRY_US << (to->retries < 10 ? to->retries : 10);
    wait = wait < RETRY_MAX_US ? wait : RETRY_MAX_US;
    sched_timer_set(&s->sched, &to->arrival,
                    now + wait / 2 + (int64_t)sim_choose(s, (uint64_t)wait));
}

static void hand_over(end *to, unsigned side, segment *g)
{
    conn *c = to->conn;
    sim_note_number(c->sim, g->fin ? NOTE_FIN : NOTE_ARRIVE, c->id * 65537 + g->n);
    if (to->sock && g->fin)
        net_sock_ended(to->sock);
    else if (to->sock)
        net_sock_received(to->sock, g->data, g->n);
    else if (!g->fin)
        net_conn_send_reset(c, side);
}

static void on_arrival(sched_timer *t)
{
    end *to = t->arg;
    unsigned side;
    conn *c = conn_of(to, &side);
    end *from = &c->end[!side];
    conn_hold(c);
    while (!list_empty(&to->segments)) {
        segment *g = container_of(to->segments.next, segment, link);
        if (g->arrive_us > sim_now(c->sim))
            break;
        if (!net_reaches(from->node, to->node)) {
            retry(to, from);
            break;
        }
        if (to->sock && !g->fin && net_sock_full(to->sock, to->receive_limit)) {
            to->stalled = true;
            break;
        }
        to->retries = 0;
        list_remove(&g->link);
        to->bytes -= g->n;
        hand_over(to, side, g);
        free(g);
        if (from->sock)
            net_sock_writable(from->sock);
    }
    arm(to);
    conn_release(c);
}

void net_conn_resume(conn *c, unsigned side)
{
    end *e = &c->end[side];
    if (!e->stalled || net_sock_full(e->sock, e->receive_limit))
        return;
    e->stalled = false;
    arm(e);
}

/* ---- resets ---- */

static void on_reset(sched_timer *t)
{
    end *to = t->arg;
    unsigned side;
    conn *c = conn_of(to, &side);
    if (!net_reaches(c->end[!side].node, to->node)) {
        sched_timer_set(&c->sim->sched, t, sim_now(c->sim) + 5 * RETRY_US);
        return;
    }
    conn_hold(c);
    purge(to);
    c->sim->stats.resets++;
    sim_note_number(c->sim, NOTE_RESET, c->id * 2 + side);
    if (to->sock) {
        sim_event(to->node, "connection %llu with %s is reset", (unsigned long long)c->id,
                  to->sock->base.peer);
        net_sock_failed(to->sock, ECONNRESET);
    }
    conn_release(c);
}

void net_conn_send_reset(conn *c, unsigned side)
{
    end *to = &c->end[!side];
    if (to->reset.at || !to->sock)
        return;
    sched_timer_set(&c->sim->sched, &to->reset, net_arrival_us(c->end[side].node, to->node));
}

unsigned sim_reset(sim_node *a, sim_node *b)
{
    unsigned n = 0;
    for (list *l = a->sim->connections.next; l != &a->sim->connections; l = l->next) {
        conn *c = container_of(l, conn, link);
        sim_node *x = c->end[0].node, *y = c->end[1].node;
        if ((x != a || y != b) && (x != b || y != a))
            continue;
        net_conn_send_reset(c, 0);
        net_conn_send_reset(c, 1);
        n++;
    }
    return n;
}

/* ---- sending ---- */

static void push(end *to, sim_node *from, const uint8_t *p, size_t n, bool fin)
{
    const sim_link *l = net_link(from, to->node);
    segment *g = xmalloc(sizeof *g + n);
    int64_t at = net_arrival_us(from, to->node);
    at = at > to->last_us ? at : to->last_us;
    if (l->bytes_per_s)
        at += (int64_t)(n * 1000000 / l->bytes_per_s);
    *g = (segment){.arrive_us = at, .fin = fin, .n = n};
    if (n)
        memcpy(g->data, p, n);
    to->last_us = at;
    to->bytes += n;
    list_push(&to->segments, &g->link);
    arm(to);
}

/* Mostly whole, sometimes in pieces of any size. */
static size_t piece(sim *s, size_t n)
{
    size_t most = n < SEGMENT_MAX ? n : SEGMENT_MAX;
    return sim_choose(s, 4) ? most : 1 + sim_choose(s, sim_choose(s, 2) ? most : (most + 31) / 32);
}

size_t net_conn_send(conn *c, unsigned side, const uint8_t *p, size_t n)
{
    sim *s = c->sim;
    end *from = &c->end[side], *to = &c->end[!side];
    size_t room = to->bytes < from->send_limit ? from->send_limit - to->bytes : 0;
    size_t taken = n < room ? n : room;
    for (size_t at = 0, k; at < taken; at += k) {
        k = piece(s, taken - at);
        s->stats.segments++;
        s->stats.bytes += k;
        if (happens(s, net_link(from->node, to->node)->reset_ppm)) {
            net_conn_send_reset(c, 0);
            net_conn_send_reset(c, 1);
        }
        push(to, from->node, p + at, k, false);
    }
    sim_note_number(s, NOTE_SEND, c->id * 65537 + taken);
    return taken;
}

void net_conn_send_fin(conn *c, unsigned side)
{
    push(&c->end[!side], c->end[side].node, NULL, 0, true);
}

/* ---- life ---- */

conn *net_conn_new(sim_node *client, sim_node *server)
{
    sim *s = client->sim;
    conn *c = xzalloc(sizeof *c);
    c->sim = s;
    c->id = ++s->next_connection;
    for (int i = 0; i < 2; i++) {
        end *e = &c->end[i];
        e->conn = c;
        e->node = i ? server : client;
        list_init(&e->segments);
        e->arrival = (sched_timer){.fn = on_arrival, .arg = e};
        e->reset = (sched_timer){.fn = on_reset, .arg = e};
        e->send_limit = (size_t)16384 << sim_choose(s, 6);
        e->receive_limit = (size_t)8192 << sim_choose(s, 6);
    }
    list_push(&s->connections, &c->link);
    s->stats.connects++;
    return c;
}

void net_conn_attach(conn *c, unsigned side, sock *s)
{
    c->end[side].sock = s;
    s->conn = c;
    s->side = side;
}

/* A host that is gone sends nothing more, not even what its kernel still had. */
static void host_vanishes(sock *s)
{
    conn *c = s->conn;
    purge(&c->end[!s->side]);
    net_conn_detach(c, s->side);
}

/* The kernel closes the sockets of a process that ended. */
static void process_ended(sock *s)
{
    conn *c = s->conn;
    if (s->base.in.n || !list_empty(&c->end[s->side].segments) || s->listener)
        net_conn_send_reset(c, s->side);
    else if (!s->finished)
        net_conn_send_fin(c, s->side);
    net_conn_detach(c, s->side);
}

void net_crash(sim_node *n, bool hang)
{
    for (list *l = n->sockets.next; l != &n->sockets; l = l->next) {
        sock *s = container_of(l, sock, link);
        if (s->conn && hang)
            host_vanishes(s);
        else if (s->conn)
            process_ended(s);
    }
}

void net_free(sim *s)
{
    for (list *l; (l = list_pop(&s->connections));) {
        conn *c = container_of(l, conn, link);
        for (int i = 0; i < 2; i++)
            if (c->end[i].sock)
                c->end[i].sock->conn = NULL;
        conn_free(c);
    }
}
