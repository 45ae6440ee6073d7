#!/bin/bash
# SPDX-License-Identifier: MIT
#
# No disk, and disks that cannot be mounted: a sentence in the log says which fault it is, and a shell comes from the boot
# archive. Then disks that refuse writes.
. tests/host/bad_input.bash
begin bad_disks

image=$work/image

alive() { ended 0 && printed '^alive$' && logged "$1"; }

# refused NAME SENTENCE [OPTION...]: the machine with these options logs the sentence and still runs a program.
refused() {
	boot "${@:3}" /boot/bin/sh -c 'echo alive'
	holds "$1" alive "$2"
}

# made NAME SENTENCE MKE2FS-OPTION...
made() {
	rm -f "$image"
	mke2fs -q -F "${@:3}" "$image" 16M >"$work/mke2fs" 2>&1
	refused "$1" "$2" --disk "$image"
}

# spoilt NAME SENTENCE OFFSET FORMAT VALUE: the superblock of a good image with one field changed.
spoilt() {
	rm -f "$image"
	mke2fs -q -F -t ext2 -b 1024 "$image" 16M >"$work/mke2fs" 2>&1
	patch "$image" "${@:3}"
	refused "$1" "$2" --disk "$image"
}

refused "a machine without a disk" "no virtio disk|no usable disk" --disk none

truncate -s 16M "$image"
refused "a disk of zeros" "no ext2 superblock magic .0x0000" --disk "$image"
python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(1).randbytes(4 << 20))' >"$image"
refused "a disk of random bytes" "no ext2 superblock magic" --disk "$image"
truncate -s 512 "$image"
refused "a disk of one sector" "superblock cannot be read|no ext2" --disk "$image"
truncate -s 0 "$image"
refused "a disk of no sector" "disk is empty|superblock cannot be read|no usable disk" --disk "$image"
printf x >"$image"
refused "a disk of one byte" "disk is empty|superblock cannot be read|no usable disk" --disk "$image"

made "ext4 is refused by the feature's name" "unsupported feature (extent|64bit|flex_bg)" -t ext4
made "extents alone" "unsupported feature extent" -t ext2 -O extent
made "inline data" "unsupported feature inline_data" -t ext2 -O inline_data
made "meta_bg" "unsupported feature meta_bg" -t ext2 -O meta_bg,^resize_inode
made "an external journal" "unsupported feature journal_dev" -O journal_dev -b 1024
made "a feature for reading only" "feature huge_file allows only a read-only mount" -t ext2 -O huge_file
spoilt "a journal to be recovered" "unsupported feature needs_recovery" 0x460 I 0x6
spoilt "64bit alone" "unsupported feature 64bit" 0x460 I 0x82
spoilt "a feature nobody knows" "unsupported feature 0x40000000" 0x460 I 0x40000002

spoilt "a wrong magic" "no ext2 superblock magic .0xef52" 0x438 H 0xef52
spoilt "a revision to come" "revision 9 is not supported" 0x44c I 9
spoilt "more blocks than the disk has" "larger than the disk" 0x404 I 0x7fffffff
spoilt "no blocks" "it has no blocks" 0x404 I 0
spoilt "a block size of 2^41" "block size is not" 0x418 I 31
spoilt "a wrong first block" "first data block is wrong" 0x414 I 0
spoilt "no blocks in a group" "number of blocks in a group" 0x420 I 0
spoilt "too many blocks in a group" "number of blocks in a group" 0x420 I 0xffffffff
spoilt "no inodes in a group" "number of inodes in a group" 0x428 I 0
spoilt "a wrong number of inodes" "number of inodes is wrong" 0x400 I 0xffffffff
spoilt "inodes of 0 bytes" "size of an inode" 0x458 H 0
spoilt "inodes of 65535 bytes" "size of an inode" 0x458 H 65535
spoilt "inodes of 192 bytes" "size of an inode" 0x458 H 192
spoilt "a first inode beyond all" "first usable inode" 0x454 I 0xffffffff
spoilt "reserved descriptors beyond the group" "do not fit" 0x4ce H 65535
spoilt "a bitmap off the disk" "bad group descriptor 0" 0x800 I 0xfffffff0
spoilt "an inode table off the disk" "bad group descriptor 1" 0x828 I 0x7fffffff
spoilt "a root that is no directory" "root directory is damaged" \
	"$(debugfs -R 'imap <2>' "$image" 2>/dev/null | python3 -c '
import re, sys
block, offset = re.search(r"block (\d+), offset (0x[0-9a-f]+)", sys.stdin.read()).groups()
print(hex(int(block) * 1024 + int(offset, 16)))')" H 0x81a4

# ---- disks that refuse writes ----

fresh "$image"
cp "$image" "$work/before"

unwritten() { ended 0 && cmp -s "$image" "$work/before" && ! printed 'done$'; }

boot --disk "$image" --read-only sh -c '
	cat /etc/passwd
	{ echo x >/home/new && echo created done; } 2>&1
	{ echo x >>/etc/passwd && echo appended done; } 2>&1
	{ rm /etc/passwd && echo removed done; } 2>&1
	{ mkdir /d && echo mkdir done; } 2>&1
	{ mv /etc/passwd /etc/x && echo mv done; } 2>&1
	{ ln /etc/passwd /etc/x && echo ln done; } 2>&1
	{ chmod 600 /etc/passwd && echo chmod done; } 2>&1
	{ touch /etc/passwd && echo touch done; } 2>&1
	sync
	cat /etc/passwd'
holds "a read-only disk: no change, each refused, reads served" unwritten
errors() { [ "$(grep -c 'Read-only file system' "$work/out")" -eq 8 ] && [ "$(grep -c '^root:' "$work/out")" -eq 2 ]; }
holds "a read-only disk: the errors are EROFS" errors
boot --disk "$image" --read-only /tests/read_only_disk
holds "a read-only disk: calls and mappings" unwritten

rm -f "$image"
mke2fs -q -F -t ext2 -O huge_file -d "${ATLAS_BUILD:-$root/build}/root" "$image" 24M >"$work/mke2fs" 2>&1
boot --disk "$image" --read-only sh -c 'cat /etc/passwd'
read_root() { ended 0 && printed '^root:'; }
holds "a feature for reading only, on a read-only disk" read_root

finish
