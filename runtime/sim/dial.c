/* Listening and connecting: addresses, handshakes, refusals. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "runtime/sim/net.h"

/* A first packet that gets no answer is sent again after 1, 2, 4, ... seconds, six times. */
enum { RETRIES = 6, RETRY_US = 1000000, NOTE_DIAL = 1280 };

struct net_listener {
    listener base; /* first */
    list link;     /* node->listeners */
    char ip[48];
    void (*on_accept)(void *arg, stream *s);
    void *arg;
};

typedef struct dial {
    list link; /* node->dials */
    sim_node *from, *to;
    char ip[48], from_ip[48];
    uint16_t port, from_port;
    sched_timer timer;
    co_event done;
    bool answered; /* the answer is on its way back */
    int err_no;    /* what it says */
    sock *sock;
    unsigned tries;
} dial;

/* ---- addresses ---- */

static int address_read(const char *text, char ret_ip[48], err_info *err)
{
    uint8_t raw[16];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, raw) != 1 || !inet_ntop(family, raw, ret_ip, 48))
        return err_set(err, ERR_INVALID, "'%s' is not an IP address", text);
    return 0;
}

static bool is_any(const char *ip)
{
    return strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0;
}

static bool is_loopback(const char *ip)
{
    return strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0;
}

static bool has_address(const sim_node *n, const char *ip)
{
    for (size_t i = 0; i < n->addresses.n; i++)
        if (strcmp(n->addresses.p[i], ip) == 0)
            return true;
    return false;
}

static sim_node *node_at(sim_node *from, const char *ip)
{
    if (is_loopback(ip) || is_any(ip) || has_address(from, ip))
        return from;
    for (size_t i = 0; i < from->sim->nodes.n; i++)
        if (has_address(from->sim->nodes.p[i], ip))
            return from->sim->nodes.p[i];
    return NULL;
}

/* ---- listening ---- */

static net_listener *listener_find(sim_node *n, const char *ip, uint16_t port, bool overlapping)
{
    for (list *l = n->listeners.next; l != &n->listeners; l = l->next) {
        net_listener *k = container_of(l, net_listener, link);
        bool meets = strcmp(k->ip, ip) == 0 || is_any(k->ip) || (overlapping && is_any(ip));
        if (k->base.port == port && meets)
            return k;
    }
    return NULL;
}

static uint16_t free_port(sim_node *n)
{
    do
        n->next_port = n->next_port == UINT16_MAX ? 32768 : (uint16_t)(n->next_port + 1);
    while (listener_find(n, "0.0.0.0", n->next_port, true));
    return n->next_port;
}

int net_listen(env *e, const char *address, uint16_t port, void (*on_accept)(void *arg, stream *s),
               void *arg, listener **ret_listener, err_info *err)
{
    sim_node *n = node_of(e);
    char ip[48];
    int r = address_read(address, ip, err);
    if (r < 0)
        return r;
    if (node_at(n, ip) != n)
        return err_set_errno(err, EADDRNOTAVAIL, "cannot listen on %s:%u", address, port);
    if (!port)
        port = free_port(n);
    else if (listener_find(n, ip, port, true))
        return err_set(err, ERR_ADDRESS_IN_USE, "%s:%u is already in use", address, port);
    net_listener *l = xzalloc(sizeof *l);
    l->base = (listener){.env = e, .port = port};
    memcpy(l->ip, ip, sizeof ip);
    l->on_accept = on_accept;
    l->arg = arg;
    list_push(&n->listeners, &l->link);
    *ret_listener = &l->base;
    return 0;
}

void net_listener_close(listener *base)
{
    net_listener *l = (net_listener *)base;
    sim_node *n = node_of(base->env);
    for (list *i = n->accepts.next, *next; i != &n->accepts; i = next) {
        next = i->next;
        sock *s = container_of(i, sock, accept_link);
        if (s->listener != l)
            continue;
        if (s->conn)
            net_conn_send_reset(s->conn, s->side);
        net_sock_destroy(s);
    }
    list_remove(&l->link);
    free(l);
}

typedef struct accepted {
    net_listener *l;
    stream *s;
} accepted;

static void accept_main(void *arg)
{
    accepted a = *(accepted *)arg;
    a.l->on_accept(a.l->arg, a.s);
}

void net_accept(sim_node *n)
{
    for (list *l; (l = list_pop(&n->accepts));) {
        sock *s = container_of(l, sock, accept_link);
        accepted a = {s->listener, &s->base};
        s->listener = NULL;
        env_spawn(&n->env, accept_main, &a);
    }
}

/* ---- connecting ---- */

static void answer(dial *d, int err_no)
{
    d->answered = true;
    d->err_no = err_no;
    sched_timer_set(&d->from->sim->sched, &d->timer, net_arrival_us(d->to, d->from));
}

static void shake_hands(dial *d, net_listener *l)
{
    conn *c = net_conn_new(d->from, d->to);
    sock *theirs = net_sock_new(d->to, d->from_ip, d->from_port);
    d->sock = net_sock_new(d->from, d->ip, d->port);
    net_conn_attach(c, 0, d->sock);
    net_conn_attach(c, 1, theirs);
    theirs->listener = l;
    list_push(&d->to->accepts, &theirs->accept_link);
    answer(d, 0);
}

/* A lost packet is sent again by the host. */
static void again(dial *d)
{
    sim *s = d->from->sim;
    if (d->tries == RETRIES) {
        d->err_no = ETIMEDOUT;
        co_signal(&d->from->env, &d->done);
        return;
    }
    sched_timer_set(&s->sched, &d->timer, sim_now(s) + ((int64_t)RETRY_US << d->tries++));
}

static void on_packet(sched_timer *t)
{
    dial *d = t->arg;
    sim_node *from = d->answered ? d->to : d->from, *to = d->answered ? d->from : d->to;
    if (!to || !net_reaches(from, to)) {
        again(d);
        return;
    }
    sim_note_number(from->sim, NOTE_DIAL + d->answered, (uint64_t)d->port * 64 + to->index);
    if (d->answered) {
        co_signal(&d->from->env, &d->done);
        return;
    }
    net_listener *l = d->to->down ? NULL : listener_find(d->to, d->ip, d->port, false);
    if (l)
        shake_hands(d, l);
    else
        answer(d, ECONNREFUSED);
}

static dial *dial_new(sim_node *n, const char *ip, uint16_t port)
{
    sim *s = n->sim;
    dial *d = xzalloc(sizeof *d);
    d->from = n;
    d->to = node_at(n, ip);
    d->port = port;
    d->from_port = free_port(n);
    snprintf(d->ip, sizeof d->ip, "%s", ip);
    snprintf(d->from_ip, sizeof d->from_ip, "%s", d->to == n ? ip : n->addresses.p[0]);
    d->timer = (sched_timer){.fn = on_packet, .arg = d};
    co_event_init(&d->done);
    list_push(&n->dials, &d->link);
    sched_timer_set(&s->sched, &d->timer, d->to ? net_arrival_us(n, d->to) : sim_now(s));
    return d;
}

static void dial_free(dial *d)
{
    sched_timer_stop(&d->from->sim->sched, &d->timer);
    list_remove(&d->link);
    free(d);
}

static int dial_failed(const dial *d, int r, err_info *err)
{
    if (r < 0)
        return err_set(err, r, "%s:%u did not answer in time", d->ip, d->port);
    if (d->err_no == ECONNREFUSED)
        return err_set(err, ERR_REFUSED, "%s:%u refused the connection", d->ip, d->port);
    return err_set_errno(err, d->err_no, "cannot connect to %s:%u", d->ip, d->port);
}

int net_connect(env *e, const char *address, uint16_t port, int64_t deadline, stream **ret_stream,
                err_info *err)
{
    sim_node *n = node_of(e);
    char ip[48];
    int r = address_read(address, ip, err);
    if (r < 0)
        return r;
    dial *d = dial_new(n, ip, port);
    r = co_wait(e, &d->done, deadline);
    if (r == 0 && d->err_no == 0)
        *ret_stream = &d->sock->base;
    else if (d->sock) {
        if (d->sock->conn)
            net_conn_send_reset(d->sock->conn, d->sock->side);
        net_sock_destroy(d->sock);
    }
    if (r < 0 || d->err_no)
        r = dial_failed(d, r, err);
    dial_free(d);
    return r;
}

void dials_forget(sim_node *n)
{
    while (!list_empty(&n->dials))
        dial_free(container_of(n->dials.next, dial, link));
    for (list *l; (l = list_pop(&n->listeners));)
        free(container_of(l, net_listener, link));
}
