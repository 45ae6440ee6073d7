/* SPDX-License-Identifier: MIT */
/*
 * Exchanging two names (renameat2, RENAME_EXCHANGE): what may be exchanged, what each name leads to then, and who may do
 * it.
 */
#include "show.h"

#define NOREPLACE 1
#define EXCHANGE  2

static long exchange(const char *a, const char *b) { return CALL(renameat2, AT_FDCWD, a, AT_FDCWD, b, EXCHANGE); }

static void make(void)
{
	CALL(mkdir, "a", 0755), CALL(mkdir, "b", 0755), CALL(mkdir, "a/dir", 0755), CALL(mkdir, "a/dir/deep", 0755), CALL(mkdir, "b/dir", 0755);
	close(open("a/file", O_CREAT | O_RDWR, 0644)), close(open("b/file", O_CREAT | O_RDWR, 0644));
	CALL(symlink, "target", "a/link");
	CALL(link, "a/file", "a/again");
}

static void clear(void)
{
	static const char *const names[] = { "file", "link", "again", "dir/deep/file", "dir/deep/dir", "dir/deep", "dir/file", "dir" };
	char path[64];

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < COUNT(names); i++)
			for (const char *top = "ab"; *top; top++) {
				snprintf(path, sizeof path, "%c/%s", *top, names[i]);
				if (CALL(unlink, path) < 0)
					CALL(rmdir, path);
			}
	CALL(rmdir, "a"), CALL(rmdir, "b");
}

static unsigned long inode(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_ino ^ st.st_dev << 32;
}

static void show_dir(const char *path)
{
	char up[64];
	struct stat st;

	snprintf(up, sizeof up, "%s/..", path);
	printf(" %s: ..%c", path, inode(up) == inode("a") ? 'a' : inode(up) == inode("b") ? 'b' : '?');
	if (!lstat(path, &st))
		printf(" %o %lu", st.st_mode & S_IFMT, (unsigned long)st.st_nlink);
}

/* The two names before and after, and the directories that they are in. */
static void try(const char *a, const char *b)
{
	make();
	unsigned long before_a = inode(a), before_b = inode(b);
	long r = exchange(a, b);
	struct stat st_a = { 0 }, st_b = { 0 };

	lstat("a", &st_a), lstat("b", &st_b);
	printf("%s %s: %s%s%s, links %lu %lu;", a, b, shown(r), before_a && inode(b) == before_a ? " there" : "",
	       before_b && inode(a) == before_b ? " and back" : "", (unsigned long)st_a.st_nlink, (unsigned long)st_b.st_nlink);
	show_dir(a), show_dir(b);
	printf("\n");
	clear();
}

static void flags(void)
{
	make();
	for (unsigned f = 0; f < 16; f++)
		if (!(f & 4)) /* RENAME_WHITEOUT leaves something else behind */
			printf(" %u %s", f, shown(CALL(renameat2, AT_FDCWD, "a/none", AT_FDCWD, "b/none", f)));
	printf("\n");
	clear();
}

static void as_user(void)
{
	make();
	CALL(mkdir, "mine", 0777), CALL(mkdir, "mine/dir", 0755), CALL(mkdir, "mine/own", 0755), CALL(mkdir, "sticky", 01777);
	close(open("mine/file", O_CREAT | O_RDWR, 0644)), close(open("sticky/file", O_CREAT | O_RDWR, 0644));
	CALL(chown, "mine", 1000, 1000), CALL(chown, "mine/own", 1000, 1000);
	CALL(mkdir, "open", 0777), CALL(mkdir, "open/dir", 0777), close(open("open/file", O_CREAT | O_RDWR, 0644));
	fflush(stdout);
	if (!fork()) {
		CALL(setresuid, 1000, 1000, 1000);
		printf("user: %s %s", shown(exchange("mine/file", "a/file")), shown(exchange("mine/file", "mine/dir")));
		printf(" %s %s", shown(exchange("mine/dir", "open/file")), shown(exchange("open/file", "mine/dir")));
		printf(" %s %s", shown(exchange("mine/own", "open/file")), shown(exchange("mine/file", "sticky/file")));
		printf(" %s\n", shown(exchange("mine/file", "open/dir")));
		printf("moved: %s %s\n", shown(CALL(rename, "mine/dir", "open/new")), shown(CALL(rename, "open/dir", "mine/new")));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	static const char *const names[] = { "mine/new", "open/new", "mine/dir", "mine/own", "mine/file", "open/dir", "open/file",
					     "sticky/file", "mine", "open", "sticky" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (CALL(unlink, names[i]) < 0)
			CALL(rmdir, names[i]);
	clear();
}

/* The working directory and a mount follow a directory that gets another name. */
static void working_directory(void)
{
	char cwd[256], *base;

	make();
	CALL(chdir, "a/dir/deep");
	long r = exchange("../../../a/dir", "../../../b/file");
	base = getcwd(cwd, sizeof cwd) ? strstr(cwd, "/b/file") : NULL;
	printf("%s: now in %s,", shown(r), base ? base : cwd);
	r = exchange("../../../a", "../../../b");
	base = getcwd(cwd, sizeof cwd) ? strstr(cwd, "/a/file") : NULL;
	printf(" %s: now in %s\n", shown(r), base ? base : cwd);
	CALL(chdir, "../../..");
	clear();
	exchange("a/file", "b/dir"), CALL(unlink, "b/dir");
	CALL(rmdir, "a/file/deep"), CALL(rmdir, "a/file"), CALL(rmdir, "b/file/deep"), CALL(rmdir, "b/file");
	clear();
}

/* So many names that two of them are far apart. */
static void far_apart(void)
{
	char name[80], first[80];

	CALL(mkdir, "many", 0755);
	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof name, "many/a_name_that_takes_some_room_in_its_directory_%03d", i);
		if (i)
			close(open(name, O_CREAT | O_RDWR, 0644));
		else
			CALL(mkdir, memcpy(first, name, sizeof name), 0755);
	}
	unsigned long a = inode(first), b = inode(name);
	printf("far apart: %s", shown(exchange(first, name)));
	printf(" %d%d", inode(first) == b, inode(name) == a);
	printf(" again %s", shown(exchange(name, first)));
	printf(" %d%d left %s\n", inode(first) == a, inode(name) == b, shown(CALL(rmdir, first)));
	for (int i = 1; i < 120; i++) {
		snprintf(name, sizeof name, "many/a_name_that_takes_some_room_in_its_directory_%03d", i);
		CALL(unlink, name);
	}
	printf("empty: %s\n", shown(CALL(rmdir, "many")));
}

static void place(const char *where)
{
	static const char *const names[] = { "a/file", "b/file", "a/dir", "b/dir", "a/link", "a/again", "a/none", "a/dir/deep", "a", "b",
					     "a/file/", "b/dir/", "a/.", "/", "/proc/self", "/dev/null", "a/none/x", "" };

	printf("---- %s\n", where);
	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t j = 0; j < COUNT(names); j++)
			if (i != j || *names[i] != '/')
				try(names[i], names[j]);
	flags();
	as_user();
	working_directory();
	far_apart();
}

int main(void)
{
	CALL(umask, 0);
	place("on the disk");
	CALL(mkdir, "/tmp/exchanges", 0755), CALL(chdir, "/tmp/exchanges");
	place("in memory");
	CALL(chdir, "/"), CALL(rmdir, "/tmp/exchanges");
	fflush(stdout);
	return 0;
}
