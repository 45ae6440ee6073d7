/* SPDX-License-Identifier: MIT */
/* process_vm_readv and process_vm_writev: how far a copy gets when either side has a page that may not be touched. */
#include "show.h"

#define LOCAL  0l
#define REMOTE 40l

static pid_t other;

/*
 * Pages 0, 1: read and write; 2: read only; 3: none; 4: read and write; 5: nothing; 6: a shared file's; 7: beyond its
 * end.
 */
static void lay_out(long page, int file)
{
	map_at(page, 2, RW, PRIVATE, -1, 0);
	map_at(page + 2, 1, PROT_READ, PRIVATE, -1, 0);
	map_at(page + 3, 1, PROT_NONE, PRIVATE, -1, 0);
	map_at(page + 4, 1, RW, PRIVATE, -1, 0);
	map_at(page + 6, 2, RW, MAP_SHARED, file, 0);
}

static void one(int call, long local, size_t local_len, long remote, size_t remote_len, long off)
{
	struct iovec mine = { at(LOCAL + local) + off, local_len }, theirs = { at(REMOTE + remote) + off, remote_len };

	printf("%s %zu at %ld, %zu at %ld, offset %ld: %s\n", call == SYS_process_vm_readv ? "read" : "write",
	       local_len, local, remote_len, remote, off, shown(call6(call, W_(other), W_(&mine), 1, W_(&theirs), 1, 0)));
}

static void pages(int call)
{
	static const size_t lens[] = { 0, 1, PAGE, PAGE + 1, 3 * PAGE };

	for (long local = 0; local < 8; local++) {
		for (long remote = 0; remote < 8; remote++) {
			for (size_t l = 0; l < COUNT(lens); l++) {
				one(call, local, lens[l], remote, lens[l], 0);
				one(call, local, lens[l], remote, lens[l], 4090);
			}
		}
	}
	one(call, 0, PAGE, 0, 2 * PAGE, 0);
	one(call, 0, 2 * PAGE, 0, PAGE, 0);
}

static void vectors(int call)
{
	struct iovec mine[4], theirs[4];

	for (int bad = 0; bad < 8; bad++) {
		for (int i = 0; i < 4; i++) {
			mine[i] = (struct iovec){ at(LOCAL) + i * 100, 50 };
			theirs[i] = (struct iovec){ at(REMOTE) + i * 100, 50 };
		}
		(bad & 4 ? theirs : mine)[bad & 3].iov_base = at(LOCAL + 5);
		printf("bad vector %d: %s\n", bad, shown(call6(call, W_(other), W_(mine), 4, W_(theirs), 4, 0)));
	}
	mine[0] = theirs[0] = (struct iovec){ at(LOCAL), 10 };
	printf("counts: %s", shown(call6(call, W_(other), W_(mine), 0, W_(theirs), 1, 0)));
	printf(" %s", shown(call6(call, W_(other), W_(mine), 1, W_(theirs), 0, 0)));
	printf(" %s", shown(call6(call, W_(other), W_(mine), 1025, W_(theirs), 1, 0)));
	printf(" %s", shown(call6(call, W_(other), W_(mine), 1, W_(theirs), 1025, 0)));
	printf(" %s\n", shown(call6(call, W_(other), W_(mine), ~0ul, W_(theirs), 1, 0)));
	for (unsigned long flags = 1; flags; flags *= 2)
		printf("%s ", shown(call6(call, W_(other), W_(mine), 1, W_(theirs), 1, flags)));
	printf("\nbad pointers: %s", shown(call6(call, W_(other), W_(at(5)), 1, W_(theirs), 1, 0)));
	printf(" %s", shown(call6(call, W_(other), W_(mine), 1, W_(at(5)), 1, 0)));
	printf(" %s", shown(call6(call, W_(other), W_(at(5)), 0, W_(theirs), 1, 0)));
	printf(" %s\n", shown(call6(call, W_(other), W_(mine), 1, W_(at(5)), 0, 0)));
	static const size_t lens[] = { 1ul << 31, 0x7ffff000, 1ul << 62, 1ul << 63, ~0ul };
	for (size_t l = 0; l < COUNT(lens); l++) {
		mine[0].iov_len = theirs[0].iov_len = lens[l];
		printf("length %#lx: %s\n", lens[l], shown(call6(call, W_(other), W_(mine), 1, W_(theirs), 1, 0)));
	}
	mine[0].iov_len = theirs[0].iov_len = 1;
	static const int pids[] = { 0, -1, 999999, 1 << 30 };
	for (size_t p = 0; p < COUNT(pids); p++)
		printf("pid %d: %s\n", pids[p], shown(call6(call, W_((long)pids[p]), W_(mine), 1, W_(theirs), 1, 0)));
}

int main(void)
{
	int file = make_file("file", 1), talk[2], answer[2];
	char byte;

	lay_out(REMOTE, file);
	if (pipe(talk) < 0 || pipe(answer) < 0)
		return 1;
	other = fork();
	if (other == 0) {
		close(talk[1]);
		memset(at(REMOTE), 0x41, 2 * PAGE);
		if (write(answer[1], "x", 1) == 1 && read(talk[0], &byte, 1) == 0)
			_exit(at(REMOTE)[7]);
		_exit(1);
	}
	if (read(answer[0], &byte, 1) != 1)
		return 1;
	clear_arena();
	lay_out(LOCAL, file);
	memset(at(LOCAL), 0x42, 2 * PAGE);
	pages(SYS_process_vm_readv);
	printf("read: %#x %#x\n", at(0)[0], at(1)[100]);
	vectors(SYS_process_vm_readv);
	memset(at(LOCAL), 0x43, 2 * PAGE);
	pages(SYS_process_vm_writev);
	vectors(SYS_process_vm_writev);
	IN_CHILD({
		printf("another user: %s", shown(CALL(setuid, 1000)));
		one(SYS_process_vm_readv, 0, 1, 0, 1, 0);
		one(SYS_process_vm_writev, 0, 1, 0, 1, 0);
	});
	int status;
	close(talk[1]);
	waitpid(other, &status, 0);
	printf("the other's byte: %#x\n", WEXITSTATUS(status));
	struct iovec vec = { at(LOCAL), 1 };
	printf("when it is gone: %s\n", shown(CALL(process_vm_readv, other, &vec, 1, &vec, 1, 0)));
	other = getpid();
	vec.iov_len = 100;
	struct iovec self = { at(LOCAL + 1), 100 };
	printf("itself: %s\n", shown(CALL(process_vm_readv, other, &vec, 1, &self, 1, 0)));
	return 0;
}
