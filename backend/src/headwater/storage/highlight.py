"""Finds the words of a query in a text, in the same way for both databases."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from unicodedata import normalize

from headwater.storage.tokenizer import DIACRITICS, SPACELESS, is_unspaced

SNIPPET = 180
BEFORE = 50
"""About how many characters a snippet has, and how many of them come before the first match."""

MARKS = 100
"""The most matches in a text that are compared to find the best snippet."""

_WORD = f"[^\\W_{SPACELESS}]"
_VOICING = "[\u3099\u309a]"
"""The combining marks that turn a Japanese character into another one, after decomposition (NFD)."""


@dataclass(frozen=True, slots=True)
class SnippetPart:
    """A piece of a text; `match` is true if it is a word of the query."""

    text: str
    match: bool


def highlight(text: str, words: Sequence[str]) -> tuple[SnippetPart, ...]:
    """A whole text with its matches; the last word may be the beginning of a match."""
    plain = _decomposed(text)
    return _parts(plain, _spans(plain, words), 0, len(plain))


def snippet(text: str, words: Sequence[str]) -> tuple[SnippetPart, ...]:
    """The piece of a text with the most different words; an ellipsis stands for omitted text."""
    plain = _decomposed(text)
    if len(plain) <= SNIPPET:
        return highlight(text, words)
    spans = list(islice(_spans(plain, words), MARKS))
    first = max(spans, key=lambda span: _variety(plain, spans, span), default=(0, 0))[0]
    start, end = _edges(plain, max(0, first - BEFORE), first + SNIPPET - BEFORE)
    inside = [span for span in spans if start <= span[0] and span[1] <= end]
    parts = list(_parts(plain, inside, start, end))
    if start > 0:
        parts.insert(0, SnippetPart("…", False))
    if end < len(plain):
        parts.append(SnippetPart("…", False))
    return tuple(_joined(parts))


def _variety(plain: str, spans: Sequence[tuple[int, int]], first: tuple[int, int]) -> int:
    """How many different words the snippet has whose first match is this one."""
    until = first[0] + SNIPPET - BEFORE
    return len({plain[start:end].casefold() for start, end in spans if first[0] <= start and end <= until})


def _edges(plain: str, start: int, end: int) -> tuple[int, int]:
    """The same piece, without the words that it would cut."""
    if start > 0 and (space := re.compile(r"\s").search(plain, start, start + BEFORE)):
        start = space.end()
    if end < len(plain) and (space_at := plain.rfind(" ", end - BEFORE, end)) > 0:
        end = space_at
    return start, min(end, len(plain))


def _spans(plain: str, words: Sequence[str]) -> Iterable[tuple[int, int]]:
    return (match.span() for match in _pattern(tuple(words)).finditer(plain))


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        "|".join(_bounded(word, number == len(words)) for number, word in enumerate(words, 1)), re.IGNORECASE
    )


def _bounded(word: str, is_beginning: bool) -> str:
    """A pattern for the word with any diacritics, where it is not a part of a longer one."""
    characters = f"[{DIACRITICS}]*".join(map(re.escape, normalize("NFD", word)))
    pattern = f"{characters}[{DIACRITICS}]*(?!{_VOICING})"
    before = "" if is_unspaced(word[0]) else f"(?<!{_WORD})"
    rest = f"(?:{_WORD}|[{DIACRITICS}])*" if is_beginning else f"(?!{_WORD})"
    after = "" if is_unspaced(word[-1]) else rest
    return before + pattern + after


def _parts(plain: str, spans: Iterable[tuple[int, int]], start: int, end: int) -> tuple[SnippetPart, ...]:
    parts = []
    at = start
    for begins, ends in spans:
        parts += [SnippetPart(plain[at:begins], False), SnippetPart(plain[begins:ends], True)]
        at = ends
    parts.append(SnippetPart(plain[at:end], False))
    return tuple(_joined(parts))


def _joined(parts: Iterable[SnippetPart]) -> Iterable[SnippetPart]:
    joined: list[SnippetPart] = []
    for part in parts:
        if not part.text:
            continue
        if joined and not part.match and not joined[-1].match:
            joined[-1] = SnippetPart(joined[-1].text + part.text, False)
        else:
            joined.append(part)
    return [SnippetPart(normalize("NFC", part.text), part.match) for part in joined]


def _decomposed(text: str) -> str:
    return text if text.isascii() else normalize("NFD", text)
