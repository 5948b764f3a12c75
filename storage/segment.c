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

static uint32_t header_crc(uint64_t segment, uint64_t offset, uint32_t size)
{
    uint8_t b[20];
    put_be64(b, segment);
    put_be64(b + 8, offset);
    put_be32(b + 16, size);
    return hash_crc32(0, bytes_of(b, sizeof b));
}

void record_frame(uint8_t *h, uint64_t segment, uint64_t offset, uint32_t body_size)
{
    put_be32(h, body_size);
    put_be32(h + 4, header_crc(segment, offset, body_size));
    put_be32(h + 8, hash_crc32(0, bytes_of(h + RECORD_HEADER, body_size)));
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
    if (get_be32(h + 4) != header_crc(s->id, at, size))
        return false;
    *ret_size = size;
    return get_be32(h + 8) == hash_crc32(0, bytes_of(h + RECORD_HEADER, size));
}

/* Offset of the first valid record behind `at`, or 0. */
static uint64_t find_record(const segment_reader *s, uint64_t at)
{
    uint32_t size;
    for (uint64_t o = at + 1; o + RECORD_HEADER <= s->file.n; o++)
        if (record_at(s, o, &size))
            return o;
    return 0;
}

static bool all_zero(bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i])
            return false;
    return true;
}

static int cut_tail(segment_reader *s, const char *what, err_info *e)
{
    bytes tail = bytes_of(s->file.p + s->at, s->file.n - s->at);
    uint64_t next = all_zero(tail) ? 0 : find_record(s, s->at);
    if (next)
        return err_set(e, ERR_CORRUPT,
                       "%s at offset %llu is damaged, though valid records follow "
                       "at offset %llu",
                       what, (unsigned long long)s->at, (unsigned long long)next);
    s->cut = tail.n;
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
        return cut_tail(s, "the header", e);
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
    if (s->finished || s->at == s->file.n)
        return 0;
    uint32_t size;
    if (!record_at(s, s->at, &size))
        return cut_tail(s, "the record", e);
    uint64_t at = s->at;
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
