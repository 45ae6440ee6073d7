/* SPDX-License-Identifier: MIT */
/*
 * Every advice for every kind of mapping, whole and in part, locked, over holes: the answer, the mappings, the bytes
 * left, in the process, in a child and in the file.
 */
#include "show.h"

struct kind {
	const char *name;
	int prot, flags, fd;
};

/* These destroy pages of the machine when root gives them. */
#define POISON  100
#define OFFLINE 101

static int file, memfd;

/* Puts back what earlier advices have changed in the file. */
static void refill(int fd)
{
	unsigned char page[PAGE];

	for (long i = 0; i < 4 && (fd == file || fd == memfd); i++) {
		memset(page, (int)i + 1, PAGE);
		CALL(pwrite64, fd, page, PAGE, i * PAGE);
	}
}

static void prepare(const struct kind *k)
{
	clear_arena();
	refill(k->fd);
	map_at(0, 4, k->prot, k->flags, k->fd, 0);
	for (long i = 0; i < 4 && k->prot & PROT_WRITE; i++)
		*at(i) = (unsigned char)(0x10 + i);
}

static void contents(void)
{
	printf(" | %s", arena_text());
	printf(" | %s", bytes_text(0, 4));
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		printf(" | child %s", arena_text());
		printf(" | %s", bytes_text(0, 4));
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	printf("\n");
}

/* Advices whose work is to throw away clean pages or to read ahead change nothing that can be seen here. */
static void each(const struct kind *k, int advice)
{
	static const struct {
		long from, n;
	} parts[] = { { 0, 4 }, { 1, 2 } };

	for (size_t p = 0; p < COUNT(parts); p++) {
		prepare(k);
		long result = CALL(madvise, at(parts[p].from), parts[p].n * PAGE, advice);
		printf("%s: advice %d at %ld, %ld pages: %s", k->name, advice, parts[p].from, parts[p].n, shown(result));
		contents();
	}
}

static void locked(const struct kind *k, int advice)
{
	prepare(k);
	printf("%s locked: %s", k->name, shown(CALL(mlock, at(0), 4 * PAGE)));
	printf(" advice %d: %s", advice, shown(CALL(madvise, at(0), 4 * PAGE, advice)));
	printf(" %s\n", bytes_text(0, 4));
	CALL(munlock, at(0), 4 * PAGE);
}

static void over_holes(int advice)
{
	for (long from = 0; from < 6; from++) {
		for (long n = 0; n < 8 - from; n++) {
			clear_arena();
			map_at(1, 2, RW, PRIVATE, -1, 0);
			map_at(4, 2, PROT_READ, MAP_SHARED, file, 0);
			for (long i = 1; i < 3; i++)
				*at(i) = 7;
			printf("holes: advice %d at %ld, %ld pages: %s", advice, from, n,
			       shown(CALL(madvise, at(from), n * PAGE, advice)));
			printf(" %s | %s\n", bytes_text(0, 7), arena_text());
		}
	}
	clear_arena();
}

static void twice(void)
{
	static const int advices[] = { 0, 1, 2, 10, 11, 14, 15, 16, 17, 18, 19 };

	for (size_t a = 0; a < COUNT(advices); a++) {
		for (size_t b = 0; b < COUNT(advices); b++) {
			clear_arena();
			map_at(0, 4, RW, PRIVATE, -1, 0);
			CALL(madvise, at(1), 2 * PAGE, advices[a]);
			printf("advice %d then %d: %s", advices[a], advices[b], arena_text());
			CALL(madvise, at(1), 2 * PAGE, advices[b]);
			printf(" then %s\n", arena_text());
		}
	}
	clear_arena();
}

static void poison(void)
{
	for (int advice = POISON; advice <= OFFLINE; advice++) {
		map_at(0, 4, RW, PRIVATE, -1, 0);
		printf("advice %d of nothing: %s", advice, shown(CALL(madvise, at(0), 0, advice)));
		printf(" misaligned: %s", shown(CALL(madvise, at(0) + 1, PAGE, advice)));
		printf(" a hole: %s\n", shown(CALL(madvise, at(9), PAGE, advice)));
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			printf("not root: %s", shown(CALL(setuid, 1000)));
			printf(" advice %d: %s\n", advice, shown(CALL(madvise, at(0), 4 * PAGE, advice)));
			fflush(stdout);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

/* What was freed lazily and not stored to since goes at once when it is to be paged out. */
static void freed_then_paged_out(void)
{
	map_at(0, 16, RW, PRIVATE, -1, 0);
	for (long i = 0; i < 16; i++)
		*at(i) = (char)('a' + i);
	printf("free: %s, ", shown(CALL(madvise, at(0), 12 * PAGE, MADV_FREE)));
	*at(5) = 'X';
	printf("pageout: %s, left", shown(CALL(madvise, at(1), 14 * PAGE, MADV_PAGEOUT)));
	for (long i = 1; i < 16; i++)
		printf(" %d", *at(i));
	printf("\n");
	clear_arena();
}

int main(void)
{
	file = make_file("file", 4);
	memfd = make_memfd("m", 4, 0);
	int ro = open("file", O_RDONLY), zero = open("/dev/zero", O_RDWR);
	const struct kind kinds[] = {
		{ "anonymous", RW, PRIVATE, -1 }, { "anonymous, read-only", PROT_READ, PRIVATE, -1 },
		{ "none", PROT_NONE, PRIVATE, -1 }, { "shared anonymous", RW, SHARED, -1 },
		{ "file, shared", RW, MAP_SHARED, file }, { "file, private", RW, MAP_PRIVATE, file },
		{ "file, shared, read-only", PROT_READ, MAP_SHARED, ro }, { "memfd, shared", RW, MAP_SHARED, memfd },
		{ "file, write-only prot", PROT_WRITE, MAP_SHARED, file }, { "zero, private", RW, MAP_PRIVATE, zero },
		{ "growsdown", RW, PRIVATE | MAP_GROWSDOWN, -1 }, { "noreserve", RW, PRIVATE | MAP_NORESERVE, -1 },
	};

	catch_faults();
	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (int advice = -1; advice < 110; advice++) {
			if ((advice < 32 || advice > 98) && advice != POISON && advice != OFFLINE)
				each(&kinds[k], advice);
		}
		for (int advice = 0; advice < 26; advice++)
			locked(&kinds[k], advice);
	}
	for (int advice = 0; advice < 26; advice++)
		over_holes(advice);
	twice();
	poison();
	freed_then_paged_out();
	return 0;
}
