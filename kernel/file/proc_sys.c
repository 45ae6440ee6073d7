/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: what can be tuned, as sysctl(8) and programs read and write it. Parsing and errors are those of Linux 6.1:
 *
 *      blanks, an optional '-', a number in C's notation (decimal, 0x, 0), then a blank or the end; what follows is left over
 *      nothing but blanks, another text, or out of range: EINVAL and nothing changes
 *      a write that does not begin at position 0: accepted, without effect
 *
 * A value is a single word that its users read when they need it; nobody is told of a change, except where `changed` is
 * set.
 */
#include <abi/misc.h>

#include "file/procfs.h"
#include "sys/uname.h"
#include "sysv/sysv.h"

enum kind { KIND_U32, KIND_S32, KIND_U64, KIND_TEXT };

struct tunable {
	const char *name;
	enum kind kind;
	void *value;             /* of that kind; a text is constant */
	int64_t min, max;
	int (*changed)(int64_t value); /* after it was set: does what it asks for. -errno: not allowed, and not set */
};

static uint32_t zero, cap_last = 40, groups_max = 65536, threads_max = 32768, nr_open = MAX_FDS, drop;
static uint64_t pipe_max = 1 << 20;

/* A ratio and a number of bytes say the same: the one that was set last counts, the other shows 0. */
static int ratio_set(int64_t v)
{
	(void)v;
	vm_tunable.dirty_bytes = 0;
	return 0;
}

static int bytes_set(int64_t v)
{
	(void)v;
	vm_tunable.dirty_ratio = 0;
	return 0;
}

static int background_ratio_set(int64_t v)
{
	(void)v;
	vm_tunable.dirty_background_bytes = 0;
	return 0;
}

static int background_bytes_set(int64_t v)
{
	(void)v;
	vm_tunable.dirty_background_ratio = 0;
	return 0;
}

static int period_set(int64_t centisecs)
{
	if (centisecs)
		writeback_now();
	return 0;
}

static int overcommit_ratio_set(int64_t v)
{
	(void)v;
	vm_tunable.overcommit_kbytes = 0;
	return 0;
}

static int overcommit_kbytes_set(int64_t v)
{
	(void)v;
	vm_tunable.overcommit_ratio = 0;
	return 0;
}

static int drop_set(int64_t what)
{
	vm_drop_caches(what & 1, what & 2);
	return 0;
}

static int min_free_set(int64_t kbytes)
{
	frames_set_reserve((uint64_t)kbytes * 1024 / PAGE_SIZE);
	return 0;
}

static int no_huge_pages(int64_t n)
{
	(void)n;
	zero = 0; /* there are none to be had */
	return 0;
}

#define VM_U32(n, lo, hi, fn) { #n, KIND_U32, &vm_tunable.n, lo, hi, fn }
#define VM_U64(n, lo, fn) { #n, KIND_U64, &vm_tunable.n, lo, INT64_MAX, fn }
#define FIXED(n, v) { n, KIND_U32, v, 0, INT32_MAX, NULL }
/* What is set is kept and read, and means nothing here: what it is about does not exist. */
#define KEPT(n, v, lo, hi) { n, KIND_S32, &(uint32_t){ v }, lo, hi, NULL }
#define TEXT(n, v) { n, KIND_TEXT, v, 0, 0, NULL }

static const struct tunable tunables[] = {
	VM_U32(dirty_background_ratio, 0, 100, background_ratio_set),
	VM_U64(dirty_background_bytes, 1, background_bytes_set),
	VM_U32(dirty_ratio, 0, 100, ratio_set), VM_U64(dirty_bytes, 2 * PAGE_SIZE, bytes_set),
	VM_U32(dirty_expire_centisecs, 0, INT32_MAX, NULL), VM_U32(dirty_writeback_centisecs, 0, INT32_MAX, period_set),
	VM_U32(legacy_va_layout, 0, INT32_MAX, NULL), VM_U32(max_map_count, 0, INT32_MAX, NULL),
	{ "min_free_kbytes", KIND_U32, &vm_tunable.min_free_kbytes, 0, INT32_MAX, min_free_set },
	VM_U64(mmap_min_addr, 0, NULL), VM_U64(overcommit_kbytes, 0, overcommit_kbytes_set),
	VM_U32(overcommit_memory, 0, 2, NULL),
	{ "overcommit_ratio", KIND_S32, &vm_tunable.overcommit_ratio, INT32_MIN, INT32_MAX, overcommit_ratio_set },
	VM_U32(swappiness, 0, 200, NULL), VM_U64(admin_reserve_kbytes, 0, NULL), VM_U64(user_reserve_kbytes, 0, NULL),
	{ "drop_caches", KIND_U32, &drop, 1, 4, drop_set },
	{ "nr_hugepages", KIND_U32, &zero, 0, INT32_MAX, no_huge_pages },
	{ "shmmax", KIND_U64, &sysv_limits.shmmax, 0, INT64_MAX, NULL },
	{ "shmall", KIND_U64, &sysv_limits.shmall, 0, INT64_MAX, NULL },
	{ "shmmni", KIND_U32, &sysv_limits.shmmni, 0, 1 << IPC_INDEX_BITS, NULL },
	{ "nr_hugepages_mempolicy", KIND_U32, &zero, 0, INT32_MAX, no_huge_pages },
	{ "nr_overcommit_hugepages", KIND_U32, &zero, 0, INT32_MAX, no_huge_pages },
	FIXED("cap_last_cap", &cap_last), FIXED("ngroups_max", &groups_max),
	{ "file-max", KIND_U32, &file_max, 0, INT32_MAX, NULL },
	KEPT("page-cluster", 3, 0, INT32_MAX), KEPT("vfs_cache_pressure", 100, 0, INT32_MAX),
	KEPT("stat_interval", 1, INT32_MIN, INT32_MAX / 250), KEPT("panic_on_oom", 0, 0, 2),
	KEPT("oom_kill_allocating_task", 0, INT32_MIN, INT32_MAX), KEPT("oom_dump_tasks", 1, INT32_MIN, INT32_MAX),
	KEPT("hugetlb_shm_group", 0, INT32_MIN, INT32_MAX), KEPT("laptop_mode", 0, INT32_MIN, INT32_MAX / 250),
	KEPT("dirtytime_expire_seconds", 43200, 0, INT32_MAX), KEPT("min_slab_ratio", 5, 0, 100),
	KEPT("min_unmapped_ratio", 1, 0, 100),
	KEPT("extfrag_threshold", 500, 0, 1000), KEPT("compaction_proactiveness", 20, 0, 100),
	KEPT("compact_unevictable_allowed", 1, 0, 1), KEPT("memory_failure_early_kill", 0, 0, 1),
	KEPT("memory_failure_recovery", 1, 0, 1), KEPT("mmap_rnd_bits", 28, 28, 32), KEPT("mmap_rnd_compat_bits", 8, 8, 16),
	KEPT("numa_stat", 1, 0, 1), KEPT("page_lock_unfairness", 5, 0, INT32_MAX),
	KEPT("unprivileged_userfaultfd", 0, 0, 1),
	KEPT("watermark_boost_factor", 15000, 0, INT32_MAX), KEPT("watermark_scale_factor", 10, 1, 3000),
	KEPT("zone_reclaim_mode", 0, 0, INT32_MAX), KEPT("compact_memory", 0, INT32_MIN, INT32_MAX),
	KEPT("randomize_va_space", 0, INT32_MIN, INT32_MAX), KEPT("overflowuid", 65534, 0, 65535),
	KEPT("overflowgid", 65534, 0, 65535),
	KEPT("tainted", 0, 0, INT32_MAX), KEPT("panic", 0, INT32_MIN, INT32_MAX), KEPT("panic_on_oops", 0, INT32_MIN, INT32_MAX),
	KEPT("suid_dumpable", 0, 0, 2), KEPT("protected_fifos", 0, 0, 2), KEPT("protected_regular", 0, 0, 2),
	{ "protected_hardlinks", KIND_U32, &protected_hardlinks, 0, 1, NULL },
	{ "protected_symlinks", KIND_U32, &protected_symlinks, 0, 1, NULL },
	KEPT("core_uses_pid", 0, INT32_MIN, INT32_MAX), { "pid_max", KIND_U32, &pid_max, 301, 4194304, NULL },
	{ "threads-max", KIND_U32, &threads_max, 20, INT32_MAX, NULL },
	{ "nr_open", KIND_U32, &nr_open, 8, INT32_MAX, NULL },
	{ "pipe-max-size", KIND_U64, &pipe_max, PAGE_SIZE, INT32_MAX, NULL },
	TEXT("arch", UNAME_MACHINE), TEXT("hostname", uname_nodename), TEXT("domainname", uname_domainname),
	TEXT("osrelease", UNAME_RELEASE), TEXT("ostype", UNAME_SYSNAME), TEXT("version", UNAME_VERSION),
};

static const struct tunable *find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(tunables); i++)
		if (!strcmp(tunables[i].name, name))
			return &tunables[i];
	return NULL;
}

int proc_make_tunable(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	const struct tunable *x = find(of->data);
	(void)next;

	if (!x)
		return -ENOENT;
	if (x->kind == KIND_TEXT)
		text_printf(t, "%s\n", (const char *)x->value);
	else if (x->kind == KIND_U64)
		text_printf(t, "%llu\n", (unsigned long long)*(uint64_t *)x->value);
	else
		text_printf(t, "%d\n", *(int32_t *)x->value);
	return 0;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* A number at *at in C's notation; false: none, or too large. */
static bool parse(const char **at, int64_t *value)
{
	const char *c = *at;
	bool negative = *c == '-';
	uint64_t n = 0;

	c += negative;
	if (*c < '0' || *c > '9')
		return false;
	unsigned base = 10;
	if (*c == '0') {
		base = (c[1] | 0x20) == 'x' && digit_of(c[2]) < 16 ? 16 : 8;
		c += base == 16 ? 2 : 0;
	}
	for (; digit_of(*c) < base; c++)
		if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, digit_of(*c), &n))
			return false;
	if (n > INT64_MAX)
		return false;
	*value = negative ? -(int64_t)n : (int64_t)n;
	*at = c;
	return true;
}

bool proc_parse_number(const char *text, int64_t *value)
{
	while (is_blank(*text))
		text++;
	if (!parse(&text, value))
		return false;
	while (is_blank(*text))
		text++;
	return !*text;
}

static int tunable_set(const struct tunable *x, int64_t value)
{
	if (value < x->min || value > x->max)
		return -EINVAL;
	if (x->kind == KIND_U64)
		*(uint64_t *)x->value = (uint64_t)value;
	else
		*(int32_t *)x->value = (int32_t)value;
	return x->changed ? x->changed(value) : 0;
}

int64_t proc_store_tunable(const struct proc_ref *of, const char *bytes, size_t len, int64_t pos)
{
	const struct tunable *x = find(of->data);
	const char *c = bytes;
	int64_t value;

	if (!x || x->kind == KIND_TEXT)
		return -EINVAL;
	if (pos || !len)
		return (int64_t)len;
	while (is_blank(*c))
		c++;
	if (!parse(&c, &value) || (*c && !is_blank(*c)))
		return -EINVAL;
	int err = tunable_set(x, value);
	if (err)
		return err;
	while (is_blank(*c))
		c++;
	return c - bytes;
}
