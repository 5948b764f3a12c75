/* repair.h: what a replica lacks: the difference between one replica's answer and the merged one.
 *
 * Pure. Sending a row that the replica has already is harmless (merge is idempotent), so the
 * difference may be larger than it must be, never smaller: for every partition of `merged`,
 * applying the mutation to what `theirs` was read from gives what `merged` shows.
 */
#pragma once
#include "model/read.h"
#include "model/schema.h"

/* Appends one mutation for each partition that differs. They share the memory of `merged`. */
void read_result_diff(const read_command *c, const read_result *merged, const read_result *theirs,
                      arena *a, mutations *ret);
