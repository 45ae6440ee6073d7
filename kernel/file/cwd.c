/* SPDX-License-Identifier: MIT */
/*
 * Where a thread stands: its working directory and its mask for new files (umask(2)), as a structure that is counted.
 *
 *     thread ──┐
 *     thread ──┴─► struct cwd   node and canonical path (path.c says why a path is kept), mask
 *
 * With CLONE_FS a new thread or process shares it: chdir, fchdir and umask of one are seen by the others. Without it,
 * and after unshare(CLONE_FS), it has a copy. execve changes nothing in this.
 *
 * Not only who stands there changes it: mounting over "/" moves everybody, and renaming a directory corrects the paths
 * of those below it. Therefore all structures hang in one list; walking the processes instead would have met a shared
 * one several times.
 *
 * Locks: cwds_lock guards the list, cwd->lock (a leaf, inside it) directory and path; the mask is a word. No reference
 * is taken away under them: what was replaced is put after they have been let go. Which structure a thread has changes
 * by its own doing only, under p->lock, so that /proc may look at it.
 */
#include "file/file_impl.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define FIRST_MASK 022

struct cwd {
	struct spinlock lock;
	volatile uint32_t refs;    /* (a) threads */
	uint32_t counted;          /* the audit's */
	volatile uint32_t mask;    /* (a) */
	struct path at;
	struct list link;          /* (cwds_lock) */
};

static struct spinlock cwds_lock = SPINLOCK_INIT(RANK_PORT);
static struct list cwds = LIST_INIT(cwds);

struct cwd *cwd_create(const struct path *at)
{
	struct cwd *c = kmalloc(sizeof *c);

	if (!c)
		return NULL;
	*c = (struct cwd){ .refs = 1, .mask = FIRST_MASK, .at = *at };
	spin_init(&c->lock, RANK_TIMER);
	spin_lock(&cwds_lock);
	list_push_back(&cwds, &c->link);
	spin_unlock(&cwds_lock);
	return c;
}

/* Directory and path of c, a reference and a copy; without memory the path is NULL. */
static struct path place_get(struct cwd *c)
{
	spin_lock(&c->lock);
	struct path at = { c->at.node, text_copy(c->at.name) };
	node_get(at.node);
	spin_unlock(&c->lock);
	return at;
}

struct cwd *cwd_copy(struct cwd *from)
{
	struct path at = place_get(from);
	struct cwd *c = at.name ? cwd_create(&at) : NULL;

	if (c)
		c->mask = from->mask;
	else
		path_put(&at);
	return c;
}

struct cwd *cwd_share(struct cwd *c)
{
	__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
	return c;
}

void cwd_put(struct cwd *c)
{
	if (!c || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	spin_lock(&cwds_lock); /* whoever walks the list may still be changing it */
	list_remove(&c->link);
	spin_unlock(&cwds_lock);
	path_put(&c->at);
	kfree(c);
}

int cwd_unshare(void)
{
	struct thread *t = thread_current();
	struct cwd *old = t->cwd;

	if (old->refs == 1)
		return 0;
	struct cwd *own = cwd_copy(old);
	if (!own)
		return -ENOMEM;
	spin_lock(&t->proc->lock);
	t->cwd = own;
	spin_unlock(&t->proc->lock);
	cwd_put(old);
	return 0;
}

bool cwd_shared_outside(void)
{
	struct thread *self = thread_current();
	uint32_t inside = 0;

	spin_lock(&self->proc->lock);
	list_for_each(n, &self->proc->threads)
		inside += list_entry(n, struct thread, proc_link)->cwd == self->cwd;
	spin_unlock(&self->proc->lock);
	return self->cwd->refs > inside;
}

/* ---- the current thread's ---- */

uint32_t cwd_umask(const struct cwd *c) { return c ? c->mask : 0; }

uint32_t cwd_set_umask(uint32_t mask)
{
	return __atomic_exchange_n(&thread_current()->cwd->mask, mask & 0777, __ATOMIC_RELAXED);
}

struct node *cwd_begin(const char **name)
{
	struct cwd *c = thread_current()->cwd;

	if (!c) {
		*name = "/";
		return mount_root();
	}
	spin_lock(&c->lock);
	*name = c->at.name;
	node_get(c->at.node);
	return c->at.node;
}

void cwd_end(void)
{
	struct cwd *c = thread_current()->cwd;

	if (c)
		spin_unlock(&c->lock);
}

void cwd_get(struct path *out)
{
	struct cwd *c = thread_current()->cwd;

	*out = c ? place_get(c) : (struct path){ mount_root(), text_copy("/") };
}

static void exchange(struct cwd *c, struct path *with)
{
	struct path old = c->at;

	assert_spin_held(&c->lock);
	c->at = *with;
	*with = old;
}

void cwd_set(struct path *path)
{
	struct cwd *c = thread_current()->cwd;

	spin_lock(&c->lock);
	exchange(c, path);
	spin_unlock(&c->lock);
	path_put(path);
}

/* ---- everybody's ---- */

struct node *cwd_look_locked(struct proc *p, int tid, char *name)
{
	assert_spin_held(&p->lock);
	struct thread *t = tid ? thread_find_locked(p, tid) : NULL;
	if (!tid && !list_empty(&p->threads))
		t = list_entry(p->threads.next, struct thread, proc_link);
	struct cwd *c = t ? t->cwd : NULL;
	if (!c)
		return NULL;
	spin_lock(&c->lock);
	struct node *n = c->at.node;
	node_get(n);
	strlcpy(name, c->at.name, PATH_MAX);
	spin_unlock(&c->lock);
	return n;
}

/* The first whose directory is `from` moves to `to`; *old is what it had. False when there is none, or no memory. */
static bool move_one(const struct node *from, const struct path *to, struct path *old)
{
	bool found = false;

	*old = (struct path){ to->node, text_copy(to->name) };
	if (!old->name)
		return false;
	spin_lock(&cwds_lock);
	for (struct list *n = cwds.next; !found && n != &cwds; n = n->next) {
		struct cwd *c = list_entry(n, struct cwd, link);
		spin_lock(&c->lock);
		found = c->at.node == from;
		if (found) {
			node_get(to->node);
			exchange(c, old);
		}
		spin_unlock(&c->lock);
	}
	spin_unlock(&cwds_lock);
	if (!found)
		kfree(old->name);
	return found;
}

void cwd_move(const struct node *from, const struct path *to)
{
	struct path old;

	while (move_one(from, to, &old))
		path_put(&old);
}

void cwd_rename(const char *from, const char *to, bool both)
{
	spin_lock(&cwds_lock);
	list_for_each(n, &cwds) {
		struct cwd *c = list_entry(n, struct cwd, link);
		spin_lock(&c->lock);
		char *moved = path_rebase(c->at.name, from, to);
		if (!moved && both)
			moved = path_rebase(c->at.name, to, from);
		if (moved) {
			kfree(c->at.name);
			c->at.name = moved;
		}
		spin_unlock(&c->lock);
	}
	spin_unlock(&cwds_lock);
}

/* ---- audit: nobody else runs ---- */

/* Threads that are being made or have left their process are not found: there are at least as many as are found. */
void cwd_audit(void)
{
	list_for_each(n, &cwds)
		list_entry(n, struct cwd, link)->counted = 0;
	list_for_each(n, &proc_all)
		list_for_each(tn, &list_entry(n, struct proc, all_link)->threads) {
			struct cwd *c = list_entry(tn, struct thread, proc_link)->cwd;
			if (c && ++c->counted > c->refs)
				audit_complain("threads with a working directory", (uint64_t)c, c->refs, c->counted);
		}
}
