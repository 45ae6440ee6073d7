# SPDX-License-Identifier: MIT
"""Debian's Linux, the oracle: fetches its kernel and boots it in the machine that Atlas boots in.

The kernel is that of Debian's package linux-image-amd64, fetched by apt-get into build/linux/ and kept there. User space
is one program, tests/diff/linux_init.c; it makes the disk its root, runs one program and uses the serial lines as Atlas
does, so that the Machine of tools/atlas serves both. For tools/bench and tools/difftest.
"""
import collections
import fcntl
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
BUILD = os.path.abspath(os.environ.get("ATLAS_BUILD", os.path.join(ROOT, "build")))
FOLDER = os.path.join(BUILD, "linux")

PACKAGE = "linux-image-amd64"
# No randomness, no huge pages, no page tables of five levels and no protection keys: what Atlas has not.
ARGUMENTS = ("console=ttyS0 quiet panic=-1 mitigations=off norandmaps nokaslr transparent_hugepage=never vdso=0 "
             "vsyscall=none no5lvl nopku")
# What a Debian kernel needs to mount ext2 from a virtio disk; their dependencies are added.
MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")


class LinuxError(Exception):
    """What the user is told in one sentence."""


class NoLinux(LinuxError):
    """Its package cannot be had here."""


def load_atlas():
    """tools/atlas as a module."""
    path = os.path.join(ROOT, "tools", "atlas")
    loader = importlib.machinery.SourceFileLoader("atlas", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("atlas", loader))
    loader.exec_module(module)
    return module


def command(argv, **options):
    try:
        return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", **options)
    except FileNotFoundError:
        raise LinuxError(f"{argv[0]} is not installed: run tools/setup") from None


def last_line(text):
    return (text.strip().splitlines() or ["no message"])[-1]


def package(note=lambda text: None):
    """(version, folder) with the unpacked package, fetched when it is not there yet."""
    folder = os.path.join(FOLDER, "package")
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "lock"), "w") as lock:  # two may come at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(os.path.join(folder, "boot")):
            fetch(folder, note)
    kernel = next(name for name in os.listdir(os.path.join(folder, "boot")) if name.startswith("vmlinuz-"))
    return kernel.removeprefix("vmlinuz-"), folder


def fetch(folder, note):
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise NoLinux("apt-get and dpkg-deb are not on this system")
    found = re.search(r"Depends: (linux-image-\S+)", command(["apt-cache", "depends", PACKAGE]).stdout)
    if not found:
        raise NoLinux(f"this system's archive has no package {PACKAGE}")
    note(f"fetching {found.group(1)} (once, about 70 MB)")
    partial = folder + ".new"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    done = command(["apt-get", "download", found.group(1)], cwd=partial)
    debs = [name for name in os.listdir(partial) if name.endswith(".deb")]
    if done.returncode or not debs:
        raise NoLinux(f"apt-get download: {last_line(done.stderr)}")
    done = command(["dpkg-deb", "-x", os.path.join(partial, debs[0]), partial])
    if done.returncode:
        raise NoLinux(f"dpkg-deb: {last_line(done.stderr)}")
    os.unlink(os.path.join(partial, debs[0]))
    os.rename(partial, folder)


def module_files(folder, version):
    """Paths of MODULES and all they depend on, each after what it needs."""
    tree = {}
    for here, _, names in os.walk(os.path.join(folder, "lib", "modules", version)):
        for name in names:
            if name.endswith(".ko"):
                tree[name.removesuffix(".ko").replace("-", "_")] = os.path.join(here, name)
    order = []

    def add(name):
        path = tree.get(name)
        if not path or path in order:  # not there: built into the kernel
            return
        with open(path, "rb") as f:
            depends = re.search(rb"\0depends=([^\0]*)\0", f.read())
        for other in depends.group(1).decode().split(",") if depends else ():
            add(other.replace("-", "_"))
        order.append(path)

    for name in MODULES:
        add(name)
    return order


def initial_files(folder, modules):
    """Makes the archive that Linux starts with in `folder`; its file name."""
    init = os.path.join(BUILD, "programs", "diff", "linux_init")
    if not os.path.exists(init):
        raise LinuxError(f"{os.path.relpath(init)} is not there: run `make` first")
    root, archive = os.path.join(folder, "initial"), os.path.join(folder, "initial.cpio")
    os.makedirs(os.path.join(root, "modules"))
    shutil.copy(init, os.path.join(root, "init"))
    for index, path in enumerate(modules):
        shutil.copyfile(path, os.path.join(root, "modules", str(index)))
    done = command(["sh", "-c", 'cd "$1" && find . | cpio -o -H newc --quiet > "$2"', "sh", root, archive])
    if done.returncode:
        raise LinuxError(f"cpio: {last_line(done.stderr)}")
    return archive


def machine_arguments(atlas, options, folder, disk, program, note=lambda text: None):
    """As tools/atlas's, for a machine with Linux that runs `program` in options.cwd; options are those of its `run`."""
    for word in program:
        if not re.fullmatch(r"[^\s\"]+", word):
            raise LinuxError(f"{word!r}: a boot line cannot carry this")
    version, tree = package(note)
    kernel = os.path.join(tree, "boot", "vmlinuz-" + version)
    archive = initial_files(folder, module_files(tree, version))
    options.kernel, options.boot = kernel, "pvh"
    append = " ".join([ARGUMENTS] + ([options.append] if options.append else []) +
                      ["--", options.cwd or "/"] + list(program))
    if len(append) >= 2048:
        raise LinuxError("the arguments are too long for Linux's boot line")
    argv = atlas.machine_arguments(options, folder, disk, append)
    argv[argv.index("-initrd") + 1] = archive
    return argv


Run = collections.namedtuple("Run", "status trouble output log")


def run_program(atlas, arguments, words, seconds, on_linux, note=lambda text: None):
    """Boots a machine with the `run` options `arguments`, on Linux or on Atlas, for one program; what came of it."""
    options = atlas.parse_options(["run", *arguments, "--", *words])
    output, log = [], []
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        disk = atlas.prepare_disk(options, folder)
        if on_linux:
            argv = machine_arguments(atlas, options, folder, disk, words, note)
        else:
            argv = atlas.machine_arguments(options, folder, disk, atlas.run_append(options, list(words)))
        machine = atlas.Machine(argv, folder, log.append, output.append, log.append, None)
        try:
            in_time = machine.wait(seconds)
        finally:
            if machine.qemu.poll() is None:
                machine.kill()
    output, log = (b"".join(part).decode(errors="replace") for part in (output, log))
    if not in_time:
        return Run(atlas.STATUS_TIMEOUT, f"no end within {seconds} seconds", output, log)
    return Run(*atlas.machine_status(machine), output, log)


def release(version):
    found = re.match(r"\d+\.\d+", version)
    return "Linux " + (found.group() if found else version)
