/* segment.c: see segment.h. */
#include "storage/segment.h"

#include "base/hash.h"

static const uint8_t magic[4] = {'I', 'L', 'C', 'L'};

void segment_put_header(buf *out, uint64_t id, uint32_t stream)
{
    size_t at = out->n;
    buf_put(out, magic, 4);
    buf_be32(out, SEGMENT_FORMAT);
    buf_be64(out, id);
    buf_be32(out, stream);
    buf_be32(out, hash_crc32(0, bytes_of(out->p + at, SEGMENT_HEADER - 4)));
}

static uint32_t header_crc(uint64_t segment, uint64_t offset, uint32_t size, uint32_t synced)
{
    uint8_t b[24];
    put_be64(b, segment);
    put_be64(b + 8, offset);
    put_be32(b + 16, size);
    put_be32(b + 20, synced);
    return hash_crc32(0, bytes_of(b, sizeof b));
}

void record_frame(uint8_t *h, uint64_t segment, uint64_t offset, uint32_t body_size,
                  uint64_t synced)
{
    put_be32(h, body_size);
    put_be32(h + 4, (uint32_t)synced);
    put_be32(h + 8, header_crc(segment, offset, body_size, (uint32_t)synced));
    put_be32(h + 12, hash_crc32(0, bytes_of(h + RECORD_HEADER, body_size)));
}

/* Is there a valid record (or end mark) at this offset? */
static bool record_at(const segment_reader *s, uint64_t at, uint32_t *ret_size)
{
    if (s->file.n < RECORD_HEADER || at > s->file.n - RECORD_HEADER)
        return false;
    const uint8_t *h = s->file.p + at;
    uint32_t size = get_be32(h);
    if (size > s->file.n - at - RECORD_HEADER || (size > 0 && size < RECORD_BODY_MIN))
        return false;
    if (get_be32(h + 8) != header_crc(s->id, at, size, get_be32(h + 4)))
        return false;
    *ret_size = size;
    return get_be32(h + 12) == hash_crc32(0, bytes_of(h + RECORD_HEADER, size));
}

/* Offset of the first valid record behind `at`, or 0. */
static uint64_t find_record(const segment_reader *s, uint64_t at)
{
    static const uint8_t zeros[64];
    uint32_t size;
    for (uint64_t o = at + 1; o + RECORD_HEADER <= s->file.n; o++) {
        while (s->file.n - o > sizeof zeros && memcmp(s->file.p + o, zeros, sizeof zeros) == 0)
            o += sizeof zeros - RECORD_HEADER; /* lost blocks read as zeros */
        if (record_at(s, o, &size))
            return o;
    }
    return 0;
}

/* Goes on at the next valid record, or ends. */
static void skip_gap(segment_reader *s)
{
    uint64_t next = find_record(s, s->at), end = next ? next : s->file.n;
    if (!s->gap)
        s->gap = s->at;
    s->cut += end - s->at;
    s->at = end;
    s->finished = !next;
}

static int torn_header(segment_reader *s, err_info *e)
{
    if (find_record(s, 0))
        return err_set(e, ERR_CORRUPT, "the header is damaged, though valid records follow");
    s->cut = s->file.n;
    s->finished = true;
    return 0;
}

int segment_open(segment_reader *s, bytes file, uint64_t id, err_info *e)
{
    *s = (segment_reader){.file = file, .id = id};
    reader r = reader_of(file);
    bytes m = rd_take(&r, 4);
    uint32_t version = rd_be32(&r);
    uint64_t own_id = rd_be64(&r);
    uint32_t stream = rd_be32(&r), crc = rd_be32(&r);
    bool whole = !r.bad && crc == hash_crc32(0, bytes_of(file.p, SEGMENT_HEADER - 4));
    if (!whole || memcmp(m.p, magic, 4) != 0)
        return torn_header(s, e);
    if (version > SEGMENT_FORMAT)
        return err_set(e, ERR_CORRUPT, "it has format %u, newer than %d, which this version knows",
                       version, SEGMENT_FORMAT);
    if (own_id != id)
        return err_set(e, ERR_CORRUPT, "it says that it is segment %llu: the file was renamed",
                       (unsigned long long)own_id);
    s->stream = stream;
    s->at = SEGMENT_HEADER;
    return 0;
}

int segment_next(segment_reader *s, record *ret, err_info *e)
{
    uint32_t size;
    while (!s->finished && s->at < s->file.n && !record_at(s, s->at, &size))
        skip_gap(s);
    if (s->finished || s->at == s->file.n)
        return 0;
    uint64_t at = s->at;
    if (s->gap && get_be32(s->file.p + at + 4) > s->gap)
        return err_set(e, ERR_CORRUPT,
                       "the record at offset %llu is damaged, though it was durable",
                       (unsigned long long)s->gap);
    s->at += RECORD_HEADER + size;
    if (size == 0) {
        s->finished = true;
        return 0;
    }
    const uint8_t *body = s->file.p + at + RECORD_HEADER;
    *ret = (record){.segment = s->id, .offset = at, .end = s->at, .stream = s->stream};
    memcpy(ret->table.b, body, 16);
    ret->mutation = bytes_of(body + 16, size - 16);
    return 1;
}
