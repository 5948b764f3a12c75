/* commitlog_internal.h: what commitlog.c (log) and commitlog_stream.c (streams) share. */
#pragma once
#include <pthread.h>

#include "storage/commitlog.h"

/* A segment that nobody writes any more. */
typedef struct closed_segment {
    uint64_t id, size;
    unsigned stream;
} closed_segment;

typedef struct log_segment {
    uint64_t id;
    char *path;
    file *file;
    uint64_t size;    /* with what is still in the buffer */
    uint64_t written; /* accepted by the file */
    uint64_t synced;  /* known to be durable */
} log_segment;

typedef struct log_stream {
    commitlog *log;
    env *env;
    unsigned index;
    log_segment *current, *next; /* next: made ahead, or NULL */
    bool preparing;
    vec(log_segment *) rotated;   /* ended, not yet synced */
    vec(log_segment *) abandoned; /* POLICY_IGNORE: failed */
    buf pending;                  /* not yet in the file */
    buf scratch;                  /* records being made */
    uint64_t appended, synced;    /* marks: bytes appended to the stream in all */
    _Atomic log_position position;
    co_mutex sync_lock;
    env_hook hook;
    uint64_t lost_from, lost_to; /* marks given up under POLICY_IGNORE */
    bool stopping, full, waits_for_space;
    int failed;
    err_info why;
    unsigned coroutines; /* background ones of this stream */
    co_event stop, idle;
} log_stream;

struct commitlog {
    unsigned magic;
    commitlog_options o;
    unsigned n_streams; /* the workers'; one more for old segments */
    log_stream **streams;
    _Atomic uint64_t next_id, bytes;
    atomic_int refusing;  /* an error code that all streams answer */
    atomic_int full;      /* streams that have no space */
    pthread_mutex_t lock; /* closed */
    vec(closed_segment) closed;
};

log_stream *log_stream_new(commitlog *l, env *e);
int log_stream_append(log_stream *s, const mutation *const *ms, size_t n, uint64_t *ret_mark,
                      err_info *err);
int co_fn log_stream_sync(log_stream *s, uint64_t mark, err_info *err);
/* Ends and syncs the current segment; the next append starts another. */
int co_fn log_stream_end_segment(log_stream *s, err_info *err);
log_stream *log_stream_close(log_stream *s); /* co_fn; returns NULL */
void commitlog_note_closed(commitlog *l, unsigned stream, uint64_t id, uint64_t size);
