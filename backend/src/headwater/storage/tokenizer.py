"""Words: how a question and what is searched are taken apart, whatever the database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category, normalize

WORDS = 16
"""The most words of a question, and signs of one without spaces, that are looked for."""

DIACRITICS = "\u0300-\u036f"
"""Left out wherever words are compared."""

SPACELESS = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""The signs of Chinese and Japanese, which are written without spaces: any of them that stand together are
taken for a word. The migrations know them as well."""

SPACELESS_INDEXED = 80_000
"""Characters of a text with such signs that are found, from its beginning: a tsvector holds at most 1 MiB."""

_DIACRITICS = re.compile(f"[{DIACRITICS}]+")
_SPACELESS = re.compile(f"[{SPACELESS}]+")


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for in an index: a word, or the beginning of one."""

    text: str
    is_beginning: bool


def words_of(question: str) -> list[str]:
    """The words of a question: letters, digits and what marks them, without diacritics."""
    plain = normalize("NFC", _DIACRITICS.sub("", normalize("NFD", question)))
    plain = "".join(each if category(each)[0] in "LNM" else " " for each in plain)
    words = _SPACELESS.sub(r" \g<0> ", plain).split()
    return [word for word in words if any(each.isalnum() for each in word)][:WORDS]


def is_spaceless(word: str) -> bool:
    """Whether a word is one of those that `words_of` has taken out of a text without spaces."""
    return _SPACELESS.match(word) is not None


def terms_of(words: Sequence[str]) -> list[Term]:
    """What an index has to have of these words; the last one may be the beginning of one."""
    terms: list[Term] = []
    for place, word in enumerate(words, 1):
        if not is_spaceless(word):
            terms.append(Term(word, place == len(words)))
        elif len(word) == 1:
            terms.append(Term(word, True))
        else:
            terms += [Term(pair, False) for pair in _pairs(word[: WORDS + 1])[:-1]]
    return terms


def indexed(text: str) -> str:
    """A text as an index takes it apart by its spaces.

    Signs without spaces become pairs of neighbours, and the last one by itself, so that each of them begins a
    word, and two that stand together are one.
    """
    if _SPACELESS.search(text) is None:
        return text
    plain = normalize("NFC", text[:SPACELESS_INDEXED])
    return _SPACELESS.sub(lambda found: f" {' '.join(_pairs(found[0]))} ", plain)


def _pairs(signs: str) -> list[str]:
    return [signs[place : place + 2] for place in range(len(signs))]
