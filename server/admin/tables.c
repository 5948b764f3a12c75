/* tables.c: counters of tables, as storage keeps them. */
#include "server/admin/internal.h"

static json_t *table_json(storage *s, const table *t)
{
    storage_table_stats x;
    storage_stats(s, &t->id, &x);
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        {"sstables", x.sstables},
        {"live_bytes", x.live_bytes},
        {"total_bytes", x.total_bytes},
        {"partitions_estimate", x.partitions_estimate},
        {"memtable_rows", x.memtable_rows},
        {"memtable_bytes", x.memtable_bytes},
        {"memtable_switches", x.memtable_switches},
        {"reads", x.reads},
        {"read_us", x.read_us},
        {"writes", x.writes},
        {"write_us", x.write_us},
        {"bloom_false_positives", x.bloom_false_positives},
        {"bloom_bytes", x.bloom_bytes},
    };
    json_t *o = json_pack("{s:s}", "name", t->name);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        json_object_set_new(o, fields[i].name, json_integer((json_int_t)fields[i].value));
    return o;
}

static json_t *keyspace_json(admin_request *q, const keyspace *ks)
{
    const char *only = request_param(q, "table");
    json_t *list = json_array();
    for (unsigned i = 0; i < ks->n_tables; i++) {
        const table *t = ks->tables[i];
        if (!(t->flags & TABLE_VIRTUAL) && (!only || strcmp(only, t->name) == 0))
            json_array_append_new(list, table_json(q->node->storage, t));
    }
    return json_pack("{s:s, s:o}", "name", ks->name, "tables", list);
}

static int check_names(admin_request *q, const schema *s)
{
    const char *ks = request_param(q, "keyspace"), *name = request_param(q, "table");
    if (ks && !schema_keyspace(s, ks))
        return no_keyspace(q, ks);
    if (name && !ks)
        return err_set(&q->err, ERR_INVALID, "a table needs its keyspace");
    if (name && !schema_table(s, ks, name))
        return no_table(q, ks, name);
    return 0;
}

int co_fn admin_tables(admin_request *q)
{
    node *n = q->node;
    const char *only = request_param(q, "keyspace");
    schema *s = coordinator_schema(n->coordinator, n->home);
    int r = check_names(q, s);
    if (r == 0) {
        json_t *list = json_array();
        for (unsigned i = 0; i < s->n_keyspaces; i++)
            if (!s->keyspaces[i]->virtual_ && (!only || strcmp(only, s->keyspaces[i]->name) == 0))
                json_array_append_new(list, keyspace_json(q, s->keyspaces[i]));
        q->json = json_pack("{s:o}", "keyspaces", list);
    }
    schema_unref(s);
    return r;
}
