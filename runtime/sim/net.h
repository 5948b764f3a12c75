/* net.h: connections between simulated hosts, and the sockets at their ends; private to
 * runtime/sim.
 *
 * A conn belongs to the world: it lives until both ends are without a socket. A sock belongs to its
 * node; one whose connection died has conn NULL. Below the sock is the host's kernel, which goes
 * on when the process is stopped or gone.
 */
#pragma once
#include "runtime/sim/world.h"

typedef struct conn conn;
typedef struct net_listener net_listener;

enum { SOCK_MAGIC = 0x53494d53 };

typedef struct sock {
    stream base; /* first */
    unsigned magic;
    sim_node *node;
    conn *conn; /* NULL: dead */
    unsigned side;
    int error; /* errno of its death, or 0 */
    bool eof, shut, closing, finished;
    size_t need; /* the reader waits for so many bytes */
    co_event readable, writable;
    buf keep; /* where the input lies */
    sched_timer linger;
    net_listener *listener; /* not accepted yet */
    list link, dirty_link, touched_link, accept_link;
} sock;

/* What is on its way to one end, and that end. */
typedef struct end {
    conn *conn;
    sim_node *node;
    sock *sock;
    list segments;
    size_t bytes;
    int64_t last_us; /* arrival of the newest */
    sched_timer arrival, reset;
    size_t send_limit, receive_limit; /* buffers of this end's host */
    unsigned retries;
    int64_t stuck_us; /* since when it has been retrying */
    bool stalled;     /* this end takes no more for now */
} end;

struct conn {
    sim *sim;
    list link;
    uint64_t id;
    unsigned held;
    end end[2]; /* 0: who connected */
};

/* ---- net.c ---- */
sim_link *net_link(sim_node *from, sim_node *to);
/* When something sent now arrives, if nothing happens to it. */
int64_t net_arrival_us(sim_node *from, sim_node *to);
bool net_reaches(sim_node *from, sim_node *to);

conn *net_conn_new(sim_node *client, sim_node *server);
void net_conn_attach(conn *c, unsigned side, sock *s);
/* Takes what fits into the send buffer; returns how much. */
size_t net_conn_send(conn *c, unsigned side, const uint8_t *p, size_t n);
void net_conn_send_fin(conn *c, unsigned side);
/* Kills the connection for the other end, after the way there. */
void net_conn_send_reset(conn *c, unsigned side);
/* This end takes input again. */
void net_conn_resume(conn *c, unsigned side);
/* This end has no socket any more; the conn goes with the last one. */
void net_conn_detach(conn *c, unsigned side);

/* ---- socket.c: what happens to a socket from below ---- */
sock *net_sock_new(sim_node *n, const char *peer_ip, uint16_t peer_port);
/* Closes at once: FIN, or a reset when input or output would be lost. */
void net_sock_destroy(sock *s);
void net_sock_received(sock *s, const uint8_t *p, size_t n);
bool net_sock_full(const sock *s, size_t limit);
void net_sock_ended(sock *s);
void net_sock_failed(sock *s, int err_no);
void net_sock_writable(sock *s);

/* ---- dial.c ---- */
void dials_forget(sim_node *n);
