/* Any bytes as a Host header and an Origin, and as a node's answer to nodetool. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "server/admin/guard.h"
#include "tools/nodetool/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text autofree = xmalloc(n + 1);
    memcpy(text, data, n);
    text[n] = 0;
    guard_headers h = {text, text, NULL};
    must(guard_check(&h, "db1")); /* no text is both a Host and an Origin */
    (void)guard_host_allowed(text, "db1");

    uint8_t *copy autofree = xmalloc(n ? n : 1); /* exact, so that a read past the end shows */
    int status;
    bytes body;
    memcpy(copy, data, n);
    if (http_parse(bytes_of(copy, n), &status, &body) == 0)
        must(status >= 0 && status <= 999 && body.p >= copy && body.p + body.n == copy + n);
    return 0;
}
