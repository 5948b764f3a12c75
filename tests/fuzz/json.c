/* JSON into values of every shape of type: the first byte chooses the type. What was read is valid
 * and, written and read again, the same. */
#include <stdlib.h>

#include "cql/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const types[] = {"int",       "text",
                                        "blob",      "list<int>",
                                        "set<text>", "map<text, frozen<list<varint>>>",
                                        "timestamp", "map<frozen<tuple<int, text>>, boolean>",
                                        "decimal",   "tuple<int, frozen<map<int, uuid>>>"};
    arena a;
    bytes v, again;
    const type *t;
    err_info err;
    if (!n)
        return 0;
    arena_init(&a, 4096);
    if (type_parse_cql(&a, bytes_str(types[data[0] % 10]), NULL, &t, &err) < 0)
        abort();
    if (json_read(bytes_of(data + 1, n - 1), t, &a, &v, &err) == 0 && v.p) {
        buf b = {0};
        if (type_validate(t, v, NULL) < 0)
            abort();
        json_write(&b, t, v, &a);
        if (json_read(buf_view(&b), t, &a, &again, &err) < 0 ||
            (again.p && type_compare(t, v, again) != 0))
            abort();
        buf_done(&b);
    }
    arena_done(&a);
    return 0;
}
