"""The processor time of a token: the openai package's own iterator, and our parser of raw bytes.

    cd backend && ../.venv/bin/python benchmarks/token_cost.py

A model server in another process sends the same reply to both, in turns. Only the reader's own processor time
counts, not that of the server or of other work on the machine. Compare the two figures of one run; single
figures differ between machines.
"""

import asyncio
import json
import statistics
import sys
import time
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection

from openai import AsyncOpenAI, DefaultAioHttpClient

from headwater.generation.kinds.text import Text
from headwater.generation.provider import Delta, Prompt, PromptMessage
from headwater.providers.openai import OpenAIProvider

TOKENS = 30_000
ROUNDS = 5


def message(delta: dict[str, str], finish: str | None = None) -> bytes:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return f"data: {json.dumps(body)}\n\n".encode()


def serve(ready: Connection) -> None:
    """Answer every request with TOKENS tokens, each in a write of its own."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        token = message({"content": " token"})
        for _ in range(TOKENS):
            writer.write(token)
            await writer.drain()
        writer.write(message({}, "stop") + b"data: [DONE]\n\n")
        await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def package_iterator(url: str) -> int:
    async with AsyncOpenAI(api_key="k", base_url=url, http_client=DefaultAioHttpClient()) as client:
        reply = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        return sum([1 async for part in reply if part.choices[0].delta.content])


async def raw_bytes(url: str) -> int:
    provider = OpenAIProvider(api_key="k", base_url=url)
    prompt = Prompt("gen_1", "m", (PromptMessage("user", "hi"),))
    deltas: list[Delta] = []
    await provider.generate(prompt, deltas.extend)
    await provider.aclose()
    return sum(isinstance(delta, Text) for delta in deltas)


async def main(url: str) -> None:
    costs: dict[str, list[float]] = {"package iterator": [], "raw bytes": []}
    for _ in range(ROUNDS):
        for name, read in (("package iterator", package_iterator), ("raw bytes", raw_bytes)):
            started = time.process_time()
            assert await read(url) == TOKENS
            costs[name].append((time.process_time() - started) / TOKENS * 1e6)
    for name, times in costs.items():
        print(
            f"{name:18} {statistics.median(times):7.1f} µs a token (median of {ROUNDS}, {TOKENS} tokens each)"
        )
    ratios = [a / b for a, b in zip(*costs.values(), strict=True)]
    print(f"{'ratio':18} {statistics.median(ratios):7.1f} (from {min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    here, there = Pipe()
    server = Process(target=serve, args=(there,), daemon=True)
    server.start()
    asyncio.run(main(f"http://127.0.0.1:{here.recv()}/v1"))
    server.terminate()
    sys.exit(0)
