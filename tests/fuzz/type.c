/* Types under arbitrary bytes. The first byte picks the target: 255 a CQL name, 254 a class name,
 * else a type from the list, of which the rest is a value, a key and a text. */
#include <stdlib.h>

#include "base/must.h"
#include "model/key.h"
#include "model/type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    "frozen<list<int>>",
    "frozen<map<text, frozen<set<decimal>>>>",
    "tuple<text, varint, inet>",
    "frozen<set<frozen<tuple<uuid, duration, boolean>>>>",
    "'CompositeType(UTF8Type,LongType)'",
    "'com.example.Custom'",
};
enum { N_NATIVES = TYPE_DURATION + 1, N_TYPES = N_NATIVES + sizeof names / sizeof *names };

static void fuzz_value(arena *a, const type *t, bytes value)
{
    err_info e;
    type_to_text(a, t, value, true);
    type_compare(t, value, value);
    if (type_validate(t, value, &e) < 0)
        return;
    for (int desc = 0; desc < 2; desc++) {
        buf key = {0};
        type_key_encode(t, value, desc, &key);
        reader r = reader_of(buf_view(&key));
        bytes back = type_key_decode(t, &r, desc, a);
        must(!r.bad && rd_left(&r) == 0 && type_compare(t, value, back) == 0);
        buf_done(&key);
    }
}

static void fuzz_key(arena *a, const type *t, bytes key)
{
    bool desc = key.n && (key.p[key.n - 1] & 1);
    bytes values[1];
    clustering_type ct = {1, &t, &desc};
    reader r = reader_of(key);
    type_key_decode(t, &r, desc, a);
    clustering_decode(&ct, key, a, values);
    key_partition_length(PARTITIONER_MURMUR3, key);
    key_decode_partition(PARTITIONER_BYTE_ORDERED, key, a);
}

static void fuzz_text(arena *a, const type *t, bytes text)
{
    bytes value;
    err_info e;
    if (type_from_text(a, t, text, &value, &e) == 0)
        must(type_validate(t, value, &e) == 0);
}

static void fuzz_name(arena *a, const type *t)
{
    const type *back;
    err_info e;
    must(type_parse_class(a, bytes_str(type_class_name(a, t)), &back, NULL, &e) == 0);
    must(type_equal(t, back));
    type_cql_name(a, t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 16)
        return 0;
    arena a;
    arena_init(&a, 4096);
    err_info e;
    const type *t;
    bytes rest = bytes_of(data + 1, size - 1);
    if (data[0] >= 254) {
        if ((data[0] == 255 ? type_parse_cql(&a, rest, NULL, &t, &e)
                            : type_parse_class(&a, rest, &t, NULL, &e)) == 0)
            fuzz_name(&a, t);
    } else {
        unsigned i = data[0] % N_TYPES;
        t = type_native(i < N_NATIVES ? (type_kind)i : TYPE_BLOB);
        if (i >= N_NATIVES)
            must(type_parse_cql(&a, bytes_str(names[i - N_NATIVES]), NULL, &t, &e) == 0);
        fuzz_value(&a, t, rest);
        fuzz_key(&a, t, rest);
        fuzz_text(&a, t, rest);
    }
    arena_done(&a);
    return 0;
}
