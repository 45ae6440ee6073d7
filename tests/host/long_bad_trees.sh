#!/bin/bash
# SPDX-License-Identifier: MIT
#
# An ext2 filesystem whose files and directories are damaged: EIO to who meets the damage, a line in the log, everything
# else is served; and nothing outside the damaged file changes.
. tests/host/bad_input.bash
begin long_bad_trees

image=$work/image

# A small disk with /d (two files, a folder), /big (a file with indirect blocks), /link, and the programs.
prepare() {
	if [ ! -e "$work/good" ]; then
		head -c 3000000 /dev/zero | tr '\0' b >"$work/big"
		echo inner >"$work/inner"
		mke2fs -q -F -t ext2 -b 1024 -d "${ATLAS_BUILD:-$root/build}/root" "$work/good" 24M >"$work/mke2fs" 2>&1
		debugfs -w -f /dev/stdin "$work/good" >/dev/null 2>&1 <<-EOF
			mkdir /d
			mkdir /d/sub
			write $work/big big
			symlink link $(printf 'x%.0s' {1..200})
			cd /d
			write $work/inner one
			write $work/inner two
		EOF
	fi
	cp "$work/good" "$image"
}

# Byte offsets on the image: of the n-th block of a file; of the directory entry of a name in the first block of a folder.
block_of() { echo $(($(debugfs -R "blocks $1" "$image" 2>/dev/null | awk -v n=$(($2 + 1)) '{ print $n }') * 1024)); }
entry_of() {
	python3 - "$image" "$(block_of "$1" 0)" "$2" <<-'EOF'
		import struct, sys
		data, at, name = open(sys.argv[1], "rb").read(), int(sys.argv[2]), sys.argv[3].encode()
		while True:
		    ino, length, n = struct.unpack_from("<IHB", data, at)
		    if data[at + 8:at + 8 + n] == name:
		        break
		    at += length
		print(at)
	EOF
}

# damaged NAME SCRIPT LOGGED: SCRIPT must print "EIO" for the calls that meet the damage; the rest of the disk works.
damaged() {
	local options
	for options in "" "--checked --cpus 4"; do
		cp "$image" "$work/run"
		boot $options --disk "$work/run" sh -c "$2
			cat /etc/passwd >/var/tmp/copy && cmp /etc/passwd /var/tmp/copy && echo served" 2>&1
		holds "$1 $options" refused "$3"
	done
}
refused() { ended 0 && printed '^served$' && grep -aq 'Input/output error' "$work/out" "$work/log" && logged "$1"; }
field() { debugfs -w -R "sif $*" "$image" >/dev/null 2>&1; }

prepare; patch "$image" $(($(entry_of /d one) + 4)) H 0
damaged "an entry of length 0" 'ls /d; cat /d/two' 'ext2: .*director'
prepare; patch "$image" $(($(entry_of /d one) + 4)) H 0xfffc
damaged "an entry longer than its block" 'ls /d' 'ext2: .*director'
prepare; patch "$image" $(($(entry_of /d one) + 4)) H 13
damaged "an entry of odd length" 'ls /d' 'ext2: .*director'
prepare; patch "$image" $(($(entry_of /d one) + 6)) B 255
damaged "a name longer than its entry" 'ls /d' 'ext2: .*director'
prepare; patch "$image" "$(entry_of /d one)" I 0x7fffffff
damaged "an entry of an inode that is not there" 'cat /d/one; cat /d/two' 'ext2: '
prepare; patch "$image" "$(entry_of /d one)" I 3000
damaged "an entry of a free inode" 'cat /d/one; cat /d/two' 'ext2: '
prepare; patch "$image" $(($(entry_of /d one) + 8)) B 0x2f
damaged "a name with a slash" 'ls /d' 'ext2: '
prepare; field /d 'block[0]' 0x7fffffff
damaged "a directory block off the disk" 'ls /d; cat /d/one; touch /d/new' 'ext2: '
prepare; field /d size 4096
damaged "a directory longer than its blocks" 'ls /d' 'ext2: '
prepare; field /big 'block[3]' 0x7fffffff
damaged "a data block off the disk" 'cat /big >/dev/null; head -c 3072 /big | wc -c' 'ext2: '
prepare; field /big 'block[3]' 1
damaged "a data block in the superblock" 'cat /big >/dev/null || echo x >/big' 'ext2: '
prepare; field /big 'block[IND]' 0xfffffff0
damaged "an indirect block off the disk" 'cat /big >/dev/null; head -c 12288 /big | wc -c; rm /big' 'ext2: '
prepare; field /big 'block[DIND]' 0xfffffff0
damaged "a double indirect block off the disk" 'cat /big >/dev/null; true >/big' 'ext2: '
prepare; patch "$image" "$(block_of /big 12)" I 0xfffffff0
damaged "a pointer in an indirect block" 'cat /big >/dev/null; rm /big' 'ext2: '
prepare; field /d/one mode 0
damaged "an inode without a type" 'cat /d/one; ls -l /d' 'ext2: '
prepare; field /d/one mode 0170644
damaged "an inode of no known type" 'cat /d/one; ls -l /d' 'ext2: |file: '
prepare; field /big size 0xffffffffffffffff
damaged "a file of 2^64 bytes" 'cat /big >/dev/null' 'ext2: '
prepare; field /link size 70000
damaged "a link longer than a path" 'cat /link' 'ext2: '
prepare; field /link 'block[0]' 0x7fffffff
damaged "a link whose text is off the disk" 'cat /link' 'ext2: '

finish
