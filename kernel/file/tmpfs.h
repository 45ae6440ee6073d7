/* SPDX-License-Identifier: MIT */
/* What tmpfs.c (the filesystem, its nodes) and tmpfs_dir.c (names) share. */
#ifndef FILE_TMPFS_H
#define FILE_TMPFS_H

#include "file/file_impl.h"
#include "lib/rbtree.h"

#define TMPFS_NAME_SIZE 20 /* bytes that a name adds to the size of its directory, as Linux counts them */

/* Guards: (t) the instance's lock, (c) constant. */
struct tmpfs {
	struct mutex lock;         /* RANK_FS: every name and count of the instance */
	struct quota *quota;       /* (c) the pages of its files */
	uint64_t inodes, max_inodes; /* (t) nodes and further names of files; at most so many, 0: no limit */
	uint64_t last_ino, last_serial; /* (t) */
	struct list nodes;         /* (t) every node, by hash_link */
	uint32_t mode, uid, gid;   /* (c) of the root, for /proc/mounts */
};

/* One name in a directory. */
struct tmpfs_entry {
	struct rb_node by_name;    /* (t) */
	struct list by_age;        /* (t) newest first: the order in which Linux reads a directory in memory */
	uint64_t serial;           /* (c) rises with every name made */
	struct node *node;         /* (t) referenced; another after an exchange */
	size_t len;                /* (c) */
	char name[];               /* (c) len bytes, and NUL */
};

/* node->data of a directory; a symbolic link has its target there, terminated. */
struct tmpfs_dir {
	struct rb_tree names;      /* (t) */
	struct list entries;       /* (t) */
	struct node *parent;       /* (t) itself at the root; NULL: the tree above is gone */
	bool holds_parent;         /* (t) removed, and so the one that keeps `parent` alive */
};

static inline struct tmpfs *tmpfs_of(const struct node *n) { return n->fs->data; }
static inline struct tmpfs_dir *tmpfs_dir_of(const struct node *n) { return n->data; }

/* ---- tmpfs.c ---- */
bool tmpfs_take_inode_locked(struct tmpfs *t);           /* false: there are none left */

/* ---- tmpfs_dir.c ---- */
struct tmpfs_dir *tmpfs_dir_create(struct node *parent); /* NULL: no memory */
void tmpfs_dir_free(struct node *n);                     /* with all that lies below */
int tmpfs_lookup(struct node *dir, const char *name, size_t len, struct node **out);
int tmpfs_create(struct node *dir, const struct new_name *make, struct node **out);
int tmpfs_link(struct node *dir, const char *name, size_t len, struct node *to);
int tmpfs_unlink(struct node *dir, const char *name, size_t len, bool is_dir);
int tmpfs_rename(struct node *from, const char *old, struct node *to, const char *name, unsigned flags);
int64_t tmpfs_readdir(struct node *dir, uint64_t cookie, void *buf, size_t room);

#endif
