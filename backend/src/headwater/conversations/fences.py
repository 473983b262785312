"""Fenced code blocks in Markdown, as CommonMark defines them."""

import re

_OPENING = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_LIST_ITEM = re.compile(r" *(?:[-*+]|\d{1,9}[.)])(?: {1,4}(?=\S)| |$)")
_LINE_END = re.compile(r"\r\n|\r|\n")


def with_closed_fence(text: str) -> str:
    """The text, with an end for the code block that it leaves open. What follows it is then not code."""
    fence: str | None = None
    # The columns at which the contents of the list items begin. A block in one of them ends with it.
    items: list[int] = []
    after_blank = False
    for line in (each.expandtabs(4) for each in _LINE_END.split(text)):
        is_blank = not line.strip()
        width = len(line) - len(line.lstrip(" "))
        if fence is not None and (is_blank or not items or width >= items[-1]):
            content = line[items[-1] :] if items else line
            if re.fullmatch(rf" {{0,3}}{fence}{fence[0]}* *", content):
                fence = None
        elif not is_blank:
            fence = None
            item = _LIST_ITEM.match(line)
            if item or after_blank or _OPENING.match(line.lstrip(" ")):
                while items and width < items[-1]:
                    items.pop()
            if item and width < (items[-1] if items else 0) + 4:
                items.append(item.end())
            if opening := _OPENING.match(line[items[-1] :] if items else line):
                fence = opening[1]
        after_blank = is_blank
    if fence is None or items:
        return text
    return f"{text.rstrip(chr(10))}\n{fence}"
