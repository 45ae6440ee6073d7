# SPDX-License-Identifier: MIT
"""gdb helpers for Atlas: symbols of the running user program, the current process, its VMAs.

Whenever the machine stops, the symbols of the program that runs on the stopped CPU are loaded from build/programs.
All user programs are linked at the same address, so only one has its symbols loaded at a time.

    atlas-symbols [NAME]   load a program's symbols by hand ("bin/ls", "servers/ext2"); none: drop them
    atlas-break NAME WHERE stop at WHERE (a function, file:line) of this program only: "atlas-break bin/ls main"
    atlas-current          which process and thread the CPU runs
"""
import os

import gdb

PROGRAMS = os.path.join(os.environ.get("ATLAS_BUILD", "build"), "programs")
FOLDERS = ("", "bin", "servers", "demos", "tests")

loaded = None


def current_process():
    """struct proc of the thread on the selected CPU; None in a kernel thread or before there are threads."""
    for register in ("$gs_base", "$k_gs_base"):
        try:
            base = int(gdb.parse_and_eval(register)) & (1 << 64) - 1
            if base >> 63 == 0:
                continue  # the user's; the kernel's is in the other register
            cpu = gdb.Value(base).cast(gdb.lookup_type("struct cpu").pointer())
            process = cpu["current"]["proc"]
            return process.dereference() if int(process) else None
        except gdb.error:
            continue
    return None


def program_file(name):
    for folder in FOLDERS:
        path = os.path.join(PROGRAMS, folder, name)
        if os.path.isfile(path):
            return path
    # The kernel keeps 15 characters of a name.
    for folder in FOLDERS:
        full = os.path.join(PROGRAMS, folder)
        for entry in sorted(os.listdir(full)) if len(name) == 15 and os.path.isdir(full) else ():
            if entry.startswith(name):
                return os.path.join(full, entry)
    return None


def load_symbols(path):
    global loaded
    if path == loaded:
        return
    if loaded:
        gdb.execute(f"remove-symbol-file -a {text_address(loaded)}", to_string=True)
        loaded = None
    if path:
        gdb.execute(f"add-symbol-file {path}", to_string=True)
        loaded = path


def text_address(path):
    for line in gdb.execute("info files", to_string=True).splitlines():
        words = line.split()
        if line.rstrip().endswith(os.path.basename(path)) and ".text" in words:
            return words[0]
        if words[3:5] == ["is", ".text"] and len(words) == 7 and words[6].endswith(path):
            return words[0]
    return "0x401000"


def follow(_event):
    process = current_process()
    if process is not None:
        path = program_file(process["name"].string(errors="replace"))
        if path:
            load_symbols(path)


class Symbols(gdb.Command):
    """atlas-symbols [NAME]: load the symbols of a user program, by its name below build/programs; none: drop them."""

    def __init__(self):
        super().__init__("atlas-symbols", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        path = program_file(argument.strip()) if argument.strip() else None
        if argument.strip() and not path:
            raise gdb.GdbError(f"there is no {argument.strip()} below {PROGRAMS}")
        load_symbols(path)
        print(f"symbols of {path}" if path else "no user symbols")


class ProgramBreakpoint(gdb.Breakpoint):
    """A breakpoint at an address that other programs use as well: it stops in its own only."""

    def __init__(self, name, pc):
        super().__init__(f"*{pc:#x}", gdb.BP_HARDWARE_BREAKPOINT)
        self.name = name[:15]

    def stop(self):
        process = current_process()
        return process is not None and process["name"].string(errors="replace") == self.name


class Break(gdb.Command):
    """atlas-break NAME WHERE: stop at a place in a user program, which need not run yet."""

    def __init__(self):
        super().__init__("atlas-break", gdb.COMMAND_BREAKPOINTS)

    def invoke(self, argument, from_tty):
        words = argument.split()
        if len(words) != 2:
            raise gdb.GdbError("atlas-break NAME WHERE")
        path = program_file(words[0])
        if not path:
            raise gdb.GdbError(f"there is no {words[0]} below {PROGRAMS}")
        load_symbols(path)
        places = [place.pc for place in gdb.decode_line(words[1])[1] or () if place.pc >> 47 == 0]
        if not places:
            raise gdb.GdbError(f"{words[1]} is not in {path}")
        ProgramBreakpoint(os.path.basename(path), places[0])


class Current(gdb.Command):
    """atlas-current: the process that the selected CPU runs."""

    def __init__(self):
        super().__init__("atlas-current", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        process = current_process()
        if process is None:
            print("a kernel thread, or none yet")
        else:
            print(f"{process['name'].string(errors='replace')}, process {int(process['pid'])}")


Symbols()
Break()
Current()
gdb.events.stop.connect(follow)
