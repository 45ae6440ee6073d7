/* SPDX-License-Identifier: MIT */
/*
 * ls [-1aAdilnRrtShF] [FILE...] - list files and directories
 *
 * All names of one listing are collected with their status first, then sorted, then printed: the columns
 * of -l need to know the widest entry. Plain files given as arguments are one listing of their own,
 * before the directories, as everywhere.
 *
 * On a terminal names come in columns, filled downwards; otherwise one a line. Sorting is by bytes (the
 * C locale). Times older than half a year, or in the future, show the year instead of the hour.
 *
 * A name that vanished, or that may not be examined, is reported; status 1, or 2 for an argument.
 */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "common.h"

struct entry {
	char *name;
	struct stat st;
};

struct list {
	struct entry *v;
	size_t n, cap;
};

static bool opt_all, opt_almost, opt_dir, opt_inode, opt_long, opt_one, opt_recursive, opt_reverse;
static bool opt_time, opt_size, opt_numeric, opt_classify, opt_human;
static int status;

static void list_add(struct list *l, const char *name, const struct stat *st)
{
	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 32;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		if (!l->v)
			err(1, NULL);
	}
	l->v[l->n].name = strdup(name);
	if (!l->v[l->n].name)
		err(1, NULL);
	l->v[l->n++].st = *st;
}

static void list_free(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
}

static int compare(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	long long d = 0;

	if (opt_time) {
		d = b->st.st_mtim.tv_sec - a->st.st_mtim.tv_sec;
		if (!d)
			d = b->st.st_mtim.tv_nsec - a->st.st_mtim.tv_nsec;
	} else if (opt_size) {
		d = b->st.st_size - a->st.st_size;
	}
	if (!d)
		d = strcmp(a->name, b->name);
	return (d > 0) - (d < 0) == 0 ? 0 : (d > 0) == opt_reverse ? -1 : 1;
}

static int digits(unsigned long long v)
{
	int n = 1;

	while (v /= 10)
		n++;
	return n;
}

/* A terminal is not sent what it could take for commands. */
static void put_name(const char *name)
{
	bool hide = isatty(1);

	for (; *name; name++)
		putchar(hide && iscntrl((unsigned char)*name) ? '?' : *name);
}

static char mark_of(mode_t mode)
{
	if (!opt_classify)
		return '\0';
	return S_ISDIR(mode) ? '/' : S_ISLNK(mode) ? '@' : S_ISFIFO(mode) ? '|' : S_ISSOCK(mode) ? '=' :
	       S_ISREG(mode) && (mode & 0111) ? '*' : '\0';
}

/* The size; of a device its numbers. */
static const char *size_text(const struct stat *st, char *text)
{
	static const char units[] = "KMGT";
	int unit = -1;
	long long size = st->st_size, tenths = size * 10;

	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		sprintf(text, "%u, %u", major(st->st_rdev), minor(st->st_rdev));
		return text;
	}
	if (!opt_human || size < 1024) {
		sprintf(text, "%lld", size);
		return text;
	}
	while (tenths >= 10240 && unit < 3) {
		tenths = (tenths + 1023) / 1024;
		unit++;
	}
	if (tenths < 100)
		sprintf(text, "%lld.%lld%c", tenths / 10, tenths % 10, units[unit]);
	else
		sprintf(text, "%lld%c", (tenths + 9) / 10, units[unit]);
	return text;
}

static const char *time_text(time_t t, char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm *tm = localtime(&t);
	bool recent = t <= now && now - t < 15778476;

	if (!tm || !strftime(text, size, recent ? "%b %e %H:%M" : "%b %e  %Y", tm))
		snprintf(text, size, "%lld", (long long)t);
	return text;
}

static const char *owner_text(const char *file, unsigned id, char *text, size_t size)
{
	if (!opt_numeric)
		return id_name(file, id, text, size);
	snprintf(text, size, "%u", id);
	return text;
}

static char *path_of(const char *dir, const char *name)
{
	return dir ? join_path(dir, name) : strdup(name);
}

static void print_link(const char *dir, const char *name)
{
	char target[PATH_MAX], *path = path_of(dir, name);
	ssize_t n = path ? readlink(path, target, sizeof(target) - 1) : -1;

	if (n >= 0)
		printf(" -> %.*s", (int)n, target);
	free(path);
}

static void print_long(const struct list *l, const char *dir)
{
	int links = 1, user = 1, group = 1, size = 1, inode = 1;
	char text[64], gtext[64];

	for (size_t i = 0; i < l->n; i++) {
		const struct stat *st = &l->v[i].st;
		int n = digits(st->st_nlink);

		links = n > links ? n : links;
		n = strlen(owner_text("/etc/passwd", st->st_uid, text, sizeof(text)));
		user = n > user ? n : user;
		n = strlen(owner_text("/etc/group", st->st_gid, text, sizeof(text)));
		group = n > group ? n : group;
		n = strlen(size_text(st, text));
		size = n > size ? n : size;
		n = digits(st->st_ino);
		inode = n > inode ? n : inode;
	}
	for (size_t i = 0; i < l->n; i++) {
		const struct stat *st = &l->v[i].st;
		char mode[11], when[40];

		mode_text(st->st_mode, mode);
		if (opt_inode)
			printf("%*llu ", inode, (unsigned long long)st->st_ino);
		printf("%s %*llu %-*s %-*s ", mode, links, (unsigned long long)st->st_nlink, user,
		       owner_text("/etc/passwd", st->st_uid, text, sizeof(text)), group,
		       owner_text("/etc/group", st->st_gid, gtext, sizeof(gtext)));
		printf("%*s %s ", size, size_text(st, text), time_text(st->st_mtim.tv_sec, when, sizeof(when)));
		put_name(l->v[i].name);
		if (S_ISLNK(st->st_mode))
			print_link(dir, l->v[i].name);
		else if (mark_of(st->st_mode))
			putchar(mark_of(st->st_mode));
		putchar('\n');
	}
}

static int print_name(const struct entry *e, int inode)
{
	char mark = mark_of(e->st.st_mode);
	int n = inode ? printf("%*llu ", inode, (unsigned long long)e->st.st_ino) : 0;

	put_name(e->name);
	if (mark)
		putchar(mark);
	return n + (int)strlen(e->name) + !!mark;
}

static int terminal_width(void)
{
	struct winsize ws;

	if (!isatty(1))
		return 0;
	return ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col ? ws.ws_col : 80;
}

static void print_columns(const struct list *l)
{
	size_t widest = 0, columns, rows;
	int width = opt_one ? 0 : terminal_width(), inode = 0;

	for (size_t i = 0; opt_inode && i < l->n; i++)
		if (digits(l->v[i].st.st_ino) > inode)
			inode = digits(l->v[i].st.st_ino);
	for (size_t i = 0; i < l->n; i++)
		if (strlen(l->v[i].name) > widest)
			widest = strlen(l->v[i].name);
	widest += (inode ? inode + 1 : 0) + opt_classify + 2;
	columns = width / widest ? width / widest : 1;
	rows = (l->n + columns - 1) / columns;
	for (size_t r = 0; r < rows; r++) {
		for (size_t i = r; i < l->n; i += rows) {
			int n = print_name(&l->v[i], inode);

			if (i + rows < l->n)
				printf("%*s", (int)widest - n, "");
		}
		putchar('\n');
	}
}

static void print_list(struct list *l, const char *dir)
{
	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof(*l->v), compare);
	if (opt_long)
		print_long(l, dir);
	else
		print_columns(l);
}

static long long total_kib(const struct list *l)
{
	long long blocks = 0;

	for (size_t i = 0; i < l->n; i++)
		blocks += l->v[i].st.st_blocks;
	return blocks / 2;
}

static bool wanted(const char *name)
{
	if (name[0] != '.' || opt_all)
		return true;
	return opt_almost && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void read_directory(const char *path, struct list *l, DIR *dir)
{
	struct dirent *e;
	struct stat st;

	while (errno = 0, e = readdir(dir)) {
		char *file;

		if (!wanted(e->d_name))
			continue;
		file = join_path(path, e->d_name);
		if (lstat(file, &st) < 0) {
			warn("%s", file);
			status |= 1;
		} else {
			list_add(l, e->d_name, &st);
		}
		free(file);
	}
	if (errno) {
		warn("%s", path);
		status |= 1;
	}
}

static void list_directory(const char *path, bool title, bool *first)
{
	struct list l = { 0 };
	DIR *dir = opendir(path);

	if (!dir) {
		warn("cannot open directory '%s'", path);
		status |= 2;
		return;
	}
	read_directory(path, &l, dir);
	closedir(dir);
	if (title)
		printf("%s%s:\n", *first ? "" : "\n", path);
	*first = false;
	if (opt_long)
		printf("total %lld\n", total_kib(&l));
	print_list(&l, path);
	for (size_t i = 0; opt_recursive && i < l.n; i++) {
		const char *name = l.v[i].name;
		char *inner;

		if (!S_ISDIR(l.v[i].st.st_mode) || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		inner = join_path(path, name);
		list_directory(inner, true, first);
		free(inner);
	}
	list_free(&l);
}

/* Without -d and -l, a link given as an argument stands for what it points to. */
static int argument_stat(const char *path, struct stat *st)
{
	if (!opt_dir && !opt_long && !opt_classify && stat(path, st) == 0)
		return 0;
	return lstat(path, st);
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "1aAdhilnFrRtS")) != -1) {
		switch (c) {
		case '1': opt_one = true; break;
		case 'a': opt_all = true; break;
		case 'A': opt_almost = true; break;
		case 'd': opt_dir = true; break;
		case 'F': opt_classify = true; break;
		case 'h': opt_human = true; break;
		case 'i': opt_inode = true; break;
		case 'n': opt_numeric = true; /* fall through */
		case 'l': opt_long = true; break;
		case 'r': opt_reverse = true; break;
		case 'R': opt_recursive = true; break;
		case 'S': opt_size = true; break;
		case 't': opt_time = true; break;
		default: usage("ls [-1aAdFhilnrRSt] [FILE...]");
		}
	}
}

int main(int argc, char **argv)
{
	struct list files = { 0 }, dirs = { 0 };
	char dot[] = ".", *here[] = { dot, NULL };
	struct stat st;
	bool first = true;
	int count;

	parse_options(argc, argv);
	argv += optind;
	count = argc - optind;
	if (!count) {
		argv = here;
		count = 1;
	}
	for (int i = 0; i < count; i++) {
		if (argument_stat(argv[i], &st) < 0) {
			warn("cannot access '%s'", argv[i]);
			status = 2;
			continue;
		}
		list_add(!opt_dir && S_ISDIR(st.st_mode) ? &dirs : &files, argv[i], &st);
	}
	print_list(&files, NULL);
	first = files.n == 0;
	if (dirs.n)
		qsort(dirs.v, dirs.n, sizeof(*dirs.v), compare);
	for (size_t i = 0; i < dirs.n; i++)
		list_directory(dirs.v[i].name, count > 1 || opt_recursive, &first);
	return finish(status);
}
