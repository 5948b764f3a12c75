#include "proto/detect.h"

#include "base/buf.h"

enum match { NO, MAYBE, YES };

/* 80 01 00 01 (call) or 80 01 00 04 (one-way), as far as it is there. */
static enum match match_thrift(const uint8_t *p, size_t n)
{
    static const uint8_t start[] = {0x80, 0x01, 0x00};
    for (size_t i = 0; i < n && i < sizeof start; i++)
        if (p[i] != start[i])
            return NO;
    if (n < 4)
        return MAYBE;
    return p[3] == 1 || p[3] == 4 ? YES : NO;
}

static enum match match_framed(bytes b)
{
    enum { SMALLEST_CALL = 13 }; /* version, empty name, seqid, end of the arguments */
    if (b.n && b.p[0] & 0x80)
        return NO;
    if (b.n >= 4 && get_be32(b.p) < SMALLEST_CALL)
        return NO;
    return b.n > 4 ? match_thrift(b.p + 4, b.n - 4) : MAYBE;
}

/* STARTUP, CREDENTIALS (v1), OPTIONS, QUERY, PREPARE, EXECUTE, REGISTER, BATCH, AUTH_RESPONSE */
static bool is_request(uint8_t opcode)
{
    return opcode < 16 && (1u << opcode & 0xaeb2u);
}

static enum match match_cql(bytes b)
{
    enum { MAX_BODY = 256 << 20, FLAGS = 0x1f };
    if (b.n == 0)
        return MAYBE;
    uint8_t version = b.p[0];
    if (!(version >= 1 && version <= 6) && version != 0x41 && version != 0x42)
        return NO;
    if (b.n > 1 && b.p[1] & ~FLAGS)
        return NO;
    size_t opcode_at = version < 3 ? 3 : 4;
    if (b.n > opcode_at && !is_request(b.p[opcode_at]))
        return NO;
    if (b.n < opcode_at + 5)
        return MAYBE;
    return get_be32(b.p + opcode_at + 1) <= MAX_BODY ? YES : NO;
}

enum wire_kind wire_detect(bytes first)
{
    enum match unframed = match_thrift(first.p, first.n);
    enum match framed = match_framed(first);
    enum match cql = match_cql(first);
    if (unframed == YES)
        return WIRE_KIND_THRIFT_UNFRAMED;
    if (framed == YES)
        return WIRE_KIND_THRIFT_FRAMED;
    if (cql == YES)
        return WIRE_KIND_CQL;
    if (unframed == MAYBE || framed == MAYBE || cql == MAYBE)
        return WIRE_KIND_MORE;
    return WIRE_KIND_UNKNOWN;
}
