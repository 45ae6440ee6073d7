#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Disks that fail (QEMU's blkdebug) and servers that are killed: clients get errors, the rest of the system goes on.
. tests/host/bad_input.bash
begin long_bad_servers

image=$work/image
rules=$work/rules

# A disk with /home/f: 16 pages, page i full of the i-th letter.
prepare() {
	fresh "$image"
	python3 -c 'import sys; sys.stdout.buffer.write(b"".join(bytes([97 + i]) * 4096 for i in range(16)))' >"$work/f"
	debugfs -w -R "write $work/f home/f" "$image" >/dev/null 2>&1
	debugfs -w -R "cd home" "$image" >/dev/null 2>&1
	debugfs -w -f /dev/stdin "$image" >/dev/null 2>&1 <<-EOF
		cd /home
		write $work/f f
	EOF
	read -ra blocks < <(debugfs -R "blocks /home/f" "$image" 2>/dev/null)
}

# boot_failing OPTION... PROG: like boot, on the image and with the error rules on standard input.
boot_failing() {
	cat >"$rules"
	boot --disk none --qemu-args "-drive file=blkdebug:$rules:$image,format=raw,if=none,id=d1 \
		-device virtio-blk-pci,drive=d1,disable-legacy=on" "$@"
}

sound() { e2fsck -fn "$image" >"$work/fsck" 2>&1 || { tail -n 5 "$work/fsck" | sed 's/^/# /'; false; }; }

for options in "" "--checked --cpus 4"; do
	prepare
	boot_failing $options --cwd /var/tmp /tests/disk_errors read /home/f <<-EOF
		[inject-error]
		event = "none"
		iotype = "read"
		sector = "$((blocks[8] * 8 + 2))"
		errno = "5"
	EOF
	told() { ended 0 && logged "input/output error .read" && sound; }
	holds "a sector that cannot be read: EIO and SIGBUS for its page alone $options" told

	prepare
	boot_failing $options /tests/disk_errors write /home/f <<-EOF
		[inject-error]
		event = "none"
		iotype = "write"
		sector = "$((blocks[5] * 8 + 2))"
		errno = "5"
		once = "on"
	EOF
	changed() {
		told_write=$(debugfs -R "cat /home/f" "$image" 2>/dev/null | python3 -c '
import sys
d = sys.stdin.buffer.read()
print(chr(d[5 * 4096]) + chr(d[9 * 4096]) + chr(d[10 * 4096]))')
		[ "$told_write" = XYk ] && ended 0 && logged "input/output error .write" && sound
	}
	holds "a write that fails once: EIO from msync, then the page is written $options" changed

	prepare
	boot_failing $options /tests/disk_errors flush /home/f <<-EOF
		[set-state]
		event = "flush_to_disk"
		state = "1"
		new_state = "2"
		[inject-error]
		event = "flush_to_disk"
		iotype = "flush"
		state = "2"
		errno = "5"
		once = "on"
	EOF
	flushed() { ended 0 && logged "input/output error .flush" && sound; }
	holds "a flush that fails once: EIO from fsync, then none $options" flushed
done

prepare
boot_failing /boot/bin/sh -c 'echo alive' <<-EOF
	[inject-error]
	event = "none"
	iotype = "read"
	sector = "2"
	errno = "5"
EOF
alive() { ended 0 && printed '^alive$' && logged "$1"; }
holds "a superblock that cannot be read" alive "superblock cannot be read"

prepare
boot_failing /boot/bin/sh -c 'echo alive' <<-EOF
	[inject-error]
	event = "none"
	iotype = "write"
	errno = "5"
EOF
holds "a disk whose every write fails" alive "superblock cannot be written"

# ---- servers that are killed ----

for options in "" "--checked --cpus 4"; do
	for server in ext2 disk; do
		prepare
		boot $options --disk "$image" /tests/server_dies $server /home/f
		killed() { ended 0 && logged "server $server was killed by signal 9"; }
		holds "$server is killed: its clients get errors $options" killed
	done
	prepare
	boot $options --disk "$image" sh -c 'echo before; sleep 1; for p in /proc/[0-9]*; do
			case $(cat $p/stat 2>/dev/null) in *"(tty)"*) kill -9 ${p#/proc/};; esac; done
		echo after >/dev/kmsg; sync; cp /home/f /home/g; exit 5'
	tty_died() { ended 5 && logged after && logged "server tty was killed by signal 9" && sound; }
	holds "tty is killed: the program goes on $options" tty_died
done

finish
