"""Stops replies that other servers run, by a row and a bell."""

from collections.abc import Sequence

from sqlalchemy import text

from headwater.generation.codec import outcome_object, parse_outcome
from headwater.generation.outcome import Cancelled, Interrupted, Outcome
from headwater.live.bells import Bells
from headwater.live.looking import Looking
from headwater.live.memory import MemoryControl
from headwater.live.ports import Stop
from headwater.storage.database import Database
from headwater.storage.rows import encode_json
from headwater.storage.servers import FENCE

STOP = "stop"
"""The bell of a reply whose server is asked to stop it."""

TICK = 2.0
"""Seconds after which rows are looked at without a bell."""

_ASK = text(f"""
    WITH held AS ({FENCE}), asked AS (
        UPDATE generations SET stop = CAST(:stop AS json) FROM held
        WHERE generations.id = :generation AND shape IS NULL AND stop IS NULL
    ), asked_ephemeral AS (
        UPDATE ephemeral_replies SET stop = CAST(:stop AS json) FROM held
        WHERE ephemeral_replies.id = :generation AND stop IS NULL
    )
    SELECT count(*) AS held FROM held""")  # noqa: S608
_ASKED = text("""
    SELECT id, stop FROM generations WHERE id = ANY(CAST(:ids AS text[])) AND stop IS NOT NULL
    UNION ALL
    SELECT id, stop FROM ephemeral_replies WHERE id = ANY(CAST(:ids AS text[])) AND stop IS NOT NULL""")


class SharedControl:
    """See `Control`."""

    def __init__(self, database: Database, bells: Bells) -> None:
        self._database, self._bells = database, bells
        self._own = MemoryControl()
        self._looking = Looking(self._look, TICK)
        bells.on(STOP, self._hear)
        bells.on_restart(self._looking.soon)

    def listen(self, generation: str, stop: Stop) -> None:
        """See `Control.listen`."""
        self._own.listen(generation, stop)

    def forget(self, generation: str) -> None:
        """See `Control.forget`."""
        self._own.forget(generation)

    async def stop(self, generation: str, status: Cancelled | Interrupted) -> None:
        """See `Control.stop`."""
        if generation in self._own:
            await self._own.stop(generation, status)
            return
        stop = encode_json(outcome_object(Outcome(status)))
        await self._database.execute(_ASK, {"generation": generation, "stop": stop})
        self._bells.ring(STOP, generation)

    async def run(self) -> None:
        """Stop what other servers ask for, until cancelled."""
        await self._looking.run()

    async def _look(self) -> None:
        ids = list(self._own)
        rows = await self._database.fetch(_ASKED, {"ids": ids}) if ids else ()
        for row in rows:
            status = parse_outcome(row["stop"]).status
            if isinstance(status, Cancelled | Interrupted):
                await self._own.stop(row["id"], status)

    def _hear(self, words: Sequence[str]) -> None:
        if any(generation in self._own for generation in words):
            self._looking.soon()
