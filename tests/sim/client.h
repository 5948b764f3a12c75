/* client.h: a client of the binary protocol on home.
 *
 * One connection; requests may be pipelined, each on a stream id of its own.
 *
 * Owner:   client_close() releases all. An answer lives until the next client_receive.
 * Errors:  ERR_REFUSED, ERR_TIMEOUT, ERR_EOF, ERR_IO of the connection: it is of no use any more;
 *          ERR_PROTOCOL: what came is not an answer to anything that was asked.
 */
#pragma once
#include "proto/native/native.h"
#include "runtime/env.h"

enum { CLIENT_STREAMS = 64 };

typedef struct client {
    env *e;
    stream *s;
    arena arena;
    uint64_t asked; /* stream ids without an answer */
} client;

int co_fn client_open(client *c, env *e, const char *ip, uint16_t port, int64_t timeout_us,
                      err_info *err);
void client_close(client *c);
/* Waits for a free id among CLIENT_STREAMS never: the caller has at most so many asked. */
int client_ask(client *c, const char *text, const native_params *p);
int co_fn client_receive(client *c, int64_t deadline, int *ret_stream, native_response *ret,
                         err_info *err);
/* One question, one answer. An ERROR is given as its err_t. */
int co_fn client_query(client *c, const char *text, int64_t timeout_us, native_response *ret,
                       err_info *err);
native_params client_params(consistency cl);
