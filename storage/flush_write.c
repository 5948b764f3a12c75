/* flush_write.c: a memtable becomes an SSTable file.
 *
 * Written under a temporary name (".tmp" appended), synced, renamed, its directory synced; a crash
 * leaves at most a temporary file, or a file that no manifest names: the next start removes both.
 */
#include "storage/storage_internal.h"

static void note_timestamp(sstable_stats *s, int64_t ts)
{
    if (ts == NO_TIMESTAMP)
        return;
    if (ts < s->min_timestamp)
        s->min_timestamp = ts;
    if (ts > s->max_timestamp)
        s->max_timestamp = ts;
}

/* local_s: when it dies or was deleted; NO_DELETION_TIME for what stays. */
static void note_local(sstable_stats *s, int32_t local_s)
{
    if (local_s > s->max_local_deletion_s)
        s->max_local_deletion_s = local_s;
}

static void note_deletion(sstable_stats *s, deletion d)
{
    if (deletion_is_none(d))
        return;
    note_timestamp(s, d.timestamp);
    note_local(s, d.local_s);
    s->tombstones++;
}

static void note_cell(sstable_stats *s, const cell *c)
{
    note_timestamp(s, c->timestamp);
    note_local(s, c->flags & (CELL_TOMBSTONE | CELL_EXPIRING) ? c->local_s : NO_DELETION_TIME);
    s->tombstones += c->flags & CELL_TOMBSTONE ? 1 : 0;
}

static int note_row(sstable_stats *s, bytes value, arena *room, err_info *err)
{
    row r;
    int result = row_decode(value, room, &r, err);
    if (result < 0)
        return result;
    s->rows++;
    note_deletion(s, r.deletion);
    if (r.live.timestamp != NO_TIMESTAMP) {
        note_timestamp(s, r.live.timestamp);
        note_local(s, r.live.expiry_s);
    }
    for (uint32_t i = 0; i < r.n_cells; i++)
        note_cell(s, &r.cells[i]);
    for (uint32_t i = 0; i < r.n_column_deletions; i++)
        note_deletion(s, r.column_deletions[i].deletion);
    return 0;
}

static int note_entry(sstable_stats *s, uint8_t part, bytes rest, bytes value, arena *room,
                      err_info *err)
{
    range_tombstone t;
    deletion d;
    switch (part) {
    case PART_DELETION:
        s->parts |= SSTABLE_HAS_DELETIONS;
        if (deletion_decode(value, &d) < 0)
            return err_set(err, ERR_CORRUPT, "a partition deletion in memory is malformed");
        note_deletion(s, d);
        return 0;
    case PART_RANGE:
        s->parts |= SSTABLE_HAS_RANGES;
        if (entry_decode_range(rest, value, &t) < 0)
            return err_set(err, ERR_CORRUPT, "a range tombstone in memory is malformed");
        note_deletion(s, t.deletion);
        return 0;
    case PART_STATIC:
        s->parts |= SSTABLE_HAS_STATICS;
        return note_row(s, value, room, err);
    default:
        return note_row(s, value, room, err);
    }
}

static int write_entries(partitioner p, memtable *m, sstable_writer *w, sstable_stats *stats,
                         err_info *err)
{
    arena room;
    arena_init(&room, 4096);
    int r = 0;
    memtable_iter it;
    memtable_iter_seek(&it, m, BYTES_NULL, false);
    for (; r == 0 && memtable_iter_valid(&it); memtable_iter_next(&it)) {
        bytes key = it.keys[it.at], value = it.values[it.at], partition, rest;
        uint8_t part = entry_part(p, key, &partition, &rest);
        r = note_entry(stats, part, rest, value, &room, err);
        if (r == 0)
            r = sstable_writer_add(w, key, partition.n, value, err);
        arena_reset(&room);
    }
    arena_done(&room);
    return r;
}

static char *directory_of(const char *path)
{
    char *dir = xstrdup(path);
    *strrchr(dir, '/') = 0;
    return dir;
}

static int write_file(storage *s, memtable *m, const storage_table_options *o, const char *tmp,
                      err_info *err)
{
    sstable_writer *w;
    sstable_write_options wo = {o->bloom_fp_chance, o->snappy};
    sstable_stats stats = {
        .min_timestamp = INT64_MAX, .max_timestamp = INT64_MIN, .max_local_deletion_s = INT32_MIN};
    uint64_t size;
    int r = sstable_writer_open(s->env, tmp, &wo, &w, err);
    if (r < 0)
        return r;
    r = write_entries(s->o.partitioner, m, w, &stats, err);
    if (r == 0)
        r = sstable_writer_finish(w, &stats, &size, err);
    sstable_writer_free(w);
    return r;
}

int flush_write(storage *s, memtable *m, const storage_table_options *o, const char *path,
                uint64_t generation, sstable **ret, err_info *err)
{
    autofree char *dir = directory_of(path), *tmp = xprintf("%s.tmp", path);
    autofree char *parent = directory_of(dir);
    int r = env_mkdirs(s->env, dir, err);
    if (r < 0)
        return r;
    r = write_file(s, m, o, tmp, err);
    if (r == 0)
        r = env_rename(s->env, tmp, path, err);
    if (r < 0) {
        env_unlink(s->env, tmp, NULL);
        return r;
    }
    /* The table's directory may be new, and its keyspace's: all three must be found again. */
    if ((r = env_sync_dir(s->env, dir, err)) < 0 || (r = env_sync_dir(s->env, parent, err)) < 0 ||
        (r = env_sync_dir(s->env, s->o.data_dir, err)) < 0)
        return r;
    return sstable_open(s->env, path, generation, s->cache, ret, err);
}
