/* The rounds: whom to tell, what to tell, what to believe. */
#include <stdlib.h>

#include "base/map.h"
#include "base/must.h"
#include "gossip/members.h"

enum {
    SPREAD_MAX = 8,
    PAUSE_US = 5000000, /* standing still for longer says nothing of others */
};
#define DEAD_STAYS_US (259200LL * 1000000) /* three days, as in Cassandra */

static uint64_t chance(gossip *g)
{
    uint64_t z = g->random += 0x9e3779b97f4a7c15; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static double chance_part(gossip *g)
{
    return (double)(chance(g) >> 11) / (double)(1ULL << 53);
}

/* ---- sending ---- */

static bytes encoded(gossip_output *out, const gossip_body *b)
{
    buf text = {0};
    gossip_body_encode(b, &text);
    bytes copy = arena_copy(&out->arena, buf_view(&text));
    buf_done(&text);
    return copy;
}

static void send_to(gossip_output *out, const char *to, verb v, bytes body)
{
    vec_push(&out->sends, (gossip_send){arena_strdup(&out->arena, to), v, body});
}

static bytes digests_of_all(const gossip *g, gossip_output *out)
{
    gossip_body b = {.n_digests = (uint32_t)g->members.n};
    b.digests = arena_array(&out->arena, gossip_digest, g->members.n);
    for (size_t i = 0; i < g->members.n; i++) {
        const member *m = g->members.p[i];
        b.digests[i] = (gossip_digest){bytes_str(m->address), m->generation, member_version(m)};
    }
    return encoded(out, &b);
}

/* ---- up and down ---- */

/* It shows life; it counts as up once it answers us. */
static void try_alive(member *m, gossip_output *out)
{
    if (m->alive || m->echoing || member_is_dead(m))
        return;
    m->echoing = true;
    send_to(out, m->address, VERB_ECHO, BYTES_EMPTY);
}

void gossip_echoed(gossip *g, const char *peer, bool answered, int64_t now_us, gossip_output *out)
{
    member *m = members_find(g, peer);
    if (!m || m == g->self)
        return;
    m->echoing = false;
    if (!answered || m->alive || member_is_dead(m))
        return;
    if (!m->arrivals.last_us) /* recalled, and nothing heard of it yet: silence counts from now */
        arrival_window_report(&m->arrivals, now_us, g->first_arrival_us);
    m->alive = true;
    m->updated_us = now_us;
    out_change(out, CHANGE_UP, m);
}

static void mark_down(member *m, gossip_output *out)
{
    if (!m->alive)
        return;
    m->alive = false;
    out_change(out, CHANGE_DOWN, m);
}

static void forget(gossip *g, member *m, int64_t now_us, gossip_output *out)
{
    quarantined q = {.until_us = now_us + 2 * g->ring_delay_us};
    strcpy(q.address, m->address);
    vec_push(&g->removed, q);
    out_change(out, CHANGE_REMOVED, m);
    members_remove(g, m);
}

static bool is_quarantined(const gossip *g, const char *address)
{
    for (size_t i = 0; i < g->removed.n; i++)
        if (!strcmp(g->removed.p[i].address, address))
            return true;
    return false;
}

static void end_quarantines(gossip *g, int64_t now_us)
{
    for (size_t i = g->removed.n; i-- > 0;)
        if (now_us >= g->removed.p[i].until_us)
            g->removed.p[i] = g->removed.p[--g->removed.n];
}

/* A process that stood still (stopped, swapped out) must not blame others for its silence. */
static bool was_paused(gossip *g, int64_t now_us)
{
    int64_t since = g->last_tick_us ? now_us - g->last_tick_us : 0;
    g->last_tick_us = now_us;
    if (since > PAUSE_US)
        g->paused_us = now_us;
    return g->paused_us && now_us - g->paused_us < PAUSE_US;
}

static void check_members(gossip *g, int64_t now_us, gossip_output *out)
{
    bool paused = was_paused(g, now_us);
    end_quarantines(g, now_us);
    for (size_t i = g->members.n; i-- > 0;) {
        member *m = g->members.p[i];
        if (m == g->self || paused)
            continue;
        if (arrival_window_suspect(&m->arrivals, now_us, g->phi_convict_threshold))
            mark_down(m, out);
        int64_t silent = now_us - m->updated_us;
        bool fat_client = !member_is_dead(m) && !member_has_tokens(m);
        if ((fat_client && silent > g->ring_delay_us) ||
            (member_is_dead(m) && silent > DEAD_STAYS_US))
            forget(g, m, now_us, out);
    }
}

/* ---- a round ---- */

/* A random member that is alive (or not), other than this one; NULL: none. */
static member *choose(gossip *g, bool alive, size_t *ret_n)
{
    size_t n = 0;
    member *chosen = NULL;
    for (size_t i = 0; i < g->members.n; i++) {
        member *m = g->members.p[i];
        if (m != g->self && m->alive == alive && !member_is_dead(m) && chance(g) % ++n == 0)
            chosen = m;
    }
    *ret_n = n;
    return chosen;
}

static bool is_seed(const gossip *g, const char *address)
{
    for (size_t i = 0; i < g->n_seeds; i++)
        if (!strcmp(g->seeds[i], address))
            return true;
    return false;
}

static void tell_a_seed(gossip *g, bytes syn, size_t live, size_t dead, gossip_output *out)
{
    if (!g->n_seeds)
        return;
    double p = live ? (double)g->n_seeds / (double)(live + dead) : 1;
    if (chance_part(g) <= p)
        send_to(out, g->seeds[chance(g) % g->n_seeds], VERB_GOSSIP_SYN, syn);
}

/* After a shadow round nobody it told of has been asked yet. */
static void leave_shadow(gossip *g, int64_t now_us, gossip_output *out)
{
    g->shadowing = false;
    for (size_t i = 0; i < g->members.n; i++) {
        member *m = g->members.p[i];
        m->updated_us = now_us;
        if (m != g->self)
            try_alive(m, out);
    }
}

void gossip_tick(gossip *g, int64_t now_us, gossip_output *out)
{
    size_t n_live, n_dead;
    must_be(g, GOSSIP_MAGIC);
    if (g->shadowing)
        leave_shadow(g, now_us, out);
    g->self->heartbeat = ++g->version;
    bytes syn = digests_of_all(g, out);
    const member *live = choose(g, true, &n_live), *dead = choose(g, false, &n_dead);
    if (live)
        send_to(out, live->address, VERB_GOSSIP_SYN, syn);
    if (dead && chance_part(g) < (double)n_dead / (double)(n_live + 1))
        send_to(out, dead->address, VERB_GOSSIP_SYN, syn);
    if (!live || !is_seed(g, live->address) || n_live < g->n_seeds)
        tell_a_seed(g, syn, n_live, n_dead, out);
    check_members(g, now_us, out);
}

void gossip_spread(gossip *g, gossip_output *out)
{
    bytes syn = digests_of_all(g, out);
    size_t first = chance(g) % g->members.n;
    for (size_t i = 0, told = 0; i < g->members.n && told < SPREAD_MAX; i++) {
        const member *m = g->members.p[(first + i) % g->members.n];
        if (m == g->self || !m->alive)
            continue;
        send_to(out, m->address, VERB_GOSSIP_SYN, syn);
        told++;
    }
}

void gossip_leave(gossip *g, gossip_output *out)
{
    for (size_t i = 0; i < g->members.n; i++)
        if (g->members.p[i] != g->self && g->members.p[i]->alive)
            send_to(out, g->members.p[i]->address, VERB_GOSSIP_SHUTDOWN, BYTES_EMPTY);
}

void gossip_shadow(gossip *g, gossip_output *out)
{
    gossip_body nothing = {0};
    bytes syn = encoded(out, &nothing);
    g->shadowing = true;
    for (size_t i = 0; i < g->n_seeds; i++)
        send_to(out, g->seeds[i], VERB_GOSSIP_SYN, syn);
}

bool gossip_shadow_done(const gossip *g)
{
    return g->shadow_done;
}

int gossip_shadow_check(const gossip *g, uuid host_id, int32_t *ret_generation, err_info *err)
{
    static const uuid none;
    if (g->shadow_generation && !uuid_eq(g->shadow_host_id, host_id) &&
        !uuid_eq(g->shadow_host_id, none))
        return err_set(err, ERR_EXISTS,
                       "A node with address /%s already exists, cancelling join. Use cassandra."
                       "replace_address if you want to replace this node.",
                       g->self->address);
    *ret_generation =
        g->self->generation > g->shadow_generation ? g->self->generation : g->shadow_generation + 1;
    return 0;
}

void gossip_restart(gossip *g, int32_t generation)
{
    must(generation > g->self->generation);
    g->self->generation = generation;
    g->last_tick_us = 0;
}

/* ---- believing what others tell ---- */

static void say_collision(member *m, gossip_output *out, const char *text)
{
    if (m->collision_said)
        return;
    m->collision_said = true;
    out_change(out, CHANGE_COLLISION, m);
    out->changes.p[out->changes.n - 1].text = text;
}

static void report_alive(gossip *g, member *m, int64_t now_us)
{
    m->updated_us = now_us;
    arrival_window_report(&m->arrivals, now_us, g->first_arrival_us);
}

static void put_values(member *m, const gossip_node *n, gossip_output *out)
{
    if (n->heartbeat > m->heartbeat)
        m->heartbeat = n->heartbeat;
    for (uint32_t i = 0; i < n->n_values; i++) {
        const gossip_value *v = &n->values[i];
        if (v->state >= GOSSIP_STATES_MAX || v->version <= m->states[v->state].version)
            continue;
        bool same = bytes_eq(m->states[v->state].value, v->value);
        member_set(m, v->state, v->version, v->value);
        if (same)
            continue;
        bool ring_before = out->ring_changed;
        out_change(out, CHANGE_STATE, m);
        out->changes.p[out->changes.n - 1].state = (application_state)v->state;
        if (v->state == STATE_LOAD || v->state == STATE_SEVERITY) {
            out->ring_changed = ring_before;
            out->minor_changed = true;
        }
    }
}

static bool told_host_id(const gossip_node *n, uuid *ret)
{
    for (uint32_t i = 0; i < n->n_values; i++)
        if (n->values[i].state == STATE_HOST_ID)
            return uuid_parse(n->values[i].value, ret) == 0;
    return false;
}

/* A newer generation of a live node with another host id is another machine that was given the same
 * address by mistake, not a restart. */
static bool is_impostor(const member *m, const gossip_node *n)
{
    uuid told;
    return m->alive && told_host_id(n, &told) && !uuid_eq(member_uuid(m, STATE_HOST_ID), told);
}

static void restarted(gossip *g, member *m, const gossip_node *n, int64_t now_us,
                      gossip_output *out)
{
    if (is_impostor(m, n)) {
        say_collision(m, out, "another node, with another host id, uses the address of a live one");
        return;
    }
    member_clear(m);
    if (!m->alive)
        arrival_window_clear(&m->arrivals);
    m->generation = n->generation;
    m->heartbeat = 0;
    m->alive = m->collision_said = false;
    report_alive(g, m, now_us);
    out_change(out, CHANGE_RESTARTED, m);
    put_values(m, n, out);
}

static member *appeared(gossip *g, const char *address, const gossip_node *n, int64_t now_us,
                        gossip_output *out)
{
    member *m = members_add(g, address);
    if (!m)
        return NULL;
    m->generation = n->generation;
    report_alive(g, m, now_us);
    out_change(out, CHANGE_NEW, m);
    put_values(m, n, out);
    return m;
}

/* Of this node's own address: in a shadow round what is remembered of an earlier life. */
static void told_of_self(gossip *g, const gossip_node *n, gossip_output *out)
{
    if (g->shadowing) {
        if (n->generation > g->shadow_generation)
            g->shadow_generation = n->generation;
        told_host_id(n, &g->shadow_host_id);
    } else if (n->generation > g->self->generation) {
        say_collision(g->self, out, "another node with a newer generation uses this address");
    }
}

static int32_t told_version(const gossip_node *n)
{
    int32_t v = n->heartbeat;
    for (uint32_t i = 0; i < n->n_values; i++)
        v = n->values[i].version > v ? n->values[i].version : v;
    return v;
}

static void apply_node(gossip *g, const gossip_node *n, int64_t now_us, gossip_output *out)
{
    const char *address = arena_str(&out->arena, n->address);
    member *m = members_find(g, address);
    if (m == g->self) {
        told_of_self(g, n, out);
        return;
    }
    if (is_quarantined(g, address))
        return;
    /* A first word must be whole: what is left out here would never be asked for again. */
    if ((!m || n->generation > m->generation) && !told_host_id(n, &(uuid){0}))
        return;
    if (!m) {
        m = appeared(g, address, n, now_us, out);
    } else if (n->generation > m->generation) {
        restarted(g, m, n, now_us, out);
    } else if (n->generation == m->generation) {
        if (told_version(n) > member_version(m))
            report_alive(g, m, now_us);
        put_values(m, n, out);
    } else {
        return; /* an earlier life */
    }
    if (m && member_is_dead(m))
        mark_down(m, out);
    else if (m && !g->shadowing)
        try_alive(m, out);
}

/* ---- SYN, ACK, ACK2 ---- */

static void compare(const gossip_digest *d, const member *m, gossip_body *answer, arena *a)
{
    int32_t version = m ? member_version(m) : 0;
    if (!m || d->generation > m->generation)
        answer->digests[answer->n_digests++] = (gossip_digest){d->address, d->generation, 0};
    else if (d->generation < m->generation)
        answer->nodes[answer->n_nodes++] = member_since(m, 0, a);
    else if (d->version > version)
        answer->digests[answer->n_digests++] = (gossip_digest){d->address, d->generation, version};
    else if (d->version < version)
        answer->nodes[answer->n_nodes++] = member_since(m, d->version, a);
}

/* Members that the other has never heard of are told, too; a SYN without digests learns all. */
static void add_unheard(const gossip *g, const gossip_body *syn, gossip_body *answer, arena *a)
{
    map heard = {0};
    for (uint32_t i = 0; i < syn->n_digests; i++)
        map_put(&heard, syn->digests[i].address, (void *)syn);
    for (size_t i = 0; i < g->members.n; i++) {
        const member *m = g->members.p[i];
        if (!map_get(&heard, bytes_str(m->address)) && answer->n_nodes < GOSSIP_NODES_MAX)
            answer->nodes[answer->n_nodes++] = member_since(m, 0, a);
    }
    map_done(&heard);
}

static void receive_syn(gossip *g, const char *from, const gossip_body *syn, gossip_output *out)
{
    gossip_body answer = {0};
    arena *a = &out->arena;
    answer.digests = arena_array(a, gossip_digest, syn->n_digests);
    answer.nodes = arena_array(a, gossip_node, syn->n_digests + g->members.n);
    for (uint32_t i = 0; i < syn->n_digests && !g->shadowing; i++) {
        const gossip_digest *d = &syn->digests[i];
        const char *address = arena_str(a, d->address);
        member *m = members_find(g, address);
        if (m == g->self && d->generation > m->generation)
            say_collision(m, out, "another node with a newer generation uses this address");
        else if (m || !is_quarantined(g, address))
            compare(d, m, &answer, a);
    }
    if (!g->shadowing)
        add_unheard(g, syn, &answer, a);
    send_to(out, from, VERB_GOSSIP_ACK, encoded(out, &answer));
}

static void receive_nodes(gossip *g, const gossip_body *b, int64_t now_us, gossip_output *out)
{
    for (uint32_t i = 0; i < b->n_nodes; i++)
        apply_node(g, &b->nodes[i], now_us, out);
}

static void receive_ack(gossip *g, const char *from, const gossip_body *ack, int64_t now_us,
                        gossip_output *out)
{
    gossip_body answer = {.nodes = arena_array(&out->arena, gossip_node, ack->n_digests)};
    g->shadow_done = true;
    receive_nodes(g, ack, now_us, out);
    for (uint32_t i = 0; i < ack->n_digests && !g->shadowing; i++) {
        const gossip_digest *d = &ack->digests[i];
        const member *m = members_find(g, arena_str(&out->arena, d->address));
        if (m)
            answer.nodes[answer.n_nodes++] = member_since(m, d->version, &out->arena);
    }
    if (answer.n_nodes)
        send_to(out, from, VERB_GOSSIP_ACK2, encoded(out, &answer));
}

int gossip_receive(gossip *g, const char *from, verb v, bytes body, int64_t now_us,
                   gossip_output *out, err_info *err)
{
    gossip_body b;
    must_be(g, GOSSIP_MAGIC);
    if (v == VERB_GOSSIP_SHUTDOWN) {
        member *m = members_find(g, from);
        if (m && m != g->self)
            mark_down(m, out);
        return 0;
    }
    int r = gossip_body_decode(body, &out->arena, &b, err);
    if (r < 0)
        return r;
    if (v == VERB_GOSSIP_SYN)
        receive_syn(g, from, &b, out);
    else if (v == VERB_GOSSIP_ACK)
        receive_ack(g, from, &b, now_us, out);
    else if (v == VERB_GOSSIP_ACK2)
        receive_nodes(g, &b, now_us, out);
    else
        return err_set(err, ERR_PROTOCOL, "verb %u is none of gossip's", (unsigned)v);
    return 0;
}
