/* SPDX-License-Identifier: MIT */
/*
 * peek FILE - a mapping that asks for writing alone
 *
 * PROT_WRITE without PROT_READ, private: the processor has no page that can be written and not read, so the bytes can
 * be looked at all the same. Nothing is stored, so nothing is copied: the mapping shows the page cache's own pages.
 *
 * Look at:  maps, while it runs: the rights are "-w-p", as they were asked for
 * Note:     a private mapping may be larger than memory as long as it is not stored to; what is promised is only what
 *           a store could use up (docs/limits.md and /proc/sys/vm/overcommit_memory say how much is promised).
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SHOWN 10

int main(int argc, char **argv)
{
	struct stat st;
	const unsigned char *bytes;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: peek FILE\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", argv[1]);
	printf("%lld bytes:", (long long)st.st_size);
	bytes = mmap(NULL, st.st_size, PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		err(1, "%s: mmap", argv[1]);
	for (int i = 0; i < SHOWN && i < st.st_size; i++)
		printf(" %02x", bytes[i]);
	printf("\n");
	return 0;
}
