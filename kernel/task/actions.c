/* SPDX-License-Identifier: MIT */
/*
 * Signal actions: what a process does with each signal (sigaction(2)), as a table that is counted.
 *
 *     process ──┐
 *     process ──┴─► struct actions   refs, one action for each signal
 *
 * fork copies the table; CLONE_SIGHAND shares it, between threads (which have it through their process) and between
 * processes that share their memory: sigaction in one is then seen by the other, and a handler that SA_RESETHAND has
 * taken away is gone for both. What is pending, and who blocks what, stays each process's own. execve takes a copy
 * before it resets the handlers, for the others still have the old program.
 *
 * Locks: actions->lock, a leaf that is taken inside p->lock, keeps the four words of an action together. A handler
 * or the flags alone are words that may be read without it: an action that another process changes at that moment is
 * seen before or after the change, and either was true when the signal was sent. Which table a process has changes in
 * execve alone, under p->lock, when the process has one thread: its own threads look without a lock, others hold
 * p->lock.
 *
 * One lock for processes that share a table, instead of p->lock, would have made sending to one of them wait for the
 * others; nothing but the actions is common to them.
 */
#include "task/task_impl.h"

#include <abi/errno.h>

#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

static struct cache *actions_cache;

void actions_init_all(void)
{
	actions_cache = cache_create("actions", sizeof(struct actions));
}

static struct actions *actions_alloc(void)
{
	struct actions *a = cache_alloc(actions_cache);
	if (!a)
		return NULL;
	spin_init(&a->lock, RANK_TIMER);
	a->refs = 1;
	a->counted = 0;
	return a;
}

struct actions *actions_create(void)
{
	struct actions *a = actions_alloc();
	if (a)
		memset(a->of, 0, sizeof(a->of));
	return a;
}

struct actions *actions_copy(struct actions *from)
{
	struct actions *a = actions_alloc();
	if (!a)
		return NULL;
	spin_lock(&from->lock);
	memcpy(a->of, from->of, sizeof(a->of));
	spin_unlock(&from->lock);
	return a;
}

void actions_put(struct actions *a)
{
	if (__atomic_sub_fetch(&a->refs, 1, __ATOMIC_ACQ_REL) == 0)
		cache_free(actions_cache, a);
}

/* A count of 1 stays: only the process itself, which has one thread, could give the table to others. */
int actions_unshare(void)
{
	struct proc *p = proc_current();
	struct actions *old = p->actions;
	if (old->refs == 1)
		return 0;
	struct actions *own = actions_copy(old);
	if (!own)
		return -ENOMEM;
	spin_lock(&p->lock);
	p->actions = own;
	spin_unlock(&p->lock);
	actions_put(old);
	return 0;
}

void actions_reset(struct actions *a)
{
	spin_lock(&a->lock);
	for (int i = 0; i < ABI_NSIG; i++) {
		uint64_t handler = a->of[i].handler == HANDLER_IGNORE ? HANDLER_IGNORE : HANDLER_DEFAULT;
		a->of[i] = (struct abi_sigaction){ .handler = handler };
	}
	spin_unlock(&a->lock);
}

void actions_exchange(struct actions *a, int signo, const struct abi_sigaction *new, struct abi_sigaction *old)
{
	spin_lock(&a->lock);
	*old = a->of[signo - 1];
	if (new) {
		a->of[signo - 1] = *new;
		a->of[signo - 1].mask &= ~SIGMASK_UNBLOCKABLE;
	}
	spin_unlock(&a->lock);
}

/* ---- audit: nobody else runs ---- */

/* Processes that are being made or freed count too, and are not found: there are at least as many as are found. */
void actions_audit(void)
{
	list_for_each(n, &proc_all)
		list_entry(n, struct proc, all_link)->actions->counted = 0;
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		if (++p->actions->counted > p->actions->refs)
			audit_complain("processes with a table of actions", p->pid, p->actions->refs, p->actions->counted);
	}
}
