/* SPDX-License-Identifier: MIT */
/*
 * sh.h - what the parts of the shell know of each other
 *
 *	main.c ── reads a source, one complete command at a time
 *	  │
 *	  ├─ lexer.c   characters → tokens (words keep their quotes)
 *	  ├─ parser.c  tokens → tree
 *	  └─ exec.c    tree → pipelines, lists, loops; simple.c: builtins, functions, programs
 *	       ├─ redir.c    opens their files
 *	       ├─ expand.c   $x $(..) ~ in a word; fields.c: splitting, file names, quotes removed
 *	       │    ├─ arith.c    $((..))
 *	       │    └─ pattern.c  globs, case patterns, ${x#p}
 *	       ├─ jobs.c     fork, wait, terminal, job table
 *	       └─ builtins.c, builtins_more.c, trap.c
 *	var.c, memory.c: below everything
 */
#ifndef SH_H
#define SH_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- memory.c: arenas, growing strings, messages, buffered output ---- */

/* Memory that dies all at once: a parsed command, or the temporaries of one expansion. */
struct arena {
	struct chunk *head;
	bool keep;		/* a function body lives in it: never freed */
};

struct arena_mark {
	struct chunk *head;
	size_t used;
};

struct strbuf {
	char *s;		/* always NUL-terminated once anything was added */
	size_t len, cap;
};

void *xmalloc(size_t n);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
void *arena_alloc(struct arena *a, size_t n);
char *arena_strndup(struct arena *a, const char *s, size_t n);
struct arena_mark arena_mark(const struct arena *a);
void arena_release(struct arena *a, struct arena_mark m);
void strbuf_add(struct strbuf *b, char c);
void strbuf_add_mem(struct strbuf *b, const char *s, size_t n);
char *strbuf_done(struct strbuf *b, struct arena *a);
void out_mem(const char *s, size_t n);
void out_str(const char *s);
void out_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int out_flush(void);
void out_quoted(const char *s);
void sh_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sh_error(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
int write_all(int fd, const char *s, size_t n);

/* ---- the shell's own state ---- */

enum flow_kind { FLOW_NONE, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN };

struct shell {
	int status;			/* $? */
	pid_t pid;			/* $$: the same in every subshell */
	pid_t last_async;		/* $!, 0 before the first & */
	const char *name;		/* $0 */
	char **params;			/* $1.. : NULL-terminated, malloc'ed */
	int nparams;
	int line;			/* of the command being run */
	bool interactive;
	bool typed;			/* messages need no line number: also in subshells */
	bool monitor;			/* jobs in process groups of their own */
	bool errexit, nounset, xtrace, noglob, verbose, noexec, allexport, noclobber;
	int in_test;			/* > 0: a failing status does not end the shell under -e */
	int loop_depth, func_depth, dot_depth;
	enum flow_kind flow;		/* a break, continue or return on its way out */
	int flow_count;			/* loops it still has to leave */
	bool subst_ran;			/* a command substitution set status in this command */
	int tty_fd;			/* for tcsetpgrp, -1 without job control */
	jmp_buf *top;			/* where an error goes in an interactive shell */
	struct arena temp;		/* results of expansions */
};

extern struct shell sh;

void sh_exit(int status) __attribute__((noreturn));
void sh_abort(int status) __attribute__((noreturn));

/* ---- var.c ---- */

#define VAR_EXPORT	1
#define VAR_READONLY	2

void var_init(char **envp);
const char *var_get(const char *name);
void var_set(const char *name, const char *value);
int var_unset(const char *name);
void var_add_flags(const char *name, unsigned flags);
bool var_is_readonly(const char *name);
void var_list(unsigned flags, const char *prefix);
char **var_environ(struct arena *a);
int var_name_len(const char *s);
void var_save_local(const char *name);
void *var_scope_begin(void);
void var_scope_end(void *scope);
void params_set(char **argv, int n);

/* ---- lexer.c ---- */

struct source {
	const char *name;
	int fd;			/* -1: all the text is in buf already */
	char *buf;
	size_t len, pos, cap;
	size_t chunk;		/* bytes to ask of fd at a time */
	int line;
	bool prompts;		/* write PS1 and PS2 before reading */
	bool eof;
};

enum token_type {
	T_EOF, T_NEWLINE, T_WORD, T_REDIR, T_SEMI, T_DSEMI, T_AMP, T_AND, T_OR, T_PIPE,
	T_LPAREN, T_RPAREN
};

enum redir_op {
	R_IN, R_OUT, R_APPEND, R_CLOBBER, R_RDWR, R_DUP_IN, R_DUP_OUT, R_HERE, R_HERE_TABS
};

struct token {
	enum token_type type;
	char *text;		/* T_WORD: with its quotes */
	enum redir_op op;	/* T_REDIR */
	int fd;			/* T_REDIR: the number in front, or -1 */
	size_t start;		/* where in source.buf it begins */
	int line;
};

struct parser {
	struct source *src;
	struct arena *arena;
	struct token tok;	/* the token looked at */
	bool have_tok;
	bool started;		/* past the first token: prompt with PS2 */
	struct redir *pending, **pending_tail;	/* here-documents whose text is still to come */
};

void source_string(struct source *src, const char *name, const char *text);
void parser_init(struct parser *p, struct source *src, struct arena *a);
struct token *token_peek(struct parser *p);
void token_next(struct parser *p);
void syntax_error(struct parser *p, const char *what) __attribute__((noreturn));
size_t lex_brace_len(const char *s, bool dquoted);
size_t lex_arith_len(const char *s);
size_t lex_backquote_len(const char *s);

/* ---- parser.c ---- */

enum node_type {
	N_SIMPLE, N_PIPE, N_AND, N_OR, N_NOT, N_SEQ, N_ASYNC, N_SUBSHELL, N_GROUP, N_IF,
	N_WHILE, N_UNTIL, N_FOR, N_CASE, N_FUNC
};

struct word {
	struct word *next;
	char *text;
};

struct redir {
	struct redir *next;
	enum redir_op op;
	int fd;
	char *target;		/* file name, descriptor or delimiter, with its quotes */
	char *body;		/* here-document */
	struct redir *next_pending;	/* among those whose text is still to come */
	bool literal;		/* its delimiter was quoted: no expansion */
};

struct case_item {
	struct case_item *next;
	struct word *patterns;
	struct node *body;
};

/*
 *	         left        right      third     words     name
 *	SIMPLE   -           -          -         argv      -       (assigns: x=y in front)
 *	PIPE     command     PIPE or -  -         -         -
 *	AND OR   left        right      -         -         -
 *	SEQ      first       rest       -         -         -
 *	NOT ASYNC SUBSHELL GROUP: left
 *	IF       condition   then       else      -         -
 *	WHILE    condition   body       -         -         -
 *	FOR      -           body       -         items     variable (has_in: "in" was written)
 *	CASE     -           -          -         subject   -       (items)
 *	FUNC     -           body       -         -         function
 */
struct node {
	enum node_type type;
	int line;
	struct node *left, *right, *third;
	struct word *words, *assigns;
	struct redir *redirs;
	struct case_item *items;
	char *name;
	char *text;		/* source of a pipeline, for the job table */
	bool has_in;
};

struct node *parse_complete(struct parser *p, bool *eof);
struct node *parse_substitution(struct parser *p);

/* ---- expand.c ---- */

char **expand_words(struct word *w, int *count);
char *expand_string(const char *text);
char *expand_assignment(const char *text);
char *expand_pattern(const char *text);
char *expand_here(const char *text);

/* ---- arith.c, pattern.c ---- */

long long arith_eval(const char *text);
bool pattern_match(const char *pat, const char *s);
bool pattern_has_magic(const char *pat);
char **glob_expand(const char *pat, struct arena *a, int *count);

/* ---- exec.c, simple.c, redir.c ---- */

int eval(struct node *n);
int eval_simple(struct node *n, bool last);
int function_define(struct node *n);
int eval_source(struct source *src);
int eval_string(const char *name, const char *text);
void exec_program(char **argv, char **envp) __attribute__((noreturn));
void eval_and_exit(struct node *n) __attribute__((noreturn));
char *path_search(const char *name, struct arena *a);
bool function_exists(const char *name);
void function_unset(const char *name);

void *redir_mark(void);
int redir_apply(struct redir *r, bool save);
void redir_restore(void *mark);
void redir_forget(void *mark);

/* ---- jobs.c ---- */

struct job;
enum fork_mode { FORK_FG, FORK_BG, FORK_SUBST };

struct job *job_create(const char *text, int nprocs);
pid_t job_fork(struct job *j, enum fork_mode mode);
int job_wait_fg(struct job *j);
void job_start_bg(struct job *j);
void jobs_init(void);
void jobs_notify(void);
void jobs_forget_all(void);
int builtin_jobs(int argc, char **argv);
int builtin_fg(int argc, char **argv);
int builtin_wait(int argc, char **argv);
pid_t job_target(const char *spec);
const char *signal_text(int sig);

/* ---- trap.c ---- */

void trap_init(void);
void trap_init_interactive(void);
void trap_reset_child(bool async);
void trap_run_pending(void);
void trap_run_exit(void);
bool trap_interrupted(void);
void trap_clear_interrupt(void);
bool trap_is_pending(void);
bool trap_has_exit(void);
int trap_pending_signal(void);
ssize_t trap_read(char *buf, size_t len);
int builtin_trap(int argc, char **argv);

/* ---- builtins.c ---- */

struct builtin {
	const char *name;
	int (*run)(int argc, char **argv);
	bool special;		/* POSIX "special": its assignments stay, its errors end a script */
};

const struct builtin *builtin_find(const char *name);
int builtin_exec(int argc, char **argv);
int builtin_command(int argc, char **argv);
int builtin_kill(int argc, char **argv);
int builtin_read(int argc, char **argv);
int builtin_test(int argc, char **argv);
int builtin_printf(int argc, char **argv);
int builtin_getopts(int argc, char **argv);
int builtin_ulimit(int argc, char **argv);
int set_options(int argc, char **argv, bool *params);
int sh_open_path(const char *name);

#endif
