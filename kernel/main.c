/* SPDX-License-Identifier: MIT */
/*
 * From the loader's hand-over to the first program.
 *
 *   kernel_main   on the boot stack, one CPU, nothing exists: log, CPU, frames, page tables, heap, devices, then each part of
 *                 the kernel, lowest first; the other CPUs; then this context becomes the first CPU's idle thread
 *   boot_thread   an ordinary thread that may sleep: kernel tests if asked for, then init
 *
 * The command line decides what runs and where text goes:
 *
 *   log=com1..com4|none     the log (com1)                 test=PATTERN,...   kernel tests before init
 *   control=com4            results for the host           seed=N             random numbers of these tests
 *   loglevel=debug|info|warn                               failalloc=N        the N-th allocation after init's start fails
 *   run= cwd= env= streams= are init's; maxcpus= and panic= are arch's
 *
 * The control channel is a serial line apart from the log, for what a program on the host reads: KTAP lines of kernel
 * tests and lines that a program writes to /dev/control. Without one they go to the log.
 *
 * Locks: one around the control line, so that lines of several CPUs do not mix. It has no rank: tests write with any
 * lock held.
 */
#include "arch.h"
#include "file/file.h"
#include "ipc/ipc.h"
#include "lib/log.h"
#include "lib/pageindex.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "lib/test.h"
#include "mm/mm.h"
#include "task/task.h"
#include "vm/vm.h"

#define OPTION_MAX 256

static unsigned log_com, control_com; /* 1..4; 0: none */
static struct spinlock control_lock = SPINLOCK_INIT(RANK_NONE);

/* ---- options ---- */

static bool option(const char *key, char *value, size_t cap)
{
	return cmdline_get(boot_info.cmdline, key, value, cap);
}

static uint64_t option_number(const char *key)
{
	char value[OPTION_MAX];
	uint64_t n;
	return option(key, value, sizeof(value)) && parse_u64(value, &n) ? n : 0;
}

/* "com3" -> 3; anything else -> 0. */
static unsigned option_com(const char *key, unsigned otherwise)
{
	char value[OPTION_MAX];
	if (!option(key, value, sizeof(value)))
		return otherwise;
	bool com = strncmp(value, "com", 3) == 0 && value[3] >= '1' && value[3] <= '4' && !value[4];
	return com ? (unsigned)(value[3] - '0') : 0;
}

/* ---- channels ---- */

static void log_sink(const char *text, size_t len)
{
	serial_write(log_com, text, len);
}

void control_write(const char *text, size_t len)
{
	if (!control_com) {
		log_write(text, len);
		return;
	}
	spin_lock(&control_lock);
	serial_write(control_com, text, len);
	spin_unlock(&control_lock);
}

static void channels_init(void)
{
	char level[OPTION_MAX];
	log_com = option_com("log", 1);
	control_com = option_com("control", 0);
	if (log_com) {
		serial_init(log_com);
		log_set_sink(log_sink);
	}
	if (control_com)
		serial_init(control_com);
	if (!option("loglevel", level, sizeof(level)))
		return;
	if (strcmp(level, "debug") == 0)
		log_threshold = LOG_DEBUG;
	else if (strcmp(level, "warn") == 0)
		log_threshold = LOG_WARN;
	else if (strcmp(level, "info") != 0)
		klog(LOG_WARN, "loglevel=%s: not one of debug, info, warn", level);
}

/* ---- memory ---- */

/* What the loader put into usable memory and we still need. */
static void memory_init(void)
{
	const struct memory_range taken[] = {
		{ boot_info.image_start, boot_info.image_end - boot_info.image_start, false },
		{ boot_info.module, boot_info.module_len, false },
	};
	frames_init(boot_info.range, boot_info.ranges, taken, boot_info.module ? 2 : 1);
	arch_memory_init();
	heap_init();
	page_index_boot();
}

static void machine_log(void)
{
	klog(LOG_INFO, "Atlas, loaded by %s: %s", boot_info.loader, boot_info.cmdline);
	klog(LOG_INFO, "memory: %lu MiB in %lu frames, %lu KiB boot archive", frames_total() * PAGE_SIZE >> 20,
	     frames_total(), boot_info.module_len >> 10);
}

/* ---- the boot thread ---- */

static void first_instruction(void)
{
	klog(LOG_INFO, "init starts after %lu cycles", rdtsc() - boot_info.entry_tsc);
	uint64_t fail = option_number("failalloc");
	if (fail)
		failalloc_arm(fail);
}

/* Tests look at dirty pages, which nobody may write meanwhile: the period begins behind them. */
static void tests_run(const char *patterns, uint32_t writeback_period)
{
	uint64_t seed = option_number("seed");
	if (seed)
		test_seed(seed);
	unsigned failed = kernel_test_run(patterns);
	vm_tunable.dirty_writeback_centisecs = writeback_period;
	writeback_now();
	klog(failed ? LOG_ERROR : LOG_INFO, "kernel tests: %u failed", failed);
	if (!glob_match("*run=*", boot_info.cmdline)) /* nothing else ends in "run" */
		arch_poweroff();
}

static void boot_thread(void *arg)
{
	char patterns[OPTION_MAX];
	bool tests = option("test", patterns, sizeof(patterns));
	uint32_t period = vm_tunable.dirty_writeback_centisecs;
	(void)arg;
	if (tests)
		vm_tunable.dirty_writeback_centisecs = 0;
	reclaim_start();
	if (tests)
		tests_run(patterns, period);
	proc_init_started = first_instruction;
	int err = proc_start_init("/boot/init");
	if (err)
		panic("cannot make the first process: error %d", -err);
}

void kernel_main(void)
{
	arch_cpu_init();
	channels_init();
	memory_init();
	arch_devices_init();
	machine_log();
	sched_init();
	proc_init();
	ipc_init();
	vm_init();
	file_init();
	smp_start();
	if (!thread_create_kernel("boot", boot_thread, NULL))
		panic("no memory for the boot thread");
	sched_start();
}
