/* SPDX-License-Identifier: MIT */
/* Another name of signal.h. */
#include <signal.h>
