/* Prepared statements, batches of the protocol, names, paging states that are garbage. */
#include "tests/unit/cql/node.h"

static void make_table(test_node *n, arena *a)
{
    cql_result r;
    node_ok(n, a,
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', "
            "'replication_factor': 1}",
            &r);
    node_ok(n, a, "USE ks", &r);
    node_ok(n, a, "CREATE TABLE t (k int PRIMARY KEY, a text, b int)", &r);
}

static statement *prepare(test_node *n, const char *text)
{
    statement *s;
    err_info err = {0};
    if (cql_prepare(n->q, n->e, &n->client, bytes_str(text), &s, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return s;
}

static bytes int_value(arena *a, uint32_t v)
{
    uint8_t *p = arena_alloc(a, 4);
    put_be32(p, v);
    return bytes_of(p, 4);
}

static int execute(test_node *n, statement *s, const query_options *o, arena *a, cql_result *r,
                   err_info *err)
{
    *err = (err_info){0};
    return cql_execute(n->q, n->e, &n->client, s, o, a, r, err);
}

static void in_prepare(test_node *n, void *arg)
{
    arena a;
    cql_result r;
    err_info err;
    (void)arg;
    arena_init(&a, 4096);
    make_table(n, &a);
    statement *s = prepare(n, "INSERT INTO t (a, k) VALUES (?, :key)"), *found;
    const statement_info *info = statement_get_info(s);
    assert_int_equal(info->n_markers, 2);
    assert_string_equal(info->markers[0].name, "a");
    assert_string_equal(info->markers[1].name, "key");
    assert_int_equal(info->n_key, 1);
    assert_int_equal(info->key_indexes[0], 1);
    assert_true(info->is_batchable && !info->is_select && info->n_columns == 0);
    assert_int_equal(cql_find(n->q, n->e, info->id, &found, &err), 0);
    assert_ptr_equal(found, s);
    statement_unref(found);
    assert_int_equal(cql_find_thrift(n->q, n->e, info->thrift_id, &found, &err), 0);
    statement_unref(found);
    uint8_t other[16] = {1, 2, 3};
    assert_int_equal(cql_find(n->q, n->e, other, &found, &err), ERR_UNPREPARED);
    assert_memory_equal(err.statement_id, other, 16);

    query_options o = node_options();
    bytes values[2] = {bytes_str("x"), int_value(&a, 5)};
    bytes by_name[2] = {bytes_str("key"), bytes_str("a")};
    bytes named[2] = {values[1], values[0]};
    o.n_values = 2;
    o.values = named;
    o.names = by_name;
    assert_int_equal(execute(n, s, &o, &a, &r, &err), 0);
    o.names = NULL;
    o.n_values = 1;
    assert_int_equal(execute(n, s, &o, &a, &r, &err), ERR_INVALID);

    /* A statement outlives schema changes: analysed anew, or refused when its table is gone. */
    statement *all = prepare(n, "SELECT * FROM t");
    o = node_options();
    assert_int_equal(execute(n, all, &o, &a, &r, &err), 0);
    assert_int_equal(r.n_columns, 3);
    assert_int_equal(r.n_rows, 1);
    node_ok(n, &a, "ALTER TABLE t ADD c int", &r);
    assert_int_equal(execute(n, all, &o, &a, &r, &err), 0);
    assert_int_equal(r.n_columns, 4);
    node_ok(n, &a, "DROP TABLE t", &r);
    assert_int_equal(execute(n, all, &o, &a, &r, &err), ERR_INVALID);
    assert_int_equal(cql_find(n->q, n->e, info->id, &found, &err), ERR_INVALID);
    statement_unref(all);
    statement_unref(s);
    arena_done(&a);
}

static void test_prepare(void **state)
{
    (void)state;
    node_run(1, in_prepare, NULL);
}

static int find(test_node *n, const statement *s)
{
    statement *found = NULL;
    err_info err = {0};
    int r = cql_find(n->q, n->e, statement_get_info(s)->id, &found, &err);
    if (r == ERR_UNPREPARED)
        assert_memory_equal(err.statement_id, statement_get_info(s)->id, 16);
    statement_unref(found);
    return r;
}

/* What PREPARE told holds no more: the client has to prepare again, and once is enough. */
static void in_alter(test_node *n, void *arg)
{
    arena a;
    cql_result r;
    (void)arg;
    arena_init(&a, 4096);
    make_table(n, &a);
    statement *all = prepare(n, "SELECT * FROM t"), *some = prepare(n, "SELECT a FROM t"),
              *put = prepare(n, "INSERT INTO t (k, b) VALUES (?, ?)");
    node_ok(n, &a, "CREATE TABLE other (k int PRIMARY KEY)", &r);
    assert_int_equal(find(n, all), 0);
    node_ok(n, &a, "ALTER TABLE t ADD c int", &r);
    assert_int_equal(find(n, all), ERR_UNPREPARED);
    assert_int_equal(find(n, all), ERR_UNPREPARED);
    assert_int_equal(find(n, some), 0);
    assert_int_equal(find(n, put), 0);
    statement_unref(all);
    all = prepare(n, "SELECT * FROM t");
    assert_int_equal(statement_get_info(all)->n_columns, 4);
    assert_int_equal(find(n, all), 0);
    node_ok(n, &a, "ALTER TABLE t RENAME k TO key", &r);
    assert_int_equal(find(n, all), ERR_UNPREPARED);
    assert_int_equal(find(n, some), 0);
    node_ok(n, &a, "DROP TABLE t", &r);
    assert_int_equal(find(n, some), ERR_INVALID);
    node_ok(n, &a, "CREATE TABLE t (k int PRIMARY KEY, a text, b text)", &r);
    assert_int_equal(find(n, some), 0);
    assert_int_equal(find(n, put), ERR_UNPREPARED);
    statement_unref(all);
    statement_unref(some);
    statement_unref(put);
    arena_done(&a);
}

static void test_alter(void **state)
{
    (void)state;
    node_run(1, in_alter, NULL);
}

static void in_batch(test_node *n, void *arg)
{
    arena a;
    cql_result r;
    err_info err = {0};
    (void)arg;
    arena_init(&a, 4096);
    make_table(n, &a);
    statement *s = prepare(n, "UPDATE t SET b = ? WHERE k = ?");
    statement *q = prepare(n, "SELECT * FROM t");
    bytes one[2] = {int_value(&a, 10), int_value(&a, 1)}, two[2] = {int_value(&a, 20), one[1]};
    batch_entry entries[3] = {
        {.prepared = s, .n_values = 2, .values = one},
        {.text = bytes_str("INSERT INTO ks.t (k, a) VALUES (1, 'q')")},
        {.prepared = s, .n_values = 2, .values = two},
    };
    query_options o = node_options();
    o.timestamp_us = 77;
    assert_int_equal(cql_batch(n->q, n->e, &n->client, BATCH_LOGGED, entries, 3, &o, &a, &r, &err),
                     0);
    node_ok(n, &a, "SELECT a, b, writetime(a), writetime(b) FROM t WHERE k = 1", &r);
    assert_int_equal(r.n_rows, 1);
    assert_true(bytes_eq_str(r.values[0], "q"));
    assert_int_equal(get_be32(r.values[1].p), 20); /* equal timestamps: the greater value */
    assert_int_equal(get_be64(r.values[2].p), 77);
    assert_int_equal(get_be64(r.values[3].p), 77);
    entries[1] = (batch_entry){.prepared = q};
    assert_int_equal(cql_batch(n->q, n->e, &n->client, BATCH_LOGGED, entries, 3, &o, &a, &r, &err),
                     ERR_INVALID);
    entries[1] = (batch_entry){.text = bytes_str("INSERT INTO")};
    assert_int_equal(cql_batch(n->q, n->e, &n->client, BATCH_LOGGED, entries, 3, &o, &a, &r, &err),
                     ERR_SYNTAX);
    statement_unref(s);
    statement_unref(q);
    arena_done(&a);
}

static void test_batch(void **state)
{
    (void)state;
    node_run(2, in_batch, NULL);
}

static void in_paging(test_node *n, void *arg)
{
    arena a;
    cql_result r;
    err_info err;
    char text[100];
    (void)arg;
    arena_init(&a, 4096);
    make_table(n, &a);
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "INSERT INTO t (k, b) VALUES (%d, %d)", i, i);
        node_ok(n, &a, text, &r);
    }
    statement *s = prepare(n, "SELECT k FROM t");
    query_options o = node_options();
    o.page_size = 5;
    assert_int_equal(execute(n, s, &o, &a, &r, &err), 0);
    assert_int_equal(r.n_rows, 5);
    assert_true(r.paging_state.n > 8);
    uint8_t *state = (uint8_t *)arena_copy(&a, r.paging_state).p;
    size_t size = r.paging_state.n;
    for (size_t i = 0; i < size; i++) { /* every flipped byte, every cut is refused */
        state[i] ^= 0x40;
        o.paging_state = bytes_of(state, size);
        assert_int_equal(execute(n, s, &o, &a, &r, &err), ERR_PROTOCOL);
        state[i] ^= 0x40;
        o.paging_state = bytes_of(state, i);
        assert_int_equal(execute(n, s, &o, &a, &r, &err), ERR_PROTOCOL);
    }
    o.paging_state = bytes_of(state, size);
    assert_int_equal(execute(n, s, &o, &a, &r, &err), 0);
    assert_int_equal(r.n_rows, 5);
    statement_unref(s);
    arena_done(&a);
}

static void test_paging(void **state)
{
    (void)state;
    node_run(3, in_paging, NULL);
}

/* What DESCRIBE says makes the same thing again. */
static void in_describe(test_node *n, void *arg)
{
    static const char *const tables[] = {
        ("CREATE TABLE ks.x (k int PRIMARY KEY, v text) WITH comment = 'it''s' AND "
         "default_time_to_live = 7 AND gc_grace_seconds = 5 AND speculative_retry = '50ms' AND "
         "compression = {'enabled': 'false'} AND caching = {'keys': 'NONE'}"),
        ("CREATE TABLE ks.x (\"A b\" int, \"select\" text, c timeuuid, d blob static, e map<text, "
         "frozen<list<int>>>, PRIMARY KEY ((\"A b\", \"select\"), c)) WITH CLUSTERING ORDER BY (c "
         "DESC) "
         "AND compaction = {'class': 'LeveledCompactionStrategy', 'sstable_size_in_mb': 10}"),
        ("CREATE TABLE ks.x (k int, a int, b int, v text, PRIMARY KEY (k, a, b)) WITH COMPACT "
         "STORAGE"),
        ("CREATE TABLE ks.x (k int, a int, PRIMARY KEY (k, a)) WITH COMPACT STORAGE"),
        ("CREATE TABLE ks.x (k int PRIMARY KEY, a int, b text) WITH COMPACT STORAGE"),
        ("CREATE TABLE ks.x (k int PRIMARY KEY, n counter)"),
        ("CREATE TABLE ks.x (k int PRIMARY KEY, f frozen<u>, m u, t tuple<int, "
         "frozen<set<text>>>)"),
    };
    arena a;
    cql_result r;
    (void)arg;
    arena_init(&a, 4096);
    make_table(n, &a);
    node_ok(n, &a, "CREATE TYPE ks.u (a int, \"B\" frozen<list<text>>)", &r);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        node_ok(n, &a, tables[i], &r);
        node_ok(n, &a, "DESCRIBE TABLE ks.x", &r);
        const char *text = arena_str(&a, r.values[3]);
        node_ok(n, &a, "DROP TABLE ks.x", &r);
        node_ok(n, &a, text, &r);
        node_ok(n, &a, "DESCRIBE TABLE ks.x", &r);
        assert_string_equal(arena_str(&a, r.values[3]), text);
        node_ok(n, &a, "DROP TABLE ks.x", &r);
    }
    static const char *const all[] = {"DESCRIBE FULL SCHEMA",
                                      "DESCRIBE SCHEMA",
                                      "DESCRIBE KEYSPACE system_virtual_schema",
                                      "DESCRIBE KEYSPACE system",
                                      "DESCRIBE system.local",
                                      "DESCRIBE TABLE system_virtual_schema.columns"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        node_ok(n, &a, all[i], &r);
        assert_true(r.n_rows > 0 && r.n_columns == 4);
    }
    node_ok(n, &a, "DESCRIBE TYPE ks.u", &r);
    const char *text = arena_str(&a, r.values[3]);
    node_ok(n, &a, "DROP TYPE ks.u", &r);
    node_ok(n, &a, text, &r);
    node_ok(n, &a, "DESCRIBE KEYSPACE ks ONLY", &r);
    text = arena_str(&a, r.values[3]);
    node_ok(n, &a, "DROP KEYSPACE ks", &r);
    node_ok(n, &a, text, &r);
    arena_done(&a);
}

static void test_describe(void **state)
{
    (void)state;
    node_run(4, in_describe, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare),  cmocka_unit_test(test_alter),
        cmocka_unit_test(test_batch),    cmocka_unit_test(test_paging),
        cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
