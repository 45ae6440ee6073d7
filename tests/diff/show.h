/* SPDX-License-Identifier: MIT */
/*
 * What the programs of tests/diff share. They check nothing: each prints what it sees, on Atlas and on Linux, and
 * tools/difftest compares. So what they print must not depend on chance: no process ids, no times, no addresses but
 * those they chose or that both systems choose by the same rule. Calls go to the kernel without the C library between.
 *
 * Most work in the arena, a stretch of addresses where nothing else is; addresses there are shown in pages, "A+3".
 */
#ifndef SHOW_H
#define SHOW_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE        4096ul
#define ARENA       0x100000000000ul
#define ARENA_PAGES 256ul
#define RW          (PROT_READ | PROT_WRITE)
#define PRIVATE     (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED      (MAP_SHARED | MAP_ANONYMOUS)
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))

/* ---- calls ---- */

static inline long call6(long n, unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e,
			 unsigned long f)
{
	register unsigned long r10 __asm__("r10") = d;
	register unsigned long r8 __asm__("r8") = e;
	register unsigned long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define W_(x) ((unsigned long)(x))
#define CALL_(n, a, b, c, d, e, f, ...) call6(n, W_(a), W_(b), W_(c), W_(d), W_(e), W_(f))
/* CALL(munmap, at, len): the kernel's own answer, a negative errno when it fails. */
#define CALL(name, ...) CALL_(SYS_##name, __VA_ARGS__ __VA_OPT__(,) 0, 0, 0, 0, 0, 0)

/* The page `n` of the arena. */
static inline unsigned char *at(long n) { return (unsigned char *)ARENA + n * (long)PAGE; }

static inline long map_at(long page, long npages, int prot, int flags, int fd, long off)
{
	return CALL(mmap, at(page), npages * PAGE, prot, flags | MAP_FIXED, fd, off);
}

static inline void clear_arena(void) { CALL(munmap, at(0), ARENA_PAGES * PAGE); }

/* ---- words ---- */

static inline char *spare_text(void)
{
	static char texts[16][96];
	static unsigned next;

	return texts[next++ % 16];
}

static inline const char *error_name(long error)
{
	const char *name = strerrorname_np((int)error);
	char *text;

	if (name)
		return name;
	text = spare_text();
	snprintf(text, 96, "E%ld", error);
	return text;
}

/* What a call returned: an errno's name, an address of the arena, or a number. */
static inline const char *shown(long result)
{
	char *text = spare_text();

	if (result < 0 && result > -4096)
		return error_name(-result);
	if ((unsigned long)result - ARENA < ARENA_PAGES * PAGE) {
		unsigned long off = (unsigned long)result - ARENA;
		snprintf(text, 96, off % PAGE ? "A+%lu+%lu" : "A+%lu", off / PAGE, off % PAGE);
	} else {
		snprintf(text, 96, result > 0xffffff ? "0x%lx" : "%ld", result);
	}
	return text;
}

/* Of a call that returns an address nobody can foresee: "ok", or the errno's name. */
static inline const char *shown_ok(long result)
{
	return result < 0 && result > -4096 ? error_name(-result) : "ok";
}

/* ---- the mappings ---- */

/* The text of a file of /proc, without allocating. */
static inline const char *file_text(const char *path)
{
	static char text[1 << 17];
	int fd = open(path, O_RDONLY);
	size_t len = 0;

	for (ssize_t n; fd >= 0 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0;)
		len += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return text;
}

/* The lines of /proc/self/maps within the arena, shortened to "0-2 rw-p 0 name; 3-4 ...". */
static inline const char *arena_text(void)
{
	static char shown_lines[1 << 15];
	size_t len = 0;

	shown_lines[0] = '\0';
	for (const char *line = file_text("/proc/self/maps"); *line;) {
		char perms[8] = "", name[64] = "";
		unsigned long from = 0, to = 0, off = 0;
		sscanf(line, "%lx-%lx %7s %lx %*s %*s%63[^\n]", &from, &to, perms, &off, name);
		if (from >= ARENA && to <= ARENA + ARENA_PAGES * PAGE && len < sizeof(shown_lines) - 128) {
			char *base = name[0] ? strrchr(name, '/') : NULL;
			len += (size_t)snprintf(shown_lines + len, 128, "%s%lu-%lu %s %lu%s%s", len ? "; " : "",
						(from - ARENA) / PAGE, (to - ARENA) / PAGE, perms, off / PAGE,
						base ? " " : "", base ? base + 1 : name + strspn(name, " "));
		}
		line = strchr(line, '\n');
		if (!line++)
			break;
	}
	return len ? shown_lines : "nothing";
}

/* How many mappings there are in the arena. */
static inline int arena_count(void)
{
	const char *text = arena_text();
	int count = strcmp(text, "nothing") != 0;

	for (; *text; text++)
		count += *text == ';';
	return count;
}

/* ---- accesses ---- */

enum access_kind { LOAD, STORE, JUMP };

static struct {
	sigjmp_buf back;
	volatile bool armed;
	int signo, code;
	unsigned long addr, error, trap, cr2;
} fault;

static inline void on_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	if (!fault.armed)
		_exit(99);
	fault.armed = false;
	fault.signo = signo;
	fault.code = info->si_code;
	fault.addr = (unsigned long)info->si_addr;
	fault.error = (unsigned long)uc->uc_mcontext.gregs[REG_ERR];
	fault.trap = (unsigned long)uc->uc_mcontext.gregs[REG_TRAPNO];
	fault.cr2 = (unsigned long)uc->uc_mcontext.gregs[REG_CR2];
	siglongjmp(fault.back, 1);
}

static inline void catch_faults(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP };
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	action.sa_sigaction = on_fault;
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &action, NULL);
}

static inline const char *signal_name(int signo)
{
	char *text = spare_text();

	if (signo == SIGSEGV || signo == SIGBUS || signo == SIGKILL)
		return signo == SIGSEGV ? "SEGV" : signo == SIGBUS ? "BUS" : "KILL";
	snprintf(text, 96, "signal%d", signo);
	return text;
}

/* Touches one byte; "ok", or the signal with si_code, where si_addr lies from `p`, and the error code. */
static inline const char *probe(void *p, enum access_kind kind)
{
	volatile unsigned char *byte = p;
	char *text;

	if (!sigsetjmp(fault.back, 1)) {
		fault.armed = true;
		if (kind == LOAD)
			(void)*byte;
		else if (kind == STORE)
			*byte = 0xc3; /* a return */
		else
			((void (*)(void))p)();
		fault.armed = false;
		return "ok";
	}
	text = spare_text();
	snprintf(text, 96, "%s/%d%+ld e%lx t%lu%s", signal_name(fault.signo), fault.code,
		 (long)(fault.addr - (unsigned long)p), fault.error, fault.trap,
		 fault.trap == 14 && fault.cr2 != fault.addr ? " cr2!" : "");
	return text;
}

/* One letter: '.' ok, 'm' SEGV_MAPERR, 'a' SEGV_ACCERR, 'b' BUS_ADRERR, '?' anything else. */
static inline char probe_letter(void *p, enum access_kind kind)
{
	if (!strcmp(probe(p, kind), "ok"))
		return '.';
	if (fault.signo == SIGBUS)
		return fault.code == BUS_ADRERR ? 'b' : '?';
	return fault.signo != SIGSEGV ? '?' : fault.code == SEGV_MAPERR ? 'm' : fault.code == SEGV_ACCERR ? 'a' : '?';
}

/* The first byte of each page as a word: "01 -- c3", -- where it cannot be read. */
static inline const char *bytes_text(long page, long npages)
{
	static char text[ARENA_PAGES * 3 + 1];

	for (long i = 0; i < npages; i++) {
		if (probe_letter(at(page + i), LOAD) == '.')
			snprintf(text + 3 * i, 4, "%02x ", *at(page + i));
		else
			snprintf(text + 3 * i, 4, "%s ", fault.signo == SIGBUS ? "BB" : "--");
	}
	text[npages ? 3 * npages - 1 : 0] = '\0';
	return text;
}

/* ---- files ---- */

/* A file of `npages` pages, page i filled with the byte i + 1; opened O_RDWR. */
static inline int make_file(const char *name, long npages)
{
	unsigned char page[PAGE];
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);

	for (long i = 0; i < npages; i++) {
		memset(page, (int)i + 1, PAGE);
		if (pwrite(fd, page, PAGE, i * (long)PAGE) != (ssize_t)PAGE)
			perror(name);
	}
	return fd;
}

static inline int make_memfd(const char *name, long npages, unsigned flags)
{
	unsigned char page[PAGE];
	int fd = (int)CALL(memfd_create, name, flags);

	for (long i = 0; fd >= 0 && i < npages; i++) {
		memset(page, (int)i + 1, PAGE);
		if (pwrite(fd, page, PAGE, i * (long)PAGE) != (ssize_t)PAGE)
			perror(name);
	}
	return fd;
}

/* ---- processes ---- */

/* Runs the body in a child and shows how it ended when that was not exit(0). */
#define IN_CHILD(...) \
	do { \
		fflush(NULL); \
		pid_t pid_ = fork(); \
		int status_ = 0; \
		if (pid_ == 0) { \
			__VA_ARGS__; \
			fflush(NULL); \
			_exit(0); \
		} \
		waitpid(pid_, &status_, 0); \
		if (status_) \
			printf("  child: %s %d\n", WIFSIGNALED(status_) ? "signal" : "exit", \
			       WIFSIGNALED(status_) ? WTERMSIG(status_) : WEXITSTATUS(status_)); \
	} while (0)

static inline void limit(int resource, unsigned long soft)
{
	struct rlimit old;

	getrlimit(resource, &old);
	old.rlim_cur = soft;
	if (setrlimit(resource, &old) < 0)
		printf("  setrlimit: %s\n", error_name(errno));
}

static inline bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

#endif
