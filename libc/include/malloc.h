/* SPDX-License-Identifier: MIT */
/* The allocator is declared in stdlib.h; this adds the size that an allocation really has. */
#ifndef MALLOC_H
#define MALLOC_H

#include <stdlib.h>

__BEGIN_DECLS
size_t malloc_usable_size(void *p);
__END_DECLS

#endif
