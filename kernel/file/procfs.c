/* SPDX-License-Identifier: MIT */
/*
 * /proc: the names. What the files say is in proc_*.c, in the formats of Linux 6.1, byte for byte where the fact exists
 * here, because programs parse them.
 *
 * The kernel itself serves /proc, and not a server: every line is about structures of the kernel (VMAs, threads, open
 * files, counters), which change under the reader's hands and are guarded by the kernel's locks. A server would need
 * calls that copy all of them out, which is the same text in another form; and it could not be asked while it is itself
 * what is looked at.
 *
 * A directory is a table of entries. An inode number holds the thread, the process and the row of what it is about:
 *
 *      ino = tid << 40 | pid << 18 | row         row = directory << 7 | entry + 1    (0: the directory itself)
 *                                                row = ROW_FD + n, ROW_FDINFO + n    (below fd and fdinfo)
 *
 * Nodes are made for each lookup and not cached; a process that ends meanwhile leaves nodes whose files answer ESRCH.
 * Memory and descriptors of a process are shown to its own user and to root (proc_may_look, the rule of ptrace(2)).
 */
#include <abi/mount.h>

#include "file/proc_entries.h"

#define FD_LINK_SIZE 64 /* what lstat says, however long the text is */

enum { DIR_SHIFT = 7, ROW_FD = 1 << 16, ROW_FDINFO = 2 << 16, PID_SHIFT = 18, TID_SHIFT = 40 };
#define ROW_MASK ((1u << PID_SHIFT) - 1)
#define PID_MASK ((1u << (TID_SHIFT - PID_SHIFT)) - 1)
_Static_assert(MAX_FDS <= ROW_FDINFO - ROW_FD, "room for every descriptor in an inode number");

/* ---- inode numbers ---- */

static uint64_t ino_of(int pid, int tid, unsigned row)
{
	return (uint64_t)tid << TID_SHIFT | (uint64_t)pid << PID_SHIFT | row;
}

static unsigned row_of(uint64_t ino) { return (unsigned)ino & ROW_MASK; }
static unsigned row_of_dir(enum directory d) { return d << DIR_SHIFT; }
static unsigned row_of_entry(enum directory d, unsigned i) { return (d << DIR_SHIFT) + 1 + i; }

static enum directory directory_of(uint64_t ino)
{
	unsigned row = row_of(ino);

	return row < ROW_FD && !(row & ((1u << DIR_SHIFT) - 1)) ? (enum directory)(row >> DIR_SHIFT) : 0;
}

static const struct proc_entry *entry_of(uint64_t ino)
{
	unsigned row = row_of(ino), i = row & ((1u << DIR_SHIFT) - 1);

	return row < ROW_FD && i ? &proc_directories[row >> DIR_SHIFT].entries[i - 1] : NULL;
}

static struct proc_ref ref_of(uint64_t ino)
{
	const struct proc_entry *e = entry_of(ino);
	unsigned row = row_of(ino);
	struct proc_ref of = { .pid = (int)(ino >> PID_SHIFT & PID_MASK), .tid = (int)(ino >> TID_SHIFT) };

	of.fd = row >= ROW_FDINFO ? (int)row - ROW_FDINFO : row >= ROW_FD ? (int)row - ROW_FD : -1;
	of.data = e ? e->data : row >= ROW_FD && row < ROW_FDINFO ? &proc_link_kinds[PROC_LINK_FD] : NULL;
	return of;
}

static uint32_t mode_of(uint64_t ino)
{
	const struct proc_entry *e = entry_of(ino);
	struct proc_ref of = ref_of(ino);

	if (e)
		return e->mode;
	if (directory_of(ino))
		return S_IFDIR | proc_directories[directory_of(ino)].mode;
	return row_of(ino) >= ROW_FDINFO ? S_IFREG | 0444 : proc_fd_mode(&of);
}

/* ---- nodes ---- */

/*
 * Who owns what is shown of a process; false when there is none, or no such thread. What is not for everybody belongs
 * to root once the process has changed its ids.
 */
static bool process_owner(int pid, int tid, struct fs_attr *attr)
{
	const uint32_t open_directory = S_IFDIR | 0555;
	bool found = false;

	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	if (p) {
		bool closed = attr->mode != open_directory && proc_undumpable(p);
		attr->uid = closed ? 0 : p->euid;
		attr->gid = closed ? 0 : p->egid;
		found = !tid;
		spin_lock(&p->lock);
		list_for_each(link, &p->threads)
			found = found || list_entry(link, struct thread, proc_link)->tid == tid;
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
	return found;
}

static int make_node(struct filesystem *fs, uint64_t ino, struct node **out)
{
	struct proc_ref of = ref_of(ino);
	struct fs_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.ino = ino;
	attr.mode = mode_of(ino);
	if (!attr.mode) /* a descriptor that is gone */
		return -ENOENT;
	if (of.pid && !process_owner(of.pid, of.tid, &attr))
		return -ENOENT;
	attr.nlink = S_ISDIR(attr.mode) ? 2 : 1;
	attr.size = of.fd >= 0 && S_ISLNK(attr.mode) ? FD_LINK_SIZE : 0;
	attr.atime = attr.mtime = attr.ctime = time_now();
	*out = node_create(fs, &attr);
	return *out ? 0 : -ENOMEM;
}

/* A decimal number without sign or leading zeros, below limit; -1. */
static int parse_number(const char *name, size_t len, int limit)
{
	int value = 0;

	if (!len || len > 9 || (len > 1 && name[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		value = value * 10 + (name[i] - '0');
	}
	return value < limit ? value : -1;
}

/* Of the directory of process n; a thread's number leads to one too, though none is listed. */
static uint64_t process_ino(int n)
{
	int pid = n;

	mutex_lock(&proc_tree_lock);
	if (!proc_find_locked(n))
		list_for_each(link, &proc_all) {
			struct proc *p = list_entry(link, struct proc, all_link);
			spin_lock(&p->lock);
			list_for_each(other, &p->threads)
				if (list_entry(other, struct thread, proc_link)->tid == n)
					pid = p->pid;
			spin_unlock(&p->lock);
		}
	mutex_unlock(&proc_tree_lock);
	return ino_of(pid, pid == n ? 0 : n, row_of_dir(DIR_PID));
}

/* The inode number of a name that is a number, in the proc_directories that have such; 0: none. */
static uint64_t numbered_ino(enum directory d, const struct proc_ref *of, int n)
{
	switch (d) {
	case DIR_ROOT:
		return n > 0 ? process_ino(n) : 0;
	case DIR_TASKS:
		return n > 0 ? ino_of(of->pid, n, row_of_dir(DIR_THREAD)) : 0;
	case DIR_FD:
		return n >= 0 && n < MAX_FDS ? ino_of(of->pid, of->tid, ROW_FD + (unsigned)n) : 0;
	case DIR_FDINFO:
		return n >= 0 && n < MAX_FDS && proc_next_fd(of->pid, n) == n ? ino_of(of->pid, of->tid,
		                                                                       ROW_FDINFO + (unsigned)n)
		                                                              : 0;
	default:
		return 0;
	}
}

static uint64_t entry_ino(enum directory d, const struct proc_ref *of, unsigned i)
{
	const struct proc_entry *e = &proc_directories[d].entries[i];

	return ino_of(of->pid, of->tid, S_ISDIR(e->mode) ? row_of_dir(e->dir) : row_of_entry(d, i));
}

static int procfs_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
	enum directory d = directory_of(dir->ino);
	struct proc_ref of = ref_of(dir->ino);

	if (len == 2 && !memcmp(name, "..", 2)) {
		enum directory up = of.tid && (d == DIR_FD || d == DIR_FDINFO) ? DIR_THREAD : proc_directories[d].parent;
		return make_node(dir->fs, ino_of(up == DIR_ROOT ? 0 : of.pid, up == DIR_THREAD ? of.tid : 0,
		                                 row_of_dir(up)), out);
	}
	for (unsigned i = 0; i < proc_directories[d].count; i++)
		if (strlen(proc_directories[d].entries[i].name) == len &&
		    !memcmp(proc_directories[d].entries[i].name, name, len))
			return make_node(dir->fs, entry_ino(d, &of, i), out);
	uint64_t ino = numbered_ino(d, &of, parse_number(name, len, (int)PID_MASK));
	return ino ? make_node(dir->fs, ino, out) : -ENOENT;
}

/* ---- links ---- */

static bool is_magic(const struct proc_ref *of)
{
	return of->pid && of->data;
}

static int procfs_readlink(struct node *n, char *buf, size_t cap)
{
	struct proc_ref of = ref_of(n->ino);
	const struct proc *p = proc_current();
	char own[48];

	if (is_magic(&of))
		return proc_link_text(&of, buf, cap);
	const char *text = of.data;
	if (!text) {
		bool thread = !strcmp(entry_of(n->ino)->name, "thread-self");
		ksnprintf(own, sizeof own, thread ? "%d/task/%d" : "%d", p ? p->pid : 0, thread_current()->tid);
		text = own;
	}
	size_t len = MIN(strlen(text), cap);
	memcpy(buf, text, len);
	return (int)len;
}

static int procfs_follow(struct node *n, struct path *out)
{
	struct proc_ref of = ref_of(n->ino);

	return is_magic(&of) ? proc_link_follow(&of, out) : -EINVAL;
}

/*
 * ---- proc_directories: cookies count the fixed names; from NUMBER_COOKIE on they are the lowest number to show ----
 */

#define NUMBER_COOKIE 4096

/* The n-th fixed name of a directory; NULL past the last. */
static const char *fixed_name(const struct node *dir, uint64_t n, uint64_t *ino)
{
	enum directory d = directory_of(dir->ino);
	struct proc_ref of = ref_of(dir->ino);

	*ino = dir->ino;
	if (n < 2)
		return n ? ".." : ".";
	if (n - 2 >= proc_directories[d].count)
		return NULL;
	*ino = entry_ino(d, &of, (unsigned)n - 2);
	return proc_directories[d].entries[n - 2].name;
}

/* The lowest pid >= from; -1: none. */
static int next_pid(int from)
{
	int best = -1;

	mutex_lock(&proc_tree_lock);
	list_for_each(link, &proc_all) {
		int pid = list_entry(link, struct proc, all_link)->pid;
		if (pid >= from && (best < 0 || pid < best))
			best = pid;
	}
	mutex_unlock(&proc_tree_lock);
	return best;
}

static int next_tid(int pid, int from)
{
	int best = -1;

	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	if (p) {
		spin_lock(&p->lock);
		list_for_each(link, &p->threads) {
			int tid = list_entry(link, struct thread, proc_link)->tid;
			if (tid >= from && (best < 0 || tid < best))
				best = tid;
		}
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
	return best;
}

/* What comes after the fixed names: processes, threads or descriptors. 0 at the end. */
static uint64_t next_number(const struct node *dir, uint64_t *cookie)
{
	enum directory d = directory_of(dir->ino);
	struct proc_ref of = ref_of(dir->ino);
	int n = (int)(*cookie - NUMBER_COOKIE);

	if (d == DIR_ROOT)
		n = next_pid(n);
	else if (d == DIR_TASKS)
		n = next_tid(of.pid, n);
	else if (d == DIR_FD || d == DIR_FDINFO)
		n = proc_next_fd(of.pid, n);
	else
		n = -1;
	*cookie = NUMBER_COOKIE + (uint64_t)n;
	return n < 0 ? 0 : numbered_ino(d, &of, n);
}

static int64_t procfs_readdir(struct node *dir, uint64_t cookie, void *buf, size_t room)
{
	char number[16];
	size_t used = 0;
	uint64_t ino;

	if (cookie > NUMBER_COOKIE + (uint64_t)INT32_MAX)
		return 0;
	for (;; cookie++) {
		const char *name = cookie < NUMBER_COOKIE ? fixed_name(dir, cookie, &ino) : NULL;
		if (!name) {
			cookie = MAX(cookie, (uint64_t)NUMBER_COOKIE);
			ino = next_number(dir, &cookie);
			if (!ino)
				return (int64_t)used;
			ksnprintf(number, sizeof number, "%d", (int)(cookie - NUMBER_COOKIE));
			name = number;
		}
		uint32_t mode = row_of(ino) >= ROW_FD && row_of(ino) < ROW_FDINFO ? S_IFLNK : mode_of(ino);
		if (!dirent_add(buf, room, &used, ino, cookie + 1, mode, name))
			return used ? (int64_t)used : -EINVAL;
	}
}

/* ---- open ---- */

static int make_text(struct file *f, struct text *t, uint64_t from, uint64_t *next)
{
	const struct proc_entry *e = entry_of(f->node->ino);
	struct proc_ref of = ref_of(f->node->ino);

	of.from = from;
	return e ? e->make(t, &of, next) : proc_make_fdinfo(t, &of, next);
}

static int64_t store_text(struct file *f, const char *bytes, size_t len, int64_t pos)
{
	const struct proc_entry *e = entry_of(f->node->ino);
	struct proc_ref of = ref_of(f->node->ino);

	return e && e->store ? e->store(&of, bytes, len, pos) : of.pid ? -EINVAL : -EIO;
}

/* A tunable's mode binds root too. */
static int check_tunable(const struct file *f, const struct proc_entry *e)
{
	uint32_t access = f->flags & O_ACCMODE;

	if (access != O_WRONLY && !(e->mode & 0400))
		return -EACCES;
	return access != O_RDONLY && !(e->mode & 0200) ? -EACCES : 0;
}

static int procfs_open(struct node *n, struct file *f)
{
	static const struct text_source source = { .make = make_text, .store = store_text };
	static const struct text_source pagemap = { .make = make_text, .record = sizeof(uint64_t) };
	const struct proc_entry *e = entry_of(n->ino);
	struct proc_ref of = ref_of(n->ino);
	int err = 0;

	if (!e || e->guarded)
		err = proc_may_look(of.pid);
	else if (e->make == proc_make_tunable)
		err = check_tunable(f, e);
	return err ? err : text_attach(f, e && e->make == proc_make_pid_pagemap ? &pagemap : &source);
}

/*
 * A process sees its own descriptors and may name its threads, also when it has changed its ids and all that is shown
 * of it is root's.
 */
static bool procfs_allows(const struct node *n, const struct proc *p)
{
	const struct proc_entry *e = entry_of(n->ino);
	struct proc_ref of = ref_of(n->ino);

	return of.pid == p->pid && (e ? of.tid && e->store == proc_store_pid_comm : directory_of(n->ino) == DIR_FD);
}

/* Nobody makes names here or takes them away. */
static int procfs_create(struct node *dir, const struct new_name *make, struct node **out)
{
	int err = procfs_lookup(dir, make->name, make->len, out);

	if (!err)
		node_put(*out);
	return err ? err : -EEXIST;
}

static int procfs_link(struct node *dir, const char *name, size_t len, struct node *to)
{
	(void)dir, (void)name, (void)len, (void)to;
	return -ENOENT;
}

static int procfs_unlink(struct node *dir, const char *name, size_t len, bool is_dir)
{
	(void)dir, (void)name, (void)len, (void)is_dir;
	return -EPERM;
}

static int procfs_rename(struct node *from, const char *old, struct node *to, const char *name, unsigned flags)
{
	struct node *found;
	int err = procfs_lookup(to, name, strlen(name), &found);

	(void)from, (void)old, (void)flags;
	if (!err)
		node_put(found);
	return err ? err : -EPERM;
}

const struct fs_ops procfs_ops = {
	.type = "proc",
	.magic = 0x9fa0,
	.block_size = 1024,
	.lookup = procfs_lookup,
	.create = procfs_create,
	.link = procfs_link,
	.unlink = procfs_unlink,
	.rename = procfs_rename,
	.readlink = procfs_readlink,
	.follow = procfs_follow,
	.allows = procfs_allows,
	.readdir = procfs_readdir,
	.open = procfs_open,
};

bool file_is_noexec(const struct file *f)
{
	return f->node && (f->node->fs->ops == &procfs_ops || f->node->fs->flags & MS_NOEXEC);
}

int procfs_mount(struct filesystem **fs, struct node **root)
{
	*fs = fs_create(&procfs_ops, false);
	return *fs ? make_node(*fs, ino_of(0, 0, row_of_dir(DIR_ROOT)), root) : -ENOMEM;
}
