# SPDX-License-Identifier: MIT
"""Types at the shell of a booted Atlas through a pseudo-terminal and looks at what the screen shows."""
import os
import sys
import tempfile

import screen as terminal

PROMPT = r"\$ $"
UP = r"\nup\r\n"  # a program says so when it is in front


def main():
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        disk = os.path.join(folder, "disk.img")
        screen = terminal.boot(disk, PROMPT, *sys.argv[1:])
        if not screen:
            return
        screen.check("a command is echoed and run", "echo one two\r", r"echo one two\r\n", r"\r\none two\r\n")
        screen.check("backspace erases a character", "echo abd\x7fc\r", r"\r\nabc\r\n")
        screen.check("^W erases a word and ^U the line", "nonsense\x15echo keep drop\x17this\r", r"\r\nkeep this\r\n")
        screen.check("a tab is erased as wide as it was", "echo a\t\x7fb\r", r"\r\nab\r\n")
        screen.type("cat\r", r"cat\r\n")
        screen.check("^D ends the input of a program", "line\r\x04", r"line\r\nline\r\n")
        screen.type("cat\r", r"cat\r\n")
        screen.check("^D in the middle of a line hands over the line", "part\x04\x04", r"partpart")
        screen.type("dd bs=3 count=1 status=none; cat\r", r"cat\r\n")
        screen.check("and is gone with a line as long as was asked for", "abc\x04more\r\x04", r"more\r\n(abc)?more\r\n")
        screen.type("sh -c 'echo up; exec sleep 1000'\r", UP)
        screen.check("^C ends the foreground program", "\x03", r"\^C")
        screen.check("and the shell knows by which signal", "echo status $?\r", r"\r\nstatus 130\r\n")
        screen.type("sh -c 'echo up >&2; exec sleep 1000' | sh -c 'echo up >&2; exec cat'\r", UP + r"up\r\n")
        screen.check("^C ends a whole pipeline", "\x03", r"\^C")
        screen.check("^C at the prompt gives a new one", "half a line\x03", r"\^C")
        screen.type("PS1='$([ -e f ] && rm f && kill -INT $$)$ '; >f\r", r"\$ \r\n\$ $")
        terminal.result(screen.matches((r"\$ \r\n\$ $",)), "and so does one that comes before the shell reads", screen.text)
        screen.check("^V takes the next key as it is", "echo \x16\x03 | hexdump\r", r"0a03")
        screen.type("sh -c 'echo up; exec cat'\r", UP)
        screen.check("^Z stops the foreground program", "\x1a", r"\^Z", r"Stopped")
        screen.type("fg\r", r"cat.\r\n")
        screen.check("and fg sets it going again", "more\r\x04", r"more\r\nmore\r\n")
        screen.type("cat &\r")
        screen.press_and_check("a reader in the background is stopped", "jobs\r", r"Stopped +cat")
        screen.type("fg\r", r"cat\r\n")
        screen.check("until it is in the foreground", "for cat\r\x04", r"for cat\r\nfor cat\r\n")
        screen.check("a program finds job control as on Linux", "/tests/terminals_belong_to_sessions\r",
                     r"terminals belong to sessions\r\n")
        ahead = screen.type("sleep 1\recho ahead\r", r"\$ ahead\r\n")
        terminal.result(ahead and screen.wait_for(), "typing ahead is kept until its turn comes", screen.text)
        screen.type("nosuch\r")
        screen.type("exit\r")  # with the status of the command before, 127
        screen.check("after exit there is a new shell", "echo again\r", r"\r\nagain\r\n")
        screen.check("what is on the disk stays there", "echo kept >/home/kept; cat /home/kept\r", r"\r\nkept\r\n")
        terminal.power_off(screen, disk)


main()
terminal.end()
