/* Hello and answer. */
#include "base/hash.h"
#include "proto/internode/internode.h"

enum { KIND_HELLO = 1, KIND_ANSWER = 2 };

static const uint8_t magic[4] = {'I', 'L', 'I', 'N'};

typedef struct greeting {
    uint8_t kind, a, b, code; /* of a hello: lowest and highest version, purpose */
    bytes body;
} greeting;

static uint32_t greeting_crc(const uint8_t *head, bytes body)
{
    return hash_crc32(hash_crc32(0, bytes_of(head, 12)), body);
}

static size_t greeting_begin(buf *out, uint8_t kind, uint8_t a, uint8_t b, uint8_t code)
{
    size_t at = out->n;
    buf_put(out, magic, sizeof magic);
    buf_u8(out, kind);
    buf_u8(out, a);
    buf_u8(out, b);
    buf_u8(out, code);
    buf_be64(out, 0); /* length, CRC */
    return at;
}

static void greeting_end(buf *out, size_t at)
{
    bytes body = bytes_of(out->p + at + INTERNODE_GREETING, out->n - at - INTERNODE_GREETING);
    put_be32(out->p + at + 8, (uint32_t)body.n);
    put_be32(out->p + at + 12, greeting_crc(out->p + at, body));
}

static int read_greeting(bytes in, uint8_t kind, greeting *ret, size_t *ret_size, err_info *e)
{
    size_t known = in.n < sizeof magic ? in.n : sizeof magic;
    if (memcmp(in.p, magic, known) != 0 || (in.n > 4 && in.p[4] != kind))
        return err_set(e, ERR_PROTOCOL, "this is not the protocol between nodes");
    *ret_size = INTERNODE_GREETING;
    if (in.n < INTERNODE_GREETING)
        return ERR_EOF;
    uint32_t n = get_be32(in.p + 8);
    if (n > INTERNODE_GREETING_MAX)
        return err_set(e, ERR_PROTOCOL, "a greeting of %u bytes", n);
    *ret_size += n;
    if (in.n < *ret_size)
        return ERR_EOF;
    *ret = (greeting){in.p[4], in.p[5], in.p[6], in.p[7], bytes_of(in.p + INTERNODE_GREETING, n)};
    if (greeting_crc(in.p, ret->body) != get_be32(in.p + 12))
        return err_set(e, ERR_CORRUPT, "a greeting with a wrong checksum");
    return 0;
}

static bool is_address(bytes a)
{
    return a.n > 0 && a.n <= INTERNODE_ADDRESS_MAX && !memchr(a.p, 0, a.n);
}

void internode_put_hello(buf *out, const internode_hello *h)
{
    size_t at =
        greeting_begin(out, KIND_HELLO, h->version_min, h->version_max, (uint8_t)h->purpose);
    buf_vbytes(out, h->cluster_name);
    buf_u8(out, (uint8_t)h->partitioner);
    buf_vbytes(out, h->address);
    buf_be32(out, (uint32_t)h->generation);
    greeting_end(out, at);
}

int internode_read_hello(bytes in, internode_hello *ret, size_t *ret_size, err_info *e)
{
    greeting g = {0};
    int r = read_greeting(in, KIND_HELLO, &g, ret_size, e);
    if (r < 0)
        return r;
    reader rd = reader_of(g.body);
    internode_hello h = {.version_min = g.a,
                         .version_max = g.b,
                         .purpose = (internode_purpose)g.code,
                         .cluster_name = rd_vbytes(&rd)};
    uint8_t partitioner = rd_u8(&rd);
    h.partitioner = (enum partitioner)partitioner;
    h.address = rd_vbytes(&rd);
    h.generation = (int32_t)rd_be32(&rd);
    if (rd.bad || !is_address(h.address))
        return err_set(e, ERR_PROTOCOL, "a malformed hello");
    *ret = h;
    return 0;
}

void internode_put_answer(buf *out, const internode_answer *a)
{
    size_t at = greeting_begin(out, KIND_ANSWER, a->version, a->version, (uint8_t)a->verdict);
    buf_vbytes(out, a->address);
    buf_be32(out, (uint32_t)a->generation);
    buf_vbytes(out, a->reason);
    greeting_end(out, at);
}

int internode_read_answer(bytes in, internode_answer *ret, size_t *ret_size, err_info *e)
{
    greeting g = {0};
    int r = read_greeting(in, KIND_ANSWER, &g, ret_size, e);
    if (r < 0)
        return r;
    reader rd = reader_of(g.body);
    internode_answer a = {.verdict = (internode_verdict)g.code, .version = g.a};
    a.address = rd_vbytes(&rd);
    a.generation = (int32_t)rd_be32(&rd);
    a.reason = rd_vbytes(&rd);
    if (rd.bad || !is_address(a.address))
        return err_set(e, ERR_PROTOCOL, "a malformed answer to a hello");
    *ret = a;
    return 0;
}

uint8_t internode_agree(uint8_t min, uint8_t max)
{
    uint8_t best = max < INTERNODE_VERSION_MAX ? max : INTERNODE_VERSION_MAX;
    return best >= min && best >= INTERNODE_VERSION_MIN ? best : 0;
}
