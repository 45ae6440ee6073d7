/* SPDX-License-Identifier: MIT */
/*
 * exec.c - running the tree
 *
 * eval() returns the exit status and leaves it in sh.status. break, continue, return and exit do not
 * jump: they leave a request in sh.flow, and everything that runs commands one after the other stops
 * when it sees one. So descriptors, variables and parameters are put back on the ordinary way out.
 * Only errors jump (sh_abort), to the top level of an interactive shell, which puts everything back.
 *
 * eval_and_exit() is eval() for a process that will end with the command: a subshell, a stage of a
 * pipeline. It lets the last program take the place of the process, which saves a fork.
 *
 * set -e: a failing simple command, pipeline or subshell ends the shell, unless sh.in_test says that
 * somebody looks at its status (if, while, &&, ||, !).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

/* The descriptor fd (-1: none) is to be number `as`; it may be already, when the shell had that closed. */
static void become(int fd, int as)
{
	if (fd < 0 || fd == as)
		return;
	dup2(fd, as);
	close(fd);
}

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
			become(in, 0);
			if (more) {
				close(fds[0]);
				become(fds[1], 1);
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
