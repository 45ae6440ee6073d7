/* SPDX-License-Identifier: MIT */
/*
 * What the files of /proc say that are about the whole system. Formats: proc(5).
 *
 * Rows of Linux's meminfo that have no meaning here (huge pages, zswap, ...) are left out, except where programs that print
 * memory expect them; those are 0. KernelStack is the frames of stacks that are kept spare. Sizes are in units of 1024 bytes, as "kB" there means. Load averages are not computed:
 * the first three numbers are 0, the count of processes is real.
 */
#include "file/procfs.h"

#define KB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

void proc_make_cmdline(struct text *t)
{
	text_append(t, boot_info.cmdline, strnlen(boot_info.cmdline, sizeof boot_info.cmdline));
	text_append(t, "\n", 1);
}

static void row(struct text *t, const char *name, unsigned long long kb)
{
	size_t start = t->len;

	text_printf(t, "%s:", name);
	text_pad(t, start, 16);
	text_printf(t, "%8llu kB\n", kb);
}

static uint64_t saturating_sub(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

struct census { unsigned threads, processes; int newest; uint64_t tables, user_ns, system_ns; };

static struct census take_census(void)
{
	struct census c = { 0 };

	mutex_lock(&proc_tree_lock);
	list_for_each(link, &proc_all) {
		struct proc *p = list_entry(link, struct proc, all_link);
		spin_lock(&p->lock);
		c.threads += p->nthreads;
		c.tables += p->space ? p->space->tables : 0;
		spin_unlock(&p->lock);
		c.processes++;
		c.newest = MAX(c.newest, p->pid);
		c.user_ns += p->utime_ns;
		c.system_ns += p->stime_ns;
	}
	mutex_unlock(&proc_tree_lock);
	return c;
}

void proc_make_meminfo(struct text *t)
{
	uint64_t total = frames_total(), free = frames_free(), cached = vm_stat.cached_pages;
	uint64_t dirty = vm_dirty_pages(), available = free + saturating_sub(cached, dirty);
	uint64_t heap = heap_bytes() / PAGE_SIZE;

	row(t, "MemTotal", KB(total));
	row(t, "MemFree", KB(free));
	row(t, "MemAvailable", KB(MIN(saturating_sub(available, frames_reserve()), total)));
	row(t, "Buffers", 0);
	row(t, "Cached", KB(cached));
	row(t, "SwapCached", 0);
	row(t, "Active", KB(vm_stat.anon_pages));
	row(t, "Inactive", KB(cached));
	row(t, "SwapTotal", 0);
	row(t, "SwapFree", 0);
	row(t, "Dirty", KB(dirty));
	row(t, "Writeback", 0);
	row(t, "AnonPages", KB(vm_stat.anon_pages));
	row(t, "Mapped", 0);
	row(t, "Shmem", 0);
	row(t, "KReclaimable", 0);
	row(t, "Slab", KB(heap));
	row(t, "SReclaimable", 0);
	row(t, "SUnreclaim", KB(heap));
	row(t, "KernelStack", KB(kstack_frames()));
	row(t, "PageTables", KB(take_census().tables));
	row(t, "CommitLimit", KB(total));
	row(t, "Committed_AS", KB(vm_stat.anon_pages));
}

void proc_make_mounts(struct text *t)
{
	char line[128];

	for (unsigned i = 0; mount_describe(i, line, sizeof line); i++)
		text_append(t, line, strlen(line));
}

void proc_make_filesystems(struct text *t)
{
	static const struct fs_ops *const kinds[] = { &bootfs_ops, &devfs_ops, &procfs_ops, &server_ops };

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		text_printf(t, "%s\t%s\n", kinds[i]->needs_device ? "" : "nodev", kinds[i]->type);
}

void proc_make_uptime(struct text *t)
{
	uint64_t centis = clock_now_ns() / 10000000;

	text_printf(t, "%llu.%02llu 0.00\n", (unsigned long long)(centis / 100), (unsigned long long)(centis % 100));
}

void proc_make_loadavg(struct text *t)
{
	struct census c = take_census();

	text_printf(t, "0.00 0.00 0.00 1/%u %d\n", c.threads, c.newest);
}

void proc_make_version(struct text *t)
{
	text_printf(t, "Atlas version 0.1 (gcc %s) #1 SMP x86_64\n", __VERSION__);
}

void proc_make_stat(struct text *t)
{
	struct census c = take_census();
	unsigned long long user = c.user_ns / 10000000, system = c.system_ns / 10000000, up = clock_now_ns() / 10000000;
	unsigned long long all = up * cpu_count, idle = all > user + system ? all - user - system : 0;

	text_printf(t, "cpu  %llu 0 %llu %llu 0 0 0 0 0 0\n", user, system, idle);
	for (unsigned i = 0; i < cpu_count; i++)
		text_printf(t, "cpu%u %llu 0 %llu %llu 0 0 0 0 0 0\n", i, user / cpu_count, system / cpu_count, idle / cpu_count);
	text_printf(t, "ctxt 0\nbtime %llu\nprocesses %d\nprocs_running 1\nprocs_blocked 0\n",
	            (unsigned long long)(clock_epoch_ns() / 1000000000), c.newest);
}

void proc_make_cpuinfo(struct text *t)
{
	for (unsigned i = 0; i < cpu_count; i++)
		text_printf(t, "processor\t: %u\narchitecture\t: x86_64\n\n", i);
}
