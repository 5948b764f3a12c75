#include "tests/unit/thrift/random_struct.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/must.h"

uint32_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32);
}

static void fill_struct(uint64_t *seed, const thrift_struct *st, arena *a, char *to);

static bytes random_bytes(uint64_t *seed, arena *a, int serial)
{
    size_t n = random_next(seed) % 24;
    char *s = arena_alloc(a, n + 16);
    int head = serial < 0 ? 0 : snprintf(s, 16, "%d:", serial);
    for (size_t i = 0; i < n; i++)
        s[head + i] = (char)('!' + random_next(seed) % 90);
    return bytes_of(s, head + n);
}

static void fill_value(uint64_t *seed, const thrift_type *t, arena *a, char *to, int serial)
{
    uint64_t v = (uint64_t)random_next(seed) << 32 | random_next(seed);
    switch (t->wire) {
    case WIRE_BOOL:
        *(bool *)to = v & 1;
        break;
    case WIRE_I32:
        *(int32_t *)to = (int32_t)v;
        break;
    case WIRE_I64:
        *(int64_t *)to = (int64_t)v;
        break;
    case WIRE_DOUBLE:
        *(double *)to = (double)(int64_t)v / 1024;
        break;
    case WIRE_BYTES:
        *(bytes *)to = random_bytes(seed, a, serial);
        break;
    case WIRE_STRUCT:
        fill_struct(seed, t->st, a, to);
        break;
    case WIRE_LIST:
    case WIRE_MAP: {
        thrift_any_list l = {v % 4, NULL};
        char *at = l.v = arena_zalloc(a, l.n * t->stride);
        for (size_t i = 0; i < l.n; i++, at += t->stride) {
            if (t->key)
                fill_value(seed, t->key, a, at, (int)i);
            fill_value(seed, t->elem, a, at + t->value_at, -1);
        }
        memcpy(to, &l, sizeof l);
        break;
    }
    default:
        must(!"a type of the tables");
    }
}

static void fill_struct(uint64_t *seed, const thrift_struct *st, arena *a, char *to)
{
    memcpy(to, st->initial, st->size);
    for (unsigned i = 0; i < st->n_fields; i++) {
        const thrift_field *f = &st->fields[i];
        if (f->presence != THRIFT_ALWAYS && random_next(seed) % 3 == 0)
            continue;
        char *at = to + f->offset;
        if (f->presence == THRIFT_BY_FLAG)
            *(bool *)(to + f->has_at) = true;
        if (f->presence == THRIFT_BY_POINTER)
            at = *(char **)at = arena_zalloc(a, f->type->size);
        fill_value(seed, f->type, a, at, -1);
    }
}

void *random_struct(uint64_t *seed, const thrift_struct *st, arena *a)
{
    char *to = arena_zalloc(a, st->size);
    fill_struct(seed, st, a, to);
    return to;
}

static void dump_value(buf *out, const thrift_type *t, const char *from)
{
    thrift_any_list l;
    const bytes *s = (const bytes *)from;
    uint64_t bits;
    switch (t->wire) {
    case WIRE_BOOL:
        buf_str(out, *(const bool *)from ? "true" : "false");
        break;
    case WIRE_I32:
        buf_printf(out, "%d", *(const int32_t *)from);
        break;
    case WIRE_I64:
        buf_printf(out, "%" PRId64, *(const int64_t *)from);
        break;
    case WIRE_DOUBLE:
        memcpy(&bits, from, 8);
        buf_printf(out, "%" PRIu64, bits);
        break;
    case WIRE_BYTES:
        buf_str(out, "\"");
        for (size_t i = 0; i < s->n; i++)
            buf_printf(out, "%02x", s->p[i]);
        buf_str(out, "\"");
        break;
    case WIRE_STRUCT:
        dump_struct(out, t->st, from);
        break;
    case WIRE_LIST:
    case WIRE_MAP:
        memcpy(&l, from, sizeof l);
        buf_str(out, "[");
        for (size_t i = 0; i < l.n; i++) {
            const char *at = (const char *)l.v + i * t->stride;
            buf_str(out, i ? "," : "");
            if (t->key) {
                buf_str(out, "[");
                dump_value(out, t->key, at);
                buf_str(out, ",");
            }
            dump_value(out, t->elem, at + t->value_at);
            buf_str(out, t->key ? "]" : "");
        }
        buf_str(out, "]");
        break;
    default:
        must(!"a type of the tables");
    }
}

static bool is_present(const thrift_field *f, const char *from)
{
    switch ((enum thrift_presence)f->presence) {
    case THRIFT_ALWAYS:
        return true;
    case THRIFT_BY_FLAG:
        return *(const bool *)(from + f->has_at);
    case THRIFT_BY_NULL:
        return ((const bytes *)(from + f->offset))->p;
    case THRIFT_BY_POINTER:
        return *(void *const *)(from + f->offset);
    }
    return false;
}

void dump_struct(buf *out, const thrift_struct *st, const void *from)
{
    const char *sep = "";
    buf_str(out, "{");
    for (unsigned i = 0; i < st->n_fields; i++) {
        const thrift_field *f = &st->fields[i];
        if (!is_present(f, from))
            continue;
        const char *at = (const char *)from + f->offset;
        buf_printf(out, "%s\"%s\":", sep, f->name);
        dump_value(out, f->type, f->presence == THRIFT_BY_POINTER ? *(char *const *)at : at);
        sep = ",";
    }
    buf_str(out, "}");
}
