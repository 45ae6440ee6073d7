/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys/vm takes numbers as sysctl(8) writes them, refuses what is none or out of range, and does what it says. Not
 * for the host: it changes the system.
 */
#define _GNU_SOURCE
#include "check.h"

static char text[64];

static const char *get(const char *path)
{
	int fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	ssize_t n = read(fd, text, sizeof text - 1);
	CHECK(n > 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static ssize_t put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	CHECK(fd >= 0);
	ssize_t n = write(fd, value, strlen(value));
	int error = errno;
	close(fd);
	errno = error;
	return n;
}

int main(void)
{
	static const char ratio[] = "/proc/sys/vm/dirty_ratio", bytes[] = "/proc/sys/vm/dirty_bytes";

	if (geteuid() != 0 || access(ratio, W_OK))
		return 77;
	CHECK(put(ratio, "30\n") == 3 && !strcmp(get(ratio), "30\n"));
	CHECK(put(ratio, " \t0x1f") == 6 && !strcmp(get(ratio), "31\n"));
	CHECK(put(ratio, "012 7\n") == 4 && !strcmp(get(ratio), "10\n"));
	FAILS(put(ratio, "101"), EINVAL);
	FAILS(put(ratio, "-1"), EINVAL);
	FAILS(put(ratio, "5x"), EINVAL);
	FAILS(put(ratio, "x"), EINVAL);
	FAILS(put(ratio, " \n"), EINVAL);
	CHECK(!strcmp(get(ratio), "10\n"));
	/* The ratio and the bytes: the last one that was set counts. */
	CHECK(put(bytes, "1048576") == 7 && !strcmp(get(ratio), "0\n"));
	CHECK(put(ratio, "20") == 2 && !strcmp(get(bytes), "0\n"));
	/* Clean pages nobody maps go, so reading them again is not answered from memory. */
	int fd = make_file("f", 64 * PAGE);
	CHECK(fsync(fd) == 0);
	unsigned char vec[64], *p = map(64 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(mincore(p, 64 * PAGE, vec) == 0 && vec[10] & 1);
	CHECK(put("/proc/sys/vm/drop_caches", "1\n") == 2);
	CHECK(mincore(p, 64 * PAGE, vec) == 0);
	unsigned resident = 0;
	for (int i = 0; i < 64; i++)
		resident += vec[i] & 1;
	CHECK(resident < 64);
	FAILS(put("/proc/sys/vm/drop_caches", "5"), EINVAL);
	FAILS(open("/proc/sys/kernel/osrelease", O_WRONLY), EACCES);
	return 0;
}
