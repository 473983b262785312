"""How connections spread over processes: one queue that all share, or one for each (SO_REUSEPORT).

usage: accepting.py PROCESSES MILLISECONDS, the latter of work for each connection
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections import Counter

import uvloop

CONNECTIONS = 200


def listen(port: int = 0, *, reuse: bool) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=1024, reuse_port=reuse)


def accept(number: int, listening: socket.socket, work: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        until = time.process_time() + work
        while time.process_time() < until:
            pass
        writer.write(b"%d\n" % number)
        await reader.read()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(connected, sock=listening, backlog=1024)
        await server.serve_forever()

    uvloop.run(main())


async def spread(port: int, together: int) -> list[int]:
    """How many connections each process got, of which so many are opened at a time."""
    counts: Counter[int] = Counter()
    writers = []

    async def connect() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        counts[int(await reader.readline())] += 1

    for _ in range(CONNECTIONS // together):
        await asyncio.gather(*(connect() for _ in range(together)))
    for writer in writers:
        writer.close()
    return sorted(counts.values())


def main(processes: int, milliseconds: float) -> None:
    for reuse in (False, True):
        first = listen(reuse=reuse)
        port = first.getsockname()[1]
        others = [listen(port, reuse=True) if reuse else first for _ in range(processes - 1)]
        children = []
        for number, listening in enumerate([first, *others]):
            children.append(os.fork())
            if children[-1] == 0:
                accept(number, listening, milliseconds / 1000)
        for together in (1, 10, CONNECTIONS):
            print("SO_REUSEPORT" if reuse else "shared", together, asyncio.run(spread(port, together)))
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
