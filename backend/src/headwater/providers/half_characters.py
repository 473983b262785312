"""Joins characters whose halves arrive in different pieces of a text, without I/O."""

import re

_HALF = re.compile("[\ud800-\udfff]")
_OPEN = re.compile(
    "(?:[\ud800-\udbff]"
    "|(?<![\ud800-\udbff])(?:[\udcc2-\udcdf]|[\udce0-\udcef][\udc80-\udcbf]?|[\udcf0-\udcf4][\udc80-\udcbf]{0,2})"
    r")\Z"
)
"""A half of a surrogate pair or of UTF-8 at the end, which the next piece may complete."""

_BYTES = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]+")


class HalfCharacters:
    """Takes the pieces of a text and returns whole characters; what stays half becomes U+FFFD.

    A half is a lone surrogate, or a byte that the handler `surrogateescape` has decoded.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """The text that can be passed on now."""
        if not self._held and (piece.isascii() or _HALF.search(piece) is None):
            return piece
        text = self._held + piece
        match = _OPEN.search(text)
        self._held = "" if match is None else match[0]
        return _joined(text.removesuffix(self._held))

    def rest(self) -> str:
        """What was held back, at the end."""
        rest, self._held = self._held, ""
        return _joined(rest)


def _joined(text: str) -> str:
    text = _BYTES.sub(lambda match: match[0].encode(errors="surrogateescape").decode(errors="replace"), text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
