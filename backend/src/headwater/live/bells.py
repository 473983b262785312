"""Bells between servers. A bell is a hint to look at rows; one may be missed."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from secrets import token_hex
from typing import TypeAlias

import msgspec

from headwater.errors import UnavailableError
from headwater.live.ports import Channel
from headwater.storage.uncancelled import in_background

logger = logging.getLogger(__name__)

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

    A bell has a kind and words. What is rung while the last bells are on their way goes together, once. It
    goes by the first of the channels that takes it; a server listens to all.
    """

    def __init__(self, *channels: Channel) -> None:
        self._lines = [_Line(channel) for channel in channels]
        self._sender = token_hex(8)
        self._listeners: defaultdict[str, list[Heard]] = defaultdict(list)
        self._restarts: list[Callable[[], None]] = []
        self._waiting: defaultdict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
        self._ringing: asyncio.Task[None] | None = None

    @property
    def come_through(self) -> bool:
        """Whether bells are heard by the channel that others use unless it fails."""
        return self._lines[0].comes_through

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
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as listening:
            for line in self._lines:
                listening.create_task(self._listen(line))

    async def _listen(self, line: "_Line") -> None:
        while True:
            try:
                async with line.channel.listening(partial(self._hear, line)) as lost:
                    self._restart()
                    is_new, was_away = True, line.channel.is_away
                    while not lost.is_set() and await self._is_sound(line, is_new):
                        is_new = False
                        if line.channel.is_away != was_away:
                            was_away = not was_away
                            self._restart()  # from now on others ring by another channel, or by this one again
                        with suppress(TimeoutError):
                            async with asyncio.timeout(RETRY_AFTER if was_away else PROBE_EVERY):
                                await lost.wait()
                if len(self._lines) > 1:
                    self._restart()  # from now on others ring by another channel; before, it was this one
            except UnavailableError:
                line.comes_through = False
            await asyncio.sleep(RETRY_AFTER)

    async def _is_sound(self, line: "_Line", is_new: bool) -> bool:
        """Whether bells come through a connection. One that did so before and falls silent is replaced.

        While the channel is away, nothing is known against its connection: it may still hear what others ring.
        """
        line.own_heard.clear()
        if not line.channel.is_away:
            with suppress(UnavailableError, TimeoutError):
                async with asyncio.timeout(PROBE_EVERY):
                    await line.channel.publish([self._payload("probe", [()])])
                    await line.own_heard.wait()
        heard = line.own_heard.is_set()
        if line.channel.is_away and not heard:
            return True
        if is_new and line.comes_through and not heard:
            logger.warning(line.channel.silence)
        line.comes_through = heard or not is_new
        return heard

    def _restart(self) -> None:
        for restarted in self._restarts:
            restarted()

    async def _ring(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, defaultdict(dict)
                if not await self._publish(waiting):
                    self._waiting[MISSED][()] = None  # with the next bell
                    return
        finally:
            self._ringing = None

    async def _publish(self, waiting: dict[str, dict[tuple[str, ...], None]]) -> bool:
        for line in self._lines:
            payloads = [
                payload
                for kind, words in waiting.items()
                for payload in self._payloads(kind, list(words), line.channel.payload_bytes)
            ]
            with suppress(UnavailableError):
                await line.channel.publish(payloads)
                return True
        return False

    def _payloads(self, kind: str, bells: list[tuple[str, ...]], most: int) -> list[str]:
        """Bells of a kind in as few payloads of at most so many bytes as they fit into."""
        payload = self._payload(kind, bells)
        if len(payload) <= most or len(bells) == 1:
            return [payload]
        half = len(bells) // 2
        return self._payloads(kind, bells[:half], most) + self._payloads(kind, bells[half:], most)

    def _payload(self, kind: str, bells: list[tuple[str, ...]]) -> str:
        return msgspec.json.encode([self._sender, kind, *bells]).decode()

    def _hear(self, line: "_Line", payload: str) -> None:
        try:
            sender, kind, *bells = msgspec.json.decode(payload, type=list[str | tuple[str, ...]])
        except (msgspec.DecodeError, ValueError):
            logger.warning("a notification is not of Headwater: %.100s", payload)
            return
        if sender == self._sender:
            line.own_heard.set()
            return
        if kind == MISSED:
            self._restart()
        for heard in self._listeners.get(str(kind), ()):
            for words in bells:
                heard(tuple(words))


class _Line:
    """A channel, and whether this server hears itself on it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.own_heard = asyncio.Event()
        self.comes_through = True
