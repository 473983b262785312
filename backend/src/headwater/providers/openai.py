"""Any server with OpenAI's chat API. Its replies are parsed from raw bytes.

The `openai` package knows the address, the headers and the list of models. It does not send the prompt and
does not read the reply, because it costs many times more of both: see `docs/decisions/0003-raw-byte-path.md`.
"""

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic

import aiohttp
import httpx2
import msgspec
import openai
from openai import AsyncOpenAI

from headwater.conversations.context import alternate
from headwater.generation.outcome import FailureCode
from headwater.generation.provider import Prompt, PromptMessage, ProviderError, Take
from headwater.providers.catalogue import Model
from headwater.providers.completion_reader import CompletionReader, refusal_in, unreadable
from headwater.providers.streaming_client import SUCCESS, Response, StreamingClient, read

logger = logging.getLogger(__name__)

USAGE_GRACE = 2.0
"""Seconds that a server gets, after the finish reason, to report usage and end the response."""

LIST_TIMEOUT = 5.0
LIST_FRESH = 60.0
LIST_RETRY = 5.0
"""Seconds that a list of models may take, that it stays fresh, and to the next try after a failure."""

UNLISTED = "default"
"""The model of a server that does not list its models."""

CONTINUE_REPLY = (
    "Your last reply broke off. Go on with it from exactly where it ends, in the middle of a sentence or of a"
    " word if need be; repeat nothing of it and say nothing about it."
)
"""The message that asks for the continuation of a reply."""

_LIMIT_NAMES = frozenset({"max_tokens", "max_completion_tokens"})
"""The older and the newer name of the limit, of which some servers take only one."""

_NEEDED = frozenset({"stop"})
"""Members without which a reply would be another one, so that they are not left out."""

_REFUSAL = frozenset({400, 422, 500, 501})
"""The statuses with which servers refuse a member."""

_NO_STREAM = frozenset({400, 422, 501})
"""Of these, the statuses with which a server may refuse to stream. Where others say "stream", it broke."""

_ALWAYS = "always"

_NOT_FOR_CHAT = (
    "babbage", "dall-e", "davinci", "embedding", "image", "moderation", "realtime", "sora", "transcribe",
    "tts", "whisper",
)  # fmt: skip


class OpenAIProvider:
    """One server and its models, under the prefix `name`; see `Provider` and `Source`.

    `models` are the models to offer; without them, the server is asked for its list. A server that `prefills`
    continues a prompt that ends with the beginning of a reply; any other gets `CONTINUE_REPLY`. Call
    `aclose()` when done.
    """

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None = None,
        models: Sequence[Model] = (),
        connections: int = 1000,
        name: str = "openai",
        prefills: bool = False,
    ) -> None:
        self.name = name
        self._prefills = prefills
        self._client = AsyncOpenAI(api_key=api_key or "none", base_url=base_url, max_retries=0)
        headers = {**self._client.default_headers, **self._client.auth_headers}
        self._streaming = StreamingClient(
            f"{self._client.base_url}chat/completions",
            {name: value for name, value in headers.items() if isinstance(value, str)},
            connections,
        )
        self._configured = tuple(models)
        self._listed: tuple[Model, ...] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._refresh_after = 0.0
        self._refreshed = False
        self._refused: dict[str, object] = {}
        self._limit_name = "max_tokens" if base_url else "max_completion_tokens"

    @property
    def provider(self) -> "OpenAIProvider":
        """It answers for its own models."""
        return self

    async def models(self) -> Sequence[Model]:
        """See `Source.models`."""
        return self._configured or await self._list() or (self._model(UNLISTED),)

    async def offers(self, name: str) -> bool:
        """See `Source.offers`. A server that does not list its models may have any."""
        models = self._configured or await self._list()
        return name != "" and (models is None or any(model.id == f"{self.name}/{name}" for model in models))

    async def aclose(self) -> None:
        """Close all connections."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])
        await self._client.close()
        await self._streaming.aclose()

    async def generate(self, prompt: Prompt, take: Take) -> None:
        """See `Provider.generate`."""
        try:
            response = await self._ask(prompt)
        except (aiohttp.ClientError, OSError) as error:
            raise self._error(error, "provider_unreachable", "The model server cannot be reached.") from error
        reader = CompletionReader()
        was_finished = False
        clock = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(None) as grace:

                def feed(data: bytes) -> bool:
                    nonlocal was_finished
                    take(reader.feed(data))
                    if reader.finished is not was_finished:
                        was_finished = reader.finished
                        grace.reschedule(clock() + USAGE_GRACE if was_finished else None)
                    return reader.done

                await read(response, feed)
            take(reader.end())
        except (aiohttp.ClientError, OSError) as error:
            take(reader.end(is_cut=True))
            if not reader.finished:
                message = "The connection to the model server broke off."
                raise self._error(error, "provider_error", message) from error
        if reader.error is not None:
            raise reader.error

    async def _ask(self, prompt: Prompt) -> Response:
        """Send a prompt. If the server refuses members by their names, ask again without them.

        The limit is sent under its other name instead. Without `stream`, the reply is a whole completion.
        What worked is remembered: of `stream_options` and the limit for the server, of any other member for
        this value and model.
        """
        refused, limit_name = dict(self._refused), self._limit_name
        tried: set[str] = set()
        while True:
            members = {
                name: value
                for name, value in _members(prompt, limit_name).items()
                if value is not None and refused.get(name) not in (_ALWAYS, (prompt.model, value))
            }
            if "stream" not in members:
                members.pop("stream_options", None)
            response = await self._streaming.post(self._body(prompt, members))
            if response.status in SUCCESS:
                self._refused |= refused
                self._limit_name = limit_name if tried & _LIMIT_NAMES else self._limit_name
                return response
            async with response:
                answer = await response.read()
            named = _named(response.status, answer, members) - tried
            if not named:
                logger.warning("%s: %d %s", self.name, response.status, answer.decode(errors="replace"))
                raise refusal_in(answer, response.status)
            logger.info("%s does not take %s", self.name, ", ".join(sorted(named)))
            if named & _LIMIT_NAMES:
                (limit_name,) = _LIMIT_NAMES - named
            for name in named - _LIMIT_NAMES:
                refused[name] = _ALWAYS if name == "stream_options" else (prompt.model, members[name])
            tried |= named | (_LIMIT_NAMES if named & _LIMIT_NAMES else frozenset())

    def _body(self, prompt: Prompt, members: Mapping[str, object]) -> bytes:
        messages = [{"role": message.role, "content": message.text} for message in self._messages(prompt)]
        return msgspec.json.encode({"model": prompt.model, "messages": messages, **members})

    def _messages(self, prompt: Prompt) -> tuple[PromptMessage, ...]:
        messages = alternate(prompt.messages)
        if messages[-1].role != "assistant" or self._prefills:
            return messages
        return (*messages, PromptMessage("user", CONTINUE_REPLY))

    def _error(self, error: Exception, code: FailureCode, message: str) -> ProviderError:
        """The error for people: this one, unless the server does not speak HTTP."""
        if isinstance(error, aiohttp.ClientResponseError):
            # its `repr` holds the request with our key, and its message quotes what was received
            reason, _, _ = error.message.partition(":")
            logger.warning("%s: %s(%d, %r)", self.name, type(error).__name__, error.status, reason)
            return unreadable()
        logger.warning("%s: %r", self.name, error)
        return ProviderError(code, message, retryable=True)

    async def _list(self) -> tuple[Model, ...] | None:
        """The server's own list, or None if it never answered.

        Only the first callers wait for the server. Later an old list is refreshed in the background, and
        stays if that fails.
        """
        if self._refreshing is None or (self._refreshing.done() and monotonic() >= self._refresh_after):
            self._refreshing = asyncio.create_task(self._refresh())
        if not self._refreshed:
            await asyncio.wait([self._refreshing])
        return self._listed

    async def _refresh(self) -> None:
        listed = await self._fetch_list()
        self._listed = listed or self._listed
        self._refresh_after = monotonic() + (LIST_RETRY if listed is None else LIST_FRESH)
        self._refreshed = True

    async def _fetch_list(self) -> tuple[Model, ...] | None:
        try:
            page = await self._client.models.list(timeout=LIST_TIMEOUT)
        except (openai.APIError, httpx2.HTTPError, OSError, ValueError) as error:
            logger.warning("%s did not list its models: %s", self.name, error)
            return None
        chats = [model for model in page.data or () if not any(part in model.id for part in _NOT_FOR_CHAT)]
        return tuple(self._model(model.id, _window(model)) for model in chats) or None

    def _model(self, name: str, window: int | None = None) -> Model:
        return Model(f"{self.name}/{name}", name, self.name, window)


def _window(model: openai.types.Model) -> int | None:
    """The context window in tokens, if the server reports it as vLLM, OpenRouter or Groq do."""
    extra = model.model_extra or {}
    names = ("max_model_len", "context_length", "context_window")
    return next((extra[name] for name in names if type(extra.get(name)) is int and extra[name] > 0), None)


def _members(prompt: Prompt, limit_name: str) -> dict[str, object]:
    """The members of a request that a server may not know; None is left out."""
    sampling = prompt.sampling
    return {
        "stream": True,
        "stream_options": {"include_usage": True},
        limit_name: prompt.max_tokens,
        "temperature": prompt.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "stop": list(sampling.stop) or None,
    }


def _named(status: int, answer: bytes, members: Iterable[str]) -> set[str]:
    """The members that a refusal names and that a reply does not depend on; `stream` if it names no other."""
    if status not in _REFUSAL:
        return set()
    words = set(re.findall(r"\w+", answer.decode(errors="replace").replace("Stream", "stream")))
    named = (set(members) - _NEEDED) & (words | ({"stream"} if "streaming" in words else set()))
    if named != {"stream"}:
        return named - {"stream"}
    return named if status in _NO_STREAM else set()
