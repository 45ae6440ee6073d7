# SPDX-License-Identifier: MIT
# For file_exerciser.sh and long_file_exerciser.sh: tests/user/file_exerciser on a disk of its own, which is read afterwards.
. tests/host/bad_input.bash

# exercise SEED COUNT BLOCK-SIZE OPTION...: what the program left as /home/file is its copy of what should be there, byte for
# byte, by debugfs and by the file's length; e2fsck has nothing to say.
exercise() {
	local seed=$1 count=$2 block=$3
	shift 3
	"$root/tools/atlas" mkdisk --disk-size 32M --block-size "$block" "$work/disk.img" "${ATLAS_BUILD:-build}/root"
	boot --timeout 600 --disk "$work/disk.img" "$@" /tests/file_exerciser "$seed" "$count" /home/file /home/shadow
	holds "$count operations, seed $seed, $block-byte blocks${*:+, $*}: every view shows the same bytes" ended 0
	holds "and so does the disk, which is clean" same_on_disk
}

same_on_disk() {
	local name
	for name in file shadow; do
		debugfs -R "dump /home/$name $work/$name" "$work/disk.img" 2>/dev/null
	done
	cmp "$work/file" "$work/shadow" && e2fsck -fn "$work/disk.img" >"$work/fsck" 2>&1 || { sed 's/^/# /' "$work/fsck"; false; }
}
