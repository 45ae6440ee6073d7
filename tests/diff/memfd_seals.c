/* SPDX-License-Identifier: MIT */
/* memfd_create: names and flags; every set of seals against every operation, with and without a writable mapping. */
#include "show.h"

#define F_SEALS_ADD 1033
#define F_SEALS_GET 1034

static void operations(int fd)
{
	char byte = 'x';

	printf(" write %s", shown(CALL(pwrite64, fd, &byte, 1, 0)));
	printf(" append %s", shown(CALL(pwrite64, fd, &byte, 1, 2 * PAGE)));
	printf(" cross %s", shown(CALL(pwrite64, fd, "xx", 2, 2 * PAGE - 1)));
	printf(" shrink %s", shown(CALL(ftruncate, fd, PAGE)));
	printf(" grow %s", shown(CALL(ftruncate, fd, 3 * PAGE)));
	printf(" same %s", shown(CALL(ftruncate, fd, 2 * PAGE)));
	printf(" allocate %s", shown(CALL(fallocate, fd, 0, 0, 4 * PAGE)));
	printf(" keep %s", shown(CALL(fallocate, fd, 1, 0, 4 * PAGE)));
	printf(" punch %s", shown(CALL(fallocate, fd, 3, 0, PAGE)));
	printf(" shared rw %s", shown(map_at(0, 1, RW, MAP_SHARED, fd, 0)));
	printf(" shared r %s", shown(map_at(1, 1, PROT_READ, MAP_SHARED, fd, 0)));
	printf(" to rw %s", shown(CALL(mprotect, at(1), PAGE, RW)));
	printf(" private %s", shown(map_at(2, 1, RW, MAP_PRIVATE, fd, 0)));
	printf(" remove %s", shown(CALL(madvise, at(0), PAGE, MADV_REMOVE)));
	struct stat st;
	fstat(fd, &st);
	printf(" size %ld\n", (long)st.st_size);
	clear_arena();
}

static void seals(void)
{
	for (int set = 0; set < 32; set++) {
		int fd = make_memfd("sealed", 2, MFD_ALLOW_SEALING);
		printf("seals %d: %s", set, shown(CALL(fcntl, fd, F_SEALS_ADD, set)));
		printf(" are %s:", shown(CALL(fcntl, fd, F_SEALS_GET)));
		operations(fd);
		for (int more = 1; more < 64; more *= 2)
			printf("  then %d: %s\n", more, shown(CALL(fcntl, fd, F_SEALS_ADD, more)));
		printf("  are %s\n", shown(CALL(fcntl, fd, F_SEALS_GET)));
		close(fd);
	}
}

/* Sealing against writes while something is mapped. */
static void mapped(void)
{
	static const struct {
		const char *name;
		int prot, flags;
	} all[] = { { "shared rw", RW, MAP_SHARED }, { "shared r", PROT_READ, MAP_SHARED },
	            { "private rw", RW, MAP_PRIVATE },
		    { "shared none", PROT_NONE, MAP_SHARED } };

	for (size_t k = 0; k < COUNT(all); k++) {
		for (int seal = 8; seal <= 16; seal *= 2) {
			int fd = make_memfd("mapped", 2, MFD_ALLOW_SEALING);
			map_at(0, 2, all[k].prot, all[k].flags, fd, 0);
			printf("%s seal %d: %s", all[k].name, seal, shown(CALL(fcntl, fd, F_SEALS_ADD, seal)));
			printf(" store %s", probe(at(0), STORE));
			CALL(mprotect, at(0), 2 * PAGE, PROT_READ);
			printf(" read-only now: %s", shown(CALL(fcntl, fd, F_SEALS_ADD, seal)));
			printf(" back to rw: %s", shown(CALL(mprotect, at(0), 2 * PAGE, RW)));
			printf(" fork rw: %s", shown(map_at(4, 1, PROT_READ, MAP_SHARED, fd, 0)));
			CALL(munmap, at(0), PAGE);
			printf(" half unmapped: %s", shown(CALL(fcntl, fd, F_SEALS_ADD, seal)));
			clear_arena();
			printf(" unmapped: %s", shown(CALL(fcntl, fd, F_SEALS_ADD, seal)));
			printf(" are %s\n", shown(CALL(fcntl, fd, F_SEALS_GET)));
			close(fd);
		}
	}
}

static void names_and_flags(void)
{
	char name[300];
	int file = make_file("file", 1), ends[2];

	for (unsigned flags = 0; flags < 64; flags++) {
		long fd = CALL(memfd_create, "flags", flags);
		printf("flags %#x: %s", flags, fd < 0 ? shown(fd) : "ok");
		if (fd >= 0)
			printf(" seals %s cloexec %s", shown(CALL(fcntl, fd, F_SEALS_GET)), shown(CALL(fcntl, fd, F_GETFD)));
		printf("\n");
		close((int)fd);
	}
	for (unsigned bit = 6; bit < 32; bit++)
		printf("flags 1 << %u: %s\n", bit, shown_ok(CALL(memfd_create, "flags", 1ul << bit)));
	for (size_t len = 245; len < 256; len++) {
		memset(name, 'n', len);
		name[len] = '\0';
		long fd = CALL(memfd_create, name, 0);
		printf("name of %zu: %s\n", len, fd < 0 ? shown(fd) : "ok");
		close((int)fd);
	}
	printf("no name: %s, bad name: %s\n", shown(CALL(memfd_create, 0, 0)), shown(CALL(memfd_create, at(0), 0)));
	printf("empty name: %s\n", shown_ok(CALL(memfd_create, "", 0)));
	printf("a file's seals: %s %s\n", shown(CALL(fcntl, file, F_SEALS_GET)), shown(CALL(fcntl, file, F_SEALS_ADD, 1)));
	if (pipe(ends) == 0)
		printf("a pipe's seals: %s %s\n", shown(CALL(fcntl, ends[0], F_SEALS_GET)),
		       shown(CALL(fcntl, ends[1], F_SEALS_ADD, 1)));
}

static void its_stat(void)
{
	int fd = make_memfd("some/name", 2, MFD_ALLOW_SEALING);
	char path[64], target[128];
	struct stat st;

	fstat(fd, &st);
	printf("mode %o, links %ld, size %ld, blocks %ld, block size %ld\n", st.st_mode, (long)st.st_nlink,
	       (long)st.st_size, (long)st.st_blocks, (long)st.st_blksize);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, target, sizeof(target));
	printf("link: %.*s\n", (int)n, target);
	printf("its mapping: %s ", shown(map_at(0, 1, PROT_READ, MAP_SHARED, fd, 0)));
	printf("%s\n", arena_text());
	printf("flags %s\n", shown(CALL(fcntl, fd, F_GETFL)));
	int ro = open(path, O_RDONLY);
	printf("read-only: seals %s add %s write %s shared rw %s\n", shown(CALL(fcntl, ro, F_SEALS_GET)),
	       shown(CALL(fcntl, ro, F_SEALS_ADD, 2)), shown(CALL(write, ro, "x", 1)),
	       shown(map_at(0, 1, RW, MAP_SHARED, ro, 0)));
	clear_arena();
}

int main(void)
{
	catch_faults();
	names_and_flags();
	its_stat();
	seals();
	mapped();
	return 0;
}
