/* SPDX-License-Identifier: MIT */
/*
 * dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=notrunc,fsync,sync] [status=none]
 *
 * Copies in blocks of bs bytes (512). count, skip (blocks of input to pass over) and seek (blocks of
 * output) are in blocks. A block may come short from a pipe; it is written as it came, or filled with
 * zeros under conv=sync. The output file is cut off where writing begins, unless conv=notrunc. Numbers
 * may end in k, M or G. At the end says how much it did, on standard error.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include "common.h"

static struct {
	const char *in, *out;
	long long bs, count, skip, seek;
	bool notrunc, fsync, sync, quiet;
} opt = { .bs = 512, .count = -1 };

static void parse_conv(char *list)
{
	for (char *s = strtok(list, ","); s; s = strtok(NULL, ",")) {
		if (strcmp(s, "notrunc") == 0)
			opt.notrunc = true;
		else if (strcmp(s, "fsync") == 0)
			opt.fsync = true;
		else if (strcmp(s, "sync") == 0)
			opt.sync = true;
		else
			errx(USAGE_STATUS, "conv=%s is not understood", s);
	}
}

static void parse(char *arg)
{
	char *value = strchr(arg, '=');
	static const struct {
		const char *name;
		long long *value;
	} numbers[] = { { "bs", &opt.bs }, { "count", &opt.count }, { "skip", &opt.skip },
			{ "seek", &opt.seek } };

	if (!value)
		errx(USAGE_STATUS, "%s: not of the form NAME=VALUE", arg);
	*value++ = '\0';
	if (strcmp(arg, "if") == 0)
		opt.in = value;
	else if (strcmp(arg, "of") == 0)
		opt.out = value;
	else if (strcmp(arg, "conv") == 0)
		parse_conv(value);
	else if (strcmp(arg, "status") == 0)
		opt.quiet = strcmp(value, "none") == 0;
	else
		for (size_t i = 0; i <= sizeof(numbers) / sizeof(*numbers); i++) {
			if (i == sizeof(numbers) / sizeof(*numbers))
				errx(USAGE_STATUS, "%s= is not understood", arg);
			if (strcmp(arg, numbers[i].name) != 0)
				continue;
			*numbers[i].value = number_arg(value);
			if (*numbers[i].value < (arg[0] == 'b'))
				errx(USAGE_STATUS, "%s=%s: too small", arg, value);
			break;
		}
}

static ssize_t read_block(int fd, char *buf)
{
	ssize_t n;

	do
		n = read(fd, buf, opt.bs);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Pass over blocks of the input: by seeking if that works, else by reading. */
static void skip_input(int in, char *buf)
{
	if (!opt.skip || lseek(in, opt.skip * opt.bs, SEEK_CUR) >= 0)
		return;
	for (long long i = 0; i < opt.skip; i++)
		if (read_block(in, buf) <= 0)
			return;
}

static int open_output(void)
{
	int out = 1;

	if (opt.out)
		out = open(opt.out, O_WRONLY | O_CREAT | (opt.notrunc || opt.seek ? 0 : O_TRUNC), 0666);
	if (out < 0)
		err(1, "failed to open '%s'", opt.out);
	if (opt.seek && lseek(out, opt.seek * opt.bs, SEEK_CUR) < 0)
		err(1, "cannot seek in the output");
	if (opt.seek && opt.out && !opt.notrunc && ftruncate(out, opt.seek * opt.bs) < 0)
		warn("cannot cut off '%s'", opt.out);
	return out;
}

int main(int argc, char **argv)
{
	unsigned long long full[2] = { 0 }, part[2] = { 0 }, bytes = 0;
	int in = 0, out, status = 0;
	char *buf;

	for (int i = 1; i < argc; i++)
		parse(argv[i]);
	if (opt.skip > LLONG_MAX / opt.bs || opt.seek > LLONG_MAX / opt.bs)
		errx(USAGE_STATUS, "skip= or seek= is too large");
	buf = malloc(opt.bs);
	if (!buf)
		err(1, "bs=%lld", opt.bs);
	if (opt.in)
		in = open(opt.in, O_RDONLY);
	if (in < 0)
		err(1, "failed to open '%s'", opt.in);
	out = open_output();
	skip_input(in, buf);
	for (long long i = 0; opt.count < 0 || i < opt.count; i++) {
		ssize_t n = read_block(in, buf);

		if (n < 0)
			warn("error reading '%s'", opt.in ? opt.in : "standard input");
		if (n <= 0) {
			status = n < 0;
			break;
		}
		(n == opt.bs ? full : part)[0]++;
		if (opt.sync) {
			memset(buf + n, 0, opt.bs - n);
			n = opt.bs;
		}
		if (write_full(out, buf, n) < 0) {
			warn("error writing '%s'", opt.out ? opt.out : "standard output");
			status = 1;
			break;
		}
		(n == opt.bs ? full : part)[1]++;
		bytes += n;
	}
	if (opt.fsync && fsync(out) < 0) {
		warn("fsync failed for '%s'", opt.out ? opt.out : "standard output");
		status = 1;
	}
	if (close(out) < 0)
		err(1, "closing the output");
	if (!opt.quiet)
		fprintf(stderr, "%llu+%llu records in\n%llu+%llu records out\n%llu bytes copied\n", full[0],
			part[0], full[1], part[1], bytes);
	return status;
}
