/* SPDX-License-Identifier: MIT */
/*
 * mprotect opens no page that a child still shares, marks none dirty, reaches every page's translation, asks the
 * descriptor.
 */
#include "check.h"
#include <stdbool.h>

#define RW (PROT_READ | PROT_WRITE)

static sigjmp_buf refused;

static void on_fault(int signo) { siglongjmp(refused, signo); }

static bool store_is_refused(volatile unsigned char *at)
{
	if (sigsetjmp(refused, 1))
		return true;
	*at = 9;
	return false;
}

/* The child's store after mprotect is its own. */
static void copies(void)
{
	unsigned char *p = map_anon(PAGE);

	*p = 1;
	CHILD_PASSES(CHECK(mprotect(p, PAGE, PROT_READ) == 0); CHECK(mprotect(p, PAGE, RW) == 0); STORE(p, 2);
	             CHECK(*p == 2));
	CHECK(*p == 1);
}

/* No fork between the last store and mprotect: these translations are in the TLB. */
static void translations(void)
{
	unsigned char *p = map_anon(4 * PAGE);
	struct sigaction sa = { .sa_handler = on_fault };

	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
	memset(p, 1, 4 * PAGE);
	CHECK(mprotect(p, 4 * PAGE, PROT_READ) == 0);
	for (int i = 3; i >= 0; i--)
		CHECK(store_is_refused(p + i * PAGE));
	signal(SIGSEGV, SIG_DFL);
}

/* Kilobytes of the mapping at p that /proc/self/smaps calls dirty. */
static long dirty_kb(const void *p)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[300], begin[20];
	long kb = 0, n;
	bool here = false;

	CHECK(f);
	snprintf(begin, sizeof begin, "%lx-", (unsigned long)p);
	while (fgets(line, sizeof line, f)) {
		if (strchr(line, '-') && strtoul(line, NULL, 16) > PAGE)
			here = !strncmp(line, begin, strlen(begin));
		if (here && (sscanf(line, "Private_Dirty: %ld", &n) == 1 || sscanf(line, "Shared_Dirty: %ld", &n) == 1))
			kb += n;
	}
	fclose(f);
	return kb;
}

/* How often dirty pages are written, in hundredths of a second; 0: not by themselves. */
static void write_back_every(const char *centisecs)
{
	int fd = open("/proc/sys/vm/dirty_writeback_centisecs", O_WRONLY);

	CHECK(fd >= 0 && write(fd, centisecs, strlen(centisecs)) > 0 && close(fd) == 0);
}

static void marks(void)
{
	int fd = make_file("f", PAGE);
	unsigned char *p = map(PAGE, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(fsync(fd) == 0);
	TOUCH(p);
	CHECK(dirty_kb(p) == 0);
	CHECK(mprotect(p, PAGE, RW) == 0);
	write_back_every("0");
	STORE(p, 7);
	CHECK(dirty_kb(p) == 4);
	write_back_every("500");
	int reader = open("f", O_RDONLY);
	unsigned char *q = map(PAGE, PROT_READ, MAP_SHARED, reader, 0);
	FAILS(mprotect(q, PAGE, RW), EACCES);
	DIES_BY(SIGSEGV, STORE(q, 1));
}

/* A part of a file's mapping that is moved before it was touched shows the same pages. */
static void parts_that_move(void)
{
	int fd = make_file("g", 4 * PAGE);
	unsigned char *p = map(4 * PAGE, PROT_READ, MAP_SHARED, fd, 0), *to = map_anon(PAGE);

	CHECK(mremap(p + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	CHECK(to[5] == (2 * PAGE + 5) % 251 + 1);
}

int main(void)
{
	copies();
	translations();
	marks();
	parts_that_move();
	return 0;
}
