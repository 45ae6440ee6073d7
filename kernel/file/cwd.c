/* SPDX-License-Identifier: MIT */
/*
 * The working directory of a process: a node and the canonical path it was reached by (path.c says why a path is kept).
 *
 * Both are guarded by the process's lock, and not only the process itself changes them: mounting over "/" moves
 * everybody who stands there, and renaming a directory corrects the paths of those below it. Those walk all processes
 * under proc_tree_lock, and take no reference away under a spin lock: what was replaced is put after it has been let
 * go.
 */
#include "file/file_impl.h"

void cwd_get(struct path *out)
{
	struct proc *p = proc_current();

	if (p) {
		spin_lock(&p->lock);
		out->node = p->cwd_node;
		out->name = p->cwd_node ? text_copy(p->cwd_path) : NULL;
		if (out->node)
			node_get(out->node);
		spin_unlock(&p->lock);
		if (out->node)
			return;
	}
	out->node = mount_root();
	out->name = text_copy("/");
}

static void cwd_exchange_locked(struct proc *p, struct path *with)
{
	struct path old = { p->cwd_node, p->cwd_path };

	p->cwd_node = with->node;
	p->cwd_path = with->name;
	*with = old;
}

void cwd_set(struct path *path)
{
	struct proc *p = proc_current();

	spin_lock(&p->lock);
	cwd_exchange_locked(p, path);
	spin_unlock(&p->lock);
	if (path->node)
		path_put(path);
}

/* The first process whose working directory is `from` moves to `to`; *old is what it had. False when there is none. */
static bool move_one(const struct node *from, const struct path *to, struct path *old)
{
	bool found = false;

	mutex_lock(&proc_tree_lock);
	list_for_each(link, &proc_all) {
		struct proc *p = list_entry(link, struct proc, all_link);
		if (p->cwd_node != from)
			continue;
		*old = (struct path){ to->node, text_copy(to->name) };
		if (!old->name)
			break;
		spin_lock(&p->lock);
		found = p->cwd_node == from;
		if (found) {
			node_get(to->node);
			cwd_exchange_locked(p, old);
		}
		spin_unlock(&p->lock);
		if (found)
			break;
		kfree(old->name);
	}
	mutex_unlock(&proc_tree_lock);
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
	mutex_lock(&proc_tree_lock);
	list_for_each(link, &proc_all) {
		struct proc *p = list_entry(link, struct proc, all_link);
		spin_lock(&p->lock);
		char *moved = p->cwd_node ? path_rebase(p->cwd_path, from, to) : NULL;
		if (p->cwd_node && !moved && both)
			moved = path_rebase(p->cwd_path, to, from);
		if (moved) {
			kfree(p->cwd_path);
			p->cwd_path = moved;
		}
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
}
