/* SPDX-License-Identifier: MIT */
/* What /proc/self/smaps says about the VMA that holds an address, for the demos. */
#ifndef DEMO_SMAPS_H
#define DEMO_SMAPS_H

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counts {
	long rss;		/* pages the page tables map */
	long shared;		/* of these, mapped by another process or table as well */
	long private;		/* of these, ours alone */
};

/* Pages of 4 KiB. Everything is 0 when no VMA holds the address. */
static inline struct counts smaps_counts(const void *address)
{
	unsigned long at = (unsigned long)address, lo, hi;
	struct counts c = { 0 };
	int here = 0;
	char line[512], *end;
	FILE *f = fopen("/proc/self/smaps", "r");

	if (!f)
		err(1, "/proc/self/smaps");
	while (fgets(line, sizeof(line), f)) {
		long kib;

		lo = strtoul(line, &end, 16);
		if (*end == '-') {
			hi = strtoul(end + 1, NULL, 16);
			here = lo <= at && at < hi;
			continue;
		}
		end = strchr(line, ':');
		if (!here || !end)
			continue;
		kib = strtol(end + 1, NULL, 10);
		if (strncmp(line, "Rss:", 4) == 0)
			c.rss = kib / 4;
		else if (strncmp(line, "Shared_Clean:", 13) == 0 || strncmp(line, "Shared_Dirty:", 13) == 0)
			c.shared += kib / 4;
		else if (strncmp(line, "Private_Clean:", 14) == 0 || strncmp(line, "Private_Dirty:", 14) == 0)
			c.private += kib / 4;
	}
	fclose(f);
	return c;
}

#endif
