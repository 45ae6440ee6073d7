/* SPDX-License-Identifier: MIT */
/*
 * Waiting until somebody sleeps at a futex, rather than for a time in which he should: on a busy machine he may not have
 * begun to run by then. How many sleep is found out by moving them from the word to itself.
 */
#ifndef ASLEEP_H
#define ASLEEP_H

#include <limits.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* private: 0, or FUTEX_PRIVATE_FLAG if that is how they wait */
static inline long sleepers_at(uint32_t *word, int private)
{
	return syscall(SYS_futex, word, 3 /* FUTEX_REQUEUE */ | private, 0, (long)INT_MAX, word, 0);
}

static inline void until_one_sleeps_at(uint32_t *word)
{
	while (sleepers_at(word, 0) < 1)
		usleep(1000);
}

#endif
