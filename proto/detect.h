/* detect.h: what a client speaks, told from the first bytes that it sends.
 *
 * One port serves old and new clients. A framed Thrift call starts with a length, then
 * 80 01 00 01; an unframed one with 80 01 00 01; a request of the CQL binary protocol with its
 * version (1-6, or 0x41 and 0x42 that DataStax drivers probe with), flags, stream and opcode.
 * A frame above 16 MiB begins like a CQL version, but no opcode is 0x80 and no body that large.
 *
 * Thread:  any; pure.
 * Format:  CQL header of v1, v2: version, flags, u8 stream, opcode, be32 length; of v3 and later
 *          the stream has two bytes.
 */
#pragma once
#include "base/bytes.h"

enum wire_kind {
    WIRE_KIND_MORE, /* cannot tell yet; at most WIRE_DETECT_BYTES are ever needed */
    WIRE_KIND_THRIFT_FRAMED,
    WIRE_KIND_THRIFT_UNFRAMED,
    WIRE_KIND_CQL,
    WIRE_KIND_UNKNOWN, /* none of them: close */
};

enum { WIRE_DETECT_BYTES = 9 };

enum wire_kind wire_detect(bytes first);
