/* SPDX-License-Identifier: MIT */
/* Another name of poll.h. */
#include <poll.h>
