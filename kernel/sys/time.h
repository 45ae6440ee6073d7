/* SPDX-License-Identifier: MIT */
/* Times of programs and of the kernel (time.c). */
#ifndef SYS_TIME_H
#define SYS_TIME_H

#include <abi/types.h>

#include "lib/types.h"

struct abi_timespec timespec_of(uint64_t ns);
/* timespec_read: a time that is not negative, cut off at some 292 years. -EFAULT, -EINVAL */
int timespec_read(vaddr_t at, uint64_t *ns);
int timespec_ns(const struct abi_timespec *ts, uint64_t *ns); /* the same of one that is here. -EINVAL */

/* clock_base_ns: what the clock showed at boot; 0 also for CPU clocks. */
uint64_t clock_base_ns(int clock);
/* CPU clocks of processes and threads: ~number << 3 (0: one's own), 4 for a thread's, and which part of the time. */
enum { CPU_CLOCK_PROF, CPU_CLOCK_VIRT, CPU_CLOCK_SCHED, CPU_CLOCK_THREAD = 4 };
static inline int cpu_clock_number(int clock) { return ~(clock >> 3); }

/* deadline_resumed: a call that ended with ERESTARTBLOCK is entered again: its deadline of then. */
bool deadline_resumed(uint64_t *deadline);

/* poll.c: a time to wait as a struct timespec of the program, 0 for ever. -EFAULT, -EINVAL */
int wait_deadline_read(vaddr_t at, uint64_t *deadline);
/* wait_mask_begin: a mask of signals (at 0: none) for the time of a wait, which ended with `result`. -EFAULT, -EINVAL */
int wait_mask_begin(vaddr_t at, uint64_t size);
void wait_mask_end(int64_t result);

#endif
