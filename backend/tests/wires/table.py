"""All transports by their names: one line for each."""

from collections.abc import Callable
from typing import TypeAlias

import httpx

from tests.running import RunningServer
from tests.wires.http import NdjsonWire, PollWire, SseWire
from tests.wires.rpc import ConnectWire, GrpcWebWire, GrpcWire
from tests.wires.socket_io import SocketIoWire
from tests.wires.websocket import H2WebSocketWire, WebSocketWire
from tests.wires.wire import Wire

Open: TypeAlias = Callable[[RunningServer, httpx.AsyncClient, dict[str, str]], Wire]

WIRES: dict[str, Open] = {
    "sse": lambda _server, client, _headers: SseWire(client),
    "ndjson": lambda _server, client, _headers: NdjsonWire(client),
    "pages": lambda _server, client, _headers: PollWire(client),
    "grpc": lambda server, _client, headers: GrpcWire(server, headers),
    "grpc-web": lambda _server, client, _headers: GrpcWebWire(client),
    "connect": lambda _server, client, _headers: ConnectWire(client),
    "socket-io": lambda server, _client, headers: SocketIoWire(server, headers),
    "websocket": lambda server, _client, headers: WebSocketWire(server, headers),
    "websocket-h2": lambda server, _client, headers: H2WebSocketWire(server, headers),
}
"""What speaks to a server with a client of it and the headers (or metadata) that name who speaks."""
