/* SPDX-License-Identifier: MIT */
/*
 * builtins.c - the commands that are part of the shell
 *
 * A command must be here when it changes the shell itself (cd, set, read, exit ...); a few more are here
 * because scripts use them all the time (echo, test, printf, kill). Each takes argc and argv like a
 * main() and returns its status; output goes through out_*(), which the caller flushes.
 *
 * The table at the end is sorted as it is read, not by name: a linear search through some forty short
 * names costs nothing beside what follows. A "special" builtin is one whose assignments POSIX makes
 * permanent and which comes before functions.
 *
 * echo follows GNU echo (-n, -e, -E; no escapes unless asked), as the program of that name does.
 * Those about jobs and signals are in jobs.c and trap.c, read getopts kill ulimit command in builtins_more.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

static void emit(const char *s, size_t n)
{
	out_mem(s, n);
}

static void complain(const char *fmt, const char *arg)
{
	const char *at = strstr(fmt, "%s");

	if (at)
		sh_warn("%.*s%s%s", (int)(at - fmt), fmt, arg, at + 2);
	else
		sh_warn("%s", fmt);
}

#include "../printf_format.h"
#include "../test_expr.h"

/* A whole number >= 0, or -1 with a message. */
static int get_count(const char *command, const char *s)
{
	if (!*s || s[strspn(s, "0123456789")] || strlen(s) > 9) {
		sh_warn("%s: illegal number: %s", command, s);
		return -1;
	}
	return atoi(s);
}

static int builtin_true(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 0;
}

static int builtin_false(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 1;
}

static int builtin_echo(int argc, char **argv)
{
	echo_print(argc, argv);
	return 0;
}

int builtin_printf(int argc, char **argv)
{
	int i = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;

	if (i >= argc) {
		sh_warn("usage: printf FORMAT [ARG...]");
		return 2;
	}
	return format_print(argv[i], argv + i + 1);
}

int builtin_test(int argc, char **argv)
{
	if (argv[0][0] == '[' && strcmp(argv[--argc], "]") != 0) {
		sh_warn("[: missing ]");
		return 2;
	}
	return test_run(argv + 1, argc - 1);
}

/* The directory is known by getcwd afterwards, so PWD never shows the symbolic links on the way. */
static int builtin_cd(int argc, char **argv)
{
	int i = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
	const char *to = i < argc ? argv[i] : var_get("HOME"), *old = var_get("PWD");
	char cwd[4096];
	bool dash = to && strcmp(to, "-") == 0;

	if (dash)
		to = var_get("OLDPWD");
	if (!to) {
		sh_warn("cd: %s not set", dash ? "OLDPWD" : "HOME");
		return 2;
	}
	if (*to && chdir(to) < 0) {
		sh_warn("cd: can't cd to %s: %s", to, strerror(errno));
		return 2;
	}
	if (old)
		var_set("OLDPWD", old);
	var_set("PWD", getcwd(cwd, sizeof(cwd)) ? cwd : to);
	if (dash)
		out_fmt("%s\n", var_get("PWD"));
	return 0;
}

static int builtin_pwd(int argc, char **argv)
{
	char cwd[4096];

	(void)argc, (void)argv;
	if (!getcwd(cwd, sizeof(cwd))) {
		sh_warn("pwd: %s", strerror(errno));
		return 1;
	}
	out_str(cwd);
	out_str("\n");
	return 0;
}

static int builtin_exit(int argc, char **argv)
{
	int status = argc > 1 ? get_count("exit", argv[1]) : sh.status;

	sh_exit(status < 0 ? 2 : status & 255);
}

/* export and readonly: [-p] [name[=value]...] */
static int builtin_export(int argc, char **argv)
{
	unsigned flag = argv[0][0] == 'e' ? VAR_EXPORT : VAR_READONLY;
	int i = 1;

	if (argc == 1 || strcmp(argv[1], "-p") == 0) {
		var_list(flag, argv[0][0] == 'e' ? "export " : "readonly ");
		return 0;
	}
	if (strcmp(argv[1], "--") == 0)
		i++;
	for (; i < argc; i++) {
		int n = var_name_len(argv[i]);
		char *name = arena_strndup(&sh.temp, argv[i], n);

		if (!n || (argv[i][n] && argv[i][n] != '='))
			sh_error("%s: %s: bad variable name", argv[0], argv[i]);
		if (argv[i][n] == '=')
			var_set(name, argv[i] + n + 1);
		var_add_flags(name, flag);
	}
	return 0;
}

static int builtin_local(int argc, char **argv)
{
	if (!sh.func_depth)
		sh_error("local: not in a function");
	for (int i = 1; i < argc; i++) {
		int n = var_name_len(argv[i]);
		char *name = arena_strndup(&sh.temp, argv[i], n);

		if (!n || (argv[i][n] && argv[i][n] != '='))
			sh_error("local: %s: bad variable name", argv[i]);
		var_save_local(name);
		if (argv[i][n] == '=')
			var_set(name, argv[i] + n + 1);
	}
	return 0;
}

static int builtin_unset(int argc, char **argv)
{
	bool functions = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++)
		functions = argv[i][1] == 'f';
	for (; i < argc; i++) {
		if (functions)
			function_unset(argv[i]);
		else if (var_unset(argv[i]) < 0)
			sh_abort(2);
	}
	return 0;
}

/* ---- set ---- */

static const struct {
	char letter;
	const char *name;
	bool *value;
} options[] = {
	{ 'e', "errexit", &sh.errexit }, { 'u', "nounset", &sh.nounset }, { 'x', "xtrace", &sh.xtrace },
	{ 'f', "noglob", &sh.noglob }, { 'v', "verbose", &sh.verbose }, { 'n', "noexec", &sh.noexec },
	{ 'a', "allexport", &sh.allexport }, { 'C', "noclobber", &sh.noclobber },
	{ 'm', "monitor", &sh.monitor },
};

#define NOPTIONS (sizeof(options) / sizeof(*options))

static bool set_letter(char c, bool on)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (options[i].letter == c) {
			*options[i].value = on;
			return true;
		}
	}
	return false;
}

static bool set_name(const char *name, bool on)
{
	for (size_t i = 0; i < NOPTIONS; i++)
		if (name && strcmp(options[i].name, name) == 0)
			return set_letter(options[i].letter, on);
	return false;
}

static void list_options(void)
{
	for (size_t i = 0; i < NOPTIONS; i++)
		out_fmt("%-15s %s\n", options[i].name, *options[i].value ? "on" : "off");
}

/*
 * Take the -x +x -o name options from argv[1] on; the index of the first other argument, or -1 after a
 * message. *params becomes true when the rest, even if empty, replaces the parameters.
 */
int set_options(int argc, char **argv, bool *params)
{
	int i = 1;

	for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1]; i++) {
		bool on = argv[i][0] == '-';

		if (strcmp(argv[i], "--") == 0) {
			*params = true;
			return i + 1;
		}
		for (const char *s = argv[i] + 1; *s; s++) {
			if (*s == 'o' && !argv[i + 1]) {
				list_options();
				continue;
			}
			if (*s == 'o' ? set_name(argv[++i], on) : set_letter(*s, on))
				continue;
			sh_warn("%s: illegal option %s", argv[0], argv[i]);
			return -1;
		}
	}
	*params = i < argc;
	return i;
}

static int builtin_set(int argc, char **argv)
{
	bool params = false;
	int i;

	if (argc == 1) {
		var_list(0, "");
		return 0;
	}
	i = set_options(argc, argv, &params);
	if (i < 0)
		sh_abort(2);
	if (params)
		params_set(argv + i, argc - i);
	return 0;
}

static int builtin_shift(int argc, char **argv)
{
	int n = argc > 1 ? get_count("shift", argv[1]) : 1;

	if (n < 0 || n > sh.nparams)
		sh_error("shift: can't shift that many");
	for (int i = 0; i < n; i++)
		free(sh.params[i]);
	memmove(sh.params, sh.params + n, (sh.nparams - n + 1) * sizeof(*sh.params));
	sh.nparams -= n;
	return 0;
}

/* ---- running other things ---- */

static int builtin_eval(int argc, char **argv)
{
	struct strbuf b = { 0 };

	for (int i = 1; i < argc; i++) {
		if (i > 1)
			strbuf_add(&b, ' ');
		strbuf_add_mem(&b, argv[i], strlen(argv[i]));
	}
	return eval_string(sh.name, strbuf_done(&b, &sh.temp));
}

static char *read_file(int fd)
{
	struct strbuf b = { 0 };
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			strbuf_add_mem(&b, buf, n);
	return n < 0 ? NULL : strbuf_done(&b, &sh.temp);
}

static int builtin_dot(int argc, char **argv)
{
	struct source src;
	char *text, *file;
	int fd, status, line = sh.line;

	if (argc < 2)
		sh_error(".: file name missing");
	file = argv[1];
	fd = sh_open_path(file);
	if (fd < 0)
		sh_error(".: cannot open %s: %s", file, strerror(errno));
	text = read_file(fd);
	if (!text)
		sh_warn(".: %s: %s", file, strerror(errno));
	close(fd);
	if (!text)
		return 1;
	sh.dot_depth++;
	source_string(&src, file, text);
	status = eval_source(&src);
	sh.dot_depth--;
	sh.line = line;
	if (sh.flow == FLOW_RETURN)
		sh.flow = FLOW_NONE;
	return status;
}

int builtin_exec(int argc, char **argv)
{
	int i = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
	char *file;

	if (i >= argc)
		return 0;
	file = path_search(argv[i], &sh.temp);
	if (!file && (sh.interactive || !strchr(argv[i], '/') || access(argv[i], F_OK) < 0)) {
		sh_warn("exec: %s: not found", argv[i]);
		if (sh.interactive)
			return 127;
		sh_exit(127);
	}
	trap_reset_child(false);
	exec_program(argv + i, var_environ(&sh.temp));
}

/* ---- control flow ---- */

static int builtin_return(int argc, char **argv)
{
	int status = argc > 1 ? get_count("return", argv[1]) : sh.status;

	if (status < 0)
		status = 2;
	if (!sh.func_depth && !sh.dot_depth)
		sh_exit(status);
	sh.flow = FLOW_RETURN;
	return sh.status = status;
}

static int builtin_break(int argc, char **argv)
{
	int n = argc > 1 ? get_count(argv[0], argv[1]) : 1;

	if (n < 1)
		sh_abort(2);
	if (!sh.loop_depth)
		return 0;
	sh.flow = argv[0][0] == 'b' ? FLOW_BREAK : FLOW_CONTINUE;
	sh.flow_count = n < sh.loop_depth ? n : sh.loop_depth;
	return sh.status = 0;
}

static int builtin_umask(int argc, char **argv)
{
	char *end;
	mode_t mask;

	if (argc == 1) {
		mask = umask(0);
		umask(mask);
		out_fmt("%04o\n", (unsigned)mask);
		return 0;
	}
	mask = strtoul(argv[1], &end, 8);
	if (*end || end == argv[1] || mask > 0777) {
		sh_warn("umask: %s: not an octal mask", argv[1]);
		return 2;
	}
	umask(mask);
	return 0;
}

/* ---- the table ---- */

static const struct builtin builtins[] = {
	{ ":", builtin_true, true }, { "true", builtin_true, false }, { "false", builtin_false, false },
	{ "[", builtin_test, false }, { "test", builtin_test, false }, { "echo", builtin_echo, false },
	{ "printf", builtin_printf, false }, { "cd", builtin_cd, false }, { "pwd", builtin_pwd, false },
	{ "exit", builtin_exit, true }, { "export", builtin_export, true },
	{ "readonly", builtin_export, true }, { "unset", builtin_unset, true },
	{ "local", builtin_local, false }, { "set", builtin_set, true }, { "shift", builtin_shift, true },
	{ "eval", builtin_eval, true }, { ".", builtin_dot, true }, { "exec", builtin_exec, true },
	{ "return", builtin_return, true }, { "break", builtin_break, true },
	{ "continue", builtin_break, true }, { "trap", builtin_trap, true },
	{ "umask", builtin_umask, false }, { "read", builtin_read, false },
	{ "getopts", builtin_getopts, false }, { "jobs", builtin_jobs, false },
	{ "fg", builtin_fg, false }, { "bg", builtin_fg, false }, { "wait", builtin_wait, false },
	{ "kill", builtin_kill, false }, { "type", builtin_command, false },
	{ "command", builtin_command, false }, { "hash", builtin_true, false },
	{ "ulimit", builtin_ulimit, false },
};

const struct builtin *builtin_find(const char *name)
{
	for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}
