/* thrift.h: Thrift messages <-> C structs.
 *
 * Strict TBinaryProtocol, the only one that Cassandra's clients speak. thrift_gen.h, made from
 * ilion.thrift when building, holds one C struct per Thrift struct, thrift_<method>_args and
 * thrift_<method>_reply (field `success` and one pointer per declared exception), and
 * enum thrift_method. A server reads a call, runs it, and answers with exactly one of
 * thrift_encode_result() and thrift_encode_error():
 *
 *     r = thrift_next_message(in, framed, max, &scan, &message, &used, e);     1: one is there
 *     r = thrift_decode_call(message, arena, &call, e);
 *     const thrift_insert_args *args = call.args;
 *     size_t at = thrift_frame_begin(out);                                     framed only
 *     thrift_encode_result(out, &call, &(thrift_insert_reply){0});
 *     thrift_frame_end(out, at);
 *
 * Structs: binary and string are `bytes`. A required struct stands in its parent, an optional
 *          one behind a pointer that is NULL when absent; absent optional `bytes` are null;
 *          other optional fields (numbers, lists, maps, a reply's success) have a has_x flag.
 *          Absent fields hold the default of the IDL, if any. Maps are arrays of pairs in the
 *          order of the wire; a key may occur twice. Enums are int32_t and unchecked.
 *          For writing start from the struct's default (thrift_slice_range_default) or zeros.
 * Owner:   decoded structs live in the arena; their `bytes` are slices of the message, which
 *          must outlive them. Writers append to `out` and keep nothing.
 * Thread:  any; pure functions, no state besides thrift_scan.
 * Errors:  ERR_PROTOCOL with a sentence for everything malformed: truncation, bytes left over,
 *          a size or count that cannot fit into what remains, a field twice, a required field
 *          missing (unless it has a default), a known field of another type, nesting beyond 64,
 *          more than 16 bytes decoded per byte received (plus 1 MiB). Unknown fields are
 *          skipped under the same bounds. Nothing decoded may be used after an error, except
 *          call->name and seqid, to answer it.
 * Suspend: never.
 * Format:  message = be32 0x80010000|type, string method, be32 seqid, struct. struct = fields,
 *          u8 0. field = u8 wire type, be16 id, value. string = be32 n, n bytes. list =
 *          u8 element type, be32 n, values. map = u8 key type, u8 value type, be32 n, pairs.
 * Why not the protocol layer of libthrift-c-glib: see the figures at the end of this file.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/errors.h"
#include "proto/thrift/thrift_gen.h"

enum thrift_message_type {
    THRIFT_CALL = 1,
    THRIFT_REPLY = 2,
    THRIFT_EXCEPTION = 3,
    THRIFT_ONEWAY = 4,
};

/* The `type` of a TApplicationException. */
enum thrift_app_error {
    THRIFT_APP_UNKNOWN = 0,
    THRIFT_APP_UNKNOWN_METHOD = 1,
    THRIFT_APP_INVALID_MESSAGE_TYPE = 2,
    THRIFT_APP_WRONG_METHOD_NAME = 3,
    THRIFT_APP_BAD_SEQUENCE_ID = 4,
    THRIFT_APP_MISSING_RESULT = 5,
    THRIFT_APP_INTERNAL_ERROR = 6,
    THRIFT_APP_PROTOCOL_ERROR = 7,
};

/* --- from the stream to messages --- */

enum { THRIFT_MAX_DEPTH = 64 };

/* Where the search for the end of an unframed message stands; zero between messages. */
typedef struct thrift_scan {
    size_t at; /* bytes of the message known to be well-formed */
    uint8_t depth;
    bool started;
    struct {
        uint8_t kind;       /* wire type of the container; 0 in a frame that is not open */
        uint8_t key, value; /* types of what follows in a list or map */
        uint32_t left;      /* values still to come in a list or map, keys counted */
    } open[THRIFT_MAX_DEPTH];
} thrift_scan;

/* Finds the first message in what was received. 1: *ret_message is it and *ret_used bytes may
 * be dropped once it is done with. 0: more bytes are needed; call again with the same start.
 * ERR_PROTOCOL; above max_bytes ERR_TOO_LARGE when framed, ERR_PROTOCOL when not (the size is
 * then that of a value within). After an error nothing more can be read: close.
 * scan is used, and reset, by unframed streams only. */
int thrift_next_message(bytes in, bool framed, size_t max_bytes, thrift_scan *scan,
                        bytes *ret_message, size_t *ret_used, err_info *e);

/* Reserves the four bytes of a frame's length, and writes them when the message is there. */
static inline size_t thrift_frame_begin(buf *out)
{
    buf_be32(out, 0);
    return out->n;
}

static inline void thrift_frame_end(buf *out, size_t begin)
{
    put_be32(out->p + begin - 4, (uint32_t)(out->n - begin));
}

/* --- server --- */

typedef struct thrift_call {
    enum thrift_method method; /* THRIFT_METHOD_UNKNOWN: answer thrift_encode_unknown_method() */
    int32_t seqid;
    bytes name; /* null until it was read: then there is nobody to answer */
    void *args; /* thrift_<method>_args; NULL when the method is unknown */
} thrift_call;

/* message: one whole call, without the frame's length. */
int thrift_decode_call(bytes message, arena *a, thrift_call *ret, err_info *e);

/* reply: thrift_<method>_reply of the call's method. */
void thrift_encode_result(buf *out, const thrift_call *call, const void *reply);
/* The exception that errors.def names for e->code when the method declares it; else
 * InvalidRequestException when the method declares that and the client is to blame; else a
 * TApplicationException. Works for calls that could not be decoded, too. */
void thrift_encode_error(buf *out, const thrift_call *call, const err_info *e);
void thrift_encode_unknown_method(buf *out, const thrift_call *call);
void thrift_encode_exception(buf *out, bytes name, int32_t seqid, enum thrift_app_error type,
                             const char *text);

/* --- client --- */

typedef struct thrift_reply {
    enum thrift_method method;
    int32_t seqid;
    bytes name;
    void *reply;       /* thrift_<method>_reply; NULL: a TApplicationException came */
    int32_t app_error; /* enum thrift_app_error, when reply is NULL */
    bytes app_text;
} thrift_reply;

/* args: thrift_<method>_args. */
void thrift_encode_call(buf *out, enum thrift_method method, int32_t seqid, const void *args);
int thrift_decode_reply(bytes message, arena *a, thrift_reply *ret, err_info *e);
/* 0 when the call succeeded, else the exception that came as an err_t with its sentence. */
int thrift_reply_error(const thrift_reply *r, err_info *e);

/* "get"; "?" for THRIFT_METHOD_UNKNOWN. */
const char *thrift_method_name(enum thrift_method m);

/* Figures (2 virtual cores, -O2): five binary fields take 480 ns through the protocol layer of
 * libthrift-c-glib, 12-20 ns as slices read by hand. With the tables of this folder, decoding a
 * whole insert (8 fields in 3 structs, 100-byte value) takes 80 ns; encoding the reply to insert
 * 11 ns, to get 49 ns, to get_slice with ten columns 380 ns. So that layer is not used at all,
 * and its traps (it loops on truncation, trusts lengths, nests without limit) are not ours.
 */
