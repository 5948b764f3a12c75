/* native.h: the CQL binary protocol, versions 3 and 4: bytes <-> structs, pure.
 *
 * One codec for both directions: the server reads requests and writes responses; cqlsh, the
 * load generator and the tests write requests and read responses. Frames are
 *
 *   [version u8, 0x80 = response][flags u8][stream i16][opcode u8][length i32][body]
 *
 * Decoding makes slices of the frame; arrays live in the arena. Nothing here knows a connection.
 *
 * Errors:  ERR_PROTOCOL with a sentence for anything malformed; ERR_EOF: more bytes are needed.
 * Sources: the published specifications native_protocol_v3..v5; facts of the drivers.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/errors.h"
#include "model/consistency.h"
#include "model/schema.h"

#define NATIVE_HEADER 9
enum { NATIVE_MIN_VERSION = 3, NATIVE_MAX_VERSION = 4 };

typedef enum native_opcode {
    OP_ERROR = 0x00,
    OP_STARTUP = 0x01,
    OP_READY = 0x02,
    OP_AUTHENTICATE = 0x03,
    OP_OPTIONS = 0x05,
    OP_SUPPORTED = 0x06,
    OP_QUERY = 0x07,
    OP_RESULT = 0x08,
    OP_PREPARE = 0x09,
    OP_EXECUTE = 0x0A,
    OP_REGISTER = 0x0B,
    OP_EVENT = 0x0C,
    OP_BATCH = 0x0D,
    OP_AUTH_CHALLENGE = 0x0E,
    OP_AUTH_RESPONSE = 0x0F,
    OP_AUTH_SUCCESS = 0x10,
} native_opcode;

enum native_flags {
    NATIVE_COMPRESSED = 1,
    NATIVE_TRACING = 2,
    NATIVE_PAYLOAD = 4,
    NATIVE_WARNING = 8,
    NATIVE_BETA = 16
};

typedef enum native_compression { NATIVE_PLAIN, NATIVE_LZ4, NATIVE_SNAPPY } native_compression;

typedef struct native_header {
    uint8_t version; /* without the direction bit */
    bool response;
    uint8_t flags, opcode;
    int16_t stream;
    uint32_t length; /* of the body */
} native_header;

/* 0, ERR_EOF, or ERR_PROTOCOL for a negative length. The version is not judged here. */
int native_read_header(bytes in, native_header *ret, err_info *e);
/* "Invalid or unsupported protocol version (N); ..." in the words that drivers look for. */
int native_bad_version(int version, err_info *e);
/* Undoes compression of a body; the result is in the arena. max: bytes when inflated. */
int native_decompress(native_compression c, bytes body, size_t max, arena *a, bytes *ret,
                      err_info *e);

/* ---- requests ---- */
typedef struct native_pairs {
    unsigned n;
    bytes *names, *values;
} native_pairs;

typedef struct native_params {
    consistency cl, serial_cl; /* SERIAL is the default and not sent */
    uint16_t flags;
    unsigned n_values;
    bytes *values;        /* null, BYTES_UNSET (v4) */
    bytes *names;         /* or NULL */
    int32_t page_size;    /* -1: none */
    bytes paging_state;   /* null: none */
    int64_t timestamp_us; /* NO_TIMESTAMP: none */
    bool skip_metadata;
} native_params;

typedef struct native_batch_entry {
    bool prepared;
    bytes text_or_id;
    unsigned n_values;
    bytes *values;
} native_batch_entry;

typedef struct native_request {
    native_opcode opcode;
    native_pairs startup; /* STARTUP */
    bytes text;           /* QUERY, PREPARE */
    bytes id;             /* EXECUTE */
    native_params params; /* QUERY, EXECUTE, BATCH (consistencies and timestamp) */
    uint8_t batch_type;   /* 0 logged, 1 unlogged, 2 counter */
    unsigned n_batch;
    native_batch_entry *batch;
    unsigned n_events;
    bytes *events; /* REGISTER */
    bytes token;   /* AUTH_RESPONSE */
} native_request;

/* flags: the header's (a custom payload is skipped). */
int native_read_request(int version, int flags, native_opcode opcode, bytes body, arena *a,
                        native_request *ret, err_info *e);

/* ---- responses ---- */
/* Every frame: at = native_begin(...), body writers, native_end(out, at). */
size_t native_begin(buf *out, int version, bool response, int16_t stream, native_opcode opcode,
                    int flags);
void native_end(buf *out, size_t at);
/* As native_end, with the body compressed when that makes it smaller. */
void native_end_compressed(buf *out, size_t at, native_compression c, buf *scratch);

void native_put_string(buf *out, bytes s); /* [string] */
void native_put_long_string(buf *out, bytes s);
void native_put_bytes(buf *out, bytes v); /* [bytes]; null = -1 */
void native_put_short_bytes(buf *out, bytes v);
void native_put_string_list(buf *out, unsigned n, const char *const *list);
void native_put_type(buf *out, int version, const type *t);
void native_put_inet(buf *out, const char *ip, uint16_t port);

/* The body of an ERROR, with codes a version does not know mapped to those it does. */
void native_put_error(buf *out, int version, const err_info *e);
void native_put_supported(buf *out, const char *cql_version);
enum {
    RESULT_KIND_VOID = 1,
    RESULT_KIND_ROWS,
    RESULT_KIND_SET_KEYSPACE,
    RESULT_KIND_PREPARED,
    RESULT_KIND_SCHEMA_CHANGE
};

typedef struct native_rows {
    unsigned n_columns;
    const column_spec *columns;
    size_t n_rows;
    const bytes *values;
    bytes paging_state; /* null: the last page */
    bool skip_metadata;
} native_rows;
void native_put_rows(buf *out, int version, const native_rows *rows);

typedef struct native_prepared {
    bytes id;
    unsigned n_markers;
    const column_spec *markers;
    unsigned n_key;
    const uint16_t *key_indexes;
    unsigned n_columns;
    const column_spec *columns;
} native_prepared;
void native_put_prepared(buf *out, int version, const native_prepared *p);
/* The schema change of a RESULT and of an EVENT alike. */
void native_put_schema_change(buf *out, const char *change, const char *target,
                              const char *keyspace, const char *name);

/* ---- the client's side (native_client.c) ---- */
void native_put_startup(buf *out, native_compression c);
void native_put_params(buf *out, int version, const native_params *p);
void native_put_query(buf *out, int version, bytes text, const native_params *p);
void native_put_execute(buf *out, int version, bytes id, const native_params *p);

typedef struct native_response {
    native_opcode opcode;
    int kind;            /* of a RESULT */
    err_info error;      /* of an ERROR; error.code is an err_t */
    uint16_t error_code; /* the protocol's number */
    native_rows rows;    /* column types built in the arena */
    bytes keyspace;      /* set keyspace */
    native_prepared prepared;
    bytes change, target, change_keyspace, change_name;
    bytes body; /* others: as received */
    unsigned n_warnings;
    bytes *warnings;
} native_response;
int native_read_response(const native_header *h, bytes body, arena *a, native_response *ret,
                         err_info *e);
