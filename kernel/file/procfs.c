/* SPDX-License-Identifier: MIT */
/*
 * /proc: the names. proc_text.c has what the system's files say, proc_pid.c what a process's files say; both in the formats of
 * Linux, byte for byte where the fact exists here, because programs parse them.
 *
 * An inode number is the process (0: none) and the row of a table: ino = pid << 12 | row. Nodes are made for each lookup and
 * not cached; a process that ends meanwhile leaves nodes that answer ENOENT. A file's text is made when it is opened.
 *
 * Of another process only what does not change under one's hands is shown: no /proc/PID/fd, except one's own.
 */
#include "file/procfs.h"

enum {
	ROW_ROOT = 1,
	ROW_SELF,
	ROW_FIRST_SYSTEM = 16, /* system_files[] */
	ROW_PID = 64,          /* the directory of a process */
	ROW_EXE, ROW_CWD, ROW_FD,
	ROW_FIRST_PID = 80,    /* pid_files[] */
	ROW_FIRST_FD = 256,    /* only in the numbers of /proc/self/fd */
};

#define PID_SHIFT 12
#define ROW_MASK ((1u << PID_SHIFT) - 1)

static const struct { const char *name; void (*make)(struct text *t); } system_files[] = {
	{ "cmdline", proc_make_cmdline }, { "meminfo", proc_make_meminfo }, { "mounts", proc_make_mounts },
	{ "filesystems", proc_make_filesystems }, { "uptime", proc_make_uptime }, { "loadavg", proc_make_loadavg },
	{ "version", proc_make_version }, { "stat", proc_make_stat }, { "cpuinfo", proc_make_cpuinfo },
};

static const struct { const char *name; int (*make)(struct text *t, int pid); } pid_files[] = {
	{ "maps", proc_make_pid_maps }, { "smaps", proc_make_pid_smaps }, { "stat", proc_make_pid_stat },
	{ "status", proc_make_pid_status }, { "statm", proc_make_pid_statm }, { "cmdline", proc_make_pid_cmdline },
	{ "comm", proc_make_pid_comm },
};

static const struct { const char *name; unsigned row; } pid_links[] = { { "exe", ROW_EXE }, { "cwd", ROW_CWD }, { "fd", ROW_FD } };

static uint64_t ino_of(int pid, unsigned row) { return (uint64_t)pid << PID_SHIFT | row; }
static int pid_of(const struct node *n) { return (int)(n->ino >> PID_SHIFT); }
static unsigned row_of(const struct node *n) { return (unsigned)n->ino & ROW_MASK; }

static uint32_t mode_of(unsigned row)
{
	if (row == ROW_ROOT || row == ROW_PID)
		return S_IFDIR | 0555;
	if (row == ROW_FD)
		return S_IFDIR | 0500;
	if (row == ROW_SELF || row == ROW_EXE || row == ROW_CWD || row >= ROW_FIRST_FD)
		return S_IFLNK | 0777;
	return S_IFREG | 0444;
}

struct pid_owner { uint32_t uid, gid; };

/* Who owns process pid; false when there is none. */
static bool process_owner(int pid, struct pid_owner *owner)
{
	mutex_lock(&proc_tree_lock);
	const struct proc *p = proc_find_locked(pid);
	if (p)
		*owner = (struct pid_owner){ p->euid, p->egid };
	mutex_unlock(&proc_tree_lock);
	return p;
}

static int make_node(struct filesystem *fs, int pid, unsigned row, struct node **out)
{
	struct pid_owner owner = { 0, 0 };
	struct fs_attr attr;

	if (pid && !process_owner(pid, &owner))
		return -ENOENT;
	memset(&attr, 0, sizeof attr);
	attr.ino = ino_of(pid, row);
	attr.mode = mode_of(row);
	attr.nlink = S_ISDIR(attr.mode) ? 2 : 1;
	attr.uid = owner.uid;
	attr.gid = owner.gid;
	attr.atime = attr.mtime = attr.ctime = time_now();
	*out = node_create(fs, &attr);
	return *out ? 0 : -ENOMEM;
}

static bool same_name(const char *known, const char *name, size_t len)
{
	return strlen(known) == len && !memcmp(known, name, len);
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

static int lookup_root(struct node *dir, const char *name, size_t len, struct node **out)
{
	if (same_name("self", name, len))
		return make_node(dir->fs, 0, ROW_SELF, out);
	for (unsigned i = 0; i < ARRAY_SIZE(system_files); i++)
		if (same_name(system_files[i].name, name, len))
			return make_node(dir->fs, 0, ROW_FIRST_SYSTEM + i, out);
	int pid = parse_number(name, len, INT32_MAX);
	return pid > 0 ? make_node(dir->fs, pid, ROW_PID, out) : -ENOENT;
}

static int lookup_pid(struct node *dir, const char *name, size_t len, struct node **out)
{
	for (unsigned i = 0; i < ARRAY_SIZE(pid_links); i++)
		if (same_name(pid_links[i].name, name, len))
			return make_node(dir->fs, pid_of(dir), pid_links[i].row, out);
	for (unsigned i = 0; i < ARRAY_SIZE(pid_files); i++)
		if (same_name(pid_files[i].name, name, len))
			return make_node(dir->fs, pid_of(dir), ROW_FIRST_PID + i, out);
	return -ENOENT;
}

static bool is_own(const struct node *n)
{
	return proc_current() && proc_current()->pid == pid_of(n);
}

static int lookup_fd(struct node *dir, const char *name, size_t len, struct node **out)
{
	int fd = parse_number(name, len, MAX_FDS);
	struct file *f = fd >= 0 && is_own(dir) ? fd_get(fd) : NULL;

	if (!f)
		return -ENOENT;
	file_put(f);
	return make_node(dir->fs, pid_of(dir), ROW_FIRST_FD + (unsigned)fd, out);
}

static int procfs_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
	unsigned row = row_of(dir);

	if (len == 2 && !memcmp(name, "..", 2))
		return make_node(dir->fs, row == ROW_FD ? pid_of(dir) : 0, row == ROW_FD ? ROW_PID : ROW_ROOT, out);
	if (row == ROW_ROOT)
		return lookup_root(dir, name, len, out);
	return row == ROW_PID ? lookup_pid(dir, name, len, out) : lookup_fd(dir, name, len, out);
}

/* ---- links ---- */

static int read_fd_link(const struct node *n, char *buf, size_t cap)
{
	struct file *f = is_own(n) ? fd_get((int)row_of(n) - ROW_FIRST_FD) : NULL;
	struct abi_stat st = { .st_ino = 0 };

	if (!f)
		return -ENOENT;
	if (f->kind == FILE_PIPE)
		(void)f->ops->stat(f, &st);
	int len = f->path ? ksnprintf(buf, cap, "%s", f->path)
	        : f->kind == FILE_PIPE ? ksnprintf(buf, cap, "pipe:[%llu]", (unsigned long long)st.st_ino)
	                               : ksnprintf(buf, cap, "anon_inode:[%d]", (int)f->kind);
	file_put(f);
	return len;
}

/* The path of a process's program or working directory. */
static int read_pid_link(int pid, bool exe, char *buf, size_t cap)
{
	int len = -ENOENT;

	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	if (p) {
		spin_lock(&p->lock);
		const char *path = exe ? p->exe ? p->exe->path : NULL : p->cwd_node ? p->cwd_path : NULL;
		if (path)
			len = ksnprintf(buf, cap, "%s", path);
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
	return len;
}

static int procfs_readlink(struct node *n, char *buf, size_t cap)
{
	unsigned row = row_of(n);
	char text[16];
	int len;

	if (row == ROW_SELF) {
		len = ksnprintf(text, sizeof text, "%d", proc_current() ? proc_current()->pid : 0);
		memcpy(buf, text, MIN((size_t)len, cap));
		return (int)MIN((size_t)len, cap);
	}
	char *whole = kmalloc(PATH_MAX);
	if (!whole)
		return -ENOMEM;
	len = row >= ROW_FIRST_FD ? read_fd_link(n, whole, PATH_MAX) : read_pid_link(pid_of(n), row == ROW_EXE, whole, PATH_MAX);
	if (len > 0) {
		len = (int)MIN((size_t)len, cap);
		memcpy(buf, whole, (size_t)len);
	}
	kfree(whole);
	return len;
}

/* ---- directories: cookies count the fixed names; in the root, from PID_COOKIE on, they are the lowest pid to show ---- */

#define PID_COOKIE 4096

/* The n-th fixed name of a directory; false past the last. */
static bool fixed_name(const struct node *dir, uint64_t n, char *name, size_t cap, uint64_t *ino)
{
	bool root = row_of(dir) == ROW_ROOT;
	const char *found = NULL;

	*ino = dir->ino;
	if (n < 2) {
		found = n ? ".." : ".";
	} else if (root && n == 2) {
		found = "self";
		*ino = ino_of(0, ROW_SELF);
	} else if (root && n - 3 < ARRAY_SIZE(system_files)) {
		found = system_files[n - 3].name;
		*ino = ino_of(0, (unsigned)(ROW_FIRST_SYSTEM + n - 3));
	} else if (row_of(dir) == ROW_PID && n - 2 < ARRAY_SIZE(pid_links)) {
		found = pid_links[n - 2].name;
		*ino = ino_of(pid_of(dir), pid_links[n - 2].row);
	} else if (row_of(dir) == ROW_PID && n - 2 - ARRAY_SIZE(pid_links) < ARRAY_SIZE(pid_files)) {
		n -= 2 + ARRAY_SIZE(pid_links);
		found = pid_files[n].name;
		*ino = ino_of(pid_of(dir), (unsigned)(ROW_FIRST_PID + n));
	}
	if (found)
		strlcpy(name, found, cap);
	return found;
}

/* The lowest pid >= from; 0: none. */
static int next_pid(int from)
{
	int best = 0;

	mutex_lock(&proc_tree_lock);
	list_for_each(link, &proc_all) {
		int pid = list_entry(link, struct proc, all_link)->pid;
		if (pid >= from && (!best || pid < best))
			best = pid;
	}
	mutex_unlock(&proc_tree_lock);
	return best;
}

/* What comes after the fixed names: processes, or one's own descriptors. False at the end. */
static bool numbered_name(const struct node *dir, uint64_t *cookie, char *name, size_t cap, uint64_t *ino)
{
	int n = (int)(*cookie - PID_COOKIE);

	if (row_of(dir) == ROW_ROOT) {
		n = next_pid(n);
		if (!n)
			return false;
		*ino = ino_of(n, ROW_PID);
	} else {
		struct file *f = NULL;
		for (; n < MAX_FDS && !(f = fd_get(n)); n++)
			;
		if (!f)
			return false;
		file_put(f);
		*ino = ino_of(pid_of(dir), ROW_FIRST_FD + (unsigned)n);
	}
	ksnprintf(name, cap, "%d", n);
	*cookie = PID_COOKIE + (uint64_t)n;
	return true;
}

static int64_t procfs_readdir(struct node *dir, uint64_t cookie, void *buf, size_t room)
{
	bool numbers = row_of(dir) == ROW_ROOT || (row_of(dir) == ROW_FD && is_own(dir));
	char name[NAME_MAX + 1];
	size_t used = 0;
	uint64_t ino;

	if (cookie > PID_COOKIE + (uint64_t)INT32_MAX)
		return 0;
	for (;; cookie++) {
		if (cookie < PID_COOKIE && !fixed_name(dir, cookie, name, sizeof name, &ino))
			cookie = PID_COOKIE;
		if (cookie >= PID_COOKIE && (!numbers || !numbered_name(dir, &cookie, name, sizeof name, &ino)))
			return (int64_t)used;
		if (!dirent_add(buf, room, &used, ino, cookie + 1, mode_of((unsigned)ino & ROW_MASK), name))
			return used ? (int64_t)used : -EINVAL;
	}
}

/* ---- open ---- */

static int procfs_open(struct node *n, struct file *f)
{
	struct text t = { .buf = NULL };
	unsigned row = row_of(n);
	int err = 0;

	if (f->flags & O_ACCMODE)
		return -EACCES;
	if (row >= ROW_FIRST_PID)
		err = pid_files[row - ROW_FIRST_PID].make(&t, pid_of(n));
	else
		system_files[row - ROW_FIRST_SYSTEM].make(&t);
	if (err) {
		kfree(t.buf);
		return err;
	}
	return text_attach(f, &t);
}

const struct fs_ops procfs_ops = {
	.type = "proc",
	.magic = 0x9fa0,
	.lookup = procfs_lookup,
	.readlink = procfs_readlink,
	.readdir = procfs_readdir,
	.open = procfs_open,
};

int procfs_mount(struct filesystem **fs, struct node **root)
{
	*fs = fs_create(&procfs_ops, false);
	return *fs ? make_node(*fs, 0, ROW_ROOT, root) : -ENOMEM;
}
