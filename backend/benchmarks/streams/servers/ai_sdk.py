"""The AI SDK on Node.js, as its users stream replies to useChat."""

import json
from pathlib import Path

from benchmarks.streams.installing import node, npm_packages, run
from benchmarks.streams.load import Request
from benchmarks.streams.servers.running import Command, Row, Server, Surroundings

SOURCE = Path(__file__).parent / "programs" / "ai-sdk"


class AISDK(Server):
    name = "AI SDK"
    rows = (
        Row(
            "AI SDK on Node.js, UI message stream",
            Request("http://127.0.0.1:{port}/api/chat", '{"message":"{message}"}'),
        ),
    )

    def install(self) -> None:
        self._folder = npm_packages("ai-sdk", SOURCE)

    def version(self) -> str:
        manifest = json.loads((self._folder / "node_modules/ai/package.json").read_text("utf-8"))
        return f"ai {manifest['version']}, Node.js {run([node(), '--version']).strip()}"

    def command(self, surroundings: Surroundings) -> Command:
        return Command(
            [node(), self._folder / "server.mjs"],
            {
                "PORT": str(surroundings.port),
                "MODEL_URL": f"{surroundings.model_url}/v1",
                "NODE_ENV": "production",
            },
        )
