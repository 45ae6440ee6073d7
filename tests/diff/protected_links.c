/* SPDX-License-Identifier: MIT */
/* Links that others made: which are followed in shared folders, and whose files get new names (proc(5): fs.protected_*). */
#include "show.h"

static const unsigned users[] = { 0, 1000, 2000 };

static void as(unsigned uid, void (*what)(void))
{
	printf("as %u:\n", uid);
	IN_CHILD({
		setgid(uid);
		setuid(uid);
		what();
	});
}

static void follow_all(void)
{
	for (size_t d = 0; d < COUNT(users); d++)
		for (size_t l = 0; l < COUNT(users); l++) {
			char name[64];
			snprintf(name, sizeof name, "sticky%u/link%u", users[d], users[l]);
			printf("  %s: stat %s", name, shown(CALL(access, name, F_OK)));
			printf(" open %s", shown_ok(CALL(open, name, O_RDONLY)));
			printf(" create %s", shown_ok(CALL(open, name, O_RDWR | O_CREAT, 0600)));
			printf(" itself %s", shown_ok(CALL(open, name, O_PATH | O_NOFOLLOW)));
			snprintf(name, sizeof name, "sticky%u/folder%u/file", users[d], users[l]);
			printf(" through %s", shown(CALL(access, name, F_OK)));
			snprintf(name, sizeof name, "sticky%u/folder%u/", users[d], users[l]);
			printf(" slash %s", shown(CALL(access, name, F_OK)));
			snprintf(name, sizeof name, "chain%u.%u", users[d], users[l]);
			printf(" chain %s\n", shown(CALL(access, name, F_OK)));
		}
}

static void link_all(void)
{
	static const int modes[] = { 0644, 0666, 0444, 0222, 04777, 02777, 02767, 06666 };
	char name[64];

	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t o = 0; o < COUNT(users); o++) {
			snprintf(name, sizeof name, "file%o.%u", modes[m], users[o]);
			printf("  %s: link %s", name, shown(CALL(link, name, "new")));
			printf(" into a closed folder %s", shown(CALL(link, name, "closed/new")));
			printf(" over a file %s\n", shown(CALL(link, name, "target")));
			unlink("new");
			unlink("closed/new");
		}
	for (size_t o = 0; o < COUNT(users); o++) {
		snprintf(name, sizeof name, "fifo%u", users[o]);
		printf("  %s: link %s", name, shown(CALL(link, name, "new")));
		unlink("new");
		snprintf(name, sizeof name, "sticky0/link%u", users[o]);
		printf(" link of a link %s", shown(CALL(link, name, "new")));
		unlink("new");
		printf(" followed %s\n", shown(CALL(linkat, AT_FDCWD, name, AT_FDCWD, "new", AT_SYMLINK_FOLLOW)));
		unlink("new");
	}
}

static void make_all(void)
{
	static const int modes[] = { 0644, 0666, 0444, 0222, 04777, 02777, 02767, 06666 };
	char name[64], to[64];

	mkdir("there", 0755);
	mkdir("closed", 0700);
	close(open("there/file", O_CREAT | O_RDWR, 0644));
	close(open("target", O_CREAT | O_RDWR, 0666));
	chmod("target", 0666);
	for (size_t d = 0; d < COUNT(users); d++) {
		snprintf(name, sizeof name, "sticky%u", users[d]);
		mkdir(name, 0);
		chmod(name, 01777);
		chown(name, users[d], users[d]);
		for (size_t l = 0; l < COUNT(users); l++) {
			snprintf(name, sizeof name, "sticky%u/link%u", users[d], users[l]);
			symlink("../target", name);
			lchown(name, users[l], users[l]);
			snprintf(to, sizeof to, "chain%u.%u", users[d], users[l]);
			symlink(name, to);
			snprintf(name, sizeof name, "sticky%u/folder%u", users[d], users[l]);
			symlink("../there", name);
			lchown(name, users[l], users[l]);
		}
		for (size_t m = 0; m < COUNT(modes); m++) {
			snprintf(name, sizeof name, "file%o.%u", modes[m], users[d]);
			close(open(name, O_CREAT | O_RDWR, 0600));
			chown(name, users[d], users[d]);
			chmod(name, (mode_t)modes[m]);
		}
		snprintf(name, sizeof name, "fifo%u", users[d]);
		mkfifo(name, 0);
		chown(name, users[d], users[d]);
		chmod(name, 0666);
	}
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(0);
	mkdir("shared_folder", 0777);
	chdir("shared_folder");
	chmod(".", 0777);
	make_all();
	for (size_t u = 0; u < COUNT(users); u++) {
		as(users[u], follow_all);
		as(users[u], link_all);
	}
	return 0;
}
