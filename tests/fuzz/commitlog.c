/* Any bytes as a commit log segment: read to the end, every mutation decoded and encoded again; and
 * as a segment made whole again (record headers recomputed), so that damage in the bodies gets past
 * the checksums. */
#include "base/must.h"
#include "model/mutation.h"
#include "storage/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_mutation(bytes encoded)
{
    arena a;
    mutation m, again;
    err_info e;
    buf once = {0}, twice = {0};
    arena_init(&a, 4096);
    if (mutation_decode(encoded, &a, &m, &e) == 0) {
        mutation_encode(&m, &once);
        must(mutation_decode(buf_view(&once), &a, &again, &e) == 0);
        mutation_encode(&again, &twice);
        must(bytes_eq(buf_view(&once), buf_view(&twice)));
    }
    buf_done(&once);
    buf_done(&twice);
    arena_done(&a);
}

static void read_segment(bytes file)
{
    segment_reader s;
    record r;
    err_info e;
    int result = segment_open(&s, file, 1, &e);
    while (result >= 0 && (result = segment_next(&s, &r, &e)) > 0) {
        must(r.end <= file.n && r.offset < r.end);
        check_mutation(r.mutation);
    }
    must(result == 0 || result == ERR_CORRUPT);
}

/* Two records out of the input, framed properly. */
static void read_framed(bytes data)
{
    buf b = {0};
    segment_put_header(&b, 1, 0);
    size_t half = data.n / 2;
    bytes parts[2] = {bytes_of(data.p, half), bytes_of(data.p + half, data.n - half)};
    for (int i = 0; i < 2; i++) {
        if (parts[i].n < RECORD_BODY_MIN)
            continue;
        size_t at = b.n;
        buf_reserve(&b, RECORD_HEADER + parts[i].n);
        memcpy(b.p + at + RECORD_HEADER, parts[i].p, parts[i].n);
        record_frame(b.p + at, 1, at, (uint32_t)parts[i].n, 0);
        b.n += RECORD_HEADER + parts[i].n;
    }
    read_segment(buf_view(&b));
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes b = bytes_of(data, size);
    read_segment(b);
    read_framed(b);
    check_mutation(b);
    return 0;
}
