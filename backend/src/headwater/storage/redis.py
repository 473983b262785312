"""Redis or Valkey, for what may be lost at any moment: one server, one that sentinels watch, or a cluster."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha1
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from headwater.errors import UnavailableError

if TYPE_CHECKING:
    import redis.asyncio

    Client: TypeAlias = redis.asyncio.Redis | redis.asyncio.RedisCluster

logger = logging.getLogger(__name__)

TIMEOUT = 0.5
"""Seconds that a command may take; then Redis counts as away."""

CONNECT_TIMEOUT = 5.0
"""The same for what nobody waits for, which may have to connect first."""

BEAT = 1.0
"""Seconds between two looks whether Redis takes writes."""

RECOVERY_TIME = 2.0
"""Seconds without a failure after which it is back."""

MAX_COMMANDS = 16
"""Commands at once, and so connections."""

SERVER_PORT, SENTINEL_PORT = 6379, 26379

FORMS = (
    "redis://host:6379/0, rediss:// with TLS, unix:///path, redis+sentinel://host:26379,host:26379/service or"
    " redis+cluster://host:6379,host:6379"
)
"""The URLs that people may write; rediss+sentinel and rediss+cluster are the same with TLS."""

OPTIONS_OF_SENTINELS = {"sentinel_username", "sentinel_password"}
OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", *OPTIONS_OF_SENTINELS}
"""What may follow a question mark."""

_URL = re.compile(
    r"(?P<scheme>rediss?)(\+(?P<kind>sentinel|cluster))?://(?P<user>[^/?]*@)?(?P<hosts>[^/?@]+)"
    r"(/(?P<path>[^?]*))?(\?(?P<query>.*))?"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where Redis is. `url` leads to the first host, with the user, the database and TLS."""

    url: str
    kind: str | None
    hosts: Sequence[tuple[str, int]]
    service: str
    of_sentinels: dict[str, str]
    """What sentinels are asked with."""

    @classmethod
    def parse(cls, text: str) -> RedisAddress:
        """Parse a URL. Raises `ValueError` if it is none of `FORMS`."""
        if text.startswith("unix://"):
            unix = urlsplit(text)
            if not unix.path.strip("/") or not re.fullmatch(r"(db=\d+)?", unix.query):
                raise ValueError(text)
            return cls(text, None, (), "", {})
        found = _URL.fullmatch(text)
        if found is None:
            raise ValueError(text)
        kind, path = found["kind"], found["path"] or ""
        service, _, database = path.partition("/") if kind == "sentinel" else ("", "", path)
        port = SENTINEL_PORT if kind == "sentinel" else SERVER_PORT
        hosts = [_host(each, port) for each in found["hosts"].split(",")]
        query = found["query"]
        options = dict(parse_qsl(query, strict_parsing=True)) if query else {}
        if (
            not options.keys() <= OPTIONS
            or (kind is None and len(hosts) > 1)
            or (kind == "sentinel" and not service)
            or not re.fullmatch("0?" if kind == "cluster" else r"\d*", database)
        ):
            raise ValueError(text)
        of_sentinels = {
            name.removeprefix("sentinel_"): options.pop(name)
            for name in OPTIONS_OF_SENTINELS & options.keys()
        }
        first = found["hosts"].partition(",")[0]
        url = f"{found['scheme']}://{found['user'] or ''}{first}/{database}?{urlencode(options)}"
        return cls(url, kind, hosts, service, of_sentinels)


@dataclass(frozen=True, slots=True)
class Script:
    """A program in Lua that Redis runs as one step."""

    source: str

    @property
    def digest(self) -> str:
        """What it is called once Redis knows it."""
        return sha1(self.source.encode(), usedforsecurity=False).hexdigest()


class Redis:
    """Commands to Redis. Whatever it answers with an error, or not in time, makes it **away** for a while.

    Then nothing is sent but a look from time to time, so that nobody waits for it. All keys and channels
    begin with `headwater:` and the `name` of the installation, and are in one slot of a cluster.
    """

    def __init__(self, address: RedisAddress, name: str) -> None:
        # Imported by those alone who use it, because it takes as long as a tenth of a start.
        from redis.exceptions import NoScriptError, RedisClusterException, RedisError

        self._unknown_script = NoScriptError
        self._errors = (RedisError, RedisClusterException, OSError, TimeoutError)
        self._name = name
        self._client, self._close = _client(address)
        self._free = asyncio.Semaphore(MAX_COMMANDS)
        self._commands: set[asyncio.Task[Any]] = set()
        self._last_failure = 0.0
        self.is_away = False
        """Whether it is known not to work, and logged."""

    def key(self, *names: str) -> str:
        """The name of a key or a channel."""
        return ":".join((f"headwater:{{{self._name}}}", *names))

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[str | float]) -> Any:  # noqa: ANN401 - what the script returns
        """What a script returns, in one round trip. Raises `UnavailableError`."""

        async def run(client: Client) -> Any:  # noqa: ANN401
            rest = [len(keys), *keys, *arguments]
            try:
                return await client.execute_command("EVALSHA", script.digest, *rest)
            except self._unknown_script:
                return await client.execute_command("EVAL", script.source, *rest)

        return await self._execute(run)

    async def publish(self, channel: str, message: str) -> None:
        """Send a message to all who listen to a channel. Raises `UnavailableError`."""
        await self._execute(lambda client: client.execute_command("PUBLISH", channel, message))

    @asynccontextmanager
    async def listening(self, channel: str, heard: Callable[[str], None]) -> AsyncIterator[asyncio.Event]:
        """Call `heard` with messages; the event is set once the connection is lost.

        Raises `UnavailableError`.
        """
        subscription = self._client.pubsub()
        subscribed = asyncio.get_running_loop().create_future()
        lost = asyncio.Event()

        async def listen() -> None:
            try:
                await self._client.initialize()
                await subscription.subscribe(channel)
                async for message in subscription.listen():
                    if message["type"] == "message":
                        heard(message["data"].decode())
                    elif not subscribed.done():
                        subscribed.set_result(None)
            except self._errors as error:
                if not subscribed.done():
                    subscribed.set_exception(error)
            finally:
                lost.set()

        task = asyncio.create_task(listen())
        try:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await subscribed
            except self._errors as error:
                raise self._away(error) from None
            yield lost
        finally:
            while not task.done():
                task.cancel()  # more than once, because redis-py swallows it while it connects
                await asyncio.wait([task], timeout=0.1)
            await subscription.aclose()  # type: ignore[no-untyped-call]

    async def keep(self) -> None:
        """Notice when it goes away and when it is back, until cancelled."""
        key = self.key("alive")
        while True:
            with suppress(UnavailableError):
                await self._attempt(
                    lambda client: client.execute_command("SET", key, "", "PX", 1000), CONNECT_TIMEOUT
                )
                if self.is_away and monotonic() - self._last_failure >= RECOVERY_TIME:
                    logger.warning("Redis is back")
                    self.is_away = False
            await asyncio.sleep(BEAT)

    async def close(self) -> None:
        """Close all connections."""
        for close in self._close:
            await close()

    async def _execute(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        if self.is_away:
            raise _unavailable()
        return await self._attempt(work, TIMEOUT)

    async def _attempt(self, work: Callable[[Client], Coroutine[Any, Any, T]], seconds: float) -> T:
        """The result of a command. One that takes longer keeps running and keeps its connection."""
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
                task = asyncio.create_task(work(self._client))
                self._commands.add(task)
                task.add_done_callback(self._command_ended)
                return await asyncio.shield(task)
        except Exception as error:
            raise self._away(error) from error

    def _command_ended(self, task: asyncio.Task[Any]) -> None:
        self._commands.discard(task)
        self._free.release()

    def _away(self, error: BaseException) -> UnavailableError:
        if not self.is_away:
            reason = str(error).partition("\n")[0] or "it does not answer"
            logger.error("Redis is away, and PostgreSQL takes its place: %s", reason)
        self.is_away = True
        self._last_failure = monotonic()
        return _unavailable()


def _unavailable() -> UnavailableError:
    return UnavailableError("Redis is away.")


def _host(text: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(text)
    return parts.hostname, parts.port or port


def _client(address: RedisAddress) -> tuple[Client, list[Callable[[], Awaitable[None]]]]:
    """A client, which has not connected yet, and what closes it."""
    from redis.asyncio import Redis as Server
    from redis.asyncio import RedisCluster, Sentinel
    from redis.asyncio.cluster import ClusterNode
    from redis.asyncio.connection import parse_url
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    # A connection takes no more round trips than it needs, and what fails is not tried again unnoticed.
    common: dict[str, Any] = {"protocol": 2, "driver_info": None, "retry": Retry(NoBackoff(), 0)}
    if address.kind is None:
        client = Server.from_url(address.url, **common)
        return client, [client.aclose]
    named: dict[str, Any] = {**parse_url(address.url)}
    common["ssl"] = named.pop("connection_class", None) is not None
    for name in ("host", "port"):
        named.pop(name, None)
    if address.kind == "sentinel":
        tls = {name: value for name, value in named.items() if name.startswith("ssl_")}
        of_sentinels = {**common, **tls, **address.of_sentinels}
        sentinel = Sentinel(address.hosts, sentinel_kwargs=of_sentinels, **common, **named)  # type: ignore[no-untyped-call]
        client = sentinel.master_for(address.service)
        return client, [client.aclose, sentinel.aclose]
    cluster = RedisCluster(startup_nodes=[ClusterNode(*host) for host in address.hosts], **common, **named)
    return cluster, [cluster.aclose]
