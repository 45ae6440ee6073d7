/* SPDX-License-Identifier: MIT */
/*
 * Who may become whom, and what that changes: user and group numbers, other groups, set-user-id programs, and the bits
 * that a write by anybody but root takes away.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"

#define ME 1000
#define OTHER 2000
#define RESUID(r, e, s) syscall(SYS_setresuid, r, e, s)

static void ids_are(uid_t real, uid_t effective, uid_t saved)
{
	uid_t id[3];

	CHECK(syscall(SYS_getresuid, &id[0], &id[1], &id[2]) == 0);
	CHECK(id[0] == real && id[1] == effective && id[2] == saved);
	CHECK((uid_t)syscall(SYS_setfsuid, -1) == effective);
}

static void rules_of_setting(void)
{
	CHECK(RESUID(ME, ME, OTHER) == 0);
	ids_are(ME, ME, OTHER);
	FAILS(setuid(0), EPERM);
	FAILS(setuid((uid_t)-1), EINVAL);
	FAILS(setreuid(OTHER, (uid_t)-1), EPERM);
	CHECK(setuid(OTHER) == 0);
	ids_are(ME, OTHER, OTHER);
	CHECK(setreuid((uid_t)-1, ME) == 0);
	ids_are(ME, ME, OTHER);
	CHECK(setreuid(ME, OTHER) == 0);
	ids_are(ME, OTHER, OTHER);
	CHECK(RESUID(-1, ME, ME) == 0);
	ids_are(ME, ME, ME);
	FAILS(RESUID(-1, -1, 0), EPERM);
	FAILS(syscall(SYS_setgroups, 0, NULL), EPERM);
	FAILS(syscall(SYS_getresuid, 1, 1, 1), EFAULT);
}

static void the_file_id_follows(void)
{
	CHECK(syscall(SYS_setfsuid, ME) == 0 && syscall(SYS_setfsuid, -1) == ME);
	int fd = open("made", O_CREAT | O_RDWR, 0600);
	struct stat st;
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == ME);
	CHECK(seteuid(0) == 0 && syscall(SYS_setfsuid, -1) == 0);
}

static void other_groups_count(void)
{
	gid_t groups[3] = { 7, 8, 9 }, seen[3];

	CHECK(syscall(SYS_setgroups, 3, groups) == 0 && getgroups(0, NULL) == 3);
	FAILS(getgroups(2, seen), EINVAL);
	CHECK(getgroups(3, seen) == 3 && seen[2] == 9);
	FAILS(syscall(SYS_setgroups, 70000, groups), EINVAL);
	FAILS(syscall(SYS_setgroups, 1, 1), EFAULT);
	close(make_file("grouped", 10));
	CHECK(chmod("grouped", 0060) == 0 && chown("grouped", OTHER, 8) == 0);
	CHECK(setgid(ME) == 0 && setuid(ME) == 0);
	CHECK(open("grouped", O_RDWR) >= 0);
	CHILD_PASSES(CHECK(getgroups(0, NULL) == 3));
}

static void bits_go_with_a_write(void)
{
	struct stat st;
	int fd = make_file("bits", 10);

	CHECK(fchmod(fd, 06777) == 0 && write(fd, "x", 1) == 1 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 06777);
	CHILD_PASSES(CHECK(setuid(ME) == 0); CHECK(write(fd, "x", 1) == 1));
	CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0777);
	CHECK(fchmod(fd, 06767) == 0);
	CHILD_PASSES(CHECK(setuid(ME) == 0); CHECK(truncate("bits", 3) == 0));
	CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 02767);
	CHECK(fchmod(fd, 06777) == 0 && fchown(fd, ME, ME) == 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0777);
	close(fd);
}

static void copy_self(const char *self, const char *to)
{
	char buf[4096];
	int from = open(self, O_RDONLY), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t n;

	CHECK(from >= 0 && fd >= 0);
	while ((n = read(from, buf, sizeof buf)) > 0)
		CHECK(write(fd, buf, (size_t)n) == n);
	close(from);
	close(fd);
}

/* Run again from a file of somebody else's, set-user-id, which may be executed and not read. */
static void set_user_id_programs(const char *self)
{
	char *argv[] = { "copy", "as", NULL };

	copy_self(self, "copy");
	CHECK(chown("copy", OTHER, OTHER) == 0 && chmod("copy", 06711) == 0);
	CHILD_PASSES(CHECK(setgid(ME) == 0); CHECK(setuid(ME) == 0); execv("copy", argv); _exit(9));
	CHECK(chmod("copy", 0600) == 0);
	CHILD_PASSES(CHECK(setuid(OTHER) == 0); FAILS(execv("copy", argv), EACCES));
}

static void limits(void)
{
	struct rlimit was, limit;

	CHECK(getrlimit(RLIMIT_FSIZE, &was) == 0);
	limit = (struct rlimit){ 10, 5 };
	FAILS(setrlimit(RLIMIT_FSIZE, &limit), EINVAL);
	limit = (struct rlimit){ 100, 5000 };
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHILD_PASSES(CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == 100));
	signal(SIGXFSZ, SIG_IGN);
	int fd = open("limited", O_CREAT | O_RDWR, 0644);
	CHECK(fd >= 0 && pwrite(fd, "0123456789", 10, 95) == 5);
	FAILS(pwrite(fd, "x", 1, 100), EFBIG);
	FAILS(ftruncate(fd, 101), EFBIG);
	CHECK(ftruncate(fd, 100) == 0);
	signal(SIGXFSZ, SIG_DFL);
	DIES_BY(SIGXFSZ, pwrite(fd, "x", 1, 100));
	CHECK(setuid(ME) == 0);
	limit = (struct rlimit){ 100, 5001 };
	FAILS(setrlimit(RLIMIT_FSIZE, &limit), EPERM);
	limit = (struct rlimit){ 1, 1 };
	CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
	FAILS(fork(), EAGAIN);
	limit = (struct rlimit){ 3, 3 };
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	FAILS(open("/nowhere", O_RDONLY), EMFILE); /* which is looked at first */
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		uid_t id[3];
		CHECK(syscall(SYS_getresuid, &id[0], &id[1], &id[2]) == 0 && id[0] == ME && id[1] == OTHER && id[2] == OTHER);
		return getegid() != OTHER;
	}
	if (getuid())
		return 77;
	chmod(".", 0777);
	CHILD_PASSES(rules_of_setting());
	CHILD_PASSES(the_file_id_follows());
	CHILD_PASSES(other_groups_count());
	bits_go_with_a_write();
	set_user_id_programs(argv[0]);
	CHILD_PASSES(limits());
	return 0;
}
