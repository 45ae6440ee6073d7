/* SPDX-License-Identifier: MIT */
/*
 * mincore: what is resident after each kind of access, for each kind of mapping; holes; vectors that cannot be written.
 */
#include "show.h"

static const char *resident(long from, long n)
{
	static char text[64];
	unsigned char vec[32];

	memset(vec, 0x55, sizeof(vec));
	long result = CALL(mincore, at(from), n * PAGE, vec);
	if (result < 0)
		return shown(result);
	for (long i = 0; i < n; i++)
		text[i] = vec[i] < 2 ? (char)('0' + vec[i]) : '?';
	text[n] = vec[n] == 0x55 ? '\0' : '!';
	text[n + 1] = '\0';
	return text;
}

static void kinds(int file, int memfd)
{
	const struct {
		const char *name;
		int prot, flags, fd;
	} all[] = {
		{ "anonymous", RW, PRIVATE, -1 }, { "shared anonymous", RW, SHARED, -1 }, { "none", PROT_NONE, PRIVATE, -1 },
		{ "file, shared", RW, MAP_SHARED, file }, { "file, private", RW, MAP_PRIVATE, file },
		{ "memfd", RW, MAP_SHARED, memfd }, { "populated", RW, PRIVATE | MAP_POPULATE, -1 },
		{ "populated, read-only", PROT_READ, PRIVATE | MAP_POPULATE, -1 },
		{ "populated, none", PROT_NONE, PRIVATE | MAP_POPULATE, -1 },
		{ "populated, nonblock", RW, PRIVATE | MAP_POPULATE | MAP_NONBLOCK, -1 },
		{ "locked", RW, PRIVATE | MAP_LOCKED, -1 }, { "populated, shared", RW, SHARED | MAP_POPULATE, -1 },
	};

	for (size_t k = 0; k < COUNT(all); k++) {
		map_at(0, 8, all[k].prot, all[k].flags, all[k].fd, 0);
		printf("%s: fresh %s", all[k].name, resident(0, 8));
		probe(at(1), LOAD);
		printf(" load 1 %s", resident(0, 8));
		probe(at(3), STORE);
		printf(" store 3 %s", resident(0, 8));
		printf(" middle %s", resident(2, 3));
		printf(" dontneed: %s", shown(CALL(madvise, at(0), 4 * PAGE, MADV_DONTNEED)));
		printf(" %s", resident(0, 8));
		CALL(mprotect, at(0), 8 * PAGE, PROT_NONE);
		printf(" none %s\n", resident(0, 8));
		clear_arena();
	}
}

/* A second mapping of the same pages sees them in the cache. */
static void shared_pages(int memfd)
{
	map_at(0, 8, RW, SHARED, -1, 0);
	*at(2) = 1;
	IN_CHILD({
		printf("child of shared: %s", resident(0, 8));
		*at(5) = 1;
	});
	printf(" after child's store %s\n", resident(0, 8));
	clear_arena();
	CALL(ftruncate, memfd, 0);
	CALL(ftruncate, memfd, 8 * PAGE);
	map_at(0, 8, RW, MAP_SHARED, memfd, 0);
	map_at(10, 8, RW, MAP_PRIVATE, memfd, 0);
	*at(1) = 1;
	probe(at(12), LOAD);
	*at(13) = 1;
	printf("memfd: shared %s", resident(0, 8));
	printf(" private %s\n", resident(10, 8));
	map_at(20, 4, RW, PRIVATE, -1, 0);
	*at(21) = 1;
	IN_CHILD({
		printf("child of private: %s\n", resident(20, 4));
	});
	clear_arena();
}

static void holes(void)
{
	for (long from = 0; from < 7; from++) {
		for (long n = 1; n < 8 - from; n++) {
			map_at(1, 2, RW, PRIVATE | MAP_POPULATE, -1, 0);
			map_at(4, 2, RW, PRIVATE, -1, 0);
			printf("from %ld, %ld pages: %s\n", from, n, resident(from, n));
			clear_arena();
		}
	}
}

static void vectors(void)
{
	map_at(0, 4, RW, PRIVATE, -1, 0);
	map_at(10, 1, RW, PRIVATE, -1, 0);
	map_at(11, 1, PROT_READ, PRIVATE, -1, 0);
	for (long off = 0; off < 8; off++) {
		unsigned char *vec = at(11) - off;
		long result = CALL(mincore, at(0), 4 * PAGE, vec);
		printf("vector %ld bytes before a page that is read-only: %s\n", off, shown(result));
	}
	printf("no vector: %s", shown(CALL(mincore, at(0), 4 * PAGE, 0)));
	printf(" nothing: %s", shown(CALL(mincore, at(0), 0, 0)));
	printf(" a kernel's: %s", shown(CALL(mincore, at(0), PAGE, ~0ul << 47)));
	printf(" hole and no vector: %s\n", shown(CALL(mincore, at(20), PAGE, 0)));
	clear_arena();
}

static void past_the_end(int file)
{
	CALL(ftruncate, file, 3 * PAGE + 5);
	for (int i = 0; i < 2; i++) {
		map_at(0, 8, RW, i ? MAP_PRIVATE : MAP_SHARED, file, 0);
		for (long page = 0; page < 4; page++)
			probe(at(page), LOAD);
		printf("file of 3 pages and 5 bytes: %s", resident(0, 8));
		CALL(ftruncate, file, PAGE);
		printf(" cut to one: %s", resident(0, 8));
		CALL(ftruncate, file, 3 * PAGE + 5);
		printf(" grown: %s\n", resident(0, 1));
		clear_arena();
	}
}

int main(void)
{
	int file = make_file("file", 8), memfd = make_memfd("m", 8, 0);

	catch_faults();
	kinds(file, memfd);
	shared_pages(memfd);
	holes();
	vectors();
	past_the_end(file);
	return 0;
}
