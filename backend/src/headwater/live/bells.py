"""Bells between servers. A bell is a hint to look at rows; one may be missed."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from secrets import token_hex
from time import monotonic
from typing import TypeAlias

import msgspec

from headwater.errors import UnavailableError
from headwater.live.ports import Channel
from headwater.storage.uncancelled import in_background

logger = logging.getLogger(__name__)

PROBE_EVERY = 5.0
"""Seconds between two bells to oneself, which tell whether bells come through."""

DEAF_FOR = 3 * PROBE_EVERY
"""Seconds for which a server counts as one that does not hear the first channel after it said so."""

RETRY_AFTER = 0.5
"""Seconds between two attempts to listen."""

PROBE, DEAF = "probe", "deaf"
"""The bells to oneself; the second one tells others to ring by all channels."""

KEYS = "keys"
"""The bell of signing keys that have changed."""

MISSED = "missed"
"""The bell of a server whose earlier bells did not go out."""

Heard: TypeAlias = Callable[[tuple[str, ...]], None]


class Bells:
    """Rings the other servers, and hears them.

    A bell has a kind and words. What is rung while the last bells are on their way goes together, once. It
    goes by the first of the channels that takes it, and by all while a server does not hear the first; a
    server listens to all.
    """

    def __init__(self, *channels: Channel) -> None:
        self._lines = [_Line(channel) for channel in channels]
        self._sender = token_hex(8)
        self._is_deaf = False
        """Whether this server told the others that it does not hear the first channel."""
        self._others_deaf_until = 0.0
        self._listeners: defaultdict[str, list[Heard]] = defaultdict(list)
        self._restarts: list[Callable[[], None]] = []
        self._waiting: defaultdict[str, dict[tuple[str, ...], None]] = defaultdict(dict)
        self._ringing: asyncio.Task[None] | None = None

    def on(self, kind: str, heard: Heard) -> None:
        """Call `heard` with the words of each bell of this kind that another server rings."""
        self._listeners[kind].append(heard)

    def on_restart(self, restarted: Callable[[], None]) -> None:
        """Call `restarted` whenever bells are heard again after some may have been missed."""
        self._restarts.append(restarted)

    def ring(self, kind: str, *words: str) -> None:
        """Ring all other servers soon."""
        self._waiting[kind][words] = None
        self._ring_soon()

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
                        if was_away and not line.channel.is_away:
                            self._restart()
                        was_away = line.channel.is_away
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

        While its channel is away, it is kept: it may still hear what others ring.
        """
        first = self._lines[0]
        is_deaf = line is not first and (first.channel.is_away or not first.comes_through)
        line.own_heard.clear()
        if not line.channel.is_away:
            with suppress(UnavailableError, TimeoutError):
                async with asyncio.timeout(PROBE_EVERY):
                    await line.channel.publish([self._payload(DEAF if is_deaf else PROBE, [()])])
                    await line.own_heard.wait()
        heard = line.own_heard.is_set()
        if line.channel.is_away and not heard:
            return True
        if is_new and line.comes_through and not heard:
            logger.warning(line.channel.silence)
        line.comes_through = heard or not is_new
        if heard and self._waiting:
            self._ring_soon()
        if heard and line is not first:
            if is_deaf and not self._is_deaf:
                self._restart()  # until now, others may have rung by the first channel alone
            self._is_deaf = is_deaf
        return heard

    def _restart(self) -> None:
        for restarted in self._restarts:
            restarted()

    def _ring_soon(self) -> None:
        if self._ringing is None:
            self._ringing = in_background(self._ring())

    async def _ring(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, defaultdict(dict)
                if not await self._publish(waiting):
                    self._waiting[MISSED][()] = None  # with the next bell, or once a channel works again
                    return
        finally:
            self._ringing = None

    async def _publish(self, waiting: dict[str, dict[tuple[str, ...], None]]) -> bool:
        """Whether a channel took some bells."""
        is_out = False
        for line in self._lines:
            if is_out and monotonic() >= self._others_deaf_until:
                break
            payloads = [
                payload
                for kind, words in waiting.items()
                for payload in self._payloads(kind, list(words), line.channel.payload_bytes)
            ]
            with suppress(UnavailableError):
                await line.channel.publish(payloads)
                is_out = True
        return is_out

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
        if kind == DEAF:
            self._others_deaf_until = monotonic() + DEAF_FOR
        for heard in self._listeners.get(str(kind), ()):
            for words in bells:
                heard(tuple(words))


class _Line:
    """A channel, and whether this server hears itself on it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.own_heard = asyncio.Event()
        self.comes_through = True
