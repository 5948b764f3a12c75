/* checker.h: does a history of reads and writes keep what was promised? Pure.
 *
 * A history is what clients saw: each operation on one key, when it began and when its answer came,
 * and for writes whether they were acknowledged. Every write (or delete) of a key has its own
 * version, and versions decide, as timestamps do: the highest wins. A read tells the version of
 * the value that it saw, or 0 for none. It breaks the promise when
 *   - it saw a version that nobody had begun to write (invented), or a deleted one's number;
 *   - it saw less than it must: the highest version among the writes acknowledged before it began
 *     (lost), or, if reads are monotonic, among those that reads answered before it began saw
 *     (stale). "None" counts as the version of any delete begun before the read ended.
 * Writes without an acknowledgement may have happened or not, at any time after they began.
 *
 * What a node may lose (a power failure before the sync of periodic mode) is told with
 * history_forget: operations begun by now and answered later than `since_us`, or not yet (the
 * answer may be on its way), bind only readers that began before `now_us`.
 *
 * Owner:  embeds; history_done() releases it.
 * Thread: one at a time.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

typedef enum op_kind { OP_READ_VALUE, OP_WRITE_VALUE, OP_DELETE_VALUE } op_kind;

#define UNANSWERED INT64_MAX
#define NOT_FORGOTTEN INT64_MAX

typedef struct operation {
    op_kind kind;
    uint32_t key;
    int64_t version; /* written, or seen */
    int64_t begin_us, end_us;
    bool acknowledged;    /* reads: the answer was rows */
    int64_t forgotten_us; /* binds nobody who begins from then on */
} operation;

typedef struct history {
    vec(operation) ops;
} history;

void history_done(history *h);
/* Returns the operation's index, for history_end. */
size_t history_begin(history *h, op_kind kind, uint32_t key, int64_t version, int64_t now_us);
/* version: what a read saw; ignored for writes. */
void history_end(history *h, size_t op, bool acknowledged, int64_t version, int64_t now_us);
/* Keys in [from, to). */
void history_forget(history *h, uint32_t from, uint32_t to, int64_t since_us, int64_t now_us);

typedef enum verdict { HISTORY_HOLDS, HISTORY_INVENTED, HISTORY_LOST, HISTORY_STALE } verdict;

typedef struct finding {
    verdict verdict;
    operation read;  /* which breaks the promise */
    operation bound; /* lost, stale: what it should have seen */
} finding;

/* The first read (by its begin) that breaks the promise. */
verdict history_check(const history *h, bool monotonic_reads, finding *ret);
const char *verdict_name(verdict v);
