/* SPDX-License-Identifier: MIT */
/* Included before kernel/file/path.c on the host: the current thread is the fuzz target's, not what %gs points to. */
#ifndef PATH_SHIM_H
#define PATH_SHIM_H

#include "arch.h"

struct thread *host_thread(void);
#define thread_current() host_thread()

#endif
