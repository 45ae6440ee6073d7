/* SPDX-License-Identifier: MIT */
/* The table of system calls: what programs count on is there, and what does not exist is refused. */
#include <abi/syscall.h>

#include "lib/test.h"
#include "sys/sys.h"

/* What ordinary programs and the C libraries need at the least. */
static const uint16_t needed[] = {
	SYS_read, SYS_write, SYS_open, SYS_openat, SYS_close, SYS_fstat, SYS_newfstatat, SYS_lseek, SYS_pread64,
	SYS_pwrite64,
	SYS_readv, SYS_writev, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_msync, SYS_brk, SYS_rt_sigaction, SYS_rt_sigprocmask,
	SYS_ioctl, SYS_pipe2, SYS_dup, SYS_dup2, SYS_dup3, SYS_nanosleep, SYS_getpid, SYS_getppid, SYS_fork, SYS_vfork,
	SYS_execve, SYS_exit, SYS_wait4, SYS_kill, SYS_uname, SYS_fcntl, SYS_fsync, SYS_fdatasync, SYS_truncate,
	SYS_ftruncate,
	SYS_getdents64, SYS_getcwd, SYS_chdir, SYS_rename, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_link, SYS_symlink,
	SYS_readlink, SYS_chmod, SYS_umask, SYS_gettimeofday, SYS_clock_gettime, SYS_sync, SYS_arch_prctl,
	SYS_set_tid_address,
	SYS_getrandom, SYS_prlimit64, SYS_exit_group, SYS_reboot,
};

TEST(the_calls_that_programs_need_are_in_the_table)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!syscall_exists(needed[i]))
			test_fail(__FILE__, needed[i], "a needed system call is missing");
}

TEST(numbers_outside_of_the_table_do_not_exist)
{
	EXPECT(!syscall_exists(999) && !syscall_exists(100000) && !syscall_exists(~0ul) && !syscall_exists(SYS_ptrace));
}

TEST_SUITE(table, "sys.table", TEST_CASE(the_calls_that_programs_need_are_in_the_table),
	TEST_CASE(numbers_outside_of_the_table_do_not_exist));
