/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: how the sets follow users, capset, prctl and execve; and what each single one lets a user do who has
 * no other: every operation that looks at privilege is tried with each capability alone.
 */
#include "show.h"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/time.h>
#include <linux/capability.h>
#include <linux/securebits.h>

#define BIT(cap) (1ull << (cap))
#define ALL (BIT(CAP_LAST_CAP + 1) - 1)

struct sets { unsigned long long effective, permitted, inheritable; };

static struct sets sets_get(void)
{
	struct { unsigned version; int pid; } h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	unsigned d[6] = { 0 };

	CALL(capget, &h, d);
	return (struct sets){ d[0] | (unsigned long long)d[3] << 32, d[1] | (unsigned long long)d[4] << 32, d[2] |
	                      (unsigned long long)d[5] << 32 };
}

static long sets_put(struct sets s)
{
	struct { unsigned version; int pid; } h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	unsigned d[6] = { (unsigned)s.effective, (unsigned)s.permitted, (unsigned)s.inheritable,
	                  (unsigned)(s.effective >> 32), (unsigned)(s.permitted >> 32),
	       (unsigned)(s.inheritable >> 32) };
	return CALL(capset, &h, d);
}

static unsigned long long row(const char *name)
{
	const char *at = strstr(file_text("/proc/self/status"), name);
	return at ? strtoull(at + strlen(name) + 1, NULL, 16) : 1;
}

static void show_sets(const char *what)
{
	struct sets s = sets_get();

	printf("  %s: %llx %llx %llx bounding %llx ambient %llx bits %lx keeps %ld dumpable %ld\n", what, s.effective,
	       s.permitted, s.inheritable,
	       row("CapBnd:"), row("CapAmb:"), CALL(prctl, PR_GET_SECUREBITS), CALL(prctl, PR_GET_KEEPCAPS),
	       CALL(prctl, PR_GET_DUMPABLE));
	if (row("CapEff:") != s.effective || row("CapPrm:") != s.permitted || row("CapInh:") != s.inheritable)
		printf("  /proc says otherwise\n");
}

static long ambient(unsigned long request, unsigned long cap) { return CALL(prctl, PR_CAP_AMBIENT, request, cap, 0,
                                                                            0); }

/* ---- users ---- */

static void users_change(long bits)
{
	static const struct { int real, effective, saved; } to[] = {
		{ -1, 1000, -1 }, { -1, 0, -1 }, { 1000, 1000, -1 }, { -1, 0, 0 }, { 1000, 1000, 1000 }, { 0, 0, 0 },
		       { 2000, -1, -1 },
	};

	printf("users, secure bits %lx: %s\n", bits, shown(CALL(prctl, PR_SET_SECUREBITS, bits)));
	sets_put((struct sets){ ALL, ALL, BIT(CAP_KILL) | BIT(CAP_CHOWN) });
	printf("  ambient %s %s\n", shown(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL)),
	       shown(ambient(PR_CAP_AMBIENT_RAISE, CAP_MKNOD)));
	for (size_t i = 0; i < COUNT(to); i++) {
		printf("  setresuid %d %d %d: %s\n", to[i].real, to[i].effective, to[i].saved,
		       shown(CALL(setresuid, to[i].real, to[i].effective, to[i].saved)));
		show_sets("then");
	}
}

static void file_users_change(void)
{
	printf("setfsuid %s %s\n", shown(CALL(setfsuid, 1000)), shown(CALL(setfsuid, -1)));
	show_sets("as 1000");
	printf("  %s\n", shown(CALL(setfsuid, 0)));
	show_sets("as 0");
	printf("  setuid %s\n", shown(CALL(setuid, 1000)));
	show_sets("a user");
}

/* ---- capset and prctl ---- */

static void rules(const char *who)
{
	static const struct sets tries[] = {
		{ ALL, ALL, ALL }, { ALL, ALL, 0 }, { BIT(5), BIT(5) | BIT(8) | BIT(6), BIT(6) | BIT(7) }, { BIT(6),
			BIT(5), 0 },
		{ BIT(5), BIT(5) | BIT(6), BIT(3) }, { BIT(5), BIT(5), BIT(6) }, { ~0ull, ~0ull, 0 }, { 0, BIT(5),
			~0ull }, { 0, 0, 0 }, { 0, BIT(5), 0 },
	};

	printf("capset by %s\n", who);
	for (size_t i = 0; i < COUNT(tries); i++) {
		printf("  %llx %llx %llx: %s\n", tries[i].effective, tries[i].permitted, tries[i].inheritable,
		       shown(sets_put(tries[i])));
		show_sets("then");
	}
}

static void errors(const char *who)
{
	static const long bits[] = { 0, 1, 2, 3, 1, 0x13, 0x33, 3, 0x23, 0x100, 0x33 };

	printf("%s: bounding %s %s %s %s drop %s %s %s\n", who, shown(CALL(prctl, PR_CAPBSET_READ, 0)),
	       shown(CALL(prctl, PR_CAPBSET_READ, 40)),
	       shown(CALL(prctl, PR_CAPBSET_READ, 41)), shown(CALL(prctl, PR_CAPBSET_READ, -1)),
	       shown(CALL(prctl, PR_CAPBSET_DROP, 41)),
	       shown(CALL(prctl, PR_CAPBSET_DROP, 40)), shown(CALL(prctl, PR_CAPBSET_READ, 40)));
	printf("  keep %s %s %s\n", shown(CALL(prctl, PR_SET_KEEPCAPS, 2)), shown(CALL(prctl, PR_SET_KEEPCAPS, 1)),
	       shown(CALL(prctl, PR_GET_KEEPCAPS)));
	for (unsigned long request = 0; request < 6; request++)
		printf("  ambient %lu: %s %s %s %s\n", request, shown(ambient(request, 0)), shown(ambient(request, 41)),
		       shown(CALL(prctl, PR_CAP_AMBIENT, request, 0, 1, 0)),
		       shown(CALL(prctl, PR_CAP_AMBIENT, request, 0, 0, 1)));
	for (size_t i = 0; i < COUNT(bits); i++)
		printf("  bits %lx: %s, %s\n", bits[i], shown(CALL(prctl, PR_SET_SECUREBITS, bits[i])),
		       shown(CALL(prctl, PR_GET_SECUREBITS)));
	printf("  keep when locked %s\n", shown(CALL(prctl, PR_SET_KEEPCAPS, 0)));
	show_sets("then");
}

/* ---- execve ---- */

static void copy_self(const char *name, int uid, int gid, int mode)
{
	static char bytes[1 << 16];
	int from = open("/proc/self/exe", O_RDONLY), to = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	for (ssize_t n; (n = read(from, bytes, sizeof(bytes))) > 0;)
		if (write(to, bytes, (size_t)n) != n)
			perror(name);
	CALL(fchown, to, uid, gid);
	CALL(fchmod, to, mode);
	close(to);
	close(from);
}

static void run_self(const char *name)
{
	const char *argv[] = { name, "show", NULL };

	fflush(NULL);
	printf("  %s: %s\n", name, shown(CALL(execve, name, argv, NULL)));
}

static void shown_after_exec(const char *name)
{
	printf("  %s: users %d %d groups %d %d secure %ld", name, getuid(), geteuid(), getgid(), getegid(),
	       getauxval(AT_SECURE));
	int signo = -1;
	CALL(prctl, PR_GET_PDEATHSIG, &signo);
	printf(" death signal %d\n", signo);
	show_sets("sets");
}

enum before { ROOT, ROOT_LESS, USER, USER_AMBIENT, USER_REAL_ROOT, ROOT_REAL_USER, NO_ROOT, NO_NEW, NO_NEW_MIXED,
              BOUNDED };

static void become(enum before who)
{
	struct sets some = { BIT(CAP_KILL) | BIT(CAP_SETPCAP), BIT(CAP_KILL) | BIT(CAP_SETPCAP), BIT(CAP_KILL) };

	CALL(prctl, PR_SET_PDEATHSIG, SIGUSR1);
	if (who == BOUNDED)
		CALL(prctl, PR_CAPBSET_DROP, CAP_MKNOD), CALL(prctl, PR_CAPBSET_DROP, CAP_KILL),
		       sets_put((struct sets){ ALL, ALL, BIT(CAP_MKNOD) });
	if (who == ROOT_LESS)
		sets_put(some);
	if (who == USER_AMBIENT || who == NO_NEW)
		CALL(prctl, PR_SET_KEEPCAPS, 1);
	if (who == NO_ROOT)
		CALL(prctl, PR_SET_SECUREBITS, SECBIT_NOROOT);
	if (who == USER_REAL_ROOT)
		CALL(setresuid, -1, 1000, 1000);
	if (who == ROOT_REAL_USER || who == NO_NEW_MIXED)
		CALL(setresuid, 1000, -1, -1);
	if (who == USER || who == USER_AMBIENT || who == NO_NEW)
		CALL(setgroups, 0, 0), CALL(setresgid, 100, 100, 100), CALL(setresuid, 1000, 1000, 1000);
	if (who == USER_AMBIENT || who == NO_NEW)
		sets_put(some), ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL);
	if (who == NO_NEW || who == NO_NEW_MIXED)
		CALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void exec_all(void)
{
	static const char *const who[] = { "root", "root with less", "user", "user with ambient", "user, really root",
	                                   "root, really user", "secure bit",
	                                   "no new privileges", "no new privileges, mixed", "bounded" };
	static const char *const programs[] = { "./plain", "./setuid", "./setuser", "./setgid", "./unread" };

	copy_self("plain", 0, 0, 0755);
	copy_self("setuid", 0, 0, 04755);
	copy_self("setuser", 2000, 0, 04755);
	copy_self("setgid", 0, 200, 02755);
	copy_self("unread", 0, 0, 0711);
	for (size_t i = 0; i < COUNT(who); i++) {
		printf("execve by %s\n", who[i]);
		for (size_t p = 0; p < COUNT(programs); p++)
			IN_CHILD({
				become((enum before)i);
				run_self(programs[p]);
			});
	}
	for (size_t p = 0; p < COUNT(programs); p++)
		unlink(programs[p]);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		shown_after_exec(argv[0]);
		return 0;
	}
	show_sets("at first");
	for (long bits = 0; bits <= SECBIT_NO_SETUID_FIXUP + SECBIT_KEEP_CAPS; bits += SECBIT_NO_SETUID_FIXUP)
		if (!(bits & 8))
			IN_CHILD(users_change(bits));
	IN_CHILD(file_users_change());
	IN_CHILD(rules("root"));
	IN_CHILD({
		CALL(prctl, PR_SET_KEEPCAPS, 1);
		CALL(setresuid, 1000, 1000, 1000);
		CALL(prctl, PR_SET_DUMPABLE, 1);
		sets_put((struct sets){ 0, ALL & ~BIT(CAP_SETPCAP), 0 });
		rules("a user who kept most");
	});
	IN_CHILD(errors("root"));
	IN_CHILD({
		CALL(setresuid, 1000, 1000, 1000);
		errors("a user");
	});
	exec_all();
	return 0;
}
