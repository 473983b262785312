"""Splits bytes that arrive in pieces into lines, without I/O."""


class Lines:
    """Takes the pieces and returns the lines, which end with LF, CR or CRLF wherever the bytes are divided.

    `held` is the length of the line that has no end yet.
    """

    def __init__(self) -> None:
        self._open: list[bytes] = []
        self._after_cr = False
        self.held = 0

    @property
    def is_between(self) -> bool:
        """Whether a new line begins with the next byte."""
        return not self._open and not self._after_cr

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete."""
        if data.endswith(b"\n") and self.is_between:
            return data.splitlines()
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if not data:
            return []
        lines = data.splitlines()
        rest = b"" if data.endswith((b"\n", b"\r")) else lines.pop()
        self._after_cr = data.endswith(b"\r")
        if lines and self._open:
            lines[0] = b"".join((*self._open, lines[0]))
        if lines:
            self._open, self.held = [], 0
        if rest:
            self._open.append(rest)
            self.held += len(rest)
        return lines

    def rest(self) -> bytes:
        """The last line, if it has no end."""
        return b"".join(self._open)
