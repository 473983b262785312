"""A title for a conversation, from its first question and reply, without asking a model."""

import re

LENGTH = 60
"""The most characters of a title that is made; one that a person writes may be longer."""

FEW_WORDS = 2
"""A question of no more words than this is a greeting or the like; the reply tells more."""

_FENCE = re.compile(r"^\s*(```|~~~)")
_MARKUP = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\d{1,9}[.)]\s+)+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`|~~)(\S|\S.*?\S)\1")
_SENTENCE = re.compile(r"(?<=[.!?…])\s|(?<=[。！？])")


def make_title(question: str, reply: str = "") -> str:
    """The question's first line that says something, or the reply's where the question is very short."""
    asked = _first_line(question)
    if len(asked.split()) <= FEW_WORDS and asked.isascii():
        return _cut(_first_sentence(_first_line(reply)) or asked)
    return _cut(asked if len(asked) <= LENGTH else _first_sentence(asked))


def _first_line(text: str) -> str:
    for line in text[:10_000].splitlines():
        if _FENCE.match(line):
            continue
        plain = _LINK.sub(r"\1", _MARKUP.sub("", line))
        plain = " ".join(_EMPHASIS.sub(r"\2", plain).split())
        if any(character.isalnum() for character in plain):
            return plain
    return " ".join(text[:200].split())


def _first_sentence(line: str) -> str:
    return _SENTENCE.split(line, maxsplit=1)[0].rstrip(".")


def _cut(line: str) -> str:
    if len(line) <= LENGTH:
        return line
    kept = line[: LENGTH - 1]
    space = kept.rfind(" ")
    return (kept[:space] if space > LENGTH // 2 else kept).rstrip(" ,;:-") + "…"
