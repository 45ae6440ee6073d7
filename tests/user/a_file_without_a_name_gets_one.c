/* SPDX-License-Identifier: MIT */
/*
 * O_TMPFILE makes a file without a name, in memory and on a disk, which linkat may give one, and then others; a file
 * that has lost its last name never gets another.
 */
#include "check.h"

#include <stdbool.h>

static int link_fd(int fd, const char *name)
{
	char from[40];

	snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static unsigned long links(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0640);
	return st.st_nlink;
}

/* By way of /proc, or as root by the descriptor itself. */
static void named(bool empty_path)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0640);
	char byte;

	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && links(fd) == 0);
	CHECK((empty_path ? linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH) : link_fd(fd, "named")) == 0 && links(fd) == 1);
	FAILS(link_fd(fd, "named"), EEXIST);
	CHECK(link_fd(fd, "second") == 0 && links(fd) == 2);
	CHECK(fsync(fd) == 0 && close(fd) == 0);
	fd = open("named", O_RDONLY);
	CHECK(fd >= 0 && read(fd, &byte, 1) == 1 && byte == 'x');
	CHECK(unlink("named") == 0 && links(fd) == 1 && unlink("second") == 0 && links(fd) == 0);
	FAILS(link_fd(fd, "named"), ENOENT);
	CHECK(close(fd) == 0);
}

/* Written and mapped like any other, and gone with its last descriptor. */
static void nameless(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0640);

	CHECK(fd >= 0 && ftruncate(fd, 3 * PAGE) == 0);
	unsigned char *p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	STORE(p + PAGE, 5);
	CHECK(msync(p, 3 * PAGE, MS_SYNC) == 0 && munmap(p, 3 * PAGE) == 0);
	CHECK(pread(fd, &(char){ 0 }, 1, PAGE) == 1 && links(fd) == 0);
	FAILS(link_fd(fd, "named"), ENOENT);
	CHECK(close(fd) == 0);
	FAILS(open("named", O_RDONLY), ENOENT);
}

static void place(const char *where)
{
	CHECK(chdir(where) == 0);
	FAILS(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	FAILS(open("none", O_TMPFILE | O_RDWR, 0600), ENOENT);
	FAILS(open("/dev/null", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	named(false);
	named(true);
	nameless();
}

int main(void)
{
	FAILS(open("/proc", O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
	place(".");
	CHECK(mkdir("/tmp/nameless", 0755) == 0);
	place("/tmp/nameless");
	CHECK(rmdir("/tmp/nameless") == 0);
	return 0;
}
