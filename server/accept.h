/* accept.h: what a new connection speaks, and who serves it. */
#pragma once
#include "server/node.h"

/* on_accept of the binary protocol's port; arg: worker. */
void co_fn accept_native(void *arg, stream *s);
/* The port that serves all: the first bytes tell framed Thrift, unframed Thrift and the binary
 * protocol apart. */
void co_fn accept_any(void *arg, stream *s);
