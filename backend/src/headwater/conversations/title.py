"""Generates a conversation's title from its first question and reply, without a model."""

import re

LENGTH = 60
"""The most characters of a generated title; a title that a person writes may be longer."""

FEW_WORDS = 2
"""A question of at most this many words is probably a greeting, so the reply makes a better title."""

_FENCE = re.compile(r"^\s*(```|~~~)")
_MARKUP = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\d{1,9}[.)]\s+)+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`|~~)(\S|\S.*?\S)\1")
_SENTENCE = re.compile(r"(?<=[.!?…])\s|(?<=[。！？])")


def make_title(question: str, reply: str = "") -> str:
    """The first line of the question that has words, or of the reply if the question is very short."""
    line = _first_line(question)
    if len(line.split()) <= FEW_WORDS and line.isascii():
        return _cut(_first_sentence(_first_line(reply)) or line)
    return _cut(line if len(line) <= LENGTH else _first_sentence(line))


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
    beginning = line[: LENGTH - 1]
    space = beginning.rfind(" ")
    return (beginning[:space] if space > LENGTH // 2 else beginning).rstrip(" ,;:-") + "…"
