/* SPDX-License-Identifier: MIT */
/*
 * slice FILE OFFSET [LENGTH] - part of a file, from any byte on
 *
 * A mapping begins at a multiple of the page size, a slice of a file anywhere. So the mapping begins at the page that
 * holds the first byte, and the slice so many bytes into it:
 *
 *        page            OFFSET          OFFSET + LENGTH
 *        |<--- lead ----->|<--- slice ---->|
 *        ^ mmap's offset
 *
 * write() takes the bytes out of the mapping: they are copied once, from the page cache to the terminal's driver.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static off_t number(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 0);

	if (*end || end == text || n < 0)
		errx(2, "%s: not a number of bytes", text);
	return n;
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: slice FILE OFFSET [LENGTH]\n");
		return 2;
	}
	int fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", argv[1]);
	off_t offset = number(argv[2]), left = st.st_size - offset;
	if (left <= 0)
		errx(1, "%s has %lld bytes only", argv[1], (long long)st.st_size);
	size_t len = argc == 4 && number(argv[3]) < left ? number(argv[3]) : left;
	size_t lead = offset % sysconf(_SC_PAGESIZE);
	if (len == 0)
		return 0;
	const char *start = mmap(NULL, lead + len, PROT_READ, MAP_PRIVATE, fd, offset - lead);
	if (start == MAP_FAILED)
		err(1, "%s: mmap", argv[1]);
	for (size_t done = 0; done < len;) {
		ssize_t n = write(STDOUT_FILENO, start + lead + done, len - done);
		if (n < 0)
			err(1, "write");
		done += n;
	}
	return 0;
}
