/* SPDX-License-Identifier: MIT */
/* assert may be included again with another NDEBUG, hence no include guard around the macro. */
#include <sys/cdefs.h>

#undef assert
#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) \
	((expression) ? (void)0 : __assert_fail(#expression, __FILE__, __LINE__, __func__))
#endif

#if !defined(__cplusplus) && !defined(static_assert)
#define static_assert _Static_assert
#endif

__BEGIN_DECLS
__NORETURN void __assert_fail(const char *expression, const char *file, int line, const char *function);
__END_DECLS
