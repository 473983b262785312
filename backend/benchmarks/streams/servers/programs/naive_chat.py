"""Naive lines on Quart and Hypercorn: a list, a task that fills it, and a generator that follows it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, Response, request

WINDOW = 0.025
app = Quart(__name__)
sessions: list[aiohttp.ClientSession] = []
tasks: set[asyncio.Task[None]] = set()


class Delta(msgspec.Struct):
    content: str | None = None


class Choice(msgspec.Struct):
    delta: Delta


class Chunk(msgspec.Struct):
    choices: list[Choice]


decoder = msgspec.json.Decoder(Chunk)


class Log:
    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.done = False
        self.changed = asyncio.Event()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


async def fill(log: Log, message: str) -> None:
    body = {"model": "paced", "stream": True, "messages": [{"role": "user", "content": message}]}
    async with sessions[0].post(f"{os.environ['MODEL_URL']}/chat/completions", json=body) as response:
        rest = b""
        async for data in response.content.iter_any():
            *events, rest = (rest + data).split(b"\n\n")
            for event in events:
                if event.startswith(b"data: {") and (
                    text := decoder.decode(event[6:]).choices[0].delta.content
                ):
                    log.tokens.append(text)
            log.wake()
    log.done = True
    log.wake()


async def follow(log: Log) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    cursor = 0
    while cursor < len(log.tokens) or not log.done:
        if cursor == len(log.tokens):
            await log.changed.wait()
            continue
        sent = loop.time()
        text = "".join(log.tokens[cursor:])
        cursor = len(log.tokens)
        yield b'id: %d\ndata: {"token":%s}\n\n' % (cursor, msgspec.json.encode(text))
        await asyncio.sleep(max(0, sent + WINDOW - loop.time()))


@app.post("/chat")
async def chat() -> Response:
    log = Log()
    task = asyncio.create_task(fill(log, (await request.get_json())["message"]))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    response = Response(follow(log), mimetype="text/event-stream")
    response.timeout = None
    return response


@app.before_serving
async def open_session() -> None:
    connector = aiohttp.TCPConnector(limit=0)
    sessions.append(aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)))


config = Config()
config.bind = [f"127.0.0.1:{sys.argv[1]}"]
config.backlog = 4096
uvloop.run(serve(app, config))
