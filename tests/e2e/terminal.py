#!/usr/bin/env python3
"""Runs a program on its own terminal, types as a person would, and prints everything that the terminal then shows.
usage: terminal.py [--columns N] [--answer TEXT KEYS | --hidden TEXT KEYS | --signal TEXT NAME]... -- PROGRAM ARG...
Each answer waits until TEXT appears (after the TEXT of the answer before), then types KEYS as they are, with line feeds and
control keys; --hidden first waits until the terminal has stopped echoing. --signal waits in the same way and sends the signal NAME to
the program; after TSTP it checks that the terminal echoes, continues the program, and checks that it does not. 80 columns or N, 24 rows; the program has 30 seconds.
Exit code: the program's (128 + N after signal N); 124 when its time runs out; 125 when it leaves the terminal without echo."""
import argparse, fcntl, os, select, signal, struct, subprocess, sys, termios, time

SECONDS = 30
TIMED_OUT, LEFT_HIDDEN = 124, 125
# Runs a program in the foreground as a shell does: only a program with a parent in its session can be stopped by SIGTSTP.
SHELL = """
import os, signal, sys
if child := os.fork():
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(status if status >= 0 else 128 - status)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.setpgid(0, 0)
os.tcsetpgrp(0, os.getpid())
signal.signal(signal.SIGTTOU, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Answer(argparse.Action):
    def __call__(self, parser, namespace, values, option=None):
        text, keys = map(os.fsencode, values)
        namespace.answers = [*namespace.answers, (text, keys, option)]


class Terminal:
    def __init__(self, command, columns):
        self.screen, self.answered = b"", 0  # all that was shown, and up to where it has been answered
        self.us, self.them = os.openpty()
        fcntl.ioctl(self.them, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        self.end = time.monotonic() + SECONDS
        self.process = subprocess.Popen(
            command, stdin=self.them, stdout=self.them, stderr=self.them, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def echoes(self):
        return bool(termios.tcgetattr(self.them)[3] & termios.ECHO)

    def look(self):
        """Takes in what is shown within a moment; False when nothing was."""
        if not select.select([self.us], [], [], 0.02)[0]:
            return False
        self.screen += os.read(self.us, 65536)
        return True

    def waits(self, condition):
        """Waits until a condition holds; False when the time runs out."""
        while not condition():
            if time.monotonic() > self.end:
                return False
            self.look()
        return True

    def is_stopped(self):
        with open(f"/proc/{os.tcgetpgrp(self.us)}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "T"

    def signal(self, name):
        """Sends a signal, and wakes the program when it stops."""
        program = os.tcgetpgrp(self.us)
        os.kill(program, getattr(signal, f"SIG{name}"))
        if name == "TSTP":
            if not self.waits(self.is_stopped) or not self.echoes():
                sys.exit(LEFT_HIDDEN)
            os.kill(program, signal.SIGCONT)
            if not self.waits(lambda: not self.echoes()):
                sys.exit(TIMED_OUT)

    def type(self, text, keys, option):
        while time.monotonic() < self.end and self.process.poll() is None:
            self.look()
            at = self.screen.find(text, self.answered)
            if at != -1 and not (option != "--answer" and self.echoes()):
                if option == "--signal":
                    # The same question may be answered after it.
                    self.signal(os.fsdecode(keys))
                else:
                    self.answered = at + len(text)
                    os.write(self.us, keys)
                return

    def finish(self):
        """Waits for the program. Returns its exit code."""
        while self.process.poll() is None:
            self.look()
            if time.monotonic() > self.end:
                self.process.kill()
                self.process.wait()
                while self.look():
                    pass
                return TIMED_OUT
        while self.look():
            pass
        code = self.process.returncode
        return LEFT_HIDDEN if not self.echoes() else code if code >= 0 else 128 - code


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[1].removeprefix("usage: "))
    for option in ("--answer", "--hidden", "--signal"):
        parser.add_argument(option, nargs=2, action=Answer, dest="answers", default=[])
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    is_signalled = any(option == "--signal" for _, _, option in arguments.answers)
    shell = [sys.executable, "-c", SHELL] if is_signalled else []
    terminal = Terminal([*shell, *arguments.command], arguments.columns)
    for answer in arguments.answers:
        terminal.type(*answer)
    code = terminal.finish()
    sys.stdout.buffer.write(terminal.screen)
    return code


sys.exit(main())
