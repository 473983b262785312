"""Reads the bytes of a streamed chat completion; no I/O.

The format is OpenAI's: server-sent events whose data is one JSON object a line, ended by `[DONE]`.
Servers differ in the rest, so what is not known is passed over, and what cannot be read is an error.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from headwater.generation.outcome import FinishReason, Usage
from headwater.generation.parts import Reasoning, Text
from headwater.generation.provider import Delta, Finish, ProviderError

LINE_BYTES: Final = 4 * 1024 * 1024
"""The longest line that is taken; a server that never ends its line is not read for ever."""

_FINISH: dict[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Error(msgspec.Struct, gc=False):
    code: int | str | None = None
    type: str | None = None


class _Message(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | str | None = None


_decode = msgspec.json.Decoder(_Message).decode
_decode_usage = msgspec.json.Decoder(_Usage | None).decode

_ESCAPES = re.compile(
    rb"\\(?:[^u]|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(?P<half>u[dD][89a-fA-F][\da-fA-F]{2}))"
)
"""Whole escapes, and `half` of a character that takes two, which some servers send alone."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CompletionReader:
    """Feed it what arrived; it gives what the model said.

    `heard` is set by the first message, `finished` once the model named its reason to stop (or the server
    said `[DONE]`), `done` once the server has nothing more to say. `error` is set by a message that cannot
    be read or that is an error; what was said before it still counts.
    """

    def __init__(self) -> None:
        self.heard = False
        self.finished = False
        self.done = False
        self.error: ProviderError | None = None
        self._rest = b""

    def feed(self, data: bytes) -> list[Delta]:
        """What was said in these bytes and the line they complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines and not self.heard:
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        said: list[Delta] = []
        try:
            for line in lines:
                if line.startswith(b"data:"):
                    said.extend(self._message(line[5:]))
            if len(self._rest) > LINE_BYTES:
                raise unreadable()
        except ProviderError as error:
            self.error = error
            self.done = True
        return said

    def _message(self, data: bytes) -> Iterator[Delta]:
        data = data.strip()
        if self.done or not data:
            return
        self.heard = True
        if data == b"[DONE]":
            self.done = True
            if not self.finished:
                self.finished = True
                yield Finish("stop")
            return
        message = _read(data)
        if message.error is not None:
            error = message.error if isinstance(message.error, _Error) else _Error()
            raise refusal(error.code, error.type)
        if usage := _usage(message.usage):
            yield usage
        for choice in (message.choices or ())[:1]:
            yield from self._choice(choice)

    def _choice(self, choice: _Choice) -> Iterator[Delta]:
        if choice.delta is not None:
            if thought := choice.delta.reasoning_content or choice.delta.reasoning:
                yield Reasoning(thought)
            if text := choice.delta.content or choice.delta.refusal:
                yield Text(text)
        if choice.finish_reason and not self.finished:
            self.finished = True
            yield Finish(_FINISH.get(choice.finish_reason, "stop"))


def _read(data: bytes) -> _Message:
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        mended = _ESCAPES.sub(_without_half, data)
    try:
        return _decode(mended)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise unreadable() from None


def _without_half(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]


def _usage(raw: msgspec.Raw) -> Usage | None:
    """What was counted; counts that cannot be read count as none, and are no reason to lose a reply."""
    try:
        usage = _decode_usage(raw)
    except msgspec.DecodeError:
        return None
    return Usage(usage.prompt_tokens, usage.completion_tokens) if usage else None


def refusal(*said: int | str | None) -> ProviderError:
    """The error for what a server answered: its HTTP status, its own error code and type, where known.

    The server's words stay out of it: they may carry keys and internal addresses.
    """
    codes = {int(code) if isinstance(code, str) and code.isdecimal() else code for code in said}
    if codes & {"context_length_exceeded", "exceed_context_size_error"}:
        return ProviderError(
            "provider_error", "The conversation is too long for this model.", retryable=False
        )
    if codes & {401, 403, "invalid_api_key"}:
        return ProviderError(
            "provider_auth", "The model server did not accept our credentials.", retryable=False
        )
    if codes & {429, "rate_limit_exceeded", "insufficient_quota"}:
        return ProviderError(
            "provider_rate_limited", "The model server is taking no more requests for now.", retryable=True
        )
    if codes & {404, "model_not_found"}:
        return ProviderError("provider_error", "The model server does not know this model.", retryable=False)
    if any(isinstance(code, int) and 400 <= code < 500 for code in codes):
        return ProviderError("provider_error", "The model server refused the request.", retryable=False)
    return ProviderError("provider_error", "The model server failed.", retryable=True)


def unreadable() -> ProviderError:
    """The error for an answer that is not what was agreed on."""
    return ProviderError(
        "provider_error", "The model server sent something that cannot be read.", retryable=True
    )
