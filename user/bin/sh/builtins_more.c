/* SPDX-License-Identifier: MIT */
/*
 * builtins_more.c - the larger builtins: read, getopts, kill, ulimit, type and command
 *
 * read takes one byte at a time, because the bytes behind the newline belong to whoever reads next from
 * the same descriptor. It splits by IFS itself: the last variable gets all the rest, separators
 * included, which is not what field splitting of words does. A backslash protects the next character
 * from splitting, and with a newline joins two lines, unless -r is given.
 *
 * getopts keeps its place inside an argument like "-abc" in a static; OPTIND=1 begins again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../signals.h"
#include "sh.h"

/* ---- read ---- */

struct line {
	struct strbuf text;
	struct strbuf plain;	/* '\\' for a character that was protected, else ' ' */
};

/* 0, or 1 at the end of the file, or 128+N when a signal came. */
static int read_line(struct line *l, bool raw)
{
	bool protect = false;
	ssize_t n;
	char c;

	for (;;) {
		n = trap_read(&c, 1);
		if (n < 0 && errno == EINTR && !trap_is_pending())
			continue;
		if (n < 0 && errno == EINTR)
			return 128 + trap_pending_signal();
		if (n <= 0)
			return 1;
		if (protect) {
			protect = false;
			if (c == '\n')
				continue;
			strbuf_add(&l->text, c);
			strbuf_add(&l->plain, '\\');
		} else if (c == '\\' && !raw) {
			protect = true;
		} else if (c == '\n') {
			return 0;
		} else if (c) {
			strbuf_add(&l->text, c);
			strbuf_add(&l->plain, ' ');
		}
	}
}

static bool is_ifs(const struct line *l, size_t i, const char *ifs, bool blank)
{
	char c;

	if (i >= l->text.len || l->plain.s[i] == '\\')
		return false;
	c = l->text.s[i];
	return strchr(ifs, c) && (c == ' ' || c == '\t') == blank;
}

static size_t skip_blanks(const struct line *l, size_t i, const char *ifs)
{
	while (is_ifs(l, i, ifs, true))
		i++;
	return i;
}

/* The end of the field at i. */
static size_t field_end(const struct line *l, size_t i, const char *ifs)
{
	while (i < l->text.len && !is_ifs(l, i, ifs, true) && !is_ifs(l, i, ifs, false))
		i++;
	return i;
}

static void set_part(const char *name, const struct line *l, size_t from, size_t to)
{
	var_set(name, to > from ? arena_strndup(&sh.temp, l->text.s + from, to - from) : "");
}

/* The last variable: everything, less blanks at the end and one lone separator that ends the field. */
static void set_rest(const char *name, const struct line *l, size_t i, const char *ifs)
{
	size_t end = l->text.len, one;

	while (end > i && is_ifs(l, end - 1, ifs, true))
		end--;
	one = field_end(l, i, ifs);
	one = skip_blanks(l, one, ifs);
	if (is_ifs(l, one, ifs, false) && skip_blanks(l, one + 1, ifs) >= end)
		end = field_end(l, i, ifs);
	set_part(name, l, i, end);
}

int builtin_read(int argc, char **argv)
{
	const char *ifs = var_get("IFS");
	struct line l = { 0 };
	bool raw = false;
	size_t at;
	int i = 1, status;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "-r") == 0) {
			raw = true;
		} else if (strcmp(argv[i], "-p") == 0 && i + 1 < argc) {
			write_all(2, argv[i + 1], strlen(argv[i + 1]));
			i++;
		} else {
			sh_warn("usage: read [-r] [-p PROMPT] NAME...");
			return 2;
		}
	}
	if (i >= argc) {
		sh_warn("read: name missing");
		return 2;
	}
	for (int k = i; k < argc; k++) {
		int n = var_name_len(argv[k]);

		if (!n || argv[k][n]) {
			sh_warn("read: %s: bad variable name", argv[k]);
			return 2;
		}
	}
	if (!ifs)
		ifs = " \t\n";
	status = read_line(&l, raw);
	at = skip_blanks(&l, 0, ifs);
	for (; i < argc - 1; i++) {
		size_t end = field_end(&l, at, ifs);

		set_part(argv[i], &l, at, end);
		at = skip_blanks(&l, end, ifs);
		if (is_ifs(&l, at, ifs, false))
			at = skip_blanks(&l, at + 1, ifs);
	}
	set_rest(argv[i], &l, at, ifs);
	free(l.text.s);
	free(l.plain.s);
	return status;
}

/* ---- getopts ---- */

/* The argument of an option: the rest of its word, or the next word, or a complaint. */
static char getopts_arg(char opt, const char *rest, char **args, int n, int *index, bool silent)
{
	char c[2] = { opt };

	if (*rest) {
		var_set("OPTARG", rest);
		return opt;
	}
	if (*index <= n) {
		var_set("OPTARG", args[(*index)++ - 1]);
		return opt;
	}
	if (!silent) {
		sh_warn("no argument for option -%s", c);
		return '?';
	}
	var_set("OPTARG", c);
	return ':';
}

/* The next option, '?' for one that is not in optstring, 0 when there are no more. */
static char getopts_next(const char *optstring, char **args, int n, int *index)
{
	static int inside, last_index;		/* inside args[last_index - 2], if not 0 */
	bool silent = *optstring == ':';
	const char *arg, *found;
	char c[2] = { 0 };

	if (*index != last_index || *index - 2 >= n || inside >= (int)strlen(args[*index - 2]))
		inside = 0;
	if (!inside) {
		if (*index > n || args[*index - 1][0] != '-' || !args[*index - 1][1])
			return 0;
		(*index)++;
		if (strcmp(args[*index - 2], "--") == 0)
			return 0;
		inside = 1;
	}
	arg = args[*index - 2];
	c[0] = arg[inside++];
	found = c[0] == ':' ? NULL : strchr(optstring, c[0]);
	if (found && found[1] == ':') {
		c[0] = getopts_arg(c[0], arg + inside, args, n, index, silent);
		inside = 0;
	} else if (!arg[inside]) {
		inside = 0;
	}
	last_index = *index;
	if (found)
		return c[0];
	if (silent)
		var_set("OPTARG", c);
	else
		sh_warn("illegal option -%s", c);
	return '?';
}

static int getopts_run(const char *optstring, const char *name, char **args, int n)
{
	const char *ind = var_get("OPTIND");
	char text[24], c[2] = { 0 };
	int index = ind ? atoi(ind) : 1;

	if (index < 1)
		index = 1;
	var_unset("OPTARG");
	c[0] = getopts_next(optstring, args, n, &index);
	snprintf(text, sizeof(text), "%d", index);
	var_set("OPTIND", text);
	var_set(name, c[0] ? c : "?");
	return !c[0];
}

int builtin_getopts(int argc, char **argv)
{
	if (argc < 3) {
		sh_warn("usage: getopts OPTSTRING NAME [ARG...]");
		return 2;
	}
	if (argc > 3)
		return getopts_run(argv[1], argv[2], argv + 3, argc - 3);
	return getopts_run(argv[1], argv[2], sh.params, sh.nparams);
}

/* ---- kill ---- */

static int kill_list(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		int sig = atoi(argv[i]) & 127;

		if (sig < 1 || sig >= NSIGNALS) {
			sh_warn("kill: %s: unknown signal", argv[i]);
			return 1;
		}
		out_fmt("%s\n", signal_table[sig].name);
	}
	for (int sig = 1; argc == 2 && sig < NSIGNALS; sig++)
		out_fmt("%2d %s\n", sig, signal_table[sig].name);
	return 0;
}

int builtin_kill(int argc, char **argv)
{
	int sig = SIGTERM, i = 1, status = 0;

	if (argc > 1 && strcmp(argv[1], "-l") == 0)
		return kill_list(argc, argv);
	if (argc > 2 && strcmp(argv[1], "-s") == 0) {
		sig = signal_number(argv[2]);
		i = 3;
	} else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
		sig = signal_number(argv[1] + 1);
		i = 2;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (sig < 0 || i >= argc) {
		sh_warn(sig < 0 ? "kill: unknown signal" :
			"usage: kill [-s SIGNAL | -SIGNAL] PID|%%JOB... or kill -l");
		return 2;
	}
	for (; i < argc; i++) {
		char *end;
		long pid = argv[i][0] == '%' ? job_target(argv[i]) : strtol(argv[i], &end, 10);

		if (argv[i][0] == '%' ? !pid : (*end || end == argv[i] || pid != (pid_t)pid)) {
			sh_warn("kill: %s: no such process or job", argv[i]);
			status = 1;
		} else if (kill(pid, sig) < 0) {
			sh_warn("kill: %s: %s", argv[i], strerror(errno));
			status = 1;
		}
	}
	return status;
}

/* ---- ulimit ---- */

static const struct limit {
	char letter;
	int which;
	unsigned unit;
	const char *name;
} limits[] = {
	{ 't', RLIMIT_CPU, 1, "time(seconds)" }, { 'f', RLIMIT_FSIZE, 512, "file(blocks)" },
	{ 'd', RLIMIT_DATA, 1024, "data(kbytes)" }, { 's', RLIMIT_STACK, 1024, "stack(kbytes)" },
	{ 'c', RLIMIT_CORE, 512, "coredump(blocks)" }, { 'm', RLIMIT_RSS, 1024, "memory(kbytes)" },
	{ 'l', RLIMIT_MEMLOCK, 1024, "locked memory(kbytes)" }, { 'p', RLIMIT_NPROC, 1, "process" },
	{ 'n', RLIMIT_NOFILE, 1, "nofiles" }, { 'v', RLIMIT_AS, 1024, "vmemory(kbytes)" },
};
#define NLIMITS (sizeof(limits) / sizeof(*limits))

enum { SOFT = 1, HARD = 2 };

static void limit_print(const struct limit *l, int how, bool named)
{
	struct rlimit r = { 0, 0 };
	rlim_t value;

	getrlimit(l->which, &r);
	value = how & SOFT ? r.rlim_cur : r.rlim_max;
	if (named)
		out_fmt("%-24s", l->name);
	if (value == RLIM_INFINITY)
		out_str("unlimited\n");
	else
		out_fmt("%llu\n", (unsigned long long)(value / l->unit));
}

static int limit_set(const struct limit *l, int how, const char *text)
{
	rlim_t value = RLIM_INFINITY;
	struct rlimit r;

	if (strcmp(text, "unlimited") != 0) {
		if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 15) {
			sh_warn("ulimit: bad number: %s", text);
			return 2;
		}
		value = strtoull(text, NULL, 10) * l->unit;
	}
	getrlimit(l->which, &r);
	if (how & SOFT)
		r.rlim_cur = value;
	if (how & HARD)
		r.rlim_max = value;
	if (setrlimit(l->which, &r) == 0)
		return 0;
	sh_warn("ulimit: %s", strerror(errno));
	return 2;
}

/* ulimit [-H] [-S] [-a | -tfdscmlpnv] [N | unlimited]: files, unless told otherwise. */
int builtin_ulimit(int argc, char **argv)
{
	const struct limit *l = &limits[1];
	bool all = false;
	int how = 0, i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		for (const char *s = argv[i] + 1; *s; s++) {
			size_t k = 0;

			if (*s == 'H' || *s == 'S' || *s == 'a') {
				how |= *s == 'H' ? HARD : *s == 'S' ? SOFT : 0;
				all |= *s == 'a';
				continue;
			}
			while (k < NLIMITS && limits[k].letter != *s)
				k++;
			if (k == NLIMITS) {
				sh_warn("ulimit: illegal option -%c", *s);
				return 2;
			}
			l = &limits[k];
		}
	}
	if (i < argc && !all)
		return limit_set(l, how ? how : SOFT | HARD, argv[i]);
	for (const struct limit *each = limits; all && each < limits + NLIMITS; each++)
		limit_print(each, how ? how : SOFT, true);
	if (!all)
		limit_print(l, how ? how : SOFT, false);
	return 0;
}

/* ---- type and command ---- */

static bool is_reserved(const char *s)
{
	static const char *const words[] = { "!", "{", "}", "case", "do", "done", "elif", "else", "esac",
					     "fi", "for", "if", "in", "then", "until", "while" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], s) == 0)
			return true;
	return false;
}

/* Say what a command name means; in words, or as `command -v` does. */
static int describe(const char *name, bool words)
{
	const struct builtin *b = builtin_find(name);
	const char *what = NULL, *file;

	if (is_reserved(name))
		what = " is a shell keyword";
	else if (function_exists(name))
		what = " is a shell function";
	else if (b)
		what = b->special ? " is a special shell builtin" : " is a shell builtin";
	if (what) {
		out_str(name);
		out_str(words ? what : "");
		out_str("\n");
		return 0;
	}
	file = path_search(name, &sh.temp);
	if (!file) {
		if (words)
			out_fmt("%s: not found\n", name);
		return 127;
	}
	if (words)
		out_fmt("%s is ", name);
	out_str(file);
	out_str("\n");
	return 0;
}

/* Run a command, but no function of that name. */
static int command_run(int argc, char **argv)
{
	const struct builtin *b = builtin_find(argv[0]);
	struct job *j;

	if (b)
		return b->run(argc, argv);
	j = job_create(argv[0], 1);
	if (job_fork(j, FORK_FG) == 0)
		exec_program(argv, var_environ(&sh.temp));
	return job_wait_fg(j);
}

int builtin_command(int argc, char **argv)
{
	bool words = argv[0][0] == 't', query = words;
	int i = 1, status = 0;

	for (; !words && i < argc && argv[i][0] == '-'; i++) {
		query |= argv[i][1] == 'v' || argv[i][1] == 'V';
		words |= argv[i][1] == 'V';
	}
	if (!query)
		return i < argc ? command_run(argc - i, argv + i) : 0;
	for (; i < argc; i++)
		if (describe(argv[i], words))
			status = 127;
	return status;
}

/* The file of `. name`: looked for in PATH unless it has a slash; need not be executable. */
int sh_open_path(const char *name)
{
	const char *path = strchr(name, '/') ? NULL : var_get("PATH");
	size_t len = strlen(name);

	for (; path; path = *path ? path + 1 : NULL) {
		size_t n = strcspn(path, ":");
		char *file = arena_alloc(&sh.temp, n + len + 3);
		int fd;

		memcpy(file, n ? path : ".", n ? n : 1);
		fd = open(strcat(strcat(file, "/"), name), O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		path += n;
	}
	return open(name, O_RDONLY | O_CLOEXEC);
}
