#include "server/state.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"

static const table *state_table(const schema *s)
{
    const table *t = schema_table(s, "system", "ilion_state");
    must(t);
    return t;
}

int co_fn state_get(node *n, const char *key, arena *a, bytes *ret, err_info *err)
{
    schema *s = schema_system(n->info.partitioner);
    const table *t = state_table(s);
    read_command c = {
        .table = t->id,
        .partitioner = n->info.partitioner,
        .key = bytes_str(key),
        .limit = 1,
        .partition_limit = 1,
        .now_s = env_now_us(n->home) / 1000000,
    };
    read_result *result;
    int r = storage_read(n->storage, n->home, &c, a, &result, err);
    *ret = BYTES_NULL;
    if (r == 0 && result->live_rows) {
        const cell *value =
            row_find(result->partitions[0].rows[0], table_column(t, BYTES_LIT("value"))->id);
        *ret = value ? arena_copy(a, value->value) : BYTES_NULL;
    }
    schema_unref(s);
    return r;
}

int co_fn state_put(node *n, const char *key, bytes value, err_info *err)
{
    schema *s = schema_system(n->info.partitioner);
    arena a;
    mutation m;
    row_builder b;
    bytes k = bytes_str(key);
    const mutation *list = &m;
    arena_init(&a, 1024);
    row_builder_init(&b, state_table(s), &a, &m, &k, env_now_us(n->home));
    row_builder_row(&b, NULL);
    row_builder_set(&b, "value", value);
    int r = storage_apply(n->storage, n->home, &list, 1, err);
    if (r == 0)
        r = storage_sync(n->storage, n->home, err);
    arena_done(&a);
    schema_unref(s);
    return r;
}

/* ---- who am I? ---- */

static int co_fn host_id(node *n, arena *a, err_info *err)
{
    bytes v;
    int r = state_get(n, "host_id", a, &v, err);
    if (r < 0)
        return r;
    if (v.n == 16) {
        memcpy(n->host_id.b, v.p, 16);
        return 0;
    }
    n->host_id = uuid_random(env_random(n->home), env_random(n->home));
    return state_put(n, "host_id", uuid_bytes(&n->host_id), err);
}

int co_fn state_set_generation(node *n, int32_t generation, err_info *err)
{
    uint8_t out[4];
    n->generation = generation;
    put_be32(out, (uint32_t)generation);
    return state_put(n, "gossip_generation", bytes_of(out, 4), err);
}

/* Start time in seconds, and always larger than the last one. */
static int co_fn generation(node *n, arena *a, err_info *err)
{
    bytes v;
    int r = state_get(n, "gossip_generation", a, &v, err);
    if (r < 0)
        return r;
    int32_t now = (int32_t)(n->info.started_us / 1000000);
    int32_t last = v.n == 4 ? (int32_t)get_be32(v.p) : 0;
    return state_set_generation(n, now > last ? now : last + 1, err);
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_cmp(*(const bytes *)a, *(const bytes *)b);
}

/* initial_token: a list in the configuration. */
static int configured_tokens(node *n, arena *a, bytes *tokens, err_info *err)
{
    const config_list *given = &n->config->initial_token;
    int r = 0;
    for (size_t i = 0; i < given->n && r == 0; i++)
        r = token_from_text(n->info.partitioner, bytes_str(given->p[i]), a, &tokens[i], err);
    return r;
}

static int choose_tokens(node *n, arena *a, bytes **ret, unsigned *ret_n, err_info *err)
{
    bool given = n->config->initial_token.n;
    unsigned count =
        (unsigned)(given ? (int64_t)n->config->initial_token.n : n->config->num_tokens);
    bytes *tokens = arena_array(a, bytes, count);
    int r = given ? configured_tokens(n, a, tokens, err) : 0;
    for (unsigned i = 0; i < count && !given; i++)
        tokens[i] = token_random(n->info.partitioner, env_random(n->home), env_random(n->home), a);
    qsort(tokens, count, sizeof *tokens, by_bytes);
    *ret = tokens;
    *ret_n = count;
    return r;
}

static int co_fn tokens(node *n, arena *a, endpoint *ret, err_info *err)
{
    bytes v, *list;
    int r = state_get(n, "tokens", a, &v, err);
    if (r < 0)
        return r;
    if (v.p) {
        reader in = reader_of(v);
        unsigned count = (unsigned)rd_vint(&in);
        if (count > v.n)
            return err_set(err, ERR_CORRUPT, "system.ilion_state: the saved tokens are garbled");
        list = arena_array(a, bytes, count);
        for (unsigned i = 0; i < count; i++)
            list[i] = rd_vbytes(&in);
        ret->tokens = list;
        ret->n_tokens = count;
        return in.bad
                   ? err_set(err, ERR_CORRUPT, "system.ilion_state: the saved tokens are garbled")
                   : 0;
    }
    r = choose_tokens(n, a, &list, &ret->n_tokens, err);
    ret->tokens = list;
    if (r < 0)
        return r;
    buf out = {0};
    buf_vint(&out, ret->n_tokens);
    for (unsigned i = 0; i < ret->n_tokens; i++)
        buf_vbytes(&out, list[i]);
    r = state_put(n, "tokens", buf_view(&out), err);
    buf_done(&out);
    return r;
}

int co_fn state_identity(node *n, arena *a, endpoint *ret, err_info *err)
{
    bytes joined;
    int r = host_id(n, a, err);
    if (r == 0)
        r = generation(n, a, err);
    if (r == 0)
        r = state_get(n, "joined", a, &joined, err);
    n->known = r == 0 && joined.p;
    if (r == 0)
        r = tokens(n, a, ret, err);
    ret->host_id = n->host_id;
    ret->generation = n->generation;
    return r;
}

/* ---- what system_schema says of the system keyspaces ---- */

int co_fn state_system_schema(node *n, err_info *err)
{
    arena a;
    mutations ms = {0};
    buf all = {0};
    uint8_t digest[16];
    bytes last;
    schema *s = coordinator_schema(n->coordinator, n->home);
    arena_init(&a, 64 << 10);
    schema_put_system(s, &a, &ms);
    const mutation **list = arena_array(&a, const mutation *, ms.n);
    for (unsigned i = 0; i < ms.n; i++) {
        list[i] = &ms.p[i];
        mutation_encode(list[i], &all);
    }
    hash_md5(buf_view(&all), digest);
    int r = state_get(n, "system_schema", &a, &last, err);
    if (r == 0 && !bytes_eq(last, bytes_of(digest, 16))) {
        r = storage_apply(n->storage, n->home, list, ms.n, err);
        if (r == 0)
            r = state_put(n, "system_schema", bytes_of(digest, 16), err);
    }
    buf_done(&all);
    arena_done(&a);
    schema_unref(s);
    return r;
}
