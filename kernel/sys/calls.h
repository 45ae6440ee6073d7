/* SPDX-License-Identifier: MIT */
/*
 * Every system call that exists, by family; sys/NAME.c has it as sys_CALL. The table in syscall.c is made from this
 * list, so a call that is listed and not written does not link.
 */
#ifndef SYS_CALLS_H
#define SYS_CALLS_H

/*
 * file.c, fcntl.c, hints.c, ioctl.c, transfer.c, vector.c, size.c, poll.c, epoll.c, timerfd.c: descriptors, reading and
 * writing
 */
#define CALLS_FILE(X) \
	X(read) X(write) X(open) X(openat) X(creat) X(close) X(lseek) X(pread64) X(pwrite64) X(readv) X(writev) \
	X(preadv) X(pwritev) X(ioctl) X(pipe) X(pipe2) X(dup) X(dup2) X(dup3) X(fcntl) X(flock) X(fsync) X(fdatasync) \
	X(ftruncate) X(fallocate) X(sync) X(syncfs) X(sendfile) X(copy_file_range) X(fadvise64) X(readahead) \
	X(sync_file_range) X(close_range) X(preadv2) X(pwritev2) X(eventfd) X(eventfd2) X(getdents) X(getdents64) \
	X(poll) X(ppoll) X(select) X(pselect6) X(timerfd_create) X(timerfd_settime) X(timerfd_gettime) \
	X(epoll_create) X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(epoll_pwait) X(epoll_pwait2)

/* xattr.c */
#define CALLS_XATTR(X) \
	X(getxattr) X(lgetxattr) X(fgetxattr) X(setxattr) X(lsetxattr) X(fsetxattr) X(listxattr) X(llistxattr) \
	X(flistxattr) X(removexattr) X(lremovexattr) X(fremovexattr)

/* socket.c, socket_message.c, socket_many.c */
#define CALLS_SOCKET(X) \
	X(socket) X(socketpair) X(bind) X(listen) X(connect) X(accept) X(accept4) X(sendmsg) X(sendmmsg) X(recvmmsg) \
	X(sendto) X(recvmsg) X(recvfrom) X(shutdown) X(getsockname) X(getpeername) X(getsockopt) X(setsockopt)

/* path.c: names and attributes */
#define CALLS_PATH(X) \
	X(stat) X(lstat) X(fstat) X(newfstatat) X(statfs) X(fstatfs) X(access) X(faccessat) X(faccessat2) X(truncate) \
	X(getcwd) X(chdir) X(fchdir) X(rename) X(renameat) X(renameat2) X(mkdir) X(mkdirat) X(rmdir) X(unlink) \
	X(unlinkat) X(link) X(linkat) X(symlink) X(symlinkat) X(readlink) X(readlinkat) X(chmod) X(fchmod) X(fchmodat) \
	X(chown) X(fchown) X(lchown) X(fchownat) X(umask) X(utimensat) X(futimesat) X(utimes) X(utime) X(statx) X(mknod) \
	X(mknodat)

/* memfd.c, process_vm.c */
#define CALLS_MEMORY(X) X(memfd_create) X(process_vm_readv) X(process_vm_writev)

/* mmap.c */
#define CALLS_MMAP(X) \
	X(mmap) X(munmap) X(mprotect) X(msync) X(brk) X(madvise) X(mlock) X(mlock2) X(munlock) X(mlockall) X(munlockall) \
	X(mremap) X(mincore) X(remap_file_pages) X(pkey_mprotect) X(pkey_alloc) X(pkey_free)

/* process.c */
#define CALLS_PROCESS(X) \
	X(execve) X(execveat) X(exit_group) X(wait4) X(waitid) X(getpid) X(getppid) X(getpgid) X(setpgid) X(getpgrp) X(setsid) \
	X(getsid) X(prlimit64) X(getrlimit) X(setrlimit) X(getrusage) X(times) X(reboot) X(sysinfo)

/* membarrier.c */
#define CALLS_BARRIER(X) X(membarrier)

/* uname.c */
#define CALLS_UNAME(X) X(uname) X(sethostname) X(setdomainname)

/* prctl.c, itimer.c */
#define CALLS_ALARM(X) \
	X(prctl) X(getpriority) X(setpriority) X(alarm) X(getitimer) X(setitimer) X(timer_create) X(timer_settime) \
	X(timer_gettime) X(timer_getoverrun) X(timer_delete)

/* identity.c */
#define CALLS_IDENTITY(X) \
	X(getuid) X(geteuid) X(getgid) X(getegid) X(getresuid) X(getresgid) X(setuid) X(setgid) X(setreuid) X(setregid) \
	X(setresuid) X(setresgid) X(setfsuid) X(setfsgid) X(getgroups) X(setgroups) X(personality) X(capget) X(capset)

/* clone.c, pidfd.c, thread.c */
#define CALLS_THREAD(X) \
	X(fork) X(vfork) X(clone) X(clone3) X(unshare) X(pidfd_open) X(pidfd_getfd) X(exit) X(arch_prctl) \
	X(gettid) X(set_tid_address) X(iopl) X(futex) X(set_robust_list) X(get_robust_list) X(rseq) X(sched_yield) X(getcpu) X(sched_getaffinity) X(sched_setaffinity) \
	X(sched_get_priority_max) X(sched_get_priority_min) X(sched_getscheduler) X(sched_setscheduler) \
	X(sched_getparam) X(sched_setparam) X(sched_rr_get_interval) X(sched_setattr) X(sched_getattr)

/* signal.c, signalfd.c */
#define CALLS_SIGNAL(X) \
	X(rt_sigaction) X(rt_sigprocmask) X(rt_sigreturn) X(rt_sigsuspend) X(rt_sigpending) X(sigaltstack) X(kill) \
	X(tkill) X(tgkill) X(pause) X(rt_sigtimedwait) X(rt_sigqueueinfo) X(rt_tgsigqueueinfo) \
	X(restart_syscall) X(pidfd_send_signal) X(signalfd) X(signalfd4)

/* time.c */
#define CALLS_TIME(X) \
	X(nanosleep) X(clock_nanosleep) X(gettimeofday) X(clock_gettime) X(clock_getres) X(time) X(getrandom)

/* mounts.c */
#define CALLS_MOUNT(X) X(mount) X(umount2)

/* sysv.c */
#define CALLS_SYSV(X) X(shmget) X(shmat) X(shmdt) X(shmctl) X(semget) X(semop) X(semtimedop) X(semctl)

/* port.c, device.c: abi/atlas.h */
#define CALLS_ATLAS(X) \
	X(port_create) X(port_client) X(port_call) X(port_call_lend) X(port_receive) X(port_reply) X(port_reply_receive) \
	X(port_notify) X(port_timer) X(port_offer) X(loan_paddr) X(loan_zero) X(loan_copy) X(object_create) \
	X(object_clean) X(fs_mount) X(fs_unmount) X(fs_service) X(dev_register) X(dev_poll_changed) X(dev_signal) \
	X(pager_role) X(pci_claim) X(pci_config) X(irq_bind) X(msi_bind) X(irq_ack) X(dma_alloc) X(vm_audit) \
	X(kernel_test) X(alloc_fail)

#define CALLS_ALL(X) \
	CALLS_FILE(X) CALLS_SOCKET(X) CALLS_XATTR(X) CALLS_PATH(X) CALLS_MEMORY(X) CALLS_MMAP(X) CALLS_BARRIER(X) \
	CALLS_PROCESS(X) CALLS_UNAME(X) CALLS_IDENTITY(X) CALLS_THREAD(X) CALLS_SIGNAL(X) CALLS_ALARM(X) CALLS_TIME(X) \
	CALLS_SYSV(X) CALLS_MOUNT(X) CALLS_ATLAS(X)

#endif
