/* SPDX-License-Identifier: MIT */
/*
 * mapcat FILE... - print files without reading them
 *
 * There is no read() here. mmap() makes a window onto the file; nothing is loaded yet. write() is then
 * given the address of the window, and when the kernel copies from there each page faults, and is
 * brought in from the disk, or found in the page cache, before the copy goes on.
 *
 * Look at:  time mapcat FILE  twice in a row. The first run has major faults (the disk was asked), the
 *           second only minor ones: the pages were still in the cache.
 * Compare:  cat FILE, which copies the same pages once more, into a buffer of its own.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void print(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(1, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(1, "write");
		data += n;
		len -= n;
	}
}

static int mapcat(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *data;

	if (fd < 0 || fstat(fd, &st) < 0) {
		warn("%s", path);
		return 1;
	}
	if (st.st_size == 0) {		/* mmap refuses a length of 0 */
		close(fd);
		return 0;
	}
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);			/* the mapping keeps the file open */
	if (data == MAP_FAILED) {
		warn("%s: mmap", path);
		return 1;
	}
	print(data, st.st_size);
	munmap(data, st.st_size);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: mapcat FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		status |= mapcat(argv[i]);
	return status;
}
