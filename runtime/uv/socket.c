/* Connected sockets.
 *
 * Input: every socket of a worker receives into the worker's one input buffer and the coroutine
 * that waits is resumed on the spot, so that it parses in place. What it leaves there is copied
 * to `keep` once it suspends, and is put before the next bytes when they come. An input that
 * outgrows half the shared buffer (a large value) is received into `keep` directly. A socket that
 * waits with no input has no buffer.
 *
 * Output: stream_kick marks the socket dirty, and the end of the turn sends it with one call. What
 * the kernel does not take stays in `out` until it is writable again.
 *
 * Closing: after the last byte we say so (shutdown) and read on until the peer closes too, for a
 * few seconds at most; closing with unread input would make the kernel drop the reply.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/uv/sock.h"

enum { LINGER_US = 5000000, SWEEP_US = 5000000, KEEP_MAX = 128 * 1024 };

static void on_event(uv_poll_t *h, int status, int events);
static void on_sweep(sched_timer *t);
static void touch(worker *w, sock *s);

void sock_watch(sock *s, int events)
{
    if (events == s->watching || s->gone)
        return;
    s->watching = events;
    if (events)
        uv_poll_start(&s->poll, events, on_event);
    else
        uv_poll_stop(&s->poll);
}

/* ---- life ---- */

static void output_release(sock *s);

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void sock_destroy(sock *s)
{
    if (s->gone)
        return;
    s->gone = true;
    sched_timer_stop(&worker_of_sock(s)->sched, &s->linger);
    list_remove(&s->link);
    list_remove(&s->dirty_link);
    uv_close((uv_handle_t *)&s->poll, on_closed);
    close(s->fd);
    buf_done(&s->keep);
    output_release(s);
}

static void on_linger(sched_timer *t)
{
    sock_destroy(t->arg);
}

sock *sock_new(worker *w, int fd, const struct sockaddr_storage *peer)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    sock *s = xzalloc(sizeof *s);
    if (uv_poll_init(&w->loop, &s->poll, fd) < 0) {
        close(fd);
        free(s);
        return NULL;
    }
    s->base.env = &w->env;
    s->base.in = BYTES_EMPTY;
    address_format(peer, s->base.peer_ip, s->base.peer);
    s->magic = SOCK_MAGIC;
    s->fd = fd;
    s->linger = (sched_timer){.fn = on_linger, .arg = s};
    s->poll.data = s;
    co_event_init(&s->readable);
    co_event_init(&s->writable);
    list_init(&s->dirty_link);
    list_push(&w->sockets, &s->link);
    if (!w->sweep.fn)
        w->sweep = (sched_timer){.fn = on_sweep, .arg = w};
    touch(w, s);
    return s;
}

stream *socket_new(worker *w, int fd)
{
    struct sockaddr_storage peer = {0};
    socklen_t n = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &n) < 0) {
        close(fd); /* it has left already */
        return NULL;
    }
    sock *s = sock_new(w, fd, &peer);
    return s ? &s->base : NULL;
}

void sockets_done(worker *w)
{
    while (!list_empty(&w->sockets))
        sock_destroy(container_of(w->sockets.next, sock, link));
    for (size_t i = 0; i < w->n_outputs; i++)
        buf_done(&w->outputs[i]);
}

/* ---- idle connections: a coroutine that waits keeps only the pages of its live frames ---- */

static bool is_idle(const sock *s, int64_t now_us)
{
    return !list_empty(&s->readable.waiters) && s->base.in.n == 0 &&
           now_us - s->last_us >= SWEEP_US;
}

static void on_sweep(sched_timer *t)
{
    worker *w = t->arg;
    bool again = false;
    for (list *i = w->sockets.next; i != &w->sockets; i = i->next) {
        sock *s = container_of(i, sock, link);
        if (!s->swept && is_idle(s, w->sched.now_us)) {
            s->swept = true;
            co_release_unused(s->reader);
        }
        again |= !s->swept;
    }
    if (again)
        sched_timer_set(&w->sched, t, w->sched.now_us + SWEEP_US);
}

static void touch(worker *w, sock *s)
{
    s->last_us = w->sched.now_us;
    s->swept = false;
    if (w->sweep.at == 0)
        sched_timer_set(&w->sched, &w->sweep, w->sched.now_us + SWEEP_US);
}

/* ---- output ---- */

void uv_stream_take_output(stream *base)
{
    worker *w = worker_of(base->env);
    if (w->n_outputs)
        base->out = w->outputs[--w->n_outputs];
    else
        buf_grow(&base->out, OUTPUT_BYTES);
}

static void output_release(sock *s)
{
    worker *w = worker_of_sock(s);
    buf *out = &s->base.out;
    s->base.out_at = 0;
    if (out->p && out->cap <= OUTPUT_KEEP_BYTES && w->n_outputs < OUTPUT_KEEP) {
        out->n = 0;
        w->outputs[w->n_outputs++] = *out;
        *out = (buf){0};
    }
    buf_done(out);
}

static void fail(sock *s, int err_no)
{
    if (!s->error)
        s->error = err_no;
    output_release(s);
    sock_watch(s, 0);
    co_signal(s->base.env, &s->readable);
    co_signal(s->base.env, &s->writable);
    if (s->closing)
        sock_destroy(s);
}

/* All was sent: tell the peer, then wait for it to close. */
static void finish(sock *s)
{
    if (s->finished)
        return;
    s->finished = true;
    shutdown(s->fd, SHUT_WR);
    if (s->eof)
        sock_destroy(s);
    else
        sock_watch(s, UV_READABLE);
}

static void output_blocked(sock *s)
{
    stream *b = &s->base;
    if (b->out_at >= b->out.n / 2) {
        buf_shift(&b->out, b->out_at);
        b->out_at = 0;
    }
    sock_watch(s, s->watching | UV_WRITABLE);
}

static void flush(sock *s)
{
    stream *b = &s->base;
    size_t before = stream_unsent(b);
    while (b->out_at < b->out.n && !s->error) {
        ssize_t k = send(s->fd, b->out.p + b->out_at, b->out.n - b->out_at, MSG_NOSIGNAL);
        if (k >= 0)
            b->out_at += (size_t)k;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR) {
            fail(s, errno);
            return;
        }
    }
    if (stream_unsent(b) < before)
        co_signal(b->env, &s->writable);
    if (b->out_at < b->out.n && !s->error) {
        output_blocked(s);
        return;
    }
    output_release(s);
    sock_watch(s, s->watching & ~UV_WRITABLE);
    if (s->closing)
        finish(s);
}

void sockets_flush(worker *w)
{
    for (list *l; (l = list_pop(&w->dirty));) {
        sock *s = container_of(l, sock, dirty_link);
        s->dirty = false;
        flush(s);
    }
}

void uv_stream_kick(stream *base)
{
    sock *s = (sock *)base;
    if (s->dirty)
        return;
    s->dirty = true;
    list_push(&worker_of_sock(s)->dirty, &s->dirty_link);
}

int uv_stream_drain(stream *base, size_t below, int64_t deadline)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    while (stream_unsent(base) >= below && !s->error && !s->shut) {
        if (!(s->watching & UV_WRITABLE))
            uv_stream_kick(base);
        if (co_wait(base->env, &s->writable, deadline) < 0 && stream_unsent(base) >= below)
            return ERR_TIMEOUT;
    }
    return s->error ? ERR_IO : s->shut ? ERR_CLOSED : 0;
}

/* ---- input ---- */

int uv_stream_wait(stream *base, size_t n, int64_t deadline)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    for (int r = 0; base->in.n < n;) {
        if (s->shut || s->error || s->eof || r < 0)
            return s->shut ? ERR_CLOSED : s->error ? ERR_IO : s->eof ? ERR_EOF : r;
        if (base->in.n == 0)
            buf_done(&s->keep);
        s->need = n;
        s->reader = co_self();
        sock_watch(s, s->watching | UV_READABLE);
        r = co_wait(base->env, &s->readable, deadline);
        s->need = 0;
    }
    return 0;
}

/* Copies what lies elsewhere (or not at its start) to the start of `keep`. */
static void keep_input(sock *s)
{
    bytes *in = &s->base.in;
    if (s->keep.p && in->p >= s->keep.p && in->p < s->keep.p + s->keep.cap) {
        memmove(s->keep.p, in->p, in->n);
        s->keep.n = in->n;
    } else {
        s->keep.n = 0;
        buf_put(&s->keep, in->p, in->n);
    }
    in->p = s->keep.p;
}

/* Where the next bytes go: directly behind what is there already. */
static uint8_t *room_for_input(sock *s, size_t *ret_room)
{
    bytes *in = &s->base.in;
    worker *w = worker_of_sock(s);
    s->in_shared = in->n <= INPUT_BYTES / 2;
    if (s->in_shared) {
        if (in->n)
            memcpy(w->input, in->p, in->n);
        *ret_room = INPUT_BYTES - in->n;
        return w->input + in->n;
    }
    keep_input(s);
    size_t missing = s->need > in->n ? s->need - in->n : 0, most = in->n;
    *ret_room = missing < INPUT_BYTES ? INPUT_BYTES : missing < most ? missing : most;
    uint8_t *at = buf_reserve(&s->keep, *ret_room);
    in->p = s->keep.p;
    return at;
}

static void wake_reader(sock *s)
{
    co_signal_now(&s->readable);
    if (s->gone)
        return;
    if (s->in_shared && s->base.in.n)
        keep_input(s);
    s->in_shared = false;
    if (s->base.in.n == 0)
        buf_done(&s->keep);
}

static void discard(sock *s)
{
    ssize_t k = recv(s->fd, worker_of_sock(s)->input, INPUT_BYTES, 0);
    if (k > 0 || (k < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    s->eof = true;
    sock_watch(s, s->watching & ~UV_READABLE);
    if (k < 0 || stream_unsent(&s->base) == 0)
        sock_destroy(s);
}

static void receive(sock *s)
{
    worker *w = worker_of_sock(s);
    size_t room;
    uint8_t *at = room_for_input(s, &room);
    ssize_t k = recv(s->fd, at, room, 0);
    if (k < 0 && (errno == EAGAIN || errno == EINTR)) {
        s->in_shared = false;
        return;
    }
    if (k <= 0) {
        s->in_shared = false;
        s->eof = true;
        s->error = k < 0 && !s->error ? errno : s->error;
        sock_watch(s, s->watching & ~UV_READABLE);
        if (s->error)
            co_signal(&w->env, &s->writable);
        wake_reader(s);
        return;
    }
    touch(w, s);
    s->base.in = bytes_of(at - s->base.in.n, s->base.in.n + (size_t)k);
    if (!s->in_shared)
        s->keep.n = s->base.in.n;
    if (s->need && s->base.in.n >= s->need)
        wake_reader(s);
    else if (s->in_shared) {
        keep_input(s);
        s->in_shared = false;
    }
    if (!s->gone && !s->need && s->base.in.n >= KEEP_MAX)
        sock_watch(s, s->watching & ~UV_READABLE);
}

static void on_event(uv_poll_t *h, int status, int events)
{
    sock *s = h->data;
    must_be(s, SOCK_MAGIC);
    worker_enter(worker_of_sock(s));
    if (s->connecting) {
        co_signal_now(&s->writable);
        return;
    }
    if (status < 0) { /* an error is pending on the socket: the calls below meet it */
        s->watching = 0;
        events = UV_READABLE;
    }
    if (events & UV_WRITABLE)
        flush(s);
    if (s->gone || !(events & UV_READABLE))
        return;
    if (s->closing)
        discard(s);
    else
        receive(s);
}

/* ---- closing ---- */

void uv_stream_shut(stream *base)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    s->shut = true;
    co_signal(base->env, &s->readable);
    co_signal(base->env, &s->writable);
}

void uv_stream_close(stream *base)
{
    sock *s = (sock *)base;
    must_be(s, SOCK_MAGIC);
    must(!s->closing && list_empty(&s->readable.waiters) && list_empty(&s->writable.waiters));
    s->closing = true;
    base->in = BYTES_EMPTY;
    if (s->error || (s->eof && stream_unsent(base) == 0)) {
        sock_destroy(s);
        return;
    }
    buf_done(&s->keep);
    sched_timer_set(base->env->sched, &s->linger, base->env->sched->now_us + LINGER_US);
    uv_stream_kick(base);
}
