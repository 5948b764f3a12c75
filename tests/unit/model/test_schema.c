#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/must.h"
#include "model/schema.h"

static arena A;
#define P PARTITIONER_MURMUR3

/* ---- a store of schema mutations ---- */
static int by_clustering(const void *a, const void *b)
{
    return bytes_cmp(((const row *)a)->clustering, ((const row *)b)->clustering);
}

static read_result *result_of(const mutation *m)
{
    read_result *r = arena_new(&A, read_result);
    partition *p = arena_new(&A, partition);
    *p = (partition){.key = m->key,
                     .deletion = m->deletion,
                     .n_rows = m->n_rows,
                     .n_ranges = m->n_ranges,
                     .ranges = m->ranges};
    if (m->n_rows)
        qsort(m->rows, m->n_rows, sizeof(row), by_clustering);
    p->rows = arena_array(&A, row *, m->n_rows);
    for (uint32_t i = 0; i < m->n_rows; i++) {
        p->rows[i] = &m->rows[i];
        assert_true(i == 0 || bytes_cmp(p->rows[i - 1]->clustering, p->rows[i]->clustering) < 0);
    }
    r->n_partitions = 1;
    r->partitions = p;
    return r;
}

/* Through bytes, as in a commit log. */
static read_result *stored(const mutation *m)
{
    buf b = {0};
    mutation *back = arena_new(&A, mutation);
    mutation_encode(m, &b);
    assert_int_equal(mutation_decode(arena_copy(&A, buf_view(&b)), &A, back, NULL), 0);
    buf_done(&b);
    return result_of(back);
}

static schema_rows rows_of(const schema *s, const mutations *ms)
{
    static const char *const names[] = {"keyspaces", "tables",    "columns", "dropped_columns",
                                        "types",     "indexes",   "views",   "triggers",
                                        "functions", "aggregates"};
    schema_rows rows = {0};
    read_command c = {.limit = UINT32_MAX, .partition_limit = UINT32_MAX, .partitioner = P};
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        const table *t = schema_table(s, "system_schema", names[i]);
        const read_result **parts = arena_array(&A, const read_result *, ms->n + 1);
        size_t n = 0;
        for (unsigned k = 0; k < ms->n; k++)
            if (uuid_eq(ms->p[k].table, t->id))
                parts[n++] = stored(&ms->p[k]);
        parts[n++] = arena_new(&A, read_result);
        rows.tables[rows.n_tables].table = t;
        rows.tables[rows.n_tables++].result = read_result_merge(&c, parts, n, &A);
    }
    return rows;
}

static schema *built(const schema *from, const mutations *ms)
{
    schema *s;
    err_info e = {0};
    schema_rows rows = rows_of(from, ms);
    if (schema_build(P, &rows, NULL, 0, &s, &e) < 0)
        fail_msg("%s", e.text);
    return s;
}

static const type *parse(const char *text)
{
    const type *t;
    assert_int_equal(type_parse_cql(&A, bytes_str(text), NULL, &t, NULL), 0);
    return t;
}

static table_draft draft(const char *ks, const char *name, unsigned flags, unsigned n,
                         column_draft *columns)
{
    table_draft d = {.keyspace = ks,
                     .name = name,
                     .flags = flags,
                     .n_columns = n,
                     .columns = columns,
                     .options = table_options_default};
    d.id = uuid_name(bytes_str(name));
    return d;
}

static const option simple_strategy[] = {{"class", "org.apache.cassandra.locator.SimpleStrategy"},
                                         {"replication_factor", "3"}};
static const keyspace_draft KS = {"ks", true, {2, simple_strategy}};

static column_draft *customer_columns(void)
{
    column_draft *c = arena_array(&A, column_draft, 5);
    c[0] = (column_draft){BYTES_LIT("name"), parse("text"), COLUMN_REGULAR, -1, false};
    c[1] = (column_draft){BYTES_LIT("at"), parse("timestamp"), COLUMN_CLUSTERING, 0, true};
    c[2] = (column_draft){BYTES_LIT("id"), parse("int"), COLUMN_PARTITION, 0, false};
    c[3] = (column_draft){BYTES_LIT("owner"), parse("text"), COLUMN_STATIC, -1, false};
    c[4] = (column_draft){BYTES_LIT("attrs"), parse("map<text, int>"), COLUMN_REGULAR, -1, false};
    return c;
}

/* ---- tests ---- */
static void test_system(void **state)
{
    (void)state;
    schema *s = schema_system(P);
    char text[UUID_TEXT];
    assert_string_equal(uuid_format(s->version, text), "59adb24e-f3cd-3e02-97f0-5b395827453f");
    const table *t = schema_table(s, "system_schema", "tables");
    assert_string_equal(uuid_format(t->id, text), "afddfb9d-bc1e-3068-8056-eed6c302ba09");
    assert_ptr_equal(schema_table_by_id(s, &t->id), t);
    assert_int_equal(t->n_partition, 1);
    assert_int_equal(t->n_clustering, 1);
    assert_string_equal(t->select_order[1]->name, "table_name");
    assert_string_equal(t->select_order[2]->name, "additional_write_policy");
    assert_string_equal(type_cql_name(&A, table_column(t, BYTES_LIT("flags"))->type),
                        "frozen<set<text>>");
    assert_non_null(schema_table(s, "system", "ilion_state"));
    assert_non_null(schema_table(s, "system_traces", "events"));
    assert_non_null(schema_table(s, "system_auth", "roles"));
    assert_null(schema_table(s, "system", "nothing"));
    assert_null(schema_keyspace(s, "ks"));
    assert_true(keyspace_is_system("system_auth") && !keyspace_is_system("ks"));
    assert_null(schema_unref(s));
    assert_null(schema_unref(NULL));
}

static void test_create_alter_drop(void **state)
{
    (void)state;
    schema *s = schema_system(P), *t1, *t2, *t3, *t4;
    mutations ms = {0};
    table_draft d = draft("ks", "customers", TABLE_COMPOUND, 5, customer_columns());
    d.options.comment = "who buys";
    d.options.gc_grace_s = 77;
    schema_put_keyspace(s, &KS, 10, &A, &ms);
    schema_put_table(s, &d, NULL, 10, 1, &A, &ms);
    t1 = built(s, &ms);
    const table *t = schema_table(t1, "ks", "customers");
    assert_non_null(t);
    assert_string_equal(options_get(t->in->replication, "replication_factor"), "3");
    assert_true(uuid_eq(t->id, d.id));
    const char *const order[] = {"id", "at", "owner", "attrs", "name"};
    assert_int_equal(t->n_select, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_string_equal(t->select_order[i]->name, order[i]);
    assert_true(t->clustering.n == 1 && t->clustering.desc[0]);
    assert_string_equal(t->options.comment, "who buys");
    assert_int_equal(t->options.gc_grace_s, 77);
    assert_true(t->options.bloom_filter_fp_chance == 0.01 && t->options.crc_check_chance == 1.0);
    assert_string_equal(options_get(t->options.caching, "keys"), "ALL");
    assert_string_equal(options_get(t->options.compression, "chunk_length_in_kb"), "16");
    assert_string_equal(type_cql_name(&A, table_column(t, BYTES_LIT("attrs"))->type),
                        "map<text, int>");
    assert_ptr_equal(table_column_by_id(t, column_id_of(BYTES_LIT("name"))),
                     table_column(t, BYTES_LIT("name")));
    assert_true(table_has_static(t) && !table_is_compact(t) && !table_is_counter(t));

    /* ALTER: a column is dropped, an option changes */
    table_draft_of(t, &A, &d);
    unsigned n = 0;
    for (unsigned i = 0; i < d.n_columns; i++)
        if (!bytes_eq_str(d.columns[i].name, "name"))
            d.columns[n++] = d.columns[i];
    d.n_columns = n;
    d.dropped =
        &(dropped_column){"name", parse("text"), column_id_of(BYTES_LIT("name")), 20000, false};
    d.n_dropped = 1;
    d.options.comment = "";
    schema_put_table(t1, &d, t, 20, 2, &A, &ms);
    t2 = built(t1, &ms);
    const table *u = schema_table(t2, "ks", "customers");
    assert_int_equal(u->n_columns, 4);
    assert_null(table_column(u, BYTES_LIT("name")));
    assert_int_equal(u->n_dropped, 1);
    assert_int_equal(u->dropped[0].dropped_us, 20000);
    assert_string_equal(u->options.comment, "");
    assert_false(uuid_eq(t1->version, t2->version));

    /* DROP, then CREATE anew */
    schema_drop_table(t2, u, 30, 3, &A, &ms);
    t3 = built(t2, &ms);
    assert_null(schema_table(t3, "ks", "customers"));
    assert_non_null(schema_keyspace(t3, "ks"));
    d = draft("ks", "customers", TABLE_COMPOUND, 5, customer_columns());
    d.options.comment = "who buys";
    d.options.gc_grace_s = 77;
    schema_put_table(t3, &d, NULL, 40, 4, &A, &ms);
    t4 = built(t3, &ms);
    assert_int_equal(schema_table(t4, "ks", "customers")->n_columns, 5);
    assert_int_equal(schema_table(t4, "ks", "customers")->n_dropped, 0);
    assert_true(uuid_eq(t1->version, t4->version)); /* the same definitions */
    schema_unref(t4);
    schema_drop_keyspace(t3, "ks", 50, 5, &A, &ms);
    t4 = built(t3, &ms);
    assert_null(schema_keyspace(t4, "ks"));
    assert_true(uuid_eq(t4->version, s->version));
    schema *all[] = {s, t1, t2, t3, t4};
    for (int i = 0; i < 5; i++)
        schema_unref(all[i]);
}

static void test_types(void **state)
{
    (void)state;
    schema *s = schema_system(P), *b;
    mutations ms = {0};
    schema_put_keyspace(s, &KS, 1, &A, &ms);
    /* "address" needs "zip", which comes later by name */
    type zip = {.kind = TYPE_UDT, .n_args = 1, .keyspace = "ks", .name = "zip"};
    zip.args = (const type *[]){parse("int")};
    zip.fields = (const char *[]){"code"};
    type frozen_zip = zip;
    frozen_zip.frozen = true;
    type address = {.kind = TYPE_UDT, .n_args = 2, .keyspace = "ks", .name = "address"};
    address.args = (const type *[]){parse("text"), &frozen_zip};
    address.fields = (const char *[]){"street", "zip"};
    schema_put_type(s, "ks", &address, 1, &A, &ms);
    schema_put_type(s, "ks", &zip, 1, &A, &ms);
    column_draft c[] = {{BYTES_LIT("k"), parse("text"), COLUMN_PARTITION, 0, false},
                        {BYTES_LIT("v"), &address, COLUMN_REGULAR, -1, false}};
    table_draft d = draft("ks", "t", TABLE_COMPOUND, 2, c);
    schema_put_table(s, &d, NULL, 1, 0, &A, &ms);
    b = built(s, &ms);
    const keyspace *ks = schema_keyspace(b, "ks");
    assert_int_equal(ks->n_types, 2);
    const type *t = keyspace_type(ks, "address");
    assert_string_equal(t->fields[1], "zip");
    assert_true(t->args[1]->frozen && t->args[1]->args[0]->kind == TYPE_INT);
    const type *v = table_column(schema_table(b, "ks", "t"), BYTES_LIT("v"))->type;
    assert_true(type_is_multicell(v) && type_equal(v, t));
    schema_unref(b);

    schema_drop_type(s, "ks", "zip", 2, 1, &A, &ms); /* still needed */
    schema_rows rows = rows_of(s, &ms);
    err_info e = {0};
    assert_int_equal(schema_build(P, &rows, NULL, 0, &b, &e), ERR_CORRUPT);
    assert_non_null(strstr(e.text, "ks.address"));
    schema_unref(s);
}

static void test_compact(void **state)
{
    (void)state;
    schema *s = schema_system(P), *b;
    mutations ms = {0};
    schema_put_keyspace(s, &KS, 1, &A, &ms);
    column_draft c[] = {{BYTES_LIT("k"), parse("text"), COLUMN_PARTITION, 0, false},
                        {BYTES_LIT("value"), parse("int"), COLUMN_REGULAR, -1, false},
                        {BYTES_LIT("b"), parse("text"), COLUMN_REGULAR, -1, false}};
    table_draft d = draft("ks", "static_one", 0, 3, c);
    schema_put_table(s, &d, NULL, 1, 0, &A, &ms);
    column_draft c2[] = {{BYTES_LIT("k"), parse("text"), COLUMN_PARTITION, 0, false},
                         {BYTES_LIT("c"), parse("int"), COLUMN_CLUSTERING, 0, false}};
    d = draft("ks", "dense_one", TABLE_DENSE, 2, c2);
    schema_put_table(s, &d, NULL, 1, 0, &A, &ms);
    b = built(s, &ms);
    const table *t = schema_table(b, "ks", "static_one");
    assert_true(table_is_compact(t) && table_is_static_compact(t));
    assert_int_equal(t->n_static, 2);
    assert_int_equal(t->n_select, 3);
    assert_string_equal(t->select_order[1]->name, "b");
    assert_string_equal(t->clustering_columns[0].name, "column1");
    assert_null(table_column(t, BYTES_LIT("column1")));
    assert_int_equal(table_column(t, BYTES_LIT("value"))->kind, COLUMN_STATIC);
    assert_string_equal(t->columns[t->n_columns - 1].name, "value2");
    table_draft again;
    table_draft_of(t, &A, &again);
    table_draft_complete(&again, &A);
    assert_int_equal(again.n_columns, t->n_columns);
    t = schema_table(b, "ks", "dense_one");
    assert_int_equal(t->n_select, 2);
    assert_int_equal(t->n_regular, 1);
    schema_unref(b);
    schema_unref(s);
}

static void test_check(void **state)
{
    (void)state;
    err_info e;
    column_draft c[] = {{BYTES_LIT("k"), parse("text"), COLUMN_PARTITION, 0, false},
                        {BYTES_LIT("a"), parse("int"), COLUMN_REGULAR, -1, false},
                        {BYTES_LIT("a"), parse("int"), COLUMN_REGULAR, -1, false}};
    table_draft d = draft("ks", "t", TABLE_COMPOUND, 3, c);
    assert_int_equal(schema_check_table(&d, &e), ERR_INVALID);
    assert_non_null(strstr(e.text, "Multiple definition"));
    d.n_columns = 2;
    assert_int_equal(schema_check_table(&d, &e), 0);
    c[0].position = 1;
    assert_int_equal(schema_check_table(&d, &e), ERR_INVALID);
    c[0].kind = COLUMN_REGULAR;
    assert_int_equal(schema_check_table(&d, &e), ERR_INVALID);
    /* two names with one number, found by trying */
    c[0] = (column_draft){BYTES_LIT("k"), parse("text"), COLUMN_PARTITION, 0, false};
    map seen = {0};
    for (int i = 0; d.n_columns == 2; i++) {
        char *name = arena_printf(&A, "c%d", i);
        uint32_t *id = arena_new(&A, uint32_t);
        *id = column_id_of(bytes_str(name));
        const char *other = map_put(&seen, bytes_of(id, 4), name);
        if (other) {
            c[1].name = bytes_str(name);
            c[2].name = bytes_str(other);
            d.n_columns = 3;
        }
    }
    map_done(&seen);
    assert_int_equal(schema_check_table(&d, &e), ERR_INVALID);
    assert_non_null(strstr(e.text, "same internal number"));
}

static void test_virtual_and_system_rows(void **state)
{
    (void)state;
    schema *s = schema_system(P), *b;
    column_draft c[] = {{BYTES_LIT("key"), parse("text"), COLUMN_PARTITION, 0, false},
                        {BYTES_LIT("tokens"), parse("set<text>"), COLUMN_REGULAR, -1, false}};
    table_draft v[] = {draft("system", "local", TABLE_COMPOUND, 2, c),
                       draft("system_virtual_schema", "tables", TABLE_COMPOUND, 2, c)};
    v[0].id = (uuid){{0}};
    assert_int_equal(schema_build(P, NULL, v, 2, &b, NULL), 0);
    const table *t = schema_table(b, "system", "local");
    char text[UUID_TEXT];
    assert_string_equal(uuid_format(t->id, text), "7ad54392-bcdd-35a6-8417-4e047860b377");
    assert_true(t->flags & TABLE_VIRTUAL);
    assert_false(t->in->virtual_);
    assert_true(schema_keyspace(b, "system_virtual_schema")->virtual_);
    mutations ms = {0};
    schema_put_system(b, &A, &ms);
    schema_put_system(b, &A, &ms);
    schema *after = built(b, &ms);
    assert_true(uuid_eq(after->version, s->version));
    /* a changed replication of system_auth is the users' */
    keyspace_draft ks = {"system_auth", true, {2, simple_strategy}};
    schema_put_keyspace(b, &ks, 1000, &A, &ms);
    schema_put_system(b, &A, &ms);
    schema *changed = built(b, &ms);
    assert_false(uuid_eq(changed->version, s->version));
    assert_string_equal(
        options_get(schema_keyspace(changed, "system_auth")->replication, "replication_factor"),
        "3");
    schema *all[] = {s, b, after, changed};
    for (int i = 0; i < 4; i++)
        schema_unref(all[i]);
}

/* One partition per system_schema table, of all mutations' rows. */
static read_result *together(const mutations *ms, const table *t)
{
    mutation m = {.deletion = DELETION_NONE, .key = BYTES_LIT("ks")};
    for (unsigned i = 0; i < ms->n; i++)
        m.n_rows += uuid_eq(ms->p[i].table, t->id) ? ms->p[i].n_rows : 0;
    m.rows = arena_array(&A, row, m.n_rows);
    uint32_t n = 0;
    for (unsigned i = 0; i < ms->n; i++)
        for (uint32_t k = 0; uuid_eq(ms->p[i].table, t->id) && k < ms->p[i].n_rows; k++)
            m.rows[n++] = ms->p[i].rows[k];
    return result_of(&m);
}

static void test_many_tables(void **state)
{
    (void)state;
    schema *s = schema_system(P), *b;
    mutations ms = {0};
    schema_put_keyspace(s, &KS, 1, &A, &ms);
    for (int i = 0; i < 2000; i++) {
        char *name = arena_printf(&A, "table_%d", i);
        column_draft *c = arena_array(&A, column_draft, 10);
        c[0] = (column_draft){BYTES_LIT("id"), parse("int"), COLUMN_PARTITION, 0, false};
        for (int k = 1; k < 10; k++) {
            c[k] = (column_draft){.type = parse("text"), .kind = COLUMN_REGULAR, .position = -1};
            c[k].name = bytes_str(arena_printf(&A, "column_%d", k));
        }
        table_draft d = draft("ks", name, TABLE_COMPOUND, 10, c);
        schema_put_table(s, &d, NULL, 1, 0, &A, &ms);
    }
    schema_rows rows = {.n_tables = 3};
    const char *const names[] = {"keyspaces", "tables", "columns"};
    for (int i = 0; i < 3; i++) {
        rows.tables[i].table = schema_table(s, "system_schema", names[i]);
        rows.tables[i].result = together(&ms, rows.tables[i].table);
    }
    clock_t start = clock();
    err_info e;
    assert_int_equal(schema_build(P, &rows, NULL, 0, &b, &e), 0);
    double ms_taken = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
    print_message("2000 tables: %.0f ms, %zu KiB\n", ms_taken, b->arena.used / 1024);
    assert_true(ms_taken < 2000);
    assert_int_equal(schema_keyspace(b, "ks")->n_tables, 2000);
    assert_int_equal(schema_table(b, "ks", "table_1999")->n_columns, 10);
    schema_unref(b);
    schema_unref(s);
}

static int reset(void **state)
{
    (void)state;
    arena_reset(&A);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_system, reset),
        cmocka_unit_test_teardown(test_create_alter_drop, reset),
        cmocka_unit_test_teardown(test_types, reset),
        cmocka_unit_test_teardown(test_compact, reset),
        cmocka_unit_test_teardown(test_check, reset),
        cmocka_unit_test_teardown(test_virtual_and_system_rows, reset),
        cmocka_unit_test_teardown(test_many_tables, reset),
    };
    arena_init(&A, 65536);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&A);
    return r;
}
