/* SPDX-License-Identifier: MIT */
/*
 * sleep NUMBER[smhd]... - wait that long
 *
 * The number may have a fraction; several are added. Read by hand to nanoseconds, without floating point.
 */
#include <time.h>

#include "common.h"

static void add(struct timespec *ts, const char *s)
{
	long long seconds = 0, ns = 0, unit = 100000000, mul;
	const char *start = s;
	size_t digits = strspn(s, ".0123456789");

	for (; *s >= '0' && *s <= '9' && seconds < 1000000000000; s++)
		seconds = seconds * 10 + *s - '0';
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
			ns += (*s - '0') * unit;
	mul = *s == 'm' ? 60 : *s == 'h' ? 3600 : *s == 'd' ? 86400 : 1;
	s += *s == 's' || mul > 1;
	if (*s || !digits || (digits == 1 && *start == '.'))
		errx(USAGE_STATUS, "%s: not a time", start);
	ns = ts->tv_nsec + ns * mul;
	ts->tv_sec += seconds * mul + ns / 1000000000;
	ts->tv_nsec = ns % 1000000000;
}

int main(int argc, char **argv)
{
	struct timespec ts = { 0 };

	if (argc < 2)
		usage("sleep NUMBER[smhd]...");
	for (int i = 1; i < argc; i++)
		add(&ts, argv[i]);
	while (nanosleep(&ts, &ts) < 0)
		if (errno != EINTR)
			err(1, "nanosleep");
	return 0;
}
