/* decode.c: the one reader: the wire to C structs, driven by table.h.
 *
 * The structs of the table nest a fixed few deep, so plain recursion is bounded; unknown fields
 * go to scan.c. An array is allocated only after its count was checked against the bytes that
 * remain, and everything against `budget`.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "proto/thrift/scan.h"
#include "proto/thrift/table.h"

enum { BUDGET_BASE = 1 << 20, BUDGET_PER_BYTE = 16 };

typedef struct decoder {
    reader in;
    arena *a;
    size_t budget; /* bytes that may still be allocated */
    err_info *e;
} decoder;

static int read_struct(decoder *d, const thrift_struct *st, char *to);
static int read_value(decoder *d, const thrift_type *t, void *to);

static int cut_off(decoder *d, const char *where)
{
    return err_set(d->e, ERR_PROTOCOL, "Thrift message ends within %s", where);
}

static void *take(decoder *d, size_t n)
{
    if (n > d->budget) {
        err_set(d->e, ERR_PROTOCOL, "Thrift message that would need too much memory");
        return NULL;
    }
    d->budget -= n;
    return arena_alloc(d->a, n);
}

static int read_bytes(decoder *d, bytes *to)
{
    uint32_t n = rd_be32(&d->in);
    if (d->in.bad || n > rd_left(&d->in))
        return err_set(d->e, ERR_PROTOCOL, "Thrift string of %d bytes, but %zu remain", (int32_t)n,
                       rd_left(&d->in));
    *to = rd_take(&d->in, n);
    return 0;
}

/* The array for n elements that take at least `least` bytes each on the wire. */
static int begin_container(decoder *d, uint32_t n, size_t least, size_t stride,
                           thrift_any_list *ret)
{
    if (d->in.bad)
        return cut_off(d, "a container");
    if (n > rd_left(&d->in) / least)
        return err_set(d->e, ERR_PROTOCOL, "Thrift container of %d elements, but %zu bytes remain",
                       (int32_t)n, rd_left(&d->in));
    ret->n = n;
    ret->v = take(d, n * stride);
    return ret->v ? 0 : ERR_PROTOCOL;
}

static int bad_element(decoder *d, uint8_t wire, const thrift_type *t)
{
    return err_set(d->e, ERR_PROTOCOL, "Thrift container with elements of type %u, not %u", wire,
                   t->wire);
}

static int read_list(decoder *d, const thrift_type *t, void *to)
{
    uint8_t wire = rd_u8(&d->in);
    uint32_t n = rd_be32(&d->in);
    if (n && wire != t->elem->wire)
        return bad_element(d, wire, t->elem);
    thrift_any_list l = {0};
    int r = begin_container(d, n, t->elem->least, t->stride, &l);
    char *v = l.v;
    for (uint32_t i = 0; r == 0 && i < n; i++, v += t->stride)
        r = read_value(d, t->elem, v);
    if (r == 0)
        memcpy(to, &l, sizeof l);
    return r;
}

static int read_map(decoder *d, const thrift_type *t, void *to)
{
    uint8_t key = rd_u8(&d->in), value = rd_u8(&d->in);
    uint32_t n = rd_be32(&d->in);
    if (n && key != t->key->wire)
        return bad_element(d, key, t->key);
    if (n && value != t->elem->wire)
        return bad_element(d, value, t->elem);
    thrift_any_list l = {0};
    int r = begin_container(d, n, (size_t)t->key->least + t->elem->least, t->stride, &l);
    char *v = l.v;
    for (uint32_t i = 0; r == 0 && i < n; i++, v += t->stride) {
        r = read_value(d, t->key, v);
        if (r == 0)
            r = read_value(d, t->elem, v + t->value_at);
    }
    if (r == 0)
        memcpy(to, &l, sizeof l);
    return r;
}

static int read_value(decoder *d, const thrift_type *t, void *to)
{
    switch (t->wire) {
    case WIRE_BOOL:
        *(bool *)to = rd_u8(&d->in) != 0;
        break;
    case WIRE_I32:
        *(int32_t *)to = (int32_t)rd_be32(&d->in);
        break;
    case WIRE_I64:
    case WIRE_DOUBLE: {
        uint64_t v = rd_be64(&d->in);
        memcpy(to, &v, sizeof v);
        break;
    }
    case WIRE_BYTES:
        return read_bytes(d, to);
    case WIRE_STRUCT:
        return read_struct(d, t->st, to);
    case WIRE_LIST:
        return read_list(d, t, to);
    case WIRE_MAP:
        return read_map(d, t, to);
    }
    return d->in.bad ? cut_off(d, "a number") : 0;
}

static int read_field(decoder *d, const thrift_field *f, char *to)
{
    char *at = to + f->offset;
    if (f->presence == THRIFT_BY_FLAG) {
        *(bool *)(to + f->has_at) = true;
    } else if (f->presence == THRIFT_BY_POINTER) {
        void *st = take(d, f->type->size);
        if (!st)
            return ERR_PROTOCOL;
        memcpy(at, &st, sizeof st);
        at = st;
    }
    return read_value(d, f->type, at);
}

static int skip_field(decoder *d, uint8_t wire)
{
    thrift_scan s;
    s.at = 0;
    bytes rest = bytes_of(d->in.p, rd_left(&d->in));
    int r = thrift_scan_begin(&s, wire, d->e);
    if (r == 0)
        r = thrift_scan_step(&s, rest, rest.n, d->e);
    if (r < 0)
        return r;
    rd_take(&d->in, s.at);
    return 0;
}

/* Fields mostly come in the order of their ids: *next is where the last one was found, plus 1. */
static const thrift_field *find_field(const thrift_struct *st, int16_t id, unsigned *next)
{
    for (unsigned i = 0; i < st->n_fields; i++) {
        unsigned at = *next + i;
        if (at >= st->n_fields)
            at -= st->n_fields;
        if (st->fields[at].id == id) {
            *next = at + 1 == st->n_fields ? 0 : at + 1;
            return &st->fields[at];
        }
    }
    return NULL;
}

static int missing_field(decoder *d, const thrift_struct *st, uint64_t missing)
{
    return err_set(d->e, ERR_PROTOCOL, "required field '%s' of Thrift %s is missing",
                   st->fields[__builtin_ctzll(missing)].name, st->name);
}

static int read_struct(decoder *d, const thrift_struct *st, char *to)
{
    memcpy(to, st->initial, st->size);
    uint64_t seen = 0;
    unsigned next = 0;
    for (;;) {
        uint8_t wire = rd_u8(&d->in);
        if (wire == WIRE_STOP)
            break; /* or the end of the message: the reader is bad then */
        int16_t id = (int16_t)rd_be16(&d->in);
        if (d->in.bad)
            break;
        const thrift_field *f = find_field(st, id, &next);
        int r;
        if (!f) {
            r = skip_field(d, wire);
        } else if (wire != f->type->wire) {
            r = err_set(d->e, ERR_PROTOCOL, "field '%s' of Thrift %s is of type %u, not %u",
                        f->name, st->name, wire, f->type->wire);
        } else if (seen & 1ull << f->bit) {
            r = err_set(d->e, ERR_PROTOCOL, "field '%s' of Thrift %s comes twice", f->name,
                        st->name);
        } else {
            seen |= 1ull << f->bit;
            r = read_field(d, f, to);
        }
        if (r < 0)
            return r;
    }
    if (d->in.bad)
        return cut_off(d, st->name);
    uint64_t missing = st->required & ~seen;
    return missing ? missing_field(d, st, missing) : 0;
}

int thrift_read_struct(bytes in, arena *a, const thrift_struct *st, void **ret, err_info *e)
{
    decoder d = {reader_of(in), a, BUDGET_BASE + in.n * BUDGET_PER_BYTE, e};
    void *to = take(&d, st->size);
    int r = read_struct(&d, st, to);
    if (r < 0)
        return r;
    if (rd_left(&d.in))
        return err_set(e, ERR_PROTOCOL, "%zu bytes after the end of Thrift %s", rd_left(&d.in),
                       st->name);
    *ret = to;
    return 0;
}
