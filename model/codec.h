/* codec.h: pieces of encoding that mutations, read commands and read results share.
 *
 * Owner:  private to model/. take_* set r->bad on malformed input, as rd_* do.
 */
#pragma once
#include "model/mutation.h"

void put_row(buf *out, const row *r);
int take_row(reader *r, arena *a, row *ret, err_info *e); /* the clustering is not touched */
void put_ranges(buf *out, const range_tombstone *ranges, uint32_t n);
range_tombstone *take_ranges(reader *r, arena *a, uint32_t *ret_n);
deletion take_full_deletion(reader *r);
/* A count of things of at least `least` bytes each: bounded by what is left to read. */
uint64_t take_count(reader *r, size_t least);
