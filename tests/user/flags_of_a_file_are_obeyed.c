/* SPDX-License-Identifier: MIT */
/*
 * An append-only file only grows and keeps its name; an immutable one does not change at all, on a disk not even for
 * who has it open and mapped. Only root says so. Not for the host: a test that fails leaves a file behind that nobody
 * can remove.
 */
#include "check.h"

#include <linux/fs.h>
#include <stdbool.h>
#include <sys/ioctl.h>

static void set_flags(const char *name, int flags)
{
	int fd = open(name, O_RDONLY), now = -1;

	CHECK(fd >= 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0 && ioctl(fd, FS_IOC_GETFLAGS, &now) == 0 && now == flags);
	close(fd);
}

static void append_only(void)
{
	int old = make_file("f", 3 * PAGE);

	set_flags("f", FS_APPEND_FL);
	FAILS(open("f", O_RDWR), EPERM);
	FAILS(open("f", O_WRONLY | O_APPEND | O_TRUNC), EPERM);
	FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, old, 0), EACCES);
	FAILS(ftruncate(old, 1), EPERM);
	FAILS(unlink("f"), EPERM);
	FAILS(rename("f", "g"), EPERM);
	FAILS(link("f", "g"), EPERM);
	FAILS(chmod("f", 0600), EPERM);
	int fd = open("f", O_WRONLY | O_APPEND);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && lseek(fd, 0, SEEK_END) == 3 * PAGE + 1);
	FAILS(fcntl(fd, F_SETFL, 0), EPERM);
	set_flags("f", 0);
	CHECK(close(fd) == 0 && close(old) == 0 && unlink("f") == 0);
}

static void immutable(bool on_disk)
{
	int old = make_file("f", 3 * PAGE);
	unsigned char *p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, old, 0);

	STORE(p, 7);
	set_flags("f", FS_IMMUTABLE_FL);
	FAILS(open("f", O_WRONLY | O_APPEND), EPERM);
	FAILS(access("f", W_OK), EPERM);
	FAILS(unlink("f"), EPERM);
	if (on_disk) {
		FAILS(write(old, "x", 1), EPERM);
		FAILS(ftruncate(old, 1), EPERM);
		DIES_BY(SIGBUS, STORE(p, 8));
		DIES_BY(SIGBUS, STORE(p + PAGE, 8));
	}
	CHECK(p[0] == 7);
	CHILD_PASSES({
		int flags = 0;
		CHECK(setuid(1000) == 0);
		FAILS(ioctl(open("f", O_RDONLY), FS_IOC_SETFLAGS, &flags), EPERM);
	});
	set_flags("f", 0);
	STORE(p, 9);
	STORE(p + PAGE, 9);
	CHECK(write(old, "x", 1) == 1 && munmap(p, 3 * PAGE) == 0 && close(old) == 0 && unlink("f") == 0);
}

static void directories(void)
{
	CHECK(mkdir("d", 0755) == 0);
	set_flags("d", FS_APPEND_FL);
	CHECK(close(open("d/f", O_CREAT | O_RDWR, 0644)) == 0);
	FAILS(unlink("d/f"), EPERM);
	set_flags("d", FS_IMMUTABLE_FL);
	FAILS(open("d/g", O_CREAT | O_RDWR, 0644), EPERM);
	FAILS(unlink("d/f"), EPERM);
	set_flags("d", 0);
	CHECK(unlink("d/f") == 0 && rmdir("d") == 0);
}

int main(void)
{
	append_only();
	immutable(true);
	directories();
	CHECK(mkdir("/tmp/flags", 0755) == 0 && chdir("/tmp/flags") == 0);
	append_only();
	immutable(false);
	directories();
	CHECK(rmdir("/tmp/flags") == 0);
	return 0;
}
