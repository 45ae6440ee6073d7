/* SPDX-License-Identifier: MIT */
/*
 * Whatever a program passes to a system call, the kernel stays up, its books stay right, and every page comes back.
 *
 *     random_calls [CALLS [SEED [v]]]      v: each call is printed before it is made
 *
 * Children make calls with arguments out of a set of interesting values until all of them together have made CALLS. A
 * child may die of what it did to itself, or wait for ever; then the next takes its place. Half of the children have
 * given up uid 0. Left out: what ends the machine or another process, takes a server away, or leaves another machine to
 * the tests that follow. Calls that mostly sleep are made rarely.
 *
 * One call of two belongs to the mmap family, with addresses of the child's own mappings (it notes what mmap and mremap
 * have given it), their edges, lengths that fit or nearly fit, and flags of every kind; between them the child loads
 * and stores there, its faults caught. process_vm_writev goes to the other children.
 *
 * The calls are made in four rounds: a kernel that has fewer free pages after each of the last three loses some.
 */
#include "check.h"
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <atlas/system.h>
#include <abi/atlas.h>
#include <abi/mount.h>

#include "pages.h"

#define CHILDREN 4
#define ROUNDS   4
#define ARENA    (64 * PAGE)
#define PLACES   16
#define CALLS_EACH 1000 /* of one child: by then it has closed its descriptors and unmapped most of its pages */
#define LEAP (2 * CALLS_EACH)
#define SPACE_MAX (40u << 20) /* of one child: together less than the machine has */

struct shared {
	volatile uint32_t made[CHILDREN]; /* calls */
	volatile pid_t    pids[CHILDREN];
};

static struct shared *shared;
static unsigned char *arena, *file_map;
static uint64_t state;
static bool chatty;
static int pipe_fds[2];
static struct place { uint64_t addr, len; } places[PLACES]; /* what the child has mapped, and may have unmapped since */
static unsigned next_place;
static struct { uint64_t base, len; } vectors[8];           /* for process_vm_readv and its like */
static sigjmp_buf after_fault;

static uint32_t random_number(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

/* A call that makes a child leaves the child with our memory, or with none: it ends at once and touches no stack. */
static long raw_call(long nr, const uint64_t *arg)
{
	register uint64_t r10 asm("r10") = arg[3], r8 asm("r8") = arg[4], r9 asm("r9") = arg[5];
	long result, asked = nr;

	asm volatile("syscall\n\t"
	             "test %%rax, %%rax\n\t"
	             "jnz 1f\n\t"
	             "cmp $56, %%rbx\n\t"
	             "jb 1f\n\t"
	             "cmp $58, %%rbx\n\t"
	             "ja 1f\n\t"
	             "mov $60, %%eax\n\t"
	             "xor %%edi, %%edi\n\t"
	             "syscall\n"
	             "1:"
	             : "=a"(result), "+D"(*(uint64_t[1]){ arg[0] })
	             : "0"(nr), "b"(asked), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r9)
	             : "rcx", "r11", "memory");
	return result;
}

static bool left_out(long nr)
{
	switch (nr) {
	case SYS_exit: case SYS_exit_group: case SYS_reboot:
	case SYS_kill: case SYS_tkill: case SYS_tgkill: case SYS_rt_sigqueueinfo: case SYS_rt_tgsigqueueinfo:
	case SYS_pidfd_send_signal:
	case SYS_settimeofday: case SYS_clock_settime: case SYS_sethostname: case SYS_setdomainname:
	case SYS_setsid: case SYS_setpgid: /* the children are ended by their group */
	case SYS_fs_mount: case SYS_fs_unmount: case SYS_dev_register: case SYS_pager_role:
	case SYS_pci_claim: case SYS_pci_config:
	case SYS_kernel_test: case SYS_alloc_fail: case SYS_vm_audit:
		return true;
	default:
		return false;
	}
}

static bool mostly_sleeps(long nr)
{
	switch (nr) {
	case SYS_pause: case SYS_rt_sigsuspend: case SYS_rt_sigtimedwait: case SYS_wait4: case SYS_waitid: case SYS_nanosleep:
	case SYS_clock_nanosleep: case SYS_futex: case SYS_poll: case SYS_ppoll: case SYS_select: case SYS_pselect6:
	case SYS_port_call: case SYS_port_call_lend: case SYS_port_receive: case SYS_port_reply_receive: case SYS_sync:
	case SYS_fsync: case SYS_syncfs: case SYS_rt_sigreturn: case SYS_vfork: case SYS_clone: case SYS_fork: case SYS_read:
	case SYS_readv:
		return true;
	default:
		return false;
	}
}

static long random_call_number(void)
{
	for (;;) {
		uint32_t kind = random_number() % 16;
		long nr = kind < 3 ? 1000 + random_number() % 60 : kind == 3 ? random_number() % 2000 : random_number() % 460;
		if (!left_out(nr) && (!mostly_sleeps(nr) || random_number() % 16 == 0))
			return nr;
	}
}

static const char *const paths[] = { "", ".", "f", "g", "d", "d/f", "d/d", "l", "loop", "f/", "d/.", "d/../f",
                                     "nowhere/x",
                                     "/proc/self/maps", "/proc/self/stat", "/proc", "/proc/1/maps", "/dev/zero",
                                     "/dev/null",
                                     "/dev", "d//", "d/////f" };

static uint64_t random_pointer(void)
{
	static const uint64_t odd[] = { 0, 1, 0xfff, 0x10000, 0x400000, 0x7ffffffff000, 0x7ffffffffff8, 0x7fffffffffff,
	                                1ul << 47,
	                                0xffff800000000000, 0xffff888000000000, 0xffffffff80000000, 0xffffffffffffffff,
	                                1ul << 63 };
	uint64_t base = (uint64_t)arena;

	switch (random_number() % 10) {
	case 0: return odd[random_number() % (sizeof odd / sizeof *odd)];
	case 1: return (uint64_t)paths[random_number() % (sizeof paths / sizeof *paths)];
	case 2: return base + (random_number() % 64) * PAGE;
	case 3: return base + (random_number() % 65) * PAGE - random_number() % 24;
	case 4: return (uint64_t)file_map + random_number() % (4 * PAGE);
	case 5: return (uint64_t)file_map + (random_number() % 4) * PAGE;
	case 6: return (uint64_t)&pipe_fds;
	case 7: return (base + random_number() % ARENA) & ~7ul;
	default: return base + random_number() % 512 * 8;
	}
}

static uint64_t random_value(void)
{
	static const uint64_t odd[] = { 0, 1, 2, 3, 4, 8, 16, 0x22, 0x32, 0xfff, 0x1000, 0x1001, 0x2000, 0x10000,
	                                0x7fffffff, 0x80000000,
	                                0xffffffff, 1ul << 32, 1ul << 40, 1ul << 47, 1ul << 62, 1ul << 63, ~0ul,
	                                ~0xffful, -100ul, 0x7ffffffffffff000, 1000000000 };

	switch (random_number() % 8) {
	case 0: case 1: return odd[random_number() % (sizeof odd / sizeof *odd)];
	case 2: return random_number() % 16;                   /* a descriptor, or a few flags */
	case 3: return 1ul << random_number() % 64;
	case 4: return (random_number() % 17) * PAGE;
	case 5: return (uint64_t)random_number() << 32 | random_number();
	default: return random_pointer();
	}
}

/* Where these take a process, it is ourselves; what they make may be no larger than the machine. */
static void restrain(long nr, uint64_t *arg)
{
	if (nr == SYS_prlimit64 || nr == SYS_sched_setaffinity || nr == SYS_sched_setparam || nr == SYS_sched_setscheduler)
		arg[0] = random_number() % 2 ? 0 : (uint64_t)getpid();
	if (nr == SYS_setpriority) {
		arg[0] = PRIO_PROCESS;
		arg[1] = 0;
	}
	if (nr == SYS_mount || nr == SYS_umount2) /* /proc and /dev must stay where they are */
		arg[nr == SYS_mount] = (uint64_t)"d";
	if (nr == SYS_umount2)
		arg[1] |= UMOUNT_NOFOLLOW;
	if (nr == SYS_irq_bind)
		arg[1] |= 64; /* the terminal's interrupt must stay its own */
	if (nr == SYS_fallocate)
		arg[3] &= 0xfffff;
	if (nr == SYS_process_vm_writev || nr == SYS_process_madvise)
		arg[0] = random_number() % 2 ? (uint64_t)getpid() : (uint64_t)shared->pids[random_number() % CHILDREN];
	/* Less memory, as seen by the limit, or as much: never more. */
	static struct rlimit space;
	space.rlim_cur = space.rlim_max = random_number() % 4 ? SPACE_MAX : random_number() % SPACE_MAX;
	if (nr == SYS_prlimit64 && (uint32_t)arg[1] == RLIMIT_AS && arg[2])
		arg[2] = (uint64_t)&space;
	if (nr == SYS_setrlimit && (uint32_t)arg[0] == RLIMIT_AS)
		arg[1] = (uint64_t)&space;
}

/* What a call expects, so that it gets past its first checks: a letter for each argument, as in likely_value. */
static const struct expected { short nr; const char *args; } likely[] = {
	{ SYS_read, "fpl" }, { SYS_write, "fpl" }, { SYS_pread64, "fplo" }, { SYS_pwrite64, "fplo" },
	{ SYS_pwrite64, "fplo" },
	{ SYS_readv, "fpn" }, { SYS_writev, "fpn" }, { SYS_preadv, "fpno" }, { SYS_pwritev, "fpno" }, { SYS_open, "sOn" },
	{ SYS_open, "sOn" }, { SYS_openat, "fsOn" }, { SYS_close, "f" }, { SYS_fstat, "fp" }, { SYS_stat, "sp" },
	{ SYS_lstat, "sp" },
	{ SYS_newfstatat, "Dspn" }, { SYS_lseek, "fon" }, { SYS_getdents64, "fpl" }, { SYS_ftruncate, "fo" },
	{ SYS_truncate, "so" }, { SYS_fsync, "f" }, { SYS_fdatasync, "f" }, { SYS_ioctl, "fTp" }, { SYS_fcntl, "fnf" },
	{ SYS_dup, "f" }, { SYS_dup2, "ff" }, { SYS_dup3, "ffz" }, { SYS_pipe2, "pz" }, { SYS_poll, "pnz" },
	{ SYS_link, "ss" },
	{ SYS_unlink, "s" }, { SYS_rename, "ss" }, { SYS_mkdir, "sn" }, { SYS_rmdir, "s" }, { SYS_symlink, "ss" },
	{ SYS_readlink, "spl" }, { SYS_chmod, "sl" }, { SYS_utimensat, "Dspz" }, { SYS_faccessat, "Dsnz" },
	{ SYS_unlinkat, "Dsz" },
	{ SYS_renameat2, "DsDsn" }, { SYS_linkat, "DsDsz" }, { SYS_readlinkat, "Dspl" }, { SYS_fchmodat, "Dslz" },
	{ SYS_sendfile, "ffpl" }, { SYS_rt_sigaction, "npp8" }, { SYS_rt_sigprocmask, "npp8" }, { SYS_sigaltstack, "pp" },
	{ SYS_rt_sigpending, "p8" }, { SYS_getrandom, "plz" }, { SYS_prlimit64, "znpp" }, { SYS_getrusage, "zp" },
	{ SYS_clock_gettime, "np" }, { SYS_execve, "spp" }, { SYS_futex, "pnnpan" }, { SYS_wait4, "vpnp" },
	{ SYS_clone, "vapp" },
	{ SYS_port_create, "z" }, { SYS_port_client, "fn" }, { SYS_port_call, "fpl" }, { SYS_port_receive, "fplz" },
	{ SYS_port_reply, "fp" }, { SYS_port_notify, "fn" }, { SYS_port_timer, "fon" }, { SYS_loan_paddr, "fnnnp" },
	{ SYS_loan_zero, "fnol" }, { SYS_loan_copy, "fnoplz" }, { SYS_object_create, "fnoz" },
	{ SYS_object_create, "fnoz" },
	{ SYS_object_clean, "foln" }, { SYS_dma_alloc, "np" }, { SYS_irq_bind, "fnn" }, { SYS_msi_bind, "fnp" },
	{ SYS_irq_ack, "f" },
	{ SYS_statfs, "sp" }, { SYS_fallocate, "fnol" }, { SYS_getcwd, "pl" }, { SYS_chdir, "s" }, { SYS_fchdir, "f" },
	{ SYS_copy_file_range, "fpfplz" }, { SYS_select, "npppp" }, { SYS_set_tid_address, "p" },
};
/* The mmap family, and what it meets: files cut and grown under mappings. */
static const struct expected family[] = {
	{ SYS_mmap, "aLPMfo" }, { SYS_mmap, "aLPMfo" }, { SYS_mmap, "aLPMfo" }, { SYS_mmap, "alPmfo" },
	{ SYS_munmap, "aL" },
	{ SYS_mprotect, "aLP" }, { SYS_mprotect, "aLP" }, { SYS_msync, "aLn" }, { SYS_madvise, "aLA" },
	{ SYS_madvise, "aLA" },
	{ SYS_madvise, "aLA" }, { SYS_mremap, "aLLna" }, { SYS_mremap, "aLLna" }, { SYS_mremap, "aLLna" },
	{ SYS_mincore, "aLp" },
	{ SYS_mlock, "aL" }, { SYS_mlock2, "aLn" }, { SYS_munlock, "aL" }, { SYS_mlockall, "n" }, { SYS_munlockall, "" },
	{ SYS_brk, "a" }, { SYS_remap_file_pages, "aLzoM" }, { SYS_memfd_create, "sn" }, { SYS_memfd_create, "sn" },
	{ SYS_fcntl, "fSn" }, { SYS_fallocate, "fnol" }, { SYS_ftruncate, "fo" }, { SYS_process_vm_readv, "ivnvnz" },
	{ SYS_process_vm_writev, "ivnvnz" }, { SYS_process_madvise, "ivnAz" }, { SYS_pread64, "falo" },
	{ SYS_pwrite64, "falo" },
	{ SYS_readv, "fvn" }, { SYS_writev, "fvn" }, { SYS_prlimit64, "zRvz" }, { SYS_prlimit64, "zRvz" },
	{ SYS_read, "fal" },
};

/* An address of a mapping, one of its edges, or near them; sometimes one that cannot be. */
static uint64_t random_place(void)
{
	const struct place *p = &places[random_number() % PLACES];
	uint64_t pages = p->len / PAGE ? p->len / PAGE : 1, addr = p->addr;

	switch (random_number() % 16) {
	case 0: return 0;
	case 1: return random_pointer();
	case 2: return addr + p->len;
	case 3: return addr - PAGE;
	case 4: return addr + p->len - PAGE;
	case 5: return addr + random_number() % 3 - 1;
	case 6: return random_number() % 2 ? (uint64_t)file_map + random_number() % 4 * PAGE
	                                   : 0x7ffffffff000 - random_number() % 8 * PAGE;
	default: return addr + random_number() % pages * PAGE;
	}
}

static uint64_t random_length(void)
{
	uint32_t r = random_number();

	switch (r % 16) {
	case 0: return 0;
	case 1: return r / 16 % (16 * PAGE);
	case 2: return places[r / 16 % PLACES].len;
	case 3: return places[r / 16 % PLACES].len + PAGE;
	case 4: return 1ul << r / 16 % 64;
	case 5: return -(uint64_t)(r / 16 % 3 * PAGE);
	case 6: return (r / 16 % 2048) * PAGE;
	default: return (1 + r / 16 % 16) * PAGE;
	}
}

/* Flags of mmap: mostly a kind and a few more, now and then whatever. */
static uint64_t random_map_flags(void)
{
	static const uint32_t more[] = { MAP_FIXED, 0x100000, MAP_POPULATE, 0x10000, MAP_LOCKED, MAP_NORESERVE,
	                                 MAP_GROWSDOWN, MAP_STACK, 0x40, 0x800, 0x1000, 0x40000, 0x80000, 0x4000000 };
	uint64_t flags = 1 + random_number() % 3 + (random_number() % 3 ? MAP_ANONYMOUS : 0);

	for (unsigned n = random_number() % 3; n > 0; n--)
		flags |= more[random_number() % (sizeof more / sizeof *more)];
	return random_number() % 32 ? flags : random_number();
}

static uint64_t likely_value(char kind)
{
	uint32_t r = random_number();

	switch (kind) {
	case 'f': return r % 16;                                                      /* a descriptor */
	case 'D': return r % 2 ? (uint64_t)AT_FDCWD : r / 2 % 16;                     /* a folder's */
	case 'p': return ((uint64_t)arena + r % (10 * PAGE)) & ~7ul;                  /* memory to write to */
	case 's': return (uint64_t)paths[r % (sizeof paths / sizeof *paths)];
	case 'l': return r % 4 ? r / 4 % (6 * PAGE) : (r / 4 % 8) * PAGE;             /* a length */
	case 'o': return r % 8 ? r / 8 % (8 * PAGE) & ~(r % 3 ? PAGE - 1 : 0) : 1ul << r / 8 % 50;
	case 'n': return r % 8;
	case 'P': return r % 4 ? 3 : r / 4 % 8;                                       /* PROT_ */
	case 'm': return (r % 4 ? 1 + r % 2 : 2) | (r / 16 % 2 ? 0x20 : 0) | (r / 32 % 4 ? 0 : 0x10) |
		(r / 128 % 8 ? 0 : 0x8000);
	case 'O': return (r % 3) | (r / 4 % 2 ? 0100 : 0) | (r / 8 % 8 ? 0 : 01000) | (r / 64 % 8 ? 0 : 02000) |
		(r / 512 % 8 ? 0 : 0200000);
	case 'a': return random_place();
	case 'L': return random_length();
	case 'M': return random_map_flags();
	case 'A': return r % 4 ? r / 4 % 26 : r / 4 % 128;                            /* MADV_ */
	/* F_: seals, leases, sizes of pipes */
	case 'S': return 1024 + r % 14;
	case 'R': return r % 16;                                                      /* RLIMIT_ */
	case 'i': return r % 4 ? (uint64_t)shared->pids[r / 4 % CHILDREN] : 0;
	case 'v': return (uint64_t)&vectors[r % 8];
	case 'T': return 0x5400 + r % 0x20;                                           /* a terminal's request */
	case 'z': return 0;
	case '8': return 8;
	default: return random_value();
	}
}

/* Chooses a call; three of four have the arguments it expects, each but for one in ten. */
static long choose_call(uint64_t *arg)
{
	long nr = random_call_number();

	for (int i = 0; i < 6; i++)
		arg[i] = random_number() % 2 ? random_pointer() : random_value();
	if (random_number() % 2)
		arg[0] = random_number() % 14; /* many calls begin with a descriptor */
	if (random_number() % 4 == 0)
		return nr;
	const struct expected *e = random_number() % 3 ? &family[random_number() % (sizeof family / sizeof *family)]
	                                               : &likely[random_number() % (sizeof likely / sizeof *likely)];
	if (mostly_sleeps(e->nr) && random_number() % 8)
		return nr;
	for (int i = 0; e->args[i]; i++)
		if (random_number() % 10)
			arg[i] = likely_value(e->args[i]);
	return e->nr;
}

static void on_fault(int signo)
{
	(void)signo;
	siglongjmp(after_fault, 1);
}

/*
 * A load or a store by the program itself. What handles a fault may have been changed by a call: then the child ends.
 */
static void touch(void)
{
	volatile unsigned char *at = (volatile unsigned char *)random_place();
	bool store = random_number() % 2;

	if (sigsetjmp(after_fault, 1))
		return;
	if (store)
		*at = (unsigned char)random_number();
	else
		(void)*at;
}

static void note_place(uint64_t addr, uint64_t len)
{
	places[next_place++ % PLACES] = (struct place){ addr, len };
	vectors[random_number() % 8].base = random_place();
	vectors[random_number() % 8].len = random_length() % (1 << 20);
}

static void one_call(void)
{
	uint64_t arg[6];
	long nr = choose_call(arg);

	restrain(nr, arg);
	if (chatty) {
		char line[200];
		int len = snprintf(line, sizeof line, "%ld(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n", nr, arg[0], arg[1],
		                   arg[2], arg[3], arg[4], arg[5]);
		write(99, line, (size_t)len);
	}
	long result = raw_call(nr, arg);
	if ((nr == SYS_mmap || nr == SYS_mremap) && (result > 0 || result < -4095))
		note_place((uint64_t)result, arg[nr == SYS_mmap ? 1 : 2]);
	if (chatty) {
		char line[40];
		write(99, line, (size_t)snprintf(line, sizeof line, "%ld = %ld\n", nr, result));
	}
}

/* A folder of its own for each child: the last one may have made anything of its own. */
static void fill_folder(uint64_t seed)
{
	char name[20];

	snprintf(name, sizeof name, "c%lu", seed);
	CHECK(mkdir(name, 0777) == 0 && chdir(name) == 0);
	int fd = make_file("f", 5 * PAGE + 17);
	mkdir("d", 0777);
	close(make_file("d/f", 100));
	symlink("f", "l");
	symlink("loop", "loop");
	file_map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(file_map != MAP_FAILED);
}

/* Descriptors 3.. of every kind, an arena of pages of every kind. */
static void child(unsigned which, uint64_t seed)
{
	struct rlimit space = { SPACE_MAX, SPACE_MAX }, files = { 64, 64 };

	setpgid(0, 0);
	state = seed * 2654435761u + 12345;
	for (int i = 0; i < 8; i++)
		random_number();
	fill_folder(seed);
	if (chatty)
		dup2(2, 99);
	for (int fd = 0; fd < 3; fd++)
		dup2(open("/dev/null", O_RDWR), fd);
	arena = map_anon(ARENA);
	for (unsigned i = 0; i < PLACES; i++)
		note_place((uint64_t)arena + i * 4 * PAGE, 4 * PAGE);
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	CHECK(pipe(pipe_fds) == 0);
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	fcntl(pipe_fds[1], F_SETFL, O_NONBLOCK);
	open("d", O_RDONLY);
	open("/proc/self/maps", O_RDONLY);
	open("/dev/zero", O_RDWR);
	raw_call(SYS_port_create, (uint64_t[6]){ 0 });
	setrlimit(RLIMIT_AS, &space);
	if (!chatty)
		setrlimit(RLIMIT_NOFILE, &files);
	if (seed % 2 && setuid(1000) < 0)
		_exit(1);
	for (size_t i = 0; i < ARENA; i += 8)
		*(uint64_t *)(arena + i) = random_number() % 3 ? random_number() % 40 : random_value();
	mprotect(arena + 10 * PAGE, 4 * PAGE, PROT_READ);
	mprotect(arena + 20 * PAGE, 4 * PAGE, PROT_NONE);
	munmap(arena + 30 * PAGE, 4 * PAGE);
	for (int i = 0; i < CALLS_EACH; i++) {
		shared->made[which]++;
		one_call();
		if (random_number() % 4 == 0)
			touch();
	}
	_exit(0);
}

/* Others may have taken what memory there is: try again when some of them have ended. */
static pid_t start(unsigned which, uint64_t seed)
{
	const struct timespec moment = { 0, 50000000 };
	pid_t pid = -1;

	for (int tries = 0; pid < 0 && tries < 100; tries++) {
		pid = fork();
		if (pid < 0)
			nanosleep(&moment, NULL);
	}
	CHECK(pid >= 0);
	if (pid == 0)
		child(which, seed);
	setpgid(pid, pid);
	shared->pids[which] = pid;
	return pid;
}

static void end(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
}

/* What a child has left on the disk is in nobody's way, but its pages, nodes and blocks are. */
static void remove_folder(uint64_t seed)
{
	char name[40];

	snprintf(name, sizeof name, "c%lu", seed);
	CHILD_PASSES(execl("/bin/rm", "rm", "-rf", name, NULL); _exit(0));
}

/* What a child counts lies in memory that its random calls may write to: a leap is not a count. */
static uint32_t calls_since(uint32_t seen, uint32_t made)
{
	return made - seen < LEAP ? made - seen : 0;
}

/*
 * Keeps CHILDREN children at work until the calls are made; one that makes none for some rounds is ended. -> next seed
 */
static uint64_t supervise(uint32_t limit, uint64_t seed)
{
	const struct timespec moment = { 0, 20000000 };
	pid_t pids[CHILDREN];
	uint32_t seen[CHILDREN], still[CHILDREN] = { 0 }, calls = 0;
	uint64_t folder[CHILDREN];
	int ended = 0, stuck = 0;

	for (unsigned i = 0; i < CHILDREN; i++) {
		seen[i] = shared->made[i];
		folder[i] = seed;
		pids[i] = start(i, seed++);
	}
	while (calls < limit) {
		nanosleep(&moment, NULL);
		for (unsigned i = 0; i < CHILDREN; i++) {
			still[i] = shared->made[i] == seen[i] ? still[i] + 1 : 0;
			calls += calls_since(seen[i], shared->made[i]);
			seen[i] = shared->made[i];
			if (still[i] > 5) {
				end(pids[i]);
				stuck++;
			}
			if (waitpid(pids[i], NULL, still[i] > 5 ? 0 : WNOHANG) != pids[i])
				continue;
			kill(-pids[i], SIGKILL);
			remove_folder(folder[i]);
			folder[i] = seed;
			pids[i] = start(i, seed++);
			still[i] = 0;
			ended++;
		}
	}
	for (unsigned i = 0; i < CHILDREN; i++) {
		end(pids[i]);
		CHECK(waitpid(pids[i], NULL, 0) == pids[i]);
		remove_folder(folder[i]);
	}
	printf("%u calls, %d children ended, %d of them stuck\n", calls, ended, stuck);
	return seed;
}

int main(int argc, char **argv)
{
	uint32_t limit = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000, losses = 0;
	uint64_t seed = argc > 2 ? (uint64_t)atoll(argv[2]) : 1;

	/* Only where the whole machine is ours: as root on a Linux host this would take /dev and more with it. */
	if (vm_audit() < 0)
		return 77;
	setvbuf(stdout, NULL, _IOLBF, 0);
	chatty = argc > 3;
	fprintf(stderr, "again: tools/atlas run [--checked] --cpus N --timeout 0 /tests/random_calls %u %lu\n",
	        limit, seed);
	/* from what runs over its end */
	unsigned char *guarded = map(33 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = mmap(guarded + 16 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		long before = free_pages();
		seed = supervise(limit / ROUNDS, seed);
		CHECK(vm_audit() == 0);
		long lost = pages_lost(before, round == ROUNDS ? LOOK_PATIENTLY : LOOK_SHORTLY);
		if (round > 1 && lost > 0)
			losses++;
		printf("%ld pages fewer are free\n", lost);
	}
	CHECK(losses < ROUNDS - 1);
	return 0;
}
