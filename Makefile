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

B := build
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-8s %s\n' $1 $2)

# ---- what is missing is installed before the toolchain is looked for ----

NEED_SETUP := run qemu qemu-gdb gdb test check grade bench iso
ifneq ($(filter $(NEED_SETUP),$(MAKECMDGOALS)),)
ifneq ($(shell tools/setup $(filter gdb bench,$(MAKECMDGOALS)) >&2 && echo ready),ready)
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

KERNEL_SRC := kernel/main.c $(sort $(wildcard kernel/*/*.c))
ARCH_SRC := $(filter-out arch/x86_64/asm_offsets.c,$(sort $(wildcard arch/x86_64/*.c arch/x86_64/*.S)))
KERNEL_TEST_SRC := $(sort $(wildcard tests/kernel/*.c))

LIBC_SRC := $(sort $(wildcard libc/src/*/*.c libc/src/*/*.S))
CRT_SRC := libc/src/start/start.S

SERVER_disk_SRC := $(sort $(wildcard user/servers/disk/*.c))
SERVER_ext2_SRC := $(sort $(wildcard user/servers/ext2/*.c))
SERVER_tty_SRC := $(sort $(wildcard user/servers/tty/*.c))
SH_SRC := $(sort $(wildcard user/bin/sh/*.c))

BIN := $(patsubst user/bin/%.c,%,$(sort $(wildcard user/bin/*.c)))
DEMOS := $(patsubst user/demos/%.c,%,$(sort $(wildcard user/demos/*.c)))
TESTS := $(patsubst tests/user/%.c,%,$(sort $(wildcard tests/user/*.c)))
SERVERS := disk ext2 tty
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

CRT := $(B)/libc/crt0.o
LIBC := $(B)/libc/libc.a
LIBC_OBJ := $(call objects,$(B)/user,$(filter-out $(CRT_SRC),$(LIBC_SRC)))
DEPS += $(LIBC_OBJ:.o=.d)
$(CRT): $(call objects,$(B)/user,$(CRT_SRC))
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(LIBC): $(LIBC_OBJ) Makefile
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIBC_OBJ)

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
$(eval $(call program_rules,init,user/init/init.c))
$(foreach s,$(SERVERS),$(eval $(call program_rules,servers/$s,$(SERVER_$s_SRC))))
$(eval $(call program_rules,bin/sh,$(SH_SRC)))
$(foreach p,$(BIN),$(eval $(call program_rules,bin/$p,user/bin/$p.c)))
$(foreach p,$(DEMOS),$(eval $(call program_rules,demos/$p,user/demos/$p.c)))
$(foreach p,$(TESTS),$(eval $(call program_rules,tests/$p,tests/user/$p.c)))
PROGRAM_FILES := $(addprefix $(B)/programs/,$(PROGRAMS))

# ---- images ----

BOOT_FILES := init $(addprefix servers/,$(SERVERS)) $(filter $(addprefix bin/,$(BOOT_BIN)),$(PROGRAMS))
$(B)/boot.cpio: $(addprefix $(B)/programs/,$(BOOT_FILES)) Makefile
	$(call say,CPIO,$@)
	$(Q)rm -rf $(B)/boot && mkdir -p $(B)/boot/servers $(B)/boot/bin
	$(Q)for f in $(BOOT_FILES); do $(STRIP) -o $(B)/boot/$$f $(B)/programs/$$f || exit 1; done
	$(Q)cd $(B)/boot && find -- * | LC_ALL=C sort | cpio -o -H newc -R +0:+0 --reproducible --quiet > ../boot.cpio

DISK_FILES := $(filter bin/% demos/% tests/%,$(PROGRAMS))
DISK_TEXT := $(wildcard user/demos/*.c) LICENSE
$(B)/disk.img: $(addprefix $(B)/programs/,$(DISK_FILES)) $(DISK_TEXT) tools/atlas Makefile
	$(call say,MKDISK,$@)
	$(Q)rm -rf $(B)/root
	$(Q)mkdir -p $(addprefix $(B)/root/,bin boot demos dev etc home proc tests tmp) && chmod 1777 $(B)/root/tmp
	$(Q)for f in $(DISK_FILES); do $(STRIP) -o $(B)/root/$$f $(B)/programs/$$f || exit 1; done
	$(Q)cd $(B)/root/bin && ln -f test '[' && ln -f poweroff reboot
	$(Q)cp $(DISK_TEXT) $(B)/root/demos/ && mv $(B)/root/demos/LICENSE $(B)/root/etc/license
	$(Q)echo 'root:x:0:0:root:/home:/bin/sh' > $(B)/root/etc/passwd && echo 'root:x:0:' > $(B)/root/etc/group
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
		-- "$(CC) $(USER_FLAGS)" $(LIBC_SRC) user/init/init.c $(foreach s,$(SERVERS),$(SERVER_$s_SRC)) \
		$(SH_SRC) $(BIN:%=user/bin/%.c) $(DEMOS:%=user/demos/%.c) $(TESTS:%=tests/user/%.c) \
		tests/bench/costs.c tests/bench/raw.c tests/bench/linux_init.c

# ---- targets for people ----

.PHONY: all kernel user libc iso run qemu qemu-gdb gdb test check grade bench clean help
all: kernel user $(B)/boot.cpio $(B)/disk.img $(B)/compile_commands.json
kernel: $(B)/atlas.elf $(B)/atlas-checked.elf
libc: $(LIBC) $(CRT)
user: $(PROGRAM_FILES)
iso: $(B)/atlas.iso

IMAGES := $(B)/atlas.elf $(B)/boot.cpio $(B)/disk.img
CPUS ?= 1
run: $(IMAGES) $(B)/atlas.iso
	$(Q)tools/atlas shell --boot bios --cpus $(CPUS)
qemu: $(IMAGES)
	$(Q)tools/atlas shell --cpus $(CPUS)
qemu-gdb: $(IMAGES)
	@echo 'The machine waits for gdb: type "make gdb" in another terminal.'
	$(Q)tools/atlas shell --gdb --cpus $(CPUS)
gdb: $(B)/kernel/plain/atlas.elf
	$(Q)gdb -q -x tools/gdbinit $(B)/kernel/plain/atlas.elf

test: all
	$(Q)CC='$(CC)' tools/atlas test
check: all
	$(Q)CC='$(CC)' tools/atlas test --quick
grade: test

bench: $(IMAGES)
	$(Q)CC='$(CC)' tools/bench

clean:
	rm -rf $(B)

help:
	@echo 'make run       install what is missing, build, boot the GRUB image to a shell (CPUS=4: four CPUs)'
	@echo 'make qemu      boot to the shell quickly, without GRUB'
	@echo 'make qemu-gdb  the same, waiting for a debugger; "make gdb" in another terminal attaches'
	@echo 'make test      every test: both kernels, 1 and 4 CPUs   (make grade: the same)'
	@echo 'make check     the quick part of it'
	@echo 'make bench     costs of the main operations in guest instructions'
	@echo 'make iso       build/atlas.iso, boots by BIOS and by UEFI'
	@echo 'make all       kernels, library, programs, images; also: kernel, libc, user'
	@echo 'make clean     remove build/'
	@echo 'V=1 shows commands; CROSS=x86_64-elf- or CC=clang choose another toolchain'
	@echo 'tools/atlas run PROGRAM [ARG...] runs one program in Atlas; tools/atlas --help says more'

-include $(DEPS)
