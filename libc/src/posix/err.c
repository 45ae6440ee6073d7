/* SPDX-License-Identifier: MIT */
/*
 * err.h: messages on standard error that begin with the program's name, as BSD has them.
 *
 * errno is read before anything else is done. The line is written with the stream locked, so that
 * two threads' messages do not mix. A null format prints only the error's text.
 */
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void message(const char *format, va_list ap, const char *reason)
{
	flockfile(stderr);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	if (format)
		vfprintf(stderr, format, ap);
	if (reason)
		fprintf(stderr, "%s%s", format ? ": " : "", reason);
	putc_unlocked('\n', stderr);
	funlockfile(stderr);
}

void vwarn(const char *format, va_list ap)
{
	message(format, ap, strerror(errno));
}

void vwarnx(const char *format, va_list ap)
{
	message(format, ap, NULL);
}

_Noreturn void verr(int status, const char *format, va_list ap)
{
	vwarn(format, ap);
	exit(status);
}

_Noreturn void verrx(int status, const char *format, va_list ap)
{
	vwarnx(format, ap);
	exit(status);
}

void warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vwarn(format, ap);
	va_end(ap);
}

void warnx(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vwarnx(format, ap);
	va_end(ap);
}

_Noreturn void err(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	verr(status, format, ap);
}

_Noreturn void errx(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	verrx(status, format, ap);
}
