#!/usr/bin/env python3
"""Runs a program that the kernel denies its key storage, as in most containers.
usage: no-keyctl.py PROGRAM ARG...
Exit code: the program's; 3 if such a filter cannot be set."""
import ctypes, os, platform, struct, sys

FORBIDDEN = 3
NO_NEW_PRIVS, SECCOMP, FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # the second: EPERM
LOAD, IF_AT_LEAST, IF_ABOVE, RETURN = 0x20, 0x35, 0x25, 0x06
# add_key, request_key and keyctl stand side by side.
NUMBERS = {"x86_64": (248, 250), "aarch64": (217, 219)}


def refuse(first, last):
    steps = [(LOAD, 0, 0, 0), (IF_AT_LEAST, 0, 2, first), (IF_ABOVE, 1, 0, last), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + 4 * [ctypes.c_ulong]
    return prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and prctl(SECCOMP, FILTER, ctypes.addressof(program), 0, 0) == 0


numbers = NUMBERS.get(platform.machine())
if not numbers or not refuse(*numbers):
    print("no-keyctl.py: no such filter here", file=sys.stderr)
    sys.exit(FORBIDDEN)
os.execvp(sys.argv[1], sys.argv[1:])
