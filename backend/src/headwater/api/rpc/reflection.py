"""gRPC's server reflection: what services there are, and their messages, for tools such as grpcurl.

`grpcio-reflection` has the messages. Its service needs the server of grpcio.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.request import RequestContext
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.reflection_pb2 import (
    ErrorResponse,
    ExtensionNumberResponse,
    FileDescriptorResponse,
    ListServiceResponse,
    ServerReflectionRequest,
    ServerReflectionResponse,
    ServiceResponse,
)

NOT_FOUND = 5
"""The number of the status in gRPC."""


class Reflection:
    """The method of the service; `services` are by each of their names."""

    def __init__(self, services: Mapping[str, ServiceDescriptor]) -> None:
        self._names = sorted(services)
        self._pool = DescriptorPool()  # not the common one, where others may have a service of the same name
        for name, service in services.items():
            for file in _with_dependencies(service.file):
                self._pool.AddSerializedFile(file.serialized_pb)
            if name != service.full_name:
                self._pool.AddSerializedFile(_renamed(service, name).SerializeToString())

    async def server_reflection_info(
        self, requests: AsyncIterator[ServerReflectionRequest], _: RequestContext[Any, Any]
    ) -> AsyncGenerator[ServerReflectionResponse, None]:
        """Answer each request in turn."""
        async for request in requests:
            try:
                answer = self._answer(request)
            except KeyError:
                error = ErrorResponse(error_code=NOT_FOUND, error_message="There is no such thing here.")
                answer = {"error_response": error}
            yield ServerReflectionResponse(valid_host=request.host, original_request=request, **answer)

    def _answer(self, request: ServerReflectionRequest) -> dict[str, Any]:
        """The answer to a request. Raises `KeyError`. No message of proto3 has extensions."""
        match request.WhichOneof("message_request"):
            case "list_services":
                services = [ServiceResponse(name=name) for name in self._names]
                return {"list_services_response": ListServiceResponse(service=services)}
            case "file_by_filename":
                return _files(self._pool.FindFileByName(request.file_by_filename))
            case "file_containing_symbol":
                return _files(self._pool.FindFileContainingSymbol(request.file_containing_symbol))
            case "file_containing_extension":
                raise KeyError(request.file_containing_extension.containing_type)
            case "all_extension_numbers_of_type":
                message = self._pool.FindMessageTypeByName(request.all_extension_numbers_of_type)
                numbers = ExtensionNumberResponse(base_type_name=message.full_name)
                return {"all_extension_numbers_response": numbers}
            case _:
                raise ConnectError(Code.INVALID_ARGUMENT, "The request asks for nothing.")


def _files(file: FileDescriptor) -> dict[str, Any]:
    """A file and all that it imports."""
    serialized = [each.serialized_pb for each in _with_dependencies(file)]
    return {"file_descriptor_response": FileDescriptorResponse(file_descriptor_proto=serialized)}


def _with_dependencies(file: FileDescriptor) -> Iterator[FileDescriptor]:
    """A file after all that it imports."""
    for dependency in file.dependencies:
        yield from _with_dependencies(dependency)
    yield file


def _renamed(service: ServiceDescriptor, name: str) -> FileDescriptorProto:
    """A file that declares a service by another name, with the same messages."""
    package, _, short = name.rpartition(".")
    file = FileDescriptorProto(
        name=f"{name}.proto", package=package, dependency=[service.file.name], syntax="proto3"
    )
    service.CopyToProto(file.service.add())
    file.service[0].name = short
    return file
