"""Splits queries and searched texts into words, in the same way for both databases."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category, normalize

WORDS = 16
"""The most words of a query that count, and the most characters of a word in Chinese or Japanese."""

DIACRITICS = "\u0300-\u036f"
"""Combining marks, which are ignored when words are compared."""

SPACELESS = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Chinese and Japanese characters, which are written without spaces: a run of them counts as one word. The
migrations repeat this list."""

SPACELESS_INDEXED = 80_000
"""How many characters of a text with such characters are indexed: a tsvector holds at most 1 MiB."""

_DIACRITICS = re.compile(f"[{DIACRITICS}]+")
_SPACELESS = re.compile(f"[{SPACELESS}]+")


@dataclass(frozen=True, slots=True)
class Term:
    """A search term: a word, or the beginning of one."""

    text: str
    is_beginning: bool


def words_of(query: str) -> list[str]:
    """The words of a query: letters, digits and their marks, without diacritics."""
    plain = normalize("NFC", _DIACRITICS.sub("", normalize("NFD", query)))
    plain = "".join(each if category(each)[0] in "LNM" else " " for each in plain)
    words = _SPACELESS.sub(r" \g<0> ", plain).split()
    return [word for word in words if any(each.isalnum() for each in word)][:WORDS]


def is_spaceless(word: str) -> bool:
    """Whether a word of `words_of` is a run of Chinese or Japanese characters."""
    return _SPACELESS.match(word) is not None


def terms_of(words: Sequence[str]) -> list[Term]:
    """The terms that an index must contain for these words; the last word may be incomplete."""
    terms: list[Term] = []
    for number, word in enumerate(words, 1):
        if not is_spaceless(word):
            terms.append(Term(word, number == len(words)))
        elif len(word) == 1:
            terms.append(Term(word, True))
        else:
            terms += [Term(pair, False) for pair in _pairs(word[: WORDS + 1])[:-1]]
    return terms


def indexed(text: str) -> str:
    """A text as the index, which splits it at spaces, should see it.

    A run of Chinese or Japanese characters becomes overlapping pairs, then its last character alone. So every
    character begins a word, and any two neighbours are a word.
    """
    if _SPACELESS.search(text) is None:
        return text
    plain = normalize("NFC", text[:SPACELESS_INDEXED])
    return _SPACELESS.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", plain)


def _pairs(characters: str) -> list[str]:
    return [characters[start : start + 2] for start in range(len(characters))]
