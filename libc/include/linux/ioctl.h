/* SPDX-License-Identifier: MIT */
/* How commands of ioctl are made: _IO, _IOR, _IOW, _IOWR. */
#ifndef LINUX_IOCTL_H
#define LINUX_IOCTL_H

#include <abi/ioctl.h>

#endif
