"""Bells between servers: PostgreSQL's NOTIFY. A bell is a hint to look at rows; one may be missed.

A server that cannot listen, because it is behind a pooler, finds its bells in a table.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import TypeAlias

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from headwater.errors import UnavailableError
from headwater.storage.database import COLLECT_EVERY, Database
from headwater.storage.outage import OUTAGES
from headwater.storage.uncancelled import in_background

logger = logging.getLogger(__name__)

PAYLOAD_BYTES = 7_900
"""The most that PostgreSQL takes is 8,000."""

PROBE_EVERY = 5.0
"""Seconds between two bells to oneself, which tell whether bells come through."""

RETRY_AFTER = 0.5
"""Seconds between two attempts to listen."""

KEYS = "keys"
"""The bell of signing keys that have changed."""

MISSED = "missed"
"""The bell of a server whose earlier bells did not go out."""

Heard: TypeAlias = Callable[[tuple[str, ...]], None]


class Bells:
    """Rings the other servers, and hears them.

    A bell has a kind and words. What is rung while the last bells are on their way goes together, once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sender = token_hex(8)
        self._listeners: defaultdict[str, list[Heard]] = defaultdict(list)
        self._restarts: list[Callable[[], None]] = []
        self._waiting: defaultdict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
        self._ringing: asyncio.Task[None] | None = None
        self._own_heard = asyncio.Event()

    def on(self, kind: str, heard: Heard) -> None:
        """Call `heard` with the words of each bell of this kind that another server rings."""
        self._listeners[kind].append(heard)

    def on_restart(self, restarted: Callable[[], None]) -> None:
        """Call `restarted` whenever bells are heard again after some may have been missed."""
        self._restarts.append(restarted)

    def ring(self, kind: str, *words: str) -> None:
        """Ring all other servers soon."""
        self._waiting[kind][words] = None
        if self._ringing is None:
            self._ringing = in_background(self._ring())

    async def rung(self) -> None:
        """Wait until what was rung is on its way."""
        if self._ringing is not None:
            await self._ringing

    async def run(self) -> None:
        """Hear bells until cancelled."""
        hear = self._listen if self._database.keeps_sessions else self._collect
        while True:
            with suppress(UnavailableError, *OUTAGES):  # the database has logged it
                await hear()
            await asyncio.sleep(RETRY_AFTER)

    async def _listen(self) -> None:
        """Listen until no bell comes through any more."""
        async with self._database.listening(self._hear) as lost:
            self._restart()
            while not lost.is_set() and await self._hears_itself():
                with suppress(TimeoutError):
                    async with asyncio.timeout(PROBE_EVERY):
                        await lost.wait()

    async def _collect(self) -> None:
        """Look for bells in rows, until that fails."""
        payloads = await self._database.collect()
        self._restart()
        while True:
            for payload in payloads:
                self._hear(payload)
            await asyncio.sleep(COLLECT_EVERY)
            payloads = await self._database.collect()

    async def _hears_itself(self) -> bool:
        self._own_heard.clear()
        self.ring("probe")
        with suppress(TimeoutError):
            async with asyncio.timeout(PROBE_EVERY):
                await self._own_heard.wait()
        return self._own_heard.is_set()

    def _restart(self) -> None:
        for restarted in self._restarts:
            restarted()

    async def _ring(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, defaultdict(dict)
                payloads = [
                    payload
                    for kind, words in waiting.items()
                    for payload in self._payloads(kind, list(words))
                ]
                try:
                    await self._database.notify(payloads)
                except (UnavailableError, SQLAlchemyError):
                    self._waiting[MISSED][()] = None  # with the next bell
                    return
        finally:
            self._ringing = None

    def _payloads(self, kind: str, bells: list[tuple[str, ...]]) -> list[str]:
        """Bells of a kind in as few payloads as they fit into."""
        payload = msgspec.json.encode([self._sender, kind, *bells])
        if len(payload) <= PAYLOAD_BYTES or len(bells) == 1:
            return [payload.decode()]
        half = len(bells) // 2
        return self._payloads(kind, bells[:half]) + self._payloads(kind, bells[half:])

    def _hear(self, payload: str) -> None:
        try:
            sender, kind, *bells = msgspec.json.decode(payload, type=list[str | tuple[str, ...]])
        except (msgspec.DecodeError, ValueError):
            logger.warning("a notification of PostgreSQL is not of Headwater: %.100s", payload)
            return
        if sender == self._sender:
            self._own_heard.set()
            return
        if kind == MISSED:
            self._restart()
        for heard in self._listeners.get(str(kind), ()):
            for words in bells:
                heard(tuple(words))
