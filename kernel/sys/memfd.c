/* SPDX-License-Identifier: MIT */
/* memfd_create(2): decode and check; file/memfd.c makes the file. */
#include "sys/file_calls.h"

#include <abi/mman.h>

/* Of huge pages only one size exists; 0 asks for it too. */
static bool huge_size_exists(uint32_t flags)
{
	uint32_t log = flags >> MFD_HUGE_SHIFT & MFD_HUGE_MASK;

	return !log || log == 21;
}

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
	if (flags & MFD_HUGETLB && !huge_size_exists(flags))
		return -ENODEV;
	struct file *file = memfd_create(name, flags & MFD_ALLOW_SEALING, flags & MFD_HUGETLB);
	if (is_err(file))
		return ptr_err(file);
	int fd = fd_install(file, 0, flags & MFD_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}
