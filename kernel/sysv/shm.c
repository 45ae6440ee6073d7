/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory.
 *
 * A segment is a memory file without a name (file/tmpfs.c) that a number and a key lead to, so its pages are those of
 * every other shared memory. shmat maps it through an open file of its own, and each piece of that mapping is an
 * attachment:
 *
 *      segment ──► node ──► object ◄── VMAs: as many as there are is the count of attachments
 *         ▲                              │
 *         └───── open file of an shmat ◄─┘  `unmapped` is called whenever one of its VMAs goes
 *
 * Nothing is counted besides: fork and a mapping that is cut in two make more VMAs, exit and execve take them away. A
 * segment that is marked (IPC_RMID) goes with its last VMA; until then its number still works, and its key does not. An
 * attachment being made counts too (`attaching`), so that the segment cannot go under it.
 *
 * The table's lock guards segments. Mapping and unmapping are done without it.
 */
#include "sysv/sysv.h"

struct segment {
	struct ipc ipc;            /* first */
	struct node *node;         /* (c) referenced */
	uint64_t size;             /* (c) bytes, as asked for */
	unsigned attaching;        /* shmat under way */
	uint32_t locker;           /* SHM_LOCKED: whose limit its pages count against */
	int64_t atime, dtime, ctime;
	int cpid, lpid;
};

static struct ipc_table table;
static uint64_t total_pages;   /* (table's lock) of all segments */

void shm_init(void) { ipc_table_init(&table); }

static uint64_t pages_of(uint64_t size)
{
	return (size + PAGE_MASK) >> PAGE_SHIFT;
}

static uint64_t attachments(const struct segment *s)
{
	struct object *o = s->node->object;
	uint64_t n = 0;

	spin_lock(&o->lock);
	list_for_each(link, &o->vmas)
		n++;
	spin_unlock(&o->lock);
	return n;
}

/* The node goes after the lock has been let go: NULL, or what the caller puts. */
static struct node *remove_if_unused_locked(struct segment *s)
{
	struct node *n = s->node;

	if (!(s->ipc.mode & SHM_DEST) || s->attaching || attachments(s))
		return NULL;
	ipc_remove_locked(&table, &s->ipc);
	total_pages -= pages_of(s->size);
	kfree(s);
	return n;
}

static void put_node(struct node *n)
{
	if (n)
		node_put(n);
}

/* ---- shmget ---- */

static int check_size(uint64_t size, int flags)
{
	uint64_t npages = pages_of(size);

	if (!size || size > sysv_limits.shmmax)
		return -EINVAL;
	if (npages << PAGE_SHIFT < size || npages + total_pages < npages || npages + total_pages > sysv_limits.shmall)
		return -ENOSPC;
	if (flags & SHM_HUGETLB) /* there are no huge pages */
		return huge_pages_shift((unsigned)flags >> SHM_HUGE_SHIFT & SHM_HUGE_MASK) ? -ENOMEM : -EINVAL;
	return 0;
}

static int segment_create(uint64_t size, int flags, struct ipc **out)
{
	int err = check_size(size, flags);

	if (err)
		return err;
	uint64_t npages = pages_of(size);
	bool reserve = !(flags & SHM_NORESERVE) || commit_reserves();
	struct segment *s = kzalloc(sizeof *s);
	err = !s ? -ENOMEM : reserve ? commit_charge(NULL, npages) : 0;
	if (!err) {
		err = memory_node_create(&s->node);
		if (err && reserve)
			commit_release(npages);
	}
	if (err) {
		kfree(s);
		return err;
	}
	s->node->object->size = s->size = size;
	if (reserve) {
		s->node->object->by_page = false;
		s->node->object->charged = npages;
	}
	s->cpid = proc_current()->pid;
	s->ctime = ipc_now();
	*out = &s->ipc;
	return 0;
}

static int segment_fits(const struct ipc *i, uint64_t size)
{
	return ((const struct segment *)i)->size < size ? -EINVAL : 0;
}

static void segment_added_locked(struct ipc *i)
{
	struct segment *s = (struct segment *)i;

	total_pages += pages_of(s->size);
	s->node->ino = i->id;
}

static void segment_discard(struct ipc *i)
{
	node_put(((struct segment *)i)->node);
	kfree(i);
}

int64_t shm_get(int32_t key, uint64_t size, int flags)
{
	static const struct ipc_kind segments = { segment_fits, segment_create, segment_added_locked, segment_discard };

	return ipc_get(&table, &segments, key, size, flags, sysv_limits.shmmni);
}

/* ---- shmat ---- */

/* A VMA of some attachment has gone. */
static void shm_unmapped(struct file *f)
{
	struct node *dead = NULL;

	mutex_lock(&table.lock);
	struct segment *s = (struct segment *)ipc_find_locked(&table, (int)f->node->ino);
	if (!is_err(s) && s->node == f->node) {
		s->dtime = ipc_now();
		s->lpid = proc_current() ? proc_current()->pid : 0;
		dead = remove_if_unused_locked(s);
	}
	mutex_unlock(&table.lock);
	put_node(dead);
}

static int shm_stat(struct file *f, struct abi_stat *st)
{
	node_stat(f->node, st);
	return 0;
}

/* madvise(MADV_REMOVE) punches holes. */
static int shm_fallocate(struct file *f, unsigned mode, uint64_t off, uint64_t len)
{
	bool punch = mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);

	return punch ? object_punch(f->node->object, off, len) : -EOPNOTSUPP;
}

static const struct file_ops shm_file_ops = { .stat = shm_stat, .fallocate = shm_fallocate, .unmapped = shm_unmapped };

static struct file *open_segment(struct segment *s, bool read_only)
{
	char *name = kmalloc(sizeof "/SYSV00000000");
	struct file *f = name ? file_create(FILE_NODE, &shm_file_ops, read_only ? O_RDONLY : O_RDWR, NULL) : NULL;

	if (!f) {
		kfree(name);
		return NULL;
	}
	ksnprintf(name, sizeof "/SYSV00000000", "/SYSV%08x", (unsigned)s->ipc.key);
	f->path = name;
	f->node = s->node;
	node_get(s->node);
	return f;
}

/* The segment, which cannot go until shm_attach gives it back. */
static struct segment *begin_attach(int id, int flags, struct file **file)
{
	uint32_t access = flags & SHM_RDONLY ? 0444 : 0666;

	mutex_lock(&table.lock);
	struct segment *s = (struct segment *)ipc_find_locked(&table, id);
	if (!is_err(s) && !ipc_allowed(&s->ipc, access | (flags & SHM_EXEC ? 0111 : 0)))
		s = err_ptr(-EACCES);
	if (!is_err(s)) {
		*file = open_segment(s, flags & SHM_RDONLY);
		if (*file)
			s->attaching++;
		else
			s = err_ptr(-ENOMEM);
	}
	mutex_unlock(&table.lock);
	return s;
}

static void end_attach(struct segment *s, bool attached)
{
	mutex_lock(&table.lock);
	s->attaching--;
	if (attached) {
		s->atime = ipc_now();
		s->lpid = proc_current()->pid;
	}
	struct node *dead = remove_if_unused_locked(s);
	mutex_unlock(&table.lock);
	put_node(dead);
}

static int check_place(vaddr_t *addr, int flags)
{
	if (!*addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (*addr & PAGE_MASK) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		*addr = ALIGN_DOWN(*addr, PAGE_SIZE);
		if (!*addr && flags & SHM_REMAP)
			return -EINVAL;
	}
	return 0;
}

static int map_segment(struct file *f, uint64_t size, vaddr_t *addr, int flags, bool fixed)
{
	struct object *o = f->node->object;
	bool read_only = flags & SHM_RDONLY;
	struct mapping m = { .prot = PROT_READ, .flags = MAP_SHARED, .object = o, .file = f };

	m.prot |= (read_only ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
	if (fixed)
		m.flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	if (read_only)
		m.denied = VMA_SHARED | VMA_MAYWRITE;
	else
		(void)object_begin_map(o, true, &m.counted);
	int err = space_mmap(thread_current()->space, addr, ALIGN_UP(size, PAGE_SIZE), &m);
	if (m.counted)
		object_end_map(o);
	return err == -EEXIST ? -EINVAL : err;
}

int64_t shm_attach(int id, vaddr_t addr, int flags)
{
	bool fixed = addr; /* also where SHM_RND makes 0 of it */
	struct file *f;
	int err = id < 0 ? -EINVAL : check_place(&addr, flags);

	if (err)
		return err;
	struct segment *s = begin_attach(id, flags, &f);
	if (is_err(s))
		return ptr_err(s);
	if (addr && !(flags & SHM_REMAP) && addr + s->size < addr)
		err = -EINVAL;
	if (!err)
		err = map_segment(f, s->size, &addr, flags, fixed);
	file_put(f);
	end_attach(s, !err);
	return err ? err : (int64_t)addr;
}

/* ---- shmdt ---- */

/* The pieces that are left of the attachment that began at `addr`. */
struct search { vaddr_t addr; struct file *file; vaddr_t start, end; };

static bool visit(struct vma *v, void *arg)
{
	struct search *s = arg;
	bool of_it = v->file && v->file->ops == &shm_file_ops && v->start - (v->pgoff << PAGE_SHIFT) == s->addr &&
	             (!s->file || v->file == s->file);

	if (!of_it)
		return true;
	if (!s->file) {
		s->file = v->file;
		file_get(v->file);
	}
	s->start = v->start;
	s->end = v->end;
	return false;
}

int64_t shm_detach(vaddr_t addr)
{
	struct space *space = thread_current()->space;
	struct search s = { .addr = addr };

	if (addr & PAGE_MASK)
		return -EINVAL;
	for (vaddr_t from = addr;; from = s.end) {
		s.start = s.end = 0;
		space_visit(space, from, visit, &s);
		if (!s.end)
			break;
		int err = space_unmap(space, s.start, s.end - s.start);
		if (err) {
			file_put(s.file);
			return err;
		}
	}
	if (!s.file)
		return -EINVAL;
	file_put(s.file);
	return 0;
}

/* ---- shmctl ---- */

static void stat_locked(const struct segment *s, struct abi_shmid_ds *ds)
{
	*ds = (struct abi_shmid_ds){ .shm_segsz = s->size, .shm_atime = s->atime, .shm_dtime = s->dtime,
	                             .shm_ctime = s->ctime, .shm_cpid = s->cpid, .shm_lpid = s->lpid,
	                             .shm_nattch = attachments(s) };
	ipc_stat(&s->ipc, &ds->shm_perm);
}

static int64_t control_stat(int id, int cmd, vaddr_t buf)
{
	struct abi_shmid_ds ds;

	mutex_lock(&table.lock);
	struct ipc *i = ipc_find_stat_locked(&table, id, cmd != IPC_STAT, cmd == SHM_STAT_ANY);
	int64_t result = is_err(i) ? ptr_err(i) : 0;
	if (!result) {
		stat_locked((struct segment *)i, &ds);
		result = cmd == IPC_STAT ? 0 : (int64_t)i->id;
	}
	mutex_unlock(&table.lock);
	return result >= 0 && copy_to_user(buf, &ds, sizeof ds) ? -EFAULT : result;
}

static int64_t control_info(vaddr_t buf)
{
	struct abi_shminfo info = { .shmmax = sysv_limits.shmmax, .shmmin = 1, .shmmni = sysv_limits.shmmni,
	                            .shmseg = sysv_limits.shmmni, .shmall = sysv_limits.shmall };

	mutex_lock(&table.lock);
	int64_t highest = ipc_max_index_locked(&table);
	mutex_unlock(&table.lock);
	return copy_to_user(buf, &info, sizeof info) ? -EFAULT : highest;
}

static int64_t control_usage(vaddr_t buf)
{
	struct abi_shm_info info = { .used_ids = 0 };

	mutex_lock(&table.lock);
	info.used_ids = (int32_t)table.used;
	info.shm_tot = total_pages;
	for (unsigned i = 0; i < table.room; i++)
		if (table.slots[i])
			info.shm_rss += ((struct segment *)table.slots[i])->node->object->pages.count;
	int64_t highest = ipc_max_index_locked(&table);
	mutex_unlock(&table.lock);
	return copy_to_user(buf, &info, sizeof info) ? -EFAULT : highest;
}

/* Who owns it may undo what his limit does not let him do any more. */
static bool may_lock(const struct segment *s, int cmd)
{
	uint32_t uid = proc_current()->euid;
	bool owns = uid == s->ipc.uid || uid == s->ipc.cuid;
	return capable(CAP_IPC_LOCK) || (owns && (cmd == SHM_UNLOCK || proc_rlimit(RLIMIT_MEMLOCK)));
}

/* SHM_LOCK: pages without a server never leave memory, so all that is to do is counting. -ENOMEM: over RLIMIT_MEMLOCK */
static int lock_locked(struct segment *s)
{
	uint64_t npages = pages_of(s->size);
	uint32_t uid = proc_current()->uid;

	if (s->ipc.mode & SHM_LOCKED)
		return 0;
	for (unsigned i = 0; i < table.room; i++) {
		const struct segment *other = (struct segment *)table.slots[i];
		if (other && other->ipc.mode & SHM_LOCKED && other->locker == uid)
			npages += pages_of(other->size);
	}
	if (npages > proc_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT && !capable(CAP_IPC_LOCK))
		return -ENOMEM;
	s->locker = uid;
	s->ipc.mode |= SHM_LOCKED;
	return 0;
}

static int change_locked(struct segment *s, int cmd, const struct abi_shmid_ds *ds)
{
	bool locking = cmd == SHM_LOCK || cmd == SHM_UNLOCK;
	if (locking ? !may_lock(s, cmd) : !ipc_owned(&s->ipc))
		return -EPERM;
	switch (cmd) {
	case IPC_RMID:
		s->ipc.key = IPC_PRIVATE;
		s->ipc.mode |= SHM_DEST;
		break;
	case IPC_SET:
		if (ipc_set(&s->ipc, &ds->shm_perm))
			return -EINVAL;
		s->ctime = ipc_now();
		break;
	case SHM_LOCK:
		return lock_locked(s);
	case SHM_UNLOCK:
		s->ipc.mode &= ~(uint32_t)SHM_LOCKED;
		break;
	}
	return 0;
}

static int64_t control_change(int id, int cmd, vaddr_t buf)
{
	struct node *dead = NULL;
	struct abi_shmid_ds ds;

	if (cmd == IPC_SET && copy_from_user(&ds, buf, sizeof ds))
		return -EFAULT;
	mutex_lock(&table.lock);
	struct segment *s = (struct segment *)ipc_find_locked(&table, id);
	int err = is_err(s) ? (int)ptr_err(s) : change_locked(s, cmd, &ds);
	if (!err)
		dead = remove_if_unused_locked(s);
	mutex_unlock(&table.lock);
	put_node(dead);
	return err;
}

int64_t shm_control(int id, int cmd, vaddr_t buf)
{
	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return control_info(buf);
	case SHM_INFO:
		return control_usage(buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return control_stat(id, cmd, buf);
	case IPC_RMID:
	case IPC_SET:
	case SHM_LOCK:
	case SHM_UNLOCK:
		return control_change(id, cmd, buf);
	}
	return -EINVAL;
}

void shm_show(struct text *t)
{
	struct abi_shmid_ds d;

	text_puts(t, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      "
	             "ctime                   rss                  swap\n");
	mutex_lock(&table.lock);
	for (unsigned i = 0; i < table.room; i++) {
		const struct segment *s = (struct segment *)table.slots[i];
		if (!s)
			continue;
		stat_locked(s, &d);
		text_printf(t, "%10d %10d  %4u %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lu %10lu %10lu %21lu %21lu\n", s->ipc.key,
		            (int)s->ipc.id, ipc_mode_digits(&s->ipc), d.shm_segsz, (unsigned)d.shm_cpid, (unsigned)d.shm_lpid,
		            d.shm_nattch, s->ipc.uid, s->ipc.gid, s->ipc.cuid, s->ipc.cgid, (uint64_t)d.shm_atime,
		            (uint64_t)d.shm_dtime, (uint64_t)d.shm_ctime, s->node->object->pages.count << PAGE_SHIFT, 0ul);
	}
	mutex_unlock(&table.lock);
}
