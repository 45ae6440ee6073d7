# SPDX-License-Identifier: MIT
"""Types at programs that nobody here wrote: Debian's busybox (ash, vi, less, more, top) and its bash-static.

    programs.py [OPTION...]    on Atlas, whose serial line is the terminal; options as for `tools/atlas shell`
    programs.py --linux        the same dialogues on the Linux that runs this script, to see that they are right

A dialogue waits for what a program says before it types on: the jobs that get a signal from a key say "up" first, each
process of them, for between fork and exec it ignores what its shell ignores. A shell says which job it puts in front
before it does so: for such a job a key is pressed until it does what it should (Screen.press).
"""
import os
import shutil
import subprocess
import sys
import tempfile

import screen as terminal

PROMPT = r"ready> (\x1b\[6n|\x1b\[K|\x1b\[J|\x1b\[\?2004h)*$"
BUSYBOX, BASH = "/bin/busybox", "/bin/bash-static"
GONE = "while ps -o args | grep -q '^[s]leep 1000'; do sleep 0.1; done; echo no''ne\r"
THEN = r".*ready> (\x1b\[6n)?$"  # behind what must come before the prompt counts
UP = r"\n(\x1b\[\?2004l\r)?up\r\n"
WAITS = "sh -c 'echo up; exec sleep 1000'"
STATUS = "echo status $?\r"


def jobs(s):
    s.check("the terminal has a name and a size", "stty rows 24 cols 80; stty size; tty\r", r"\r\n24 80\r\n",
            r"\r\n/dev/(pts/|tty|console)")
    s.check("stty shows the ordinary settings", "stty -a\r", r"intr = \^C; quit = \^\\; erase = \^\?; kill = \^U;",
            r"eof = \^D",
            r"susp = \^Z", r"[^-]icrnl.* ixon", r"opost .*onlcr",
                r"isig icanon iexten echo echoe echok -echonl -noflsh")
    s.check("a job in the background", "sleep 1000 &\r", r"ready> $|ready> \x1b")
    s.check("is listed", "jobs\r", r"\[1\]\+  Running                    sleep 1000\r\n")
    s.check("and killed by its number", "kill %1; wait %1; " + STATUS, r"\r\nstatus 143\r\n")
    s.check("and forgotten when it was told of", "jobs\r", r"jobs\r\n(\[1\]\+  Terminated +sleep 1000\r\n)?ready> ")
    s.check("wait has the status of a job", "sh -c 'exit 3' & wait $!; " + STATUS, r"\r\nstatus 3\r\n")
    s.type(WAITS + "\r", UP)
    s.check("^Z stops the program in front", "\x1a", r"\^Z", r"\[1\]\+  Stopped +sh -c")
    s.check("whose number is a process group's", "jobs -l; ps -o pid,pgid,stat,args | grep '[s]leep 1000'\r",
            r"\[1\]\+ +(\d+) Stopped.*\r\n *\1 +\1 +T .*sleep 1000")
    s.check("bg sets it going", "bg; jobs\r", r"\[1\] +sh -c", r"\[1\]\+  Running +sh -c")
    s.type("fg\r", r"sh -c .echo up; exec sleep 1000.\r\n")
    terminal.result(s.press("\x03", r"\^C", PROMPT), "fg waits for it, and ^C ends it", s.text)
    s.check("by SIGINT", STATUS, r"\r\nstatus 130\r\n")
    s.type(WAITS + "\r", UP)
    s.check("^\\ ends a program", "\x1c", r"\^\\Quit")
    s.check("by SIGQUIT", STATUS, r"\r\nstatus 131\r\n")


def background(s):
    """Readers and writers behind the terminal's back."""
    s.type("cat &\r")
    s.press_and_check("a reader in the background is stopped", "jobs\r", r"\[1\]\+  Stopped \(tty input\) +cat")
    s.type("fg\r", r"\ncat\r\n")
    s.check("and reads in the foreground", "for cat\r\x04", r"^for cat\r\nfor cat\r\n")
    s.check("a writer in the background may write", "stty -tostop; (echo wri''tten) & wait\r", r"\r\nwritten\r\n")
    s.type("stty tostop; (echo wri''tten) &\r")
    s.press_and_check("but not under tostop", "jobs\r", r"\[1\]\+  Stopped \(tty output\)")
    s.check("until it is in front", "stty -tostop; fg\r", r"\r\nwritten\r\n")
    s.type("(stty -ixon) &\r")
    s.press_and_check("settings are not changed from the background", "jobs; stty -a\r", r"Stopped \(tty output\)",
                      r" ixon")
    s.check("but from the foreground", "fg; stty -a; stty sane\r", r"-ixon")


def pipelines(s):
    s.type("sh -c 'echo up >&2; exec cat' | sh -c 'echo up >&2; exec tr a-z A-Z'\r", UP + r"up\r\n")
    s.check("^Z stops all of a pipeline", "\x1a", r"\[1\]\+  Stopped")
    s.check("each process of it",
            "p=$(jobs -p); ps -o pgid,stat | awk -v p=$p '$1 == p { n++; t += $2 ~ /^T/ } END { print (n > 1 && n == t) }'\r",
            r"\r\n1\r\n")
    s.type("fg\r", r"tr a-z A-Z.\r\n")
    s.check("fg sets all of it going", "upper case\r\x04", r"UPPER CASE\r\n")
    s.type("sh -c 'echo up >&2; exec sleep 1000' | sh -c 'echo up >&2; exec cat'\r", UP + r"up\r\n")
    s.check("^C ends all of a pipeline", "\x03", r"\^C")
    s.check("and leaves no process", GONE, r"\r\nnone\r\n")
    for name in "one", "two":
        s.type(f"sh -c 'echo up; exec sleep 1000' {name}\r", UP)
        s.type("\x1a", r"Stopped")
        s.wait_for()
    s.check("jobs have an order", "jobs\r", r"\[2\]\+  Stopped +.*two\r\n\[1\]-  Stopped +.*one\r\n")
    s.check("and are found by it", "kill %1 %2; kill -CONT %1 %2; " + GONE, r"\r\nnone\r\n")


def signals(s):
    s.type("trap 'echo cau''ght' INT; sh -c 'echo up; exec sleep 1000'; echo after\r", UP)
    s.check("a trap for ^C runs when the program has ended", "\x03", r"caught")
    s.type("sleep 1000 & (sleep 2; echo up) & wait\r", UP)
    s.check("^C ends wait", "\x03", r"caught")
    s.check("without ending the job", "trap - INT; jobs; kill %1\r", r"Running +sleep 1000")
    s.check("a new size is told by SIGWINCH",
            "sh -c 'trap \"echo resi\"\"zed\" WINCH; stty rows 30 cols 90; stty size'\r",
            r"resized\r\n", r"\r\n30 90\r\n")
    s.type("stty rows 24 cols 80; trap '' INT; sh -c 'echo up; exec sleep 1'; echo last''ed\r", UP)
    s.check("an ignored ^C ends nothing", "\x03", r"lasted\r\n")
    s.check("a session without a terminal has no /dev/tty",
            "trap - INT; true | setsid sh -c 'echo x >/dev/tty'; " + STATUS,
            r"/dev/tty: No such device or address\r\n", r"\r\nstatus [12]\r\n")
    s.type("timeout -s INT 1000 sh -c 'echo up; exec cat'\r", UP)
    s.check("^Z and fg reach a program behind another", "\x1a", r"Stopped")
    s.type("fg\r", r"exec cat.\r\n")
    s.check("which reads on", "text\r\x04", r"text\r\ntext\r\n")


def shells(s):
    s.check("a shell in the shell", "PS1='inner rea''dy> ' sh\r", r"inner ready> ")
    s.type(WAITS + "\r", UP)
    s.check("has jobs of its own", "\x1a", r"\[1\]\+  Stopped")
    s.check("and does not leave them without a word", "exit\r", r"You have stopped jobs", r"inner ready> ")
    s.check("until told again", "exit\r", r"exit\r\nready> ")
    s.check("then they are hung up", GONE, r"\r\nnone\r\n")
    s.type("PS1='inner rea''dy> ' sh\r")
    s.check("a shell that stops itself gives the terminal back", "kill -STOP $$\r",
            r"\[1\]\+  Stopped \(signal\) +sh\r\nready> ")
    s.type("fg\r", r"\r\nsh\r\n")
    terminal.result(s.type("\recho inn''er\r", r"\r\ninner\r\n" + THEN), "and has it again", s.text)
    s.check("^D leaves it", "\x04", r"\nready> ")


def modes(s):
    """Programs that set the terminal."""
    s.type("stty -echo; echo up; read x; stty echo; echo \"got <$x>\"\r", UP)
    s.check("-echo hides what is typed", "secret\r", r"^(\r\n)?got <secret>\r\n")
    # read sets the terminal anew when a child ends, so who says "up" lives on.
    s.type("(sleep 3; echo up; exec sleep 1000) & read -s -n 3 x; echo \"got <$x>\"\r", UP)
    s.check("read -s -n takes three keys", "abc", r"^(\r\n)?got <abc>\r\n")
    s.check("a job ended", "kill %1; wait; " + GONE, r"\r\nnone\r\n")
    s.type("stty raw -echo; echo up; dd bs=1 count=4 2>/dev/null | od -An -tx1; stty sane\r", r"\r\nup\r?\n")
    s.check("raw hands over every key", "\x03\x1a\r\x04", r" 03 1a 0d 04")
    s.check("min 0 time 2 gives up waiting",
            "stty -icanon min 0 time 2; dd bs=1 count=1 2>/dev/null | wc -c; stty icanon\r", r"\r\n0\r\n")
    s.type("echo up; cat\r", UP)
    s.check("keys erase in a line", "wrogn\x7f\x7fng drop\x17line\rkill\x15kept\r\x04", r"wrong line\r\n",
            r"\r\nkept\r\n")  # what cat writes may come into the line that is being typed
    s.type("stty erase ^H; echo up; cat\r", UP)
    s.check("another key may erase", "abx\x08c\r\x04", r"\r\nabc\r\n")
    s.type("stty sane; stty -icrnl; echo up; head -n 1 | od -An -c\r", UP)
    s.check("without icrnl a return is one", "a\r\n", r"a +\\r +\\n")
    s.check("stty -g gives the settings back", "stty sane; x=$(stty -g); stty raw; stty $x; stty -a\r", r"\sicrnl",
            r"\sopost", r"\sisig icanon")
    s.type("stty -onlcr; printf 'a\\nb\\n'; stty onlcr; echo done\r", r"\na\r?\nb\r?\ndone\r?\nready> ")
    terminal.result(s.type("\rprintf 'c\\nd\\n'\r", r"\r\nc\r\nd\r\n" + THEN), "onlcr adds the return", s.text)
    s.type("stty -isig; echo up; head -c 2 | od -An -tx1\r", UP)
    s.check("without isig ^C is a character", "\x03\r", r" 03 0a")
    s.type("stty sane; echo up; read -t 1 x; " + STATUS, UP)
    s.check("read -t gives up", "", r"status 1\r\n")


def editing(s):
    """The shell's own lines."""
    s.check("arrows move in a line", "ech one\x1b[D\x1b[D\x1b[D\x1b[Do\r", r"\r\none\r\n")
    s.check("and bring lines back", "echo first\r")
    s.check("which may be changed", "\x1b[A\x7f\x7fe\r", r"\r\nfire\r\n")
    edited = s.type("nonsense\x15cho two three\x01e\x05\x17four five\x1b[D\x1b[D\x1b[D\x1b[D\x0b\r", r"\r\ntwo four\s*\r\n" + THEN)
    terminal.result(edited, "^A ^E ^K ^W ^U edit", s.text)
    s.type(": >uncommon\r")
    s.check("a tab completes a name", "echo unc\t\r", r"\r\nuncommon *\r\n")
    s.check("^C throws a line away", "echo no\x03", r"\^C\r\nready> ")
    s.check("a here-document asks for more", "cat <<E\rhere\rE\r", r"\r\nhere\r\n")


def vi(s):
    s.type("seq 1 100 >numbers; vi numbers\r", r"numbers.* 1/100 1%")
    s.type(":%s/5/five/g\r", r"five")
    s.type("/99\r", r"99")
    s.type("dd", r"100")
    s.type("1G", r"\x1b\[1;1H$")
    # An escape that other keys follow at once might begin a function key: the line below says when vi has taken it.
    s.type("Oa first line", r"first line")
    s.type("\x1b", r"- numbers")
    s.type("Golast line", r"last line")
    s.type("\x1b", r"- numbers")
    s.type("yyp", r"last line")
    s.type("u", r"[Uu]nd")
    s.check("vi saves", ":wq\r", r"'numbers' 101L")
    s.check("what was typed", "head -n 3 numbers; sed -n 6p numbers; tail -n 3 numbers\r",
            r"\r\na first line\r\n1\r\n2\r\nfive\r\n98\r\n100\r\nlast line\r\n")
    s.type("vi numbers\r", r"numbers.* 1/101")
    s.type("ddx", r".")
    s.type(":q\r", r"No write since last change")
    s.check("vi leaves without saving", ":q!\r")
    s.check("and the file is as it was", "head -n 1 numbers; wc -l numbers\r", r"\r\na first line\r\n101 numbers")
    s.type("vi fresh\r", r"fresh")
    s.type("iabc", r"abc")
    s.type("\x1b", r"- fresh")
    s.check("vi stops", "\x1a", r"\[1\]\+  Stopped .*vi fresh")
    s.type("fg\r", r"abc")
    s.check("and goes on", "ZZ")
    s.check("a new file was made", "cat fresh\r", r"\r\nabc\r\n")


def screens(s):
    s.type("less numbers\r", r"numbers")
    s.type("G", r"last line")
    s.type("g", r"a first line")
    # less makes the terminal raw for each key only: a return in between is a newline, which it does not take.
    s.type("/", r"\x1b\[24;2H$")
    s.type("4", r"\x1b\[24;3H$")
    s.type("2", r"\x1b\[24;4H$")
    terminal.result(s.type("\r", r"7m42"), "less searches", s.text)
    s.check("less looks at a file", "q")
    s.type("more numbers\r", r"--More--")
    s.type(" ", r"--More--")
    s.check("more shows a page at a time", "q")
    s.type("seq 200 | less\r", r"\n(\x1b\[K)?23")
    s.check("less reads a pipe and the keyboard", "q")
    s.check("top prints once", "top -b -n1\r", r"Mem: ", r"Load average: ", r"PID +PPID USER +STAT +VSZ", r"top -b -n1")
    s.type("top -d 1\r", r"COMMAND")
    s.type("", r"COMMAND[^$]*COMMAND")
    s.check("top draws again and ends by a key", "q")
    s.type("watch -n 1000 echo look\r", r"\nlook")
    s.press_and_check("watch ends by ^C", "\x03")  # until the command has ended, it ignores that
    s.check("reset leaves a terminal in order", "reset; stty -a\r", r"isig icanon iexten echo")


def bash(s):
    s.check("bash with readline", "PS1='bash rea''dy> ' bash --norc\r", r"bash ready> ")
    s.check("edits and remembers", "echo ab\x1b[D\x1b[DX\x05cd\x01\x06\r", r"[\r\n]Xabcd\r\n")
    s.check("expands its history", "!!\r", r"abcd")
    s.type("\x12echo", r"reverse-i-search")
    s.check("searches it", "\r", r"abcd")
    s.type(WAITS + "\r", UP)
    s.check("stops jobs", "\x1a", r"\[1\]\+  Stopped +sh -c")
    s.check("lists them", "jobs -l\r", r"\[1\]\+ +\d+ Stopped +sh -c")
    s.check("continues them", "bg; jobs\r", r"\[1\]\+ sh -c .*&\r\n", r"\[1\]\+  Running +sh -c")
    s.type("fg\r", r"sh -c .echo up; exec sleep 1000.\r\n")
    terminal.result(s.press("\x03", r"\^C", s.prompt), "ends them", s.text)
    s.check("completes", "echo unc\t\r", r"[\r\n]uncommon *\r\n")
    s.check("suspends", "suspend\r", r"\[1\]\+  Stopped +.*bash --norc\r\nready> ")
    s.type("fg\r", r"\nbash --norc\r\n")
    terminal.result(s.type("echo ba''ck\r", r"[\r\n]back\r\n.*bash ready> (\x1b\[\?2004h)?$"), "returns", s.text)
    s.check("and ends by ^D", "\x04", r"exit\r\nready> ")


def on_linux(folder):
    """The dialogues' shell on this machine; its programs are busybox's and bash."""
    os.mkdir(folder + "/bb")
    subprocess.run([BUSYBOX, "--install", "-s", folder + "/bb"], check=True)
    os.symlink(BASH, folder + "/bb/bash")
    os.mkdir(folder + "/work")
    words = ["env", "-i", f"PATH={folder}/bb", f"HOME={folder}/work", "PS1=ready> ", "TERM=vt100", "sh", "-c",
             f"cd {folder}/work && exec setsid -c {BUSYBOX} ash"]
    s = terminal.Screen(words, PROMPT, False)
    s.wait_for()
    return s


def on_atlas(folder, disk):
    os.mkdir(folder + "/bb")
    for name, path in ("busybox", BUSYBOX), ("bash", BASH):
        shutil.copy(path, f"{folder}/bb/{name}")
    s = terminal.boot(disk, r"\$ $", "--add", folder + "/bb:/bb", *sys.argv[1:])
    if s:
        s.prompt = PROMPT
        s.type("mkdir /home/t; cd /home/t; /bb/busybox --install -s /bb; PATH=/bb HOME=/home/t PS1='rea''dy> ' TERM=vt100 /bb/busybox ash\r")
    return s


def main():
    linux = "--linux" in sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        disk = folder + "/disk.img"
        s = on_linux(folder) if linux else on_atlas(folder, disk)
        if not s:
            return
        for dialogue in jobs, background, pipelines, signals, shells, modes, editing, vi, screens, bash:
            dialogue(s)
        if linux:
            s.kill()
            return
        s.prompt = r"\$ $"
        s.type("exit\r")
        terminal.power_off(s, disk)


main()
terminal.end()
