"""gRPC with the stock client, and Connect and gRPC-Web as a browser speaks them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import httpx
import msgspec
from google.protobuf.json_format import MessageToDict

from headwater.transports.grpc import frame
from headwater.v1.chat_pb2 import CancelRequest, ChatRequest, ChatResponse, FollowRequest
from headwater.v1.chat_pb2_grpc import ChatServiceStub
from tests.running import RunningServer
from tests.wires.wire import Reading, RefusedError, Seen

PATH = "/headwater.v1.ChatService/"


def from_message(message: dict[str, Any]) -> Seen:
    """A message of any of the three, as JSON has it."""
    cursor = message.get("cursor", 0)
    if "start" in message:
        return Seen("start", cursor, told={"generation": message["generation"], **message["start"]})
    if message.get("done"):
        return Seen("outcome", told=message["outcome"])
    if "token" in message:
        return Seen("token", cursor, message["token"])
    if "reasoning" in message:
        return Seen("reasoning", cursor, message["reasoning"])
    return Seen("heartbeat")


class GrpcWire:
    """A connection of its own for each reply."""

    def __init__(self, server: RunningServer, headers: dict[str, str]) -> None:
        self._target = f"127.0.0.1:{server.grpc_port}"
        self._metadata = [(name.lower(), value) for name, value in headers.items()]

    @asynccontextmanager
    async def start(self, body: dict[str, Any], key: str | None = None) -> AsyncIterator[Reading]:
        keyed = [] if key is None else [("idempotency-key", key)]
        async with self._stub() as stub:
            yield _read(stub.StreamChat(ChatRequest(**body), metadata=[*self._metadata, *keyed]))

    @asynccontextmanager
    async def follow(self, generation: str, after: int) -> AsyncIterator[Reading]:
        async with self._stub() as stub:
            request = FollowRequest(generation=generation, after=after)
            yield _read(stub.Follow(request, metadata=self._metadata))

    async def cancel(self, generation: str) -> None:
        async with self._stub() as stub:
            try:
                await stub.Cancel(CancelRequest(generation=generation), metadata=self._metadata)
            except grpc.aio.AioRpcError as error:
                raise _refused(error) from None

    @asynccontextmanager
    async def _stub(self) -> AsyncIterator[Any]:
        async with grpc.aio.insecure_channel(self._target) as channel:
            yield ChatServiceStub(channel)


async def _read(call: Any) -> Reading:
    try:
        async for message in call:
            yield from_message(MessageToDict(message, preserving_proto_field_name=True))
    except grpc.aio.AioRpcError as error:
        raise _refused(error) from None


def _refused(error: grpc.aio.AioRpcError) -> RefusedError:
    told = {str(name): str(value) for name, value in error.trailing_metadata() or ()}
    return RefusedError(told["headwater-code"], _seconds(told.get("retry-after")))


def _seconds(retry_after: str | None) -> int | None:
    return None if retry_after is None else int(retry_after)


class ConnectWire:
    """With messages as JSON."""

    media_type = "application/connect+json"

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    @asynccontextmanager
    async def start(self, body: dict[str, Any], key: str | None = None) -> AsyncIterator[Reading]:
        keyed = {} if key is None else {"Idempotency-Key": key}
        async with self._call("StreamChat", self.encode(ChatRequest, body), keyed) as reading:
            yield reading

    @asynccontextmanager
    async def follow(self, generation: str, after: int) -> AsyncIterator[Reading]:
        body = self.encode(FollowRequest, {"generation": generation, "after": after})
        async with self._call("Follow", body, {}) as reading:
            yield reading

    async def cancel(self, generation: str) -> None:
        response = await self._client.post(PATH + "Cancel", json={"generation": generation})
        if response.status_code != 200:
            raise RefusedError(response.headers["trailer-headwater-code"])

    @asynccontextmanager
    async def _call(self, method: str, body: bytes, headers: dict[str, str]) -> AsyncIterator[Reading]:
        headers = {"Content-Type": self.media_type, **headers}
        async with self._client.stream(
            "POST", PATH + method, content=frame(body), headers=headers
        ) as response:
            yield self._read(response)

    async def _read(self, response: httpx.Response) -> Reading:
        async for flag, content in arriving(response):
            if flag:
                self.check_end(content)
            else:
                yield from_message(self.decode(content))

    def encode(self, _: Any, body: dict[str, Any]) -> bytes:
        return msgspec.json.encode(body)

    def decode(self, content: bytes) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(content)
        return found

    def check_end(self, content: bytes) -> None:
        end = msgspec.json.decode(content)
        if "error" in end:
            told = end["metadata"]
            raise RefusedError(told["headwater-code"][0], _seconds(told.get("retry-after", [None])[0]))


class GrpcWebWire(ConnectWire):
    """The binary kind."""

    media_type = "application/grpc-web+proto"

    def encode(self, request: Any, body: dict[str, Any]) -> bytes:
        encoded: bytes = request(**body).SerializeToString()
        return encoded

    def decode(self, content: bytes) -> dict[str, Any]:
        message = ChatResponse.FromString(content)
        return MessageToDict(message, preserving_proto_field_name=True)

    def check_end(self, content: bytes) -> None:
        told = dict(line.split(": ", 1) for line in content.decode().split("\r\n") if line)
        if told["grpc-status"] != "0":
            raise RefusedError(told["headwater-code"], _seconds(told.get("retry-after")))


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The flag and the content of every whole frame, and what is left."""
    found = []
    while len(data) >= 5 and len(data) >= 5 + (size := int.from_bytes(data[1:5], "big")):
        found.append((data[0], data[5 : 5 + size]))
        data = data[5 + size :]
    return found, data


async def arriving(response: httpx.Response) -> AsyncIterator[tuple[int, bytes]]:
    """The frames of a response, as they arrive."""
    rest = b""
    async for data in response.aiter_raw():
        found, rest = split(rest + data)
        for each in found:
            yield each
    assert rest == b""
