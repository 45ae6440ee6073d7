/* SPDX-License-Identifier: MIT */
/*
 * raw - the ground the benchmark programs stand on
 *
 * They have to be the same bytes on Atlas and on Linux, and what they do between two readings of
 * the clock has to be seen in their source. A C library is in the way of both: its start-up, its
 * buffers and its allocator fault pages at moments of their own. So there is none: _start below,
 * system calls as instructions (raw.h), and text put together in a buffer on the stack and written
 * by one write().
 *
 * A failed system call ends the program with a sentence (must, die). A benchmark whose set-up
 * failed has nothing to tell.
 *
 * Rejected: musl where it is installed and Atlas's library elsewhere. The figures of fork and exec
 * would depend on which of the two it was.
 */
#include <abi/syscall.h>

#include "raw.h"

/* The kernel enters with argc, argv, NULL, envp, NULL, auxv at the stack pointer and no return address. */
__asm__(".globl _start\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	andq $-16, %rsp\n"
	"	call raw_start\n");

_Noreturn void raw_start(uint64_t *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);

	leave(raw_main(argc, argv, argv + argc + 1));
}

/* The compiler may ask for these two, whatever the flags say. */
void *memset(void *at, int value, size_t len)
{
	void *start = at;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(len) : "a"(value) : "memory");
	return start;
}

void *memcpy(void *to, const void *from, size_t len)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
	return start;
}

size_t text_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

char *text_append(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	*to = 0;
	return to;
}

char *number_append(char *to, uint64_t value, unsigned decimals)
{
	char digits[24];
	unsigned n = 0;

	while (value || n <= decimals) {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	}
	while (n) {
		if (n == decimals)
			*to++ = '.';
		*to++ = digits[--n];
	}
	*to = 0;
	return to;
}

void say(int fd, const char *text)
{
	raw3(SYS_write, (uint64_t)fd, ADDRESS(text), text_length(text));
}

_Noreturn void leave(int status)
{
	for (;;)
		raw3(SYS_exit_group, (uint64_t)status, 0, 0);
}

_Noreturn void die(const char *what, long result)
{
	char line[256];
	char *end = text_append(line, "bench: ");

	end = text_append(end, what);
	if (result < 0) {
		end = text_append(end, ": errno ");
		end = number_append(end, (uint64_t)-result, 0);
	}
	text_append(end, "\n");
	say(2, line);
	leave(1);
}

long must(const char *what, long result)
{
	if (result < 0)
		die(what, result);
	return result;
}
