/* elements.c: serialized collections, tuples and UDTs.
 *
 *   list, set   [int n] n * ([int length][bytes])
 *   map         [int n] n * (key, value), each [int length][bytes]
 *   tuple, UDT  per field [int length][bytes], length -1: null; fields at the end may be missing
 */
#include "base/must.h"
#include "model/type.h"
#include "model/type_internal.h"

int elements_open(const type *t, bytes value, elements *ret, err_info *e)
{
    *ret = (elements){.r = reader_of(value), .fields = type_has_fields(t)};
    if (value.n == 0)
        return 0;
    if (ret->fields) {
        ret->left = t->n_args;
        return 0;
    }
    must(type_is_collection(t));
    int32_t n = (int32_t)rd_be32(&ret->r);
    int32_t each = t->kind == TYPE_MAP ? 2 : 1;
    if (ret->r.bad || n < 0 || (size_t)n > rd_left(&ret->r) / (4 * (size_t)each)) {
        ret->bad = true;
        return err_set(e, ERR_INVALID, "Not enough bytes to read a %s", type_infos[t->kind].cql);
    }
    ret->left = n * each;
    return 0;
}

bool elements_next(elements *it, bytes *ret)
{
    if (it->left == 0) {
        it->bad |= rd_left(&it->r) != 0;
        return false;
    }
    if (it->bad)
        return false;
    it->left--;
    *ret = BYTES_NULL;
    if (it->fields && rd_left(&it->r) == 0)
        return true;
    int32_t n = (int32_t)rd_be32(&it->r);
    if (n >= 0 && !it->r.bad)
        *ret = rd_take(&it->r, (size_t)n);
    it->bad = it->r.bad || (n < 0 && !it->fields);
    return !it->bad;
}

bytes elements_build(arena *a, const type *t, const bytes *items, size_t n_items)
{
    size_t size = type_has_fields(t) ? 0 : 4;
    for (size_t i = 0; i < n_items; i++)
        size += 4 + items[i].n;
    uint8_t *start = arena_alloc(a, size + 1), *p = start;
    if (!type_has_fields(t)) {
        put_be32(p, (uint32_t)(t->kind == TYPE_MAP ? n_items / 2 : n_items));
        p += 4;
    }
    for (size_t i = 0; i < n_items; i++) {
        bool null = bytes_is_null(items[i]);
        put_be32(p, null ? UINT32_MAX : (uint32_t)items[i].n);
        p += 4;
        if (!null && items[i].n)
            memcpy(p, items[i].p, items[i].n);
        p += items[i].n;
    }
    return bytes_of(start, size);
}
