/* SPDX-License-Identifier: MIT */
/* The tests of kernel/lib, and the heap that stands in for the kernel's. */
#ifndef PURE_H
#define PURE_H

long host_live_objects(void);             /* allocated and not freed */
void host_fail_allocation(unsigned nth);  /* the nth from now returns NULL; 0: none */

void rbtree_random_operations_on_few_keys(void);
void rbtree_random_operations_on_many_keys(void);
void rbtree_stays_flat_when_keys_come_in_order(void);
void rbtree_check_finds_damage(void);
void pageindex_random_operations(void);
void pageindex_page_zero_alone_is_free(void);
void pageindex_every_allocation_fails(void);
void printf_agrees_with_the_host(void);
void printf_cuts_and_measures(void);
void memory_functions_agree_with_the_host(void);
void string_functions_agree_with_the_host(void);
void glob_agrees_with_a_recursive_matcher(void);
void parse_u64_accepts_numbers_only(void);
void cpio_reads_an_archive(void);
void cpio_survives_mutation(void);
void elf_accepts_a_program(void);
void elf_refuses_what_it_must(void);
void elf_survives_mutation(void);
void cmdline_finds_values(void);
void cmdline_survives_mutation(void);

#endif
