/* SPDX-License-Identifier: MIT */
/* Messages that begin with the program's name; those with an x leave out strerror(errno). */
#ifndef ERR_H
#define ERR_H

#include <stdarg.h>
#include <sys/cdefs.h>

__BEGIN_DECLS
__NORETURN void err(int status, const char *format, ...) __PRINTF(2, 3);
__NORETURN void errx(int status, const char *format, ...) __PRINTF(2, 3);
__NORETURN void verr(int status, const char *format, va_list ap) __PRINTF(2, 0);
__NORETURN void verrx(int status, const char *format, va_list ap) __PRINTF(2, 0);
void warn(const char *format, ...) __PRINTF(1, 2);
void warnx(const char *format, ...) __PRINTF(1, 2);
void vwarn(const char *format, va_list ap) __PRINTF(1, 0);
void vwarnx(const char *format, va_list ap) __PRINTF(1, 0);
__END_DECLS

#endif
