/* SPDX-License-Identifier: MIT */
/*
 * main.c - the shell: how it starts, and where it comes back to
 *
 *	sh                       commands from standard input; interactive if that is a terminal
 *	sh FILE [ARG...]         a script
 *	sh -c TEXT [NAME ARG...] one string
 *	sh -s [ARG...]           standard input, with parameters
 *	options -e -u -x -f -v -n -a -C -i and -o NAME, as of the builtin set
 *
 * An interactive shell prompts, has job control when the terminal knows process groups, and survives
 * errors: they come back to the setjmp below, where the rest of the line is thrown away. ^C ends the
 * command or the line being typed. At end of file it says "exit".
 *
 * What the shell does not do: line editing and history (the terminal's line discipline edits lines),
 * aliases, arrays. Where POSIX leaves a choice it does what dash does, except for echo (see builtins.c)
 * and pwd, which always gives the physical directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

extern char **environ;

struct shell sh;

/* Options of the command line: those of set, and -c -s -i. */
struct start {
	bool command, from_stdin, interactive;
};

static int take_options(int argc, char **argv, struct start *start)
{
	int i = 1;

	for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1]; i++) {
		char *s = argv[i] + 1, *d = s;
		bool params;

		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		for (; *s; s++) {
			start->command |= *s == 'c';
			start->from_stdin |= *s == 's';
			start->interactive |= *s == 'i';
			if (!strchr("csil", *s))
				*d++ = *s;
		}
		*d = '\0';
		if (d > argv[i] + 1) {
			bool named = strchr(argv[i], 'o');
			char *one[] = { argv[0], argv[i], named ? argv[i + 1] : NULL, NULL };

			if (set_options(2 + (named && argv[i + 1]), one, &params) < 0)
				_exit(2);
			i += named;
		}
	}
	return i;
}

static void init_directory(void)
{
	char cwd[4096];

	if (getcwd(cwd, sizeof(cwd)))
		var_set("PWD", cwd);
	var_add_flags("PWD", VAR_EXPORT);
}

/* Throw away what is left of the line after an error. */
static void source_drop_line(struct source *src)
{
	src->pos = src->len;
}

static int run_interactive(struct source *src)
{
	jmp_buf top;
	int status;

	sh.top = &top;
	if (setjmp(top)) {
		if (trap_interrupted()) {
			trap_clear_interrupt();
			write_all(2, "\n", 1);
		}
		source_drop_line(src);
		arena_release(&sh.temp, (struct arena_mark){ 0 });
	}
	status = eval_source(src);
	write_all(2, "exit\n", 5);
	return status;
}

static void open_script(struct source *src, const char *file)
{
	src->name = file;
	src->chunk = 4096;
	src->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (src->fd >= 0 && src->fd < 10) {
		int high = fcntl(src->fd, F_DUPFD_CLOEXEC, 10);

		if (high >= 0) {
			close(src->fd);
			src->fd = high;
		}
	}
	if (src->fd >= 0)
		return;
	sh_warn("cannot open %s: %s", file, strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

int main(int argc, char **argv)
{
	struct start start = { 0 };
	struct source src = { .name = "sh", .fd = 0, .chunk = 1, .line = 1 };
	int i;

	sh.name = argc ? argv[0] : "sh";
	sh.pid = getpid();
	sh.tty_fd = -1;
	sh.params = xmalloc(sizeof(*sh.params));
	sh.params[0] = NULL;
	trap_init();
	var_init(environ);
	init_directory();
	i = take_options(argc, argv, &start);
	if (start.command) {
		if (i >= argc) {
			sh_warn("-c needs a command");
			_exit(2);
		}
		source_string(&src, sh.name, argv[i++]);
		if (i < argc)
			sh.name = argv[i++];
	} else if (i < argc && !start.from_stdin) {
		sh.name = argv[i++];
		open_script(&src, sh.name);
	}
	params_set(argv + i, argc - i);
	if (src.fd == 0 && (start.interactive || (isatty(0) && isatty(2)))) {
		sh.interactive = sh.typed = true;
		src.prompts = true;
		src.chunk = 4096;
		trap_init_interactive();
		jobs_init();
		sh_exit(run_interactive(&src));
	}
	sh_exit(eval_source(&src));
}
