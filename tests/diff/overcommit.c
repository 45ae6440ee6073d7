/* SPDX-License-Identifier: MIT */
/*
 * The three modes of overcommit against every kind of mapping, in sizes measured by the machine's own memory, so that
 * both systems are asked the same question. Not for the host: it changes vm.overcommit_memory.
 */
#include "show.h"

static unsigned long field(const char *name)
{
	const char *line = strstr(file_text("/proc/meminfo"), name);

	return line ? strtoul(line + strlen(name), NULL, 10) * 1024 : 0;
}

static long committed(void) { return (long)field("Committed_AS:"); }

static void setting(const char *name, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	bool good = write_text(path, value);
	printf("%s := %s: %s, now %s", name, value, good ? "ok" : error_name(errno), file_text(path));
}

static void sizes(unsigned long memory, int file)
{
	static const int quarters[] = { 1, 2, 3, 5, 8, 40, 4000 };
	static const struct {
		const char *name;
		int prot, flags;
		bool file;
	} all[] = {
		{ "rw", RW, PRIVATE, false }, { "r", PROT_READ, PRIVATE, false }, { "none", PROT_NONE, PRIVATE, false },
		{ "rw noreserve", RW, PRIVATE | MAP_NORESERVE, false }, { "shared", RW, SHARED, false },
		{ "shared noreserve", RW, SHARED | MAP_NORESERVE, false }, { "shared r", PROT_READ, SHARED, false },
		{ "file shared", RW, MAP_SHARED, true }, { "file private", RW, MAP_PRIVATE, true },
		{ "file private noreserve", RW, MAP_PRIVATE | MAP_NORESERVE, true }, { "file r", PROT_READ, MAP_PRIVATE, true },
		{ "growsdown", RW, PRIVATE | MAP_GROWSDOWN, false },
	};

	for (size_t k = 0; k < COUNT(all); k++) {
		printf("%s:", all[k].name);
		for (size_t q = 0; q < COUNT(quarters); q++) {
			unsigned long len = (memory / 4 * (unsigned long)quarters[q]) & ~(PAGE - 1);
			long before = committed(), result = CALL(mmap, 0, len, all[k].prot, all[k].flags,
			                                         all[k].file ? file : -1, 0);
			long charged = committed() - before;
			printf(" %d/4 %s", quarters[q], shown_ok(result));
			if (result < 0)
				continue;
			printf("%s", charged > (long)len / 2 ? " charged" : "");
			if (!(all[k].prot & PROT_WRITE)) {
				printf(" to rw %s", shown(CALL(mprotect, result, len, RW)));
				printf(" back %s", shown(CALL(mprotect, result, len, PROT_NONE)));
			}
			long moved = CALL(mremap, result, len, 2 * len, MREMAP_MAYMOVE);
			printf(" twice %s", shown_ok(moved));
			CALL(munmap, moved < 0 ? result : moved, moved < 0 ? len : 2 * len);
			if (committed() - before > (long)(1 << 20))
				printf(" not given back");
		}
		printf("\n");
	}
}

/* In mode 2 a little is kept for root and for the process; a user gets a little less. */
static void as_user(unsigned long memory, int file)
{
	IN_CHILD({
		printf("as a user, %s\n", shown(CALL(setuid, 1000)));
		sizes(memory, file);
	});
}

/* What a call charges, in pages. */
static void charge(const char *what, long result)
{
	static long before;
	long now = committed();

	if (what)
		printf("  %s: %s: %+ld\n", what, shown(result), (now - before) / (long)PAGE);
	before = now;
}

static void charges(int file)
{
	charge(NULL, 0);
	charge("rw", map_at(0, 64, RW, PRIVATE, -1, 0));
	charge("to r", CALL(mprotect, at(0), 16 * PAGE, PROT_READ));
	charge("unmap r", CALL(munmap, at(0), 8 * PAGE));
	charge("unmap rw", CALL(munmap, at(20), 8 * PAGE));
	charge("r over rw", map_at(30, 8, PROT_READ, PRIVATE, -1, 0));
	charge("that to rw", CALL(mprotect, at(30), 8 * PAGE, RW));
	charge("that to r, untouched", CALL(mprotect, at(30), 8 * PAGE, PROT_READ));
	charge("that to rw again", CALL(mprotect, at(30), 8 * PAGE, RW));
	charge("noreserve", map_at(70, 8, RW, PRIVATE | MAP_NORESERVE, -1, 0));
	charge("shared", map_at(80, 8, RW, SHARED, -1, 0));
	charge("shared, none", map_at(90, 8, PROT_NONE, SHARED, -1, 0));
	charge("unmap half of shared", CALL(munmap, at(80), 4 * PAGE));
	charge("unmap the rest", CALL(munmap, at(84), 4 * PAGE));
	charge("file, private", map_at(100, 8, RW, MAP_PRIVATE, file, 0));
	charge("file, shared", map_at(110, 8, RW, MAP_SHARED, file, 0));
	charge("file, private, r", map_at(120, 8, PROT_READ, MAP_PRIVATE, file, 0));
	charge("to rw", CALL(mprotect, at(120), 8 * PAGE, RW));
	charge("mremap grows", CALL(mremap, at(120), 8 * PAGE, 16 * PAGE, 0));
	charge("mremap shrinks", CALL(mremap, at(120), 16 * PAGE, 4 * PAGE, 0));
	charge("mremap moves", CALL(mremap, at(120), 4 * PAGE, 4 * PAGE, 3, at(140)));
	charge("mremap dontunmap", CALL(mremap, at(50), 4 * PAGE, 4 * PAGE, 7, at(150)));
	charge("growsdown", map_at(160, 8, RW, PRIVATE | MAP_GROWSDOWN, -1, 0));
	charge("brk", CALL(brk, CALL(brk, 0) + (long)(16 * PAGE)) > 0 ? 0 : -1);
	int fd = (int)CALL(memfd_create, "m", 0);
	charge("memfd", 0);
	charge("sized", CALL(ftruncate, fd, 16 * PAGE));
	charge("written", CALL(pwrite64, fd, "x", 1, 0));
	charge("mapped", map_at(170, 16, RW, MAP_SHARED, fd, 0));
	*at(172) = 1;
	charge("stored", 0);
	charge("cut", CALL(ftruncate, fd, 0));
	charge("all gone", 0);
	clear_arena();
	charge("unmapped", 0);
}

int main(void)
{
	unsigned long memory = field("MemTotal:");
	int file = make_file("file", 200);
	char old[16];

	snprintf(old, sizeof(old), "%.1s", file_text("/proc/sys/vm/overcommit_memory"));
	for (char mode = '0'; mode < '3'; mode++) {
		setting("overcommit_memory", (char[]){ mode, 0 });
		for (int ratio = 50; ratio <= (mode == '2' ? 150 : 50); ratio += 50) {
			char number[8];
			snprintf(number, sizeof(number), "%d", ratio);
			setting("overcommit_ratio", number);
			long limit = (long)field("CommitLimit:");
			printf("limit is %ld %% of memory\n", (limit * 200 / (long)memory + 1) / 2);
			sizes(memory, file);
			as_user(memory, file);
		}
		charges(file);
	}
	setting("overcommit_memory", "3");
	setting("overcommit_memory", "-1");
	setting("overcommit_memory", "x");
	setting("overcommit_ratio", "-5");
	setting("overcommit_ratio", "50");
	setting("overcommit_memory", old);
	IN_CHILD({
		CALL(setuid, 1000);
		setting("overcommit_memory", "1");
	});
	return 0;
}
