/* socket.h: a blocking TCP connection with deadlines.
 *
 * Owner:  embeds; socket_done() closes.
 * Thread: one.
 * Errors: ERR_REFUSED, ERR_TIMEOUT, ERR_CLOSED (by the server, or an interruption: then
 *         *interrupted is set), ERR_IO; after any of them the connection is of no use.
 * Signals: all are let in while waiting, so one held back elsewhere is never missed.
 */
#pragma once
#include <signal.h>

#include "base/buf.h"
#include "base/errors.h"

typedef struct socket_tcp {
    int fd;                                   /* -1: none */
    const volatile sig_atomic_t *interrupted; /* set by a signal: stop waiting. May be NULL */
} socket_tcp;

int socket_open(socket_tcp *s, const char *host, int port, double timeout_s, err_info *e);
void socket_done(socket_tcp *s);
int64_t socket_deadline(double timeout_s); /* in ms of a clock of its own */
int socket_send(socket_tcp *s, bytes data, int64_t deadline, err_info *e);
/* Appends exactly n bytes. */
int socket_receive(socket_tcp *s, size_t n, buf *out, int64_t deadline, err_info *e);
