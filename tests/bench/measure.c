/* SPDX-License-Identifier: MIT */
/*
 * measure - samples, medians and rows of the benchmark, and short forms of what it does between two readings of the
 * clock
 *
 * A sample times many operations in one go, takes off the pair of rdtsc and divides; the median of REPEATS samples,
 * after one that does not count, is the row. What the operations are is the business of costs.c, spaces.c and tasks.c.
 */
#include <abi/mman.h>
#include <abi/syscall.h>
#include <abi/time.h>

#include "measure.h"

#define REPEATS 7

uint64_t clock_cost;

/* ---- time, medians, output ---- */

static uint64_t median(uint64_t *sample, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j && sample[j] < sample[j - 1]; j--) {
			uint64_t t = sample[j];
			sample[j] = sample[j - 1];
			sample[j - 1] = t;
		}
	return sample[n / 2];
}

/* The terminal is another process, or an interrupt for every few letters: it must be done before the next sample. */
void say_row(const char *line)
{
	struct abi_timespec pause = { .tv_sec = 0, .tv_nsec = 20 * 1000 * 1000 };

	say(1, line);
	raw3(SYS_nanosleep, ADDRESS(&pause), 0, 0);
}

/* `tenths` is ten times the value. */
void print_row(const char *name, uint64_t tenths, const char *unit)
{
	char line[128];
	char *end = text_append(text_append(line, name), "\t");

	end = text_append(number_append(end, tenths, 1), "\t");
	text_append(text_append(end, unit), "\n");
	say_row(line);
}

/* `body` times `n` operations and returns the ticks they took; 0: the system does not have this. */
void measure(const char *name, uint64_t (*body)(unsigned long n), unsigned long n)
{
	uint64_t sample[REPEATS];
	char line[128];

	for (int i = -1; i < REPEATS; i++) {
		uint64_t ticks = body(n);
		if (!ticks) {
			text_append(text_append(line, name), "\tn/a\ttick\n");
			say_row(line);
			return;
		}
		if (i >= 0)
			sample[i] = (ticks - clock_cost) * 10 / n;
	}
	print_row(name, median(sample, REPEATS), "tick");
}

/* ---- short forms of the system calls ---- */

char *map(unsigned long npages, uint64_t prot, uint64_t flags, int fd)
{
	return (char *)must("mmap", raw6(SYS_mmap, 0, npages * PAGE, prot, flags, (uint64_t)fd, 0));
}

char *map_anon(unsigned long npages)
{
	return map(npages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

void unmap(char *at, unsigned long npages)
{
	must("munmap", raw3(SYS_munmap, ADDRESS(at), npages * PAGE, 0));
}

void store_each(volatile char *at, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++)
		at[i * PAGE] = 1;
}

void load_each(const volatile char *at, unsigned long npages, unsigned long stride)
{
	for (unsigned long i = 0; i < npages; i += stride)
		(void)at[i * PAGE];
}

long fork(void)
{
	return must("fork", raw3(SYS_fork, 0, 0, 0));
}

void reap(long pid)
{
	must("wait4", raw6(SYS_wait4, (uint64_t)pid, 0, 0, 0, 0, 0));
}
