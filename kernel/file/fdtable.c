/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables, and the life of open files.
 *
 * A table maps small numbers to open files and holds one reference for each entry; behind the entries a bit for each
 * says close-on-exec. It starts with room for 32 and doubles up to MAX_FDS. Its spin lock (RANK_FDTABLE) guards everything
 * in it, and is held only to look or change: an open file is put after the lock is gone, because the last reference may
 * have to wait for a server.
 *
 * Processes whose table it is are counted by themselves (users): the last one to leave closes what is in it. Who looks at
 * the table of another (/proc, pidfd_getfd) only keeps its memory (refs). If one count were for both, a look would make an
 * execve take a copy and leave the locks of the process behind, and have the files of one that ends closed late.
 *
 * fd_get takes a reference, so a descriptor closed by another thread meanwhile does no harm to a system call at work.
 * Looking without a reference when a table has one user would save two atomic instructions, and was left out: it makes
 * every caller remember which kind it has.
 */
#include "file/epoll.h"

struct fdtable {
	struct spinlock lock;
	volatile uint32_t users;      /* processes */
	volatile uint32_t refs;       /* one for all users, one for each that looks */
	bool locks;                   /* (a) has owned a lock on some file: filelock.c */
	unsigned room;
	unsigned lowest;              /* no free entry lies below */
	struct file **file;
	uint64_t *cloexec;            /* in the same memory, behind the entries */
};

static struct cache *file_cache;
uint32_t file_max;
volatile uint32_t files_open;

void file_caches_init(void)
{
	file_cache = cache_create("file", sizeof(struct file));
	file_max = (uint32_t)MAX(frames_total() * PAGE_SIZE / 1024 / 10, 8192ul); /* Linux's measure: a tenth of memory */
}

/* ---- gates ---- */

enum { GATE_OPEN, GATE_SHUT, GATE_WANTED /* shut, and somebody waits */ };

void gate_init(struct gate *g)
{
	g->state = GATE_OPEN;
	spin_init(&g->lock, RANK_PORT);
	wait_queue_init(&g->wait);
}

static int gate_enter_slow(struct gate *g)
{
	int err = 0;

	spin_lock(&g->lock);
	/*
	 * Not once more after an error: the exchange is what enters, and who was killed would leave the gate shut for ever.
	 */
	while (!err && __atomic_exchange_n(&g->state, GATE_WANTED, __ATOMIC_ACQUIRE) != GATE_OPEN)
		err = wait_on(&g->wait, &g->lock, WAIT_KILLABLE, UINT64_MAX);
	spin_unlock(&g->lock);
	return err;
}

int gate_enter(struct gate *g)
{
	uint32_t open = GATE_OPEN;

	if (likely(__atomic_compare_exchange_n(&g->state, &open, GATE_SHUT, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		return 0;
	return gate_enter_slow(g);
}

void gate_leave(struct gate *g)
{
	if (likely(__atomic_exchange_n(&g->state, GATE_OPEN, __ATOMIC_RELEASE) == GATE_SHUT))
		return;
	spin_lock(&g->lock);
	wait_wake_one(&g->wait);
	spin_unlock(&g->lock);
}

/* ---- open files ---- */

struct file *file_create(enum file_kind kind, const struct file_ops *ops, uint32_t flags, void *data)
{
	struct file *f = cache_alloc(file_cache);

	if (!f)
		return NULL;
	memset(f, 0, sizeof *f);
	__atomic_add_fetch(&files_open, 1, __ATOMIC_RELAXED);
	f->refs = 1;
	f->kind = kind;
	f->flags = flags;
	f->ops = ops;
	f->data = data;
	gate_init(&f->pos_gate);
	return f;
}

bool file_try_get(struct file *f)
{
	uint32_t refs = f->refs;

	while (refs && !__atomic_compare_exchange_n(&f->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		;
	return refs;
}

void file_put(struct file *f)
{
	if (likely(__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL)))
		return;
	if (unlikely(f->watched))
		epoll_forget(f);
	if (unlikely(f->owner))
		async_forget(f);
	if (unlikely(f->locked))
		filelocks_drop_file(f);
	if (f->ops->release)
		f->ops->release(f);
	if (f->claim)
		node_unclaim(f->node, f->claim);
	if (f->node)
		node_put(f->node);
	kfree(f->path);
	cache_free(file_cache, f);
	__atomic_sub_fetch(&files_open, 1, __ATOMIC_RELAXED);
}

int files_room(void)
{
	return unlikely(files_open >= file_max) && !capable(CAP_SYS_ADMIN) ? -ENFILE : 0;
}

/* ---- tables ---- */

static size_t cloexec_bytes(unsigned room) { return (room + 63) / 64 * sizeof(uint64_t); }

static struct file **entries_create(unsigned room)
{
	return kzalloc(room * sizeof(struct file *) + cloexec_bytes(room));
}

static struct fdtable *table_create(unsigned room)
{
	struct fdtable *t = kzalloc(sizeof *t);

	if (!t)
		return NULL;
	t->file = entries_create(room);
	if (!t->file) {
		kfree(t);
		return NULL;
	}
	t->cloexec = (uint64_t *)(t->file + room);
	spin_init(&t->lock, RANK_FDTABLE);
	t->users = t->refs = 1;
	t->room = room;
	return t;
}

struct fdtable *fdtable_create(void)
{
	return table_create(32);
}

void fdtable_join(struct fdtable *t)
{
	__atomic_add_fetch(&t->users, 1, __ATOMIC_RELAXED);
}

void fdtable_get(struct fdtable *t)
{
	__atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
}

/* The room may grow while the copy is allocated without the lock: then again. */
struct fdtable *fdtable_copy(struct fdtable *t)
{
	for (;;) {
		unsigned room = t->room;
		struct fdtable *copy = table_create(room);
		if (!copy)
			return NULL;
		spin_lock(&t->lock);
		if (t->room == room) {
			for (unsigned i = 0; i < room; i++)
				if ((copy->file[i] = t->file[i]))
					file_get(copy->file[i]);
			memcpy(copy->cloexec, t->cloexec, cloexec_bytes(room));
			copy->lowest = t->lowest;
			spin_unlock(&t->lock);
			return copy;
		}
		spin_unlock(&t->lock);
		fdtable_leave(copy);
	}
}

static bool cloexec_test(const struct fdtable *t, unsigned fd)
{
	return t->cloexec[fd / 64] >> (fd % 64) & 1;
}

static void cloexec_set(struct fdtable *t, unsigned fd, bool on)
{
	uint64_t bit = 1ul << (fd % 64);

	t->cloexec[fd / 64] = on ? t->cloexec[fd / 64] | bit : t->cloexec[fd / 64] & ~bit;
}

/* The file out of entry fd, whose reference the caller now has; NULL when it was free. */
static struct file *take_entry_locked(struct fdtable *t, unsigned fd)
{
	struct file *f = t->file[fd];

	t->file[fd] = NULL;
	cloexec_set(t, fd, false);
	t->lowest = MIN(t->lowest, fd);
	return f;
}

/* f has been taken out of an entry of t: the table's locks on the file end, and the entry's reference. */
static void entry_put(struct fdtable *t, struct file *f)
{
	if (unlikely(t->locks) && !(f->flags & O_PATH))
		filelocks_drop_table(f, t);
	file_put(f);
}

void fdtable_note_locks(struct fdtable *t)
{
	t->locks = true;
}

static void close_entries(struct fdtable *t, unsigned first, unsigned last, bool only_cloexec)
{
	for (unsigned fd = first; fd <= last && fd < t->room; fd++) {
		spin_lock(&t->lock);
		struct file *f = fd < t->room && (!only_cloexec || cloexec_test(t, fd)) ? take_entry_locked(t, fd) : NULL;
		spin_unlock(&t->lock);
		if (f)
			entry_put(t, f);
	}
}

void fdtable_put(struct fdtable *t)
{
	if (__atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL))
		return;
	kfree(t->file);
	kfree(t);
}

void fdtable_leave(struct fdtable *t)
{
	if (__atomic_sub_fetch(&t->users, 1, __ATOMIC_ACQ_REL))
		return;
	close_entries(t, 0, MAX_FDS, false);
	fdtable_put(t);
}

void fdtable_close_on_exec(struct fdtable *t)
{
	close_entries(t, 0, MAX_FDS, true);
}

/* Make room for entry fd; -ENOMEM, -EMFILE. The heap does not sleep, so the lock stays. */
static int grow_locked(struct fdtable *t, unsigned fd)
{
	unsigned room = t->room;

	if (fd < room)
		return 0;
	if (fd >= MAX_FDS)
		return -EMFILE;
	while (room <= fd)
		room *= 2;
	struct file **more = entries_create(room);
	if (!more)
		return -ENOMEM;
	memcpy(more, t->file, t->room * sizeof *more);
	memcpy(more + room, t->cloexec, cloexec_bytes(t->room));
	kfree(t->file);
	t->file = more;
	t->cloexec = (uint64_t *)(more + room);
	t->room = room;
	return 0;
}

static unsigned fd_limit(void)
{
	return (unsigned)MIN(proc_rlimit(RLIMIT_NOFILE), (uint64_t)MAX_FDS);
}

static struct fdtable *table_current(void)
{
	return proc_current()->files;
}

/* ---- descriptors of the current process ---- */

/* Into both callers: every system call with a descriptor pays for this. */
static inline __attribute__((always_inline)) struct file *entry_get(struct fdtable *t, int fd)
{
	struct file *f = NULL;

	spin_lock(&t->lock);
	if (likely((unsigned)fd < t->room)) {
		f = t->file[fd];
		if (likely(f))
			file_get(f);
	}
	spin_unlock(&t->lock);
	return f;
}

struct file *fdtable_file(struct fdtable *t, int fd)
{
	return entry_get(t, fd);
}

bool fdtable_cloexec(struct fdtable *t, int fd)
{
	spin_lock(&t->lock);
	bool on = (unsigned)fd < t->room && cloexec_test(t, (unsigned)fd);
	spin_unlock(&t->lock);
	return on;
}

unsigned fdtable_room(struct fdtable *t)
{
	return MAX(t->room, 64u);
}

struct file *fd_get(int fd)
{
	return entry_get(table_current(), fd);
}

int fd_install(struct file *f, int at_least, bool cloexec)
{
	struct fdtable *t = table_current();
	unsigned limit = fd_limit();

	spin_lock(&t->lock);
	unsigned fd = MAX((unsigned)at_least, t->lowest);
	while (fd < t->room && t->file[fd])
		fd++;
	int err = fd >= limit ? -EMFILE : grow_locked(t, fd);
	if (!err) {
		if ((unsigned)at_least <= t->lowest)
			t->lowest = fd + 1;
		t->file[fd] = f;
		cloexec_set(t, fd, cloexec);
	}
	spin_unlock(&t->lock);
	return err ? err : (int)fd;
}

int fd_give(struct file *f, bool cloexec)
{
	if (!f || is_err(f))
		return f ? (int)ptr_err(f) : -ENOMEM;
	int fd = fd_install(f, 0, cloexec);
	if (fd < 0)
		file_put(f);
	return fd;
}

int fd_give_pair(struct file *end[2], bool cloexec, vaddr_t user)
{
	int32_t fd[2] = { fd_give(end[0], cloexec), -1 };

	if (fd[0] < 0) {
		file_put(end[1]);
		return fd[0];
	}
	fd[1] = fd_give(end[1], cloexec);
	int err = fd[1] < 0 ? fd[1] : copy_to_user(user, fd, sizeof fd);
	if (!err)
		return 0;
	fd_close(fd[0]);
	if (fd[1] >= 0)
		fd_close(fd[1]);
	return err;
}

int fd_room(void)
{
	struct fdtable *t = table_current();
	unsigned limit = fd_limit();

	spin_lock(&t->lock);
	unsigned fd = t->lowest;
	while (fd < t->room && t->file[fd])
		fd++;
	spin_unlock(&t->lock);
	return fd >= limit ? -EMFILE : files_room();
}

int fd_close(int fd)
{
	struct fdtable *t = table_current();
	struct file *f = NULL;

	spin_lock(&t->lock);
	if ((unsigned)fd < t->room)
		f = take_entry_locked(t, (unsigned)fd);
	spin_unlock(&t->lock);
	if (!f)
		return -EBADF;
	entry_put(t, f);
	return 0;
}

int fdtable_unshare(void)
{
	struct proc *p = proc_current();
	struct fdtable *t = p->files;

	if (t->users == 1)
		return 0;
	if (p->nthreads > 1)
		return -EINVAL;
	struct fdtable *own = fdtable_copy(t);
	if (!own)
		return -ENOMEM;
	spin_lock(&p->lock);
	p->files = own;
	spin_unlock(&p->lock);
	fdtable_leave(t);
	return 0;
}

int fd_close_range(unsigned first, unsigned last, bool cloexec, bool unshare)
{
	int err = unshare ? fdtable_unshare() : 0;
	struct fdtable *t = table_current();

	if (err)
		return err;
	if (!cloexec) {
		close_entries(t, first, last, false);
		return 0;
	}
	spin_lock(&t->lock);
	for (unsigned fd = first; fd <= last && fd < t->room; fd++)
		if (t->file[fd])
			cloexec_set(t, fd, true);
	spin_unlock(&t->lock);
	return 0;
}

int fd_dup_to(int oldfd, int newfd, bool cloexec)
{
	struct fdtable *t = table_current();
	struct file *f = fd_get(oldfd), *closed = NULL;
	int err = 0;

	if (!f)
		return -EBADF;
	if (oldfd == newfd || (unsigned)newfd >= fd_limit()) {
		file_put(f);
		return oldfd == newfd ? newfd : -EBADF;
	}
	spin_lock(&t->lock);
	err = grow_locked(t, (unsigned)newfd);
	if (!err) {
		closed = t->file[newfd];
		t->file[newfd] = f;
		cloexec_set(t, (unsigned)newfd, cloexec);
	}
	spin_unlock(&t->lock);
	if (err)
		file_put(f);
	else if (closed)
		entry_put(t, closed);
	return err ? err : newfd;
}

int fd_set_cloexec(int fd, bool on)
{
	struct fdtable *t = table_current();
	int err = -EBADF;

	spin_lock(&t->lock);
	if ((unsigned)fd < t->room && t->file[fd]) {
		cloexec_set(t, (unsigned)fd, on);
		err = 0;
	}
	spin_unlock(&t->lock);
	return err;
}

int fd_get_cloexec(int fd)
{
	struct fdtable *t = table_current();
	int on = -EBADF;

	spin_lock(&t->lock);
	if ((unsigned)fd < t->room && t->file[fd])
		on = cloexec_test(t, (unsigned)fd);
	spin_unlock(&t->lock);
	return on;
}
