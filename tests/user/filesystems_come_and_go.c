/* SPDX-License-Identifier: MIT */
/* mount and umount of memory filesystems: sizes that hold, one over another, in use, read-only; only for root. */
#define _GNU_SOURCE
#include "check.h"

#include <sys/mount.h>
#include <sys/statfs.h>

static int tmpfs(const char *path, const char *options) { return mount("none", path, "tmpfs", 0, options); }

static struct stat of(const char *name)
{
	struct stat st;

	CHECK(stat(name, &st) == 0);
	return st;
}

static void errors(void)
{
	FAILS(mount("none", "missing", "tmpfs", 0, NULL), ENOENT);
	FAILS(mount("none", "m", "nosuchfs", 0, NULL), ENODEV);
	FAILS(mount("none", "m", NULL, 0, NULL), EINVAL);
	FAILS(mount("none", "m", (char *)8, 0, NULL), EFAULT);
	FAILS(mount("none", "m", "tmpfs", 0, "size=lots"), EINVAL);
	FAILS(mount("none", "m", "tmpfs", 0, "nonsense"), EINVAL);
	FAILS(mount("missing", "m", "ext2", 0, NULL), ENOENT);
	FAILS(mount("/dev/null", "m", "ext2", 0, NULL), ENOTBLK);
	FAILS(mount("none", "m", "tmpfs", MS_REMOUNT, NULL), EINVAL);
	close(make_file("file", 1));
	FAILS(mount("none", "file", "tmpfs", 0, NULL), ENOTDIR);
	FAILS(umount2("m", 0), EINVAL);
	FAILS(umount2("missing", 0), ENOENT);
	FAILS(umount2("m", 0x100), EINVAL);
	CHILD_PASSES({
		CHECK(setuid(1000) == 0);
		FAILS(mount("none", "m", "tmpfs", 0, NULL), EPERM);
		FAILS(umount2("m", 0), EPERM);
	});
	CHECK(unlink("file") == 0);
}

static void size_holds(void)
{
	static char bytes[1 << 20];
	struct statfs fs;

	CHECK(tmpfs("m", "size=64k,mode=750,nr_inodes=5") == 0 && (of("m").st_mode & 07777) == 0750);
	CHECK(statfs("m", &fs) == 0 && fs.f_blocks == 16 && fs.f_bfree == 16 && fs.f_files == 5 && fs.f_ffree == 4);
	int fd = open("m/f", O_RDWR | O_CREAT, 0600);
	CHECK(write(fd, bytes, sizeof bytes) == 65536);
	FAILS(write(fd, bytes, 1), ENOSPC);
	CHECK(statfs("m", &fs) == 0 && fs.f_bfree == 0 && fs.f_ffree == 3);
	CHECK(ftruncate(fd, 1 << 20) == 0);
	unsigned char *p = map(1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	DIES_BY(SIGBUS, TOUCH(p + 100 * PAGE));
	DIES_BY(SIGBUS, STORE(p + 100 * PAGE + 8, 1));
	STORE(p + 5 * PAGE, 1);
	FAILS(fallocate(fd, 0, 0, 1 << 20), ENOSPC);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE) == 0);
	FAILS(fallocate(fd, 0, 90 * PAGE, 5 * PAGE), ENOSPC);
	CHECK(statfs("m", &fs) == 0 && fs.f_bfree == 4); /* what came is gone again */
	STORE(p + 101 * PAGE, 1);
	CHECK(statfs("m", &fs) == 0 && fs.f_bfree == 3);
	CHECK(close(open("m/2", O_CREAT, 0600)) == 0 && link("m/2", "m/3") == 0 && mkdir("m/4", 0700) == 0);
	FAILS(open("m/5", O_CREAT, 0600), ENOSPC);
	FAILS(link("m/2", "m/5"), ENOSPC);
	FAILS(symlink("x", "m/5"), ENOSPC);
	CHECK(unlink("m/3") == 0 && symlink("x", "m/5") == 0);
	FAILS(mount("none", "m", "tmpfs", MS_REMOUNT, "size=4k"), EINVAL);
	CHECK(mount("none", "m", "tmpfs", MS_REMOUNT, "size=128k") == 0 && statfs("m", &fs) == 0 && fs.f_blocks == 32);
	CHECK(unlink("m/f") == 0 && close(fd) == 0 && statfs("m", &fs) == 0 && fs.f_bfree < 32);
	FAILS(umount2("m", 0), EBUSY); /* the mapping */
	CHECK(munmap(p, 1 << 20) == 0 && statfs("m", &fs) == 0 && fs.f_bfree == 32 && umount2("m", 0) == 0);
	FAILS(open("m/2", O_RDONLY), ENOENT);
}

static void one_over_another(void)
{
	struct stat below = of("m");

	CHECK(close(open("m/below", O_CREAT, 0600)) == 0 && tmpfs("m", NULL) == 0);
	FAILS(open("m/below", O_RDONLY), ENOENT);
	CHECK(of("m").st_dev != below.st_dev && of("m/..").st_ino == of(".").st_ino && of("m/..").st_dev == of(".").st_dev);
	CHECK(close(open("m/first", O_CREAT, 0600)) == 0 && mkdir("m/sub", 0700) == 0);
	FAILS(link("m/first", "first"), EXDEV);
	FAILS(rename("m/first", "first"), EXDEV);
	FAILS(rmdir("m"), EBUSY);
	FAILS(rename("m", "n"), EBUSY);
	CHECK(tmpfs("m/sub", NULL) == 0 && close(open("m/sub/deep", O_CREAT, 0600)) == 0);
	FAILS(umount2("m", 0), EBUSY);
	CHECK(tmpfs("m", NULL) == 0);
	FAILS(open("m/first", O_RDONLY), ENOENT);
	CHECK(umount2("m", 0) == 0 && close(open("m/first", O_RDONLY)) == 0 && umount2("m/sub", 0) == 0);
	FAILS(open("m/sub/deep", O_RDONLY), ENOENT);
	CHECK(umount2("m", 0) == 0 && close(open("m/below", O_RDONLY)) == 0 && unlink("m/below") == 0);
	FAILS(umount2("m", 0), EINVAL);
}

static void in_use(void)
{
	char text[16];

	CHECK(tmpfs("m", NULL) == 0 && mkdir("m/d", 0700) == 0);
	CHECK(chdir("m/d") == 0);
	FAILS(umount2("..", 0), EBUSY);
	CHECK(chdir("../..") == 0);
	int fd = make_file("m/f", 5000);
	FAILS(umount2("m", 0), EBUSY);
	FAILS(umount2("m", MNT_EXPIRE | MNT_DETACH), EINVAL);
	CHECK(umount2("m", MNT_DETACH) == 0);
	FAILS(open("m/f", O_RDONLY), ENOENT);
	CHECK(pread(fd, text, 4, 0) == 4 && text[3] == 4 && pwrite(fd, "x", 1, 9000) == 1 && close(fd) == 0);
	CHECK(tmpfs("m", NULL) == 0);
	FAILS(umount2("m", MNT_EXPIRE), EAGAIN);
	CHECK(umount2("m", MNT_EXPIRE) == 0);
}

static void read_only(void)
{
	CHECK(mount("none", "m", "tmpfs", MS_RDONLY, NULL) == 0);
	FAILS(open("m/f", O_CREAT | O_WRONLY, 0600), EROFS);
	FAILS(mkdir("m/d", 0700), EROFS);
	CHECK(mount("none", "m", "tmpfs", MS_REMOUNT, NULL) == 0);
	int fd = make_file("m/f", 100);
	FAILS(mount("none", "m", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	CHECK(close(fd) == 0 && mount("none", "m", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) == 0);
	FAILS(open("m/f", O_WRONLY), EROFS);
	FAILS(unlink("m/f"), EROFS);
	FAILS(chmod("m/f", 0600), EROFS);
	CHECK(close(open("m/f", O_RDONLY)) == 0 && umount2("m", 0) == 0);
	CHECK(mount("none", "m", "tmpfs", MS_NODEV | MS_NOEXEC, NULL) == 0 && mknod("m/null", S_IFCHR | 0666, 0x103) == 0);
	FAILS(open("m/null", O_RDONLY), EACCES);
	fd = make_file("m/program", 100);
	CHECK(fchmod(fd, 0755) == 0 && close(fd) == 0);
	FAILS(execl("m/program", "program", NULL), EACCES);
	CHECK(umount2("m", 0) == 0);
}

static void shown(void)
{
	char line[1024];
	int found = 0;

	CHECK(mount("a source", "m", "tmpfs", MS_NOSUID, "size=1m") == 0);
	FILE *f = fopen("/proc/mounts", "r");
	while (fgets(line, sizeof line, f))
		found |= !strncmp(line, "a\\040source /", 13) && strstr(line, "/m tmpfs rw,nosuid,") &&
			strstr(line, ",size=1024k");
	CHECK(found && fclose(f) == 0 && umount2("m", 0) == 0);
}

int main(void)
{
	CHECK(mkdir("m", 0755) == 0);
	errors();
	size_holds();
	one_over_another();
	in_use();
	read_only();
	shown();
	CHECK(rmdir("m") == 0);
	return 0;
}
