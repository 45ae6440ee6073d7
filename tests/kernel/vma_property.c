/* SPDX-License-Identifier: MIT */
/*
 * The tree of VMAs against an array with one cell for each piece of a window of addresses. The same file is built into
 * the kernel (vma_test.c), for the host under sanitizers (tests/host/vma) and for the fuzzer (tests/fuzz).
 *
 *      cells    .  .  a  a  a  b  b  .  .  c  c  c  .        what is mapped there, with which offset
 *      VMAs          [a      )[b   )     [c      )           must be exactly these, neighbours that continue each other joined
 *
 * A cell is a quarter of the distance a stack keeps, so that the guard below a downwards mapping shows in the search
 * for a gap. Operations: what mmap, munmap, mprotect, mremap and the stack's growth do to the tree, splits that are
 * undone, identities taken and inherited, finds and searches for a gap. After each one the tree is walked beside the
 * cells, its own checker runs, the counts of the space and the references, lists and counts of objects and files are
 * compared. A run ends at the first difference.
 *
 * The fields of a VMA that a program chose are known to two functions only, dress and looks_like.
 */
#include "vma_property.h"

#define CELLS 64
#define CELL  (STACK_GAP / 4)
#define BASE  0x10000000ul
#define CELL_PAGES (CELL / PAGE_SIZE)

enum { BARE, OBJECT_A, OBJECT_B };
enum kind { PRIVATE, SHARED, SHARED_READONLY, STACK, NORESERVE, KINDS };

struct cell {
	bool mapped;
	uint8_t kind, prot, object, file; /* file: 0 none, else files[file - 1] */
	pgoff_t pgoff;
	uint64_t anon;   /* identity; 0: none */
	bool inherited;  /* by fork */
};

struct run {
	struct space *space;
	struct object **objects;
	struct choices *choices;
	struct cell cells[CELLS];
	const char *wrong;
};

static const struct file_ops no_ops;
static struct file files[2] = { { .ops = &no_ops }, { .ops = &no_ops } };

#define HOLDS(r, x) ((x) || ((r)->wrong = (r)->wrong ? (r)->wrong : #x, false))

static uint32_t choose(struct choices *c, uint32_t below)
{
	if (c->bytes) {
		uint32_t value = c->left ? *c->bytes : 0;
		c->left -= c->left > 0;
		c->bytes += c->left > 0;
		return value % below;
	}
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return (uint32_t)(c->state >> 20) % below;
}

static vaddr_t address(unsigned cell) { return BASE + cell * CELL; }
static unsigned cell_at(vaddr_t addr) { return (unsigned)((addr - BASE) / CELL); }

/* ---- the fields of a VMA ---- */

static uint32_t flags_of(const struct cell *c)
{
	static const uint32_t flags[KINDS] = {
		[PRIVATE] = VMA_MAYWRITE, [SHARED] = VMA_MAYSHARE | VMA_SHARED | VMA_MAYWRITE, [SHARED_READONLY] = VMA_MAYSHARE,
		[STACK] = VMA_MAYWRITE | VMA_GROWSDOWN, [NORESERVE] = VMA_MAYWRITE | VMA_NORESERVE,
	};

	return flags[c->kind] | c->prot;
}

static struct object *object_of(const struct run *r, const struct cell *c)
{
	return c->object ? r->objects[c->object - 1] : NULL;
}

static struct file *file_of(const struct cell *c)
{
	return c->file ? &files[c->file - 1] : NULL;
}

static void dress(const struct run *r, struct vma *v, const struct cell *c)
{
	v->flags = flags_of(c);
	v->object = object_of(r, c);
	v->file = file_of(c);
	v->pgoff = c->pgoff;
}

static bool looks_like(const struct run *r, const struct vma *v, const struct cell *c)
{
	return v->flags == flags_of(c) && v->object == object_of(r, c) && v->file == file_of(c);
}

/* ---- comparison ---- */

/* Cells that show what goes on from one to the next, under rights that may differ. */
static bool same_kind(const struct cell *low, const struct cell *high)
{
	return low->mapped && high->mapped && low->kind == high->kind && low->object == high->object &&
	       low->file == high->file && low->pgoff + CELL_PAGES == high->pgoff;
}

/*
 * Cells between which no VMA may end. With identities it depends on the history whether one does: two VMAs that have
 * come to have the same stay apart until something else happens to them.
 */
static bool must_be_one(const struct cell *low, const struct cell *high)
{
	return same_kind(low, high) && low->prot == high->prot && !low->anon && !high->anon;
}

/* A cell without identity has been taken in by a VMA that had one of its own: never by one that inherited it. */
static void adopt(struct run *r, const struct vma *v)
{
	const struct cell *giver = NULL;

	for (unsigned i = cell_at(v->start); i < cell_at(v->end); i++)
		if (r->cells[i].anon)
			giver = &r->cells[i];
	for (unsigned i = cell_at(v->start); i < cell_at(v->end) && giver; i++) {
		struct cell *c = &r->cells[i];
		if (!c->anon)
			HOLDS(r, !giver->inherited);
		c->anon = c->anon ? c->anon : giver->anon;
	}
}

static void compare_vma(struct run *r, const struct vma *v)
{
	HOLDS(r, v->start >= BASE && v->end <= address(CELLS) && v->start < v->end);
	HOLDS(r, (v->start - BASE) % CELL == 0 && (v->end - BASE) % CELL == 0);
	if (r->wrong)
		return;
	adopt(r, v);
	for (unsigned i = cell_at(v->start); i < cell_at(v->end) && !r->wrong; i++) {
		const struct cell *c = &r->cells[i];
		HOLDS(r, c->mapped && looks_like(r, v, c) && vma_pgoff(v, address(i)) == c->pgoff);
		HOLDS(r, c->anon == v->anon);
	}
}

/* References and lists: what `vmas` windows, shared_writable of them open to stores, must have left behind. */
static void compare_object(struct run *r, struct object *o)
{
	unsigned vmas = 0, writable = 0, listed = 0;

	for (struct rb_node *n = rb_first(&r->space->vmas); n; n = rb_next(n)) {
		vmas += vma_of(n)->object == o;
		writable += vma_of(n)->object == o && vma_of(n)->flags & VMA_SHARED;
	}
	list_for_each(link, &o->vmas)
		listed += HOLDS(r, list_entry(link, struct vma, object_link)->object == o);
	HOLDS(r, listed == vmas);
	HOLDS(r, o->refs == vmas + 1);
	HOLDS(r, o->shared_writable == writable);
}

static void compare(struct run *r, bool merged)
{
	unsigned mapped = 0, covered = 0, vmas = 0, in_files = 0;
	struct vma *prev = NULL;

	for (unsigned i = 0; i < CELLS; i++)
		mapped += r->cells[i].mapped;
	for (struct rb_node *n = rb_first(&r->space->vmas); n && !r->wrong; n = rb_next(n)) {
		struct vma *v = vma_of(n);
		compare_vma(r, v);
		HOLDS(r, !prev || prev->end <= v->start);
		HOLDS(r, vma_prev(v) == prev);
		if (merged && prev && prev->end == v->start && v->start > BASE)
			HOLDS(r, !must_be_one(&r->cells[cell_at(v->start) - 1], &r->cells[cell_at(v->start)]));
		covered += (unsigned)((v->end - v->start) / CELL);
		in_files += v->file != NULL;
		vmas++;
		prev = v;
	}
	HOLDS(r, covered == mapped);
	HOLDS(r, vmas == r->space->nvmas);
	HOLDS(r, mapped * CELL_PAGES == r->space->total_pages);
	HOLDS(r, files[0].refs + files[1].refs == 2 + in_files);
	compare_object(r, r->objects[0]);
	compare_object(r, r->objects[1]);
	const char *bad = vma_check(r->space);
	if (!r->wrong)
		r->wrong = bad;
}

/* ---- operations ---- */

static void free_dead(struct list *dead)
{
	for (struct list *l; (l = list_pop_front(dead));)
		vma_free(list_entry(l, struct vma, object_link));
}

static void unmap(struct run *r, unsigned first, unsigned n)
{
	struct list dead = LIST_INIT(dead);
	vaddr_t start = address(first), end = address(first + n);
	struct vma *v = vma_find(r->space, start), *next;

	if (v && v->start < start)
		HOLDS(r, vma_split(r->space, v, start) != NULL);
	v = vma_find(r->space, end - 1);
	if (v && v->start < end && v->end > end)
		HOLDS(r, vma_split(r->space, v, end) != NULL);
	for (v = vma_find(r->space, start); v && v->start < end; v = next) {
		next = vma_next(v);
		vma_detach(v);
		vma_remove(r->space, v);
		list_push_back(&dead, &v->object_link);
	}
	free_dead(&dead);
	for (unsigned i = first; i < first + n; i++)
		r->cells[i].mapped = false;
}

static struct cell random_cell(struct run *r, unsigned at)
{
	struct cell c = { .mapped = true };

	c.kind = (uint8_t)choose(r->choices, KINDS);
	c.prot = choose(r->choices, 2) ? PROT_READ : PROT_READ | PROT_WRITE;
	if (c.kind != STACK && (c.kind == SHARED || c.kind == SHARED_READONLY || choose(r->choices, 2)))
		c.object = (uint8_t)(OBJECT_A + choose(r->choices, 2));
	if (c.object)
		c.file = (uint8_t)choose(r->choices, 3);
	c.pgoff = c.object ? (at + 2 * CELLS * choose(r->choices, 2)) * CELL_PAGES : address(at) >> PAGE_SHIFT;
	return c;
}

static void map(struct run *r, unsigned first, unsigned n)
{
	struct list dead = LIST_INIT(dead);
	struct cell c = random_cell(r, first);
	struct vma *v = cache_alloc(vma_cache);

	if (!HOLDS(r, v != NULL))
		return;
	unmap(r, first, n);
	memset(v, 0, sizeof *v);
	v->start = address(first);
	v->end = address(first + n);
	dress(r, v, &c);
	for (unsigned i = 0; i < n; i++, c.pgoff += CELL_PAGES)
		r->cells[first + i] = c;
	vma_insert(r->space, v);
	vma_attach(v);
	vma_settle(r->space, v, &dead);
	free_dead(&dead);
}

/* As mprotect: each VMA of the range is cut to it, changed, and merged, up to the first hole. */
static void protect(struct run *r, unsigned first, unsigned n)
{
	struct list dead = LIST_INIT(dead);
	uint32_t prot = choose(r->choices, 2) ? PROT_READ : PROT_READ | PROT_WRITE;
	vaddr_t at = address(first), end = address(first + n);

	for (unsigned i = first; i < first + n && r->cells[i].mapped; i++)
		r->cells[i].prot = (uint8_t)prot;
	for (struct vma *v; at < end && (v = vma_find(r->space, at)) && v->start <= at; at = v->end)
		if (!HOLDS(r, !vma_edit(r->space, &v, at, MIN(end, v->end), (v->flags & ~VMA_PROT) | prot, &dead)))
			break;
	free_dead(&dead);
}

/* As mremap in place and the growth of a stack: one end of a VMA moves, into free cells or out of its own. */
static void resize(struct run *r, unsigned at)
{
	struct list dead = LIST_INIT(dead);
	struct vma *v = vma_find(r->space, address(at));
	bool down = choose(r->choices, 2), shrinks = choose(r->choices, 2);

	if (!v || v->start > address(at))
		return;
	unsigned first = cell_at(v->start), end = cell_at(v->end);
	if (shrinks && end - first < 2)
		return;
	if (shrinks) {
		r->cells[down ? first : end - 1].mapped = false;
	} else if (down) {
		if (first == 0 || r->cells[first - 1].mapped || v->pgoff < CELL_PAGES)
			return;
		r->cells[first - 1] = r->cells[first];
		r->cells[first - 1].pgoff -= CELL_PAGES;
	} else {
		if (end == CELLS || r->cells[end].mapped)
			return;
		r->cells[end] = r->cells[end - 1];
		r->cells[end].pgoff += CELL_PAGES;
	}
	pgoff_t pgoff = !down ? v->pgoff : shrinks ? v->pgoff + CELL_PAGES : v->pgoff - CELL_PAGES;
	vma_set_range(v, down ? (shrinks ? v->start + CELL : v->start - CELL) : v->start,
	              down ? v->end : (shrinks ? v->end - CELL : v->end + CELL), pgoff);
	vma_settle(r->space, v, &dead);
	free_dead(&dead);
}

/*
 * A split changes nothing but the number of VMAs, and the merge of either half undoes it (and may take in a neighbour).
 */
static void split_and_join(struct run *r, unsigned at)
{
	struct list dead = LIST_INIT(dead);
	struct vma *v = vma_find(r->space, address(at));

	if (!v || v->start >= address(at))
		return;
	vaddr_t end = v->end;
	uint64_t vmas = r->space->nvmas;
	struct vma *upper = vma_split(r->space, v, address(at));
	if (!HOLDS(r, upper != NULL))
		return;
	HOLDS(r, v->end == address(at) && upper->start == address(at) && upper->end == end);
	HOLDS(r, r->space->nvmas == vmas + 1);
	compare(r, false);
	struct vma *whole = vma_settle(r->space, choose(r->choices, 2) ? v : upper, &dead);
	HOLDS(r, whole->start <= address(at) - CELL && whole->end >= end);
	free_dead(&dead);
}

/*
 * What a first private page does: the identity of a neighbour of the same kind, the one behind first, or one nobody
 * has.
 */
static uint64_t expected_identity(struct run *r, const struct vma *v)
{
	unsigned first = cell_at(v->start), end = cell_at(v->end);
	const struct cell *cells = r->cells;

	if (end < CELLS && same_kind(&cells[end - 1], &cells[end]) && cells[end].anon && !cells[end].inherited)
		return cells[end].anon;
	if (first > 0 && same_kind(&cells[first - 1], &cells[first]) && cells[first - 1].anon &&
	    !cells[first - 1].inherited)
		return cells[first - 1].anon;
	for (unsigned i = 0; i < CELLS; i++)
		HOLDS(r, !cells[i].mapped || cells[i].anon != v->anon);
	return v->anon;
}

static void touch(struct run *r, unsigned at)
{
	struct vma *v = vma_find(r->space, address(at));
	bool forked = choose(r->choices, 4) == 0, had;

	if (!v || v->start > address(at))
		return;
	had = v->anon;
	if (forked)
		v->anon = anon_fork(v->anon);
	else
		vma_make_anon(v);
	HOLDS(r, (v->anon != 0) == (had || !forked));
	if (!had && !forked)
		HOLDS(r, v->anon == expected_identity(r, v));
	for (unsigned i = cell_at(v->start); i < cell_at(v->end); i++) {
		r->cells[i].inherited = had && forked ? true : r->cells[i].inherited;
		r->cells[i].anon = v->anon;
	}
}

static void find(struct run *r, unsigned at)
{
	struct vma *v = vma_find(r->space, address(at) + choose(r->choices, 2) * (CELL - 1));
	unsigned i = at;

	while (i < CELLS && !r->cells[i].mapped)
		i++;
	HOLDS(r, (v == NULL) == (i == CELLS));
	HOLDS(r, !v || (i == at ? v->start <= address(at) && v->end > address(at) : v->start == address(i)));
}

/*
 * The fit of len bytes in the hole whose highest cell is top - 1, within [low, high): its highest or its lowest; 0:
 * none.
 */
static vaddr_t fit_in_hole(const struct run *r, unsigned top, size_t len, vaddr_t low, vaddr_t high, bool upwards)
{
	unsigned bottom = top;

	if (top == 0 || r->cells[top - 1].mapped || (top < CELLS && !r->cells[top].mapped))
		return 0;
	while (bottom > 0 && !r->cells[bottom - 1].mapped)
		bottom--;
	vaddr_t floor = MAX(address(bottom), low), ceiling = MIN(address(top), high);
	if (ceiling <= floor || ceiling - floor < len)
		return 0;
	return upwards ? floor : ceiling - len;
}

/* The fit ends below cell `top`, nearer than a downwards mapping there lets others come. */
static bool too_near(const struct run *r, vaddr_t fit, size_t len, unsigned top)
{
	bool guarded = top < CELLS && r->cells[top].mapped && r->cells[top].kind == STACK;

	return guarded && address(top) - (fit + len) < STACK_GAP;
}

static vaddr_t highest_fit(const struct run *r, size_t len, vaddr_t low, vaddr_t high)
{
	for (unsigned top = CELLS; top > 0; top--) {
		vaddr_t fit = fit_in_hole(r, top, len, low, high, false);
		if (fit && too_near(r, fit, len, top)) { /* what is kept free hides the holes in it */
			high = address(top) - STACK_GAP;
			fit = fit_in_hole(r, top, len, low, high, false);
		}
		if (fit)
			return fit;
	}
	return 0;
}

static vaddr_t lowest_fit(const struct run *r, size_t len, vaddr_t low, vaddr_t high)
{
	for (unsigned top = 1; top <= CELLS; top++) {
		vaddr_t fit = fit_in_hole(r, top, len, low, high, true);
		if (fit && !too_near(r, fit, len, top))
			return fit;
	}
	return 0;
}

static void find_gap(struct run *r)
{
	unsigned pages = 1 + choose(r->choices, 8) * CELL_PAGES / 2 - choose(r->choices, 2);
	size_t len = MAX(pages, 1u) * PAGE_SIZE;
	vaddr_t low = address(choose(r->choices, CELLS)), high = low + choose(r->choices, CELLS) * CELL;

	high = MIN(high, address(CELLS));
	HOLDS(r, vma_find_gap(r->space, len, low, high) == highest_fit(r, len, low, high));
	HOLDS(r, vma_find_low_gap(r->space, len, low, high) == lowest_fit(r, len, low, high));
}

static void operation(struct run *r)
{
	unsigned first = choose(r->choices, CELLS), n = 1 + choose(r->choices, choose(r->choices, 8) ? 6 : CELLS);

	n = MIN(n, CELLS - first);
	switch (choose(r->choices, 14)) {
	case 0: case 1: case 2: case 3:
		map(r, first, n);
		break;
	case 4: case 5:
		unmap(r, first, n);
		break;
	case 6: case 7:
		protect(r, first, n);
		break;
	case 8:
		resize(r, first);
		break;
	case 9:
		split_and_join(r, first);
		break;
	case 10:
		find(r, first);
		break;
	case 11: case 12:
		touch(r, first);
		break;
	default:
		find_gap(r);
	}
}

const char *vma_property(struct space *s, struct object *objects[2], struct choices *c, unsigned operations,
                         unsigned *done)
{
	struct run r = { .space = s, .objects = objects, .choices = c };

	files[0].refs = files[1].refs = 1;
	compare(&r, true);
	for (*done = 0; *done < operations && !r.wrong && (!c->bytes || c->left); ++*done) {
		operation(&r);
		compare(&r, true);
	}
	if (!r.wrong) {
		unmap(&r, 0, CELLS);
		compare(&r, true);
	}
	return r.wrong;
}
