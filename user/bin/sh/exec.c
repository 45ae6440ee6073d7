/* SPDX-License-Identifier: MIT */
/*
 * exec.c - running the tree
 *
 * eval() returns the exit status and leaves it in sh.status. break, continue, return and exit do not
 * jump: they leave a request in sh.flow, and everything that runs commands one after the other stops
 * when it sees one. So descriptors, variables and parameters are put back on the ordinary way out.
 * Only errors jump (sh_abort), to the top level of an interactive shell, which puts everything back.
 *
 * Who runs a simple command:
 *
 *	nothing but x=1 or >file	the shell
 *	special builtin			the shell; its assignments stay
 *	function, builtin		the shell; assignments and redirections are undone afterwards
 *	program				a child, or this process when it has nothing else to do
 *
 * eval_and_exit() is eval() for a process that will end with the command: a subshell, a stage of a
 * pipeline. It lets the last program take the place of the process, which saves a fork.
 *
 * set -e: a failing simple command, pipeline or subshell ends the shell, unless sh.in_test says that
 * somebody looks at its status (if, while, &&, ||, !).
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

static int function_define(struct node *n)
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
		sh_warn("%s: %s", file, strerror(ENOEXEC));
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

static int eval_simple(struct node *n, bool last)
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

/* ---- compound commands ---- */

static int eval_pipe(struct node *n)
{
	int count = 1, in = -1, fds[2];
	struct job *j;

	for (struct node *m = n; m->type == N_PIPE; m = m->right)
		count++;
	j = job_create(n->text, count);
	for (int i = 0; i < count; i++) {
		bool more = i < count - 1;

		if (more && pipe(fds) < 0)
			sh_error("pipe: %s", strerror(errno));
		if (job_fork(j, FORK_FG) == 0) {
			if (in >= 0) {
				dup2(in, 0);
				close(in);
			}
			if (more) {
				close(fds[0]);
				dup2(fds[1], 1);
				close(fds[1]);
			}
			eval_and_exit(more ? n->left : n);
		}
		if (in >= 0)
			close(in);
		if (more) {
			close(fds[1]);
			in = fds[0];
			n = n->right;
		}
	}
	return job_wait_fg(j);
}

static int eval_async(struct node *n)
{
	struct job *j = job_create(n->text, 1);

	if (job_fork(j, FORK_BG) == 0) {
		sh.in_test = 0;
		eval_and_exit(n->left);
	}
	job_start_bg(j);
	return 0;
}

static int eval_subshell(struct node *n)
{
	struct job *j = job_create(n->text, 1);

	if (job_fork(j, FORK_FG) == 0) {
		if (redir_apply(n->redirs, false) < 0)
			sh_exit(2);
		eval_and_exit(n->left);
	}
	return job_wait_fg(j);
}

static int eval_tested(struct node *n)
{
	int status;

	sh.in_test++;
	status = eval(n);
	sh.in_test--;
	return status;
}

/* Does a pending break, continue or return end the loop that is running? */
static bool loop_ends(void)
{
	enum flow_kind kind = sh.flow;

	if (kind == FLOW_NONE)
		return false;
	if (kind == FLOW_RETURN)
		return true;
	if (sh.flow_count > 1) {
		sh.flow_count--;
		return true;
	}
	sh.flow = FLOW_NONE;
	return kind == FLOW_BREAK;
}

static int eval_while(struct node *n)
{
	int status = 0;

	sh.loop_depth++;
	for (;;) {
		bool ok = eval_tested(n->left) == 0;

		if (loop_ends())
			break;
		if (ok != (n->type == N_WHILE))
			break;
		status = eval(n->right);
		if (loop_ends()) {
			status = sh.status;
			break;
		}
	}
	sh.loop_depth--;
	return status;
}

static int eval_for(struct node *n)
{
	struct arena_mark mark = arena_mark(&sh.temp);
	int count, status = 0;
	char **items;

	if (n->has_in) {
		items = expand_words(n->words, &count);
	} else {
		count = sh.nparams;
		items = arena_alloc(&sh.temp, (count + 1) * sizeof(*items));
		for (int i = 0; i < count; i++)
			items[i] = arena_strndup(&sh.temp, sh.params[i], strlen(sh.params[i]));
	}
	sh.loop_depth++;
	for (int i = 0; i < count; i++) {
		var_set(n->name, items[i]);
		status = eval(n->right);
		if (loop_ends()) {
			status = sh.status;
			break;
		}
	}
	sh.loop_depth--;
	arena_release(&sh.temp, mark);
	return status;
}

static int eval_case(struct node *n)
{
	struct arena_mark mark = arena_mark(&sh.temp);
	struct node *body = NULL;
	bool found = false;
	char *subject = expand_string(n->words->text);

	for (struct case_item *item = n->items; item && !found; item = item->next) {
		for (struct word *w = item->patterns; w && !found; w = w->next) {
			found = pattern_match(expand_pattern(w->text), subject);
			body = item->body;
		}
	}
	arena_release(&sh.temp, mark);
	return found && body ? eval(body) : 0;
}

static int eval_compound(struct node *n)
{
	int status;

	switch (n->type) {
	case N_GROUP:
		return eval(n->left);
	case N_IF:
		status = eval_tested(n->left);
		if (sh.flow)
			return sh.status;
		if (status == 0)
			return eval(n->right);
		return n->third ? eval(n->third) : 0;
	case N_WHILE:
	case N_UNTIL:
		return eval_while(n);
	case N_FOR:
		return eval_for(n);
	default:
		return eval_case(n);
	}
}

/* A compound command with its redirections around it. */
static int eval_redirected(struct node *n)
{
	struct arena_mark temp = arena_mark(&sh.temp);
	void *mark = redir_mark();
	int status = 2;

	sh.line = n->line;
	if (!n->redirs)
		return eval_compound(n);
	if (redir_apply(n->redirs, true) == 0)
		status = eval_compound(n);
	out_flush();
	redir_restore(mark);
	arena_release(&sh.temp, temp);
	return status;
}

static int eval_node(struct node *n, bool last)
{
	int status;

	switch (n->type) {
	case N_SIMPLE:
		return eval_simple(n, last);
	case N_PIPE:
		return eval_pipe(n);
	case N_ASYNC:
		return eval_async(n);
	case N_SUBSHELL:
		return eval_subshell(n);
	case N_FUNC:
		return function_define(n);
	case N_NOT:
		status = eval_tested(n->left);
		return sh.flow ? status : !status;
	case N_AND:
	case N_OR:
		status = eval_tested(n->left);
		if (sh.flow || (status == 0) != (n->type == N_AND))
			return status;
		return eval(n->right);
	default:
		return eval_redirected(n);
	}
}

/* After every command: signals that came, ^C, set -e. */
static int eval_done(struct node *n, int status)
{
	bool counts = n->type == N_SIMPLE || n->type == N_PIPE || n->type == N_SUBSHELL;

	if (sh.flow == FLOW_NONE)
		sh.status = status;
	if (trap_is_pending()) {
		if (sh.interactive && trap_interrupted())
			sh_abort(130);
		trap_run_pending();
	}
	if (status && counts && sh.errexit && !sh.in_test && !sh.flow)
		sh_exit(status);
	return sh.status;
}

int eval(struct node *n)
{
	for (; n->type == N_SEQ; n = n->right) {
		eval(n->left);
		if (sh.flow)
			return sh.status;
	}
	return eval_done(n, eval_node(n, false));
}

void eval_and_exit(struct node *n)
{
	for (;;) {
		if (n->type == N_SEQ) {
			eval(n->left);
			if (sh.flow)
				sh_exit(sh.status);
			n = n->right;
		} else if (n->type == N_GROUP && !n->redirs) {
			n = n->left;
		} else {
			sh_exit(eval_done(n, eval_node(n, true)));
		}
	}
}

/* Run all of a source, command by command; the status of the last. */
int eval_source(struct source *src)
{
	bool eof = false;
	int status = 0;

	while (!eof && !sh.flow) {
		struct arena tree = { 0 };
		struct parser p;
		struct node *n;

		if (src->fd >= 0 && src->pos) {
			src->len -= src->pos;
			memmove(src->buf, src->buf + src->pos, src->len);
			src->pos = 0;
		}
		parser_init(&p, src, &tree);
		n = parse_complete(&p, &eof);
		if (n && !sh.noexec)
			status = eval(n);
		if (!tree.keep)
			arena_release(&tree, (struct arena_mark){ 0 });
	}
	return sh.flow ? sh.status : status;
}

int eval_string(const char *name, const char *text)
{
	struct source src;

	source_string(&src, name, text);
	src.line = sh.line ? sh.line : 1;
	return eval_source(&src);
}
