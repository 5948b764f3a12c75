/* commitlog.h: what was written and is not yet in an SSTable, durably.
 *
 * Each worker appends to a stream of segments of its own (segment.h); workers share nothing while
 * they write. A record is copied into the stream's buffer, which goes to the file in one append at
 * the end of the loop turn, before replies leave: a killed process loses nothing acknowledged. How
 * far a power failure reaches is the sync mode's matter.
 *
 * A segment is deleted when every memtable with something in it is flushed; the storage tells.
 *
 * Owner:   one per node.
 * Thread:  append and wait on the worker whose env is given; discard and close on worker 0.
 * Errors:  after a failed write or sync nothing is tried again: the stream stays failed and the
 *          policy decides (POLICY_IGNORE starts a new segment). ERR_NO_SPACE is different: writes
 *          are refused until what is buffered could be written.
 * Suspend: functions marked co_fn.
 * Format:  docs/formats.md, "commit log".
 */
#pragma once
#include <stdatomic.h>

#include "base/vec.h"
#include "model/mutation.h"
#include "runtime/env.h"
#include "storage/segment.h"
#include "storage/storage.h"

/* A place in a stream: segment id in the upper half, offset behind a record in the lower. */
typedef uint64_t log_position;
static inline log_position log_position_of(uint64_t segment, uint64_t offset)
{
    return segment << 32 | offset;
}

typedef struct commitlog commitlog;
typedef struct commitlog_options {
    const char *dir; /* outlives the log */
    commitlog_sync sync;
    uint32_t sync_period_ms;
    uint64_t segment_bytes, total_bytes;
    failure_policy policy;
    void (*on_failure)(void *arg, failure_policy policy, const err_info *why);
    void *failure_arg;
    void (*on_pressure)(void *arg, env *e); /* total_bytes exceeded; any worker */
    void *pressure_arg;
    uint64_t first_segment; /* greater than any id used before */
} commitlog_options;

commitlog *commitlog_new(env *e, const commitlog_options *o);
/* Makes all durable, ends the segments, frees. NULL is fine; returns NULL. */
commitlog *commitlog_close(commitlog *l, env *e); /* co_fn */

/* A segment of an earlier run that was replayed: deleted like any other. */
void commitlog_add_old(commitlog *l, uint64_t id, uint64_t size);

/* May this worker write? 0 or the reason why not. Starts the worker's stream if need be. */
int commitlog_check(commitlog *l, env *e, err_info *err);
/* Id of the worker's segment in which the next record lands, or an earlier one. After _check. */
uint64_t commitlog_current(commitlog *l, env *e);
/* Copies the mutations into the worker's buffer: all or none. *ret_mark is for commitlog_wait. */
int commitlog_append(commitlog *l, env *e, const mutation *const *ms, size_t n, uint64_t *ret_mark,
                     err_info *err);
/* Waits until what was appended up to the mark may be acknowledged. */
int co_fn commitlog_wait(commitlog *l, env *e, uint64_t mark, err_info *err);
/* Makes all streams durable now. */
int co_fn commitlog_sync_all(commitlog *l, env *e, err_info *err);

/* Where each stream stands (0: nothing written). Any thread. */
void commitlog_positions(const commitlog *l, log_position *ret);
/* Deletes finished segments: `needed` gives per stream (and for old ones) the least segment id
 * still needed, UINT64_MAX when none. */
void commitlog_discard(commitlog *l, env *e, void (*needed)(void *arg, uint64_t *ret), void *arg);
/* Ends the current segments, so that they can be discarded (drain). */
int co_fn commitlog_end_segments(commitlog *l, env *e, err_info *err);
/* Least id of a finished segment, 0 when there is none. */
uint64_t commitlog_oldest(commitlog *l);
uint64_t commitlog_bytes(const commitlog *l);
bool commitlog_refuses(const commitlog *l);

/* ---- commitlog_replay.c ---- */
typedef struct commitlog_replay_result {
    uint64_t max_segment, records, bytes, cut;
    vec(uint64_t) ids; /* of all segments, ascending */
    vec(uint64_t) sizes;
} commitlog_replay_result;
/* Gives every record of every segment in dir to fn, which stops the replay by a negative result.
 * ERR_CORRUPT names file and offset. A missing directory has no records. */
int co_fn commitlog_replay(env *e, const char *dir,
                           int (*fn)(void *arg, const record *r, err_info *err), void *arg,
                           commitlog_replay_result *ret, err_info *err);
char *commitlog_path(const char *dir, uint64_t id); /* malloc */
