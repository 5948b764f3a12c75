/* scan.h: a SELECT under way: where it reads, how much is left, what was found. */
#pragma once
#include "cql/select.h"

typedef struct scan {
    exec *x;
    const select_plan *p;
    unsigned n_keys, key_at; /* partitions by key; range: none */
    const bytes *keys;
    read_command cmd;
    bool finished_sources;

    uint32_t page_left, limit_left, partition_limit;
    unsigned n_filters;
    filter *filters;
    bool scratch; /* rows are read into memory that does not last: what stays is copied */
    arena room;

    unsigned reads; /* done so far; and the arena's size at the last turn given away */
    size_t used_before;

    paging_position at; /* of the last row that was looked at */
    bool stopped;       /* by a limit, with more to come */

    /* What was found. */
    size_t n_rows, cap;
    bytes *values;
    bytes *order; /* encoded clusterings, when rows are sorted afterwards */
    aggregate_state *states;
    bytes *firsts; /* aggregates: the other columns, of the first row */
    bool group_open;
    bytes *group; /* clustering values that its rows have in common */
    bytes group_order;
} scan;

/* Values, limits, partitions and the place to go on from, out of the plan and the request. */
int scan_begin(scan *s);
