/* SPDX-License-Identifier: MIT */
/*
 * Huge pages where none are reserved: what can be mapped all the same (MAP_NORESERVE), where it goes, and what every
 * call says of it. No page of it can ever be had.
 */
#include "show.h"

#define MFD_HUGE 4u
#define HUGE     (512 * PAGE)
#define NONE     (MAP_HUGETLB | MAP_NORESERVE)
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* Three huge pages at the beginning of the arena, which is larger here. */
static const char *three(int prot, int flags, int fd)
{
	CALL(munmap, at(0), 8 * HUGE);
	return shown(CALL(mmap, at(0), 3 * HUGE, prot, flags | MAP_FIXED, fd, 0));
}

/* The lines of maps in the arena, in pages of 4 KiB. */
static void lines(const char *what)
{
	printf("  %s:", what);
	for (const char *line = file_text("/proc/self/maps"); *line;) {
		char perms[8] = "", name[64] = "";
		unsigned long from = 0, to = 0, off = 0;
		sscanf(line, "%lx-%lx %7s %lx %*s %*s%63[^\n]", &from, &to, perms, &off, name);
		if (from >= ARENA && to <= ARENA + 8 * HUGE)
			printf(" %lu-%lu %s %lx %s;", (from - ARENA) / PAGE, (to - ARENA) / PAGE, perms, off,
			       name + strspn(name, " "));
		line = strchr(line, '\n');
		if (!line++)
			break;
	}
	printf("\n");
}

static void arguments(void)
{
	static const unsigned long sizes[] = { 0, 21, 30, 20, 22, 63 };
	static const unsigned types[] = { 0, MAP_SHARED, MAP_PRIVATE, 3, 4 };
	static const unsigned long lens[] = { 0, 1, PAGE, HUGE, HUGE + 1, 1ul << 46, 1ul << 47, -PAGE, -HUGE, -1ul };

	for (int reserve = 0; reserve < 2; reserve++) {
		unsigned flags = MAP_HUGETLB | (reserve ? 0 : MAP_NORESERVE);
		printf("%s\n", reserve ? "reserved" : "not reserved");
		for (size_t i = 0; i < COUNT(sizes); i++)
			printf(" size %lu: %s\n", sizes[i],
			       shown_ok(CALL(mmap, 0, HUGE, RW, PRIVATE | flags | sizes[i] << 26, -1, 0)));
		for (size_t i = 0; i < COUNT(types); i++)
			printf(" type %u: %s\n", types[i], shown_ok(CALL(mmap, 0, HUGE, RW, types[i] | MAP_ANONYMOUS | flags,
			                                                 -1, 0)));
		for (size_t i = 0; i < COUNT(lens); i++)
			printf(" length %lx: %s\n", lens[i], shown_ok(CALL(mmap, 0, lens[i], RW, PRIVATE | flags, -1, 0)));
		for (unsigned long off = 0; off < 2 * HUGE; off += HUGE / 2)
			printf(" offset %lx: %s\n", off, shown_ok(CALL(mmap, 0, HUGE, RW, PRIVATE | flags, -1, off)));
		printf(" growing down %s\n", shown_ok(CALL(mmap, 0, HUGE, RW, PRIVATE | flags | MAP_GROWSDOWN, -1, 0)));
		printf(" locked %s\n", shown_ok(CALL(mmap, 0, HUGE, RW, PRIVATE | flags | MAP_LOCKED, -1, 0)));
		printf(" populated %s\n", shown_ok(CALL(mmap, 0, HUGE, RW, PRIVATE | flags | MAP_POPULATE, -1, 0)));
		printf(" of a file %s\n", shown_ok(CALL(mmap, 0, HUGE, RW, MAP_PRIVATE | flags, make_file("f", 1), 0)));
		printf(" of nothing %s\n", shown_ok(CALL(mmap, 0, HUGE, RW, MAP_PRIVATE | flags, -1, 0)));
		/* What was there goes before the refusal, or stays. */
		for (int page = 0; page < 2; page++) {
			CALL(munmap, at(0), 8 * HUGE);
			map_at(0, 1024, RW, PRIVATE, -1, 0);
			printf(" over memory %s\n", shown(CALL(mmap, at(page), HUGE, RW, PRIVATE | flags | MAP_FIXED, -1, 0)));
			printf(" without replacing %s\n",
			       shown(CALL(mmap, at(page), HUGE, RW, PRIVATE | flags | MAP_FIXED_NOREPLACE, -1, 0)));
			lines("there");
		}
	}
	CALL(munmap, at(0), 8 * HUGE);
}

static void places(void)
{
	static const unsigned long hints[] = { 0x1000, 0x10000, 0x1ff000, 0x200000, 0x201000, 0x100000001000,
	                                       0x1000001ff000, 0x7ffff0000000, 0x7fffffffe000, 0x7ffffffff000,
	                                       0x800000000000, -1ul };
	char *first = (char *)CALL(mmap, 0, PAGE, RW, PRIVATE | NONE, -1, 0), *next;

	printf("first aligned %d\n", ((unsigned long)first & (HUGE - 1)) == 0);
	for (int i = 0; i < 4; i++) {
		next = (char *)CALL(mmap, 0, PAGE + HUGE * (unsigned)i, RW, (i % 2 ? SHARED : PRIVATE) | NONE, -1, 0);
		printf("next %ld\n", (long)(next - first));
	}
	next = (char *)CALL(mmap, 0, PAGE, RW, PRIVATE | NONE | MAP_32BIT, -1, 0);
	printf("32 bit %ld\n", (long)(next - first));
	for (size_t i = 0; i < COUNT(hints); i++) {
		long there = CALL(mmap, hints[i], PAGE, RW, PRIVATE | NONE, -1, 0);
		if ((unsigned long)there < 0x700000000000)
			printf("hint %lx: %lx\n", hints[i], there);
		else
			printf("hint %lx: first %+ld\n", hints[i], (long)(there - (long)first));
		CALL(munmap, there, HUGE);
	}
	for (unsigned long end = 0x7fffffe00000 - HUGE; end <= 0x800000000000; end += HUGE)
		printf("fixed %lx: %s\n", end, shown_ok(CALL(mmap, end, PAGE, RW, PRIVATE | NONE | MAP_FIXED_NOREPLACE,
		                                             -1, 0)));
}

static void touches(int flags, int fd)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW, PROT_EXEC };
	char byte = 1;

	for (size_t i = 0; i < COUNT(prots); i++) {
		printf(" prot %d %s:", prots[i], three(prots[i], flags, fd));
		printf(" load %s", probe(at(5), LOAD));
		printf(" store %s", probe(at(515), STORE));
		printf(" jump %s", probe(at(1025), JUMP));
		printf(" read %s", shown(CALL(read, 0, at(1), 1)));
		printf(" random %s", shown(CALL(getrandom, at(1), 10, 0)));
		struct iovec here = { &byte, 1 }, there = { at(1), 1 };
		printf(" vm read %s", shown(CALL(process_vm_readv, getpid(), &here, 1, &there, 1, 0)));
		printf(" vm write %s\n", shown(CALL(process_vm_writev, getpid(), &here, 1, &there, 1, 0)));
	}
}

static void calls(int flags, int fd)
{
	static const struct { long from, to; } parts[] = { { 0, 1536 }, { 0, 512 }, { 512, 1024 }, { 1024, 1536 },
	                                                   { 1, 512 },
	                                                   { 512, 513 }, { 0, 600 }, { 100, 1536 }, { 1535, 1537 } };

	for (size_t i = 0; i < COUNT(parts); i++) {
		unsigned char *p = at(parts[i].from);
		unsigned long len = (unsigned long)(parts[i].to - parts[i].from) * PAGE;
		static const int advices[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		                               MADV_FREE,
			MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
			MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
			MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, 25 };
		printf(" %ld-%ld\n", parts[i].from, parts[i].to);
		three(RW, flags, fd);
		printf("  munmap %s\n", shown(CALL(munmap, p, len)));
		lines("left");
		three(RW, flags, fd);
		printf("  over it %s\n", shown(CALL(mmap, p, len, RW, PRIVATE | MAP_FIXED, -1, 0)));
		lines("there");
		three(RW, flags, fd);
		printf("  mprotect %s\n", shown(CALL(mprotect, p, len, PROT_READ)));
		printf("  and back %s\n", shown(CALL(mprotect, p, len, RW)));
		lines("there");
		for (size_t k = 0; k < COUNT(advices); k++) {
			three(RW, flags, fd);
			printf("  advice %d %s\n", advices[k], shown(CALL(madvise, p, len, advices[k])));
			lines("there");
		}
		three(RW, flags, fd);
		printf("  mlock %s", shown(CALL(mlock, p, len)));
		printf(" mlock2 %s", shown(CALL(mlock2, p, len, 1)));
		printf(" munlock %s", shown(CALL(munlock, p, len)));
		printf(" msync %s", shown(CALL(msync, p, len, MS_SYNC)));
		unsigned char vec[2048];
		memset(vec, 7, sizeof vec);
		printf(" mincore %s %d %d\n", shown(CALL(mincore, p, len, vec)), vec[0], vec[1]);
		lines("there");
	}
}

static void moves(int flags, int fd)
{
	static const struct { long from, old, new; int flags; long to; } all[] = {
		{ 0, 1536, 1536, 0, 0 }, { 0, 1, 2, 0, 0 }, { 0, 513, 1000, 0, 0 }, { 0, 1536, 1537, 1, 0 },
		{ 0, 1536, 512, 0, 0 },
		{ 0, 1536, 1, 0, 0 }, { 0, 1536, 600, 0, 0 }, { 1, 511, 511, 0, 0 }, { 512, 512, 512, 3, 2048 },
		{ 512, 512, 512, 3, 2049 },
		{ 0, 1024, 512, 3, 2048 }, { 0, 1536, 1536, 3, 2048 }, { 512, 1, 1, 3, 2048 }, { 512, 512, 512, 5, 0 },
		{ 0, 1536, 1536, 5, 0 }, { 0, 0, 512, 1, 0 }, { 0, 512, 512, 1, 1 }, { 1024, 1024, 1024, 0, 0 },
		{ 1024, 1024, 512, 0, 0 },
		{ 1024, 1024, 1024, 3, 2048 } };

	for (size_t i = 0; i < COUNT(all); i++) {
		three(RW, flags, fd);
		long there = CALL(mremap, at(all[i].from), all[i].old * PAGE, all[i].new * PAGE, all[i].flags, at(all[i].to));
		printf(" mremap %ld %ld %ld %d %ld: %s\n", all[i].from, all[i].old, all[i].new, all[i].flags, all[i].to,
		       shown_ok(there));
		lines("there");
	}
}

static void files(void)
{
	int fd = (int)CALL(memfd_create, "huge", MFD_HUGE | MFD_ALLOW_SEALING);
	struct stat st;

	printf("file: %s\n", shown_ok(fd));
	for (unsigned log = 0; log < 64; log += 3) {
		int other = (int)CALL(memfd_create, "huge", MFD_HUGE | log << 26);
		printf(" of %u: %s", log, shown_ok(other));
		printf(" size %s", other < 0 ? "-" : shown(CALL(ftruncate, other, HUGE)));
		printf(" mapped %s\n", other < 0 ? "-"
		                                 : shown_ok(CALL(mmap, 0, PAGE, RW, MAP_SHARED | MAP_NORESERVE, other, 0)));
	}
	for (int sizes = 0; sizes < 3; sizes++) {
		printf(" size %d: %s", sizes, shown(CALL(ftruncate, fd, sizes * HUGE)));
		printf(" reserved %s", shown_ok(CALL(mmap, 0, HUGE, RW, MAP_SHARED, fd, 0)));
		for (int flags = 1; flags < 3; flags++) {
			printf(" read only %s", shown_ok(CALL(mmap, 0, 3 * PAGE, PROT_READ, flags | MAP_NORESERVE, fd, HUGE)));
			fstat(fd, &st);
			printf(" %ld", (long)st.st_size);
			printf(" write %s", shown_ok(CALL(mmap, 0, 3 * PAGE, RW, flags | MAP_NORESERVE, fd, HUGE)));
			fstat(fd, &st);
			printf(" %ld\n", (long)st.st_size);
		}
		printf("  in the middle %s\n", shown_ok(CALL(mmap, 0, HUGE, RW, MAP_SHARED | MAP_NORESERVE, fd, PAGE)));
	}
	printf(" beyond: ");
	CALL(ftruncate, fd, HUGE);
	three(PROT_READ, MAP_SHARED | MAP_NORESERVE, fd);
	lines("there");
	for (int page = 0; page < 1536; page += 511)
		printf(" load %d %s", page, probe(at(page), LOAD));
	printf("\n cut %s", shown(CALL(ftruncate, fd, 0)));
	printf(" load %s\n", probe(at(0), LOAD));
	printf(" with the flag %s\n", shown_ok(CALL(mmap, 0, PAGE, RW, MAP_SHARED | NONE, fd, 0)));
	printf(" remap_file_pages %s\n", shown(CALL(remap_file_pages, at(0), HUGE, 0, 512, 0)));
	lines("there");
	printf(" seal %s\n", shown(CALL(fcntl, fd, 1033, 8)));
	CALL(munmap, at(0), 8 * HUGE);
}

static void limits(void)
{
	IN_CHILD({
		limit(RLIMIT_AS, 1ul << 30);
		printf("address space %s", shown_ok(CALL(mmap, 0, 1ul << 30, RW, PRIVATE | NONE, -1, 0)));
		printf(" %s\n", shown_ok(CALL(mmap, 0, 1ul << 29, RW, PRIVATE | NONE, -1, 0)));
	});
	IN_CHILD({
		limit(RLIMIT_DATA, 32ul << 20);
		printf("data private %s", shown_ok(CALL(mmap, 0, 32ul << 20, RW, PRIVATE | NONE, -1, 0)));
		printf(" shared %s\n", shown_ok(CALL(mmap, 0, 32ul << 20, RW, SHARED | NONE, -1, 0)));
	});
	IN_CHILD({
		printf("a user at 0x10000 %s\n", (CALL(setuid, 1000),
		                                  shown_ok(CALL(mmap, 0x10000, PAGE, RW, PRIVATE | NONE, -1, 0))));
	});
	IN_CHILD({
		three(RW, SHARED | NONE, -1);
		lines("child");
	});
}

/* What smaps says of the first huge page. */
static void smaps(void)
{
	three(RW, SHARED | NONE, -1);
	const char *line = strstr(file_text("/proc/self/smaps"), "100000000000-");
	for (int i = 0; line && i < 24; i++, line = strchr(line, '\n') + 1)
		if (i)
			printf("%.*s\n", (int)(strchr(line, '\n') - line), line);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	catch_faults();
	arguments();
	places();
	for (int type = 1; type <= 2; type++) {
		unsigned flags = (unsigned)type | MAP_ANONYMOUS | NONE;
		printf("%s %s\n", type == 1 ? "shared" : "private", three(RW, (int)flags, -1));
		lines("there");
		touches((int)flags, -1);
		calls((int)flags, -1);
		moves((int)flags, -1);
	}
	files();
	limits();
	smaps();
	return 0;
}
