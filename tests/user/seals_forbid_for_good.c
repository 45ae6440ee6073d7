/* SPDX-License-Identifier: MIT */
/* Each seal of a memory file forbids its changes by every way in; a writable mapping stands against F_SEAL_WRITE. */
#define _GNU_SOURCE
#include "check.h"

#define RW (PROT_READ | PROT_WRITE)
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static int sealable(size_t size)
{
	int fd = memfd_create("s", MFD_ALLOW_SEALING);

	CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0 && fcntl(fd, F_GET_SEALS) == 0);
	return fd;
}

static int mmap_fails(int prot, int flags, int fd, int error)
{
	return mmap(NULL, PAGE, prot, flags, fd, 0) == MAP_FAILED && errno == error;
}

static void who_can_be_sealed(void)
{
	int plain = memfd_create("p", 0), file = make_file("f", 1), ends[2], fd = sealable(PAGE);

	CHECK(fcntl(plain, F_GET_SEALS) == F_SEAL_SEAL);
	FAILS(fcntl(plain, F_ADD_SEALS, 0), EPERM);
	FAILS(fcntl(plain, F_ADD_SEALS, 0x100), EINVAL);
	FAILS(fcntl(file, F_GET_SEALS), EINVAL);
	FAILS(fcntl(file, F_ADD_SEALS, 0), EINVAL);
	CHECK(pipe(ends) == 0);
	FAILS(fcntl(ends[0], F_ADD_SEALS, 0), EPERM); /* not open for writing */
	FAILS(fcntl(ends[1], F_ADD_SEALS, 0), EINVAL);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK) == 0);
	CHECK(fcntl(fd, F_GET_SEALS) == (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW));
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
}

static void sizes(void)
{
	static char buf[3 * PAGE];
	int fd = sealable(PAGE + 100);

	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
	FAILS(ftruncate(fd, PAGE + 101), EPERM);
	FAILS(fallocate(fd, 0, 0, 2 * PAGE), EPERM);
	FAILS(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 2 * PAGE), EPERM);
	FAILS(pwrite(fd, buf, 101, PAGE), EPERM);
	CHECK(pwrite(fd, buf, 100, PAGE) == 100);
	CHECK(pwrite(fd, buf, sizeof buf, 0) == (ssize_t)PAGE); /* page by page, as far as it goes */
	FAILS(pwrite(fd, buf, 1, PAGE + 100), EPERM);
	CHECK(ftruncate(fd, PAGE) == 0 && ftruncate(fd, PAGE) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
	FAILS(ftruncate(fd, PAGE - 1), EPERM);
	CHECK(ftruncate(fd, PAGE) == 0 && pwrite(fd, "x", 1, 0) == 1);
}

static void bytes(void)
{
	int fd = sealable(2 * PAGE);
	unsigned char *p = map(2 * PAGE, RW, MAP_SHARED, fd, 0), *copy;

	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	CHECK(mprotect(p, 2 * PAGE, PROT_READ) == 0);
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY); /* it may become writable again */
	CHECK(munmap(p, 2 * PAGE) == 0);
	copy = map(PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	STORE(copy, 1); /* a private copy is no change */
	FAILS(pwrite(fd, "x", 1, 0), EPERM);
	CHECK(pwrite(fd, "x", 0, 0) == 0);
	FAILS(fallocate(fd, PUNCH, 0, PAGE), EPERM);
	CHECK(mmap_fails(RW, MAP_SHARED, fd, EPERM));
	p = map(PAGE, PROT_READ, MAP_SHARED, fd, 0);
	FAILS(mprotect(p, PAGE, RW), EACCES);
	CHECK(p[0] == 0 && ftruncate(fd, 3 * PAGE) == 0);
}

static void future_bytes(void)
{
	int fd = sealable(PAGE);
	unsigned char *p = map(PAGE, RW, MAP_SHARED, fd, 0), *q;

	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0);
	STORE(p, 9); /* what was mapped before goes on */
	CHECK(mprotect(p, PAGE, PROT_READ) == 0 && mprotect(p, PAGE, RW) == 0);
	STORE(p, 10);
	CHECK(mmap_fails(RW, MAP_SHARED, fd, EPERM));
	q = map(PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(q[0] == 10);
	FAILS(mprotect(q, PAGE, RW), EACCES);
	FAILS(pwrite(fd, "x", 1, 0), EPERM);
	FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	CHECK(munmap(p, PAGE) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
}

int main(void)
{
	who_can_be_sealed();
	sizes();
	bytes();
	future_bytes();
	return 0;
}
