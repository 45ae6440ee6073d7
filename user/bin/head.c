/* SPDX-License-Identifier: MIT */
/*
 * head [-n LINES | -c BYTES | -LINES] [FILE...] - the beginning of files
 *
 * Ten lines unless told otherwise. Several files get titles. Reading stops with the last line wanted,
 * but a block may have been read ahead of it; when the input can seek, the position is put back to just
 * behind what was printed, so that the next reader of the same descriptor goes on there.
 */
#include <fcntl.h>
#include <stdbool.h>

#include "common.h"

static char buf[16384];

/* How much of the n bytes at buf belongs to the head; *left goes down by lines or bytes. */
static ssize_t take(ssize_t n, bool lines, long long *left)
{
	ssize_t i = 0;

	if (!lines) {
		i = n < *left ? n : *left;
		*left -= i;
		return i;
	}
	while (i < n && *left > 0)
		*left -= buf[i++] == '\n';
	return i;
}

static int head(int fd, const char *name, bool lines, long long left)
{
	ssize_t n, part;

	while (left > 0) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			warn("%s", name);
			return 1;
		}
		if (n == 0)
			break;
		part = take(n, lines, &left);
		fwrite(buf, 1, part, stdout);
		if (part < n)
			lseek(fd, part - n, SEEK_CUR);
	}
	return 0;
}

int main(int argc, char **argv)
{
	long long count = 10;
	bool lines = true;
	int c, status = 0, files, titles = 0;

	if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' && argv[1][1] <= '9') {
		count = number_arg(argv[1] + 1);
		optind = 2;
	}
	while ((c = getopt(argc, argv, "n:c:")) != -1) {
		if (c == '?')
			usage("head [-n LINES | -c BYTES] [FILE...]");
		lines = c == 'n';
		count = number_arg(optarg);
	}
	if (count < 0)
		errx(USAGE_STATUS, "the count must not be negative");
	if (optind == argc)
		return finish(head(0, "standard input", lines, count));
	files = argc - optind;
	for (int i = optind; i < argc; i++) {
		bool use_stdin = strcmp(argv[i], "-") == 0;
		int fd = use_stdin ? 0 : open(argv[i], O_RDONLY);

		if (fd < 0) {
			warn("cannot open '%s'", argv[i]);
			status = 1;
			continue;
		}
		if (files > 1)
			printf("%s==> %s <==\n", titles++ ? "\n" : "", use_stdin ? "standard input" : argv[i]);
		status |= head(fd, argv[i], lines, count);
		if (fd)
			close(fd);
	}
	return finish(status);
}
