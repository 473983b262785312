"""Separates thoughts that a model puts into tags from its text, without I/O.

Some servers pass on what the model writes as it is: `<think>…</think>` before the answer, the closing tag
alone if the prompt has the opening one, or channels (`<|channel|>analysis<|message|>…<|end|>`). The tags of
some models have a prefix or signs of their own: `<seed:think>`, `<|begin_of_thought|>`, `◁think▷`.
"""

import re

from headwater.generation.kinds.reasoning import Reasoning, ReasoningEnd
from headwater.generation.kinds.text import Text
from headwater.generation.parts import Part

_NAME = "(?:[a-z]{1,9}[:_])?(?:think(?:ing)?|thoughts?|reason(?:ing)?)"
_TOKEN = re.compile(
    r"(?P<line>\n)|(?P<ticks>`+)"
    rf"|(?:[<◁]\|?|\[(?=/THINK))(?:/|end_(?:of_)?)(?P<close>{_NAME})\|?[>▷\]]"
    rf"|(?:[<◁]\|?|\[(?=THINK))(?:(?:begin|start)_(?:of_)?)?(?P<open>{_NAME})\|?[>▷\]]"
    r"|(?P<header>(?:<\|start\|>[^<\n]{0,40})?<\|channel\|?>(?P<channel>[^<\n]{0,80})"
    r"(?:<\|constrain\|>[^<\n]{0,40})?(?:<\|message\|>|\n))"
    r"|(?P<end><\|(?:end|return|call)\|>|<channel\|>)",
    re.IGNORECASE,
)
_BEGINNING = re.compile(
    r"(?:<\|(?:start|channel)\|?>[^\n]{0,200}|[<◁]\|?/?[a-z:_]{0,24}\|?|\[/?[A-Z]{0,5})\Z", re.IGNORECASE
)
"""Text at the end that may be the beginning of a tag."""

_SPECIAL = re.compile(r"[\n`<◁\[]")
_FENCE = re.compile(r"[ >]*(?:(?:[-*+]|\d{1,9}[.)]) +)?(`{3,}(?=[^`]*\Z)|~{3,})")
_FENCE_END = re.compile(r"[ >]*(`{3,}|~{3,})[ \t]*\Z")

_LINE_CHARS = 200
"""About how much of a line is remembered, to recognise the fences of code blocks."""

_CODE_INDENT = 4

_BLANK_CHARS = 1000
"""How much white space is held back at the beginning of a reply, before which a thought may still begin."""


class ThoughtTags:
    """Takes the pieces of a text and returns `Text`, and `Reasoning` for what is in tags.

    An opening tag counts at the beginning of a line, and one that is repeated at once counts once. A closing
    tag without an opening one counts once: all before it was a thought, which `ReasoningEnd` says if it was
    passed on already. No tag counts in code. White space around thoughts is dropped. Text that may be the
    beginning of a tag is held back.
    """

    def __init__(self) -> None:
        self._held = ""
        self._thought: str | None = None
        self._has_tags = False
        self._has_channels = False
        self._has_parts = False
        self._has_text = False
        self._drops_space = False
        self._fence = ""
        self._line = ""
        self._last = ""
        self._is_in_line = False
        self._in_span = False
        self._texts: list[str] = []
        self._parts: list[Part] = []

    def feed(self, piece: str) -> list[Part]:
        """The parts that can be passed on now."""
        if self._is_in_line and _SPECIAL.search(piece) is None:
            self._note(piece)
            return [Text(piece) if self._thought is None else Reasoning(piece)]
        parts = self._read(self._held + piece, is_last=False)
        self._is_in_line = bool(self._line.strip()) and not self._held and not self._drops_space
        return parts

    def rest(self) -> list[Part]:
        """The parts that were held back, at the end."""
        return self._read(self._held, is_last=True)

    def _read(self, text: str, *, is_last: bool) -> list[Part]:
        held = None if is_last else _BEGINNING.search(text)
        self._held = "" if held is None else held[0]
        text = text.removesuffix(self._held)
        if (
            len(text) <= _BLANK_CHARS
            and text.isspace()
            and not self._has_parts
            and not self._has_tags
            and not is_last
        ):
            self._held = text + self._held
            return []
        start = 0
        for token in _TOKEN.finditer(text):
            self._add(text[start : token.start()])
            start = token.start()
            if not is_last and self._is_undecided(token):
                before = self._take_blank()
                self._held = before + text[start:] + self._held
                return self._take()
            start = token.end()
            if not self._read_tag(token):
                self._add(token[0])
        self._add(text[start:])
        return self._take()

    def _is_undecided(self, token: re.Match[str]) -> bool:
        """Whether what follows decides if a tag counts."""
        rest = token.string[token.end() :]
        if token.lastgroup in {"line", "ticks"}:
            return False
        if self._thought is None:
            return token["close"] is not None and not rest
        return self._in_span and len(rest) < _LINE_CHARS and "\n" not in rest and "`" not in rest

    def _is_in_code(self, token: re.Match[str]) -> bool:
        """Whether a tag is in code; in a thought, that is code whose end is on the same line."""
        if self._thought is None:
            return self._in_span or self._fence != ""
        return self._in_span and "`" in token.string[token.end() :][:_LINE_CHARS].partition("\n")[0]

    def _read_tag(self, token: re.Match[str]) -> bool:
        """Whether a token is a tag that counts; then it is read."""
        match token.lastgroup:
            case "line":
                self._end_line()
            case "ticks":
                self._in_span ^= not self._last.endswith("`")
            case _ if self._is_in_code(token):
                pass
            case "open" if self._thought == token["open"].lower() and self._drops_space:
                return True
            case "close" if self._thought is None and self._drops_space:
                return True
            case "open" if self._thought is None:
                self._has_tags = True
                if self._is_at_start():
                    return self._begin(token["open"].lower())
            case "close" if self._thought == token["close"].lower():
                return self._begin(None)
            case "close" if self._thought is None and not self._has_tags and self._stands_alone(token):
                return self._end_unopened()
            case "header" if self._thought in {None, "channel"}:
                if self._has_channels or self._is_at_start():
                    self._has_channels = self._has_tags = True
                    is_final = token["channel"].strip().lower().startswith("final")
                    return self._begin(None if is_final else "channel")
            case "end" if self._has_channels:
                return self._begin(None)
        return False

    def _begin(self, thought: str | None) -> bool:
        self._take_blank()
        self._emit()
        self._thought = thought
        self._drops_space = True
        self._line = self._last = ""
        self._in_span = False
        return True

    def _take_blank(self) -> str:
        """Take back what was added if it is white space at the beginning of the reply."""
        text = "".join(self._texts)
        if self._has_parts or not text.isspace():
            return ""
        self._texts.clear()
        self._line = ""
        return text

    def _end_unopened(self) -> bool:
        self._has_tags = True
        if self._has_text:
            self._emit()
            self._parts.append(ReasoningEnd())
        else:
            self._thought = ""
        return self._begin(None)

    def _is_at_start(self) -> bool:
        return not self._line.strip() and len(self._line.expandtabs(_CODE_INDENT)) < _CODE_INDENT

    def _stands_alone(self, token: re.Match[str]) -> bool:
        """Whether a closing tag is not just mentioned in a sentence."""
        return (
            not self._last.endswith((" ", "\t", '"', "'", "(", "“"))
            or token.string[token.end() : token.end() + 1] in "\n"
        )

    def _end_line(self) -> None:
        if self._thought is None and self._fence:
            end = _FENCE_END.match(self._line)
            if end is not None and end[1].startswith(self._fence):
                self._fence = ""
        elif self._thought is None and (fence := _FENCE.match(self._line)):
            self._fence = fence[1]
        self._line = self._last = ""
        self._in_span = False

    def _add(self, text: str) -> None:
        if self._drops_space:
            text = text.lstrip()
        if text:
            self._drops_space = False
            self._texts.append(text)
            if text != "\n":
                self._note(text)

    def _note(self, text: str) -> None:
        self._last = text
        if len(self._line) < _LINE_CHARS:
            self._line += text

    def _emit(self) -> None:
        if self._texts:
            text = "".join(self._texts)
            self._texts.clear()
            self._has_parts = True
            self._has_text |= self._thought is None
            self._parts.append(Text(text) if self._thought is None else Reasoning(text))

    def _take(self) -> list[Part]:
        self._emit()
        parts, self._parts = self._parts, []
        return parts
