"""The gRPC services of this server, with every name that each of them has."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from headwater.v1 import chat_pb2

CHAT: ServiceDescriptor = chat_pb2.DESCRIPTOR.services_by_name["ChatService"]
HEALTH: ServiceDescriptor = health_pb2.DESCRIPTOR.services_by_name["Health"]
REFLECTION: ServiceDescriptor = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"]

ALIASES = {"ChatService": CHAT, "grpc.reflection.v1.ServerReflection": REFLECTION}
"""Second names. Only the path of a call has the name of its service, so a service can have several."""

NAMES = {service.full_name: service for service in (CHAT, HEALTH, REFLECTION)} | ALIASES
"""Every name of a service."""

PATHS = tuple(f"/{name}/" for name in NAMES)
"""What the paths of all calls begin with."""

TWO_WAY = tuple(
    f"/{name}/{method.name}"
    for name, service in NAMES.items()
    for method in service.methods
    if method.client_streaming
)
"""The paths of calls whose requests are streams: they are answered before their bodies end."""


class Services(ConnectASGIApplication[Mapping[str, Any]]):
    """The application of all services; `implementations` are by the full name of the service.

    The methods of an implementation have the names of the service's in snake case.
    """

    def __init__(self, implementations: Mapping[str, Any], **options: Any) -> None:  # noqa: ANN401
        super().__init__(service=implementations, endpoints=lambda each: dict(_endpoints(each)), **options)

    @property
    def path(self) -> str:
        """Where it is mounted."""
        return "/"


def _endpoints(implementations: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, service in NAMES.items():
        for method in service.methods:
            function = getattr(implementations[service.full_name], _snake(method.name))
            yield f"/{name}/{method.name}", _endpoint(method, function)


def _endpoint(method: MethodDescriptor, function: Any) -> Any:  # noqa: ANN401
    kinds: dict[tuple[bool, bool], tuple[Any, StreamType]] = {
        (False, False): (Endpoint.unary, StreamType.UNARY),
        (False, True): (Endpoint.server_stream, StreamType.SERVER_STREAM),
        (True, True): (Endpoint.bidi_stream, StreamType.BIDI_STREAM),
    }
    make, stream_type = kinds[method.client_streaming, method.server_streaming]
    info: MethodInfo[Any, Any] = MethodInfo(
        name=method.name,
        service_name=method.containing_service.full_name,
        input=GetMessageClass(method.input_type),
        output=GetMessageClass(method.output_type),
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=stream_type,
    )
    return make(method=info, function=function)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
