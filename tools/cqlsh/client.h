/* client.h: one connection to a node, over the binary protocol or framed Thrift.
 *
 *     client_init(&c, &options, &interrupted);
 *     r = client_connect(&c, &e);
 *     r = client_query(&c, text, &how, &answer, &e);
 *
 * Owner:  embeds; client_done(). An answer lives until the next call.
 * Thread: one.
 * Errors: what the server answered (answer.from_server, its code in answer.code), or what happened
 *         to the connection: then it is closed, and client_is_open() tells so.
 */
#pragma once
#include "proto/native/native.h"
#include "tools/cqlsh/options.h"
#include "tools/cqlsh/socket.h"

typedef struct client_wire client_wire;

typedef struct client {
    const options_shell *options;
    const client_wire *wire;
    socket_tcp socket;
    arena arena; /* of the last answer */
    buf in, out;
    int32_t seqid;
    /* Of the server, known once connected. */
    char cluster[128], release[32], cql[32], protocol[48];
} client;

typedef struct client_how {
    consistency cl, serial_cl;
    int page_size;      /* 0: all at once */
    bytes paging_state; /* null: the first page */
} client_how;

typedef struct client_answer {
    bool has_rows;
    native_rows rows;
    bytes keyspace; /* after USE; null else */
    bool schema_changed;
    unsigned n_warnings;
    const bytes *warnings;
    bool from_server; /* the error */
    uint16_t code;    /* of the binary protocol; 0 over Thrift */
} client_answer;

/* A wire: how to greet and how to ask. */
struct client_wire {
    int (*greet)(client *c, err_info *e);
    int (*query)(client *c, bytes text, const client_how *how, client_answer *ret, err_info *e);
};
extern const client_wire client_wire_native, client_wire_thrift;

enum { CLIENT_ANSWER_MAX_BYTES = 512 << 20 };

/* interrupted: set by a signal handler to stop waiting; may be NULL. */
void client_init(client *c, const options_shell *o, const volatile sig_atomic_t *interrupted);
void client_done(client *c);
int client_connect(client *c, err_info *e);
static inline bool client_is_open(const client *c)
{
    return c->socket.fd >= 0;
}
int client_query(client *c, bytes text, const client_how *how, client_answer *ret, err_info *e);
