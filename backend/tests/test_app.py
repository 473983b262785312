import asyncio

import pytest

from headwater.app import running
from headwater.errors import UnavailableError


async def test_what_fails_beside_what_runs_for_ever_is_raised_as_it_is() -> None:
    """So whatever cannot start says why in one line."""
    with pytest.raises(UnavailableError):
        async with running(asyncio.sleep(1000)):
            raise UnavailableError("The database is not available.")


async def test_what_shall_run_for_ever_and_fails_ends_the_block() -> None:
    async def fail() -> None:
        raise UnavailableError("The database is not available.")

    with pytest.raises(ExceptionGroup):
        async with running(fail()):
            await asyncio.Event().wait()
