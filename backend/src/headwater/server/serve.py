"""Serve the application until a signal stops it, then shut down in order."""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import ssl
from collections.abc import Callable
from typing import Any

from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config, Sockets
from hypercorn.utils import wrap_app

from headwater.api.origins import Origins
from headwater.api.requests import BODY_BYTES
from headwater.api.socket_io.application import PATH as SOCKET_IO_PATH
from headwater.api.websocket import PATH as WEBSOCKET_PATH
from headwater.app import Application, application
from headwater.data_folder import Certificate, DataFolder
from headwater.replies.service import SAVE_TIMEOUT
from headwater.server.hosts import Hosts
from headwater.server.hypercorn_corrections import Connections
from headwater.server.routing import below, by_port
from headwater.server.shutdown import Shutdown, first_of
from headwater.server.trusted_proxies import trusting
from headwater.settings import Settings, SettingsError
from headwater.storage.database import DatabaseError

ABORT_AFTER = 1.5
"""Seconds that connections get to send the rest once all replies have their outcome.

Most shutdowns take the whole time, because many clients never answer the end of an idle TLS connection.
The documentation promises two seconds; the other half second is for saving."""

BACKLOG = 1024

GARBAGE_OBJECTS = 10_000
"""How many more objects there are before the garbage collector looks at the new ones."""

UNSENT_BYTES = 128 * 1024
"""The most that the system buffers of an answer. Linux would buffer up to 4 MiB."""

_UNKNOWN_NAME = {socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL}


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; a second one skips the wait for running replies.

    Calls `announce` with a line for people once the server answers. Raises `SettingsError`, `DataFolderError`
    or `DatabaseError` if it cannot start, the last also when another server takes over the database.
    """
    shutdown = Shutdown(settings.drain_timeout)
    shutdown.on_signals(signal.SIGTERM, signal.SIGINT)
    await serve_on(lambda: listen_on(settings), settings, shutdown, lambda _, greeting: announce(greeting))


async def serve_on(
    listening: Callable[[], Sockets],
    settings: Settings,
    shutdown: Shutdown,
    started: Callable[[Application, str], None],
    drained: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `shutdown` has begun and is over.

    Calls `started` with a line for people once the server answers, and `drained` once no reply runs any more.
    Raises the same as `serve`.
    """
    asyncio.get_running_loop().set_exception_handler(report)
    folder = DataFolder(settings.data_dir)
    config = _hypercorn_config(_certificate(settings, folder), settings.heartbeat)
    sockets = listening()
    websockets = (settings.base_path + path for path in (WEBSOCKET_PATH, SOCKET_IO_PATH))
    connections = Connections(websockets={path.encode() for path in websockets})
    async with application(settings, folder) as built, asyncio.TaskGroup() as tasks:

        async def drain() -> None:
            await _drain(built, shutdown)
            drained()
            asyncio.get_running_loop().call_later(ABORT_AFTER, connections.abort)

        async def end_when_taken_over() -> None:
            await built.taken_over.wait()
            connections.abort()
            shutdown.at_once()

        async def until_ports_close() -> None:
            started(built, await _greeting(settings, built))
            await shutdown.begun.wait()
            if shutdown.is_port_shared:
                config.graceful_timeout += shutdown.timeout + SAVE_TIMEOUT
                tasks.create_task(drain())
            else:
                await drain()

        app: Any = by_port(built.web, built.rpc, built.socket_io, settings.grpc_port)
        app = Origins(settings.allowed_origins).let_in(app)
        if not settings.trusted_proxies:
            app = Hosts(settings.allowed_hosts).guard(app)
        else:
            app = trusting(app, settings.trusted_proxies)
        app = below(settings.base_path, app, settings.grpc_port)
        # What exists by now stays, so the garbage collector need not look at it again and again. By default,
        # it would look at what is new after every 700 objects, which are some 50 tokens.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_OBJECTS)
        watching = tasks.create_task(end_when_taken_over())
        with connections.corrected():
            await worker_serve(
                wrap_app(app, config.wsgi_max_body_size, "asgi"),
                config,
                sockets=sockets,
                shutdown_trigger=until_ports_close,
            )
        watching.cancel()
    if built.taken_over.is_set():
        raise DatabaseError("other servers have given this one up, because it did not answer for long")


async def _drain(built: Application, shutdown: Shutdown) -> None:
    """Let running replies end; interrupt them once it is in a hurry."""
    await first_of(built.replies.drain(shutdown.timeout), shutdown.hurry.wait())
    if not built.replies.drained.is_set():
        await built.replies.drain(0)


async def _greeting(settings: Settings, built: Application) -> str:
    base = settings.base_path
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    tls = f" and, with HTTP/2, at https://{host}:{settings.tls_port}{base}" if settings.tls_port else ""
    model = await built.catalogue.default()
    grpc = f"; gRPC at {host}:{settings.grpc_port}" if settings.grpc_port else ""
    return (
        f"Headwater is at http://{host}:{settings.port}{base}{tls}{grpc}; {model} answers. Ctrl-C stops it."
    )


def _certificate(settings: Settings, folder: DataFolder) -> Certificate | None:
    if settings.tls_port is None:
        return None
    if settings.tls_cert is not None and settings.tls_key is not None:
        return Certificate(settings.tls_cert, settings.tls_key)
    return folder.certificate(settings.host)


def listen_on(settings: Settings) -> Sockets:
    """Listen on all ports. Raises `SettingsError`."""
    plain = [_socket(settings.host, settings.port, "HEADWATER_PORT")]
    if settings.grpc_port is not None:
        plain.append(_socket(settings.host, settings.grpc_port, "HEADWATER_GRPC_PORT"))
    tls = []
    if settings.tls_port is not None:
        tls.append(_socket(settings.host, settings.tls_port, "HEADWATER_TLS_PORT"))
    return Sockets(tls, plain, [])


def _socket(host: str, port: int, variable: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return listen((host, port), family)
    except OSError as error:
        if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, *_UNKNOWN_NAME}:
            wrong = f"HEADWATER_HOST is {host!r}, but it takes an address of this machine"
        else:
            wrong = f"{variable} is {port} (on {host}), but it takes a port that is free"
        raise SettingsError(f"{wrong}: {_reason(error)}") from None


def listen(address: tuple[str, int], family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    """Listen with small send buffers, so that clients that stop reading cost little memory."""
    listening = socket.create_server(address, family=family, backlog=BACKLOG)
    if (option := getattr(socket, "TCP_NOTSENT_LOWAT", None)) is not None:
        listening.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)
    return listening


def _reason(error: OSError) -> str:
    return "no such name" if error.errno in _UNKNOWN_NAME else os.strerror(error.errno or 0)


def _hypercorn_config(certificate: Certificate | None, heartbeat: float) -> Config:
    config = Config()
    config.websocket_ping_interval = heartbeat
    config.websocket_max_message_size = BODY_BYTES
    if certificate is not None:
        config.certfile, config.keyfile = str(certificate.cert), str(certificate.key)
        try:
            config.create_ssl_context()
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"HEADWATER_TLS_CERT is {config.certfile!r}, but it and HEADWATER_TLS_KEY take the PEM files"
                f" of one certificate: {error}"
            ) from None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.backlog = BACKLOG
    config.keep_alive_timeout = 75
    config.graceful_timeout = ABORT_AFTER + 0.5
    # Hypercorn cuts running streams at these limits. Admission happens when a reply starts, not here.
    config.keep_alive_max_requests = 2**31
    config.h2_max_concurrent_streams = 2**16
    return config


def report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report an exception that nobody awaits; a handler for `loop.set_exception_handler()`.

    Ignores unfinished TLS handshakes, and connections that were cancelled at the end of a shutdown, which
    Python 3.11 reports as failed (`asyncio/streams.py`, `connection_made`).
    """
    if not isinstance(context.get("exception"), ssl.SSLError | asyncio.CancelledError):
        loop.default_exception_handler(context)
