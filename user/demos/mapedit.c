/* SPDX-License-Identifier: MIT */
/*
 * mapedit FILE OFFSET TEXT - change a file by storing into memory
 *
 * The file is mapped MAP_SHARED: the pages of the mapping are the pages of the page cache. memcpy() is
 * the whole edit. The first store to each page faults once, for the kernel has to learn that the page
 * is dirty; msync(MS_SYNC) then writes exactly these pages and returns when the disk has them.
 *
 * Look at:  mapedit f 6 Atlas; cat f          read() sees the change: there is one cache
 *           after power-off, on the host:     debugfs -R "cat /home/f" disk.img
 * Try:      an offset at the end of the file. A mapping cannot make a file longer, so it is refused.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long long offset;
	struct stat st;
	size_t len;
	char *data, *end;
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: mapedit FILE OFFSET TEXT\n");
		return 2;
	}
	offset = strtoull(argv[2], &end, 0);
	if (*end || end == argv[2] || argv[2][0] == '-')
		errx(2, "%s: not an offset", argv[2]);
	len = strlen(argv[3]);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", argv[1]);
	if (offset > (unsigned long long)st.st_size || len > st.st_size - offset)
		errx(1, "%s has %lld bytes; the text would end at %llu", argv[1], (long long)st.st_size,
		     offset + len);
	if (len == 0)
		return 0;
	data = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		err(1, "%s: mmap", argv[1]);
	memcpy(data + offset, argv[3], len);
	if (msync(data, st.st_size, MS_SYNC) < 0)
		err(1, "%s: msync", argv[1]);
	printf("%zu bytes at %llu changed and on the disk\n", len, offset);
	return 0;
}
