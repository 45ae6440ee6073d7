/* SPDX-License-Identifier: MIT */
/* A punched hole reads as zeros by read() and through every mapping; private copies stay; lseek finds it. */
#include "check.h"

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static unsigned char byte_at(int fd, off_t at)
{
	unsigned char b = 0xff;

	CHECK(pread(fd, &b, 1, at) == 1);
	return b;
}

static unsigned char made(size_t i) { return (unsigned char)(i % 251 + 1); }

static void answers(int fd)
{
	int rd = open("f", O_RDONLY), dir = open(".", O_RDONLY), pipes[2];

	CHECK(rd >= 0 && dir >= 0 && pipe(pipes) == 0);
	FAILS(fallocate(fd, 0, 0, 100), EOPNOTSUPP);
	FAILS(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100), EOPNOTSUPP);
	FAILS(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 100), EOPNOTSUPP);
	FAILS(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 100), EOPNOTSUPP);
	FAILS(fallocate(fd, PUNCH, 0, 0), EINVAL);
	FAILS(fallocate(fd, PUNCH, -1, 4), EINVAL);
	FAILS(fallocate(fd, PUNCH, 1l << 62, 1l << 62), EFBIG);
	FAILS(fallocate(fd, 0x80, 0, 4), EOPNOTSUPP);
	FAILS(fallocate(rd, PUNCH, 0, 4), EBADF);
	FAILS(fallocate(dir, PUNCH, 0, 4), EBADF);
	FAILS(fallocate(pipes[1], PUNCH, 0, 4), ESPIPE);
	FAILS(fallocate(99, 0x80, -1, 0), EBADF);
	close(rd);
	close(dir);
	close(pipes[0]);
	close(pipes[1]);
}

static void whole_pages(int fd)
{
	unsigned char *shared = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned char *private = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	STORE(shared + PAGE, 7);
	STORE(private + PAGE, 8);
	TOUCH(private + 2 * PAGE);
	CHECK(fallocate(fd, PUNCH, PAGE, 2 * PAGE) == 0);
	CHECK(shared[PAGE] == 0 && shared[2 * PAGE] == 0 && byte_at(fd, 3 * PAGE - 1) == 0);
	CHECK(private[PAGE] == 8 && private[PAGE + 1] == made(PAGE + 1) && private[2 * PAGE] == 0);
	CHECK(shared[PAGE - 1] == made(PAGE - 1) && shared[3 * PAGE] == made(3 * PAGE));
	CHECK(lseek(fd, 0, SEEK_HOLE) == (off_t)PAGE && lseek(fd, PAGE, SEEK_DATA) == (off_t)(3 * PAGE));
	CHECK(lseek(fd, PAGE + 1, SEEK_HOLE) == (off_t)(PAGE + 1) &&
	      lseek(fd, 3 * PAGE + 5, SEEK_DATA) == (off_t)(3 * PAGE + 5));
	CHECK(lseek(fd, 3 * PAGE, SEEK_HOLE) == (off_t)(4 * PAGE));
	FAILS(lseek(fd, 4 * PAGE, SEEK_HOLE), ENXIO);
	STORE(shared + 2 * PAGE, 5);
	CHECK(lseek(fd, PAGE, SEEK_DATA) == (off_t)(2 * PAGE) && byte_at(fd, 2 * PAGE) == 5);
	CHECK(fsync(fd) == 0 && fallocate(fd, PUNCH, 0, 3 * PAGE) == 0 && byte_at(fd, 2 * PAGE) == 0);
	munmap(shared, 4 * PAGE);
	munmap(private, 4 * PAGE);
}

static void parts(int fd)
{
	struct stat st;

	CHECK(fallocate(fd, PUNCH, 3 * PAGE + 100, 200) == 0);
	CHECK(byte_at(fd, 3 * PAGE + 99) == made(3 * PAGE + 99) && byte_at(fd, 3 * PAGE + 100) == 0);
	CHECK(byte_at(fd, 3 * PAGE + 299) == 0 && byte_at(fd, 3 * PAGE + 300) == made(3 * PAGE + 300));
	CHECK(fallocate(fd, PUNCH, 3 * PAGE + 4000, 1 << 30) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == (off_t)(4 * PAGE));
	CHECK(byte_at(fd, 3 * PAGE + 3999) == made(3 * PAGE + 3999) && byte_at(fd, 4 * PAGE - 1) == 0);
	CHECK(fallocate(fd, PUNCH, 1 << 20, 1 << 20) == 0);
	CHECK(ftruncate(fd, 1 << 20) == 0 && lseek(fd, 4 * PAGE, SEEK_HOLE) == (off_t)(4 * PAGE));
	FAILS(lseek(fd, 4 * PAGE, SEEK_DATA), ENXIO);
	CHECK(fallocate(fd, PUNCH, 10 * PAGE + 5, 20) == 0);
	FAILS(lseek(fd, 4 * PAGE, SEEK_DATA), ENXIO);
}

/* What was punched gives its blocks back, and they stay zeros when the file is read from the disk again. */
static void far_blocks(void)
{
	int fd = make_file("g", 1100 * PAGE);
	struct stat before, after;

	CHECK(fsync(fd) == 0 && fstat(fd, &before) == 0);
	CHECK(fallocate(fd, PUNCH, 2 * PAGE, 1097 * PAGE) == 0 && fsync(fd) == 0 && fstat(fd, &after) == 0);
	CHECK(after.st_blocks <= before.st_blocks - 1097 * 8 && after.st_size == before.st_size);
	CHECK(lseek(fd, 2 * PAGE, SEEK_DATA) == (off_t)(1099 * PAGE));
	CHECK(byte_at(fd, 2 * PAGE - 1) == made(2 * PAGE - 1) && byte_at(fd, 1099 * PAGE) == made(1099 * PAGE));
	CHECK(byte_at(fd, 500 * PAGE) == 0);
	CHECK(pwrite(fd, "x", 1, 500 * PAGE) == 1 && byte_at(fd, 500 * PAGE) == 'x' && byte_at(fd, 500 * PAGE + 1) == 0);
}

int main(void)
{
	int fd = make_file("f", 4 * PAGE);

	answers(fd);
	whole_pages(fd);
	parts(fd);
	far_blocks();
	return 0;
}
