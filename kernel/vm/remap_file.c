/* SPDX-License-Identifier: MIT */
/*
 * remap_file_pages(2): a range of a shared mapping shall show other pages of its file. It was meant for one VMA with
 * pages in any order; since Linux 4.0 it is nothing but an mmap of the range over itself, and so it is here: each range
 * that is out of order is a VMA.
 *
 * The range may span VMAs that differ in their offsets only. Between the look at them and the mapping the lock is let
 * go: what another thread changes meanwhile is mapped over, as if it had come before.
 */
#include "vm/vm_impl.h"

/* [start, end) is one mapping but for the offsets: v begins it. */
static bool is_one_mapping(const struct vma *v, vaddr_t end)
{
	for (const struct vma *at = v, *next; at->end < end; at = next) {
		next = vma_next(at);
		if (!next || next->start != at->end || next->file != v->file || next->object != v->object ||
		    next->flags != v->flags)
			return false;
	}
	return true;
}

/*
 * What the mmap of it would be; object and file are referenced. -EINVAL: not a shared mapping that may be written to.
 */
static int describe(struct space *s, vaddr_t start, size_t len, struct mapping *m)
{
	int err = -EINVAL;

	mutex_lock(&s->lock);
	struct vma *v = vma_find(s, start);
	if (v && v->start <= start && v->flags & VMA_SHARED && is_one_mapping(v, start + len)) {
		err = 0;
		m->prot = vma_prot(v) | (vma_prot(v) & PROT_READ && reads_imply_exec() ? PROT_EXEC : 0);
		m->flags |= v->flags & VMA_LOCKED ? MAP_LOCKED : 0;
		m->special = v->flags & (VMA_SPECIAL | VMA_DONTDUMP | VMA_HUGETLB);
		m->too_late = v->flags & VMA_HUGETLB ? -ENOMEM : 0; /* it would have to reserve them now */
		m->object = v->object;
		m->file = v->file;
		object_get(m->object);
		if (m->file)
			file_get(m->file);
	}
	mutex_unlock(&s->lock);
	return err;
}

int space_remap_file(struct space *s, vaddr_t start, size_t len, pgoff_t pgoff, bool nonblock)
{
	struct mapping m = { .flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE | (nonblock ? MAP_NONBLOCK : 0),
	                     .pgoff = pgoff };
	int err = describe(s, start, len, &m);

	if (err)
		return err;
	m.refused = object_begin_map(m.object, m.prot & PROT_WRITE, &m.counted);
	m.denied = m.counted ? 0 : VMA_MAYWRITE;
	if (m.object->pager != PAGER_DEVICE && pgoff > (INT64_MAX - len) >> PAGE_SHIFT)
		m.refused = -EOVERFLOW;
	err = space_mmap(s, &start, len, &m);
	if (m.counted)
		object_end_map(m.object);
	object_put(m.object);
	if (m.file)
		file_put(m.file);
	return err;
}
