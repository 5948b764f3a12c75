/* http.h: asks a node's management port.
 *
 * Blocking: one request, one connection. A name is resolved here and the node is told the address
 * it was reached at, as it refuses names that are not its own (server/admin/guard.h).
 *
 * Errors: ERR_REFUSED with "Failed to connect to 'h:p': why"; the codes of answer_code with the
 *         node's own sentence.
 */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "base/errors.h"

typedef struct node_address {
    const char *host;
    int port;
} node_address;

/* path: with its query, encoded. The caller owns *ret. */
int http_ask(const node_address *at, const char *method, const char *path, json_t **ret,
             err_info *err);
/* Is anybody there? */
bool http_reachable(const node_address *at);

/* Pure: takes an HTTP/1.x answer apart. ERR_PROTOCOL: it is none. */
int http_parse(bytes answer, int *ret_status, bytes *ret_body);
/* Appends "name=value", percent-encoded, after '?' or '&'. */
void query_add(buf *path, const char *name, const char *value);
