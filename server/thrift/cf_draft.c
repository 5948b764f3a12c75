/* cf_draft.c: definitions that came over Thrift, as drafts of ours. */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "server/thrift/cf_def.h"

enum { NAME_MAX_CHARS = 48, PARTS_MAX = 64 };

static bool is_given(bytes b)
{
    return b.p && b.n;
}

static int check_name(const char *what, bytes name, err_info *e)
{
    bool word = name.n > 0;
    for (size_t i = 0; i < name.n; i++)
        word &= isalnum(name.p[i]) || name.p[i] == '_';
    if (!word)
        return err_set(e, ERR_INVALID, "\"%.*s\" is not a valid %s name", (int)name.n,
                       (const char *)name.p, what);
    if (name.n > NAME_MAX_CHARS)
        return err_set(e, ERR_INVALID,
                       "%s names shouldn't be more than %d characters long (got \"%.*s\")", what,
                       NAME_MAX_CHARS, (int)name.n, (const char *)name.p);
    return 0;
}

/* ---- types ---- */

typedef struct parts {
    unsigned n;
    const type *types[PARTS_MAX];
    bool desc[PARTS_MAX];
    bool composite;
} parts;

static bytes trimmed(bytes b)
{
    while (b.n && isspace(b.p[0]))
        b = bytes_of(b.p + 1, b.n - 1);
    while (b.n && isspace(b.p[b.n - 1]))
        b.n--;
    return b;
}

/* The text between the parentheses of CompositeType(...); null for other classes. */
static bytes composite_arguments(bytes text)
{
    static const char full[] = "org.apache.cassandra.db.marshal.CompositeType(";
    static const char brief[] = "CompositeType(";
    text = trimmed(text);
    size_t skip = 0;
    if (text.n >= sizeof full && !memcmp(text.p, full, sizeof full - 1))
        skip = sizeof full - 1;
    else if (text.n >= sizeof brief && !memcmp(text.p, brief, sizeof brief - 1))
        skip = sizeof brief - 1;
    if (!skip || text.p[text.n - 1] != ')')
        return BYTES_NULL;
    return bytes_of(text.p + skip, text.n - skip - 1);
}

/* The next argument at the outer level; advances *rest. */
static bytes next_argument(bytes *rest)
{
    int depth = 0;
    size_t n = 0;
    for (; n < rest->n && (depth || rest->p[n] != ','); n++)
        depth += (rest->p[n] == '(') - (rest->p[n] == ')');
    bytes one = bytes_of(rest->p, n);
    size_t used = n < rest->n ? n + 1 : n;
    *rest = bytes_of(rest->p + used, rest->n - used);
    return trimmed(one);
}

static int parse_parts(arena *a, bytes text, parts *ret, err_info *e)
{
    const type *whole;
    *ret = (parts){.n = 1};
    int r = type_parse_class(a, text, &whole, &ret->desc[0], e);
    ret->types[0] = whole;
    bytes rest = composite_arguments(text);
    if (r < 0 || whole->kind != TYPE_COMPOSITE || !rest.p)
        return r;
    ret->composite = true;
    for (ret->n = 0; rest.n && r == 0; ret->n++) {
        if (ret->n == PARTS_MAX)
            return err_set(e, ERR_INVALID, "More than %d components in a composite type",
                           PARTS_MAX);
        r = type_parse_class(a, next_argument(&rest), &ret->types[ret->n], &ret->desc[ret->n], e);
    }
    return r;
}

/* ---- columns ---- */

static bool is_taken(const table_draft *d, const char *name)
{
    for (unsigned i = 0; i < d->n_columns; i++)
        if (bytes_eq_str(d->columns[i].name, name))
            return true;
    return false;
}

static bytes free_name(const table_draft *d, arena *a, const char *stem, unsigned first)
{
    const char *name = first ? arena_printf(a, "%s%u", stem, first) : stem;
    for (unsigned i = first ? first + 1 : 2; is_taken(d, name); i++)
        name = arena_printf(a, "%s%u", stem, i);
    return bytes_str(name);
}

static void add(table_draft *d, bytes name, const type *t, column_kind kind, int position,
                bool desc)
{
    d->columns[d->n_columns++] = (column_draft){name, t, kind, position, desc};
}

static int add_declared(const thrift_cf_def *d, const parts *comparator, arena *a, table_draft *ret,
                        err_info *e)
{
    for (size_t i = 0; i < d->column_metadata.n; i++) {
        const thrift_column_def *c = &d->column_metadata.v[i];
        const type *t, *names = comparator->types[0];
        if (c->has_index_type)
            return err_set(e, ERR_NOT_SUPPORTED, "Secondary indexes are not supported yet");
        if (c->name.n == 0)
            return err_set(e, ERR_INVALID, "Column name must not be empty");
        if (type_validate(names, c->name, NULL) < 0)
            return err_set(e, ERR_INVALID, "Column name %.*s is not valid for comparator %s",
                           (int)c->name.n, (const char *)c->name.p, type_class_name(a, names));
        int r = type_parse_class(a, c->validation_class, &t, NULL, e);
        if (r < 0)
            return r;
        add(ret, c->name, t, COLUMN_STATIC, -1, false);
    }
    return 0;
}

static int add_key(const thrift_cf_def *d, arena *a, table_draft *ret, err_info *e)
{
    parts key;
    bytes text =
        is_given(d->key_validation_class) ? d->key_validation_class : BYTES_LIT("BytesType");
    int r = parse_parts(a, text, &key, e);
    for (unsigned i = 0; r == 0 && i < key.n; i++) {
        bool aliased = i == 0 && is_given(d->key_alias) && key.n == 1;
        bytes name = aliased ? d->key_alias : free_name(ret, a, "key", i ? i + 1 : 0);
        add(ret, name, key.types[i], COLUMN_PARTITION, (int)i, false);
    }
    return r;
}

static int add_super(const thrift_cf_def *d, parts *comparator, arena *a, err_info *e)
{
    bytes text = is_given(d->subcomparator_type) ? d->subcomparator_type : BYTES_LIT("BytesType");
    if (d->column_metadata.n)
        return err_set(e, ERR_NOT_SUPPORTED,
                       "column_metadata of super column families is not supported yet");
    comparator->n = 2;
    return type_parse_class(a, text, &comparator->types[1], &comparator->desc[1], e);
}

static int build_columns(const thrift_cf_def *d, arena *a, table_draft *ret, err_info *e)
{
    parts names;
    const type *value;
    bool super = bytes_eq_str(d->column_type, "Super");
    bool declared = d->column_metadata.n && !super;
    bytes comparator = is_given(d->comparator_type) ? d->comparator_type : BYTES_LIT("BytesType");
    bytes validator = is_given(d->default_validation_class) ? d->default_validation_class
                                                            : BYTES_LIT("BytesType");
    if (!super && d->column_type.p && !bytes_eq_str(d->column_type, "Standard"))
        return err_set(e, ERR_INVALID, "Invalid column type %.*s", (int)d->column_type.n,
                       (const char *)d->column_type.p);
    int r = parse_parts(a, comparator, &names, e);
    if (r == 0 && (super || declared) && names.composite) { /* one name is one value */
        names.n = 1;
        names.composite = false;
        r = type_parse_class(a, comparator, &names.types[0], &names.desc[0], e);
    }
    if (r == 0 && super)
        r = add_super(d, &names, a, e);
    if (r == 0)
        r = type_parse_class(a, validator, &value, NULL, e);
    if (r < 0)
        return r;
    ret->columns = arena_array(a, column_draft, 2 * PARTS_MAX + d->column_metadata.n + 1);
    r = add_declared(d, &names, a, ret, e);
    if (r == 0)
        r = add_key(d, a, ret, e);
    for (unsigned i = 0; r == 0 && i < names.n; i++)
        add(ret, free_name(ret, a, "column", i + 1), names.types[i], COLUMN_CLUSTERING, (int)i,
            names.desc[i]);
    if (r == 0)
        add(ret, free_name(ret, a, "value", 0), value, COLUMN_REGULAR, -1, false);
    ret->flags = super ? TABLE_SUPER | TABLE_DENSE : declared ? 0 : TABLE_DENSE;
    ret->flags |= names.composite ? TABLE_COMPOUND : 0;
    ret->flags |= r == 0 && value->kind == TYPE_COUNTER ? TABLE_COUNTER : 0;
    return r;
}

/* ---- options ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const option *)a)->name, ((const option *)b)->name);
}

static options sorted(option *p, unsigned n)
{
    qsort(p, n, sizeof *p, by_name);
    return (options){n, p};
}

static const char *class_in(arena *a, const char *package, bytes name)
{
    bool full = memchr(name.p, '.', name.n);
    return arena_printf(a, "%s%.*s", full ? "" : package, (int)name.n, (const char *)name.p);
}

static void take_compaction(const thrift_cf_def *d, arena *a, table_options *o)
{
    const thrift_map_bytes_bytes *m = &d->compaction_strategy_options;
    option *p = arena_array(a, option, m->n + 3);
    unsigned n = 0;
    int least = d->has_min_compaction_threshold ? d->min_compaction_threshold : 4;
    int most = d->has_max_compaction_threshold ? d->max_compaction_threshold : 32;
    bytes strategy = is_given(d->compaction_strategy) ? d->compaction_strategy
                                                      : BYTES_LIT("SizeTieredCompactionStrategy");
    for (size_t i = 0; i < m->n; i++) {
        const char *name = arena_str(a, m->v[i].key);
        if (strcmp(name, "class") && strcmp(name, "min_threshold") && strcmp(name, "max_threshold"))
            p[n++] = (option){name, arena_str(a, m->v[i].value)};
    }
    p[n++] = (option){"class", class_in(a, "org.apache.cassandra.db.compaction.", strategy)};
    p[n++] = (option){"min_threshold", arena_printf(a, "%d", least)};
    p[n++] = (option){"max_threshold", arena_printf(a, "%d", most)};
    o->compaction = sorted(p, n);
}

static void take_compression(const thrift_cf_def *d, arena *a, table_options *o)
{
    const thrift_map_bytes_bytes *m = &d->compression_options;
    option *p = arena_array(a, option, m->n + 1);
    unsigned n = 0;
    bool off = true;
    if (!d->has_compression_options)
        return;
    for (size_t i = 0; i < m->n; i++) {
        bytes value = m->v[i].value;
        if (bytes_eq_str(m->v[i].key, "sstable_compression")) {
            off = value.n == 0;
            if (!off)
                p[n++] = (option){"class", class_in(a, "org.apache.cassandra.io.compress.", value)};
        } else if (bytes_eq_str(m->v[i].key, "chunk_length_kb")) {
            p[n++] = (option){"chunk_length_in_kb", arena_str(a, value)};
        }
    }
    if (off) {
        p[0] = (option){"enabled", "false"};
        n = 1;
    }
    o->compression = sorted(p, n);
}

static int take_caching(const thrift_cf_def *d, arena *a, table_options *o, err_info *e)
{
    static const struct {
        const char *text, *keys, *rows;
    } kinds[] = {{"all", "ALL", "ALL"},
                 {"keys_only", "ALL", "NONE"},
                 {"rows_only", "NONE", "ALL"},
                 {"none", "NONE", "NONE"}};
    const char *text = d->caching.p ? arena_str(a, d->caching) : "keys_only";
    option *p = arena_array(a, option, 2);
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcasecmp(kinds[i].text, text))
            continue;
        p[0] = (option){"keys", kinds[i].keys};
        p[1] = (option){"rows_per_partition", kinds[i].rows};
        o->caching = (options){2, p};
        return 0;
    }
    return err_set(e, ERR_CONFIG, "%s not found, available types: all, keys_only, rows_only, none.",
                   text);
}

static const char *retry_of(bytes text, arena *a)
{
    const char *s = arena_str(a, text);
    char *end;
    if (!strcasecmp(s, "none"))
        return "NEVER";
    double percent = strtod(s, &end);
    return end != s && !strcasecmp(end, "percentile") ? arena_printf(a, "%gp", percent) : s;
}

/* What d does not say stays as it is in *o. */
static int take_options(const thrift_cf_def *d, arena *a, table_options *o, err_info *e)
{
    if (d->has_read_repair_chance)
        o->read_repair_chance = d->read_repair_chance;
    if (d->has_dclocal_read_repair_chance)
        o->dclocal_read_repair_chance = d->dclocal_read_repair_chance;
    if (is_given(d->speculative_retry))
        o->speculative_retry = retry_of(d->speculative_retry, a);
    if (d->comment.p)
        o->comment = arena_str(a, d->comment);
    if (d->has_gc_grace_seconds)
        o->gc_grace_s = d->gc_grace_seconds;
    if (d->has_bloom_filter_fp_chance)
        o->bloom_filter_fp_chance = d->bloom_filter_fp_chance;
    if (d->has_default_time_to_live)
        o->default_time_to_live_s = d->default_time_to_live;
    if (d->has_memtable_flush_period_in_ms)
        o->memtable_flush_period_ms = d->memtable_flush_period_in_ms;
    if (d->has_index_interval || d->has_min_index_interval)
        o->min_index_interval =
            d->has_min_index_interval ? d->min_index_interval : d->index_interval;
    if (d->has_max_index_interval)
        o->max_index_interval = d->max_index_interval;
    if (d->has_min_compaction_threshold || d->has_max_compaction_threshold ||
        d->has_compaction_strategy_options || is_given(d->compaction_strategy))
        take_compaction(d, a, o);
    take_compression(d, a, o);
    return take_caching(d, a, o, e);
}

/* ---- whole definitions ---- */

int cf_def_to_draft(const thrift_cf_def *d, arena *a, table_draft *ret, err_info *e)
{
    *ret = (table_draft){.keyspace = arena_str(a, d->keyspace), .name = arena_str(a, d->name)};
    int r = check_name("column family", d->name, e);
    if (r == 0 && d->triggers.n)
        r = err_set(e, ERR_NOT_SUPPORTED, "Triggers are not supported yet");
    if (r == 0)
        r = build_columns(d, a, ret, e);
    ret->options = table_options_default;
    ret->options.read_repair_chance = 0.1; /* Thrift's own defaults */
    ret->options.speculative_retry = "NEVER";
    return r < 0 ? r : take_options(d, a, &ret->options, e);
}

static bool has_column(const table *t, const column_draft *c)
{
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column *old = &t->columns[i];
        if (bytes_eq(old->name_bytes, c->name) && old->kind == c->kind && old->desc == c->desc &&
            (old->position < 0 || old->position == c->position) && type_equal(old->type, c->type))
            return true;
    }
    return false;
}

/* The names of key and clustering columns are not Thrift's to say. */
static const column *column_in_place(const table *t, const column_draft *c)
{
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column *old = &t->columns[i];
        if (old->kind == c->kind && (c->kind == COLUMN_REGULAR || old->position == c->position))
            return old;
    }
    return NULL;
}

int cf_def_to_options(const thrift_cf_def *d, const table *t, arena *a, table_options *ret,
                      err_info *e)
{
    table_draft draft;
    int r = cf_def_to_draft(d, a, &draft, e);
    if (r < 0)
        return r;
    bool same = draft.n_columns == t->n_columns;
    for (unsigned i = 0; i < draft.n_columns && same; i++) {
        column_draft *c = &draft.columns[i];
        const column *old = c->kind == COLUMN_STATIC ? NULL : column_in_place(t, c);
        if (old)
            c->name = old->name_bytes;
        same = has_column(t, c);
    }
    if (!same)
        return err_set(e, ERR_NOT_SUPPORTED,
                       "Changing the columns or types of a column family over Thrift is not "
                       "supported yet");
    *ret = t->options;
    return take_options(d, a, ret, e);
}

int ks_def_to_draft(const thrift_ks_def *d, arena *a, keyspace_draft *ret, err_info *e)
{
    const thrift_map_bytes_bytes *m = &d->strategy_options;
    int r = check_name("keyspace", d->name, e);
    if (r == 0 && d->strategy_class.n == 0)
        r = err_set(e, ERR_CONFIG, "Missing replication strategy class");
    if (r < 0)
        return r;
    option *p = arena_array(a, option, m->n + 1);
    unsigned n = 0;
    for (size_t i = 0; i < m->n; i++)
        if (!bytes_eq_str(m->v[i].key, "class"))
            p[n++] = (option){arena_str(a, m->v[i].key), arena_str(a, m->v[i].value)};
    p[n++] = (option){"class", class_in(a, "org.apache.cassandra.locator.", d->strategy_class)};
    *ret = (keyspace_draft){.name = arena_str(a, d->name),
                            .durable_writes = d->durable_writes,
                            .replication = sorted(p, n)};
    return 0;
}
