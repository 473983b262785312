from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.chaos import chaos
from tests.postgresql import PostgresqlServer, postgresql_server


@pytest.fixture
def postgresql() -> Iterator[PostgresqlServer]:
    """A server of its own, because it is stopped."""
    with postgresql_server() as server:
        yield server


async def test_whatever_breaks_every_reader_gets_what_the_rows_say(
    postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    """A few faults; `make chaos` goes on for long."""
    world = await chaos(tmp_path, postgresql, seconds=8, seed=7)
    assert world.faults
    assert any(reading.cuts for reading in world.readings)
