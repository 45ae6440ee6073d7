#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A file of 100 MiB is changed through one mapping, a byte in every page, on a machine of 64 MiB: pages must leave memory
# while others are dirtied, and every one of them must be right on the disk.
set -u
. tests/host/bad_input.bash
begin long_show_big_file

cat >"$work/sweep.c" <<'EOF'
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char mark(off_t at) { return 'A' + at / 4096 % 26; }

int main(int argc, char **argv)
{
	struct stat st;
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "open");
	char *p = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	for (off_t at = 0; at < st.st_size; at += 4096)
		p[at] = mark(at);
	if (msync(p, st.st_size, MS_SYNC) < 0)
		err(1, "msync");
	for (off_t at = 0; at < st.st_size; at += 4096) {
		if (p[at] != mark(at))
			errx(1, "the store at %lld is lost", (long long)at);
	}
	return 0;
}
EOF
"$root/tools/atlas-cc" -O2 -Wall -Werror -o "$work/sweep" "$work/sweep.c" || exit 1

right() {
	debugfs -R "dump /home/big $work/after" "$work/disk.img" 2>/dev/null
	python3 - "$work/big" "$work/after" <<-'EOF'
		import sys
		wanted = bytearray(open(sys.argv[1], "rb").read())
		for at in range(0, len(wanted), 4096):
		    wanted[at] = ord("A") + at // 4096 % 26
		sys.exit(open(sys.argv[2], "rb").read() != wanted)
	EOF
}
clean() { e2fsck -fn "$work/disk.img" >"$work/fsck" 2>&1 || { sed 's/^/# /' "$work/fsck"; false; }; }

head -c 100M /dev/urandom >"$work/big"
for machine in "4096 1" "1024 4"; do
	read -r block cpus <<<"$machine"
	"$root/tools/atlas" mkdisk --disk-size 160M --block-size "$block" "$work/disk.img" "${ATLAS_BUILD:-build}/root"
	boot --disk "$work/disk.img" --cpus "$cpus" --memory 64M --add "$work/big" --add "$work/sweep" \
		/home/sweep /home/big
	holds "every page of 100 MiB is changed in 64 MiB ($block-byte blocks, $cpus CPUs)" ended 0
	holds "and every change, and nothing else, is on the disk" right
	holds "and the disk is clean" clean
done
finish
