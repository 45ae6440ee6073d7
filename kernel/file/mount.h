/* SPDX-License-Identifier: MIT */
/*
 * The mount table, for mount.c, which owns it, mount_server.c and unmount.c.
 */
#ifndef FILE_MOUNT_H
#define FILE_MOUNT_H

#include "file/file_impl.h"

/* Guards: (M) mount_lock, (c) constant. */
struct mount {
	struct list link;      /* (M) oldest first */
	struct node *dir;      /* (M) where the name is, referenced; NULL: "/" itself */
	char *path;            /* (M) absolute; the name is its last component */
	char *source;          /* (c) what mount(2) was told to mount; NULL: nothing */
	struct filesystem *fs; /* (M) */
	struct node *root;     /* (M) referenced; NULL: detached */
	uint64_t root_ino;     /* (c) */
	unsigned id;           /* (c) for mountinfo */
	/* (M) MNT_EXPIRE was asked for: EXPIRE_FRESH, less one for each walk into it since; umount2's own is one */
	unsigned expiring;
};

#define EXPIRE_FRESH 2

extern struct mutex mount_lock;       /* RANK_MOUNT */
extern struct mount root_mount;       /* (M) "/" */
extern struct list mounts;            /* (M) all others */
extern struct list detached;          /* (M) disks without a name, in use yet: umount2's MNT_DETACH */
extern struct filesystem *boot_fs;    /* (c) */
extern struct node *boot_root;        /* (c) */

/* ---- mount.c ---- */
struct mount *mount_of_root_locked(const struct node *root); /* NULL: nothing is mounted that has that root */
void mount_leave_locked(struct mount *m);                    /* out of the table; the caller frees it */
/* an entry that is not in the table; not what was mounted */
void mount_free(struct mount *m);

/* ---- mount_server.c ---- */
void mount_server_init(void);
bool mount_is_disk(const struct mount *m);                   /* of a server */
unsigned mount_disk_number(const struct mount *m);           /* of one that is */
/*
 * One at a time mounts a disk or takes it away, for the service ends whatever servers the disk had. disk_begin_locked waits
 * for another one, with the table's lock let go meanwhile.
 * -> 0: until disk_end nobody else does; 1: it has waited, what was found in the table is to be looked up again; -EINTR
 */
int disk_begin_locked(unsigned disk);
void disk_end(unsigned disk);
bool disk_is_changing_locked(unsigned disk);
/* "/" becomes fs; *fs and *root what it was. The names over the old root move to the new one. */
void mount_exchange_root_locked(struct filesystem **fs, struct node **root);
struct port *mount_service(void);                            /* of who mounts disks, referenced; NULL: there is none */

#endif
