/* SPDX-License-Identifier: MIT */
/*
 * Makes one step, on the real arena and in the model. A mapping that the system placed outside the arena is unmapped at
 * once, so that nothing but the arena ever changes. Loads and stores are single instructions; a handler notes the
 * signal they give and jumps back.
 */
#include "sequences.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static jmp_buf after_fault;
static volatile bool expecting;
static siginfo_t fault;

/* ---- loads and stores ---- */

static void on_fault(int signo, siginfo_t *info, void *context)
{
	(void)signo, (void)context;
	if (!expecting) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		return;
	}
	fault = *info;
	longjmp(after_fault, 1);
}

void perform_start(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

static struct result fault_result(void)
{
	return (struct result){ -fault.si_signo * 1000l - fault.si_code, (char *)fault.si_addr - ARENA };
}

bool real_load(const char *at, uint8_t *value)
{
	expecting = true;
	if (setjmp(after_fault)) {
		expecting = false;
		return false;
	}
	*value = *(const volatile uint8_t *)at;
	expecting = false;
	return true;
}

static struct result real_access(const struct step *s)
{
	uint8_t value = 0;

	expecting = true;
	if (setjmp(after_fault)) {
		expecting = false;
		return fault_result();
	}
	if (s->op == OP_LOAD)
		value = *(volatile uint8_t *)(ARENA + s->arg[0]);
	else
		*(volatile uint8_t *)(ARENA + s->arg[0]) = (uint8_t)s->arg[1];
	expecting = false;
	return (struct result){ value, 0 };
}

/* ---- calls ---- */

static long checked(long value)
{
	return value == -1 ? -errno : value;
}

/* An address as the model has it. What lies outside the arena goes at once. */
static long placed(void *at, long len)
{
	long off = (char *)at - ARENA;

	if (at == MAP_FAILED)
		return -errno;
	if (off >= 0 && off < ARENA_BYTES)
		return off;
	munmap(at, (size_t)len);
	return ELSEWHERE;
}

static int real_fd(const struct step *s)
{
	switch (s->op) {
	case OP_MMAP: return game->fd[s->arg[4]];
	case OP_FTRUNCATE:
	case OP_PREAD:
	case OP_PWRITE: return game->fd[s->arg[0]];
	default: return -1;
	}
}

static long real_call(const struct step *s)
{
	const long *arg = s->arg;
	char *at = ARENA + arg[0];
	int fd = real_fd(s);

	switch (s->op) {
	case OP_MMAP: return placed(mmap(at, (size_t)arg[1], (int)arg[2], (int)arg[3], fd, arg[5]), arg[1]);
	case OP_MUNMAP: return checked(munmap(at, (size_t)arg[1]));
	case OP_MPROTECT: return checked(mprotect(at, (size_t)arg[1], (int)arg[2]));
	case OP_MREMAP: return placed(mremap(at, (size_t)arg[1], (size_t)arg[2], (int)arg[3], ARENA + arg[4]), arg[2]);
	case OP_MADVISE: return checked(madvise(at, (size_t)arg[1], (int)arg[2]));
	case OP_MLOCK: return checked(arg[2] ? mlock2(at, (size_t)arg[1], (unsigned)arg[2]) : mlock(at, (size_t)arg[1]));
	case OP_MUNLOCK: return checked(munlock(at, (size_t)arg[1]));
	case OP_MSYNC: return checked(msync(at, (size_t)arg[1], (int)arg[2]));
	case OP_REMAP_FILE: return checked(remap_file_pages(at, (size_t)arg[1], (int)arg[2], (size_t)arg[3], (int)arg[4]));
	case OP_FTRUNCATE: return checked(ftruncate(fd, arg[1]));
	case OP_PREAD: return checked(pread(fd, ARENA + arg[1], (size_t)arg[2], arg[3]));
	case OP_PWRITE: return checked(pwrite(fd, ARENA + arg[1], (size_t)arg[2], arg[3]));
	default: return 0;
	}
}

struct result step_real(const struct step *s)
{
	if (s->op == OP_LOAD || s->op == OP_STORE)
		return real_access(s);
	return (struct result){ real_call(s), 0 };
}

/* ---- the model ---- */

static struct result model_access(struct outcome out)
{
	if (out.signal)
		return (struct result){ -out.signal * 1000l - out.code, out.address };
	return (struct result){ out.value, 0 };
}

static long model_call(struct world *w, const struct step *s)
{
	const long *arg = s->arg;
	int who = s->who;

	switch (s->op) {
	case OP_MMAP: return spec_mmap(w, who, arg[0], arg[1], (int)arg[2], (int)arg[3], (int)arg[4], arg[5]);
	case OP_MUNMAP: return spec_munmap(w, who, arg[0], arg[1]);
	case OP_MPROTECT: return spec_mprotect(w, who, arg[0], arg[1], (int)arg[2]);
	case OP_MREMAP: return spec_mremap(w, who, arg[0], arg[1], arg[2], (int)arg[3], arg[4]);
	case OP_MADVISE: return spec_madvise(w, who, arg[0], arg[1], (int)arg[2]);
	case OP_MLOCK: return spec_mlock(w, who, arg[0], arg[1], (int)arg[2]);
	case OP_MUNLOCK: return spec_munlock(w, who, arg[0], arg[1]);
	case OP_MSYNC: return spec_msync(w, who, arg[0], arg[1], (int)arg[2]);
	case OP_REMAP_FILE: return spec_remap_file_pages(w, who, arg[0], arg[1], (int)arg[2], arg[3], (int)arg[4]);
	case OP_FTRUNCATE: return spec_ftruncate(w, (int)arg[0], arg[1]);
	case OP_PREAD: return spec_pread(w, who, (int)arg[0], arg[1], arg[2], arg[3]);
	case OP_PWRITE: return spec_pwrite(w, who, (int)arg[0], arg[1], arg[2], arg[3]);
	case OP_FORK: spec_fork(w, who, (int)arg[0]); return 0;
	case OP_EXIT: spec_exit(w, who); return 0;
	default: return 0;
	}
}

struct result step_model(struct world *w, const struct step *s)
{
	if (s->op == OP_LOAD)
		return model_access(spec_load(w, s->who, s->arg[0]));
	if (s->op == OP_STORE)
		return model_access(spec_store(w, s->who, s->arg[0], (uint8_t)s->arg[1]));
	return (struct result){ model_call(w, s), 0 };
}

/* ---- files ---- */

static int open_or_end(const char *name, int flags)
{
	int fd = open(name, flags, 0644);

	if (fd < 0) {
		perror(name);
		exit(2);
	}
	return fd;
}

void files_open(void)
{
	game->fd[FD_A] = open_or_end("a", O_RDWR | O_CREAT);
	game->fd[FD_B] = open_or_end("b", O_RDWR | O_CREAT);
	game->fd[FD_A_READ_ONLY] = open_or_end("a", O_RDONLY);
	game->fd[FD_B_WRITE_ONLY] = open_or_end("b", O_WRONLY);
	game->fd[FD_CLOSED] = -1;
}

void files_begin(struct world *w)
{
	static const unsigned grains[FILES] = { 5 * GRAINS, 2 * GRAINS + 2 };
	static char bytes[FILE_PAGES * PAGE];

	for (int f = 0; f < FILES; f++) {
		struct object *o = &w->object[f];
		memset(bytes, 0, sizeof(bytes));
		o->grains = grains[f];
		for (unsigned g = 0; g < o->grains; g++)
			bytes[g * GRAIN] = (char)(o->byte[g] = (uint8_t)(0x40 * (f + 1) + g));
		if (ftruncate(game->fd[f], 0) < 0 || pwrite(game->fd[f], bytes, o->grains * GRAIN, 0) != (long)o->grains * GRAIN) {
			perror("files");
			exit(2);
		}
	}
}
