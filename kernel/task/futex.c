/* SPDX-License-Identifier: MIT */
/*
 * Futexes: sleep while a word of user memory has a value, wake who sleeps on it. Locks and condition variables of C
 * libraries are made of them.
 *
 * A word is named by (space, address), or, in a shared mapping, by (object, offset), so that processes which map it
 * at different addresses meet. Sleepers hang in a small hash table by that name. One lock guards the table; the word
 * is compared under it, so a waker who changes the word first and then calls FUTEX_WAKE finds either the sleeper or a
 * sleeper who has seen the new value. The comparison reads user memory with page faults off: when the page is absent,
 * the lock is let go, the page brought in, and all begins again.
 *
 * The space or object of a key is not referenced: it lives as long as somebody sleeps in it, and a key of a dead one
 * matches nobody. Priority inheritance and robust lists are not here.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/misc.h>
#include <abi/mman.h>

#include "vm/vm.h"

#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_CLOCK_REALTIME 256
#define BUCKETS 64

struct futex_key { const void *owner; uint64_t off; };

/* On the stack of who sleeps. */
struct sleeper {
	struct list link;
	struct futex_key key;
	uint32_t bits;
	struct thread *thread;
};

static struct spinlock futex_lock = SPINLOCK_INIT(RANK_WAIT);
static struct list buckets[BUCKETS];

static struct list *bucket_of(struct futex_key key)
{
	uint64_t hash = ((uintptr_t)key.owner ^ key.off) * 0x9e3779b97f4a7c15ull;
	struct list *b = &buckets[hash >> 58];
	if (!b->next)
		list_init(b);
	return b;
}

static bool key_equal(struct futex_key a, struct futex_key b) { return a.owner == b.owner && a.off == b.off; }

/* The shared object behind an address, if there is one. */
static bool shared_key(struct space *s, vaddr_t addr, struct futex_key *key)
{
	bool found = false;
	mutex_lock(&s->lock);
	struct rb_node *n = s->vmas.root;
	while (n) {
		struct vma *v = container_of(n, struct vma, node);
		if (addr >= v->start && addr < v->end) {
			found = vma_is_shared(v) && v->object;
			if (found)
				*key = (struct futex_key){ v->object, (v->pgoff << PAGE_SHIFT) + addr - v->start };
			break;
		}
		n = n->child[addr >= v->end];
	}
	mutex_unlock(&s->lock);
	return found;
}

static int key_make(vaddr_t addr, bool private, struct futex_key *key)
{
	struct space *s = thread_current()->space;
	if (addr & 3)
		return -EINVAL;
	if (addr >= USER_END)
		return -EFAULT;
	*key = (struct futex_key){ s, addr };
	if (!private)
		shared_key(s, addr, key);
	return 0;
}

/* Reads the word with futex_lock held, which is let go and taken again when the page has to be brought in. */
static int word_read_locked(vaddr_t addr, uint32_t *word)
{
	while (copy_from_user_nofault(word, addr, sizeof(*word)) != sizeof(*word)) {
		spin_unlock(&futex_lock);
		int err = user_fault_in(addr, false);
		spin_lock(&futex_lock);
		if (err)
			return err;
	}
	return 0;
}

static int futex_wait(vaddr_t addr, struct futex_key key, uint32_t val, uint64_t deadline, uint32_t bits)
{
	struct sleeper self = { .key = key, .bits = bits, .thread = thread_current() };
	uint32_t word;
	spin_lock(&futex_lock);
	int err = word_read_locked(addr, &word);
	if (!err && word != val)
		err = -EAGAIN;
	if (err) {
		spin_unlock(&futex_lock);
		return err;
	}
	wait_begin(WAIT_SIGNALS);
	list_push_back(bucket_of(key), &self.link);
	spin_unlock(&futex_lock);
	err = wait_end(NULL, deadline);
	spin_lock(&futex_lock);
	list_remove(&self.link);
	spin_unlock(&futex_lock);
	return err == -EINTR && deadline == NO_DEADLINE ? -ERESTARTSYS : err;
}

static int wake_locked(struct futex_key key, unsigned count, uint32_t bits)
{
	unsigned woken = 0;
	list_for_each_safe(n, bucket_of(key)) {
		struct sleeper *s = list_entry(n, struct sleeper, link);
		if (woken == count)
			break;
		if (!key_equal(s->key, key) || !(s->bits & bits) || !thread_claim(s->thread, WAKE_NORMAL))
			continue;
		list_remove(&s->link);
		sched_ready(s->thread);
		woken++;
	}
	return woken;
}

static int requeue_locked(struct futex_key from, struct futex_key to, unsigned count)
{
	unsigned moved = 0;
	list_for_each_safe(n, bucket_of(from)) {
		struct sleeper *s = list_entry(n, struct sleeper, link);
		if (moved == count)
			break;
		if (!key_equal(s->key, from))
			continue;
		list_remove(&s->link);
		s->key = to;
		list_push_back(bucket_of(to), &s->link);
		moved++;
	}
	return moved;
}

int futex_wake_private(vaddr_t addr, unsigned count)
{
	struct futex_key key;
	if (key_make(addr, false, &key) != 0)
		return 0;
	spin_lock(&futex_lock);
	int woken = wake_locked(key, count, ~0u);
	/* A library may wait for a thread's end with or without the private flag. */
	if (key.owner != thread_current()->space)
		woken += wake_locked((struct futex_key){ thread_current()->space, addr }, count, ~0u);
	spin_unlock(&futex_lock);
	return woken;
}

/* FUTEX_WAIT takes a length of time, FUTEX_WAIT_BITSET a point in time. */
static int deadline_of(unsigned cmd, bool realtime, vaddr_t timeout, uint64_t *deadline)
{
	struct abi_timespec ts;
	*deadline = NO_DEADLINE;
	if (!timeout)
		return 0;
	if (copy_from_user(&ts, timeout, sizeof(ts)) != 0)
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || (uint64_t)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	uint64_t ns = MIN((uint64_t)ts.tv_sec, INT64_MAX / NSEC_PER_SEC - 1) * NSEC_PER_SEC + ts.tv_nsec;
	if (cmd == FUTEX_WAIT)
		*deadline = clock_now_ns() + ns;
	else if (realtime)
		*deadline = ns > clock_epoch_ns() ? ns - clock_epoch_ns() : 0;
	else
		*deadline = ns;
	return 0;
}

static int futex_requeue(struct futex_key key, bool private, unsigned cmd, uint32_t wake, uint32_t move, vaddr_t addr,
                         vaddr_t addr2, uint32_t expect)
{
	struct futex_key to;
	uint32_t word = expect;
	int err = key_make(addr2, private, &to);
	if (err)
		return err;
	spin_lock(&futex_lock);
	if (cmd == FUTEX_CMP_REQUEUE)
		err = word_read_locked(addr, &word);
	if (!err && word != expect)
		err = -EAGAIN;
	if (!err) {
		err = wake_locked(key, wake, ~0u);
		int moved = key_equal(key, to) ? 0 : requeue_locked(key, to, move);
		err += moved;
	}
	spin_unlock(&futex_lock);
	return err;
}

int64_t futex_call(vaddr_t addr, unsigned op, uint32_t val, uint64_t timeout, vaddr_t addr2, uint32_t val3)
{
	unsigned cmd = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	bool private = op & FUTEX_PRIVATE_FLAG, realtime = op & FUTEX_CLOCK_REALTIME;
	struct futex_key key;
	uint64_t deadline;
	int err = key_make(addr, private, &key);
	if (err)
		return err;
	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		if (cmd == FUTEX_WAIT_BITSET && !val3)
			return -EINVAL;
		err = deadline_of(cmd, realtime, timeout, &deadline);
		return err ? err : futex_wait(addr, key, val, deadline, cmd == FUTEX_WAIT ? ~0u : val3);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		if (cmd == FUTEX_WAKE_BITSET && !val3)
			return -EINVAL;
		spin_lock(&futex_lock);
		err = wake_locked(key, val, cmd == FUTEX_WAKE ? ~0u : val3);
		spin_unlock(&futex_lock);
		return err;
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(key, private, cmd, val, timeout, addr, addr2, val3);
	default:
		return -ENOSYS;
	}
}
