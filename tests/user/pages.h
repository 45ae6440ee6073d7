/* SPDX-License-Identifier: MIT */
/*
 * How many pages could be had: MemFree + Cached + Slab + KernelStack of /proc/meminfo. A cached page can be had at any
 * time, the heap keeps frames for its caches, and ended threads leave their stacks to the next.
 */
#ifndef PAGES_H
#define PAGES_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The kB of one line of /proc/meminfo; 0 when there is no such line. */
static inline long meminfo_field(const char *text, const char *field)
{
	const char *line = strstr(text, field);

	return line ? strtol(line + strlen(field), NULL, 10) : 0;
}

static inline long free_pages(void)
{
	char text[2048];
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	return (meminfo_field(text, "MemFree:") + meminfo_field(text, "\nCached:") + meminfo_field(text, "Slab:") +
		meminfo_field(text, "KernelStack:")) / 4;
}

/* How often to look again, a hundred times a second: what an ended process held may come back a moment later. */
enum { LOOK_SHORTLY = 10, LOOK_PATIENTLY = 500 };

/* Pages less than `before`. */
static inline long pages_lost(long before, int looks)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
	long lost = before - free_pages();

	for (int i = 0; i < looks && lost > 0; i++) {
		nanosleep(&moment, NULL);
		lost = before - free_pages();
	}
	return lost;
}

#endif
