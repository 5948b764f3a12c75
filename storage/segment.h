/* segment.h: the bytes of a commit log segment, pure.
 *
 *   header   "ILCL" | be32 format version 1 | be64 segment id | be32 stream | be32 CRC-32 of those
 *   record   be32 body length | be32 synced | be32 CRC-32 of segment id, offset of the record, body
 *            length, synced | be32 CRC-32 of the body | body = table id (16) | encoded mutation
 *   end      a record of body length 0, written after the last sync: the segment was finished
 *
 * `synced`: when the record was made, the file was known to be durable up to this offset.
 *
 * Valid: the header, then records up to the end mark or the end of the file. The header check of a
 * record knows where it stands, so one found anywhere in the file is a record of this very segment.
 * Where a record is not valid, reading goes on at the next that is: a power failure may lose any
 * block that was not synced, and keep later ones. But when a later record says that the file was
 * durable beyond the gap, the gap is damage, and the segment corrupt. The header is synced before
 * the first record is written.
 *
 * Errors: ERR_CORRUPT; the sentence names the offset, the caller the file.
 */
#pragma once
#include "base/buf.h"
#include "base/errors.h"
#include "base/uuid.h"

enum {
    SEGMENT_FORMAT = 1,
    SEGMENT_HEADER = 24,
    RECORD_HEADER = 16,
    RECORD_BODY_MIN = 17,
};

void segment_put_header(buf *out, uint64_t id, uint32_t stream);
/* Fills the RECORD_HEADER bytes before a body that is in place. */
void record_frame(uint8_t *header, uint64_t segment, uint64_t offset, uint32_t body_size,
                  uint64_t synced);

typedef struct record {
    uint64_t segment, offset, end; /* end: offset behind it */
    uint32_t stream;
    uuid table;
    bytes mutation; /* in place */
} record;

typedef struct segment_reader {
    bytes file;
    uint64_t id, at;
    uint32_t stream;
    bool finished; /* the end mark was met, or nothing valid is left */
    uint64_t cut;  /* bytes of unfinished writes left out */
    uint64_t gap;  /* offset of the first of them; 0 = none */
} segment_reader;

/* The id is the one the file's name carries. A file torn in its header reads as empty. */
int segment_open(segment_reader *s, bytes file, uint64_t id, err_info *e);
/* 1: a record; 0: the end; or ERR_CORRUPT. */
int segment_next(segment_reader *s, record *ret, err_info *e);
