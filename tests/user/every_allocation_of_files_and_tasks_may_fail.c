/* SPDX-License-Identifier: MIT */
/*
 * Each call about files, tasks, waiting and System V's objects, with the kernel's first, second, third, ... allocation
 * failing (failing.h): it ends in an errno or a signal, the books are right afterwards, and every page comes back.
 */
#define _GNU_SOURCE
#include "failing.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#define FOLDER "/tmp/failing"
#define KEY    0x4641
#define MANY   40 /* descriptors, more than a table has at first */

static int fd, disk_fd, pipes[2], pair[2], shm, sem;
static char bytes[16 * PAGE];
static struct pollfd polled[200];

/* What the last try may have left. */
static void renew(void)
{
	static const char *const names[] = { "file", "new", "there", "link", "fifo", "socket", "dir/a" };
	char path[64];

	umount(FOLDER "/dir");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		sprintf(path, FOLDER "/%s", names[i]);
		unlink(path);
		unlink(names[i]);
	}
	rmdir(FOLDER "/dir"), rmdir(FOLDER "/another"), rmdir(FOLDER), rmdir("another");
	shmctl(shmget(KEY, 0, 0), IPC_RMID, NULL);
	semctl(semget(KEY, 0, 0), 0, IPC_RMID);
	shmctl(shmget(KEY + 1, 0, 0), IPC_RMID, NULL);
	semctl(semget(KEY + 1, 0, 0), 0, IPC_RMID);
	CHECK(mkdir(FOLDER, 0755) == 0 && mkdir(FOLDER "/dir", 0755) == 0);
	close(make_file(FOLDER "/file", 4 * PAGE));
	close(make_file("file", 4 * PAGE));
	CHECK(shmget(KEY, 8 * PAGE, IPC_CREAT | 0600) >= 0 && semget(KEY, 5, IPC_CREAT | 0600) >= 0);
}

static void on_signal(int signo) { (void)signo; }

static void prepare(void)
{
	CHECK((fd = open(FOLDER "/file", O_RDWR)) >= 0 && (disk_fd = open("file", O_RDWR)) >= 0);
	CHECK(pipe(pipes) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK((shm = shmget(KEY, 0, 0)) >= 0 && (sem = semget(KEY, 0, 0)) >= 0);
	for (int i = 0; i < 200; i++)
		polled[i] = (struct pollfd){ .fd = pipes[0], .events = POLLIN };
	signal(SIGALRM, on_signal);
	signal(SIGRTMIN, on_signal);
	memset(bytes, 'b', sizeof bytes);
}

/* ---- descriptors, pipes, sockets ---- */

static long made(int result) { return result < 0 ? -1 : 0; }

static long make_pipe(void) { int p[2]; return pipe(p); }
static long fill_pipe(void) { return made(write(pipes[1], bytes, sizeof bytes)); }
static long enlarge_pipe(void) { return made(fcntl(pipes[1], F_SETPIPE_SZ, 256 << 10)); }
static long make_eventfd(void) { return made(eventfd(0, EFD_NONBLOCK)); }
static long make_pair(void) { int p[2]; return socketpair(AF_UNIX, SOCK_DGRAM, 0, p); }
/* The result, once those are closed that are open. */
static long close_all(int result, int a, int b, int c)
{
	const int error = errno, open[3] = { a, b, c };

	for (unsigned i = 0; i < 3; i++)
		if (open[i] >= 0)
			close(open[i]);
	errno = error;
	return made(result);
}

/* A name, a listener there, a connection. */
static long connect_by_name(void)
{
	const struct sockaddr_un at = { AF_UNIX, FOLDER "/socket" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), a = -1;
	bool ready = s >= 0 && c >= 0 && bind(s, (const void *)&at, sizeof at) == 0 && listen(s, 3) == 0;

	if (ready && connect(c, (const void *)&at, sizeof at) == 0)
		a = accept(s, NULL, NULL);
	return close_all(a, s, c, a);
}

/* A packet to a name; the sender gets one too. */
static long send_by_name(void)
{
	const struct sockaddr_un to = { AF_UNIX, "\0packets" };
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), one = 1, n = -1;

	if (s >= 0 && bind(s, (const void *)&to, 10) == 0 && setsockopt(s, SOL_SOCKET, SO_PASSCRED, &one, sizeof one) == 0)
		n = (int)sendto(s, bytes, 5000, 0, (const void *)&to, 10);
	return close_all(n, s, -1, -1);
}

static long send_bytes(void) { return made(write(pair[0], bytes, 9000)); }
static long duplicate_high(void) { return made(fcntl(0, F_DUPFD, 150)); }
static long open_file(void) { return made(open(FOLDER "/file", O_RDWR)); }
static long open_on_disk(void) { return made(open("file", O_RDWR)); }
static long open_device(void) { return made(open("/dev/zero", O_RDWR)); }
static long open_proc(void) { return made(open("/proc/self/status", O_RDONLY)); }

static long send_descriptors(void)
{
	struct iovec one = { bytes, 1 };
	union { struct cmsghdr head; char room[CMSG_SPACE(3 * sizeof(int))]; } control = { 0 };
	struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	const int sent[3] = { fd, disk_fd, pipes[0] };

	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof sent), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), sent, sizeof sent);
	return made((int)sendmsg(pair[0], &m, 0));
}

/* What was sent is taken, or what was not taken is dropped. */
static long send_and_take(void)
{
	struct iovec one = { bytes, 1 };
	char control[CMSG_SPACE(3 * sizeof(int))];
	struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };

	return send_descriptors() || recvmsg(pair[1], &m, 0) < 0 ? -1 : 0;
}

static long gather(void)
{
	struct iovec many[100];

	for (int i = 0; i < 100; i++)
		many[i] = (struct iovec){ bytes + i, 100 };
	return made((int)writev(fd, many, 100));
}

static long send_file(void) { return made((int)syscall(SYS_sendfile, pipes[1], disk_fd, NULL, 2 * PAGE)); }

static long copy_range(void)
{
	off_t from = 0, to = 8 * PAGE;

	return made((int)syscall(SYS_copy_file_range, fd, &from, fd, &to, 3 * PAGE, 0));
}

static long poll_many(void) { return made(poll(polled, 200, 0)); }
static long poll_wait(void) { return made(poll(polled, 200, 2)); }

static long select_many(void)
{
	struct timeval moment = { .tv_usec = 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(pipes[0], &set);
	FD_SET(pair[0], &set);
	return made(select(pair[1] + 1, &set, NULL, NULL, &moment));
}

/* ---- locks ---- */

static long lock_range(int command, short type, off_t from, off_t len)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = len };

	return fcntl(fd, command, &lock);
}

static long lock_whole(void) { return flock(fd, LOCK_EX); }
static long lock_record(void) { return lock_range(F_SETLK, F_WRLCK, 0, 100); }
static long lock_split(void) { return lock_range(F_SETLK, F_WRLCK, 0, 100) || lock_range(F_SETLK, F_UNLCK, 40, 10); }
static long lock_open_file(void) { return lock_range(F_OFD_SETLK, F_RDLCK, 7, 0); }
static long lock_on_disk(void) { return flock(disk_fd, LOCK_SH); }

/* ---- names ---- */

static long create(void) { return made(open(FOLDER "/new", O_CREAT | O_EXCL | O_WRONLY, 0600)); }
static long create_nameless(void) { return made(open(FOLDER, O_TMPFILE | O_RDWR, 0600)); }
static long make_dir(void) { return mkdir(FOLDER "/another", 0700); }
static long make_link(void) { return symlink("file", FOLDER "/link"); }
static long make_hard_link(void) { return link(FOLDER "/file", FOLDER "/there"); }
static long make_fifo(void) { return mkfifo(FOLDER "/fifo", 0600); }
static long move_name(void) { return rename(FOLDER "/file", FOLDER "/dir/a"); }
static long write_file(void) { return made((int)pwrite(fd, bytes, sizeof bytes, 2 * PAGE)); }
static long cut_file(void) { return ftruncate(fd, 100); }
static long lengthen_file(void) { return ftruncate(fd, 1 << 20); }
static long allocate_file(void) { return fallocate(fd, 0, 0, 20 * PAGE); }
static long remove_name(void) { return unlink(FOLDER "/file"); }
static long mount_memory(void) { return mount("none", FOLDER "/dir", "tmpfs", 0, "size=1m"); }
static long mount_and_not(void) { return mount("none", FOLDER "/dir", "tmpfs", 0, NULL) || umount(FOLDER "/dir") ? -1 : 0; }
static long create_on_disk(void) { return made(open("new", O_CREAT | O_EXCL | O_WRONLY, 0600)); }
static long make_dir_on_disk(void) { return mkdir("another", 0700); }
static long make_link_on_disk(void) { return symlink("file", "link"); }
static long move_on_disk(void) { return rename("file", "there"); }
static long remove_on_disk(void) { return unlink("file"); }
static long change_mode(void) { return chmod("file", 0640) || chmod(FOLDER "/file", 0640) ? -1 : 0; }
static long change_folder(void) { return chdir(FOLDER "/dir"); }

static long list(void)
{
	char entries[2000];
	int dir = open(FOLDER, O_RDONLY | O_DIRECTORY);
	long n = dir < 0 ? -1 : syscall(SYS_getdents64, dir, entries, sizeof entries);

	return failing_close(dir, n);
}

static long read_proc(const char *path)
{
	int proc = open(path, O_RDONLY);
	long n = proc < 0 ? -1 : read(proc, bytes, sizeof bytes);

	return failing_close(proc, n);
}

static long read_status(void) { return read_proc("/proc/self/status"); }
static long read_mounts(void) { return read_proc("/proc/self/mounts"); }
static long read_meminfo(void) { return read_proc("/proc/meminfo"); }

/* ---- System V ---- */

static long shm_make(void) { return made(shmget(KEY + 1, 4 * PAGE, IPC_CREAT | IPC_EXCL | 0600)); }
static long shm_remove(void) { return shmctl(shm, IPC_RMID, NULL); }

static long shm_use(void)
{
	char *p = shmat(shm, NULL, 0);

	if (p == (void *)-1)
		return -1;
	memset(p, 1, 8 * PAGE);
	return shmdt(p);
}

static long sem_make(void) { return made(semget(KEY + 1, 30, IPC_CREAT | IPC_EXCL | 0600)); }
static long sem_remove(void) { return semctl(sem, 0, IPC_RMID); }

static long sem_change(void)
{
	struct sembuf ops[] = { { 0, 2, SEM_UNDO }, { 1, 1, 0 }, { 2, 7, SEM_UNDO } };

	return semop(sem, ops, 3);
}

static long sem_many(void)
{
	struct sembuf ops[100];

	for (int i = 0; i < 100; i++)
		ops[i] = (struct sembuf){ (unsigned short)(i % 5), 1, SEM_UNDO };
	return semop(sem, ops, 100);
}

static long sem_wait_in_vain(void)
{
	struct sembuf op = { 3, -1, SEM_UNDO };
	struct timespec moment = { 0, 1000000 };

	return semtimedop(sem, &op, 1, &moment) == -1 && errno == EAGAIN ? 0 : -1;
}

/* ---- signals and time ---- */

static long timer_make(void) { timer_t t; return timer_create(CLOCK_MONOTONIC, NULL, &t); }

static long timer_fires(void)
{
	struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	timer_t t;

	if (timer_create(CLOCK_MONOTONIC, &event, &t) || timer_settime(t, 0, &soon, NULL))
		return -1;
	nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	return timer_delete(t);
}

static long interval(void)
{
	struct itimerval soon = { { 0, 0 }, { 0, 1000 } };

	if (setitimer(ITIMER_REAL, &soon, NULL))
		return -1;
	nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	return 0;
}

static long queue(void) { return sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 1 }); }

static long queue_blocked(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 10; i++)
		if (sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }))
			return -1;
	return kill(getpid(), SIGALRM);
}

static long futex_times_out(void)
{
	static int word;
	struct timespec moment = { 0, 1000000 };

	return syscall(SYS_futex, &word, 0, 0, &moment, NULL, 0) == -1 && errno == ETIMEDOUT ? 0 : -1;
}

/* ---- processes and threads ---- */

static void *nothing(void *arg) { return arg; }

static long thread(void)
{
	pthread_t t;

	errno = pthread_create(&t, NULL, nothing, NULL);
	return errno ? -1 : pthread_join(t, NULL);
}

static long clone_by_record(void)
{
	struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } args = {
		.exit_signal = SIGCHLD,
	};
	long pid = syscall(SYS_clone3, &args, sizeof args);

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid((pid_t)pid, NULL, 0) < 0 ? -1 : 0;
}

static long clone_with_pidfd(void)
{
	int pidfd = -1;
	long pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid((pid_t)pid, NULL, 0) < 0 || close(pidfd) != 0 ? -1 : 0;
}

static long open_pidfd(void)
{
	int pidfd = pidfd_open(getpid(), 0);

	return pidfd < 0 ? -1 : close(pidfd);
}

static int execute(void *path)
{
	char *const argv[] = { path, NULL };

	execve(path, argv, argv + 1);
	return errno;
}

/* execve needs signal actions of its own, past the point where it can fail. */
static long start_sharing(void)
{
	static char stack[4 * PAGE] __attribute__((aligned(16)));
	int status, pid = clone(execute, stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_VFORK | SIGCHLD,
	                        "/bin/true");

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : ENOMEM;
	return status ? -1 : 0;
}

static int leave(void *arg)
{
	(void)arg;
	return unshare(CLONE_FS | CLONE_FILES) ? errno : 0;
}

static long leave_directory(void)
{
	static char stack[4 * PAGE] __attribute__((aligned(16)));
	int status, pid = clone(leave, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_VFORK | SIGCHLD, NULL);

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : ENOMEM;
	return status ? -1 : 0;
}

/* The child says why it could not start the program. */
static long run(const char *path, char **argv)
{
	char *const none[] = { NULL };
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execve(path, argv, none);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : ENOMEM; /* killed: as it may be */
	return status ? -1 : 0;
}

static long start_program(void) { char *argv[] = { "true", NULL }; return run("/bin/true", argv); }

static long start_with_much(void)
{
	static char text[3 * PAGE];
	char *argv[] = { "true", text, text, text, NULL };

	memset(text, 'x', sizeof text - 1);
	return run("/bin/true", argv);
}

static long start_script(void)
{
	char *argv[] = { "script", NULL };

	return run("script", argv);
}

static long fork_with_all(void)
{
	lock_whole();
	lock_record();
	sem_change();
	for (int i = 0; i < MANY; i++)
		if (dup(fd) < 0)
			break;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	int ended = pid < 0 ? -1 : waitpid(pid, NULL, 0);
	for (int i = pair[1] + 1; i < pair[1] + 1 + MANY; i++)
		close(i);
	errno = pid < 0 ? errno : 0;
	return ended < 0 ? (errno = errno ? errno : ENOMEM, -1) : 0;
}

static long take_groups(void) { gid_t groups[100] = { 5, 6, 7 }; return syscall(SYS_setgroups, 100, groups); }

#define CALL(f) { #f, f }
static const struct failing_call calls[] = {
	CALL(make_pipe), CALL(fill_pipe), CALL(enlarge_pipe), CALL(make_eventfd), CALL(make_pair), CALL(send_bytes),
	CALL(connect_by_name), CALL(send_by_name),
	CALL(duplicate_high), CALL(open_file), CALL(open_on_disk), CALL(open_device), CALL(open_proc), CALL(send_descriptors),
	CALL(send_and_take), CALL(gather), CALL(send_file), CALL(copy_range), CALL(poll_many), CALL(poll_wait),
	CALL(select_many), CALL(lock_whole), CALL(lock_record), CALL(lock_split), CALL(lock_open_file), CALL(lock_on_disk),
	CALL(create), CALL(create_nameless), CALL(make_dir), CALL(make_link), CALL(make_hard_link), CALL(make_fifo),
	CALL(move_name), CALL(write_file), CALL(cut_file), CALL(lengthen_file), CALL(allocate_file), CALL(remove_name),
	CALL(mount_memory), CALL(mount_and_not), CALL(create_on_disk), CALL(make_dir_on_disk), CALL(make_link_on_disk),
	CALL(move_on_disk), CALL(remove_on_disk), CALL(change_mode), CALL(change_folder), CALL(list), CALL(read_status),
	CALL(read_mounts), CALL(read_meminfo), CALL(shm_make), CALL(shm_remove), CALL(shm_use), CALL(sem_make),
	CALL(sem_remove), CALL(sem_change), CALL(sem_many), CALL(sem_wait_in_vain), CALL(timer_make), CALL(timer_fires),
	CALL(interval), CALL(queue), CALL(queue_blocked), CALL(futex_times_out), CALL(thread), CALL(clone_by_record),
	CALL(clone_with_pidfd), CALL(open_pidfd), CALL(start_sharing), CALL(leave_directory),
	CALL(start_program), CALL(start_with_much), CALL(start_script), CALL(fork_with_all), CALL(take_groups),
};

int main(int argc, char **argv)
{
	if (vm_audit() < 0)
		return 77;
	int script = open("script", O_CREAT | O_TRUNC | O_WRONLY, 0755);
	CHECK(script >= 0 && write(script, "#!/bin/true x\n", 14) == 14 && close(script) == 0);
	unsigned failed = failing_calls(calls, sizeof calls / sizeof *calls, prepare, renew, argv[1]);
	renew();
	CHECK(argc > 1 || failed > 100);
	return 0;
}
