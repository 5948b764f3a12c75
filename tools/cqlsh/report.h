/* report.h: errors in cqlsh's words.
 *
 * Binary protocol: as the Python driver words them ("SyntaxException: line 1:0 ...",
 * "InvalidRequest: Error from server: code=2200 [Invalid query] message=\"...\""). Thrift: as the
 * classic shell does ("Bad Request: ...").
 *
 * Thread: any; pure.
 */
#pragma once
#include "base/buf.h"
#include "base/errors.h"

/* An ERROR of the binary protocol with this number. */
void report_native(buf *out, uint16_t code, const err_info *e);
void report_thrift(buf *out, const err_info *e);
/* A connection that could not be made, and one that broke. */
void report_connect(buf *out, const char *host, int port, const err_info *e);
void report_lost(buf *out, const char *host, int port, const err_info *e);
