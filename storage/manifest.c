/* manifest.c: see manifest.h. Applying an edit is the one way the state changes, at open and at
 * append alike; rewriting writes the state as edits. */
#include "storage/manifest.h"

#include <stdio.h>

#include "base/hash.h"

enum { FORMAT = 1, HEADER = 8, RECORD = 12, MAX_MANIFEST = 1 << 30 };
enum { IDENTITY = 1, ADD, REMOVE, FLUSHED, DROP, DIRECTORY };

/* ---- edits ---- */

static void edit_begin(buf *b, uint8_t tag, const uuid *table)
{
    buf_u8(b, tag);
    buf_put(b, table->b, 16);
}

void manifest_edit_add(buf *b, const uuid *table, uint64_t generation, uint64_t size)
{
    edit_begin(b, ADD, table);
    buf_vint(b, generation);
    buf_vint(b, size);
}

void manifest_edit_remove(buf *b, const uuid *table, uint64_t generation)
{
    edit_begin(b, REMOVE, table);
    buf_vint(b, generation);
}

void manifest_edit_flushed(buf *b, const uuid *table, uint64_t base, const uint64_t *positions,
                           unsigned n)
{
    edit_begin(b, FLUSHED, table);
    buf_vint(b, base);
    buf_vint(b, n);
    for (unsigned i = 0; i < n; i++)
        buf_be64(b, positions[i]);
}

void manifest_edit_drop(buf *b, const uuid *table)
{
    edit_begin(b, DROP, table);
}

void manifest_edit_directory(buf *b, const uuid *table, const char *directory)
{
    edit_begin(b, DIRECTORY, table);
    buf_vbytes(b, bytes_str(directory));
}

/* ---- state ---- */

manifest_table *manifest_find(manifest *m, const uuid *table)
{
    return map_get(&m->tables, uuid_bytes(table));
}

static manifest_table *table_of(manifest *m, const uuid *id)
{
    manifest_table *t = manifest_find(m, id);
    if (!t) {
        t = xzalloc(sizeof *t);
        t->id = *id;
        map_put(&m->tables, uuid_bytes(&t->id), t);
    }
    return t;
}

static void remove_file(manifest_table *t, uint64_t generation)
{
    for (size_t i = 0; i < t->files.n; i++)
        if (t->files.p[i].generation == generation) {
            t->files.p[i] = t->files.p[--t->files.n];
            return;
        }
}

static void apply_flushed(manifest_table *t, reader *r)
{
    uint64_t base = rd_vint(r), n = rd_vint(r);
    if (r->bad || n > rd_left(r) / 8) {
        r->bad = true;
        return;
    }
    t->base = base;
    t->n_positions = (unsigned)n;
    t->positions = xrealloc(t->positions, (n + 1) * sizeof *t->positions);
    for (unsigned i = 0; i < n; i++)
        t->positions[i] = rd_be64(r);
}

static char *string_of(bytes b)
{
    char *s = xmalloc(b.n + 1);
    if (b.n)
        memcpy(s, b.p, b.n);
    s[b.n] = 0;
    return s;
}

static void apply_identity(manifest *m, reader *r)
{
    bytes name = rd_vbytes(r);
    uint8_t p = rd_u8(r);
    if (r->bad)
        return;
    free(m->cluster_name);
    m->cluster_name = string_of(name);
    m->partitioner = p;
}

static void apply_directory(manifest_table *t, reader *r)
{
    bytes path = rd_vbytes(r);
    if (r->bad)
        return;
    free(t->directory);
    t->directory = string_of(path);
}

static void apply_edit(manifest *m, reader *r)
{
    uint8_t tag = rd_u8(r);
    if (tag == IDENTITY) {
        apply_identity(m, r);
        return;
    }
    bytes id = rd_take(r, 16);
    if (r->bad)
        return;
    uuid u;
    memcpy(u.b, id.p, 16);
    manifest_table *t = table_of(m, &u);
    switch (tag) {
    case ADD: {
        uint64_t generation = rd_vint(r), size = rd_vint(r);
        vec_push(&t->files, (manifest_file){generation, size});
        break;
    }
    case REMOVE:
        remove_file(t, rd_vint(r));
        break;
    case FLUSHED:
        apply_flushed(t, r);
        break;
    case DROP:
        t->dropped = true;
        t->files.n = 0;
        break;
    case DIRECTORY:
        apply_directory(t, r);
        break;
    default:
        r->bad = true;
    }
}

static bool apply_edits(manifest *m, bytes edits)
{
    reader r = reader_of(edits);
    while (rd_left(&r) > 0 && !r.bad)
        apply_edit(m, &r);
    return !r.bad;
}

bool manifest_covers(const manifest_table *t, unsigned stream, uint64_t segment, uint64_t end)
{
    if (t->dropped || segment < t->base)
        return true;
    return stream < t->n_positions && (segment << 32 | end) <= t->positions[stream];
}

uint64_t manifest_max_segment(const manifest *m)
{
    uint64_t max = 0;
    const map_slot *s;
    for (size_t i = 0; (s = map_next(&m->tables, &i));) {
        const manifest_table *t = s->value;
        if (t->base > max + 1)
            max = t->base - 1;
        for (unsigned k = 0; k < t->n_positions; k++)
            if (t->positions[k] >> 32 > max)
                max = t->positions[k] >> 32;
    }
    return max;
}

uint64_t manifest_max_generation(const manifest *m)
{
    uint64_t max = 0;
    const map_slot *s;
    for (size_t i = 0; (s = map_next(&m->tables, &i));) {
        const manifest_table *t = s->value;
        for (size_t k = 0; k < t->files.n; k++)
            if (t->files.p[k].generation > max)
                max = t->files.p[k].generation;
    }
    return max;
}

/* ---- bytes ---- */

static void put_record(buf *b, bytes body)
{
    size_t at = b->n;
    buf_be32(b, (uint32_t)body.n);
    buf_be32(b, hash_crc32(0, bytes_of(b->p + at, 4)));
    buf_be32(b, hash_crc32(0, body));
    buf_bytes(b, body);
}

static bool record_at(bytes file, uint64_t at, bytes *ret_body)
{
    if (file.n < RECORD || at > file.n - RECORD)
        return false;
    const uint8_t *h = file.p + at;
    uint32_t size = get_be32(h);
    if (size > file.n - at - RECORD || get_be32(h + 4) != hash_crc32(0, bytes_of(h, 4)))
        return false;
    *ret_body = bytes_of(h + RECORD, size);
    return get_be32(h + 8) == hash_crc32(0, *ret_body);
}

/* Offset of the first valid record behind `at`, or 0. */
static uint64_t find_record(bytes file, uint64_t at)
{
    bytes body;
    for (uint64_t o = at + 1; o + RECORD <= file.n; o++)
        if (record_at(file, o, &body))
            return o;
    return 0;
}

static int corrupt(const manifest *m, uint64_t at, const char *what, err_info *err)
{
    return err_set(err, ERR_CORRUPT, "%s: %s at offset %llu; restore the file from a backup",
                   m->path, what, (unsigned long long)at);
}

static int parse(manifest *m, bytes file, err_info *err)
{
    if (file.n < HEADER || memcmp(file.p, "ILMF", 4) != 0)
        return corrupt(m, 0, "this is no manifest", err);
    uint32_t version = get_be32(file.p + 4);
    if (version != FORMAT)
        return err_set(err, ERR_CORRUPT, "%s has format %u; this version knows %d", m->path,
                       version, FORMAT);
    bytes body;
    for (uint64_t at = HEADER; at < file.n; at += RECORD + body.n) {
        if (record_at(file, at, &body)) {
            if (!apply_edits(m, body))
                return corrupt(m, at, "an edit that this version does not know", err);
            continue;
        }
        uint64_t next = find_record(file, at);
        if (!next)
            break;
        if (next - at != RECORD)
            return corrupt(m, at, "a damaged record", err);
        body.n = 0; /* an empty record was lost: harmless */
    }
    return 0;
}

static void put_table(buf *b, const manifest_table *t)
{
    if (t->directory)
        manifest_edit_directory(b, &t->id, t->directory);
    if (t->base || t->n_positions)
        manifest_edit_flushed(b, &t->id, t->base, t->positions, t->n_positions);
    for (size_t i = 0; i < t->files.n; i++)
        manifest_edit_add(b, &t->id, t->files.p[i].generation, t->files.p[i].size);
    if (t->dropped)
        manifest_edit_drop(b, &t->id);
}

/* Replaces the file by one that says what holds now, and opens it to append. */
static int rewrite(manifest *m, err_info *err)
{
    buf body = {0}, out = {0};
    buf_u8(&body, IDENTITY);
    buf_vbytes(&body, bytes_str(m->cluster_name));
    buf_u8(&body, (uint8_t)m->partitioner);
    const map_slot *s;
    for (size_t i = 0; (s = map_next(&m->tables, &i));)
        put_table(&body, s->value);
    buf_str(&out, "ILMF");
    buf_be32(&out, FORMAT);
    put_record(&out, buf_view(&body));
    put_record(&out, BYTES_EMPTY);
    file_close(m->file);
    m->file = NULL;
    m->broken = true;
    int r = env_write_file(m->env, m->path, buf_view(&out), err);
    if (r == 0)
        r = env_open(m->env, m->path, FILE_WRITE, &m->file, err);
    m->broken = r < 0;
    buf_done(&body);
    buf_done(&out);
    return r;
}

int manifest_append(manifest *m, bytes edits, err_info *err)
{
    if (m->broken) { /* nothing is tried again on a file whose write or sync failed */
        int r = rewrite(m, err);
        if (r < 0)
            return r;
    }
    buf out = {0};
    put_record(&out, edits);
    int r = file_append(m->file, out.p, out.n, err);
    if (r == 0)
        r = file_sync(m->file, err);
    m->broken = r < 0;
    if (r == 0) {
        apply_edits(m, edits);
        out.n = 0;
        put_record(&out, BYTES_EMPTY); /* says that what is before it was synced */
        m->broken = file_append(m->file, out.p, out.n, NULL) < 0;
    }
    buf_done(&out);
    return r;
}

/* ---- opening ---- */

static int check_identity(const manifest *m, const char *cluster_name, partitioner p, err_info *err)
{
    if (!m->cluster_name)
        return corrupt(m, HEADER, "no identity", err);
    if (strcmp(m->cluster_name, cluster_name) != 0)
        return err_set(err, ERR_CONFIG,
                       "Saved cluster name %s != configured name %s in data directory %s",
                       m->cluster_name, cluster_name, m->dir);
    if (m->partitioner != p)
        return err_set(err, ERR_CONFIG, "data directory %s was written with %s, not with %s",
                       m->dir, partitioner_class(m->partitioner), partitioner_class(p));
    return 0;
}

typedef struct search {
    env *env;
    const char *dir;
    int depth;
    bool found;
} search;

static void look_for_tables(void *arg, const char *name)
{
    search *s = arg;
    const char *dot = strrchr(name, '-');
    if (s->depth == 2 && dot && strcmp(dot, "-Data.ldb") == 0)
        s->found = true;
    if (s->depth == 2 || s->found)
        return;
    autofree char *path = xprintf("%s/%s", s->dir, name);
    search below = {s->env, path, s->depth + 1, false};
    env_list(s->env, path, look_for_tables, &below, NULL);
    s->found |= below.found;
}

static int begin_fresh(manifest *m, const char *cluster_name, partitioner p, err_info *err)
{
    search s = {m->env, m->dir, 0, false};
    env_list(m->env, m->dir, look_for_tables, &s, NULL);
    if (s.found)
        return err_set(err, ERR_CORRUPT,
                       "data directory %s holds tables but no MANIFEST; restore it from a backup, "
                       "or move the tables away",
                       m->dir);
    m->cluster_name = xstrdup(cluster_name);
    m->partitioner = p;
    return 0;
}

static int open_locked(manifest *m, const char *cluster_name, partitioner p, err_info *err)
{
    arena a;
    bytes content;
    arena_init(&a, 4096);
    int r = env_exists(m->env, m->path)
                ? env_read_file(m->env, m->path, MAX_MANIFEST, &a, &content, err)
                : ERR_NOT_FOUND;
    if (r == 0) {
        r = parse(m, content, err);
        if (r == 0)
            r = check_identity(m, cluster_name, p, err);
    } else if (r == ERR_NOT_FOUND) {
        r = begin_fresh(m, cluster_name, p, err);
    }
    arena_done(&a);
    return r < 0 ? r : rewrite(m, err);
}

int manifest_open(env *e, const char *data_dir, const char *cluster_name, partitioner p,
                  manifest **ret, err_info *err)
{
    manifest *m = xzalloc(sizeof *m);
    m->env = e;
    m->dir = data_dir;
    m->path = xprintf("%s/MANIFEST", data_dir);
    autofree char *lock = xprintf("%s/LOCK", data_dir);
    file *held;
    int r = env_lock_file(e, lock, &held, err);
    if (r == ERR_EXISTS)
        err_set(err, r, "data directory %s is in use by another process", data_dir);
    if (r == 0) {
        m->lock = held;
        r = open_locked(m, cluster_name, p, err);
    }
    if (r < 0)
        manifest_close(m);
    else
        *ret = m;
    return r;
}

manifest *manifest_close(manifest *m)
{
    if (!m)
        return NULL;
    const map_slot *s;
    for (size_t i = 0; (s = map_next(&m->tables, &i));) {
        manifest_table *t = s->value;
        vec_done(&t->files);
        free(t->directory);
        free(t->positions);
        free(t);
    }
    map_done(&m->tables);
    file_close(m->file);
    file_close(m->lock);
    free(m->cluster_name);
    free(m->path);
    free(m);
    return NULL;
}
