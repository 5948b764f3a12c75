/* Native scalar functions, as a table; and the names of aggregates. */
#include <inttypes.h>

#include "cql/plan.h"

#define MICROS INT64_C(1000000)
#define DAY_MS INT64_C(86400000)
#define DATE_ZERO UINT32_C(0x80000000) /* the date type counts days from here */

static bytes int64_value(arena *a, int64_t v)
{
    uint8_t *p = arena_alloc(a, 8);
    put_be64(p, (uint64_t)v);
    return bytes_of(p, 8);
}

static bytes date_value(arena *a, int64_t unix_ms)
{
    int64_t days = unix_ms >= 0 ? unix_ms / DAY_MS : -((DAY_MS - 1 - unix_ms) / DAY_MS);
    uint8_t *p = arena_alloc(a, 4);
    put_be32(p, (uint32_t)(days + (int64_t)DATE_ZERO));
    return bytes_of(p, 4);
}

static bytes uuid_value(arena *a, uuid u)
{
    return arena_copy(a, uuid_bytes(&u));
}

/* Milliseconds since 1970 of a timeuuid, date or timestamp value. */
static int unix_ms_of(const function *f, exec *x, bytes v, int64_t *ret)
{
    type_kind kind = f->args[0];
    if (v.n != (kind == TYPE_TIMEUUID ? 16 : kind == TYPE_DATE ? 4 : 8))
        return err_set(x->err, ERR_INVALID, "Invalid empty value in call to function system.%s",
                       f->name);
    if (kind == TYPE_TIMEUUID) {
        uuid u;
        memcpy(u.b, v.p, 16);
        *ret = uuid_unix_us(u) / 1000;
    } else if (kind == TYPE_DATE) {
        *ret = ((int64_t)get_be32(v.p) - (int64_t)DATE_ZERO) * DAY_MS;
    } else {
        *ret = (int64_t)get_be64(v.p);
    }
    return 0;
}

static int run_now(const function *f, exec *x, const bytes *args, bytes *ret)
{
    (void)f, (void)args;
    *ret = uuid_value(x->a, uuid_time(cql_next_timestamp(x->q, x->e, 1), 0, env_random(x->e)));
    return 0;
}

static int run_uuid(const function *f, exec *x, const bytes *args, bytes *ret)
{
    (void)f, (void)args;
    *ret = uuid_value(x->a, uuid_random(env_random(x->e), env_random(x->e)));
    return 0;
}

static int run_current(const function *f, exec *x, const bytes *args, bytes *ret)
{
    (void)args;
    int64_t ms = x->now_us / 1000;
    if (f->result == TYPE_DATE)
        *ret = date_value(x->a, ms);
    else if (f->result == TYPE_TIME)
        *ret = int64_value(x->a, (x->now_us % (DAY_MS * 1000)) * 1000);
    else
        *ret = int64_value(x->a, ms);
    return 0;
}

static int run_to_ms(const function *f, exec *x, const bytes *args, bytes *ret)
{
    int64_t ms = 0;
    int r = unix_ms_of(f, x, args[0], &ms);
    if (r == 0)
        *ret = f->result == TYPE_DATE ? date_value(x->a, ms) : int64_value(x->a, ms);
    return r;
}

/* The least and the greatest timeuuid of a millisecond: clock and node compare as signed bytes. */
static int run_edge_uuid(const function *f, exec *x, const bytes *args, bytes *ret)
{
    if (args[0].n != 8)
        return err_set(x->err, ERR_INVALID, "Invalid empty value in call to function system.%s",
                       f->name);
    bool max = f->name[1] == 'a';
    int64_t us = (int64_t)get_be64(args[0].p) * 1000 + (max ? 999 : 0);
    uuid u = uuid_time(us, max ? 9 : 0, 0);
    memset(u.b + 8, max ? 0x7f : 0x80, 8);
    *ret = uuid_value(x->a, u);
    return 0;
}

static int run_as_blob(const function *f, exec *x, const bytes *args, bytes *ret)
{
    (void)f, (void)x;
    *ret = args[0];
    return 0;
}

static int run_blob_as(const function *f, exec *x, const bytes *args, bytes *ret)
{
    *ret = args[0];
    if (type_validate(type_native(f->result), args[0], NULL) == 0)
        return 0;
    return err_set(x->err, ERR_INVALID,
                   "In call to function system.%s, value %s is not a valid binary representation "
                   "for type %s",
                   f->name, type_to_text(x->a, type_native(TYPE_BLOB), args[0], true),
                   type_cql_name(x->a, type_native(f->result)));
}

#define BLOBS(kind, name)                                                                          \
    {name "asblob", TYPE_BLOB, 1, {kind}, run_as_blob},                                            \
    {                                                                                              \
        "blobas" name, kind, 1, {TYPE_BLOB}, run_blob_as                                           \
    }

static const function functions[] = {
    {"now", TYPE_TIMEUUID, 0, {0}, run_now},
    {"currenttimeuuid", TYPE_TIMEUUID, 0, {0}, run_now},
    {"uuid", TYPE_UUID, 0, {0}, run_uuid},
    {"currenttimestamp", TYPE_TIMESTAMP, 0, {0}, run_current},
    {"currentdate", TYPE_DATE, 0, {0}, run_current},
    {"currenttime", TYPE_TIME, 0, {0}, run_current},
    {"totimestamp", TYPE_TIMESTAMP, 1, {TYPE_TIMEUUID}, run_to_ms},
    {"totimestamp", TYPE_TIMESTAMP, 1, {TYPE_DATE}, run_to_ms},
    {"todate", TYPE_DATE, 1, {TYPE_TIMEUUID}, run_to_ms},
    {"todate", TYPE_DATE, 1, {TYPE_TIMESTAMP}, run_to_ms},
    {"tounixtimestamp", TYPE_BIGINT, 1, {TYPE_TIMEUUID}, run_to_ms},
    {"tounixtimestamp", TYPE_BIGINT, 1, {TYPE_TIMESTAMP}, run_to_ms},
    {"tounixtimestamp", TYPE_BIGINT, 1, {TYPE_DATE}, run_to_ms},
    {"dateof", TYPE_TIMESTAMP, 1, {TYPE_TIMEUUID}, run_to_ms},
    {"unixtimestampof", TYPE_BIGINT, 1, {TYPE_TIMEUUID}, run_to_ms},
    {"mintimeuuid", TYPE_TIMEUUID, 1, {TYPE_TIMESTAMP}, run_edge_uuid},
    {"maxtimeuuid", TYPE_TIMEUUID, 1, {TYPE_TIMESTAMP}, run_edge_uuid},
    BLOBS(TYPE_ASCII, "ascii"),
    BLOBS(TYPE_BIGINT, "bigint"),
    BLOBS(TYPE_BOOLEAN, "boolean"),
    BLOBS(TYPE_COUNTER, "counter"),
    BLOBS(TYPE_DATE, "date"),
    BLOBS(TYPE_DECIMAL, "decimal"),
    BLOBS(TYPE_DOUBLE, "double"),
    BLOBS(TYPE_DURATION, "duration"),
    BLOBS(TYPE_FLOAT, "float"),
    BLOBS(TYPE_INET, "inet"),
    BLOBS(TYPE_INT, "int"),
    BLOBS(TYPE_SMALLINT, "smallint"),
    BLOBS(TYPE_TEXT, "text"),
    BLOBS(TYPE_TEXT, "varchar"),
    BLOBS(TYPE_TIME, "time"),
    BLOBS(TYPE_TIMESTAMP, "timestamp"),
    BLOBS(TYPE_TIMEUUID, "timeuuid"),
    BLOBS(TYPE_TINYINT, "tinyint"),
    BLOBS(TYPE_UUID, "uuid"),
    BLOBS(TYPE_VARINT, "varint"),
};

static bool name_is(bytes name, const char *s)
{
    return strlen(s) == name.n && strncasecmp((const char *)name.p, s, name.n) == 0;
}

const function *function_find(bytes name, unsigned n_args, unsigned nth)
{
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (functions[i].n_args == n_args && name_is(name, functions[i].name) && nth-- == 0)
            return &functions[i];
    return NULL;
}

bool function_exists(bytes name)
{
    if (name_is(name, "token") || name_is(name, "tojson") || name_is(name, "fromjson"))
        return true; /* they take any type */
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (name_is(name, functions[i].name))
            return true;
    return false;
}

aggregate_kind aggregate_find(bytes name)
{
    static const struct {
        const char *name;
        aggregate_kind kind;
    } aggregates[] = {
        {"count", AGG_COUNT}, {"min", AGG_MIN}, {"max", AGG_MAX},
        {"sum", AGG_SUM},     {"avg", AGG_AVG},
    };
    for (size_t i = 0; i < ARRAY_LEN(aggregates); i++)
        if (name_is(name, aggregates[i].name))
            return aggregates[i].kind;
    return AGG_NONE;
}
