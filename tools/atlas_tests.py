# SPDX-License-Identifier: MIT
"""The test runner behind `make test` and `make check` (tools/atlas test).

Four machines run everything: {plain, checked} kernel x {1, 4} CPUs. One boot of a machine runs the in-kernel suites
(KTAP on the control channel) and then the user-level tests (KTAP of tests/user/runner.c on its standard output). When
a boot ends early, by a panic or by silence, the test that was running has failed, and the machine is booted again for
the tests that are left. Host tests are scripts that print TAP; they run once.

A quick run leaves out half of the machines and the tests whose names begin with long_. A test must not depend on which
others ran before it: --shuffle runs the user-level tests in another order, --burn after many processes.
"""
import collections
import concurrent.futures
import fnmatch
import glob
import os
import random
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from xml.sax.saxutils import quoteattr

BOOT_SECONDS = 3600      # at most for one boot
HOST_SECONDS = 4 * 3600  # by the clock: a busy host takes long
LOG_LINES = 30
RESTARTS_MAX = 8

RESULT_LINE = re.compile(r"^(\s*)(not )?ok \d+(?: -)?(?: (.*))?$")

Result = collections.namedtuple("Result", "where name outcome reason seconds log repeat")


class Report:
    """Collects results from several threads, shows each as it comes. With first_only a failure ends what is running."""

    def __init__(self, first_only=False):
        self.lock = threading.Lock()
        self.results = []
        self.first_only, self.enough = first_only, False
        self.running = set()       # functions that end what is running

    def add(self, result):
        with self.lock:
            if self.enough:
                return
            self.enough = last = self.first_only and result.outcome == "fail"
            self.results.append(result)
            mark = {"pass": "ok", "fail": "FAILED", "skip": "skipped"}[result.outcome]
            print(f"  {mark:8}{result.where}: {result.name}" + (f" ({result.reason})" if result.reason else ""),
                  flush=True)
        if last:
            self.end()

    def end(self):
        self.enough = True
        for kill in list(self.running):
            kill()

    def failures(self):
        return [r for r in self.results if r.outcome == "fail"]

    def print_failures(self):
        for r in self.failures():
            print(f"\nFAILED {r.where}: {r.name}" + (f": {r.reason}" if r.reason else ""))
            for line in r.log:
                print("    " + line)
            print("  again: " + r.repeat)

    def write_junit(self, path):
        with open(path, "w", encoding="utf-8") as f:
            f.write('<?xml version="1.0" encoding="UTF-8"?>\n')
            f.write(f'<testsuites tests="{len(self.results)}" failures="{len(self.failures())}">\n')
            for where in sorted({r.where for r in self.results}):
                own = [r for r in self.results if r.where == where]
                f.write(f' <testsuite name={quoteattr(where)} tests="{len(own)}" '
                        f'failures="{sum(r.outcome == "fail" for r in own)}" '
                        f'skipped="{sum(r.outcome == "skip" for r in own)}">\n')
                for r in own:
                    f.write(f'  <testcase classname={quoteattr(where)} name={quoteattr(r.name)} '
                            f'time="{r.seconds:.3f}">')
                    if r.outcome == "fail":
                        text = quoteattr("\n".join(r.log + ["again: " + r.repeat]))[1:-1]
                        f.write(f'<failure message={quoteattr(r.reason or "failed")}>{printable(text)}</failure>')
                    elif r.outcome == "skip":
                        f.write("<skipped/>")
                    f.write("</testcase>\n")
                f.write(" </testsuite>\n")
            f.write("</testsuites>\n")


def printable(text):
    """XML has no place for control characters."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "?", text)


class LineSink:
    """Cuts the bytes of a channel into lines for `take`."""

    def __init__(self, take):
        self.take, self.pending = take, b""

    def __call__(self, data):
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            self.take(line.decode(errors="replace").rstrip("\r"))


class Boot:
    """One boot of one machine: reads its KTAP, remembers what ran and the last lines of its log."""

    def __init__(self, tests, kernel_pattern, names):
        self.tests = tests
        self.kernel_pattern, self.names = kernel_pattern, names
        self.log = collections.deque(maxlen=LOG_LINES)
        self.suite = None          # of the kernel results to come
        self.unnamed = []          # results that wait for the line that names their suite
        self.running = None        # (kind, name) of the test that has begun
        self.started = time.monotonic()
        self.done = set()
        self.kernel_done = not kernel_pattern
        self.begun = False         # some result came: the machine booted

    def log_line(self, line):
        self.log.append(line)
        if match := re.match(r"^\[ *[0-9.]+\] test (\S+)$", line):
            self.begin("kernel", match.group(1))

    def control_line(self, line):
        """KTAP of the kernel: suites are subtests, their tests are indented."""
        if match := re.match(r"^\s*# Subtest: (.+)$", line):
            self.suite = match.group(1)
        elif match := re.match(r"^\s*# begin (.+)$", line):
            self.begin("kernel", self.full_name(match.group(1)))
        elif match := RESULT_LINE.match(line):
            self.kernel_result(*match.groups())
        elif line.lstrip().startswith("# "):
            self.log.append(line.strip())
        elif line == "streams":
            self.kernel_done = True

    def kernel_result(self, indent, failed, text):
        name, _, directive = (text or "").partition(" # ")
        if indent and not self.suite:
            self.unnamed.append((name, failed, directive, list(self.log)))
        elif indent:
            self.finish("kernel", self.full_name(name), failed, directive)
        else:  # the suite's own line: repeats what its tests said
            for test, *rest in self.unnamed:
                self.finish("kernel", f"{name}.{test}", *rest)
            self.suite, self.unnamed = None, []

    def full_name(self, name):
        return name if not self.suite or name.startswith(self.suite + ".") else f"{self.suite}.{name}"

    def output_line(self, line):
        if line.startswith("# begin "):
            self.begin("user", line[8:])
        elif match := RESULT_LINE.match(line):
            name, _, directive = (match.group(3) or "").partition(" # ")
            self.finish("user", name, match.group(2), directive)

    def begin(self, kind, name):
        self.begun = True
        self.running = kind, name
        self.started = time.monotonic()

    def finish(self, kind, name, failed, directive, log=None):
        self.begun = True
        outcome = "fail" if failed else "skip" if directive.startswith("SKIP") else "pass"
        self.add(kind, name, outcome, "" if outcome == "pass" else directive, log)
        self.running = None
        self.started = time.monotonic()

    def add(self, kind, name, outcome, reason, log=None):
        self.done.add((kind, name))
        log = [] if outcome != "fail" else log or list(self.log)
        self.tests.report.add(Result(self.tests.where, name, outcome, reason, time.monotonic() - self.started, log,
                                     self.tests.repeat(name)))


class MachineTests:
    """All the tests of one machine, over as many boots as it takes."""

    def __init__(self, atlas, report, checked, cpus, options):
        self.atlas, self.report = atlas, report
        self.checked, self.cpus = checked, cpus
        self.accel, self.quiet_seconds = options.accel, options.quiet_seconds
        self.burn, self.order = options.burn, None
        if options.shuffle is not None or options.burn:  # then a test alone is not what has failed
            self.order = ([f"--shuffle {options.shuffle}"] if options.shuffle is not None else []) + \
                ([f"--burn {options.burn}"] if options.burn else []) + [shlex.quote(p) for p in options.pattern]
        self.where = f"{'checked' if checked else 'plain'}, {cpus} CPU{'s' if cpus > 1 else ''}"

    def repeat(self, name):
        words = ["tools/atlas test"] + (["--checked"] if self.checked else []) + [f"--cpus {self.cpus}"]
        return " ".join(words + (self.order or [f"'{name}'"]))

    def run(self, kernel_pattern, names):
        for _ in range(RESTARTS_MAX):
            if self.report.enough:
                return
            boot = Boot(self, kernel_pattern, names)
            trouble = self.boot(boot)
            left = [n for n in names if ("user", n) not in boot.done]
            if not trouble and not left or self.report.enough:
                return
            kind, name = boot.running or ("kernel" if not boot.kernel_done else "user",
                                          "boot" if not boot.begun else "between tests")
            boot.add(kind, name, "fail", trouble or "the runner ended early")
            if not boot.begun:
                return
            kernel_pattern = None  # done, or what comes behind the test that panicked is not known
            names = [n for n in left if n != name]
            if not names:
                return
        self.report.add(Result(self.where, "remaining tests", "fail", "too many boots failed", 0, [], "make test"))

    def boot(self, boot):
        """-> what went wrong with the machine, None when it came to a clean end."""
        atlas = self.atlas
        words = ["run", "--memory", "256M", "--cpus", str(self.cpus), "--display", "none"] + (["--checked"] if self.checked else [])
        words += ["--accel", self.accel] if self.accel else []
        program = ["/tests/runner", *(["-b", str(self.burn)] if self.burn else []), *boot.names] if boot.names else ["/bin/true"]
        options = atlas.parse_options(words + program)
        if boot.kernel_pattern:
            options.append = "test=" + boot.kernel_pattern
        with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
            disk = atlas.prepare_disk(options, folder)
            argv = atlas.machine_arguments(options, folder, disk, atlas.run_append(options, program))
            machine = atlas.Machine(argv, folder, LineSink(boot.log_line), LineSink(boot.output_line),
                                    LineSink(boot.log_line), None, boot.control_line)
            self.report.running.add(machine.kill)
            try:
                in_time = machine.wait(BOOT_SECONDS, self.quiet_seconds)
            finally:
                self.report.running.discard(machine.kill)
                if machine.qemu.poll() is None:
                    machine.kill()
        if not in_time:
            return "the machine hangs"
        status, trouble = atlas.machine_status(machine)
        return trouble if trouble or status in (0, 1) else f"the runner ended with status {status}"


def run_host_test(root, build, report, script):
    """A script that prints "ok N - name" lines; its own status counts when it prints none or all are ok."""
    if report.enough:
        return
    name = os.path.relpath(script, os.path.join(root, "tests", "host")).removesuffix("/run.sh").removesuffix(".sh")
    repeat = os.path.relpath(script, root)
    log = collections.deque(maxlen=LOG_LINES)
    count = failed = 0
    started = time.monotonic()
    process = subprocess.Popen(["bash", script], cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=dict(os.environ, ATLAS_BUILD=build),
                               start_new_session=True)

    def kill():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(HOST_SECONDS, kill)
    timer.start()
    report.running.add(kill)
    for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip("\n")
        match = RESULT_LINE.match(line)
        if not match:
            log.append(line)
            continue
        count += 1
        text, _, directive = (match.group(3) or "").partition(" # ")
        outcome = "fail" if match.group(2) else "skip" if directive.startswith("SKIP") else "pass"
        failed += outcome == "fail"
        report.add(Result("host", f"{name}: {text}", outcome, "" if outcome == "pass" else directive,
                          time.monotonic() - started, list(log), repeat))
        started = time.monotonic()
    process.wait()
    timer.cancel()
    report.running.discard(kill)
    if count == 0 or process.returncode and not failed:
        ok = count == 0 and process.returncode == 0
        report.add(Result("host", name, "pass" if ok else "fail", "" if ok else f"exit status {process.returncode}",
                          time.monotonic() - started, list(log), repeat))


def main(atlas, options):
    report = Report(options.first)
    wanted = [p for p in options.pattern] or ["*"]

    def chosen(name):
        return any(fnmatch.fnmatch(name, p) for p in wanted) and not (options.quick and name.startswith("long_"))

    machines = [(False, 4), (True, 1)] if options.quick else [(False, 1), (False, 4), (True, 1), (True, 4)]
    if options.cpus or options.checked:
        machines = [m for m in [(False, 1), (False, 4), (True, 1), (True, 4)]
                    if (not options.cpus or m[1] == options.cpus) and (not options.checked or m[0])]
    names = sorted(n for n in os.listdir(atlas.built("root/tests")) if n != "runner" and chosen(n))
    if options.shuffle is not None:
        random.Random(options.shuffle).shuffle(names)
    kernel = "*" if "*" in wanted else ",".join(p for p in wanted if "." in p or "*" in p)
    scripts = sorted(glob.glob(os.path.join(atlas.ROOT, "tests/host/*.sh")) +
                     glob.glob(os.path.join(atlas.ROOT, "tests/host/*/run.sh")))
    scripts = [s for s in scripts if chosen(os.path.basename(s.removesuffix("/run.sh")).removesuffix(".sh"))]

    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, min(4, (os.cpu_count() or 2)))) as pool:
        jobs = []
        if kernel or names:
            jobs += [pool.submit(MachineTests(atlas, report, checked, cpus, options).run, kernel, names)
                     for checked, cpus in machines]
        jobs += [pool.submit(run_host_test, atlas.ROOT, atlas.BUILD, report, script) for script in scripts]
        try:
            for job in jobs:
                job.result()
        except BaseException:  # we are to end: what runs ends with us
            report.end()
            raise

    report.print_failures()
    report.write_junit(os.path.join(atlas.BUILD, "junit.xml"))
    failures = len(report.failures())
    passed = sum(r.outcome == "pass" for r in report.results)
    print(f"\n{passed} passed, {failures} failed")
    return 1 if failures or not passed else 0
