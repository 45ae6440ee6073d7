/* SPDX-License-Identifier: MIT */
/*
 * mapbench [-t] [MAX] - mmap against read and write, measured
 *
 * The same three tasks in several ways, on files from 4 KiB to MAX (16M) that are in the page cache:
 *
 *     scan    add up all words of a file         read into a buffer of 4 KiB, of 64 KiB; mmap; mmap with MAP_POPULATE
 *     copy    one file to another                read and write by 64 KiB; write out of a mapping; memcpy between two mappings
 *     pick    4,096 records of 64 bytes          pread; mmap. The places are random, the same for all
 *
 * Each figure is nanoseconds for a KiB (for pick: for a record), from open to close, the best of three. A read costs a
 * copy and a system call for each buffer; a mapping costs a fault for each page that is touched, and mmap and munmap
 * once. So who wins depends on the size, and on what is done: that is the point of the table.
 *
 * Run it with  tools/atlas run --icount  and a nanosecond is an instruction: the figures are then the same every time, but
 * nothing is known of caches and TLB. The program runs on Linux as well.
 *
 * -t: one line for each figure, "task method bytes nanoseconds" with tabs between, for tools (make bench draws them)
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KIB 1024ul
#define RECORD 64
#define PICKS 4096
#define ROUNDS 3
#define BUFFER (64 * KIB)

static const char *const source = "mapbench.in", *const copy = "mapbench.out";
static _Alignas(uint64_t) char buffer[BUFFER];
static volatile uint64_t sink; /* what is computed must be used */

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static char *map_or_die(int fd, size_t size, int prot, int flags)
{
	char *p = mmap(NULL, size, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static uint64_t add_up(const char *p, size_t len)
{
	const uint64_t *words = (const uint64_t *)p;
	uint64_t sum = 0;

	for (size_t i = 0; i < len / sizeof(*words); i++)
		sum += words[i];
	return sum;
}

/* ---- the ways ---- */

static void scan_by_read(size_t piece)
{
	int fd = open_or_die(source, O_RDONLY);
	ssize_t n;

	while ((n = read(fd, buffer, piece)) > 0)
		sink += add_up(buffer, n);
	close(fd);
}

static void scan_read_4k(size_t size) { (void)size, scan_by_read(4 * KIB); }
static void scan_read_64k(size_t size) { (void)size, scan_by_read(BUFFER); }

static void scan_by_map(size_t size, int flags)
{
	int fd = open_or_die(source, O_RDONLY);
	char *p = map_or_die(fd, size, PROT_READ, MAP_SHARED | flags);

	close(fd);
	sink += add_up(p, size);
	munmap(p, size);
}

static void scan_map(size_t size) { scan_by_map(size, 0); }
static void scan_populate(size_t size) { scan_by_map(size, MAP_POPULATE); }

static void write_all(int fd, const char *from, size_t len)
{
	for (ssize_t n; len > 0; from += n, len -= n) {
		n = write(fd, from, len);
		if (n <= 0)
			err(1, "%s", copy);
	}
}

static void copy_read_write(size_t size)
{
	int from = open_or_die(source, O_RDONLY), to = open_or_die(copy, O_RDWR | O_CREAT | O_TRUNC);
	ssize_t n;

	(void)size;
	while ((n = read(from, buffer, BUFFER)) > 0)
		write_all(to, buffer, n);
	close(from);
	close(to);
}

static void copy_map_write(size_t size)
{
	int from = open_or_die(source, O_RDONLY), to = open_or_die(copy, O_RDWR | O_CREAT | O_TRUNC);
	char *p = map_or_die(from, size, PROT_READ, MAP_SHARED);

	write_all(to, p, size);
	munmap(p, size);
	close(from);
	close(to);
}

static void copy_map_map(size_t size)
{
	int from = open_or_die(source, O_RDONLY), to = open_or_die(copy, O_RDWR | O_CREAT | O_TRUNC);
	char *p = map_or_die(from, size, PROT_READ, MAP_SHARED), *q;

	if (ftruncate(to, size) < 0)
		err(1, "%s", copy);
	q = map_or_die(to, size, PROT_READ | PROT_WRITE, MAP_SHARED);
	memcpy(q, p, size);
	munmap(p, size);
	munmap(q, size);
	close(from);
	close(to);
}

static uint64_t next_place(uint64_t *state, size_t size)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % (size / RECORD) * RECORD;
}

static void pick_pread(size_t size)
{
	int fd = open_or_die(source, O_RDONLY);
	uint64_t state = 1;

	for (int i = 0; i < PICKS; i++) {
		if (pread(fd, buffer, RECORD, next_place(&state, size)) != RECORD)
			err(1, "%s", source);
		sink += add_up(buffer, RECORD);
	}
	close(fd);
}

static void pick_map(size_t size)
{
	int fd = open_or_die(source, O_RDONLY);
	char *p = map_or_die(fd, size, PROT_READ, MAP_SHARED);
	uint64_t state = 1;

	close(fd);
	for (int i = 0; i < PICKS; i++)
		sink += add_up(p + next_place(&state, size), RECORD);
	munmap(p, size);
}

/* ---- measuring ---- */

#define WAYS_MAX 4

static const struct task {
	const char *name, *per;
	struct { const char *name; void (*run)(size_t size); } ways[WAYS_MAX];
} tasks[] = {
	{ "scan", "KiB", { { "read 4K", scan_read_4k }, { "read 64K", scan_read_64k }, { "mmap", scan_map },
	                   { "populate", scan_populate } } },
	{ "copy", "KiB", { { "read+write", copy_read_write }, { "mmap+write", copy_map_write },
	                   { "mmap+mmap", copy_map_map } } },
	{ "pick", "record", { { "pread", pick_pread }, { "mmap", pick_map } } },
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t measure(void (*run)(size_t size), size_t size)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = now();
		run(size);
		uint64_t took = now() - start;
		best = took < best ? took : best;
	}
	return best;
}

static void make_source(size_t size)
{
	int fd = open_or_die(source, O_RDWR | O_CREAT | O_TRUNC);

	for (size_t done = 0; done < size; done += BUFFER) {
		for (size_t i = 0; i < BUFFER; i += sizeof(uint64_t))
			*(uint64_t *)(buffer + i) = done + i;
		write_all(fd, buffer, size - done < BUFFER ? size - done : BUFFER);
	}
	fsync(fd); /* write-back shall not come between */
	close(fd);
}

static void print_head(const struct task *t)
{
	printf("\n%s, nanoseconds a %s\n%10s", t->name, t->per, "bytes");
	for (int w = 0; w < WAYS_MAX && t->ways[w].run; w++)
		printf(" %11s", t->ways[w].name);
	printf("\n");
}

static void print_row(const struct task *t, size_t size, int tabs)
{
	uint64_t units = t->per[0] == 'K' ? size / KIB : PICKS;

	if (!tabs)
		printf("%10zu", size);
	for (int w = 0; w < WAYS_MAX && t->ways[w].run; w++) {
		uint64_t ns = measure(t->ways[w].run, size) / units;
		if (tabs)
			printf("%s\t%s\t%zu\t%llu\n", t->name, t->ways[w].name, size, (unsigned long long)ns);
		else
			printf(" %11llu", (unsigned long long)ns);
	}
	if (!tabs)
		printf("\n");
}

static size_t number(const char *text)
{
	char *end;
	size_t n = strtoul(text, &end, 0);

	return *end == 'M' ? n << 20 : *end == 'K' ? n << 10 : n;
}

int main(int argc, char **argv)
{
	int tabs = argc > 1 && strcmp(argv[1], "-t") == 0;
	size_t max = argc > 1 + tabs ? number(argv[1 + tabs]) : 16 * KIB * KIB;

	if (max < 4 * KIB) {
		fprintf(stderr, "usage: mapbench [-t] [MAX]\n");
		return 2;
	}
	for (size_t k = 0; k < sizeof(tasks) / sizeof(tasks[0]); k++) {
		if (!tabs)
			print_head(&tasks[k]);
		for (size_t size = 4 * KIB; size <= max; size *= 4) {
			make_source(size);
			print_row(&tasks[k], size, tabs);
		}
	}
	unlink(source);
	unlink(copy);
	return 0;
}
