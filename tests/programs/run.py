# SPDX-License-Identifier: MIT
"""Programs that nobody here wrote, on Atlas and on the Linux that runs this script: they must print the same.

    run.py compare [OPTION...] [NAME...]     the scripts of `shell`, and the C and C++ programs beside this file
    run.py databases [OPTION...] [NAME...]   lmdb.c and sqlite.c, whose files are read again after a power-off

Options are those of `tools/atlas run` (--checked, --cpus=4). NAME.sh in `shell` is a script for busybox's shell; if
there is a NAME.want beside it, that is what it prints in Atlas, and Linux is not asked. NAME.glibc, NAME.musl and
NAME.g++ are NAME.c or NAME.cc, linked statically. busybox, the libraries, LMDB and SQLite are those of Debian, which
tools/setup installs.
"""
import collections
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("ATLAS_BUILD", os.path.join(ROOT, "build"))
# The programs of Debian that the scripts use: these, and busybox under each name it has.
BINARIES = {"busybox": "/bin/busybox", "bash": "/bin/bash-static", "zsh": "/bin/zsh-static", "sash": "/bin/sash",
            "e2fsck": "/sbin/e2fsck.static", "dar": "/usr/bin/dar_static"}
# These come with their shared libraries, and with the folders they read.
DYNAMIC = ("as", "file", "fio", "gcc", "git", "ld", "make", "mdb_copy", "mdb_dump", "mdb_load", "mdb_stat", "memtester", "mawk", "perl",
           "pigz", "python3.11", "sqlite3", "stress-ng", "tcc", "xz", "zstd")
COMPILER = "/usr/lib/gcc/x86_64-linux-gnu/12/"
MODULES = "/usr/lib/python3.11"
# What Python's modules and gcc load by themselves.
DYNAMIC_LIBRARIES = [COMPILER + "cc1", COMPILER + "collect2"] + [MODULES + f"/lib-dynload/{name}.cpython-311-x86_64-linux-gnu.so" for name in (
    "_asyncio", "_contextvars", "_ctypes", "_hashlib", "_json", "_multiprocessing", "_posixshmem", "_queue", "_ssl", "mmap")]
DYNAMIC_FILES = ("/usr/lib/x86_64-linux-gnu/perl-base", "/usr/lib/x86_64-linux-gnu/tcc",
                 "/usr/lib/file/magic.mgc", "/usr/share/misc/magic.mgc", "/usr/lib/x86_64-linux-gnu/crt1.o",
                 "/usr/lib/x86_64-linux-gnu/crti.o", "/usr/lib/x86_64-linux-gnu/crtn.o", "/usr/lib/x86_64-linux-gnu/libc.so",
                 "/usr/lib/x86_64-linux-gnu/libc_nonshared.a", "/usr/lib/x86_64-linux-gnu/Scrt1.o",
                 "/usr/include/stdc-predef.h", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                 *(COMPILER + name for name in ("crtbeginS.o", "crtendS.o", "libgcc.a", "libgcc_s.so", "liblto_plugin.so")))
LOCALE = "/usr/lib/locale/C.utf8"
SESSION_SECONDS = 1500
DISK_SIZE = 512 << 20
NO_MODULES = shutil.ignore_patterns("test", "config-*", "lib-dynload", "idlelib", "lib2to3", "ensurepip", "__pycache__", "*.exe")
C_PROGRAMS = ("memory", "processes", "stdio", "text", "threads")
DATABASES = (("lmdb", ""), ("lmdb", "writemap"), ("sqlite", "delete"), ("sqlite", "wal"))
LINKERS = {
    "glibc": (["gcc", "-static"], ["-lm", "-lpthread"]),
    "musl": (["musl-gcc", "-static"], ["-lm"]),
    "g++": (["g++", "-std=c++17", "-static"], []),
    "lmdb": (["gcc", "-static"], ["-llmdb", "-lpthread"]),
    "sqlite": (["gcc", "-static"], ["-lsqlite3", "-lm", "-lpthread"]),
}
# The linker warns that SQLite's dlopen will not work in a static program.
LINKER_NOISE = re.compile(r"statically linked applications|in function `unixDlOpen'")
# A look into the password file asks for a socket first; ENOSYS is the answer of a Linux without a network. libnuma asks
# whether there are nodes of memory.
BAD_LOG = re.compile(r"panic|kernel fault|UBSan|audit: |(?<!\(socket\))(?<!\(get_mempolicy\)) does not exist here")

# command: its words in Atlas; expected: what it prints, its status in the last line.
Case = collections.namedtuple("Case", "name command expected")


class Tap:
    def __init__(self):
        self.number = self.failed = 0

    def result(self, good, name, lines=()):
        self.number += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.number} - {name}", flush=True)
        for line in () if good else lines:
            print("# " + line, flush=True)


def give_up(text):
    print(f"not ok 1 - {text}")
    sys.exit(1)


class Bench:
    """A folder with what Atlas gets on its disk (bb, cases), and that disk."""

    def __init__(self, path):
        self.path, self.disk = path, path + "/disk.img"
        for name in "bb", "applets", "cases":
            os.mkdir(f"{path}/{name}")
        subprocess.run([BINARIES["busybox"], "--install", "-s", path + "/applets"], check=True)
        for name, source in BINARIES.items():
            if not os.path.exists(source):
                give_up(f"{source} is missing: run tools/setup test")
            shutil.copy(source, f"{path}/bb/{name}")
            if name != "busybox":
                os.symlink(source, f"{path}/applets/{name}")
        self.add_dynamic()
        subprocess.run(["cp", "--sparse=always", os.path.join(BUILD, "disk.img"), self.disk], check=True)
        os.truncate(self.disk, DISK_SIZE)
        subprocess.run(["resize2fs", "-f", self.disk], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def add_dynamic(self):
        """The programs with libraries, in bb, and all that they read, below `tree` by its own path."""
        for name in DYNAMIC:
            source = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
            if not source:
                give_up(f"{name} is missing: run tools/setup test")
            shutil.copy(source, f"{self.path}/bb/{name}")
            if os.path.lexists(f"{self.path}/applets/{name}"):  # busybox has a smaller one
                os.unlink(f"{self.path}/applets/{name}")
            os.symlink(source, f"{self.path}/applets/{name}")
            self.put_libraries(source)
        for path in DYNAMIC_LIBRARIES:
            self.put(path)
            self.put_libraries(path)
        for path in DYNAMIC_FILES:
            self.put(path)
        shutil.copytree(MODULES, self.path + "/tree" + MODULES, dirs_exist_ok=True, ignore=NO_MODULES)
        os.makedirs(self.path + "/tree/usr/lib/git-core")
        for name in "git", "git-upload-pack":
            os.symlink("/bb/git", self.path + "/tree/usr/lib/git-core/" + name)

    def put_libraries(self, source):
        needs = subprocess.run(["ldd", source], stdout=subprocess.PIPE, text=True, check=True).stdout
        for path in re.findall(r"(/\S+) \(0x", needs):
            self.put(path)

    def put(self, path):
        target = f"{self.path}/tree{path}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(path):
            shutil.copytree(path, target)
        elif not os.path.exists(target):
            shutil.copy(path, target)

    def compile(self, name, linker, source):
        command, libraries = LINKERS[linker]
        done = subprocess.run([*command, "-O2", "-Wall", "-Wextra", "-o", f"{self.path}/cases/{name}",
                               os.path.join(HERE, source), *libraries],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        said = [line for line in done.stdout.splitlines() if not LINKER_NOISE.search(line)]
        if done.returncode or said:
            give_up(f"{source} does not compile with {command[0]}: {' / '.join(said)}")

    def on_linux(self, *command):
        """What the command prints on this machine in an empty folder; its programs are busybox's."""
        with tempfile.TemporaryDirectory(prefix="atlas-") as cwd:
            done = subprocess.run(["timeout", "-s", "KILL", "600", "env", "-i", f"PATH={self.path}/applets", "HOME=/", *command],
                                  cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  umask=0o022, check=False)
        return done.stdout.decode(errors="replace") + f"status {done.returncode}\n"

    def script(self, name):
        source, want = (f"{self.path}/cases/{name}{end}" for end in (".sh", ".want"))
        if os.path.exists(want):
            with open(want, encoding="utf-8") as f:
                return Case(name, f"ash /cases/{name}.sh", f.read() + "status 0\n")
        return Case(name, f"ash /cases/{name}.sh", self.on_linux("ash", source))

    def program(self, name, linker, source):
        self.compile(name, linker, source)
        return Case(name, "/cases/" + name, self.on_linux(f"{self.path}/cases/{name}"))

    def run(self, tap, options, cases):
        """Boots, runs the cases one after the other, and compares; then looks at the log and at the disk."""
        with open(self.path + "/cases/list", "w", encoding="utf-8") as f:
            f.writelines(f"{case.name} {case.command}\n" for case in cases)
        shutil.copy(os.path.join(HERE, "session.sh"), self.path + "/cases")
        done = subprocess.run([os.path.join(ROOT, "tools", "atlas"), "run", "--disk", self.disk, "--log", self.path + "/log",
                               "--timeout", str(SESSION_SECONDS), "--add", self.path + "/bb:/bb",
                               "--add", self.path + "/cases:/cases", "--add", f"{LOCALE}:{LOCALE}",
                               *(f"--add={self.path}/tree/{name}:/{name}" for name in os.listdir(self.path + "/tree")), *options,
                               "/bb/busybox", "ash", "/cases/session.sh"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        output = done.stdout.decode(errors="replace")
        with open(self.path + "/log", encoding="utf-8", errors="replace") as f:
            log = f.read()
        for case in cases:
            found = re.search(rf"^=== begin {re.escape(case.name)}\n(.*?)=== end {re.escape(case.name)} (\d+)\n", output,
                              re.MULTILINE | re.DOTALL)
            got = found.group(1) + f"status {found.group(2)}\n" if found else ""
            tap.result(got == case.expected, case.name,
                       difflib.unified_diff(case.expected.splitlines(), got.splitlines(), "Linux", "Atlas", n=1, lineterm=""))
        errors = done.stderr.decode(errors="replace")
        tap.result(done.returncode == 0 and not BAD_LOG.search(log), "the session ends, and no call was missing",
                   [f"status {done.returncode}"] + log.splitlines()[-30:] + errors.splitlines()[-10:])
        done = subprocess.run(["e2fsck", "-fn", self.disk], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        tap.result(done.returncode == 0, "e2fsck finds the disk clean", done.stdout.splitlines())


def compare(tap, bench, options, chosen):
    shutil.copytree(os.path.join(HERE, "shell"), bench.path + "/cases", dirs_exist_ok=True)
    scripts = sorted(name[:-3] for name in os.listdir(bench.path + "/cases") if name.endswith(".sh"))
    cases = [bench.script(name) for name in scripts if chosen(name)]
    programs = [(f"{name}.{linker}", linker, name + ".c") for name in C_PROGRAMS for linker in ("glibc", "musl")]
    programs.append(("objects.g++", "g++", "objects.cc"))
    cases += [bench.program(*program) for program in programs if chosen(program[0])]
    bench.run(tap, options, cases)


def databases(tap, bench, options, chosen):
    write, check = [], []
    for name, mode in DATABASES:
        if not chosen(name):
            continue
        bench.compile(name, name, name + ".c")
        words = " ".join([name, mode]).split()
        expected = bench.on_linux(f"{bench.path}/cases/{name}", *words[1:], "write")
        write.append(Case(".".join(words), f"/cases/{' '.join(words)} write", expected))
        check.append(Case(".".join(words), f"/cases/{' '.join(words)} check", "\n".join(expected.split("\n")[-3:])))
    bench.run(tap, options, write)
    bench.run(tap, options, check)


def main():
    what = {"compare": compare, "databases": databases}[sys.argv[1]]
    options = [word for word in sys.argv[2:] if word.startswith("-")]
    names = [word for word in sys.argv[2:] if not word.startswith("-")]
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="atlas-") as path:
        what(tap, Bench(path), options, lambda name: not names or name in names)
    sys.exit(tap.failed > 0)


os.environ["PATH"] += ":/usr/sbin:/sbin"
main()
