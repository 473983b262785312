"""FastAPI as its users stream replies: the openai package, sse-starlette and uvicorn."""

from pathlib import Path

from benchmarks.streams.installing import environment, run
from benchmarks.streams.load import Request
from benchmarks.streams.servers.running import Command, Row, Server, Surroundings

PROGRAMS = Path(__file__).parent / "programs"
PACKAGES = ("fastapi", "openai", "sse-starlette", "uvicorn")


def versions(python: Path, packages: tuple[str, ...]) -> str:
    """The packages of an environment with their versions."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    found = run([python, "-c", code, *packages]).split()
    return ", ".join(f"{package} {version}" for package, version in zip(packages, found, strict=True))


class FastAPI(Server):
    name = "FastAPI"
    rows = (
        Row(
            "FastAPI, openai, sse-starlette, uvicorn",
            Request("http://127.0.0.1:{port}/chat", '{"message":"{message}"}'),
            in_quick=True,
        ),
    )

    def install(self) -> None:
        self._python = environment("fastapi", PROGRAMS / "fastapi.lock")

    def version(self) -> str:
        return versions(self._python, PACKAGES)

    def command(self, surroundings: Surroundings) -> Command:
        return Command(
            [
                self._python, "-m", "uvicorn", "fastapi_chat:app", "--app-dir", PROGRAMS, "--no-access-log",
                "--port", str(surroundings.port),
            ],
            {"MODEL_URL": f"{surroundings.model_url}/v1"},
        )  # fmt: skip
