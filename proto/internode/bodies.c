/* Bodies: gossip, mutations, schema, truncation, digests, errors. */
#include "proto/internode/internode.h"

static int malformed(err_info *e, const char *what)
{
    return err_set(e, ERR_CORRUPT, "a malformed body: %s", what);
}

/* A count of things of at least `least` bytes each. */
static uint32_t take_count(reader *r, size_t least, uint64_t max)
{
    uint64_t n = rd_vint(r);
    if (n > max || n * least > rd_left(r))
        r->bad = true;
    return r->bad ? 0 : (uint32_t)n;
}

/* ---- gossip ---- */

static bytes take_address(reader *r)
{
    bytes a = rd_vbytes(r);
    if (a.n == 0 || a.n > INTERNODE_ADDRESS_MAX || memchr(a.p, 0, a.n))
        r->bad = true;
    return a;
}

static void put_node(buf *out, const gossip_node *n)
{
    buf_vbytes(out, n->address);
    buf_be32(out, (uint32_t)n->generation);
    buf_svint(out, n->heartbeat);
    buf_vint(out, n->n_values);
    for (uint32_t i = 0; i < n->n_values; i++) {
        buf_u8(out, n->values[i].state);
        buf_svint(out, n->values[i].version);
        buf_vbytes(out, n->values[i].value);
    }
}

static int32_t take_version(reader *r)
{
    int64_t v = rd_svint(r);
    if (v < 0 || v > INT32_MAX)
        r->bad = true;
    return (int32_t)v;
}

static void take_value(reader *r, gossip_value *ret)
{
    ret->state = rd_u8(r);
    ret->version = take_version(r);
    ret->value = rd_vbytes(r);
    if (ret->value.n > GOSSIP_VALUE_MAX)
        r->bad = true;
}

static void take_node(reader *r, arena *a, gossip_node *ret)
{
    ret->address = take_address(r);
    ret->generation = (int32_t)rd_be32(r);
    ret->heartbeat = take_version(r);
    ret->n_values = take_count(r, 3, 256);
    ret->values = arena_array(a, gossip_value, ret->n_values);
    for (uint32_t i = 0; i < ret->n_values && !r->bad; i++)
        take_value(r, &ret->values[i]);
}

void gossip_body_encode(const gossip_body *b, buf *out)
{
    buf_vint(out, b->n_digests);
    for (uint32_t i = 0; i < b->n_digests; i++) {
        buf_vbytes(out, b->digests[i].address);
        buf_be32(out, (uint32_t)b->digests[i].generation);
        buf_svint(out, b->digests[i].version);
    }
    buf_vint(out, b->n_nodes);
    for (uint32_t i = 0; i < b->n_nodes; i++)
        put_node(out, &b->nodes[i]);
}

int gossip_body_decode(bytes in, arena *a, gossip_body *ret, err_info *e)
{
    reader r = reader_of(in);
    gossip_body b = {.n_digests = take_count(&r, 7, GOSSIP_NODES_MAX)};
    b.digests = arena_array(a, gossip_digest, b.n_digests);
    for (uint32_t i = 0; i < b.n_digests && !r.bad; i++) {
        b.digests[i].address = take_address(&r);
        b.digests[i].generation = (int32_t)rd_be32(&r);
        b.digests[i].version = take_version(&r);
    }
    b.n_nodes = take_count(&r, 8, GOSSIP_NODES_MAX);
    b.nodes = arena_array(a, gossip_node, b.n_nodes);
    for (uint32_t i = 0; i < b.n_nodes && !r.bad; i++)
        take_node(&r, a, &b.nodes[i]);
    if (r.bad || rd_left(&r))
        return malformed(e, "gossip");
    *ret = b;
    return 0;
}

/* ---- mutations ---- */

void mutations_encode(const mutation *const *list, size_t n, buf *out)
{
    buf_vint(out, n);
    for (size_t i = 0; i < n; i++) {
        size_t at = out->n;
        buf_be32(out, 0);
        mutation_encode(list[i], out);
        put_be32(out->p + at, (uint32_t)(out->n - at - 4));
    }
}

static int take_mutations(reader *r, arena *a, const mutation *const **ret, size_t *ret_n,
                          err_info *e)
{
    uint32_t n = take_count(r, 25, UINT32_MAX);
    mutation *list = arena_array(a, mutation, n);
    const mutation **pointers = arena_array(a, const mutation *, n);
    for (uint32_t i = 0; i < n; i++) {
        bytes one = rd_take(r, rd_be32(r));
        if (r->bad)
            break;
        int failed = mutation_decode(one, a, &list[i], e);
        if (failed < 0)
            return failed;
        pointers[i] = &list[i];
    }
    if (r->bad || rd_left(r))
        return malformed(e, "mutations");
    *ret = pointers;
    *ret_n = n;
    return 0;
}

int mutations_decode(bytes in, arena *a, const mutation *const **ret, size_t *ret_n, err_info *e)
{
    reader r = reader_of(in);
    return take_mutations(&r, a, ret, ret_n, e);
}

/* ---- schema, truncation, digest ---- */

void schema_body_encode(const schema_body *b, buf *out)
{
    buf_bytes(out, uuid_bytes(&b->version));
    mutations_encode(b->mutations, b->n, out);
}

static uuid take_uuid(reader *r)
{
    uuid u = {0};
    bytes b = rd_take(r, sizeof u.b);
    if (b.p)
        memcpy(u.b, b.p, sizeof u.b);
    return u;
}

int schema_body_decode(bytes in, arena *a, schema_body *ret, err_info *e)
{
    reader r = reader_of(in);
    schema_body b = {.version = take_uuid(&r)};
    if (r.bad)
        return malformed(e, "schema");
    int failed = take_mutations(&r, a, &b.mutations, &b.n, e);
    if (failed == 0)
        *ret = b;
    return failed;
}

void truncate_body_encode(const truncate_body *b, buf *out)
{
    buf_bytes(out, uuid_bytes(&b->table));
    buf_be64(out, (uint64_t)b->timestamp_us);
}

int truncate_body_decode(bytes in, truncate_body *ret, err_info *e)
{
    reader r = reader_of(in);
    truncate_body b = {.table = take_uuid(&r)};
    b.timestamp_us = (int64_t)rd_be64(&r);
    if (r.bad || rd_left(&r))
        return malformed(e, "truncation");
    *ret = b;
    return 0;
}

void digest_body_encode(const uint8_t digest[16], buf *out)
{
    buf_put(out, digest, 16);
}

int digest_body_decode(bytes in, uint8_t ret[16], err_info *e)
{
    if (in.n != 16)
        return malformed(e, "digest");
    memcpy(ret, in.p, 16);
    return 0;
}

/* ---- errors ---- */

void error_body_encode(const err_info *err, buf *out)
{
    buf_svint(out, err->code);
    buf_vbytes(out, bytes_str(err->text));
}

static bool is_known(int64_t code)
{
    switch (code) {
#define X(name, value, cql, thrift, text) case value:
#include "base/errors.def"
#undef X
        return true;
    default:
        return false;
    }
}

int error_body_decode(bytes in, err_info *ret, err_info *e)
{
    reader r = reader_of(in);
    int64_t code = rd_svint(&r);
    bytes text = rd_vbytes(&r);
    if (r.bad)
        return malformed(e, "error");
    *ret = (err_info){.code = is_known(code) ? (int)code : ERR_SERVER};
    size_t n = text.n < sizeof ret->text ? text.n : sizeof ret->text - 1;
    memcpy(ret->text, text.p, n);
    return 0;
}
