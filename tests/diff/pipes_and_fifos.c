/* SPDX-License-Identifier: MIT */
/*
 * Pipes with a name and without: who waits for whom when opening, what poll says, sizes, opening again through /proc.
 */
#include <poll.h>

#include "show.h"

static const char *polled(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDNORM, 0 };
	static char text[4][64];
	static int next;
	char *out = text[next++ % 4];

	poll(&p, 1, 0);
	snprintf(out, 64, "%s%s%s%s", p.revents & POLLIN ? "in " : "", p.revents & POLLOUT ? "out " : "",
		 p.revents & POLLHUP ? "hup " : "", p.revents & POLLERR ? "err " : "");
	return out;
}

#define SHOW(what, call) printf(" " what " %s", shown(call))
#define POLL(fd) printf(" poll %s", polled(fd))

static void ignore(int signo) { (void)signo; }

static void opening(void)
{
	struct stat st;
	char byte;
	int r, w;

	printf("mknod %s", shown(CALL(mknod, "fifo", S_IFIFO | 0640, 0)));
	printf(" again %s", shown(CALL(mknod, "fifo", S_IFIFO | 0640, 0)));
	stat("fifo", &st);
	printf(" mode %o size %ld links %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);
	printf("write without waiting %s\n", shown(CALL(open, "fifo", O_WRONLY | O_NONBLOCK)));
	r = open("fifo", O_RDONLY | O_NONBLOCK);
	printf("read without waiting:"), SHOW("read", CALL(read, r, &byte, 1)), POLL(r);
	w = open("fifo", O_WRONLY);
	printf("; a writer came:"), SHOW("read", CALL(read, r, &byte, 1)), POLL(r), POLL(w);
	SHOW("write", CALL(write, w, "abc", 3)), POLL(r);
	close(w);
	printf("; it left:"), POLL(r), SHOW("read", CALL(read, r, &byte, 1)), SHOW("", CALL(read, r, (char[9]){ 0 }, 9)),
		POLL(r);
	printf("\n");
	w = open("fifo", O_WRONLY | O_NONBLOCK);
	CALL(write, w, "left", 4);
	close(r);
	printf("the reader left:"), POLL(w), SHOW("write", CALL(write, w, "x", 1)), printf("\n");
	r = open("fifo", O_RDONLY);
	printf("bytes wait for the next reader: %s", shown(CALL(read, r, (char[9]){ 0 }, 9)));
	close(r), close(w);
	r = open("fifo", O_RDONLY | O_NONBLOCK);
	printf(", not past the last: %s\n", shown(CALL(read, r, &byte, 1)));
	close(r);
	r = open("fifo", O_RDWR);
	printf("both:"), SHOW("write", CALL(write, r, "xy", 2)), SHOW("read", CALL(read, r, &byte, 1)), POLL(r),
		printf("\n");
	printf("lseek %s ftruncate %s pread %s fallocate %s fsync %s mmap %s truncate %s\n", shown(CALL(lseek, r, 0, 0)),
	       shown(CALL(ftruncate, r, 0)), shown(CALL(pread64, r, &byte, 1, 0)), shown(CALL(fallocate, r, 0, 0, 1)),
	       shown(CALL(fsync, r)), shown(CALL(mmap, 0, PAGE, PROT_READ, MAP_SHARED, r, 0)),
	       shown(CALL(truncate, "fifo", 0)));
	close(r);
	printf("O_CREAT %s", shown_ok(r = (int)CALL(open, "fifo", O_RDWR | O_CREAT | O_TRUNC, 0644)));
	close(r);
	printf(" O_EXCL %s O_DIRECTORY %s\n", shown(CALL(open, "fifo", O_RDWR | O_CREAT | O_EXCL, 0644)),
	       shown(CALL(open, "fifo", O_RDONLY | O_DIRECTORY)));
}

/* Each side in a process of its own, in both orders; then a signal instead of the other side. */
static void meeting(void)
{
	char bytes[8] = "";
	int status, fd;

	for (int child_reads = 0; child_reads < 2; child_reads++) {
		fflush(stdout);
		pid_t child = fork();
		if (!child) {
			fd = open("fifo", child_reads ? O_RDONLY : O_WRONLY);
			if (child_reads)
				_exit(read(fd, bytes, 8) == 5 ? 0 : 1);
			_exit(write(fd, "hello", 5) == 5 ? 0 : 1);
		}
		fd = open("fifo", child_reads ? O_WRONLY : O_RDONLY);
		long n = child_reads ? CALL(write, fd, "hello", 5) : CALL(read, fd, bytes, 8);
		waitpid(child, &status, 0);
		printf("met: %ld, child %d, then %s\n", n, status, polled(fd));
		close(fd);
	}
	for (int restart = 0; restart < 2; restart++) {
		fflush(stdout);
		pid_t child = fork();
		if (!child) {
			struct sigaction act = { .sa_handler = ignore, .sa_flags = restart ? SA_RESTART : 0 };
			sigaction(SIGUSR1, &act, NULL);
			printf("open broken by a signal, restart %d: %s\n", restart, shown_ok(CALL(open, "fifo", O_RDONLY)));
			exit(0);
		}
		usleep(100000);
		kill(child, SIGUSR1);
		usleep(100000);
		fd = (int)CALL(open, "fifo", O_WRONLY | O_NONBLOCK);
		printf("a reader is there: %s\n", shown_ok(fd));
		waitpid(child, &status, 0);
		close(fd);
	}
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		_exit((int)CALL(open, "fifo", O_WRONLY));
	usleep(50000);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	printf("killed while opening %#x; a writer is there: ", (unsigned)status);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	printf("%s\n", polled(fd));
	close(fd);
}

static void sizes(int r, int w)
{
	static char bytes[3 * PAGE];
	static const long ask[] = { 0, 1, 4096, 4097, 65536, 65537, 1 << 20, (1 << 20) + 1, 0x80000000, 0x80000001, -1 };

	printf("size %s %s\n", shown(CALL(fcntl, r, 1032)), shown(CALL(fcntl, w, 1032)));
	for (size_t i = 0; i < COUNT(ask); i++)
		if (ask[i] != 0x80000000)
			printf("set %ld:", ask[i]), SHOW("", CALL(fcntl, w, 1031, ask[i])), SHOW("", CALL(fcntl, r, 1032)),
				printf("\n");
	CALL(fcntl, w, 1031, 65536);
	SHOW("three pages in", CALL(write, w, bytes, 3 * PAGE)), SHOW("to one page", CALL(fcntl, w, 1031, PAGE));
	SHOW("to four", CALL(fcntl, w, 1031, 4 * PAGE)), SHOW("read", CALL(read, r, bytes, PAGE + 1));
	SHOW("to two", CALL(fcntl, w, 1031, 2 * PAGE));
	fcntl(w, F_SETFL, O_NONBLOCK);
	POLL(w), SHOW("write", CALL(write, w, bytes, 1));
	SHOW("read", CALL(read, r, bytes, 3 * PAGE)), POLL(w), printf("\n");
	IN_CHILD({
		CALL(setuid, 1000);
		printf("as a user: 1 MiB %s", shown(CALL(fcntl, w, 1031, 1 << 20)));
		printf(", more %s\n", shown(CALL(fcntl, w, 1031, (1 << 20) + 1)));
	});
	printf("of a file %s %s\n", shown(CALL(fcntl, open(".", O_RDONLY), 1032)), shown(CALL(fcntl, 99, 1031, 1)));
}

static void without_a_name(void)
{
	int ends[2], again, more;
	struct stat st;
	char path[32], byte;

	CALL(pipe2, ends, O_NONBLOCK);
	fstat(ends[0], &st);
	printf("mode %o size %ld links %ld uid %d\n", st.st_mode, (long)st.st_size, (long)st.st_nlink, (int)st.st_uid);
	printf("chmod %s chown %s utimens %s", shown(CALL(fchmod, ends[0], 0604)), shown(CALL(fchown, ends[1], 5, 6)),
	       shown(CALL(utimensat, ends[0], 0, 0, 0)));
	fstat(ends[1], &st);
	printf(": mode %o uid %d gid %d\n", st.st_mode, (int)st.st_uid, (int)st.st_gid);
	snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
	again = open(path, O_WRONLY);
	more = open(path, O_RDONLY);
	printf("opened again %s %s", shown_ok(again), shown_ok(more));
	SHOW("write", CALL(write, again, "z", 1)), SHOW("read", CALL(read, ends[0], &byte, 1)), printf("\n");
	close(ends[1]);
	printf("one writer left %s, reads %s\n", polled(ends[0]), shown(CALL(read, ends[0], &byte, 1)));
	close(again);
	printf("none left %s, reads %s\n", polled(ends[0]), shown(CALL(read, ends[0], &byte, 1)));
	close(ends[0]), close(more);
	for (int flags = 0; flags < 3; flags++)
		printf("pipe2 %s", shown(CALL(pipe2, ends,
		                              flags == 0 ? O_APPEND : flags == 1 ? O_CLOEXEC | O_NONBLOCK | O_DIRECT : 1)));
	printf(" flags %#lx %#lx %ld\n", CALL(fcntl, ends[0], F_GETFL), CALL(fcntl, ends[1], F_GETFL),
	       CALL(fcntl, ends[0], F_GETFD));
	printf("bad pointer %s\n", shown(CALL(pipe2, 8, 0)));
	CALL(pipe2, ends, 0);
	sizes(ends[0], ends[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 1 << 12);
	opening();
	meeting();
	without_a_name();
	return 0;
}
