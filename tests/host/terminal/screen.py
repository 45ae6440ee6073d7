# SPDX-License-Identifier: MIT
"""A screen with a keyboard: a program behind a pseudo-terminal, at which a test types and looks what is shown.

Booted (the arguments of `tools/atlas shell`), the program is QEMU and its serial line is the terminal of Atlas. What is
typed to a dialogue of `Screen.check` counts until a pattern appears, usually the next prompt; what was shown before the
last keys is not looked at.
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import tty

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.environ.get("ATLAS_BUILD", os.path.join(ROOT, "build"))
SECONDS = float(os.environ.get("SCREEN_SECONDS", 300))

number = failures = 0


def result(good, name, screen=""):
    global number, failures
    number += 1
    failures += not good
    print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
    if not good:
        print("the screen showed: " + repr(screen[-1000:]), flush=True)


class Screen:
    def __init__(self, command, prompt, raw):
        self.prompt, self.raw = prompt, raw
        self.master, terminal = pty.openpty()
        if raw:
            tty.setraw(terminal)
        self.process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
        os.close(terminal)
        self.text = ""

    def matches(self, patterns):
        return all(re.search(pattern, self.text) for pattern in patterns)

    def wait_for(self, *patterns, seconds=SECONDS):
        """Collects output until all the patterns match; without any, until the prompt does."""
        patterns = patterns or (self.prompt,)
        deadline = time.monotonic() + seconds
        while not self.matches(patterns):
            if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
                return False
            try:
                data = os.read(self.master, 4096)
            except OSError:
                return self.matches(patterns)
            # QEMU leaves output processing on at our end, so "\r\n" arrives with another "\r".
            self.text = (self.text + data.decode(errors="replace")).replace("\r\r\n", "\r\n")
        return True

    def encode(self, keys):
        """QEMU takes ^A for itself, and hands over the second of two."""
        return (keys.replace("\x01", "\x01\x01") if self.raw else keys).encode()

    def type(self, keys, *patterns):
        self.text = ""
        os.write(self.master, self.encode(keys))
        return self.wait_for(*patterns)

    def press(self, key, *patterns):
        """Types it again and again until what it does is seen: who it is for may not be in front yet."""
        self.text = ""
        for _ in range(50):
            os.write(self.master, self.encode(key))
            if self.wait_for(*patterns, seconds=SECONDS / 50):
                return True
        return False

    def press_and_check(self, name, key, *patterns):
        result(self.press(key, self.prompt, *patterns), name, self.text)

    def check(self, name, keys, *patterns):
        """Types, and waits for the patterns and the next prompt. A shell also shows its prompt when it redraws a line."""
        result(self.type(keys, self.prompt, *patterns), name, self.text)

    def kill(self):
        """Ends the program and what it started, QEMU for one."""
        os.killpg(self.process.pid, signal.SIGKILL)


def boot(disk, prompt, *options):
    """Atlas, at the prompt of its shell, or None."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    subprocess.run(["cp", "--sparse=always", os.path.join(BUILD, "disk.img"), disk], check=True)
    screen = Screen([os.path.join(ROOT, "tools", "atlas"), "shell", "--disk", disk, *options], prompt, True)
    booted = screen.wait_for()
    result(booted, "the machine comes to a shell prompt", screen.text)
    if not booted:
        screen.kill()
    return screen if booted else None


def power_off(screen, disk):
    """Ends the machine and looks whether that came to a good end."""
    screen.type("poweroff\r", r"power off")
    try:
        status = screen.process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        screen.kill()
        status = -1
    result(status == 0, "poweroff ends the machine", screen.text)
    fsck = subprocess.run(["e2fsck", "-fn", disk], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    result(fsck.returncode == 0, "and leaves a clean disk", fsck.stdout)


def end():
    sys.exit(failures > 0)
