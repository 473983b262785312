"""Takes the body of a response out of its chunks (RFC 9112, section 7.1), without I/O."""

import re
from typing import Final

HELD_BYTES: Final = 64 * 1024
"""How much of the header of a chunk is held until the rest of it arrives."""

_HEADER = re.compile(rb"\r\n(0*[0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
"""The header of a chunk, with the end of the line before it."""


class Chunks:
    """Takes the bytes as they arrive, and returns what is in the chunks.

    `is_complete` is true after the last chunk, `is_broken` after something that is no chunk.
    """

    def __init__(self) -> None:
        self.is_complete = False
        self.is_broken = False
        self._left = 0
        self._held = b"\r\n"

    def feed(self, data: bytes) -> bytes:
        """The part of the body in these bytes."""
        data, at = self._held + data, self._left
        pieces = [data[:at]] if at else []
        while (header := _HEADER.match(data, at)) is not None:
            size = int(header[1], 16)
            if not size:
                self.is_complete = True
                break
            start = header.end()
            at = start + size
            pieces.append(data[start:at])
        self._left = max(0, at - len(data))
        self._held = data[at:]
        if len(self._held) > 2 and not self.is_complete:
            self.is_broken = (
                not self._held.startswith(b"\r\n") or b"\n" in self._held[2:] or len(self._held) > HELD_BYTES
            )
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def rest(self) -> bytes:
        """What to give another parser, which has seen the head alone, so that it goes on from here.

        After a chunk whose last line end is still to come, that is a chunk of one byte. It belongs to no
        body, so the other parser's content is not to be read.
        """
        if self._left:
            return b"%x\r\n" % self._left
        return self._held[2:] if self._held.startswith(b"\r\n") else b"1\r\n.%b" % self._held
