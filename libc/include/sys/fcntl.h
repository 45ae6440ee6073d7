/* SPDX-License-Identifier: MIT */
/* Another name of fcntl.h. */
#include <fcntl.h>
