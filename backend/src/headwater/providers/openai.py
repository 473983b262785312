"""Any server that speaks the OpenAI chat API, its replies read as raw bytes.

The `openai` package carries the request (authentication, time-outs, errors, the connection pool); its
own iterator over the reply is left out, because it costs many times more per token: see
`docs/decisions/0003-raw-byte-path.md`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from time import monotonic
from typing import TypeVar

import aiohttp
import httpx2
import openai
from openai import AsyncOpenAI, DefaultAioHttpClient, Omit, omit
from openai.types.chat import ChatCompletionMessageParam

from headwater.generation.provider import Delta, Prompt, PromptMessage, ProviderError
from headwater.providers.catalogue import Model
from headwater.providers.completion_reader import CompletionReader, refusal, unreadable

N = TypeVar("N", int, float)

logger = logging.getLogger(__name__)

USAGE_GRACE = 2.0
"""Seconds a server gets, once the model has finished, to report usage and end the response."""

LIST_TIMEOUT = 5.0
LIST_FRESH = 60.0
LIST_RETRY = 5.0
"""Seconds a list of models may take, counts as fresh, and is left alone after it could not be had."""

UNTOLD = "default"
"""Stands for whatever a server serves when it does not tell its models."""

GO_ON = (
    "Your last reply broke off. Go on with it from exactly where it ends, in the middle of a sentence or of a"
    " word if need be; repeat nothing of it and say nothing about it."
)
"""Asks for the continuation of a reply."""

_NOT_FOR_CHAT = (
    "babbage", "dall-e", "davinci", "embedding", "image", "moderation", "realtime", "sora", "transcribe",
    "tts", "whisper",
)  # fmt: skip


class OpenAIProvider:
    """One server and its models, under the prefix `name`; see `Provider` and `Source`.

    `models` are the ids to offer; without any the server is asked. A server that `prefills` goes on with a
    reply that it is given the beginning of; another is asked to. Call `aclose()` when done.
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
        self._client = AsyncOpenAI(
            api_key=api_key or "none",
            base_url=base_url,
            max_retries=0,
            http_client=DefaultAioHttpClient(
                timeout=httpx2.Timeout(None, connect=10.0),
                limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=100),
            ),
        )
        self._configured = tuple(models)
        self._listed: tuple[Model, ...] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._ask_after = 0.0
        self._answered = False
        self._limit_name = "max_tokens" if base_url else "max_completion_tokens"

    @property
    def provider(self) -> "OpenAIProvider":
        """It answers for its own models."""
        return self

    async def models(self) -> Sequence[Model]:
        """See `Source.models`."""
        return self._configured or await self._ask() or (self._model(UNTOLD),)

    async def offers(self, name: str) -> bool:
        """See `Source.offers`; a server that does not tell its models is asked for any."""
        known = self._configured or await self._ask()
        return name != "" and (known is None or any(model.id == f"{self.name}/{name}" for model in known))

    async def aclose(self) -> None:
        """Close all connections."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        await self._client.close()

    async def generate(self, prompt: Prompt) -> AsyncGenerator[Sequence[Delta], None]:
        """See `Provider.generate`."""
        reader = CompletionReader()
        try:
            async with self._client.chat.completions.with_streaming_response.create(
                model=prompt.model,
                messages=[_message(message) for message in self._messages(prompt)],
                stream=True,
                stream_options={"include_usage": True},
                temperature=_given(prompt.temperature),
                top_p=_given(prompt.sampling.top_p),
                seed=_given(prompt.sampling.seed),
                presence_penalty=_given(prompt.sampling.presence_penalty),
                frequency_penalty=_given(prompt.sampling.frequency_penalty),
                stop=list(prompt.sampling.stop) or omit,
                extra_body={} if prompt.max_tokens is None else {self._limit_name: prompt.max_tokens},
            ) as response:
                arrived = aiter(response.iter_bytes())
                ends = None
                while not reader.done:
                    if reader.finished and ends is None:
                        ends = asyncio.get_running_loop().time() + USAGE_GRACE
                    async with asyncio.timeout_at(ends):
                        data = await anext(arrived, None)
                    if data is None:
                        if not reader.heard:
                            raise unreadable()
                        return
                    if batch := reader.feed(data):
                        yield batch
                if reader.error is not None and not reader.finished:
                    raise reader.error
        except (openai.APIError, httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            if not reader.finished:
                raise self._error(error) from error

    def _messages(self, prompt: Prompt) -> tuple[PromptMessage, ...]:
        if prompt.messages[-1].role != "assistant" or self._prefills:
            return prompt.messages
        return (*prompt.messages, PromptMessage("user", GO_ON))

    def _error(self, error: Exception) -> ProviderError:
        logger.warning("%s: %s", self.name, _told(error))
        match error:
            case openai.APIStatusError():
                return refusal(error.status_code, error.code, error.type)
            case openai.APIConnectionError():
                return ProviderError(
                    "provider_unreachable", "The model server cannot be reached.", retryable=True
                )
            case aiohttp.ClientResponseError():
                return unreadable()
            case _:
                return ProviderError(
                    "provider_error", "The connection to the model server broke off.", retryable=True
                )

    async def _ask(self) -> tuple[Model, ...] | None:
        """The server's own list, or None where it could not be had so far.

        Only the first to ask wait for the server. Later a list that has aged is asked for again in the
        background, and stays where the server does not tell it again.
        """
        if self._asking is None or (self._asking.done() and monotonic() >= self._ask_after):
            self._asking = asyncio.create_task(self._refresh())
        if not self._answered:
            await asyncio.wait([self._asking])
        return self._listed

    async def _refresh(self) -> None:
        listed = await self._list()
        self._listed = listed or self._listed
        self._ask_after = monotonic() + (LIST_RETRY if listed is None else LIST_FRESH)
        self._answered = True

    async def _list(self) -> tuple[Model, ...] | None:
        try:
            page = await self._client.models.list(timeout=LIST_TIMEOUT)
        except (openai.APIError, httpx2.HTTPError, aiohttp.ClientError, OSError, ValueError) as error:
            logger.warning("%s does not tell its models: %s", self.name, error)
            return None
        chats = [model for model in page.data or () if not any(part in model.id for part in _NOT_FOR_CHAT)]
        return tuple(self._model(model.id, _window(model)) for model in chats) or None

    def _model(self, name: str, window: int | None = None) -> Model:
        return Model(f"{self.name}/{name}", name, self.name, window)


def _window(model: openai.types.Model) -> int | None:
    """The context window in tokens, where the server tells it, as vLLM, OpenRouter or Groq name it."""
    told = model.model_extra or {}
    names = ("max_model_len", "context_length", "context_window")
    return next((told[name] for name in names if type(told.get(name)) is int and told[name] > 0), None)


def _message(message: PromptMessage) -> ChatCompletionMessageParam:
    match message.role:
        case "system":
            return {"role": "system", "content": message.text}
        case "user":
            return {"role": "user", "content": message.text}
        case "assistant":
            return {"role": "assistant", "content": message.text}


def _told(error: Exception) -> str:
    """An error as it may be logged: what aiohttp says of a response holds the request, and so our key."""
    match error:
        case openai.APIError():
            return str(error)
        case aiohttp.ClientResponseError():
            return f"{type(error).__name__}({error.status}, {error.message!r})"
        case _:
            return repr(error)


def _given(value: N | None) -> N | Omit:
    return omit if value is None else value
