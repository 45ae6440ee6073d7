/* SPDX-License-Identifier: MIT */
/*
 * tail [-n [+]LINES | -c [+]BYTES | -LINES] [FILE...] - the end of files
 *
 * +N counts from the beginning: everything from line (or byte) N on. Otherwise the input goes through a
 * buffer that is cut down, whenever it has doubled, to what may still be wanted; so a pipe of any length
 * needs memory for about twice its tail only. Following a growing file (-f) is not offered.
 */
#include <fcntl.h>
#include <stdbool.h>

#include "common.h"

static char block[65536];
static char *kept;
static size_t kept_len, kept_cap;

/* Where in the kept text the last `count` lines or bytes begin. */
static size_t tail_start(bool lines, long long count)
{
	size_t i = kept_len;

	if (!lines)
		return (unsigned long long)count < kept_len ? kept_len - count : 0;
	if (count == 0)
		return kept_len;
	if (i > 0 && kept[i - 1] == '\n')
		i--;
	for (; i > 0; i--)
		if (kept[i - 1] == '\n' && --count == 0)
			break;
	return i;
}

static void keep(const char *s, size_t n, bool lines, long long count)
{
	if (kept_len + n > kept_cap) {
		size_t start = kept ? tail_start(lines, count) : 0;

		if (start)
			memmove(kept, kept + start, kept_len - start);
		kept_len -= start;
		if ((kept_len + n) * 2 > kept_cap) {
			kept_cap = (kept_len + n) * 2 + sizeof(block);
			kept = realloc(kept, kept_cap);
			if (!kept)
				err(1, NULL);
		}
	}
	memcpy(kept + kept_len, s, n);
	kept_len += n;
}

static int tail(int fd, const char *name, bool lines, long long count, bool from_start)
{
	long long skip = from_start && count > 0 ? count - 1 : 0;
	ssize_t n;

	kept_len = 0;
	while ((n = read(fd, block, sizeof(block))) != 0) {
		ssize_t i = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			warn("%s", name);
			return 1;
		}
		if (!from_start) {
			keep(block, n, lines, count);
			continue;
		}
		for (; i < n && skip > 0; i++)
			skip -= !lines || block[i] == '\n';
		fwrite(block + i, 1, n - i, stdout);
	}
	if (!from_start && kept_len) {
		size_t start = tail_start(lines, count);

		fwrite(kept + start, 1, kept_len - start, stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	bool lines = true, from_start = false;
	long long count = 10;
	int c, status = 0, files, titles = 0;

	if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' && argv[1][1] <= '9') {
		count = number_arg(argv[1] + 1);
		optind = 2;
	}
	while ((c = getopt(argc, argv, "n:c:")) != -1) {
		if (c == '?')
			usage("tail [-n [+]LINES | -c [+]BYTES] [FILE...]");
		lines = c == 'n';
		from_start = *optarg == '+';
		count = number_arg(optarg);
		if (count < 0)
			count = -count;
	}
	if (optind == argc)
		return finish(tail(0, "standard input", lines, count, from_start));
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
		status |= tail(fd, argv[i], lines, count, from_start);
		if (fd)
			close(fd);
	}
	return finish(status);
}
