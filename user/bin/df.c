/* SPDX-License-Identifier: MIT */
/*
 * df [-h] [FILE...] - how full the filesystems are
 *
 * With arguments the filesystems these files are on; otherwise all that /proc/mounts lists and that have
 * any blocks, or "/" where there is no such list. In KiB; Use% is used / (used + available), rounded up,
 * as root's reserve counts for nobody.
 */
#include <mntent.h>
#include <stdbool.h>
#include <sys/vfs.h>

#include "common.h"

static bool human;

static const char *amount(unsigned long long kib, char *text, size_t size)
{
	static const char units[] = "KMGT";
	int unit = 0;
	unsigned long long tenths = kib * 10;

	if (!human) {
		snprintf(text, size, "%llu", kib);
		return text;
	}
	for (; tenths >= 10240 && unit < 3; unit++)
		tenths = (tenths + 1023) / 1024;
	if (tenths < 100)
		snprintf(text, size, "%llu.%llu%c", tenths / 10, tenths % 10, units[unit]);
	else
		snprintf(text, size, "%llu%c", (tenths + 9) / 10, units[unit]);
	return text;
}

static int print(const char *device, const char *path, bool skip_empty)
{
	char total[24], used[24], avail[24], percent[8] = "-";
	unsigned long long bs, u, a;
	struct statfs fs;

	if (statfs(path, &fs) < 0) {
		if (skip_empty)
			return 0;
		warn("%s", path);
		return 1;
	}
	if (skip_empty && fs.f_blocks == 0)
		return 0;
	bs = fs.f_bsize;
	u = fs.f_blocks - fs.f_bfree;
	a = fs.f_bavail;
	if (u + a)
		snprintf(percent, sizeof(percent), "%llu%%", (u * 100 + u + a - 1) / (u + a));
	printf("%-20s %12s %12s %12s %5s %s\n", device, amount(fs.f_blocks * bs / 1024, total, sizeof(total)),
	       amount(u * bs / 1024, used, sizeof(used)), amount(a * bs / 1024, avail, sizeof(avail)), percent,
	       path);
	return 0;
}

static int print_mounts(void)
{
	FILE *f = setmntent("/proc/mounts", "r");
	const struct mntent *m;
	int status = 0;

	if (!f)
		return print("-", "/", false);
	while ((m = getmntent(f)))
		status |= print(m->mnt_fsname, m->mnt_dir, true);
	endmntent(f);
	return status;
}

int main(int argc, char **argv)
{
	int c, status = 0;

	while ((c = getopt(argc, argv, "hk")) != -1) {
		if (c == '?')
			usage("df [-h] [FILE...]");
		human = c == 'h';
	}
	printf("%-20s %12s %12s %12s %5s %s\n", "Filesystem", human ? "Size" : "1K-blocks", "Used", "Available",
	       "Use%", "Mounted on");
	if (optind == argc)
		status = print_mounts();
	for (int i = optind; i < argc; i++)
		status |= print("-", argv[i], false);
	return finish(status);
}
