/* Encoded rows, mutations, read commands and read results: from peers and disk, so anything.
 *
 * The first byte chooses the decoder. What decodes must encode again to something that decodes, and
 * rows must survive merging: an encoded row with itself, and with another cut from the input. */
#include <stdlib.h>

#include "base/must.h"
#include "model/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_row(bytes input, arena *a)
{
    row r, again;
    buf out = {0}, merged = {0};
    if (row_decode(input, a, &r, NULL) == 0) {
        row_encode(&r, &out);
        must(row_decode(buf_view(&out), a, &again, NULL) == 0);
        must(row_merge_encoded(input, input, a, &merged, NULL) == 0);
        row_purge(&again, 1000, 500, 500);
        buf_done(&out);
    }
    size_t half = input.n / 2;
    row_merge_encoded(bytes_of(input.p, half), bytes_of(input.p + half, input.n - half), a, &merged,
                      NULL);
    buf_done(&merged);
    buf_done(&out);
}

static void try_mutation(bytes input, arena *a)
{
    mutation m, again;
    buf out = {0};
    if (mutation_decode(input, a, &m, NULL) == 0) {
        mutation_encode(&m, &out);
        must(mutation_decode(buf_view(&out), a, &again, NULL) == 0);
        must(mutation_size(&m) > 0);
    }
    buf_done(&out);
}

static void try_command(bytes input, arena *a)
{
    read_command c, again;
    buf out = {0};
    if (read_command_decode(input, a, &c, NULL) == 0) {
        read_command_encode(&c, &out);
        must(read_command_decode(buf_view(&out), a, &again, NULL) == 0);
    }
    buf_done(&out);
}

static void try_result(bytes input, arena *a)
{
    read_result r, again;
    buf out = {0};
    uint8_t md5[16];
    if (read_result_decode(input, a, &r, NULL) == 0) {
        read_result_encode(&r, &out);
        must(read_result_decode(buf_view(&out), a, &again, NULL) == 0);
        read_result_digest(&r, md5);
        read_command c = {.limit = 3, .partition_limit = 2, .now_s = 1000, .with_static = true};
        const read_result *both[2] = {&r, &again};
        read_result_merge(&c, both, 2, a);
    }
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(bytes, arena *) = {try_row, try_mutation, try_command, try_result};
    if (!size)
        return 0;
    arena a;
    arena_init(&a, 1024);
    tries[data[0] % ARRAY_LEN(tries)](bytes_of(data + 1, size - 1), &a);
    arena_done(&a);
    return 0;
}
