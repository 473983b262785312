"""Ends a text that arrives in pieces before the first of some texts in it; no I/O."""

from collections.abc import Sequence


class StopSequences:
    """Feed it the pieces; it gives back what may be said of them.

    The sequence that is complete first counts, of those that end together the longest, wherever the text is
    cut into pieces. What may yet be the beginning of a sequence is held back. `met` says that one was found:
    nothing comes after that.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = sequences
        self._held = ""
        self.met = False

    def feed(self, piece: str) -> str:
        """What may be said now; empty where all of it is held back."""
        if self.met:
            return ""
        text = self._held + piece
        found = [(place + len(each), place) for each in self._sequences if (place := text.find(each)) >= 0]
        if found:
            self.met = True
            self._held = ""
            return text[: min(found)[1]]
        held = max((_begun(text, each) for each in self._sequences), default=0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> str:
        """What was held back, once no more comes."""
        rest, self._held = self._held, ""
        return rest


def _begun(text: str, sequence: str) -> int:
    """How many characters at the end of a text are the beginning of a sequence."""
    longest = min(len(text), len(sequence) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(sequence[:size])), 0)
