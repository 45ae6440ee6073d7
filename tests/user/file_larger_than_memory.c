/* SPDX-License-Identifier: MIT */
/*
 * A file larger than memory is written and read through a mapping, and by write and read. The argument: its size in
 * MiB.
 */
#include "check.h"

int main(int argc, char **argv)
{
	size_t npages = (argc > 1 ? strtoul(argv[1], NULL, 10) : 4) * 256;
	uint64_t buf[PAGE / 8];
	int fd = open("large", O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && ftruncate(fd, (off_t)(npages * PAGE)) == 0);
	unsigned char *p = map(npages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t i = 0; i < npages; i++)
		((uint64_t *)(p + i * PAGE))[i % 512] = i + 1;
	for (size_t i = 0; i < npages; i++)
		CHECK(((uint64_t *)(p + i * PAGE))[i % 512] == i + 1);
	CHECK(msync(p, npages * PAGE, MS_SYNC) == 0);
	CHECK(munmap(p, npages * PAGE) == 0);
	for (size_t i = 0; i < npages; i++) {
		CHECK(pread(fd, buf, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE && buf[i % 512] == i + 1);
		buf[0] = ~i;
		CHECK(pwrite(fd, buf, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE);
	}
	CHECK(fsync(fd) == 0);
	for (size_t i = npages; i-- > 0;)
		CHECK(pread(fd, buf, PAGE, (off_t)(i * PAGE)) == (ssize_t)PAGE && buf[0] == ~i);
	CHECK(unlink("large") == 0);
	return 0;
}
