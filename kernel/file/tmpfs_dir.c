/* SPDX-License-Identifier: MIT */
/*
 * The names of a memory filesystem: a tree by name to find them, a list by age to read them out.
 *
 * A directory's entries are in a red-black tree ordered by length and bytes, so that a name costs the logarithm of how
 * many there are, and nothing has to grow; and in a list, newest first. A cookie of readdir counts down with an entry's
 * serial number, so names that are made or removed between two reads shift nothing: what was there throughout shows
 * exactly once.
 *
 *      cookie   0 "."   1 ".."   LAST - serial + 2: the entry of that serial, or the next older one
 *
 * A directory points up to its parent without a reference, for the parent outlives it: a directory with entries is not
 * removed. Once it has been removed itself it holds its parent, so that ".." still leads there, as on Linux.
 *
 * Every change is made as a whole under the instance's lock; what it needs is allocated before, what it drops is freed
 * after.
 */
#include "file/tmpfs.h"

#define LAST_SERIAL (1ul << 61)

/* ---- the tree of one directory ---- */

static int compare(const struct tmpfs_entry *e, const char *name, size_t len)
{
	return e->len != len ? (e->len < len ? -1 : 1) : memcmp(e->name, name, len);
}

static struct tmpfs_entry *entry_of(struct rb_node *n)
{
	return container_of(n, struct tmpfs_entry, by_name);
}

static struct tmpfs_entry *find_locked(const struct node *dir, const char *name, size_t len)
{
	struct rb_node *at = tmpfs_dir_of(dir)->names.root;

	while (at) {
		int order = compare(entry_of(at), name, len);
		if (!order)
			return entry_of(at);
		at = at->child[order < 0];
	}
	return NULL;
}

static struct tmpfs_entry *entry_create(const char *name, size_t len)
{
	struct tmpfs_entry *e = kmalloc(sizeof *e + len + 1);

	if (!e)
		return NULL;
	e->len = len;
	memcpy(e->name, name, len);
	e->name[len] = '\0';
	list_init(&e->by_age);
	return e;
}

/* e, which nobody has, becomes the name of node in dir; it takes a reference. */
static void insert_locked(struct node *dir, struct tmpfs_entry *e, struct node *node)
{
	struct tmpfs_dir *d = tmpfs_dir_of(dir);
	struct rb_node *parent = NULL, *at = d->names.root;
	int side = 0;

	while (at) {
		parent = at;
		side = compare(entry_of(at), e->name, e->len) < 0;
		at = at->child[side];
	}
	e->node = node;
	node_get(node);
	e->serial = ++tmpfs_of(dir)->last_serial;
	rb_insert(&d->names, parent, side, &e->by_name);
	list_push_front(&d->entries, &e->by_age);
	dir->size += TMPFS_NAME_SIZE;
}

static void remove_locked(struct node *dir, struct tmpfs_entry *e)
{
	rb_remove(&tmpfs_dir_of(dir)->names, &e->by_name);
	list_remove(&e->by_age);
	dir->size -= TMPFS_NAME_SIZE;
}

/* No lock held: the node may go with it. */
static void entry_free(struct tmpfs_entry *e)
{
	if (!e)
		return;
	node_put(e->node);
	kfree(e);
}

/* ---- attributes that names change ---- */

static void touch_locked(struct node *n, bool data)
{
	mutex_lock(&n->lock);
	n->ctime = time_now();
	if (data)
		n->mtime = n->ctime;
	mutex_unlock(&n->lock);
}

static void add_links_locked(struct node *n, int links)
{
	mutex_lock(&n->lock);
	n->nlink += (uint32_t)links;
	n->ctime = time_now();
	mutex_unlock(&n->lock);
}

/* ---- directories ---- */

struct tmpfs_dir *tmpfs_dir_create(struct node *parent)
{
	struct tmpfs_dir *d = kzalloc(sizeof *d);

	if (d) {
		list_init(&d->entries);
		d->parent = parent;
	}
	return d;
}

/*
 * Nobody else has n, so nobody looks into it; its entries go to `gone`. Directories in it that survive have no parent
 * now.
 */
static void empty(struct node *n, struct list *gone)
{
	struct tmpfs_dir *d = tmpfs_dir_of(n);

	list_for_each(link, &d->entries) {
		struct node *child = list_entry(link, struct tmpfs_entry, by_age)->node;
		if (S_ISDIR(child->mode))
			tmpfs_dir_of(child)->parent = NULL;
	}
	list_splice_back(gone, &d->entries);
	d->names.root = NULL;
}

/* Without recursion: a tree may be deeper than the stack. A child that is ours alone is emptied before it goes. */
void tmpfs_dir_free(struct node *n)
{
	struct tmpfs_dir *d = tmpfs_dir_of(n);
	struct tmpfs *t = tmpfs_of(n);
	struct list gone, *link;

	list_init(&gone);
	mutex_lock(&t->lock);
	empty(n, &gone);
	mutex_unlock(&t->lock);
	while ((link = list_pop_front(&gone))) {
		struct tmpfs_entry *e = list_entry(link, struct tmpfs_entry, by_age);
		mutex_lock(&t->lock);
		if (S_ISDIR(e->node->mode) && e->node->refs == 1)
			empty(e->node, &gone);
		mutex_unlock(&t->lock);
		entry_free(e);
	}
	if (d->holds_parent)
		node_put(d->parent);
}

int tmpfs_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
	struct tmpfs *t = tmpfs_of(dir);
	bool up = len == 2 && !memcmp(name, "..", 2);

	mutex_lock(&t->lock);
	struct tmpfs_entry *e = up ? NULL : find_locked(dir, name, len);
	struct node *found = e ? e->node : up ? tmpfs_dir_of(dir)->parent ? tmpfs_dir_of(dir)->parent : dir : NULL;
	if (found)
		node_get(found);
	mutex_unlock(&t->lock);
	*out = found;
	return found ? 0 : -ENOENT;
}

/* ---- making names ---- */

/* node gets the name of e in dir. -EEXIST, -ENOENT: the directory has been removed. */
static int name_locked(struct node *dir, struct tmpfs_entry *e, struct node *node)
{
	if (!dir->nlink)
		return -ENOENT;
	if (find_locked(dir, e->name, e->len))
		return -EEXIST;
	insert_locked(dir, e, node);
	add_links_locked(node, S_ISDIR(node->mode) ? 2 : 1);
	if (S_ISDIR(node->mode))
		add_links_locked(dir, 1);
	touch_locked(dir, true);
	return 0;
}

int tmpfs_create(struct node *dir, const struct new_name *make, struct node **out)
{
	struct tmpfs *t = tmpfs_of(dir);
	struct tmpfs_entry *e = entry_create(make->name, make->len);
	struct node *n;

	if (!e)
		return -ENOMEM;
	int err = tmpfs_node_create(dir->fs, dir, make, &n);
	if (!err) {
		mutex_lock(&t->lock);
		err = name_locked(dir, e, n);
		mutex_unlock(&t->lock);
		if (err)
			node_put(n);
	}
	if (err)
		kfree(e);
	else
		*out = n;
	return err;
}

/* A file that has a name gets another one, which counts like an inode. One without (O_TMPFILE) has been counted. */
int tmpfs_link(struct node *dir, const char *name, size_t len, struct node *to)
{
	struct tmpfs *t = tmpfs_of(dir);
	struct tmpfs_entry *e = entry_create(name, len);

	if (!e)
		return -ENOMEM;
	mutex_lock(&t->lock);
	bool further = to->nlink > 0;
	int err = further && !tmpfs_take_inode_locked(t) ? -ENOSPC : name_locked(dir, e, to);
	if (err && err != -ENOSPC && further)
		t->inodes--;
	mutex_unlock(&t->lock);
	if (err)
		kfree(e);
	return err;
}

/* ---- taking names away ---- */

static int check_kind(const struct node *n, bool is_dir)
{
	if (!is_dir)
		return S_ISDIR(n->mode) ? -EISDIR : 0;
	if (!S_ISDIR(n->mode))
		return -ENOTDIR;
	return list_empty(&tmpfs_dir_of(n)->entries) ? 0 : -ENOTEMPTY;
}

/* The name e leaves dir; the caller frees it. */
static void unname_locked(struct node *dir, struct tmpfs_entry *e)
{
	struct node *n = e->node;

	remove_locked(dir, e);
	if (S_ISDIR(n->mode)) {
		tmpfs_dir_of(n)->holds_parent = true;
		node_get(dir);
		add_links_locked(n, -2);
		add_links_locked(dir, -1);
	} else {
		tmpfs_of(dir)->inodes -= n->nlink > 1;
		add_links_locked(n, -1);
	}
	touch_locked(dir, true);
}

int tmpfs_unlink(struct node *dir, const char *name, size_t len, bool is_dir)
{
	struct tmpfs *t = tmpfs_of(dir);

	mutex_lock(&t->lock);
	struct tmpfs_entry *e = find_locked(dir, name, len);
	int err = e ? check_kind(e->node, is_dir) : -ENOENT;
	if (!err)
		unname_locked(dir, e);
	mutex_unlock(&t->lock);
	if (!err)
		entry_free(e);
	return err;
}

/* ---- renaming ---- */

/* Is n the directory `above`, or does it lie below it? */
static bool lies_below_locked(const struct node *n, const struct node *above)
{
	for (;; n = tmpfs_dir_of(n)->parent) {
		if (n == above)
			return true;
		if (!n || tmpfs_dir_of(n)->parent == n)
			return false;
	}
}

/* May `moved` take the place of `over` (NULL: nobody's) in `to`? 1: both are the same file, and nothing happens. */
static int check_rename_locked(const struct node *moved, struct node *to, const struct tmpfs_entry *over,
                               unsigned flags)
{
	if (!to->nlink)
		return -ENOENT;
	if (over && flags & FS_RENAME_NOREPLACE)
		return -EEXIST;
	if (S_ISDIR(moved->mode) && lies_below_locked(to, moved))
		return -EINVAL;
	if (!over)
		return 0;
	return over->node == moved ? 1 : check_kind(over->node, S_ISDIR(moved->mode));
}

/* A directory that has moved from one parent to another. */
static void reparent_locked(struct node *n, struct node *from, struct node *to)
{
	if (!S_ISDIR(n->mode) || from == to)
		return;
	tmpfs_dir_of(n)->parent = to;
	add_links_locked(from, -1);
	add_links_locked(to, 1);
}

static void move_locked(struct node *from, struct tmpfs_entry *e, struct node *to, struct tmpfs_entry *fresh)
{
	struct node *n = e->node;

	remove_locked(from, e);
	insert_locked(to, fresh, n);
	reparent_locked(n, from, to);
	touch_locked(n, false);
	touch_locked(from, true);
	touch_locked(to, true);
}

/* Two names exchange what they lead to. */
static int exchange_locked(struct node *from, struct tmpfs_entry *a, struct node *to, struct tmpfs_entry *b)
{
	struct node *moved = a->node, *other = b->node;

	if (moved == other)
		return 0;
	if ((S_ISDIR(moved->mode) && lies_below_locked(to, moved)) ||
	    (S_ISDIR(other->mode) && lies_below_locked(from, other)))
		return -EINVAL;
	a->node = other;
	b->node = moved;
	reparent_locked(moved, from, to);
	reparent_locked(other, to, from);
	touch_locked(moved, false);
	touch_locked(other, false);
	touch_locked(from, true);
	touch_locked(to, true);
	return 0;
}

static int tmpfs_exchange(struct node *from, const char *old, struct node *to, const char *name)
{
	struct tmpfs *t = tmpfs_of(from);

	mutex_lock(&t->lock);
	struct tmpfs_entry *a = find_locked(from, old, strlen(old)), *b = find_locked(to, name, strlen(name));
	int err = a && b ? exchange_locked(from, a, to, b) : -ENOENT;
	mutex_unlock(&t->lock);
	return err;
}

int tmpfs_rename(struct node *from, const char *old, struct node *to, const char *name, unsigned flags)
{
	if (flags & FS_RENAME_EXCHANGE)
		return tmpfs_exchange(from, old, to, name);

	struct tmpfs *t = tmpfs_of(from);
	struct tmpfs_entry *fresh = entry_create(name, strlen(name)), *over = NULL;

	if (!fresh)
		return -ENOMEM;
	mutex_lock(&t->lock);
	struct tmpfs_entry *e = find_locked(from, old, strlen(old));
	int err = -ENOENT;
	if (e) {
		over = find_locked(to, name, strlen(name));
		err = check_rename_locked(e->node, to, over, flags);
	}
	if (!err && over)
		unname_locked(to, over);
	if (!err)
		move_locked(from, e, to, fresh);
	mutex_unlock(&t->lock);
	if (err) {
		kfree(fresh);
		return err < 0 ? err : 0;
	}
	entry_free(over);
	entry_free(e);
	return 0;
}

/* ---- reading ---- */

/* The youngest entry that is not younger than `serial`. NULL: none. */
static struct tmpfs_entry *older_locked(const struct node *dir, uint64_t serial)
{
	list_for_each(link, &tmpfs_dir_of(dir)->entries) {
		struct tmpfs_entry *e = list_entry(link, struct tmpfs_entry, by_age);
		if (e->serial <= serial)
			return e;
	}
	return NULL;
}

int64_t tmpfs_readdir(struct node *dir, uint64_t cookie, void *buf, size_t room)
{
	struct tmpfs *t = tmpfs_of(dir);
	struct tmpfs_dir *d = tmpfs_dir_of(dir);
	size_t used = 0;
	bool fits = true;

	mutex_lock(&t->lock);
	for (; fits && cookie < 2; cookie += fits)
		fits = dirent_add(buf, room, &used, cookie && d->parent ? d->parent->ino : dir->ino, cookie + 1, S_IFDIR,
		                  cookie ? ".." : ".");
	struct tmpfs_entry *e = older_locked(dir, LAST_SERIAL - MIN(cookie - 2, LAST_SERIAL));
	while (fits && e) {
		fits = dirent_add(buf, room, &used, e->node->ino, LAST_SERIAL - e->serial + 3, e->node->mode, e->name);
		e = e->by_age.next == &d->entries ? NULL : list_entry(e->by_age.next, struct tmpfs_entry, by_age);
	}
	mutex_unlock(&t->lock);
	return fits || used ? (int64_t)used : -EINVAL;
}
