/* SPDX-License-Identifier: MIT */
/* The lists of mounted filesystems: /proc/mounts, and files of that form. */
#ifndef MNTENT_H
#define MNTENT_H

#include <stdio.h>
#include <sys/cdefs.h>

#define MOUNTED "/etc/mtab"
#define MNTTAB "/etc/fstab"
#define MNTTYPE_IGNORE "ignore"
#define MNTTYPE_SWAP "swap"
#define MNTOPT_DEFAULTS "defaults"
#define MNTOPT_RO "ro"
#define MNTOPT_RW "rw"
#define MNTOPT_SUID "suid"
#define MNTOPT_NOSUID "nosuid"
#define MNTOPT_NOAUTO "noauto"

struct mntent {
	char *mnt_fsname, *mnt_dir, *mnt_type, *mnt_opts;
	int mnt_freq, mnt_passno;
};

__BEGIN_DECLS
FILE *setmntent(const char *name, const char *mode);
struct mntent *getmntent(FILE *file);
struct mntent *getmntent_r(FILE *__restrict file, struct mntent *__restrict entry, char *__restrict text, int size);
int endmntent(FILE *file);
char *hasmntopt(const struct mntent *entry, const char *option);
__END_DECLS

#endif
