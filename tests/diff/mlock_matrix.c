/* SPDX-License-Identifier: MIT */
/*
 * mlock, mlock2, munlock, mlockall, MAP_LOCKED: every kind of mapping, holes, RLIMIT_MEMLOCK for root and for others;
 * what is locked is read from /proc/self/status, what it splits from /proc/self/maps.
 */
#include "show.h"

/* The number of a line of a text like /proc/self/status, in kB. */
static long field(const char *path, const char *name)
{
	const char *line = strstr(file_text(path), name);

	return line ? strtol(line + strlen(name), NULL, 10) : -1;
}

static long locked(void) { return field("/proc/self/status", "VmLck:"); }

static const char *resident(long from, long n)
{
	static char text[64];
	unsigned char vec[64];

	long result = CALL(mincore, at(from), n * PAGE, vec);
	if (result < 0)
		return shown(result);
	for (long i = 0; i < n; i++)
		text[i] = (char)('0' + (vec[i] & 1));
	text[n] = '\0';
	return text;
}

static void kinds(void)
{
	int file = make_file("file", 8), memfd = make_memfd("m", 8, 0), zero = open("/dev/zero", O_RDWR);
	const struct {
		const char *name;
		int prot, flags, fd;
	} all[] = {
		{ "anonymous", RW, PRIVATE, -1 }, { "read-only", PROT_READ, PRIVATE, -1 }, { "none", PROT_NONE, PRIVATE, -1 },
		{ "shared anonymous", RW, SHARED, -1 }, { "file, shared", RW, MAP_SHARED, file },
		{ "file, private", RW, MAP_PRIVATE, file }, { "memfd", RW, MAP_SHARED, memfd },
		{ "beyond the file", RW, MAP_SHARED, file }, { "zero", RW, MAP_PRIVATE, zero },
		{ "growsdown", RW, PRIVATE | MAP_GROWSDOWN, -1 }, { "MAP_LOCKED", RW, PRIVATE | MAP_LOCKED, -1 },
	};

	for (size_t k = 0; k < COUNT(all); k++) {
		for (int how = 0; how < 4; how++) {
			long from = how == 3 ? 1 : 0, n = how == 3 ? 2 : 4, result;
			map_at(0, 4, all[k].prot, all[k].flags, all[k].fd, k == 7 ? 6 * (long)PAGE : 0);
			result = how == 0 ? CALL(mlock, at(from), n * PAGE) : how == 1 ? CALL(mlock2, at(from), n * PAGE, 1) :
				 CALL(mlock2, at(from), n * PAGE, how == 2 ? 2 : 0);
			printf("%s how %d: %s, %ld kB, %s, %s\n", all[k].name, how, shown(result), locked(), resident(0, 4),
			       arena_text());
			printf("  munlock 1 of them: %s", shown(CALL(munlock, at(2), PAGE)));
			printf(" %ld kB %s\n", locked(), arena_text());
			printf("  child: ");
			IN_CHILD(printf("%ld kB\n", locked()));
			printf("  again: %s", shown(CALL(mlock, at(0), 4 * PAGE)));
			printf(" %ld kB; mprotect none, %s", locked(), shown(CALL(mprotect, at(0), PAGE, PROT_NONE)));
			printf(" %ld kB; munmap 2", locked());
			CALL(munmap, at(1), 2 * PAGE);
			printf(" %ld kB\n", locked());
			clear_arena();
		}
	}
	close(file);
	close(memfd);
	close(zero);
}

static void holes(void)
{
	for (long from = 0; from < 7; from++) {
		for (long n = 0; n < 8 - from; n++) {
			map_at(1, 2, RW, PRIVATE, -1, 0);
			map_at(4, 2, RW, PRIVATE, -1, 0);
			printf("mlock from %ld, %ld pages: %s", from, n, shown(CALL(mlock, at(from), n * PAGE)));
			printf(" %ld kB, %s", locked(), arena_text());
			CALL(mlock, at(1), 2 * PAGE);
			CALL(mlock, at(4), 2 * PAGE);
			printf("; munlock: %s", shown(CALL(munlock, at(from), n * PAGE)));
			printf(" %ld kB, %s\n", locked(), arena_text());
			clear_arena();
		}
	}
}

/* As somebody who may lock 8 pages, or none. */
static void limits(unsigned long bytes)
{
	printf("limit %lu\n", bytes);
	limit(RLIMIT_MEMLOCK, bytes);
	for (long n = 1; n < 12; n++) {
		map_at(0, 12, RW, PRIVATE, -1, 0);
		printf("  mlock %ld: %s", n, shown(CALL(mlock, at(0), n * PAGE)));
		printf(" +4 over the same: %s", shown(CALL(mlock, at(0), 4 * PAGE)));
		printf(" +4 beside: %s", shown(CALL(mlock, at(n < 8 ? n : 8), 4 * PAGE)));
		printf(" +4 on fault: %s", shown(CALL(mlock2, at(0), 4 * PAGE, 1)));
		printf(" %ld kB", locked());
		printf(" MAP_LOCKED: %s", shown(map_at(20, n, RW, PRIVATE | MAP_LOCKED, -1, 0)));
		printf(" grow: %s", shown(CALL(mremap, at(0), PAGE, 20 * PAGE, 0)));
		printf(" %ld kB", locked());
		printf(" munlock: %s", shown(CALL(munlock, at(0), 12 * PAGE)));
		printf(" %ld kB\n", locked());
		clear_arena();
	}
	for (int flags = 0; flags < 10; flags++) {
		printf("  mlockall %d: %s", flags, shown(CALL(mlockall, flags)));
		printf(" munlockall: %s\n", shown(CALL(munlockall)));
	}
	map_at(0, 4, RW, PRIVATE | MAP_LOCKED, -1, 0);
	for (long n = 1; n < 14; n++)
		printf("  a locked mapping of 4 grown to %ld: %s\n", n, shown(CALL(mremap, at(0), 4 * PAGE, n * PAGE, 0))),
		clear_arena(),
			map_at(0, 4, RW, PRIVATE | MAP_LOCKED, -1, 0);
	clear_arena();
}

static void all_flags(void)
{
	for (int flags = 0; flags < 10; flags++) {
		map_at(0, 4, RW, PRIVATE, -1, 0);
		map_at(6, 2, PROT_NONE, PRIVATE, -1, 0);
		printf("mlockall %d: %s, %s", flags, shown(CALL(mlockall, flags)), resident(0, 4));
		map_at(10, 3, RW, PRIVATE, -1, 0);
		map_at(14, 2, PROT_NONE, PRIVATE, -1, 0);
		printf(", new mapping %s", resident(10, 3));
		*at(11) = 1;
		printf(" %s", resident(10, 3));
		long before = locked();
		CALL(munmap, at(10), 3 * PAGE);
		CALL(munmap, at(0), 8 * PAGE);
		CALL(munmap, at(14), 2 * PAGE);
		printf(" unmapping gives %ld kB back", before - locked());
		printf(", munlockall: %s", shown(CALL(munlockall)));
		printf(", %ld kB\n", locked());
	}
}

/* What becomes writable is filled; what was so before and not touched is not. */
static void made_writable(void)
{
	static const int before[] = { PROT_NONE, PROT_READ, RW };

	for (size_t a = 0; a < COUNT(before); a++)
		for (size_t b = 0; b < COUNT(before); b++)
			for (int onfault = 0; onfault < 2; onfault++) {
				map_at(0, 4, before[a], PRIVATE, -1, 0);
				map_at(4, 4, before[b], PRIVATE, -1, 0);
				printf("lock %d %d: %s,", before[a], before[b], shown(CALL(mlock2, at(0), 8 * PAGE, onfault)));
				CALL(madvise, at(0), 8 * PAGE, MADV_DONTNEED_LOCKED);
				printf(" writable: %s, ", shown(CALL(mprotect, at(2), 4 * PAGE, RW)));
				printf("%s %s\n", resident(0, 8), arena_text());
				clear_arena();
			}
}

int main(void)
{
	static const unsigned long bytes[] = { 0, 1, PAGE, 8 * PAGE, 8 * PAGE + 1, 9 * PAGE - 1 };

	kinds();
	holes();
	all_flags();
	made_writable();
	IN_CHILD(limits(8 * PAGE)); /* root: no limit */
	for (size_t i = 0; i < COUNT(bytes); i++) {
		IN_CHILD({
			printf("setuid: %s\n", shown(CALL(setuid, 1000)));
			limits(bytes[i]);
		});
	}
	return 0;
}
