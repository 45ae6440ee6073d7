/* SPDX-License-Identifier: MIT */
/* What costs.c, spaces.c and tasks.c share: the clock, rows, mappings, children. See measure.c. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "raw.h"

extern uint64_t clock_cost; /* of two readings */

static inline uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

void say_row(const char *line);
/* A row; `tenths` is ten times the value. */
void print_row(const char *name, uint64_t tenths, const char *unit);
/* The median cost of one of the `n` operations whose ticks `body` returns; 0: the system does not have this. */
void measure(const char *name, uint64_t (*body)(unsigned long n), unsigned long n);

char *map(unsigned long npages, uint64_t prot, uint64_t flags, int fd);
char *map_anon(unsigned long npages);
void unmap(char *at, unsigned long npages);
void store_each(volatile char *at, unsigned long npages);
void load_each(const volatile char *at, unsigned long npages, unsigned long stride);

long fork(void);
void reap(long pid); /* waits for it to end */

/* spaces.c: what changes of an address space cost, and how that grows. folder: for a file of 64 MiB. */
void measure_spaces(const char *folder);
/* tasks.c: what processes and threads cost each other and themselves. */
void measure_tasks(void);

#endif
