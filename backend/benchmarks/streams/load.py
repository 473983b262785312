"""The load generator as Python sees it: the model server, and clients that carry out a load."""

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """How a reply is started and read.

    In a URL, {port} and {tls_port} stand for the server's ports, and in a body {message} for
    the message and {length} for its length as a byte.
    """

    url: str
    body: str
    transport: str = "http"
    headers: dict[str, str] = field(default_factory=dict)
    enveloped: bool = False
    """The body follows a byte 0 and its length, as in gRPC and Connect."""
    repeats: bool = False
    """The end of a response says its whole text again."""
    ending: str = ""
    """Of a WebSocket: the frame that has it is the last one of a reply."""
    resume_url: str = ""
    """Where server-sent events go on after a cut; {generation} stands for the id."""
    own_connections: bool = False

    def at(self, port: int, tls_port: int) -> "Request":
        """The request to a server on these ports."""

        def put_in(url: str) -> str:
            return url.replace("{port}", str(port)).replace("{tls_port}", str(tls_port))

        return replace(self, url=put_in(self.url), resume_url=put_in(self.resume_url))


@dataclass(frozen=True)
class Load:
    """What `spec` in generator/load.go describes, in seconds and tokens."""

    streams: int
    replies: int = 0
    ramp: float = 0.0
    settle: float = 0.0
    window: float = 0.0
    drain: float = 120.0
    """What is not complete that long after the window, or after the ramp if there is none, has failed."""
    paces: tuple[int, ...] = (50,)
    lengths: tuple[int, ...] = (0,)
    resumed: float = 0.0
    stalled: float = 0.0


@dataclass(frozen=True)
class Milliseconds:
    samples: int
    p50: float
    p99: float
    max: float


@dataclass(frozen=True)
class Result:
    """What the clients of a load saw, and what all of it cost."""

    load: Load
    replies: int
    complete: int
    lost: int
    doubled: int
    cuts: int
    errors: dict[str, int]
    tokens: int
    bytes: int
    reads: int
    first_token_ms: Milliseconds
    staleness_ms: Milliseconds
    """In the window: from the moment when the model owed a token to its arrival at the client."""
    lateness_ms: Milliseconds
    """By how much the model server itself was late; a part of staleness."""
    clients_cpu: float
    silent: int = 0
    """Streams without a token at the beginning of the window."""
    window_tokens: int = 0
    window_clients_cpu: float = 0.0

    @property
    def all_complete(self) -> bool:
        return self.complete == self.replies and not self.errors


@dataclass(frozen=True)
class Generator:
    program: Path
    model_url: str
    model_pid: int

    def run(self, request: Request, load: Load, on_window: Callable[[], None] = lambda: None) -> Result:
        """Carry out a load. `on_window` is called where the window begins, and where it ends."""
        spec = json.dumps({**asdict(request), **asdict(load)})
        self._lateness()
        with subprocess.Popen(
            [self.program, "clients"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(spec)
            process.stdin.close()
            events = {}
            for line in process.stdout:
                event = json.loads(line)
                events[event.pop("event")] = event
                if load.window and len(events) < 3:
                    on_window()
        if process.returncode:
            raise RuntimeError(f"the load generator ended with status {process.returncode}")
        return self._result(load, events)

    def _result(self, load: Load, events: dict[str, Any]) -> Result:
        result = events["result"]
        inside: dict[str, Any] = {}
        if load.window:
            begin, end = events["window begins"], events["window ends"]
            inside = {
                "silent": begin["silent"],
                "window_tokens": end["tokens"] - begin["tokens"],
                "window_clients_cpu": end["cpu"] - begin["cpu"],
            }
        return Result(
            load,
            **result["counts"],
            errors=result["errors"],
            tokens=result["tokens"],
            bytes=result["bytes"],
            reads=result["reads"],
            first_token_ms=Milliseconds(**result["first_token_ms"]),
            staleness_ms=Milliseconds(**result["staleness_ms"]),
            lateness_ms=self._lateness(),
            clients_cpu=result["cpu"],
            **inside,
        )

    def _lateness(self) -> Milliseconds:
        with urllib.request.urlopen(f"{self.model_url}/lateness", timeout=30) as answer:
            return Milliseconds(**json.load(answer))


@contextmanager
def running_generator(program: Path) -> Iterator[Generator]:
    """The model server, running; clients come with each load."""
    with subprocess.Popen([program, "model"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Generator(program, process.stdout.readline().strip(), process.pid)
        finally:
            process.kill()
