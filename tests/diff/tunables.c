/* SPDX-License-Identifier: MIT */
/*
 * What /proc/sys takes, keeps and says: modes, first values, every kind of number. What follows from the machine is
 * left out.
 */
#include "show.h"

static const char *const names[] = {
	"vm/panic_on_oom", "vm/oom_kill_allocating_task", "vm/oom_dump_tasks", "vm/hugetlb_shm_group", "vm/laptop_mode",
	"vm/dirtytime_expire_seconds", "vm/min_slab_ratio", "vm/min_unmapped_ratio", "vm/extfrag_threshold",
	"vm/compaction_proactiveness", "vm/compact_unevictable_allowed", "vm/memory_failure_early_kill",
	"vm/memory_failure_recovery",
	"vm/mmap_rnd_bits", "vm/mmap_rnd_compat_bits", "vm/numa_stat", "vm/page_lock_unfairness",
	"vm/unprivileged_userfaultfd", "vm/watermark_boost_factor", "vm/watermark_scale_factor", "vm/zone_reclaim_mode",
	"vm/swappiness", "vm/vfs_cache_pressure", "vm/page-cluster", "vm/stat_interval", "vm/legacy_va_layout",
	"vm/overcommit_memory", "vm/overcommit_ratio", "vm/overcommit_kbytes", "vm/dirty_expire_centisecs",
	"kernel/randomize_va_space", "kernel/overflowuid", "kernel/overflowgid", "kernel/core_uses_pid",
	"kernel/panic_on_oops", "fs/suid_dumpable", "fs/protected_fifos",
	"fs/protected_hardlinks", "fs/protected_regular", "fs/protected_symlinks",
};

static const char *const values[] = { "0", "1", "2", "3", "-1", "x", "", " 4 ", "0x10", "010", "5 6", "100", "101",
                                      "1000", "1001", "65535",
                                      "65536", "2147483647", "2147483648", "-2147483649", "99999999999999999999" };

static long store(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	long result = fd < 0 ? -errno : CALL(write, fd, text, strlen(text));

	close(fd);
	return result;
}

int main(void)
{
	char path[96], first[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct stat st = { 0 };
		snprintf(path, sizeof path, "/proc/sys/%s", names[i]);
		stat(path, &st);
		snprintf(first, sizeof first, "%s", file_text(path));
		printf("%s: mode %o, %s", names[i], st.st_mode, first);
		for (size_t k = 0; k < COUNT(values); k++) {
			printf(" '%s': %s", values[k], shown(store(path, values[k])));
			printf(" %s", file_text(path));
		}
		store(path, first);
	}
	struct stat st = { 0 };
	int found = stat("/proc/sys/vm/compact_memory", &st);
	printf("compact_memory: %d mode %o", found, st.st_mode);
	printf(" 1 %s read %s\n", shown(store("/proc/sys/vm/compact_memory", "1")),
	       shown_ok(open("/proc/sys/vm/compact_memory", O_RDONLY)));
	for (int which = -1; which < 7; which++) {
		snprintf(path, sizeof path, "%d", which);
		printf("clear_refs %d: %s\n", which, shown(store("/proc/self/clear_refs", path)));
	}
	printf("clear_refs x: %s, open to read %s\n", shown(store("/proc/self/clear_refs", "x")),
	       shown_ok(open("/proc/self/clear_refs", O_RDONLY)));
	map_at(0, 4, RW, PRIVATE, -1, 0);
	for (int i = 0; i < 4; i++)
		*at(i) = 1;
	store("/proc/self/clear_refs", "1");
	const char *line = strstr(file_text("/proc/self/smaps"), "100000000000-");
	printf("used since then: %.20s\n", line ? strstr(line, "Referenced:") + 11 : "nothing");
	return 0;
}
