"""Parses the bytes of a streamed chat completion, without I/O.

The format is OpenAI's: server-sent events, each with one JSON object on one line, and `[DONE]` at the end.
Servers differ in the details, so unknown members are ignored, and data that cannot be parsed is an error.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from headwater.generation.outcome import FinishReason, Usage
from headwater.generation.parts import Reasoning, Text
from headwater.generation.provider import Delta, Finish, ProviderError

LINE_BYTES: Final = 4 * 1024 * 1024
"""The longest line that is accepted, so that a line without an end does not fill the memory."""

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
"""Complete escapes, or (as `half`) a lone surrogate, which some servers send."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CompletionReader:
    """Turns bytes into deltas.

    `heard` is true after the first message, `finished` after the finish reason (or `[DONE]`), and `done`
    after `[DONE]` or an error. A message that is an error or cannot be parsed sets `error`; the deltas before
    it still count.
    """

    def __init__(self) -> None:
        self.heard = False
        self.finished = False
        self.done = False
        self.error: ProviderError | None = None
        self._rest = b""

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas in the lines that these bytes complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines and not self.heard:
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        deltas: list[Delta] = []
        try:
            for line in lines:
                if line.startswith(b"data:"):
                    deltas.extend(self._message(line[5:]))
            if len(self._rest) > LINE_BYTES:
                raise unreadable()
        except ProviderError as error:
            self.error = error
            self.done = True
        return deltas

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
        repaired = _ESCAPES.sub(_replace_half, data)
    try:
        return _decode(repaired)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise unreadable() from None


def _replace_half(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]


def _usage(raw: msgspec.Raw) -> Usage | None:
    """The usage; None if it cannot be parsed, which must not fail the reply."""
    try:
        usage = _decode_usage(raw)
    except msgspec.DecodeError:
        return None
    return Usage(usage.prompt_tokens, usage.completion_tokens) if usage else None


def refusal(*answer: int | str | None) -> ProviderError:
    """The error for a server's answer: its HTTP status and its own error code and type, if known.

    It does not repeat the server's message, which may contain keys and internal addresses.
    """
    codes = {int(code) if isinstance(code, str) and code.isdecimal() else code for code in answer}
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
    """The error for an answer that cannot be parsed."""
    return ProviderError(
        "provider_error", "The model server sent something that cannot be read.", retryable=True
    )
