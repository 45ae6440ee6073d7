/* SPDX-License-Identifier: MIT */
/*
 * When a file stops being set-user-id and set-group-id: by the owner's and by others' changes, on the disk and in
 * memory; and what new names get in a directory that hands its group down.
 */
#include "show.h"

#include <grp.h>

static void become(unsigned uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(1);
}

static void mode(const char *what, const char *name)
{
	struct stat st;

	if (lstat(name, &st))
		printf(" %s %s", what, error_name(errno));
	else
		printf(" %s %o %d:%d", what, st.st_mode, st.st_uid, st.st_gid);
}

/* Both bits are given back, then something is done. */
#define DO(what, ...) (chmod("f", bits), (void)(__VA_ARGS__), mode(what, "f"))

static void by_owner(unsigned bits, bool holes)
{
	int fd = open("f", O_RDWR), from = open("from", O_RDONLY);
	char *p;

	DO("write", write(fd, "x", 1)), DO("write nothing", write(fd, "x", 0)), DO("ftruncate", ftruncate(fd, 5));
	DO("truncate", truncate("f", 5)), DO("O_TRUNC", close(open("f", O_RDWR | O_TRUNC))), DO("chown", chown("f", -1, -1));
	DO("writev", writev(fd, &(struct iovec){ "x", 1 }, 1)), DO("copy", copy_file_range(from, NULL, fd, NULL, 1, 0));
	if (holes) {
		DO("fallocate", CALL(fallocate, fd, 0, 0, 10)), DO("longer", CALL(fallocate, fd, 0, 0, 10000));
		DO("punch", CALL(fallocate, fd, 3, 0, 10));
	}
	ftruncate(fd, PAGE), p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	DO("store", p[0] = 1);
	printf("\n");
}

static void changes(bool holes)
{
	static const unsigned all[] = { 06755, 02755, 02745, 04644, 06777 };

	close(open("f", O_CREAT | O_RDWR, 0)), close(open("from", O_CREAT | O_RDWR, 0644)), truncate("from", 100);
	for (size_t i = 0; i < COUNT(all); i++) {
		unsigned bits = all[i];
		int fd = open("f", O_RDWR);
		printf("%o by root:", bits), chown("f", 1000, 1000);
		DO("chown", chown("f", 1000, 1000)), DO("to none", chown("f", -1, -1)), DO("user", chown("f", 1000, -1));
		DO("group", chown("f", -1, 1000)), DO("write", write(fd, "x", 1)), printf("\n");
		IN_CHILD(become(1000); printf("  by its owner:"); by_owner(bits, holes));
		chown("f", 1000, 1000), chmod("f", bits | 0666);
		IN_CHILD(become(1001); printf("  by another:"); write(open("f", O_RDWR), "x", 1); mode("write", "f"));
		close(fd), printf("\n");
	}
}

static void new_names(void)
{
	struct stat st;
	int fd;

	mkdir("g", 0), chown("g", 0, 77), chmod("g", 02777);
	IN_CHILD(umask(0); become(1000); close(open("g/f", O_CREAT, 0666)); mode("file", "g/f");
	         close(open("g/x", O_CREAT, 02777)); mode("executable", "g/x"); close(open("g/y", O_CREAT, 02767));
	         mode("locking", "g/y"); mkdir("g/d", 0777); mode("directory", "g/d"); mkdir("g/e", 07777); mode("", "g/e");
	         symlink("q", "g/s"); mode("link", "g/s"); mknod("g/p", S_IFIFO | 02777, 0); mode("fifo", "g/p");
	         fd = open("g", O_TMPFILE | O_RDWR, 02777); fstat(fd, &st); printf(" nameless %o %d", st.st_mode, st.st_gid);
	         chmod("g/f", 02777); mode("chmod", "g/f"); printf("\n"));
}

static void slashes(void)
{
	static const char *const names[] = { "./", "/", "//", "d/./", "d/../", "d/", "none/", "none/./" };

	mkdir("d", 0755);
	for (size_t i = 0; i < COUNT(names); i++)
		printf("%s %s %s\n", names[i], shown(CALL(open, names[i], O_CREAT | O_EXCL | O_RDWR, 0644)),
		       shown(CALL(open, names[i], O_CREAT | O_RDWR, 0644)));
}

int main(void)
{
	umask(0);
	for (int memory = 0; memory < 2; memory++) {
		chdir(memory ? "/tmp" : "/var/tmp/diff");
		mkdir("ids", 0777), chdir("ids");
		changes(memory), new_names(), slashes();
	}
	return 0;
}
