/* SPDX-License-Identifier: MIT */
/*
 * costs - what the main operations of the system cost
 *
 * usage: costs [-d FOLDER]     FOLDER (default /var/tmp) gets a file of 4 MiB, removed at the end
 *
 * Prints a line "name TAB value TAB unit" for each cost. The unit is mostly "tick": one step of
 * rdtsc. Under QEMU with -icount shift=0 that is one guest instruction, user's and kernel's
 * together, and runs repeat within 1 %; on a real machine it is a cycle or so. "byte" counts
 * kernel memory, taken from MemFree of /proc/meminfo. A system without a facility prints "n/a" for
 * its value. tools/bench runs the same file on Atlas and on Linux.
 *
 * How a cost is taken: REPEATS samples after one that does not count, because it may grow tables
 * and warm caches. A sample times many operations in one go, takes off the pair of rdtsc and
 * divides; the median of the samples is printed. What an operation needs but is not itself
 * (mapping before a fault, msync before a clean store) happens outside the timed part.
 *
 * Zeroing and copying a page stand in the table by themselves (zero_page, copy_page): they are the
 * larger part of some costs and nothing a kernel can save. An iteration of a REP instruction
 * counts as one instruction.
 *
 * What this does not see: the TLB and the caches. An instruction that flushes the TLB counts as
 * one. And a wait for a device is no instruction: the clock of an idle machine jumps to its next
 * event. Only msync_clean can contain one.
 *
 * A second process is always a plain fork that waits on a pipe; it ends when the parent closes its
 * end. The programs that the exec rows start are this file itself, with the argument -t, and one of
 * 9 bytes in an ELF file of 129.
 */
#include <abi/atlas.h>
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mman.h>
#include <abi/syscall.h>

#include "measure.h"

#define FILE_PAGES 1024ul
#define ANON_PAGES 2048ul
#define MUCH_PAGES (256ul << 20 >> 12)
/* Linux maps up to 16 resident pages around a fault: with this stride each access is a fault there as well. */
#define FAULT_STRIDE 16ul
#define TIB (1ul << 40)

static const char *self;
static const char *folder = "/var/tmp";
static char file_name[256];
static int file;
static char page_a[PAGE] __attribute__((aligned(4096)));
static char page_b[PAGE] __attribute__((aligned(4096)));

/* ---- other processes ---- */

struct parking {
	int gate[2], ready[2];
};

static void parking_open(struct parking *p)
{
	must("pipe", raw3(SYS_pipe, ADDRESS(p->gate), 0, 0));
	must("pipe", raw3(SYS_pipe, ADDRESS(p->ready), 0, 0));
}

/* A child that says it is ready and then waits until the gate is closed. Returns its pid. */
static long park_child(struct parking *p)
{
	char c = 0;
	long pid = fork();

	if (pid) {
		must("read", raw3(SYS_read, (uint64_t)p->ready[0], ADDRESS(&c), 1));
		return pid;
	}
	raw3(SYS_close, (uint64_t)p->gate[1], 0, 0);
	raw3(SYS_write, (uint64_t)p->ready[1], ADDRESS(&c), 1);
	raw3(SYS_read, (uint64_t)p->gate[0], ADDRESS(&c), 1);
	leave(0);
}

static void parking_close(struct parking *p)
{
	for (int i = 1; i >= 0; i--) {
		raw3(SYS_close, (uint64_t)p->gate[i], 0, 0);
		raw3(SYS_close, (uint64_t)p->ready[i], 0, 0);
	}
}

/* ---- the processor ---- */

static uint64_t clock_pairs(unsigned long n)
{
	uint64_t total = 0;

	for (unsigned long i = 0; i < n; i++) {
		uint64_t start = now();
		total += now() - start;
	}
	return total;
}

static uint64_t zero_page(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		void *to = page_a;
		size_t words = PAGE / 8;
		__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0ul) : "memory");
	}
	return now() - start;
}

static uint64_t copy_page(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		void *to = page_a;
		const void *from = page_b;
		size_t words = PAGE / 8;
		__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	}
	return now() - start;
}

/* ---- calls ---- */

static uint64_t null_call(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++)
		raw3(SYS_getppid, 0, 0, 0);
	return now() - start;
}

/* Answers each call until one with an operation other than 0 comes. */
static _Noreturn void serve(int port)
{
	struct msg m = { .op = 0 };

	must("port_receive", raw6(SYS_port_receive, (uint64_t)port, ADDRESS(&m), 0, (uint64_t)-1, 0, 0));
	while (m.op == 0)
		must("port_reply_receive", raw3(SYS_port_reply_receive, (uint64_t)port, ADDRESS(&m), 0));
	raw3(SYS_port_reply, (uint64_t)port, ADDRESS(&m), 0);
	leave(0);
}

static uint64_t port_call(unsigned long n)
{
	long port = raw3(SYS_port_create, 0, 0, 0);
	if (port == -ENOSYS)
		return 0;
	long client = must("port_client", raw3(SYS_port_client, (uint64_t)must("port_create", port), 1, 0));
	long pid = fork();
	if (!pid)
		serve((int)port);
	raw3(SYS_close, (uint64_t)port, 0, 0);

	struct msg m = { .op = 0 };
	must("port_call", raw3(SYS_port_call, (uint64_t)client, ADDRESS(&m), 0));
	uint64_t start = now();
	for (unsigned long i = 0; i < n; i++)
		must("port_call", raw3(SYS_port_call, (uint64_t)client, ADDRESS(&m), 0));
	uint64_t ticks = now() - start;

	m.op = 1;
	must("port_call", raw3(SYS_port_call, (uint64_t)client, ADDRESS(&m), 0));
	raw3(SYS_close, (uint64_t)client, 0, 0);
	reap(pid);
	return ticks;
}

/* ---- faults ---- */

static uint64_t anon_write_fault(unsigned long n)
{
	char *at = map_anon(n);
	uint64_t start = now();

	store_each(at, n);
	uint64_t ticks = now() - start;
	unmap(at, n);
	return ticks;
}

/* n is at most FILE_PAGES / FAULT_STRIDE. The pages are in memory; a fault has only to map. */
static uint64_t file_read_fault(unsigned long n)
{
	char *at = map(FILE_PAGES, PROT_READ, MAP_SHARED, file);
	uint64_t start = now();

	load_each(at, n * FAULT_STRIDE, FAULT_STRIDE);
	uint64_t ticks = now() - start;
	unmap(at, FILE_PAGES);
	return ticks;
}

/* The parent stores to what it shares with a parked child. */
static uint64_t cow_fault(unsigned long n)
{
	char *at = map_anon(n);
	struct parking p;

	store_each(at, n);
	parking_open(&p);
	long pid = park_child(&p);
	uint64_t start = now();
	store_each(at, n);
	uint64_t ticks = now() - start;
	parking_close(&p);
	reap(pid);
	unmap(at, n);
	return ticks;
}

/* The parent stores to what it shared with a child that has ended; that had stored to every `stride`-th page, 0: to none. */
static uint64_t store_after_child(unsigned long n, unsigned long stride)
{
	char *at = map_anon(n);

	store_each(at, n);
	long pid = fork();
	if (!pid) {
		for (unsigned long i = 0; stride && i < n; i += stride)
			store_each(at + i * PAGE, 1);
		leave(0);
	}
	reap(pid);
	uint64_t start = now();
	store_each(at, n);
	uint64_t ticks = now() - start;
	unmap(at, n);
	return ticks;
}

static uint64_t reuse_fault(unsigned long n)
{
	return store_after_child(n, 0);
}

/* A child that stores once in 2 MiB has had page tables of its own. */
static uint64_t reuse_fault_tables(unsigned long n)
{
	return store_after_child(n, 512);
}

/* ---- mappings ---- */

static uint64_t pair_untouched(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++)
		unmap(map_anon(1), 1);
	return now() - start;
}

static uint64_t pair_touched(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		char *at = map_anon(1);
		store_each(at, 1);
		unmap(at, 1);
	}
	return now() - start;
}

static uint64_t unmap_resident(unsigned long n)
{
	char *at = map_anon(n);

	store_each(at, n);
	uint64_t start = now();
	unmap(at, n);
	return now() - start;
}

/* ---- files ---- */

static uint64_t pread_byte(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++)
		raw6(SYS_pread64, (uint64_t)file, ADDRESS(page_a), 1, 5 * PAGE, 0, 0);
	return now() - start;
}

/* n is at most FILE_PAGES. */
static uint64_t read_page(unsigned long n)
{
	must("lseek", raw3(SYS_lseek, (uint64_t)file, 0, SEEK_SET));
	uint64_t start = now();
	for (unsigned long i = 0; i < n; i++)
		raw3(SYS_read, (uint64_t)file, ADDRESS(page_a), PAGE);
	return now() - start;
}

/* The pages are mapped and clean before the stores and written back after them. n is at most FILE_PAGES. */
static uint64_t store_clean(unsigned long n)
{
	char *at = map(n, PROT_READ | PROT_WRITE, MAP_SHARED, file);

	load_each(at, n, 1);
	uint64_t start = now();
	store_each(at, n);
	uint64_t ticks = now() - start;
	must("msync", raw3(SYS_msync, ADDRESS(at), n * PAGE, MS_SYNC));
	unmap(at, n);
	return ticks;
}

static uint64_t msync_clean(unsigned long n)
{
	char *at = map(FILE_PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, file);

	load_each(at, FILE_PAGES, 1);
	uint64_t start = now();
	for (unsigned long i = 0; i < n; i++)
		must("msync", raw3(SYS_msync, ADDRESS(at), FILE_PAGES * PAGE, MS_SYNC));
	uint64_t ticks = now() - start;
	unmap(at, FILE_PAGES);
	return ticks;
}

static void file_make(void)
{
	text_append(text_append(file_name, folder), "/costs.data");
	file = (int)must(file_name, raw3(SYS_open, ADDRESS(file_name), O_RDWR | O_CREAT | O_TRUNC, 0600));
	for (unsigned long i = 0; i < FILE_PAGES; i++) {
		page_a[0] = (char)(i + 1);
		if (must("write", raw3(SYS_write, (uint64_t)file, ADDRESS(page_a), PAGE)) != (long)PAGE)
			die("a file of 4 MiB does not fit", 0);
	}
	must("fsync", raw3(SYS_fsync, (uint64_t)file, 0, 0));
}

static void file_remove(void)
{
	raw3(SYS_close, (uint64_t)file, 0, 0);
	raw3(SYS_unlink, ADDRESS(file_name), 0, 0);
}

/* ---- processes ---- */

static uint64_t fork_exit_wait(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		long pid = fork();
		if (!pid)
			leave(0);
		reap(pid);
	}
	return now() - start;
}

/* Until fork returns in the parent. */
static uint64_t fork_parent(unsigned long n)
{
	uint64_t ticks = 0;

	for (unsigned long i = 0; i < n; i++) {
		uint64_t start = now();
		long pid = fork();
		if (!pid)
			leave(0);
		ticks += now() - start;
		reap(pid);
	}
	return ticks;
}

static char *much; /* resident memory of rows that say so */

/* A child stores to each page of 1 MiB and ends. */
static uint64_t fork_store_exit_wait(unsigned long n)
{
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		long pid = fork();
		if (!pid) {
			store_each(much, (1ul << 20) / PAGE);
			leave(0);
		}
		reap(pid);
	}
	return now() - start;
}

static void measure_forks(void)
{
	measure("fork_parent", fork_parent, 20);
	measure("fork_exit_wait", fork_exit_wait, 20);
	much = map_anon(MUCH_PAGES);
	store_each(much, MUCH_PAGES);
	measure("fork_parent_256", fork_parent, 2);
	measure("fork_exit_wait_256", fork_exit_wait, 2);
	unmap(much, MUCH_PAGES);
	much = map_anon(MUCH_PAGES / 4);
	store_each(much, MUCH_PAGES / 4);
	measure("fork_store_64", fork_store_exit_wait, 2);
	unmap(much, MUCH_PAGES / 4);
}

static uint64_t fork_exec_wait(unsigned long n)
{
	const char *argv[] = { self, "-t", NULL };
	const char *envp[] = { NULL };
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		long pid = fork();
		if (!pid)
			die("execve", raw3(SYS_execve, ADDRESS(self), ADDRESS(argv), ADDRESS(envp)));
		reap(pid);
	}
	return now() - start;
}

/* An ELF file of one segment, mapped whole: exit_group(0). The fields are those of the format's own description. */
static const struct {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	uint32_t p_type, p_flags;
	uint64_t p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
	uint8_t code[9];
} __attribute__((packed)) tiny = {
	.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .type = 2, .machine = 62, .version = 1, .entry = 0x400078, .phoff = 64,
	.ehsize = 64, .phentsize = 56, .phnum = 1, .p_type = 1, .p_flags = 5, .p_vaddr = 0x400000, .p_paddr = 0x400000,
	.p_filesz = sizeof tiny, .p_memsz = sizeof tiny, .p_align = PAGE,
	.code = { 0xb8, 231, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05 }, /* mov $231, %eax; xor %edi, %edi; syscall */
};

static char tiny_name[256];

/* The child runs on the parent's stack: what is called in between must be inline. */
static uint64_t vfork_exec_wait(unsigned long n)
{
	const char *argv[] = { tiny_name, NULL };
	const char *envp[] = { NULL };
	uint64_t start = now();

	for (unsigned long i = 0; i < n; i++) {
		long pid = raw3(SYS_vfork, 0, 0, 0);
		if (!pid) {
			raw3(SYS_execve, ADDRESS(tiny_name), ADDRESS(argv), ADDRESS(envp));
			raw3(SYS_exit_group, 1, 0, 0);
		}
		reap(must("vfork", pid));
	}
	return now() - start;
}

static void measure_vfork(void)
{
	text_append(text_append(tiny_name, folder), "/costs.tiny");
	long fd = must("open", raw3(SYS_open, ADDRESS(tiny_name), O_CREAT | O_TRUNC | O_WRONLY, 0755));
	must("write", raw3(SYS_write, (uint64_t)fd, ADDRESS(&tiny), sizeof tiny));
	raw3(SYS_close, (uint64_t)fd, 0, 0);
	measure("vfork_exec_wait", vfork_exec_wait, 20);
	raw3(SYS_unlink, ADDRESS(tiny_name), 0, 0);
}

/* ---- kernel memory ---- */

/* Bytes of free memory; 0: not told. */
static uint64_t free_memory(void)
{
	static const char key[] = "MemFree:";
	static char text[2048];
	long fd = raw3(SYS_open, ADDRESS("/proc/meminfo"), O_RDONLY, 0);

	if (fd < 0)
		return 0;
	long len = raw3(SYS_read, (uint64_t)fd, ADDRESS(text), sizeof(text) - 1);
	raw3(SYS_close, (uint64_t)fd, 0, 0);
	text[len < 0 ? 0 : len] = 0;
	for (const char *at = text; *at; at++) {
		unsigned i = 0;
		while (key[i] && at[i] == key[i])
			i++;
		if (key[i])
			continue;
		uint64_t kib = 0;
		for (at += i; *at == ' '; at++)
			;
		for (; *at >= '0' && *at <= '9'; at++)
			kib = kib * 10 + (uint64_t)(*at - '0');
		return kib * 1024;
	}
	return 0;
}

static void print_memory(const char *name, uint64_t before, uint64_t after, unsigned long n)
{
	char line[128];

	if (before && after) {
		print_row(name, before > after ? (before - after) * 10 / n : 0, "byte");
		return;
	}
	text_append(text_append(line, name), "\tn/a\tbyte\n");
	say_row(line);
}

/* 64 mappings of 1 TiB, neighbours with different rights so that they stay apart, none of them touched. */
static void memory_of_mappings(void)
{
	enum { COUNT = 64, WARM = 4 };
	char *at[COUNT + WARM];
	uint64_t before = 0;

	free_memory();
	for (int i = 0; i < COUNT + WARM; i++) {
		if (i == WARM)
			before = free_memory();
		at[i] = map(TIB / PAGE, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	}
	print_memory("mem.map_1tib", before, free_memory(), COUNT);
	for (int i = 0; i < COUNT + WARM; i++)
		unmap(at[i], TIB / PAGE);
}

/* 100 parked children; the first few fill caches and do not count. */
static void memory_of_processes(void)
{
	enum { COUNT = 100, WARM = 10 };
	long pid[COUNT + WARM];
	uint64_t before = 0;
	struct parking p;

	parking_open(&p);
	for (int i = 0; i < COUNT + WARM; i++) {
		if (i == WARM)
			before = free_memory();
		pid[i] = park_child(&p);
	}
	print_memory("mem.process", before, free_memory(), COUNT);
	parking_close(&p);
	for (int i = 0; i < COUNT + WARM; i++)
		reap(pid[i]);
}

/* ---- all of it ---- */

static void measure_all(void)
{
	uint64_t pairs = clock_pairs(1000);

	clock_cost = pairs / 1000;
	print_row("clock_pair", pairs / 100, "tick");
	store_each(page_b, 1);
	measure("zero_page", zero_page, 200);
	measure("copy_page", copy_page, 200);
	measure("null_call", null_call, 2000);
	measure("port_call", port_call, 500);
	measure("anon_write_fault", anon_write_fault, ANON_PAGES);
	measure("cow_fault", cow_fault, ANON_PAGES);
	measure("reuse_fault", reuse_fault, ANON_PAGES);
	measure("reuse_fault_tables", reuse_fault_tables, ANON_PAGES);
	measure("pair_untouched", pair_untouched, 300);
	measure("pair_touched", pair_touched, 300);
	measure("unmap_resident", unmap_resident, ANON_PAGES);
	measure("fork_exec_wait", fork_exec_wait, 20);
	measure_tasks();
	memory_of_mappings();
	memory_of_processes();
	file_make();
	measure("file_read_fault", file_read_fault, FILE_PAGES / FAULT_STRIDE);
	measure("pread_byte", pread_byte, 1000);
	measure("read_page", read_page, FILE_PAGES);
	measure("store_clean", store_clean, 256);
	measure("msync_clean", msync_clean, 50);
	file_remove();
	measure_vfork();
	measure_forks();
	measure_spaces(folder);
}

int raw_main(int argc, char **argv, char **envp)
{
	(void)envp;
	self = argv[0];
	if (argc == 2 && text_equal(argv[1], "-t"))
		return 0;
	if (argc == 3 && text_equal(argv[1], "-d"))
		folder = argv[2];
	else if (argc != 1)
		die("usage: costs [-d FOLDER]", 0);
	if (text_length(folder) > sizeof(file_name) - 16)
		die("the folder's name is too long", 0);
	measure_all();
	return 0;
}
