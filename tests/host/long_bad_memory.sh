#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Memory, descriptors, mappings and disk space that run out: an errno or the end of one process, never of the system.
. tests/host/bad_input.bash
begin long_bad_memory

for ((n = 1; n <= 300; n += n < 24 ? 1 : 13)); do
	options=
	[ $((n % 2)) -eq 0 ] && options=--checked
	boot $options --append "failalloc=$n" sh -c 'cat /etc/passwd >/var/tmp/x; ls / | wc -l; sync; echo alive'
	alive() { [ "$status" -lt 124 ] && no_panic; }
	holds "allocation $n fails $options" alive
done

for options in "" "--checked" "--cpus 4"; do
	for part in memory stack processes descriptors mappings; do
		boot $options --memory 64M --cwd /var/tmp /tests/resources_run_out $part
		survived() { ended 0; }
		holds "$part run out on a machine of 64 MiB $options" survived
	done
	boot $options --memory 64M --cwd /var/tmp /tests/file_larger_than_memory 100
	holds "a file of 100 MiB on a machine of 64 MiB $options" survived
done

image=$work/image
sound() { ended 0 && e2fsck -fn "$image" >"$work/fsck" 2>&1 || { tail -n 5 "$work/fsck" | sed 's/^/# /'; false; }; }
for block in 1024 4096; do
	for options in "" "--checked --cpus 4"; do
		rm -f "$image"
		mke2fs -q -F -t ext2 -b $block -d "${ATLAS_BUILD:-$root/build}/root" "$image" 24M >"$work/mke2fs" 2>&1
		boot $options --disk "$image" --cwd /var/tmp /tests/resources_run_out disk
		holds "the disk is full, blocks of $block bytes $options" sound
	done
done

finish
