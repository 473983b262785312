"""LiteLLM's proxy in front of the model server."""

import json
from pathlib import Path

from benchmarks.streams.installing import environment
from benchmarks.streams.load import Request
from benchmarks.streams.servers.fastapi import versions
from benchmarks.streams.servers.running import Command, Row, Server, Surroundings

PROGRAMS = Path(__file__).parent / "programs"
BODY = '{"model":"paced","stream":true,"messages":[{"role":"user","content":"{message}"}]}'


class LiteLLM(Server):
    name = "LiteLLM's proxy"
    rows = (
        Row(
            "LiteLLM's proxy, `/v1/chat/completions`",
            Request("http://127.0.0.1:{port}/v1/chat/completions", BODY),
        ),
    )

    def install(self) -> None:
        self._python = environment("litellm", PROGRAMS / "litellm.lock")

    def version(self) -> str:
        return versions(self._python, ("litellm",))

    def command(self, surroundings: Surroundings) -> Command:
        configuration = surroundings.folder / "config.yaml"
        model = {"model": "openai/paced", "api_base": f"{surroundings.model_url}/v1", "api_key": "none"}
        content = {
            "model_list": [{"model_name": "paced", "litellm_params": model}],
            "general_settings": {"dangerously_permit_weak_or_unset_master_key": True},
        }
        configuration.write_text(json.dumps(content), "utf-8")  # YAML takes JSON
        return Command(
            [
                self._python.with_name("litellm"), "--config", configuration, "--host", "127.0.0.1",
                "--port", str(surroundings.port), "--num_workers", "1", "--telemetry", "False",
            ],
            {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "NO_DOCS": "True"},
        )  # fmt: skip
