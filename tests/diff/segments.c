/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: what shmget, shmat, shmdt and shmctl answer, whose they are, when they go. Attachments stand
 * in the arena, so their places can be shown.
 */
#include "show.h"

#include <grp.h>
#include <sys/shm.h>

#define KEY 0x1234
#define SHOW(what, call) printf(" " what " %s", shown(call))
#define LINE(...) (printf(__VA_ARGS__), fflush(stdout))

static struct shmid_ds ds;

static long control(int id, int cmd) { return CALL(shmctl, id, cmd, &ds); }

static void state(const char *when, int id)
{
	memset(&ds, 0x55, sizeof ds);
	long result = control(id, IPC_STAT);

	LINE("%s: %s", when, shown(result));
	if (!result) {
		LINE(" key %x owner %d:%d maker %d:%d mode %o", ds.shm_perm.__key, ds.shm_perm.uid, ds.shm_perm.gid,
		     ds.shm_perm.cuid, ds.shm_perm.cgid, ds.shm_perm.mode);
		LINE(" size %ld times %d%d%d maker %d attached %ld", ds.shm_segsz, ds.shm_atime != 0, ds.shm_dtime != 0,
		     ds.shm_ctime != 0, ds.shm_cpid == getpid(), ds.shm_nattch);
	}
	LINE("\n");
}

static void become(unsigned uid, unsigned gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		_exit(1);
}

/* Does a call find this segment? */
static const char *same(long found, int id) { return found == id ? "same" : shown(found); }

static void getting(int id)
{
	LINE("same %s", same(CALL(shmget, KEY, 0, 0), id));
	LINE(" smaller %s", same(CALL(shmget, KEY, 100, 0), id));
	LINE(" exclusive without creating %s", same(CALL(shmget, KEY, 5000, IPC_EXCL), id));
	SHOW("larger", CALL(shmget, KEY, 5001, 0)), SHOW("in the last page", CALL(shmget, KEY, 8192, 0));
	SHOW("exclusive", CALL(shmget, KEY, 5000, IPC_CREAT | IPC_EXCL));
	SHOW("exclusive, larger", CALL(shmget, KEY, 9000, IPC_CREAT | IPC_EXCL));
	SHOW("none", CALL(shmget, 0x9999, 10, 0)), SHOW("empty", CALL(shmget, 0x9999, 0, IPC_CREAT));
	SHOW("private, empty", CALL(shmget, IPC_PRIVATE, 0, 0)), SHOW("largest", CALL(shmget, 0, -1, 0600));
	for (int bit = 40; bit < 64; bit += 2 + (bit > 44) * 8)
		SHOW("", CALL(shmget, 0, 1ul << bit, 0600));
	SHOW("huge pages", CALL(shmget, 0, 1 << 21, 0600 | SHM_HUGETLB));
	SHOW("", CALL(shmget, 0, 1 << 21, 0600 | SHM_HUGETLB | 21 << 26));
	SHOW("of no size", CALL(shmget, 0, 1 << 21, 0600 | SHM_HUGETLB | 13 << 26));
	LINE("\n");
}

static void attaching(int id)
{
	char *free = (char *)CALL(shmat, id, 0, 0);

	LINE("anywhere %s: store %s", shown_ok((long)free), probe(free + 8191, STORE));
	LINE(" behind %s\n", probe(free + 8192, LOAD));
	LINE("at"), SHOW("A+4", CALL(shmat, id, at(4), 0)), SHOW("occupied", CALL(shmat, id, at(5), 0));
	SHOW("", CALL(shmat, id, at(3), 0)), SHOW("not a page", CALL(shmat, id, at(8) + 100, 0));
	SHOW("rounded", CALL(shmat, id, at(8) + 100, SHM_RND)), SHOW("over", CALL(shmat, id, at(4), SHM_REMAP));
	SHOW("over a part", CALL(shmat, id, at(5), SHM_REMAP)), SHOW("over nothing", CALL(shmat, id, 0, SHM_REMAP));
	SHOW("", CALL(shmat, id, 100, SHM_REMAP | SHM_RND)), SHOW("rounded to 0", CALL(shmat, id, 100, SHM_RND));
	SHOW("", CALL(shmdt, 0)), SHOW("low", CALL(shmat, id, PAGE, 0)), SHOW("", CALL(shmdt, PAGE));
	SHOW("the end", CALL(shmat, id, 0x7ffffffff000, 0)), SHOW("", CALL(shmat, id, 0xffff800000000000, 0));
	SHOW("", CALL(shmat, id, -4096l, 0)), SHOW("", CALL(shmat, id, -4096l, SHM_REMAP));
	SHOW("other flags", CALL(shmat, id, at(20), 1)), SHOW("no number", CALL(shmat, -1, 0, 0));
	SHOW("another's", CALL(shmat, id + 1, 0, 0)), SHOW("an older", CALL(shmat, id + 32768, 0, 0));
	LINE("\n%s\n", arena_text());
	state("attached", id);
	LINE("detach"), SHOW("its middle", CALL(shmdt, at(6))), SHOW("no page", CALL(shmdt, at(5) + 1));
	SHOW("", CALL(shmdt, at(8))), SHOW("again", CALL(shmdt, at(8))), SHOW("nothing", CALL(shmdt, 0));
	SHOW("far", CALL(shmdt, -4096l)), SHOW("", CALL(shmdt, at(4))), SHOW("", CALL(shmdt, at(5)));
	SHOW("", CALL(shmdt, at(20))), SHOW("", CALL(shmdt, free));
	LINE("\n%s\n", arena_text());
	state("detached", id);
}

static void rights_of_mappings(int id)
{
	LINE("read only"), SHOW("", CALL(shmat, id, at(30), SHM_RDONLY));
	LINE(" store %s", probe(at(30), STORE)), LINE(" load %s", probe(at(30), LOAD)), LINE(" jump %s", probe(at(30), JUMP));
	SHOW("mprotect", CALL(mprotect, at(30), PAGE, RW)), SHOW("", CALL(mprotect, at(30), PAGE, PROT_READ | PROT_EXEC));
	SHOW("executable", CALL(shmat, id, at(40), SHM_EXEC)), SHOW("", CALL(shmat, id, at(44), SHM_EXEC | SHM_RDONLY));
	at(40)[8] = 0xc3;
	LINE(" jump %s", probe(at(40) + 8, JUMP)), LINE(" %s\n%s\n", probe(at(44) + 8, JUMP), arena_text());
	CALL(shmdt, at(30)), CALL(shmdt, at(40)), CALL(shmdt, at(44));
}

static void pieces(int id)
{
	LINE("pieces"), SHOW("", CALL(shmat, id, at(50), 0)), SHOW("end gone", CALL(munmap, at(51), PAGE));
	state("", id);
	SHOW("", CALL(shmdt, at(50))), SHOW("", CALL(shmat, id, at(60), 0)), SHOW("begin gone", CALL(munmap, at(60), PAGE));
	SHOW("", CALL(shmdt, at(61))), SHOW("", CALL(shmdt, at(60))), SHOW("", CALL(shmat, id, at(70), 0));
	SHOW("moved", CALL(mremap, at(70), 2 * PAGE, 2 * PAGE, 3, at(80))), SHOW("", CALL(shmdt, at(70)));
	SHOW("", CALL(shmdt, at(80))), SHOW("", CALL(shmat, id, at(90), 0));
	SHOW("grown", CALL(mremap, at(90), 2 * PAGE, 4 * PAGE, 0));
	LINE(" behind %s", probe(at(92), LOAD)), SHOW("", CALL(shmdt, at(90))), LINE("\n%s\n", arena_text());
	CALL(shmat, id, at(100), 0), LINE("split"), SHOW("", CALL(mprotect, at(101), PAGE, PROT_READ));
	state("", id);
	SHOW("", CALL(shmdt, at(100))), LINE("\n%s\n", arena_text());
	CALL(shmat, id, at(110), 0), strcpy((char *)at(110), "text");
	LINE("msync %s mlock %s", shown(CALL(msync, at(110), PAGE, MS_SYNC)), shown(CALL(mlock, at(110), PAGE)));
	CALL(munlock, at(110), PAGE);
	SHOW("dropped", CALL(madvise, at(110), PAGE, MADV_DONTNEED)), LINE(" %c", *at(110));
	SHOW("punched", CALL(madvise, at(110), PAGE, MADV_REMOVE)), LINE(" %d\n", *at(110));
	CALL(shmdt, at(110));
}

static void changing(int id)
{
	static const int commands[] = { 77, -1, SHM_LOCK, SHM_LOCK, SHM_UNLOCK, IPC_STAT | 0x100 };

	control(id, IPC_STAT);
	ds.shm_perm.uid = 5, ds.shm_perm.gid = 6, ds.shm_perm.mode = 07777, ds.shm_segsz = 1;
	LINE("set"), SHOW("", control(id, IPC_SET)), state("", id);
	ds.shm_perm.uid = -1, SHOW("to nobody", control(id, IPC_SET)), SHOW("from nowhere", CALL(shmctl, id, IPC_SET, 8));
	SHOW("ask to nowhere", CALL(shmctl, id, IPC_STAT, 8)), SHOW("of nothing", CALL(shmctl, id + 1, IPC_STAT, 8));
	SHOW("", CALL(shmctl, id + 1, IPC_SET, 8)), SHOW("no number", control(-1, IPC_STAT)), LINE("\n");
	for (size_t i = 0; i < COUNT(commands); i++) {
		LINE("command %d: %s ", commands[i], shown(control(id, commands[i])));
		state("", id);
	}
}

static void limits(void)
{
	struct shminfo info;
	struct shm_info use;
	long highest = CALL(shmctl, 0, IPC_INFO, &info);

	LINE("limits %d %lx %ld %ld %ld %lx", highest >= 0, info.shmmax, info.shmmin, info.shmmni, info.shmseg, info.shmall);
	LINE(" use %d", CALL(shmctl, 0, SHM_INFO, &use) == highest);
	LINE(" %d %ld %ld", use.used_ids, use.shm_tot, use.swap_attempts + use.swap_successes);
	SHOW("nowhere", CALL(shmctl, 0, IPC_INFO, 8)), SHOW("", CALL(shmctl, 0, SHM_INFO, 8));
	SHOW("of no number", CALL(shmctl, -1, IPC_INFO, &info)), SHOW("next", control((int)highest + 1, SHM_STAT));
	LINE("\nheads:\n%.*s\n", (int)strcspn(file_text("/proc/sysvipc/shm"), "\n"), file_text("/proc/sysvipc/shm"));
	LINE("%.*s\n", (int)strcspn(file_text("/proc/sysvipc/sem"), "\n"), file_text("/proc/sysvipc/sem"));
}

static void stranger(int id)
{
	static const unsigned wanted[] = { 0, 0400, 0040, 0004, 0200, 0002, 0600 };

	for (size_t i = 0; i < COUNT(wanted); i++)
		LINE("get %o %s ", wanted[i], same(CALL(shmget, KEY, 0, wanted[i]), id));
	SHOW("larger", CALL(shmget, KEY, 99999, 0600)), SHOW("exclusive", CALL(shmget, KEY, 0, IPC_CREAT | IPC_EXCL));
	LINE(" attach %s", shown_ok(CALL(shmat, id, 0, 0))), LINE(" %s", shown_ok(CALL(shmat, id, 0, SHM_RDONLY)));
	LINE(" %s", shown_ok(CALL(shmat, id, 0, SHM_EXEC | SHM_RDONLY))), SHOW("remove", control(id, IPC_RMID));
	SHOW("set", control(id, IPC_SET)), SHOW("lock", control(id, SHM_LOCK)), SHOW("unlock", control(id, SHM_UNLOCK));
	state("", id);
}

static void rights(int id)
{
	control(id, IPC_STAT), ds.shm_perm.uid = 0, ds.shm_perm.gid = 1000, ds.shm_perm.mode = 0640, control(id, IPC_SET);
	IN_CHILD(become(1000, 1001); stranger(id));
	IN_CHILD(become(1000, 1000); stranger(id));
	IN_CHILD(become(0, 1001); stranger(CALL(shmget, KEY, 0, 0)));
}

static void locking(void)
{
	struct rlimit two = { 2 * PAGE, 2 * PAGE }, none = { 0, 0 };
	int four = (int)CALL(shmget, 0, 4 * PAGE, 0600), pair = (int)CALL(shmget, 0, 2 * PAGE, 0600);
	int one = (int)CALL(shmget, 0, PAGE, 0600);

	setrlimit(RLIMIT_MEMLOCK, &two);
	LINE("lock of 2 pages:"), SHOW("4", control(four, SHM_LOCK)), SHOW("2", control(pair, SHM_LOCK));
	SHOW("again", control(pair, SHM_LOCK)), SHOW("1 more", control(one, SHM_LOCK)), SHOW("gone", control(pair, IPC_RMID));
	SHOW("1", control(one, SHM_LOCK)), setrlimit(RLIMIT_MEMLOCK, &none), SHOW("of 0 pages", control(four, SHM_LOCK));
	SHOW("unlock", control(one, SHM_UNLOCK)), LINE("\n");
	control(four, IPC_RMID), control(one, IPC_RMID);
}

static void processes(int id)
{
	int ready[2], go[2], pid;
	char byte;

	pipe(ready), pipe(go), CALL(shmat, id, at(120), 0);
	*at(120) = 1;
	pid = fork();
	if (!pid) {
		*at(120) = 2;
		write(ready[1], "x", 1), read(go[0], &byte, 1);
		_exit(0);
	}
	read(ready[0], &byte, 1), control(id, IPC_STAT);
	LINE("forked: attached %ld last %d value %d\n", ds.shm_nattch, ds.shm_lpid == getpid(), *at(120));
	write(go[1], "x", 1), waitpid(pid, NULL, 0), control(id, IPC_STAT);
	LINE("exited: attached %ld last %d\n", ds.shm_nattch, ds.shm_lpid == pid);
	pid = fork();
	if (!pid)
		execl("/bin/true", "true", NULL);
	waitpid(pid, NULL, 0), control(id, IPC_STAT);
	LINE("executed: attached %ld last %d\n", ds.shm_nattch, ds.shm_lpid == pid);
}

static void removing(int id)
{
	LINE("remove"), SHOW("", control(id, IPC_RMID)), SHOW("twice", control(id, IPC_RMID)), state("", id);
	SHOW("by its key", CALL(shmget, KEY, 0, 0)), SHOW("attached once more", CALL(shmat, id, at(130), 0));
	control(id, IPC_STAT), SHOW("set", control(id, IPC_SET)), state("", id);
	int other = (int)CALL(shmget, KEY, 10, IPC_CREAT | 0600);
	LINE("another %d", other != id), CALL(shmctl, other, IPC_RMID, 0);
	LINE("%s", arena_text()), SHOW("", CALL(shmdt, at(130))), SHOW("", CALL(shmdt, at(120)));
	SHOW("gone", control(id, IPC_RMID)), SHOW("", control(id, IPC_STAT)), LINE("\n");
}

int main(void)
{
	int id = (int)CALL(shmget, KEY, 5000, IPC_CREAT | 0640);

	catch_faults();
	state("new", id);
	getting(id), attaching(id), rights_of_mappings(id), pieces(id), changing(id), limits(), rights(id);
	IN_CHILD(become(1000, 1000); locking());
	processes(id), removing(id);
	return 0;
}
