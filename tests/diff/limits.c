/* SPDX-License-Identifier: MIT */
/*
 * RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK against everything that makes memory. Limits are set relative to what the
 * process has, page by page, so that the first answer that differs is seen.
 */
#include "show.h"

static unsigned long field(const char *name)
{
	const char *line = strstr(file_text("/proc/self/status"), name);

	return line ? strtoul(line + strlen(name), NULL, 10) * 1024 : 0;
}

/* How much each thing adds to the size, to the data, to the stack, in pages. */
static void shown_growth(const char *what, long result)
{
	static unsigned long size, data, stack;
	unsigned long now[3] = { field("VmSize:"), field("VmData:"), field("VmStk:") };

	if (what)
		printf("%s: %s: size %+ld data %+ld stack %+ld\n", what, shown(result), (long)(now[0] - size) / (long)PAGE,
		       (long)(now[1] - data) / (long)PAGE, (long)(now[2] - stack) / (long)PAGE);
	size = now[0];
	data = now[1];
	stack = now[2];
}

static void growth(int file)
{
	static const struct {
		const char *name;
		int prot, flags;
		bool file;
	} all[] = {
		{ "rw", RW, PRIVATE, false }, { "r", PROT_READ, PRIVATE, false }, { "none", PROT_NONE, PRIVATE, false },
		{ "wx", PROT_WRITE | PROT_EXEC, PRIVATE, false }, { "w", PROT_WRITE, PRIVATE, false },
		{ "shared rw", RW, SHARED, false }, { "file rw private", RW, MAP_PRIVATE, true },
		{ "file rw shared", RW, MAP_SHARED, true }, { "file r", PROT_READ, MAP_PRIVATE, true },
		{ "stack flag", RW, PRIVATE | MAP_STACK, false }, { "growsdown", RW, PRIVATE | MAP_GROWSDOWN, false },
		{ "growsdown r", PROT_READ, PRIVATE | MAP_GROWSDOWN, false },
		{ "noreserve", RW, PRIVATE | MAP_NORESERVE, false },
	};

	for (size_t k = 0; k < COUNT(all); k++) {
		shown_growth(NULL, 0);
		long result = map_at(0, 4, all[k].prot, all[k].flags, all[k].file ? file : -1, 0);
		shown_growth(all[k].name, result);
		shown_growth("  to none", CALL(mprotect, at(0), 2 * PAGE, PROT_NONE));
		shown_growth("  to rw", CALL(mprotect, at(1), 3 * PAGE, RW));
		shown_growth("  to r", CALL(mprotect, at(0), 4 * PAGE, PROT_READ));
		shown_growth("  mremap", CALL(mremap, at(0), 4 * PAGE, 7 * PAGE, 0));
		shown_growth("  mremap moved", CALL(mremap, at(0), 2 * PAGE, 3 * PAGE, 3, at(20)));
		shown_growth("  munmap", CALL(munmap, at(2), 1 * PAGE));
		clear_arena();
		shown_growth("  all gone", 0);
	}
	unsigned long brk = (unsigned long)CALL(brk, 0);
	shown_growth("brk", CALL(brk, brk + 3 * PAGE) - (long)brk);
	shown_growth("brk back", CALL(brk, brk) - (long)brk);
}

/* Tries everything with the limit at `pages` above what there is. */
static void tries(int resource, const char *what, long pages, int file)
{
	map_at(0, 4, RW, PRIVATE, -1, 0);
	map_at(8, 4, PROT_READ, PRIVATE, -1, 0);
	map_at(16, 4, PROT_READ, MAP_PRIVATE, file, 0);
	unsigned long brk = (unsigned long)CALL(brk, 0);
	limit(resource, field(what) + (unsigned long)(pages * (long)PAGE));
	printf("%s %+ld:", what, pages);
	printf(" rw %s", shown(map_at(30, 4, RW, PRIVATE, -1, 0)));
	CALL(munmap, at(30), 4 * PAGE);
	printf(" rw over %s", shown(map_at(1, 2, RW, PRIVATE, -1, 0)));
	printf(" r %s", shown(map_at(30, 4, PROT_READ, PRIVATE, -1, 0)));
	CALL(munmap, at(30), 4 * PAGE);
	printf(" r over %s", shown(map_at(0, 4, PROT_READ, PRIVATE, -1, 0)));
	printf(" shared %s", shown(map_at(30, 4, RW, SHARED, -1, 0)));
	CALL(munmap, at(30), 4 * PAGE);
	printf(" file %s", shown(map_at(30, 4, RW, MAP_SHARED, file, 0)));
	CALL(munmap, at(30), 4 * PAGE);
	printf(" to rw %s", shown(CALL(mprotect, at(8), 4 * PAGE, RW)));
	printf(" file to rw %s", shown(CALL(mprotect, at(16), 4 * PAGE, RW)));
	printf(" grow %s", shown(CALL(mremap, at(8), 4 * PAGE, 8 * PAGE, 0)));
	printf(" dontunmap %s", shown_ok(CALL(mremap, at(0), 4 * PAGE, 4 * PAGE, 7, at(50))));
	printf(" brk %+ld", CALL(brk, brk + 4 * PAGE) - (long)brk);
	printf(" growsdown %s", shown(map_at(60, 1, RW, PRIVATE | MAP_GROWSDOWN, -1, 0)));
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	printf(" fork %s\n", pid > 0 ? "ok" : error_name(errno));
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static unsigned long deep(long pages)
{
	volatile unsigned char here[PAGE];

	here[0] = 1;
	return pages <= 0 ? here[0] : here[0] + deep(pages - 1);
}

static void stack_limits(void)
{
	static const unsigned long kilobytes[] = { 0, 64, 136, 256, 1024, 8192, 16384 };

	for (size_t i = 0; i < COUNT(kilobytes); i++) {
		for (long pages = 8; pages < 5000; pages *= 3) {
			printf("stack limit %lu kB, %ld pages deep:\n", kilobytes[i], pages);
			IN_CHILD({
				limit(RLIMIT_STACK, kilobytes[i] * 1024);
				printf("  %lu\n", deep(pages));
			});
		}
	}
	IN_CHILD({
		limit(RLIMIT_AS, field("VmSize:") + 40 * PAGE);
		printf("  address space: %lu\n", deep(100));
	});
	IN_CHILD({
		limit(RLIMIT_DATA, field("VmData:"));
		printf("  data: %lu\n", deep(100));
	});
}

int main(void)
{
	int file = make_file("file", 8);

	for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
		bool by_memory = resource == RLIMIT_NPROC || resource == RLIMIT_SIGPENDING || resource == RLIMIT_NOFILE;
		struct rlimit now = { 0, 0 };
		long result = by_memory ? 0 : CALL(getrlimit, resource, &now);
		printf("limit %d: %s %#lx %#lx\n", resource, shown(result), now.rlim_cur, now.rlim_max);
	}
	growth(file);
	for (long pages = -3; pages < 8; pages++) {
		IN_CHILD(tries(RLIMIT_AS, "VmSize:", pages, file));
		IN_CHILD(tries(RLIMIT_DATA, "VmData:", pages, file));
	}
	IN_CHILD(tries(RLIMIT_AS, "VmStk:", 0, file));
	stack_limits();
	return 0;
}
