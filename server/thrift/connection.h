/* connection.h: one Thrift client.
 *
 * Calls of one connection are answered in order (Thrift clients expect it), so the connection's
 * own coroutine runs them one after another.
 *
 * State:  keyspace (set_keyspace, USE), CQL version, pending trace flag: per connection.
 * Bounds: a frame is at most thrift_framed_transport_size_in_mb.
 */
#pragma once
#include "server/tasks.h"

/* Serves a stream until it ends; does not close it. */
void co_fn thrift_serve(worker *w, stream *s, bool framed);
