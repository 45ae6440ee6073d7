/* SPDX-License-Identifier: MIT */
/* Another name of ucontext.h. */
#include <ucontext.h>
