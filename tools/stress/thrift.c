/* Framed Thrift: insert and get on a column family. */
#include "proto/thrift/thrift.h"
#include "tools/stress/stress.h"

static size_t begin(stress_connection *c)
{
    return thrift_frame_begin(stream_output(c->stream));
}

static int co_fn ask(stress_connection *c, enum thrift_method m, const void *args,
                     thrift_reply *ret, err_info *e)
{
    buf *out = stream_output(c->stream);
    size_t at = begin(c);
    thrift_encode_call(out, m, 0, args);
    thrift_frame_end(out, at);
    stream_kick(c->stream);
    for (;;) {
        bytes in = stream_input(c->stream), message;
        size_t used;
        int r = thrift_next_message(in, true, 16 << 20, NULL, &message, &used, e);
        if (r < 0)
            return r;
        if (r == 1) {
            r = thrift_decode_reply(arena_copy(&c->arena, message), &c->arena, ret, e);
            stream_consume(c->stream, used);
            return r < 0 ? r : thrift_reply_error(ret, e);
        }
        r = stream_wait(c->stream, in.n + 1, NO_DEADLINE);
        if (r < 0)
            return err_set(e, r, "the server closed the connection");
    }
}

static int co_fn query(stress_connection *c, const char *text, err_info *e)
{
    thrift_reply r;
    thrift_execute_cql3_query_args args = {bytes_str(text), THRIFT_COMPRESSION_NONE,
                                           THRIFT_CONSISTENCY_LEVEL_ONE};
    return ask(c, THRIFT_METHOD_EXECUTE_CQL3_QUERY, &args, &r, e);
}

static int co_fn setup(stress_run *run, stress_connection *c, err_info *e)
{
    int r = query(c,
                  arena_printf(&c->arena,
                               "CREATE KEYSPACE IF NOT EXISTS stress WITH replication = "
                               "{'class': 'SimpleStrategy', 'replication_factor': %d}",
                               run->o->replication_factor),
                  e);
    return r < 0
               ? r
               : query(
                     c,
                     "CREATE TABLE IF NOT EXISTS stress.dense (key blob, column1 blob, value blob, "
                     "PRIMARY KEY (key, column1)) WITH COMPACT STORAGE",
                     e);
}

static int co_fn open_connection(stress_connection *c, err_info *e)
{
    thrift_reply r;
    thrift_set_keyspace_args args = {BYTES_LIT("stress")};
    return ask(c, THRIFT_METHOD_SET_KEYSPACE, &args, &r, e);
}

static int32_t level(const stress_connection *c)
{
    static const int32_t numbers[] = {
#define X(name, native, thrift) [native] = thrift,
        CONSISTENCIES(X)
#undef X
    };
    return numbers[c->run->o->cl];
}

static void put(stress_connection *c, bool write, uint64_t key, uint16_t tag)
{
    uint8_t text[STRESS_KEY];
    buf *out = stream_output(c->stream);
    size_t at = begin(c);
    stress_key(key, text);
    if (write) {
        thrift_insert_args args = {.key = bytes_of(text, sizeof text),
                                   .consistency_level = level(c)};
        args.column_parent.column_family = BYTES_LIT("dense");
        args.column = thrift_column_default;
        args.column.name = BYTES_LIT("c");
        args.column.value = bytes_of(c->value, c->run->o->value_bytes);
        args.column.has_timestamp = true;
        args.column.timestamp = env_now_us(c->run->env);
        thrift_encode_call(out, THRIFT_METHOD_INSERT, tag, &args);
    } else {
        thrift_get_args args = {.key = bytes_of(text, sizeof text), .consistency_level = level(c)};
        args.column_path.column_family = BYTES_LIT("dense");
        args.column_path.column = BYTES_LIT("c");
        thrift_encode_call(out, THRIFT_METHOD_GET, tag, &args);
    }
    thrift_frame_end(out, at);
}

static int take(stress_connection *c, bytes in, size_t *ret_used, uint16_t *ret_tag,
                bool *ret_failed, err_info *e)
{
    bytes message;
    thrift_reply reply;
    int r = thrift_next_message(in, true, 16 << 20, NULL, &message, ret_used, e);
    if (r <= 0)
        return r;
    r = thrift_decode_reply(message, &c->arena, &reply, e);
    if (r < 0)
        return r;
    *ret_tag = (uint16_t)reply.seqid;
    r = thrift_reply_error(&reply, e);
    *ret_failed = r < 0 && r != ERR_NOT_FOUND; /* a key that was never written */
    return 1;
}

const stress_wire stress_thrift = {"thrift", 9160, true, setup, open_connection, put, take};
