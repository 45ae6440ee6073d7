/* SPDX-License-Identifier: MIT */
/* getdents gives the same names, inodes, positions and types as getdents64, in records of its own form. */
#include <dirent.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "check.h"

#define FILES 60

struct old_record {
	unsigned long ino, off;
	unsigned short len;
	char name[]; /* and in the record's last byte the type */
};

struct new_record {
	unsigned long ino, off;
	unsigned short len;
	unsigned char type;
	char name[];
};

static void make_files(void)
{
	char name[100];

	for (int i = 0; i < FILES; i++) {
		memset(name, 'a' + i % 26, sizeof name);
		snprintf(name + i, sizeof name - (size_t)i, "-%d", i);
		if (i % 3 == 0)
			CHECK(mkdir(name, 0755) == 0);
		else if (i % 3 == 1)
			CHECK(symlink("nowhere", name) == 0);
		else
			close(make_file(name, 1));
	}
}

/* Both forms side by side, each with a buffer of `room` bytes; records are passed one by one. */
static void compare(size_t room)
{
	int old_fd = open(".", O_RDONLY | O_DIRECTORY), new_fd = open(".", O_RDONLY | O_DIRECTORY), seen = 0;
	char old_buf[4096], new_buf[4096];
	long n, m;

	while ((n = syscall(SYS_getdents, old_fd, old_buf, room)) > 0) {
		CHECK((m = syscall(SYS_getdents64, new_fd, new_buf, room)) == n);
		for (long at = 0; at < n; seen++) {
			const struct old_record *old = (const void *)(old_buf + at);
			const struct new_record *new = (const void *)(new_buf + at);
			CHECK(old->ino == new->ino && old->off == new->off && old->len == new->len);
			CHECK(strcmp(old->name, new->name) == 0);
			CHECK((unsigned char)old_buf[at + old->len - 1] == new->type);
			at += old->len;
		}
	}
	CHECK(n == 0 && syscall(SYS_getdents64, new_fd, new_buf, room) == 0 && seen == FILES + 2);
	close(old_fd);
	close(new_fd);
}

int main(void)
{
	char buf[4096];
	unsigned char *page = map_anon(PAGE);

	make_files();
	compare(4096);
	compare(200);
	int fd = open(".", O_RDONLY | O_DIRECTORY), file = make_file("plain", 1);
	FAILS(syscall(SYS_getdents, fd, buf, 8), EINVAL);
	FAILS(syscall(SYS_getdents, file, buf, sizeof buf), ENOTDIR);
	FAILS(syscall(SYS_getdents, -1, buf, sizeof buf), EBADF);
	CHECK(munmap(page, PAGE) == 0);
	FAILS(syscall(SYS_getdents, fd, page, PAGE), EFAULT);
	return 0;
}
