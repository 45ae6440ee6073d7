/* SPDX-License-Identifier: MIT */
/* Another name of errno.h. */
#include <errno.h>
