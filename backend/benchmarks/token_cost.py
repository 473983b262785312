"""The processor time of a call and of a token: the openai package and its own iterator, and our raw bytes.

    cd backend && ../.venv/bin/python benchmarks/token_cost.py

A model server in another process sends the same replies to both, in turns: many of one token, then one of
many tokens. Only the reader's own processor time counts, not that of the server or of other work on the
machine. Compare the figures of one run; single figures differ between machines.
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

CALLS = 200
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
    return chunk(f"data: {json.dumps(body)}\n\n".encode())


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def serve(ready: Connection) -> None:
    """Answer every request with as many tokens as the name of its model says, each in a write of its own."""
    token = message({"content": " token"})
    end = message({}, "stop") + chunk(b"data: [DONE]\n\n") + chunk(b"")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            lines = head.lower().split(b"\r\n")
            length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
            body = json.loads(await reader.readexactly(length))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(int(body["model"])):
                writer.write(token)
                await writer.drain()
            writer.write(end)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def main(url: str) -> None:
    client = AsyncOpenAI(api_key="k", base_url=url, http_client=DefaultAioHttpClient())
    provider = OpenAIProvider(api_key="k", base_url=url)

    async def package(tokens: int) -> int:
        reply = await client.chat.completions.create(
            model=str(tokens), messages=[{"role": "user", "content": "hi"}], stream=True
        )
        return sum([1 async for part in reply if part.choices[0].delta.content])

    async def ours(tokens: int) -> int:
        deltas: list[Delta] = []
        prompt = Prompt("gen_1", str(tokens), (PromptMessage("user", "hi"),))
        await provider.generate(prompt, deltas.extend)
        return sum(isinstance(delta, Text) for delta in deltas)

    readers = {"the package": package, "raw bytes": ours}
    for what, calls, tokens in (("call", CALLS, 1), ("token", 1, TOKENS)):
        costs: dict[str, list[float]] = {name: [] for name in readers}
        for _ in range(ROUNDS):
            for name, read in readers.items():
                started = time.process_time()
                for _ in range(calls):
                    assert await read(tokens) == tokens
                costs[name].append((time.process_time() - started) / (calls * tokens) * 1e6)
        for name, times in costs.items():
            print(f"{name:12} {statistics.median(times):8.1f} µs a {what} (median of {ROUNDS})")
        ratios = [a / b for a, b in zip(*costs.values(), strict=True)]
        print(f"{'ratio':12} {statistics.median(ratios):8.1f} (from {min(ratios):.1f} to {max(ratios):.1f})")
    await provider.aclose()
    await client.close()


if __name__ == "__main__":
    here, there = Pipe()
    server = Process(target=serve, args=(there,), daemon=True)
    server.start()
    asyncio.run(main(f"http://127.0.0.1:{here.recv()}/v1"))
    server.terminate()
    sys.exit(0)
