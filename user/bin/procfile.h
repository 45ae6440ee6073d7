/* SPDX-License-Identifier: MIT */
/* Reading the files of /proc, for ps, free and maps. */
#ifndef BIN_PROCFILE_H
#define BIN_PROCFILE_H

#include <fcntl.h>

#include "common.h"

/* Read a file of /proc whole; its length, NUL-terminated in buf, or -1 with errno. */
static inline ssize_t proc_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int saved = errno;

			close(fd);
			errno = saved;
			return -1;
		}
		len += n;
	}
	close(fd);
	buf[len] = '\0';
	return len;
}

/* The number behind "Name:" at the beginning of a line; -1 when there is no such line. */
static inline long long proc_field(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (strncmp(s, name, n) == 0 && s[n] == ':')
			return strtoll(s + n + 1, NULL, 10);
	}
	return -1;
}

#endif
