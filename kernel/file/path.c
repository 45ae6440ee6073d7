/* SPDX-License-Identifier: MIT */
/*
 * Path names to nodes.
 *
 * A walk stands on a directory node (referenced) and carries the canonical text of where it stands: absolute, without
 * "." , ".." or symbolic links. That text is what getcwd(2) and /proc show, and it costs no question to the server. Its
 * price: it is the name by which a directory was reached, so renaming a directory has to correct the working
 * directories below it (cwd_rename); open directories keep the old text.
 *
 *      text:   "usr/lib/../bin"          standing on   canonical
 *              usr                       node(usr)     /usr
 *              lib                       node(lib)     /usr/lib
 *              ..   (the server knows)   node(usr)     /usr
 *              bin  (a link to /bin)     node(/)       /            rest: "bin"
 *
 * Each component costs one lookup in its filesystem. What is mounted over a name wins over what the directory has
 * there, and ".." of the root of something mounted is that directory.
 *
 * Permission to search is checked on each directory on the way, by the user of files and its capabilities.
 */
#include <abi/mount.h>

#include "file/file_impl.h"

struct walk {
	struct node *node; /* where we stand, referenced; a directory except at the end */
	char *name;        /* its canonical path: PATH_MAX bytes, kmalloc'ed */
	size_t len;
	const char *rest;  /* what is still to be walked */
	char *buffer;      /* rest lies here once a link was met; kmalloc'ed */
	unsigned links;
};

/* ---- permissions ---- */

/* What the permission bits refuse. CAP_DAC_OVERRIDE allows all but the execution of what nobody may execute. */
static bool permission_override(uint32_t mode, unsigned mask, uint64_t caps)
{
	bool only_looks = S_ISDIR(mode) ? !(mask & W_OK) : mask == R_OK;

	if (only_looks && caps & CAP_BIT(CAP_DAC_READ_SEARCH))
		return true;
	return caps & CAP_BIT(CAP_DAC_OVERRIDE) && (!(mask & X_OK) || S_ISDIR(mode) || mode & 0111);
}

static int permission_as(struct proc *p, const struct node *n, unsigned mask, const struct file_rights *as)
{
	uint32_t mode = n->mode, bits = mode & 7;

	if (unlikely(mask & W_OK && n->fs->readonly && (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode))))
		return -EROFS;
	if (unlikely(mask & W_OK && n->flags & FS_IMMUTABLE_FL))
		return -EPERM;
	if (as->uid == n->uid)
		bits = mode >> 6 & 7;
	else if (as->gid == n->gid || proc_in_groups(p, n->gid))
		bits = mode >> 3 & 7;
	if (likely(!(mask & ~bits)) || permission_override(mode, mask, as->caps))
		return 0;
	return n->fs->ops->allows && n->fs->ops->allows(n, p) ? 0 : -EACCES;
}

int node_permission(struct node *n, unsigned mask)
{
	struct proc *p = proc_current();

	if (!p)
		return 0;
	const struct file_rights own = { p->fsuid, p->fsgid, p->caps.effective }, *as = thread_current()->judged_as;
	return permission_as(p, n, mask, as ? as : &own);
}

bool node_is_own(const struct node *n)
{
	const struct proc *p = proc_current();

	return !p || p->fsuid == n->uid || capable(CAP_FOWNER);
}

uint32_t node_new_mode(const struct node *dir, uint32_t mode)
{
	const uint32_t program = S_ISGID | S_IXGRP;
	struct proc *p = proc_current();

	if (!p || S_ISDIR(mode) || (mode & program) != program || !(dir->mode & S_ISGID))
		return mode;
	bool member = p->fsgid == dir->gid || proc_in_groups(p, dir->gid);
	return member || capable(CAP_FSETID) ? mode : mode & ~(uint32_t)S_ISGID;
}

/* ---- texts ---- */

char *text_copy(const char *text)
{
	size_t len = strlen(text);
	char *copy = kmalloc(len + 1);

	if (copy)
		memcpy(copy, text, len + 1);
	return copy;
}

char *path_join(const char *dir, const char *name)
{
	size_t dir_len = strcmp(dir, "/") ? strlen(dir) : 0, len = strlen(name);
	char *path = kmalloc(dir_len + len + 2);

	if (!path)
		return NULL;
	memcpy(path, dir, dir_len);
	path[dir_len] = '/';
	memcpy(path + dir_len + 1, name, len + 1);
	return path;
}

char *path_rebase(const char *path, const char *from, const char *to)
{
	size_t n = strlen(from);

	if (strncmp(path, from, n) || (path[n] && path[n] != '/'))
		return NULL;
	size_t to_len = strlen(to), rest = strlen(path + n);
	char *moved = kmalloc(to_len + rest + 1);
	if (!moved)
		return NULL;
	memcpy(moved, to, to_len);
	memcpy(moved + to_len, path + n, rest + 1);
	return moved;
}

/* ---- the walk ---- */

static int walk_stand(struct walk *w, struct node *node, const char *name)
{
	w->node = node;
	w->len = strlen(name);
	if (w->len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w->name, name, w->len + 1);
	return 0;
}

static int walk_from_cwd(struct walk *w)
{
	const char *name;
	struct node *node = cwd_begin(&name);
	int err = walk_stand(w, node, name);

	cwd_end();
	return err;
}

static int walk_from_fd(struct walk *w, int fd)
{
	struct file *f = fd_get(fd);
	int err = -ENOTDIR;

	if (!f)
		return -EBADF;
	if (f->node && S_ISDIR(f->node->mode) && f->path) {
		node_get(f->node);
		err = walk_stand(w, f->node, f->path);
	}
	file_put(f);
	return err;
}

static void walk_end(struct walk *w)
{
	if (w->node)
		node_put(w->node);
	kfree(w->name);
	kfree(w->buffer);
}

static int walk_begin(struct walk *w, int dirfd, const char *text)
{
	*w = (struct walk){ .rest = text, .name = kmalloc(PATH_MAX) };
	if (!w->name)
		return -ENOMEM;
	if (!*text)
		return -ENOENT;
	if (*text == '/')
		return walk_stand(w, mount_root(), "/");
	return dirfd == AT_FDCWD ? walk_from_cwd(w) : walk_from_fd(w, dirfd);
}

static void walk_move(struct walk *w, struct node *to)
{
	node_put(w->node);
	w->node = to;
}

static int walk_up(struct walk *w)
{
	struct node *parent = mount_up(w->node);
	int err = parent ? 0 : w->node->fs->ops->lookup(w->node, "..", 2, &parent);

	if (err)
		return err;
	walk_move(w, parent);
	while (w->len > 1 && w->name[w->len - 1] != '/')
		w->len--;
	if (w->len > 1)
		w->len--;
	w->name[w->len] = '\0';
	return 0;
}

static int walk_child(const struct walk *w, const char *name, size_t len, struct node **child)
{
	*child = mount_child(w->node, name, len);
	return *child ? 0 : w->node->fs->ops->lookup(w->node, name, len, child);
}

/* Step onto child, whose reference the walk takes over. */
static int walk_down(struct walk *w, const char *name, size_t len, struct node *child)
{
	walk_move(w, child);
	size_t slash = w->len > 1;
	if (w->len + slash + len >= PATH_MAX)
		return -ENAMETOOLONG;
	w->name[w->len] = '/';
	memcpy(w->name + w->len + slash, name, len);
	w->len += slash + len;
	w->name[w->len] = '\0';
	return 0;
}

uint32_t protected_symlinks = 1, protected_hardlinks = 1;

/*
 * In a directory like /tmp, sticky and open to all, a link at the end of a path is followed for its owner alone, or where the
 * directory's owner made it: whoever puts a link there cannot make others write elsewhere (proc(5), protected_symlinks).
 */
static int walk_may_follow(const struct walk *w, const struct node *link)
{
	uint32_t shared = S_ISVTX | S_IWOTH, mode = w->node->mode;
	bool trusted = link->uid == proc_current()->fsuid || link->uid == w->node->uid;

	return protected_symlinks && (mode & shared) == shared && !trusted ? -EACCES : 0;
}

/*
 * A link that leads to an open file or a directory, whatever its name is by now: the walk stands there. -EINVAL: its
 * text is what counts.
 */
static int walk_jump(struct walk *w, struct node *link)
{
	struct path to;
	int err = link->fs->ops->follow ? link->fs->ops->follow(link, &to) : -EINVAL;

	if (err)
		return err;
	node_put(w->node);
	err = walk_stand(w, to.node, to.name);
	kfree(to.name);
	return err;
}

/* What is to be walked becomes the link's target, then what came behind the link; `slash`: at least a slash did. */
static int walk_link(struct walk *w, struct node *link, bool slash)
{
	if (++w->links > SYMLINK_MAX || link->fs->flags & MS_NOSYMFOLLOW)
		return -ELOOP;
	int err = walk_jump(w, link);
	if (err != -EINVAL)
		return err;
	char *text = kmalloc(PATH_MAX);
	if (!text)
		return -ENOMEM;
	node_accessed(link);
	int n = link->fs->ops->readlink ? link->fs->ops->readlink(link, text, PATH_MAX - 1) : -EINVAL;
	size_t rest = strlen(w->rest);
	if (n >= 0 && (size_t)n + rest + 2 > PATH_MAX)
		n = -ENAMETOOLONG;
	if (n <= 0) {
		kfree(text);
		return n ? n : -ENOENT;
	}
	if (rest || slash)
		text[n++] = '/';
	memcpy(text + n, w->rest, rest + 1);
	kfree(w->buffer);
	w->buffer = text;
	w->rest = text;
	if (*text != '/')
		return 0;
	node_put(w->node);
	return walk_stand(w, mount_root(), "/");
}

/* Cut the next component off: its start and length; 0 when nothing is left. *last: nothing but slashes follows. */
static const char *walk_next(struct walk *w, size_t *len, bool *last, bool *slash)
{
	const char *start = w->rest;

	while (*start == '/')
		start++;
	const char *end = start;
	while (*end && *end != '/')
		end++;
	*len = (size_t)(end - start);
	*slash = *end == '/';
	while (*end == '/')
		end++;
	*last = !*end;
	w->rest = end;
	return start;
}

static bool is_dots(const char *name, size_t len)
{
	return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

/* One component that is not the last of a PATH_PARENT walk. `slash`: a slash follows it, `last`: and nothing else. */
static int walk_component(struct walk *w, const char *name, size_t len, bool follow, bool slash, bool last)
{
	struct node *child;

	if (is_dots(name, len))
		return len == 1 ? 0 : walk_up(w);
	int err = walk_child(w, name, len, &child);
	if (err)
		return err;
	if (!S_ISLNK(child->mode) || !follow)
		return walk_down(w, name, len, child);
	err = last ? walk_may_follow(w, child) : 0;
	err = err ? err : walk_link(w, child, slash);
	node_put(child);
	return err;
}

/* Take the last component off the walk's name. */
static void walk_cut_name(struct walk *w, char *last)
{
	size_t at = strlen(w->name);

	while (at && w->name[at - 1] != '/')
		at--;
	strlcpy(last, w->name + at, NAME_MAX + 1);
	w->len = at > 1 ? at - 1 : at;
	w->name[w->len] = '\0';
}

/*
 * The last component of a PATH_PARENT walk. With `child` its node is looked for, and a final link followed: 1 says the
 * walk goes on at the link's target.
 */
static int walk_last(struct walk *w, const char *name, size_t len, unsigned how, char *last, struct node **child)
{
	if (len)
		memcpy(last, name, len);
	last[len] = '\0';
	if (!child)
		return 0;
	*child = NULL;
	if (!len || is_dots(name, len))
		return 0;
	int err = walk_child(w, name, len, child);
	if (err) {
		*child = NULL;
		return err == -ENOENT ? 0 : err;
	}
	if (!S_ISLNK((*child)->mode) || !(how & PATH_FOLLOW))
		return 0;
	struct node *link = *child;
	*child = NULL;
	err = walk_may_follow(w, link);
	if (err) {
		node_put(link);
		return err;
	}
	err = walk_jump(w, link);
	if (!err) { /* the file itself, by whatever name it was opened */
		*child = w->node;
		node_get(*child);
		walk_cut_name(w, last);
	} else if (err == -EINVAL) {
		err = walk_link(w, link, false);
		err = err ? err : 1;
	}
	node_put(link);
	return err;
}

static int walk_run(struct walk *w, unsigned how, char *last_name, struct node **child)
{
	bool last, slash = false;
	size_t len;

	for (;;) {
		const char *name = walk_next(w, &len, &last, &slash);
		if (!len && !(how & PATH_PARENT))
			break;
		if (!S_ISDIR(w->node->mode))
			return -ENOTDIR;
		int err = node_permission(w->node, X_OK);
		if (!err && len > NAME_MAX)
			err = -ENAMETOOLONG;
		if (err)
			return err;
		if (last && how & PATH_PARENT) {
			err = walk_last(w, name, len, how, last_name, child);
			if (err <= 0)
				return err;
			continue;
		}
		err = walk_component(w, name, len, slash || how & PATH_FOLLOW, slash, last);
		if (err)
			return err;
		if (slash && !S_ISDIR(w->node->mode))
			return -ENOTDIR;
	}
	return how & PATH_DIRECTORY && !S_ISDIR(w->node->mode) ? -ENOTDIR : 0;
}

static int walk(int dirfd, const char *text, unsigned how, struct path *out, char *last, struct node **child)
{
	struct walk w;
	int err = walk_begin(&w, dirfd, text);

	if (!err)
		err = walk_run(&w, how, last, child);
	if (err) {
		if (child && *child)
			node_put(*child);
		walk_end(&w);
		return err;
	}
	kfree(w.buffer);
	out->node = w.node;
	out->name = w.name;
	return 0;
}

int path_walk(int dirfd, const char *text, unsigned how, struct path *out, char *last)
{
	return walk(dirfd, text, how, out, last, NULL);
}

int path_walk_create(int dirfd, const char *text, unsigned how, struct path *out, char *last, struct node **child)
{
	*child = NULL;
	return walk(dirfd, text, how | PATH_PARENT, out, last, child);
}

void path_put(struct path *p)
{
	node_put(p->node);
	kfree(p->name);
}

int path_trim(struct path *p)
{
	char *trimmed = text_copy(p->name);

	kfree(p->name);
	p->name = trimmed;
	if (trimmed)
		return 0;
	node_put(p->node);
	return -ENOMEM;
}
