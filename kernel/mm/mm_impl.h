/* SPDX-License-Identifier: MIT */
/* What the files of kernel/mm/ share. */
#ifndef MM_IMPL_H
#define MM_IMPL_H

#include "arch.h"
#include "mm/mm.h"

#define MAX_ORDER  10   /* the largest block: 2^10 frames, 4 MiB */
#define ORDER_NONE 0xff /* struct page.order of a frame that heads no free block */

/* ---- failalloc.c ---- */

/* How many allocations a CPU has begun. Written by that CPU alone. */
struct alloc_counter { uint64_t begun; } __attribute__((aligned(64)));
extern struct alloc_counter alloc_counter[MAX_CPUS];

/* The first line of every allocation: counts it, and says whether it is the one that shall fail. */
static inline bool failalloc_hit(unsigned cpu)
{
	alloc_counter[cpu].begun++;
	return unlikely(failalloc_left) && failalloc_hit_slow();
}

#endif
