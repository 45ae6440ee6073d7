/* SPDX-License-Identifier: MIT */
/*
 * Futexes: sleep while a word of user memory has a value, wake who sleeps on it. Locks, semaphores and condition
 * variables of C libraries are made of them.
 *
 *   marked private    named by (space, address); not looked up
 *   not marked        named by what is mapped there (vm/word.c), so that processes which map a word at different
 *                     addresses meet. Two calls of which only one is marked do not meet, as on Linux
 *
 * Sleepers hang in a small hash table by that name. One lock guards the table; the word is compared under it, so a
 * waker who changes the word first and then calls FUTEX_WAKE finds either the sleeper or a sleeper who has seen the
 * new value. The comparison reads user memory with page faults off: when the page is absent, the lock is let go, the
 * page brought in, and all begins again.
 *
 * A name holds no reference. What it names may be unmapped and freed under the sleeper; then nobody can name the word
 * any more, and the sleeper waits for its signal or deadline. That is safe because names are not used again: objects
 * go by a number of their own, and a space lives as long as a thread in it sleeps.
 *
 * Sleepers are woken first come, first served. Priority inheritance is not here (ENOSYS); what a dying thread does for
 * the locks that it holds is in robust.c.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/misc.h>
#include <abi/time.h>

#include "vm/vm.h"

#define BUCKETS 64
#define MARKED_SHARED 1 /* in the offset of what was looked up; words are aligned to 4 */

/* On the stack of who sleeps. */
struct sleeper {
	struct list link;
	struct word_name key;
	uint32_t bits;
	struct thread *thread;
};

static struct spinlock futex_lock = SPINLOCK_INIT(RANK_WAIT);
static struct list buckets[BUCKETS];

static struct list *bucket_of(struct word_name key)
{
	uint64_t hash = (key.owner ^ key.off) * 0x9e3779b97f4a7c15ull;
	struct list *b = &buckets[hash >> 58];
	if (!b->next)
		list_init(b);
	return b;
}

static bool key_equal(struct word_name a, struct word_name b) { return a.owner == b.owner && a.off == b.off; }

static int key_make(vaddr_t addr, bool private, struct word_name *key)
{
	struct space *s = thread_current()->space;
	if (addr & 3)
		return -EINVAL;
	if (addr >= USER_END)
		return -EFAULT;
	if (private) {
		*key = (struct word_name){ (uintptr_t)s, addr };
		return 0;
	}
	int err = space_word_name(s, addr, key);
	key->off |= MARKED_SHARED;
	return err;
}

/* Lets futex_lock go, brings the page in, takes the lock again. */
static int word_fault_locked(vaddr_t addr, bool write)
{
	spin_unlock(&futex_lock);
	int err = user_fault_in(addr, write);
	spin_lock(&futex_lock);
	return err;
}

static int word_read_locked(vaddr_t addr, uint32_t *word)
{
	int err = 0;
	while (!err && user_read32(addr, word) != 0)
		err = word_fault_locked(addr, false);
	return err;
}

/* ---- waiting ---- */

/* A wait that was broken off by a stop goes on to its first deadline, whatever the timeout says by now. */
static bool deadline_resumed(uint64_t *deadline)
{
	struct thread *t = thread_current();
	bool again = t->restarting;
	t->restarting = false;
	if (again)
		*deadline = t->restart_deadline;
	return again;
}

static int sleep_ended(struct sleeper *self, int err, uint64_t deadline)
{
	if (!err)
		return 0; /* the waker took us out */
	spin_lock(&futex_lock);
	list_remove(&self->link);
	spin_unlock(&futex_lock);
	if (err != -EINTR)
		return err;
	self->thread->restart_deadline = deadline;
	return deadline == NO_DEADLINE ? -ERESTARTSYS : -ERESTARTBLOCK;
}

static int futex_wait(vaddr_t addr, bool private, uint32_t val, uint64_t deadline, uint32_t bits)
{
	struct sleeper self;
	uint32_t word;
	self.bits = bits;
	self.thread = thread_current();
	if (!bits)
		return -EINVAL;
	int err = key_make(addr, private, &self.key);
	if (err)
		return err;
	spin_lock(&futex_lock);
	err = word_read_locked(addr, &word);
	if (!err && word != val)
		err = -EAGAIN;
	if (err) {
		spin_unlock(&futex_lock);
		return err;
	}
	wait_begin(WAIT_SIGNALS);
	list_push_back(bucket_of(self.key), &self.link);
	spin_unlock(&futex_lock);
	err = wait_end(NULL, deadline);
	return sleep_ended(&self, err, deadline);
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

/* ---- waking and moving ---- */

static bool wake_one_locked(struct sleeper *s)
{
	if (!thread_claim(s->thread, WAKE_NORMAL))
		return false;
	list_remove(&s->link);
	sched_ready(s->thread);
	return true;
}

/* A count below 1 wakes one, as on Linux. */
static int wake_locked(struct word_name key, int count, uint32_t bits)
{
	struct list *bucket = bucket_of(key);
	int woken = 0;
	list_for_each_safe(n, bucket) {
		struct sleeper *s = list_entry(n, struct sleeper, link);
		if (key_equal(s->key, key) && s->bits & bits && wake_one_locked(s) && ++woken >= count)
			break;
	}
	return woken;
}

static int futex_wake(vaddr_t addr, bool private, int count, uint32_t bits)
{
	struct word_name key;
	if (!bits)
		return -EINVAL;
	int err = key_make(addr, private, &key);
	if (err)
		return err;
	spin_lock(&futex_lock);
	int woken = wake_locked(key, count, bits);
	spin_unlock(&futex_lock);
	return woken;
}

/* Wakes the first `wake` sleepers and has the next `move` sleep on `to`; how many those are together. */
static int requeue_locked(struct word_name from, struct word_name to, int wake, int move)
{
	struct list *bucket = bucket_of(from);
	int done = 0;
	list_for_each_safe(n, bucket) {
		struct sleeper *s = list_entry(n, struct sleeper, link);
		if (done - wake >= move)
			break;
		if (!key_equal(s->key, from))
			continue;
		if (done < wake) {
			done += wake_one_locked(s);
			continue;
		}
		done++;
		if (key_equal(from, to))
			continue;
		list_remove(&s->link);
		s->key = to;
		list_push_back(bucket_of(to), &s->link);
	}
	return done;
}

/* expect: what the word must be; NULL: whatever. */
static int futex_requeue(vaddr_t addr, vaddr_t addr2, bool private, int wake, int move, const uint32_t *expect)
{
	struct word_name from, to;
	uint32_t word;
	if (wake < 0 || move < 0)
		return -EINVAL;
	int err = key_make(addr, private, &from);
	if (!err)
		err = key_make(addr2, private, &to);
	if (err)
		return err;
	spin_lock(&futex_lock);
	if (expect)
		err = word_read_locked(addr, &word);
	if (!err && expect && word != *expect)
		err = -EAGAIN;
	if (!err)
		err = requeue_locked(from, to, wake, move);
	spin_unlock(&futex_lock);
	return err;
}

/* ---- FUTEX_WAKE_OP: change the second word, wake sleepers of the first, and of the second if it was thus ---- */

static int32_t sign_extend12(uint32_t value) { return (int32_t)(value << 20) >> 20; }

/* The upper bits of the code: an operation, and whether its argument is the number of a bit. */
static int op_apply(uint32_t code, uint32_t word, uint32_t *result)
{
	uint32_t arg = sign_extend12(code >> 12 & 0xfff);
	if (code & FUTEX_OP_OPARG_SHIFT << 28)
		arg = 1u << (arg & 31);
	switch (code >> 28 & 7) {
	case FUTEX_OP_SET:
		*result = arg;
		return 0;
	case FUTEX_OP_ADD:
		*result = word + arg;
		return 0;
	case FUTEX_OP_OR:
		*result = word | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*result = word & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*result = word ^ arg;
		return 0;
	default:
		return -ENOSYS;
	}
}

/* Did the old value compare so? 0, 1, -ENOSYS. */
static int op_compare(uint32_t code, int32_t word)
{
	int32_t arg = sign_extend12(code & 0xfff);
	switch (code >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return word == arg;
	case FUTEX_OP_CMP_NE:
		return word != arg;
	case FUTEX_OP_CMP_LT:
		return word < arg;
	case FUTEX_OP_CMP_LE:
		return word <= arg;
	case FUTEX_OP_CMP_GT:
		return word > arg;
	case FUTEX_OP_CMP_GE:
		return word >= arg;
	default:
		return -ENOSYS;
	}
}

/* Changes the word in one go with regard to the program's own atomic instructions. */
static int op_perform_locked(vaddr_t addr, uint32_t code)
{
	uint32_t word, seen, result;
	for (;;) {
		int err = word_read_locked(addr, &word);
		if (!err)
			err = op_apply(code, word, &result);
		if (err)
			return err;
		if (user_cmpxchg32(addr, word, result, &seen) != 0)
			err = word_fault_locked(addr, true);
		else if (seen == word)
			return op_compare(code, word);
		if (err)
			return err;
	}
}

static int futex_wake_op(vaddr_t addr, vaddr_t addr2, bool private, int count, int count2, uint32_t code)
{
	struct word_name key, key2;
	int err = key_make(addr, private, &key);
	if (!err)
		err = key_make(addr2, private, &key2);
	if (err)
		return err;
	spin_lock(&futex_lock);
	int result = op_perform_locked(addr2, code);
	if (result >= 0) {
		int woken = wake_locked(key, count, ~0u);
		result = woken + (result ? wake_locked(key2, count2, ~0u) : 0);
	}
	spin_unlock(&futex_lock);
	return result;
}

int64_t futex_call(vaddr_t addr, unsigned op, uint32_t val, uint64_t timeout, vaddr_t addr2, uint32_t val3)
{
	unsigned cmd = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	bool private = op & FUTEX_PRIVATE_FLAG, realtime = op & FUTEX_CLOCK_REALTIME;
	bool waits = cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET;
	uint64_t deadline = NO_DEADLINE;
	int err = waits && !deadline_resumed(&deadline) ? deadline_of(cmd, realtime, timeout, &deadline) : 0;
	if (err)
		return err;
	if (realtime && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return futex_wait(addr, private, val, deadline, ~0u);
	case FUTEX_WAIT_BITSET:
		return futex_wait(addr, private, val, deadline, val3);
	case FUTEX_WAKE:
		return futex_wake(addr, private, val, ~0u);
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, private, val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(addr, addr2, private, val, timeout, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(addr, addr2, private, val, timeout, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(addr, addr2, private, val, timeout, val3);
	default:
		return -ENOSYS;
	}
}
