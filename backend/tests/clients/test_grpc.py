"""Stock gRPC clients: one with a service without a package, health probes, and tools that use reflection."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse, HealthListRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from headwater.identity.identify import HEADER
from tests.running import RunningServer, running

PROTO = """
syntax = "proto3";

service ChatService {
  rpc StreamChat (ChatRequest) returns (stream ChatResponse) {}
}

message ChatRequest {
  string message = 1;
}

message ChatResponse {
  string token = 1;
  bool done = 2;
}
"""

PATIENCE = 20
SERVICES = ("ChatService", "headwater.v1.ChatService", "grpc.health.v1.Health")
SERVING, NOT_SERVING, UNKNOWN = (
    HealthCheckResponse.SERVING,
    HealthCheckResponse.NOT_SERVING,
    HealthCheckResponse.SERVICE_UNKNOWN,
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The messages and the client that grpcio-tools makes of `PROTO`."""
    folder = tmp_path_factory.mktemp("proto")
    (folder / "chat_without_package.proto").write_text(PROTO, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(folder)])
        return grpc.protos_and_services("chat_without_package.proto")


def channel_to(server: RunningServer, port: str) -> grpc.Channel:
    target = f"localhost:{getattr(server, port)}"
    if port != "tls_port":
        return grpc.insecure_channel(target)
    certificate = (server.folder / "data" / "certificate.pem").read_bytes()
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(certificate))


@pytest.fixture
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with channel_to(server, "grpc_port") as opened:
        yield opened


def is_running(server: RunningServer, call: Any) -> bool:
    headers = {HEADER: dict(call.initial_metadata())[HEADER]}
    [conversation] = httpx.get(f"{server.url}/api/conversations", headers=headers).json()["conversations"]
    running: bool = conversation["running"]
    return running


@pytest.mark.parametrize("port", ["grpc_port", "tls_port", "port"])
def test_a_service_without_a_package_streams(server: RunningServer, compiled: Any, port: str) -> None:
    messages, services = compiled
    text = "over and over again, " * 30 + "and once more"
    with channel_to(server, port) as channel:
        stub = services.ChatServiceStub(channel)
        call = stub.StreamChat(messages.ChatRequest(message=text), timeout=PATIENCE)
        responses = [next(each for each in call if each.token)]
        assert is_running(server, call)
        responses += call
    assert "".join(response.token for response in responses) == text
    assert [response.done for response in responses if response.done] == [responses[-1].done]
    assert len([response for response in responses if response.token]) > 10


def test_health_is_checked(channel: grpc.Channel) -> None:
    stub = HealthStub(channel)
    for service in ("", *SERVICES):
        assert stub.Check(HealthCheckRequest(service=service), timeout=PATIENCE).status == SERVING
    with pytest.raises(grpc.RpcError) as refused:
        stub.Check(HealthCheckRequest(service="none"), timeout=PATIENCE)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    listed = stub.List(HealthListRequest(), timeout=PATIENCE).statuses
    assert {name for name, health in listed.items() if health.status == SERVING} >= {"", *SERVICES}
    call = stub.Watch(HealthCheckRequest(service="none"))
    assert next(call).status == UNKNOWN
    call.cancel()


def test_a_load_balancer_sees_a_server_stop(tmp_path: Path) -> None:
    with running(tmp_path) as server, channel_to(server, "grpc_port") as channel:
        call = HealthStub(channel).Watch(HealthCheckRequest(), timeout=PATIENCE)
        assert next(call).status == SERVING
        server.process.send_signal(signal.SIGTERM)
        assert [health.status for health in call] == [NOT_SERVING]
        assert server.process.wait(PATIENCE) == 0


def test_reflection_lists_the_services(channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    reflection = {f"grpc.reflection.{version}.ServerReflection" for version in ("v1", "v1alpha")}
    assert set(database.get_services()) == {*SERVICES, *reflection}
    with pytest.raises(KeyError):
        database.FindFileContainingSymbol("headwater.v1.Nothing")
    with pytest.raises(KeyError):
        database.FindFileByName("nothing.proto")
    assert database.FindFileContainingExtension("headwater.v1.ChatRequest", 100) is None
    assert list(database.FindAllExtensionNumbers("headwater.v1.ChatRequest")) == []


@pytest.mark.parametrize("name", ["ChatService", "headwater.v1.ChatService"])
def test_a_client_that_knows_nothing_but_the_address_can_chat(channel: grpc.Channel, name: str) -> None:
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    method = pool.FindServiceByName(name).FindMethodByName("StreamChat")
    request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    stream = channel.unary_stream(
        f"/{name}/StreamChat",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    said = stream(request(message="one two", model="scripted/echo"), timeout=PATIENCE)
    assert "".join(each.token for each in said) == "one two"


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_answers_while_the_client_still_asks(channel: grpc.Channel, version: str) -> None:
    """A tool holds its stream open, and asks the next question when it has seen an answer."""
    asked: Queue[ServerReflectionRequest | None] = Queue()
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )(iter(asked.get, None), timeout=PATIENCE)
    for _ in range(2):
        asked.put(ServerReflectionRequest(host="h", list_services=""))
        answer = next(call)
        assert answer.valid_host == "h"
        assert len(answer.list_services_response.service) == 5
    asked.put(None)
    assert list(call) == []
