"""Parses the bytes of a chat completion, without I/O.

The format is OpenAI's: server-sent events, each with one JSON object, and `[DONE]` at the end; or one JSON
object in place of the stream. Servers differ in the details, so a member that holds something unexpected is
passed over. What may have lost text, and what reports a failure, is an error.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from headwater.generation.kinds.reasoning import Reasoning
from headwater.generation.kinds.text import Text
from headwater.generation.outcome import FinishReason, Usage
from headwater.generation.parts import Part, TextPart
from headwater.generation.provider import Delta, Finish, ProviderError
from headwater.providers.half_characters import HalfCharacters
from headwater.providers.lines import Lines
from headwater.providers.thought_tags import ThoughtTags

MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""The longest message that is accepted, so that one without an end does not fill the memory."""

_FINISH: dict[str, FinishReason] = {
    **dict.fromkeys(
        ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "tool_calls", "function_call"), "stop"
    ),
    **dict.fromkeys(("length", "max_tokens", "model_length"), "length"),
    **dict.fromkeys(("content_filter", "safety"), "content_filter"),
}
"""The good ends; a reply with any other reason has failed."""

_REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
_CONTENT = ("content", "refusal", "text")
"""The members of a delta with the same content under different names; the first that has some counts."""

_KINDS: dict[str, type[TextPart] | None] = {
    "text": None, "value": None, "content": None, "refusal": None,
    "thinking": Reasoning, "reasoning": Reasoning, "summary": Reasoning,
}  # fmt: skip
"""The members of a part of the content that hold text, with their kind; None means that of the content."""

_DEPTH = 10
"""How deep lists and parts may be nested in each other."""

_REPORT = re.compile("error|^err|(^|_)(message|msg|detail|code|status)$", re.IGNORECASE)
"""The names of members in which a message that is no piece of a reply reports a failure."""

_FIELD = re.compile(rb"[ \t\xef\xbb\xbf]*(data|event|error|id|retry)\s*:\s*(?:data\s*:\s*)*", re.IGNORECASE)
"""The name of a line. Some servers write it their own way, or twice."""

Pieces: TypeAlias = Sequence[tuple[type[TextPart], str]]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_decode = msgspec.json.Decoder().decode


class _Delta(msgspec.Struct):
    content: str | None = None
    refusal: None = None
    text: None = None
    reasoning_content: None = None
    reasoning: None = None
    reasoning_details: None = None
    thinking: None = None
    tool_calls: None = None
    function_call: None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    index: Literal[0] | None = None
    text: None = None
    message: None = None
    error: None = None
    finish_reason: None = None


class _Piece(msgspec.Struct):
    """Most messages: a piece of text in the only choice, and null in all other members that are read."""

    choices: tuple[_Choice]
    usage: None = None
    error: None = None
    base_resp: None = None


_decode_piece = msgspec.json.Decoder(_Piece).decode
_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_decode_next = json.JSONDecoder(strict=False).raw_decode


class CompletionReader:
    """Turns bytes into deltas.

    `heard` is true after the first message. `finished` is true once the server gave a reason for the end;
    text that follows takes it back. A reason that comes with text, or after one was taken back, is doubtful:
    it counts only at the end of the bytes. `done` is true after `[DONE]` or an error. A message that is an
    error or cannot be parsed sets `error`; the deltas before it still count.
    """

    def __init__(self) -> None:
        self.heard = False
        self.finished = False
        self.done = False
        self.error: ProviderError | None = None
        self._lines = Lines()
        self._begun = False
        self._body: bytearray | None = None
        self._is_between_events = False
        self._event = b""
        self._data = bytearray()
        self._deltas: list[Delta] = []
        self._kind: type[TextPart] = Text
        self._halves = HalfCharacters()
        self._tags = ThoughtTags()
        self._has_said = False
        self._whole: dict[type[TextPart], str | None] = {}
        self._has_first_choice = False
        self._has_called_tool = False
        self._finish: Finish | None = None
        self._is_doubtful = False

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas in the lines that these bytes complete."""
        if not (self._is_between_events and self._pieces(data)):
            self._any_lines(data)
        return self._take()

    def end(self, *, is_cut: bool = False) -> list[Delta]:
        """The deltas in what is left after the last byte; `is_cut` says that bytes are missing."""
        for line in (self._lines.rest(), b""):
            if not self.done:
                self._line(line)
        if self._body is not None and not self.done:
            self._message(bytes(self._body))
        if not self.done:
            self._flush()
            if self._finish is not None and self._is_doubtful and not is_cut:
                self._deltas.append(self._finish)
            if not self.heard:
                self._fail_unreadable()
        return self._take()

    def _pieces(self, data: bytes) -> bool:
        """Read whole events that hold a piece each, as nearly all do; False if some are not of that kind."""
        if not (data.startswith(b"data: ") and data.endswith(b"\n\n")):
            return False
        messages = data[6:-2].split(b"\n\ndata: ")
        if data.count(b"\n") != 2 * len(messages) or b"\r" in data:
            return False
        try:
            texts = [_decode_piece(message).choices[0].delta.content for message in messages]
        except _DECODE_ERRORS:
            return False
        self._has_first_choice = True
        for text in texts:
            if text:
                self._piece(Text, text)
        return True

    def _any_lines(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            if not self.done:
                self._line(line)
        if not self.done and self._lines.held + len(self._body or self._data) > MESSAGE_BYTES:
            self._fail_unreadable()
        self._is_between_events = (
            self.heard
            and self._lines.is_between
            and not (self._event or self._data)
            and self._body is None
            and not self.done
        )

    def _take(self) -> list[Delta]:
        deltas, self._deltas = self._deltas, []
        return deltas

    def _line(self, line: bytes) -> None:
        if not self._begun:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._begun = bool(line.strip())
            if line.lstrip().startswith(b"{"):
                self._body = bytearray()
        if self._body is not None:
            self._body += line + b"\n"
            return
        field = _FIELD.match(line)
        name, value = (b"", line) if field is None else (field[1].lower(), line[field.end() :].strip())
        if not line:
            if self._event or self._data:
                self._end_event()
        elif name == b"event":
            self._event = value.lower()
        elif name == b"error":
            self._fail(_refusal(_object(value)))
        elif name == b"data" or (not name and (self._data or line.startswith(b"{"))):
            self._read_data(value)

    def _read_data(self, data: bytes) -> None:
        """Read a line of data, which may hold several objects, or a part of one."""
        if self._data:
            self._data += b"\n" + data
        elif b"error" in self._event:
            self._fail(_refusal(_object(data)))
        elif data == b"[DONE]":
            self.heard = True
            self._end_reply()
        elif data.lstrip(b"[ ").startswith(b"{"):
            self._data += self._objects(data)

    def _end_event(self) -> None:
        if b"error" in self._event:
            self._fail(_refusal(None))
        elif self._data and self._objects(bytes(self._data)):
            self._fail_unreadable()
        self._event = b""
        self._data.clear()

    def _objects(self, data: bytes) -> bytes:
        """Read the objects in the data of an event; what is left is an object without its end."""
        if self._message(data):
            return b""
        text, at = data.decode(errors="surrogateescape"), 0
        while not self.done and (at := text.find("{", at)) >= 0:
            try:
                message, at = _decode_next(text, at)
            except (ValueError, RecursionError):
                return text[at:].encode(errors="surrogateescape")
            self._read_message(message)
        return b""

    def _end_reply(self) -> None:
        self._flush()
        if self._finish is None:
            self._deltas.append(Finish("stop", called_tool=self._has_called_tool))
        elif self._is_doubtful:
            self._deltas.append(self._finish)
        self.done = True

    def _fail(self, error: ProviderError) -> None:
        self._flush()
        if self._finish is not None:
            self._deltas.append(Finish(None))
        self.error = error
        self.done = True

    def _fail_unreadable(self) -> None:
        self.done = True
        if not self.finished:
            self.error = unreadable()

    def _message(self, data: bytes) -> bool:
        """Read a message; False if it is not a JSON object."""
        message = _object(data)
        if message is not None:
            self._read_message(message)
        return message is not None

    def _read_message(self, message: dict[str, Any]) -> None:
        self.heard = True
        get = message.get
        choices, usage, error, base = get("choices"), get("usage"), get("error"), get("base_resp")
        if choices:
            if not isinstance(choices, list):
                self._fail_unreadable()
                return
            choice = self._choose(choices)
            if choice is not None:
                self._choice(choice)
        if usage and (counted := _usage(usage)):
            self._deltas.append(counted)
        if error and _is_failure(error):
            self._fail(_refusal(message))
        elif isinstance(base, dict) and base.get("status_code") not in (None, 0, "0", ""):
            self._fail(_refusal(base))
        elif not choices and not usage and _reports_failure(message):
            self._fail(_refusal(message))

    def _choose(self, choices: list[Any]) -> dict[str, Any] | None:
        """The choice 0; of a server that never has one, the only choice."""
        for choice in choices:
            if isinstance(choice, dict) and choice.get("index") in (0, None, "0"):
                self._has_first_choice = True
                return choice
        if self._has_first_choice or len(choices) > 1 or not isinstance(choices[0], dict):
            return None
        return choices[0]

    def _choice(self, choice: dict[str, Any]) -> None:
        has_text = self._say(choice.get("delta")) or self._say(choice.get("text"))
        if not has_text and (self._whole or not self._has_said):
            has_text = self._say_whole(choice.get("message"))
        error, reason = choice.get("error"), choice.get("finish_reason")
        if error and _is_failure(error):
            self._fail(_refusal(choice))
        elif reason and (reason := _reason(reason)):
            self._flush()
            self._finish = Finish(_FINISH.get(reason), called_tool=self._has_called_tool)
            self._is_doubtful |= has_text
            self.finished = not self._is_doubtful
            if self.finished:
                self._deltas.append(self._finish)

    def _say(self, said: object) -> bool:
        """Emit what a delta says; False if it says nothing."""
        pieces = self._said(said)
        for kind, text in pieces:
            self._piece(kind, text)
        return bool(pieces)

    def _say_whole(self, said: object) -> bool:
        """Emit what a message in place of a delta adds to those before it; False if that is nothing.

        A message is the reply up to now, or the next piece of it like a delta.
        """
        pieces, before, rest = self._said(said), self._whole, []
        texts = {kind: "".join(text for each, text in pieces if each is kind) for kind, _ in pieces}
        for kind, text in texts.items():
            known = before.get(kind, "")
            is_whole = known is not None and text.startswith(known)
            rest.append((kind, text.removeprefix(known or "") if is_whole else text))
            self._whole = {**self._whole, kind: text if is_whole else None}
        added = [(kind, text) for kind, text in (rest if before else pieces) if text]
        for kind, text in added:
            self._piece(kind, text)
        return bool(added)

    def _said(self, said: object) -> Pieces:
        if not said:
            return ()
        members = said if isinstance(said, dict) else {"content": said}
        if members.get("tool_calls") or members.get("function_call"):
            self._has_called_tool = True
        return (*_first(members, _REASONING, Reasoning), *_first(members, _CONTENT, Text))

    def _piece(self, kind: type[TextPart], text: str) -> None:
        if kind is not self._kind:
            self._flush()
            self._kind = kind
        self._has_said = True
        if text := self._halves.feed(text):
            self._emit(self._tags.feed(text) if kind is Text else [kind(text)])

    def _flush(self) -> None:
        """Emit what was held back for a following piece."""
        rest = self._halves.rest()
        if self._kind is Text:
            self._emit([*(self._tags.feed(rest) if rest else ()), *self._tags.rest()])
        elif rest:
            self._emit([self._kind(rest)])

    def _emit(self, parts: list[Part]) -> None:
        if parts and self._finish is not None:
            self._finish = None
            self._is_doubtful = True
            self.finished = False
        self._deltas += parts


def _object(data: bytes) -> dict[str, Any] | None:
    """A JSON object, also with numbers and characters that JSON does not have; None if it is none."""
    try:
        value = _decode(data)
    except _DECODE_ERRORS:
        try:
            value = json.loads(data.decode(errors="surrogateescape"), strict=False)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _first(members: dict[str, Any], names: Iterable[str], kind: type[TextPart]) -> Pieces:
    """The pieces of the first of these members that has any."""
    for name in names:
        value = members.get(name)
        if value and (pieces := _pieces(value, kind)):
            return pieces
    return ()


def _pieces(value: object, kind: type[TextPart], depth: int = _DEPTH) -> Pieces:
    """The text in a value: in itself, in a list, or in a part with a type."""
    match value:
        case _ if depth == 0:
            return ()
        case str() if value:
            return ((kind, value),)
        case int() | float() if not isinstance(value, bool):
            return ((kind, str(value)),)
        case list():
            return [piece for each in value for piece in _pieces(each, kind, depth - 1)]
        case dict():
            if str(value.get("type")).startswith(("thinking", "reasoning")):
                kind = Reasoning
            if name := next((name for name in _KINDS if value.get(name)), None):
                return _pieces(value[name], _KINDS[name] or kind, depth - 1)
    return ()


def _reason(value: object) -> str:
    """A finish reason in lower case; empty if there is none."""
    word = str(value).strip().lower()
    return "" if word == "null" else word


def _is_failure(error: object) -> bool:
    """Whether an `error` says anything."""
    return any(error.values()) if isinstance(error, dict) else bool(error)


def _reports_failure(message: dict[str, Any]) -> bool:
    return any(_REPORT.search(name) and _is_failure(value) for name, value in message.items())


def _usage(value: object) -> Usage | None:
    """The usage; None if it cannot be read, which must not fail the reply."""
    if not isinstance(value, dict):
        return None
    tokens = [value.get(name, 0) for name in ("prompt_tokens", "completion_tokens")]
    return Usage(*tokens) if all(type(count) is int and count >= 0 for count in tokens) else None


def _refusal(answer: dict[str, Any] | None, *codes: object) -> ProviderError:
    """The error for an object that reports a failure, in its member `error` or by itself."""
    answer = answer or {}
    error = answer.get("error")
    members = {**answer, **error} if isinstance(error, dict) else answer
    return refusal(*codes, *map(members.get, ("code", "type", "status", "status_code")))


def refusal_in(body: bytes, status: int) -> ProviderError:
    """The error for a response with this body and HTTP status."""
    return _refusal(_object(body), status)


def refusal(*answer: object) -> ProviderError:
    """The error for a server's answer: its HTTP status and its own error code and type, if known.

    It does not repeat the server's message, which may contain keys and internal addresses.
    """
    codes = {
        int(code) if isinstance(code, str) and re.fullmatch("[0-9]{1,9}", code) else code
        for code in answer
        if isinstance(code, int | str)
    }
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
