/* SPDX-License-Identifier: MIT */
/*
 * Gives the functions of kernel/lib/string.c names of their own, beside those of the host's C
 * library.
 */
#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp
#define strlen  kernel_strlen
#define strnlen kernel_strnlen
#define strcmp  kernel_strcmp
#define strncmp kernel_strncmp
#define strchr  kernel_strchr
#define strlcpy kernel_strlcpy
