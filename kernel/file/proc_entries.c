/* SPDX-License-Identifier: MIT */
/*
 * /proc: which names its directories have, a table each, and who makes the text behind a name.
 *
 * A listing shows a table's order. What is in THREAD_ENTRIES is said of a process and of each of its threads alike. A
 * name of
 * /proc/sys is a tunable of proc_sys.c, found there by its name.
 */
#include "file/proc_entries.h"

#define FILE_(n, m, fn) { .name = n, .mode = S_IFREG | (m), .make = fn }
#define GUARDED(n, m, fn) { .name = n, .mode = S_IFREG | (m), .make = fn, .guarded = true }
#define STORED(n, m, fn, st) { .name = n, .mode = S_IFREG | (m), .make = fn, .store = st }
#define CONSTANT(n, m, text) { .name = n, .mode = S_IFREG | (m), .make = proc_make_constant, .data = text }
#define LINK(n, target) { .name = n, .mode = S_IFLNK | 0777, .data = target }
#define MAGIC(n, which) { .name = n, .mode = S_IFLNK | 0777, .data = &proc_link_kinds[which] }
#define DIR(n, m, d) { .name = n, .mode = S_IFDIR | (m), .dir = d }
#define TUNABLE(n, m) { .name = n, .mode = S_IFREG | (m), .make = proc_make_tunable, .store = proc_store_tunable, .data = n }

const enum proc_link proc_link_kinds[] = { 0, PROC_LINK_EXE, PROC_LINK_CWD, PROC_LINK_ROOT, PROC_LINK_FD };

static const struct proc_entry root_entries[] = {
	LINK("self", NULL),
	LINK("thread-self", NULL),
	FILE_("cmdline", 0444, proc_make_cmdline),
	FILE_("cpuinfo", 0444, proc_make_cpuinfo),
	CONSTANT("diskstats", 0444, ""),
	FILE_("filesystems", 0444, proc_make_filesystems),
	FILE_("loadavg", 0444, proc_make_loadavg),
	FILE_("locks", 0444, proc_make_locks),
	FILE_("meminfo", 0444, proc_make_meminfo),
	LINK("mounts", "self/mounts"),
	FILE_("partitions", 0444, proc_make_partitions),
	FILE_("stat", 0444, proc_make_stat),
	FILE_("swaps", 0444, proc_make_swaps),
	DIR("sys", 0555, DIR_SYS),
	DIR("sysvipc", 0555, DIR_SYSVIPC),
	FILE_("uptime", 0444, proc_make_uptime),
	FILE_("version", 0444, proc_make_version),
	FILE_("vmstat", 0444, proc_make_vmstat),
};

static const struct proc_entry sys_entries[] = {
	DIR("fs", 0555, DIR_SYS_FS), DIR("kernel", 0555, DIR_SYS_KERNEL), DIR("vm", 0555, DIR_SYS_VM),
};

static const struct proc_entry sysvipc_entries[] = {
	FILE_("sem", 0444, proc_make_sysvipc_sem), FILE_("shm", 0444, proc_make_sysvipc_shm),
};

static const struct proc_entry sys_fs_entries[] = {
	TUNABLE("file-max", 0644), FILE_("file-nr", 0444, proc_make_file_nr), TUNABLE("nr_open", 0644),
	TUNABLE("pipe-max-size", 0644),
	TUNABLE("protected_fifos", 0644), TUNABLE("protected_hardlinks", 0644), TUNABLE("protected_regular", 0644),
	TUNABLE("protected_symlinks", 0644), TUNABLE("suid_dumpable", 0644),
};

static const struct proc_entry sys_kernel_entries[] = {
	TUNABLE("arch", 0444), TUNABLE("cap_last_cap", 0444), TUNABLE("hostname", 0444), TUNABLE("domainname", 0444),
	TUNABLE("ngroups_max", 0444), TUNABLE("osrelease", 0444), TUNABLE("ostype", 0444), TUNABLE("overflowgid", 0644),
	TUNABLE("core_uses_pid", 0644), TUNABLE("overflowuid", 0644), TUNABLE("pid_max", 0644),
	TUNABLE("randomize_va_space", 0644),
	TUNABLE("panic", 0644), TUNABLE("panic_on_oops", 0644), TUNABLE("tainted", 0644),
	TUNABLE("shmall", 0644), TUNABLE("shmmax", 0644), TUNABLE("shmmni", 0644),
	TUNABLE("threads-max", 0644), TUNABLE("version", 0444),
};

static const struct proc_entry sys_vm_entries[] = {
	TUNABLE("admin_reserve_kbytes", 0644), TUNABLE("dirty_background_bytes", 0644),
	TUNABLE("dirty_background_ratio", 0644), TUNABLE("dirty_bytes", 0644), TUNABLE("dirty_expire_centisecs", 0644),
	TUNABLE("dirty_ratio", 0644), TUNABLE("dirty_writeback_centisecs", 0644), TUNABLE("drop_caches", 0200),
	TUNABLE("legacy_va_layout", 0644), TUNABLE("max_map_count", 0644), TUNABLE("min_free_kbytes", 0644),
	TUNABLE("mmap_min_addr", 0644), TUNABLE("nr_hugepages", 0644), TUNABLE("overcommit_kbytes", 0644),
	TUNABLE("overcommit_memory", 0644), TUNABLE("overcommit_ratio", 0644), TUNABLE("page-cluster", 0644),
	TUNABLE("stat_interval", 0644), TUNABLE("swappiness", 0644), TUNABLE("user_reserve_kbytes", 0644),
	TUNABLE("vfs_cache_pressure", 0644),
	TUNABLE("compact_memory", 0200), TUNABLE("compact_unevictable_allowed", 0644),
	TUNABLE("compaction_proactiveness", 0644),
	TUNABLE("dirtytime_expire_seconds", 0644), TUNABLE("extfrag_threshold", 0644), TUNABLE("hugetlb_shm_group", 0644),
	TUNABLE("laptop_mode", 0644), TUNABLE("memory_failure_early_kill", 0644), TUNABLE("memory_failure_recovery", 0644),
	TUNABLE("min_slab_ratio", 0644), TUNABLE("min_unmapped_ratio", 0644), TUNABLE("mmap_rnd_bits", 0600),
	TUNABLE("mmap_rnd_compat_bits", 0600), TUNABLE("nr_hugepages_mempolicy", 0644),
	TUNABLE("nr_overcommit_hugepages", 0644),
	TUNABLE("numa_stat", 0644), TUNABLE("oom_dump_tasks", 0644), TUNABLE("oom_kill_allocating_task", 0644),
	TUNABLE("page_lock_unfairness", 0644), TUNABLE("panic_on_oom", 0644),
	TUNABLE("unprivileged_userfaultfd", 0644), TUNABLE("watermark_boost_factor", 0644),
	TUNABLE("watermark_scale_factor", 0644),
	TUNABLE("zone_reclaim_mode", 0644),
};

#define THREAD_ENTRIES \
	GUARDED("auxv", 0400, proc_make_pid_auxv), CONSTANT("cgroup", 0444, ""), \
	FILE_("cmdline", 0444, proc_make_pid_cmdline), \
	STORED("comm", 0644, proc_make_pid_comm, proc_store_pid_comm), MAGIC("cwd", PROC_LINK_CWD), \
	GUARDED("environ", 0400, proc_make_pid_environ), MAGIC("exe", PROC_LINK_EXE), DIR("fd", 0500, DIR_FD), \
	DIR("fdinfo", 0555, DIR_FDINFO), FILE_("limits", 0444, proc_make_pid_limits), \
	GUARDED("maps", 0444, proc_make_pid_maps), FILE_("mountinfo", 0444, proc_make_mountinfo), \
	FILE_("mounts", 0444, proc_make_mounts), FILE_("oom_score", 0444, proc_make_pid_oom_score), \
	STORED("oom_score_adj", 0644, proc_make_pid_oom_score_adj, proc_store_pid_oom_score_adj), \
	GUARDED("pagemap", 0400, proc_make_pid_pagemap), GUARDED("personality", 0400, proc_make_pid_personality), \
	MAGIC("root", PROC_LINK_ROOT), GUARDED("smaps", 0444, proc_make_pid_smaps), \
	GUARDED("smaps_rollup", 0444, proc_make_pid_rollup), FILE_("stat", 0444, proc_make_pid_stat), \
	FILE_("statm", 0444, proc_make_pid_statm), FILE_("status", 0444, proc_make_pid_status), \
	{ .name = "clear_refs", .mode = S_IFREG | 0200, .make = proc_make_constant, .store = proc_store_clear_refs, .data = "" }, \
	CONSTANT("wchan", 0444, "0")

static const struct proc_entry pid_entries[] = { THREAD_ENTRIES, DIR("task", 0555, DIR_TASKS) };
static const struct proc_entry thread_entries[] = { THREAD_ENTRIES };

#define TABLE(t, m, up) { .entries = t, .count = ARRAY_SIZE(t), .mode = m, .parent = up }
const struct proc_directory proc_directories[DIRECTORIES] = {
	[DIR_ROOT] = TABLE(root_entries, 0555, DIR_ROOT),
	[DIR_SYS] = TABLE(sys_entries, 0555, DIR_ROOT),
	[DIR_SYS_FS] = TABLE(sys_fs_entries, 0555, DIR_SYS),
	[DIR_SYS_KERNEL] = TABLE(sys_kernel_entries, 0555, DIR_SYS),
	[DIR_SYS_VM] = TABLE(sys_vm_entries, 0555, DIR_SYS),
	[DIR_SYSVIPC] = TABLE(sysvipc_entries, 0555, DIR_ROOT),
	[DIR_PID] = TABLE(pid_entries, 0555, DIR_ROOT),
	[DIR_TASKS] = { .mode = 0555, .parent = DIR_PID },
	[DIR_THREAD] = TABLE(thread_entries, 0555, DIR_TASKS),
	[DIR_FD] = { .mode = 0500, .parent = DIR_PID },
	[DIR_FDINFO] = { .mode = 0555, .parent = DIR_PID },
};
