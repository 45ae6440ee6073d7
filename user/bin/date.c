/* SPDX-License-Identifier: MIT */
/*
 * date [-u] [-d @SECONDS] [-r FILE] [+FORMAT] - print the time
 *
 * The format is strftime's, and %s (seconds since 1970) and %N (nanoseconds). -d @N shows that time, -r
 * a file's time of modification. Without -u the time zone is libc's, which here is UTC. Setting the clock
 * is not offered.
 */
#include <stdbool.h>
#include <time.h>

#include "common.h"

/* Print; %s and %N, which strftime need not know, and the name of UTC are put in here. */
static void print(const char *format, const struct timespec *ts, const struct tm *tm, bool utc)
{
	char piece[256], text[512];

	while (*format) {
		size_t n = 0;

		if (*format == '%' && format[1] == 's') {
			printf("%lld", (long long)ts->tv_sec);
			format += 2;
			continue;
		}
		if (*format == '%' && format[1] == 'N') {
			printf("%09ld", (long)ts->tv_nsec);
			format += 2;
			continue;
		}
		if (utc && *format == '%' && format[1] == 'Z') {
			fputs("UTC", stdout);
			format += 2;
			continue;
		}
		if (*format == '%' && format[1])
			piece[n++] = *format++;
		piece[n++] = *format++;
		piece[n] = '\0';
		if (n == 1)
			putchar(piece[0]);
		else if (strftime(text, sizeof(text), piece, tm))
			fputs(text, stdout);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	const char *format = "%a %b %e %H:%M:%S %Z %Y";
	struct timespec ts;
	struct stat st;
	bool utc = false;
	struct tm *tm;
	char *end;
	int c;

	clock_gettime(CLOCK_REALTIME, &ts);
	while ((c = getopt(argc, argv, "ud:r:")) != -1) {
		switch (c) {
		case 'u':
			utc = true;
			break;
		case 'd':
			ts.tv_sec = strtoll(optarg + (*optarg == '@'), &end, 10);
			ts.tv_nsec = 0;
			if (*optarg != '@' || *end || end == optarg + 1)
				errx(USAGE_STATUS, "-d %s: only @SECONDS is understood", optarg);
			break;
		case 'r':
			if (stat(optarg, &st) < 0)
				err(1, "%s", optarg);
			ts = st.st_mtim;
			break;
		default:
			usage("date [-u] [-d @SECONDS] [-r FILE] [+FORMAT]");
		}
	}
	if (optind < argc && argv[optind][0] == '+')
		format = argv[optind++] + 1;
	if (optind < argc)
		usage("date [-u] [-d @SECONDS] [-r FILE] [+FORMAT]");
	tm = utc ? gmtime(&ts.tv_sec) : localtime(&ts.tv_sec);
	if (!tm)
		errx(1, "a time that cannot be shown");
	print(format, &ts, tm, utc);
	return finish(0);
}
