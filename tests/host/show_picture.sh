#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A program draws by storing into a mapping of /dev/fb0, and what QEMU shows on its screen is, pixel by pixel, what the
# program computed: on a machine with each of the displays the driver knows. And the framebuffer's calls, errors and end.
set -u
. tests/host/bad_input.bash || exit 1
begin show_picture

# screenshot SOCKET FILE: by QEMU's monitor (QMP), as a PPM.
screenshot() {
	python3 - "$1" "$2" <<-'END'
		import json, socket, sys
		with socket.socket(socket.AF_UNIX) as s:
		    s.connect(sys.argv[1])
		    lines = s.makefile("rw")
		    def ask(name, **arguments):
		        lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
		        lines.flush()
		        while "event" in (answer := json.loads(lines.readline())):
		            pass
		        return answer
		    lines.readline()  # the greeting
		    ask("qmp_capabilities")
		    sys.exit("error" in ask("screendump", filename=sys.argv[2]))
	END
}

# draw ARGUMENT...: runs the demo until it has drawn, takes the picture, lets it end.
draw() {
	rm -f "$work/screen.ppm" "$work/drawn.ppm" "$work/qmp"
	mkfifo "$work/keys"
	timeout 1200 "$root/tools/atlas" run --timeout 300 --display none --qemu-args "-qmp unix:$work/qmp,server=on,wait=off" \
		--get /home/drawn.ppm:"$work/drawn.ppm" "$@" >"$work/out" 2>"$work/log" <"$work/keys" &
	machine=$!
	exec 9>"$work/keys"
	until printed "pixels drawn" || ! kill -0 "$machine"; do sleep 0.1; done
	screenshot "$work/qmp" "$work/screen.ppm"
	exec 9>&-
	wait "$machine"
	status=$?
	rm "$work/keys"
}
same_picture() { ended 0 && printed "^$1 pixels drawn" && cmp "$work/screen.ppm" "$work/drawn.ppm"; }

for cpus in 1 4; do
	draw --cpus "$cpus" /demos/picture -o /home/drawn.ppm
	holds "the screen shows what was computed ($cpus CPUs)" same_picture "1024 by 768"
done
# An ordinary VGA, which --display does not give: by hand.
draw --append display=1 --qemu-args "-qmp unix:$work/qmp,server=on,wait=off -device VGA" --display "" \
	/demos/picture -o /home/drawn.ppm 7
holds "and on a standard VGA" same_picture "1024 by 768"

no_screen() { [ "$status" -eq 1 ] && logged "/dev/fb0 .*No such file"; }
boot /demos/picture
holds "without a screen the demo says so" no_screen
boot --append display=1 /bin/true
no_driver() { ended 0 && logged "fb: the machine has no display" && logged "init: no display"; }
holds "a display that is not there does not keep the machine from starting" no_driver
for machine in "1 " "4 --checked"; do
	read -r cpus checked <<<"$machine"
	boot --display none --cpus "$cpus" $checked /tests/a_screen_is_memory
	holds "a screen is memory ($machine)" ended 0
done
finish
