"""Splits queries and searched texts into words, in the same way for both databases.

A text consists of words, of separators, and of characters that are found wherever they stand: those of
scripts that are written without spaces, and signs, for example `+`, `€` or an emoji.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from headwater.storage.character_classes import SEPARATORS, SIGNS

WORDS = 16
"""The most words of a query that count, and the most characters of a word that is written without spaces."""

WORD_CHARS = 200
"""How many characters of a word count; the function of PostgreSQL repeats this number."""

DIACRITICS = "\u0300-\u036f\u200d\u20d0-\u20ff\ufe00-\ufe0f\U0001f3fb-\U0001f3ff"
"""What is ignored when words are compared: combining marks, and what changes the look of an emoji."""

SPACELESS = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
    # Scripts of the line breaking class SA: Thai, Lao, Burmese, Khmer and their relatives.
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59\u0e81-\u0edf\u1000-\u1049\u1050-\u109d\u1780-\u17d3\u17d7\u17dc-\u17f9"
    "\u1950-\u19da\u1a20-\u1a99\u1aa7\ua9e0-\ua9fe\uaa60-\uaa76\uaa7a-\uaadd\U00011700-\U0001173b"
)
"""Characters of scripts that are written without spaces."""

UNSPACED = SPACELESS + SIGNS
"""Characters that are found wherever they stand; a run of them counts as one word."""

LETTER = f"[^{SEPARATORS}{UNSPACED}]"
"""A character of a word: whatever is neither a separator nor unspaced."""

_IGNORED = re.compile(f"[{DIACRITICS}]+")
_SEPARATORS = re.compile(f"[{SEPARATORS}\0\ud800-\udfff]+")
_UNSPACED = re.compile(f"[{UNSPACED}]+")
_ASCII_SEPARATORS = {code: " " for code in range(128) if _SEPARATORS.match(chr(code))}
_ASCII_SIGN = re.compile(
    f"[{re.escape(''.join(chr(code) for code in range(128) if _UNSPACED.match(chr(code))))}]"
)
"""Much faster than the classes of all of Unicode."""

_WORD = re.compile(f"{LETTER}+[{SIGNS}]*|[{UNSPACED}]+")
_INDEXED = re.compile(f"({LETTER}++)(?:(?=([{SIGNS}]))|)|[{UNSPACED}]+")


@dataclass(frozen=True, slots=True)
class Term:
    """A search term: a word, or the beginning of one."""

    text: str
    is_beginning: bool


def words_of(query: str) -> list[str]:
    """The words of a query, without diacritics; signs that follow a word belong to it, as in `C++`."""
    words: list[str] = _WORD.findall(_plain(query))
    return [word for word in words if _UNSPACED.search(word) or any(map(str.isalnum, word))][:WORDS]


def is_unspaced(character: str) -> bool:
    """Whether a character is found wherever it stands."""
    return _UNSPACED.match(character) is not None


def terms_of(words: Sequence[str]) -> list[Term]:
    """The terms that an index must contain for these words; the last word may be incomplete."""
    terms: list[Term] = []
    for number, word in enumerate(words, 1):
        run = _UNSPACED.search(word)
        start = len(word) if run is None else run.start()
        if start > WORD_CHARS:
            terms.append(Term(word[:WORD_CHARS], True))
        elif start > 0:
            terms.append(Term(word[: start + 1], run is None and number == len(words)))
        pairs = _pairs(word[start:][: WORDS + 1])
        if len(pairs) == 1 and start == 0:
            terms.append(Term(word, True))
        terms += [Term(pair, False) for pair in pairs[:-1]]
    return terms


def indexed(text: str) -> str:
    """A text as the index, which splits it at spaces, should see it.

    A run of unspaced characters becomes overlapping pairs, then its last character alone. So every character
    begins a word, and any two neighbours are a word. A word before a sign is a word with that sign, too.
    """
    plain = _plain(text)
    if (_ASCII_SIGN if plain.isascii() else _UNSPACED).search(plain) is None:
        return plain
    return " ".join(_INDEXED.sub(_tokens, plain).split())


def _tokens(found: re.Match[str]) -> str:
    word, sign = found.groups()
    if word is None:
        return f" {' '.join(_pairs(found[0]))} "
    return word if sign is None else f"{word} {word}{sign} "


def _plain(text: str) -> str:
    if text.isascii():
        return text.translate(_ASCII_SEPARATORS)
    text = normalize("NFC", _IGNORED.sub("", normalize("NFD", text)))
    return _SEPARATORS.sub(" ", text)


def _pairs(characters: str) -> list[str]:
    return [characters[start : start + 2] for start in range(len(characters))]
