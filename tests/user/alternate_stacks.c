/* SPDX-License-Identifier: MIT */
/*
 * sigaltstack: its errors, its flags, handlers on it (nested and disarmed), and a stack overflow that only it can
 * catch.
 */
#include <ucontext.h>

#include "check.h"

#define SIZE 65536ul
#define AUTODISARM ((int)SS_AUTODISARM)

static char *stack;
static volatile int depth, most;
static sigjmp_buf back;

static int on_stack(const void *p) { return (const char *)p > stack && (const char *)p <= stack + SIZE; }

static stack_t set(int flags, size_t size)
{
	stack_t new = { .ss_sp = stack, .ss_flags = flags, .ss_size = size }, now;

	CHECK(sigaltstack(&new, NULL) == 0 && sigaltstack(NULL, &now) == 0);
	return now;
}

static int try_set(int flags, size_t size)
{
	stack_t new = { .ss_sp = stack, .ss_flags = flags, .ss_size = size };

	return sigaltstack(&new, NULL);
}

static void catch(int signo, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_sigaction = handler;
	sa.sa_flags = SA_SIGINFO | flags;
	CHECK(sigaction(signo, &sa, NULL) == 0);
}

static void errors_and_flags(void)
{
	stack_t now;

	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE && !now.ss_sp && !now.ss_size);
	FAILS(try_set(0, 2047), ENOMEM);
	FAILS(try_set(4, SIZE), EINVAL);
	FAILS(try_set(SS_DISABLE | SS_ONSTACK, SIZE), EINVAL);
	now = set(SS_ONSTACK, 2048);
	CHECK(now.ss_flags == 0 && now.ss_sp == stack && now.ss_size == 2048);
	now = set(AUTODISARM, SIZE);
	CHECK(now.ss_flags == AUTODISARM && now.ss_size == SIZE);
	now = set(SS_DISABLE, 5);
	CHECK(now.ss_flags == SS_DISABLE && !now.ss_sp && !now.ss_size);
	FAILS(sigaltstack((void *)1, NULL), EFAULT);
}

static void on_nested(int signo, siginfo_t *info, void *context)
{
	stack_t now, other = { .ss_sp = stack, .ss_size = SIZE };
	ucontext_t *uc = context;

	(void)info;
	CHECK(on_stack(&now) && uc->uc_stack.ss_sp == stack && uc->uc_stack.ss_size == SIZE && uc->uc_stack.ss_flags == 0);
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_ONSTACK);
	FAILS(sigaltstack(&other, NULL), EPERM);
	if (signo == SIGUSR1) {
		raise(SIGUSR2);
		most++;
	} else {
		CHECK(on_stack((void *)uc->uc_mcontext.gregs[REG_RSP]));
		most++;
	}
}

static void handlers_nest(void)
{
	set(0, SIZE);
	catch(SIGUSR1, on_nested, SA_ONSTACK);
	catch(SIGUSR2, on_nested, SA_ONSTACK);
	CHECK(raise(SIGUSR1) == 0 && most == 2);
}

static void on_disarmed(int signo, siginfo_t *info, void *context)
{
	stack_t now;

	(void)signo, (void)info, (void)context;
	CHECK(on_stack(&now) && sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE);
	most++;
}

static void the_stack_is_disarmed(void)
{
	stack_t now;

	set(AUTODISARM, SIZE);
	catch(SIGUSR1, on_disarmed, SA_ONSTACK);
	CHECK(raise(SIGUSR1) == 0 && most == 3);
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == AUTODISARM && now.ss_sp == stack);
}

static void on_overflow(int signo, siginfo_t *info, void *context)
{
	(void)signo, (void)info, (void)context;
	siglongjmp(back, 1);
}

__attribute__((noinline)) static int dig(int n)
{
	volatile char room[4096];

	room[0] = (char)n;
	depth++;
	return n < 1000000 ? dig(n + 1) + room[0] : 0;
}

static void an_overflow_is_caught(void)
{
	set(0, SIZE);
	catch(SIGSEGV, on_overflow, SA_ONSTACK);
	if (!sigsetjmp(back, 1))
		dig(0);
	CHECK(depth > 100);
	catch(SIGSEGV, on_overflow, 0);
	DIES_BY(SIGSEGV, dig(0));
}

/* No room for the frame of another signal becomes SIGSEGV, which can be caught where there is room. */
static void a_frame_without_room(void)
{
	catch(SIGSEGV, on_overflow, SA_ONSTACK);
	catch(SIGUSR1, on_nested, 0);
	if (!sigsetjmp(back, 1)) {
		long pid = getpid();
		__asm__ volatile("mov $0x1000, %%rsp; syscall; ud2" ::"a"(62l), "D"(pid), "S"((long)SIGUSR1) : "rcx", "r11",
		                 "memory");
	}
	set(0, 2048); /* too small for any frame */
	catch(SIGUSR1, on_nested, SA_ONSTACK);
	catch(SIGSEGV, on_nested, SA_ONSTACK);
	DIES_BY(SIGSEGV, memset(stack, 0, 2048); munmap(stack - PAGE, PAGE); for (int i = 0; i < 3; i++) dig(0));
}

int main(void)
{
	stack = (char *)map_anon(SIZE + PAGE) + PAGE;
	errors_and_flags();
	handlers_nest();
	the_stack_is_disarmed();
	an_overflow_is_caught();
	a_frame_without_room();
	return 0;
}
