"""`grpc.health.v1.Health`: what `/readyz` answers, for load balancers and probes that speak gRPC."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import suppress
from typing import Any, TypeAlias

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from connectrpc.request import RequestContext
from grpc_health.v1.health_pb2 import (
    HealthCheckRequest,
    HealthCheckResponse,
    HealthListRequest,
    HealthListResponse,
)

from headwater.errors import ProblemError

Context: TypeAlias = RequestContext[Any, Any]

WATCH_INTERVAL = 1.0
"""Seconds after which a watch looks again."""


class Health:
    """The methods of the service. All services of this server have the same health.

    `check_ready` raises a `ProblemError` while no reply can be started; `stopped` is set at a shutdown, and
    ends all watches.
    """

    def __init__(
        self, services: Collection[str], check_ready: Callable[[], None], stopped: asyncio.Event
    ) -> None:
        self._services = {"", *services}
        self._check_ready = check_ready
        self._stopped = stopped

    async def check(self, request: HealthCheckRequest, _: Context) -> HealthCheckResponse:
        """The health of one service, or of the server if the name is empty."""
        if request.service not in self._services:
            raise ConnectError(Code.NOT_FOUND, f"There is no service {request.service!r} here.")
        return self._health(request.service)

    async def list(self, _: HealthListRequest, __: Context) -> HealthListResponse:
        """The health of all services."""
        return HealthListResponse(statuses={name: self._health(name) for name in self._services})

    async def watch(
        self, request: HealthCheckRequest, _: Context
    ) -> AsyncGenerator[HealthCheckResponse, None]:
        """The health of one service now and after each change, until the server stops."""
        last = None
        while True:
            stopped = self._stopped.is_set()
            health = self._health(request.service)
            if health != last:
                yield health
            if stopped:
                return
            last = health
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_INTERVAL):
                    await self._stopped.wait()

    def _health(self, service: str) -> HealthCheckResponse:
        if service not in self._services:
            return HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
        try:
            self._check_ready()
        except ProblemError:
            return HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING)
        return HealthCheckResponse(status=HealthCheckResponse.SERVING)
