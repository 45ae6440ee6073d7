/* SPDX-License-Identifier: MIT */
/*
 * The first line of a script: five scripts may be each other's interpreters; of a line that is too long the argument is
 * cut, but not the interpreter's name. And whoever executes a program is an ordinary child from then on.
 */
#include <abi/misc.h>
#include <sys/syscall.h>

#include "check.h"

static char here[PAGE], self[PAGE];

static void script(const char *name, const char *interpreter, const char *rest)
{
	FILE *f = fopen(name, "w");

	CHECK(f && fprintf(f, "#!%s%s", interpreter, rest) > 0 && fclose(f) == 0 && chmod(name, 0755) == 0);
}

/* How it ends; 128 + errno: not begun. */
static int run(const char *name)
{
	int status;
	pid_t child = fork();

	if (!child) {
		execl(name, name, "given", NULL);
		_exit(128 + errno);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The program in the end: its status is the number of its arguments, and the length of the first if that is long. */
static int count(int argc, char **argv)
{
	return argc > 2 && strlen(argv[1]) > 100 ? 100 + (int)(strlen(argv[0]) + strlen(argv[1])) - 245 : argc;
}

static void chains_end(void)
{
	char name[8] = "s1", path[2 * PAGE];

	script(name, self, "\n");
	CHECK(run("s1") == 3);
	for (char i = '2'; i <= '6'; i++) {
		snprintf(path, sizeof path, "%s/s%c", here, i - 1);
		name[1] = i;
		script(name, path, "\n");
		CHECK(run(name) == (i == '6' ? 128 + ELOOP : 3 + i - '1'));
	}
}

static void lines_are_cut(void)
{
	char rest[400];

	memset(rest, 'a', sizeof rest - 1);
	rest[sizeof rest - 1] = '\0';
	script("long_name", rest, "\n");
	CHECK(run("long_name") == 128 + ENOEXEC);
	rest[0] = ' ';
	script("long_argument", self, rest);
	CHECK(run("long_argument") == 100 + 255 - 3 - 245);
	script("blanks", self, "  \t\n");
	CHECK(run("blanks") == 3);
	script("unended", self, "");
	CHECK(run("unended") == 3);
	script("nothing", " \t", "\n");
	CHECK(run("nothing") == 128 + ENOEXEC);
}

static void executing_makes_an_ordinary_child(void)
{
	int status;
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_VFORK, 0L, 0L, 0L, 0L); /* no SIGCHLD is asked for */

	if (!child) {
		execl(self, self, NULL);
		_exit(128);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 1);
}

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	CHECK(n > 0 && getcwd(here, sizeof here));
	if (getenv("INNER"))
		return count(argc, argv);
	setenv("INNER", "1", 1);
	chains_end();
	lines_are_cut();
	executing_makes_an_ordinary_child();
	return 0;
}
