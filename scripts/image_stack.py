"""Two servers from an image beside real Caddy and PostgreSQL, and what must hold when one of them stops.

docker-compose.yml with its profile `scale` configures the servers and Caddy. Only the addresses differ,
because containers of buildah share those of the machine.
"""
# ruff: noqa: S101, S501, S603, T201

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import yaml
from tests.postgresql import PostgresqlServer, new_database, postgresql_server
from tests.running import SseEvent, free_port, sse_events

ROOT = Path(__file__).resolve().parent.parent
UID = 10001
WAIT_SECONDS = 120.0
TEXT = " ".join(f"w{n}" for n in range(100))
BEFORE_GATE = " ".join(f"w{n}" for n in range(50))
ECHO = {"message": TEXT, "model": "scripted/echo"}
GATED = {**ECHO, "script": {"tokens_per_second": 200, "faults": [{"after": 50, "kind": "gate"}]}}

CADDY_OPTIONS = """
{{
    admin off
    auto_https disable_redirects
    skip_install_trust
}}
import {caddyfile}
"""


def compose_environments(**variables: str) -> dict[str, dict[str, str]]:
    """The environment of each service, with these variables and all others at their defaults."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: variables.get(found[1]) or found[2], text)
    services = yaml.safe_load(text)["services"]
    return {
        name: {variable: value or "" for variable, value in service.get("environment", {}).items()}
        for name, service in services.items()
    }


@dataclass
class ImageServer:
    """A server in a container, which is a new one after each stop.

    `buildah` is the command and its options.
    """

    buildah: Sequence[str]
    image: str
    name: str
    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Its address, which bypasses Caddy."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the image's command as the image's user, and wait for the greeting."""
        started = time.monotonic()
        self._run("from", "--pull-never", "--name", self.name, self.image)
        config = json.loads(self._run("inspect", self.name))["Docker"]["config"]
        command = self._in_container("sh", "-c", 'echo $$; exec "$@"', "sh", *config["Cmd"])
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                (*self.buildah, *command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout is not None
        self.pid = int(self.process.stdout.readline())
        greeting = self.process.stdout.readline().decode()
        assert greeting.startswith("Headwater is at"), self.log.read_text("utf-8")
        assert Path(f"/proc/{self.pid}").stat().st_uid == UID
        self._run(*self._in_container(*config["Healthcheck"]["Test"][1:]))
        print(f"{self.name} runs as {UID} and is healthy after {time.monotonic() - started:.1f} s")

    async def stop(self) -> None:
        """Send SIGTERM, and wait until the server has ended in good order."""
        os.kill(self.pid, signal.SIGTERM)
        assert self.process is not None
        status = await asyncio.to_thread(self.process.wait, WAIT_SECONDS)
        assert status == 0, self.log.read_text("utf-8")
        self._run("rm", self.name)
        self.process = None

    def kill(self) -> None:
        """End it as a crash does, if it runs, and remove the container."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.process.wait()
            self._run("rm", self.name)
            self.process = None

    def metric(self, name: str) -> float:
        """One of /metrics."""
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def is_ready(self) -> bool:
        """Whether it takes new replies."""
        return httpx.get(f"{self.url}/readyz").is_success

    def _in_container(self, *command: str) -> list[str]:
        environment = {**self.environment, "HEADWATER_PORT": str(self.port), "HEADWATER_GRPC_PORT": "0"}
        options = [f"--env={name}={value}" for name, value in environment.items()]
        return ["run", "--isolation", "chroot", *options, self.name, "--", *command]

    def _run(self, *command: str) -> str:
        done = subprocess.run((*self.buildah, *command), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def caddy(environment: dict[str, str], folder: Path) -> Iterator[None]:
    """Caddy, with the Caddyfile and the environment of the compose file."""
    config = folder / "Caddyfile"
    config.write_text(CADDY_OPTIONS.format(caddyfile=ROOT / "Caddyfile"), "utf-8")
    command = (Path(sys.executable).parent / "caddy", "run", "--adapter", "caddyfile", "--config", config)
    own = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment, **own}, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so. Whatever it asks may not answer yet."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            with suppress(httpx.TransportError):
                if await asyncio.to_thread(condition):
                    return
            await asyncio.sleep(0.05)


@dataclass
class Reply:
    """A reply as a client reads it, through as many connections as it takes."""

    client: httpx.AsyncClient
    path: str
    response: httpx.Response
    text: str = ""
    cursor: str = ""
    resumes: int = 0

    def __post_init__(self) -> None:
        self._events = sse_events(self.response)

    async def read_until(self, text: str) -> None:
        """Read on until the text is exactly this."""
        while self.text != text:
            event = await self._next()
            assert event.event != "outcome", event
            assert text.startswith(self.text), self.text

    async def read_to_end(self, text: str = TEXT, status: str = "completed") -> None:
        """Read on until the outcome, before which the text is exactly this."""
        while (event := await self._next()).event != "outcome":
            assert text.startswith(self.text), self.text
        assert (self.text, event.data["status"]) == (text, status), event

    async def _next(self) -> SseEvent:
        while True:
            with suppress(httpx.TransportError):
                if (event := await anext(self._events, None)) is not None:
                    self.text, self.cursor = self.text + event.data.get("token", ""), event.id
                    return event
            await self._resume()

    async def _resume(self) -> None:
        self.resumes += 1
        await self.response.aclose()
        request = self.client.build_request(
            "GET", f"{self.path}/events", headers={"Last-Event-ID": self.cursor}
        )
        self.response = await self.client.send(request, stream=True)
        assert self.response.status_code == 200, self.response
        self._events = sse_events(self.response)


@dataclass
class Stack:
    """Both servers, and a client of Caddy."""

    servers: Sequence[ImageServer]
    client: httpx.AsyncClient
    token: str
    refusals: int = 0

    @asynccontextmanager
    async def start(self, body: dict[str, Any]) -> AsyncIterator[Reply]:
        """Start a reply, and again where a server that stops refuses it."""
        while True:
            async with self.client.stream("POST", "/api/chat", json=body) as response:
                if response.status_code == 200:
                    reply = Reply(self.client, response.headers["location"], response)
                    yield reply
                    await reply.response.aclose()
                    return
                problem = json.loads(await response.aread())
                assert problem["code"] == "shutting_down", problem
                self.refusals += 1
            await asyncio.sleep(0.05)

    def running_on(self) -> tuple[ImageServer, ImageServer]:
        """The server that runs the only reply, and the other."""
        first, second = self.servers
        return (first, second) if first.metric("headwater_active_generations") else (second, first)

    def open_gate(self, server: ImageServer, reply: Reply) -> None:
        """Let a reply go on, at the server that runs it."""
        path = reply.path.replace("generations", "scripted/gates")
        httpx.post(server.url + path, headers={"headwater-client": self.token}).raise_for_status()


async def check_model(stack: Stack) -> None:
    """The bundled model answers."""
    body = {"message": "Why do rivers bend?", "max_tokens": 30}
    response = await stack.client.post("/api/chat", json=body, headers={"Accept": "application/json"})
    reply = response.json()
    assert reply["outcome"]["status"] == "completed", reply
    assert reply["model"].startswith("local/"), reply
    print(f"{reply['model']} says through Caddy: {reply['text']!r}")


async def check_reader(stack: Stack) -> None:
    """A reader whose server stops goes on at the other, which runs the reply."""
    async with stack.start(GATED) as reply:
        await reply.read_until(BEFORE_GATE)
        writer, other = stack.running_on()
        async with stack.client.stream("GET", f"{reply.path}/events") as response:
            reader = Reply(stack.client, reply.path, response)
            await reader.read_until(BEFORE_GATE)
            assert other.metric("headwater_followers") == 1
            reading = asyncio.create_task(reader.read_to_end())
            await other.stop()
            await until(lambda: writer.metric("headwater_followers") == 2)
            stack.open_gate(writer, reply)
            await reading
            assert reader.resumes
            await reader.response.aclose()
        await reply.read_to_end()
        assert not reply.resumes
    other.start()
    print("a reader whose server was stopped read on at the other")


async def check_drain(stack: Stack) -> None:
    """A server that stops lets its reply end, while the other takes new ones."""
    async with stack.start(GATED) as reply:
        await reply.read_until(BEFORE_GATE)
        writer, other = stack.running_on()
        stopping = asyncio.create_task(writer.stop())
        await until(lambda: not writer.is_ready())
        async with stack.start(ECHO) as next_reply:
            assert other.metric("headwater_active_generations") == 1
            stack.open_gate(writer, reply)
            await reply.read_to_end()
            await next_reply.read_to_end()
        assert not reply.resumes
        await stopping
    writer.start()
    print("a reply of a server that was stopped ended well, and the other took the next one")


async def check_crash(stack: Stack) -> None:
    """A server crashes. Its reply ends as interrupted, for its own reader and for one of the other server."""
    async with stack.start(GATED) as reply:
        await reply.read_until(BEFORE_GATE)
        writer, _ = stack.running_on()
        async with stack.client.stream("GET", f"{reply.path}/events") as response:
            reader = Reply(stack.client, reply.path, response)
            await reader.read_until(BEFORE_GATE)
            started = time.monotonic()
            writer.kill()
            await reader.read_to_end(BEFORE_GATE, "interrupted")
            await reply.read_to_end(BEFORE_GATE, "interrupted")
            print(
                f"a reply of a server that crashed was interrupted after {time.monotonic() - started:.1f} s"
            )
            assert (reader.resumes, reply.resumes > 0) == (0, True)
    async with stack.start(ECHO) as reply:
        await reply.read_to_end()
    writer.start()


async def check_upgrade(stack: Stack) -> None:
    """Replies go on all the time while one server after the other is replaced."""
    over = asyncio.Event()
    completed, resumes, stack.refusals = 0, 0, 0

    async def keep_asking() -> None:
        nonlocal completed, resumes
        while not over.is_set():
            async with stack.start(ECHO) as reply:
                await reply.read_to_end()
                completed, resumes = completed + 1, resumes + reply.resumes

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(keep_asking())
        for server in stack.servers:
            await server.stop()
            await asyncio.to_thread(server.start)
            await until(server.is_ready)
        over.set()
    assert completed
    print(
        f"both were replaced during {completed} replies: {stack.refusals} starts repeated, {resumes} resumes"
    )


async def check(servers: Sequence[ImageServer], site: str) -> None:
    """Check all of the above with one client, which keeps its cookie."""
    async with httpx.AsyncClient(base_url=site, http2=True, verify=False, timeout=60) as client:
        token = (await client.get("/api/models")).headers["headwater-client"]
        assert "<!doctype html>" in (await client.get("/")).text.lower()
        stack = Stack(servers, client, token)
        await check_model(stack)
        await check_reader(stack)
        await check_drain(stack)
        await check_crash(stack)
        await check_upgrade(stack)


async def run_on(
    postgresql: PostgresqlServer, buildah: Sequence[str], image: str, folder: Path
) -> list[ImageServer]:
    """Run both servers and Caddy on a new database, check them and stop them."""
    site, ports = f"https://localhost:{free_port()}", (free_port(), free_port())
    async with new_database(postgresql.url) as database:
        environments = compose_environments(
            HEADWATER_DATABASE_URL=database.set(drivername="postgresql").render_as_string(
                hide_password=False
            ),
            HEADWATER_RATE_LIMIT="100000/minute",
            SITE_ADDRESS=site,
            UPSTREAM=" ".join(f"127.0.0.1:{port}" for port in ports),
        )
        servers = [
            ImageServer(buildah, image, name, port, environments[name], folder / f"{name}.log")
            for name, port in zip(("headwater", "headwater-2"), ports, strict=True)
        ]
        try:
            for server in servers:
                server.start()
            with caddy(environments["caddy"], folder):
                # The certificate is one that only Caddy knows.
                await until(lambda: httpx.get(f"{site}/readyz", verify=False).is_success)
                await check(servers, site)
            for server in servers:
                await server.stop()
        finally:
            for server in servers:
                server.kill()
    return servers


def run_stack(buildah: Sequence[str], image: str) -> None:
    """Run two servers from an image, Caddy and PostgreSQL, and check all of the above."""
    with TemporaryDirectory() as folder, postgresql_server() as postgresql:
        for server in asyncio.run(run_on(postgresql, buildah, image, Path(folder))):
            log = server.log.read_text("utf-8")
            assert "Traceback" not in log, log
