/* connection.h: one client of the binary protocol.
 *
 * A reader coroutine takes frames off the stream; each request runs on a coroutine of its own and
 * appends its response to the stream's output when it is done, so requests of one connection
 * overlap and answers may come in another order. All that was answered in one turn of the loop
 * leaves in one write.
 *
 * Bounds:  a frame is at most native_transport_max_frame_size_in_mb; at most
 *          REQUESTS_IN_FLIGHT_MAX requests of a connection run at once; reading stops while
 *          UNSENT_MAX bytes wait for a slow client.
 */
#pragma once
#include "proto/native/native.h"
#include "server/tasks.h"

typedef struct native_connection {
    worker *worker;
    stream *stream;
    connection base;
    list listening;  /* worker->listeners when it registered */
    unsigned events; /* 1 << enum native_event */
    int version;     /* 0 until the first frame */
    bool ready;
    native_compression compression;
    cql_client client;
    unsigned in_flight;
    co_event settled; /* a request ended */
} native_connection;

enum native_event { EVENT_TOPOLOGY_CHANGE, EVENT_STATUS_CHANGE, EVENT_SCHEMA_CHANGE };

/* Serves a stream until it ends; does not close it. */
void co_fn native_serve(worker *w, stream *s);
/* One request: decodes, executes, answers (request.c). */
void co_fn native_handle(native_connection *c, const native_header *h, bytes body, arena *a);
/* Appends an ERROR frame. */
void native_answer_error(native_connection *c, const native_header *h, const err_info *e);

/* ---- events (events.c) ---- */
/* Any worker: tells every registered connection of the node about a schema change. */
void events_schema_change(node *n, env *e, const char *change, const char *target,
                          const char *keyspace, const char *name);
/* "UP"/"DOWN" or "NEW_NODE"/"REMOVED_NODE". */
void events_status_change(node *n, env *e, const char *change, const char *ip, uint16_t port);
void events_topology_change(node *n, env *e, const char *change, const char *ip, uint16_t port);
/* "SCHEMA_CHANGE" etc. to its number; -1: unknown. */
int events_kind(bytes name);
