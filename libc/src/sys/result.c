/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel's answers become C's: errno, and the variadic syscall().
 *
 * The kernel answers -1 to -4095 for an error; everything else, large addresses included, is
 * a result. errno lies in the thread block, so a failing call in one thread does not disturb
 * another. It is reached through a function so that the header need not name a TLS model.
 * A successful call leaves errno alone, as POSIX asks.
 */
#include "../internal.h"
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#define MAX_ERRNO 4095

int *__errno_location(void)
{
	return &thread_self()->error;
}

long __sys_result(long result)
{
	if ((unsigned long)result < -(unsigned long)MAX_ERRNO)
		return result;
	errno = (int)-result;
	return -1;
}

/* Reads six arguments whatever the call takes: surplus registers are ignored by the kernel. */
long syscall(long number, ...)
{
	va_list ap;
	long a[6];

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return __sys_result(sys6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}
