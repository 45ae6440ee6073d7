#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The GRUB image that `make iso` makes boots on BIOS and on UEFI, on one and on four CPUs: to the shell prompt, on a
# machine started without tools/atlas, and under tools/atlas run with streams that hold the program's bytes only.
set -u
. tests/host/bad_input.bash
begin long_boot_images
command -v grub-mkrescue >/dev/null || { echo "ok 1 - boots by GRUB # SKIP grub-mkrescue is not installed"; exit 0; }

head -c 3000 /dev/urandom >"$work/bytes"
exact() { ended 0 && cmp "$work/bytes" "$work/out" && [ ! -s "$work/errors" ]; }
for way in bios uefi; do
	for cpus in 1 4; do
		timeout 1200 "$root/tools/atlas" run --boot $way --cpus $cpus --timeout 120 --log "$work/log" \
			/bin/cat <"$work/bytes" >"$work/out" 2>"$work/errors"
		status=$?
		holds "by $way on $cpus CPUs the streams are the program's alone" exact
	done
done

"$root/tools/atlas" mkiso "$work/atlas.iso" || exit 1
prompt() { # firmware-arguments...
	cp --sparse=always "${ATLAS_BUILD:-build}/disk.img" "$work/disk.img"
	timeout 1200 python3 - "$work" "$@" <<-'EOF'
		import re, select, subprocess, sys, time
		work = sys.argv[1]
		machine = subprocess.Popen(
		    ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-machine", "q35",
		     "-m", "256", "-smp", "2", "-accel", "tcg", "-cdrom", work + "/atlas.iso", "-serial", "stdio",
		     "-drive", f"file={work}/disk.img,format=raw,if=none,id=d0",
		     "-device", "virtio-blk-pci,drive=d0,disable-legacy=on"] + sys.argv[2:],
		    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
		screen, typed, end = b"", 0, time.monotonic() + 1000
		keys = [b"echo the sum is $((40 + 2))\r", b"poweroff\r"]
		while time.monotonic() < end and select.select([machine.stdout], [], [], 1000)[0]:
		    data = machine.stdout.read1(4096)
		    if not data:
		        break
		    screen += data
		    if typed < len(keys) and len(re.findall(rb"/home \$ ", screen)) > typed:
		        machine.stdin.write(keys[typed])
		        machine.stdin.flush()
		        typed += 1
		open(work + "/log", "wb").write(screen)
		try:
		    machine.wait(300)  # it has no isa-debug-exit: ACPI switches it off
		except subprocess.TimeoutExpired:
		    machine.kill()
		    sys.exit("it does not switch off")
		sys.exit(not re.search(rb"\r\nthe sum is 42\r*\n", screen))
	EOF
}
holds "the image comes to a prompt by BIOS, and poweroff switches the machine off" prompt
for code in /usr/share/OVMF/OVMF_CODE_4M.fd /usr/share/OVMF/OVMF_CODE.fd; do
	[ -e "$code" ] || continue
	cp "${code/CODE/VARS}" "$work/vars.fd"
	holds "the same by UEFI" prompt -drive "if=pflash,format=raw,unit=0,readonly=on,file=$code" \
		-drive "if=pflash,format=raw,unit=1,file=$work/vars.fd"
	break
done
finish
