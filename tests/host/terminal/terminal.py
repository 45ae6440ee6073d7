# SPDX-License-Identifier: MIT
"""Types at the shell of a booted Atlas through a pseudo-terminal and looks at what the screen shows."""
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import tty

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.environ.get("ATLAS_BUILD", os.path.join(ROOT, "build"))
PROMPT = r"\$ $"
SECONDS = 60

number = failures = 0


def result(good, name, screen=""):
    global number, failures
    number += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
    if not good:
        print("the screen showed: " + repr(screen[-1000:]), flush=True)


class Screen:
    def __init__(self, *options):
        self.master, terminal = pty.openpty()
        tty.setraw(terminal)
        self.process = subprocess.Popen([os.path.join(ROOT, "tools", "atlas"), "shell", *options], stdin=terminal,
                                        stdout=terminal, stderr=terminal, start_new_session=True)
        os.close(terminal)
        self.text = ""

    def wait_for(self, pattern):
        """Collects output until it matches; what was there before the last keys is not looked at."""
        deadline = time.monotonic() + SECONDS
        while not re.search(pattern, self.text):
            if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
                return False
            try:
                data = os.read(self.master, 4096)
            except OSError:
                return bool(re.search(pattern, self.text))
            # QEMU leaves output processing on at our end, so "\r\n" arrives with another "\r".
            self.text = (self.text + data.decode(errors="replace")).replace("\r\r\n", "\r\n")
        return True

    def type(self, keys, pattern=PROMPT):
        self.text = ""
        os.write(self.master, keys.encode())
        return self.wait_for(pattern)

    def check(self, name, keys, *patterns):
        """Types, waits for the next prompt, and looks for the patterns in what came."""
        prompt = self.type(keys)
        result(prompt and all(re.search(p, self.text) for p in patterns), name, self.text)


def main():
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        disk = os.path.join(folder, "disk.img")
        subprocess.run(["cp", "--sparse=always", os.path.join(BUILD, "disk.img"), disk], check=True)
        screen = Screen("--disk", disk, *sys.argv[1:])
        booted = screen.wait_for(PROMPT)
        result(booted, "the machine comes to a shell prompt", screen.text)
        if not booted:
            screen.process.kill()
            return
        screen.check("a command is echoed and run", "echo one two\r", r"echo one two\r\n", r"\r\none two\r\n")
        screen.check("backspace erases a character", "echo abd\x7fc\r", r"\r\nabc\r\n")
        screen.check("^W erases a word and ^U the line", "nonsense\x15echo keep drop\x17this\r", r"\r\nkeep this\r\n")
        screen.check("a tab is erased as wide as it was", "echo a\t\x7fb\r", r"\r\nab\r\n")
        screen.type("cat\r", r"cat\r\n")
        screen.check("^D ends the input of a program", "line\r\x04", r"line\r\nline\r\n")
        screen.type("cat\r", r"cat\r\n")
        screen.check("^D in the middle of a line hands over the line", "part\x04\x04", r"partpart")
        screen.type("sleep 1000\r", r"sleep 1000\r\n")
        time.sleep(0.5)
        screen.check("^C ends the foreground program", "\x03", r"\^C")
        screen.check("and the shell knows by which signal", "echo status $?\r", r"\r\nstatus 130\r\n")
        screen.type("sleep 1000 | cat\r", r"cat\r\n")
        time.sleep(0.5)
        screen.check("^C ends a whole pipeline", "\x03", r"\^C")
        screen.check("^C at the prompt gives a new one", "half a line\x03", r"\^C")
        screen.check("^V takes the next key as it is", "echo \x16\x03 | hexdump\r", r"0a03")
        screen.type("cat\r", r"cat\r\n")
        time.sleep(0.5)
        screen.check("^Z stops the foreground program", "\x1a", r"\^Z", r"Stopped")
        screen.type("fg\r", r"cat\r\n")
        screen.check("and fg sets it going again", "more\r\x04", r"more\r\nmore\r\n")
        screen.type("cat &\r")
        time.sleep(0.5)
        screen.check("a reader in the background is stopped", "jobs\r", r"Stopped +cat")
        screen.type("fg\r", r"cat\r\n")
        screen.check("until it is in the foreground", "for cat\r\x04", r"for cat\r\nfor cat\r\n")
        screen.check("a program finds job control as on Linux", "/tests/terminals_belong_to_sessions\r",
                     r"terminals belong to sessions\r\n")
        ahead = screen.type("sleep 1\recho ahead\r", r"\$ ahead\r\n")
        result(ahead and screen.wait_for(PROMPT), "typing ahead is kept until its turn comes", screen.text)
        screen.type("nosuch\r")
        screen.type("exit\r")  # with the status of the command before, 127
        screen.check("after exit there is a new shell", "echo again\r", r"\r\nagain\r\n")
        screen.type("echo kept >/home/kept; poweroff\r", r"power off")
        try:
            status = screen.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            screen.process.kill()
            status = -1
        result(status == 0, "poweroff ends the machine", screen.text)
        fsck = subprocess.run(["e2fsck", "-fn", disk], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        result(fsck.returncode == 0, "and leaves a clean disk", fsck.stdout)


os.environ["PATH"] += ":/usr/sbin:/sbin"
main()
sys.exit(failures > 0)
