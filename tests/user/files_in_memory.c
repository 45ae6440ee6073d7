/* SPDX-License-Identifier: MIT */
/* /tmp and /dev/shm are filesystems in memory: names, links, modes, open files without a name, mappings, holes. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <sys/statfs.h>

#define TMPFS_MAGIC 0x01021994

static char folder[64];

static void enter(const char *where)
{
	snprintf(folder, sizeof folder, "%s/check-%d", where, (int)getpid());
	CHECK(mkdir(folder, 0700) == 0 && chdir(folder) == 0);
}

static void leave(void)
{
	CHECK(chdir("/") == 0 && rmdir(folder) == 0);
}

static struct stat of(const char *name)
{
	struct stat st;

	CHECK(lstat(name, &st) == 0);
	return st;
}

static void roots(void)
{
	struct statfs fs;

	for (int i = 0; i < 2; i++) {
		const char *root = i ? "/dev/shm" : "/tmp";
		CHECK((of(root).st_mode & (S_IFMT | 07777)) == (S_IFDIR | 01777) && of(root).st_uid == 0);
		CHECK(statfs(root, &fs) == 0 && fs.f_type == TMPFS_MAGIC && fs.f_bsize == PAGE && fs.f_namelen == 255);
		CHECK(fs.f_blocks > 0 && fs.f_bfree <= fs.f_blocks && fs.f_files > fs.f_ffree);
	}
	CHECK(of("/tmp").st_dev != of("/dev/shm").st_dev && of("/dev/shm/..").st_ino == of("/dev").st_ino);
	FAILS(rmdir("/dev/shm"), EBUSY);
}

static void names(void)
{
	CHECK(close(open("a", O_CREAT | O_EXCL | O_WRONLY, 0640)) == 0);
	FAILS(open("a", O_CREAT | O_EXCL | O_WRONLY, 0640), EEXIST);
	CHECK(link("a", "b") == 0 && of("b").st_nlink == 2 && of("a").st_ino == of("b").st_ino);
	FAILS(link("a", "b"), EEXIST);
	CHECK(rename("a", "b") == 0 && of("a").st_nlink == 2); /* the same file: nothing happens */
	CHECK(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && of("d").st_nlink == 3 && of(".").st_nlink == 3);
	FAILS(link("d", "x"), EPERM);
	FAILS(rmdir("d"), ENOTEMPTY);
	FAILS(unlink("d"), EISDIR);
	FAILS(rmdir("a"), ENOTDIR);
	FAILS(rename("d", "d/e/f"), EINVAL);
	FAILS(rename("d/e", "d"), ENOTEMPTY);
	FAILS(rename("a", "d"), EISDIR);
	FAILS(rename("d", "a"), ENOTDIR);
	FAILS(open("nothing", O_RDONLY), ENOENT);
	FAILS(open("a/b", O_RDONLY), ENOTDIR);
	CHECK(rename("a", "d/e/a") == 0 && of("d/e/a").st_nlink == 2 && unlink("b") == 0 && of("d/e/a").st_nlink == 1);
	CHECK(mkdir("over", 0755) == 0 && rename("d/e", "over") == 0 && of("over/a").st_nlink == 1 &&
	      of("d").st_nlink == 2);
	CHECK(unlink("over/a") == 0 && rmdir("over") == 0 && rmdir("d") == 0 && of(".").st_nlink == 2);
}

static void symbolic_links(void)
{
	char text[64];

	CHECK(symlink("target/of/it", "s") == 0 && of("s").st_size == 12 && S_ISLNK(of("s").st_mode));
	CHECK(readlink("s", text, sizeof text) == 12 && !memcmp(text, "target/of/it", 12) && readlink("s", text, 3) == 3);
	FAILS(open("s", O_RDONLY), ENOENT);
	CHECK(symlink("loop", "loop") == 0);
	FAILS(open("loop", O_RDONLY), ELOOP);
	CHECK(unlink("s") == 0 && unlink("loop") == 0);
}

static void without_a_name(void)
{
	struct stat st;
	char buf[4];
	int fd = make_file("gone", 3 * PAGE);
	unsigned char *p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(unlink("gone") == 0 && fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 3 * PAGE &&
	      st.st_blocks == 24);
	CHECK(pwrite(fd, "more", 4, 5 * PAGE) == 4 && p[PAGE] == PAGE % 251 + 1);
	CHECK(close(fd) == 0);
	STORE(p, 7);
	CHECK(p[0] == 7 && munmap(p, 3 * PAGE) == 0);
	CHECK(mkdir("d", 0700) == 0 && chdir("d") == 0 && rmdir("../d") == 0);
	FAILS(open("x", O_CREAT | O_WRONLY, 0600), ENOENT);
	FAILS(mkdir("y", 0700), ENOENT);
	FAILS(stat("x", &st), ENOENT);
	CHECK(chdir("..") == 0 && of(folder).st_ino == of(".").st_ino);
	(void)buf;
}

static void modes(void)
{
	struct timespec then[2] = { { 1000, 5 }, { 2000, 7 } };

	CHECK(close(open("m", O_CREAT | O_WRONLY, 0666)) == 0 && chmod("m", 04751) == 0 &&
	      (of("m").st_mode & 07777) == 04751);
	CHECK(utimensat(AT_FDCWD, "m", then, 0) == 0 && of("m").st_atim.tv_sec == 1000 && of("m").st_mtim.tv_nsec == 7);
	CHECK(truncate("m", 100) == 0 && of("m").st_mtim.tv_sec > 2000 && of("m").st_size == 100 && of("m").st_blocks == 0);
	CHECK(chown("m", 3, 4) == 0 && of("m").st_uid == 3 && of("m").st_gid == 4 && (of("m").st_mode & 07777) == 0751);
	CHECK(mkdir("g", 0777) == 0 && chown("g", 0, 77) == 0 && chmod("g", 02777) == 0 && mkdir("g/sub", 0755) == 0);
	CHECK(of("g/sub").st_gid == 77 && (of("g/sub").st_mode & 07777) == 02755);
	CHECK(rmdir("g/sub") == 0 && rmdir("g") == 0 && unlink("m") == 0);
	CHECK(mknod("null", S_IFCHR | 0666, 0x103) == 0 && of("null").st_rdev == 0x103);
	int fd = open("null", O_RDWR);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && read(fd, &then, 1) == 0 && close(fd) == 0 && unlink("null") == 0);
}

/* In a directory with the sticky bit others cannot take names away. */
static void sticky(void)
{
	CHECK(close(open("/dev/shm/check-mine", O_CREAT | O_WRONLY, 0666)) == 0);
	CHILD_PASSES({
		CHECK(setuid(1000) == 0);
		FAILS(unlink("/dev/shm/check-mine"), EPERM);
		FAILS(rename("/dev/shm/check-mine", "/dev/shm/check-other"), EPERM);
		CHECK(close(open("/dev/shm/check-own", O_CREAT | O_WRONLY, 0666)) == 0 && unlink("/dev/shm/check-own") == 0);
	});
	CHECK(unlink("/dev/shm/check-mine") == 0);
}

static void holes(void)
{
	int fd = open("h", O_RDWR | O_CREAT, 0600);
	struct stat st;

	CHECK(ftruncate(fd, 100 * PAGE) == 0 && pwrite(fd, "x", 1, 50 * PAGE) == 1 && fstat(fd, &st) == 0 &&
	      st.st_blocks == 8);
	CHECK(lseek(fd, 0, SEEK_DATA) == 50 * (off_t)PAGE && lseek(fd, 50 * PAGE, SEEK_HOLE) == 51 * (off_t)PAGE);
	CHECK(fallocate(fd, 0, 0, 4 * PAGE) == 0 && fstat(fd, &st) == 0 && st.st_blocks == 40);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 100 * PAGE) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_blocks == 0 && st.st_size == 100 * PAGE);
	CHECK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 200 * PAGE, PAGE) == 0 && fstat(fd, &st) == 0 && st.st_size == 100 * PAGE);
	CHECK(close(fd) == 0 && unlink("h") == 0);
}

/* Every name shows once, though names are made and removed between reads. */
static void many(void)
{
	static char seen[3000];
	char name[16];
	DIR *dir;

	memset(seen, 0, sizeof seen);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "%d", i);
		CHECK(close(open(name, O_CREAT | O_WRONLY, 0600)) == 0);
	}
	CHECK(of(".").st_size == 40 + 2000 * 20);
	CHECK((dir = opendir(".")) != NULL);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		int i = atoi(e->d_name);
		CHECK(i >= 0 && i < 2000 && !seen[i]++ && e->d_type == DT_REG && e->d_ino == of(e->d_name).st_ino);
		CHECK(unlink(e->d_name) == 0);
	}
	CHECK(closedir(dir) == 0 && of(".").st_size == 40);
}

int main(void)
{
	umask(0);
	roots();
	for (int i = 0; i < 2; i++) {
		enter(i ? "/dev/shm" : "/tmp");
		names();
		symbolic_links();
		without_a_name();
		modes();
		holes();
		many();
		leave();
	}
	sticky();
	return 0;
}
