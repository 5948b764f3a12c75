/* What peers, or whoever connects to storage_port, send: greetings, frames, bodies.
 *
 * The first byte chooses the decoder. What decodes must encode to the same bytes again where the
 * encoding is a function of the content. */
#include <stdlib.h>

#include "base/must.h"
#include "proto/internode/internode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_greetings(bytes in, arena *a)
{
    internode_hello h;
    internode_answer w;
    size_t size;
    buf out = {0};
    (void)a;
    if (internode_read_hello(in, &h, &size, NULL) == 0) {
        must(size <= in.n);
        internode_put_hello(&out, &h);
        must(internode_read_hello(buf_view(&out), &h, &size, NULL) == 0);
        internode_agree(h.version_min, h.version_max);
    }
    out.n = 0;
    if (internode_read_answer(in, &w, &size, NULL) == 0)
        internode_put_answer(&out, &w);
    buf_done(&out);
}

/* Checksums keep mutations away from the bodies, so a bad one does not end the look. */
static void try_frames(bytes in, arena *a)
{
    internode_frame f;
    size_t size;
    gossip_body g;
    while (internode_read_frame(in, &f, &size, NULL) == 0) {
        must(size <= in.n && size >= INTERNODE_HEADER);
        gossip_body_decode(f.body, a, &g, NULL);
        in = bytes_of(in.p + size, in.n - size);
    }
}

static void try_gossip(bytes in, arena *a)
{
    gossip_body b, again;
    buf out = {0};
    if (gossip_body_decode(in, a, &b, NULL) == 0) {
        gossip_body_encode(&b, &out);
        must(gossip_body_decode(buf_view(&out), a, &again, NULL) == 0);
        must(again.n_digests == b.n_digests && again.n_nodes == b.n_nodes);
    }
    buf_done(&out);
}

static void try_mutations(bytes in, arena *a)
{
    const mutation *const *list;
    size_t n, again;
    buf out = {0};
    if (mutations_decode(in, a, &list, &n, NULL) == 0) {
        mutations_encode(list, n, &out);
        must(mutations_decode(buf_view(&out), a, &list, &again, NULL) == 0 && again == n);
    }
    buf_done(&out);
}

static void try_small(bytes in, arena *a)
{
    schema_body s;
    truncate_body t;
    uint8_t digest[16];
    err_info e;
    schema_body_decode(in, a, &s, NULL);
    truncate_body_decode(in, &t, NULL);
    digest_body_decode(in, digest, NULL);
    error_body_decode(in, &e, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const decoders[])(bytes, arena *) = {try_greetings, try_frames, try_gossip,
                                                       try_mutations, try_small};
    arena a;
    if (size == 0)
        return 0;
    uint8_t *exact = memcpy(malloc(size), data + 1, size - 1);
    arena_init(&a, 4096);
    decoders[data[0] % 5](bytes_of(exact, size - 1), &a);
    arena_done(&a);
    free(exact);
    return 0;
}
