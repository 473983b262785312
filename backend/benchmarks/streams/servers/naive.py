"""The naive lines: what somebody writes on Headwater's own framework who wants nothing but streaming."""

import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.streams.load import Request
from benchmarks.streams.servers.running import Command, Row, Server, Surroundings

PROGRAM = Path(__file__).parent / "programs" / "naive_chat.py"


class Naive(Server):
    name = "Naive lines"
    rows = (
        Row(
            "Naive lines on Quart and Hypercorn",
            Request("http://127.0.0.1:{port}/chat", '{"message":"{message}"}'),
            in_quick=True,
        ),
    )

    def version(self) -> str:
        return f"Quart {version('quart')}, Hypercorn {version('hypercorn')}, aiohttp {version('aiohttp')}"

    def command(self, surroundings: Surroundings) -> Command:
        return Command(
            [sys.executable, PROGRAM, str(surroundings.port)], {"MODEL_URL": f"{surroundings.model_url}/v1"}
        )
