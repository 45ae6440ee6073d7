/* SPDX-License-Identifier: MIT */
/*
 * What each capability lets a user do who has no other: every operation that looks at privilege is tried without any
 * and with each alone, by user 1000, on things of root's. Shown are the result without any, and those capabilities
 * that change it.
 */
#include "show.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/time.h>

#define CAPS (CAP_LAST_CAP + 1)

static int root_pid, segment;
static char secret[16] = "root's";

static long kill_root(void) { return CALL(kill, root_pid, 0); }
static long continue_root(void) { return CALL(kill, root_pid, SIGCONT); }
static long lock(void) { return CALL(mlock, at(0), PAGE); }
static long lock_all(void) { return CALL(mlockall, 1); }
static long lock_segment(void) { return CALL(shmctl, segment, SHM_LOCK, 0); }
static long unlock_segment(void) { return CALL(shmctl, segment, SHM_UNLOCK, 0); }
static long stat_segment(void) { struct shmid_ds ds; return CALL(shmctl, segment, IPC_STAT, &ds); }
static long set_segment(void) { struct shmid_ds ds = { .shm_perm.mode = 0600 }; return CALL(shmctl, segment, IPC_SET,
                                                                                            &ds); }

static long attach_segment(void)
{
	long at_ = CALL(shmat, segment, 0, 0);
	return at_ < 0 && at_ > -4096 ? at_ : CALL(shmdt, at_);
}

static long raise_limit(void) { return CALL(setrlimit, RLIMIT_CORE, (&(struct rlimit){ 0, 2048 })); }
static long limit_of_root(void) { struct rlimit r; return CALL(prlimit64, root_pid, RLIMIT_CORE, 0, &r); }
static long low_map(void) { return CALL(mmap, PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0); }
static long ports(void) { long r = CALL(iopl, 3); CALL(iopl, 0); return r; }
static long nicer(void) { return CALL(setpriority, 0, 0, -5); }
static long less_nice(void) { return CALL(setpriority, 0, 0, 1); }
static long nice_root(void) { return CALL(setpriority, 0, root_pid, 0); }
static long move_root(void) { unsigned long mask = 1; return CALL(sched_setaffinity, root_pid, sizeof(mask), &mask); }
static long reboot_badly(void) { return CALL(reboot, 1, 2, 3, 4); }
static long saved_user(void) { return CALL(setresuid, -1, -1, 2000); }
static long saved_group(void) { return CALL(setresgid, -1, -1, 2000); }
static long file_group(void) { CALL(setfsgid, 3000); return CALL(setfsgid, 1000); }
static long groups(void) { unsigned g = 77; return CALL(setgroups, 1, &g); }
static long drop(void) { return CALL(prctl, PR_CAPBSET_DROP, 40); }
static long secure_bits(void) { return CALL(prctl, PR_SET_SECUREBITS, 0); }

static long inherit(void)
{
	struct { unsigned version; int pid; } h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	unsigned d[6] = { 0 };

	CALL(capget, &h, d);
	d[2] = 1 << CAP_KILL;
	return CALL(capset, &h, d);
}

static long read_root(void)
{
	char copy[16];
	struct iovec mine = { copy, sizeof(copy) }, theirs = { secret, sizeof(secret) };
	return CALL(process_vm_readv, root_pid, &mine, 1, &theirs, 1, 0);
}

static long link_of_root(void)
{
	char name[64], text[256];
	snprintf(name, sizeof(name), "/proc/%d/exe", root_pid);
	long n = CALL(readlink, name, text, sizeof(text));
	return n > 0 ? 0 : n;
}

static long robust_of_root(void) { void *head; size_t len; return CALL(get_robust_list, root_pid, &head, &len); }

static long frame_number(void)
{
	uint64_t entry = 0;
	int fd = (int)CALL(open, "/proc/self/pagemap", O_RDONLY);
	*at(0) = 1;
	long n = fd < 0 ? fd : CALL(pread64, fd, &entry, 8, (unsigned long)at(0) / PAGE * 8);
	close(fd);
	return n < 0 ? n : (entry & ((1ul << 55) - 1)) != 0;
}

static long oom(void)
{
	int fd = (int)CALL(open, "/proc/self/oom_score_adj", O_WRONLY);
	long n = fd < 0 ? fd : CALL(write, fd, "-5", 2);
	close(fd);
	return n;
}

static long closed(int fd) { if (fd >= 0) close(fd); return fd < 0 ? fd : 0; }
static long open_read(void) { return closed((int)CALL(open, "closed", O_RDONLY)); }
static long open_write(void) { return closed((int)CALL(open, "closed", O_WRONLY)); }
static long open_both(void) { return closed((int)CALL(open, "closed", O_RDWR)); }
static long may_execute(void) { return CALL(faccessat2, AT_FDCWD, "closed", 1, AT_EACCESS); }
static long may_execute_program(void) { return CALL(faccessat2, AT_FDCWD, "program", 1, AT_EACCESS); }
static long may_read_really(void) { return CALL(access, "closed", 4); }
static long list(void) { return closed((int)CALL(open, "folder", O_RDONLY)); }
static long search(void) { return CALL(access, "folder/file", 0); }
static long search_effective(void) { return CALL(faccessat2, AT_FDCWD, "folder/file", 0, AT_EACCESS); }
static long make(void) { long r = closed((int)CALL(open, "folder/new", O_CREAT | O_RDWR, 0600)); CALL(unlink,
	"folder/new"); return r; }
static long make_device(void) { long r = CALL(mknod, "open/device", S_IFCHR | 0600, 0x103); CALL(unlink,
	"open/device"); return r; }
static long make_fifo(void) { long r = CALL(mknod, "open/fifo", S_IFIFO | 0600, 0); CALL(unlink, "open/fifo");
                              return r; }
static long owner(void) { return CALL(chown, "closed", 1000, -1); }
static long owner_none(void) { return CALL(chown, "closed", -1, -1); }
static long give_away(void) { return CALL(chown, "own", 2000, -1); }
static long other_group(void) { return CALL(chown, "own", -1, 2000); }
static long mode(void) { return CALL(chmod, "closed", 0600); }
static long times(void) { struct timeval tv[2] = { { 1, 0 }, { 1, 0 } }; return CALL(utimes, "closed", tv); }
static long times_now(void) { return CALL(utimes, "closed", 0); }
static long sticky(void) { return CALL(unlink, "sticky/file"); }

static long mode_of(const char *name) { struct stat st;
                                        return stat(name, &st) < 0 ? -errno : (long)(st.st_mode & 07777); }
static long keep_setgid(void) { long r = CALL(chmod, "foreign", 02755); return r ? r : mode_of("foreign"); }

static long write_setuid(void)
{
	int fd = (int)CALL(open, "setuid", O_WRONLY);
	CALL(write, fd, "x", 1);
	close(fd);
	return mode_of("setuid");
}

static long big_pipe(void)
{
	int ends[2];
	CALL(pipe, ends);
	long r = CALL(fcntl, ends[0], 1031, 2 << 20);
	close(ends[0]), close(ends[1]);
	return r;
}

static long mount_memory(void) { long r = CALL(mount, "none", "folder_open", "tmpfs", 0, 0); if (!r) CALL(umount2,
	"folder_open", 0); return r; }
static long unmount(void) { return CALL(umount2, ".", 0); }

#define OP(name) { #name, name }
static const struct { const char *name; long (*try)(void); } ops[] = {
	OP(kill_root), OP(continue_root), OP(lock), OP(lock_all), OP(lock_segment), OP(unlock_segment),
	       OP(stat_segment), OP(set_segment), OP(attach_segment),
	OP(raise_limit), OP(limit_of_root), OP(low_map), OP(ports), OP(less_nice), OP(nicer), OP(nice_root),
	       OP(move_root), OP(reboot_badly),
	OP(read_root), OP(link_of_root), OP(robust_of_root), OP(frame_number), OP(oom), OP(open_read), OP(open_write),
	       OP(open_both), OP(may_execute),
	OP(may_execute_program), OP(may_read_really), OP(list), OP(search), OP(search_effective), OP(make),
	       OP(make_device), OP(make_fifo),
	OP(owner_none), OP(owner), OP(give_away), OP(other_group), OP(mode), OP(times), OP(times_now), OP(sticky),
	       OP(keep_setgid), OP(write_setuid),
	OP(big_pipe), OP(mount_memory), OP(unmount), OP(inherit), OP(drop), OP(secure_bits), OP(file_group),
	       OP(groups), OP(saved_group), OP(saved_user),
};
static long (*results)[COUNT(ops)];

static void thing(const char *name, int uid, int gid, int mode_)
{
	unlink(name);
	close(make_file(name, 1));
	CALL(chown, name, uid, gid);
	CALL(chmod, name, mode_);
}

static void prepare(void)
{
	thing("closed", 0, 0, 0600);
	thing("program", 0, 0, 0700);
	thing("own", 1000, 1000, 0644);
	thing("foreign", 1000, 0, 0755);
	thing("setuid", 1000, 0, 06755);
	thing("sticky/file", 0, 0, 0666);
	thing("folder/file", 0, 0, 0666);
}

/* User 1000 with one capability, -1: none. */
static void become(int cap)
{
	struct { unsigned version; int pid; } h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	unsigned d[6] = { 0 };

	CALL(setrlimit, RLIMIT_MEMLOCK, (&(struct rlimit){ 0, 0 }));
	CALL(setrlimit, RLIMIT_CORE, (&(struct rlimit){ 0, 1024 }));
	CALL(prctl, PR_SET_KEEPCAPS, 1);
	CALL(setgroups, 0, 0);
	CALL(setresgid, 1000, 1000, 1000);
	CALL(setresuid, 1000, 1000, 1000);
	if (cap >= 0)
		d[cap / 32 * 3] = d[cap / 32 * 3 + 1] = 1u << cap % 32;
	if (CALL(capset, &h, d))
		printf("capset fails\n");
	CALL(prctl, PR_SET_DUMPABLE, 1);
}

static void show_op(size_t op)
{
	long without = results[0][op];

	printf("%s: %s;", ops[op].name, shown(without));
	for (int cap = 0; cap < CAPS; cap++)
		if (results[cap + 1][op] != without)
			printf(" %d %s", cap, shown(results[cap + 1][op]));
	printf("\n");
}

int main(void)
{
	root_pid = getpid();
	segment = (int)CALL(shmget, 0, PAGE, 0600);
	results = mmap(NULL, (CAPS + 1) * sizeof(*results), RW, SHARED, -1, 0);
	map_at(0, 1, RW, PRIVATE, -1, 0);
	CALL(chmod, ".", 0777);
	mkdir("folder", 0700), mkdir("folder_open", 0777), mkdir("open", 0777), mkdir("sticky", 0777);
	CALL(chmod, "open", 0777);
	CALL(chmod, "sticky", 01777);
	for (int cap = -1; cap < CAPS; cap++) {
		prepare();
		IN_CHILD({
			become(cap);
			for (size_t op = 0; op < COUNT(ops); op++)
				results[cap + 1][op] = ops[op].try();
		});
	}
	for (size_t op = 0; op < COUNT(ops); op++)
		show_op(op);
	CALL(shmctl, segment, IPC_RMID, 0);
	return 0;
}
