/* SPDX-License-Identifier: MIT */
/*
 * What open's flags, owners and groups do to files of every kind: flags that are shown and that are refused, who may
 * give a file away or hide that he reads it, which new files are set-group-id; a filesystem from which nothing is
 * executed; and room that a failed fallocate does not take back.
 */
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "show.h"

#define SHOW(what, call) printf(" %s %s", what, shown(call))

static const char *const kinds[] = { "file", "dir", "link", "link to dir", "dangling", "fifo", "null", "none" };

static void make_kinds(void)
{
	close(make_file("file", 1));
	CALL(mkdir, "dir", 0755), CALL(symlink, "file", "link"), CALL(symlink, "dir", "link to dir");
	CALL(symlink, "none", "dangling"), CALL(mknod, "fifo", S_IFIFO | 0644, 0);
	CALL(mknod, "null", S_IFCHR | 0666, makedev(1, 3));
}

static void flags(void)
{
	static const unsigned tried[] = { O_DIRECTORY | O_NOFOLLOW, O_NOFOLLOW, O_PATH, O_PATH | O_NOFOLLOW, O_RDWR | O_WRONLY,
	                                  O_RDWR | 0x8000000, 0x80000000, O_PATH | 020000000, 020000002, O_NOATIME };
	for (size_t k = 0; k < COUNT(kinds); k++) {
		printf("%s:", kinds[k]);
		for (size_t i = 0; i < COUNT(tried); i++) {
			int fd = (int)CALL(open, kinds[k], tried[i] | O_NONBLOCK | O_CLOEXEC, 0);
			printf(" %#x %s", tried[i], shown_ok(fd));
			if (fd >= 0)
				printf(" %#lx", CALL(fcntl, fd, F_GETFL));
			close(fd);
		}
		printf("\n");
	}
}

static void owners(const char *who)
{
	static const int modes[] = { 0644, 0666, 04755, 02755, 06711, 0 };
	static const int ids[][2] = { { -1, -1 }, { -1, 100 }, { -1, 50 }, { 1000, -1 }, { 2000, 100 }, { 0, 0 } };
	char name[32];

	for (size_t m = 0; m < COUNT(modes); m++) {
		snprintf(name, sizeof name, "mode%o", modes[m]);
		printf("%s %s: unseen %s", who, name, shown_ok(CALL(open, name, O_RDONLY | O_NOATIME)));
		for (size_t i = 0; i < COUNT(ids); i++) {
			struct stat st = { 0 };
			SHOW("chown", CALL(chown, name, ids[i][0], ids[i][1]));
			stat(name, &st);
			printf(" %o %u:%u", st.st_mode & 07777, st.st_uid, st.st_gid);
		}
		printf("\n");
	}
	CALL(close_range, 3, ~0u, 0);
}

static void make_modes(void)
{
	static const int modes[] = { 0644, 0666, 04755, 02755, 06711, 0 };
	char name[32];

	for (size_t m = 0; m < COUNT(modes); m++) {
		snprintf(name, sizeof name, "mode%o", modes[m]);
		unlink(name);
		close(make_file(name, 1));
		CALL(chown, name, 1000, 100), CALL(chmod, name, modes[m]);
	}
}

static void new_files(const char *who)
{
	static const int modes[] = { 02777, 02767, 06711, 0644 };
	struct stat st;
	char name[32];

	for (size_t m = 0; m < COUNT(modes); m++) {
		snprintf(name, sizeof name, "shared/%s%zu", who, m);
		close((int)CALL(open, name, O_CREAT | O_RDWR | O_EXCL, modes[m]));
		stat(name, &st);
		printf("%s %o: %o %u:%u", who, modes[m], st.st_mode, st.st_uid, st.st_gid);
		snprintf(name, sizeof name, "shared/%sp%zu", who, m);
		CALL(mknod, name, S_IFIFO | modes[m], 0);
		stat(name, &st);
		printf(", a pipe %o", st.st_mode);
		snprintf(name, sizeof name, "shared/%sd%zu", who, m);
		CALL(mkdir, name, modes[m]);
		stat(name, &st);
		printf(", a directory %o\n", st.st_mode);
	}
}

#define AS(uid, gid, ...) IN_CHILD(CALL(setresgid, gid, gid, gid); CALL(setresuid, uid, uid, uid); __VA_ARGS__)

static void mounted(void)
{
	struct stat st;

	CALL(mkdir, "m", 0755);
	SHOW("mount", CALL(mount, "none", "m", "tmpfs", MS_NOEXEC, "size=100k"));
	int fd = (int)CALL(open, "m/program", O_CREAT | O_RDWR, 0755);
	CALL(write, fd, "#!/x\n", 5);
	SHOW("access", CALL(access, "m/program", X_OK)), SHOW("", CALL(access, "m/program", R_OK)), SHOW("", CALL(access, "m", X_OK));
	SHOW("map", CALL(mmap, 0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
	SHOW("shared", CALL(mmap, 0, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
	map_at(0, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	SHOW("protect", CALL(mprotect, at(0), PAGE, PROT_READ | PROT_EXEC));
	clear_arena();
	SHOW("reserve", CALL(fallocate, fd, 0, 0, 50000));
	fstat(fd, &st);
	printf(" %ld", (long)st.st_blocks);
	SHOW("too much", CALL(fallocate, fd, 0, 0, 500000));
	fstat(fd, &st);
	printf(" %ld", (long)st.st_blocks);
	SHOW("smaller", CALL(mount, "none", "m", "tmpfs", MS_REMOUNT, "size=4k"));
	close(fd);
	SHOW("umount", CALL(umount2, "m", 0));
	printf("\n");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 1 << 12);
	umask(0);
	make_kinds();
	flags();
	make_modes();
	AS(1000, 100, owners("owner"));
	make_modes();
	AS(2000, 100, owners("group"));
	make_modes();
	AS(2000, 2000, owners("other"));
	make_modes();
	owners("root");
	CALL(mkdir, "shared", 0777), CALL(chown, "shared", 50, 60), CALL(chmod, "shared", 02777);
	AS(1000, 100, new_files("stranger"));
	AS(1000, 60, new_files("member"));
	new_files("root");
	mounted();
	return 0;
}
