/* SPDX-License-Identifier: MIT */
/* The kernel's log, formatted print, assertion and panic. */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdarg.h>

#include "lib/types.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/*
 * klog: one line to the log, prefixed "[seconds] "; the newline is added.
 * -> any context, any lock held; never sleeps, never allocates. Conversions: d i u x X c s p % with l ll z, width, 0,
 * -, precision.
 */
void klog(enum log_level level, const char *fmt, ...) printf_like(2, 3);
void log_write(const char *text, size_t len); /* raw bytes from /dev/kmsg, line by line, prefixed like klog's */
extern enum log_level log_threshold;
/* log_set_sink: where finished bytes go (a UART); set by main.c from the command line. NULL: nowhere. */
void log_set_sink(void (*write)(const char *text, size_t len));
/* The last 16 KiB of the log are kept: log_tail copies them, newest last, returns the length. */
size_t log_tail(char *buf, size_t cap);

int ksnprintf(char *buf, size_t cap, const char *fmt, ...) printf_like(3, 4); /* returns the length it wanted */
int kvsnprintf(char *buf, size_t cap, const char *fmt, va_list ap);

noreturn void panic(const char *fmt, ...) printf_like(1, 2); /* we cannot go on */

/* assert: our bug. Always on; assert_checked costs something and is only in the checked build. */
#define assert(x) (likely(x) ? (void)0 : panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #x))
#define assert_checked(x) ((void)(CHECKED && (assert(x), 0)))

#endif
