/* SPDX-License-Identifier: MIT */
/*
 * wc [-clmw] [FILE...] - count lines, words and bytes
 *
 * Without options all three. Several files get a line of totals. -m (characters) counts bytes, for
 * there is only the C locale. Columns are as wide as the largest size among the files needs, seven when
 * something is no regular file, one number alone has no padding: the rules of GNU wc.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>

#include "common.h"

struct counts {
	unsigned long long lines, words, bytes;
};

static bool opt_lines, opt_words, opt_bytes;
static int width;
static char buf[65536];

static int count(int fd, const char *name, struct counts *c)
{
	bool inside = false;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			warn("%s", name);
			return 1;
		}
		c->bytes += n;
		for (ssize_t i = 0; i < n; i++) {
			unsigned char ch = buf[i];

			c->lines += ch == '\n';
			if (isspace(ch)) {
				inside = false;
			} else if (!inside) {
				inside = true;
				c->words++;
			}
		}
	}
	return 0;
}

static void print(const struct counts *c, const char *name)
{
	const char *gap = "";

	if (opt_lines)
		printf("%*llu", width, c->lines), gap = " ";
	if (opt_words)
		printf("%s%*llu", gap, width, c->words), gap = " ";
	if (opt_bytes)
		printf("%s%*llu", gap, width, c->bytes);
	printf("%s%s\n", name ? " " : "", name ? name : "");
}

/* The width of a column. */
static int find_width(char **files, int n)
{
	unsigned long long total = 0;
	int digits = 1, least = 1;
	struct stat st;

	if (opt_lines + opt_words + opt_bytes == 1 && n <= 1)
		return 1;
	for (int i = 0; i < (n ? n : 1); i++) {
		bool stdin_used = !n || strcmp(files[i], "-") == 0;

		if ((stdin_used ? fstat(0, &st) : stat(files[i], &st)) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			total += st.st_size;
		else
			least = 7;
	}
	while (total /= 10)
		digits++;
	return digits > least ? digits : least;
}

int main(int argc, char **argv)
{
	struct counts total = { 0 };
	int c, status = 0;

	while ((c = getopt(argc, argv, "clmw")) != -1) {
		if (c == '?')
			usage("wc [-clmw] [FILE...]");
		opt_lines |= c == 'l';
		opt_words |= c == 'w';
		opt_bytes |= c == 'c' || c == 'm';
	}
	if (!opt_lines && !opt_words && !opt_bytes)
		opt_lines = opt_words = opt_bytes = true;
	width = find_width(argv + optind, argc - optind);
	if (optind == argc) {
		status = count(0, "standard input", &total);
		print(&total, NULL);
		return finish(status);
	}
	for (int i = optind; i < argc; i++) {
		bool use_stdin = strcmp(argv[i], "-") == 0;
		int fd = use_stdin ? 0 : open(argv[i], O_RDONLY);
		struct counts one = { 0 };

		if (fd < 0) {
			warn("%s", argv[i]);
			status = 1;
			continue;
		}
		status |= count(fd, argv[i], &one);
		print(&one, argv[i]);
		if (fd)
			close(fd);
		total.lines += one.lines;
		total.words += one.words;
		total.bytes += one.bytes;
	}
	if (argc - optind > 1)
		print(&total, "total");
	return finish(status);
}
