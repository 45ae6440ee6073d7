/* SPDX-License-Identifier: MIT */
/*
 * System calls. sys/syscall.c has the table; each family has a file. A call takes its six raw arguments and returns a
 * value or a negative errno: decode and check everything first, then perform.
 */
#ifndef SYS_SYS_H
#define SYS_SYS_H

#include "lib/types.h"

typedef int64_t syscall_fn(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
bool syscall_exists(uint64_t nr);
/* One line per call: sys_NAME has this type. syscall_names.h (generated list) gives names for the ENOSYS log line. */

/*
 * SYSCALL(getpid) { ... }: the function sys_getpid, whose arguments are a to f; those that it does not have go unused.
 */
#define SYSCALL_ARG __attribute__((unused)) uint64_t
#define SYSCALL(name) \
	syscall_fn sys_##name; \
	int64_t sys_##name(SYSCALL_ARG a, SYSCALL_ARG b, SYSCALL_ARG c, SYSCALL_ARG d, SYSCALL_ARG e, SYSCALL_ARG f)

/* ---- capability.c: what prctl(2) asks of the current process's sets ---- */
int64_t capability_bounding(bool drop, uint64_t cap); /* else: has it? */
int64_t capability_keep(uint64_t keep);               /* PR_SET_KEEPCAPS */
int64_t capability_securebits(uint64_t bits);
int64_t capability_ambient(uint64_t request, uint64_t cap, uint64_t others);

#endif
