/* schema.h: keyspaces, tables and columns as an immutable snapshot.
 *
 * The truth is rows in the system_schema tables (last write wins, merged like any data); a
 * snapshot is built from them and replaced whole (schema_build). Tables keep a reference to their
 * snapshot's memory: whoever holds a schema_ref may use every table in it.
 *
 * Owner:  reference counted (atomic). schema_unref(NULL) is fine.
 * Thread: immutable, any thread.
 * Shapes of the system_schema tables: facts of Cassandra 4.1 (docs/formats.md, "schema").
 */
#pragma once
#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/uuid.h"
#include "model/key.h"
#include "model/read.h"
#include "model/type.h"

typedef enum column_kind {
    COLUMN_PARTITION,
    COLUMN_CLUSTERING,
    COLUMN_STATIC,
    COLUMN_REGULAR
} column_kind;

typedef struct column {
    bytes name_bytes; /* Thrift tables may have names that are no text */
    const char *name; /* text form; the CQL name */
    const type *type;
    column_kind kind;
    int position; /* in the partition or clustering key; -1 else */
    bool desc;    /* clustering order */
    column_id id;
    int ordinal; /* index in table->columns */
} column;

/* A column as clients are told of it: in result and prepared metadata. */
typedef struct column_spec {
    const char *keyspace, *table, *name;
    const type *type;
} column_spec;

typedef struct option {
    const char *name, *value;
} option; /* of a map option, by name */
typedef struct options {
    unsigned n;
    const option *p;
} options;
const char *options_get(options o, const char *name); /* NULL: absent */

typedef struct dropped_column {
    const char *name;
    const type *type;
    column_id id;
    int64_t dropped_us;
    bool is_static;
} dropped_column;

typedef struct index_def {
    const char *name;
    const char *kind;
    options options;
} index_def;

/* Every table option, kept and shown even where it means nothing yet. */
typedef struct table_options {
    const char *comment;
    double bloom_filter_fp_chance, crc_check_chance;
    double read_repair_chance, dclocal_read_repair_chance; /* for Thrift and old drivers */
    int default_time_to_live_s, gc_grace_s;
    int min_index_interval, max_index_interval, memtable_flush_period_ms;
    const char *speculative_retry, *additional_write_policy, *read_repair, *memtable;
    bool cdc;
    options caching, compaction, compression, extensions;
} table_options;
extern const table_options table_options_default;

enum table_flags {
    TABLE_COMPOUND = 1, /* flags set<text> of system_schema.tables: compound dense super counter */
    TABLE_DENSE = 2,
    TABLE_SUPER = 4,
    TABLE_COUNTER = 8,
    TABLE_VIRTUAL = 16, /* answered by a function, not by storage */
};
/* COMPACT STORAGE, as Thrift sees it, is every table without COMPOUND or with DENSE.
 *
 * A "static" compact table has none of COMPOUND, DENSE, SUPER (COMPACT STORAGE without clustering,
 * or a Thrift column family with declared columns). Its declared columns are static columns, and
 * it has a hidden clustering column (`column1`, the comparator's type) and a hidden regular one
 * (`value`, the default validator's type) that hold names not declared: one row each. CQL sees the
 * key and the static columns only; system_schema.columns lists all, as Cassandra 4.1 does. A dense
 * table without a declared value has a hidden regular `value` of type empty.
 * Drafts may leave hidden columns out and call declared ones regular: schema_put_table completes
 * them. A draft that already has the clustering column must call its declared columns static. */

typedef struct table {
    uuid id;
    const char *keyspace, *name;
    unsigned flags;
    unsigned n_columns, n_partition, n_clustering, n_static, n_regular;
    const column *columns; /* partition key, clustering, then static and regular by name */
    unsigned n_select;     /* columns that are not hidden */
    const column *const
        *select_order; /* n_select, as SELECT * shows: partition, clustering, statics, regulars */
    const column *partition_columns, *clustering_columns; /* into columns */
    clustering_type clustering;                           /* for key.h */
    const type *key_type; /* the one partition column's type, or composite */
    table_options options;
    unsigned n_dropped, n_indexes;
    const dropped_column *dropped;
    const index_def *indexes;
    map by_name; /* name_bytes -> column */
    const struct keyspace *in;
} table;

static inline bool table_is_compact(const table *t)
{
    return (t->flags & (TABLE_DENSE | TABLE_SUPER)) || !(t->flags & TABLE_COMPOUND);
}
static inline bool table_is_static_compact(const table *t)
{
    return !(t->flags & (TABLE_DENSE | TABLE_SUPER | TABLE_COMPOUND));
}
static inline bool table_is_counter(const table *t)
{
    return t->flags & TABLE_COUNTER;
}
static inline bool table_has_static(const table *t)
{
    return t->n_static != 0;
}
/* Not to be seen through CQL: not in select_order, not found by table_column. */
static inline bool column_is_hidden(const table *t, const column *c)
{
    if (table_is_static_compact(t))
        return c->kind == COLUMN_CLUSTERING || c->kind == COLUMN_REGULAR;
    return c->kind == COLUMN_REGULAR && c->type->kind == TYPE_EMPTY;
}
const column *table_column(const table *t, bytes name);         /* by name or name_bytes */
const column *table_column_by_id(const table *t, column_id id); /* NULL: unknown or dropped */

typedef struct keyspace {
    const char *name;
    bool durable_writes, virtual_;
    options replication; /* "class" is the full class name, the rest by name */
    unsigned n_tables, n_types;
    const table *const *tables; /* by name */
    const type *const *types;   /* UDTs by name */
} keyspace;

typedef struct schema {
    atomic_int refs;
    arena arena;
    uuid version; /* digest of the schema rows, as a version 3 UUID */
    unsigned n_keyspaces;
    const keyspace *const *keyspaces; /* by name; system ones included */
    map by_name;                      /* keyspace name -> keyspace */
    map tables_by_name;               /* "ks\0table" -> table */
    map tables_by_id;                 /* uuid bytes -> table */
} schema;

schema *schema_ref(schema *s);
schema *schema_unref(schema *s); /* returns NULL */
const keyspace *schema_keyspace(const schema *s, const char *name);
const table *schema_table(const schema *s, const char *keyspace, const char *name);
const table *schema_table_by_id(const schema *s, const uuid *id);
const type *keyspace_type(const keyspace *ks, const char *name); /* UDT */
bool keyspace_is_system(const char *name); /* system, system_schema, ...: not user-modifiable */
/* system and system_schema: each node has its own. */
bool keyspace_is_local(const char *name);

/* ---- definitions in the making (DDL, Thrift, tests) ---- mutable drafts, then rows ---- */
typedef struct column_draft {
    bytes name;
    const type *type;
    column_kind kind;
    int position;
    bool desc;
} column_draft;
typedef struct table_draft {
    uuid id;
    const char *keyspace, *name;
    unsigned flags;
    unsigned n_columns;
    column_draft *columns; /* any order */
    table_options options;
    unsigned n_dropped, n_indexes;
    dropped_column *dropped;
    index_def *indexes;
} table_draft;
typedef struct keyspace_draft {
    const char *name;
    bool durable_writes;
    options replication;
} keyspace_draft;

/* The static tables whose definition every node knows: system_schema.* and system.* (real ones).
 * Snapshot with those only (and virtual ones added by name): the start of everything. */
schema *schema_system(partitioner p);
/* A snapshot: the static tables, the virtual tables given (copied; flagged TABLE_VIRTUAL; a zero id
 * is made from the names), and what the rows say. `rows` are the partitions of the system_schema
 * tables as read; dead rows and rows of dropped keyspaces or tables are passed over. Of the system
 * keyspaces only the replication of system_auth and system_traces is taken from rows.
 * ERR_CORRUPT names the row. rows may be NULL. */
typedef struct schema_rows {
    unsigned n_tables;
    struct {
        const table *table;
        const read_result *result;
    } tables[16];
} schema_rows;
int schema_build(partitioner p, const schema_rows *rows, const table_draft *virtuals,
                 unsigned n_virtuals, schema **ret, err_info *e);

/* The mutations that make a change, all at one timestamp (us). Appended to *ret (arena array).
 * A table's old definition, when given, says which rows to delete. */
typedef struct mutations {
    unsigned n, cap;
    mutation *p;
} mutations;
mutation *mutations_add(mutations *ms, arena *a);
void schema_put_keyspace(const schema *s, const keyspace_draft *ks, int64_t ts, arena *a,
                         mutations *ret);
void schema_drop_keyspace(const schema *s, const char *name, int64_t ts, int32_t now_s, arena *a,
                          mutations *ret);
void schema_put_table(const schema *s, const table_draft *t, const table *old, int64_t ts,
                      int32_t now_s, arena *a, mutations *ret);
void schema_drop_table(const schema *s, const table *t, int64_t ts, int32_t now_s, arena *a,
                       mutations *ret);
void schema_put_type(const schema *s, const char *keyspace, const type *udt, int64_t ts, arena *a,
                     mutations *ret);
void schema_drop_type(const schema *s, const char *keyspace, const char *name, int64_t ts,
                      int32_t now_s, arena *a, mutations *ret);
/* A draft that equals a table (to alter it); shares the table's memory, its arrays are new. */
void table_draft_of(const table *t, arena *a, table_draft *ret);
/* Adds the hidden columns of compact tables (above). Doing it twice changes nothing. */
void table_draft_complete(table_draft *d, arena *a);
/* What must hold of any table: a partition key, positions without gaps, no name twice, no two
 * columns (dropped ones included) of one column_id. ERR_INVALID. */
int schema_check_table(const table_draft *d, err_info *e);
/* The system keyspaces' own rows in system_schema, for clients that list them. Always the same
 * mutations at the same low timestamps, so they may be applied at every start. schema_build does
 * not read them, and they do not count for the version. */
void schema_put_system(const schema *s, arena *a, mutations *ret);

/* ---- building rows by column name, for system tables and tests ---- */
typedef struct row_builder {
    const table *table;
    arena *arena;
    int64_t timestamp;
    int32_t ttl_s, now_s;
    mutation *m;
    row *row; /* being filled */
    uint32_t cap;
} row_builder;
/* Starts a mutation of the partition with these partition key values. */
void row_builder_init(row_builder *b, const table *t, arena *a, mutation *m,
                      const bytes *key_values, int64_t ts);
void row_builder_row(row_builder *b, const bytes *clustering_values); /* a new row with marker */
void row_builder_set(row_builder *b, const char *column,
                     bytes value); /* simple or frozen; null = tombstone */
void row_builder_set_text(row_builder *b, const char *column, const char *text);
void row_builder_set_int(row_builder *b, const char *column,
                         int64_t v); /* int/bigint/boolean by type */
