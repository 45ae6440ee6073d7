/* SPDX-License-Identifier: MIT */
/*
 * msync(2): what was stored through a shared mapping reaches the disk.
 *
 * One VMA at a time, with the space's lock let go for the write: what was mapped may be gone afterwards, so the walk
 * goes on by address. Holes are told at the end, with what lies behind them written, except that MS_ASYNC alone stops
 * at the first; it writes nothing, as on Linux, because dirty pages are on their way to the disk anyway. MS_INVALIDATE
 * has nothing to do, for there is one copy of a page; it only refuses locked memory.
 *
 * What it costs depends on the dirty pages: a file without any is told apart by a few fields of its object.
 */
#include "vm/vm_impl.h"

struct stretch { struct object *object; uint64_t off, len; }; /* object NULL: nothing to write; else referenced */

/* The stretch of one VMA at *addr, or behind the hole there; *addr moves behind it. 0; -ENOMEM, -EBUSY: the end. */
static int next_stretch(struct space *s, vaddr_t *addr, vaddr_t end, int flags, bool *hole, struct stretch *out)
{
	struct vma *v = vma_find(s, *addr);

	out->object = NULL;
	if (!v)
		return -ENOMEM;
	if (*addr < v->start) {
		*hole = true;
		*addr = v->start;
		if (flags == MS_ASYNC || *addr >= end)
			return -ENOMEM;
	}
	if (flags & MS_INVALIDATE && v->flags & VMA_LOCKED)
		return -EBUSY;
	if (flags & MS_SYNC && v->object && v->flags & VMA_SHARED) {
		object_get(v->object);
		*out = (struct stretch){ v->object, vma_pgoff(v, *addr) << PAGE_SHIFT, MIN(v->end, end) - *addr };
	}
	*addr = v->end;
	return 0;
}

int space_sync(struct space *s, vaddr_t addr, size_t len, int flags)
{
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	bool hole = false;
	int err = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr & PAGE_MASK || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	while (!err && addr < end) {
		struct stretch part;
		mutex_lock(&s->lock);
		err = next_stretch(s, &addr, end, flags, &hole, &part);
		mutex_unlock(&s->lock);
		if (part.object) {
			err = object_sync(part.object, part.off, part.len, true);
			object_put(part.object);
		}
	}
	return err ? err : hole ? -ENOMEM : 0;
}
