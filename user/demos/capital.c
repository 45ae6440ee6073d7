/* SPDX-License-Identifier: MIT */
/*
 * capital FILE - change the first character of a file by a store
 *
 * The shortest program that changes a file without write(): open it for reading and writing, map it shared, store,
 * unmap. munmap() writes nothing; the page stays in the cache, marked dirty since the store, and goes to the disk with
 * the next write-back, with sync, or when the machine is switched off in an orderly way.
 *
 * Look at:  cat FILE  right after: read() sees the store, for there is one cache
 * Try:      O_RDONLY instead of O_RDWR: mmap answers "Permission denied"
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct stat st;
	char *text;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: capital FILE\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", argv[1]);
	text = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (text == MAP_FAILED)
		err(1, "%s: mmap", argv[1]);
	printf("before: %.*s", (int)st.st_size, text);
	text[0] = (char)toupper((unsigned char)text[0]);
	printf("after:  %.*s", (int)st.st_size, text);
	if (munmap(text, st.st_size) < 0)
		err(1, "munmap");
	close(fd);
	return 0;
}
