/* limit.h: the default LIMIT of SELECT over Thrift, where results do not come in pages. */
#pragma once
#include "base/arena.h"
#include "tools/cqlsh/lex.h"

enum { LIMIT_DEFAULT = 10000 };

/* A SELECT without LIMIT gets one, before ALLOW FILTERING: true, with the text in the arena. */
bool limit_add(bytes statement, arena *a, bytes *ret);
