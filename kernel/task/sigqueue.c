/* SPDX-License-Identifier: MIT */
/*
 * What is pending: the queues of siginfo behind a process's and a thread's set of signals.
 *
 *     struct signal_queue   set       a bit for each signal that is pending
 *                           entries   oldest first: what is known of them
 *
 * A standard signal is pending at most once and the first siginfo counts; of a real-time signal there may be many. A
 * bit without an entry is a signal of which nothing is known any more: there was no memory, or its user had too much
 * queued (RLIMIT_SIGPENDING, counted for each real user number). It is then told as kill(2)'s, from nobody.
 *
 * Most entries come from a slab cache and go back to it when they are taken. Two kinds are part of something larger, so
 * that sending cannot fail: the one in each thread for its own faults, and the one in each POSIX timer. They have a
 * function that is called when the entry has been taken (info is what the program will see) or dropped (NULL).
 *
 * Locks: the queues are under p->lock, which every caller holds. The counters of users have a lock of their own (taken
 * inside it). A counter exists as long as it is not 0, so that numbers of users need no table; the last that came to 0
 * stays for the next signal of its user.
 */
#include "task/task_impl.h"

#include <abi/errno.h>

#include "mm/mm.h"
#include "vm/vm.h"

#define USER_BUCKETS 16

struct user_count {
	struct list link;
	uint32_t uid, signals;
	uint32_t counted; /* the audit's */
};

static struct cache *entry_cache, *user_cache;
static struct spinlock users_lock = SPINLOCK_INIT(RANK_TIMER);
static struct list users[USER_BUCKETS];
static struct user_count *last_used; /* the only one that may be 0; NULL: none is */

void signal_queue_init_all(void)
{
	entry_cache = cache_create("signal", sizeof(struct signal_entry));
	user_cache = cache_create("user", sizeof(struct user_count));
	for (int i = 0; i < USER_BUCKETS; i++)
		list_init(&users[i]);
}

/* ---- how much users have queued ---- */

static struct user_count *user_find_locked(uint32_t uid)
{
	list_for_each(n, &users[uid % USER_BUCKETS]) {
		struct user_count *u = list_entry(n, struct user_count, link);
		if (u->uid == uid)
			return u;
	}
	return NULL;
}

static struct user_count *user_add_locked(uint32_t uid)
{
	struct user_count *u = cache_alloc(user_cache);
	if (!u)
		return NULL;
	*u = (struct user_count){ .uid = uid };
	list_push_back(&users[uid % USER_BUCKETS], &u->link);
	return u;
}

struct user_count *signal_charge(uint32_t uid, uint64_t limit)
{
	spin_lock(&users_lock);
	struct user_count *u = user_find_locked(uid);
	bool room = (u ? u->signals : 0) < limit;
	if (room && !u)
		u = user_add_locked(uid);
	if (room && u)
		u->signals++;
	spin_unlock(&users_lock);
	return room ? u : NULL;
}

void signal_uncharge(struct user_count *u)
{
	spin_lock(&users_lock);
	struct user_count *old = last_used;
	if (--u->signals == 0 && u != old) {
		last_used = u;
		if (old && !old->signals) {
			list_remove(&old->link);
			cache_free(user_cache, old);
		}
	}
	spin_unlock(&users_lock);
}

unsigned signal_charged(uint32_t uid)
{
	spin_lock(&users_lock);
	struct user_count *u = user_find_locked(uid);
	unsigned signals = u ? u->signals : 0;
	spin_unlock(&users_lock);
	return signals;
}

/* ---- entries ---- */

static struct signal_entry *entry_new(struct proc *p, uint64_t limit)
{
	struct user_count *user = signal_charge(p->uid, limit);
	if (!user)
		return NULL;
	struct signal_entry *e = cache_alloc(entry_cache);
	if (!e) {
		signal_uncharge(user);
		return NULL;
	}
	e->user = user;
	e->counts = true;
	e->gone = NULL;
	return e;
}

static void entry_finish(struct signal_entry *e, struct abi_siginfo *info)
{
	list_remove(&e->link);
	if (e->gone) {
		e->gone(e, info);
		return;
	}
	signal_uncharge(e->user);
	cache_free(entry_cache, e);
}

void signal_queue_init(struct signal_queue *q)
{
	q->set = 0;
	list_init(&q->entries);
}

void signal_queue_entry(struct signal_queue *q, struct signal_entry *e, int signo)
{
	e->info.si_signo = signo;
	list_push_back(&q->entries, &e->link);
	q->set |= SIGBIT(signo);
}

/*
 * Whether the limit binds it: not what the kernel or kill(2) sends of the standard signals, of which there is one at
 * most. What cannot be queued and has nothing to say but its number is pending all the same; sigqueue's sender is told.
 */
int signal_queue_add(struct signal_queue *q, struct proc *p, int signo, const struct abi_siginfo *info)
{
	bool standard = signo < SIGNAL_REALTIME;
	if (standard && q->set & SIGBIT(signo))
		return 0;
	bool unlimited = standard && (!info || info->si_code >= 0);
	struct signal_entry *e = entry_new(p, unlimited ? UINT64_MAX : p->rlimit[RLIMIT_SIGPENDING].rlim_cur);
	if (!e && !standard && info && info->si_code != SI_USER)
		return -EAGAIN;
	q->set |= SIGBIT(signo);
	if (!e)
		return 0;
	if (info)
		e->info = *(const struct abi_siginfo_head *)info;
	else
		e->info = (struct abi_siginfo_head){ .si_code = SI_KERNEL };
	signal_queue_entry(q, e, signo);
	return 0;
}

void signal_queue_take(struct signal_queue *q, int signo, struct abi_siginfo *info)
{
	struct signal_entry *first = NULL;
	bool more = false;
	list_for_each(n, &q->entries) {
		struct signal_entry *e = list_entry(n, struct signal_entry, link);
		if (e->info.si_signo != signo)
			continue;
		more = first;
		if (more)
			break;
		first = e;
	}
	if (!more)
		q->set &= ~SIGBIT(signo);
	*info = (struct abi_siginfo){ .si_signo = signo };
	if (!first)
		return;
	*(struct abi_siginfo_head *)info = first->info;
	entry_finish(first, info);
}

void signal_queue_drop(struct signal_queue *q, uint64_t bits)
{
	if (!(q->set & bits))
		return;
	q->set &= ~bits;
	list_for_each_safe(n, &q->entries) {
		struct signal_entry *e = list_entry(n, struct signal_entry, link);
		if (bits & SIGBIT(e->info.si_signo))
			entry_finish(e, NULL);
	}
}

/* ---- audit: nobody else runs ---- */

static void audit_user(struct user_count *u) { u->counted++; }

static void audit_queue(const struct signal_queue *q)
{
	list_for_each(n, &q->entries) {
		const struct signal_entry *e = list_entry(n, struct signal_entry, link);
		if (e->counts)
			audit_user(e->user);
		if (!(q->set & SIGBIT(e->info.si_signo)))
			audit_complain("entry of a signal that is not pending", (uint64_t)e, e->info.si_signo, 0);
	}
}

void signal_audit(void)
{
	for (int i = 0; i < USER_BUCKETS; i++)
		list_for_each(n, &users[i])
			list_entry(n, struct user_count, link)->counted = 0;
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		audit_queue(&p->sigpending);
		list_for_each(t, &p->threads)
			audit_queue(&list_entry(t, struct thread, proc_link)->sigpending);
		posix_timers_visit(p, audit_user);
	}
	for (int i = 0; i < USER_BUCKETS; i++)
		list_for_each(n, &users[i]) {
			const struct user_count *u = list_entry(n, struct user_count, link);
			if (u->signals != u->counted)
				audit_complain("signals queued for a user", u->uid, u->signals, u->counted);
		}
}
