/* SPDX-License-Identifier: MIT */
/* Memory from the caller's own stack frame. */
#ifndef ALLOCA_H
#define ALLOCA_H

#define alloca(size) __builtin_alloca(size)

#endif
