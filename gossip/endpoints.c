/* Between members, as gossip tells them in text, and endpoints, as the ring has them. */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "gossip/members.h"

/* ---- telling ---- */

void gossip_set(gossip *g, application_state state, bytes value, gossip_output *out)
{
    must(value.n <= GOSSIP_VALUE_MAX);
    bool same = bytes_eq(g->self->states[state].value, value);
    member_set(g->self, state, ++g->version, value);
    if (state == STATE_LOAD || state == STATE_SEVERITY)
        out->minor_changed = true;
    else if (!same)
        out->ring_changed = true;
}

void gossip_set_text(gossip *g, application_state state, const char *text, gossip_output *out)
{
    gossip_set(g, state, bytes_str(text), out);
}

static void set_uuid(gossip *g, application_state state, uuid u, gossip_output *out)
{
    char text[UUID_TEXT];
    gossip_set_text(g, state, uuid_format(u, text), out);
}

static void set_number(gossip *g, application_state state, unsigned n, gossip_output *out)
{
    char text[16];
    snprintf(text, sizeof text, "%u", n);
    gossip_set_text(g, state, text, out);
}

static void set_tokens(gossip *g, const endpoint *self, gossip_output *out)
{
    buf b = {0};
    for (unsigned i = 0; i < self->n_tokens; i++) {
        buf_be32(&b, (uint32_t)self->tokens[i].n);
        buf_bytes(&b, self->tokens[i]);
    }
    buf_be32(&b, 0);
    gossip_set(g, STATE_TOKENS, buf_view(&b), out);
    buf_done(&b);
}

static void set_status(gossip *g, const endpoint *self, gossip_output *out)
{
    const char *token =
        self->n_tokens ? token_to_text(g->partitioner, self->tokens[0], &out->arena) : "";
    const char *status = self->status == ENDPOINT_JOINING ? "BOOT" : "NORMAL";
    gossip_set_text(g, STATE_STATUS, arena_printf(&out->arena, "%s,%s", status, token), out);
}

void gossip_set_endpoint(gossip *g, const endpoint *self, gossip_output *out)
{
    const struct {
        application_state state;
        const char *text;
    } texts[] = {{STATE_DC, self->dc},
                 {STATE_RACK, self->rack},
                 {STATE_RELEASE_VERSION, self->release_version},
                 {STATE_INTERNAL_IP, self->listen_address},
                 {STATE_RPC_ADDRESS, self->rpc_address},
                 {STATE_NET_VERSION, "7"},
                 {STATE_SEVERITY, "0.0"}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].text)
            gossip_set_text(g, texts[i].state, texts[i].text, out);
    set_number(g, STATE_STORAGE_PORT, self->storage_port, out);
    set_number(g, STATE_NATIVE_PORT, self->native_port, out);
    set_number(g, STATE_THRIFT_PORT, self->thrift_port, out);
    set_uuid(g, STATE_HOST_ID, self->host_id, out);
    set_uuid(g, STATE_SCHEMA, self->schema_version, out);
    set_tokens(g, self, out);
    set_status(g, self, out);
}

/* ---- reading ---- */

static const char *text_of(const member *m, application_state s, const char *otherwise, arena *a)
{
    bytes v = member_value(m, s);
    return v.p ? arena_str(a, v) : otherwise;
}

static uint16_t port_of(const member *m, application_state s, uint16_t otherwise, arena *a)
{
    long n = strtol(text_of(m, s, "", a), NULL, 10);
    return n > 0 && n <= UINT16_MAX ? (uint16_t)n : otherwise;
}

static bool is_token(partitioner p, bytes t)
{
    size_t size = token_prefix_size(p);
    return size ? t.n == size : t.n > 0;
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_cmp(*(const bytes *)a, *(const bytes *)b);
}

/* False: none, or garbled. */
static bool tokens_of(const gossip *g, const member *m, arena *a, endpoint *ret)
{
    reader r = reader_of(member_value(m, STATE_TOKENS));
    bytes *list = arena_array(a, bytes, rd_left(&r) / 5 + 1);
    uint32_t n, size;
    for (n = 0; (size = rd_be32(&r)) && !r.bad; n++) {
        list[n] = rd_take(&r, size);
        if (!is_token(g->partitioner, list[n]))
            return false;
    }
    qsort(list, n, sizeof *list, by_bytes);
    ret->tokens = list;
    ret->n_tokens = n;
    return n > 0 && !r.bad;
}

static endpoint_status status_of(const member *m)
{
    return member_is(m, "BOOT")      ? ENDPOINT_JOINING
           : member_is(m, "LEAVING") ? ENDPOINT_LEAVING
           : member_is(m, "MOVING")  ? ENDPOINT_MOVING
                                     : ENDPOINT_NORMAL;
}

static bool endpoint_of(const gossip *g, const member *m, arena *a, endpoint *ret)
{
    const member *self = g->self;
    *ret = (endpoint){
        .address = m->address,
        .listen_address = text_of(m, STATE_INTERNAL_IP, m->address, a),
        .rpc_address = text_of(m, STATE_RPC_ADDRESS, m->address, a),
        .storage_port = port_of(m, STATE_STORAGE_PORT, port_of(self, STATE_STORAGE_PORT, 0, a), a),
        .native_port = port_of(m, STATE_NATIVE_PORT, port_of(self, STATE_NATIVE_PORT, 0, a), a),
        .thrift_port = port_of(m, STATE_THRIFT_PORT, port_of(self, STATE_THRIFT_PORT, 0, a), a),
        .dc = text_of(m, STATE_DC, "UNKNOWN_DC", a),
        .rack = text_of(m, STATE_RACK, "UNKNOWN_RACK", a),
        .host_id = member_uuid(m, STATE_HOST_ID),
        .schema_version = member_uuid(m, STATE_SCHEMA),
        .release_version = text_of(m, STATE_RELEASE_VERSION, NULL, a),
        .alive = m->alive,
        .status = status_of(m),
        .load_bytes = strtod(text_of(m, STATE_LOAD, "0", a), NULL),
        .generation = m->generation,
        .heartbeat = m->heartbeat,
    };
    bool placed = member_has_tokens(m) || member_is(m, "BOOT");
    return (placed && tokens_of(g, m, a, ret)) || m == self;
}

ring *gossip_ring(gossip *g)
{
    arena a;
    unsigned n = 0, local = 0;
    arena_init(&a, 16 << 10);
    endpoint *list = arena_array(&a, endpoint, g->members.n);
    for (size_t i = 0; i < g->members.n; i++) {
        if (g->members.p[i] == g->self)
            local = n;
        n += endpoint_of(g, g->members.p[i], &a, &list[n]);
    }
    ring *r = ring_new(g->partitioner, list, n, local);
    r->generation = ++g->rings;
    arena_done(&a);
    return r;
}
