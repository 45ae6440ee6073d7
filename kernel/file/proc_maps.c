/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/maps, smaps and statm: what a process has mapped, line by line as on Linux 6.1.
 *
 *      7ffff7ff8000-7ffff7ff9000 r--p 00001000 00:02 12                         /lib/x
 *      start        end          |||| offset   device inode                     name, at column 73
 *                                rwx and p(rivate) or s(hared)
 *
 * The text is made under the space's lock, so it shows one moment. Pages that several processes share count whole in Pss:
 * the number of sharers of a page is not kept (vma_usage says only whether it is shared).
 */
#include "file/procfs.h"

#define NAME_COLUMN 73
#define KB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

static const char *vma_name(const struct vma *v)
{
	const struct space *s = v->space;

	if (v->file)
		return v->file->path;
	if (v->object)
		return "/dev/zero (deleted)";
	if (v->start <= s->brk && v->end >= s->brk_start)
		return "[heap]";
	return v->start < s->stack_start && v->end >= s->stack_start ? "[stack]" : NULL;
}

static void header_line(struct text *t, const struct vma *v)
{
	const struct node *n = v->file ? v->file->node : NULL;
	const char *name = vma_name(v);
	size_t start = t->len;

	text_printf(t, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)v->start, (unsigned long long)v->end,
	            v->flags & VMA_READ ? 'r' : '-', v->flags & VMA_WRITE ? 'w' : '-', v->flags & VMA_EXEC ? 'x' : '-',
	            vma_is_shared(v) ? 's' : 'p', v->file ? (unsigned long long)v->pgoff << PAGE_SHIFT : 0ull,
	            0u, n ? (unsigned)n->fs->dev : 0u, n ? (unsigned long long)n->ino : 0ull);
	if (name) {
		text_pad(t, start, NAME_COLUMN);
		text_append(t, name, strlen(name));
	}
	text_append(t, "\n", 1);
}

static bool visit_maps(struct vma *v, const struct vma_usage *u, void *arg)
{
	(void)u;
	header_line(arg, v);
	return true;
}

static void row(struct text *t, const char *name, unsigned long long kb)
{
	size_t start = t->len;

	text_printf(t, "%s:", name);
	text_pad(t, start, 16);
	text_printf(t, "%8llu kB\n", kb);
}

static void flags_line(struct text *t, const struct vma *v)
{
	bool shared = vma_is_shared(v);

	text_printf(t, "VmFlags: %s%s%s%smr %s%s%s%s%s\n", v->flags & VMA_READ ? "rd " : "", v->flags & VMA_WRITE ? "wr " : "",
	            v->flags & VMA_EXEC ? "ex " : "", shared ? "sh " : "", v->flags & VMA_MAYWRITE ? "mw " : "", "me ",
	            shared ? "ms " : "", v->flags & VMA_GROWSDOWN ? "gd " : "", v->flags & VMA_NORESERVE ? "nr " : "");
}

static bool visit_smaps(struct vma *v, const struct vma_usage *u, void *arg)
{
	struct text *t = arg;
	uint64_t private_dirty = MIN(u->dirty, u->priv), shared_dirty = MIN(u->dirty - private_dirty, u->shared);

	header_line(t, v);
	row(t, "Size", (v->end - v->start) / 1024);
	row(t, "KernelPageSize", PAGE_SIZE / 1024);
	row(t, "MMUPageSize", PAGE_SIZE / 1024);
	row(t, "Rss", KB(u->resident));
	row(t, "Pss", KB(u->resident));
	row(t, "Pss_Dirty", KB(u->dirty));
	row(t, "Shared_Clean", KB(u->shared - shared_dirty));
	row(t, "Shared_Dirty", KB(shared_dirty));
	row(t, "Private_Clean", KB(u->priv - private_dirty));
	row(t, "Private_Dirty", KB(private_dirty));
	row(t, "Referenced", KB(u->resident));
	row(t, "Anonymous", KB(u->anon));
	row(t, "LazyFree", 0);
	row(t, "AnonHugePages", 0);
	row(t, "ShmemPmdMapped", 0);
	row(t, "FilePmdMapped", 0);
	row(t, "Shared_Hugetlb", 0);
	row(t, "Private_Hugetlb", 0);
	row(t, "Swap", 0);
	row(t, "SwapPss", 0);
	row(t, "Locked", 0);
	text_printf(t, "THPeligible:    0\n");
	flags_line(t, v);
	return true;
}

struct space *proc_space_of(int pid)
{
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	struct space *s = p ? proc_space_get(p) : err_ptr(-ENOENT);
	mutex_unlock(&proc_tree_lock);
	return s;
}

static int visit_all(struct text *t, int pid, bool (*visit)(struct vma *, const struct vma_usage *, void *), bool usage)
{
	struct space *s = proc_space_of(pid);

	if (is_err(s))
		return (int)ptr_err(s);
	if (!s)
		return 0; /* a zombie maps nothing */
	space_visit(s, visit, t, usage);
	space_put(s);
	return 0;
}

int proc_make_pid_maps(struct text *t, int pid)
{
	return visit_all(t, pid, visit_maps, false);
}

int proc_make_pid_smaps(struct text *t, int pid)
{
	return visit_all(t, pid, visit_smaps, true);
}
