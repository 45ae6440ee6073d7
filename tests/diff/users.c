/* SPDX-License-Identifier: MIT */
/*
 * Users and permissions as far as mappings look at them: files of every mode opened, mapped and changed by root, owner,
 * group, others.
 */
#include "show.h"

static void try_file(const char *name)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_PATH };

	printf("  %s: access %s %s %s %s;", name, shown(CALL(access, name, 0)), shown(CALL(access, name, 4)),
	       shown(CALL(access, name, 2)), shown(CALL(access, name, 1)));
	for (size_t m = 0; m < COUNT(modes); m++) {
		int fd = (int)CALL(open, name, modes[m]);
		printf(" open %#x %s", modes[m], shown_ok(fd));
		if (fd < 0)
			continue;
		printf(" (map r %s", shown_ok(CALL(mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0)));
		printf(" rw %s", shown_ok(CALL(mmap, 0, PAGE, RW, MAP_SHARED, fd, 0)));
		printf(" rx %s)", shown_ok(CALL(mmap, 0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0)));
		close(fd);
	}
	printf(" truncate %s", shown(CALL(truncate, name, 5)));
	printf(" chmod %s", shown(CALL(chmod, name, 0777)));
	printf(" chown %s", shown(CALL(chown, name, 2000, 2000)));
	printf(" unlink %s\n", shown(CALL(unlink, name)));
}

static void make(const char *name, int mode)
{
	close(make_file(name, 1));
	CALL(chown, name, 1000, 100);
	CALL(chmod, name, mode);
}

static void as(unsigned uid, unsigned gid)
{
	static const int modes[] = { 0, 0400, 0200, 0600, 0100, 0040, 0020, 0060, 0004, 0002, 0006, 0001, 0644, 0755, 0777,
	                             0070, 0007 };
	char name[16];

	for (size_t m = 0; m < COUNT(modes); m++) {
		snprintf(name, sizeof(name), "m%04o", modes[m]);
		make(name, modes[m]);
	}
	printf("uid %u gid %u\n", uid, gid);
	IN_CHILD({
		printf("  setgid %s setuid %s\n", shown(CALL(setgid, gid)), shown(CALL(setuid, uid)));
		for (size_t m = 0; m < COUNT(modes); m++) {
			snprintf(name, sizeof(name), "m%04o", modes[m]);
			try_file(name);
		}
		printf("  create here %s", shown_ok(CALL(open, "new", O_CREAT | O_RDWR, 0644)));
		printf(" in a closed folder %s", shown_ok(CALL(open, "closed/new", O_CREAT | O_RDWR, 0644)));
		printf(" open there %s", shown_ok(CALL(open, "closed/file", O_RDONLY)));
		printf(" stat there %s", shown(CALL(access, "closed/file", 0)));
		printf(" remove from a sticky folder %s", shown(CALL(unlink, "sticky/file")));
		printf(" rename in it %s\n", shown(CALL(rename, "sticky/other", "sticky/mine")));
		printf("  setuid 0 %s", shown(CALL(setuid, 0)));
		printf(" setgid 0 %s", shown(CALL(setgid, 0)));
		printf(" kill init %s", shown(CALL(kill, 1, 0)));
		printf(" low mapping %s", shown(CALL(mmap, 4096, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0)));
		printf(" at mmap_min_addr %s", shown(CALL(mmap, 65536, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0)));
		printf(" low hint %s", shown(CALL(mmap, 4096, PAGE, RW, PRIVATE, -1, 0)));
		printf(" raise a limit %s", shown(CALL(setrlimit, RLIMIT_MEMLOCK, (&(struct rlimit){ 1ul << 40, 1ul << 40 }))));
		printf(" grow downwards %s\n", shown(CALL(mremap, 65536, PAGE, PAGE, 3, 8192)));
	});
	for (size_t m = 0; m < COUNT(modes); m++) {
		snprintf(name, sizeof(name), "m%04o", modes[m]);
		unlink(name);
	}
	unlink("new");
}

int main(void)
{
	mkdir("closed", 0700);
	close(make_file("closed/file", 1));
	mkdir("sticky", 0777);
	CALL(chmod, "sticky", 01777);
	close(make_file("sticky/file", 1));
	close(make_file("sticky/other", 1));
	as(1000, 100);
	as(1000, 200);
	as(1001, 100);
	as(1001, 200);
	as(0, 0);
	return 0;
}
