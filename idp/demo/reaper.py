"""Ends the demo's processes should the demo itself be killed. Run as a script, by its path.

stdin is a pipe whose other end the demo alone holds. It says `+PID` of a process group that it began and `-PID` of one
that has ended. When the demo is gone, however that came about, the pipe is closed, and what is left is ended from here.
"""

import os
import signal
import sys
import time

PATIENCE = 10.0


def main() -> None:
    """Read until the demo is gone, then end what is left: politely, then not."""
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    send(groups, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(map(is_alive, groups)):
        time.sleep(0.1)
    send(groups, signal.SIGKILL)


def send(groups: set[int], number: signal.Signals) -> None:
    """Send a signal to every process of these groups that is still there."""
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            continue


def is_alive(group: int) -> bool:
    """Whether any process of the group is still there."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
