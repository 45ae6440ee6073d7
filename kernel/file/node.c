/* SPDX-License-Identifier: MIT */
/*
 * Nodes: one per live inode of any filesystem, and the cache of those nobody uses.
 *
 *      absent ──FS_LOOKUP──► in use (refs > 0) ◄─────► idle (refs 0, on the LRU list, pages kept)
 *         ▲                        │ last reference,              │ memory is wanted,
 *         │                        │ no name left                 │ or unmount
 *         └──── PAGER_CLOSE ◄──────┴────────► closing ◄───────────┘
 *
 * A filesystem server counts the lookups it answered; the node remembers how many the kernel has to give back, and
 * PAGER_CLOSE gives them back together. Two races follow from the two sides counting apart:
 *
 * - A LOOKUP may be answered while PAGER_CLOSE of the same inode is on its way. The counts still come out right, for
 *   the answer counted one more. But the answer may tell of the inode as it was before CLOSE told the new size. So a
 *   closing node stays in the hash until its server has replied, who finds it waits, and `cache_changes` rises then: an
 *   answer that was asked for before the change is asked for again.
 * - An UNLINK may take the last name while a LOOKUP's answer, telling of one link, is not yet in the cache.
 *   `cache_changes` rises there as well.
 *
 * The cache lock is never held while a server is asked. A thread that is being killed gets no answers, so it leaves the
 * closing of unlinked files to the closer thread; so does who leaves a disk that has no name any more (unmount.c). A
 * dentry cache, names to nodes, was left out: the server would have to be asked whether a name still holds, or be
 * forbidden to change names by itself.
 */
#include "file/file_impl.h"

#define NODE_BUCKETS 512
#define NODE_IDLE_MAX 2048 /* idle nodes kept; more push out the oldest */

static struct mutex cache_lock;
static struct wait_queue cache_wait;   /* a node has stopped closing */
static struct wait_queue closer_wait;
static struct list buckets[NODE_BUCKETS];
static struct list idle_list;          /* oldest first */
static struct list dying_list;         /* for the closer thread */
static unsigned idle_count;
static bool one_was_left;              /* a node of a detached disk has gone out of use */
static volatile uint64_t cache_changes;
static struct cache *node_slab;

static void node_close(struct node *n);

uint64_t node_cache_changes(void)
{
	return __atomic_load_n(&cache_changes, __ATOMIC_ACQUIRE);
}

static struct list *bucket_of(const struct filesystem *fs, uint64_t ino)
{
	return &buckets[(ino * 0x9e3779b97f4a7c15ul >> 40 ^ fs->dev * 31) % NODE_BUCKETS];
}

static void closer_thread(void *arg)
{
	(void)arg;
	mutex_lock(&cache_lock);
	for (;;) {
		struct list *link = list_pop_front(&dying_list);
		if (!link && !one_was_left) {
			wait_on_mutex(&closer_wait, &cache_lock, WAIT_ALWAYS, UINT64_MAX);
			continue;
		}
		if (!link)
			one_was_left = false;
		mutex_unlock(&cache_lock);
		if (link)
			node_close(list_entry(link, struct node, lru_link));
		else
			mount_finish_detached(false);
		mutex_lock(&cache_lock);
	}
}

static void closer_wake_locked(void)
{
	one_was_left = true;
	wait_wake_one(&closer_wait);
}

void node_closer_wake(void)
{
	mutex_lock(&cache_lock);
	closer_wake_locked();
	mutex_unlock(&cache_lock);
}

void node_init(void)
{
	mutex_init(&cache_lock, RANK_FS);
	wait_queue_init(&cache_wait);
	wait_queue_init(&closer_wait);
	for (unsigned i = 0; i < NODE_BUCKETS; i++)
		list_init(&buckets[i]);
	list_init(&idle_list);
	list_init(&dying_list);
	node_slab = cache_create("node", sizeof(struct node));
	if (!thread_create_kernel("closer", closer_thread, NULL))
		panic("no memory for the closer thread");
}

struct filesystem *fs_create(const struct fs_ops *ops, bool readonly)
{
	static volatile uint64_t next_dev = 1;
	struct filesystem *fs = kzalloc(sizeof *fs);

	if (!fs)
		return NULL;
	fs->ops = ops;
	fs->refs = 1;
	fs->readonly = readonly;
	fs->dev = __atomic_fetch_add(&next_dev, 1, __ATOMIC_RELAXED);
	return fs;
}

void fs_put(struct filesystem *fs)
{
	if (__atomic_sub_fetch(&fs->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (fs->ops->destroy)
		fs->ops->destroy(fs);
	if (fs->file_port)
		port_put(fs->file_port);
	if (fs->pager_port)
		port_put(fs->pager_port);
	kfree(fs);
}

/* ---- making and finding ---- */

struct node *node_create(struct filesystem *fs, const struct fs_attr *attr)
{
	struct node *n = cache_alloc(node_slab);

	if (!n)
		return NULL;
	memset(n, 0, sizeof *n);
	mutex_init(&n->lock, RANK_NODE);
	list_init(&n->hash_link);
	list_init(&n->lru_link);
	n->refs = 1;
	n->fs = fs;
	fs_get(fs);
	n->ino = attr->ino;
	n->mode = attr->mode;
	n->nlink = attr->nlink;
	n->size = attr->size;
	n->rdev = attr->rdev;
	n->uid = attr->uid;
	n->gid = attr->gid;
	n->flags = attr->flags;
	n->blocks = attr->blocks;
	n->atime = attr->atime;
	n->mtime = attr->mtime;
	n->ctime = attr->ctime;
	return n;
}

static void node_free(struct node *n)
{
	if (n->object) {
		spin_lock(&n->object->lock);
		n->object->node = NULL;
		spin_unlock(&n->object->lock);
		object_put(n->object);
	}
	if (n->fs->ops->free)
		n->fs->ops->free(n);
	fs_put(n->fs);
	cache_free(node_slab, n);
}

/*
 * The node in the hash, referenced, NULL when there is none. A closing one is waited for, which lets the lock go
 * meanwhile: *waited says so. err_ptr(-EINTR).
 */
static struct node *cache_find_locked(struct filesystem *fs, uint64_t ino, bool *waited)
{
	struct list *bucket = bucket_of(fs, ino);
again:
	list_for_each(link, bucket) {
		struct node *n = list_entry(link, struct node, hash_link);
		if (n->ino != ino || n->fs != fs)
			continue;
		if (n->closing) {
			*waited = true;
			int err = wait_on_mutex(&cache_wait, &cache_lock, WAIT_KILLABLE, UINT64_MAX);
			if (err)
				return err_ptr(err);
			goto again;
		}
		node_get(n);
		if (!list_empty(&n->lru_link)) {
			list_remove(&n->lru_link);
			idle_count--;
		}
		return n;
	}
	return NULL;
}

/* A node made of attr, with its pages' object, ready to go into the hash. */
static struct node *cache_create_node(struct filesystem *fs, const struct fs_attr *attr)
{
	struct node *n = node_create(fs, attr);

	if (!n)
		return NULL;
	n->cached = true;
	n->lookups = 1;
	if (!S_ISREG(attr->mode) || !fs->pager_port)
		return n;
	n->object = object_create_server(fs->pager_port, attr->ino, attr->size, false);
	if (!n->object) {
		node_free(n);
		return NULL;
	}
	n->object->node = n;
	return n;
}

/*
 * One attempt: finds the node, or makes it of attr unless something changed since `changes`. 0 with *out, 1: fetch the
 * attributes again, -errno. `made` is a node prepared outside the lock, taken over when it is used.
 */
static int cache_try(struct filesystem *fs, const struct fs_attr *attr, uint64_t changes, struct node **made,
                     struct node **out)
{
	bool waited = false;
	int err = 0;

	mutex_lock(&cache_lock);
	struct node *n = fs->state != FS_LIVE ? err_ptr(-EIO) : cache_find_locked(fs, attr->ino, &waited);
	if (is_err(n)) {
		err = (int)ptr_err(n);
	} else if (n) {
		n->lookups++;
		*out = n;
	} else if (waited || changes != cache_changes) {
		err = 1;
	} else {
		*out = *made;
		list_push_front(bucket_of(fs, attr->ino), &(*made)->hash_link);
		*made = NULL;
	}
	mutex_unlock(&cache_lock);
	return err;
}

/* Who only looks for it: the node of ino if it is in the cache, referenced and counted; NULL otherwise. */
static struct node *cache_peek(struct filesystem *fs, uint64_t ino, bool count)
{
	bool waited = false;

	mutex_lock(&cache_lock);
	struct node *n = cache_find_locked(fs, ino, &waited);
	if (is_err(n))
		n = NULL;
	if (n && count)
		n->lookups++;
	mutex_unlock(&cache_lock);
	return n;
}

int node_cache_get(struct filesystem *fs, const struct fs_attr *given, uint64_t changes, struct node **out)
{
	struct fs_attr attr = *given;
	int err = 1;

	*out = cache_peek(fs, attr.ino, true);
	if (likely(*out))
		return 0;
	while (err == 1) {
		struct node *made = cache_create_node(fs, &attr);
		err = made ? cache_try(fs, &attr, changes, &made, out) : -ENOMEM;
		if (made)
			node_free(made);
		if (err == 1) {
			changes = node_cache_changes();
			int fetched = fs->ops->getattr(fs, attr.ino, &attr);
			err = fetched ? fetched : 1;
		}
	}
	if (err && fs->ops->close)
		fs->ops->close(fs, given->ino, 1, NULL);
	return err;
}

void node_lost_name(struct filesystem *fs, uint64_t ino, uint32_t nlink)
{
	mutex_lock(&cache_lock);
	cache_changes++;
	mutex_unlock(&cache_lock);
	struct node *n = cache_peek(fs, ino, false);
	if (!n)
		return;
	mutex_lock(&n->lock);
	if (n->nlink)
		n->nlink = nlink;
	mutex_unlock(&n->lock);
	node_changed(n);
	node_put(n);
}

/* ---- letting go ---- */

/*
 * Write what is dirty, or drop it when the file has no name any more. An error leaves the node as it was. Dropping goes
 * through object_resize, which waits for transfers under way: none may reach a block that the server has freed.
 */
static int node_settle(struct node *n)
{
	struct object *o = n->object;

	if (!o || o->pager != PAGER_SERVER || n->fs->state == FS_GONE)
		return 0;
	if (n->nlink)
		return object_sync(o, 0, UINT64_MAX, false);
	if (o->pages.marked || o->writing)
		return object_resize(o, 0);
	return 0;
}

/* Out of the hash and freed; waiters look again. The server has been told. */
static void node_forget(struct node *n)
{
	mutex_lock(&cache_lock);
	list_remove(&n->hash_link);
	cache_changes++;
	wait_wake_all(&cache_wait);
	if (n->fs->detached)
		closer_wake_locked();
	mutex_unlock(&cache_lock);
	node_free(n);
}

static void node_close_settled(struct node *n)
{
	if (n->fs->ops->close && n->lookups && n->fs->state != FS_GONE)
		n->fs->ops->close(n->fs, n->ino, n->lookups, n);
	node_forget(n);
}

/* For the closer, who cannot be killed. */
static void leave_to_closer_locked(struct node *n)
{
	list_push_back(&dying_list, &n->lru_link);
	wait_wake_one(&closer_wait);
}

/*
 * n is marked closing, on no list, without references. Who is killed while it waits for transfers leaves n to the
 * closer: the server must not free blocks that one of them may still reach.
 */
static void node_close(struct node *n)
{
	int err = node_settle(n);

	if (err && thread_killed() && n->fs->state == FS_LIVE) {
		mutex_lock(&cache_lock);
		leave_to_closer_locked(n);
		mutex_unlock(&cache_lock);
		return;
	}
	if (err)
		klog(LOG_WARN, "file: inode %llu: its pages could not be settled", (unsigned long long)n->ino);
	node_close_settled(n);
}

static void node_put_last(struct node *n)
{
	enum { KEEP, CLOSE_HERE, CLOSE_LATER } what = KEEP;

	mutex_lock(&cache_lock);
	if (__atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL)) {
		mutex_unlock(&cache_lock);
		return;
	}
	if (n->nlink && n->fs->state == FS_LIVE) {
		list_push_back(&idle_list, &n->lru_link);
		idle_count++;
		if (n->fs->detached)
			closer_wake_locked();
	} else {
		n->closing = true;
		what = thread_killed() ? CLOSE_LATER : CLOSE_HERE;
	}
	if (what == CLOSE_LATER)
		leave_to_closer_locked(n);
	bool crowded = idle_count > NODE_IDLE_MAX;
	mutex_unlock(&cache_lock);
	if (what == CLOSE_HERE)
		node_close(n);
	if (unlikely(crowded))
		node_cache_shrink(8);
}

void node_put(struct node *n)
{
	uint32_t refs = n->refs;

	while (refs > 1)
		if (__atomic_compare_exchange_n(&n->refs, &refs, refs - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return;
	if (n->cached)
		node_put_last(n);
	else if (__atomic_sub_fetch(&n->refs, 1, __ATOMIC_ACQ_REL) == 0)
		node_free(n);
}

/* The oldest idle node (of fs, unless NULL), marked closing; NULL. */
static struct node *take_idle(const struct filesystem *fs)
{
	struct node *found = NULL;

	mutex_lock(&cache_lock);
	list_for_each(link, &idle_list) {
		struct node *n = list_entry(link, struct node, lru_link);
		if (fs && n->fs != fs)
			continue;
		list_remove(&n->lru_link);
		idle_count--;
		n->closing = true;
		found = n;
		break;
	}
	mutex_unlock(&cache_lock);
	return found;
}

/* Its dirty pages could not be written: keep it, as the youngest. */
static void give_back_idle(struct node *n)
{
	mutex_lock(&cache_lock);
	n->closing = false;
	list_push_back(&idle_list, &n->lru_link);
	idle_count++;
	wait_wake_all(&cache_wait);
	mutex_unlock(&cache_lock);
}

/* A server on the paging path must not wait for a server, perhaps itself; a thread being killed gets no answers. */
unsigned node_cache_shrink(unsigned want)
{
	unsigned gone = 0;

	if (thread_current()->pager || thread_killed())
		return 0;
	for (unsigned tries = 0; tries < want; tries++) {
		struct node *n = take_idle(NULL);
		if (!n)
			break;
		if (node_settle(n)) {
			give_back_idle(n);
			continue;
		}
		node_close_settled(n);
		gone++;
	}
	return gone;
}

/* ---- unmount ---- */

bool node_cache_written(struct filesystem *fs)
{
	bool written = false;

	mutex_lock(&cache_lock);
	for (unsigned i = 0; i < NODE_BUCKETS && !written; i++)
		list_for_each(link, &buckets[i]) {
			const struct node *n = list_entry(link, struct node, hash_link);
			written = written || (n->fs == fs && (n->claims > 0 || (n->refs && !n->nlink)));
		}
	mutex_unlock(&cache_lock);
	return written;
}

bool node_cache_busy(struct filesystem *fs, const struct node *root)
{
	bool busy = false;

	mutex_lock(&cache_lock);
	for (unsigned i = 0; i < NODE_BUCKETS && !busy; i++)
		list_for_each(link, &buckets[i]) {
			const struct node *n = list_entry(link, struct node, hash_link);
			busy = busy || (n->fs == fs && (n->closing || n->refs > (n == root)));
		}
	mutex_unlock(&cache_lock);
	return busy;
}

/* A node of fs that is in use and owes lookups, referenced; *lookups is what it owed. */
static struct node *take_lookups(const struct filesystem *fs, uint64_t *lookups)
{
	struct node *found = NULL;

	mutex_lock(&cache_lock);
	for (unsigned i = 0; i < NODE_BUCKETS && !found; i++)
		list_for_each(link, &buckets[i]) {
			struct node *n = list_entry(link, struct node, hash_link);
			if (n->fs != fs || n->closing || !n->refs || !n->lookups)
				continue;
			*lookups = n->lookups;
			n->lookups = 0;
			node_get(n);
			found = n;
			break;
		}
	mutex_unlock(&cache_lock);
	return found;
}

/*
 * Idle nodes go. Of those still in use the pages are written and the lookups given back, so that the server can free
 * what has no name; their holders get EIO for everything that needs the server.
 */
void node_cache_close_fs(struct filesystem *fs)
{
	struct node *n;
	uint64_t lookups;

	while ((n = take_idle(fs)))
		node_close(n);
	while ((n = take_lookups(fs, &lookups))) {
		if (node_settle(n))
			klog(LOG_WARN, "file: unmount: inode %llu: some pages could not be written", (unsigned long long)n->ino);
		if (fs->ops->close)
			fs->ops->close(fs, n->ino, lookups, n);
		node_put(n);
	}
}
