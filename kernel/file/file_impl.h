/* SPDX-License-Identifier: MIT */
/*
 * What the files of file/ share among themselves: the operations of a kind of filesystem, the node cache's inside,
 * mounts.
 *
 * Locks: the mount table has a mutex of RANK_MOUNT; the node cache and each memory filesystem have one of RANK_FS,
 * never held together; a node's mutex guards its attributes. None is held while a server is asked, nor while user
 * memory is copied.
 */
#ifndef FILE_FILE_IMPL_H
#define FILE_FILE_IMPL_H

#include <abi/dirent.h>
#include <abi/errno.h>
#include <abi/misc.h>

#include "file/file.h"
#include "ipc/ipc.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define FILE_SIZE_MAX INT64_MAX
#define SYMLINK_MAX 40

struct text;

/* One name to be made. */
struct new_name {
	const char *name; size_t len;
	uint32_t mode;      /* with type */
	uint64_t rdev;
	const char *target; /* symbolic links */
};

/*
 * What a filesystem can do. Directories and nodes are referenced by the caller; names are `len` bytes without '/',
 * never "." ; no lock is held, all may sleep. NULL for what changes names or attributes: EROFS.
 */
struct fs_ops {
	const char *type;          /* for /proc/mounts */
	bool needs_device;         /* /proc/filesystems: not "nodev" */
	int64_t magic;             /* statfs */
	int64_t block_size;        /* st_blksize; 0: a page */
	uint32_t flags;            /* FS_*_FL that its plain files and directories may be given, setattr may refuse some; 0: have none */
	int (*lookup)(struct node *dir, const char *name, size_t len, struct node **out); /* ".." too */
	int (*create)(struct node *dir, const struct new_name *make, struct node **out);
	/* a file without a name; EOPNOTSUPP */
	int (*tmpfile)(struct node *dir, const struct new_name *make, struct node **out);
	int (*link)(struct node *dir, const char *name, size_t len, struct node *to);
	int (*unlink)(struct node *dir, const char *name, size_t len, bool is_dir);
	int (*rename)(struct node *from, const char *old, struct node *to, const char *name, unsigned flags);
	int (*readlink)(struct node *n, char *buf, size_t cap); /* length, not NUL-terminated */
	/*
	 * follow: where a link leads that is more than its text (/proc/PID/exe); -EINVAL: not such a link. NULL: there are
	 * none
	 */
	int (*follow)(struct node *n, struct path *out);
	/* readdir: abi_dirent64 records from cookie on; bytes, 0 at the end */
	int64_t (*readdir)(struct node *dir, uint64_t cookie, void *buf, size_t room);
	int (*getattr)(struct filesystem *fs, uint64_t ino, struct fs_attr *attr);
	int (*setattr)(struct node *n, const struct fs_setattr *set);
	int (*check_size)(struct node *n, uint64_t size); /* may a plain file become so long? NULL: yes */
	bool (*allows)(const struct node *n, const struct proc *p); /* may p do what mode and owner forbid? NULL: no */
	int (*statfs)(struct filesystem *fs, struct abi_statfs *st);
	int (*sync)(struct filesystem *fs);
	int (*open)(struct node *n, struct file *f); /* fills ops and data of what is not a plain file or directory */
	/* n NULL: never had one */
	void (*close)(struct filesystem *fs, uint64_t ino, uint64_t lookups, const struct node *n);
	void (*free)(struct node *n);                /* its data */
	/* busy: has anybody a node of it, besides its own names and one reference to the root? NULL: always */
	bool (*busy)(struct filesystem *fs, const struct node *root);
	int (*remount)(struct filesystem *fs, uint32_t flags, const char *options); /* before the flags change; NULL: 0 */
	void (*show)(struct filesystem *fs, struct text *out); /* its options in /proc/mounts, each after a comma */
	void (*destroy)(struct filesystem *fs);      /* its data */
};

enum fs_state {
	FS_LIVE,
	FS_LEAVING, /* being unmounted: operations give EIO, pages are written and lookups given back */
	FS_GONE,    /* the server is not asked for anything any more */
};

/* Guards: (c) constant, (a) atomic. A node holds a reference, so does a mount. */
struct filesystem {
	const struct fs_ops *ops;
	volatile uint32_t refs;    /* (a) */
	uint64_t dev;              /* (c) st_dev */
	volatile bool readonly;    /* (a) mount(2) changes it */
	volatile enum fs_state state;
	volatile uint32_t flags;   /* (a) MS_* that were asked for */
	volatile bool detached;    /* (a) in use without a name: the closer thread ends it (unmount.c) */
	void *data;                /* (c) the kind's own */
	struct port *file_port, *pager_port; /* (c) of a server, else NULL */
};
struct filesystem *fs_create(const struct fs_ops *ops, bool readonly);
static inline void fs_get(struct filesystem *fs) { __atomic_add_fetch(&fs->refs, 1, __ATOMIC_RELAXED); }
void fs_put(struct filesystem *fs);

/* ---- file.c ---- */
void file_caches_init(void);
/*
 * file_open_node: an open file on a new node, whatever its mode bits; takes over n's reference and the name. err_ptr.
 */
struct file *file_open_node(struct node *n, char *name, int flags);
int file_anonymous_stat(struct file *f, struct abi_stat *st); /* of what has neither node nor name */
int file_node_stat(struct file *f, struct abi_stat *st); /* fstat of what stands on a node: the node's */

/* ---- filelock.c ---- */
void filelock_init(void);

/* ---- memfd.c ---- */
void memfd_init(void);
int memory_node_create(struct node **out);              /* a memory file's, without a file yet. 0, -ENOMEM */

/* ---- pipe.c ---- */
void pipe_init(void);
/* pipe_open: f, on the node of a named pipe, becomes an end of it; waits for the other side. -EINTR, -ENXIO, -ENOMEM */
int pipe_open(struct file *f);

/* ---- socket_name.c ---- */
void socket_name_init(void);

/* ---- tmpfs.c: files in memory ---- */
/* 0: no limit; NULL */
struct filesystem *tmpfs_create_fs(const struct fs_ops *ops, uint64_t max_pages, uint64_t max_inodes);
/* tmpfs_mount: an instance with a root, by mount(2)'s options. 0, -EINVAL, -ENOMEM */
int tmpfs_mount(const char *options, struct filesystem **fs, struct node **root);
/*
 * tmpfs_node_create: a node without a name (nlink 0), owned as a new name in dir is (NULL: by the process). 0, -ENOSPC,
 * -ENOMEM
 */
int tmpfs_node_create(struct filesystem *fs, const struct node *dir, const struct new_name *make, struct node **out);
void tmpfs_free(struct node *n);
void tmpfs_destroy(struct filesystem *fs);

/* ---- node.c ---- */
void node_init(void);
struct node *node_create(struct filesystem *fs, const struct fs_attr *attr); /* refs 1, not in the cache; NULL */
/*
 * node_cache_get: the node of an inode whose attributes were just fetched (and whose lookup the server counted).
 * -> changes: node_cache_changes() from before they were fetched
 * -> 0; -ENOMEM, -EINTR, -EIO: the lookup has been given back
 */
int node_cache_get(struct filesystem *fs, const struct fs_attr *attr, uint64_t changes, struct node **out);
uint64_t node_cache_changes(void);
/* node_lost_name: ino has `nlink` links left; closes it if nobody uses it. */
void node_lost_name(struct filesystem *fs, uint64_t ino, uint32_t nlink);
bool node_cache_written(struct filesystem *fs);         /* is a file of it open for writing, or without a name? */
void node_closer_wake(void);                            /* mount_finish_detached shall be called, by the closer thread */
/* fs_ops.busy of what has its nodes in the cache */
bool node_cache_busy(struct filesystem *fs, const struct node *root);
void node_cache_close_fs(struct filesystem *fs);        /* unmount: give back every lookup */

/* ---- attr.c ---- */
void node_set_attr(struct node *n, const struct fs_attr *attr); /* the server's word, except size and pending mtime */
/* the server has changed attributes: fetch them for the next stat */
void node_named(struct node *n, uint32_t nlink); /* a file without a name has got its first one */
void node_changed(struct node *n);
int node_refresh(struct node *n);                       /* fetch them now if need be; -EIO */
/* setattr of a filesystem that keeps attributes in nodes */
int node_setattr_here(struct node *n, const struct fs_setattr *set);
bool attr_valid(const struct fs_attr *attr);
struct abi_timespec time_now(void);

/* ---- the kinds ---- */
extern const struct fs_ops server_ops, bootfs_ops, devfs_ops, procfs_ops, tmpfs_ops;
int bootfs_mount(struct filesystem **fs, struct node **root);
int devfs_mount(struct filesystem **fs, struct node **root);
int procfs_mount(struct filesystem **fs, struct node **root);
int devpts_mount(struct filesystem **fs, struct node **root);
int devfs_open_rdev(struct file *f, uint64_t rdev);     /* a device node on a disk; -ENXIO */
struct dev_builtin { const char *name; uint32_t mode; unsigned major, minor; const struct file_ops *ops; };
extern const struct dev_builtin dev_builtin[];
extern const unsigned dev_builtin_count;
int dev_stat(struct file *f, struct abi_stat *st);      /* fstat of any device: its node's */

/* ---- dirents.c ---- */
/* dirent_add: append a record; false when there is no room. used counts bytes. */
bool dirent_add(void *buf, size_t room, size_t *used, uint64_t ino, uint64_t next, uint32_t mode, const char *name);

/* ---- mount.c, mount_server.c (mount_disk), unmount.c (mount_leave) ---- */
void mount_init(void);
struct node *mount_root(void);                          /* of "/", referenced */
/* mounted over a name in dir, referenced; NULL */
struct node *mount_child(const struct node *dir, const char *name, size_t len);
/* ".." of what is the root of a mount, referenced; NULL: it is none */
struct node *mount_up(struct node *n);
/* mount_below: the index-th name in dir that something is mounted over, with its root, referenced */
bool mount_below(const struct node *dir, unsigned index, char *name, size_t cap, struct node **root);
void mount_describe(struct text *t, bool info);         /* /proc/mounts, or mountinfo */
int64_t mount_statfs_flags(const struct filesystem *fs); /* ST_* of statfs(2) */
/*
 * mount_enter: takes over fs and root on success. alone: nothing may stand there. -EBUSY, -ENOSPC, -ENOMEM, the walk's
 * errors
 * mount_leave: umount2(2) of what the walk led to, which is put. -EINVAL: no mount; -EBUSY, -EAGAIN
 * mount_change: MS_REMOUNT of the mount with that root. -EINVAL: there is none; -EBUSY
 */
int mount_enter(const char *path, const char *source, struct filesystem *fs, struct node *root, bool alone);
int mount_leave(struct path *at, int flags);
/* mount_finish_detached: of disks without a name those that nobody uses, or any of them, are told to end */
void mount_finish_detached(bool any);
/* by the service. -ENODEV: there is none; -EBUSY, its errors */
int mount_disk(unsigned disk, const char *path, uint32_t flags);
bool mount_options_known(const char *options);          /* of a server's filesystem; NULL: none */
#define DISKS_MAX 26
bool devfs_disk(uint64_t rdev, unsigned *index);        /* which disk has that number; false: none */
int mount_change(const struct node *root, uint32_t flags, const char *options);
void mount_rename(const char *from, const char *to, bool both); /* cwd_rename for directories on the way to mounts */

/* ---- path.c ---- */
/*
 * path_walk_create: like PATH_PARENT, but follows a final symbolic link; *child is the node there, NULL when there is
 * none.
 */
int path_walk_create(int dirfd, const char *text, unsigned how, struct path *out, char *last, struct node **child);
/* another beginning; NULL: not there, no memory */
char *path_rebase(const char *path, const char *from, const char *to);
char *text_copy(const char *text);                      /* kmalloc'ed; NULL */
char *path_join(const char *dir, const char *name);     /* kmalloc'ed; NULL */

/* ---- cwd.c ---- */
/*
 * cwd_begin: where the current thread stands: the node, referenced, and its name, which stays until cwd_end (no other
 * lock, nothing that sleeps in between)
 */
struct node *cwd_begin(const char **name);
void cwd_end(void);
/* cwd_look_locked: of a thread of p (0: the first), p->lock held: the node, referenced, the name (PATH_MAX bytes); NULL */
struct node *cwd_look_locked(struct proc *p, int tid, char *name);
void cwd_move(const struct node *from, const struct path *to); /* everybody there goes to another directory */
/* cwd_rename: a directory on the way has a new name; both: two have exchanged theirs */
void cwd_rename(const char *from, const char *to, bool both);

/* ---- text.c: files whose bytes are made when they are read ---- */
struct text { char *buf; size_t len, cap; bool failed; };
void text_printf(struct text *t, const char *fmt, ...) printf_like(2, 3);
void text_append(struct text *t, const char *bytes, size_t len);
void text_puts(struct text *t, const char *string);
void text_octal(struct text *t, uint64_t value, unsigned digits); /* at least so many */
void text_pad(struct text *t, size_t line_start, size_t column);
void text_path(struct text *t, const char *path, const char *escape); /* these characters as \ooo */
#define TEXT_PART 4096u       /* a maker of many records stops when its part is about so long */
#define TEXT_END (~0ul)
struct text_source {
	/*
	 * make: append records from `from` (at first 0) on; *next, which is TEXT_END, is set to where to go on. May sleep.
	 */
	int (*make)(struct file *f, struct text *t, uint64_t from, uint64_t *next);
	/* bytes of a record when all are alike: then any place can be read at once, from = its number. Else 0 */
	unsigned record;
	/* store: what write(2) gave, NUL-terminated: bytes used, or -errno. NULL: EIO */
	int64_t (*store)(struct file *f, const char *bytes, size_t len, int64_t pos);
};
int text_attach(struct file *f, const struct text_source *source); /* f reads what it makes; -ENOMEM */

#endif
