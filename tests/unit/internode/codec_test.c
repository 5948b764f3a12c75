/* Greetings, frames and bodies: what is written is read again; what is cut or changed is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>

#include "base/hash.h"
#include "proto/internode/internode.h"
#include "tests/unit/model/gen.h"

static internode_hello sample_hello(void)
{
    return (internode_hello){.version_min = 1,
                             .version_max = 9,
                             .partitioner = PARTITIONER_RANDOM,
                             .cluster_name = bytes_str("Test Cluster"),
                             .address = bytes_str("127.0.0.2"),
                             .generation = 1400000000};
}

static void hello_round_trip(void **state)
{
    (void)state;
    buf out = {0};
    internode_hello in = sample_hello(), got;
    size_t size;
    internode_put_hello(&out, &in);
    buf_str(&out, "frames follow");
    assert_int_equal(internode_read_hello(buf_view(&out), &got, &size, NULL), 0);
    assert_int_equal(size, out.n - strlen("frames follow"));
    assert_true(got.version_min == 1 && got.version_max == 9);
    assert_true(got.partitioner == PARTITIONER_RANDOM && got.generation == in.generation);
    assert_true(bytes_eq(got.cluster_name, in.cluster_name) && bytes_eq(got.address, in.address));
    buf_done(&out);
}

static void answer_round_trip(void **state)
{
    (void)state;
    buf out = {0};
    internode_answer in = {VERDICT_CLUSTER, 1, bytes_str("::1"), 7, bytes_str("another cluster")};
    internode_answer got;
    size_t size;
    internode_put_answer(&out, &in);
    for (size_t n = 0; n < out.n; n++)
        assert_int_equal(internode_read_answer(bytes_of(out.p, n), &got, &size, NULL), ERR_EOF);
    assert_int_equal(internode_read_answer(buf_view(&out), &got, &size, NULL), 0);
    assert_true(got.verdict == VERDICT_CLUSTER && got.version == 1 && got.generation == 7);
    assert_true(bytes_eq(got.reason, in.reason) && bytes_eq(got.address, in.address));
    buf_done(&out);
}

/* A newer node may append to its hello; the checksum covers it. */
static void newer_hello_is_understood(void **state)
{
    (void)state;
    buf out = {0};
    internode_hello in = sample_hello(), got;
    size_t size;
    internode_put_hello(&out, &in);
    uint32_t n = get_be32(out.p + 8) + 4;
    buf_str(&out, "more");
    put_be32(out.p + 8, n);
    assert_int_equal(internode_read_hello(buf_view(&out), &got, &size, NULL), ERR_CORRUPT);
    put_be32(out.p + 12, hash_crc32(hash_crc32(0, bytes_of(out.p, 12)), bytes_of(out.p + 16, n)));
    assert_int_equal(internode_read_hello(buf_view(&out), &got, &size, NULL), 0);
    assert_int_equal(size, out.n);
    buf_done(&out);
}

static void versions_agree(void **state)
{
    (void)state;
    assert_int_equal(internode_agree(1, 1), 1);
    assert_int_equal(internode_agree(1, 200), INTERNODE_VERSION_MAX);
    assert_int_equal(internode_agree(INTERNODE_VERSION_MAX + 1, 200), 0);
    assert_int_equal(internode_agree(0, 0), 0);
    assert_int_equal(internode_agree(3, 2), 0);
}

static void garbage_is_told_at_once(void **state)
{
    (void)state;
    internode_hello got;
    size_t size;
    assert_int_equal(internode_read_hello(bytes_str("G"), &got, &size, NULL), ERR_PROTOCOL);
    assert_int_equal(internode_read_hello(bytes_str("ILIX"), &got, &size, NULL), ERR_PROTOCOL);
    assert_int_equal(internode_read_hello(bytes_str("IL"), &got, &size, NULL), ERR_EOF);
    assert_int_equal(internode_read_hello(BYTES_EMPTY, &got, &size, NULL), ERR_EOF);
}

/* Every flipped bit of a frame is found, or leaves it waiting for more. */
static void frames_find_flipped_bits(void **state)
{
    (void)state;
    buf out = {0};
    internode_frame in = {VERB_MUTATION, FRAME_ONE_WAY, 77, 2000, bytes_str("the body")}, got;
    size_t size;
    internode_put_frame(&out, &in);
    assert_int_equal(internode_read_frame(buf_view(&out), &got, &size, NULL), 0);
    assert_true(got.verb == VERB_MUTATION && got.flags == FRAME_ONE_WAY && got.id == 77);
    assert_true(got.timeout_ms == 2000 && bytes_eq(got.body, in.body) && size == out.n);
    for (size_t i = 0; i < out.n; i++) {
        assert_int_equal(internode_read_frame(bytes_of(out.p, i), &got, &size, NULL), ERR_EOF);
        for (unsigned bit = 0; bit < 8; bit++) {
            out.p[i] ^= (uint8_t)(1u << bit);
            assert_int_equal(internode_read_frame(buf_view(&out), &got, &size, NULL), ERR_CORRUPT);
            out.p[i] ^= (uint8_t)(1u << bit);
        }
    }
    buf_done(&out);
}

static void gossip_round_trip(void **state)
{
    (void)state;
    arena a;
    buf once = {0}, twice = {0};
    gossip_value values[] = {{0, 3, bytes_str("NORMAL,-5")}, {13, 4, bytes_of("\0\0\0\0", 4)}};
    gossip_digest digests[] = {{bytes_str("10.0.0.1"), 5, 6}, {bytes_str("fe80::1"), INT32_MAX, 0}};
    gossip_node nodes[] = {{bytes_str("10.0.0.1"), 5, 6, 2, values}, {bytes_str("h"), -1, 0, 0, 0}};
    gossip_body in = {2, 2, digests, nodes}, got;
    arena_init(&a, 1024);
    gossip_body_encode(&in, &once);
    assert_int_equal(gossip_body_decode(buf_view(&once), &a, &got, NULL), 0);
    gossip_body_encode(&got, &twice);
    assert_true(bytes_eq(buf_view(&once), buf_view(&twice)));
    assert_true(bytes_eq(got.nodes[0].values[1].value, values[1].value));
    for (size_t n = 0; n < once.n; n++)
        assert_int_equal(gossip_body_decode(bytes_of(once.p, n), &a, &got, NULL), ERR_CORRUPT);
    arena_done(&a);
    buf_done(&once);
    buf_done(&twice);
}

static void mutations_round_trip(void **state)
{
    (void)state;
    gen g;
    buf once = {0}, twice = {0};
    schema_body in, got;
    gen_init(&g, 7);
    mutation ms[5] = {0};
    const mutation *list[5];
    for (unsigned i = 0; i < 5; i++) {
        row *r = gen_row(&g);
        r->clustering = BYTES_EMPTY;
        ms[i] = (mutation){.table = uuid_random(i, 3),
                           .key = bytes_str("key"),
                           .deletion = DELETION_NONE,
                           .n_rows = 1,
                           .rows = r};
        list[i] = &ms[i];
    }
    in = (schema_body){uuid_random(1, 2), list, 5};
    schema_body_encode(&in, &once);
    assert_int_equal(schema_body_decode(buf_view(&once), &g.arena, &got, NULL), 0);
    assert_true(got.n == 5 && uuid_eq(got.version, in.version));
    schema_body_encode(&got, &twice);
    assert_true(bytes_eq(buf_view(&once), buf_view(&twice)));
    for (size_t n = 0; n < once.n; n++)
        assert_int_equal(schema_body_decode(bytes_of(once.p, n), &g.arena, &got, NULL),
                         ERR_CORRUPT);
    gen_done(&g);
    buf_done(&once);
    buf_done(&twice);
}

static void errors_round_trip(void **state)
{
    (void)state;
    buf out = {0};
    err_info in = {0}, got, e;
    err_set(&in, ERR_NO_SPACE, "no space on %s", "/data");
    error_body_encode(&in, &out);
    assert_int_equal(error_body_decode(buf_view(&out), &got, &e), 0);
    assert_int_equal(got.code, ERR_NO_SPACE);
    assert_string_equal(got.text, in.text);
    in.code = -9999; /* of a newer node */
    out.n = 0;
    error_body_encode(&in, &out);
    assert_int_equal(error_body_decode(buf_view(&out), &got, &e), 0);
    assert_int_equal(got.code, ERR_SERVER);
    assert_int_equal(error_body_decode(BYTES_EMPTY, &got, &e), ERR_CORRUPT);
    buf_done(&out);
}

static void small_bodies(void **state)
{
    (void)state;
    buf out = {0};
    uint8_t digest[16] = {1, 2, 3}, back[16];
    truncate_body t = {uuid_random(4, 5), 1400000000000000}, got;
    truncate_body_encode(&t, &out);
    assert_int_equal(truncate_body_decode(buf_view(&out), &got, NULL), 0);
    assert_true(uuid_eq(t.table, got.table) && t.timestamp_us == got.timestamp_us);
    out.n = 0;
    digest_body_encode(digest, &out);
    assert_int_equal(digest_body_decode(buf_view(&out), back, NULL), 0);
    assert_memory_equal(digest, back, 16);
    assert_int_equal(digest_body_decode(bytes_of(out.p, 15), back, NULL), ERR_CORRUPT);
    assert_string_equal(verb_name(VERB_MUTATION), "MUTATION");
    assert_null(verb_name(77));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_round_trip),          cmocka_unit_test(answer_round_trip),
        cmocka_unit_test(newer_hello_is_understood), cmocka_unit_test(versions_agree),
        cmocka_unit_test(garbage_is_told_at_once),   cmocka_unit_test(frames_find_flipped_bits),
        cmocka_unit_test(gossip_round_trip),         cmocka_unit_test(mutations_round_trip),
        cmocka_unit_test(errors_round_trip),         cmocka_unit_test(small_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
