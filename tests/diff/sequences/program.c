/* SPDX-License-Identifier: MIT */
/*
 * Prints a sequence as a C program that stands alone, to be compiled on any Linux and run there and on Atlas. Each
 * process runs the same list of steps and makes those that are its own; a counter in shared memory says whose turn it
 * is. Every step prints what it gave, and its line says what the specification expects.
 */
#include "sequences.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct name {
	long value;
	const char *name;
};

#define N(x) { x, #x }
static const struct name prot_names[] = { N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), N(PROT_GROWSDOWN), N(PROT_GROWSUP),
                                          { 0, NULL } };
static const struct name map_names[] = { N(MAP_ANONYMOUS), N(MAP_FIXED), N(MAP_FIXED_NOREPLACE), N(MAP_POPULATE),
                                         N(MAP_LOCKED), N(MAP_NORESERVE), N(MAP_GROWSDOWN), N(MAP_STACK),
                                         N(MAP_NONBLOCK), N(MAP_32BIT), N(MAP_DENYWRITE), N(MAP_EXECUTABLE),
                                         { 0, NULL } };
static const struct name remap_names[] = { N(MREMAP_MAYMOVE), N(MREMAP_FIXED), N(MREMAP_DONTUNMAP), { 0, NULL } };
static const struct name sync_names[] = { N(MS_ASYNC), N(MS_INVALIDATE), N(MS_SYNC), { 0, NULL } };
static const struct name advice_names[] = { N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED),
                                            N(MADV_DONTNEED), N(MADV_FREE), N(MADV_REMOVE), N(MADV_DONTFORK),
                                            N(MADV_DOFORK), N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP),
                                            N(MADV_DODUMP), N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), N(MADV_COLD),
                                            N(MADV_PAGEOUT), N(MADV_POPULATE_READ), N(MADV_POPULATE_WRITE),
                                            { 0, NULL } };

/* The text of a set of flags. */
static char *set(char *text, long value, const struct name *names, const char *none)
{
	char *at = text;

	*at = '\0';
	for (; names->name; names++) {
		if (value & names->value)
			at += sprintf(at, "%s%s", at > text ? " | " : "", names->name);
		value &= ~names->value;
	}
	if (value)
		sprintf(at, "%s%#lx", at > text ? " | " : "", value);
	return *text ? text : strcpy(text, none);
}

static char *map_flags(char *text, long flags)
{
	static const char *const types[] = { "0", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE" };
	char rest[300];

	set(rest, flags & ~3l, map_names, "");
	sprintf(text, "%s%s%s", types[flags & 3], *rest ? " | " : "", rest);
	return text;
}

static char *advice_name(char *text, long advice)
{
	const struct name *n = advice_names;

	while (n->name && n->value != advice)
		n++;
	if (n->name)
		strcpy(text, n->name);
	else
		sprintf(text, "%ld", advice);
	return text;
}

/* Bytes as pages and a rest. */
static char *bytes(char *text, long n)
{
	long pages = (n + PAGE - 1) / PAGE, rest = n - pages * PAGE;

	if (rest)
		sprintf(text, "%ld * PAGE - %ld", pages, -rest);
	else
		sprintf(text, n ? "%ld * PAGE" : "0", pages);
	return text;
}

static const char *fd_name(long fd)
{
	static const char *const names[FDS] = { "a", "b", "a_read_only", "b_write_only", "-1" };

	return names[fd];
}

void step_print(const struct step *s, char *text, size_t room)
{
	const long *arg = s->arg;
	char at[40], len[40], b[400], c[40];

	bytes(at, arg[0]);
	bytes(len, arg[1]);
	switch (s->op) {
	case OP_LOAD: snprintf(text, room, "load(arena + %s)", at); break;
	case OP_STORE: snprintf(text, room, "store(arena + %s, %ld)", at, arg[1]); break;
	case OP_MMAP: {
		char flags[400];
		snprintf(text, room, "at(mmap(arena + %s, %s, %s, %s, %s, %s))", at, len,
		         set(b, arg[2], prot_names, "PROT_NONE"), map_flags(flags, arg[3]), fd_name(arg[4]), bytes(c, arg[5]));
		break;
	}
	case OP_MUNMAP: snprintf(text, room, "munmap(arena + %s, %s)", at, len); break;
	case OP_MPROTECT:
		snprintf(text, room, "mprotect(arena + %s, %s, %s)", at, len, set(b, arg[2], prot_names, "PROT_NONE"));
		break;
	case OP_MREMAP: {
		char new_len[40];
		snprintf(text, room, "at(mremap(arena + %s, %s, %s, %s, arena + %s))", at, len, bytes(new_len, arg[2]),
		         set(b, arg[3], remap_names, "0"), bytes(c, arg[4]));
		break;
	}
	case OP_MADVISE: snprintf(text, room, "madvise(arena + %s, %s, %s)", at, len, advice_name(b, arg[2])); break;
	case OP_MLOCK:
		if (arg[2])
			snprintf(text, room, "mlock2(arena + %s, %s, %ld)", at, len, arg[2]);
		else
			snprintf(text, room, "mlock(arena + %s, %s)", at, len);
		break;
	case OP_MUNLOCK: snprintf(text, room, "munlock(arena + %s, %s)", at, len); break;
	case OP_MSYNC: snprintf(text, room, "msync(arena + %s, %s, %s)", at, len, set(b, arg[2], sync_names, "0")); break;
	case OP_REMAP_FILE:
		snprintf(text, room, "remap_file_pages(arena + %s, %s, %ld, %ld, %s)", at, len, arg[2], arg[3],
		         set(b, arg[4], map_names, "0"));
		break;
	case OP_FTRUNCATE: snprintf(text, room, "ftruncate(%s, %s)", fd_name(arg[0]), len); break;
	case OP_PREAD:
	case OP_PWRITE:
		snprintf(text, room, "p%s(%s, arena + %s, %ld, %s)", s->op == OP_PREAD ? "read" : "write", fd_name(arg[0]), len,
		         arg[2], bytes(c, arg[3]));
		break;
	case OP_FORK: snprintf(text, room, "begin(%ld)", arg[0]); break;
	case OP_EXIT: snprintf(text, room, "_exit(0)"); break;
	default: snprintf(text, room, "look()"); break;
	}
}

static const char head[] =
	"#define _GNU_SOURCE\n#include <errno.h>\n#include <fcntl.h>\n#include <setjmp.h>\n#include <signal.h>\n#include <stdio.h>\n"
	"#include <stdlib.h>\n#include <string.h>\n#include <sys/mman.h>\n#include <unistd.h>\n\n"
	"#define PAGE 4096l\n"
	"#ifndef MREMAP_DONTUNMAP\n#define MREMAP_DONTUNMAP 4\n#endif\n"
	"static char *const arena = (char *)0x100000;\n"
	"static volatile int *turn; /* the number of the step to be made */\n"
	"static int me, a, b, a_read_only, b_write_only;\nstatic sigjmp_buf after;\nstatic siginfo_t fault;\n\n"
	"static void on_fault(int signo, siginfo_t *info, void *context)\n{\n\t(void)signo, (void)context;\n\tfault = *info;\n"
	"\tsiglongjmp(after, 1);\n}\n\n"
	"static long faulted(void)\n{\n\tprintf(\"signal %d code %d at %p: \", fault.si_signo, fault.si_code, fault.si_addr);\n"
	"\treturn -1;\n}\n\n"
	"static long load(char *p) { return sigsetjmp(after, 1) ? faulted() : *(volatile unsigned char *)p; }\n"
	"static long store(char *p, int v) { return sigsetjmp(after, 1) ? faulted() : (*(volatile unsigned char *)p = v); }\n\n"
	"static long at(void *p)\n{\n\tlong off = (char *)p - arena;\n\n\treturn p == MAP_FAILED ? -1 : off >= 0 && off < 1 << 20 ? off "
	": 1 << 30;\n}\n\n"
	"static long begin(int child)\n{\n\tif (fork() == 0)\n\t\tme = child;\n\telse\n\t\treturn 0;\n\treturn -2;\n}\n\n"
	"static long look(void)\n{\n\tchar line[300];\n\tFILE *maps = fopen(\"/proc/self/maps\", \"r\");\n\n"
	"\twhile (fgets(line, sizeof(line), maps)) {\n\t\tchar *p = (char *)strtoul(line, NULL, 16);\n"
	"\t\tif (p >= arena && p < arena + 64 * PAGE)\n\t\t\tprintf(\"    %s\", line);\n\t}\n\tfclose(maps);\n"
	"\tfor (char *p = arena; p < arena + 20 * PAGE; p += 1024)\n\t\tif (!sigsetjmp(after, 1) && *(volatile char *)p)\n"
	"\t\t\tprintf(\"    %lx: %02x\\n\", (long)(p - arena), *(unsigned char *)p);\n\treturn 0;\n}\n\n"
	"static int mine(int n, int who)\n{\n\twhile (me == who && *turn < n)\n\t\tusleep(1000);\n\treturn me == who;\n}\n\n"
	"static void result(int n, const char *what, long value)\n{\n\tif (value == -2)\n\t\treturn; /* a child begins */\n"
	"\tif (value == -1)\n\t\tprintf(\"%d [%d] %s: %s\\n\", n, me, what, strerror(errno));\n\telse\n"
	"\t\tprintf(\"%d [%d] %s: %#lx\\n\", n, me, what, value);\n\tfflush(stdout);\n\t*turn = n + 1;\n}\n"
	"#define STEP(n, who, call) do { if (mine(n, who)) { errno = 0; result(n, #call, call); } } while (0)\n\n"
	"static int file(const char *name, int first, int grains)\n{\n\tint fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);\n"
	"\tfor (int i = 0; i < grains; i++) {\n\t\tchar bytes[1024] = { first + i };\n\t\tif (write(fd, bytes, 1024) != 1024)\n"
	"\t\t\texit(1);\n\t}\n\treturn fd;\n}\n\n"
	"int main(void)\n{\n\tstruct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };\n\n"
	"\tsetvbuf(stdout, NULL, _IOLBF, 0);\n\tsigaction(SIGSEGV, &act, NULL);\n\tsigaction(SIGBUS, &act, NULL);\n"
	"\tturn = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);\n"
	"\ta = file(\"a\", 0x40, 20);\n\tb = file(\"b\", 0x80, 10);\n"
	"\ta_read_only = open(\"a\", O_RDONLY);\n\tb_write_only = open(\"b\", O_WRONLY);\n\n";

static void expect(struct world *w, const struct step *s, char *text, size_t room)
{
	struct result r = step_model(w, s);

	if (r.value <= -1000)
		snprintf(text, room, "signal %ld code %ld at %#lx", -r.value / 1000, -r.value % 1000, r.address);
	else if (r.value < 0)
		snprintf(text, room, "%s", strerror((int)-r.value));
	else
		snprintf(text, room, "%#lx", r.value == ELSEWHERE ? 1l << 30 : r.value);
}

void program_print(const struct step *steps, int n, bool look_always)
{
	struct world *w = &game->world;
	char text[600], expected[100];
	int number = 0;

	spec_begin(w);
	files_begin(w);
	printf("%s", head);
	for (int i = 0; i < n; i++) {
		if (!step_is_defined(w, &steps[i]))
			continue;
		step_print(&steps[i], text, sizeof(text));
		expect(w, &steps[i], expected, sizeof(expected));
		printf("\tSTEP(%d, %d, %s%s); /* %s */\n", number, steps[i].who, text, steps[i].op == OP_EXIT ? ", 0" : "",
		       expected);
		number++;
		if (look_always && steps[i].op != OP_EXIT)
			printf("\tSTEP(%d, %d, look());\n", number, steps[i].who), number++;
	}
	for (int who = 0; !look_always && who < PROCESSES; who++)
		if (w->process[who].alive)
			printf("\tSTEP(%d, %d, look());\n", number, who), number++;
	printf("\twhile (me == 0 && *turn < %d)\n\t\tusleep(1000);\n\treturn 0;\n}\n", number);
}
