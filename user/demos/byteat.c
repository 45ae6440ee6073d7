/* SPDX-License-Identifier: MIT */
/*
 * byteat FILE OFFSET [write|unmapped] - one byte of a file, and what lies around it
 *
 * The mapping is as long as it must be to hold OFFSET, however short the file. Its last page is shown whole: what lies
 * in it behind the end of the file reads as zeros. The page after that has nothing behind it, and touching it is
 * SIGBUS: the address is mapped, but there is no page. After munmap() the address itself is gone, and touching it is
 * SIGSEGV.
 *
 *        |<---- file ---->| zeros      |            |
 *        |<------------- page -------->|<-- page -->|      offset 4095: zero     4096: Bus error
 *
 * write:    ask for a writable shared mapping of a file that was opened for reading: "Permission denied"
 * unmapped: look at the byte after munmap: "Segmentation fault"
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	const char *how = argc > 3 ? argv[3] : "";
	volatile const unsigned char *bytes;
	size_t offset;
	char *end;
	int fd;

	if (argc < 3 || argc > 4 || (*how && strcmp(how, "write") != 0 && strcmp(how, "unmapped") != 0)) {
		fprintf(stderr, "usage: byteat FILE OFFSET [write|unmapped]\n");
		return 2;
	}
	offset = strtoul(argv[2], &end, 0);
	if (*end || end == argv[2])
		errx(2, "%s: not an offset", argv[2]);
	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(1, "%s", argv[1]);
	bytes = mmap(NULL, offset + 1, PROT_READ | (strcmp(how, "write") == 0 ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		err(1, "mmap");
	if (strcmp(how, "unmapped") == 0)
		munmap((void *)bytes, offset + 1);
	printf("byte %zu is %d ('%c')\n", offset, bytes[offset], bytes[offset] >= ' ' ? bytes[offset] : '.');
	return 0;
}
