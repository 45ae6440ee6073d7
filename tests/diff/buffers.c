/* SPDX-License-Identifier: MIT */
/*
 * System calls whose buffers cross into memory that is not there, not allowed, or past the end of a mapped file: EFAULT
 * or a short count, and what was moved. Each call is tried with its buffer ending 0 to N bytes before each kind of
 * edge.
 */
#include "show.h"
#include <dirent.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>

#define EDGE 20l /* the page where the bad part begins; two good pages lie before */

enum edge { UNMAPPED, NONE, READ_ONLY, PAST_END, KERNEL, EDGES };

static const char *const edge_names[] = { "unmapped", "none", "read-only", "past the end", "kernel" };
static int file, big, ends[2], null_fd, zero_fd;

static void lay_out(enum edge edge)
{
	clear_arena();
	map_at(EDGE - 2, 2, RW, PRIVATE, -1, 0);
	memset(at(EDGE - 2), 0x5a, 2 * PAGE);
	if (edge == NONE)
		map_at(EDGE, 2, PROT_NONE, PRIVATE, -1, 0);
	else if (edge == READ_ONLY)
		map_at(EDGE, 2, PROT_READ, PRIVATE, -1, 0);
	else if (edge == PAST_END)
		map_at(EDGE, 2, RW, MAP_SHARED, file, 4 * PAGE);
}

/* A buffer whose first `good` bytes can be used. */
static unsigned char *buffer(enum edge edge, long good)
{
	return edge == KERNEL ? (unsigned char *)(0xffff800000000000ul - (unsigned long)good) : at(EDGE) - good;
}

static long count_changed(void)
{
	long n = 0;

	for (unsigned char *p = at(EDGE - 2); p < at(EDGE); p++)
		n += *p != 0x5a;
	return n;
}

static void empty_pipe(void)
{
	unsigned char bytes[512];

	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while (read(ends[0], bytes, sizeof(bytes)) > 0)
		;
	fcntl(ends[0], F_SETFL, 0);
}

/* ---- transfers ---- */

static long call_read(unsigned char *p, size_t len) { return CALL(read, big, p, len); }
static long call_pread(unsigned char *p, size_t len) { return CALL(pread64, big, p, len, 100); }
static long call_pread_end(unsigned char *p, size_t len) { return CALL(pread64, big, p, len, 4 * PAGE - 50); }
static long call_write(unsigned char *p, size_t len) { return CALL(write, big, p, len); }
static long call_pwrite(unsigned char *p, size_t len) { return CALL(pwrite64, big, p, len, 100); }
static long call_append(unsigned char *p, size_t len) { return CALL(pwrite64, big, p, len, 4 * PAGE); }
static long call_null(unsigned char *p, size_t len) { return CALL(write, null_fd, p, len); }
static long call_read_zero(unsigned char *p, size_t len) { return CALL(read, zero_fd, p, len); }
static long call_write_zero(unsigned char *p, size_t len) { return CALL(write, zero_fd, p, len); }
static long call_pipe_write(unsigned char *p, size_t len) { return CALL(write, ends[1], p, len); }
static long call_random(unsigned char *p, size_t len) { return CALL(getrandom, p, len, 0); }
static long call_pipe_read(unsigned char *p, size_t len)
{
	static unsigned char bytes[8192];

	CALL(write, ends[1], bytes, sizeof(bytes));
	return CALL(read, ends[0], p, len);
}
static long call_readv(unsigned char *p, size_t len)
{
	struct iovec vec[3] = { { at(EDGE - 2), 10 }, { p, len }, { at(EDGE - 2) + 20, 10 } };

	return CALL(preadv, big, vec, 3, 0, 0);
}
static long call_writev(unsigned char *p, size_t len)
{
	struct iovec vec[3] = { { at(EDGE - 2), 10 }, { p, len }, { at(EDGE - 2) + 20, 10 } };

	return CALL(pwritev, big, vec, 3, 0, 0);
}
static long call_pipe_writev(unsigned char *p, size_t len)
{
	struct iovec vec[3] = { { at(EDGE - 2), 10 }, { p, len }, { at(EDGE - 2) + 20, 10 } };

	return CALL(writev, ends[1], vec, 3);
}
static void drain(void)
{
	static char bytes[PAGE];

	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	printf(" left");
	for (long n; (n = read(ends[0], bytes, sizeof(bytes))) > 0;)
		printf(" %ld", n);
	fcntl(ends[0], F_SETFL, 0);
}
/* From two full pages of the pipe and 50 bytes; what stays is read in pieces. */
static long call_pipe_readv(unsigned char *p, size_t len)
{
	static unsigned char bytes[2 * PAGE + 50];
	struct iovec vec[3] = { { at(EDGE - 2), 10 }, { p, len }, { at(EDGE - 2) + 20, 10 } };

	CALL(write, ends[1], bytes, sizeof(bytes));
	long result = CALL(readv, ends[0], vec, 3);
	drain();
	return result;
}
static long call_pipe_readv_few(unsigned char *p, size_t len)
{
	static unsigned char bytes[50];
	struct iovec vec[3] = { { at(EDGE - 2), 10 }, { p, len }, { at(EDGE - 2) + 20, 10 } };

	CALL(write, ends[1], bytes, sizeof(bytes));
	long result = CALL(readv, ends[0], vec, 3);
	drain();
	return result;
}
/* Behind 100 bytes that are there, into whose page the odd part goes if it has room. */
static long call_pipe_writev_behind(unsigned char *p, size_t len)
{
	static unsigned char bytes[100];
	struct iovec vec[3] = { { at(EDGE - 2), 10 }, { p, len }, { at(EDGE - 2) + 20, 10 } };

	CALL(write, ends[1], bytes, sizeof(bytes));
	long result = CALL(writev, ends[1], vec, 3);
	int there = 0;
	ioctl(ends[0], FIONREAD, &there);
	printf(" [%d]", there);
	return result;
}

static const struct {
	const char *name;
	long (*call)(unsigned char *, size_t);
} transfers[] = {
	{ "read", call_read }, { "pread", call_pread }, { "pread at the end", call_pread_end }, { "write", call_write },
	{ "pwrite", call_pwrite }, { "pwrite behind the end", call_append }, { "write null", call_null },
	{ "read zero", call_read_zero }, { "write zero", call_write_zero }, { "write pipe", call_pipe_write },
	{ "read pipe", call_pipe_read }, { "getrandom", call_random }, { "preadv", call_readv }, { "pwritev", call_writev },
	{ "writev pipe", call_pipe_writev }, { "readv pipe", call_pipe_readv }, { "readv short pipe", call_pipe_readv_few },
	{ "writev pipe behind", call_pipe_writev_behind },
};

static void all_transfers(void)
{
	static const long goods[] = { 0, 1, 7, 100, 4000, 4096, 5000, 8192 };
	static const size_t lens[] = { 0, 1, 8, 101, 4096, 6000, 8193, 1ul << 31, 1ul << 63 };

	for (size_t t = 0; t < COUNT(transfers); t++) {
		for (int edge = 0; edge < EDGES; edge++) {
			for (size_t g = 0; g < COUNT(goods); g++) {
				printf("%s, %ld before %s:", transfers[t].name, goods[g], edge_names[edge]);
				for (size_t l = 0; l < COUNT(lens); l++) {
					bool fills = t == 7 || t == 11; /* takes long, and says nothing */
					if (lens[l] > 10000 && fills && edge == READ_ONLY)
						continue;
					if (t == 7 && lens[l] == 8) /* zeroed by one store, or not at all: the processor decides */
						continue;
					lay_out((enum edge)edge);
					CALL(ftruncate, big, 4 * PAGE);
					CALL(lseek, big, 0, SEEK_SET);
					empty_pipe();
					long result = transfers[t].call(buffer((enum edge)edge, goods[g]), lens[l]);
					struct stat st;
					fstat(big, &st);
					printf(" %s", shown(result));
					if (st.st_size != 4 * (long)PAGE)
						printf("/size%ld", (long)st.st_size);
					if (t == 0 || t == 3)
						printf("/at%ld", CALL(lseek, big, 0, SEEK_CUR));
					if (t != 11 && edge != KERNEL)
						printf("/%ld", count_changed());
				}
				printf("\n");
			}
		}
	}
}

/* ---- results ---- */

static long do_stat(void *p) { return CALL(stat, "folder", p); }
static long do_fstat(void *p) { return CALL(fstat, 1, p); }
static long do_statfs(void *p) { return CALL(statfs, ".", p); }
static long do_pipe(void *p) { return CALL(pipe, p); }
static long do_uname(void *p) { return CALL(uname, p); }
static long do_time(void *p) { return CALL(clock_gettime, 0, p); }
static long do_res(void *p) { return CALL(clock_getres, 0, p); }
static long do_day(void *p) { return CALL(gettimeofday, p, 0); }
static long do_usage(void *p) { return CALL(getrusage, 0, p); }
static long do_getlimit(void *p) { return CALL(getrlimit, RLIMIT_STACK, p); }
static long do_setlimit(void *p) { return CALL(setrlimit, RLIMIT_CORE, p); }
static long do_prlimit(void *p) { return CALL(prlimit64, 0, RLIMIT_STACK, 0, p); }
static long do_oldaction(void *p) { return CALL(rt_sigaction, SIGUSR1, 0, p, 8); }
static long do_mask(void *p) { return CALL(rt_sigprocmask, 0, 0, p, 8); }
static long do_setmask(void *p) { return CALL(rt_sigprocmask, SIG_UNBLOCK, p, 0, 8); }
static long do_pending(void *p) { return CALL(rt_sigpending, p, 8); }
static long do_altstack(void *p) { return CALL(sigaltstack, 0, p); }
static long do_cwd(void *p) { return CALL(getcwd, p, 100); }
static long do_link(void *p) { return CALL(readlink, "link", p, 100); }
static long do_open(void *p) { return CALL(open, p, O_RDONLY) < 0 ? CALL(open, p, O_RDONLY) : 0; }
static long do_mkdir(void *p) { return CALL(mkdir, p, 0755); }
static long do_times(void *p) { long r = CALL(times, p); return r > 0 ? 1 : r; }
static long do_poll(void *p) { return CALL(poll, p, 1, 0); }
static long do_sleep(void *p) { return CALL(nanosleep, p, 0); }
static long do_sysinfo(void *p) { return CALL(sysinfo, p); }
static long do_groups(void *p) { return CALL(getgroups, 0, p); }
static long do_affinity(void *p) { return CALL(sched_getaffinity, 0, 8, p) < 0 ? CALL(sched_getaffinity, 0, 8, p) : 0; }
static long do_readv(void *p) { return CALL(readv, zero_fd, p, 1); }
static long do_wait(void *p)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	long result = CALL(wait4, pid, p, 0, 0);
	return result > 0 ? 1 : result;
}
static long do_dents(void *p)
{
	int fd = open("folder", O_RDONLY | O_DIRECTORY);
	long result = CALL(getdents64, fd, p, 1000);

	close(fd);
	return result;
}

static const struct {
	const char *name;
	long (*call)(void *);
} results[] = {
	{ "stat", do_stat }, { "fstat", do_fstat }, { "statfs", do_statfs }, { "pipe", do_pipe }, { "uname", do_uname },
	{ "clock_gettime", do_time }, { "clock_getres", do_res }, { "gettimeofday", do_day }, { "getrusage", do_usage },
	{ "getrlimit", do_getlimit }, { "setrlimit", do_setlimit }, { "prlimit64", do_prlimit },
	{ "sigaction", do_oldaction },
	{ "sigprocmask", do_mask }, { "sigprocmask set", do_setmask }, { "sigpending", do_pending },
	{ "sigaltstack", do_altstack },
	{ "getcwd", do_cwd }, { "readlink", do_link }, { "open", do_open }, { "mkdir", do_mkdir }, { "times", do_times },
	{ "poll", do_poll }, { "nanosleep", do_sleep }, { "sysinfo", do_sysinfo }, { "getgroups", do_groups },
	{ "sched_getaffinity", do_affinity }, { "readv", do_readv },
	{ "wait4", do_wait }, { "getdents64", do_dents },
};

static void all_results(void)
{
	static const long goods[] = { 0, 1, 3, 4, 7, 8, 12, 15, 16, 24, 64, 111, 112, 143, 144, 200, 389, 390, 1000 };

	for (size_t r = 0; r < COUNT(results); r++) {
		for (int edge = 0; edge < EDGES; edge++) {
			printf("%s before %s:", results[r].name, edge_names[edge]);
			for (size_t g = 0; g < COUNT(goods); g++) {
				lay_out((enum edge)edge);
				memset(at(EDGE - 2), 0, 2 * PAGE);
				unsigned char *p = buffer((enum edge)edge, goods[g]);
				if (edge != KERNEL && (r == 19 || r == 20))
					memset(p, 'q', (size_t)goods[g]);
				printf(" %s", shown(results[r].call(p)));
				if (edge != KERNEL && r == 20)
					printf(".");
			}
			printf("\n");
		}
	}
}

int main(void)
{
	file = make_file("file", 3);
	big = make_file("big", 4);
	null_fd = open("/dev/null", O_RDWR);
	zero_fd = open("/dev/zero", O_RDWR);
	if (pipe(ends) < 0 || mkdir("folder", 0755) < 0 || symlink("where/it/points/to", "link") < 0)
		perror("files");
	for (char name[] = "folder/a"; name[7] <= 'j'; name[7]++)
		close(open(name, O_CREAT | O_RDWR, 0644));
	signal(SIGPIPE, SIG_IGN);
	all_transfers();
	all_results();
	return 0;
}
