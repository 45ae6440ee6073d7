/* SPDX-License-Identifier: MIT */
/*
 * Links and descriptors below /proc/PID: exe, cwd, root, fd and fdinfo.
 *
 * These links are more than their text: following one leads to the very file that is open, or the directory that is
 * used, though its name may be gone or belong to another file by now. Their text is the name by which the file was
 * opened, with " (deleted)" behind it when it has no name any more, or says what a thing without a name is.
 *
 * A process's table of descriptors is referenced while it is looked at, so the process may end meanwhile.
 */
#include "file/procfs.h"
#include "file/socket.h"

int proc_may_look(int pid)
{
	int err = -ESRCH;

	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	if (p)
		err = cred_may_trace(p, TRACE_FS) ? 0 : -EACCES;
	mutex_unlock(&proc_tree_lock);
	return err;
}

struct space *proc_space_of(int pid)
{
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	struct space *s = p ? proc_space_get(p) : err_ptr(-ESRCH);
	mutex_unlock(&proc_tree_lock);
	return s;
}

struct fdtable *proc_files_of(int pid)
{
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	struct fdtable *t = p ? proc_files_get(p) : NULL;
	mutex_unlock(&proc_tree_lock);
	return t;
}

/* ---- descriptors ---- */

static struct file *file_of(const struct proc_ref *of)
{
	struct fdtable *t = proc_files_of(of->pid);
	struct file *f = t ? fdtable_file(t, of->fd) : NULL;

	if (t)
		fdtable_put(t);
	return f;
}

uint32_t proc_fd_mode(const struct proc_ref *of)
{
	struct file *f = file_of(of);

	if (!f)
		return 0;
	uint32_t access = f->flags & O_ACCMODE, mode = S_IFLNK;
	if (!(f->flags & O_PATH))
		mode |= (access != O_WRONLY ? 0500 : 0) | (access != O_RDONLY ? 0300 : 0);
	file_put(f);
	return mode;
}

int proc_next_fd(int pid, int from)
{
	struct fdtable *t = proc_files_of(pid);
	struct file *f = NULL;

	if (!t)
		return -1;
	int fd = from, room = (int)fdtable_room(t);
	while (fd < room && !(f = fdtable_file(t, fd)))
		fd++;
	if (f)
		file_put(f);
	fdtable_put(t);
	return f ? fd : -1;
}

int proc_make_fdinfo(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct fdtable *table = proc_files_of(of->pid);
	struct file *f = table ? fdtable_file(table, of->fd) : NULL;
	struct abi_stat st = { .st_ino = 0 };
	(void)next;

	if (f) {
		uint32_t flags = f->flags | (fdtable_cloexec(table, of->fd) ? O_CLOEXEC : 0);
		if (f->ops->stat)
			(void)f->ops->stat(f, &st);
		text_printf(t, "pos:\t%lld\nflags:\t0", (long long)f->pos);
		text_octal(t, flags, 1);
		text_printf(t, "\nmnt_id:\t%llu\nino:\t%llu\n", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
		if (f->kind == FILE_PROCESS)
			text_printf(t, "Pid:\t%d\nNSpid:\t%d\n", pidfd_number(f), pidfd_number(f));
		file_put(f);
	}
	if (table)
		fdtable_put(table);
	return f ? 0 : -ENOENT;
}

/* ---- links ---- */

static int file_text(struct file *f, char *buf, size_t cap)
{
	static const char *const kinds[] = { [FILE_PORT] = "port", [FILE_OBJECT] = "memory", [FILE_HANDLE] = "handle",
	                                     [FILE_EVENT] = "eventfd", [FILE_TIMER] = "timerfd",
	                                     [FILE_SIGNALS] = "signalfd", [FILE_EPOLL] = "eventpoll", [FILE_PROCESS] = "pidfd" };

	if (f->path)
		return ksnprintf(buf, cap, "%s%s", f->path, f->node && !f->node->nlink ? " (deleted)" : "");
	if (f->kind == FILE_SOCKET)
		return ksnprintf(buf, cap, "socket:[%llu]", (unsigned long long)socket_number(f));
	return ksnprintf(buf, cap, "anon_inode:[%s]", f->kind < ARRAY_SIZE(kinds) && kinds[f->kind] ? kinds[f->kind] : "");
}

/* What exe, cwd and root of a process lead to: the node, referenced, and its name in `name` (PATH_MAX bytes). */
static struct node *target_of(const struct proc_ref *of, enum proc_link which, char *name)
{
	struct node *n = NULL;

	if (which == PROC_LINK_ROOT) {
		strlcpy(name, "/", PATH_MAX);
		return mount_root();
	}
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(of->pid);
	if (p) {
		spin_lock(&p->lock);
		bool exe = which == PROC_LINK_EXE;
		if (!exe) {
			n = cwd_look_locked(p, of->tid, name);
		} else if (p->exe && p->exe->path) {
			n = p->exe->node;
			node_get(n);
			strlcpy(name, p->exe->path, PATH_MAX);
		}
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
	return n;
}

static int text_of(const struct proc_ref *of, char *whole)
{
	enum proc_link which = *(const enum proc_link *)of->data;

	if (which == PROC_LINK_FD) {
		struct file *f = file_of(of);
		int len = f ? file_text(f, whole, PATH_MAX) : -ENOENT;
		if (f)
			file_put(f);
		return MIN(len, PATH_MAX - 1);
	}
	struct node *n = target_of(of, which, whole);
	if (!n)
		return -ENOENT;
	if (!n->nlink)
		strlcpy(whole + strlen(whole), " (deleted)", PATH_MAX - strlen(whole));
	node_put(n);
	return (int)strlen(whole);
}

int proc_link_text(const struct proc_ref *of, char *buf, size_t cap)
{
	int err = proc_may_look(of->pid);
	char *whole = err ? NULL : kmalloc(PATH_MAX);

	if (err)
		return err == -ESRCH ? -ENOENT : err;
	if (!whole)
		return -ENOMEM;
	int len = text_of(of, whole);
	if (len > 0) {
		len = (int)MIN((size_t)len, cap);
		memcpy(buf, whole, (size_t)len);
	}
	kfree(whole);
	return len;
}

int proc_link_follow(const struct proc_ref *of, struct path *out)
{
	enum proc_link which = *(const enum proc_link *)of->data;
	int err = proc_may_look(of->pid);

	if (err)
		return err == -ESRCH ? -ENOENT : err;
	out->node = NULL;
	out->name = kmalloc(PATH_MAX);
	if (!out->name)
		return -ENOMEM;
	struct file *f = which == PROC_LINK_FD ? file_of(of) : NULL;
	if (f && f->node) {
		node_get(out->node = f->node);
		strlcpy(out->name, f->path ? f->path : "", PATH_MAX);
	} else if (which != PROC_LINK_FD) {
		out->node = target_of(of, which, out->name);
	}
	if (!out->node) {
		kfree(out->name);
		err = f ? -ENXIO : -ENOENT;
	}
	if (f)
		file_put(f);
	return err;
}
