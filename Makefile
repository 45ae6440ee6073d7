# SPDX-License-Identifier: MIT
#
# Builds everything below build/: two kernels (plain, and checked: lock ranks, audits, UBSan), the C library, the user
# programs, the boot archive, a disk image and a GRUB image. `make help` lists the targets, V=1 shows commands.
# One Makefile, not recursive, explicit lists: a new source file is added to its list here.

MAKEFLAGS += -r --no-print-directory
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
export PATH := $(PATH):/usr/sbin:/sbin

# B=FOLDER builds somewhere else; the tools are told.
B := build
export ATLAS_BUILD := $(abspath $(B))
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-8s %s\n' $1 $2)

# ---- what is missing is installed before the toolchain is looked for ----

NEED_SETUP := run qemu qemu-gdb gdb test check grade bench difftest fuzz iso mutants
ifneq ($(filter $(NEED_SETUP),$(MAKECMDGOALS)),)
ifneq ($(shell tools/setup $(filter gdb bench test check grade fuzz,$(MAKECMDGOALS)) >&2 && echo ready),ready)
$(error something that Atlas needs could not be installed (see above))
endif
endif

# ---- toolchain: CROSS=prefix- or CC=clang override what is found ----

is_x86_64 = $(findstring x86_64,$(shell $1gcc -dumpmachine 2>/dev/null))
CROSS ?= $(or $(if $(filter x86_64,$(shell uname -m)),$(if $(call is_x86_64,),none)), \
	$(if $(call is_x86_64,x86_64-linux-gnu-),x86_64-linux-gnu-), \
	$(if $(call is_x86_64,x86_64-elf-),x86_64-elf-),none)
override CROSS := $(patsubst none,,$(strip $(CROSS)))
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CROSS)gcc
endif
LD := $(CROSS)ld
AR := $(CROSS)ar
OBJCOPY := $(CROSS)objcopy
STRIP := $(CROSS)strip

ifneq ($(findstring clang,$(CC)),)
TARGET_FLAGS := --target=x86_64-linux-gnu -Wno-unused-command-line-argument
endif
# The flags of $1 that this compiler knows.
known = $(foreach f,$1,$(shell $(CC) $(TARGET_FLAGS) -Werror $f -x c -c -o /dev/null /dev/null 2>/dev/null && echo $f))
CC_INCLUDE := $(shell $(CC) $(TARGET_FLAGS) -print-file-name=include)
LIBGCC := $(wildcard $(shell $(CC) $(TARGET_FLAGS) -print-libgcc-file-name 2>/dev/null))

COMMON_FLAGS := $(TARGET_FLAGS) -std=gnu11 -O2 -g -Wall -Wextra -Werror -ffreestanding -nostdinc -isystem $(CC_INCLUDE) \
	-fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -U_FORTIFY_SOURCE \
	$(call known,-fcf-protection=none -ffile-prefix-map=$(CURDIR)=.)
KERNEL_FLAGS := $(COMMON_FLAGS) -mno-red-zone -mcmodel=kernel -mgeneral-regs-only -fno-strict-aliasing \
	$(call known,-fno-tree-loop-distribute-patterns) -I kernel -I arch/x86_64 -I $(B)/gen
SANITIZE := -fsanitize=undefined -fno-sanitize=alignment \
	$(call known,-fno-sanitize=object-size -fno-sanitize=function)
USER_FLAGS := $(COMMON_FLAGS) -ffunction-sections -fdata-sections -I libc/include -I kernel
LDFLAGS := -m elf_x86_64 -nostdlib -static -z noexecstack -z max-page-size=4096 --build-id=none --fatal-warnings

# ---- sources ----

KERNEL_SRC := kernel/main.c \
	$(addprefix kernel/lib/,cmdline.c cpio.c elf.c lockcheck.c log.c pageindex.c printf.c rbtree.c string.c \
		test.c ubsan.c) \
	$(addprefix kernel/mm/,failalloc.c frames.c heap.c kstack.c) \
	$(addprefix kernel/vm/,advise.c audit.c commit.c fault.c hole.c lock.c map.c merge.c mincore.c object.c object_io.c object_size.c \
		pager.c protect.c reclaim.c remap.c remap_file.c remote.c report.c seal.c share.c space.c sync.c table.c usage.c \
		usercopy.c vma.c word.c) \
	$(addprefix kernel/ipc/,device.c irq.c loan.c port.c) \
	$(addprefix kernel/task/,actions.c alarm.c child.c cred.c exec.c execargs.c exit.c fork.c futex.c image.c oom.c owner.c posix_timer.c proc.c random.c robust.c sched.c session.c sigforce.c sigframe.c \
		signal.c sigqueue.c sigwork.c thread.c timer.c wait.c) \
	$(addprefix kernel/file/,async.c attr.c bootfs.c cwd.c dev_builtin.c dev_server.c devfs.c devpts.c dirents.c epoll.c eventfd.c fdtable.c file.c \
		filelock.c memfd.c mount.c mount_server.c node.c path.c pidfd.c pipe.c pipe_io.c poll.c procfs.c server.c signalfd.c socket.c socket_connect.c socket_flight.c socket_name.c \
		socket_option.c socket_receive.c socket_send.c \
		terminal.c text.c timerfd.c times.c tmpfs.c tmpfs_dir.c unmount.c) \
	$(addprefix kernel/file/proc_,entries.c links.c maps.c memory.c pid.c self.c sys.c text.c) \
	$(addprefix kernel/sys/,attr.c capability.c clone.c cwd.c device.c epoll.c fcntl.c file.c hints.c identity.c ioctl.c itimer.c membarrier.c memfd.c mmap.c mount.c mounts.c path.c pidfd.c poll.c port.c prctl.c \
		process.c process_vm.c signal.c signalfd.c size.c syscall.c sysv.c thread.c time.c timerfd.c transfer.c uname.c vector.c) \
	$(addprefix kernel/sysv/,ids.c sem.c sem_op.c shm.c)
KERNEL_SRC += kernel/sys/socket.c kernel/sys/socket_many.c kernel/sys/socket_message.c kernel/sys/xattr.c
ARCH_SRC := \
	$(addprefix arch/x86_64/,acpi.c apic.c boot.S boot.c clock.c cpu.c cpuid.c entry.S fpu.c irq.c memory.c pci.c \
		serial.c smp.c space.c switch.S trampoline.S trap.c usercopy.S)
KERNEL_TEST_SRC := \
	$(addprefix tests/kernel/,arch_test.c file_test.c ipc_test.c lib_test.c mm_test.c pager_test.c reclaim_test.c share_test.c sys_test.c \
		task_test.c test_pager.c tlb_test.c vm_test.c vma_property.c vma_test.c writeback_test.c)

LIBC_SRC := \
	$(addprefix libc/src/atlas/,clone.S device.c lock.c mount.c port.c system.c thread.c try_copy.S try_copy.c) \
	$(addprefix libc/src/math/,math.c single.c) \
	$(addprefix libc/src/posix/,dirent.c err.c fnmatch.c getopt.c glob.c locale.c mntent.c posix_spawn.c pty.c spawn.c tempfile.c termios.c) \
	$(addprefix libc/src/pthread/,attr.c barrier.c c11.c cancel.S cancel.c cond.c create.c futex.c key.c leave.S mutex.c \
		rwlock.c sem.c sem_named.c thread.c) \
	$(addprefix libc/src/regex/,compile.c match.c parse.c) \
	$(addprefix libc/src/start/,cxx.c start.c tls.c) \
	$(addprefix libc/src/stdio/,chars.c file.c float.c format.c memory.c open.c printf.c scanf.c scan_number.c) \
	$(addprefix libc/src/stdlib/,env.c exit.c malloc.c rand.c sort.c strtod.c strtol.c) \
	$(addprefix libc/src/string/,ctype.c mem.c search.c str.c strerror.c) \
	$(addprefix libc/src/sys/,clone.S exec.c io.c machine.c mman.c path.c process.c restore.S result.c \
		sched.c setjmp.S signal.c socket.c sysconf.c sysv.c vfork.S) \
	$(addprefix libc/src/time/,calendar.c clock.c timer.c)
CRT_SRC := libc/src/start/start.S

SERVER_disk_SRC := \
	$(addprefix user/servers/disk/,disk.c virtio_pci.c virtqueue.c)
SERVER_ext2_SRC := \
	$(addprefix user/servers/ext2/,block.c data.c device.c dir.c files.c gate.c inode.c main.c map.c ops.c order.c \
		pages.c pending.c rename.c super.c)
SERVER_fb_SRC := \
	$(addprefix user/servers/fb/,fb.c)
SERVER_tty_SRC := \
	$(addprefix user/servers/tty/,call.c input.c line.c output.c pty.c serial.c settings.c stream.c tty.c uart.c)
INIT_SRC := $(addprefix user/init/,init.c options.c programs.c servers.c)
SH_SRC := \
	$(addprefix user/bin/sh/,arith.c builtins.c builtins_more.c exec.c expand.c fields.c jobs.c lexer.c \
		main.c memory.c parser.c pattern.c redir.c simple.c trap.c var.c)

# One file a program: user/bin/NAME.c, user/demos/NAME.c, tests/user/NAME.c, tests/diff/NAME.c.
BIN := \
	basename cat chmod clear cmp cp date dd df dirname echo env false free grep head hexdump id \
	kill ln ls maps mkdir mount mv poweroff printf ps pwd rm rmdir seq sleep sort stat sync tail tee \
	test time touch true umount uname uniq wc
DEMOS := \
	byteat capital cow devzero family fault latestore lazy mapbench mapcat mapdriver mapedit peek people picture semfile sharedint slice \
	tenbytes twomaps
TESTS := \
	a_cut_page_never_comes_back a_file_without_a_name_gets_one a_group_keeps_its_number a_new_program_has_its_own_descriptors a_user_never_exceeds_the_limit a_dead_owner_leaves_its_lock a_device_says_when_it_is_ready a_driver_offers_memory a_program_is_looked_at_while_it_is_replaced a_punched_hole_reads_as_zeros_everywhere \
	a_group_is_killed_while_it_forks a_long_call_can_be_killed a_memory_file_is_handed_on a_peek_sees_all_and_takes_nothing a_screen_is_memory a_short_buffer_destroys_nothing a_signal_finds_another_thread a_signal_without_room_ends_the_process \
	a_stopped_sleep_keeps_its_end a_thread_waits_for_signals_it_blocks a_zombie_has_no_alarms advice_is_kept_and_obeyed alternate_stacks \
	an_exec_that_fails_leaves_nothing another_process_is_read_and_written any_thread_may_start_another_program append_and_offsets audits_may_overlap bad_pointers_are_efault barriers_in_other_threads \
	calls_end_when_either_side_is_killed \
	children_report_every_change clone_takes_what_makes_sense cpu_time_is_the_programs_or_the_kernels descriptors_mean_processes \
	copies_stop_at_the_last_good_byte descriptors_of_children_that_never_were descriptors_are_shared_over_fork descriptors_go_up_to_the_limit directories_are_read_in_both_forms disk_errors drivers_come_and_go errors_come_in_their_order \
	every_allocation_of_a_call_may_fail every_allocation_of_files_and_tasks_may_fail exec_of_bad_files exec_passes_arguments_and_environment faults_say_what_and_where \
	file_exerciser file_larger_than_memory files_in_memory filesystems_come_and_go fifos_open_while_others_close flags_of_a_file_are_obeyed fork_copies_on_write \
	fork_exec_and_wait_from_all_sides fork_while_threads_store forks_change_their_memory_side_by_side \
	freed_lazily_and_stored_again futexes_wait_wake_and_move \
	groups_and_sessions_follow_the_rules locks_survive_an_exec_that_is_watched \
	lists_of_files_change_while_they_are_asked locked_pages_stay many_processes_change_one_file \
	many_processes_end_in_errors map_fixed_replaces mapping_errors_match_linux \
	mapping_survives_close_and_unlink mappings_split_and_join_while_the_file_is_cut \
	memory_files_are_files mincore_tells_what_is_resident mmap_errors mprotect_is_enforced mprotect_keeps_copies_and_marks \
	mremap_moves_and_resizes munmap_any_part names_and_links names_change_from_all_sides names_of_the_machine \
	orphans_signal_init_with_sigchld out_of_memory_ends_who_has_most pages_of_a_file_in_any_order past_the_end_of_the_file pipes_block_end_and_break \
	pipes_carry_on_when_ends_are_killed private_store_stays_private \
	private_write_to_a_read_only_descriptor proc_shows_what_is_mapped \
	processes_are_looked_at_while_they_end processes_are_told_apart_and_remembered processes_share_what_clone_says proc_shows_other_processes \
	random_calls read_into_a_mapping_of_the_same_page \
	read_only_disk \
	real_time_signals_queue resources_run_out rings_of_sent_sockets_fall_apart robust_mutexes_pass_from_the_dead runner scripts_start_scripts seals_forbid_for_good segments_outlive_their_names \
	segv_handler_repairs_and_returns select_and_ppoll semaphores_change_together sent_descriptors_leave_no_memory server_dies sockets_come_and_go_from_all_sides shared_descriptor_survives_kills \
	shared_futexes_meet_in_the_object shared_store_reaches_the_file signals_meet_faults \
	sigreturn_restores_everything sparse_files_read_zeros stack_grows_on_demand \
	stale_entries_are_never_used stop_and_continue_in_a_row tail_never_reaches_the_file \
	terminals_belong_to_sessions \
	the_first_thread_may_leave threads_begin_and_end threads_come_and_go_from_all_sides threads_leave_directories_of_their_own \
	threads_lock_and_wait threads_map_and_fault_together threads_run_where_they_are_told \
	timers_nobody_hears_leave_the_machine_alone timers_send_signals_in_time \
	truncate_takes_pages_away tunables_take_numbers two_processes_share_a_file_mapping users_and_groups \
	vector_state_survives_switches wait_reports_how_a_child_ended waiters_outlive_the_word_they_wait_for write_is_seen_through_a_mapping
# Programs that show what they observe, for tools/difftest: tests/diff/NAME.c.
DIFFS := \
	bad_ranges brk_moves buffers child_reports capabilities clock_kinds coherence dev_nodes each_capability epolls eventfds exchanges execs_by_descriptor file_answers file_calls file_locks file_times files_tell_owners growsdown huge_mappings inode_flags left_to_children limits list madvise_matrix map_count memory_mounts \
	memfd_seals merges mincore_matrix mlock_matrix mmap_flags mmap_places mprotect_probes mremap_matrix msync_matrix \
	overcommit owners_and_flags pipes_and_fifos poll_masks proc_formats process_vm protected_links rare_arguments read_only remap_file_pages second_disk segments set_ids signal_contexts signal_receivers signalfds small_answers socket_names socket_pairs terminal_modes terminal_sessions text_busy timerfds truncate_under tunables users
# The specification and the sequences of calls that are compared with it: one program, a test like those above.
SEQUENCES := calls_follow_the_specification
SEQUENCES_SRC := \
	$(addprefix tests/diff/spec/,area.c change.c fault.c life.c map.c move.c) \
	$(addprefix tests/diff/sequences/,every.c generate.c main.c observe.c perform.c play.c program.c shrink.c)
SERVERS := disk ext2 fb tty
# Programs that are in the boot archive too, for a machine without a usable disk.
BOOT_BIN := sh ls cat echo ps maps free hexdump env kill true false sleep sync poweroff

# ---- the kernel, twice ----

VARIANTS := plain checked
GENERATED := $(B)/gen/asm-offsets.h $(B)/gen/syscall_names.h
VARIANT_FLAGS_plain :=
VARIANT_FLAGS_checked := -DATLAS_CHECKED=1 $(SANITIZE)
KERNEL_ALL_SRC := $(KERNEL_SRC) $(ARCH_SRC) $(KERNEL_TEST_SRC)
# boot.c and boot.S stand side by side: the object's name keeps the whole source name.
objects = $(addsuffix .o,$(addprefix $1/,$2))

# $1: the variant. Debug symbols stay in build/kernel/VARIANT/atlas.elf; the image that boots has none.
define kernel_rules
OBJ_$1 := $$(call objects,$(B)/kernel/$1,$$(KERNEL_ALL_SRC))
$(B)/kernel/$1/%.c.o: %.c $(GENERATED) Makefile
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$(CC) $$(KERNEL_FLAGS) $$(VARIANT_FLAGS_$1) -MMD -MP -c -o $$@ $$<
$(B)/kernel/$1/%.S.o: %.S $(GENERATED) Makefile
	@mkdir -p $$(@D)
	$$(call say,AS,$$@)
	$$(Q)$$(CC) $$(KERNEL_FLAGS) -MMD -MP -c -o $$@ $$<
$(B)/kernel/$1/atlas.elf: $$(OBJ_$1) linker.ld
	$$(call say,LD,$$@)
	$$(Q)$$(LD) $$(LDFLAGS) -T linker.ld -Map $$(@:.elf=.map) -o $$@ $$(OBJ_$1)
DEPS += $$(OBJ_$1:.o=.d)
endef
$(foreach v,$(VARIANTS),$(eval $(call kernel_rules,$v)))

$(B)/atlas.elf: $(B)/kernel/plain/atlas.elf
$(B)/atlas-checked.elf: $(B)/kernel/checked/atlas.elf
$(B)/atlas.elf $(B)/atlas-checked.elf:
	$(call say,STRIP,$@)
	$(Q)$(OBJCOPY) --strip-debug $< $@

# asm_offsets.c holds asm("->NAME %0" : : "i"(value)) markers; the assembly it compiles to becomes #defines.
$(B)/gen/asm-offsets.h: arch/x86_64/asm_offsets.c Makefile
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)$(CC) $(KERNEL_FLAGS) $(call known,-fno-integrated-as) -MMD -MP -MT $@ -MF $(@:.h=.d) -S -o $(@:.h=.s) $<
	$(Q)sed -n 's/^[[:space:]]*->\([A-Za-z0-9_]*\)[[:space:]]*\$$*\([-0-9]*\).*/#define \1 \2/p' $(@:.h=.s) > $@
DEPS += $(B)/gen/asm-offsets.d

# The names of system calls, for the log line about one that does not exist: [0] = "read", ...
$(B)/gen/syscall_names.h: kernel/abi/syscall.h kernel/abi/atlas.h Makefile
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)sed -n 's/^#define SYS_\([A-Za-z0-9_]*\)  *\([0-9][0-9]*\)$$/[\2] = "\1",/p' kernel/abi/syscall.h kernel/abi/atlas.h > $@

# ---- the C library and the programs ----

$(B)/user/%.c.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(USER_FLAGS) -MMD -MP -c -o $@ $<
$(B)/user/%.S.o: %.S Makefile
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) $(USER_FLAGS) -MMD -MP -c -o $@ $<

# The demo of a stack that runs out does it on purpose.
$(B)/user/user/demos/fault.c.o: USER_FLAGS += $(call known,-Wno-infinite-recursion)

CRT := $(B)/libc/crt0.o
LIBC := $(B)/libc/libc.a
LIBC_OBJ := $(call objects,$(B)/user,$(LIBC_SRC))
DEPS += $(LIBC_OBJ:.o=.d) $(B)/user/$(CRT_SRC).d
# memcpy must not be compiled into a call of memcpy.
$(filter $(B)/user/libc/src/string/%,$(LIBC_OBJ)): USER_FLAGS += $(call known,-fno-tree-loop-distribute-patterns)
$(CRT): $(call objects,$(B)/user,$(CRT_SRC))
	@mkdir -p $(@D)
	$(Q)cp $< $@
# The library is one archive; -lm, -lpthread and -lrt find empty ones, and not those of the host.
$(LIBC): $(LIBC_OBJ) Makefile
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIBC_OBJ)
	$(Q)for name in m pthread rt; do rm -f $(@D)/lib$$name.a && $(AR) rcs $(@D)/lib$$name.a || exit 1; done

# $1: the program below build/programs, where its symbols stay; $2: its sources.
define program_rules
$(B)/programs/$1: $$(call objects,$(B)/user,$2) $$(CRT) $$(LIBC)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(LD) $$(LDFLAGS) --gc-sections -o $$@ $$(CRT) $$(filter %.o,$$(filter-out $$(CRT),$$^)) \
		--start-group $$(LIBC) $$(LIBGCC) --end-group
PROGRAMS += $1
DEPS += $$(patsubst %.o,%.d,$$(call objects,$(B)/user,$2))
endef
PROGRAMS :=
$(eval $(call program_rules,init,$(INIT_SRC)))
$(foreach s,$(SERVERS),$(eval $(call program_rules,servers/$s,$(SERVER_$s_SRC))))
$(eval $(call program_rules,bin/sh,$(SH_SRC)))
$(foreach p,$(BIN),$(eval $(call program_rules,bin/$p,user/bin/$p.c)))
$(foreach p,$(DEMOS),$(eval $(call program_rules,demos/$p,user/demos/$p.c)))
$(foreach p,$(TESTS),$(eval $(call program_rules,tests/$p,tests/user/$p.c)))
$(eval $(call program_rules,tests/$(SEQUENCES),$(SEQUENCES_SRC)))
$(foreach p,$(DIFFS) linux_init,$(eval $(call program_rules,diff/$p,tests/diff/$p.c)))
PROGRAM_FILES := $(addprefix $(B)/programs/,$(PROGRAMS))

# ---- images ----

BOOT_FILES := init $(addprefix servers/,$(SERVERS)) $(filter $(addprefix bin/,$(BOOT_BIN)),$(PROGRAMS))
$(B)/boot.cpio: $(addprefix $(B)/programs/,$(BOOT_FILES)) Makefile
	$(call say,CPIO,$@)
	$(Q)rm -rf $(B)/boot && mkdir -p $(B)/boot/servers $(B)/boot/bin
	$(Q)for f in $(BOOT_FILES); do $(STRIP) -o $(B)/boot/$$f $(B)/programs/$$f || exit 1; done
	$(Q)cd $(B)/boot && find -- * | LC_ALL=C sort | cpio -o -H newc -R +0:+0 --reproducible --quiet > ../boot.cpio

DISK_FILES := $(filter bin/% demos/% tests/%,$(PROGRAMS)) $(DIFFS:%=diff/%)
DISK_TEXT := $(DEMOS:%=user/demos/%.c) LICENSE
$(B)/disk.img: $(addprefix $(B)/programs/,$(DISK_FILES)) $(DISK_TEXT) tools/atlas Makefile
	$(call say,MKDISK,$@)
	$(Q)rm -rf $(B)/root
	$(Q)mkdir -p $(addprefix $(B)/root/,bin boot demos dev diff etc home mnt proc tests tmp var/tmp) && \
		chmod 1777 $(B)/root/tmp $(B)/root/var/tmp
	$(Q)for f in $(DISK_FILES); do $(STRIP) -o $(B)/root/$$f $(B)/programs/$$f || exit 1; done
	$(Q)cd $(B)/root/bin && ln -f test '[' && ln -f poweroff reboot
	$(Q)cp $(DISK_TEXT) $(B)/root/demos/ && mv $(B)/root/demos/LICENSE $(B)/root/etc/license
	$(Q)printf '%s\n' root:x:0:0:root:/home:/bin/sh daemon:x:1:1:daemon:/:/bin/false user:x:1000:1000:user:/home:/bin/sh \
		nobody:x:65534:65534:nobody:/:/bin/false > $(B)/root/etc/passwd
	$(Q)printf '%s\n' root:x:0: daemon:x:1: tty:x:5: users:x:100: user:x:1000: nogroup:x:65534: > $(B)/root/etc/group
	$(Q)printf 'Welcome to Atlas. Programs are in /bin, demos and their sources in /demos. "poweroff" ends.\n' \
		> $(B)/root/etc/motd
	$(Q)tools/atlas mkdisk $@ $(B)/root

$(B)/atlas.iso: $(B)/atlas.elf $(B)/boot.cpio tools/atlas tools/grub.cfg
	$(call say,ISO,$@)
	$(Q)tools/atlas mkiso $@

$(B)/compile_commands.json: Makefile tools/compile-commands
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)tools/compile-commands $@ "$(CC) $(KERNEL_FLAGS)" $(KERNEL_ALL_SRC) \
		-- "$(CC) $(USER_FLAGS)" $(LIBC_SRC) $(CRT_SRC) $(INIT_SRC) $(foreach s,$(SERVERS),$(SERVER_$s_SRC)) \
		$(SH_SRC) $(BIN:%=user/bin/%.c) $(DEMOS:%=user/demos/%.c) $(TESTS:%=tests/user/%.c) $(SEQUENCES_SRC) \
		$(DIFFS:%=tests/diff/%.c) tests/diff/linux_init.c $(wildcard tests/bench/*.c)

# ---- targets for people ----

.PHONY: all kernel user libc iso run qemu qemu-gdb gdb test check grade bench difftest fuzz mutants clean help
all: kernel user $(B)/boot.cpio $(B)/disk.img $(B)/compile_commands.json
kernel: $(B)/atlas.elf $(B)/atlas-checked.elf
libc: $(LIBC) $(CRT)
user: $(PROGRAM_FILES)
iso: $(B)/atlas.iso

IMAGES := $(B)/atlas.elf $(B)/boot.cpio $(B)/disk.img
CPUS ?= 1
# DISPLAY=1 on the command line asks for a screen. The variable of that name that X programs want is make's own environment's.
ifeq ($(origin DISPLAY),command line)
SCREEN := --display
X_DISPLAY = DISPLAY="$$(tr '\0' '\n' </proc/$$PPID/environ | sed -n 's/^DISPLAY=//p')"
endif
run: $(IMAGES) $(B)/atlas.iso
	$(Q)$(X_DISPLAY) tools/atlas shell --boot bios --cpus $(CPUS) $(SCREEN)
qemu: $(IMAGES)
	$(Q)$(X_DISPLAY) tools/atlas shell --cpus $(CPUS) $(SCREEN)
qemu-gdb: $(IMAGES)
	@echo 'The machine waits for gdb: type "make gdb" in another terminal.'
	$(Q)tools/atlas shell --gdb --cpus $(CPUS)
GDB ?= $(if $(filter x86_64,$(shell uname -m)),gdb,gdb-multiarch)
gdb: $(B)/kernel/plain/atlas.elf
	$(Q)$(GDB) -q -x tools/gdbinit $(B)/kernel/plain/atlas.elf

test: all
	$(Q)CC='$(CC)' tools/atlas test
check: all
	$(Q)CC='$(CC)' tools/atlas test --quick
grade: test

bench: $(IMAGES) $(B)/programs/diff/linux_init
	$(Q)CC='$(CC)' tools/bench
	$(Q)tools/bench-mmap

SEED ?= 1
difftest: all
	$(Q)tools/difftest; ended=$$?; tools/sequences --seed $(SEED) && tools/sequences --every && exit $$ended

fuzz:
	$(Q)tools/fuzz

mutants: all
	$(Q)tools/mutants

clean:
	rm -rf $(B)

help:
	@echo 'make run       install what is missing, build, boot the GRUB image to a shell (CPUS=4: four CPUs;'
	@echo '               DISPLAY=1: with a screen, /dev/fb0)'
	@echo 'make qemu      boot to the shell quickly, without GRUB'
	@echo 'make qemu-gdb  the same, waiting for a debugger; "make gdb" in another terminal attaches'
	@echo 'make test      every test: both kernels, 1 and 4 CPUs   (make grade: the same)'
	@echo 'make check     the quick part of it'
	@echo 'make fuzz      the pure parts under a coverage-guided fuzzer (FUZZ_SECONDS=60 each)'
	@echo 'make mutants   deliberate faults in kernel/vm, one at a time: the tests must notice each'
	@echo 'make bench     costs of the main operations in guest instructions; mmap against read and write, with a plot'
	@echo 'make difftest  the same programs on Atlas and on Linux, compared byte for byte (SEED=n: other sequences)'
	@echo 'make iso       build/atlas.iso, boots by BIOS and by UEFI'
	@echo 'make all       kernels, library, programs, images; also: kernel, libc, user'
	@echo 'make clean     remove build/'
	@echo 'V=1 shows commands; CROSS=x86_64-elf- or CC=clang choose another toolchain, B=FOLDER another place than build/'
	@echo 'tools/atlas run PROGRAM [ARG...] runs one program in Atlas; tools/atlas --help says more'

-include $(DEPS)
