/* SPDX-License-Identifier: MIT */
/* What a disk's errors look like to a program. long_bad_servers.sh runs it on disks with such errors; skips elsewhere.
 *
 *     disk_errors read FILE   page 8 of FILE cannot be read, all others can
 *     disk_errors write FILE  the first write of page 5 fails, later ones do not
 *     disk_errors flush FILE  the first fsync fails, the second does not */
#include "check.h"

static char *name;

static void read_errors(void)
{
	unsigned char buf[PAGE];
	int fd = open(name, O_RDONLY);

	CHECK(fd >= 0);
	for (int i = 0; i < 16; i++) {
		errno = 0;
		ssize_t n = pread(fd, buf, PAGE, (off_t)i * PAGE);
		CHECK(i == 8 ? n == -1 && errno == EIO : n == (ssize_t)PAGE && buf[0] == 'a' + i);
	}
	unsigned char *p = map(16 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	for (int i = 0; i < 16; i++) {
		if (i == 8)
			DIES_BY(SIGBUS, TOUCH(p + 8 * PAGE));
		else
			CHECK(p[i * PAGE] == 'a' + i);
	}
	FAILS(write(open("out", O_WRONLY | O_CREAT, 0600), p + 8 * PAGE, 10), EFAULT);
	CHECK(unlink("out") == 0);
}

static void write_errors(void)
{
	int fd = open(name, O_RDWR);

	CHECK(fd >= 0);
	unsigned char *p = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	STORE(p + 5 * PAGE, 'X');
	STORE(p + 9 * PAGE, 'Y');
	FAILS(msync(p, 16 * PAGE, MS_SYNC), EIO);
	CHECK(p[5 * PAGE] == 'X'); /* still there, still dirty */
	CHECK(msync(p, 16 * PAGE, MS_SYNC) == 0);
	CHECK(fsync(fd) == 0);
}

static void flush_errors(void)
{
	int fd = open(name, O_RDWR);

	CHECK(fd >= 0 && pwrite(fd, "Z", 1, 0) == 1);
	FAILS(fsync(fd), EIO);
	CHECK(pwrite(fd, "Z", 1, 1) == 1);
	CHECK(fsync(fd) == 0);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 77;
	name = argv[2];
	argv[1][0] == 'r' ? read_errors() : argv[1][0] == 'w' ? write_errors() : flush_errors();
	return 0;
}
