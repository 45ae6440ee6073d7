/* SPDX-License-Identifier: MIT */
/* Setting a file's times, to the second. */
#ifndef UTIME_H
#define UTIME_H

#include <bits/types.h>
#include <sys/cdefs.h>

struct utimbuf {
	time_t actime;
	time_t modtime;
};

__BEGIN_DECLS
int utime(const char *path, const struct utimbuf *times);
__END_DECLS

#endif
