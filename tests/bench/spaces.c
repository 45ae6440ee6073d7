/* SPDX-License-Identifier: MIT */
/*
 * spaces - what changes of an address space cost, and how that grows with the number of VMAs
 *
 * The growth rows repeat one operation among 10, 1,000 and 30,000 VMAs: pages that lie side by side and are readable
 * and read-write in turn, so that they stay apart. A fault is taken in a random read-write page of them that is empty;
 * where there are few, they are emptied between rounds, which does not count.
 *
 * The msync rows dirty D pages of a 64 MiB mapping, evenly spread, before each call. With D = 0 there is no wait. The
 * others wait for the disk, and the clock of an idle machine jumps to its next event; they tell the caller's own
 * processor time, which leaves out what the disk's driver does, be it a process or a thread of the kernel.
 */
#include <abi/fcntl.h>
#include <abi/mman.h>
#include <abi/syscall.h>
#include <abi/time.h>

#include "measure.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define TABLE 512ul /* pages */
#define MOVED (8 * TABLE)
#define CORE_PAGES (32 * TABLE)
#define FILE_PAGES (32 * TABLE)
#define TIB (1ul << 40)
#define SPARSE 100ul

static char *pages;          /* what the row at hand works on */
static unsigned long count;  /* of them, or of VMAs */

static void map_fixed(char *at, unsigned long npages, uint64_t prot)
{
	must("mmap", raw6(SYS_mmap, ADDRESS(at), npages * PAGE, prot, ANON | MAP_FIXED, (uint64_t)-1, 0));
}

static void protect(char *at, unsigned long npages, uint64_t prot)
{
	must("mprotect", raw3(SYS_mprotect, ADDRESS(at), npages * PAGE, prot));
}

static void drop(char *at, unsigned long npages)
{
	must("madvise", raw3(SYS_madvise, ADDRESS(at), npages * PAGE, MADV_DONTNEED));
}

/* ---- growth ---- */

static uint64_t pair(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++)
		unmap(map_anon(1), 1);
	return now() - start;
}

/* n faults, each in a random VMA; `count` is even. */
static uint64_t fault_random(unsigned long n)
{
	uint64_t ticks = 0;
	unsigned long at = 0;

	drop(pages, count);
	for (unsigned long done = 0; done < n;) {
		unsigned long round = n - done < count / 2 ? n - done : count / 2;
		uint64_t start = now();
		for (unsigned long i = 0; i < round; i++) {
			at = (at + 2 * 7919) % count;
			*(volatile char *)(pages + (at + 1) * PAGE) = 1;
		}
		ticks += now() - start;
		done += round;
		drop(pages, count);
	}
	return ticks;
}

static void among(unsigned long vmas, const char *pair_row, const char *fault_row)
{
	count = vmas;
	pages = map_anon(vmas);
	for (unsigned long i = 0; i < vmas; i += 2) /* the lowest too: what is mapped below it stays apart */
		map_fixed(pages + i * PAGE, 1, PROT_READ);
	measure(pair_row, pair, 200);
	measure(fault_row, fault_random, 500);
	unmap(pages, vmas);
}

/* Every second page of a mapping goes; it becomes n VMAs. */
static uint64_t punch(unsigned long n)
{
	char *at = map(2 * n, RW, ANON | MAP_NORESERVE, -1);
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++)
		unmap(at + (2 * i + 1) * PAGE, 1);
	uint64_t ticks = now() - start;
	unmap(at, 2 * n);
	return ticks;
}

/* ---- one call on much memory ---- */

static uint64_t protect_page(unsigned long n)
{
	char *at = pages + count / 2 * PAGE;
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i += 2) {
		protect(at, 1, PROT_READ);
		protect(at, 1, RW);
	}
	return now() - start;
}

static uint64_t dontneed(unsigned long n)
{
	store_each(pages, n);
	uint64_t start = now();
	drop(pages, n);
	return now() - start;
}

static uint64_t mincore(unsigned long n)
{
	static unsigned char vec[CORE_PAGES];
	uint64_t start = now();

	must("mincore", raw3(SYS_mincore, ADDRESS(pages), n * PAGE, ADDRESS(vec)));
	return now() - start;
}

/* There and back between two places that are each the beginning of a page table. */
static uint64_t move(unsigned long n)
{
	char *room = map(2 * n + TABLE, PROT_NONE, ANON | MAP_NORESERVE, -1);
	char *at = room + (TABLE * PAGE - ADDRESS(room) % (TABLE * PAGE)) % (TABLE * PAGE), *to = at + n * PAGE;

	map_fixed(at, n, RW);
	store_each(at, n);
	uint64_t start = now();
	must("mremap", raw6(SYS_mremap, ADDRESS(at), n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, ADDRESS(to), 0));
	uint64_t ticks = now() - start;
	unmap(room, 2 * n + TABLE);
	return ticks;
}

static uint64_t unmap_sparse(unsigned long n)
{
	unsigned long stride = TIB / PAGE / SPARSE;
	uint64_t ticks = 0;

	for (unsigned long i = 0; i < n; i++) {
		char *at = map(TIB / PAGE, RW, ANON | MAP_NORESERVE, -1);
		for (unsigned long p = 0; p < SPARSE; p++)
			at[p * stride * PAGE] = 1;
		uint64_t start = now();
		unmap(at, TIB / PAGE);
		ticks += now() - start;
	}
	return ticks;
}

static void much_memory(void)
{
	count = CORE_PAGES;
	pages = map_anon(count);
	store_each(pages, count);
	measure("protect_page", protect_page, 200);
	measure("mincore", mincore, CORE_PAGES);
	measure("dontneed", dontneed, MOVED);
	unmap(pages, count);
	measure("move", move, MOVED);
	measure("unmap_sparse", unmap_sparse, 1);
}

/* ---- msync ---- */

/* Nanoseconds of this process, which are instructions where a tick is one. */
static uint64_t own_time(void)
{
	struct abi_timespec t = { .tv_sec = 0 };

	must("clock_gettime", raw3(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, ADDRESS(&t), 0));
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t sync_dirty(unsigned long n)
{
	uint64_t ticks = 0;

	for (unsigned long i = 0; i < n; i++) {
		for (unsigned long d = 0; d < count; d++)
			*(volatile char *)(pages + d * (FILE_PAGES / count) * PAGE) = (char)i;
		uint64_t start = count ? own_time() : now();
		must("msync", raw3(SYS_msync, ADDRESS(pages), FILE_PAGES * PAGE, MS_SYNC));
		ticks += (count ? own_time() : now()) - start;
	}
	return ticks;
}

static void synced_file(const char *folder)
{
	static const struct { unsigned long dirty; const char *row; } rows[] = {
		{ 0, "msync_none" }, { 1, "msync_1" }, { 64, "msync_64" }, { 1024, "msync_1024" },
	};
	static char block[16 * PAGE];
	char name[256];

	text_append(text_append(name, folder), "/spaces.data");
	int file = (int)must(name, raw3(SYS_open, ADDRESS(name), O_RDWR | O_CREAT | O_TRUNC, 0600));
	for (unsigned long i = 0; i < FILE_PAGES / 16; i++)
		must("write", raw3(SYS_write, (uint64_t)file, ADDRESS(block), sizeof block));
	pages = map(FILE_PAGES, RW, MAP_SHARED, file);
	load_each(pages, FILE_PAGES, 1);
	must("fsync", raw3(SYS_fsync, (uint64_t)file, 0, 0));
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		count = rows[i].dirty;
		measure(rows[i].row, sync_dirty, count ? 1 : 50);
	}
	unmap(pages, FILE_PAGES);
	raw3(SYS_close, (uint64_t)file, 0, 0);
	raw3(SYS_unlink, ADDRESS(name), 0, 0);
}

void measure_spaces(const char *folder)
{
	among(10, "pair_10", "fault_10");
	among(1000, "pair_1000", "fault_1000");
	among(30000, "pair_30000", "fault_30000");
	measure("punch_30000", punch, 30000);
	much_memory();
	synced_file(folder);
}
