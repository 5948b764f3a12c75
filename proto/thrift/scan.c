#include "proto/thrift/scan.h"

#include "proto/thrift/table.h"

enum { MORE = 0, DONE = 1 };

#define CUT_OFF "a Thrift value runs past the end of its message"

/* Fewest bytes of a value of each wire type; 0 where there is no such type. */
static const uint8_t least_of[16] = {
    [WIRE_BOOL] = 1, [WIRE_BYTE] = 1, [WIRE_DOUBLE] = 8, [WIRE_I16] = 2,
    [WIRE_I32] = 4,  [WIRE_I64] = 8,  [WIRE_BYTES] = 4,  [WIRE_STRUCT] = 1,
    [WIRE_MAP] = 6,  [WIRE_SET] = 5,  [WIRE_LIST] = 5,
};

static uint8_t least(uint8_t wire)
{
    return wire < 16 ? least_of[wire] : 0;
}

static int open_container(thrift_scan *s, uint8_t kind, uint8_t key, uint8_t value, uint32_t left,
                          err_info *e)
{
    if (s->depth == THRIFT_MAX_DEPTH)
        return err_set(e, ERR_PROTOCOL, "Thrift values nested deeper than %d", THRIFT_MAX_DEPTH);
    s->open[s->depth].kind = kind;
    s->open[s->depth].key = key;
    s->open[s->depth].value = value;
    s->open[s->depth].left = left;
    s->depth++;
    return 0;
}

/* A list, set or map header at `at`: opens it. */
static int scan_container(thrift_scan *s, uint8_t wire, bytes in, size_t limit, err_info *e)
{
    size_t head = wire == WIRE_MAP ? 6 : 5;
    if (in.n - s->at < head)
        return limit - s->at < head ? err_set(e, ERR_PROTOCOL, CUT_OFF) : MORE;
    const uint8_t *p = in.p + s->at;
    uint8_t key = p[0], value = p[head - 5];
    uint32_t n = get_be32(p + head - 4);
    s->at += head;
    if (n == 0)
        return DONE;
    if (!least(key) || !least(value))
        return err_set(e, ERR_PROTOCOL, "Thrift container with elements of type %u",
                       least(key) ? value : key);
    size_t each = wire == WIRE_MAP ? (size_t)least(key) + least(value) : least(value);
    if (n > INT32_MAX || n > (limit - s->at) / each)
        return err_set(e, ERR_PROTOCOL, "Thrift container of %u elements in %zu bytes", n,
                       limit - s->at);
    int r = open_container(s, wire, key, value, wire == WIRE_MAP ? 2 * n : n, e);
    return r < 0 ? r : DONE;
}

static int scan_string(thrift_scan *s, bytes in, size_t limit, err_info *e)
{
    if (in.n - s->at < 4)
        return limit - s->at < 4 ? err_set(e, ERR_PROTOCOL, CUT_OFF) : MORE;
    uint32_t n = get_be32(in.p + s->at);
    if (n > INT32_MAX || n > limit - s->at - 4)
        return err_set(e, ERR_PROTOCOL, "Thrift string of %d bytes in %zu bytes", (int32_t)n,
                       limit - s->at - 4);
    if (n > in.n - s->at - 4)
        return MORE;
    s->at += 4 + n;
    return DONE;
}

/* The value at `at`: passes it when it is simple, opens it when it is a container. */
static int scan_value(thrift_scan *s, uint8_t wire, bytes in, size_t limit, err_info *e)
{
    size_t n = least(wire);
    switch (wire) {
    case WIRE_STRUCT: {
        int r = open_container(s, WIRE_STRUCT, 0, 0, 0, e);
        return r < 0 ? r : DONE;
    }
    case WIRE_LIST:
    case WIRE_SET:
    case WIRE_MAP:
        return scan_container(s, wire, in, limit, e);
    case WIRE_BYTES:
        return scan_string(s, in, limit, e);
    }
    if (!n)
        return err_set(e, ERR_PROTOCOL, "there is no Thrift type %u", wire);
    if (in.n - s->at < n)
        return limit - s->at < n ? err_set(e, ERR_PROTOCOL, CUT_OFF) : MORE;
    s->at += n;
    return DONE;
}

/* One field of the innermost struct, or its end. A field is passed only when its value is
 * there or was opened: its header is read again otherwise. */
static int scan_field(thrift_scan *s, bytes in, size_t limit, err_info *e)
{
    if (in.n == s->at)
        return limit == s->at ? err_set(e, ERR_PROTOCOL, CUT_OFF) : MORE;
    uint8_t wire = in.p[s->at];
    if (wire == WIRE_STOP) {
        s->at++;
        s->depth--;
        return DONE;
    }
    if (in.n - s->at < 3)
        return limit - s->at < 3 ? err_set(e, ERR_PROTOCOL, CUT_OFF) : MORE;
    s->at += 3;
    int r = scan_value(s, wire, in, limit, e);
    if (r == MORE)
        s->at -= 3;
    return r;
}

static int scan_element(thrift_scan *s, bytes in, size_t limit, err_info *e)
{
    unsigned top = s->depth - 1u;
    if (s->open[top].left == 0) {
        s->depth--;
        return DONE;
    }
    bool is_key = s->open[top].kind == WIRE_MAP && s->open[top].left % 2 == 0;
    int r = scan_value(s, is_key ? s->open[top].key : s->open[top].value, in, limit, e);
    if (r == DONE)
        s->open[top].left--;
    return r;
}

int thrift_scan_begin(thrift_scan *s, uint8_t wire, err_info *e)
{
    s->depth = 0;
    /* A list of one value without a header. */
    return open_container(s, WIRE_LIST, wire, wire, 1, e);
}

int thrift_scan_step(thrift_scan *s, bytes in, size_t limit, err_info *e)
{
    if (in.n > limit)
        in.n = limit;
    while (s->depth) {
        bool in_struct = s->open[s->depth - 1].kind == WIRE_STRUCT;
        int r = in_struct ? scan_field(s, in, limit, e) : scan_element(s, in, limit, e);
        if (r != DONE)
            return r;
    }
    return DONE;
}

/* --- messages in a stream --- */

static int next_framed(bytes in, size_t max_bytes, bytes *ret_message, size_t *ret_used,
                       err_info *e)
{
    if (in.n < 4)
        return MORE;
    uint32_t n = get_be32(in.p);
    if (n > INT32_MAX)
        return err_set(e, ERR_PROTOCOL, "Thrift frame of negative length %d", (int32_t)n);
    if (n > max_bytes)
        return err_set(e, ERR_TOO_LARGE, "Thrift frame of %u bytes, the most is %zu", n, max_bytes);
    if (in.n - 4 < n)
        return MORE;
    *ret_message = bytes_of(in.p + 4, n);
    *ret_used = 4 + (size_t)n;
    return DONE;
}

/* Version, name, seqid; the struct of arguments is then left to the machine. */
static int scan_header(thrift_scan *s, bytes in, size_t max_bytes, err_info *e)
{
    if (in.n >= 2 && (in.p[0] != 0x80 || in.p[1] != 0x01))
        return err_set(e, ERR_PROTOCOL, "not a message of the strict binary Thrift protocol");
    if (in.n < 8)
        return MORE;
    s->at = 4;
    int r = scan_string(s, in, max_bytes, e);
    if (r != DONE)
        return r;
    if (in.n - s->at < 4)
        return MORE;
    s->at += 4;
    s->started = true;
    return thrift_scan_begin(s, WIRE_STRUCT, e) < 0 ? ERR_PROTOCOL : DONE;
}

static int next_unframed(bytes in, size_t max_bytes, thrift_scan *s, bytes *ret_message,
                         size_t *ret_used, err_info *e)
{
    int r = s->started ? DONE : scan_header(s, in, max_bytes, e);
    if (r == DONE)
        r = thrift_scan_step(s, in, max_bytes, e);
    if (r != DONE)
        return r;
    *ret_message = bytes_of(in.p, s->at);
    *ret_used = s->at;
    *s = (thrift_scan){0};
    return DONE;
}

int thrift_next_message(bytes in, bool framed, size_t max_bytes, thrift_scan *scan,
                        bytes *ret_message, size_t *ret_used, err_info *e)
{
    return framed ? next_framed(in, max_bytes, ret_message, ret_used, e)
                  : next_unframed(in, max_bytes, scan, ret_message, ret_used, e);
}
