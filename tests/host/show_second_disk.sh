#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A second disk is mounted, written, unmounted, mounted again, and left mounted at power-off: e2fsck finds nothing wrong, and the
# files are there. What cannot be mounted says so.
set -u
. tests/host/bad_input.bash || exit 1
begin show_second_disk

text() { debugfs -R "cat $1" "$work/${2:-second}" 2>/dev/null; }
clean() { e2fsck -fn "$1" >"$work/fsck" 2>&1 || { sed 's/^/# /' "$work/fsck"; false; }; }
unmounted() { dumpe2fs -h "$1" 2>/dev/null | grep -q 'state: *clean$'; }
mounted() { grep -c " $1 ext2 $2," "$work/out"; }

mke2fs -q -F -t ext2 -b 1024 "$work/second" 16M
echo old >"$work/kept"
printf '%s\n' "write $work/kept kept" "sif kept flags 0x10" "write $work/kept grows" "sif grows flags 0x20" \
	"write $work/kept seen" "sif seen atime 1000" "sif seen mtime 2000" "sif seen ctime 2000" >"$work/commands"
debugfs -w -f "$work/commands" "$work/second" >/dev/null 2>&1
head -c 1048576 /dev/urandom >"$work/empty"
mke2fs -q -F -t ext2 -b 1024 "$work/third" 4M
boot --disk2 "$work/second" --disk2 "$work/empty" --disk2 "$work/third" /bin/sh -c '
	mount /dev/vdb /mnt && echo first >/mnt/a && mkdir /mnt/d && cat /mnt/a && cat /proc/mounts
	ln /mnt/a /home/a; mount /dev/vdb /home
	cd /mnt/d; umount /mnt; cd /
	umount /mnt && ls /mnt | wc -l
	mount -r /dev/vdb /mnt && cat /proc/mounts && touch /mnt/new; umount /mnt
	mount /dev/vdb /mnt && cat /mnt/a && echo second >/mnt/d/b
	echo new >/mnt/kept; rm -f /mnt/kept; echo new >/mnt/grows; rm -f /mnt/grows; echo new >>/mnt/grows
	exec 3>>/mnt/a; mount -o remount,ro /mnt; exec 3>&-; mount -o remount,ro /mnt && touch /mnt/new; mount -o remount,rw /mnt
	cp /bin/ls /mnt/d/ls && cmp /bin/ls /mnt/d/ls
	umount /mnt; mount -o noexec,noatime /dev/vdb /mnt; grep noexec,noatime /proc/mounts; /mnt/d/ls; umount /mnt
	mkdir "/home/my disk"; mount /dev/vdb "/home/my disk"; cat "/home/my disk/seen"; mount | grep "on /home/my disk type ext2"
	mount /dev/vdc /home; mount /dev/vdx /home; mount /dev/null /home; umount /home
	mkdir /home/x; mount /dev/vdd /mnt & mount /dev/vdd /home/x & wait; echo at once: $(grep -c vdd /proc/mounts); umount /mnt /home/x
	ps | grep -cE "(disk|ext2) [0-9]"
	mount /dev/vdd /mnt; exec 3>/mnt/early 4>/mnt/late; umount -l /mnt; echo early >&3; exec 3>&-
	echo late >&4; sleep 1000 &'
holds "the program ends well" ended 0
holds "it is mounted and shown, read-only too" test "$(mounted /mnt rw)$(mounted /mnt ro)" = 21
holds "what was written is read after another mount" test "$(grep -c first "$work/out")" = 2
for what in "/mnt/kept.*[Nn]ot permitted" "/mnt/grows.*[Nn]ot permitted" "ln: .*[Cc]ross-device" "/dev/vdb on /home: Device or resource busy" "umount: /mnt: Device or resource busy" \
	"'/mnt/new': Read-only file system" "remount on /mnt: Device or resource busy" "/dev/vdc on /home: Invalid argument" \
	"/mnt/d/ls.*Permission denied" "/dev/vdx on /home: No such file" "/dev/null on /home: Block device required" "umount: /home: Invalid argument"; do
	holds "said: $what" logged "$what"
done
holds "the servers of a disk that could not be mounted have ended" test "$(tail -1 "$work/out")" = 4
holds "the second disk is clean" clean "$work/second"
holds "and was unmounted, from a folder with a blank in its name too" unmounted "$work/second"
holds "which mount shows as it is" grep -q "^/dev/vdb on /home/my disk type ext2 (rw" "$work/out"
holds "its files are on it" test "$(text /a)$(text /d/b)" = "firstsecond"
holds "of two who mount a disk at once one succeeds" grep -q "^at once: 1$" "$work/out"
holds "a disk left lazily is clean, though a process was using it" clean "$work/third"
holds "it was unmounted" unmounted "$work/third"
holds "and what was written when it had no name any more is there" \
	test "$(text /early third)$(text /late third)" = earlylate
holds "and so is the time when one was read" test "$(debugfs -R "stat /seen" "$work/second" 2>/dev/null | grep -c "[am]time: 0x00000\(3e8\|7d0\)")" = 1
holds "flags of a mount are the disk's too" grep -q "/dev/vdb /mnt ext2 rw,noexec,noatime" "$work/out"
holds "an immutable file and an append-only one were left alone" test "$(text /kept)$(text /grows)" = "oldold"$'\n'new
finish
