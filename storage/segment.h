/* segment.h: the bytes of a commit log segment, pure.
 *
 *   header   "ILCL" | be32 format version 1 | be64 segment id | be32 stream | be32 CRC-32 of those
 *   record   be32 body length | be32 CRC-32 of segment id, offset of the record, body length
 *            | be32 CRC-32 of the body | body = table id (16) | encoded mutation
 *   end      a record of body length 0: nothing follows, the segment was finished
 *
 * Valid: the header, then records up to the end mark or the end of the file. The header check of a
 * record knows where it stands, so one found anywhere in the file is a record of this very segment.
 * When a record is not valid the file is searched: if nothing valid follows, the rest is a write
 * that was under way when the power failed, and is cut off; otherwise the segment is corrupt.
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
    RECORD_HEADER = 12,
    RECORD_BODY_MIN = 17,
};

void segment_put_header(buf *out, uint64_t id, uint32_t stream);
/* Fills the RECORD_HEADER bytes before a body that is in place. */
void record_frame(uint8_t *header, uint64_t segment, uint64_t offset, uint32_t body_size);

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
    bool finished; /* the end mark was met */
    uint64_t cut;  /* bytes of a torn tail left out */
} segment_reader;

/* The id is the one the file's name carries. A file torn in its header reads as empty. */
int segment_open(segment_reader *s, bytes file, uint64_t id, err_info *e);
/* 1: a record; 0: the end; or ERR_CORRUPT. */
int segment_next(segment_reader *s, record *ret, err_info *e);
