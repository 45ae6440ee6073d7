/* SPDX-License-Identifier: MIT */
/*
 * /proc/meminfo and /proc/vmstat: how memory is used and what has been done with it. The rows and their order are Linux
 * 6.1's.
 *
 * What exists here is counted, by counters (vm_stat) or by looking at every frame (frame_census). What does not exist,
 * such as huge pages, swap or NUMA nodes, is 0. All of a server-less object (shared anonymous memory) counts as Shmem
 * and, as on Linux, within Cached. KernelStack is the frames of stacks that are kept spare.
 */
#include "file/procfs.h"

#define KB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

static void row(struct text *t, const char *name, unsigned long long kb)
{
	size_t start = t->len;

	text_printf(t, "%s:", name);
	text_pad(t, start, 16);
	text_printf(t, "%8llu kB\n", kb);
}

/* Several rows of 0; names separated by blanks. */
static void zero_rows(struct text *t, const char *names,
                      void (*one)(struct text *t, const char *name, unsigned long long value))
{
	char name[48];

	while (*names) {
		size_t n = 0;
		while (names[n] && names[n] != ' ')
			n++;
		memcpy(name, names, n);
		name[n] = '\0';
		one(t, name, 0);
		names += n + (names[n] == ' ');
	}
}

static uint64_t saturating_sub(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

static void usage_rows(struct text *t, const struct frame_census *c, uint64_t locked)
{
	uint64_t free = frames_free(), idle = saturating_sub(c->file, vm_stat.dirty_pages);

	row(t, "MemTotal", KB(frames_total()));
	row(t, "MemFree", KB(free));
	row(t, "MemAvailable", KB(saturating_sub(free + idle, frames_reserve())));
	row(t, "Buffers", 0);
	row(t, "Cached", KB(vm_stat.cached_pages));
	row(t, "SwapCached", 0);
	row(t, "Active", KB(c->anon + c->accessed));
	row(t, "Inactive", KB(c->shmem + c->file - c->accessed));
	row(t, "Active(anon)", KB(c->anon));
	row(t, "Inactive(anon)", KB(c->shmem));
	row(t, "Active(file)", KB(c->accessed));
	row(t, "Inactive(file)", KB(c->file - c->accessed));
	row(t, "Unevictable", KB(locked));
	row(t, "Mlocked", KB(locked));
	zero_rows(t, "SwapTotal SwapFree Zswap Zswapped", row);
	row(t, "Dirty", KB(vm_stat.dirty_pages));
	row(t, "Writeback", KB(c->writeback));
	row(t, "AnonPages", KB(c->anon));
	row(t, "Mapped", KB(c->mapped));
	row(t, "Shmem", KB(c->shmem));
}

int proc_make_meminfo(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	uint64_t heap = heap_bytes() / PAGE_SIZE;
	struct frame_census c;
	(void)of, (void)next;

	frame_census(&c);
	usage_rows(t, &c, vm_locked_pages());
	row(t, "KReclaimable", 0);
	row(t, "Slab", KB(heap));
	row(t, "SReclaimable", 0);
	row(t, "SUnreclaim", KB(heap));
	row(t, "KernelStack", KB(kstack_frames()));
	row(t, "PageTables", KB(vm_stat.table_pages));
	zero_rows(t, "SecPageTables NFS_Unstable Bounce WritebackTmp", row);
	row(t, "CommitLimit", KB(vm_commit_limit()));
	row(t, "Committed_AS", KB(vm_committed()));
	zero_rows(t, "VmallocTotal VmallocUsed VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages ShmemPmdMapped "
	             "FileHugePages FilePmdMapped", row);
	text_puts(t, "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	row(t, "Hugepagesize", 2048);
	row(t, "Hugetlb", 0);
	zero_rows(t, "DirectMap4k DirectMap2M DirectMap1G", row);
	return 0;
}

/* ---- vmstat ---- */

static void count(struct text *t, const char *name, unsigned long long value)
{
	text_printf(t, "%s %llu\n", name, value);
}

static void state_counts(struct text *t, const struct frame_census *c)
{
	uint64_t locked = vm_locked_pages();

	count(t, "nr_free_pages", frames_free());
	count(t, "nr_zone_inactive_anon", c->shmem);
	count(t, "nr_zone_active_anon", c->anon);
	count(t, "nr_zone_inactive_file", c->file - c->accessed);
	count(t, "nr_zone_active_file", c->accessed);
	count(t, "nr_zone_unevictable", locked);
	count(t, "nr_zone_write_pending", vm_stat.dirty_pages + c->writeback);
	count(t, "nr_mlock", locked);
	zero_rows(t, "nr_bounce nr_zspages nr_free_cma", count);
	count(t, "numa_hit", frames_allocated());
	zero_rows(t, "numa_miss numa_foreign numa_interleave", count);
	count(t, "numa_local", frames_allocated());
	count(t, "numa_other", 0);
	count(t, "nr_inactive_anon", c->shmem);
	count(t, "nr_active_anon", c->anon);
	count(t, "nr_inactive_file", c->file - c->accessed);
	count(t, "nr_active_file", c->accessed);
	count(t, "nr_unevictable", locked);
	count(t, "nr_slab_reclaimable", 0);
	count(t, "nr_slab_unreclaimable", heap_bytes() / PAGE_SIZE);
	zero_rows(t, "nr_isolated_anon nr_isolated_file workingset_nodes workingset_refault_anon workingset_refault_file "
	             "workingset_activate_anon workingset_activate_file workingset_restore_anon workingset_restore_file "
	             "workingset_nodereclaim", count);
	count(t, "nr_anon_pages", c->anon);
	count(t, "nr_mapped", c->mapped);
	count(t, "nr_file_pages", vm_stat.cached_pages);
	count(t, "nr_dirty", vm_stat.dirty_pages);
	count(t, "nr_writeback", c->writeback);
	count(t, "nr_writeback_temp", 0);
	count(t, "nr_shmem", c->shmem);
	zero_rows(t,
	          "nr_shmem_hugepages nr_shmem_pmdmapped nr_file_hugepages nr_file_pmdmapped nr_anon_transparent_hugepages "
	             "nr_vmscan_write nr_vmscan_immediate_reclaim", count);
	count(t, "nr_dirtied", vm_stat.dirtied);
	count(t, "nr_written", vm_stat.written);
	zero_rows(t, "nr_throttled_written nr_kernel_misc_reclaimable nr_foll_pin_acquired nr_foll_pin_released", count);
	count(t, "nr_kernel_stack", KB(kstack_frames()));
	count(t, "nr_page_table_pages", vm_stat.table_pages);
	zero_rows(t, "nr_sec_page_table_pages nr_swapcached pgpromote_success pgpromote_candidate", count);
	count(t, "nr_dirty_threshold", writeback_threshold(false));
	count(t, "nr_dirty_background_threshold", writeback_threshold(true));
}

static void event_counts(struct text *t)
{
	count(t, "pgpgin", KB(vm_stat.read));
	count(t, "pgpgout", KB(vm_stat.written));
	zero_rows(t, "pswpin pswpout pgalloc_dma", count);
	count(t, "pgalloc_dma32", frames_allocated());
	zero_rows(t, "pgalloc_normal pgalloc_movable pgalloc_device allocstall_dma", count);
	count(t, "allocstall_dma32", vm_stat.stalls);
	zero_rows(t, "allocstall_normal allocstall_movable allocstall_device pgskip_dma pgskip_dma32 pgskip_normal pgskip_movable "
	             "pgskip_device", count);
	count(t, "pgfree", frames_freed());
	zero_rows(t, "pgactivate pgdeactivate", count);
	count(t, "pglazyfree", vm_stat.lazy);
	count(t, "pgfault", vm_stat.faults);
	count(t, "pgmajfault", vm_stat.major);
	count(t, "pglazyfreed", vm_stat.lazy_dropped);
	zero_rows(t, "pgrefill pgreuse", count);
	count(t, "pgsteal_kswapd", vm_stat.stolen - vm_stat.stolen_direct);
	count(t, "pgsteal_direct", vm_stat.stolen_direct);
	zero_rows(t, "pgdemote_kswapd pgdemote_direct", count);
	count(t, "pgscan_kswapd", vm_stat.scanned - vm_stat.scanned_direct);
	count(t, "pgscan_direct", vm_stat.scanned_direct);
	zero_rows(t, "pgscan_direct_throttle pgscan_anon", count);
	count(t, "pgscan_file", vm_stat.scanned);
	count(t, "pgsteal_anon", 0);
	count(t, "pgsteal_file", vm_stat.stolen);
	zero_rows(t, "zone_reclaim_failed pginodesteal slabs_scanned kswapd_inodesteal kswapd_low_wmark_hit_quickly "
	             "kswapd_high_wmark_hit_quickly pageoutrun pgrotated", count);
	count(t, "drop_pagecache", vm_stat.drop_pagecache);
	count(t, "drop_slab", vm_stat.drop_slab);
	count(t, "oom_kill", vm_stat.oom_kills);
	zero_rows(t, "numa_pte_updates numa_huge_pte_updates numa_hint_faults numa_hint_faults_local numa_pages_migrated "
	             "pgmigrate_success pgmigrate_fail thp_migration_success thp_migration_fail thp_migration_split "
	             "compact_migrate_scanned compact_free_scanned compact_isolated compact_stall compact_fail compact_success "
	             "compact_daemon_wake compact_daemon_migrate_scanned compact_daemon_free_scanned htlb_buddy_alloc_success "
	             "htlb_buddy_alloc_fail unevictable_pgs_culled unevictable_pgs_scanned unevictable_pgs_rescued "
	             "unevictable_pgs_mlocked unevictable_pgs_munlocked unevictable_pgs_cleared unevictable_pgs_stranded thp_fault_alloc "
	             "thp_fault_fallback thp_fault_fallback_charge thp_collapse_alloc thp_collapse_alloc_failed thp_file_alloc "
	             "thp_file_fallback thp_file_fallback_charge thp_file_mapped thp_split_page thp_split_page_failed "
	             "thp_deferred_split_page thp_split_pmd thp_scan_exceed_none_pte thp_scan_exceed_swap_pte "
	             "thp_scan_exceed_share_pte thp_split_pud thp_zero_page_alloc thp_zero_page_alloc_failed thp_swpout "
	             "thp_swpout_fallback balloon_inflate balloon_deflate balloon_migrate swap_ra swap_ra_hit ksm_swpin_copy "
	             "cow_ksm zswpin zswpout direct_map_level2_splits direct_map_level3_splits nr_unstable", count);
}

int proc_make_vmstat(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct frame_census c;
	(void)of, (void)next;

	frame_census(&c);
	state_counts(t, &c);
	event_counts(t);
	return 0;
}
