/* Streams: the process's side of a connection. Output is handed to the kernel at the end of the
 * turn, as far as it goes. Input comes to `keep` at any time between turns. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "runtime/sim/net.h"

enum { OUTPUT_BYTES = 4096, LINGER_US = 5000000, MOVE_MAX = 256 * 1024 };

/* ---- life ---- */

static void touch(sock *s)
{
    list_remove(&s->touched_link);
    list_push(&s->node->touched, &s->touched_link);
}

static void sock_free(sock *s)
{
    must_be(s, SOCK_MAGIC);
    sched_timer_stop(&s->node->sim->sched, &s->linger);
    list_remove(&s->link);
    list_remove(&s->dirty_link);
    list_remove(&s->touched_link);
    list_remove(&s->accept_link);
    buf_done(&s->keep);
    buf_done(&s->base.out);
    s->magic = 0;
    free(s);
}

void net_sock_destroy(sock *s)
{
    if (s->conn) {
        conn *c = s->conn;
        if (s->base.in.n || stream_unsent(&s->base))
            net_conn_send_reset(c, s->side);
        else if (!s->finished)
            net_conn_send_fin(c, s->side);
        net_conn_detach(c, s->side);
    }
    sock_free(s);
}

static void on_linger(sched_timer *t)
{
    net_sock_destroy(t->arg);
}

sock *net_sock_new(sim_node *n, const char *peer_ip, uint16_t peer_port)
{
    sock *s = xzalloc(sizeof *s);
    s->magic = SOCK_MAGIC;
    s->node = n;
    s->base.env = &n->env;
    s->base.in = BYTES_EMPTY;
    snprintf(s->base.peer_ip, sizeof s->base.peer_ip, "%s", peer_ip);
    snprintf(s->base.peer, sizeof s->base.peer, strchr(peer_ip, ':') ? "[%s]:%u" : "%s:%u",
             s->base.peer_ip, peer_port);
    co_event_init(&s->readable);
    co_event_init(&s->writable);
    s->linger = (sched_timer){.fn = on_linger, .arg = s};
    list_init(&s->dirty_link);
    list_init(&s->touched_link);
    list_init(&s->accept_link);
    list_push(&n->sockets, &s->link);
    return s;
}

static void wake(sock *s)
{
    co_signal(s->base.env, &s->readable);
    co_signal(s->base.env, &s->writable);
}

/* ---- from below ---- */

void net_sock_received(sock *s, const uint8_t *p, size_t n)
{
    bytes *in = &s->base.in;
    if (s->closing)
        return;
    buf bigger = {0};
    buf_grow(&bigger, in->n + n);
    buf_put(&bigger, in->p, in->n);
    buf_put(&bigger, p, n);
    buf_done(&s->keep);
    s->keep = bigger;
    *in = bytes_of(s->keep.p, s->keep.n);
    touch(s);
    if (s->need && in->n >= s->need)
        co_signal(s->base.env, &s->readable);
}

bool net_sock_full(const sock *s, size_t limit)
{
    return !s->closing && s->base.in.n >= (s->need > limit ? s->need : limit);
}

void net_sock_ended(sock *s)
{
    s->eof = true;
    if (s->closing && stream_unsent(&s->base) == 0)
        net_sock_destroy(s);
    else
        co_signal(s->base.env, &s->readable);
}

void net_sock_failed(sock *s, int err_no)
{
    if (s->conn)
        net_conn_detach(s->conn, s->side);
    s->error = err_no;
    s->base.out_at = 0;
    buf_done(&s->base.out);
    if (s->closing)
        sock_free(s);
    else
        wake(s);
}

void net_sock_writable(sock *s)
{
    if (stream_unsent(&s->base) && list_empty(&s->dirty_link))
        list_push(&s->node->dirty, &s->dirty_link);
}

/* ---- output ---- */

void net_stream_take_output(stream *base)
{
    buf_grow(&base->out, OUTPUT_BYTES);
}

void net_stream_kick(stream *base)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    if (list_empty(&s->dirty_link))
        list_push(&s->node->dirty, &s->dirty_link);
}

static void finish(sock *s)
{
    if (s->finished)
        return;
    s->finished = true;
    net_conn_send_fin(s->conn, s->side);
    if (s->eof)
        net_sock_destroy(s);
}

static void flush(sock *s)
{
    stream *b = &s->base;
    size_t unsent = stream_unsent(b), sent = unsent;
    if (s->conn && unsent)
        sent = net_conn_send(s->conn, s->side, b->out.p + b->out_at, unsent);
    b->out_at += sent;
    if (sent)
        co_signal(b->env, &s->writable);
    if (sent < unsent)
        return;
    b->out_at = 0;
    buf_done(&b->out);
    if (s->closing && s->conn)
        finish(s);
    else if (s->closing)
        sock_free(s);
}

/* Who keeps a slice of the input across a suspension must not get away with it. */
static void move_input(sock *s)
{
    bytes *in = &s->base.in;
    buf moved = {0};
    if (in->n && in->n <= MOVE_MAX) {
        buf_put(&moved, in->p, in->n);
        memset(s->keep.p, 0xdd, s->keep.n);
        buf_done(&s->keep);
        s->keep = moved;
        in->p = s->keep.p;
    } else if (!in->n) {
        buf_done(&s->keep);
        *in = BYTES_EMPTY;
    }
}

/* A socket whose sender waits stays in the list until it has room again. */
static void settle_input(sim_node *n)
{
    list again;
    list_init(&again);
    for (list *l; (l = list_pop(&n->touched));) {
        sock *s = container_of(l, sock, touched_link);
        bool full = s->conn && s->conn->end[s->side].stalled;
        move_input(s);
        if (full)
            net_conn_resume(s->conn, s->side);
        if (s->base.in.n)
            list_push(&again, &s->touched_link);
    }
    for (list *l; (l = list_pop(&again));)
        list_push(&n->touched, l);
}

void net_flush(sim_node *n)
{
    list now;
    list_init(&now);
    while (!list_empty(&n->dirty))
        list_push(&now, list_pop(&n->dirty));
    for (list *l; (l = list_pop(&now));)
        flush(container_of(l, sock, dirty_link));
    settle_input(n);
}

int net_stream_drain(stream *base, size_t below, int64_t deadline)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    while (stream_unsent(base) >= below && !s->error && !s->shut) {
        net_stream_kick(base);
        if (co_wait(base->env, &s->writable, deadline) < 0 && stream_unsent(base) >= below)
            return ERR_TIMEOUT;
    }
    return s->error ? ERR_IO : s->shut ? ERR_CLOSED : 0;
}

/* ---- input ---- */

int net_stream_wait(stream *base, size_t n, int64_t deadline)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    for (int r = 0; base->in.n < n;) {
        if (s->shut || s->error || s->eof || r < 0)
            return s->shut ? ERR_CLOSED : s->error ? ERR_IO : s->eof ? ERR_EOF : r;
        s->need = n;
        if (s->conn)
            net_conn_resume(s->conn, s->side);
        r = co_wait(base->env, &s->readable, deadline);
        s->need = 0;
    }
    return 0;
}

/* ---- closing ---- */

void net_stream_shut(stream *base)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    s->shut = true;
    wake(s);
}

void net_stream_close(stream *base)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    must(!s->closing && list_empty(&s->readable.waiters) && list_empty(&s->writable.waiters));
    s->closing = true;
    base->in = BYTES_EMPTY;
    if (!s->conn) {
        sock_free(s);
        return;
    }
    net_conn_resume(s->conn, s->side);
    sched_timer_set(&s->node->sim->sched, &s->linger, sim_now(s->node->sim) + LINGER_US);
    net_stream_kick(base);
}

void net_forget(sim_node *n)
{
    dials_forget(n);
    while (!list_empty(&n->sockets)) {
        sock *s = container_of(n->sockets.next, sock, link);
        if (s->conn)
            net_conn_detach(s->conn, s->side);
        sock_free(s);
    }
}
