/* SPDX-License-Identifier: MIT */
/*
 * var.c - variables, what `local` saved of them, and the positional parameters
 *
 * A hash table of 64 lists; a shell rarely has more than a few dozen variables. A variable may exist
 * without a value (`export x` before x is set): value is then NULL and it counts as unset.
 *
 * `local x` in a function pushes the old state of x on one stack. A scope is a height of that stack;
 * leaving a function, or a command with assignments in front (`x=1 f`), pops down to it:
 *
 *	top ──► x: old value ──► y: was unset ──► (scope of the caller) ...
 *
 * What it does not do: typed variables, arrays, LINENO. IFS, PATH, HOME and PWD are ordinary variables
 * that other files read when they need them, so nothing has to be told when they change.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "sh.h"

#define NBUCKETS 64

struct var {
	struct var *next;
	unsigned flags;
	char *value;		/* NULL: unset */
	char name[];
};

struct saved {
	struct saved *next;
	char *value;
	unsigned flags;
	char name[];
};

static struct var *table[NBUCKETS];
static struct saved *saved_top;

extern char **environ;

/* The length of the variable name at s, 0 when there is none. */
int var_name_len(const char *s)
{
	int n = 0;

	while (s[n] == '_' || (s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') ||
	       (n > 0 && s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

static struct var **var_slot(const char *name)
{
	unsigned h = 0;
	struct var **p;

	for (const char *s = name; *s; s++)
		h = h * 31 + (unsigned char)*s;
	for (p = &table[h % NBUCKETS]; *p; p = &(*p)->next)
		if (strcmp((*p)->name, name) == 0)
			break;
	return p;
}

static struct var *var_make(const char *name)
{
	struct var **p = var_slot(name);

	if (!*p) {
		*p = xmalloc(sizeof(struct var) + strlen(name) + 1);
		(*p)->next = NULL;
		(*p)->flags = sh.allexport ? VAR_EXPORT : 0;
		(*p)->value = NULL;
		strcpy((*p)->name, name);
	}
	return *p;
}

const char *var_get(const char *name)
{
	struct var *v = *var_slot(name);

	return v ? v->value : NULL;
}

bool var_is_readonly(const char *name)
{
	struct var *v = *var_slot(name);

	return v && (v->flags & VAR_READONLY);
}

void var_set(const char *name, const char *value)
{
	struct var *v = var_make(name);
	char *old = v->value;

	if (v->flags & VAR_READONLY)
		sh_error("%s: is read only", name);
	v->value = xstrdup(value);
	free(old);
}

int var_unset(const char *name)
{
	struct var **p = var_slot(name), *v = *p;

	if (!v)
		return 0;
	if (v->flags & VAR_READONLY) {
		sh_warn("unset: %s: is read only", name);
		return -1;
	}
	*p = v->next;
	free(v->value);
	free(v);
	return 0;
}

void var_add_flags(const char *name, unsigned flags)
{
	var_make(name)->flags |= flags;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct var *const *)a)->name, (*(struct var *const *)b)->name);
}

/* Print every variable that has all of flags, as commands that would set them again. */
void var_list(unsigned flags, const char *prefix)
{
	struct var **all;
	size_t n = 0;

	for (int i = 0; i < NBUCKETS; i++)
		for (struct var *v = table[i]; v; v = v->next)
			n++;
	all = xmalloc(n * sizeof(*all));
	n = 0;
	for (int i = 0; i < NBUCKETS; i++)
		for (struct var *v = table[i]; v; v = v->next)
			all[n++] = v;
	qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 0; i < n; i++) {
		if ((all[i]->flags & flags) != flags || (!all[i]->value && !flags))
			continue;
		out_str(prefix);
		out_str(all[i]->name);
		if (all[i]->value) {
			out_str("=");
			out_quoted(all[i]->value);
		}
		out_str("\n");
	}
	free(all);
}

/* The environment of a new program. */
char **var_environ(struct arena *a)
{
	char **env;
	size_t n = 0;

	for (int i = 0; i < NBUCKETS; i++)
		for (struct var *v = table[i]; v; v = v->next)
			n++;
	env = arena_alloc(a, (n + 1) * sizeof(*env));
	n = 0;
	for (int i = 0; i < NBUCKETS; i++) {
		for (struct var *v = table[i]; v; v = v->next) {
			size_t len;

			if (!(v->flags & VAR_EXPORT) || !v->value)
				continue;
			len = strlen(v->name);
			env[n] = arena_alloc(a, len + strlen(v->value) + 2);
			memcpy(env[n], v->name, len);
			env[n][len] = '=';
			strcpy(env[n++] + len + 1, v->value);
		}
	}
	return env;
}

void *var_scope_begin(void)
{
	return saved_top;
}

/* Remember the state of a variable until the scope ends. */
void var_save_local(const char *name)
{
	struct var *v = *var_slot(name);
	struct saved *s = xmalloc(sizeof(*s) + strlen(name) + 1);

	strcpy(s->name, name);
	s->value = v && v->value ? xstrdup(v->value) : NULL;
	s->flags = v ? v->flags : 0;
	s->next = saved_top;
	saved_top = s;
}

void var_scope_end(void *scope)
{
	while (saved_top && saved_top != scope) {
		struct saved *s = saved_top;
		struct var *v = var_make(s->name);

		free(v->value);
		v->value = s->value;
		v->flags = s->flags;
		if (!v->value && !v->flags)
			var_unset(s->name);
		saved_top = s->next;
		free(s);
	}
}

/* Names that are not variable names stay in nobody's environment: the shell cannot hold them. */
void var_init(char **envp)
{
	for (; envp && *envp; envp++) {
		int n = var_name_len(*envp);
		char name[256];

		if (!n || (*envp)[n] != '=' || n >= (int)sizeof(name))
			continue;
		memcpy(name, *envp, n);
		name[n] = '\0';
		var_set(name, *envp + n + 1);
		var_add_flags(name, VAR_EXPORT);
	}
	var_set("IFS", " \t\n");
	var_set("PS1", "$PWD \\$ ");
	var_set("PS2", "> ");
	var_set("PS4", "+ ");
	var_set("OPTIND", "1");
	if (!var_get("PATH"))
		var_set("PATH", "/bin:/usr/bin:/sbin:/usr/sbin");
}

/* Take a copy of n strings as $1, $2, ... */
void params_set(char **argv, int n)
{
	char **copy = xmalloc((n + 1) * sizeof(*copy));

	for (int i = 0; i < n; i++)
		copy[i] = xstrdup(argv[i]);
	copy[n] = NULL;
	for (int i = 0; i < sh.nparams; i++)
		free(sh.params[i]);
	free(sh.params);
	sh.params = copy;
	sh.nparams = n;
}
