"""Where a text has the words that were looked for, whatever the database."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from unicodedata import normalize

from headwater.storage.tokenizer import DIACRITICS, SPACELESS, is_spaceless

SNIPPET = 180
BEFORE = 50
"""Characters of a snippet, about, and how many of them stand before the first word that was found."""

MARKS = 100
"""The most places of a text that are looked at for the best snippet."""

_WORD = f"[^\\W_{SPACELESS}]"
_VOICING = "[\u3099\u309a]"
"""What follows a Japanese sign, and makes another one of it, where signs are taken apart."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text, and whether it is one of the words that were looked for."""

    text: str
    match: bool


def highlight(text: str, words: Sequence[str]) -> tuple[Part, ...]:
    """A whole text with its words; the last one may be the beginning of one."""
    plain = _decomposed(text)
    return _parts(plain, _places(plain, words), 0, len(plain))


def snippet(text: str, words: Sequence[str]) -> tuple[Part, ...]:
    """The piece of a text that has the most of the words; an ellipsis stands for what is left out."""
    plain = _decomposed(text)
    if len(plain) <= SNIPPET:
        return highlight(text, words)
    places = list(islice(_places(plain, words), MARKS))
    first = max(places, key=lambda place: _variety(plain, places, place), default=(0, 0))[0]
    start, end = _edges(plain, max(0, first - BEFORE), first + SNIPPET - BEFORE)
    inside = [place for place in places if start <= place[0] and place[1] <= end]
    parts = list(_parts(plain, inside, start, end))
    if start > 0:
        parts.insert(0, Part("…", False))
    if end < len(plain):
        parts.append(Part("…", False))
    return tuple(_joined(parts))


def _variety(plain: str, places: Sequence[tuple[int, int]], first: tuple[int, int]) -> int:
    """How many different words stand in the snippet that begins with this one."""
    until = first[0] + SNIPPET - BEFORE
    return len({plain[start:end].casefold() for start, end in places if first[0] <= start and end <= until})


def _edges(plain: str, start: int, end: int) -> tuple[int, int]:
    """The same piece, but for words that it would cut."""
    if start > 0 and (space := re.compile(r"\s").search(plain, start, start + BEFORE)):
        start = space.end()
    if end < len(plain) and (space_at := plain.rfind(" ", end - BEFORE, end)) > 0:
        end = space_at
    return start, min(end, len(plain))


def _places(plain: str, words: Sequence[str]) -> Iterable[tuple[int, int]]:
    return ((found.start(), found.end()) for found in _pattern(tuple(words)).finditer(plain))


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    *others, last = map(_spelled, words)
    if not is_spaceless(words[-1]):
        last = f"(?<!{_WORD}){last}(?:{_WORD}|[{DIACRITICS}])*"
    return re.compile("|".join((*map(_bounded, words[:-1], others), last)), re.IGNORECASE)


def _spelled(word: str) -> str:
    """The word with any diacritics."""
    signs = f"[{DIACRITICS}]*".join(map(re.escape, normalize("NFD", word)))
    return f"{signs}[{DIACRITICS}]*(?!{_VOICING})"


def _bounded(word: str, spelled: str) -> str:
    return spelled if is_spaceless(word) else f"(?<!{_WORD}){spelled}(?!{_WORD})"


def _parts(plain: str, places: Iterable[tuple[int, int]], start: int, end: int) -> tuple[Part, ...]:
    parts = []
    at = start
    for begins, ends in places:
        parts += [Part(plain[at:begins], False), Part(plain[begins:ends], True)]
        at = ends
    parts.append(Part(plain[at:end], False))
    return tuple(_joined(parts))


def _joined(parts: Iterable[Part]) -> Iterable[Part]:
    joined: list[Part] = []
    for part in parts:
        if not part.text:
            continue
        if joined and not part.match and not joined[-1].match:
            joined[-1] = Part(joined[-1].text + part.text, False)
        else:
            joined.append(part)
    return [Part(normalize("NFC", part.text), part.match) for part in joined]


def _decomposed(text: str) -> str:
    return text if text.isascii() else normalize("NFD", text)
