/* SPDX-License-Identifier: MIT */
/*
 * free [-b | -k | -m] - how the memory is used, from /proc/meminfo
 *
 * "used" is what is neither free nor could be given up at once (total less available). A line that the
 * kernel does not offer counts as 0.
 */
#include "procfile.h"

static char text[8192];

static unsigned long long get(const char *name)
{
	long long v = proc_field(text, name);

	return v < 0 ? 0 : v;
}

int main(int argc, char **argv)
{
	unsigned long long total, avail, swap, swap_free, mul = 1024, div = 1024;
	int c;

	while ((c = getopt(argc, argv, "bkm")) != -1) {
		switch (c) {
		case 'b': div = 1; break;
		case 'k': div = 1024; break;
		case 'm': div = 1024 * 1024; break;
		default: usage("free [-b | -k | -m]");
		}
	}
	if (proc_read("/proc/meminfo", text, sizeof(text)) < 0)
		err(1, "/proc/meminfo");
	total = get("MemTotal");
	avail = proc_field(text, "MemAvailable") < 0 ? get("MemFree") : get("MemAvailable");
	swap = get("SwapTotal");
	swap_free = get("SwapFree");
	printf("%6s %12s %12s %12s %12s %12s %12s\n", "", "total", "used", "free", "shared", "buff/cache",
	       "available");
	printf("%-6s %12llu %12llu %12llu %12llu %12llu %12llu\n", "Mem:", total * mul / div,
	       (total - avail) * mul / div, get("MemFree") * mul / div, get("Shmem") * mul / div,
	       (get("Buffers") + get("Cached") + get("SReclaimable")) * mul / div, avail * mul / div);
	printf("%-6s %12llu %12llu %12llu\n", "Swap:", swap * mul / div, (swap - swap_free) * mul / div,
	       swap_free * mul / div);
	return finish(0);
}
