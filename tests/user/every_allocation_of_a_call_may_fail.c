/* SPDX-License-Identifier: MIT */
/*
 * Each call of the mmap family and its faults, again and again with the kernel's first, second, third, ... allocation
 * failing: it ends in an errno or a signal, the books are right afterwards, and every page comes back.
 * What is not about memory is in every_allocation_of_files_and_tasks_may_fail.
 */
#define _GNU_SOURCE
#include "failing.h"
#include <sys/uio.h>

#define N    16
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define HUGE (512 * PAGE)

/* N pages each, touched; big: 2 huge pages, two pages touched */
static unsigned char *anon, *shared, *file, *memory, *copied, *big;
static int fd, memfd;

static void touch(unsigned char *p, size_t npages)
{
	for (size_t i = 0; i < npages; i++)
		STORE(p + i * PAGE, i);
}

static void renew(void) { close(make_file("f", N * PAGE)); }

static void prepare(void)
{
	fd = open("f", O_RDWR);
	memfd = memfd_create("m", MFD_ALLOW_SEALING);
	CHECK(fd >= 0 && memfd >= 0 && ftruncate(memfd, N * PAGE) == 0);
	anon = map(N * PAGE, RW, ANON, -1, 0);
	shared = map(N * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file = map(N * PAGE, RW, MAP_SHARED, fd, 0);
	memory = map(N * PAGE, RW, MAP_SHARED, memfd, 0);
	copied = map(N * PAGE, RW, MAP_PRIVATE, fd, 0);
	big = map(4 * HUGE, RW, ANON | MAP_NORESERVE, -1, 0);
	touch(anon, N);
	touch(shared, N / 2);
	touch(file, N / 2);
	touch(memory, N / 2);
	touch(copied, N / 2);
	STORE(big + HUGE, 1);
	STORE(big + 2 * HUGE, 1);
}

static long mapped(void *p) { return p == MAP_FAILED ? -1 : 0; }
static long anywhere(size_t len, int flags, int from) { return mapped(mmap(NULL, len, RW, flags, from, 0)); }

static long map_anonymous(void) { return anywhere(N * PAGE, ANON, -1); }
static long map_populated(void) { return anywhere(N * PAGE, ANON | MAP_POPULATE, -1); }
static long map_shared(void) { return anywhere(N * PAGE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1); }
static long map_file(void) { return anywhere(N * PAGE, MAP_SHARED, fd); }
static long map_copy(void) { return anywhere(N * PAGE, MAP_PRIVATE | MAP_POPULATE, fd); }
static long map_memory(void) { return anywhere(2 * N * PAGE, MAP_SHARED | MAP_POPULATE, memfd); }
static long map_huge(void) { return anywhere(HUGE, ANON | MAP_HUGETLB | MAP_NORESERVE, -1); }
static long map_locked(void) { return anywhere(N * PAGE, ANON | MAP_LOCKED, -1); }
static long map_over(void) { return mapped(mmap(anon + 4 * PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, memfd, 0)); }
static long unmap_middle(void) { return munmap(anon + 4 * PAGE, 4 * PAGE); }
static long unmap_middle_of_file(void) { return munmap(file + 4 * PAGE, 4 * PAGE); }
static long protect_middle(void) { return mprotect(anon + 4 * PAGE, 4 * PAGE, PROT_READ); }
static long protect_all(void) { return mprotect(copied, N * PAGE, PROT_NONE); }
static long grow(void) { return mapped(mremap(anon, N * PAGE, 64 * PAGE, MREMAP_MAYMOVE)); }
static long move_part(void) { return mapped(mremap(copied + 3 * PAGE, 5 * PAGE, 9 * PAGE, MREMAP_MAYMOVE)); }
static long move_tables(void) { return mapped(mremap(big, 4 * HUGE, 6 * HUGE, MREMAP_MAYMOVE)); }
static long move_over(void)
{
	return mapped(mremap(anon + PAGE, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, shared + 5 * PAGE));
}
static long move_and_keep(void) { return mapped(mremap(anon + PAGE, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | 4, NULL)); }
static long map_twice(void) { return mapped(mremap(memory + PAGE, 0, 3 * PAGE, MREMAP_MAYMOVE)); }
static long dont_need(void) { return madvise(copied + PAGE, 5 * PAGE, MADV_DONTNEED); }
static long free_lazily(void) { return madvise(anon + PAGE, 5 * PAGE, MADV_FREE); }
static long dont_fork(void) { return madvise(anon + PAGE, 5 * PAGE, MADV_DONTFORK); }
static long fill(void) { return madvise(shared, N * PAGE, 23); }
static long fill_copy(void) { return madvise(copied, N * PAGE, 23); }
static long will_need(void) { return madvise(file, N * PAGE, MADV_WILLNEED); }
static long page_out(void) { return madvise(file, N * PAGE, 21); }
static long take_out(void) { return madvise(memory + 1 * PAGE, 4 * PAGE, MADV_REMOVE); }
static long take_out_of_file(void) { return madvise(file + 1 * PAGE, 4 * PAGE, MADV_REMOVE); }
static long write_back(void) { return msync(file, N * PAGE, MS_SYNC); }
static long resident(void) { unsigned char vec[N]; return mincore(file, N * PAGE, vec); }
static long lock_middle(void) { return mlock(anon + 4 * PAGE, 4 * PAGE); }
static long lock_shared(void) { return mlock2(shared + PAGE, N * PAGE - PAGE, 0); }
static long lock_all(void) { return mlockall(MCL_CURRENT | MCL_FUTURE); }
static long unlock_middle(void)
{
	return mlock(anon, N * PAGE) || munlock(anon + 4 * PAGE, 4 * PAGE) || munlockall() ? -1 : 0;
}
static long break_up(void) { return sbrk(40 * PAGE) == (void *)-1 ? -1 : 0; }
static long make_memory(void) { return memfd_create("another", MFD_ALLOW_SEALING) < 0 ? -1 : 0; }
static long make_huge_memory(void) { return memfd_create("huge", MFD_HUGETLB) < 0 ? -1 : 0; }
static long seal(void) { return fcntl(memfd, 1033, 2); }
static long cut(void) { return ftruncate(memfd, 3 * PAGE + 5); }
static long cut_file(void) { return ftruncate(fd, 3 * PAGE + 5); }
static long lengthen(void) { return ftruncate(memfd, 30 * PAGE); }
static long allocate(void) { return fallocate(memfd, 0, 0, 100 * PAGE); }
static long punch(void) { return fallocate(memfd, 3, 100, 6 * PAGE); }
static long write_memory(void)
{
	static char bytes[9 * PAGE];
	return pwrite(memfd, bytes, sizeof bytes, 8 * PAGE) < 0 ? -1 : 0;
}
static long write_file(void)
{
	static char bytes[9 * PAGE];
	return pwrite(fd, bytes, sizeof bytes, 8 * PAGE) < 0 ? -1 : 0;
}
static long read_memory(void) { return pread(memfd, anon, N * PAGE, 0) < 0 ? -1 : 0; }
static long remap_pages(void) { return remap_file_pages(memory + 3 * PAGE, 4 * PAGE, 0, 1, 0); }
static long remap_pages_of_file(void) { return remap_file_pages(file + 3 * PAGE, 4 * PAGE, 0, 1, 0); }
static long read_maps(void)
{
	char text[8000];
	int maps = open("/proc/self/smaps", O_RDONLY);
	long n = maps < 0 ? -1 : read(maps, text, sizeof text);
	return failing_close(maps, n);
}

static long copy_pages(ssize_t (*call)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long,
                                       unsigned long))
{
	struct iovec here[20], there[20];

	for (int i = 0; i < 20; i++) {
		here[i] = (struct iovec){ shared + i * 700, 700 };
		there[i] = (struct iovec){ copied + i * 900, 900 };
	}
	return call(getpid(), here, 20, there, 20, 0) < 0 ? -1 : 0;
}

static long read_other(void) { return copy_pages(process_vm_readv); }
static long write_other(void) { return copy_pages(process_vm_writev); }

/* A child that touches everything it has. */
static long fork_and_store(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		touch(anon, N);
		touch(copied, N);
		touch(big + HUGE, 3);
		_exit(0);
	}
	return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

static long vfork_and_exit(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

/* Faults: what cannot be had kills the process or is waited for. */
static long store_anonymous(void) { touch(big, 20); return 0; }
static long store_shared(void) { touch(shared, N); return 0; }
static long store_file(void) { touch(file, N); return 0; }
static long store_copy(void) { touch(copied, N); return 0; }
static long store_memory(void) { touch(memory, N); return 0; }
static long load_all(void)
{
	for (int i = 0; i < N; i++) TOUCH(copied + i * PAGE), TOUCH(shared + i * PAGE), TOUCH(big + i * HUGE / 8);
	return 0;
}
static long deep(void)
{
	volatile unsigned char room[40 * PAGE]; for (long i = 39; i >= 0; i--) room[i * (long)PAGE] = 1;
	return room[0] - 1;
}
static long store_after_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (pid < 0)
		return -1;
	touch(anon, N);
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

#define CALL(f) { #f, f }
static const struct failing_call calls[] = {
	CALL(map_anonymous), CALL(map_populated), CALL(map_shared), CALL(map_file), CALL(map_copy), CALL(map_memory),
	CALL(map_huge),
	CALL(map_locked), CALL(map_over), CALL(unmap_middle), CALL(unmap_middle_of_file), CALL(protect_middle),
	CALL(protect_all), CALL(grow),
	CALL(move_part), CALL(move_tables), CALL(move_over), CALL(move_and_keep), CALL(map_twice), CALL(dont_need),
	CALL(free_lazily),
	CALL(dont_fork), CALL(fill), CALL(fill_copy), CALL(will_need), CALL(page_out), CALL(take_out),
	CALL(take_out_of_file), CALL(write_back),
	CALL(resident), CALL(lock_middle), CALL(lock_shared), CALL(lock_all), CALL(unlock_middle), CALL(break_up),
	CALL(make_memory),
	CALL(make_huge_memory), CALL(seal), CALL(cut), CALL(cut_file), CALL(lengthen), CALL(allocate), CALL(punch),
	CALL(write_memory),
	CALL(write_file), CALL(read_memory), CALL(remap_pages), CALL(remap_pages_of_file), CALL(read_maps),
	CALL(read_other), CALL(write_other),
	CALL(fork_and_store), CALL(vfork_and_exit), CALL(store_anonymous), CALL(store_shared), CALL(store_file),
	CALL(store_copy),
	CALL(store_memory), CALL(load_all), CALL(deep), CALL(store_after_fork),
};

int main(int argc, char **argv)
{
	if (vm_audit() < 0)
		return 77;
	unsigned failed = failing_calls(calls, sizeof calls / sizeof *calls, prepare, renew, argv[1]);
	CHECK(argc > 1 || failed > 100);
	return 0;
}
