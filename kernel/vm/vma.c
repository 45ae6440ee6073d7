/* SPDX-License-Identifier: MIT */
/*
 * VMAs: the windows of one address space, in a red-black tree ordered by address.
 *
 *        gap        VMA              gap                VMA
 *    |<------->|start    end|<------------------>|start     end|
 *
 * Every VMA keeps the free bytes between its predecessor's end and its own start (`gap`) and the largest gap in its
 * subtree (`max_gap`). Finding room is then a descent that leaves out every subtree whose largest gap is too small:
 * O(log n), however many VMAs there are (Cormen et al., ch. 14, with the gap as the augmented value). A mapping that
 * grows downwards keeps STACK_GAP free below it: a fit that comes too near to one begins the search anew on the other
 * side of what is kept free, as on Linux, where other gaps in there are passed over as well.
 *
 * A VMA that maps an object is also on the object's list, by which truncation, cleaning and reclaim find the PTEs of a
 * page. Range, offset and membership change only with the space's and the object's lock both held (vm_impl.h).
 *
 * Which neighbours become one VMA is merge.c's matter.
 */
#include "vm/vm_impl.h"

struct cache *vma_cache;

static bool vma_update(struct rb_node *node)
{
	struct vma *v = vma_of(node);
	vaddr_t largest = v->gap, before = v->max_gap;

	for (int side = 0; side < 2; side++)
		if (node->child[side])
			largest = MAX(largest, vma_of(node->child[side])->max_gap);
	v->max_gap = largest;
	return largest != before;
}

/* v begins a gap behind `prev` (NULL: the start of the space). */
static vaddr_t gap_behind(const struct vma *prev, const struct vma *v) { return v->start - (prev ? prev->end : 0); }

/* The gap before v changed, because v or its predecessor did. */
static void vma_renew_gap(struct space *s, struct vma *v, const struct vma *prev)
{
	vaddr_t before = v->gap, gap = gap_behind(prev, v);

	v->gap = gap;
	if (gap < before)
		rb_update(&s->vmas, &v->node);
	/* Growth needs no look at the other children on the way. */
	for (struct rb_node *n = &v->node; n && vma_of(n)->max_gap < gap; n = n->parent)
		vma_of(n)->max_gap = gap;
}

void vma_tree_init(struct space *s)
{
	s->vmas.root = NULL;
	s->vmas.update = vma_update;
	s->recent = s->highest = NULL;
	s->nvmas = 0;
	s->peak_pages = s->total_pages = s->data_pages = s->exec_pages = s->stack_pages = s->locked_pages = 0;
}

struct vma *vma_find(struct space *s, vaddr_t addr)
{
	struct vma *found = NULL, *r = s->recent;

	/* In it, or in the gap before it. */
	if (r && addr < r->end && (addr >= r->start || !r->prev || addr >= r->prev->end))
		return r;
	for (struct rb_node *n = s->vmas.root; n;) {
		struct vma *v = vma_of(n);
		if (addr < v->end) {
			found = v;
			if (addr >= v->start)
				break;
			n = n->child[0];
		} else {
			n = n->child[1];
		}
	}
	if (found)
		s->recent = found;
	return found;
}

/* npages more (modulo 2^64: or fewer) are mapped under these flags. */
static void count_pages(struct space *s, uint32_t flags, uint64_t npages)
{
	s->total_pages += npages;
	s->peak_pages = MAX(s->peak_pages, s->total_pages);
	if ((flags & (VMA_EXEC | VMA_WRITE | VMA_GROWSDOWN)) == VMA_EXEC)
		s->exec_pages += npages;
	else if (flags & VMA_GROWSDOWN)
		s->stack_pages += npages;
	else if ((flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE)
		s->data_pages += npages;
	if (flags & VMA_LOCKED)
		s->locked_pages += npages;
}

void vma_set_flags(struct vma *v, uint32_t flags)
{
	uint64_t npages = (v->end - v->start) >> PAGE_SHIFT;

	count_pages(v->space, v->flags, -npages);
	count_pages(v->space, flags, npages);
	v->flags = flags;
}

void vma_insert(struct space *s, struct vma *v)
{
	v->next = vma_find(s, v->start);
	v->prev = v->next ? v->next->prev : s->highest;
	v->space = s;
	/* Of two neighbours one has no child on the side of the other. */
	bool below = v->next && !v->next->node.child[0];
	struct vma *parent = below ? v->next : v->prev;

	if (v->prev)
		v->prev->next = v;
	if (v->next)
		v->next->prev = v;
	else
		s->highest = v;
	v->gap = gap_behind(v->prev, v);
	rb_insert(&s->vmas, parent ? &parent->node : NULL, !below, &v->node);
	if (v->next) /* last: before, the larger gap hid v's from the nodes above */
		vma_renew_gap(s, v->next, v);
	s->nvmas++;
	s->recent = v;
	count_pages(s, v->flags, (v->end - v->start) >> PAGE_SHIFT);
}

void vma_remove(struct space *s, struct vma *v)
{
	if (v->prev)
		v->prev->next = v->next;
	if (v->next) {
		v->next->prev = v->prev;
		vma_renew_gap(s, v->next, v->prev); /* first: it becomes the larger of the two, then v leaves no difference */
	} else {
		s->highest = v->prev;
	}
	rb_remove(&s->vmas, &v->node);
	s->nvmas--;
	count_pages(s, v->flags, -((v->end - v->start) >> PAGE_SHIFT));
	if (s->recent == v)
		s->recent = v->next;
}

void vma_set_range(struct vma *v, vaddr_t start, vaddr_t end, pgoff_t pgoff)
{
	struct space *s = v->space;

	if (v->object)
		spin_lock(&v->object->lock);
	count_pages(s, v->flags, ((end - start) >> PAGE_SHIFT) - ((v->end - v->start) >> PAGE_SHIFT));
	v->start = start;
	v->end = end;
	v->pgoff = pgoff;
	if (v->object)
		spin_unlock(&v->object->lock);
	vma_renew_gap(s, v, v->prev);
	if (v->next)
		vma_renew_gap(s, v->next, v);
}

void vma_move_boundary(struct vma *low, struct vma *high, vaddr_t at)
{
	struct object *o = low->object;
	uint64_t up = (uint64_t)((int64_t)(at - low->end) >> PAGE_SHIFT); /* pages; negative when it moves down */

	if (o)
		spin_lock(&o->lock);
	count_pages(low->space, low->flags, up);
	count_pages(high->space, high->flags, -up);
	high->pgoff += up;
	low->end = high->start = at;
	if (o)
		spin_unlock(&o->lock);
	vma_renew_gap(low->space, high, low);
}

struct vma *vma_split(struct space *s, struct vma *v, vaddr_t at)
{
	struct vma *upper = cache_alloc(vma_cache);

	if (!upper)
		return NULL;
	*upper = *v;
	upper->start = at;
	upper->pgoff = vma_pgoff(v, at);
	vma_attach(upper); /* first: whoever walks the object's list meanwhile finds a page twice rather than not at all */
	vma_set_range(v, v->start, at, v->pgoff);
	vma_insert(s, upper);
	return upper;
}

/* Of the counted kind: a shared mapping through which stores can reach the object. */
static bool vma_shared_writable(const struct vma *v)
{
	return v->flags & VMA_SHARED && v->flags & VMA_MAYWRITE;
}

void vma_attach(struct vma *v)
{
	struct object *o = v->object;

	list_init(&v->object_link);
	if (v->file)
		file_get(v->file);
	if (!o)
		return;
	object_get(o);
	spin_lock(&o->lock);
	list_push_back(&o->vmas, &v->object_link);
	if (vma_shared_writable(v))
		o->shared_writable++;
	spin_unlock(&o->lock);
}

/*
 * When the last mapping that could store past the end of the file goes, what was stored there goes too: the next reader
 * of the tail sees zeros, as in a file freshly read.
 */
void vma_detach(struct vma *v)
{
	struct object *o = v->object;

	if (!o)
		return;
	spin_lock(&o->lock);
	list_remove(&v->object_link);
	if (vma_shared_writable(v) && --o->shared_writable == 0 && o->tail_dirty)
		object_zero_tail_locked(o);
	spin_unlock(&o->lock);
}

void vma_free(struct vma *v)
{
	if (v->object)
		object_put(v->object);
	if (v->file) {
		if (unlikely(v->file->ops->unmapped))
			v->file->ops->unmapped(v->file);
		file_put(v->file);
	}
	cache_free(vma_cache, v);
}

/* The subtree below n on `side` may have a gap of len bytes in the range. */
static bool may_fit(const struct rb_node *n, int side, size_t len, vaddr_t low, vaddr_t high)
{
	const struct vma *v = vma_of(n), *child = vma_of(n->child[side]);

	return child && child->max_gap >= len && (side ? v->end < high : v->start > low);
}

/* Where len bytes fit into the gap before v, within [low, high); 0: nowhere. */
static vaddr_t fit_before(const struct vma *v, size_t len, vaddr_t low, vaddr_t high, bool upwards)
{
	vaddr_t bottom = MAX(v->start - v->gap, low), top = MIN(v->start, high);

	if (v->gap < len || top <= bottom || top - bottom < len)
		return 0;
	return upwards ? bottom : top - len;
}

/*
 * A fit of len bytes within [low, high): the lowest, or the highest; *above: the VMA behind its gap. In order from that
 * end (`first` is its side), leaving out every subtree whose largest gap is too small. Gaps that straddle `high` or
 * `low` are clipped, which is why a subtree with a large enough gap can still have no fit; it happens only along the
 * two boundaries, so the walk stays logarithmic.
 */
static vaddr_t gap_search(const struct rb_node *n, size_t len, vaddr_t low, vaddr_t high, bool upwards,
                          const struct vma **above)
{
	const int first = !upwards;

	while (n) {
		while (may_fit(n, first, len, low, high))
			n = n->child[first];
		for (;;) { /* n's first side is done */
			*above = vma_of(n);
			vaddr_t fit = fit_before(*above, len, low, high, upwards);
			if (fit)
				return fit;
			if (may_fit(n, !first, len, low, high))
				break;
			while (n->parent && n->parent->child[!first] == n)
				n = n->parent;
			n = n->parent;
			if (!n)
				return 0;
		}
		n = n->child[!first];
	}
	return 0;
}

/* [fit, fit + len) lies where the next VMA may grow to. */
static bool too_near(const struct vma *above, vaddr_t fit, size_t len)
{
	return above->start - (fit + len) < vma_guard(above);
}

/* The room above every VMA is in no gap. */
static vaddr_t room_above(struct space *s, vaddr_t low)
{
	return s->highest ? MAX(s->highest->end, low) : low;
}

vaddr_t vma_find_gap(struct space *s, size_t len, vaddr_t low, vaddr_t high)
{
	vaddr_t bottom = room_above(s, low);

	const struct vma *above;
	vaddr_t fit;

	if (bottom < high && high - bottom >= len)
		return high - len;
	while ((fit = gap_search(s->vmas.root, len, low, high, false, &above)) && too_near(above, fit, len))
		high = above->start - MIN(above->start, vma_guard(above));
	return fit;
}

vaddr_t vma_find_low_gap(struct space *s, size_t len, vaddr_t low, vaddr_t high)
{
	vaddr_t bottom = room_above(s, low);
	const struct vma *above;
	vaddr_t fit;

	while ((fit = gap_search(s->vmas.root, len, low, high, true, &above)) && too_near(above, fit, len))
		low = above->end;
	return fit ? fit : bottom < high && high - bottom >= len ? bottom : 0;
}

const char *vma_check(struct space *s)
{
	const char *wrong = rb_check(&s->vmas);
	struct space sums = { 0 };
	vaddr_t floor = 0;

	for (struct rb_node *n = rb_first(&s->vmas); n && !wrong; n = rb_next(n)) {
		struct vma *v = vma_of(n);
		vaddr_t max_gap = v->max_gap;
		if (v->prev != vma_of(rb_prev(n)) || v->next != vma_of(rb_next(n)))
			wrong = "a VMA does not know its neighbours";
		if (v->start >= v->end || v->start < floor || (v->start | v->end) & PAGE_MASK || v->end > USER_END)
			wrong = "VMA ranges overlap or are malformed";
		if (v->gap != v->start - floor)
			wrong = "VMA gap is wrong";
		vma_update(n);
		if (v->max_gap != max_gap)
			wrong = "largest gap of a subtree is wrong";
		floor = v->end;
		sums.nvmas++;
		count_pages(&sums, v->flags, (v->end - v->start) >> PAGE_SHIFT);
	}
	if (!wrong && s->highest != vma_of(rb_last(&s->vmas)))
		wrong = "the highest VMA is another";
	if (!wrong && (sums.nvmas != s->nvmas || sums.total_pages != s->total_pages || sums.data_pages != s->data_pages ||
	               sums.exec_pages != s->exec_pages || sums.stack_pages != s->stack_pages ||
	               sums.locked_pages != s->locked_pages))
		wrong = "count of VMAs or mapped pages is wrong";
	return wrong;
}
