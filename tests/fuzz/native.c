/* Whatever arrives on the binary protocol's port: headers, requests, responses, compressed bodies.
 *
 * A request that decodes and is a QUERY or EXECUTE must survive being written and read again. */
#include "proto/native/native.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_params(int version, const native_request *q, arena *a)
{
    buf once = {0}, twice = {0};
    native_request again;
    native_put_query(&once, version, q->text, &q->params);
    must(native_read_request(version, 0, OP_QUERY, buf_view(&once), a, &again, NULL) == 0);
    native_put_query(&twice, version, again.text, &again.params);
    must(bytes_eq(buf_view(&once), buf_view(&twice)));
    buf_done(&once);
    buf_done(&twice);
}

static void check_request(const native_header *h, bytes body, arena *a)
{
    int version = h->version == 3 ? 3 : 4;
    native_request q;
    err_info e;
    int r = native_read_request(version, h->flags, (native_opcode)h->opcode, body, a, &q, &e);
    must(r == 0 || r == ERR_PROTOCOL);
    if (r == 0 && h->opcode == OP_QUERY)
        check_params(version, &q, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena a;
    native_header h;
    native_response response;
    err_info e;
    bytes in = bytes_of(data, size), out;
    arena_init(&a, 4096);
    if (native_read_header(in, &h, &e) == 0) {
        bytes body = bytes_of(in.p + NATIVE_HEADER, in.n - NATIVE_HEADER);
        check_request(&h, body, &a);
        native_read_response(&h, body, &a, &response, &e);
        native_decompress(NATIVE_LZ4, body, 1 << 16, &a, &out, &e);
        native_decompress(NATIVE_SNAPPY, body, 1 << 16, &a, &out, &e);
    }
    arena_done(&a);
    return 0;
}
