/* manifest.h: which files make up each table, and what of the commit log they already hold.
 *
 * An append-only log of edits. One append is one step: after a crash all of its edits hold or none
 * do. Opening rewrites the log to what is true now.
 *
 *   header   "ILMF" | be32 format version 1
 *   record   be32 body length | be32 CRC-32 of the length | be32 CRC-32 of the body | body = edits
 *   edit     a tag byte, then
 *            1 identity   vint-prefixed cluster name, u8 partitioner
 *            2 add        table id, vint generation, vint size
 *            3 remove     table id, vint generation
 *            4 flushed    table id, vint base, vint n, n x be64 position: segments with an id
 *                         below base, and what lies up to the position in each stream, needs no
 *                         replay
 *            5 drop       table id: its files are gone, nothing of it is replayed any more
 *            6 directory  table id, vint-prefixed path relative to the data directory
 *
 * After a record was synced, an empty record (body length 0) follows it, itself not synced. Valid:
 * what is invalid and followed by nothing valid is the torn tail of a power failure; followed by a
 * record right behind the length of an empty one, it is a lost empty record; else it is damage.
 *
 * Owner:   one per node; holds the data directory's lock until closed.
 * Thread:  one at a time (the storage serializes); manifest_append blocks on the disk, so it is
 *          called on a pool thread.
 * Errors:  ERR_CONFIG: foreign cluster or partitioner; ERR_EXISTS: locked by another process;
 *          ERR_CORRUPT: newer format, damage.
 */
#pragma once
#include "base/map.h"
#include "base/uuid.h"
#include "base/vec.h"
#include "model/token.h"
#include "runtime/env.h"

typedef struct manifest_file {
    uint64_t generation, size;
} manifest_file;

typedef struct manifest_table {
    uuid id;
    char *directory; /* relative; NULL until it has files */
    vec(manifest_file) files;
    bool dropped;
    uint64_t base; /* of the flushed position */
    unsigned n_positions;
    uint64_t *positions;
} manifest_table;

typedef struct manifest {
    env *env;
    const char *dir;
    char *path;
    file *lock, *file;
    bool broken; /* an append failed: the next one rewrites the file */
    char *cluster_name;
    partitioner partitioner;
    map tables; /* id -> manifest_table */
} manifest;

/* Locks the directory, reads or makes the manifest. A directory without one must hold no tables. */
int manifest_open(env *e, const char *data_dir, const char *cluster_name, partitioner p,
                  manifest **ret, err_info *err);
manifest *manifest_close(manifest *m);                         /* NULL is fine; returns NULL */
manifest_table *manifest_find(manifest *m, const uuid *table); /* or NULL */
/* Is what was written at this place of the commit log in files already, or forgotten? */
bool manifest_covers(const manifest_table *t, unsigned stream, uint64_t segment, uint64_t end);
/* Greatest segment id and generation that were ever named. */
uint64_t manifest_max_segment(const manifest *m);
uint64_t manifest_max_generation(const manifest *m);

/* Edits are gathered in a buf, then appended in one step. */
void manifest_edit_add(buf *b, const uuid *table, uint64_t generation, uint64_t size);
void manifest_edit_remove(buf *b, const uuid *table, uint64_t generation);
void manifest_edit_flushed(buf *b, const uuid *table, uint64_t base, const uint64_t *positions,
                           unsigned n);
void manifest_edit_drop(buf *b, const uuid *table);
void manifest_edit_directory(buf *b, const uuid *table, const char *directory);
int manifest_append(manifest *m, bytes edits, err_info *err);
