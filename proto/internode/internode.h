/* internode.h: what nodes say to each other on storage_port: handshake, frames, bodies.
 *
 * A connection opens with a hello of the side that connected and an answer (welcome or refusal).
 * Both carry the range of protocol versions that a node speaks; the answer names the one to use,
 * so a newer node talks to an older one. Bodies end with room: what a newer node appends to a
 * hello or an answer is skipped. Then both sides send frames.
 *
 * Owner:  pure functions; what is read are slices of the input, arrays are the arena's.
 * Errors: ERR_EOF: more input is needed; ERR_PROTOCOL, ERR_CORRUPT (bad CRC), ERR_TOO_LARGE.
 * Format: docs/formats.md, "internode".
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/uuid.h"
#include "model/mutation.h"
#include "model/token.h"

enum {
    INTERNODE_VERSION_MIN = 1,
    INTERNODE_VERSION_MAX = 1,
    INTERNODE_HEADER = 28,         /* of a frame */
    INTERNODE_GREETING = 16,       /* fixed part of hello and answer */
    INTERNODE_GREETING_MAX = 4096, /* their body */
    INTERNODE_BODY_MAX = 256 << 20,
    INTERNODE_ADDRESS_MAX = 45, /* a textual IP */
};

/* ---- verbs ----
 * X(name, number on the wire, what logs and metrics call it). Numbers are never reused; 64 and up
 * are for what is to come (hints, Paxos, repair, streaming). */
#define INTERNODE_VERBS(X)                                                                         \
    X(VERB_GOSSIP_SYN, 1, "GOSSIP_DIGEST_SYN")                                                     \
    X(VERB_GOSSIP_ACK, 2, "GOSSIP_DIGEST_ACK")                                                     \
    X(VERB_GOSSIP_ACK2, 3, "GOSSIP_DIGEST_ACK2")                                                   \
    X(VERB_GOSSIP_SHUTDOWN, 4, "GOSSIP_SHUTDOWN")                                                  \
    X(VERB_ECHO, 5, "ECHO")                                                                        \
    X(VERB_MUTATION, 16, "MUTATION")                                                               \
    X(VERB_READ_REPAIR, 17, "READ_REPAIR")                                                         \
    X(VERB_READ, 18, "READ")                                                                       \
    X(VERB_READ_DIGEST, 19, "READ_DIGEST")                                                         \
    X(VERB_RANGE_READ, 20, "RANGE_SLICE")                                                          \
    X(VERB_TRUNCATE, 21, "TRUNCATE")                                                               \
    X(VERB_SCHEMA_PUSH, 32, "DEFINITIONS_UPDATE")                                                  \
    X(VERB_SCHEMA_PULL, 33, "MIGRATION_REQUEST")

typedef enum verb {
#define X(name, number, text) name = number,
    INTERNODE_VERBS(X)
#undef X
        VERBS = 128 /* room of tables by verb */
} verb;
/* "MUTATION"; "verb 77" is not known: NULL. */
const char *verb_name(unsigned v);

/* ---- handshake ---- */
typedef enum internode_purpose {
    PURPOSE_MESSAGES = 0,
    PURPOSE_STREAM = 1 /* not yet spoken by anybody */
} internode_purpose;

typedef struct internode_hello {
    uint8_t version_min, version_max;
    internode_purpose purpose;
    partitioner partitioner;
    bytes cluster_name;
    bytes address; /* the sender's broadcast address */
    int32_t generation;
} internode_hello;

typedef enum internode_verdict {
    VERDICT_WELCOME,
    VERDICT_VERSION,
    VERDICT_CLUSTER,
    VERDICT_PARTITIONER,
    VERDICT_ADDRESS, /* the address is the answering node's own */
    VERDICT_PURPOSE,
    VERDICT_BUSY
} internode_verdict;

typedef struct internode_answer {
    internode_verdict verdict;
    uint8_t version; /* to be spoken; of a refusal: the highest known */
    bytes address;
    int32_t generation;
    bytes reason; /* a sentence, of a refusal */
} internode_answer;

void internode_put_hello(buf *out, const internode_hello *h);
/* *ret_size: bytes taken from the input. ERR_PROTOCOL tells garbage at the first wrong byte. */
int internode_read_hello(bytes in, internode_hello *ret, size_t *ret_size, err_info *e);
void internode_put_answer(buf *out, const internode_answer *a);
int internode_read_answer(bytes in, internode_answer *ret, size_t *ret_size, err_info *e);
/* The version that both speak, or 0. */
uint8_t internode_agree(uint8_t min, uint8_t max);

/* ---- frames ---- */
typedef enum internode_flags {
    FRAME_REPLY = 1,
    FRAME_ERROR = 2,  /* with REPLY: the body is an error */
    FRAME_ONE_WAY = 4 /* no reply is wanted */
} internode_flags;

typedef struct internode_frame {
    uint16_t verb; /* may be one that this node does not know */
    uint8_t flags;
    uint64_t id;         /* of the request; its reply repeats it */
    uint32_t timeout_ms; /* left to the deadline when it was sent; UINT32_MAX: none */
    bytes body;
} internode_frame;

/* Appends a frame: begin, append the body to out, end (with the mark that begin returned). */
size_t internode_begin(buf *out, const internode_frame *f);
void internode_end(buf *out, size_t mark);
void internode_put_frame(buf *out, const internode_frame *f);
/* One whole frame at the start of `in`. ERR_EOF: *ret_size says how many bytes it takes. */
int internode_read_frame(bytes in, internode_frame *ret, size_t *ret_size, err_info *e);

/* ---- bodies ----
 * READ, RANGE_READ, READ_DIGEST: a read command (model/read.h); replies: a read result, or a
 * digest. ECHO, GOSSIP_SHUTDOWN: empty. MUTATION, READ_REPAIR: mutations; replies are empty. */

/* SYN: digests. ACK: digests of what is wanted and nodes. ACK2: nodes. A SYN without digests asks
 * for everything (shadow round). */
typedef struct gossip_digest {
    bytes address;
    int32_t generation, version;
} gossip_digest;

typedef struct gossip_value {
    uint8_t state; /* application state */
    int32_t version;
    bytes value;
} gossip_value;

typedef struct gossip_node {
    bytes address;
    int32_t generation, heartbeat;
    uint32_t n_values;
    gossip_value *values;
} gossip_node;

typedef struct gossip_body {
    uint32_t n_digests, n_nodes;
    gossip_digest *digests;
    gossip_node *nodes;
} gossip_body;

enum {
    GOSSIP_NODES_MAX = 1024,
    GOSSIP_STATES_MAX = 64, /* application states are numbered below */
    GOSSIP_VALUE_MAX = 256 << 10
};

void gossip_body_encode(const gossip_body *b, buf *out);
int gossip_body_decode(bytes in, arena *a, gossip_body *ret, err_info *e);

void mutations_encode(const mutation *const *list, size_t n, buf *out);
int mutations_decode(bytes in, arena *a, const mutation *const **ret, size_t *ret_n, err_info *e);

/* SCHEMA_PUSH, and the reply to SCHEMA_PULL (its request is empty): rows of system_schema. */
typedef struct schema_body {
    uuid version; /* of the sender, with these rows */
    const mutation *const *mutations;
    size_t n;
} schema_body;
void schema_body_encode(const schema_body *b, buf *out);
int schema_body_decode(bytes in, arena *a, schema_body *ret, err_info *e);

typedef struct truncate_body {
    uuid table;
    int64_t timestamp_us;
} truncate_body;
void truncate_body_encode(const truncate_body *b, buf *out);
int truncate_body_decode(bytes in, truncate_body *ret, err_info *e);

/* Reply of READ_DIGEST. */
void digest_body_encode(const uint8_t digest[16], buf *out);
int digest_body_decode(bytes in, uint8_t ret[16], err_info *e);

/* An error reply: into an err_info whose code is one that this node knows, else ERR_SERVER. */
void error_body_encode(const err_info *e, buf *out);
int error_body_decode(bytes in, err_info *ret, err_info *e);
