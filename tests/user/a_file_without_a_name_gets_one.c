/* SPDX-License-Identifier: MIT */
/*
 * O_TMPFILE makes a file without a name, which linkat may give one; a file that has lost its last name never gets
 * another.
 */
#include "check.h"

static int link_fd(int fd, const char *name)
{
	char from[40];

	snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

int main(void)
{
	struct stat st;
	char byte;

	FAILS(open("/tmp", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	FAILS(open("/tmp/none", O_TMPFILE | O_RDWR, 0600), ENOENT);
	FAILS(open("/dev/null", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	unlink("/tmp/named");
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0640), closed = open("/tmp", O_TMPFILE | O_RDWR | O_EXCL, 0640);
	CHECK(fd >= 0 && closed >= 0);
	CHECK(write(fd, "x", 1) == 1 && fstat(fd, &st) == 0 && st.st_nlink == 0 && S_ISREG(st.st_mode));
	FAILS(link_fd(closed, "/tmp/named"), ENOENT);
	CHECK(link_fd(fd, "/tmp/named") == 0 && fstat(fd, &st) == 0 && st.st_nlink == 1);
	CHECK(close(fd) == 0 && close(closed) == 0);
	fd = open("/tmp/named", O_RDONLY);
	CHECK(fd >= 0 && read(fd, &byte, 1) == 1 && byte == 'x');
	CHECK(unlink("/tmp/named") == 0);
	FAILS(link_fd(fd, "/tmp/named"), ENOENT);
	return 0;
}
