#!/usr/bin/env python3
"""Runs a program on its own terminal, types as a person would, and prints everything that the terminal then shows.
usage: terminal.py [--columns N] [--answer TEXT KEYS | --hidden TEXT KEYS]... -- PROGRAM ARG...
Each answer waits until TEXT appears (after the TEXT of the answer before), then types KEYS as they are, with line feeds and
control keys; --hidden first waits until the terminal has stopped echoing. 80 columns or N, 24 rows; the program has 30 seconds.
Exit code: the program's (128 + N after signal N); 124 when its time runs out; 125 when it leaves the terminal without echo."""
import argparse, fcntl, os, select, struct, subprocess, sys, termios, time

SECONDS = 30
TIMED_OUT, LEFT_HIDDEN = 124, 125


class Answer(argparse.Action):
    def __call__(self, parser, namespace, values, option=None):
        text, keys = map(os.fsencode, values)
        namespace.answers = [*namespace.answers, (text, keys, option == "--hidden")]


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

    def type(self, text, keys, hidden):
        while time.monotonic() < self.end and self.process.poll() is None:
            self.look()
            at = self.screen.find(text, self.answered)
            if at != -1 and not (hidden and self.echoes()):
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
    for option in ("--answer", "--hidden"):
        parser.add_argument(option, nargs=2, action=Answer, dest="answers", default=[])
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    terminal = Terminal(arguments.command, arguments.columns)
    for answer in arguments.answers:
        terminal.type(*answer)
    code = terminal.finish()
    sys.stdout.buffer.write(terminal.screen)
    return code


sys.exit(main())
