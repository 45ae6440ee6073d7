/* SPDX-License-Identifier: MIT */
/*
 * mount [-r] [-t TYPE] [-o OPTION,...] SOURCE FOLDER - put a filesystem over a folder; without arguments: what is
 * mounted
 *
 * TYPE is ext2 (the default) or tmpfs. The options ro, rw, remount, nosuid, nodev, noexec, suid, dev, exec, sync,
 * noatime, nodiratime, relatime, strictatime and defaults are for mount(2); the others go to the filesystem: size=16m,
 * mode=755, ... `mount -o remount,ro FOLDER` needs no source.
 */
#include <mntent.h>
#include <stdbool.h>
#include <sys/mount.h>

#include "common.h"

static const struct { const char *name; unsigned long set, clear; } known[] = {
	{ "ro", MS_RDONLY, 0 }, { "rw", 0, MS_RDONLY }, { "remount", MS_REMOUNT, 0 }, { "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID }, { "nodev", MS_NODEV, 0 }, { "dev", 0, MS_NODEV }, { "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC }, { "sync", MS_SYNCHRONOUS, 0 }, { "noatime", MS_NOATIME, 0 }, { "defaults", 0, 0 },
	{ "nodiratime", MS_NODIRATIME, 0 }, { "relatime", MS_RELATIME, 0 }, { "strictatime", MS_STRICTATIME, 0 },
};

static unsigned long flags;
static char rest[4096]; /* options for the filesystem */

static void take_option(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i].name) == 0) {
			flags = (flags | known[i].set) & ~known[i].clear;
			return;
		}
	}
	snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest), "%s%s", *rest ? "," : "", name);
}

static int list(void)
{
	FILE *f = setmntent("/proc/mounts", "r");
	const struct mntent *m;

	if (!f)
		err(1, "/proc/mounts");
	while ((m = getmntent(f)))
		printf("%s on %s type %s (%s)\n", m->mnt_fsname, m->mnt_dir, m->mnt_type, m->mnt_opts);
	endmntent(f);
	return finish(0);
}

int main(int argc, char **argv)
{
	const char *type = "ext2";
	int c;

	if (argc == 1)
		return list();
	while ((c = getopt(argc, argv, "rt:o:")) != -1) {
		if (c == 'r')
			flags |= MS_RDONLY;
		else if (c == 't')
			type = optarg;
		else if (c == 'o')
			for (char *o = strtok(optarg, ","); o; o = strtok(NULL, ","))
				take_option(o);
		else
			usage("mount [-r] [-t TYPE] [-o OPTION,...] SOURCE FOLDER");
	}
	bool alone = flags & MS_REMOUNT && argc - optind == 1;
	if (argc - optind != 2 && !alone)
		usage("mount [-r] [-t TYPE] [-o OPTION,...] SOURCE FOLDER");
	const char *source = alone ? NULL : argv[optind], *folder = argv[argc - 1];
	if (mount(source, folder, type, flags, *rest ? rest : NULL) < 0)
		err(1, "%s on %s", alone ? "remount" : source, folder);
	return 0;
}
