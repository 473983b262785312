"""Blocks of Markdown that blank lines do not end, as CommonMark defines them: fenced code, and some HTML."""

import re

_OPENING = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_HTML = re.compile(r" {0,3}<(?:(pre|script|style|textarea)(?=[\s>]|$)|!--)", re.IGNORECASE)
_HTML_END = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)
_COMMENT_END = re.compile("-->")
_LIST_ITEM = re.compile(r" *(?:[-*+]|\d{1,9}[.)])(?: {1,4}(?=\S)| |$)")
_LINE_END = re.compile(r"\r\n|\r|\n")


def with_closed_fence(text: str) -> str:
    """The text, with an end for the block that it leaves open. What follows it is then not a part of it."""
    closing, end = "", None
    # The columns at which the contents of the list items begin. A block in one of them ends with it.
    items: list[int] = []
    after_blank = False
    for line in (each.expandtabs(4) for each in _LINE_END.split(text)):
        is_blank = not line.strip()
        width = len(line) - len(line.lstrip(" "))
        if end is not None and (is_blank or not items or width >= items[-1]):
            if end.search(line[items[-1] :] if items else line):
                end = None
        elif not is_blank:
            item = _LIST_ITEM.match(line)
            if item or after_blank or _OPENING.match(line.lstrip(" ")):
                while items and width < items[-1]:
                    items.pop()
            if item and width < (items[-1] if items else 0) + 4:
                items.append(item.end())
            closing, end = _opened(line[items[-1] :] if items else line)
        after_blank = is_blank
    if end is None or items:
        return text
    return f"{text.rstrip(chr(10))}\n{closing}"


def _opened(line: str) -> tuple[str, re.Pattern[str] | None]:
    """What closes the block that a line opens, and where a line of it ends it; None if a blank line does."""
    if fence := _OPENING.match(line):
        return fence[1], re.compile(rf"^ {{0,3}}{fence[1]}{fence[1][0]}* *$")
    if html := _HTML.match(line):
        closing, end = (f"</{html[1]}>", _HTML_END) if html[1] else ("-->", _COMMENT_END)
        return closing, None if end.search(line) else end
    return "", None
