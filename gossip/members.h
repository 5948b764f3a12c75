/* members.h: the table of members, shared by the files of the gossip state machine. */
#pragma once
#include "gossip/gossip.h"

enum { GOSSIP_MAGIC = 0x474f5353 };

/* A forgotten address: what others still tell of it is not believed for a while. */
typedef struct quarantined {
    char address[INTERNODE_ADDRESS_MAX + 1];
    int64_t until_us;
} quarantined;

struct gossip {
    int magic;
    partitioner partitioner;
    double phi_convict_threshold;
    int64_t interval_us, first_arrival_us, ring_delay_us;
    uint64_t random;
    char **seeds; /* without this node */
    size_t n_seeds;
    vec(member *) members; /* sorted by address */
    vec(quarantined) removed;
    member *self;
    int32_t version;      /* the last one given */
    int64_t last_tick_us; /* 0: never */
    int64_t paused_us;    /* when this process was found to have stood still */
    bool shadowing, shadow_done;
    int32_t shadow_generation; /* of this address, as told by others; 0: unknown */
    uuid shadow_host_id;
    uint64_t rings;
};

/* False: not an IP. */
bool address_order(const char *address, uint8_t ret[17]);
/* NULL: not an IP, or the table is full. */
member *members_add(gossip *g, const char *address);
member *members_find(const gossip *g, const char *address);
void members_remove(gossip *g, member *m);
int32_t member_version(const member *m); /* the highest of heartbeat and states */
void member_set(member *m, unsigned state, int32_t version, bytes value);
void member_clear(member *m);
/* What is newer than a version; -1: everything. */
gossip_node member_since(const member *m, int32_t version, arena *a);
bool member_is_dead(const member *m); /* left or being removed: never up again */
bool member_has_tokens(const member *m);
uuid member_uuid(const member *m, application_state s); /* zeros: none */

void out_change(gossip_output *out, gossip_change_kind kind, const member *m);
