"""The cost of a message over gRPC: connectrpc on Hypercorn, as Headwater runs it, and grpc.aio's own server.

    cd backend && ../.venv/bin/python -m benchmarks.grpc_servers --calls 100

Each server is a process of its own and sends a short token every 25 ms in every call. The client is grpcio in
this process. The benchmark prints the server's processor time per message, and the delay from sending to
receiving a message, which includes the client's share.
"""

import argparse
import asyncio
import multiprocessing
import socket
import statistics
import time
from collections.abc import AsyncIterator, Coroutine
from multiprocessing.connection import Connection
from typing import Any

import grpc
import uvloop
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config, Sockets
from hypercorn.utils import wrap_app

from headwater.server.hypercorn_corrections import Connections
from headwater.v1 import chat_connect, chat_pb2, chat_pb2_grpc

WINDOW = 0.025
MESSAGES = 200


async def tokens() -> AsyncIterator[chat_pb2.ChatResponse]:
    """A token in every window; its text is the time of sending."""
    started = time.monotonic()
    for number in range(MESSAGES):
        await asyncio.sleep(max(0.0, started + number * WINDOW - time.monotonic()))
        yield chat_pb2.ChatResponse(
            token=f"{time.monotonic():.6f}", generation="gen_" + 20 * "x", cursor=number
        )
    yield chat_pb2.ChatResponse(done=True, cursor=MESSAGES)


class ForConnect(chat_connect.ChatService):
    def stream_chat(self, *_: object) -> AsyncIterator[chat_pb2.ChatResponse]:
        return tokens()


class ForGrpc(chat_pb2_grpc.ChatServiceServicer):
    async def StreamChat(self, *_: object) -> AsyncIterator[chat_pb2.ChatResponse]:  # noqa: N802
        async for message in tokens():
            yield message


async def serve_connect(port: int, stop: asyncio.Event) -> None:
    config = Config()
    config.errorlog = None
    config.h2_max_concurrent_streams = 2**16
    app: Any = chat_connect.ChatServiceASGIApplication(ForConnect())
    sockets = Sockets([], [socket.create_server(("127.0.0.1", port), backlog=1024)], [])
    with Connections().corrected():
        await worker_serve(wrap_app(app, 0, "asgi"), config, sockets=sockets, shutdown_trigger=stop.wait)


async def serve_grpc(port: int, stop: asyncio.Event) -> None:
    server = grpc.aio.server()
    chat_pb2_grpc.add_ChatServiceServicer_to_server(ForGrpc(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await stop.wait()
    await server.stop(0)


SERVERS = {"connectrpc": serve_connect, "grpc.aio": serve_grpc}


def process(name: str, port: int, pipe: Connection) -> None:
    """Serve until a message arrives, then answer with the seconds of processor time."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), lambda: (loop.remove_reader(pipe.fileno()), stop.set()))
        serving: Coroutine[Any, Any, None] = SERVERS[name](port, stop)
        started = time.process_time()
        task = asyncio.create_task(serving)
        await stop.wait()
        pipe.send(time.process_time() - started)
        await task

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def call(channel: grpc.aio.Channel) -> list[float]:
    """The delay of every message, in seconds."""
    delays = []
    request = chat_pb2.ChatRequest(message="x")
    async for message in chat_pb2_grpc.ChatServiceStub(channel).StreamChat(request, wait_for_ready=True):
        if message.done:
            return delays
        delays.append(time.monotonic() - float(message.token))
    raise AssertionError("a call ended without its last message")


async def measure(name: str, port: int, calls: int, connections: int) -> None:
    settings = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(f"127.0.0.1:{port}", settings) for _ in range(connections)]
    results = await asyncio.gather(*(call(channels[n % connections]) for n in range(calls)))
    delays = sorted(delay for result in results for delay in result)
    lost = calls * MESSAGES - len(delays)
    middle, late = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(
        f"{name:11} {len(delays)} messages, {lost} lost,"
        f" after {middle * 1000:.1f} ms (99%: {late * 1000:.1f} ms)",
        end="",
    )
    await asyncio.gather(*(channel.close() for channel in channels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--only", choices=SERVERS)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    for name in [options.only] if options.only else SERVERS:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        ours, theirs = spawn.Pipe()
        server = spawn.Process(target=process, args=(name, port, theirs))
        server.start()
        asyncio.run(measure(name, port, options.calls, options.connections))
        ours.send("stop")
        print(f", {ours.recv() / (options.calls * MESSAGES) * 1e6:.0f} µs of processor time each")
        server.join()


if __name__ == "__main__":
    main()
