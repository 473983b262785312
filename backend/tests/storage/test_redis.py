"""Redis, by a real Valkey: whatever happens to it is an outage, which is noticed and over soon."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from time import monotonic

import pytest

from headwater.data_folder import DataFolder
from headwater.errors import UnavailableError
from headwater.storage import redis as module
from headwater.storage.redis import Redis, RedisAddress, Script
from tests.running import free_port
from tests.valkey import ValkeyServer, redis_at, valkey_server

PATIENCE = 30

ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture
def mortal() -> Iterator[ValkeyServer]:
    """A server of its own, because it is killed."""
    with valkey_server() as server:
        yield server


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.02)
    monkeypatch.setattr(module, "RECOVERY_TIME", 0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", PATIENCE)


@asynccontextmanager
async def kept(redis: Redis) -> AsyncIterator[None]:
    task = asyncio.create_task(redis.keep())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def add(redis: Redis, number: int) -> int:
    return int(await redis.run(ADD, [redis.key("sum")], [number]))


@pytest.fixture
async def redis(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    async with redis_at(valkey.url, token_hex(8)) as redis:
        yield redis


async def test_a_script_is_sent_again_where_redis_does_not_know_it(
    redis: Redis, valkey: ValkeyServer
) -> None:
    assert await add(redis, 1) == 1
    valkey.ask("SCRIPT", "FLUSH")
    assert [await add(redis, 2), await add(redis, 3)] == [3, 6]


async def test_names_keep_installations_apart(redis: Redis, valkey: ValkeyServer) -> None:
    await add(redis, 1)
    async with redis_at(valkey.url, token_hex(8)) as other:
        assert await add(other, 1) == 1


@pytest.mark.usefixtures("quick")
async def test_a_killed_server_is_away_until_another_takes_its_place(
    mortal: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with redis_at(mortal.url, "name") as redis:
        assert await add(redis, 1) == 1
        mortal.kill()
        async with kept(redis):
            await until(lambda: redis.is_away)
            with pytest.raises(UnavailableError):
                await add(redis, 1)
            mortal.start()
            await until(lambda: not redis.is_away)
            assert await add(redis, 1) == 1
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "Redis is away, and PostgreSQL takes its place",
        "Redis is back",
    ]


@pytest.mark.usefixtures("quick")
async def test_who_waits_for_a_silent_server_waits_once(
    mortal: ValkeyServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with redis_at(mortal.url, "name") as redis:
        await add(redis, 1)
        mortal.pause()
        monkeypatch.setattr(module, "TIMEOUT", 0.1)
        before = monotonic()
        outcomes = await asyncio.gather(*(add(redis, 1) for _ in range(100)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {UnavailableError}
        monkeypatch.setattr(module, "TIMEOUT", 2 * PATIENCE)
        before = monotonic()
        with pytest.raises(UnavailableError):
            await add(redis, 1)
        assert monotonic() - before < PATIENCE
        mortal.resume()
        async with kept(redis):
            await until(lambda: not redis.is_away)
            assert await add(redis, 1) >= 2
    assert "it does not answer" in caplog.text


@pytest.mark.usefixtures("quick")
async def test_a_server_that_takes_no_writes_is_away(
    mortal: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with redis_at(mortal.url, "name") as redis, kept(redis):
        await add(redis, 1)
        mortal.ask("CONFIG", "SET", "maxmemory", "1")
        await until(lambda: redis.is_away)
        mortal.ask("CONFIG", "SET", "maxmemory", "0")
        await until(lambda: not redis.is_away)
    assert "maxmemory" in caplog.text


async def test_a_subscription_tells_that_it_was_cut(redis: Redis, valkey: ValkeyServer) -> None:
    heard: list[str] = []
    async with redis.listening("channel", heard.append) as lost:
        await redis.publish("channel", "first")
        await until(lambda: heard == ["first"])
        assert not lost.is_set()
        valkey.ask("CLIENT", "KILL", "TYPE", "pubsub")
        async with asyncio.timeout(PATIENCE):
            await lost.wait()
        await redis.publish("channel", "missed")
    async with redis.listening("channel", heard.append):
        await redis.publish("channel", "second")
        await until(lambda: heard == ["first", "second"])


@pytest.mark.parametrize(
    "form", ["redis://{}", "rediss://{}", "redis+sentinel://{}/main", "redis+cluster://{}"]
)
async def test_nobody_serves(form: str) -> None:
    async with redis_at(form.format(f"127.0.0.1:{free_port()}"), "name") as redis:
        with pytest.raises(UnavailableError):
            await add(redis, 1)
        with pytest.raises(UnavailableError):
            async with redis.listening("channel", print):
                pass


@asynccontextmanager
async def behind_tls(server: ValkeyServer, folder: Path) -> AsyncIterator[str]:
    """Its URL behind TLS."""
    certificate = DataFolder(folder).certificate("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.cert, certificate.key)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))

    async def pass_on(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                to.write(data)
                await to.drain()
        to.close()

    async with await asyncio.start_server(connect, "127.0.0.1", 0, ssl=context) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        yield f"rediss://localhost:{port}/0?ssl_ca_certs={certificate.cert}"


@contextmanager
def behind_sentinel(server: ValkeyServer) -> Iterator[str]:
    with valkey_server("--sentinel") as sentinel:
        assert sentinel.ask("SENTINEL", "MONITOR", "cache", "127.0.0.1", str(server.port), "1") == b"+OK\r\n"
        yield f"redis+sentinel://127.0.0.1:{sentinel.port}/cache"


@contextmanager
def cluster() -> Iterator[str]:
    """Of two nodes, which know each other and have half of the slots each."""
    options = ("--cluster-enabled", "yes", "--cluster-config-file", "nodes")
    with valkey_server(*options) as first, valkey_server(*options) as second:
        assert first.ask("CLUSTER", "ADDSLOTSRANGE", "0", "8191") == b"+OK\r\n"
        assert second.ask("CLUSTER", "ADDSLOTSRANGE", "8192", "16383") == b"+OK\r\n"
        assert first.ask("CLUSTER", "MEET", "127.0.0.1", str(second.port)) == b"+OK\r\n"
        for node in (first, second):
            give_up = monotonic() + PATIENCE
            while b"cluster_state:ok" not in node.ask("CLUSTER", "INFO"):
                assert monotonic() < give_up
        yield f"redis+cluster://127.0.0.1:{first.port},127.0.0.1:{second.port}"


async def check(url: str) -> None:
    """What Headwater does with it works there, whichever node of a cluster has the keys."""
    for name in ("a", "b", "c", "d"):
        heard: list[str] = []
        async with redis_at(url, name) as redis, redis.listening(redis.key("bells"), heard.append):
            assert [await add(redis, 1), await add(redis, 1)] == [1, 2]
            two_keys = Script("return redis.call('MSET', KEYS[1], 1, KEYS[2], 2)")
            assert await redis.run(two_keys, [redis.key("one"), redis.key("two")], [])
            await redis.publish(redis.key("bells"), "bell")
            await until(lambda heard=heard: heard == ["bell"])  # type: ignore[misc]


@pytest.mark.usefixtures("patient")
async def test_tls(valkey: ValkeyServer, tmp_path: Path) -> None:
    async with behind_tls(valkey, tmp_path) as url:
        await check(url)


@pytest.mark.usefixtures("patient")
async def test_a_certificate_of_somebody_else_is_an_outage(
    valkey: ValkeyServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        behind_tls(valkey, tmp_path) as url,
        redis_at(url.partition("?")[0], "name") as redis,
    ):
        with pytest.raises(UnavailableError):
            await add(redis, 1)
    assert "certificate" in caplog.text


@pytest.mark.usefixtures("patient")
async def test_sentinel(mortal: ValkeyServer) -> None:
    with behind_sentinel(mortal) as url:
        await check(url)


@pytest.mark.usefixtures("patient")
async def test_a_cluster() -> None:
    with cluster() as url:
        await check(url)


@pytest.mark.parametrize(
    ("text", "url", "hosts"),
    [
        ("redis://h", "redis://h/?", [("h", 6379)]),
        ("redis://:p%40w@h:1/2", "redis://:p%40w@h:1/2?", [("h", 1)]),
        ("rediss://u:p@[::1]:1", "rediss://u:p@[::1]:1/?", [("::1", 1)]),
        ("rediss://h?ssl_ca_certs=/a%20b", "rediss://h/?ssl_ca_certs=%2Fa+b", [("h", 6379)]),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1", []),
        ("redis+cluster://a,b:1", "redis://a/?", [("a", 6379), ("b", 1)]),
        ("redis+sentinel://p@a,b:1/main/3", "redis://p@a/3?", [("a", 26379), ("b", 1)]),
    ],
)
def test_forms_of_a_url(text: str, url: str, hosts: list[tuple[str, int]]) -> None:
    address = RedisAddress.parse(text)
    assert (address.url, list(address.hosts)) == (url, hosts)


def test_sentinels_may_have_a_user_of_their_own() -> None:
    address = RedisAddress.parse("rediss+sentinel://u:p@a/main?sentinel_password=s&ssl_ca_certs=c")
    assert (address.url, address.service) == ("rediss://u:p@a/?ssl_ca_certs=c", "main")
    assert address.of_sentinels == {"password": "s"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h:6379",
        "http://h",
        "redis://",
        "redis://h:port",
        "redis://h:99999",
        "redis://a,b",
        "redis://h/name",
        "redis://h?retries=3",
        "redis+sentinel://h",
        "redis+cluster://h/1",
        "unix://",
        "unix:///path?db=0&retries=3",
    ],
)
def test_what_is_no_url_of_redis(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        RedisAddress.parse(text)
