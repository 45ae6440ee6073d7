/* SPDX-License-Identifier: MIT */
/*
 * mlock brings pages in and keeps them when the cache is emptied; limits, partial failures and fork are as mlock(2)
 * says.
 */
#define _GNU_SOURCE
#include "check.h"
#include <sys/resource.h>

static long status_kb(const char *name)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	CHECK(f);
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			kb = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(f);
	return kb;
}

static unsigned resident(void *p, unsigned npages)
{
	unsigned char vec[64];
	unsigned n = 0;

	CHECK(mincore(p, npages * PAGE, vec) == 0);
	for (unsigned i = 0; i < npages; i++)
		n += vec[i] & 1;
	return n;
}

static void as_a_user(void)
{
	struct rlimit l = { 4 * PAGE, 4 * PAGE };
	unsigned char *p = map_anon(8 * PAGE);

	CHECK(setrlimit(RLIMIT_MEMLOCK, &l) == 0 && setuid(1234) == 0);
	CHECK(mlock(p, 4 * PAGE) == 0);
	FAILS(mlock(p + 4 * PAGE, 1), ENOMEM);
	CHECK(mlock(p, 4 * PAGE) == 0); /* counted once */
	FAILS(mlockall(MCL_CURRENT), ENOMEM);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED &&
	      errno == EAGAIN);
	CHECK(munlock(p, 2 * PAGE) == 0 && mlock(p + 6 * PAGE, 2 * PAGE) == 0);
	l.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_MEMLOCK, &l) == 0);
	FAILS(mlock(p, PAGE), EPERM);
	FAILS(mlockall(MCL_FUTURE), EPERM);
}

int main(void)
{
	if (geteuid() != 0)
		return 77;
	int fd = make_file("f", 32 * PAGE), drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
	CHECK(fsync(fd) == 0);
	unsigned char *f = map(32 * PAGE, PROT_READ, MAP_SHARED, fd, 0), *p = map_anon(8 * PAGE);
	CHECK(mlock(f, 32 * PAGE) == 0 && mlock(p + 100, 2 * PAGE) == 0);
	CHECK(status_kb("VmLck") == 35 * 4 && resident(p, 8) == 3);
	if (drop >= 0)
		(void)!write(drop, "1", 1);
	FAILS(madvise(f, 32 * PAGE, 21 /* MADV_PAGEOUT */), EINVAL);
	FAILS(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
	FAILS(msync(f, PAGE, MS_INVALIDATE), EBUSY);
	CHECK(resident(f, 32) == 32);
	CHILD_PASSES(CHECK(status_kb("VmLck") == 0));
	CHECK(munmap(f, 16 * PAGE) == 0 && status_kb("VmLck") == 19 * 4);
	/* A hole in the middle: the part before it is locked. */
	CHECK(munmap(p + 5 * PAGE, PAGE) == 0);
	FAILS(mlock(p, 8 * PAGE), ENOMEM);
	CHECK(status_kb("VmLck") == 21 * 4);
	CHECK(munlockall() == 0 && status_kb("VmLck") == 0);
	/* What cannot be brought in is ENOMEM, and locked nevertheless. */
	unsigned char *none = map(PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FAILS(mlock(none, PAGE), ENOMEM);
	CHECK(status_kb("VmLck") == 4 && munlock(none, PAGE) == 0);
	FAILS(mlockall(0), EINVAL);
	FAILS(mlockall(MCL_ONFAULT), EINVAL);
	CHECK(mlockall(MCL_FUTURE) == 0);
	unsigned char *q = map_anon(4 * PAGE);
	CHECK(resident(q, 4) == 4 && munlockall() == 0);
	FAILS(mlock2(q, PAGE, 2), EINVAL);
	unsigned char *r = map_anon(4 * PAGE);
	CHECK(mlock2(r, 4 * PAGE, MLOCK_ONFAULT) == 0 && resident(r, 4) == 0 && status_kb("VmLck") == 16);
	CHILD_PASSES(as_a_user());
	return 0;
}
