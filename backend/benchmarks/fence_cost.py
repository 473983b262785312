"""What it costs PostgreSQL that every transaction of a server locks its row: processor time and multixacts.

    cd backend && ../.venv/bin/python -m benchmarks.fence_cost [CONNECTIONS]

Compared are one row for all connections, as servers have it, one for each, and no lock. Each transaction is
committed to the disk.
"""

import asyncio
import sys
import time
from collections.abc import Callable

import asyncpg
from benchmarks.streams.process_tree import cpu_seconds, descendant
from tests import postgresql

SECONDS = 5.0

LOCKS: dict[str, tuple[str, Callable[[int], int]]] = {
    "one row": ("FOR KEY SHARE", lambda _: 0),
    "a row for each connection": ("FOR KEY SHARE", lambda number: number),
    "no lock": ("", lambda _: 0),
}

COUNTERS = """
    SELECT next_multixact_id::text::bigint AS multixacts, next_multi_offset::text::bigint AS members
    FROM pg_control_checkpoint()"""


async def counters(connection: asyncpg.Connection) -> asyncpg.Record:
    """How many multixacts and members there have been."""
    await connection.execute("CHECKPOINT")
    return await connection.fetchrow(COUNTERS)


async def write(connection: asyncpg.Connection, lock: str, row: int) -> int:
    """Write until the time is over; the number of transactions."""
    query = f"""
        WITH held AS (SELECT name FROM servers WHERE name = $1 {lock}),
            written AS (INSERT INTO written SELECT name FROM held)
        SELECT count(*) FROM held"""
    until, done = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        await connection.fetch(query, row)
        done += 1
    return done


async def measure(url: str, number: int) -> None:
    """Print a line for each kind of lock."""
    connections = [await asyncpg.connect(url) for _ in range(number)]
    first = connections[0]
    await first.execute("CREATE TABLE written (name int); CREATE TABLE servers (name int PRIMARY KEY)")
    await first.execute("INSERT INTO servers SELECT generate_series(0, $1::int)", number)
    server = descendant("postgres")
    for name, (lock, row) in LOCKS.items():
        before, used = await counters(first), cpu_seconds(server)
        writing = (write(connection, lock, row(place)) for place, connection in enumerate(connections))
        done = sum(await asyncio.gather(*writing))
        used = cpu_seconds(server) - used
        after = await counters(first)
        multixacts, members = (
            (after[counter] - before[counter]) / done for counter in ("multixacts", "members")
        )
        print(
            f"{name}: {done / SECONDS:.0f} transactions a second, each {used / done * 1e6:.0f} µs,"
            f" {multixacts:.2f} multixacts, {members:.2f} members"
        )
    for connection in connections:
        await connection.close()


if __name__ == "__main__":
    postgresql.FAST = ()
    with postgresql.postgresql_server() as running:
        address = running.url.set(drivername="postgresql").render_as_string(hide_password=False)
        asyncio.run(measure(address, int(sys.argv[1]) if len(sys.argv) > 1 else 20))
