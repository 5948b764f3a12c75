/* scan.h: well-formedness and extent of Thrift values whose structs we do not know.
 *
 * One state machine serves unknown fields (all bytes are there) and unframed streams (they come
 * in pieces). It keeps its own stack, so that nesting costs no C stack, and `at` only ever
 * passes whole items: a call with more bytes goes on where the last one stopped.
 */
#pragma once
#include "proto/thrift/thrift.h"

/* Starts with the value of that wire type at s->at. */
int thrift_scan_begin(thrift_scan *s, uint8_t wire, err_info *e);
/* `in` starts where `at` counts from; the value must end at most at `limit`, which bounds every
 * size in it. 1: it ends at s->at; 0: more bytes than `in` holds are needed; ERR_PROTOCOL. */
int thrift_scan_step(thrift_scan *s, bytes in, size_t limit, err_info *e);
