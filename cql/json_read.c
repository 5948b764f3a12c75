#include "cql/json.h"

#include <ctype.h>

#include "cql/types.h"

typedef struct json {
    reader r;
    arena *a;
    err_info *err;
    unsigned depth;
} json;

static int malformed(json *j)
{
    j->r.bad = true;
    return err_set(j->err, ERR_INVALID, "malformed JSON with %zu bytes to go", rd_left(&j->r));
}

static int peek(json *j)
{
    while (j->r.p < j->r.end && strchr(" \t\r\n", *j->r.p) && *j->r.p)
        j->r.p++;
    return j->r.p < j->r.end ? *j->r.p : -1;
}

static bool take(json *j, int ch)
{
    if (peek(j) != ch)
        return false;
    j->r.p++;
    return true;
}

/* ---- strings ---- */

static void put_utf8(buf *b, uint32_t c)
{
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (n == 1) {
        buf_u8(b, (uint8_t)c);
        return;
    }
    buf_u8(b, (uint8_t)(first[n] | c >> (6 * (n - 1))));
    for (unsigned i = n - 1; i-- > 0;)
        buf_u8(b, (uint8_t)(0x80 | (c >> (6 * i) & 0x3f)));
}

static bool take_hex(json *j, uint32_t *ret)
{
    bytes h = rd_take(&j->r, 4);
    *ret = 0;
    for (size_t i = 0; i < h.n; i++) {
        if (!isxdigit(h.p[i]))
            return false;
        *ret = *ret << 4 | (uint32_t)(h.p[i] <= '9' ? h.p[i] - '0' : (h.p[i] | 0x20) - 'a' + 10);
    }
    return h.p != NULL;
}

static bool take_escape(json *j, buf *b)
{
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;
    uint8_t ch = rd_u8(&j->r);
    const char *at = ch ? strchr(names, ch) : NULL;
    if (at) {
        buf_u8(b, (uint8_t)means[at - names]);
        return true;
    }
    if (ch != 'u' || !take_hex(j, &c))
        return false;
    if (c >= 0xd800 && c < 0xdc00) { /* a pair */
        if (rd_u8(&j->r) != '\\' || rd_u8(&j->r) != 'u' || !take_hex(j, &low) || low < 0xdc00 ||
            low >= 0xe000)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return false;
    }
    put_utf8(b, c);
    return true;
}

static int take_string(json *j, bytes *ret)
{
    buf b = {0};
    bool good = take(j, '"');
    while (good) {
        if (j->r.p == j->r.end) {
            good = false;
            break;
        }
        uint8_t ch = *j->r.p++;
        if (ch == '"')
            break;
        if (ch == '\\')
            good = take_escape(j, &b);
        else
            buf_u8(&b, ch);
    }
    *ret = b.n ? arena_copy(j->a, buf_view(&b)) : BYTES_EMPTY;
    buf_done(&b);
    return good ? 0 : malformed(j);
}

/* true, null, -1.5e3: up to what cannot belong to it. */
static bytes take_word(json *j)
{
    peek(j);
    const uint8_t *from = j->r.p;
    while (j->r.p < j->r.end && (isalnum(*j->r.p) || strchr("+-.", *j->r.p)) && *j->r.p)
        j->r.p++;
    return bytes_of(from, (size_t)(j->r.p - from));
}

static bool take_null(json *j)
{
    const uint8_t *from = j->r.p;
    if (peek(j) == 'n' && bytes_eq_str(take_word(j), "null"))
        return true;
    j->r.p = from;
    return false;
}

/* ---- what is not wanted yet ---- */

static int skip_value(json *j)
{
    bytes s;
    int open = peek(j);
    if (open == '"')
        return take_string(j, &s);
    if (open != '[' && open != '{')
        return take_word(j).n ? 0 : malformed(j);
    int close = open == '[' ? ']' : '}';
    if (++j->depth > JSON_DEPTH_MAX)
        return malformed(j);
    j->r.p++;
    for (unsigned i = 0; !take(j, close); i++) {
        if (i && !take(j, ','))
            return malformed(j);
        int r = open == '{' ? take_string(j, &s) : 0;
        if (r == 0 && open == '{' && !take(j, ':'))
            return malformed(j);
        if (r < 0 || (r = skip_value(j)) < 0)
            return r;
    }
    j->depth--;
    return 0;
}

/* Keys name columns and fields as CQL does: folded unless in quotes. */
static bytes fold_name(json *j, bytes key)
{
    if (key.n >= 2 && key.p[0] == '"' && key.p[key.n - 1] == '"')
        return bytes_of(key.p + 1, key.n - 2);
    uint8_t *p = arena_alloc(j->a, key.n + 1);
    for (size_t i = 0; i < key.n; i++)
        p[i] = (uint8_t)tolower(key.p[i]);
    return bytes_of(p, key.n);
}

/* ---- values led by a type ---- */

static int read_value(json *j, const type *t, bytes *ret);

static int from_text(json *j, const type *t, bytes text, bytes *ret)
{
    int r;
    if (t->kind == TYPE_TEXT || t->kind == TYPE_ASCII) {
        *ret = text;
    } else if (t->kind == TYPE_BLOB || t->kind == TYPE_CUSTOM) {
        if (text.n < 2 || text.p[0] != '0' || text.p[1] != 'x')
            return err_set(j->err, ERR_INVALID,
                           "String representation of blob is missing 0x prefix: %.*s", (int)text.n,
                           text.p);
        r = type_from_text(j->a, type_native(TYPE_BLOB), bytes_of(text.p + 2, text.n - 2), ret,
                           j->err);
        if (r < 0)
            return r;
    } else {
        const type *as = t->kind == TYPE_COUNTER ? type_native(TYPE_BIGINT) : t;
        if ((r = type_from_text(j->a, as, text, ret, j->err)) < 0)
            return r;
    }
    return type_validate(t, *ret, j->err);
}

static int read_native(json *j, const type *t, bytes *ret)
{
    bytes text;
    if (peek(j) == '"') {
        int r = take_string(j, &text);
        return r < 0 ? r : from_text(j, t, text, ret);
    }
    text = take_word(j);
    if (!text.n)
        return malformed(j);
    bool number = text.p[0] == '-' || isdigit(text.p[0]);
    bool is_text = t->kind == TYPE_TEXT || t->kind == TYPE_ASCII || t->kind == TYPE_BLOB ||
                   t->kind == TYPE_UUID || t->kind == TYPE_TIMEUUID || t->kind == TYPE_INET ||
                   t->kind == TYPE_DATE || t->kind == TYPE_TIME || t->kind == TYPE_DURATION;
    bool is_boolean = t->kind == TYPE_BOOLEAN;
    if (is_text || is_boolean == number ||
        (!number && !bytes_eq_str(text, "true") && !bytes_eq_str(text, "false")))
        return err_set(j->err, ERR_INVALID, "Expected a %s value, but got: %.*s",
                       type_cql_name(j->a, t), (int)text.n, text.p);
    return from_text(j, t, text, ret);
}

typedef struct items {
    bytes *p;
    unsigned n, cap;
} items;

static void add_item(json *j, items *x, bytes v)
{
    if (x->n == x->cap) {
        x->cap = x->cap ? x->cap * 2 : 8;
        bytes *p = arena_array(j->a, bytes, x->cap);
        if (x->n)
            memcpy(p, x->p, x->n * sizeof *p);
        x->p = p;
    }
    x->p[x->n++] = v;
}

static int wrong_kind(json *j, const type *t)
{
    return err_set(j->err, ERR_INVALID, "Expected a %s, but got something else",
                   type_cql_name(j->a, t));
}

static int read_array(json *j, const type *t, bytes *ret)
{
    items x = {0};
    if (!take(j, '['))
        return wrong_kind(j, t);
    while (!take(j, ']')) {
        bytes v;
        bool tuple = t->kind == TYPE_TUPLE;
        if (x.n && !take(j, ','))
            return malformed(j);
        if (tuple && x.n == t->n_args)
            return err_set(j->err, ERR_INVALID, "Tuple contains extra items (expected %u)",
                           t->n_args);
        int r = read_value(j, t->args[tuple ? x.n : 0], &v);
        if (r < 0)
            return r;
        if (!v.p && !tuple)
            return err_set(j->err, ERR_INVALID, "Invalid null element in %s",
                           t->kind == TYPE_LIST ? "list" : "set");
        add_item(j, &x, v);
    }
    if (t->kind == TYPE_TUPLE && x.n < t->n_args)
        return err_set(j->err, ERR_INVALID, "Tuple contains too few items (expected %u, got %u)",
                       t->n_args, x.n);
    *ret = term_collection(j->a, t, x.p, x.n);
    return 0;
}

/* A key is a string; of other types it holds the key's own JSON or text. */
static int read_key(json *j, const type *t, bytes *ret)
{
    bytes text;
    int r = take_string(j, &text);
    if (r < 0)
        return r;
    if (type_is_collection(t) || t->kind == TYPE_TUPLE || t->kind == TYPE_UDT)
        return json_read(text, t, j->a, ret, j->err);
    return from_text(j, t, text, ret);
}

static int read_map(json *j, const type *t, bytes *ret)
{
    items x = {0};
    if (!take(j, '{'))
        return wrong_kind(j, t);
    while (!take(j, '}')) {
        bytes k, v;
        if (x.n && !take(j, ','))
            return malformed(j);
        int r = read_key(j, t->args[0], &k);
        if (r == 0 && !take(j, ':'))
            r = malformed(j);
        if (r < 0 || (r = read_value(j, t->args[1], &v)) < 0)
            return r;
        if (!v.p)
            return err_set(j->err, ERR_INVALID, "Invalid null value in map");
        add_item(j, &x, k);
        add_item(j, &x, v);
    }
    *ret = term_collection(j->a, t, x.p, x.n);
    return 0;
}

static int read_udt(json *j, const type *t, bytes *ret)
{
    bytes *fields = arena_array(j->a, bytes, t->n_args + 1);
    if (!take(j, '{'))
        return wrong_kind(j, t);
    for (unsigned n = 0; !take(j, '}'); n++) {
        bytes key;
        unsigned i = 0;
        if (n && !take(j, ','))
            return malformed(j);
        int r = take_string(j, &key);
        if (r < 0 || !take(j, ':'))
            return r < 0 ? r : malformed(j);
        key = fold_name(j, key);
        while (i < t->n_args && !bytes_eq_str(key, t->fields[i]))
            i++;
        if (i == t->n_args)
            return err_set(j->err, ERR_INVALID,
                           "Unknown field '%.*s' in value of user defined type %s", (int)key.n,
                           key.p, t->name);
        if ((r = read_value(j, t->args[i], &fields[i])) < 0)
            return r;
    }
    *ret = elements_build(j->a, t, fields, t->n_args);
    return 0;
}

static int read_value(json *j, const type *t, bytes *ret)
{
    bytes text;
    *ret = BYTES_NULL;
    if (take_null(j))
        return 0;
    bool compound = type_is_collection(t) || t->kind == TYPE_TUPLE || t->kind == TYPE_UDT;
    if (!compound)
        return read_native(j, t, ret);
    if (peek(j) == '"') { /* JSON in a string */
        int r = take_string(j, &text);
        return r < 0 ? r : json_read(text, t, j->a, ret, j->err);
    }
    return t->kind == TYPE_MAP   ? read_map(j, t, ret)
           : t->kind == TYPE_UDT ? read_udt(j, t, ret)
                                 : read_array(j, t, ret);
}

int json_read(bytes text, const type *t, arena *a, bytes *ret, err_info *err)
{
    json j = {.r = reader_of(text), .a = a, .err = err};
    int r = read_value(&j, t, ret);
    return r < 0 || peek(&j) < 0 ? r : malformed(&j);
}

/* ---- rows ---- */

static int not_a_map(bytes text, err_info *err)
{
    return err_set(err, ERR_INVALID, "Could not decode JSON string as a map (String was: %.*s)",
                   (int)(text.n < 200 ? text.n : 200), text.p);
}

static int read_column(json *j, const table *t, bytes key, bytes *values)
{
    const column *col = table_column(t, fold_name(j, key));
    char why[300];
    if (!col)
        return err_set(j->err, ERR_INVALID, "JSON values map contains unrecognized column: %.*s",
                       (int)key.n, key.p);
    const uint8_t *from = j->r.p;
    int r = read_value(j, col->type, &values[col->ordinal]);
    if (r == 0 || j->r.bad)
        return r;
    j->r.p = from;
    snprintf(why, sizeof why, "%.290s", j->err ? j->err->text : "");
    return err_set(j->err, r, "Error decoding JSON value for %s: %s", col->name, why);
}

int json_read_row(bytes text, const table *t, bytes absent, arena *a, bytes **ret, err_info *err)
{
    json j = {.r = reader_of(text), .a = a, .err = err}, whole = j;
    bytes *values = arena_array(a, bytes, t->n_columns + 1);
    for (unsigned i = 0; i < t->n_columns; i++)
        values[i] = absent;
    if (take_null(&j) && peek(&j) < 0)
        return err_set(err, ERR_INVALID, "Got null for INSERT JSON values");
    if (peek(&whole) != '{' || skip_value(&whole) < 0 || peek(&whole) >= 0)
        return not_a_map(text, err);
    take(&j, '{');
    for (unsigned i = 0; !take(&j, '}'); i++) {
        bytes key;
        if (i)
            take(&j, ',');
        take_string(&j, &key);
        take(&j, ':');
        int r = read_column(&j, t, key, values);
        if (r < 0)
            return j.r.bad ? not_a_map(text, err) : r;
    }
    *ret = values;
    return 0;
}
