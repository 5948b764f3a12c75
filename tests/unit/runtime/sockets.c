/* Sockets, as they must be on every implementation. */
#include "tests/unit/runtime/sockets.h"

/* Frames: a length byte, then as many bytes. */
static void echo_main(void *arg, stream *s)
{
    env *e = arg;
    (void)e;
    for (;;) {
        if (stream_wait(s, 1, NO_DEADLINE) < 0)
            break;
        size_t n = 1 + stream_input(s).p[0];
        if (stream_wait(s, n, NO_DEADLINE) < 0)
            break;
        buf_put(stream_output(s), stream_input(s).p, n);
        stream_consume(s, n);
        stream_kick(s);
    }
    stream_close(s);
}

listener *listen_on(env *e0, void (*fn)(void *arg, stream *s), void *arg)
{
    listener *l = NULL;
    err_info e = {0};
    ok(env_listen(e0, "127.0.0.1", 0, fn, arg, &l, &e));
    check(listener_port(l));
    return l;
}

stream *dial(env *e0, uint16_t port)
{
    stream *s;
    err_info e = {0};
    ok(env_connect(e0, "127.0.0.1", port, env_mono_us(e0) + 5000000, &s, &e));
    return s;
}

void send_all(stream *s, const void *p, size_t n)
{
    buf_put(stream_output(s), p, n);
    stream_kick(s);
}

void expect(stream *s, const void *p, size_t n)
{
    check(stream_wait(s, n, NO_DEADLINE) == 0);
    check(memcmp(stream_input(s).p, p, n) == 0);
    stream_consume(s, n);
}

static void echo_partial(env *e, const char *dir)
{
    (void)dir;
    listener *l = listen_on(e, echo_main, e);
    stream *s = dial(e, listener_port(l));
    check(strcmp(stream_peer_ip(s), "127.0.0.1") == 0 && strchr(stream_peer(s), ':'));
    for (int i = 0; i < 6; i++) { /* one byte at a time */
        send_all(s, &"\5hello"[i], 1);
        env_sleep_us(e, 2000);
    }
    expect(s, "\5hello", 6);
    check(stream_wait(s, 1, env_mono_us(e) + 5000) == ERR_TIMEOUT);
    send_all(s, "\1a\1b\3xyz\2c", 10); /* the last frame is incomplete */
    expect(s, "\1a\1b\3xyz", 8);
    check(stream_wait(s, 1, env_mono_us(e) + 5000) == ERR_TIMEOUT);
    send_all(s, "d", 1);
    expect(s, "\2cd", 3);
    stream_close(s);
    listener_close(l);
}

static void echo_pipelined(env *e, const char *dir)
{
    (void)dir;
    listener *l = listen_on(e, echo_main, e);
    stream *s = dial(e, listener_port(l));
    uint8_t frame[256];
    size_t got = 0;
    for (int i = 0; i < 20000; i++) {
        frame[0] = (uint8_t)(i % 251);
        memset(frame + 1, i, frame[0]);
        buf_put(stream_output(s), frame, 1u + frame[0]);
    }
    stream_kick(s);
    for (int i = 0; i < 20000; i++) {
        frame[0] = (uint8_t)(i % 251);
        memset(frame + 1, i, frame[0]);
        expect(s, frame, 1u + frame[0]);
        got += 1u + frame[0];
    }
    check(got > 2000000);
    stream_close(s);
    listener_close(l);
}

/* A whole megabyte asked for at once. */
static void source_main(void *arg, stream *s)
{
    env *e = arg;
    buf *out = stream_output(s);
    for (uint32_t i = 0; i < 1024 * 1024; i++)
        buf_be32(out, i);
    stream_kick(s);
    check(stream_drain(s, 1, env_mono_us(e) + 9000000) == 0);
    check(stream_unsent(s) == 0);
    stream_close(s);
}

static void large_input(env *e, const char *dir)
{
    (void)dir;
    listener *l = listen_on(e, source_main, e);
    stream *s = dial(e, listener_port(l));
    const size_t n = 4 * 1024 * 1024;
    check(stream_wait(s, n, env_mono_us(e) + 9000000) == 0);
    for (uint32_t i = 0; i < 1024 * 1024; i++)
        check(get_be32(stream_input(s).p + 4 * i) == i);
    stream_consume(s, n);
    check(stream_wait(s, 1, env_mono_us(e) + 1000000) == ERR_EOF);
    stream_close(s);
    listener_close(l);
}

void flood_main(void *arg, stream *s)
{
    slow *f = arg;
    static const uint8_t block[65536];
    do {
        send_all(s, block, sizeof block);
        f->sent++;
        f->result = stream_drain(s, 65536, env_mono_us(f->e) + 50000);
        check(stream_unsent(s) <= 2 * 65536);
    } while (f->result == 0);
    stream_close(s);
    f->done = true;
}

static void back_pressure(env *e, const char *dir)
{
    (void)dir;
    slow f = {.e = e};
    listener *l = listen_on(e, flood_main, &f);
    stream *s = dial(e, listener_port(l)); /* never reads past what the runtime buffers */
    while (!f.done)
        env_sleep_us(e, 5000);
    check(f.result == ERR_TIMEOUT && f.sent > 1 && f.sent < 1000);
    stream_close(s);
    listener_close(l);
}

void park_main(void *arg, stream *s)
{
    parked *p = arg;
    p->s = s;
    p->result = stream_wait(s, 1, NO_DEADLINE);
    stream_close(s);
    p->done = true;
}

static void shut_wakes(env *e, const char *dir)
{
    (void)dir;
    parked p = {.e = e};
    listener *l = listen_on(e, park_main, &p);
    stream *s = dial(e, listener_port(l));
    while (!p.s)
        env_sleep_us(e, 1000);
    stream_shut(p.s);
    while (!p.done)
        env_sleep_us(e, 1000);
    check(p.result == ERR_CLOSED);
    check(stream_wait(s, 1, env_mono_us(e) + 1000000) == ERR_EOF);
    stream_close(s);
    listener_close(l);
}

void say_and_close(void *arg, stream *s)
{
    (void)arg;
    send_all(s, "bye", 3);
    stream_close(s);
}

/* What was queued before stream_close arrives, although input was left unread. */
static void close_sends_rest(env *e, const char *dir)
{
    (void)dir;
    listener *l = listen_on(e, say_and_close, NULL);
    for (int i = 0; i < 20; i++) {
        stream *s = dial(e, listener_port(l));
        send_all(s, "unread", 6);
        expect(s, "bye", 3);
        check(stream_wait(s, 1, env_mono_us(e) + 1000000) == ERR_EOF);
        stream_close(s);
    }
    listener_close(l);
}

const suite_case socket_cases[] = {
    {"echo_partial", echo_partial}, {"echo_pipelined", echo_pipelined},
    {"large_input", large_input},   {"back_pressure", back_pressure},
    {"shut_wakes", shut_wakes},     {"close_sends_rest", close_sends_rest},
};
const size_t n_socket_cases = ARRAY_LEN(socket_cases);
