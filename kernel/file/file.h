/* SPDX-License-Identifier: MIT */
/*
 * Open files, descriptors, nodes (the kernel's inodes), path walking, mounts, pipes.
 *
 * Who owns what: a descriptor owns a reference to its open file; an open file owns one to its node; a node owns its VM
 * object. A node without references stays cached with its pages until memory is wanted (node_cache_shrink).
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include <abi/fcntl.h>
#include <abi/fs.h>
#include <abi/fsproto.h>
#include <abi/stat.h>

#include "task/task.h"

struct object;
struct port;
struct filesystem;
struct abi_statfs;
struct abi_pollfd;

/* ---- node.c: one per live inode of any filesystem ---- */
/* Guards: (n) lock, (F) the node cache's, (c) constant, (a) atomic. */
struct node {
	struct filesystem *fs;     /* (c) */
	uint64_t ino;              /* (c) */
	volatile uint32_t refs;    /* (a) */
	uint32_t lookups;          /* (F) to give back with PAGER_CLOSE */
	struct mutex lock;         /* RANK_NODE: attributes. Sizes of regular files are the object's business */
	uint32_t mode;             /* (n) type bits constant */
	uint32_t uid, gid, nlink;  /* (n) */
	uint32_t flags;            /* (n) FS_*_FL of chattr(1) */
	uint64_t rdev, blocks;
	struct abi_timespec atime, mtime, ctime; /* (n) */
	bool atime_new;            /* (n) the server has not heard of atime yet */
	struct object *object;     /* (c) regular files: its pages; size is object->size */
	struct pipe *pipe;         /* (n) of a named pipe that is open, or of pipe(2) */
	struct socket *socket;     /* (sockets_lock) bound to it and open; NULL */
	uint64_t size;             /* directories, symbolic links */
	uint32_t version, fresh;   /* (n) attributes are the server's of now when equal */
	volatile int32_t claims;   /* (a) open files that may write to it (> 0) or programs running from it (< 0) */
	bool written;              /* (n) has been open for writing: its attributes change by themselves */
	bool cached;               /* (c) in the cache; otherwise it goes with its last reference */
	uint32_t mounts;           /* (mount table's) names in it that something is mounted over; read without a lock */
	uint8_t hint;              /* how long what is written to it is expected to live (F_SET_RW_HINT) */
	bool linkable;             /* made by O_TMPFILE: may get a first name */
	bool closing;              /* (F) being given back to its server: wait, then look again */
	struct list hash_link, lru_link; /* (F) */
	void *data;                /* the filesystem's own */
};

struct fs_ops; /* file_impl.h: lookup, create, ... of one kind of filesystem (server, boot, dev, proc) */

static inline void node_get(struct node *n) { __atomic_add_fetch(&n->refs, 1, __ATOMIC_RELAXED); }
void node_put(struct node *n);     /* may sleep: an unlinked node's last reference sends PAGER_CLOSE */
/*
 * node_claim: a plain file is open for writing, or executed, never both. 0, -ETXTBSY. An open file holds its claim
 * until its last reference goes.
 */
enum claim { CLAIM_NONE = 0, CLAIM_WRITE = 1, CLAIM_EXEC = -1 };
int node_claim(struct node *n, enum claim claim);
void node_unclaim(struct node *n, enum claim claim);
static inline bool node_is_append(const struct node *n) { return n->flags & FS_APPEND_FL; }
static inline bool node_is_fixed(const struct node *n) { return n->flags & (FS_APPEND_FL | FS_IMMUTABLE_FL); } /* attributes, names */
/* node_is_frozen: immutable also for who has it open for writing already; files in memory never are. */
bool node_is_frozen(const struct node *n);
uint32_t node_mount_flags(const struct node *n); /* MS_*: how its filesystem is mounted */
void node_drop_setid(struct node *n); /* what is changed by anybody but root is not set-user-id (or group) any more */
/* node_permission: may the current process do `mask` (R_OK | W_OK | X_OK) with it? 0, -EACCES; -EROFS; -EPERM: immutable. */
int node_permission(struct node *n, unsigned mask);
bool node_allows_direct(const struct node *n);          /* O_DIRECT: only on a plain file of a disk */
bool node_is_own(const struct node *n);                /* the current process's user owns it, or has CAP_FOWNER */
/*
 * node_new_mode: the bits that a new file in dir gets of those asked for: an executable one is set-group-id in a
 * directory that hands its group down only if the maker is a member.
 */
uint32_t node_new_mode(const struct node *dir, uint32_t mode);
void node_stat(struct node *n, struct abi_stat *st);
/* node_touch_mtime: data changed now; sent to the server with the next write-back. */
void node_touch_mtime(struct node *n);
/* times.c: it has been read, mapped, listed or followed. No lock held; may ask the server about a directory. */
void node_accessed(struct node *n);
void file_accessed(struct file *f);                    /* through f, whose node it has; O_NOATIME is obeyed */
unsigned node_cache_shrink(unsigned want); /* drop cached nodes without references, oldest first; how many went */

/* ---- file.c: open file descriptions and descriptor tables ---- */
enum file_kind { FILE_NODE, FILE_PIPE, FILE_DEVICE, FILE_PORT, FILE_OBJECT, FILE_HANDLE, FILE_TEXT,
                 FILE_SOCKET, FILE_EVENT, FILE_TIMER, FILE_SIGNALS, FILE_EPOLL, FILE_PROCESS };
/* of numbers that are read: neither names nor places, and poll knows no bands of them */
static inline bool kind_is_counter(enum file_kind kind) { return kind >= FILE_EVENT; }

struct file;

/*
 * A gate is a lock that may be held while a server is asked: it has no rank, nothing on the paging path takes one, and
 * a waiter can be killed. It serialises what users of one open file do with its position.
 */
struct gate { volatile uint32_t state; struct spinlock lock; struct wait_queue wait; };
void gate_init(struct gate *g);
must_check int gate_enter(struct gate *g); /* 0, -EINTR when the process is ending */
void gate_leave(struct gate *g);

#define POS_APPEND (-1) /* as a write's position: the end, as with O_APPEND */

/* Operations that differ by kind. NULL: the errno said. buf is a user address of the current space. Contracts as the
 * system calls of the same name; ops are called without locks held and may sleep. pos: where, in a file that has
 * positions; else NULL. */
struct file_ops {
	int64_t (*read)(struct file *f, vaddr_t buf, size_t len, int64_t *pos);        /* EINVAL */
	int64_t (*write)(struct file *f, vaddr_t buf, size_t len, int64_t *pos);       /* EINVAL */
	int64_t (*ioctl)(struct file *f, unsigned cmd, vaddr_t arg);                   /* ENOTTY */
	int (*stat)(struct file *f, struct abi_stat *st);                              /* EINVAL */
	int (*sync)(struct file *f, bool data_only);                                   /* EINVAL */
	/* map: the object to map, referenced (NULL: zeros of the mapping's own), and its first page; ENODEV */
	int (*map)(struct file *f, uint64_t off, size_t len, struct object **object, pgoff_t *pgoff);
	int (*fallocate)(struct file *f, unsigned mode, uint64_t off, uint64_t len);   /* EOPNOTSUPP */
	void (*unmapped)(struct file *f);          /* a VMA of it has gone; may sleep. NULL: nobody wants to know */
	void (*release)(struct file *f);                                               /* last reference gone */
	/* write_kernel: write with the bytes in the kernel, for writev and sendfile */
	int64_t (*write_kernel)(struct file *f, const void *buf, size_t len, int64_t *pos);
	/* several segments as one transfer of `len` bytes, checked by the caller; NULL: sys/vector.c does what it can */
	int64_t (*read_vector)(struct file *f, const struct abi_iovec *iov, size_t len);
	int64_t (*write_vector)(struct file *f, const struct abi_iovec *iov, size_t len);
	unsigned (*poll)(struct file *f);          /* POLL* bits that hold now; NULL: always readable and writable */
	/* queues: whose wakes say that something came in, or that there is room; either may be NULL */
	void (*queues)(struct file *f, struct wait_queue **in, struct wait_queue **out);
};
struct file {
	volatile uint32_t refs;
	enum file_kind kind;
	uint32_t flags;            /* O_ACCMODE, O_APPEND, O_NONBLOCK, ...: F_GETFL */
	int8_t claim;              /* (c) enum claim: what it holds on its node */
	bool seekable;             /* (c) has a position: lseek, pread, pwrite */
	bool locked;               /* has ever owned a lock: filelock.c */
	struct gate pos_gate;
	int64_t pos;               /* (pos_gate) */
	const struct file_ops *ops;
	struct node *node;         /* what its path led to (FILE_NODE, FILE_DEVICE, FILE_TEXT); NULL otherwise */
	void *data;                /* pipe, port, object, device instance */
	uint32_t seen;             /* (c) named pipe: how many had come to the other side when it was opened with nobody there; 0 */
	struct epoll_item *watched; /* (epoll.c) the lists of epolls that it is in */
	struct file_owner *owner;  /* (async.c) who is told of its news; NULL */
	char *path;                /* absolute path it was opened by, for /proc; NULL */
};
/* refs 1; NULL */
struct file *file_create(enum file_kind kind, const struct file_ops *ops, uint32_t flags, void *data);
static inline void file_get(struct file *f) { __atomic_add_fetch(&f->refs, 1, __ATOMIC_RELAXED); }
bool file_try_get(struct file *f);                   /* unless its last reference has gone */
void file_put(struct file *f);

static inline bool can_read(const struct file *f) { return !(f->flags & (O_WRONLY | O_PATH)); }
static inline bool can_write(const struct file *f)
{
	uint32_t mode = f->flags & O_ACCMODE;

	return (mode == O_WRONLY || mode == O_RDWR) && !(f->flags & O_PATH);
}

struct fdtable;
struct fdtable *fdtable_create(void);
struct fdtable *fdtable_copy(struct fdtable *t);     /* fork: files shared; NULL */
void fdtable_join(struct fdtable *t);                /* CLONE_FILES: one process more has it */
void fdtable_leave(struct fdtable *t);               /* one less; the last closes everything, and may sleep */
/*
 * fdtable_unshare: a table of the process's own, if it shares one. -ENOMEM; -EINVAL: of several threads nobody knows
 * which are looking at the old one.
 */
int fdtable_unshare(void);
/* For who looks at another's. What is in it may all be closed meanwhile. */
void fdtable_get(struct fdtable *t);
void fdtable_put(struct fdtable *t);
void fdtable_close_on_exec(struct fdtable *t);
struct file *fd_get(int fd);                         /* current process; referenced; NULL: EBADF */
int fd_install(struct file *f, int at_least, bool cloexec); /* takes over the reference on success; -EMFILE */
/*
 * fd_give: a new open file gets the lowest number. The reference is taken over in any case; f may be an err_ptr, which is
 * then the answer, or NULL (-ENOMEM). fd_give_pair: both get numbers, which are stored at `user`, or none exists.
 */
int fd_give(struct file *f, bool cloexec);
int fd_give_pair(struct file *end[2], bool cloexec, vaddr_t user);
int fd_room(void);                                   /* 0; -EMFILE: fd_install would fail now; -ENFILE */
/*
 * files_room: 0, or -ENFILE: as many files are open as /proc/sys/fs/file-max allows, and the caller is not privileged.
 */
int files_room(void);
extern volatile uint32_t files_open;
extern uint32_t protected_symlinks, protected_hardlinks; /* /proc/sys/fs; path.c */
extern uint32_t file_max;
int fd_close(int fd);
/* fd_close_range: all from first to last are closed, or marked to be at exec. -EINVAL, -ENOMEM (with `unshare`). */
int fd_close_range(unsigned first, unsigned last, bool cloexec, bool unshare);
int fd_dup_to(int oldfd, int newfd, bool cloexec);   /* dup2, dup3 */
int fd_set_cloexec(int fd, bool on);
int fd_get_cloexec(int fd);
struct file *fdtable_file(struct fdtable *t, int fd); /* of any table; referenced; NULL */
bool fdtable_cloexec(struct fdtable *t, int fd);
unsigned fdtable_room(struct fdtable *t);            /* entries it has room for, 64 at least: as programs see it */
void fdtable_note_locks(struct fdtable *t);          /* from now on closing looks for its locks on the file */

/* ---- filelock.c: flock(2), and fcntl(2)'s locks on ranges ---- */
enum filelock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK };
struct filelock {
	enum filelock_kind kind;
	int type;            /* F_RDLCK, F_WRLCK, F_UNLCK */
	int pid;             /* whom to name; -1: an open file's */
	int64_t start, end;  /* the last byte included; INT64_MAX: whatever the file grows to */
};
/*
 * filelock_set: take a lock through f, or give it back.
 * -> 0; -EAGAIN: somebody has it (wait false); -EINTR, -EDEADLK, -ENOLCK (no memory, too many)
 * -> LOCK_POSIX: the caller looks again whether its descriptor is still f's, and if not calls filelocks_drop_table
 */
int filelock_set(struct file *f, const struct filelock *want, bool wait);
void filelock_test(struct file *f, struct filelock *want); /* becomes the first that stands in its way, or F_UNLCK */
void filelocks_drop_table(const struct file *f, const struct fdtable *t); /* a descriptor of f in t has been closed */
void filelocks_drop_file(const struct file *f);      /* f goes */
struct filelock_line { struct filelock lock; uint64_t dev, ino; unsigned number; bool waits; };
unsigned filelocks_list(unsigned from, struct filelock_line *lines, unsigned room); /* how many it filled in */

/* ---- path.c: path names to nodes ---- */
enum { PATH_FOLLOW = 1, PATH_PARENT = 2, PATH_DIRECTORY = 4 };
struct path { struct node *node; char *name; }; /* referenced node; absolute canonical path, kmalloc'ed */
/*
 * path_walk: resolves `text` (kernel string) from dirfd (AT_FDCWD: the working directory).
 * -> PATH_PARENT: out is the directory, last[NAME_MAX + 1] gets the final component (not resolved)
 * -> 0; ENOENT, ENOTDIR, ELOOP (40 links), EACCES, ENAMETOOLONG, EBADF, EIO
 */
int path_walk(int dirfd, const char *text, unsigned how, struct path *out, char *last);
void path_put(struct path *p);
/* a walk's name in as much memory as it needs; -ENOMEM: p has been put */
int path_trim(struct path *p);
/*
 * file_open: open(2) for the kernel and for sys_open; -errno through err_ptr. With OPEN_EXEC: to execute it, as
 * O_RDONLY.
 */
#define OPEN_EXEC (1 << 30)
struct file *file_open(int dirfd, const char *path, int flags, uint32_t mode);
/* file_open_exec: to execute it, by execveat(2)'s flags: AT_EMPTY_PATH: the file that dirfd itself is; or as file_open */
struct file *file_open_exec(int dirfd, const char *path, unsigned flags);
bool path_is_mount(const struct node *n);            /* the root of something mounted */

/* ---- cwd.c: working directory and mask for new files, which threads and processes may share ---- */
struct cwd *cwd_create(const struct path *at);       /* takes over what `at` holds; NULL */
struct cwd *cwd_copy(struct cwd *c);                 /* NULL */
struct cwd *cwd_share(struct cwd *c);
void cwd_put(struct cwd *c);                         /* may sleep; NULL is allowed */
int cwd_unshare(void);                               /* the current thread has its own from now on; -ENOMEM */
bool cwd_shared_outside(void);                       /* the current thread's is that of other processes, too */
uint32_t cwd_umask(const struct cwd *c);             /* of none: 0 */
uint32_t cwd_set_umask(uint32_t mask);               /* the current thread's; the old one */
void cwd_get(struct path *out);                      /* of the current thread; name NULL without memory */
void cwd_set(struct path *p);                        /* takes over what p holds */
void cwd_audit(void);

/* ---- pidfd.c: descriptors that mean a process; `_locked`: the tree lock is held ---- */
struct file *pidfd_create(uint32_t flags);           /* of no process yet; NULL */
struct file *pidfd_get(int fd);                      /* referenced; NULL: fd is none */
void pidfd_attach_locked(struct file *f, struct proc *p);
struct proc *pidfd_proc_locked(const struct file *f); /* NULL: it has been waited for */
int pidfd_number(const struct file *f);              /* the process's; -1 */
void pidfds_ended_locked(struct proc *p);            /* p is a zombie from now on */
void pidfds_forget_locked(struct proc *p);           /* p goes */

/* ---- mount_server.c, unmount.c, mount.c, devfs.c: for sys/mount.c ---- */
/* mount_server: ports are taken over on success. 0, -EBUSY, -ENOENT, the server's errors. */
int mount_server(const char *path, struct port *file_port, struct port *pager_port, uint64_t root, unsigned disk,
                 bool readonly);
void mount_set_service(struct port *port);           /* who mounts disks; takes over the port */
int mount_remove(const char *path);                  /* writes everything, FS_UNMOUNT. -EINVAL: nothing mounted there */
void mount_sync_all(void);                           /* sync(2) */
int dev_add(const char *name, uint32_t mode, uint64_t rdev, struct port *port); /* takes over the port on success */

uint64_t file_size_limit(const struct file *f);      /* how long a file can ever become */
bool file_is_noexec(const struct file *f);           /* on a filesystem from which nothing is executed */

/* ---- memfd.c: memory files ---- */
struct file *memfd_create(const char *name, bool sealable, uint8_t huge_shift); /* O_RDWR; err_ptr(-ENOMEM) */
struct file *huge_file_create(uint8_t huge_shift); /* what an anonymous mapping of huge pages shows; err_ptr(-ENOMEM) */
/* huge pages of that size, by its logarithm, 0 for the default: their shift; 0: none */
uint8_t huge_pages_shift(uint64_t log);
int memfd_add_seals(struct file *f, uint64_t seals); /* F_ADD_SEALS. -EINVAL, -EPERM, -EBUSY */
int memfd_get_seals(struct file *f);                 /* F_GET_SEALS. -EINVAL: not a memory file */

/* ---- eventfd.c ---- */
struct file *eventfd_create(uint32_t count, bool semaphore, uint32_t flags); /* err_ptr(-ENOMEM) */

/* ---- timerfd.c ---- */
struct timer_setting; /* task.h */
struct file *timerfd_create(uint64_t base_ns, bool wakes, uint32_t flags); /* err_ptr(-ENOMEM) */
bool timerfd_wakes(const struct file *f);
void timerfd_get(struct file *f, struct timer_setting *out);
void timerfd_set(struct file *f, const struct timer_setting *new, struct timer_setting *old);

/* ---- signalfd.c ---- */
struct file *signalfd_create(uint64_t mask, uint32_t flags); /* err_ptr(-ENOMEM) */
void signalfd_set_mask(struct file *f, uint64_t mask);

/* ---- pipe.c, poll.c ---- */
int pipe_create(uint32_t flags, struct file *end[2]); /* reading end, writing end; -ENOMEM */
int64_t pipe_get_size(struct file *f);               /* F_GETPIPE_SZ. -EBADF: no pipe */
int64_t pipe_set_size(struct file *f, uint64_t size); /* the size it got. -EBADF, -EINVAL, -EPERM, -EBUSY, -ENOMEM */
enum { POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32, POLLRDNORM = 64, POLLRDBAND = 128,
       POLLWRNORM = 256, POLLWRBAND = 512, POLLRDHUP = 0x2000 };
struct abi_pollfd { int32_t fd; int16_t events, revents; };
int poll_files(struct abi_pollfd *fds, unsigned count, uint64_t deadline_ns); /* how many are ready; -EINTR */
void poll_changed(void);                             /* what some poll op says may have changed */
unsigned poll_file(struct file *f);                  /* what holds now, with the bands of poll(2) */
/* who looks at files again and again: changes are counted meanwhile (poll_watch(1) ... poll_watch(-1)) */
void poll_watch(int more);
uint64_t poll_changes(void);                         /* how many there have been */
int poll_wait(uint64_t seen, uint64_t deadline_ns);  /* until there are more than `seen`. -ETIMEDOUT, -EINTR */
struct file_news { uint32_t in, out; };              /* move with each event of a file, and maybe more often */
void file_news(struct file *f, struct file_news *out);

/* ---- async.c: who is told by signals ---- */
void file_changed(void);                             /* poll_changed, and owners are told; no lock held */
void async_forget(struct file *f);                   /* it has an owner, and its last reference has gone */
/* kind: F_OWNER_*; number 0: nobody. -ESRCH, -ENOMEM. Of nobody the number is 0. */
int async_set_owner(struct file *f, int kind, int number);
int async_get_owner(const struct file *f, int *kind);
void async_get_users(const struct file *f, uint32_t users[2]); /* real and effective, of who named the owner */
int async_set_signal(struct file *f, uint64_t signo); /* -EINVAL, -ENOMEM */
int async_get_signal(const struct file *f);
bool async_is_known(const struct file *f);           /* a kind of file that has O_ASYNC */
int async_set(struct file *f, int fd, bool on);      /* O_ASYNC of such a one. -ENOMEM */

/* dir_getdents: getdents64(2) of an open directory; old: records as getdents(2) has them. */
int64_t dir_getdents(struct file *f, vaddr_t buf, size_t len, bool old);
int fs_statfs(struct node *n, struct abi_statfs *st);
void file_init(void);                                /* mounts the boot archive at / and /boot, /dev, /proc */

#endif
