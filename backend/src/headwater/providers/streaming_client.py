"""An HTTP client for a response that arrives piece by piece.

aiohttp does the work of the protocol: connections, TLS, proxies, heads, compression, errors. Its own readers
are coroutines, which wake up for every piece. `read` takes each piece in the callback in which it arrives.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from headwater.providers.http_chunks import Chunks

CONNECT_TIMEOUT = 10.0
"""Seconds that a connection may take. What follows takes as long as the caller waits."""

CROSSING_TIME = 1.0
"""Seconds in which the end of an idle connection and a request can cross each other on the way."""

PULL_BYTES = 1024 * 1024
"""How many bytes are taken before others get their turn. A few compressed ones may become very many."""

SUCCESS = range(200, 300)
"""The statuses of responses that `read` reads."""

_HEAD = re.compile(rb"\s*HTTP/\S+ +([0-9])(?s:.*?)\n\r?\n")
"""The head of a response, with the first digit of its status."""

END_GRACE = 1.0
"""Seconds that a response gets to end once its reader has enough, so that its connection is used again."""


class StreamingClient:
    """Sends requests to one address, over at most `connections` connections. Call `aclose()` when done.

    Certificates and proxies are those that httpx uses, which the environment may name.
    """

    def __init__(self, url: str, headers: Mapping[str, str], connections: int) -> None:
        self._url = url
        self._headers = headers
        self._proxy = _proxy(url)
        self._connections = connections
        self._tls = httpx2.create_ssl_context()
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes) -> "Response":
        """Send a request, and return its response when the head has arrived. Raises `aiohttp.ClientError`.

        A server may close an idle connection just when the next request is on its way. That request is sent
        again; one whose connection lasted longer than that may have been taken, so it is not.
        """
        if self._session is None:
            self._session = self._open()
        clock = asyncio.get_running_loop().time
        while True:
            attempt, sent = _Attempt(), clock()
            try:
                response = await self._session.post(
                    self._url, data=body, proxy=self._proxy, trace_request_ctx=attempt
                )
                return cast("Response", response)
            except aiohttp.ClientConnectionError:
                if not attempt.is_over_idle_connection or clock() - sent > CROSSING_TIME:
                    raise

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_connection_reuseconn.append(_note_reuse)
        return aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._tls),
            timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT),
            trace_configs=[trace],
            response_class=Response,
        )


@dataclass
class _Attempt:
    is_over_idle_connection: bool = False


async def _note_reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.is_over_idle_connection = True


def _proxy(url: str) -> str | None:
    parts, proxies = urlsplit(url), getproxies()
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


class Response(aiohttp.ClientResponse):
    """A response. `read` reads its body if the request succeeded, otherwise aiohttp's methods do."""

    body: "_Body"

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """See `aiohttp.ClientResponse`."""
        self.body = _Body(connection)
        await super().start(connection)
        if self.status not in SUCCESS:
            self.body.restore()
        return self


async def read(response: Response, take: Callable[[bytes], bool]) -> None:
    """Call `take` with each piece of the body when it arrives, to the end or until `take` returns True.

    Raises `aiohttp.ClientError` if the body breaks off, and what `take` raises.
    """
    body = response.body
    try:
        try:
            body.begin(response, take)
            await body.ended
        finally:
            body.restore()
    except BaseException:
        response.close()
        raise
    if not response.content.is_eof():
        asyncio.get_running_loop().call_later(END_GRACE, response.close)


class _Body(asyncio.Protocol):
    """The body of a response. Stands before aiohttp's own protocol on the connection.

    aiohttp gets the head, and also a body that is compressed or has a length, which is then taken from it.
    A body that just has chunks, as model servers send it, is taken out of them here, for a fifth of the cost.
    """

    def __init__(self, connection: Connection) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._own = cast("ResponseHandler", connection.protocol)
        self._transport = connection.transport
        self._head = b""
        self._held: bytes | None = None
        """What follows the head, until `begin`."""
        self._chunks: Chunks | None = None
        self._content: aiohttp.StreamReader | None = None
        self._take: Callable[[bytes], bool]
        if self._transport is not None:
            self._transport.set_protocol(self)

    def begin(self, response: Response, take: Callable[[bytes], bool]) -> None:
        """Give `take` what has arrived, and then what arrives."""
        headers = response.headers
        is_just_chunked = (
            headers.get("Transfer-Encoding", "").lower() == "chunked" and "Content-Encoding" not in headers
        )
        self._content, self._take = response.content, take
        held, self._held = self._held, None
        if held is not None and is_just_chunked:
            self._chunks = Chunks()
            self._unpack(self._chunks, held)
        else:
            self._own.data_received(held or b"")
            self._pull()

    def restore(self) -> None:
        """Give the connection its own protocol back, unless it is lost or the next response has it already.

        aiohttp lets the next request have the connection as soon as it has seen the end of the body, which
        may be before the reader of this one wakes.
        """
        if self._transport is not None:
            if self._transport.get_protocol() is self:
                self._transport.set_protocol(self._own)
                self._pass_on()
            self._transport = None

    def data_received(self, data: bytes) -> None:
        if self._chunks is not None:
            self._unpack(self._chunks, data)
        elif self._held is not None:
            self._held += data
        elif self._content is None:
            self._pass_head(data)
        else:
            self._own.data_received(data)
            self._pull()

    def eof_received(self) -> None:
        self._own.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._pass_on()
        self._own.connection_lost(exc)
        if self._content is not None:
            self._pull()

    def pause_writing(self) -> None:
        self._own.pause_writing()

    def resume_writing(self) -> None:
        self._own.resume_writing()

    def _pass_head(self, data: bytes) -> None:
        """Pass on heads, up to the last one, and hold what follows it."""
        passed = len(self._head)
        self._head += data
        head = _HEAD.match(self._head)
        if head is None:
            self._own.data_received(data)
            return
        self._own.data_received(self._head[passed : head.end()])
        rest = self._head[head.end() :]
        self._head = b""
        if head[1] != b"1":
            self._held = rest
        elif rest:
            self._pass_head(rest)

    def _pass_on(self) -> None:
        """Give aiohttp's protocol what it needs to go on from here."""
        rest = self._held if self._chunks is None else self._chunks.rest()
        self._chunks = self._held = None
        if rest:
            self._own.data_received(rest)

    def _unpack(self, chunks: Chunks, data: bytes) -> None:
        piece = chunks.feed(data)
        if self.ended.done():
            return
        try:
            if piece and self._take(piece):
                self.ended.set_result(None)
            elif chunks.is_complete:
                self._pass_on()
                self._pull()
            elif chunks.is_broken:
                self.ended.set_exception(aiohttp.ClientPayloadError("what follows a chunk is no chunk"))
        except Exception as error:  # noqa: BLE001 - raised where `ended` is awaited
            self.ended.set_exception(error)

    def _pull(self) -> None:
        """Take what aiohttp has parsed."""
        if self.ended.done() or self._content is None:
            return
        try:
            left = PULL_BYTES
            while piece := self._content.read_nowait():
                if self._take(piece):
                    self.ended.set_result(None)
                    return
                left -= len(piece)
                if left <= 0:
                    self.ended.get_loop().call_soon(self._pull)
                    return
            if self._content.is_eof():
                self.ended.set_result(None)
            elif self._transport is None:
                self.ended.set_exception(aiohttp.ClientPayloadError("the connection was lost"))
        except Exception as error:  # noqa: BLE001 - raised where `ended` is awaited
            self.ended.set_exception(error)
