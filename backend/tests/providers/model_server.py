"""A model server that says byte for byte what a test tells it to, and notices when its client leaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Script = Callable[["Answer"], Awaitable[None]]

STREAM_HEADERS = "Content-Type: text/event-stream\r\nConnection: close\r\n"


def delta(text: str | None = None, *, finish: str | None = None, **members: object) -> bytes:
    """One message of a streamed completion."""
    said = {} if text is None else {"content": text}
    return data(
        json.dumps({"choices": [{"index": 0, "delta": {**said, **members}, "finish_reason": finish}]})
    )


def data(value: str) -> bytes:
    return f"data: {value}\n\n".encode()


DONE = data("[DONE]")


def chunk(content: bytes) -> bytes:
    """A chunk of a body without a length, as HTTP/1.1 sends it; an empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(content), content)


@dataclass
class Answer:
    """One request, and the hand that answers it."""

    path: str
    body: dict[str, object]
    headers: dict[str, str]
    writer: asyncio.StreamWriter
    left: asyncio.Future[float]
    """When the client closed its connection, on the clock of the loop."""

    async def start(self, status: str = "200 OK", headers: str = STREAM_HEADERS) -> None:
        await self.send(f"HTTP/1.1 {status}\r\n{headers}\r\n".encode())

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def refuse(self, status: str, body: str = "{}", headers: str = "") -> None:
        length = f"Content-Length: {len(body)}\r\n"
        await self.start(status, f"Content-Type: application/json\r\nConnection: close\r\n{length}{headers}")
        await self.send(body.encode())

    def reset(self) -> None:
        """Cut the connection, as a crash does."""
        self.writer.transport.abort()

    async def until_the_client_leaves(self) -> None:
        await asyncio.shield(self.left)


@dataclass
class ModelServer:
    """Answers each completion by the next script, `/models` with `models`."""

    scripts: list[Script] = field(default_factory=list)
    models: list[str] | None = None
    about: dict[str, object] = field(default_factory=dict)
    asked: list[Answer] = field(default_factory=list)
    url: str = ""
    busy: set[asyncio.Task[Any]] = field(default_factory=set)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.busy.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            path = lines[0].split(" ")[1]
            watched = asyncio.create_task(_closed(reader))
            self.busy.add(watched)
            watched.add_done_callback(self.busy.discard)
            answer = Answer(path, json.loads(body or b"{}"), headers, writer, watched)
            self.asked.append(answer)
            if path.endswith("/models"):
                await self._list(answer)
            else:
                await self.scripts.pop(0)(answer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()
            self.busy.discard(task)

    async def _list(self, answer: Answer) -> None:
        if self.models is None:
            await answer.refuse("404 Not Found")
        else:
            model = {"object": "model", "created": 0, "owned_by": "test", **self.about}
            found = [{"id": id_, **model} for id_ in self.models]
            await answer.refuse("200 OK", json.dumps({"object": "list", "data": found}))


async def _closed(reader: asyncio.StreamReader) -> float:
    """Wait until the other side has nothing more to say; when that was."""
    with suppress(ConnectionError):
        await reader.read()
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def model_server(
    *scripts: Script, models: list[str] | None = None, about: dict[str, object] | None = None, port: int = 0
) -> AsyncIterator[ModelServer]:
    """`about` is what its list tells of each model beside the id."""
    server = ModelServer(list(scripts), models, about or {})
    listening = await asyncio.start_server(server._connected, "127.0.0.1", port)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}/v1"
    async with listening:
        yield server
    if server.busy:
        await asyncio.wait(server.busy, timeout=5)
