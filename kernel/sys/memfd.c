/* SPDX-License-Identifier: MIT */
/* memfd_create(2): decode and check; file/memfd.c makes the file. */
#include "sys/file_calls.h"

#include <abi/mman.h>

static int check_flags(uint64_t flags)
{
	uint64_t known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB;

	if (flags & MFD_HUGETLB)
		known |= (uint64_t)MFD_HUGE_MASK << MFD_HUGE_SHIFT;
	return flags & ~known ? -EINVAL : 0;
}

CALL(memfd_create)
{
	char name[MFD_NAME_MAX + 1];
	uint32_t flags = (uint32_t)b;
	int err = check_flags(flags);

	if (err)
		return err;
	long n = copy_string_from_user(name, a, sizeof name);
	if (n < 0)
		return n == -ENAMETOOLONG ? -EINVAL : n;
	uint8_t huge_shift = flags & MFD_HUGETLB ? huge_pages_shift(flags >> MFD_HUGE_SHIFT & MFD_HUGE_MASK) : 0;
	if (flags & MFD_HUGETLB && !huge_shift)
		return -ENODEV;
	int full = fd_room();
	struct file *file = full ? err_ptr(full) : memfd_create(name, flags & MFD_ALLOW_SEALING, huge_shift);
	return fd_give(file, flags & MFD_CLOEXEC);
}
