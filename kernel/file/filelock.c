/* SPDX-License-Identifier: MIT */
/*
 * Locks on files: fcntl(2)'s, on ranges of bytes, and flock(2)'s, on whole files. They bind nobody but those who ask
 * for them.
 *
 *      kind          whose                              ends when its owner
 *      LOCK_POSIX    a descriptor table's (a process')  closes any descriptor of the file, or ends
 *      LOCK_OFD      an open file's                     goes with its last descriptor
 *      LOCK_FLOCK    an open file's                     likewise
 *
 * The first two meet each other; a flock meets only other flocks. What an owner holds on a file is a list of ranges
 * that do not overlap, sorted, neighbours of one type made one; a new lock first takes its range out of what the owner
 * had, and is then joined to what touches it. A flock is a range too, of the whole file.
 *
 * All locks of all files hang in one hash table by the file's identity (filesystem and inode, or the pipe's address),
 * for most files are never locked and a node should not pay for it. One spin lock guards it all; that is what makes the
 * search for deadlocks a walk over a list. A lock keeps no reference: its owner's descriptor holds the file, and goes
 * through filelocks_drop_* before that reference ends. A descriptor that another thread closes while a lock is being
 * taken through it is found by filelock_set's caller, who looks again.
 *
 * Who waits is in `waiters` with the owner that stands in the way. Releasing anything wakes all waiters of the bucket,
 * who look again from the start; until they have, they stand behind nobody, so that no deadlock is seen that has just
 * been resolved. Handing a lock over in the order of asking was left out: Linux promises none either.
 */
#include "file/file_impl.h"

#define BUCKETS 64
#define LOCKS_MAX 65536    /* of all files together: ENOLCK */
#define DEADLOCK_STEPS 10  /* how long a circle is looked for, as on Linux */

struct identity { uint64_t dev, ino; };

struct held {
	struct list link;      /* in its bucket; those of one owner stand together, sorted */
	struct list all_link;  /* youngest first, for /proc/locks */
	struct identity of;
	struct filelock lock;
	const void *owner;
};

struct waiter {
	struct list link;
	struct identity of;
	struct filelock lock;
	const void *owner, *behind; /* behind NULL: about to look again */
};

static struct spinlock table_lock = SPINLOCK_INIT(RANK_PORT);
static struct list buckets[BUCKETS];
static struct wait_queue waiting[BUCKETS];
static struct list waiters = LIST_INIT(waiters), all_locks = LIST_INIT(all_locks);
static unsigned locks_held;

void filelock_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		list_init(&buckets[i]);
		wait_queue_init(&waiting[i]);
	}
}

static struct identity identity_of(const struct file *f)
{
	if (f->node)
		return (struct identity){ f->node->fs->dev, f->node->ino };
	return (struct identity){ 0, (uint64_t)(f->data ? f->data : f) };
}

static unsigned bucket_of(struct identity of)
{
	return (unsigned)((of.ino ^ of.dev << 20) * 0x9e3779b97f4a7c15ul >> 58);
}

static bool same(struct identity a, struct identity b) { return a.ino == b.ino && a.dev == b.dev; }

static const void *owner_of(const struct file *f, enum filelock_kind kind)
{
	return kind == LOCK_POSIX ? (const void *)proc_current()->files : f;
}

static bool overlap(const struct filelock *a, const struct filelock *b)
{
	return a->start <= b->end && b->start <= a->end;
}

/* Would they stand in each other's way, if their owners were two? */
static bool exclude(const struct filelock *a, const struct filelock *b)
{
	return (a->type == F_WRLCK || b->type == F_WRLCK) && (a->kind == LOCK_FLOCK) == (b->kind == LOCK_FLOCK) &&
	       overlap(a, b);
}

static struct held *conflict_locked(struct identity of, const struct filelock *want, const void *owner)
{
	assert_spin_held(&table_lock);
	list_for_each(link, &buckets[bucket_of(of)]) {
		struct held *h = list_entry(link, struct held, link);
		if (same(h->of, of) && h->owner != owner && exclude(&h->lock, want))
			return h;
	}
	return NULL;
}

/* ---- taking and giving back ---- */

static void release_locked(struct held *h)
{
	list_remove(&h->link);
	list_remove(&h->all_link);
	locks_held--;
	kfree(h);
}

static void wake_locked(struct identity of)
{
	bool any = false;

	list_for_each(link, &waiters) {
		struct waiter *w = list_entry(link, struct waiter, link);
		any |= same(w->of, of);
		if (same(w->of, of))
			w->behind = NULL;
	}
	if (any)
		wait_wake_all(&waiting[bucket_of(of)]);
}

static void hang_locked(struct held *h, struct list *behind)
{
	list_insert_after(behind, &h->link);
	list_push_front(&all_locks, &h->all_link);
	locks_held++;
}

static bool is_owners(const struct held *h, struct identity of, const void *owner, enum filelock_kind kind)
{
	return same(h->of, of) && h->owner == owner && h->lock.kind == kind;
}

/*
 * Cut the range of `cut` out of h, which it overlaps. A piece is left on both sides at most once: *spare is the second.
 */
static void carve_locked(struct held *h, const struct filelock *cut, struct held **spare)
{
	struct filelock *l = &h->lock;

	if (l->start < cut->start && l->end > cut->end) {
		**spare = *h;
		(*spare)->lock.start = cut->end + 1;
		hang_locked(*spare, &h->link);
		*spare = NULL;
	}
	if (l->start < cut->start)
		l->end = cut->start - 1;
	else if (l->end > cut->end)
		l->start = cut->end + 1;
	else
		release_locked(h);
}

/* Take `want` out of what its owner holds; when it is a lock, the like ones that touch it become part of it. */
static void clear_locked(struct identity of, struct filelock *want, const void *owner, struct held **spare)
{
	list_for_each_safe(link, &buckets[bucket_of(of)]) {
		struct held *h = list_entry(link, struct held, link);
		if (!is_owners(h, of, owner, want->kind))
			continue;
		bool like = h->lock.type == want->type;
		if (like && h->lock.start <= want->end + (want->end < INT64_MAX) &&
		    want->start <= h->lock.end + (h->lock.end < INT64_MAX)) {
			want->start = MIN(want->start, h->lock.start);
			want->end = MAX(want->end, h->lock.end);
			release_locked(h);
		} else if (overlap(&h->lock, want)) {
			carve_locked(h, want, spare);
		}
	}
}

/* Behind the owner's last lock that lies before it; with the first one of an owner at the end. */
static void insert_locked(struct held *new)
{
	struct list *head = &buckets[bucket_of(new->of)], *at = head->prev;

	list_for_each(link, head) {
		struct held *h = list_entry(link, struct held, link);
		if (!is_owners(h, new->of, new->owner, new->lock.kind))
			continue;
		at = h->lock.start < new->lock.start ? link : link->prev;
		if (at != link)
			break;
	}
	hang_locked(new, at);
}

/* Is it a circle: does the one in the way wait, by however many others, for `owner`? */
static bool deadlock_locked(const void *owner, const void *in_the_way)
{
	for (unsigned steps = 0; steps < DEADLOCK_STEPS && in_the_way; steps++) {
		const void *next = NULL;
		list_for_each(link, &waiters) {
			const struct waiter *w = list_entry(link, struct waiter, link);
			if (w->owner == in_the_way)
				next = w->behind;
		}
		if (next == owner)
			return true;
		in_the_way = next;
	}
	return false;
}

/* Until nothing stands in the way. 0, -EDEADLK, -EINTR. */
static int wait_locked(struct identity of, const struct filelock *want, const void *owner)
{
	struct waiter w = { .of = of, .lock = *want, .owner = owner };
	struct held *h;
	int err = 0;

	list_push_back(&waiters, &w.link);
	while (!err && (h = conflict_locked(of, want, owner))) {
		if (want->kind == LOCK_POSIX && deadlock_locked(owner, h->owner)) {
			err = -EDEADLK;
			break;
		}
		w.behind = h->owner;
		err = wait_on(&waiting[bucket_of(of)], &table_lock, WAIT_SIGNALS, UINT64_MAX);
	}
	list_remove(&w.link);
	return err;
}

/* A flock that changes its type is given back first, and is lost when the new one cannot be had. */
static void forget_flock_locked(struct identity of, const struct filelock *want, const void *owner)
{
	list_for_each_safe(link, &buckets[bucket_of(of)]) {
		struct held *h = list_entry(link, struct held, link);
		if (is_owners(h, of, owner, LOCK_FLOCK) && h->lock.type != want->type) {
			release_locked(h);
			wake_locked(of);
		}
	}
}

static int set_locked(struct identity of, struct filelock want, const void *owner, bool wait, struct held *spare[2])
{
	if (want.kind == LOCK_FLOCK)
		forget_flock_locked(of, &want, owner);
	if (want.type != F_UNLCK && conflict_locked(of, &want, owner)) {
		int err = wait ? wait_locked(of, &want, owner) : -EAGAIN;
		if (err)
			return err;
	}
	if (want.type != F_UNLCK && locks_held >= LOCKS_MAX)
		return -ENOLCK;
	clear_locked(of, &want, owner, &spare[0]);
	if (want.type != F_UNLCK) {
		*spare[1] = (struct held){ .of = of, .lock = want, .owner = owner };
		insert_locked(spare[1]);
		spare[1] = NULL;
	}
	wake_locked(of);
	return 0;
}

int filelock_set(struct file *f, const struct filelock *want, bool wait)
{
	const void *owner = owner_of(f, want->kind);
	struct held *spare[2] = { kmalloc(sizeof(struct held)), kmalloc(sizeof(struct held)) };
	int err = spare[0] && spare[1] ? 0 : -ENOLCK;

	if (!err) {
		if (want->kind == LOCK_POSIX)
			fdtable_note_locks(proc_current()->files);
		else
			f->locked = true;
		spin_lock(&table_lock);
		err = set_locked(identity_of(f), *want, owner, wait, spare);
		spin_unlock(&table_lock);
	}
	kfree(spare[0]);
	kfree(spare[1]);
	return err;
}

void filelock_test(struct file *f, struct filelock *want)
{
	spin_lock(&table_lock);
	const struct held *h = conflict_locked(identity_of(f), want, owner_of(f, want->kind));
	if (h)
		*want = h->lock;
	else
		want->type = F_UNLCK;
	spin_unlock(&table_lock);
}

/* ---- when an owner goes ---- */

static void drop(const struct file *f, const void *owner, bool posix)
{
	struct identity of = identity_of(f);
	bool any = false;

	spin_lock(&table_lock);
	list_for_each_safe(link, &buckets[bucket_of(of)]) {
		struct held *h = list_entry(link, struct held, link);
		if (!same(h->of, of) || h->owner != owner || (h->lock.kind == LOCK_POSIX) != posix)
			continue;
		release_locked(h);
		any = true;
	}
	if (any)
		wake_locked(of);
	spin_unlock(&table_lock);
}

void filelocks_drop_table(const struct file *f, const struct fdtable *t) { drop(f, t, true); }
void filelocks_drop_file(const struct file *f) { drop(f, f, false); }

/* ---- /proc/locks ---- */

struct listing { struct filelock_line *line; unsigned skip, room, count, number; };

static void list_one(struct listing *to, const struct filelock *lock, struct identity of, bool waits)
{
	if (to->skip) {
		to->skip--;
		return;
	}
	if (to->count < to->room)
		to->line[to->count++] = (struct filelock_line){ *lock, of.dev, of.ino, to->number, waits };
}

static void list_waiters_locked(struct listing *to, const struct held *h)
{
	list_for_each(link, &waiters) {
		const struct waiter *w = list_entry(link, struct waiter, link);
		if (same(w->of, h->of) && w->behind == h->owner && exclude(&w->lock, &h->lock))
			list_one(to, &w->lock, w->of, true);
	}
}

unsigned filelocks_list(unsigned from, struct filelock_line *lines, unsigned room)
{
	struct listing to = { .line = lines, .skip = from, .room = room };

	spin_lock(&table_lock);
	list_for_each(link, &all_locks) {
		const struct held *h = list_entry(link, struct held, all_link);
		to.number++;
		list_one(&to, &h->lock, h->of, false);
		list_waiters_locked(&to, h);
	}
	spin_unlock(&table_lock);
	return to.count;
}
