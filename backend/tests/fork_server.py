"""Processes of the command `headwater` that need not import it, which takes longer than most of what they do.

A process that has imported everything forks them. Each is a process of its own in all that it does; only its
first second is somebody else's. usage: fork_server.py FD, where FD is the socket that asks for processes.
"""

import atexit
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn

from headwater.cli import main

NUMBER = struct.Struct("!i")
MAX_REQUEST = 100_000


class ForkedProcess:
    """`headwater` with these arguments and, but for its imports, this environment alone, as a `Popen` is.

    What it says of errors is written to the file `errors`.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str], errors: IO[bytes]) -> None:
        output, its_output = os.pipe()
        self._status, its_status = socket.socketpair()
        request = json.dumps({"arguments": arguments, "environment": dict(environment)}).encode()
        with its_status:
            files = [its_output, errors.fileno(), its_status.fileno()]
            socket.send_fds(_fork_server(), [request], files)
        os.close(its_output)
        self.stdout = os.fdopen(output, "rb")
        self.returncode: int | None = None
        self.pid = self._number()

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, negative for a signal. Raises `TimeoutExpired` after `timeout` seconds."""
        if self.returncode is None:
            self._status.settimeout(timeout)
            try:
                self.returncode = self._number()
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("headwater", timeout or 0) from None
            self._status.close()
        return self.returncode

    def _number(self) -> int:
        """The next number that the fork server tells."""
        if len(told := self._status.recv(NUMBER.size)) < NUMBER.size:
            raise RuntimeError("the fork server, or what waits for the process, has ended")
        (number,) = NUMBER.unpack(told)
        return int(number)

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, unless it has ended."""
        self.send_signal(signal.SIGKILL)


@cache
def _fork_server() -> socket.socket:
    """The socket of the fork server, which ends with this process."""
    control, its_control = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with its_control:
        fd = its_control.fileno()
        server = subprocess.Popen([sys.executable, "-P", __file__, str(fd)], pass_fds=[fd])

    def close() -> None:
        control.close()
        server.wait()

    atexit.register(close)
    return control


def _serve(control: socket.socket) -> None:
    """Fork a process for every request, until nobody is left to send one."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, files, _, _ = socket.recv_fds(control, MAX_REQUEST, 3)
        if not request:
            return
        if os.fork() == 0:
            control.close()
            _supervise(json.loads(request), *files)
        for file in files:
            os.close(file)


def _supervise(wanted: dict[str, Any], output: int, errors: int, status: int) -> NoReturn:
    """Run a command in a process of its own, and tell its pid and its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _run(wanted["arguments"], wanted["environment"], output, errors)
    os.close(output)
    os.close(errors)
    with socket.socket(fileno=status) as tells:
        tells.sendall(NUMBER.pack(pid))
        _, ended = os.waitpid(pid, 0)
        tells.sendall(NUMBER.pack(os.waitstatus_to_exitcode(ended)))
    os._exit(0)


def _run(arguments: list[str], environment: dict[str, str], output: int, errors: int) -> NoReturn:
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    for file, standard in ((output, 1), (errors, 2)):
        os.dup2(file, standard)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(main(arguments))


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
