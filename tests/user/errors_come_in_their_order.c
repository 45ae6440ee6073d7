/* SPDX-License-Identifier: MIT */
/*
 * Where several things are wrong with a call about a name or a descriptor, the errors come in Linux's order; and what is
 * asked of oddities is answered as there.
 */
#define _GNU_SOURCE
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "check.h"

static void names_end_in_slashes(void)
{
	FAILS(open("missing/new/", O_RDWR | O_CREAT, 0600), ENOENT);
	FAILS(open("file/new/", O_RDWR | O_CREAT, 0600), ENOTDIR);
	FAILS(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
}

static void a_descriptor_is_no_link(int fd)
{
	char text[8];

	FAILS(readlinkat(fd, "", text, sizeof text), ENOENT);
	FAILS(readlinkat(AT_FDCWD, "file", text, sizeof text), EINVAL);
}

static void positions_past_the_end_count_down(int fd)
{
	int left = 0;

	CHECK(lseek(fd, 110, SEEK_SET) == 110 && ioctl(fd, FIONREAD, &left) == 0 && left == -10);
	CHECK(lseek(fd, 30, SEEK_SET) == 30 && ioctl(fd, FIONREAD, &left) == 0 && left == 70);
}

/* dup2 of a number to itself asks only whether it is open. */
static void numbers_above_the_limit(int fd)
{
	struct rlimit old, low;

	CHECK(dup2(fd, 100) == 100 && getrlimit(RLIMIT_NOFILE, &old) == 0);
	low = (struct rlimit){ 20, old.rlim_max };
	CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0 && dup2(100, 100) == 100);
	FAILS(dup2(101, 101), EBADF);
	FAILS(dup2(fd, 101), EBADF);
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0 && close(100) == 0);
}

static void what_a_thread_remembers(void)
{
	char name[16];

	CHECK(prctl(PR_SET_NAME, "a long name it") == 0 && prctl(PR_SET_NAME, "ab") == 0);
	memset(name, 'z', sizeof name);
	CHECK(prctl(PR_GET_NAME, name) == 0 && !memcmp(name, "ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0", sizeof name));
	int first = prctl(PR_GET_TIMERSLACK);
	CHECK(prctl(PR_SET_TIMERSLACK, 12345) == 0 && prctl(PR_GET_TIMERSLACK) == 12345);
	CHECK(prctl(PR_SET_TIMERSLACK, 0) == 0 && prctl(PR_GET_TIMERSLACK) == first);
	CHECK(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) == PR_MCE_KILL_DEFAULT);
	CHECK(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0) == 0);
	CHECK(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) == PR_MCE_KILL_EARLY);
	FAILS(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 3, 0, 0), EINVAL);
	FAILS(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0), EINVAL);
	CHECK(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0) == 0);
	CHECK(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) == PR_MCE_KILL_DEFAULT);
}

/* What somebody without privileges is told. */
static void permission_comes_late(int fd)
{
	char name[300] = "closed/";

	memset(name + 7, 'a', sizeof name - 8);
	CHECK(mkdir("open", 0777) == 0 && chmod("open", 0777) == 0 && mkdir("closed", 0000) == 0);
	if (getuid() == 0)
		CHECK(setgid(1000) == 0 && setuid(1000) == 0);
	FAILS(open(name, O_RDONLY), EACCES);
	FAILS(open(name + 7, O_RDONLY), ENAMETOOLONG);
	FAILS(linkat(fd, "", AT_FDCWD, "open/link", AT_EMPTY_PATH), ENOENT);
	FAILS(mknod("missing/device", S_IFCHR | 0600, makedev(1, 3)), ENOENT);
	FAILS(mknod("open", S_IFBLK | 0600, makedev(1, 3)), EEXIST);
	FAILS(mknod("closed/device", S_IFBLK | 0600, makedev(1, 3)), EACCES);
	FAILS(mknod("open/device", S_IFCHR | 0600, makedev(1, 3)), EPERM);
	CHECK(mknod("open/hidden", S_IFCHR | 0600, 0) == 0);
}

int main(void)
{
	int fd = make_file("file", 100);

	names_end_in_slashes();
	a_descriptor_is_no_link(fd);
	positions_past_the_end_count_down(fd);
	numbers_above_the_limit(fd);
	what_a_thread_remembers();
	permission_comes_late(fd);
	return 0;
}
