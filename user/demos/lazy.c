/* SPDX-License-Identifier: MIT */
/*
 * lazy - memory is given when it is touched, not when it is asked for
 *
 * mmap() of 1024 pages returns at once and takes none: it only writes down a VMA. Each page comes with
 * the first store to it, by one page fault. So "resident" follows what was touched, and so does the
 * count of faults.
 *
 * Look at:  the columns after each step. 1 GiB may be mapped on a machine of 64 MiB, and costs nothing.
 * Note:     reading a page that was never written costs a fault as well, but need not cost a page: all
 *           such pages may be one page of zeros, which smaps does not count.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include "smaps.h"

#define PAGE 4096l
#define NPAGES 1024l

static volatile char *area;

static long faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_minflt + ru.ru_majflt;
}

static void show(const char *what, long before)
{
	long n = faults() - before;
	struct counts c = smaps_counts((void *)area);

	printf("%-36s %8ld %8ld\n", what, c.rss, n);
	fflush(stdout);
}

int main(void)
{
	long before;

	printf("%-36s %8s %8s\n", "step", "resident", "faults");
	fflush(stdout);
	smaps_counts(NULL);		/* so that the demo's own memory has been touched */
	before = faults();
	area = mmap(NULL, NPAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		err(1, "mmap");
	show("1024 pages mapped, none touched", before);
	before = faults();
	for (long i = 0; i < 16; i++)
		area[i * PAGE] = 1;
	show("16 pages written", before);
	before = faults();
	for (long i = 0; i < 16; i++)
		area[i * PAGE + 8] = 2;
	show("the same 16 written again", before);
	before = faults();
	for (long i = 512; i < 528; i++)
		(void)area[i * PAGE];
	show("16 other pages read", before);
	before = faults();
	for (long i = 0; i < NPAGES; i++)
		area[i * PAGE] = 3;
	show("all 1024 written", before);
	before = faults();
	if (munmap((void *)(area + 256 * PAGE), 768 * PAGE) < 0)
		err(1, "munmap");
	show("the last 768 unmapped", before);
	return 0;
}
