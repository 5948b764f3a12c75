/* Table options: a table of names, where they live and what values they may have. */
#include "cql/ddl.h"

typedef enum option_kind {
    OPTION_TEXT,
    OPTION_INT,
    OPTION_DOUBLE,
    OPTION_BOOLEAN,
    OPTION_MAP,
    OPTION_OBSOLETE
} option_kind;

#define AT(field) offsetof(table_options, field)
static const struct table_option {
    const char *name;
    option_kind kind;
    size_t at;
} table_option_list[] = {
    {"additional_write_policy", OPTION_TEXT, AT(additional_write_policy)},
    {"bloom_filter_fp_chance", OPTION_DOUBLE, AT(bloom_filter_fp_chance)},
    {"caching", OPTION_MAP, AT(caching)},
    {"cdc", OPTION_BOOLEAN, AT(cdc)},
    {"comment", OPTION_TEXT, AT(comment)},
    {"compaction", OPTION_MAP, AT(compaction)},
    {"compression", OPTION_MAP, AT(compression)},
    {"crc_check_chance", OPTION_DOUBLE, AT(crc_check_chance)},
    {"dclocal_read_repair_chance", OPTION_DOUBLE, AT(dclocal_read_repair_chance)},
    {"default_time_to_live", OPTION_INT, AT(default_time_to_live_s)},
    {"extensions", OPTION_MAP, AT(extensions)},
    {"gc_grace_seconds", OPTION_INT, AT(gc_grace_s)},
    {"index_interval", OPTION_OBSOLETE, 0},
    {"max_index_interval", OPTION_INT, AT(max_index_interval)},
    {"memtable", OPTION_TEXT, AT(memtable)},
    {"memtable_flush_period_in_ms", OPTION_INT, AT(memtable_flush_period_ms)},
    {"min_index_interval", OPTION_INT, AT(min_index_interval)},
    {"populate_io_cache_on_flush", OPTION_OBSOLETE, 0},
    {"read_repair", OPTION_TEXT, AT(read_repair)},
    {"read_repair_chance", OPTION_DOUBLE, AT(read_repair_chance)},
    {"replicate_on_write", OPTION_OBSOLETE, 0},
    {"speculative_retry", OPTION_TEXT, AT(speculative_retry)},
};

static const struct table_option *find_option(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(table_option_list); i++)
        if (strcmp(table_option_list[i].name, name) == 0)
            return &table_option_list[i];
    return NULL;
}

static int set_number(ddl_step *s, const struct table_option *o, const ast_term *t, void *to)
{
    char *text = arena_str(s->a, t->value), *end;
    bool whole = o->kind == OPTION_INT;
    double d = strtod(text, &end);
    if (*end || end == text || (whole && (d != (double)(int32_t)d || strpbrk(text, ".eE"))))
        return err_set(s->err, ERR_SYNTAX, "Invalid %s value %s for '%s'",
                       whole ? "integer" : "double", text, o->name);
    if (whole)
        *(int *)to = (int)d;
    else
        *(double *)to = d;
    return 0;
}

static int set_option(ddl_step *s, const struct table_option *o, const ast_term *t,
                      table_options *to)
{
    void *at = (char *)to + o->at;
    if (o->kind == OPTION_MAP)
        return ddl_map_options(s, o->name, t, at);
    if (o->kind != OPTION_OBSOLETE && (t->kind < AST_STRING || t->kind > AST_DURATION))
        return err_set(s->err, ERR_SYNTAX, "Invalid value for property '%s'. It should be a string",
                       o->name);
    switch (o->kind) {
    case OPTION_TEXT:
        *(const char **)at = arena_str(s->a, t->value);
        return 0;
    case OPTION_BOOLEAN:
        return ddl_boolean(s, o->name, t, at);
    case OPTION_INT:
    case OPTION_DOUBLE:
        return set_number(s, o, t, at);
    default:
        return 0;
    }
}

/* ---- classes in map options ---- */

static const char *full_name(arena *a, const char *package, const char *name)
{
    return strchr(name, '.') ? arena_strdup(a, name)
                             : arena_printf(a, "org.apache.cassandra.%s.%s", package, name);
}

static void put_option(option *o, unsigned *n, const char *name, const char *value)
{
    for (unsigned i = 0; i < *n; i++) {
        if (strcmp(o[i].name, name) == 0) {
            o[i].value = value;
            return;
        }
    }
    o[(*n)++] = (option){name, value};
}

static int fix_compaction(ddl_step *s, table_options *t)
{
    const char *class_name = options_get(t->compaction, "class");
    if (!class_name)
        return err_set(s->err, ERR_CONFIG,
                       "Missing sub-option 'class' for the 'compaction' option");
    option *o = arena_array(s->a, option, t->compaction.n + 3);
    unsigned n = 0;
    put_option(o, &n, "class", "");
    put_option(o, &n, "max_threshold", "32");
    put_option(o, &n, "min_threshold", "4");
    for (unsigned i = 0; i < t->compaction.n; i++)
        put_option(o, &n, t->compaction.p[i].name, t->compaction.p[i].value);
    put_option(o, &n, "class", full_name(s->a, "db.compaction", class_name));
    t->compaction = (options){n, o};
    return 0;
}

/* Old names of the options; {'enabled': false} and an empty class turn compression off. */
static int fix_compression(ddl_step *s, table_options *t)
{
    option *o = arena_array(s->a, option, t->compression.n + 2);
    const char *enabled = options_get(t->compression, "enabled");
    const char *class_name = options_get(t->compression, "class");
    if (!class_name)
        class_name = options_get(t->compression, "sstable_compression");
    unsigned n = 0;
    if (!class_name && !enabled && t->compression.n)
        return err_set(s->err, ERR_CONFIG,
                       "Missing sub-option 'class' for the 'compression' option.");
    if ((enabled && strcasecmp(enabled, "false") == 0) || !class_name || !*class_name) {
        put_option(o, &n, "enabled", "false");
    } else {
        put_option(o, &n, "chunk_length_in_kb", "16");
        put_option(o, &n, "class", full_name(s->a, "io.compress", class_name));
        for (unsigned i = 0; i < t->compression.n; i++) {
            const option *from = &t->compression.p[i];
            if (strcmp(from->name, "class") == 0 || strcmp(from->name, "enabled") == 0 ||
                strcmp(from->name, "sstable_compression") == 0)
                continue;
            put_option(o, &n,
                       strcmp(from->name, "chunk_length_kb") == 0 ? "chunk_length_in_kb"
                                                                  : from->name,
                       from->value);
        }
    }
    t->compression = (options){n, o};
    return 0;
}

static void fix_caching(ddl_step *s, table_options *t)
{
    option *o = arena_array(s->a, option, t->caching.n + 2);
    unsigned n = 0;
    put_option(o, &n, "keys", "ALL");
    put_option(o, &n, "rows_per_partition", "NONE");
    for (unsigned i = 0; i < t->caching.n; i++)
        put_option(o, &n, t->caching.p[i].name, t->caching.p[i].value);
    t->caching = (options){n, o};
}

int table_properties(ddl_step *s, const ast_properties *props, table_options *o, uuid *ret_id)
{
    for (uint32_t i = 0; i < props->n; i++) {
        const ast_property *p = &props->at[i];
        const char *name = arena_str(s->a, p->name.name);
        const struct table_option *opt = find_option(name);
        for (uint32_t k = 0; k < i; k++)
            if (bytes_eq(props->at[k].name.name, p->name.name))
                return err_set(s->err, ERR_SYNTAX, "Multiple definition for property '%s'", name);
        int r = 0;
        if (strcmp(name, "id") == 0) {
            if (!ret_id)
                return err_set(s->err, ERR_CONFIG, "Cannot alter table id.");
            if (uuid_parse(p->value->value, ret_id) < 0)
                return err_set(s->err, ERR_CONFIG, "Invalid table id");
        } else if (!opt) {
            return err_set(s->err, ERR_SYNTAX, "Unknown property '%s'", name);
        } else {
            r = set_option(s, opt, p->value, o);
        }
        if (r == 0 && strcmp(name, "compaction") == 0)
            r = fix_compaction(s, o);
        else if (r == 0 && strcmp(name, "compression") == 0)
            r = fix_compression(s, o);
        else if (r == 0 && strcmp(name, "caching") == 0)
            fix_caching(s, o);
        if (r < 0)
            return r;
    }
    return table_options_check(o, s->err);
}

/* ---- what values are right ---- */

static bool is_retry_policy(const char *v)
{
    char *end;
    if (!strcasecmp(v, "none") || !strcasecmp(v, "never") || !strcasecmp(v, "always") ||
        !strncasecmp(v, "min(", 4) || !strncasecmp(v, "max(", 4))
        return true;
    double d = strtod(v, &end);
    return end != v && d >= 0 &&
           (!strcasecmp(end, "ms") ||
            ((!strcasecmp(end, "p") || !strcasecmp(end, "percentile")) && d <= 100));
}

static bool is_one_of(const char *name, const char *package, const char *const *known)
{
    size_t n = strlen(package);
    if (strncmp(name, package, n) == 0)
        name += n;
    for (; *known; known++)
        if (strcmp(name, *known) == 0)
            return true;
    return false;
}

static int check_classes(const table_options *o, err_info *err)
{
    static const char *const compactions[] = {
        "SizeTieredCompactionStrategy", "LeveledCompactionStrategy", "TimeWindowCompactionStrategy",
        "DateTieredCompactionStrategy", NULL};
    static const char *const compressors[] = {"LZ4Compressor",     "SnappyCompressor",
                                              "DeflateCompressor", "ZstdCompressor",
                                              "NoopCompressor",    NULL};
    const char *compaction = options_get(o->compaction, "class");
    const char *compressor = options_get(o->compression, "class");
    if (compaction && !is_one_of(compaction, "org.apache.cassandra.db.compaction.", compactions))
        return err_set(err, ERR_CONFIG, "Unable to find compaction strategy class '%s'",
                       compaction);
    if (compressor && !is_one_of(compressor, "org.apache.cassandra.io.compress.", compressors))
        return err_set(err, ERR_CONFIG, "Could not create Compression for type %s", compressor);
    return 0;
}

/* A number among map options; `otherwise` where it is not given. */
static int whole_option(const options *o, const char *name, long otherwise, long *ret,
                        err_info *err)
{
    const char *text = options_get(*o, name);
    char *end;
    *ret = text ? strtol(text, &end, 10) : otherwise;
    if (text && (!*text || *end))
        return err_set(err, ERR_CONFIG, "%s is not a parsable int (base10) for %s", text, name);
    return 0;
}

static int check_compaction(const table_options *o, err_info *err)
{
    const char *enabled = options_get(o->compaction, "enabled");
    const char *tombstones = options_get(o->compaction, "tombstone_threshold");
    long least = 0, most = 0, size = 0;
    int r = whole_option(&o->compaction, "min_threshold", 4, &least, err);
    if (r == 0)
        r = whole_option(&o->compaction, "max_threshold", 32, &most, err);
    if (r == 0)
        r = whole_option(&o->compaction, "sstable_size_in_mb", 160, &size, err);
    if (r < 0)
        return r;
    if (least < 2)
        return err_set(err, ERR_CONFIG, "Min compaction threshold cannot be less than 2 (got %ld)",
                       least);
    if (least > most)
        return err_set(err, ERR_CONFIG,
                       "Min compaction threshold (got %ld) cannot be greater than max compaction "
                       "threshold (got %ld)",
                       least, most);
    if (size < 1)
        return err_set(err, ERR_CONFIG, "sstable_size_in_mb must be larger than 0, but was %ld",
                       size);
    if (tombstones && !(strtod(tombstones, NULL) > 0))
        return err_set(err, ERR_CONFIG, "tombstone_threshold must be greater than 0, but was %s",
                       tombstones);
    if (enabled && strcasecmp(enabled, "true") && strcasecmp(enabled, "false"))
        return err_set(err, ERR_CONFIG, "enabled should either be 'true' or 'false', not %s",
                       enabled);
    return 0;
}

static int check_caching(const table_options *o, err_info *err)
{
    for (unsigned i = 0; i < o->caching.n; i++) {
        const char *name = o->caching.p[i].name, *v = o->caching.p[i].value;
        bool word = !strcasecmp(v, "ALL") || !strcasecmp(v, "NONE");
        bool rows = !strcmp(name, "rows_per_partition");
        if (!rows && strcmp(name, "keys"))
            return err_set(err, ERR_CONFIG,
                           "Invalid caching sub-options [%s]: only 'keys' and 'rows_per_partition' "
                           "are allowed",
                           name);
        if (!word && !(rows && *v && v[strspn(v, "0123456789")] == 0))
            return err_set(err, ERR_CONFIG,
                           "Invalid value '%s' for caching sub-option '%s': only 'ALL'%s allowed",
                           v, name, rows ? ", 'NONE', and integer values are" : " and 'NONE' are");
    }
    return 0;
}

static int check_compression(const table_options *o, err_info *err)
{
    static const char *const known[] = {"class",
                                        "sstable_compression", /* the old names, by Thrift */
                                        "chunk_length_kb",
                                        "enabled",
                                        "chunk_length_in_kb",
                                        "crc_check_chance",
                                        "min_compress_ratio",
                                        "compression_level",
                                        "lz4_compressor_type",
                                        "lz4_high_compressor_level",
                                        NULL};
    long kib;
    for (unsigned i = 0; i < o->compression.n; i++)
        if (!is_one_of(o->compression.p[i].name, "", known))
            return err_set(err, ERR_CONFIG, "Unknown compression options %s",
                           o->compression.p[i].name);
    int r = whole_option(&o->compression, "chunk_length_in_kb", 16, &kib, err);
    if (r == 0 && (kib < 1 || kib > 2097151 || (kib & (kib - 1))))
        r = err_set(err, ERR_CONFIG, "chunk_length_in_kb must be a power of 2");
    return r;
}

int table_options_check(const table_options *o, err_info *err)
{
    const struct {
        const char *name;
        int value, least;
    } ints[] = {{"default_time_to_live", o->default_time_to_live_s, 0},
                {"gc_grace_seconds", o->gc_grace_s, 0},
                {"min_index_interval", o->min_index_interval, 1},
                {"memtable_flush_period_in_ms", o->memtable_flush_period_ms, 0}};
    const struct {
        const char *name, *value;
    } policies[] = {{"speculative_retry", o->speculative_retry},
                    {"additional_write_policy", o->additional_write_policy}};
    if (!(o->bloom_filter_fp_chance > 6.71e-5 && o->bloom_filter_fp_chance <= 1))
        return err_set(err, ERR_CONFIG,
                       "bloom_filter_fp_chance must be larger than 6.71E-5 and less than or equal "
                       "to 1.0 (got %g)",
                       o->bloom_filter_fp_chance);
    if (!(o->crc_check_chance >= 0 && o->crc_check_chance <= 1))
        return err_set(err, ERR_CONFIG,
                       "crc_check_chance must be larger than or equal to 0 and smaller than or "
                       "equal to 1.0 (got %g)",
                       o->crc_check_chance);
    for (size_t i = 0; i < ARRAY_LEN(ints); i++)
        if (ints[i].value < ints[i].least)
            return err_set(err, ERR_CONFIG, "%s must be greater than or equal to %d (got %d)",
                           ints[i].name, ints[i].least, ints[i].value);
    if (o->default_time_to_live_s > MAX_TTL_S)
        return err_set(err, ERR_CONFIG,
                       "default_time_to_live must be less than or equal to %d "
                       "(got %d)",
                       MAX_TTL_S, o->default_time_to_live_s);
    if (o->max_index_interval < o->min_index_interval)
        return err_set(err, ERR_CONFIG,
                       "max_index_interval must be greater than or equal to min_index_interval "
                       "(%d) (got %d)",
                       o->min_index_interval, o->max_index_interval);
    for (size_t i = 0; i < ARRAY_LEN(policies); i++)
        if (policies[i].value && !is_retry_policy(policies[i].value))
            return err_set(err, ERR_CONFIG, "Invalid value %s for option '%s'", policies[i].value,
                           policies[i].name);
    if (o->read_repair && strcasecmp(o->read_repair, "blocking") &&
        strcasecmp(o->read_repair, "none"))
        return err_set(err, ERR_CONFIG, "Invalid value for option 'read_repair': %s",
                       o->read_repair);
    int r = check_classes(o, err);
    if (r == 0)
        r = check_compaction(o, err);
    if (r == 0)
        r = check_compression(o, err);
    return r < 0 ? r : check_caching(o, err);
}
