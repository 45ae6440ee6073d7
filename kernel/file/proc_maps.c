/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps, smaps and smaps_rollup: what a process has mapped, line by line as on Linux 6.1.
 *
 *      7ffff7ff8000-7ffff7ff9000 r--p 00001000 00:02 12                         /lib/x
 *      start        end          |||| offset   device inode                     name, at column 73
 *                                rwx and p(rivate) or s(hared)
 *
 * The text of one part is made under the space's lock, so a line is never half of one moment and half of another;
 * between two parts the mappings may change, and the next part goes on at the address where the last one ended.
 */
#include "file/procfs.h"

#define NAME_COLUMN 72 /* and a blank */
#define KB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))
#define PSS_KB(part) ((unsigned long long)(part) >> (USAGE_SHIFT + 10))

static const char *vma_name(const struct vma *v)
{
	const struct space *s = v->space;

	if (v->file)
		return v->file->path;
	if (v->object)
		return v->object->pager == PAGER_ZERO ? "/dev/zero" : NULL;
	if (v->start <= s->brk && v->end >= s->brk_start)
		return "[heap]";
	return v->start <= s->stack_start && v->end >= s->stack_start ? "[stack]" : NULL;
}

static void name_column(struct text *t, size_t start)
{
	text_pad(t, start, NAME_COLUMN);
	text_append(t, " ", 1);
}

static void header_line(struct text *t, const struct vma *v)
{
	const struct node *n = v->file ? v->file->node : NULL;
	bool anonymous = v->object && !v->file; /* shared: a file without a name, on Linux's internal filesystem */
	const char *name = vma_name(v);
	size_t start = t->len;

	text_printf(t, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)v->start,
	            (unsigned long long)v->end, v->flags & VMA_READ ? 'r' : '-', v->flags & VMA_WRITE ? 'w' : '-',
	            v->flags & VMA_EXEC ? 'x' : '-', vma_is_shared(v) ? 's' : 'p',
	            v->object || v->file ? (unsigned long long)v->pgoff << PAGE_SHIFT : 0ull, 0u,
	            n ? (unsigned)n->fs->dev : anonymous ? 1u : 0u,
	            (unsigned long long)(n ? n->ino : anonymous ? v->object->id : 0));
	if (name) {
		name_column(t, start);
		text_path(t, name, "\n");
		if (anonymous || (n && !n->nlink))
			text_puts(t, " (deleted)");
	}
	text_puts(t, "\n");
}

/* ---- maps ---- */

struct listing { struct text *text; uint64_t *next; bool smaps; };

static void row(struct text *t, const char *name, unsigned long long kb)
{
	size_t start = t->len;

	text_printf(t, "%s:", name);
	text_pad(t, start, 16);
	text_printf(t, "%8llu kB\n", kb);
}

/* The rows that smaps and smaps_rollup have in common. */
static void usage_rows(struct text *t, const struct vma_usage *u, bool rollup)
{
	row(t, "Rss", KB(u->resident));
	row(t, "Pss", PSS_KB(u->pss));
	row(t, "Pss_Dirty", PSS_KB(u->pss_dirty));
	if (rollup) {
		row(t, "Pss_Anon", PSS_KB(u->pss_anon));
		row(t, "Pss_File", PSS_KB(u->pss_file));
		row(t, "Pss_Shmem", PSS_KB(u->pss_shmem));
	}
	row(t, "Shared_Clean", KB(u->shared_clean));
	row(t, "Shared_Dirty", KB(u->shared_dirty));
	row(t, "Private_Clean", KB(u->private_clean));
	row(t, "Private_Dirty", KB(u->private_dirty));
	row(t, "Referenced", KB(u->referenced));
	row(t, "Anonymous", KB(u->anon));
	row(t, "LazyFree", KB(u->lazy));
	row(t, "AnonHugePages", 0);
	row(t, "ShmemPmdMapped", 0);
	row(t, "FilePmdMapped", 0);
	row(t, "Shared_Hugetlb", 0);
	row(t, "Private_Hugetlb", 0);
	row(t, "Swap", 0);
	row(t, "SwapPss", 0);
	row(t, "Locked", PSS_KB(u->pss_locked));
}

/*
 * VMA_* bits have Linux's numbers. "sd" (stored to since somebody asked to be told) always shows, for nobody can ask.
 */
static void flags_line(struct text *t, const struct vma *v)
{
	static const char names[32][3] = {
		"rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "um", "pf", "??", "uw", "lo", "io", "sr",
		"rr", "dc", "de", "??", "ac", "nr", "ht", "sf", "??", "wf", "dd", "sd", "mm", "hg", "nh", "mg",
	};

	text_puts(t, "VmFlags: ");
	for (unsigned bit = 0; bit < 32; bit++)
		if ((v->flags | 1u << 27) & 1u << bit)
			text_printf(t, "%s ", names[bit]);
	text_puts(t, "\n");
}

static void smaps_lines(struct text *t, struct vma *v)
{
	struct vma_usage u = { 0 };

	vma_usage(v, &u);
	row(t, "Size", (v->end - v->start) / 1024);
	row(t, "KernelPageSize", (v->flags & VMA_HUGETLB ? 1ul << v->object->huge_shift : PAGE_SIZE) / 1024);
	row(t, "MMUPageSize", (v->flags & VMA_HUGETLB ? 1ul << v->object->huge_shift : PAGE_SIZE) / 1024);
	usage_rows(t, &u, false);
	text_puts(t, "THPeligible:    0\n");
	flags_line(t, v);
}

static bool list_vma(struct vma *v, void *arg)
{
	struct listing *l = arg;

	header_line(l->text, v);
	if (l->smaps)
		smaps_lines(l->text, v);
	*l->next = v->end;
	return l->text->len < TEXT_PART;
}

static int list_vmas(struct text *t, const struct proc_ref *of, uint64_t *next, bool smaps)
{
	struct listing l = { t, next, smaps };
	struct space *s = proc_space_of(of->pid);

	if (is_err(s))
		return (int)ptr_err(s);
	if (!s)
		return 0; /* a zombie maps nothing */
	space_visit(s, of->from, list_vma, &l);
	space_put(s);
	if (!t->len)
		*next = TEXT_END;
	return 0;
}

int proc_make_pid_maps(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	return list_vmas(t, of, next, false);
}

int proc_make_pid_smaps(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	return list_vmas(t, of, next, true);
}

/* ---- rollup ---- */

struct rollup { struct vma_usage usage; vaddr_t start, end; };

static bool add_vma(struct vma *v, void *arg)
{
	struct rollup *r = arg;

	if (!r->end)
		r->start = v->start;
	r->end = v->end;
	vma_usage(v, &r->usage);
	return true;
}

int proc_make_pid_rollup(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct rollup r = { .end = 0 };
	struct space *s = proc_space_of(of->pid);
	(void)next;

	if (is_err(s) || !s)
		return -ESRCH;
	space_visit(s, 0, add_vma, &r);
	space_put(s);
	text_printf(t, "%08llx-%08llx ---p 00000000 00:00 0 ", (unsigned long long)r.start, (unsigned long long)r.end);
	name_column(t, 0);
	text_puts(t, "[rollup]\n");
	usage_rows(t, &r.usage, true);
	return 0;
}
