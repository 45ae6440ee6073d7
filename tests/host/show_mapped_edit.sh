#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A store into a MAP_SHARED page is in the file on the disk afterwards, and the disk is clean: the whole way from the
# mapping to debugfs, on every block size, on one and on four CPUs. Two processes see each other's stores at once.
set -u
. tests/host/bad_input.bash
begin show_mapped_edit

text() { debugfs -R "cat $1" "$work/disk.img" 2>/dev/null; }
clean() { e2fsck -fn "$work/disk.img" >"$work/fsck" 2>&1 || { sed 's/^/# /' "$work/fsck"; false; }; }
edited() { ended 0 && [ "$(text /home/note)" = "an atlas is a book of MAPS" ]; }

echo "an atlas is a book of maps" >"$work/note"
for machine in "4096 1" "2048 4" "1024 1" "1024 4"; do
	read -r block cpus <<<"$machine"
	"$root/tools/atlas" mkdisk --disk-size 32M --block-size "$block" "$work/disk.img" "${ATLAS_BUILD:-build}/root"
	boot --disk "$work/disk.img" --cpus "$cpus" --add "$work/note" /demos/mapedit /home/note 22 MAPS
	holds "an edit through MAP_SHARED is on the disk ($block-byte blocks, $cpus CPUs)" edited
	holds "and the disk is clean" clean
done

boot --disk "$work/disk.img" --cpus 4 /demos/twomaps /home/page
cat >"$work/wanted" <<'EOF'
child, shared:  at first           ....
parent, shared: stored P           P...
child, shared:  parent stored P    P...
child, private: the same page still P...
child, private: stored x, own copy Px..
child, shared:  stored S           P.S.
child, private: does not see S     Px..
parent, shared: sees S, not x      P.S.
EOF
holds "two processes see each other's stores at once, a private mapping keeps its own" \
	cmp "$work/wanted" "$work/out"
in_the_file() { [ "$(text /home/page | head -c 4)" = P.S. ] && [ "$(text /home/page | wc -c)" = 4096 ]; }
holds "the shared stores are in the file, the private one is not" in_the_file
holds "and the disk is clean" clean
finish
