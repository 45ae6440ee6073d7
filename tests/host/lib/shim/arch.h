/* SPDX-License-Identifier: MIT */
/*
 * The little of arch.h that kernel/mm needs, for the host tests. The test chooses the CPU it runs
 * on.
 */
#ifndef ARCH_H
#define ARCH_H

#include "lib/types.h"

extern unsigned host_cpu;
extern unsigned cpu_count;

static inline unsigned cpu_index(void) { return host_cpu; }

enum { KMAP_WRITE = 1, KMAP_UNCACHED = 2 };
int kmap(vaddr_t va, paddr_t pa, unsigned flags);
void kunmap(vaddr_t va, size_t npages);

#endif
