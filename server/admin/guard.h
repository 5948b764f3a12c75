/* guard.h: which HTTP requests may come from a browser.
 *
 * A page of some other site may make its reader's browser talk to this port: by a host name of its
 * own that resolves to our address (DNS rebinding), or by a plain cross-site POST. Such requests
 * are told by their headers: Host is a name that is not ours, Origin is another site's.
 *
 * Thread: pure, any.
 */
#pragma once
#include <stdbool.h>

/* The headers of a request; NULL: absent. */
typedef struct guard_headers {
    const char *host, *origin, *fetch_site;
} guard_headers;

/* An IP, localhost or own_name (may be NULL), with or without a port. Requests without a Host come
 * from no browser. */
bool guard_host_allowed(const char *host, const char *own_name);
/* NULL, or the sentence that says why not. */
const char *guard_check(const guard_headers *h, const char *own_name);
