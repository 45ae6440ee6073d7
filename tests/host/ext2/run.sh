#!/bin/bash
# SPDX-License-Identifier: MIT
# The ext2 core on the host, under ASan and UBSan, judged by mke2fs, debugfs and e2fsck. Runs without arguments from
# anywhere; ATLAS_BUILD says where its files go, CC which compiler builds it. Output: "ok N - name" / "not ok N - name".
# SEED=n chooses other random operations and power cuts.

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
core=$root/user/servers/ext2
out=${ATLAS_BUILD:-/tmp/atlas-build}/host/ext2
export PATH=$PATH:/usr/sbin:/sbin
export ASAN_OPTIONS=detect_leaks=1
count=0
failed=0

if ! command -v mke2fs debugfs e2fsck >/dev/null; then
	echo "ok 1 - ext2 # SKIP e2fsprogs is not installed"
	exit 0
fi
# The images lie in memory where that is possible: e2fsck syncs them, and a slow disk would dominate everything.
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")" ext2test.XXXXXX) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir -p "$out" && cd "$work" || exit 2

# check NAME COMMAND...: one test; what it printed is shown when it fails.
check() {
	local name=$1
	shift
	count=$((count + 1))
	if "$@" >log 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/    # /' log | tail -30
		failed=1
	fi
}

make_image() { # FILE BLOCK_SIZE MEGABYTES [mke2fs options]
	local file=$1 bs=$2 size=$3
	shift 3
	rm -f "$file"
	mke2fs -q -t ext2 -b "$bs" "$@" "$file" "${size}M" >/dev/null 2>&1
}

fsck_clean() { e2fsck -fn "$1"; }

build() {
	${CC:-gcc} -std=gnu11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -Wall -Wextra -Werror \
		-I "$core" -I "$root/kernel" "$here"/*.c \
		"$core"/{super,order,block,inode,pending,map,dir,ops,rename,data}.c -o "$out/ext2test" && ln -sf "$out/ext2test" ext2test
}

# ---- what the core writes, debugfs reads ----

fill_and_check() { # BLOCK_SIZE [mke2fs options]
	local bs=$1
	shift
	make_image a.img "$bs" 24 "$@" || return 1
	head -c 9000000 /dev/urandom >big
	{ echo "mkdir /d"; echo "mkdir /d/e"; echo "put /d/big big"; echo "create /empty"; echo "!17 create /empty"
	  echo "write /empty 0 hello"; echo "symlink /d/e/target /fast"; echo "symlink $long /slow"
	  echo "readlink /fast /d/e/target"; echo "readlink /slow $long"; echo "!36 create /$long$long"
	  echo "link /empty /d/second"; echo "stat /empty nlink 2"; echo "mknod /tty c 0x0405"
	  echo "stat /tty rdev 0x0405"; echo "mknod /large b 0x12345678"; echo "stat /large rdev 0x12345678"
	  echo "mknod /fifo p 0"; echo "chmod /empty 04711"; echo "stat /empty mode 0104711"
	  echo "chown /empty 70000 80000"; echo "stat /empty uid 70000"; echo "stat /empty gid 80000"
	  echo "utime /empty 1234567890 987654321"; echo "stat /empty mtime 1234567890"
	  echo "create /sparse"; echo "write /sparse 5000000 end"; echo "stat /sparse size 5000003"
	  echo "create /third"; echo "write /third 4000000000 triple"; echo "peek /third 4000000000 triple"
	  echo "write /third 600000 double"; echo "write /third 300000 single"; echo "peek /third 600000 double"
	  echo "create /gone"; echo "write /gone 4000000000 triple"; echo "write /gone 3 x"; echo "truncate /gone 4"
	  echo "stat /gone blocks $((bs / 512))"; echo "!27 truncate /gone 9999999999999999"
	  echo "stat /third size 4000000006"
	  echo "create /cut"; echo "write /cut 0 abcdefgh"; echo "write /cut 70000 x"; echo "truncate /cut 3"
	  echo "truncate /cut 10"
	  for i in $(seq 300); do echo "create /d/a_file_with_quite_a_long_name_$i"; done
	  for i in $(seq 1 2 300); do echo "unlink /d/a_file_with_quite_a_long_name_$i"; done
	  echo "ls /d 155"; echo "mkdir /d/dir"; echo "stat /d nlink 4"; echo "!39 rmdir /d"; echo "!22 rename /d /d/e/x"
	  echo "!22 rename /d /d/x"; echo "rename /d/dir /d/e/dir"; echo "stat /d nlink 3"; echo "stat /d/e nlink 3"
	  echo "mkdir /other"; echo "rename /d/e/dir /other"; echo "stat /d/e nlink 2"; echo "rename /empty /d/renamed"
	  echo "!2 unlink /empty"; echo "!21 unlink /other"; echo "!20 rmdir /sparse"; echo "!20 rename /d /sparse"
	  echo "!21 rename /sparse /d"; echo "create /replaced"; echo "rename /d/second /replaced"
	} | ./ext2test script a.img || return 1
	debugfs -R "cat /d/big" a.img 2>/dev/null | cmp - big || return 1
	[ "$(debugfs -R 'cat /replaced' a.img 2>/dev/null)" = hello ] || return 1
	[ "$(debugfs -R 'cat /cut' a.img 2>/dev/null | od -An -c | tr -d ' \n')" = 'abc\0\0\0\0\0\0\0' ] || return 1
	debugfs -R "stat /fast" a.img 2>/dev/null | grep -q 'Fast link dest: "/d/e/target"' || return 1
	debugfs -R "stat /tty" a.img 2>/dev/null | grep -q 'Device major/minor number: 04:05' || return 1
	debugfs -R "stat /large" a.img 2>/dev/null | grep -q 'Device major/minor number: 1110:74616' || return 1
	debugfs -R "stat /d/renamed" a.img 2>/dev/null | grep -q 'User: 70000   Group: 80000' || return 1
	dumpe2fs -h a.img 2>/dev/null | grep -q large_file || return 1
	fsck_clean a.img
}

# ---- what mke2fs and debugfs write, the core reads ----

make_tree() {
	rm -rf tree
	mkdir -p tree/a/b/c tree/many
	head -c 3000000 /dev/urandom >tree/big
	for i in $(seq 60); do head -c $((i * 700)) /dev/urandom >tree/a/f$i; done
	for i in $(seq 400); do : >tree/many/some_longer_file_name_$i; done
	truncate -s 300000 tree/sparse
	echo end >>tree/sparse
	ln -s a/b/c tree/fast
	ln -s "$long" tree/slow
	ln tree/a/f1 tree/a/hard
}

read_tree() { # BLOCK_SIZE
	make_image b.img "$1" 12 -d tree || return 1
	printf 'write tree/a/f60 copied\nln /copied /again\nsif /again links_count 2\n' >commands
	debugfs -w -f commands b.img >/dev/null 2>&1
	{ for f in big sparse a/f1 a/f31 a/f60 a/hard; do echo "get /$f read_${f//\//_}"; done
	  echo "get /again read_again"; echo "readlink /fast a/b/c"; echo "readlink /slow $long"; echo "ls /many 402"
	  echo "ls /a 64"; echo "stat /a/f1 nlink 2"; echo "!30 create /x"; echo "!30 truncate /big 0"
	  echo "!2 stat /none size 0"; echo "!20 stat /big/x size 0"
	} | ./ext2test read b.img || return 1
	for f in big sparse a/f1 a/f31 a/f60 a/hard; do cmp "tree/$f" "read_${f//\//_}" || return 1; done
	cmp tree/a/f60 read_again && fsck_clean b.img
}

# A hashed directory (e2fsck -D makes it) loses its index when it changes, and nothing else.
indexed_directory() {
	make_image b.img 1024 12 -d tree && e2fsck -fyD b.img >/dev/null 2>&1
	debugfs -R "htree_dump /many" b.img 2>/dev/null | grep -q 'Root node dump' || return 1
	{ echo "ls /many 402"; for i in $(seq 100); do echo "create /many/new$i"; done
	  for i in $(seq 400); do echo "unlink /many/some_longer_file_name_$i"; done; echo "ls /many 102"
	} | ./ext2test script b.img && fsck_clean b.img
}

extended_attributes() {
	make_image b.img 1024 12 -I 128 -d tree || return 1
	printf 'ea_set /big user.a 1\nea_set /fast user.b 2\nea_set /fast user.c %s\n' "$long" >commands
	debugfs -w -f commands b.img >/dev/null 2>&1
	printf 'readlink /fast a/b/c\nunlink /big\nunlink /fast\n' | ./ext2test script b.img && fsck_clean b.img
}

# Flags set by debugfs are read, those set here debugfs shows; a directory hands some of them down; unknown ones are refused.
inode_flags() {
	make_image b.img 1024 12 -d tree || return 1
	printf 'sif /big flags 0x10\nsif /a flags 0x60\nsif /sparse flags 0x20\n' >commands
	debugfs -w -f commands b.img >/dev/null 2>&1
	{ echo "stat /big flags 16"; echo "stat /a flags 96"; echo "!1 truncate /big 5"; echo "write /sparse 0 x"
	  echo "create /a/new"; echo "stat /a/new flags 64"; echo "mkdir /a/dir"; echo "chattr /a/dir 0x100c0"
	  echo "create /a/dir/new"; echo "stat /a/dir/new flags 192"; echo "mkdir /a/dir/dir"; echo "stat /a/dir/dir flags 65728"
	  echo "chattr /sparse 0x30"; echo "chattr /big 0"; echo "write /big 0 x"; echo "!95 chattr /big 0x10000"
	  echo "!95 chattr /big 0x80000000"; echo "!22 chattr /big 0x80000"; echo "chattr /many 0x1010"
	} | ./ext2test script b.img || return 1
	debugfs -R "stat /sparse" b.img 2>/dev/null | grep -q 'Flags: 0x30$' || return 1
	debugfs -R "stat /many" b.img 2>/dev/null | grep -q 'Flags: 0x10$' && fsck_clean b.img
}

# ---- refusals ----

refuses() { # SENTENCE mke2fs options
	local want=$1
	shift
	rm -f c.img
	mke2fs -q "$@" c.img 8M >/dev/null 2>&1 || return 1
	! ./ext2test script c.img </dev/null >said 2>&1 && grep -q "$want" said
}

refuses_bytes() { # SENTENCE OFFSET BYTES (printf format)
	make_image c.img 1024 8 || return 1
	printf "$3" | dd of=c.img bs=1 seek="$2" conv=notrunc 2>/dev/null
	! ./ext2test script c.img </dev/null >said 2>&1 && grep -q "$1" said
}

# ---- everything at random ----

random_ops() { # BLOCK_SIZE SEED OPERATIONS MEGABYTES [mke2fs options]
	local bs=$1 seed=$2 ops=$3 size=$4
	shift 4
	make_image d.img "$bs" "$size" "$@" && ./ext2test random d.img "$seed" "$ops" && fsck_clean d.img
}

out_of_space() {
	make_image e.img "$1" 4 && ./ext2test full e.img && fsck_clean e.img
}

damaged() { # BLOCK_SIZE FROM TO
	make_image f.img "$1" 6 -N 256 -d small && timeout 100 ./ext2test fuzz f.img "$2" "$3"
}

power_cuts() { # BLOCK_SIZE FROM TO
	local seed promised
	make_image g.img "$1" 4 || return 1
	for seed in $(seq "$2" "$3"); do
		promised=$(./ext2test crash g.img "$seed" h.img) || return 1
		e2fsck -p h.img >fsck 2>&1
		[ $? -le 1 ] || { echo "seed $seed: e2fsck -p gave up"; cat fsck; return 1; }
		[ "$promised" = 0 ] || ./ext2test durable h.img "$promised" ||
			{ echo "seed $seed: $promised bytes were promised"; return 1; }
	done
}

long=$(printf 'x%.0s' $(seq 200))
seed=${SEED:-1}
check "the core builds without a warning" build
[ $failed = 0 ] || exit 1
make_tree
rm -rf small && mkdir small && cp -a tree/a tree/fast tree/slow tree/sparse small
head -c 400000 tree/big >small/big

for bs in 1024 2048 4096; do
	check "debugfs reads what was written, $bs-byte blocks" fill_and_check $bs
	check "what mke2fs and debugfs wrote is read, $bs-byte blocks" read_tree $bs
	check "a full disk refuses and gives all space back, $bs-byte blocks" out_of_space $bs
	check "10000 random operations agree with the model, seed $seed, $bs-byte blocks" random_ops $bs "$seed" 10000 16
	check "damaged images neither crash nor hang the core, $bs-byte blocks" damaged $bs $((bs * 1000)) $((bs * 1000 + 250))
	check "after a power cut e2fsck -p repairs and synced data is there, $bs-byte blocks" power_cuts $bs $((seed * 100)) $((seed * 100 + 19))
done
check "a nearly full small disk, random operations" random_ops 1024 "$seed" 5000 2
check "many small groups, random operations" random_ops 1024 "$seed" 4000 8 -g 1024
check "128-byte inodes, random operations" random_ops 1024 "$seed" 4000 8 -I 128
check "1024-byte inodes, random operations" random_ops 4096 "$seed" 4000 8 -I 1024
check "revision 0, random operations" random_ops 1024 "$seed" 4000 8 -r 0
check "without filetype, random operations" random_ops 2048 "$seed" 4000 8 -O ^filetype,^sparse_super,^resize_inode
check "an indexed directory stays right when it changes" indexed_directory
check "extended attribute blocks are freed with their file" extended_attributes
check "the flags of inodes are kept" inode_flags
check "a disk without a superblock is refused" refuses_bytes "magic" 1080 'xx'
check "a filesystem larger than the disk is refused" refuses_bytes "larger than the disk" 1030 '\1'
check "an unknown revision is refused" refuses_bytes "revision 7" 1100 '\7'
check "an unknown feature is refused by its number" refuses_bytes "unsupported feature 0x800000" 1122 '\200'
check "extents are refused by name" refuses "unsupported feature extent" -t ext4 -O ^flex_bg,^64bit
check "checksums allow only reading" refuses "metadata_csum allows only" -t ext2 -O metadata_csum
echo "1..$count"
exit $failed
