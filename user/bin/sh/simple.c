/* SPDX-License-Identifier: MIT */
/*
 * simple.c - simple commands: who runs one, and how; functions; the ways out of the shell
 *
 *	nothing but x=1 or >file	the shell
 *	special builtin			the shell; its assignments stay
 *	function, builtin		the shell; assignments and redirections are undone afterwards
 *	program				a child, or this process when it has nothing else to do
 *
 * The order is POSIX's: the words are expanded, then the redirections done, then the assignments. For
 * a program the last two happen in the child. Where PATH leads is found out in the child as well; a file
 * that the kernel would not run (ENOEXEC) is a script without "#!", if it looks like text, and is run by
 * this same process after it has forgotten its functions.
 *
 * A function runs with parameters of its own; the caller's are kept in the C frame of function_call().
 * When an error jumps over such frames to the prompt, the parameters of the outermost caller come back
 * from outer_params.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

struct function {
	struct function *next;
	struct node *body;
	char name[];
};

static struct function *functions;
static char **outer_params;	/* $1.. outside of all functions, while one runs */
static int outer_nparams;

static struct function *function_find(const char *name)
{
	struct function *f = functions;

	while (f && strcmp(f->name, name) != 0)
		f = f->next;
	return f;
}

bool function_exists(const char *name)
{
	return function_find(name);
}

void function_unset(const char *name)
{
	for (struct function **p = &functions; *p; p = &(*p)->next) {
		struct function *f = *p;

		if (strcmp(f->name, name) == 0) {
			*p = f->next;
			free(f);
			return;
		}
	}
}

int function_define(struct node *n)
{
	struct function *f;

	function_unset(n->name);
	f = xmalloc(sizeof(*f) + strlen(n->name) + 1);
	strcpy(f->name, n->name);
	f->body = n->left;
	f->next = functions;
	functions = f;
	return 0;
}

static int function_call(struct function *f, int argc, char **argv)
{
	char **params = sh.params;
	int nparams = sh.nparams, loops = sh.loop_depth, status;
	void *scope = var_scope_begin();

	if (sh.func_depth >= 1000)
		sh_error("%s: functions nested too deeply", f->name);
	if (!sh.func_depth++) {
		outer_params = params;
		outer_nparams = nparams;
	}
	sh.params = NULL;
	sh.nparams = 0;
	sh.loop_depth = 0;
	params_set(argv + 1, argc - 1);
	status = eval(f->body);
	if (sh.flow == FLOW_RETURN) {
		sh.flow = FLOW_NONE;
		status = sh.status;
	}
	params_set(NULL, 0);
	free(sh.params);
	sh.params = params;
	sh.nparams = nparams;
	sh.loop_depth = loops;
	sh.func_depth--;
	var_scope_end(scope);
	return status;
}

/* Leave everything half done and go to the prompt, or end. */
void sh_abort(int status)
{
	if (!sh.interactive || !sh.top)
		sh_exit(status);
	if (sh.func_depth) {
		sh.params = outer_params;
		sh.nparams = outer_nparams;
	}
	sh.func_depth = sh.loop_depth = sh.dot_depth = sh.in_test = 0;
	sh.flow = FLOW_NONE;
	sh.status = status;
	redir_restore(NULL);
	var_scope_end(NULL);
	longjmp(*sh.top, 1);
}

void sh_exit(int status)
{
	sh.status = status;
	sh.interactive = false;
	trap_run_exit();
	out_flush();
	_exit(status);
}

/* ---- programs ---- */

/* The file PATH gives for a command; NULL when there is none. */
char *path_search(const char *name, struct arena *a)
{
	const char *path = var_get("PATH");
	size_t name_len = strlen(name);
	struct stat st;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? arena_strndup(a, name, name_len) : NULL;
	for (; path; path = *path ? path + 1 : NULL) {
		size_t n = strcspn(path, ":");
		char *file = arena_alloc(a, n + name_len + 3);

		memcpy(file, n ? path : ".", n ? n : 1);
		strcat(strcat(file, "/"), name);
		if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
			return file;
		path += n;
	}
	return NULL;
}

/* A file that the kernel would not run: a script without #!, unless it looks like no text at all. */
static void exec_script(const char *file, char **argv)
{
	struct source src = { .name = file, .chunk = 4096, .line = 1 };
	char head[128];
	ssize_t n;
	int argc = 0;

	src.fd = open(file, O_RDONLY | O_CLOEXEC);
	n = src.fd < 0 ? -1 : pread(src.fd, head, sizeof(head), 0);
	if (n < 0 || memchr(head, '\0', n)) {
		sh_warn("%s: %s (not a static program for x86-64)", file, strerror(ENOEXEC));
		_exit(126);
	}
	while (argv[argc])
		argc++;
	sh.name = file;
	sh.typed = false;
	params_set(argv + 1, argc - 1);
	sh.loop_depth = sh.func_depth = sh.dot_depth = sh.in_test = 0;
	while (functions)
		function_unset(functions->name);
	sh_exit(eval_source(&src));
}

/* Become another program. Does not return: 127 when there is none, 126 when it cannot be run. */
void exec_program(char **argv, char **envp)
{
	char *file = path_search(argv[0], &sh.temp);
	struct stat st;

	out_flush();
	if (!file && strchr(argv[0], '/'))
		file = argv[0];
	if (!file) {
		sh_warn("%s: not found", argv[0]);
		_exit(127);
	}
	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode)) {
		sh_warn("%s: %s", argv[0], strerror(EISDIR));
		_exit(126);
	}
	execve(file, argv, envp);
	if (errno == ENOEXEC)
		exec_script(file, argv);
	if (errno == ENOENT)
		sh_warn("%s: not found", argv[0]);
	else
		sh_warn("%s: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* ---- simple commands ---- */

static void trace(char **argv)
{
	struct strbuf b = { 0 };
	const char *ps4 = var_get("PS4");

	if (ps4)
		strbuf_add_mem(&b, ps4, strlen(ps4));
	for (; *argv; argv++) {
		strbuf_add_mem(&b, *argv, strlen(*argv));
		strbuf_add(&b, argv[1] ? ' ' : '\n');
	}
	write_all(2, b.s, b.len);
	free(b.s);
}

/* Carry out x=value. With `temporary` the old value comes back at the end of the variable scope. */
static void assign(struct word *w, bool temporary)
{
	for (; w; w = w->next) {
		int n = var_name_len(w->text);
		char *name = arena_strndup(&sh.temp, w->text, n);
		char *value = expand_assignment(w->text + n + 1);

		if (sh.xtrace) {
			struct strbuf b = { 0 };

			strbuf_add_mem(&b, w->text, n + 1);
			strbuf_add_mem(&b, value, strlen(value));
			trace((char *[]){ strbuf_done(&b, &sh.temp), NULL });
		}
		if (temporary)
			var_save_local(name);
		var_set(name, value);
		if (temporary)
			var_add_flags(name, VAR_EXPORT);
	}
}

static int run_nothing(struct node *n)
{
	void *mark = redir_mark();
	int status = 0;

	if (redir_apply(n->redirs, true) < 0)
		status = 2;
	redir_restore(mark);
	if (status)
		return status;
	assign(n->assigns, false);
	return sh.subst_ran ? sh.status : 0;
}

/* A function, or a builtin when f is NULL. */
static int run_inside(struct node *n, struct function *f, const struct builtin *b, int argc, char **argv)
{
	bool special = !f && b->special;
	bool keep = !f && b->run == builtin_exec;
	void *mark = redir_mark(), *scope = var_scope_begin();
	int status;

	if (redir_apply(n->redirs, !keep || argc > 1) < 0) {
		redir_restore(mark);
		if (special)
			sh_abort(2);
		return 2;
	}
	assign(n->assigns, !special);
	if (f)
		status = function_call(f, argc, argv);
	else
		status = b->run(argc, argv);
	if (out_flush() < 0 && !status)
		status = 1;
	redir_restore(mark);
	if (!special && n->assigns)
		var_scope_end(scope);
	return status;
}

static int run_program(struct node *n, char **argv, bool last)
{
	struct job *j = NULL;

	if (!last) {
		j = job_create(n->text ? n->text : argv[0], 1);
		if (job_fork(j, FORK_FG) != 0)
			return job_wait_fg(j);
	}
	if (redir_apply(n->redirs, false) < 0)
		_exit(2);
	assign(n->assigns, true);
	exec_program(argv, var_environ(&sh.temp));
}

/* Run a simple command; with `last` the process may become the program. */
int eval_simple(struct node *n, bool last)
{
	struct arena_mark mark = arena_mark(&sh.temp);
	const struct builtin *b;
	struct function *f;
	int argc, status;
	char **argv;

	sh.line = n->line;
	sh.subst_ran = false;
	argv = expand_words(n->words, &argc);
	if (argc && sh.xtrace)
		trace(argv);
	b = argc ? builtin_find(argv[0]) : NULL;
	f = argc && !(b && b->special) ? function_find(argv[0]) : NULL;
	if (!argc)
		status = run_nothing(n);
	else if (b || f)
		status = run_inside(n, f, b, argc, argv);
	else
		status = run_program(n, argv, last && !trap_has_exit());
	arena_release(&sh.temp, mark);
	return status;
}
