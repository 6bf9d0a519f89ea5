#!/usr/bin/env python3
"""Runs a program, stops it at its exit with its memory intact, and searches it for secrets.
usage: memscan.py [--stdin FILE] [--stdout FILE] [--code N] [--end COUNT FILE]... --secret FILE [--secret FILE]... -- PROGRAM ARG...
Linux only: PTRACE_O_TRACEEXIT stops the program's first thread inside exit(2), before its address space is dropped. Then every
readable mapping of /proc/PID/maps except code, and the general and vector registers of that thread, are searched for
  * each secret as a whole: as it is, as JSON writes it (two ways), and in base64
  * any 8 consecutive bytes of it, as it is and as JSON writes it, at every offset; of a secret of at most 4 KiB also in base64
    and in base64 twice, wherever in the encoded text it begins
The memory of a program that made itself undumpable is accessible only to root, including root of one's own user namespace.
--end is for a secret that the program makes: the last COUNT bytes of FILE, as it is when the program ends.
Prints one line with the result, and a line for each match. The program's output is discarded unless --stdout is given.
Exit code: 0 nothing found, 1 found, 2 trouble (also when the program's exit code is not N, or 0), 3 not permitted here."""
import argparse, base64, ctypes, errno, json, os, signal, sys

TRACEME, CONT, SETOPTIONS, GETREGSET = 0, 7, 0x4200, 0x4204
TRACE_CLONE, TRACE_EXEC, TRACE_EXIT, KILL_WITH_TRACER = 8, 16, 64, 1 << 20
EVENT_EXIT, WAIT_FOR_ALL = 6, 0x40000000
REGISTER_SETS = {"general registers": 1, "floating point registers": 2, "vector registers": 0x202}
UNREADABLE = ("[vvar]", "[vvar_vclock]", "[vsyscall]")
WINDOW = 8
LONGEST_IN_BASE64 = 4096
NOTHING, FOUND, TROUBLE, FORBIDDEN = range(4)

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Buffer(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def ptrace(request, pid, address=0, data=0):
    if libc.ptrace(request, pid, address, data) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace: {os.strerror(error)}")


def registers(pid, kind):
    space = ctypes.create_string_buffer(65536)
    buffer = Buffer(ctypes.addressof(space), len(space))
    try:
        ptrace(GETREGSET, pid, kind, ctypes.addressof(buffer))
    except OSError:  # this processor has no such registers
        return b""
    return space.raw[: buffer.length]


def windows(data):
    """All 8 bytes in a row as numbers: a view for each remainder of their offsets."""
    view = memoryview(data)
    for start in range(min(WINDOW, len(data) - WINDOW + 1)):
        end = start + (len(data) - start) // WINDOW * WINDOW
        yield view[start:end].cast("Q")


def within_base64(secret):
    """The characters of base64 that only the secret decides: a text for each remainder of its offset in the encoded text."""
    for before in range(3):
        start = -before % 3
        yield base64.b64encode(secret[start : start + (len(secret) - start) // 3 * 3])


class Secrets:
    def __init__(self, paths):
        self.wholes, self.windows = {}, set()
        for path in paths:
            self.add_file(path)

    def add_file(self, path, count=0):
        with open(path, "rb") as file:
            self.add(file.read()[-count:])

    def add(self, secret):
        if len(secret) < WINDOW:
            sys.exit(f"a secret of fewer than {WINDOW} bytes")
        spellings = {"as it is": secret}
        try:
            text = secret.decode()
            spellings["JSON"] = json.dumps(text, ensure_ascii=False)[1:-1].encode()
            spellings["JSON in ASCII"] = json.dumps(text)[1:-1].encode()
        except UnicodeDecodeError:  # a binary secret, such as a vault key
            pass
        pieces = set(spellings.values())
        if len(secret) <= LONGEST_IN_BASE64:
            once = {text for piece in pieces for text in within_base64(piece)}
            pieces |= once | {text for piece in once for text in within_base64(piece)}
        for spelling in pieces:
            self.windows.update(*windows(spelling))
        for name, spelling in {**spellings, "base64": base64.b64encode(secret)}.items():
            self.wholes.setdefault(spelling, name)

    def look(self, data, place, start=0):
        """The findings in some bytes, a line each."""
        findings = []
        for whole, name in self.wholes.items():
            at = data.find(whole)
            while at != -1:
                findings.append(f"a whole copy ({name}) at {start + at:#x} in {place}")
                at = data.find(whole, at + 1)
        if data.count(0) < len(data):
            pieces = set().union(*map(self.windows.intersection, windows(data)))
            if pieces:
                at = data.find(next(iter(pieces)).to_bytes(WINDOW, sys.byteorder))
                findings.append(f"{len(pieces)} of {len(self.windows)} pieces, one at {start + at:#x} in {place}")
        return findings


def mappings(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights, _, _, _, *name = line.split(None, 5)
            name = name[0].strip() if name else "[anonymous]"
            start, end = (int(number, 16) for number in span.split("-"))
            if "r" not in rights or name in UNREADABLE or rights.startswith("r-x"):
                continue
            data = bytearray()
            memory.seek(start)
            while len(data) < end - start:
                try:
                    more = memory.read(end - start - len(data))
                except OSError as error:
                    if error.errno in (errno.EPERM, errno.EACCES):
                        raise
                    break  # a mapping beyond the end of its file
                if not more:
                    break
                data += more
            yield bytes(data), f"{name} {rights}", start


def start(command, stdin, stdout):
    pid = os.fork()
    if pid:
        return pid
    try:
        os.dup2(os.open(stdin, os.O_RDONLY), 0)
        os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        ptrace(TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execvp(command[0], command)
    except OSError as error:
        print(f"memscan.py: {error}", file=sys.stderr)
        os._exit(FORBIDDEN if error.errno in (errno.EPERM, errno.EACCES) else TROUBLE)


def scan(pid, secrets, ends):
    """Follows the program to its end. Returns the findings, how much was searched in bytes, and its exit code."""
    _, status = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    ptrace(SETOPTIONS, pid, 0, TRACE_CLONE | TRACE_EXEC | TRACE_EXIT | KILL_WITH_TRACER)
    ptrace(CONT, pid)
    findings, searched = [], 0
    while True:
        thread, status = os.waitpid(-1, WAIT_FOR_ALL)
        if not os.WIFSTOPPED(status):
            if thread == pid:
                return findings, searched, os.waitstatus_to_exitcode(status)
            continue
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == EVENT_EXIT and thread == pid:
            for count, path in ends:
                secrets.add_file(path, int(count))
            for data, place, at in mappings(pid):
                findings += secrets.look(data, place, at)
                searched += len(data)
            for place, kind in REGISTER_SETS.items():
                findings += secrets.look(registers(pid, kind), place)
        is_ours = event or number in (signal.SIGSTOP, signal.SIGTRAP)
        try:
            ptrace(CONT, thread, 0, 0 if is_ours else number)
        except OSError:
            pass  # killed meanwhile; the next wait tells


def main():
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[1].removeprefix("usage: "))
    parser.add_argument("--stdin", default="/dev/null")
    parser.add_argument("--stdout", default="/dev/null")
    parser.add_argument("--code", type=int, default=0)
    parser.add_argument("--end", nargs=2, action="append", default=[])
    parser.add_argument("--secret", action="append", required=True)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    signal.alarm(60)
    try:
        secrets = Secrets(arguments.secret)
        findings, searched, code = scan(start(arguments.command, arguments.stdin, arguments.stdout), secrets, arguments.end)
    except PermissionError as error:
        print(f"memscan.py: {error}", file=sys.stderr)
        return FORBIDDEN
    except OSError as error:
        print(f"memscan.py: {error}", file=sys.stderr)
        return TROUBLE
    print(f"{len(findings) or 'nothing'} found in {searched // 1024} KiB; the program's exit code is {code}")
    for finding in findings[:40]:
        print(f"  {finding}")
    if findings:
        return FOUND
    return NOTHING if searched and code == arguments.code else TROUBLE


sys.exit(main())
