/* worker_call.h: runs a function on another worker's thread and waits for it.
 *
 * Suspend: the caller; fn runs on a coroutine of its own and may suspend.
 */
#pragma once
#include "runtime/env.h"

void co_fn worker_call(env *from, env *to, void (*fn)(void *arg), void *arg);
