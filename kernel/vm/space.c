/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: their beginning and end, and munmap. What makes VMAs is in map.c, what changes their rights in
 * protect.c, what moves them in remap.c.
 *
 * Everything that changes VMAs holds the space's lock. What must not happen under it is put off: freeing a VMA may
 * close a file, and closing may ask a server, so dead VMAs are gathered on a list (by object_link, free once detached)
 * and freed after the unlock. Order when a range goes:
 *
 *      split the VMAs at both ends        may fail, nothing has changed yet
 *      leave the tables that are shared   may fail, for a table that is left in part is copied; nothing has changed yet
 *      clear the PTEs, flush, free pages  the VMAs are still on their objects' lists: a truncation finds what is mapped
 *      detach the VMAs from objects       from here on no walk from an object comes to these tables
 *      free the tables
 *      unlock, free the VMAs
 */
#include "vm/vm_impl.h"

#define SPACE_TOP (pt_span(PT_LEVELS - 1) * (PT_ENTRIES / 2)) /* where the user's half of the root table ends */

struct list all_spaces = LIST_INIT(all_spaces);
static struct cache *space_cache;
struct page *zero_page;

void vm_init(void)
{
	space_cache = cache_create("space", sizeof(struct space));
	vma_cache = cache_create("vma", sizeof(struct vma));
	object_init();
	pager_init();
	vm_tunable.min_free_kbytes = (uint32_t)(frames_reserve() * PAGE_SIZE / 1024);
	zero_page = page_alloc(0, ALLOC_ZERO);
	assert(zero_page);
	commit_init();
}

struct space *space_create(void)
{
	struct space *s = cache_alloc(space_cache);

	if (!s)
		return NULL;
	memset(s, 0, sizeof *s);
	if (arch_space_init(&s->arch)) {
		cache_free(space_cache, s);
		return NULL;
	}
	mutex_init(&s->lock, RANK_SPACE);
	spin_init(&s->links, RANK_LINKS);
	s->refs = 1;
	s->stack_limit = STACK_LIMIT;
	s->mmap_top = MMAP_TOP;
	vma_tree_init(s);
	spin_lock(&registry_lock);
	list_push_back(&all_spaces, &s->all_link);
	spin_unlock(&registry_lock);
	return s;
}

void space_load(struct space *s)
{
	arch_space_load(s ? &s->arch : NULL);
}

void space_free_dead(struct list *dead)
{
	for (struct list *n; (n = list_pop_front(dead));)
		vma_free(list_entry(n, struct vma, object_link));
}

/* v's entries are gone; now the VMA and what it was charged. */
static void discard(struct space *s, struct vma *v, struct list *dead)
{
	if (v->flags & VMA_ACCOUNT)
		commit_release((v->end - v->start) >> PAGE_SHIFT);
	vma_detach(v);
	vma_remove(s, v);
	list_push_back(dead, &v->object_link);
}

/* No CPU may use the space any more; the tables' own frames go with the last reference. */
void space_put(struct space *s)
{
	struct list dead = LIST_INIT(dead);
	struct zap z;

	if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (cpu_this()->space == &s->arch)
		arch_space_load(NULL);
	arch_space_evict(&s->arch);
	spin_lock(&registry_lock);
	list_remove(&s->all_link);
	spin_unlock(&registry_lock);

	mutex_lock(&s->lock);
	zap_init(&z, s);
	for (struct rb_node *n; (n = rb_first(&s->vmas));) {
		struct vma *v = vma_of(n);
		(void)table_leave(s, v->start, v->end, 0, SPACE_TOP); /* nothing is kept: cannot fail */
		table_zap(&z, v->start, v->end, false);
		zap_finish(&z);
		discard(s, v, &dead);
	}
	table_destroy(s);
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	arch_space_destroy(&s->arch);
	cache_free(space_cache, s);
}

/* ---- unmap ---- */

/* Cut VMAs so that none straddles start or end. */
static int split_at_edges(struct space *s, vaddr_t start, vaddr_t end)
{
	struct vma *v = vma_find(s, start);

	if (v && v->start < start) {
		if (v->end > end && s->nvmas >= vm_tunable.max_map_count)
			return -ENOMEM;
		if (vma_may_end(v, start))
			return -EINVAL;
		if (!vma_split(s, v, start))
			return -ENOMEM;
	}
	v = vma_find(s, end - 1);
	if (v && v->start < end && v->end > end) {
		if (vma_may_end(v, end))
			return -EINVAL;
		if (!vma_split(s, v, end))
			return -ENOMEM;
	}
	return 0;
}

/* The range is about to go; no VMA straddles its ends, v is the first in it. */
static int leave_shared(struct space *s, const struct vma *v, vaddr_t end)
{
	if (!table_any_shared(s, v->start, end))
		return 0;
	const struct vma *below = vma_prev(v), *above = vma_find(s, end);

	return table_leave(s, v->start, end, below ? below->end : 0, above ? above->start : SPACE_TOP);
}

int space_unmap_locked(struct space *s, vaddr_t start, vaddr_t end, struct list *dead)
{
	int err = split_at_edges(s, start, end);
	struct vma *v = vma_find(s, start), *next;
	struct zap z;

	if (err || !v || v->start >= end)
		return err;
	if (unlikely(s->shared_links) && leave_shared(s, v, end))
		return -ENOMEM;
	struct vma *prev = vma_prev(v);
	vaddr_t floor = prev ? prev->end : 0;
	zap_init(&z, s);
	table_zap(&z, v->start, end, false);
	zap_finish(&z);
	vaddr_t first = v->start;
	for (; v && v->start < end; v = next) {
		next = vma_next(v);
		discard(s, v, dead);
	}
	table_free(s, first, end, floor, v ? v->start : SPACE_TOP);
	return 0;
}

int space_unmap(struct space *s, vaddr_t addr, size_t len)
{
	struct list dead = LIST_INIT(dead);

	len = ALIGN_UP(len, PAGE_SIZE);
	if (addr & PAGE_MASK || !len || addr >= USER_END || len > USER_END - addr)
		return -EINVAL;
	mutex_lock(&s->lock);
	int err = space_unmap_locked(s, addr, addr + len, &dead);
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	return err;
}
