/* format.h: from the node's JSON (docs/admin.md) to what nodetool has always printed.
 *
 * Scripts read these lines, so widths, blanks and spelling are those of Cassandra 2.0's nodetool.
 * Fields that are missing count as 0 or "".
 *
 * Thread: pure, any.
 */
#pragma once
#include <jansson.h>

#include "base/buf.h"

/* ---- parts ---- */
const char *field_str(const json_t *o, const char *name);
long long field_int(const json_t *o, const char *name);
double field_real(const json_t *o, const char *name); /* integers too */
bool field_bool(const json_t *o, const char *name);
/* "91.15 KB", "512 bytes"; 1024 to the step, at most two places. */
void format_size(double size_bytes, char out[32]);
/* The shortest decimal that reads back as the same number: "0.137", "5.0E-4", "NaN". */
void format_double(double v, char out[40]);

/* ---- whole answers, by command ---- */
void format_version(buf *out, const json_t *version);
void format_status(buf *out, const json_t *status);
void format_ring(buf *out, const json_t *ring);
void format_describering(buf *out, const json_t *describering);
void format_endpoints(buf *out, const json_t *endpoints);
void format_describecluster(buf *out, const json_t *cluster);
void format_gossipinfo(buf *out, const json_t *gossipinfo);
void format_failuredetector(buf *out, const json_t *detector);
void format_info(buf *out, const json_t *info, bool all_tokens);
void format_running(buf *out, const json_t *info, const char *field);
void format_logging_levels(buf *out, const json_t *info);
void format_tpstats(buf *out, const json_t *tpstats);
void format_netstats(buf *out, const json_t *netstats);
void format_compactionstats(buf *out, const json_t *compactionstats);
void format_tables(buf *out, const json_t *tables);
