"""The first thing every child does: tie its life to its launcher's, then become its program.

It asks the kernel for a signal at the launcher's death, which reaches it even when the launcher is
killed with SIGKILL and can tidy nothing up. It runs as a script of its own (`python -I -S tether.py
…`) before the program takes its place, because code between fork and exec is unsafe in a process
that has threads. Changing user clears the request, so the user is changed first. The standard
library alone is used, for nothing else is in reach here.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(launcher: int, at_death: int, user: int, command: list[str]) -> None:
    """Become `command`, to be signalled `at_death` of the launcher; `user` 0 keeps the user."""
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, at_death, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused PR_SET_PDEATHSIG")
    if os.getppid() != launcher:
        sys.exit("the launcher died before its child had begun")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
