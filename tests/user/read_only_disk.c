/* SPDX-License-Identifier: MIT */
/* On a disk that refuses writes every change is EROFS, reads and private stores work. Skips on any other disk. */
#include "check.h"
#include <sys/statfs.h>
#include <sys/time.h>

#define FILE_NAME "/etc/passwd"

int main(void)
{
	char byte;

	if (mkdir("/var/tmp/writable", 0700) == 0) {
		rmdir("/var/tmp/writable");
		return 77;
	}
	CHECK(errno == EROFS);
	FAILS(open("/var/tmp/new", O_RDWR | O_CREAT, 0600), EROFS);
	FAILS(open(FILE_NAME, O_WRONLY), EROFS);
	FAILS(open(FILE_NAME, O_RDWR), EROFS);
	FAILS(open(FILE_NAME, O_RDONLY | O_TRUNC), EROFS);
	FAILS(truncate(FILE_NAME, 0), EROFS);
	FAILS(unlink(FILE_NAME), EROFS);
	FAILS(rmdir("/var/tmp"), EROFS);
	FAILS(rename(FILE_NAME, "/var/tmp/x"), EROFS);
	FAILS(link(FILE_NAME, "/var/tmp/x"), EROFS);
	FAILS(symlink(FILE_NAME, "/var/tmp/x"), EROFS);
	FAILS(chmod(FILE_NAME, 0600), EROFS);
	FAILS(utimensat(AT_FDCWD, FILE_NAME, NULL, 0), EROFS);
	FAILS(access(FILE_NAME, W_OK), EROFS);

	int fd = open(FILE_NAME, O_RDONLY);
	CHECK(fd >= 0);
	CHECK(read(fd, &byte, 1) == 1 && byte == 'r');
	FAILS(write(fd, &byte, 1), EBADF);
	FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	unsigned char *p = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	STORE(p, 'x');
	CHECK(pread(fd, &byte, 1, 0) == 1 && byte == 'r');
	CHECK(fsync(fd) == 0);
	sync();
	return 0;
}
