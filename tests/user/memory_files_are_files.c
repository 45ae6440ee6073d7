/* SPDX-License-Identifier: MIT */
/*
 * memfd_create makes a file without a name on any disk: sparse, growing, shared by mappings and descriptors, with
 * holes.
 */
#define _GNU_SOURCE
#include "check.h"

static void names_and_flags(void)
{
	char name[251], path[64], text[300];

	memset(name, 'x', 250);
	name[250] = 0;
	FAILS(memfd_create(name, 0), EINVAL);
	name[249] = 0;
	CHECK(close(memfd_create(name, 0)) == 0);
	FAILS(memfd_create(NULL, 0), EFAULT);
	FAILS(memfd_create("a", 0x10), EINVAL);
	FAILS(memfd_create("a", 21u << 26), EINVAL); /* a size of huge pages without MFD_HUGETLB */
	int fd = memfd_create("a/b", MFD_CLOEXEC);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	sprintf(path, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, text, sizeof text - 1);
	CHECK(n > 0);
	text[n] = 0;
	CHECK(!strcmp(text, "/memfd:a/b (deleted)"));
	CHECK(close(fd) == 0);
}

static void mapped_and_written_are_one(void)
{
	int fd = memfd_create("one", 0);
	struct stat st;
	char buf[8] = "";

	CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == 0 && st.st_nlink == 0 && st.st_mode == (S_IFREG | 0777));
	CHECK(ftruncate(fd, 2 * PAGE + 100) == 0);
	unsigned char *p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(pwrite(fd, "hello", 5, PAGE) == 5 && !memcmp(p + PAGE, "hello", 5));
	STORE(p + 2 * PAGE + 99, 'z');
	CHECK(pread(fd, buf, 8, 2 * PAGE + 99) == 1 && buf[0] == 'z');
	CHECK(ftruncate(fd, 2 * PAGE + 50) == 0 && ftruncate(fd, 2 * PAGE + 300) == 0 && p[2 * PAGE + 99] == 0);
	CHECK(ftruncate(fd, PAGE) == 0);
	DIES_BY(SIGBUS, TOUCH(p + PAGE));
	CHECK(ftruncate(fd, 2 * PAGE) == 0 && p[PAGE] == 0);
	CHECK(lseek(fd, 0, SEEK_END) == (off_t)(2 * PAGE) && write(fd, "tail", 4) == 4 && fstat(fd, &st) == 0);
	CHECK(st.st_size == (off_t)(2 * PAGE + 4));
	CHILD_PASSES({ STORE(p, 42); });
	CHECK(p[0] == 42 && pread(fd, buf, 1, 0) == 1 && buf[0] == 42);
	CHECK(close(fd) == 0 && p[0] == 42); /* the mapping keeps it */
	CHECK(munmap(p, 3 * PAGE) == 0);
}

static void holes_cost_nothing(void)
{
	int fd = memfd_create("sparse", 0);
	static unsigned char buf[16 * PAGE];
	struct stat st;

	CHECK(ftruncate(fd, 1l << 40) == 0);
	for (off_t at = 0; at < 1l << 40; at += 1l << 36)
		CHECK(pread(fd, buf, sizeof buf, at) == (ssize_t)sizeof buf && buf[5] == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_blocks == 0);
	CHECK(pwrite(fd, "x", 1, 1l << 39) == 1);
	CHECK(lseek(fd, 0, SEEK_DATA) == 1l << 39 && lseek(fd, 1l << 39, SEEK_HOLE) == (off_t)((1l << 39) + PAGE));
	FAILS(lseek(fd, (1l << 39) + PAGE, SEEK_DATA), ENXIO);
	CHECK(fallocate(fd, 0, 0, 3 * PAGE) == 0 && fstat(fd, &st) == 0 && st.st_blocks == 4 * PAGE / 512);
	CHECK(pwrite(fd, buf, PAGE, PAGE) == (ssize_t)PAGE);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_blocks == PAGE / 512 && st.st_size == 1l << 40);
	unsigned char *p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(p, 7, 2 * PAGE);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE - 2, 4) == 0);
	CHECK(p[PAGE - 3] == 7 && p[PAGE - 2] == 0 && p[PAGE + 1] == 0 && p[PAGE + 2] == 7);
	FAILS(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE), EOPNOTSUPP);
	CHECK(ftruncate(fd, PAGE) == 0 && fallocate(fd, 0, 0, 5 * PAGE) == 0 && fstat(fd, &st) == 0);
	CHECK(st.st_size == (off_t)(5 * PAGE) && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 6 * PAGE) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == (off_t)(5 * PAGE));
	CHECK(close(fd) == 0);
}

static void huge_pages_are_not_there(void)
{
	int fd = memfd_create("huge", MFD_HUGETLB | MFD_ALLOW_SEALING);
	char buf[4];

	FAILS(memfd_create("huge", MFD_HUGETLB | 22u << 26), ENODEV);
	if (fd < 0)
		return;
	FAILS(ftruncate(fd, PAGE), EINVAL);
	CHECK(ftruncate(fd, 2 << 20) == 0 && read(fd, buf, 4) == 4 && buf[3] == 0);
	FAILS(write(fd, buf, 4), EINVAL);
	CHECK(mmap(NULL, 2 << 20, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENOMEM);
	CHECK(close(fd) == 0);
}

int main(void)
{
	names_and_flags();
	mapped_and_written_are_one();
	holes_cost_nothing();
	huge_pages_are_not_there();
	return 0;
}
