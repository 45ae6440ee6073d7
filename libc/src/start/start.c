/* SPDX-License-Identifier: MIT */
/*
 * From the first instruction to main.
 *
 *      rsp -> argc | argv[0..argc-1] | 0 | envp... | 0 | auxv pairs ... AT_NULL
 *
 * crt0.o holds only _start, so that a program's own objects decide what else of the library is
 * linked. __libc_start finds the three vectors, builds the first thread's storage (nothing that
 * touches errno may run before that), runs the constructors, then main, then exit.
 *
 * Constructors are called with argc, argv and envp, as C++ compilers and glibc's programs expect.
 * The arrays' bounds come from the linker; weak-less symbols suffice because ld provides them in
 * every static link, empty or not.
 *
 * It does not relocate: programs are static and not position independent. It takes no lock,
 * because no second thread can exist yet.
 */
#include "../internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void initialiser(int argc, char **argv, char **envp);

extern initialiser *__preinit_array_start[], *__preinit_array_end[];
extern initialiser *__init_array_start[], *__init_array_end[];
extern void (*__fini_array_start[])(void);
extern void (*__fini_array_end[])(void);

extern int main(int argc, char **argv, char **envp);
_Noreturn void __libc_start(long *stack);
void __run_fini_array(void);

char **environ;
char *program_invocation_name = (char *)"";
char *program_invocation_short_name = (char *)"";

static void name_program(char *path)
{
	char *slash = strrchr(path, '/');

	program_invocation_name = path;
	program_invocation_short_name = slash ? slash + 1 : path;
}

static void run_initialisers(initialiser **from, initialiser **to, int argc, char **argv)
{
	for (; from < to; from++)
		(*from)(argc, argv, environ);
}

/* Called by exit, after the functions given to atexit; last constructed, first destroyed. */
void __run_fini_array(void)
{
	for (void (**f)(void) = __fini_array_end; f > __fini_array_start;)
		(*--f)();
}

_Noreturn void __libc_start(long *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);
	char **p = argv + argc + 1;

	environ = p;
	while (*p)
		p++;
	tls_describe((const unsigned long *)(p + 1));
	if (argc > 0 && argv[0])
		name_program(argv[0]);
	run_initialisers(__preinit_array_start, __preinit_array_end, argc, argv);
	run_initialisers(__init_array_start, __init_array_end, argc, argv);
	exit(main(argc, argv, environ));
}
