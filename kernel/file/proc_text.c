/* SPDX-License-Identifier: MIT */
/*
 * What the files of /proc say that are about the whole system, memory apart (proc_memory.c). Formats: proc(5).
 *
 * Load averages are not computed: the first three numbers are 0, the count of processes is real. So are interrupts and
 * context switches.
 */
#include "file/procfs.h"
#include "sysv/sysv.h"
#include "sys/uname.h"

int proc_make_cmdline(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;
	text_append(t, boot_info.cmdline, strnlen(boot_info.cmdline, sizeof boot_info.cmdline));
	text_append(t, "\n", 1);
	return 0;
}

struct census { unsigned threads, processes; int newest; uint64_t user_ns, system_ns; };

static struct census take_census(void)
{
	struct census c = { 0 };

	mutex_lock(&proc_tree_lock);
	list_for_each(link, &proc_all) {
		struct proc *p = list_entry(link, struct proc, all_link);
		spin_lock(&p->lock);
		c.threads += p->nthreads;
		spin_unlock(&p->lock);
		c.processes++;
		c.newest = MAX(c.newest, p->pid);
		struct spent spent = proc_spent(p);
		c.user_ns += spent.user_ns;
		c.system_ns += spent.system_ns;
	}
	mutex_unlock(&proc_tree_lock);
	return c;
}

int proc_make_mounts(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;
	mount_describe(t, false);
	return 0;
}

int proc_make_mountinfo(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;
	mount_describe(t, true);
	return 0;
}

int proc_make_constant(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)next;
	text_puts(t, of->data);
	return 0;
}

int proc_make_swaps(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;
	text_puts(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

int proc_make_partitions(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;
	text_puts(t, "major minor  #blocks  name\n\n");
	return 0;
}

int proc_make_filesystems(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	static const struct fs_ops *const kinds[] = { &bootfs_ops, &devfs_ops, &procfs_ops, &server_ops };
	(void)of, (void)next;

	text_puts(t, "nodev\ttmpfs\n"); /* of memory files */
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		text_printf(t, "%s\t%s\n", kinds[i]->needs_device ? "" : "nodev", kinds[i]->type);
	return 0;
}

int proc_make_uptime(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	uint64_t centis = clock_now_ns() / 10000000;
	(void)of, (void)next;

	text_printf(t, "%llu.%02llu 0.00\n", (unsigned long long)(centis / 100), (unsigned long long)(centis % 100));
	return 0;
}

int proc_make_file_nr(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;

	text_printf(t, "%u\t0\t%u\n", files_open, file_max);
	return 0;
}

int proc_make_loadavg(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct census c = take_census();
	(void)of, (void)next;

	text_printf(t, "0.00 0.00 0.00 1/%u %d\n", c.threads, c.newest);
	return 0;
}

static void describe_lock(struct text *t, const struct filelock_line *line)
{
	static const char *const kinds[] = { [LOCK_POSIX] = "POSIX ", [LOCK_OFD] = "OFDLCK", [LOCK_FLOCK] = "FLOCK " };
	static const char *const types[] = { [F_RDLCK] = "READ", [F_WRLCK] = "WRITE", [F_UNLCK] = "UNLCK" };
	const struct filelock *l = &line->lock;

	text_printf(t, "%u: %s%s ADVISORY  %s %d %02x:%02x:%llu %lld ", line->number, line->waits ? "-> " : "",
	            kinds[l->kind], types[l->type], l->pid, (unsigned)line->dev >> 8, (unsigned)line->dev & 0xff,
	            (unsigned long long)line->ino, (long long)l->start);
	if (l->end == INT64_MAX)
		text_puts(t, "EOF\n");
	else
		text_printf(t, "%lld\n", (long long)l->end);
}

#define LOCK_LINES 16 /* at a time */

int proc_make_locks(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct filelock_line *lines = kmalloc(LOCK_LINES * sizeof *lines);
	uint64_t from = of->from;
	unsigned n = LOCK_LINES;

	if (!lines)
		return -ENOMEM;
	while (n == LOCK_LINES && t->len < TEXT_PART) {
		n = filelocks_list((unsigned)from, lines, LOCK_LINES);
		for (unsigned i = 0; i < n; i++)
			describe_lock(t, &lines[i]);
		from += n;
	}
	if (n == LOCK_LINES)
		*next = from;
	kfree(lines);
	return 0;
}

int proc_make_version(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;
	text_printf(t, UNAME_SYSNAME " version " UNAME_RELEASE " (gcc %s) " UNAME_VERSION "\n", __VERSION__);
	return 0;
}

int proc_make_stat(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct census c = take_census();
	unsigned long long user = c.user_ns / 10000000, system = c.system_ns / 10000000, up = clock_now_ns() / 10000000;
	unsigned long long all = up * cpu_count, idle = all > user + system ? all - user - system : 0;
	(void)of, (void)next;

	text_printf(t, "cpu  %llu 0 %llu %llu 0 0 0 0 0 0\n", user, system, idle);
	for (unsigned i = 0; i < cpu_count; i++)
		text_printf(t, "cpu%u %llu 0 %llu %llu 0 0 0 0 0 0\n", i, user / cpu_count, system / cpu_count,
		            idle / cpu_count);
	text_printf(t, "intr 0\nctxt 0\nbtime %llu\nprocesses %d\nprocs_running 1\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
	            (unsigned long long)(clock_epoch_ns() / 1000000000), c.newest);
	return 0;
}

/* One processor of as many alike: what the one that reads says of itself. */
int proc_make_cpuinfo(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct cpu_identity id;
	(void)of, (void)next;

	cpu_identify(&id);
	for (unsigned i = 0; i < cpu_count; i++) {
		text_printf(t, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n", i, id.vendor,
		            id.family, id.model, id.brand[0] ? id.brand : "unknown");
		text_printf(t, "stepping\t: %u\nphysical id\t: %u\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\n", id.stepping, i);
		text_printf(t, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:", id.level);
		for (unsigned bit = 0; bit < CPU_FLAG_BITS; bit++)
			if (cpu_flag_name(&id, bit))
				text_printf(t, " %s", cpu_flag_name(&id, bit));
		text_printf(t, "\n\n");
	}
	return 0;
}

int proc_make_sysvipc_shm(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;
	shm_show(t);
	return 0;
}

int proc_make_sysvipc_sem(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)of, (void)next;
	sem_show(t);
	return 0;
}
