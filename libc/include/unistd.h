/* SPDX-License-Identifier: MIT */
/* POSIX system calls that have no header of their own. */
#ifndef UNISTD_H
#define UNISTD_H

#include <abi/fcntl.h>
#include <bits/types.h>
#include <stddef.h>
#include <sys/cdefs.h>

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

#define _POSIX_VERSION 200809L
#define _POSIX_THREADS _POSIX_VERSION
#define _POSIX_THREAD_ATTR_STACKADDR _POSIX_VERSION
#define _POSIX_THREAD_ATTR_STACKSIZE _POSIX_VERSION
#define _POSIX_THREAD_PROCESS_SHARED _POSIX_VERSION
#define _POSIX_THREAD_SAFE_FUNCTIONS _POSIX_VERSION
#define _POSIX_BARRIERS _POSIX_VERSION
#define _POSIX_CLOCK_SELECTION _POSIX_VERSION
#define _POSIX_READER_WRITER_LOCKS _POSIX_VERSION
#define _POSIX_SEMAPHORES _POSIX_VERSION
#define _POSIX_SPIN_LOCKS _POSIX_VERSION
#define _POSIX_TIMEOUTS _POSIX_VERSION
#define _POSIX_C_VERSION 200809L
#define _POSIX_MAPPED_FILES 200809L
#define _POSIX_MEMORY_PROTECTION 200809L
#define _POSIX_SYNCHRONIZED_IO 200809L
#define _POSIX_MONOTONIC_CLOCK 200809L

enum {
	_SC_ARG_MAX,
	_SC_CHILD_MAX,
	_SC_CLK_TCK,
	_SC_NGROUPS_MAX,
	_SC_OPEN_MAX,
	_SC_REALTIME_SIGNALS,
	_SC_PRIORITY_SCHEDULING,
	_SC_TIMERS,
	_SC_SYNCHRONIZED_IO,
	_SC_FSYNC,
	_SC_MAPPED_FILES,
	_SC_MEMLOCK,
	_SC_MEMLOCK_RANGE,
	_SC_MEMORY_PROTECTION,
	_SC_SEMAPHORES,
	_SC_SHARED_MEMORY_OBJECTS,
	_SC_DELAYTIMER_MAX,
	_SC_RTSIG_MAX,
	_SC_SEM_VALUE_MAX,
	_SC_SIGQUEUE_MAX,
	_SC_TIMER_MAX,
	_SC_PAGESIZE = 30,
	_SC_VERSION,
	_SC_IOV_MAX = 60,
	_SC_LINE_MAX,
	_SC_HOST_NAME_MAX,
	_SC_NPROCESSORS_CONF = 83,
	_SC_NPROCESSORS_ONLN,
	_SC_PHYS_PAGES,
	_SC_AVPHYS_PAGES,
	_SC_SYMLOOP_MAX,
	_SC_THREADS,
	_SC_THREAD_SAFE_FUNCTIONS,
	_SC_THREAD_ATTR_STACKADDR,
	_SC_THREAD_ATTR_STACKSIZE,
	_SC_THREAD_PROCESS_SHARED,
	_SC_THREAD_DESTRUCTOR_ITERATIONS,
	_SC_THREAD_KEYS_MAX,
	_SC_THREAD_STACK_MIN,
	_SC_THREAD_THREADS_MAX,
	_SC_THREAD_CPUTIME,
	_SC_CPUTIME,
	_SC_MONOTONIC_CLOCK,
	_SC_CLOCK_SELECTION,
	_SC_TIMEOUTS,
	_SC_BARRIERS,
	_SC_READER_WRITER_LOCKS,
	_SC_SPIN_LOCKS,
	_SC_SPAWN,
	_SC_JOB_CONTROL,
	_SC_SAVED_IDS
};
#define _SC_PAGE_SIZE _SC_PAGESIZE
#define _SC_PAGESIZE _SC_PAGESIZE
#define _SC_NPROCESSORS_ONLN _SC_NPROCESSORS_ONLN
#define _SC_CLK_TCK _SC_CLK_TCK

enum {
	_PC_LINK_MAX,
	_PC_MAX_CANON,
	_PC_MAX_INPUT,
	_PC_NAME_MAX,
	_PC_PATH_MAX,
	_PC_PIPE_BUF,
	_PC_CHOWN_RESTRICTED,
	_PC_NO_TRUNC,
	_PC_VDISABLE
};

#define F_ULOCK 0
#define F_LOCK 1
#define F_TLOCK 2
#define F_TEST 3

__BEGIN_DECLS
extern char **environ;
extern char *optarg;
extern int optind, opterr, optopt;

ssize_t read(int fd, void *to, size_t n);
ssize_t write(int fd, const void *from, size_t n);
ssize_t pread(int fd, void *to, size_t n, off_t off);
ssize_t pwrite(int fd, const void *from, size_t n, off_t off);
off_t lseek(int fd, off_t off, int whence);
int close(int fd);
int dup(int fd);
int dup2(int fd, int to);
int dup3(int fd, int to, int flags);
int pipe(int fds[2]);
int pipe2(int fds[2], int flags);
int fsync(int fd);
int fdatasync(int fd);
void sync(void);
int syncfs(int fd);
int truncate(const char *path, off_t len);
int ftruncate(int fd, off_t len);
int lockf(int fd, int command, off_t len);
int isatty(int fd);
char *ttyname(int fd);
int ttyname_r(int fd, char *name, size_t size);
ssize_t copy_file_range(int from, off_t *from_off, int to, off_t *to_off, size_t n,
			unsigned int flags);

int access(const char *path, int mode);
int faccessat(int dir, const char *path, int mode, int flags);
int link(const char *from, const char *to);
int linkat(int fromdir, const char *from, int todir, const char *to, int flags);
int symlink(const char *target, const char *path);
int symlinkat(const char *target, int dir, const char *path);
ssize_t readlink(const char *__restrict path, char *__restrict to, size_t size);
ssize_t readlinkat(int dir, const char *__restrict path, char *__restrict to, size_t size);
int unlink(const char *path);
int unlinkat(int dir, const char *path, int flags);
int rmdir(const char *path);
int chdir(const char *path);
int fchdir(int fd);
int chroot(const char *path);
char *getcwd(char *path, size_t size);
char *get_current_dir_name(void);
int chown(const char *path, uid_t uid, gid_t gid);
int fchown(int fd, uid_t uid, gid_t gid);
int lchown(const char *path, uid_t uid, gid_t gid);
int fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags);

pid_t fork(void);
pid_t vfork(void) __attribute__((returns_twice));
int execve(const char *path, char *const argv[], char *const envp[]);
int fexecve(int fd, char *const argv[], char *const envp[]);
int execv(const char *path, char *const argv[]);
int execvp(const char *file, char *const argv[]);
int execvpe(const char *file, char *const argv[], char *const envp[]);
int execl(const char *path, const char *arg, ...);
int execle(const char *path, const char *arg, ...);
int execlp(const char *file, const char *arg, ...);
__NORETURN void _exit(int status);

pid_t getpid(void);
pid_t getppid(void);
pid_t gettid(void);
int close_range(unsigned int first, unsigned int last, int flags);
pid_t getpgid(pid_t pid);
pid_t getpgrp(void);
int setpgid(pid_t pid, pid_t group);
int setpgrp(void);
pid_t setsid(void);
pid_t getsid(pid_t pid);
uid_t getuid(void);
uid_t geteuid(void);
gid_t getgid(void);
gid_t getegid(void);
int setuid(uid_t uid);
int setgid(gid_t gid);
int seteuid(uid_t uid);
int setegid(gid_t gid);
int setreuid(uid_t real, uid_t effective);
int setregid(gid_t real, gid_t effective);
int setresuid(uid_t real, uid_t effective, uid_t saved);
int setresgid(gid_t real, gid_t effective, gid_t saved);
int getresuid(uid_t *real, uid_t *effective, uid_t *saved);
int getresgid(gid_t *real, gid_t *effective, gid_t *saved);
int getgroups(int count, gid_t groups[]);
char *getlogin(void);
pid_t tcgetpgrp(int fd);
int tcsetpgrp(int fd, pid_t group);

unsigned int alarm(unsigned int seconds);
unsigned int ualarm(unsigned int micros, unsigned int interval);
int pause(void);
unsigned int sleep(unsigned int seconds);
int usleep(useconds_t microseconds);
int nice(int increment);

int brk(void *end);
void *sbrk(intptr_t increment);
long sysconf(int name);
long pathconf(const char *path, int name);
long fpathconf(int fd, int name);
int getpagesize(void);
int getdtablesize(void);
int gethostname(char *name, size_t size);
int setdomainname(const char *name, size_t len);
int sethostname(const char *name, size_t len);
int getentropy(void *to, size_t n);
int getopt(int argc, char *const argv[], const char *options);
long syscall(long number, ...);
void swab(const void *__restrict from, void *__restrict to, ssize_t n);
__END_DECLS

#endif
